// Block Kit as elements. What a control does is handed in, so that messages and forms share this file.

import { h, link, safeAddress } from "./dom.js";
import { ask, enlarge } from "./dialogs.js";
import { mrkdwn, plainText, richText, textObject } from "./text.js";

// `use` is { names, touch(element, block, value), options(element, block, query) }.
export function blocks(list, use) {
  return list.map((block) => (KINDS[block.type] ?? unknown)(block, use));
}

const KINDS = {
  header: (block) => h("h3", { class: "b-header" }, plainText(block.text.text)),
  divider: () => h("hr"),
  section,
  context: (block, use) =>
    h("div", { class: "b-context" }, block.elements.map((item) =>
      item.type === "image" ? picture(item, "small") : h("span", {}, textObject(item, use.names)))),
  actions: (block, use) => h("div", { class: "b-actions" }, block.elements.map((element) => control(element, block, use))),
  image: (block) => image(block),
  rich_text: (block, use) => h("div", { class: "b-text" }, richText(block, use.names)),
  markdown: (block, use) => h("div", { class: "b-text" }, mrkdwn(block.text.replace(/\*\*(.+?)\*\*/g, "*$1*"), use.names)),
  table,
  input: (block, use) => (use.input ? use.input(block) : control(block.element, block, use)),
};

const unknown = (block) => h("p", { class: "b-unknown" }, `(a block of the type ${block.type} is not drawn here)`);

function section(block, use) {
  const text = block.text && h("div", { class: "b-text" }, textObject(block.text, use.names));
  const fields = block.fields && h("div", { class: "b-fields" }, block.fields.map((field) => h("div", {}, textObject(field, use.names))));
  const accessory = block.accessory &&
    (block.accessory.type === "image" ? picture(block.accessory, "accessory") : control(block.accessory, block, use));
  return h("div", { class: "b-section" }, h("div", { class: "b-main" }, text, fields), accessory);
}

function source(item) {
  if (item.slack_file?.id) return `/page/files/${encodeURIComponent(item.slack_file.id)}`;
  const named = item.slack_file?.url?.match(/-(F0[A-Z0-9]+)\//);
  return named ? `/page/files/${named[1]}` : null;
}

// Pictures from elsewhere are linked, not loaded: nothing on this page talks to another machine.
function picture(item, size) {
  const address = source(item);
  if (!address) return h("span", { class: "outside" }, link(item.image_url, item.alt_text));
  return h("img", { class: `picture ${size}`, src: address, alt: item.alt_text, loading: "lazy" });
}

function image(block) {
  const title = block.title && h("figcaption", {}, plainText(block.title.text));
  const address = source(block);
  if (!address) return h("figure", { class: "b-image" }, title, picture(block, "large"));
  return h("figure", { class: "b-image" }, title, pictureButton(address, block.alt_text));
}

export function pictureButton(address, alt, file) {
  const size = file?.original_w ? { width: file.original_w, height: file.original_h } : {};
  return h("button", { type: "button", class: "picture-button", "aria-label": `Show in full size: ${alt}`, onclick: () => enlarge(address, alt) },
    h("img", { class: "picture large", src: address, alt, loading: "lazy", ...size }));
}

function table(block, use) {
  const cell = (item) => (item.type === "rich_text" ? richText(item, use.names) : item.text);
  const [head, ...rows] = block.rows;
  return h("div", { class: "b-table", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((item) => h("th", { scope: "col" }, cell(item))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((item) => h("td", {}, cell(item))))))));
}

export function control(element, block, use) {
  if (element.type === "button") return button(element, block, use);
  if (element.type === "overflow") return overflow(element, block, use);
  const field = CONTROLS[element.type];
  return field ? field(element, block, use) : unknown(element);
}

async function touch(element, block, use, value) {
  if (element.confirm && !(await ask(element.confirm, use.names))) return false;
  await use.touch(element, block, value);
  return true;
}

function button(element, block, use) {
  const press = async (event) => {
    const pressed = event.currentTarget;
    pressed.setAttribute("aria-busy", "true");
    await touch(element, block, use);
    pressed.removeAttribute("aria-busy");
  };
  const properties = {
    class: `button ${element.style ?? ""}`,
    "aria-label": element.accessibility_label,
    data: { focus: `${block.block_id} ${element.action_id}` },
    onclick: press,
  };
  const address = element.url && safeAddress(element.url);
  return address
    ? h("a", { ...properties, href: address, target: "_blank", rel: "noopener noreferrer" }, plainText(element.text.text))
    : h("button", { ...properties, type: "button" }, plainText(element.text.text));
}

