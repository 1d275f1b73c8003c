// A message is composed from a template by keyboard alone, in two languages side by side, with what the memorandum asks shown while it is typed; the other party
// reads both, attaches a translation of its own, and everybody sees whose it is. In English and in Arabic.
import assert from "node:assert/strict";
import { accessible, browser, detente, enrol, person, picture, stations, until } from "./browser.mjs";

const chrome = await browser();
const { page, context, sound } = await person(chrome);
await enrol(page, stations.rus.link);
const theirs = await person(chrome);
await enrol(theirs.page, stations.usa.link);
await page.bringToFront();
const keys = page.keyboard;
const at = () => page.evaluate(() => document.activeElement.id);

// One key goes to the templates; whoever looks through them stays there, and goes on to what the chosen one asks for.
await page.locator("#main").focus();
await keys.press("t");
assert.equal(await at(), "template");
await keys.type("Request to hold");
assert.equal(await at(), "template");
assert.equal(await page.locator("#precedence").inputValue(), "O");
await page.locator("#also").selectOption("ar");
await page.locator("#template").focus();
for (let step = 0; step < 3; step += 1) await keys.press("Tab");
assert.equal(await at(), "hold-whom");

// What is lacking is said while it is typed, and keeps it from going.
await keys.type("Two helicopters <b>south</b>");
const composed = page.locator("#composed");
await composed.locator("li", { hasText: "Position" }).waitFor();
await composed.locator("li", { hasText: "To be acknowledged within 30:00" }).waitFor();
await composed.locator("li", { hasText: "rank 1" }).waitFor();
await keys.press("Enter");
await until("the officer is where something is lacking", async () => (await at()) === "hold-place");
await keys.type("35.24, 40.19");
await keys.press("Tab");
await keys.type("062240ZAPR27");
await keys.press("Tab");
await keys.press("Tab");
await keys.type("not a time");
await composed.locator("li", { hasText: "not a time" }).waitFor();
assert.equal(await composed.locator("[data-draft]").count(), 0);
await keys.press("Control+A");
await keys.type("070000ZAPR27");
await keys.press("Tab");
assert.equal(await at(), "text");
await keys.type("They carry wounded.");
await keys.press("Tab");
assert.equal(await at(), "also-text");
await keys.type("تحمل جرحى.");
const [english, arabic] = [composed.locator("section").nth(0), composed.locator("section").nth(1)];
await arabic.locator(".said", { hasText: "تحمل جرحى." }).waitFor();
assert.match(await english.locator(".said").innerText(), /^Request to hold\nWhom it concerns: Two helicopters <b>south<\/b>\nPosition:\n35\.24.* · 37S.*\nFrom: 062240ZAPR27\nReply by: 070000ZAPR27\n\nThey carry wounded\.$/);
assert.match(await arabic.locator(".said").innerText(), /^طلب التوقف عن العمل\n/);
assert.equal(await arabic.getAttribute("lang"), "ar");
assert.match(await arabic.locator("h3").innerText(), /a help to the reader/);
await accessible(page, "a message from a template");
await picture(page, "template");
await keys.press("Tab");
await keys.press("Enter");
await page.locator("#said", { hasText: "rus/O/1" }).waitFor();
await until("the form is empty again", async () => (await page.locator("#text").inputValue()) === "");

// Signed as it was shown: both texts, which of them binds, and by when an answer is asked for.
const sent = detente("rus", "record", "show", "--book", "rus/O").entries.find((one) => one.kind === "message");
assert.equal(sent.language, "en");
assert.match(sent.body.text, /^Request to hold\n/);
assert.equal(sent.body.also.language, "ar");
assert.match(sent.body.also.text, /\n\nتحمل جرحى\.$/);
assert.equal(sent.body.reply_by_ms, Date.UTC(2027, 3, 7));

// The other party reads both, and attaches a translation of its own, which is nobody else's words.
const other = theirs.page;
await other.bringToFront();
await other.goto(`${new URL(other.url()).origin}/language?to=ar&back=${encodeURIComponent(new URL(other.url()).pathname)}`);
await other.locator('[data-open="rus/O/1"]').first().click();
const opened = other.locator("#opened");
await opened.locator(".also .said", { hasText: "تحمل جرحى." }).waitFor();
await accessible(other, "an entry in two languages, in Arabic");
await opened.locator('[data-do="translate"]').press("Enter");
await other.keyboard.type("نطلب التوقف: مروحيتان.");
await other.keyboard.press("Control+Enter");
await other.locator("#said", { hasText: "usa/R/1" }).waitFor();
await opened.locator(".also", { hasText: "نطلب التوقف: مروحيتان." }).waitFor();
await picture(other, "translation-ar");
await page.bringToFront();
await page.locator('[data-open="usa/R/1"]').first().waitFor();
await page.locator('[data-open="rus/O/1"]').first().click();
const mine = page.locator("#opened .also", { hasText: "Translation by usa" });
await mine.locator(".said", { hasText: "نطلب التوقف: مروحيتان." }).waitFor();
const { translations } = detente("rus", "show", "rus/O/1");
assert.deepEqual(translations.map(({ entry, party, language }) => [entry, party, language]), [["usa/R/1", "usa", "ar"]]);

// While the line is suspended it is said that a message would be refused, and safety of life goes all the same.
await page.locator('[data-do="close"]').press("Enter");
detente("usa", "suspend", "--reason", "After the strike.");
await page.locator("h1", { hasText: "THE LINE IS SUSPENDED" }).waitFor();
await page.locator("#template").selectOption("rescue");
assert.equal(await page.locator("#precedence").inputValue(), "Z");
await page.locator("#rescue-subject").fill("Pilot of a transport aircraft");
await page.locator("#rescue-place").fill("35°14′24″N 40°11′24″E");
await page.locator("#rescue-time").fill("062240ZAPR27");
await page.locator("#rescue-asked").selectOption("safe-passage");
await composed.locator("[data-draft]").waitFor({ state: "attached" });
assert.equal(await composed.locator("li.bad").count(), 0);
await page.locator("#life input").uncheck();
await composed.locator("li.bad", { hasText: "usa/A/1" }).waitFor();
await page.locator("#life input").check();
await composed.locator("li.bad").waitFor({ state: "detached" });
await page.locator("#compose button.main").press("Enter");
await page.locator("#said", { hasText: "rus/Z/1" }).waitFor();
assert.equal(detente("rus", "show", "rus/Z/1").body.safety_of_life, true);

// Whoever writes a program reads there what the station describes of itself, this form's own call among the rest.
await page.locator("#to-api").click();
await page.waitForURL(/\/api$/);
const described = page.locator("article.call", { hasText: "/v1/lines/{line}/compose" });
assert.match(await described.innerText(), /^POST .*\n+What message becomes of a template[^]*also_text: string/);
assert.ok((await page.locator("article.call").count()) > 50);
await accessible(page, "the API");
await picture(page, "api");

// What is typed so far is asked for at every key and is in nobody's audit; what was sent is.
const { deeds } = detente("rus", "officer", "audit");
assert.ok(deeds.some((one) => one.what.endsWith("/entries")) && !deeds.some((one) => one.what.endsWith("/compose")));
sound();
theirs.sound();
await context.close();
await chrome.close();
