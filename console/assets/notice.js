// A notice or an own plan, composed beside the map. What is drawn is typed into the same field as what is typed; what its texts mean, and what the
// memorandum and others have to say to them, is the station's answer (spec/api.md, "Sketch").
import { call } from "./api.js";
import { go, position, takes, zero } from "./map.js";

const line = encodeURIComponent(document.body.dataset.line);
const part = (id) => document.getElementById(id);
const form = part("notice");

/** Silence at the keys before the station is asked, ms. */
const PAUSE = 150;
/** The radius of the earth for what is shown of a distance that is drawn, m; the text that it becomes is what decides. */
const EARTH = 6371008.8;

let sketched = null;
let draws = false;

const field = (name) => form.elements.namedItem(name);
const kind = () => field("notice_kind").selectedOptions[0];
const isCircle = () => field("shape").value === "circle";

/** As the station is asked what it means. */
function typed() {
  const of = (name) => field(name).value;
  const fields = {};
  for (const one of form.querySelectorAll("[data-field]")) {
    const value = one.querySelector("input, select").value.trim();
    if (value !== "") fields[one.dataset.field] = value;
  }
  const names = ["notice_kind", "text", "shape", "places", "width", "from", "until", "lowest_m", "highest_m", "datum"];
  return { ...Object.fromEntries(names.map((name) => [name, of(name)])), fields, emergency: field("emergency").checked };
}

/** Puts what the kind asks for where it is seen. */
function arrange() {
  const asked = new Set((kind()?.dataset.required ?? "").split(" "));
  for (const one of form.querySelectorAll("[data-field]")) {
    const is = asked.has(one.dataset.field);
    part(is ? "asked-fields" : "more-fields").append(one);
    one.querySelector("input, select").setAttribute("aria-required", String(is));
  }
  part("asked-fields").hidden = part("asked-fields").querySelector("[data-field]") === null;
  if (kind()?.dataset.nature === "movement") field("shape").value = "corridor";
  field("width").disabled = field("shape").value === "area";
}

const of = (count, unit) => (count > 0 ? `${count} ${unit} ` : "");
function span(ms) {
  const minutes = Math.floor(Math.abs(ms) / 60000);
  const said = of(Math.floor(minutes / 1440), "d") + of(Math.floor(minutes / 60) % 24, "h") + of(minutes % 60, "min");
  return `${ms < 0 ? "−" : ""}${said === "" ? "0 min" : said.trim()}`;
}

const word = (what) => form.querySelector(`label[for="field-${CSS.escape(what)}"]`)?.textContent ?? what;

function list(id, rows) {
  const box = part(id);
  box.hidden = rows.length === 0;
  box.querySelector("ul").replaceChildren(...rows.map((row) => {
    const item = document.createElement("li");
    item.dir = "ltr";
    item.textContent = row;
    return item;
  }));
}

/** Says and draws what the station understood. */
function show(answer) {
  // The map shows the time at which it begins, as soon as that is another.
  if (answer.from !== null && answer.from.ms !== sketched?.from?.ms) go(answer.from.ms);
  sketched = answer;
  const echo = answer.places.map((place, at) => `${at + 1}: ${place.sexagesimal}${place.mgrs ? ` · ${place.mgrs}` : ""}`);
  part("places-echo").textContent = echo.join("\n");
  part("from-echo").textContent = answer.from?.group ?? "";
  part("until-echo").textContent = answer.until?.group ?? "";
  const { asks, check } = answer;
  part("begins-in").textContent = answer.lead_ms === null ? "–" : span(answer.lead_ms);
  const emergency = asks.emergency_lead_ms === null ? "" : ` (${part("lead").dataset.emergency}: ${span(asks.emergency_lead_ms)})`;
  part("lead").textContent = `${span(asks.lead_ms)}${emergency}`;
  part("separation").textContent = asks.separation_m === null ? "–" : `${asks.separation_m} m`;
  const said = ({ what, expected, found }) => `${word(what)}: ${expected}, ${found}`;
  list("notice-wrong", answer.wrong.map(said));
  list("notice-short", answer.short.map(said));
  const verdicts = part("notice-touches").querySelector("ul").dataset;
  const verdict = (name) => (name === "conflict" ? verdicts.conflict : verdicts.withinSeparation);
  const touched = new Map();
  for (const one of check?.touches ?? []) if (!touched.has(one.subject)) touched.set(one.subject, one);
  list("notice-touches", [...touched.values()].slice(0, 20).map((one) => `${verdict(one.verdict)}: ${one.subject} (${one.party})`));
  part("notice-clear").hidden = check === null || touched.size > 0;
  draw();
}

const NS = "http://www.w3.org/2000/svg";
function path(d, name) {
  const one = document.createElementNS(NS, "path");
  one.setAttribute("d", d);
  one.setAttribute("class", name);
  return one;
}

function draw() {
  const sketch = part("sketch");
  sketch.replaceChildren();
  if (form.hidden || sketched === null) return;
  // The map may have been made anew from another zero since.
  const [x, y] = zero();
  sketch.setAttribute("transform", `translate(${sketched.zero[0] - x} ${sketched.zero[1] - y})`);
  for (const volume of sketched.paths) sketch.append(path(volume, "sketch"));
  for (const place of sketched.spots) sketch.append(path(place, "sketch-place"));
}

