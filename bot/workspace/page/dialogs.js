// What lies over the page: a question before an action, a picture in full size.

import { h } from "./dom.js";
import { icon } from "./signs.js";
import { plainText, textObject } from "./text.js";

export function openDialog(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog && dialog.dataset.light) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Slack's confirmation: resolves to whether the person agreed.
export function ask(confirm, names) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "confirm", "aria-labelledby": "confirm-title" },
      h("h2", { id: "confirm-title" }, plainText(confirm.title.text)),
      h("p", {}, textObject(confirm.text, names)),
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", onclick: () => dialog.close("no") }, plainText(confirm.deny.text)),
        h("button", { type: "button", class: `button ${confirm.style ?? "primary"}`, onclick: () => dialog.close("yes") },
          plainText(confirm.confirm.text))));
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    openDialog(dialog);
  });
}

export const askPlainly = (title, text, yes) =>
  ask({ title: { text: title }, text: { type: "plain_text", text }, confirm: { text: yes }, deny: { text: "Cancel" }, style: "danger" });

export function enlarge(address, alt) {
  const dialog = h("dialog", { class: "picture-dialog", "aria-label": alt, data: { light: "1" } },
    h("form", { method: "dialog" }, h("button", { class: "icon close", "aria-label": "Close the picture" }, icon("close"))),
    h("img", { src: address, alt }),
    h("p", {}, alt));
  openDialog(dialog);
}
