// The box that people write in: messages, commands, mentions.

import { h } from "./dom.js";

const LONGEST = 40000;

// `use` is { label, people(), send(text): Promise<bool>, initial?, cancel? }.
export function composer(use) {
  const list = h("ul", { class: "suggestions", role: "listbox", hidden: true, "aria-label": "People" });
  const field = h("textarea", { rows: "1", maxlength: LONGEST, placeholder: use.label, "aria-label": use.label,
    "aria-autocomplete": "list", autocomplete: "off" }, use.initial ?? "");
  const send = h("button", { type: "submit", class: "send" }, use.initial === undefined ? "Send" : "Save");
  const cancel = use.cancel && h("button", { type: "button", class: "button", onclick: use.cancel }, "Cancel");
  const hint = h("p", { class: "hint" }, use.hint ?? "");
  const form = h("form", { class: "composer" }, list, field, h("div", { class: "row" }, hint, cancel, send));
  const suggestions = suggesting(field, list, use.people);
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 240)}px`;
  };
  field.addEventListener("input", () => { grow(); suggestions.look(); });
  field.addEventListener("keydown", (event) => {
    if (suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape" && use.cancel) use.cancel();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || form.dataset.busy) return;
    form.dataset.busy = "1";
    field.value = "";
    grow();
    if (!(await use.send(text))) field.value = field.value || text;
    delete form.dataset.busy;
    grow();
  });
  form.focusField = () => { field.focus(); grow(); };
  return form;
}

// People whose name begins with what stands after an @.
function suggesting(field, list, people) {
  let chosen = 0;
  let found = [];
  const word = () => field.value.slice(0, field.selectionStart).match(/(?:^|\s)@([\w.-]*)$/);
  const close = () => { list.hidden = true; found = []; field.removeAttribute("aria-activedescendant"); };
  const show = () => {
    list.replaceChildren(...found.map((person, number) =>
      h("li", { role: "option", id: `suggestion-${person.id}`, "aria-selected": String(number === chosen),
        onmousedown: (event) => { event.preventDefault(); chosen = number; take(); } },
        h("strong", {}, person.name), ` ${person.real_name}${person.title ? `, ${person.title}` : ""}`)));
    list.hidden = !found.length;
    if (found.length) field.setAttribute("aria-activedescendant", `suggestion-${found[chosen].id}`);
  };
  const take = () => {
    const start = field.selectionStart - word()[1].length;
    field.setRangeText(`${found[chosen].name} `, start, field.selectionStart, "end");
    close();
  };
  return {
    look() {
      const begun = word();
      found = begun ? people().filter((person) => person.name.startsWith(begun[1].toLowerCase())).slice(0, 6) : [];
      chosen = 0;
      found.length ? show() : close();
    },
    key(event) {
      if (!found.length) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { chosen = (chosen + step + found.length) % found.length; show(); }
      else if (event.key === "Enter" || event.key === "Tab") take();
      else if (event.key === "Escape") close();
      else return false;
      event.preventDefault();
      return true;
    },
  };
}

// `@name` and `#name` as Slack sends them.
export function onTheWire(text, people, channels) {
  const person = new Map(people.map((one) => [one.name, one.id]));
  const channel = new Map(channels.map((one) => [one.name, one.id]));
  return text
    .replace(/(^|[\s(])@([\w.-]*\w)/g, (whole, before, name) => (person.has(name) ? `${before}<@${person.get(name)}>` : whole))
    .replace(/(^|[\s(])#([\w-]+)/g, (whole, before, name) => (channel.has(name) ? `${before}<#${channel.get(name)}>` : whole));
}

// The way back, for editing.
export function asTyped(text, names) {
  return text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id) => `@${names.known(id).name}`)
    .replace(/<#(\w+)(?:\|[^>]*)?>/g, (whole, id) => `#${names.channel(id) ?? id}`)
    .replace(/<(https?:[^>|]+)(?:\|[^>]*)?>/g, "$1")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
