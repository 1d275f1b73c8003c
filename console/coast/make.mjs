// Makes ../assets/land.svg: where land and sea meet, and nothing else; no borders, no names.
//   npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz && node make.mjs package/land-50m.json > ../assets/land.svg
// The data are Natural Earth's land at 1:50,000,000, in the public domain, as the npm package world-atlas carries them.
import { readFileSync } from "node:fs";

const RADIUS = 6_378_137;
/** The latitude at which Web Mercator is a square. */
const MOST = 85.0511;
/** How far the line may stray from the data, and what the numbers count, m at the equator. */
const STRAY = 4_000;
const UNIT = 1_000;

const { transform, arcs, objects } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const [[sx, sy], [tx, ty]] = [transform.scale, transform.translate];

function mercator([longitude, latitude]) {
  const within = Math.max(-MOST, Math.min(MOST, latitude));
  return [(longitude * Math.PI * RADIUS) / 180 / UNIT, (-RADIUS * Math.log(Math.tan(Math.PI / 4 + (within * Math.PI) / 360))) / UNIT];
}

const lines = arcs.map((arc) => {
  let [x, y] = [0, 0];
  return arc.map(([dx, dy]) => { x += dx; y += dy; return mercator([x * sx + tx, y * sy + ty]); });
});

/** A ring of arcs; one that is less than 0 runs backwards. */
function ring(numbers) {
  const points = [];
  for (const number of numbers) {
    const line = number < 0 ? lines[~number].toReversed() : lines[number];
    points.push(...(points.length > 0 ? line.slice(1) : line));
  }
  return whole(points);
}

/** One that crosses the date line goes on beyond it; along the foot of the map it does not. */
function whole(points) {
  const side = (Math.PI * RADIUS) / UNIT;
  let turns = 0;
  return points.map(([x, y], index) => {
    const [before, last] = points[Math.max(0, index - 1)];
    if (Math.min(y, last) < side - UNIT && Math.abs(x - before) > side) turns += x > before ? -2 * side : 2 * side;
    return [x + turns, y];
  });
}

/** Douglas and Peucker: leaves out what strays less than is seen. */
function simpler(points, most) {
  const kept = new Set([0, points.length - 1]);
  const parts = [[0, points.length - 1]];
  while (parts.length > 0) {
    const [first, last] = parts.pop();
    const [[ax, ay], [bx, by]] = [points[first], points[last]];
    const [dx, dy] = [bx - ax, by - ay];
    const length = Math.hypot(dx, dy);
    let [furthest, at] = [most, -1];
    for (let index = first + 1; index < last; index += 1) {
      const [px, py] = points[index];
      const off = length === 0 ? Math.hypot(px - ax, py - ay) : Math.abs((px - ax) * dy - (py - ay) * dx) / length;
      if (off > furthest) [furthest, at] = [off, index];
    }
    if (at >= 0) { kept.add(at); parts.push([first, at], [at, last]); }
  }
  return points.filter((_, index) => kept.has(index));
}

let path = "";
for (const polygon of objects.land.geometries.flatMap((one) => (one.type === "MultiPolygon" ? one.arcs : [one.arcs]))) {
  for (const numbers of polygon) {
    const rounded = simpler(ring(numbers), STRAY / UNIT).map(([x, y]) => [Math.round(x), Math.round(y)]);
    const points = rounded.filter(([x, y], index) => index === 0 || x !== rounded[index - 1][0] || y !== rounded[index - 1][1]).slice(0, -1);
    if (points.length < 3) continue;
    let [x, y] = points[0];
    path += `M${x} ${y}l`;
    path += points.slice(1).map(([px, py]) => { const step = `${px - x} ${py - y}`; [x, y] = [px, py]; return step; }).join(" ");
    path += "z\n";
  }
}
console.log(`<!-- Land, in km of Web Mercator, y to the south. Made by console/coast/make.mjs of Natural Earth's land at 1:50,000,000
     (https://www.naturalearthdata.com, public domain), from the npm package world-atlas 2.0.2 (ISC). It has no borders and no names. -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20038 -20038 40076 40076"><path id="land" d="${path.trim().replaceAll(" -", "-")}"/></svg>`);
