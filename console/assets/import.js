// A file of another program: what it would do is shown row by row, and only then is it done, with the very bytes that were looked at.
import { render } from "./api.js";

const line = encodeURIComponent(document.body.dataset.line);
const part = (id) => document.getElementById(id);
const form = part("import");
const field = (name) => form.elements.namedItem(name);

/** The most that the station reads of one, bytes. */
const MOST = 64 << 20;

/** What was looked at, to be sent as it is. */
let looked = null;

async function take(dryRun) {
  const said = part("import-said");
  said.textContent = "";
  part("import-go").hidden = true;
  try {
    if (dryRun) {
      const [file] = field("file").files;
      looked = null;
      if (file.size > MOST) throw new Error(`${file.name}: ${file.size} > ${MOST} bytes`);
      looked = { name: file.name, bytes: await file.arrayBuffer() };
    }
    const asked = { name: looked.name, as: field("as").value, dry_run: dryRun };
    for (const name of ["kind", "zone"]) if (field(name).value.trim() !== "") asked[name] = field(name).value.trim();
    if (field("emergency").checked) asked.emergency = true;
    await render(part("imported"), `/lines/${line}/map/import?${new URLSearchParams(asked)}`, looked.bytes);
    part("import-go").hidden = part("imported").querySelector("[data-to-do]") === null;
    part(part("import-go").hidden ? "imported" : "import-go").focus();
  } catch (error) {
    part("imported").replaceChildren();
    said.textContent = `✕ ${error.message}`;
  }
}

function open() {
  if (part("notice") && !part("notice").hidden) part("notice-close").click();
  form.hidden = false;
  document.body.classList.add("composes");
  dispatchEvent(new Event("resize"));
  field("file").focus();
}

function close() {
  form.hidden = true;
  document.body.classList.remove("composes");
  dispatchEvent(new Event("resize"));
  part("import-new").focus();
}

part("import-new").addEventListener("click", open);
part("import-close").addEventListener("click", close);
part("import-go").addEventListener("click", () => take(false));
// What is changed after it was looked at is looked at anew.
form.addEventListener("input", () => { looked = null; part("import-go").hidden = true; part("imported").replaceChildren(); });
form.addEventListener("submit", (event) => { event.preventDefault(); take(true); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || form.hidden || !part("opened").hidden) return;
  event.preventDefault();
  event.stopPropagation();
  close();
}, { capture: true });
