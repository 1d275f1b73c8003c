// The map's page: what is in force at the moment of the slider is shown, the rest hidden; the geometry came once, with its spans. Looking at
// it is done with keys or a pointer. It decides nothing.
import { fill } from "./api.js";

const line = encodeURIComponent(document.body.dataset.line);
const map = document.getElementById("map");
const part = (id) => document.getElementById(id);

/** A step of playing, and how many of them the whole window takes. */
const BEAT = 100;
const STEPS = 240;
/** Least time between two renewals, ms, and the names of the events after which the map is another. */
const REST = 1000;
const CHANGES = new Set(["begins", "gap", "entry", "conflict", "due", "amended", "plans"]);
/** How many metres a pixel may show, at least and at most. */
const [FINEST, COARSEST] = [0.2, 60000];

let coasts = null;
/** The agreed boundary, as a path in the plane's own metres. */
let boundary = null;
let timed = [];
let ways = [];
let signs = [];
let bySubject = new Map();
let moment = null;
let follows = true;
let playing = null;
/** The middle of what is looked at, in the plane's own metres, and metres a pixel; null: all there is. */
let look = null;
/** Whether somebody chose that; until then it is all there is. */
let chose = false;

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const two = (number) => String(number).padStart(2, "0");
function group(ms) {
  const at = new Date(ms);
  return `${two(at.getUTCDate())}${two(at.getUTCHours())}${two(at.getUTCMinutes())}Z${MONTHS[at.getUTCMonth()]}${two(at.getUTCFullYear() % 100)}`;
}

const now = () => map.querySelector(".map-now").dataset;
const svg = () => map.querySelector(".plane svg");
/** The map's own zero in the plane, m. */
export const zero = () => [Number(now().x), Number(now().y)];

/** The radius that the plane of the map takes the earth to have, m, and where the plane ends, degrees (Web Mercator). */
const RADIUS = 6378137;
const END = 85.0511;

/** The position in degrees so many pixels from the middle of the picture; its longitude may be beyond ±180. */
function at(right, down) {
  const longitude = ((look.x + right * look.metres) * 180) / (Math.PI * RADIUS);
  const latitude = ((2 * Math.atan(Math.exp(-(look.y + down * look.metres) / RADIUS)) - Math.PI / 2) * 180) / Math.PI;
  return [latitude, longitude];
}

/** The position in degrees of a point of the screen; of the middle of the map, where none is given. */
export function position(point = null) {
  const box = part("plane").getBoundingClientRect();
  const [latitude, longitude] = point === null ? at(0, 0) : at(point.x - box.x - box.width / 2, point.y - box.y - box.height / 2);
  return [latitude, ((((longitude + 180) % 360) + 360) % 360) - 180];
}

/** What takes the places that are pressed on the map, while something is drawn. */
let taker = null;
export function takes(places) { taker = places; }

const tell = (name) => document.dispatchEvent(new Event(name));

/** Shows what is in force at a moment; only what is another than before is touched. */
function show(ms) {
  moment = ms;
  let count = 0;
  for (const one of timed) {
    const is = one.from <= ms && ms <= one.until;
    if (one.lists && is) count += 1;
    if (one.lists && one.over !== ms > one.until) { one.over = ms > one.until; one.element.hidden = one.over; }
    if (one.is === is) continue;
    one.is = is;
    if (one.lists || one.stays) one.element.classList.toggle("is-then", is);
    // What is laid out once is only painted or not from then on.
    else if (is) one.element.removeAttribute("visibility");
    else one.element.setAttribute("visibility", "hidden");
  }
  const inTheWay = new Set(ways.filter((way) => way.is).flatMap((way) => way.of));
  for (const [subject, elements] of bySubject) {
    const is = inTheWay.has(subject);
    if (elements.is === is) continue;
    elements.is = is;
    for (const element of elements) element.classList.toggle("in-the-way", is);
  }
  if (look !== null) spread();
  // Where very much is shown its edges are drawn less smoothly, and sooner.
  svg().classList.toggle("dense", count > DENSE);
  part("map-count").textContent = count;
  part("moment-said").textContent = group(ms);
  part("moment").setAttribute("aria-valuetext", group(ms));
}

/** Goes to a moment, on the slider too. */
export function go(ms, stays = false) {
  const slider = part("moment");
  const within = Math.max(Number(slider.min), Math.min(Number(slider.max), ms));
  slider.value = within;
  follows = stays;
  show(within);
}