/** What the station understands of what stands here now, and what that looks like on the map as it is. */
async function understood() {
  const [x, y] = zero();
  const answer = await call("POST", `/lines/${line}/map/sketch?x=${x}&y=${y}&near=${position()[1]}`, typed());
  return { ...answer, zero: [x, y] };
}

let waits = null;
let asked = 0;
/** Asks the station, once whoever types pauses. */
function ask(pause = PAUSE) {
  clearTimeout(waits);
  waits = setTimeout(async () => {
    const number = asked += 1;
    try {
      const answer = await understood();
      if (number === asked) show(answer);
    } catch (error) { if (number === asked) part("notice-said").textContent = error.message; }
  }, pause);
}

const decimal = ([latitude, longitude]) => `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;

/** Metres between two positions, along the ground. */
function apart([lat, lon], [toLat, toLon]) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const [dLat, dLon] = [radians(toLat - lat), radians(toLon - lon)];
  const half = Math.sin(dLat / 2) ** 2 + Math.cos(radians(lat)) * Math.cos(radians(toLat)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH * Math.asin(Math.sqrt(half));
}

const lines = () => field("places").value.split("\n").filter((text) => text.trim() !== "");

/** A place that was drawn is typed; of a circle the first is its middle, and how far the next is from it its radius. */
function place(at) {
  const centre = sketched?.places[0]?.position;
  if (isCircle() && lines().length > 0 && centre !== undefined) {
    field("width").value = `${Math.max(1, Math.round(apart(centre, at)))}m`;
  } else field("places").value = `${[...lines(), decimal(at)].join("\n")}\n`;
  ask(0);
}

function takeBack() {
  if (isCircle() && field("width").value !== "") field("width").value = "";
  else field("places").value = lines().slice(0, -1).map((text) => `${text}\n`).join("");
  ask(0);
}

function cross() {
  if (draws) part("cross").textContent = decimal(position());
}

function drawing(is) {
  draws = is;
  takes(is ? place : null);
  part("map").classList.toggle("drawing", is);
  part("draw").setAttribute("aria-pressed", String(is));
  part("draw-help").hidden = !is;
  part("cross-said").hidden = !is;
  cross();
  if (is) part("plane").focus();
  else if (!form.hidden) field("places").focus();
}

function open() {
  if (!part("import").hidden) part("import-close").click();
  form.hidden = false;
  document.body.classList.add("composes");
  dispatchEvent(new Event("resize"));
  arrange();
  ask(0);
  field("notice_kind").focus();
}

function close() {
  if (draws) drawing(false);
  form.hidden = true;
  document.body.classList.remove("composes");
  dispatchEvent(new Event("resize"));
  draw();
  part("notice-new").focus();
}

async function send(as) {
  const said = part("notice-said");
  try {
    // What is sent is what the station understood of what stands here now.
    const answer = await understood();
    asked += 1;
    show(answer);
    if (answer.notice === null) {
      const [first] = answer.wrong;
      said.textContent = `✕ ${word(first.what)}: ${first.expected}, ${first.found}`;
      return;
    }
    if (as === "plan") {
      const kept = await call("POST", `/v1/lines/${line}/plans`, { plans: [answer.notice] });
      said.textContent = `● plan/${kept.plans.join(", ")}`;
    } else {
      const draft = { kind: "notice", notice: answer.notice, precedence: field("precedence").value, language: document.documentElement.lang };
      const sent = await call("POST", `/v1/lines/${line}/entries`, draft);
      said.textContent = sent.release === undefined ? `● ${sent.entry}` : `▲ ${part("said").dataset.waits} ${sent.release}`;
    }
    form.reset();
    sketched = null;
    arrange();
    ask(0);
  } catch (error) { said.textContent = `✕ ${error.message}`; }
}

// Nothing goes because Enter was pressed in a line of text.
form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("input, select")) event.preventDefault(); });
part("notice-new").addEventListener("click", open);
part("notice-close").addEventListener("click", close);
part("draw").addEventListener("click", () => drawing(!draws));
form.addEventListener("input", (event) => {
  if (["notice_kind", "shape"].includes(event.target.name)) arrange();
  ask();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.submitter?.value ?? "notice");
});
document.addEventListener("map-taken", draw);
document.addEventListener("map-aimed", cross);

// Keys, before the page's own and after the map's: while something is drawn they are the cross's.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !part("opened").hidden) return;
  const on = event.target;
  const takesIt = (does) => { event.preventDefault(); event.stopPropagation(); does(); };
  if (event.key === "Escape" && draws) takesIt(() => drawing(false));
  else if (event.key === "Escape" && !form.hidden) takesIt(close);
  else if (draws && on.id === "plane" && event.key === "Enter") takesIt(() => place(position()));
  else if (draws && on.id === "plane" && event.key === "Backspace") takesIt(takeBack);
  else if (event.code === "KeyN" && !on.closest("input, textarea, select")) takesIt(open);
}, { capture: true });
