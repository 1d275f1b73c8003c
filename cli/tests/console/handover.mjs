// A watch is handed over: Anna begins with what is open, Boris signs in on the same page with a passkey of his own and takes over. The line is told of the
// office, the station's audit of both officers and the list.
import assert from "node:assert/strict";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const chrome = await browser();
const { page, sound } = await person(chrome);
const open = detente("usa", "send", "--precedence", "immediate", "Who holds the watch?").entry;
await until("rus has it", () => detente("rus", "inbox").owed.some((one) => one.entry === open));

// Both have enrolled on this machine before, and so the authenticator has a passkey of each.
const { link } = detente("rus", "officer", "add", "Boris", "--role", "watch-officer");
await enrol(page, link);
await page.getByRole("button", { name: "Sign out" }).click();
await page.waitForURL(/\/sign-in$/);
await enrol(page, stations.rus.link);
const origin = new URL(page.url()).origin;

await page.goto(`${origin}/lines/syria/handover`);
await page.locator("#begin").click();
await page.locator(".open-items", { hasText: open }).waitFor();
await accessible(page, "a handover");
await picture(page, "handover");

// Whoever hands over does not take over; nor does anybody by another list.
const take = (sha256) => page.evaluate(async (digest) => {
  const headers = { "detente-csrf": document.querySelector('meta[name="csrf"]').content, "content-type": "application/json" };
  return (await fetch("/v1/lines/syria/handover/take", { method: "POST", headers, body: JSON.stringify({ sha256: digest }) })).json();
}, sha256);
const sha256 = (await page.locator(".hash").textContent()).split(" ")[1];
assert.match((await take(sha256)).expected, /another officer/);

await page.locator("#incoming-name").fill("Boris");
await page.keyboard.press("Enter");
await page.locator("#take").waitFor();
assert.match(await page.locator(".officer").textContent(), /Boris/);
assert.match((await take("0".repeat(64))).found, /another list/);
await page.locator("#take").click();
await page.locator("#said", { hasText: "Anna → Boris" }).waitFor();
const name = (await page.locator("#said").textContent()).split(" ")[1];
assert.equal(detente("rus", "show", name).body.state, "handover");
await until("usa is told", () => detente("usa", "status").parties.some((party) => party.name === "rus" && party.officer_since === name));
assert.match((await take(sha256)).found, /none/);
const { deeds } = detente("rus", "officer", "audit");
assert.ok(deeds.some((one) => one.officer === "Boris" && one.about === `${name}: Boris took over from Anna, list ${sha256}`), JSON.stringify(deeds));
assert.ok(deeds.some((one) => one.officer === "Anna" && one.about.endsWith(sha256)));
sound();
await chrome.close();
