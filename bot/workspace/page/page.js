// The page: who you are, where you are, what stands there; every change of the workspace shows at once.

import { byId, h, isPlace, reconcile } from "./dom.js";
import { act, listen, see, trouble } from "./server.js";
import { askPlainly } from "./dialogs.js";
import { asTyped, composer, onTheWire } from "./compose.js";
import { form } from "./forms.js";
import { day, message } from "./message.js";
import { icon } from "./signs.js";

const SOON = 60; // milliseconds that changes are gathered for
const MINUTES_JOINED = 5;
const at = { you: "", channel: "", thread: "", limit: 100 };
let team = { people: [], channels: [], apps: [], team: {} };
let modal = null;
const seen = new Map();
const drafts = new Map();

const names = {
  known: (id) => team.people.find((person) => person.id === id) ??
    { id, name: id, real_name: id === "USLACKBOT" ? "Slackbot" : id, is_bot: id === "USLACKBOT", title: "" },
  person: (id) => { const person = names.known(id); return person.real_name || person.name; },
  channel: (id) => team.channels.find((channel) => channel.id === id)?.name,
  people: () => team.people.filter((person) => !person.is_bot).map((person) => ({ value: person.id, label: person.real_name })),
  channels: () => team.channels.map((channel) => ({ value: channel.id, label: channel.name })),
};
const view = {
  names,
  get you() { return at.you; },
  get zone() { return names.known(at.you).tz ?? "UTC"; },
  reply: (item) => openThread(item.thread_ts ?? item.ts),
  edit: (item) => startEditing(item),
  remove: async (item) => {
    if (!(await askPlainly("Delete message", "Are you sure you want to delete this message? This cannot be undone.", "Delete"))) return;
    await act("delete", here({ ts: item.ts }));
    byId(item.thread_ts ? "thread-composer" : "composer").firstElementChild?.focusField?.();
  },
  forget: (item) => act("forget", here({ ts: item.ts })),
  touch: (item, element, block, value) => act("click", here({ ts: item.ts, action: element.action_id, block: block.block_id, value })),
  options: async (item, element, block, query) =>
    (await act("options", here({ ts: item.ts, action: element.action_id, block: block.block_id, query }))).options ?? [],
};
const here = (more) => ({ user: at.you, channel: at.channel, ...more });

// Who and where

async function showTeam() {
  team = await see("team", { as: at.you });
  const people = team.people.filter((person) => !person.is_bot);
  if (!people.some((person) => person.id === at.you)) at.you = people[0]?.id ?? "";
  document.title = team.team.name;
  byId("team").textContent = team.team.name;
  const print = JSON.stringify(people);
  if (byId("you").dataset.print !== print) {
    byId("you").dataset.print = print;
    byId("you").replaceChildren(...people.map((person) =>
      h("option", { value: person.id }, person.title ? `${person.real_name}, ${person.title}` : person.real_name)));
  }
  byId("you").value = at.you;
  if (!team.channels.some((channel) => channel.id === at.channel)) at.channel = team.channels.find((channel) => channel.member)?.id ?? team.channels[0]?.id ?? "";
  const own = team.channels.filter((channel) => !channel.direct);
  const direct = team.channels.filter((channel) => channel.direct);
  byId("channels").replaceChildren(...own.map((channel) => place(channel, [channel.private ? icon("lock", 12) : "#", ` ${channel.name}`])));
  byId("directs").replaceChildren(...direct.map((channel) => place(channel, names.person(channel.direct))));
  byId("directs").hidden = byId("directs-name").hidden = !direct.length;
  byId("apps").replaceChildren(...team.apps.map((app) => h("li", {}, h("span", { class: app.connected ? "dot on" : "dot" }),
    `${app.name} ${app.connected ? "is connected" : "is not connected"}`)));
}

function place(channel, label) {
  if (!seen.has(channel.id)) seen.set(channel.id, channel.latest ?? "0");
  const unread = channel.id !== at.channel && (channel.latest ?? "0") > seen.get(channel.id);
  return h("li", {}, h("button", { type: "button", class: `${unread ? "unread" : ""} ${channel.member ? "" : "outside"}`,
    "aria-current": channel.id === at.channel ? "page" : null, onclick: () => goTo(channel.id) },
    label, unread && h("span", { class: "hidden-text" }, " (unread)")));
}

function pane(name) {
  document.body.dataset.pane = name;
}

async function goTo(channel, thread = "") {
  keepDrafts();
  Object.assign(at, { channel, thread, limit: 100 });
  byId("message-list").replaceChildren();
  byId("reply-list").replaceChildren();
  remember();
  pane(thread ? "thread" : "channel");
  await showTeam();
  await Promise.all([showChannel({ toEnd: true }), showThread({ toEnd: true })]);
  // Not away from somebody who writes already.
  const writes = document.activeElement?.closest(".composer");
  if (!writes && !matchMedia("(max-width: 700px)").matches) byId(thread ? "thread-composer" : "composer").firstElementChild?.focusField?.();
}

