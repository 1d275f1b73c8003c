// The map at two consoles: what each party gave and planned is there in picture and words; the slider shows what is in force when; a hostile name does
// nothing; what comes by the line changes the map and leaves what is looked at.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const hour = 3_600_000;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z/, "Z");
const begin = Math.ceil(Date.now() / 60_000) * 60_000 + 80 * hour;

/** An own notice of a party, by its command. */
function notice(party, text, area, from, to) {
  const about = ["--forces", "those who fly", "--field", "contact=+963 11 000", "--text", text];
  detente(party, "notice", "send", "--kind", "activity", ...about, "--area", area, "--lowest-m", "1000", "--highest-m", "3000", "--from", iso(from), "--until", iso(to));
}

const chrome = await browser();
const { page, sound } = await person(chrome, { viewport: { width: 1440, height: 1000 } });
await enrol(page, stations.rus.link);
await page.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();

// From the board with one key; nothing is there yet.
await page.keyboard.press("m");
await page.waitForURL(/\/map$/);
await page.locator("#map-list-title").waitFor();
await page.getByText("There are no notices and no plans.").waitFor();
await page.waitForFunction(() => document.querySelectorAll("#coasts path").length === 3);
await accessible(page, "a map with nothing on it");
await picture(page, "map-empty");

// What both give, and what one plans.
const hostile = "<img src=x onerror=document.title='owned'> \u202Eeht";
notice("usa", hostile, "35,39 35,39.6 35.5,39.6 35.5,39", begin, begin + 4 * hour);
notice("rus", "Reconnaissance flights", "35.3,39.4 35.3,40.2 35.8,40.2 35.8,39.4", begin + hour, begin + 3 * hour);
detente("rus", "plan", "add", "--kind", "activity", "--text", "Our own, later", "--circle", "35.1 40.4", "--radius", "12km", "--from", iso(begin + 2 * hour), "--until", iso(begin + 5 * hour));
notice("usa", "Flares at night", "34.6,39.9 34.6,40.3 34.9,40.3 34.9,39.9", begin + 3 * hour, begin + 6 * hour);
await until("both notices of the other party are on the map", async () => (await page.locator("#map-items .map-row.other").count()) === 2);
await until("the conflict is said", async () => (await page.locator("#map-meetings li").count()) > 0);

const shown = () => page.evaluate(() => [...document.querySelectorAll(".volume[data-subject]:not([visibility])")].map((one) => one.getAttribute("data-subject")).sort());
const look = async (ms) => {
  await page.locator("#moment").evaluate((slider, value) => { slider.value = value; slider.dispatchEvent(new Event("input", { bubbles: true })); }, ms);
};
assert.deepEqual(await shown(), [], "now, nothing is in force");
await look(begin + 2.5 * hour);
const then = await shown();
assert.equal(then.length, 3, `both, and the plan: ${then}`);
assert.equal(await page.locator("#map-count").textContent(), "3");
assert.equal(await page.locator(".meeting:not([visibility])[data-one]").count(), 1);
assert.ok((await page.locator(".volume.in-the-way").count()) >= 2, "who is in the way is seen");
assert.match(await page.locator("#map-meetings li").first().textContent(), /CONFLICT/);

// What another party wrote does nothing.
const row = page.locator("#map-items .map-row", { hasText: "<img src=x" });
assert.equal(await row.locator("img").count(), 0);
assert.equal(await row.locator(".hidden-character").first().textContent(), "⟨U+202E⟩");
assert.doesNotMatch(await page.title(), /owned/);
await accessible(page, "the map");
await picture(page, "map-en");

// The boundary that both agreed on is drawn, and named so that it can be compared; a graticule and a scale say where and how far.
await page.waitForFunction(() => document.querySelectorAll("#boundary-lines path").length === 3);
assert.match(await page.locator("#boundary").textContent(), /Agreed in Geneva/);
const hash = createHash("sha256").update(readFileSync(`${stations.rus.home}/agreed.geojson`)).digest("hex");
assert.ok((await page.locator("#boundary .hash").textContent()).replaceAll(" ", "").endsWith(hash));
assert.match(await page.locator("#graticule").textContent(), /\d+°(\d+′)?N/);
assert.match(await page.locator("#scale").textContent(), /^\d+ (km|m)$/);

