// Builds elements. Foreign text only ever becomes a text node.

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

// Only addresses that lead somewhere; `javascript:` and the like stay text.
export function safeAddress(address) {
  try {
    const parsed = new URL(address, location.href);
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

// A link to a message of this workspace; the page goes there itself.
export function isPlace(address) {
  const { origin, pathname } = new URL(address, location.href);
  return origin === location.origin && pathname.startsWith("/archives/");
}

export function link(address, label) {
  const safe = safeAddress(address);
  if (safe && isPlace(safe)) return h("a", { href: safe }, label);
  return safe ? h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, label) : label;
}

// Leaves what is unchanged where it is, so that focus, pictures and screen readers are not disturbed.
export function reconcile(list, items, build) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    let element = known.get(item.key);
    if (!element || element.dataset.print !== item.print) {
      const fresh = build(item);
      fresh.dataset.key = item.key;
      fresh.dataset.print = item.print;
      if (element) {
        if (element === place) place = fresh;
        keepFocus(element, fresh);
      }
      element = fresh;
    }
    known.delete(item.key);
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  for (const gone of known.values()) gone.remove();
}

function keepFocus(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}
