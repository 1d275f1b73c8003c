// The record at a console: the log with its filters, what was known when, threads, positions side by side, motions, verification, dossiers, and
// both printed pages; a suspension and its reopening as both consoles show them. Whoever was admitted to one line reads nothing of another.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const chrome = await browser();
const { page, sound } = await person(chrome, { acceptDownloads: true });
await enrol(page, stations.rus.link);
await page.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();
const origin = new URL(page.url()).origin;

const first = detente("usa", "send", "--precedence", "immediate", "Two aircraft of ours are in the corridor. <img src=x onerror=\"document.title='owned'\">").entry;
await until("rus has it", () => detente("rus", "inbox").owed.some((one) => one.entry === first));
const between = new Date().toISOString();
await new Promise((later) => setTimeout(later, 1500));
detente("rus", "ack", first);
const answer = detente("rus", "reply", first, "Seen. Leave it by 1200Z.").entry;
await until("usa has the answer", () => detente("usa", "inbox").owed.some((one) => one.entry === answer));
detente("usa", "position", "affirm", first, "We hold to it.");
detente("rus", "position", "dispute", first, "It was three.");
await until("both positions are here", () => detente("rus", "positions", first).positions.usa.held !== null);

// The board has a key for it.
await page.locator("#main").focus();
await page.keyboard.press("l");
await page.waitForURL(/\/record$/);
await page.locator(".row-link", { hasText: first }).waitFor();
await accessible(page, "the log");
await picture(page, "record-log");
assert.doesNotMatch(await page.title(), /owned/);

// Filters, each alone.
const shown = async () => page.locator(".row-link").allTextContents();
await page.locator("#sought-text").fill("CORRIDOR");
await page.keyboard.press("Enter");
await page.waitForURL(/text=CORRIDOR/);
assert.deepEqual(await shown(), [first]);
await page.goto(`${origin}/lines/syria/record?kind=position&party=rus`);
assert.equal((await shown()).length, 1);
await page.goto(`${origin}/lines/syria/record?book=usa/O`);
assert.ok((await shown()).every((name) => name.startsWith("usa/O/")));

// Page by page the log has every entry once, in the same order as at once; a place that is none is refused.
const logged = (asked) => page.evaluate(async (path) => { const answer = await fetch(path); return [answer.status, await answer.json()]; }, `/v1/lines/syria/log?${asked}`);
const now = Date.now();
const [, whole] = await logged(`limit=200&as_of_ms=${now}`);
const [names, next] = [[], { place: "" }];
for (let pages = 0; pages < 100 && next.place !== null; pages += 1) {
  const [, one] = await logged(`limit=2&as_of_ms=${now}${next.place ? `&before=${encodeURIComponent(next.place)}` : ""}`);
  names.push(...one.entries.map((entry) => entry.entry));
  next.place = one.next;
}
assert.deepEqual(names, whole.entries.map((entry) => entry.entry));
assert.ok(names.length > 4);
for (const asked of ["before=nothing", "before=abc/Z/1", "party=nobody", `text=${"x".repeat(300)}`, "book=usa/Q", "kind=nothing"]) assert.equal((await logged(asked))[0], 400, asked);

// Who knew what when: before the acknowledgement it was delivered and no more.
await page.goto(`${origin}/lines/syria/record?text=corridor&as_of=${encodeURIComponent(between)}`);
const row = page.locator("tr", { has: page.locator(".row-link", { hasText: first }) });
assert.match(await row.textContent(), /rus: delivered/);
await page.locator(".moment").waitFor();
await picture(page, "record-as-of");
await page.goto(`${origin}/lines/syria/record?text=corridor`);
assert.match(await row.textContent(), /rus: acknowledged/);
await page.goto(`${origin}/lines/syria/record?as_of=yesterday`);
await page.locator("#wrong-moment").waitFor();

