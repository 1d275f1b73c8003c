// A message: from a template or free, in one language or two. What its fields mean, how it reads in either language and what the memorandum has to say to it
// is the station's answer (spec/api.md, "Compose").
import { render } from "./api.js";

const line = encodeURIComponent(document.body.dataset.line);
const part = (id) => document.getElementById(id);
const form = part("compose");
const field = (name) => form.elements.namedItem(name);

/** Silence at the keys before the station is asked, ms. */
const PAUSE = 150;

const chosen = () => form.querySelector("fieldset:not([hidden])");

/** As the station is asked what becomes of it. */
function typed() {
  const fields = {};
  for (const one of chosen()?.querySelectorAll("input, select") ?? []) if (one.value.trim() !== "") fields[one.name] = one.value;
  const said = { template: part("template").value, precedence: part("precedence").value, also: part("also").value };
  const life = field("safety_of_life").checked && part("precedence").value === "Z";
  return { ...said, fields, text: part("text").value, also_text: part("also-text").value, language: document.documentElement.lang, safety_of_life: life };
}

/** Shows the fields of what is chosen. */
function arrange() {
  for (const one of form.querySelectorAll("fieldset")) one.hidden = one.disabled = one.dataset.template !== part("template").value;
  const also = part("also").selectedOptions[0];
  part("also-said").hidden = also.value === "";
  part("also-name").textContent = also.textContent;
  part("also-text").lang = also.value;
  part("life").hidden = part("precedence").value !== "Z";
}

let waits = null;
let asked = 0;
/** What the station makes of what stands here now. */
async function composed() {
  clearTimeout(waits);
  const mine = ++asked;
  const made = document.createElement("div");
  await render(made, `/lines/${line}/compose`, JSON.stringify(typed()));
  if (mine === asked) part("composed").replaceChildren(...made.childNodes);
  return mine === asked;
}

function later() {
  clearTimeout(waits);
  waits = setTimeout(() => composed().catch((error) => { part("said").textContent = error.message; }), PAUSE);
}

/** The field that keeps it from being sent. */
const lacking = () => [...(chosen()?.querySelectorAll("[aria-required]") ?? [])].find((one) => one.value.trim() === "") ?? part("text");

/** Sends it, by `write`, which says whether it went; where something is lacking, that is where the officer is put. */
export async function send(write) {
  try {
    if (!(await composed())) return;
  } catch (error) { part("said").textContent = error.message; return; }
  const draft = part("composed").querySelector("[data-draft]")?.dataset.draft;
  if (draft === undefined) { lacking().focus(); return; }
  if (!(await write(JSON.parse(draft)))) return;
  const also = part("also").value;
  form.reset();
  part("also").value = also;
  asked += 1;
  part("composed").replaceChildren();
  arrange();
}

/** Begins at the choice of a template. */
export function choose() { part("template")?.focus(); }

if (form !== null) {
  part("template").addEventListener("change", () => {
    const { precedence, savesLife } = part("template").selectedOptions[0].dataset;
    part("precedence").value = precedence;
    field("safety_of_life").checked = savesLife !== undefined;
    arrange();
  });
  form.addEventListener("input", () => { arrange(); later(); });
  form.addEventListener("change", () => { arrange(); later(); });
  arrange();
}
