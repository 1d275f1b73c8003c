// Who is let in, and who is not: requests that no page of the console would make, each with the answer that it deserves.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { browser, detente, enrol, person, stations, until } from "./browser.mjs";

const { certificate, link } = stations.rus;
const { origin, hash } = new URL(link);
const ca = readFileSync(certificate);

/** One request, with what it is told alone: status, headers, body. */
function ask(method, path, { headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    const { hostname, port } = new URL(origin);
    const sent = request({ hostname, port, method, path, ca, headers, servername: hostname }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        let said = null;
        try { said = JSON.parse(text); } catch { /* a page */ }
        done({ status: answer.statusCode, headers: answer.headers, text, said });
      });
    });
    sent.on("error", failed);
    sent.end(body);
  });
}

async function refused(status, error, method, path, options) {
  const answer = await ask(method, path, options);
  assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  assert.equal(answer.said.error, error, answer.text);
  for (const field of ["what", "expected", "found", "hint"]) assert.ok(answer.said[field] !== "", `${field}: ${answer.text}`);
}

const chrome = await browser();
const { page, context } = await person(chrome);
await enrol(page, link);
const cookies = await context.cookies();
const session = cookies.find((cookie) => cookie.name === "__Host-detente");
assert.deepEqual([session.httpOnly, session.secure, session.sameSite, session.path], [true, true, "Strict", "/"]);
const cookie = `__Host-detente=${session.value}`;
const csrf = await page.locator('meta[name="csrf"]').getAttribute("content");
const here = { cookie, origin, "detente-csrf": csrf, "content-type": "application/json" };
const message = (text) => JSON.stringify({ kind: "message", text });
const entries = "/v1/lines/syria/entries";

// Nobody in particular.
await refused(401, "NotSignedIn", "GET", "/v1/station");
await refused(401, "NotSignedIn", "GET", "/v1/station", { headers: { cookie: "__Host-detente=guess" } });
await refused(401, "NotSignedIn", "POST", entries, { headers: { ...here, cookie: "" }, body: message("nobody") });
assert.equal((await ask("GET", "/lines/syria")).headers.location, "/sign-in");

// Another page than the console's, or another name for it.
await refused(403, "OtherOrigin", "GET", "/v1/station", { headers: { ...here, host: "evil.example" } });
await refused(403, "OtherOrigin", "POST", entries, { headers: { ...here, origin: "https://evil.example" }, body: message("forged") });
await refused(403, "OtherOrigin", "POST", entries, { headers: { ...here, origin: "null" }, body: message("forged") });
const { origin: _, ...without } = here;
await refused(403, "OtherOrigin", "POST", entries, { headers: without, body: message("forged") });
await refused(403, "OtherOrigin", "POST", entries, { headers: { ...here, "detente-csrf": "" }, body: message("forged") });
await refused(403, "OtherOrigin", "POST", entries, { headers: { ...here, "detente-csrf": `${csrf}x` }, body: message("forged") });

// Herself, beyond her role or her lines.
await refused(403, "NotYourRole", "POST", entries, { headers: here, body: JSON.stringify({ kind: "suspends", reason: "no" }) });
await refused(403, "NotYourRole", "POST", entries, { headers: here, body: JSON.stringify({ kind: "vote", choice: "for" }) });
await refused(403, "NotYourRole", "GET", "/v1/officers", { headers: here });
await refused(403, "NotYourRole", "GET", "/v1/audit", { headers: here });
await refused(403, "NotYourRole", "POST", "/v1/clock", { headers: here, body: "{}" });
await refused(403, "NotYourLine", "GET", "/v1/lines/other/inbox", { headers: here });
await refused(403, "NotYourLine", "GET", "/v1/lines/other%2f..%2fsyria/inbox", { headers: here });
assert.equal((await ask("GET", "/v1/lines/%73yria", { headers: here })).status, 200, "the same line in other letters");
await refused(413, "TooLarge", "POST", entries, { headers: { ...here, "content-length": 200_000 }, body: " ".repeat(200_000) });

// Within it.
const sent = await ask("POST", entries, { headers: here, body: message("in order") });
assert.equal(sent.status, 200, sent.text);
const books = detente("rus", "record", "books");
assert.ok(!JSON.stringify(books).includes("rus/A"), "nothing that was refused was written");

// Files of the console and no others; pages that may do nothing but what is theirs.
for (const path of ["/assets/../console.key", "/assets/%2e%2e%2fconsole.key", "/assets/console.key", "/assets/..%5cconsole.key"]) {
  const answer = await ask("GET", path);
  assert.ok(!answer.text.includes("PRIVATE KEY") && answer.status >= 300, path);
}
const front = await ask("GET", "/sign-in");
assert.match(front.headers["content-security-policy"], /^default-src 'none'; .*require-trusted-types-for 'script'/);
assert.equal(front.headers["cache-control"], "no-store");
for (const back of ["//evil.example/", "https://evil.example/", "/\\evil.example/"]) {
  assert.equal((await ask("GET", `/language?to=fr&back=${encodeURIComponent(back)}`)).headers.location, "/", back);
}

// A link is good once; a ceremony too; and nobody tries for ever.
const begin = (invitation) => ({ headers: { origin, "content-type": "application/json" }, body: JSON.stringify({ invitation }) });
await refused(401, "NotSignedIn", "POST", "/enrol/begin", begin(hash.slice(1)));
await refused(401, "NotSignedIn", "POST", "/enrol/begin", begin(""));
let last = 0;
for (let count = 0; count < 40 && last !== 429; count += 1) last = (await ask("POST", "/enrol/begin", begin("guess"))).status;
assert.equal(last, 429);

// Whoever is dismissed is out at once, with the page open.
detente("rus", "officer", "end", "Anna");
await refused(401, "NotSignedIn", "GET", "/v1/station", { headers: here });
await refused(401, "NotSignedIn", "POST", entries, { headers: here, body: message("after the end") });
detente("usa", "send", "--precedence", "flash", "Is anybody there?");
await page.waitForURL(/\/sign-in$/);
await until("her page is left", async () => (await page.locator("#board").count()) === 0);
await chrome.close();