// The thread, with the positions side by side.
await page.goto(`${origin}/lines/syria/record?text=corridor`);
await page.keyboard.press("ArrowDown");
await page.keyboard.press("Enter");
await page.waitForURL(/\/record\/entries\//);
await page.locator(".thread li", { hasText: "Leave it by 1200Z" }).waitFor();
assert.equal(await page.locator(".sides .held").count(), 2);
await accessible(page, "a thread");
await picture(page, "record-thread");
const download = page.waitForEvent("download");
await page.locator("[data-dossier]").click();
const taken = await (await download).path();
assert.ok(statSync(taken).size > 1000 && readFileSync(taken).subarray(0, 2).toString() === "PK", "a dossier came");
assert.equal(detente("rus", "verify", taken) !== null, true);

// On paper: the message form, then the page of the log.
await page.locator("#to-print").click();
await page.waitForURL(/\/print$/);
const sha256 = detente("rus", "show", first).sha256;
await page.emulateMedia({ media: "print" });
assert.ok(await page.locator("header").isHidden(), "what is for the screen is not on paper");
assert.ok((await page.locator("main").textContent()).includes(sha256));
assert.equal(await page.locator(".signatures td").count(), 4);
await accessible(page, "the message form");
await picture(page, "record-form");
const form = await page.pdf({ preferCSSPageSize: true });
assert.equal(form.subarray(0, 5).toString(), "%PDF-");
assert.equal((form.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length, 1, "a form is one page");
await page.goto(`${origin}/lines/syria/record/print`);
assert.ok((await page.locator("main").textContent()).includes(sha256));
await picture(page, "record-print");
assert.ok((await page.pdf({ preferCSSPageSize: true })).length > 5000);
await page.emulateMedia({ media: "screen" });

// Whether it holds, in Arabic as well, and a FLASH of now on a page of the past.
await page.goto(`${origin}/lines/syria/record`);
await page.keyboard.press("v");
await page.locator("#verified", { hasText: "The record holds" }).waitFor();
const flash = detente("usa", "send", "--precedence", "flash", "Stop.").entry;
await page.locator("#alarm", { hasText: flash }).waitFor();
detente("rus", "ack", flash);
await page.locator("#alarm").waitFor({ state: "hidden" });
await page.locator("#language").selectOption("ar");
await page.locator(".language button").click();
await page.locator("h1", { hasText: "اليومية" }).waitFor();
await accessible(page, "the log in Arabic");
await picture(page, "record-log-ar");
await page.goto(`${origin}/lines/syria/record/entries/${first}`);
await accessible(page, "a thread in Arabic");
await page.locator("#language").selectOption("en");
await page.locator(".language button").click();
await page.locator("h1", { hasText: first }).waitFor();

// A suspension and its reopening, from both sides.
const other = await person(chrome);
await enrol(other.page, stations.usa.link);
await page.goto(`${origin}/lines/syria`);
const suspended = detente("usa", "suspend", "--reason", "The corridor was entered.").entry;
for (const side of [page, other.page]) {
  await side.locator("h1", { hasText: "THE LINE IS SUSPENDED" }).waitFor();
  await side.locator(".standing", { hasText: "The corridor was entered." }).waitFor();
  await side.locator(".standing", { hasText: "receipted by rus" }).waitFor();
}
await picture(other.page, "suspended");
const { entry: motion } = detente("rus", "reopen", "propose", "--text", "Let us talk again.");
await other.page.locator(".standing", { hasText: "waits for votes" }).waitFor();
detente("usa", "reopen", "agree");
assert.match(motion, /^rus\/A\//);
await until("usa may resume", () => { try { detente("usa", "resume"); return true; } catch { return false; } });
for (const side of [page, other.page]) await side.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();
await page.goto(`${origin}/lines/syria/record/motions`);
await page.locator(".motion", { hasText: "carried" }).waitFor();
assert.ok((await page.locator(".motion").first().textContent()).includes(suspended));
await accessible(page, "the motions");
await picture(page, "record-motions");

// Whoever was admitted to one line reads nothing of another, by page or by call, however its name is written, and is told nothing of whether it is there.
const { link } = detente("rus", "officer", "add", "Boris", "--role", "observer", "--line", "syria");
const boris = await person(chrome);
await enrol(boris.page, link);
const status = (path) => boris.page.evaluate(async (asked) => (await fetch(asked, { redirect: "manual" })).status, path);
assert.equal(await status("/lines/syria/record"), 200);
const pages = ["record", "record/print", "record/motions", "record/verification", `record/entries/${first}`, `entries/${first}/print`];
for (const path of [...pages.map((page) => `/lines/LINE/${page}`), "/v1/lines/LINE/log", `/v1/lines/LINE/threads/${first}`]) {
  for (const name of ["elsewhere", "else%77here"]) assert.equal(await status(path.replace("LINE", name)), 403, path);
}
sound();
other.sound();
await chrome.close();