function remember() {
  localStorage.setItem("you", at.you);
  history.replaceState(null, "", `/#${at.channel}${at.thread ? `/${at.thread}` : ""}`);
}

// What stands there

const nearEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 80;

function items(messages, inThread) {
  const out = [];
  let before = null;
  for (const item of messages) {
    const today = day(item.ts, view.zone);
    if (!inThread && (!before || day(before.ts, view.zone) !== today)) out.push({ key: `day ${today}`, print: today, day: today });
    const joined = Boolean(before && !inThread && before.user === item.user && day(before.ts, view.zone) === today &&
      item.ts - before.ts < MINUTES_JOINED * 60 && !item.is_ephemeral && !before.is_ephemeral && !item.subtype && !before.subtype && !item.bot_id);
    out.push({ key: item.ts, print: JSON.stringify([item, joined, at.you, names.known(item.user)]), item, joined });
    before = item;
  }
  return out;
}

function draw(list, messages, inThread) {
  reconcile(list, items(messages, inThread), (entry) => entry.day
    ? h("li", { class: "day" }, h("span", {}, entry.day === day(Date.now() / 1000, view.zone) ? "Today" : entry.day))
    : message(entry.item, view, { inThread, joined: entry.joined }));
}

async function showChannel({ toEnd = false } = {}) {
  if (!at.channel) return;
  const asked = at.channel;
  const sight = await see("channel", { as: at.you, channel: asked, limit: at.limit });
  if (asked !== at.channel) return;
  const channel = sight.channel;
  const pinned = toEnd || nearEnd(byId("messages"));
  byId("channel-name").textContent = placeName();
  byId("topic").textContent = channel.topic;
  byId("members").textContent = channel.direct ? "" : `${channel.members} members`;
  byId("earlier").hidden = !sight.earlier;
  draw(byId("message-list"), sight.messages, false);
  seen.set(channel.id, channel.latest ?? "0");
  if (pinned) follow(byId("messages"));
  showComposer(channel);
}

async function showThread({ toEnd = false } = {}) {
  byId("thread").hidden = !at.thread;
  document.body.classList.toggle("with-thread", Boolean(at.thread));
  if (!at.thread) return;
  const asked = at.thread;
  try {
    const sight = await see("thread", { as: at.you, channel: at.channel, ts: asked });
    if (asked !== at.thread) return;
    const pinned = toEnd || nearEnd(byId("replies"));
    byId("thread-place").textContent = placeName();
    draw(byId("reply-list"), sight.messages, true);
    if (pinned) follow(byId("replies"));
    showThreadComposer();
  } catch {
    closeThread();
  }
}

// Pictures arrive after their message and make it taller.
function follow(list) {
  const down = () => { list.scrollTop = list.scrollHeight; };
  down();
  for (const picture of list.querySelectorAll("img")) if (!picture.complete) picture.addEventListener("load", down, { once: true });
}

function placeName() {
  const channel = team.channels.find((one) => one.id === at.channel);
  if (!channel) return "";
  return channel.direct ? names.person(channel.direct) : `# ${channel.name}`;
}

// Threads

async function openThread(ts) {
  keepDrafts();
  at.thread = ts;
  byId("reply-list").replaceChildren();
  byId("thread-composer").replaceChildren();
  remember();
  pane("thread");
  await showThread({ toEnd: true });
  byId("thread-composer").firstElementChild?.focusField?.();
}

function closeThread() {
  keepDrafts();
  const parent = [...byId("message-list").children].find((row) => row.dataset.ts === at.thread);
  at.thread = "";
  remember();
  pane("channel");
  showThread();
  parent?.querySelector("[data-focus=reply]")?.focus();
}

// Writing

function keepDrafts() {
  for (const [id, key] of [["composer", at.channel], ["thread-composer", `${at.channel}/${at.thread}`]]) {
    const text = byId(id).querySelector("textarea")?.value;
    if (text !== undefined) drafts.set(key, text);
  }
}

function setComposer(id, key, label, hint, thread) {
  if (byId(id).dataset.key === key && byId(id).firstElementChild) return;
  byId(id).dataset.key = key;
  const box = composer({ label, hint, people: () => team.people, send: (text) => send(text, thread) });
  byId(id).replaceChildren(box);
  const draft = drafts.get(key);
  if (draft) box.querySelector("textarea").value = draft;
}

function showComposer(channel) {
  if (!channel.member) {
    byId("composer").dataset.key = "";
    byId("composer").replaceChildren(h("p", { class: "join" }, "You are not in this channel. ",
      h("button", { type: "button", class: "button primary", onclick: async () => { await act("join", here()); await refresh(); } }, "Join")));
    return;
  }
  const place = channel.direct ? names.person(channel.direct) : `#${channel.name}`;
  setComposer("composer", channel.id, `Message ${place}`, hint(), "");
}

function showThreadComposer() {
  setComposer("thread-composer", `${at.channel}/${at.thread}`, "Reply…", "", at.thread);
}

