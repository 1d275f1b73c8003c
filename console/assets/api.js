// The station's API from a page of its console (spec/api.md), and the one place that makes HTML of what the station sends.

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

/** What the station refused, as it said so. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.found ? `${body.error}: ${body.expected} — ${body.found}. ${body.hint}` : `${status}`);
    this.status = status;
  }
}

/** A call; answers JSON, or throws what was refused. */
export async function call(method, path, body) {
  const headers = { "detente-csrf": csrf };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 401) location.assign("/sign-in");
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

/** Fills an element with what the station makes of bytes that are sent to it. */
export async function render(element, path, body) {
  const headers = { "detente-csrf": csrf, "detente-part": "1", "content-type": "application/octet-stream" };
  const answer = await fetch(path, { method: "POST", headers, body });
  if (answer.status === 401) location.assign("/sign-in");
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  element.innerHTML = pages.createHTML(await answer.text());
}

/** A call that answers a file, which the browser keeps under a name. */
export async function take(path, body, name) {
  const headers = { "detente-csrf": csrf, "content-type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.status === 401) location.assign("/sign-in");
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// The station's own pages alone are ever made HTML, and it has escaped what others wrote.
const pages = globalThis.trustedTypes?.createPolicy("detente", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

/** By what an element is known in what replaces the one that it is in: its id, what it is about, or the entry that it opens. */
function same({ id, tagName, dataset }) {
  if (id !== "") return `#${CSS.escape(id)}`;
  const name = ["subject", "open"].find((one) => dataset[one] !== undefined);
  return name === undefined ? null : `${tagName}[data-${name}="${CSS.escape(dataset[name])}"]`;
}

/**
 * Fills an element with a part of a page that the station renders, unless `keeps` says at that moment that it is to stay as it is. Whoever was at
 * something in it by then is at the same thing in what replaces it; whoever has gone elsewhere meanwhile is left there.
 */
export async function fill(element, path, keeps = () => false) {
  const answer = await fetch(path, { headers: { "detente-part": "1" } });
  if (answer.status === 401) location.assign("/sign-in");
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  const text = await answer.text();
  if (keeps()) return;
  const active = element.contains(document.activeElement) ? document.activeElement : null;
  const known = active === null || active === element ? null : same(active);
  element.innerHTML = pages.createHTML(text);
  if (known !== null) element.querySelector(known)?.focus();
  else if (active !== null && active !== element && element.hasAttribute("tabindex")) element.focus();
}