function play(is) {
  clearInterval(playing);
  playing = null;
  part("map-play").setAttribute("aria-pressed", String(is));
  if (!is) return;
  playing = setInterval(() => {
    const { min, max } = part("moment");
    const next = moment + Math.max(60000, (max - min) / STEPS);
    go(Math.min(next, Number(max)));
    if (next >= Number(max)) play(false);
  }, BEAT);
}

/** What is looked at is put into the picture, and what keeps its size on the screen gets it. */
function aim() {
  const { width, height } = part("plane").getBoundingClientRect();
  if (width === 0 || height === 0) return;
  if (look === null) {
    const [x, y, wide, high] = svg().dataset.all.split(" ").map(Number);
    const [zx, zy] = zero();
    look = { x: zx + x + wide / 2, y: zy + y + high / 2, metres: Math.max(wide / width, high / height) };
  }
  look.metres = Math.max(FINEST, Math.min(COARSEST, look.metres));
  const [zx, zy] = zero();
  const [wide, high] = [width * look.metres, height * look.metres];
  svg().setAttribute("viewBox", `${look.x - zx - wide / 2} ${look.y - zy - high / 2} ${wide} ${high}`);
  for (const pattern of svg().querySelectorAll("pattern")) pattern.setAttribute("patternTransform", `scale(${look.metres})`);
  part("signs").setAttribute("font-size", 14 * look.metres);
  measure(width, height);
  spread();
  tell("map-aimed");
}

const NS = "http://www.w3.org/2000/svg";
function element(name, attributes, text = "") {
  const one = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.textContent = text;
  return one;
}

/** An angle as a graticule says it: whole degrees, minutes, seconds, as many as its steps have. */
function angle(degrees, letters) {
  const seconds = Math.round(Math.abs(degrees) * 3600);
  const [whole, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = `${whole}°${minutes > 0 || rest > 0 ? `${two(minutes)}′` : ""}${rest > 0 ? `${two(rest)}″` : ""}`;
  return seconds === 0 ? parts : `${parts}${letters[degrees < 0 ? 1 : 0]}`;
}

/** Steps of a graticule, seconds, and how many pixels are to be between two of its lines at the least. */
const DEGREES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000, 54000, 108000];
const BETWEEN = 130;

/** A graticule with its labels, and how long a distance is in the middle of the picture. */
function measure(width, height) {
  const [[north, west], [south, east]] = [at(-width / 2, -height / 2), at(width / 2, height / 2)];
  const step = (DEGREES.find((seconds) => (seconds / 3600 / 360) * 2 * Math.PI * RADIUS >= BETWEEN * look.metres) ?? DEGREES.at(-1)) / 3600;
  const [zx, zy] = zero();
  const [left, top] = [look.x - zx - (width / 2) * look.metres, look.y - zy - (height / 2) * look.metres];
  let d = "";
  const labels = [];
  const size = 11 * look.metres;
  for (let line = Math.ceil(west / step); line * step <= east; line += 1) {
    const x = (line * step * Math.PI * RADIUS) / 180 - zx;
    d += `M${x} ${top}v${height * look.metres}`;
    const turned = ((((line * step + 180) % 360) + 360) % 360) - 180;
    labels.push(element("text", { x: x + 3 * look.metres, y: top + 13 * look.metres, "font-size": size }, angle(turned, "EW")));
  }
  for (let line = Math.ceil(Math.max(-END, south) / step); line * step <= Math.min(END, north); line += 1) {
    const y = -RADIUS * Math.log(Math.tan(Math.PI / 4 + (line * step * Math.PI) / 360)) - zy;
    d += `M${left} ${y}h${width * look.metres}`;
    labels.push(element("text", { x: left + 4 * look.metres, y: y - 3 * look.metres, "font-size": size }, angle(line * step, "NS")));
  }
  part("graticule").replaceChildren(element("path", { d }), ...labels);
  // Metres on the ground of a pixel: the plane grows towards the poles.
  const ground = look.metres * Math.cos((position()[0] * Math.PI) / 180);
  const most = ground * 160;
  const ten = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((times) => times * ten).find((metres) => metres <= most);
  const scale = part("scale");
  scale.querySelector("i").style.inlineSize = `${length / ground}px`;
  scale.querySelector("span").textContent = length >= 1000 ? `${length / 1000} km` : `${length} m`;
}

/** How many in force at one moment are very many. */
const DENSE = 150;

/** How far apart signs stand, pixels, and how many of one place are shown. */
const [WIDE, HIGH, PILE] = [38, 17, 8];

