// Asks the workspace, acts in it, and hears of its changes.

import { byId } from "./dom.js";

export async function see(what, query) {
  const answer = await fetch(`/page/see/${what}?${new URLSearchParams(query)}`);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

// What went wrong is said above the messages; the answer tells the caller whether it went well.
export async function act(what, given) {
  try {
    const answer = await fetch(`/page/do/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Workspace-Page": "1" },
      body: JSON.stringify(given),
    });
    const body = await answer.json();
    trouble(body.ok ? "" : body.error);
    return body;
  } catch {
    trouble("The workspace does not answer. Is it still running?");
    return { ok: false };
  }
}

export function trouble(text) {
  const place = byId("trouble");
  place.textContent = text;
  place.hidden = !text;
}

export function listen(changed) {
  const source = new EventSource("/page/changes");
  source.onmessage = (event) => changed(JSON.parse(event.data));
  source.onerror = () => trouble("The workspace does not answer. Trying again…");
  source.onopen = () => trouble("");
}
