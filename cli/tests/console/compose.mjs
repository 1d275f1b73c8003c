// A notice is composed on the map of one station, drawn and typed by keyboard alone, and is a conflict in the other station's console; a plan is drawn by pointer; what is
// typed is echoed before anything goes; in English and in Arabic.
import assert from "node:assert/strict";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const hour = 3_600_000;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z/, "Z");
const two = (number) => String(number).padStart(2, "0");
const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
function group(ms) {
  const at = new Date(ms);
  return `${two(at.getUTCDate())}${two(at.getUTCHours())}${two(at.getUTCMinutes())}Z${MONTHS[at.getUTCMonth()]}${two(at.getUTCFullYear() % 100)}`;
}
const begin = Math.ceil(Date.now() / 60_000) * 60_000 + 90 * hour;

const chrome = await browser();
const mine = await person(chrome, { viewport: { width: 1440, height: 1000 } });
const { page } = mine;
await enrol(page, stations.usa.link);
const theirs = await person(chrome, { viewport: { width: 1440, height: 1000 } });
await enrol(theirs.page, stations.rus.link);
await theirs.page.keyboard.press("m");
await theirs.page.locator("#map-list-title").waitFor();
const about = ["--forces", "those who fly", "--field", "contact=+963 11 000", "--text", "Reconnaissance flights"];
detente("rus", "notice", "send", "--kind", "activity", ...about, "--area", "35,39 35,40 35.5,40 35.5,39", "--lowest-m", "1000", "--highest-m", "3000", "--from", iso(begin), "--until", iso(begin + 4 * hour));

await page.bringToFront();
await page.keyboard.press("m");
await page.locator("#map-items .map-row.other").waitFor();
await page.waitForFunction(() => document.querySelectorAll("#coasts path").length === 3);
const keys = page.keyboard;
const at = () => page.evaluate(() => document.activeElement.id);
/** Goes there as an officer without a pointer does. */
async function goTo(id) {
  for (let step = 0; step < 60 && (await at()) !== id; step += 1) await keys.press("Tab");
  assert.equal(await at(), id);
}

// Composing begins with one key, and what is asked for is said before anything is typed.
await keys.press("n");
assert.equal(await at(), "notice-kind");
await keys.press("ArrowDown");
await page.locator("#notice-wrong li").first().waitFor();
await page.locator("#notice-short li", { hasText: "Contact" }).waitFor();
assert.equal(await page.locator("#asked-fields #field-contact").count(), 1);
assert.match(await page.locator("#separation").textContent(), /500 m/);
await keys.press("ArrowUp");
await page.locator("#notice-short").waitFor({ state: "hidden" });
await goTo("notice-shape");
await keys.press("Home");