/** Signs that are shown at one place are put below each other, and from the ninth on counted. */
function spread() {
  const taken = new Map();
  const cell = (x, y) => `${Math.floor(x / WIDE)} ${Math.floor(y / HIGH)}`;
  const free = (x, y) => {
    for (const right of [-WIDE, 0, WIDE]) for (const down of [-HIGH, 0, HIGH]) {
      const near = taken.get(cell(x + right, y + down)) ?? [];
      if (near.some((one) => Math.abs(one.x - x) < WIDE && Math.abs(one.y - y) < HIGH)) return false;
    }
    return true;
  };
  for (const sign of signs) {
    if (!sign.is) continue;
    const [x, y] = [sign.x / look.metres, sign.y / look.metres];
    let down = 0;
    while (down < PILE && !free(x, y + down * HIGH)) down += 1;
    const head = down === PILE ? nearest(taken, x, y, cell) : null;
    if (head !== null) head.more += 1;
    else {
      const place = { x, y: y + down * HIGH, sign, more: 0 };
      const name = cell(x, place.y);
      if (!taken.has(name)) taken.set(name, []);
      taken.get(name).push(place);
    }
    if (sign.down !== down) { sign.down = down; sign.element.setAttribute("dy", `${((down * HIGH) / 14).toFixed(2)}em`); }
    if (sign.hides !== (head !== null)) { sign.hides = head !== null; sign.element.classList.toggle("piled", sign.hides); }
  }
  for (const places of taken.values()) for (const { sign, more } of places) {
    if (sign.more === more) continue;
    sign.more = more;
    sign.element.textContent = more > 0 ? `${sign.text} +${more}` : sign.text;
  }
}

/** The last sign of a pile, which counts those for which there is no place. */
function nearest(taken, x, y, cell) {
  for (const right of [0, -WIDE, WIDE]) for (const down of [PILE - 1, PILE, PILE - 2]) {
    const found = (taken.get(cell(x + right, y + down * HIGH)) ?? []).find((one) => Math.abs(one.x - x) < WIDE);
    if (found) return found;
  }
  return null;
}

function zoom(by, at = null) {
  chose = true;
  const before = look.metres;
  look.metres = Math.max(FINEST, Math.min(COARSEST, before * by));
  if (at !== null) {
    const box = part("plane").getBoundingClientRect();
    look.x += (at.x - box.x - box.width / 2) * (before - look.metres);
    look.y += (at.y - box.y - box.height / 2) * (before - look.metres);
  }
  aim();
}

function pan(right, down) {
  chose = true;
  look.x += right * look.metres;
  look.y += down * look.metres;
  aim();
}

const whole = () => { look = null; chose = false; aim(); };

/** Coasts, around the world once more to either side. */
function drawCoasts() {
  if (coasts === null) return;
  const [x, y] = zero();
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", coasts);
  for (const turn of [-40075.017, 0, 40075.017]) {
    const one = path.cloneNode();
    one.setAttribute("transform", `translate(${-x} ${-y}) scale(1000) translate(${turn} 0)`);
    part("coasts").append(one);
  }
}

function drawBoundary() {
  if (boundary === null) return;
  const [x, y] = zero();
  for (const turn of [-1, 0, 1]) part("boundary-lines").append(element("path", { class: "boundary", d: boundary, transform: `translate(${turn * 2 * Math.PI * RADIUS - x} ${-y})` }));
}

/** Takes in what the station rendered. */
function take() {
  const read = (element) => {
    const { from, until, lists, stays } = element.dataset;
    return { element, from: Number(from), until: until === "" ? Infinity : Number(until), is: null, over: null, lists: lists !== undefined, stays: stays !== undefined, of: [element.dataset.one, element.dataset.other] };
  };
  timed = [...map.querySelectorAll("[data-from]")].map(read);
  ways = timed.filter((one) => one.of[0] !== undefined);
  signs = timed.filter(({ element }) => element.dataset.sign !== undefined);
  for (const sign of signs) Object.assign(sign, { x: Number(sign.element.getAttribute("x")), y: Number(sign.element.getAttribute("y")), text: sign.element.dataset.sign, down: 0, hides: false, more: 0 });
  bySubject = new Map();
  for (const element of map.querySelectorAll(".volume[data-subject]")) {
    const { subject } = element.dataset;
    if (!bySubject.has(subject)) bySubject.set(subject, []);
    bySubject.get(subject).push(element);
  }
  svg().dataset.all = svg().getAttribute("viewBox");
  drawCoasts();
  drawBoundary();
  if (!chose) look = null;
  aim();
  tell("map-taken");
  go(follows || moment === null ? Number(now().nowMs) : moment, follows);
  if (playing !== null) part("map-play").setAttribute("aria-pressed", "true");
}