function overflow(element, block, use) {
  const menu = h("details", { class: "overflow" }, h("summary", { class: "button", "aria-label": "More actions" }, "⋯"));
  menu.append(h("div", { class: "menu" }, element.options.map((option) =>
    h("button", { type: "button", onclick: () => { menu.open = false; touch(element, block, use, option.value); } }, plainText(option.text.text)))));
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
  menu.addEventListener("focusout", (event) => { if (!menu.contains(event.relatedTarget)) menu.open = false; });
  return menu;
}

const labelOf = (element) => element.placeholder?.text ?? "Choose";

function select(element, block, use, choices) {
  const menu = h("select", { class: "select", "aria-label": labelOf(element), data: { focus: `${block.block_id} ${element.action_id}` } },
    h("option", { value: "" }, labelOf(element)),
    choices.map((choice) => choice.group
      ? h("optgroup", { label: choice.group }, choice.choices.map((one) => h("option", { value: one.value }, one.label)))
      : h("option", { value: choice.value }, choice.label)));
  menu.value = element.initial_option?.value ?? element.initial_user ?? element.initial_channel ?? element.initial_conversation ?? "";
  menu.addEventListener("change", () => menu.value && touch(element, block, use, menu.value));
  return menu;
}

const asChoice = (option) => ({ value: option.value, label: option.text.text });

const CONTROLS = {
  static_select: (element, block, use) => select(element, block, use, element.options?.map(asChoice) ??
    element.option_groups.map((group) => ({ group: group.label.text, choices: group.options.map(asChoice) }))),
  users_select: (element, block, use) => select(element, block, use, use.names.people()),
  channels_select: (element, block, use) => select(element, block, use, use.names.channels()),
  conversations_select: (element, block, use) => select(element, block, use, use.names.channels()),
  external_select: external,
  radio_buttons: (element, block, use) => choices(element, block, use, "radio"),
  checkboxes: (element, block, use) => choices(element, block, use, "checkbox"),
  datepicker: (element, block, use) => picker(element, block, use, "date", element.initial_date),
  timepicker: (element, block, use) => picker(element, block, use, "time", element.initial_time),
};

function picker(element, block, use, type, initial) {
  const field = h("input", { type, class: "select", "aria-label": labelOf(element), value: initial });
  field.addEventListener("change", () => field.value && touch(element, block, use, field.value));
  return field;
}

function choices(element, block, use, type) {
  const name = `${block.block_id} ${element.action_id}`;
  const initial = new Set((element.initial_options ?? [element.initial_option ?? {}]).map((option) => option.value));
  const boxes = element.options.map((option) =>
    h("input", { type, name, value: option.value, checked: initial.has(option.value) }));
  const set = h("div", { class: "choices", role: "group", "aria-label": "Choose" }, element.options.map((option, number) =>
    h("label", {}, boxes[number], h("span", {}, textObject(option.text, use.names),
      option.description && h("small", {}, textObject(option.description, use.names))))));
  set.addEventListener("change", () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    touch(element, block, use, type === "radio" ? chosen[0] : chosen);
  });
  return set;
}

function external(element, block, use) {
  const list = h("datalist", { id: `options-${block.block_id}-${element.action_id}` });
  const field = h("input", { class: "select", list: list.id, "aria-label": labelOf(element), placeholder: labelOf(element),
    value: element.initial_option?.text.text, autocomplete: "off" });
  let known = element.initial_option ? [element.initial_option] : [];
  const chosen = () => known.find((option) => option.text.text === field.value);
  field.addEventListener("input", async () => {
    if (chosen() || field.value.length < (element.min_query_length ?? 3)) return;
    known = await use.options(element, block, field.value);
    list.replaceChildren(...known.map((option) => h("option", { value: option.text.text })));
  });
  field.addEventListener("change", () => { const option = chosen(); if (option) touch(element, block, use, option); });
  field.chosen = chosen;
  return h("span", {}, field, list);
}
