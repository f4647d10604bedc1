// An app's modal: its inputs, its errors, its buttons.

import { h } from "./dom.js";
import { blocks, control } from "./blocks.js";
import { openDialog } from "./dialogs.js";
import { icon } from "./signs.js";
import { plainText, textObject } from "./text.js";

const WRITTEN = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text" };

// `view` is { names, submit(values), dismiss(), press(...), options(...) }; returns the dialog.
export function form(shown, view) {
  const fields = new Map();
  const errors = new Map();
  const use = {
    names: view.names,
    touch: (element, block, value) => (fields.has(block.block_id) && !block.dispatch_action ? null : view.press(element, block, value)),
    options: view.options,
    input: (block) => input(block, use, fields, errors),
  };
  const submit = h("button", { type: "submit", class: "button primary" }, shown.submit ? plainText(shown.submit.text) : "Submit");
  const body = h("form", { method: "dialog" },
    h("header", {}, h("h2", { id: "modal-title" }, plainText(shown.title.text)),
      h("button", { type: "button", class: "icon close", "aria-label": "Close", onclick: () => dialog.dispatchEvent(new Event("cancel")) }, icon("close"))),
    h("div", { class: "modal-body blocks" }, blocks(shown.blocks, use)),
    h("div", { class: "row" },
      h("button", { type: "button", class: "button", onclick: () => dialog.dispatchEvent(new Event("cancel")) },
        shown.close ? plainText(shown.close.text) : "Close"),
      shown.submit && submit));
  const dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title" }, body);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); view.dismiss(); });
  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.setAttribute("aria-busy", "true");
    const values = Object.fromEntries([...fields].map(([block, read]) => [block, read()]));
    const answer = await view.submit(values);
    submit.removeAttribute("aria-busy");
    showErrors(errors, answer.errors ?? {});
    if (answer.ok && !answer.taken && !Object.keys(answer.errors ?? {}).length) showErrors(errors, {}, body);
  });
  return openDialog(dialog);
}

function showErrors(errors, found, body) {
  for (const [block, place] of errors) {
    place.textContent = found[block] ?? "";
    place.hidden = !found[block];
  }
  body?.querySelector(".failed")?.remove();
  body?.append(h("p", { class: "error failed", role: "alert" }, "This did not work: the app did not answer."));
  const first = [...errors].find(([block]) => found[block]);
  first?.[1].parentElement.querySelector("input, textarea, select")?.focus();
}

function input(block, use, fields, errors) {
  const element = block.element;
  const id = `input-${block.block_id}`;
  const error = h("p", { class: "error", role: "alert", id: `${id}-error`, hidden: true });
  errors.set(block.block_id, error);
  const field = WRITTEN[element.type] ? written(element, id) : control(element, block, use);
  const own = field.matches("input, textarea, select") ? field : field.querySelector("input, select");
  if (own && element.type !== "radio_buttons" && element.type !== "checkboxes") own.id = id;
  own?.setAttribute("aria-describedby", error.id);
  fields.set(block.block_id, reader(element, field, own));
  return h("div", { class: "b-input" },
    h("label", { for: id }, plainText(block.label.text), block.optional && h("span", { class: "quiet" }, " (optional)")),
    field,
    block.hint && h("p", { class: "hint" }, textObject(block.hint, use.names)),
    error);
}

function written(element, id) {
  const common = { id, placeholder: element.placeholder?.text, maxlength: element.max_length };
  return element.multiline
    ? h("textarea", { ...common, rows: "4" }, element.initial_value ?? "")
    : h("input", { ...common, type: WRITTEN[element.type], value: element.initial_value });
}

function reader(element, field, own) {
  if (element.type === "checkboxes") return () => [...field.querySelectorAll("input:checked")].map((box) => box.value);
  if (element.type === "radio_buttons") return () => field.querySelector("input:checked")?.value ?? null;
  if (element.type === "external_select") return () => own.chosen() ?? null;
  return () => own?.value || null;
}
