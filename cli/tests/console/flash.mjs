// A FLASH comes to an officer who has nothing but a keyboard: it rings, is opened with one key and acknowledged with another, in English and in
// Arabic; what a hostile peer writes does nothing; a station that is gone is seen to be gone.
import assert from "node:assert/strict";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const chrome = await browser();
const { page, sound } = await person(chrome);
await enrol(page, stations.rus.link);
await page.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();
assert.equal(await page.locator("html").getAttribute("dir"), "ltr");
await accessible(page, "the board");
await picture(page, "board-en");

// The sound is armed by a person's own act.
await page.locator("#arm").focus();
await page.keyboard.press("Enter");
await page.locator("#sound-state", { hasText: "Sound armed" }).waitFor();

/** One FLASH, from the alarm to the acknowledgement; gives its name. */
async function flash(text) {
  const { entry } = detente("usa", "send", "--precedence", "flash", text);
  await page.locator("#alarm", { hasText: entry }).waitFor();
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("Enter");
  await page.locator(`#opened [data-entry="${entry}"]`).waitFor();
  await picture(page, `flash-${await page.locator("html").getAttribute("lang")}`);
  assert.ok(await page.locator("#alarm").isVisible(), "opening ends no alarm");
  await page.keyboard.press("s");
  assert.ok(await page.locator("#alarm").isVisible(), "silencing ends no alarm");
  await page.keyboard.press("a");
  await page.locator("#alarm").waitFor({ state: "hidden" });
  const told = await until("usa has the acknowledgement", () => {
    const shown = detente("usa", "show", entry);
    return shown.acknowledged.rus && shown.displayed.rus ? shown : null;
  });
  assert.match(told.acknowledged.rus, /^rus\/Z\//);
  return entry;
}

await flash("Stop: two aircraft of yours are in the corridor.");
await page.keyboard.press("Escape");
assert.ok(await page.locator("#opened").isHidden());

// The same in Arabic, from right to left; the keys are the same.
await page.locator("#language").selectOption("ar");
await page.locator(".language button").click();
await page.locator("h1", { hasText: "الخط مفتوح" }).waitFor();
assert.equal(await page.locator("html").getAttribute("dir"), "rtl");
await accessible(page, "the board in Arabic");
await flash("توقفوا: أنتم تصيبون المستشفى");
await accessible(page, "an opened entry in Arabic");
await page.keyboard.press("Escape");
await page.locator("#language").selectOption("en");
await page.locator(".language button").click();
await page.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();

// What a hostile peer writes stands there and does nothing.
const hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> \u202Egnp.exe";
const { entry } = detente("usa", "send", "--precedence", "immediate", hostile);
const row = page.locator(`[data-open="${entry}"]`);
await row.waitFor();
await row.focus();
await page.keyboard.press("Enter");
const said = page.locator("#opened .said");
await said.waitFor();
assert.match(await said.textContent(), /<img src=x onerror=/);
assert.equal(await said.locator("img, script").count(), 0);
assert.equal(await said.locator(".hidden-character").first().textContent(), "⟨U+202E⟩");
assert.doesNotMatch(await page.title(), /owned/);
await page.keyboard.press("Escape");

// The board is made anew while somebody turns from a row of it to writing: what is typed goes where it was meant to go.
let goOn;
const held = new Promise((resolve) => { goOn = resolve; });
const asked = new Promise((resolve) => page.route("**/board", async (route) => { resolve(); await held; await route.continue(); }, { times: 1 }));
await page.locator(`[data-open="${entry}"]`).first().focus();
const { entry: meanwhile } = detente("usa", "send", "--precedence", "routine", "Thank you.");
await asked;
await page.keyboard.press("n");
goOn();
await page.locator(`[data-open="${meanwhile}"]`).waitFor();
assert.equal(await page.evaluate(() => document.activeElement.id), "text");
await page.locator("#main").focus();

// A message of one's own, by keyboard alone.
await page.keyboard.press("n");
await page.keyboard.type("We have stopped.");
await page.locator("#precedence").selectOption("O");
await page.locator("#compose button").press("Enter");
await page.locator("#said", { hasText: "rus/O/" }).waitFor();
await until("usa has the message", () => detente("usa", "inbox").owed.some((one) => one.body.text === "We have stopped." && one.office === "watch officer"));

// The watch is held, and the other party knows; one key begins a cease, which says where as it was understood.
await page.locator("#duty-on").click();
await until("usa knows of an officer", () => detente("usa", "status").parties.some((party) => party.name === "rus" && party.officer === "on"));
await page.locator(".standing", { hasText: "an officer of ours is present" }).waitFor();
await page.locator("#main").focus();
await page.keyboard.press("x");
await page.keyboard.type("nowhere near");
await page.locator("#cease-echo", { hasText: "Misuse" }).waitFor();
await page.locator("#cease-position").fill("35°14′24″N 40°11′24″E");
// What was understood, and not the example of what would have been.
await page.locator("#cease-echo", { hasText: "37S FV 08274 00307" }).waitFor();
await page.keyboard.press("Enter");
await page.locator("#cease").waitFor({ state: "hidden" });
await until("usa is told where", () => detente("usa", "inbox").owed.some((one) => one.kind === "cease" && one.body.position[0] === 35.24 && one.body.position[1] === 40.19));

// Complying is an answer of its own: with a key, and a word that may be changed.
await page.locator(`[data-open="${entry}"]`).first().focus();
await page.keyboard.press("Enter");
await page.locator(`#opened [data-entry="${entry}"]`).waitFor();
await page.keyboard.press("c");
await page.keyboard.press("Control+Enter");
const answered = await until("usa has the answer", () => detente("usa", "show", entry).answered.rus);
assert.equal(detente("usa", "show", answered).body.text, "Will comply.");
await page.keyboard.press("Escape");
await page.keyboard.press("Escape");

// Signing out and in again with the same passkey; the page of before is worth nothing.
await page.getByRole("button", { name: "Sign out" }).click();
await page.waitForURL(/\/sign-in$/);
await accessible(page, "signing in");
await picture(page, "sign-in");
await page.goto(new URL("/lines/syria", page.url()).href);
await page.waitForURL(/\/sign-in$/);
await page.locator("#officer").fill("Anna");
await page.keyboard.press("Enter");
await page.waitForURL(/\/lines\/syria$/);
await page.locator("h1", { hasText: "THE LINE IS OPEN" }).waitFor();
sound();

// The station is killed under the open page: that is not to be mistaken for quiet.
process.kill(stations.rus.pid, "SIGKILL");
const killed = Date.now();
await page.locator("#lost").waitFor({ state: "visible" });
console.log(JSON.stringify({ lost_ms: Date.now() - killed }));
await picture(page, "lost");
await accessible(page, "the page of a station that is gone");
await chrome.close();
