// The pages of the record: keys, verification, dossiers. Whoever reads the past is told of a FLASH of now.
import { call, fill, take } from "./api.js";
import { arm, hush, ring } from "./alarm.js";

const line = encodeURIComponent(document.body.dataset.line);
const part = (id) => document.getElementById(id);
const [said, alarm] = [part("said"), part("alarm")];

/** The stream is silent for so long before the page says so, ms; the station beats every second. */
const SILENCE = 3500;
let lastHeard = performance.now();
let open = [];

function showAlarm() {
  const isLost = performance.now() - lastHeard > SILENCE;
  const words = isLost ? `✕ ${alarm.dataset.lost}` : open.length > 0 ? `${alarm.dataset.words} ${open.join(" ")}` : "";
  alarm.hidden = words === "";
  if (alarm.textContent !== words) alarm.textContent = words;
  if (words === "") hush(); else ring();
}
setInterval(showAlarm, 250);

async function look() {
  try {
    const { owed } = await call("GET", `/v1/lines/${line}/inbox?limit=20`);
    open = owed.map((one) => one.entry).filter((name) => name.split("/")[1].startsWith("Z"));
    showAlarm();
  } catch { /* the silence of the stream says so */ }
}

function follow() {
  const stream = new EventSource(`/v1/lines/${line}/events?beat_ms=1000`);
  stream.addEventListener("beat", () => { lastHeard = performance.now(); });
  for (const name of ["begins", "gap", "entry"]) stream.addEventListener(name, () => { lastHeard = performance.now(); look(); });
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    // An officer who is let in no more finds out by asking.
    look();
    setTimeout(follow, 1000);
  });
}

async function verify() {
  part("verified").textContent = part("verify").dataset.underWay;
  try { await fill(part("verified"), `/lines/${line}/record/verification`); } catch (error) { part("verified").textContent = error.message; }
}
part("verify")?.addEventListener("click", verify);

/** Asks for a dossier and gives it to the browser as a file. */
async function dossier(asked, name) {
  try {
    await take(`/v1/lines/${line}/dossier`, asked, `${name.replaceAll("/", "-")}.dossier.zip`);
    said.textContent = "";
  } catch (error) { said.textContent = error.message; }
}
for (const button of document.querySelectorAll("[data-dossier]")) {
  button.addEventListener("click", () => dossier({ threads: [button.dataset.dossier] }, button.dataset.dossier));
}
part("dossier")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const at = async (typed) => call("GET", `/v1/moment?text=${encodeURIComponent(typed)}`);
    const [since, until] = [await at(form.since.value), await at(form.until.value)];
    await dossier({ since_ms: since.first_ms, until_ms: until.last_ms }, `${document.body.dataset.line}-${since.group}-${until.group}`);
  } catch (error) { said.textContent = error.message; }
});

function move(by) {
  const rows = [...document.querySelectorAll(".row-link")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const key = event.code.startsWith("Key") ? event.code.slice(3) : event.key;
  const does = { ArrowDown: () => move(1), ArrowUp: () => move(-1), L: () => part("to-board").click(), V: verify, P: () => part("to-print")?.click() }[key];
  if (does) { event.preventDefault(); does(); }
});
// The sound goes on being armed where the browser has let it before.
document.addEventListener("pointerdown", () => arm(false), { once: true });

look();
follow();