function hint() {
  const app = team.apps[0];
  return app ? `${app.command} help shows what ${app.name} can do` : "";
}

async function send(text, thread) {
  const wire = onTheWire(text, team.people, team.channels);
  const command = wire.match(/^(\/\S+)\s*([\s\S]*)$/);
  const answer = command
    ? await act("command", here({ command: command[1], text: command[2], thread }))
    : await act("say", here({ text: wire, thread }));
  if (answer.ok) {
    await refresh();
    follow(byId(thread ? "replies" : "messages"));
  }
  return answer.ok;
}

function startEditing(item) {
  const row = [...document.querySelectorAll(".message")].find((one) => one.dataset.ts === item.ts && one.offsetParent);
  const body = row?.querySelector(".blocks");
  if (!body) return;
  const restore = () => { box.replaceWith(body); row.classList.remove("editing"); };
  const box = composer({
    label: "Edit the message",
    initial: asTyped(item.text, names),
    people: () => team.people,
    cancel: () => { restore(); row.querySelector("[data-focus=edit]")?.focus(); },
    send: async (text) => {
      const answer = await act("edit", here({ ts: item.ts, text: onTheWire(text, team.people, team.channels) }));
      if (answer.ok && box.isConnected) restore();
      return answer.ok;
    },
  });
  row.classList.add("editing");
  body.replaceWith(box);
  box.focusField();
  box.scrollIntoView({ block: "nearest" });
}

// Forms of apps

async function showForm() {
  if (!at.you) return;
  const { view: shown } = await see("view", { as: at.you });
  const print = shown ? `${shown.id} ${shown.hash}` : "";
  if (modal?.dataset.print === print) return;
  modal?.close();
  modal = null;
  if (!shown) return;
  const given = (more) => ({ user: at.you, view: shown.id, ...more });
  modal = form(shown, {
    names,
    submit: (values) => act("submit", given({ values })),
    dismiss: () => act("dismiss", given()),
    press: (element, block, value) => act("press", given({ action: element.action_id, block: block.block_id, value })),
    options: async (element, block, query) => (await act("options", given({ action: element.action_id, block: block.block_id, query }))).options ?? [],
  });
  modal.dataset.print = print;
}

// Changes

const dirty = new Set();
let timer = null;

function soon(...parts) {
  for (const part of parts) dirty.add(part);
  timer ??= setTimeout(async () => {
    timer = null;
    const parts = new Set(dirty);
    dirty.clear();
    try {
      if (parts.has("team")) await showTeam();
      await Promise.all([parts.has("channel") && showChannel(), parts.has("thread") && showThread(), parts.has("form") && showForm()]);
    } catch (error) {
      trouble(`This could not be shown: ${error.message}`);
    }
  }, SOON);
}

function changed(change) {
  if (change.kind === "opened") {
    soon("team", "channel", "thread", "form"); // what happened before the workspace could tell of it
  } else if (change.kind === "view") {
    if (change.user === at.you) soon("form");
  } else if (change.channel && change.channel === at.channel) {
    if (change.user && change.user !== at.you) return;
    soon("channel");
    if (at.thread && (change.thread === at.thread || change.ts === at.thread || change.kind === "ephemeral")) soon("thread");
  } else {
    soon("team");
  }
}

async function refresh() {
  await showTeam();
  await Promise.all([showChannel(), showThread(), showForm()]);
}

// The channel and the thread that an address leads to.
function placeAt(address) {
  const { pathname, searchParams, hash } = new URL(address);
  const archive = pathname.match(/^\/archives\/(\w+)\/p(\d+)(\d{6})$/);
  if (archive) return [archive[1], searchParams.get("thread_ts") ?? `${archive[2]}.${archive[3]}`];
  return hash.slice(1).split("/");
}

function follows(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || !isPlace(link.href) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  goTo(...placeAt(link.href));
}

async function start() {
  at.you = localStorage.getItem("you") ?? "";
  const [channel, thread] = placeAt(location.href);
  at.channel = channel ?? "";
  await showTeam();
  byId("you").addEventListener("change", async () => {
    at.you = byId("you").value;
    remember();
    await refresh();
  });
  for (const back of document.querySelectorAll(".back")) back.replaceChildren(icon("back", 22));
  byId("close-thread").replaceChildren(icon("close"));
  byId("to-channels").addEventListener("click", () => pane("channels"));
  byId("to-channel").addEventListener("click", closeThread);
  byId("close-thread").addEventListener("click", closeThread);
  byId("earlier").addEventListener("click", () => { at.limit += 100; showChannel(); });
  document.addEventListener("click", follows);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && at.thread && !event.defaultPrevented && !document.querySelector("dialog[open], .editing")) closeThread();
  });
  listen(changed);
  if (at.channel) {
    const wanted = channel;
    await goTo(at.channel, thread && wanted === at.channel ? thread : "");
    if (!wanted) pane("channels");
  }
  await showForm();
}

start().catch((error) => trouble(`The workspace could not be shown: ${error.message}`));