// Drawn: three places, one of them taken back and set anew, by keys alone.
await goTo("draw");
await keys.press("Enter");
assert.equal(await at(), "plane");
assert.match(await page.locator("#cross").textContent(), /^35\.\d+, 39\.\d+$/);
const places = async (count) => until(`${count} places are understood`, async () => (await page.locator("#sketch .sketch-place").count()) === count);
await keys.press("Enter");
await keys.press("ArrowRight");
await keys.press("Enter");
await keys.press("ArrowUp");
await keys.press("Enter");
await places(3);
await keys.press("Backspace");
await places(2);
await keys.press("Shift+ArrowUp");
await keys.press("Enter");
await places(3);
assert.equal(await page.locator("#sketch .sketch").count(), 1);
await keys.press("Escape");
assert.equal(await at(), "places");
// One truth: what was drawn stands where it would be typed.
assert.equal((await page.locator("#places").inputValue()).trim().split("\n").length, 3);
assert.match(await page.locator("#places-echo").textContent(), /°.*"N .*37S/);

// Too soon at first: the memorandum's lead time is shown, and what is short of it, before anything is sent.
await goTo("from");
await keys.type(group(Date.now() + hour));
await goTo("until");
await keys.type(group(begin + 3 * hour));
await goTo("lowest");
await keys.type("2000");
await goTo("highest");
await keys.type("2500");
await page.locator("#notice-text").evaluate((text) => text.focus());
await keys.type("Flights at night");
await page.locator("#notice-short li", { hasText: "lead time" }).waitFor();
assert.match(await page.locator("#lead").textContent(), /\d+ (d|h)/);
await page.locator("#from").evaluate((from) => from.focus());
await keys.press("Control+A");
await keys.type(group(begin + hour));
await page.locator("#from-echo", { hasText: group(begin + hour) }).waitFor();
await page.locator("#notice-short").waitFor({ state: "hidden" });
await page.locator("#notice-touches li", { hasText: "CONFLICT: rus/R/1 (rus)" }).waitFor();
await accessible(page, "a notice that is composed");
await picture(page, "compose-en");
// Enter in a line of text sends nothing.
await keys.press("Enter");
assert.equal(await page.locator("#notice-said").textContent(), "");
await page.locator("button[value=notice]").focus();
await keys.press("Enter");
await page.locator("#notice-said", { hasText: "● usa/R/1" }).waitFor();
await page.locator("#map-items .map-row.own").waitFor();

// At the other station it is a conflict, by itself.
await theirs.page.bringToFront();
await theirs.page.locator("#map-meetings li", { hasText: "CONFLICT" }).waitFor();
assert.match(await theirs.page.locator("#map-meetings li").first().textContent(), /usa\/R\/1/);
await theirs.page.locator("#map-items .map-row.other", { hasText: "Flights at night" }).waitFor();

// A circle is drawn with a pointer: its middle, and how far it goes; it is kept as a plan.
const other = theirs.page;
await other.keyboard.press("n");
await other.locator("#notice-shape").selectOption("circle");
await other.locator("#draw").click();
const box = await other.locator("#plane").boundingBox();
await other.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
await until("its middle is understood", async () => (await other.locator("#sketch .sketch-place").count()) === 1);
await other.mouse.click(box.x + box.width / 2 + 60, box.y + box.height / 2);
await until("its radius is typed", async () => /^\d+m$/.test(await other.locator("#width").inputValue()));
await until("the circle is drawn", async () => (await other.locator("#sketch .sketch").count()) === 1);
await other.keyboard.press("Escape");
// MGRS, typed in its place.
await other.locator("#places").fill("37SCV 80000 80000");
await other.locator("#places-echo", { hasText: "N" }).waitFor();
await other.locator("#notice-text").fill("Ours alone");
await other.locator("#from").fill(iso(begin));
await other.locator("#until").fill(iso(begin + 2 * hour));
await other.locator("button[value=plan]").click();
await other.locator("#notice-said", { hasText: "● plan/1" }).waitFor();
await other.locator("#map-items .map-row.plan", { hasText: "Ours alone" }).waitFor();
// A corridor that is refused says why, and nothing goes.
await other.locator("#notice-shape").selectOption("corridor");
await other.locator("#places").fill("35.1 39.1");
await other.locator("#notice-wrong li", { hasText: "two or more" }).waitFor();
await other.locator("button[value=notice]").click();
await other.locator("#notice-said", { hasText: "✕" }).waitFor();
await other.keyboard.press("Escape");
assert.equal(await other.locator("#notice").isHidden(), true);

// The same in Arabic.
await other.locator("#language").selectOption("ar");
await other.locator(".language button").click();
await other.locator("html[dir=rtl]").waitFor();
await other.locator("#notice-new").click();
await other.locator("#places").fill("35.1, 39.1\n35.1, 39.4\n35.4, 39.4");
await until("the area is drawn", async () => (await other.locator("#sketch .sketch").count()) === 1);
await accessible(other, "a notice that is composed in Arabic");
await picture(other, "compose-ar");
mine.sound();
theirs.sound();
await chrome.close();
