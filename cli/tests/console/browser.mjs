// A real Chromium with an authenticator that the browser itself simulates, for officers at their consoles.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.BROWSER_MODULES}/`);
const { chromium } = require("playwright-core");

/** Longest wait for anything, ms. */
export const PATIENCE = 60_000;

/** The stations of the test, by party: home, certificate, link, pid. */
export const stations = JSON.parse(process.env.STATIONS);

/** A command at a party's machine; gives its JSON. */
export function detente(party, ...args) {
  const env = { ...process.env, DETENTE_HOME: stations[party].home, DETENTE_LANGUAGE: "en" };
  const out = execFileSync(process.env.DETENTE, [...args, "--json"], { env, encoding: "utf8" });
  return out.trim() === "" ? null : JSON.parse(out);
}

/** The hash by which the browser knows a certificate that no authority has signed. */
function pin(path) {
  const key = new X509Certificate(readFileSync(path)).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

/** A browser that trusts the consoles of these stations. */
export async function browser() {
  const pins = Object.values(stations).map((station) => pin(station.certificate)).join(",");
  const args = ["--no-sandbox", `--ignore-certificate-errors-spki-list=${pins}`, "--autoplay-policy=user-gesture-required"];
  return chromium.launch({ executablePath: process.env.CHROMIUM, args });
}

/** A page of somebody with a passkey device of their own. What goes wrong in it fails the test. */
export async function person(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // What the page asks of a station that is not there is told by the page itself.
    if (message.type() === "error" && !/Failed to load resource|ERR_CONNECTION|net::/.test(message.text())) faults.push(message.text());
  });
  const devices = await context.newCDPSession(page);
  await devices.send("WebAuthn.enable");
  const device = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  await devices.send("WebAuthn.addVirtualAuthenticator", { options: device });
  return { page, context, sound: () => assert.deepEqual(faults, [], "the page has no fault") };
}

/** Enrols with the one-time link, and so is signed in. */
export async function enrol(page, link) {
  await page.bringToFront();
  await page.goto(link);
  // Where the page has put an officer who presses Enter; a browser does so with its first picture, which may be after it has loaded.
  await page.locator("#enrol button:focus").waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/lines\//).catch(async ({ message }) => {
    throw new Error(`${message}; the page says: ${await page.locator("#said").textContent({ timeout: 1000 }).catch(() => "nothing")}`);
  });
}

/** Holds a page to WCAG 2.2 AA, as far as a program can. */
export async function accessible(page, what) {
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const found = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), tags);
  const words = found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ").slice(0, 400)}`);
  assert.deepEqual(words, [], `${what}: nothing is in anybody's way`);
}

/** A picture of a page, beside what drives the browser: `screens/`. */
export async function picture(page, name) {
  await page.screenshot({ path: `${process.env.BROWSER_MODULES}/screens/${name}.png` });
}

/** Asks until it is so. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await ask();
    if (found) return found;
    assert.ok(Date.now() < end, `in time: ${what}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}
