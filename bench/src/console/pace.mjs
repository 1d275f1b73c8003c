// How fast a FLASH stands on an officer's page, from being asked for at the other station's socket; alone, and with more consoles open. Prints JSON.
import { readFileSync } from "node:fs";
import { request as plain } from "node:http";
import { Agent, request as secured } from "node:https";
import { browser, enrol, person, stations } from "../../../cli/tests/console/browser.mjs";

const count = Number(process.env.COUNT);
const { certificate, link } = stations.rus;
const { origin, hostname, port } = new URL(link);
const ca = readFileSync(certificate);

/** A call at a station's socket; gives its JSON. */
function ask(socketPath, path, body) {
  return new Promise((done, failed) => {
    const sent = plain({ socketPath, method: "POST", path, headers: { "content-type": "application/json" } }, (answer) => {
      let text = "";
      answer.on("data", (part) => { text += part; });
      answer.on("end", () => (answer.statusCode === 200 ? done(JSON.parse(text)) : failed(new Error(text))));
    });
    sent.on("error", failed);
    sent.end(JSON.stringify(body));
  });
}

const chrome = await browser();
const { page, context } = await person(chrome);
await enrol(page, link);
const cookies = (await context.cookies()).map((cookie) => `${cookie.name}=${cookie.value}`).join("; ");

// The first load, of an officer whose browser remembers nothing.
const devices = await context.newCDPSession(page);
await devices.send("Network.enable");
await devices.send("Network.clearBrowserCache");
let loaded = 0;
devices.on("Network.loadingFinished", (event) => { loaded += event.encodedDataLength; });
const began = Date.now();
await page.goto(`${origin}/lines/bench`);
await page.locator(".standing").waitFor();
const firstLoad = { bytes: loaded, ms: Date.now() - began };

await page.evaluate(() => {
  const alarm = document.getElementById("alarm");
  globalThis.seen = new Map();
  const look = () => {
    if (alarm.hidden) return;
    const names = alarm.textContent.match(/usa\/Z\/\d+/g) ?? [];
    // Painted: in the frame after the one that it is changed in.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      for (const name of names) if (!globalThis.seen.has(name)) globalThis.seen.set(name, performance.timeOrigin + performance.now());
    }));
  };
  new MutationObserver(look).observe(alarm, { childList: true, characterData: true, attributes: true, subtree: true });
});

/** From being asked for to being painted, ms, ascending. */
async function pace() {
  const taken = [];
  for (let round = 0; round < count; round += 1) {
    const at = performance.timeOrigin + performance.now();
    const { entry } = await ask(stations.usa.socket, "/v1/lines/bench/entries", { kind: "message", precedence: "Z", text: `Round ${round}: stop.` });
    const painted = await page.waitForFunction((name) => globalThis.seen.get(name), entry, { polling: 20 });
    taken.push((await painted.jsonValue()) - at);
    await ask(stations.rus.socket, "/v1/lines/bench/entries", { kind: "acknowledgement", regards: [entry] });
    await page.locator("#alarm").waitFor({ state: "hidden" });
  }
  return taken.sort((one, other) => one - other);
}

/** One more console: it follows the stream and has its board made anew, as a page does, and shows it to nobody. */
function follower() {
  const agent = new Agent({ ca, keepAlive: true });
  const headers = { cookie: cookies };
  let under = false;
  const renew = () => {
    if (under) return;
    under = true;
    secured({ hostname, port, path: "/lines/bench/board", headers: { ...headers, "detente-part": "1" }, agent }, (answer) => {
      answer.on("data", () => {});
      answer.on("end", () => { under = false; });
      answer.on("error", () => {});
    }).on("error", () => {}).end();
  };
  return new Promise((open, failed) => {
    const stream = secured({ hostname, port, path: "/v1/lines/bench/events?beat_ms=1000", headers, agent }, (answer) => {
      open(() => agent.destroy());
      answer.on("data", (part) => { if (/event: (entry|receipted)/.test(part)) renew(); });
      answer.on("error", () => {});
    });
    stream.on("error", failed);
    stream.end();
  });
}

const alone = await pace();
const others = await Promise.all(Array.from({ length: 49 }, follower));
const beside = await pace();
for (const end of others) end();
console.log(JSON.stringify({ firstLoad, alone, beside }));
await chrome.close();
process.exit(0);
