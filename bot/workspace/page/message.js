// One message as an element: who, when, what, and what can be done with it.

import { h } from "./dom.js";
import { blocks, pictureButton } from "./blocks.js";
import { icon } from "./signs.js";
import { emojiOf, mrkdwn } from "./text.js";

const COLOURS = 8;

export function avatar(person) {
  const letters = (person.real_name || person.name).replace(/\(.*?\)/g, "").trim().split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
  const colour = [...person.name].reduce((sum, letter) => Math.imul(sum ^ letter.codePointAt(0), 16777619), 2166136261) >>> 24;
  return h("span", { class: `avatar ${person.is_bot ? "app" : `c${colour % COLOURS}`}`, "aria-hidden": "true" }, person.is_bot ? "✦" : letters.toUpperCase());
}

const dates = new Map();

function format(zone, options) {
  const key = `${zone} ${JSON.stringify(options)}`;
  if (!dates.has(key)) dates.set(key, new Intl.DateTimeFormat(navigator.language, { timeZone: zone, ...options }));
  return dates.get(key);
}

const moment = (ts) => new Date(Number(ts) * 1000);
export const clockTime = (ts, zone) => format(zone, { hour: "2-digit", minute: "2-digit" }).format(moment(ts));
export const fullTime = (ts, zone) => format(zone, { dateStyle: "full", timeStyle: "long" }).format(moment(ts));
export const day = (ts, zone) => format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(moment(ts));

// "today at 09:12", "yesterday at 17:40", "2 March at 08:00".
function lately(ts, zone) {
  const days = [0, 1].map((back) => day(Date.now() / 1000 - back * 86400, zone)).indexOf(day(ts, zone));
  const date = ["today", "yesterday"][days] ?? format(zone, { day: "numeric", month: "long" }).format(moment(ts));
  return `${date} at ${clockTime(ts, zone)}`;
}

// `view` is { names, you, zone, can(...) and the acts reply, edit, remove, forget, touch, options }.
export function message(item, view, { inThread = false, joined = false } = {}) {
  const author = view.names.known(item.user);
  const kind = ["message", item.is_ephemeral && "ephemeral", joined && "joined", item.subtype === "tombstone" && "tombstone"];
  return h("li", { class: kind.filter(Boolean).join(" "), data: { ts: item.ts } },
    h("article", { "aria-label": `${author.real_name}, ${clockTime(item.ts, view.zone)}` },
      h("div", { class: "gutter" }, joined ? time(item, view) : avatar(author)),
      h("div", { class: "body" },
        item.is_ephemeral && h("p", { class: "only-you" }, icon("eye", 14), " Only visible to you"),
        !joined && head(item, author, view),
        content(item, view),
        files(item),
        reactions(item, view),
        !inThread && summary(item, view)),
      toolbar(item, view, inThread)));
}

const time = (item, view) => h("time", { title: fullTime(item.ts, view.zone) }, clockTime(item.ts, view.zone));

function head(item, author, view) {
  return h("p", { class: "head" },
    h("strong", {}, author.real_name || author.name),
    author.is_bot && h("span", { class: "badge" }, "APP"),
    author.title && h("span", { class: "title" }, author.title),
    time(item, view));
}

function content(item, view) {
  const use = {
    names: view.names,
    touch: (element, block, value) => view.touch(item, element, block, value),
    options: (element, block, query) => view.options(item, element, block, query),
  };
  const edited = item.edited && !item.is_ephemeral && h("span", { class: "edited" }, "(edited)");
  if (item.subtype === "channel_join") return h("p", { class: "quiet" }, "joined the channel.");
  // What people typed is drawn from its text: its rich text carries the marks of formatting as they were typed.
  if (item.blocks?.length && !item.client_msg_id) return h("div", { class: "blocks" }, blocks(item.blocks, use), edited);
  if (!item.text) return null;
  return h("div", { class: "blocks" }, h("div", { class: "b-text" }, mrkdwn(item.text, view.names), edited && [" ", edited]));
}

function files(item) {
  return (item.files ?? []).map((file) => {
    const address = `/page/files/${encodeURIComponent(file.id)}`;
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.mimetype))
      return h("figure", { class: "b-image" }, h("figcaption", {}, file.title), pictureButton(address, file.alt_txt || file.title, file));
    return h("p", { class: "file" }, h("a", { href: address, download: file.name }, file.title), ` ${Math.ceil(file.size / 1024)} KB`);
  });
}

function reactions(item, view) {
  if (!item.reactions?.length) return null;
  return h("ul", { class: "reactions", "aria-label": "Reactions" }, item.reactions.map((reaction) =>
    h("li", { title: reaction.users.map((user) => view.names.person(user)).join(", ") },
      emojiOf(reaction.name) ?? `:${reaction.name}:`, ` ${reaction.count}`)));
}

function summary(item, view) {
  if (!item.reply_count) return null;
  const count = `${item.reply_count} ${item.reply_count === 1 ? "reply" : "replies"}`;
  return h("button", { type: "button", class: "summary", data: { focus: "summary" }, onclick: () => view.reply(item) },
    h("span", { class: "faces" }, item.reply_users.map((user) => avatar(view.names.known(user)))),
    h("span", { class: "count" }, count),
    h("span", { class: "last" }, `last reply ${lately(item.latest_reply, view.zone)}`));
}

function toolbar(item, view, inThread) {
  const tool = (name, label, sign, act) =>
    h("button", { type: "button", class: "icon", "aria-label": label, title: label, data: { focus: name }, onclick: () => act(item) }, icon(sign));
  if (item.is_ephemeral) return h("div", { class: "tools" }, tool("forget", "Dismiss this message", "close", view.forget));
  if (item.subtype === "tombstone") return null;
  const own = item.user === view.you;
  const tools = [
    !inThread && tool("reply", "Reply in thread", "reply", view.reply),
    own && item.subtype !== "channel_join" && tool("edit", "Edit this message", "edit", view.edit),
    own && tool("remove", "Delete this message", "trash", view.remove),
  ].filter(Boolean);
  return tools.length ? h("div", { class: "tools" }, tools) : null;
}