// Own plans that are added elsewhere come by themselves; signs of one place stand apart.
const plans = await page.locator("#map-items .map-row.plan").count();
for (const text of ["One", "Another", "A third"]) detente("rus", "plan", "add", "--kind", "activity", "--text", text, "--circle", "34.2 40.4", "--radius", "3km", "--from", iso(begin + 2 * hour), "--until", iso(begin + 3 * hour));
await until("they are there", async () => (await page.locator("#map-items .map-row.plan").count()) === plans + 3);
assert.deepEqual(await page.evaluate(() => {
  const boxes = [...document.querySelectorAll("#signs text:not([visibility]):not(.piled)")].map((sign) => sign.getBoundingClientRect());
  const both = (one, other) => one.x < other.right - 8 && other.x < one.right - 8 && one.y < other.bottom - 8 && other.y < one.bottom - 8;
  return boxes.flatMap((one, at) => boxes.slice(at + 1).filter((other) => both(one, other)).map((other) => [one.x, one.y, other.x, other.y]));
}), [], "no sign lies on another");

// Keys: the list, an opened entry, and back to where one was.
await page.locator("#map-items .map-row").first().focus();
await page.keyboard.press("ArrowDown");
assert.equal(await page.evaluate(() => [...document.querySelectorAll(".map-row")].indexOf(document.activeElement)), 1);
assert.ok((await page.locator(".volume.chosen").count()) >= 1);
await page.locator("#map-items .map-row.other").first().focus();
await page.keyboard.press("Enter");
await page.locator("#opened [data-entry]").waitFor();
await page.keyboard.press("Escape");
assert.ok(await page.evaluate(() => document.activeElement.classList.contains("map-row")));

// Looking: nearer, aside; and what comes by the line leaves it so.
const box = () => page.locator(".plane svg").getAttribute("viewBox");
const width = (view) => Number(view.split(" ")[2]);
const first = await box();
await page.locator("#plane").focus();
await page.keyboard.press("+");
await page.keyboard.press("ArrowRight");
const near = await box();
assert.ok(width(near) < width(first));
const wide = () => page.evaluate(() => document.querySelector("#moment").value);
const at = await wide();
const count = await page.locator("#map-items .map-row").count();
notice("usa", "One more", "35.2,39.2 35.2,39.3 35.3,39.3 35.3,39.2", begin, begin + 4 * hour);
await until("it came", async () => (await page.locator("#map-items .map-row").count()) === count + 1);
assert.ok(Math.abs(width(await box()) - width(near)) < 2, "the scale stays");
assert.equal(await wide(), at, "the moment stays");
assert.equal(await page.evaluate(() => document.activeElement.id), "plane");

// Playing, with one key.
await page.keyboard.press("Space");
await until("it plays", async () => (await wide()) > at);
await page.keyboard.press("Space");
const stopped = await wide();
await page.keyboard.press(",");
assert.ok((await wide()) < stopped);

// A FLASH rings here as on the board.
const { entry } = detente("usa", "send", "--precedence", "flash", "Stop.");
await page.locator("#alarm", { hasText: entry }).waitFor();
await page.evaluate(() => document.activeElement?.blur());
await page.keyboard.press("Enter");
await page.locator(`#opened [data-entry="${entry}"]`).waitFor();
await page.keyboard.press("a");
await page.locator("#alarm").waitFor({ state: "hidden" });
await page.keyboard.press("Escape");

// The same in Arabic.
await page.locator("#language").selectOption("ar");
await page.locator(".language button").click();
await page.locator("html[dir=rtl]").waitFor();
await look(begin + 2.5 * hour);
await accessible(page, "the map in Arabic");
await picture(page, "map-ar");
await page.keyboard.press("m");
await page.waitForURL(/\/lines\/syria$/);
sound();
await chrome.close();
