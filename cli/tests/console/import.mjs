// A list of sites goes into the console: what it would do is shown row by row before anything is done, a wrong row with its reason takes nothing, a list that is sent again says
// what changed, and a hostile name does nothing.
import assert from "node:assert/strict";
import { accessible, browser, enrol, person, picture, stations, until } from "./browser.mjs";

const review = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
const head = "kind,serial,name,function,contact,position,review\n";
const list = (...rows) => ({ name: "sites.csv", mimeType: "text/csv", buffer: Buffer.from(head + rows.map((row) => `${row},${review}\n`).join("")) });

const chrome = await browser();
const { page, sound } = await person(chrome, { viewport: { width: 1440, height: 1000 } });
await enrol(page, stations.rus.link);
await page.keyboard.press("m");
await page.waitForFunction(() => document.querySelectorAll("#coasts path").length === 3);
await page.locator("#import-new").focus();
await page.keyboard.press("Enter");
assert.equal(await page.evaluate(() => document.activeElement.id), "import-file");
const look = () => page.locator("#import button.main").click();
const rows = page.locator("#imported tbody tr");

// One row is wrong: why, and nothing is taken.
await page.locator("#import-file").setInputFiles(list('site,S1,Hospital,hospital,+1 200,"35.1, 39.1"', 'site,S2,School,school,+1 201,"95.1, 39.1"'));
await look();
await page.locator("#imported .wrong li", { hasText: "95.1" }).waitFor();
assert.equal(await page.locator("#import-go").isHidden(), true);

// What would be new is shown first, and done only then.
await page.locator("#import-file").setInputFiles(list('site,S1,<img src=x onerror=document.title=1> \u202Elatipsoh,hospital,+1 200,"35.1, 39.1"', 'site,S2,School,school,+1 201,"35.2, 39.1"'));
await look();
await until("two rows would be new", async () => (await rows.count()) === 2);
assert.match(await rows.first().textContent(), /new.*S1/s);
assert.equal(await rows.first().locator("img").count(), 0);
assert.equal(await rows.first().locator(".hidden-character").first().textContent(), "⟨U+202E⟩");
assert.equal(await page.locator("#map-items .map-row").count(), 0, "nothing is done yet");
assert.equal(await page.evaluate(() => document.activeElement.id), "import-go");
await page.keyboard.press("Enter");
await page.locator("#imported .good", { hasText: "2 / 2" }).waitFor();
await page.locator("#map-items .map-row.own").nth(1).waitFor();

// The same list with one row that is another, and one more.
await page.locator("#import-file").setInputFiles(list('site,S1,<img src=x onerror=document.title=1> \u202Elatipsoh,hospital,+1 200,"35.1, 39.1"', 'site,S2,School,school,+1 299,"35.2, 39.1"', 'site,S3,Water works,water works,+1 202,"35.3, 39.1"'));
await look();
await until("three rows are told apart", async () => (await rows.count()) === 3);
assert.match(await rows.nth(0).textContent(), /the same.*rus\/R\/1/s);
assert.match(await rows.nth(1).textContent(), /changed.*rus\/R\/2/s);
assert.match(await rows.nth(1).locator("del").textContent(), /contact: \+1 201/);
assert.match(await rows.nth(1).locator("ins").textContent(), /contact: \+1 299/);
assert.match(await rows.nth(2).textContent(), /new.*S3/s);
await accessible(page, "a file that was looked at");
await picture(page, "import-en");
await page.locator("#import-go").click();
await page.locator("#imported .good", { hasText: "2 / 2" }).waitFor();
assert.doesNotMatch(await page.title(), /^1$/);

// In Arabic, as own plans.
await page.keyboard.press("Escape");
await page.locator("#language").selectOption("ar");
await page.locator(".language button").click();
await page.locator("html[dir=rtl]").waitFor();
await page.locator("#import-new").click();
await page.locator("#import-as").selectOption("plans");
await page.locator("#import-file").setInputFiles(list('site,P1,Ours,store,+1 203,"35.4, 39.1"'));
await look();
await until("one row would be new", async () => (await rows.count()) === 1);
await accessible(page, "a file in Arabic");
await page.locator("#import-go").click();
await page.locator("#map-items .map-row.plan", { hasText: "Ours" }).waitFor();
sound();
await chrome.close();
