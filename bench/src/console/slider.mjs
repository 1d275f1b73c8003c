// How long a step of the map's slider takes, from its input event to the painted frame: between a moment at which nothing is in force and one at which every volume is, there and
// back, which is the most that a step can change. Prints JSON.
import { browser, enrol, person, stations } from "../../../cli/tests/console/browser.mjs";

const [count, volumes, then] = [process.env.COUNT, process.env.VOLUMES, process.env.THEN_MS].map(Number);
const { link } = stations.rus;

const chrome = await browser();
const { page } = await person(chrome, { viewport: { width: 1440, height: 1000 } });
await enrol(page, link);
const began = Date.now();
await page.goto(`${new URL(link).origin}/lines/bench/map`);
await page.waitForFunction((wanted) => document.querySelectorAll(".volume[data-subject]").length >= wanted && document.querySelectorAll("#coasts path").length === 3, volumes);
const loaded = Date.now() - began;

const steps = await page.evaluate(async ({ count, then }) => {
  const slider = document.getElementById("moment");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const shown = () => document.querySelectorAll(".volume[data-subject]:not([visibility])").length;
  const taken = [];
  for (let step = 0; step < count; step += 1) {
    await frame();
    const at = performance.now();
    slider.value = step % 2 === 0 ? then : slider.min;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    // Painted: in the frame after the one that it is changed in.
    await frame();
    await frame();
    taken.push({ ms: performance.now() - at, shown: shown() });
  }
  return taken;
}, { count, then });
const shown = Math.max(...steps.map((step) => step.shown));
if (shown < volumes) throw new Error(`expected ${volumes} volumes to be seen, found ${shown}`);
const ascending = (values) => values.sort((one, other) => one - other);
console.log(JSON.stringify({ loaded, shown, steps: ascending(steps.map((step) => step.ms)) }));
await chrome.close();
process.exit(0);
