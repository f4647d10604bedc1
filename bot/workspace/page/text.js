// Slack's written forms as elements: mrkdwn, rich text, mentions, emoji.

import { h, link } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { drawn } from "./signs.js";

const TOKEN = new RegExp(
  [
    "```([\\s\\S]+?)```", // 1 block of code
    "`([^`\\n]+)`", // 2 code
    "<([^<>\\n]+)>", // 3 link or mention
    "(?<![\\w*])\\*(?=\\S)([^*\\n]*?\\S)\\*(?![\\w*])", // 4 bold
    "(?<![\\w_])_(?=\\S)([^_\\n]*?\\S)_(?![\\w_])", // 5 italic
    "(?<![\\w~])~(?=\\S)([^~\\n]*?\\S)~(?![\\w~])", // 6 struck
    ":([a-z0-9_+-]+):", // 7 emoji
  ].join("|"),
  "g",
);

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function mrkdwn(text, names) {
  const pieces = [];
  let quote = [];
  const flush = () => {
    if (quote.length) pieces.push(h("blockquote", {}, lines(quote.join("\n"), names)));
    quote = [];
  };
  const plain = [];
  const flushPlain = () => {
    if (plain.length) pieces.push(lines(plain.join("\n"), names));
    plain.length = 0;
  };
  for (const line of text.split("\n")) {
    const quoted = line.match(/^&gt;\s?(.*)$/);
    if (quoted) {
      flushPlain();
      quote.push(quoted[1]);
    } else {
      flush();
      plain.push(line);
    }
  }
  flush();
  flushPlain();
  return pieces;
}

function lines(text, names) {
  const out = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    out.push(...broken(unescape(text.slice(end, found.index))), token(found, names));
    end = found.index + found[0].length;
  }
  out.push(...broken(unescape(text.slice(end))));
  return out;
}

function broken(text) {
  return text.split("\n").flatMap((line, number) => (number ? [h("br"), line] : [line]));
}

function token(found, names) {
  const [whole, block, code, mark, bold, italic, struck, emoji] = found;
  if (block !== undefined) return h("pre", { tabindex: "0" }, unescape(block.replace(/^\n|\n$/g, "")));
  if (code !== undefined) return h("code", {}, unescape(code));
  if (mark !== undefined) return mention(mark, names);
  if (bold !== undefined) return h("strong", {}, lines(bold, names));
  if (italic !== undefined) return h("em", {}, lines(italic, names));
  if (struck !== undefined) return h("del", {}, lines(struck, names));
  return emojiOf(emoji) ?? whole;
}

function mention(mark, names) {
  const [target, label] = mark.split(/\|(.*)/s);
  if (target.startsWith("@")) return h("span", { class: "mention" }, `@${names.person(target.slice(1))}`);
  if (target.startsWith("#")) return h("span", { class: "mention" }, `#${names.channel(target.slice(1)) ?? label ?? ""}`);
  if (target.startsWith("!date^")) return label ?? "";
  if (target.startsWith("!")) return h("span", { class: "mention" }, `@${target.slice(1).split("^")[0]}`);
  return link(unescape(target), unescape(label ?? target.replace(/^mailto:/, "")));
}

export function emojiOf(name) {
  const picture = drawn(name);
  if (picture) return h("span", { class: "emoji drawn" }, picture);
  const sign = EMOJI[name];
  return sign ? h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " ") }, sign) : null;
}

// A plain_text object: no formatting, but emoji names are replaced.
export function plainText(text) {
  const out = [];
  let end = 0;
  for (const found of text.matchAll(/:([a-z0-9_+-]+):/g)) {
    const sign = emojiOf(found[1]);
    if (!sign) continue;
    out.push(text.slice(end, found.index), sign);
    end = found.index + found[0].length;
  }
  return [...out, text.slice(end)];
}

export const textObject = (object, names) =>
  object.type === "mrkdwn" ? mrkdwn(object.text, names) : plainText(object.text);

const STYLES = [["code", "code"], ["strike", "del"], ["italic", "em"], ["bold", "strong"]];

export function richText(block, names) {
  return block.elements.map((part) => richPart(part, names));
}

function richPart(part, names) {
  const inside = () => part.elements.map((leaf) => richLeaf(leaf, names));
  if (part.type === "rich_text_quote") return h("blockquote", {}, inside());
  if (part.type === "rich_text_preformatted") return h("pre", { tabindex: "0" }, inside());
  if (part.type === "rich_text_list")
    return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => h("li", {}, richPart(item, names))));
  return h("span", {}, inside());
}

function richLeaf(leaf, names) {
  if (leaf.type === "user") return h("span", { class: "mention" }, `@${names.person(leaf.user_id)}`);
  if (leaf.type === "channel") return h("span", { class: "mention" }, `#${names.channel(leaf.channel_id) ?? ""}`);
  if (leaf.type === "broadcast") return h("span", { class: "mention" }, `@${leaf.range}`);
  if (leaf.type === "emoji") return emojiOf(leaf.name) ?? `:${leaf.name}:`;
  const content = leaf.type === "link" ? [link(leaf.url, leaf.text || leaf.url)] : broken(leaf.text ?? "");
  return STYLES.reduce((inner, [style, tag]) => (leaf.style?.[style] ? [h(tag, {}, inner)] : inner), content);
}
