// The page of a line: follows the stream, keeps the board as the station has it, rings, and takes keys. It holds no state of the line.
import { call, fill } from "./api.js";
import { arm, hush, isArmed, ring } from "./alarm.js";
import { choose, send } from "./compose.js";

const line = encodeURIComponent(document.body.dataset.line);
const part = (id) => document.getElementById(id);
const [board, opened, said, alarm, lost] = ["board", "opened", "said", "alarm", "lost"].map(part);

/** The stream is silent for so long before the page says that it is old, ms; the station beats every second. */
const SILENCE = 3500;

let lastHeard = performance.now();
let clockAhead = 0;
let silenced = new Set();
let renewing = false;
let stale = false;

// The clock is the station's: what the page counts by goes on from what it said last.
const now = () => Date.now() + clockAhead;
const setClock = (ms) => { clockAhead = ms - Date.now(); };

const two = (number) => String(number).padStart(2, "0");
function length(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes, rest] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, two(seconds % 60)];
  if (days > 0) return `${days} d ${hours}:${two(minutes)}:${rest}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
function stamp(ms) {
  const at = new Date(ms);
  return `${two(at.getUTCDate())}${two(at.getUTCHours())}${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}Z${MONTHS[at.getUTCMonth()]}${two(at.getUTCFullYear() % 100)}`;
}

function tick() {
  const time = now();
  part("zulu").textContent = stamp(time);
  for (const one of document.querySelectorAll("[data-until-ms]")) one.textContent = length(one.dataset.untilMs - time);
  for (const one of document.querySelectorAll("[data-since-ms]")) one.textContent = length(time - one.dataset.sinceMs);
  const isLost = performance.now() - lastHeard > SILENCE;
  if (isLost && lost.hidden) {
    part("lost-since").textContent = stamp(time - SILENCE);
    lost.hidden = false;
    ring();
  } else if (!isLost && !lost.hidden) {
    lost.hidden = true;
    renew();
  }
}
setInterval(tick, 250);

/** The FLASH that nobody has acknowledged, as the board says. */
const alarms = () => (board.querySelector(".now")?.dataset.alarms ?? "").split(" ").filter((name) => name !== "");

function showAlarm() {
  const open = alarms();
  silenced = new Set([...silenced].filter((name) => open.includes(name)));
  alarm.hidden = open.length === 0;
  const words = `${board.querySelector(".now")?.dataset.alarmWords ?? ""} ${open.join(" ")}`;
  if (open.length > 0 && alarm.textContent !== words) alarm.textContent = words;
  const rings = open.some((name) => !silenced.has(name));
  if (rings || !lost.hidden) ring(); else hush();
  const sound = part("sound").dataset;
  part("sound-state").textContent = !isArmed() ? sound.off : open.length > 0 && !rings ? sound.silenced : sound.armed;
}

/** Has the board made anew; what comes while that is under way has it made once more. */
async function renew() {
  if (renewing) { stale = true; return; }
  renewing = true;
  try {
    do {
      stale = false;
      await fill(board, `/lines/${line}/board`);
      setClock(Number(board.querySelector(".now").dataset.nowMs));
      showAlarm();
      if (!opened.hidden) await reopen();
    } while (stale);
  } catch { /* the silence of the stream says so */ } finally { renewing = false; }
}

const isOpen = () => (opened.hidden ? null : opened.firstElementChild?.dataset.entry ?? null);

/** What somebody is writing stays, and so does another entry that has been opened meanwhile. */
async function reopen() {
  const name = isOpen();
  const writes = () => opened.querySelector(".answer:not([hidden])") !== null && opened.contains(document.activeElement);
  if (name && !writes()) await fill(opened, `/lines/${line}/entries/${name}`, () => writes() || isOpen() !== name);
}

let openedFrom = null;
async function open(name) {
  if (opened.hidden) openedFrom = document.activeElement;
  try {
    await fill(opened, `/lines/${line}/entries/${name}`);
    opened.hidden = false;
    opened.focus();
    // Its author is told that an officer has seen it, once.
    if (opened.firstElementChild?.dataset.tells !== undefined) {
      await call("POST", `/v1/lines/${line}/entries`, { kind: "displayed", regards: [name] });
    }
  } catch (error) { say(error); }
}

function close() {
  const name = isOpen();
  opened.hidden = true;
  const back = openedFrom?.isConnected && openedFrom !== document.body && !board.contains(openedFrom) ? openedFrom : null;
  (back ?? board.querySelector(`[data-open="${CSS.escape(name ?? "")}"]`) ?? board.querySelector("[data-open]") ?? part("main")).focus();
}

function say(error) { said.textContent = error.message; }

async function write(draft) {
  try {
    const answer = await call("POST", `/v1/lines/${line}/entries`, draft);
    said.textContent = answer.release === undefined ? `● ${answer.entry}` : `▲ ${part("said").dataset.waits} ${answer.release}`;
    await renew();
    return true;
  } catch (error) { say(error); return false; }
}

async function acknowledge() {
  const name = isOpen();
  if (name && opened.querySelector('[data-do="acknowledgement"]')) await write({ kind: "acknowledgement", regards: [name] });
}

/** What is written of an opened entry beside its acknowledgement. */
const ANSWERS = {
  answer: (name, text) => ({ kind: "message", answers: true, regards: [name], text, language: document.documentElement.lang }),
  comply: (name, text) => ANSWERS.answer(name, text),
  "read-back": (name, text) => ({ kind: "read-back", regards: [name], text }),
  "passed-on": (name, to) => ({ kind: "passed-on", regards: [name], to }),
  translate: (name, text) => ({ kind: "message", translates: true, precedence: "R", regards: [name], text, language: document.documentElement.lang }),
};

/** Opens the form in which something is written of the opened entry. */
function begin(what) {
  const form = opened.querySelector(".answer");
  if (opened.hidden || !form) return;
  form.dataset.kind = what;
  form.querySelector("label").textContent = form.getAttribute(`data-${what}`);
  form.text.value = what === "comply" ? form.dataset.complyText : "";
  form.hidden = false;
  form.text.focus();
}

opened.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (!(await write(ANSWERS[form.dataset.kind](isOpen(), form.text.value)))) return;
  // What was written is a part of what is shown now.
  form.hidden = true;
  opened.focus();
  await reopen().catch(say);
});
opened.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey && event.target.form) event.target.form.requestSubmit();
});

// Cease: always FLASH, and it says where; what was understood of the place is shown before it goes.
const cease = part("cease");
let ceaseAt = null;
function beginCease() {
  if (!cease) return;
  cease.hidden = false;
  cease.position.focus();
}
part("cease-begin")?.addEventListener("click", beginCease);
cease?.position.addEventListener("input", async () => {
  const typed = cease.position.value;
  ceaseAt = null;
  const echo = part("cease-echo");
  try {
    const place = await call("GET", `/v1/place?text=${encodeURIComponent(typed)}`);
    if (cease.position.value !== typed) return;
    ceaseAt = place.position;
    echo.textContent = [place.decimal, place.sexagesimal, place.mgrs].filter((text) => text).join(" · ");
  } catch (error) { if (cease.position.value === typed) echo.textContent = typed === "" ? "" : error.message; }
});
cease?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (ceaseAt === null) {
    const echo = part("cease-echo");
    if (echo.textContent === "") echo.textContent = echo.dataset.missing;
    cease.position.focus();
    return;
  }
  const text = cease.text.value === "" ? undefined : cease.text.value;
  if (await write({ kind: "cease", position: ceaseAt, text, language: document.documentElement.lang })) {
    cease.reset();
    cease.hidden = true;
    part("cease-echo").textContent = "";
    part("main").focus();
  }
});

for (const state of ["on", "off"]) part(`duty-${state}`)?.addEventListener("click", () => write({ kind: "duty", state }));

document.addEventListener("click", (event) => {
  const opens = event.target.closest("[data-open]");
  if (opens) { event.preventDefault(); open(opens.dataset.open); return; }
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "close") close();
  if (what === "acknowledgement") acknowledge();
  if (what in ANSWERS) begin(what);
});

function move(by) {
  const rows = [...board.querySelectorAll(".row")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const types = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if (types && cease?.contains(types)) { cease.hidden = true; part("main").focus(); } else if (types) types.blur(); else close();
    return;
  }
  if (types) return;
  // By the key's place as well, so that it is the same key on every keyboard.
  const key = event.code.startsWith("Key") ? event.code.slice(3) : event.key;
  const does = { ArrowDown: () => move(1), ArrowUp: () => move(-1), A: acknowledge, S: silence, R: () => begin("answer"), C: () => begin("comply"), B: () => begin("read-back"), P: () => begin("passed-on"), X: beginCease, M: () => part("to-map")?.click(), N: () => part("text")?.focus(), T: choose, L: () => part("to-record")?.click() }[key];
  if (does) { event.preventDefault(); does(); }
  if (key === "Enter" && document.activeElement === document.body && alarms().length > 0) { event.preventDefault(); open(alarms()[0]); }
});

function silence() {
  silenced = new Set(alarms());
  showAlarm();
}

part("arm").addEventListener("click", async () => {
  await arm();
  sessionStorage.setItem("armed", "yes");
  showAlarm();
});
// Whoever armed it in this window has it armed on the next page by their first key or click there, which is what browsers ask for.
if (sessionStorage.getItem("armed") !== null) {
  for (const act of ["keydown", "pointerdown"]) document.addEventListener(act, async () => { if (!isArmed() && await arm(false)) showAlarm(); }, { capture: true });
}

part("compose")?.addEventListener("submit", (event) => {
  event.preventDefault();
  send(write);
});

function follow() {
  const stream = new EventSource(`/v1/lines/${line}/events?beat_ms=1000`);
  stream.addEventListener("beat", () => { lastHeard = performance.now(); });
  const changes = ["begins", "gap", "entry", "receipted", "overdue", "standing", "circuit", "missed", "breach", "amended", "keys", "conflict", "due", "plans", "release"];
  for (const name of changes) stream.addEventListener(name, () => {
    lastHeard = performance.now();
    renew();
    document.dispatchEvent(new CustomEvent("line", { detail: name }));
  });
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    // Where the browser has given up, the page goes on by itself, unless its officer is let in no more, which the board finds out.
    renew();
    setTimeout(follow, 1000);
  });
}

setClock(Number(board.querySelector(".now").dataset.nowMs));
showAlarm();
follow();
