// What the memorandum has two officers release: an officer's draft waits, a second officer reads and releases it with a passkey of their own at the same
// page, and the other party sees both offices. Nobody releases what is their own; a FLASH waits for nobody.
import assert from "node:assert/strict";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const chrome = await browser();
const { page, sound } = await person(chrome);
const { link } = detente("rus", "officer", "add", "Boris", "--role", "supervisor", "--office", "watch officer");
await enrol(page, link);
await page.getByRole("button", { name: "Sign out" }).click();
await page.waitForURL(/\/sign-in$/);
await enrol(page, stations.rus.link);
const origin = new URL(page.url()).origin;
await page.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();

/** A call of the officer who is signed in. */
const ask = (method, path, body) => page.evaluate(async ([verb, at, said]) => {
  const headers = { "detente-csrf": document.querySelector('meta[name="csrf"]').content, "content-type": "application/json" };
  const answer = await fetch(`/v1/lines/syria${at}`, { method: verb, headers, body: said === undefined ? undefined : JSON.stringify(said) });
  return [answer.status, await answer.json()];
}, [method, path, body]);

// Anna drafts: it waits, and is nowhere on the line.
const hostile = "<img src=x onerror=\"document.title='owned'\"> We withdraw to the north bank. \u202Egnp.exe";
await page.locator("#precedence").selectOption("P");
await page.locator("#text").fill(hostile);
await page.locator("#compose button").press("Enter");
await page.locator("#said", { hasText: "Waits for a second officer: 1" }).waitFor();
await page.locator("#to-release", { hasText: "draft waits" }).waitFor();
await picture(page, "release-board");
assert.deepEqual(detente("rus", "record", "show", "--book", "rus/P").entries.filter((one) => one.kind === "message"), []);

// A FLASH does not wait.
const [sent, flash] = await ask("POST", "/entries", { kind: "message", precedence: "Z", text: "Stop." });
assert.equal(sent, 200);
assert.match(flash.entry, /^rus\/Z\//);

// Nobody is both officers; the owner of the folder is one person as well.
await page.locator("#to-release").click();
await page.waitForURL(/\/release$/);
await page.locator(".draft", { hasText: "north bank" }).waitFor();
assert.equal(await page.locator(".draft img").count(), 0);
assert.doesNotMatch(await page.title(), /owned/);
await accessible(page, "what waits for a second officer");
await picture(page, "release");
const [, { releases: [draft] }] = await ask("GET", "/releases");
assert.equal(draft.drafter, "Anna");
const [refused, why] = await ask("POST", `/releases/${draft.release}`, { sha256: draft.sha256 });
assert.equal(refused, 400);
assert.match(why.expected, /another officer/);
const own = detente("rus", "suspend", "--reason", "Talks have failed.");
assert.equal(own.waits_for, "a second officer");
assert.throws(() => detente("rus", "release", "give", String(own.release)), /another officer/);

// Boris signs in where Anna was, reads, and releases what he has read and nothing else.
const form = page.locator(".second").first();
await form.locator("input").fill("Boris");
await form.locator("input").press("Enter");
await page.locator("[data-give]").first().waitFor();
assert.match(await page.locator(".officer").textContent(), /Boris/);
const [other, what] = await ask("POST", `/releases/${draft.release}`, { sha256: "0".repeat(64) });
assert.equal(other, 400);
assert.match(what.expected, /digest/);
await page.locator(`[data-release="${draft.release}"] [data-give]`).press("Enter");
await page.locator("#said", { hasText: /rus\/P\/\d+/ }).waitFor();
const name = (await page.locator("#said").textContent()).split(" ").at(-1);
await until("usa has it", () => detente("usa", "inbox").owed.some((one) => one.entry === name));
const shown = detente("usa", "show", name);
assert.deepEqual([shown.body.text, shown.office, shown.second_office, shown.marked], [hostile, "duty officer", "watch officer", null]);
assert.equal((await ask("POST", `/releases/${draft.release}`, { sha256: draft.sha256 }))[0], 404, "once");

// What the owner drafted an officer releases, in Arabic; the line is suspended by both.
await page.locator("#language").selectOption("ar");
await page.locator(".language button").click();
await page.locator("html[dir=rtl]").waitFor();
await page.locator(".draft", { hasText: "Talks have failed." }).waitFor();
await accessible(page, "what waits for a second officer, in Arabic");
await picture(page, "release-ar");
await page.locator("[data-give]").press("Enter");
await page.locator("#said", { hasText: /rus\/A\/\d+/ }).waitFor();
await until("usa sees it", () => detente("usa", "status").open === false);

// What is taken back is never written.
detente("rus", "send", "Never mind.");
await page.goto(`${origin}/lines/syria/release`);
await page.locator("[data-take-back]").press("Enter");
await page.locator(".draft").waitFor({ state: "detached" });
assert.deepEqual(detente("rus", "release", "list").releases, []);
const { deeds } = detente("rus", "officer", "audit");
assert.ok(deeds.some((one) => one.officer === "Boris" && one.about === `${name}: draft ${draft.release}, ${draft.sha256}, released by Anna and Boris`), JSON.stringify(deeds));
assert.equal(detente("rus", "record", "verify").sound ?? true, true);
sound();
await chrome.close();