const rows = () => [...map.querySelectorAll("#map-items li:not([hidden]) .map-row")];

function choose(subject) {
  for (const element of map.querySelectorAll(".chosen")) element.classList.remove("chosen");
  for (const element of bySubject.get(subject) ?? []) element.classList.add("chosen");
}

map.addEventListener("focusin", (event) => {
  const row = event.target.closest(".map-row");
  if (row) choose(row.dataset.subject);
});
map.addEventListener("input", (event) => { if (event.target.id === "moment") { play(false); go(Number(event.target.value)); } });
map.addEventListener("click", (event) => {
  const by = event.target.closest("[data-zoom]")?.dataset.zoom;
  if (by) zoom(Number(by));
  const id = event.target.closest("button")?.id;
  if (id === "map-whole") whole();
  if (id === "map-to-now") { play(false); go(Number(now().nowMs), true); }
  if (id === "map-play") play(playing === null);
  if (event.target.closest("a.map-row:not([data-open])")) event.preventDefault();
});

// By pointer: drawn along, and what was pressed without drawing is chosen.
let drag = null;
map.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("#plane")) return;
  drag = { x: event.clientX, y: event.clientY, on: event.target.closest(".volume"), moved: false };
});
addEventListener("pointermove", (event) => {
  if (drag === null) return;
  const [right, down] = [drag.x - event.clientX, drag.y - event.clientY];
  if (!drag.moved && Math.hypot(right, down) < 4) return;
  Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
  pan(right, down);
});
addEventListener("pointerup", () => {
  if (drag !== null && taker !== null && !drag.moved) taker(position(drag));
  else if (drag?.on && !drag.moved) map.querySelector(`.map-row[data-subject="${CSS.escape(drag.on.dataset.subject)}"]`)?.focus();
  drag = null;
});
map.addEventListener("wheel", (event) => {
  if (!event.target.closest("#plane")) return;
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, { x: event.clientX, y: event.clientY });
}, { passive: false });
addEventListener("resize", aim);

// Keys, before the page's own: arrows are the map's where the map is, the list's elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !part("opened").hidden) return;
  const on = event.target;
  if (on.closest("textarea, select") || (on.closest("input") && on.id !== "moment")) return;
  const { min, max, step } = part("moment");
  const far = event.shiftKey ? 5 : 80;
  const moves = on.id === "plane" ? { ArrowLeft: () => pan(-far, 0), ArrowRight: () => pan(far, 0), ArrowUp: () => pan(0, -far), ArrowDown: () => pan(0, far) } : {};
  const turn = (by) => {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))]?.focus();
  };
  if (on.id !== "plane" && on.id !== "moment") Object.assign(moves, { ArrowDown: () => turn(1), ArrowUp: () => turn(-1) });
  if (!on.closest("button, a, summary")) moves[" "] = () => play(playing === null);
  const by = Math.max(Number(step), Math.round((max - min) / 100));
  Object.assign(moves, { "+": () => zoom(0.67), "=": () => zoom(0.67), "-": () => zoom(1.5), 0: whole, ",": () => { play(false); go(moment - by); }, ".": () => { play(false); go(moment + by); } });
  const does = moves[event.key];
  if (!does) return;
  event.preventDefault();
  event.stopPropagation();
  does();
}, { capture: true });

// What changed on the line has the map made anew; the moment and the place that are looked at stay.
let asked = false;
let resting = false;
async function renew() {
  if (resting) { asked = true; return; }
  resting = true;
  asked = false;
  try {
    await fill(map, `/lines/${line}/map/part`);
    take();
  } catch { /* the silence of the stream says so */ }
  setTimeout(() => { resting = false; if (asked) renew(); }, REST);
}
// Also where the stream begins: what came between the page and its stream is told by no event.
document.addEventListener("line", (event) => { if (CHANGES.has(event.detail)) renew(); });

take();
async function loadCoasts() {
  const answer = await fetch("/assets/land.svg");
  coasts = answer.ok ? (await answer.text()).match(/ d="([^"]*)"/)?.[1] ?? null : null;
  drawCoasts();
}
loadCoasts();
async function loadBoundary() {
  const answer = await fetch("/boundary");
  if (!answer.ok) return;
  boundary = await answer.text();
  drawBoundary();
}
if (part("boundary")) loadBoundary();
