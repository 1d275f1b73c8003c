#!/usr/bin/env python3
"""Writes the vectors of spec/airspace.md, from the specification alone and the standard library.

It shares no code with the implementation that is checked against its output: whole numbers and fractions, points of
edges found by solving for them, winding numbers instead of crossings. Run it from anywhere; it writes
`airspace/*.json` beside itself, the same bytes every time. README.md says how to read them.
"""

import json
import math
import pathlib
import random
from fractions import Fraction
from math import ceil, floor

OUT = pathlib.Path(__file__).parent / "airspace"
QUARTER, HALF, TURN = 900_000_000, 1_800_000_000, 3_600_000_000
LAST = 253_402_300_799_999
DEG = 10_000_000
WGS84, AMSL, AGL = 0, 1, 2
ANYWHERE = (-500_000, 9_000_000)


class Refused(Exception):
    pass


def around(x):
    return (x + HALF) % TURN - HALF


# --- CBOR, as far as it is needed ---------------------------------------------------------------------------------


def head(major, n):
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor(x):
    if isinstance(x, int):
        return head(0, x) if x >= 0 else head(1, -1 - x)
    if isinstance(x, (list, tuple)):
        return head(4, len(x)) + b"".join(map(cbor, x))
    if isinstance(x, dict):
        return head(5, len(x)) + b"".join(cbor(k) + cbor(v) for k, v in sorted(x.items()))
    raise TypeError(x)


# --- Areas (§4) ---------------------------------------------------------------------------------------------------


def cross(a, b, p):
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def edges(ring):
    return [(ring[i], ring[(i + 1) % len(ring)]) for i in range(len(ring))]


def on(edge, p):
    (ax, ay), (bx, by) = edge
    inside = min(ax, bx) <= p[0] <= max(ax, bx) and min(ay, by) <= p[1] <= max(ay, by)
    return inside and cross(*edge, p) == 0


def common(one, two):
    """The points of two edges that bound what they have in common."""
    found = [p for p in one if on(two, p)] + [p for p in two if on(one, p)]
    (ax, ay), (bx, by) = one
    (cx, cy), (dx, dy) = two
    down = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if down:
        t = Fraction((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx), down)
        u = Fraction((cx - ax) * (by - ay) - (cy - ay) * (bx - ax), down)
        if 0 <= t <= 1 and 0 <= u <= 1:
            found.append((ax + t * (bx - ax), ay + t * (by - ay)))
    return found


def winding(ring, p):
    """None on the ring, else how often it runs around p."""
    if any(on(edge, p) for edge in edges(ring)):
        return None
    n = 0
    for a, b in edges(ring):
        if a[1] <= p[1] < b[1] and cross(a, b, p) > 0:
            n += 1
        if b[1] <= p[1] < a[1] and cross(a, b, p) < 0:
            n -= 1
    return n


def unroll(ring, corners, hole):
    if len(corners) < 3 and not (len(corners) == 1 and not hole) or len(corners) > 1024:
        raise Refused("Corners")
    for lat, lon in corners:
        if abs(lat) > QUARTER or abs(lon) > HALF:
            raise Refused("Position")
    x = around(corners[0][1])
    if len(corners) == 1:
        return [(x, corners[0][0])]
    start, points = x, []
    for (lat, lon), (lat2, lon2) in edges(corners):
        step = around(lon2 - lon)
        if step == -HALF:
            raise Refused("WhichWay")
        if (lat, 0) == (lat2, step):
            raise Refused("ZeroEdge")
        points.append((x, lat))
        x += step
    turned = x - start
    if abs(turned) > TURN:
        raise Refused("Wide")
    if turned:
        north, south = all(p[1] > 0 for p in points), all(p[1] < 0 for p in points)
        if hole or not (north or south):
            raise Refused("Pole")
        pole = QUARTER if north else -QUARTER
        points += [(start + turned, corners[0][0]), (start + turned, pole), (start, pole)]
    xs = [p[0] for p in points]
    if max(xs) - min(xs) > TURN:
        raise Refused("Wide")
    es = edges(points)
    for i, one in enumerate(es):
        for j in range(i + 1, len(es)):
            two = es[j]
            shared = set(common(one, two))
            if j == i + 1:
                shared.discard(one[1])
            elif i == 0 and j == len(es) - 1:
                shared.discard(one[0])
            if shared:
                raise Refused("Crossing")
    twice = sum(a[0] * b[1] - a[1] * b[0] for a, b in es)
    if (twice > 0) == hole:
        raise Refused("Orientation")
    return points


def area(rings):
    if sum(map(len, rings)) > 1024 or not rings:
        raise Refused("Corners" if rings else "Bytes")
    whole = []
    for n, corners in enumerate(rings):
        points = unroll(n, corners, n > 0)
        xs = [p[0] for p in points]
        if n == 0:
            by = around(min(xs)) - min(xs)
        else:
            outer = [p[0] for p in whole[0]]
            fits = [k for k in (-TURN, 0, TURN) if min(outer) <= min(xs) + k and max(xs) + k <= max(outer)]
            if not fits:
                raise Refused("HoleOutside")
            by = fits[0]
        points = [(x + by, y) for x, y in points]
        for other in whole:
            if any(common(a, b) for a in edges(points) for b in edges(other)):
                raise Refused("RingsMeet")
        if n and not winding(whole[0], points[0]):
            raise Refused("HoleOutside")
        if any(winding(o, points[0]) or winding(points, o[0]) for o in whole[1:]):
            raise Refused("RingsMeet")
        whole.append(points)
    return whole


def has(rings, p):
    outer = winding(rings[0], p)
    return outer != 0 and all(winding(hole, p) in (None, 0) for hole in rings[1:])


def moved(rings, by):
    return [[(x + by, y) for x, y in ring] for ring in rings]


def points_in_common(one, two):
    found = [p for ring in one for p in ring if has(two, p)]
    found += [p for ring in two for p in ring if has(one, p)]
    for a in one:
        for b in two:
            for e in edges(a):
                for f in edges(b):
                    found += common(e, f)
    return found


def hull(boxes):
    if not boxes:
        return None
    boxes = [(s, around(w), n, around(w) + e - w) for s, w, n, e in boxes]
    south, north = min(b[0] for b in boxes), max(b[2] for b in boxes)
    # Every west end is tried as the beginning: the box that is left has to hold every other, moved by turns.
    best = None
    for west in sorted({b[1] for b in boxes}):
        east = west
        for _, w, _, e in boxes:
            by = 0 if w >= west else TURN
            east = max(east, e + by)
        if east - west < TURN and (best is None or east - west < best[1] - best[0]):
            best = (west, east)
    west, east = best or (-HALF, HALF)
    return (south, west, north, east)


def shared(one, two):
    boxes = []
    for k in (-TURN, 0, TURN):
        found = points_in_common(one, moved(two, k))
        if found:
            xs, ys = [p[0] for p in found], [p[1] for p in found]
            boxes.append((floor(min(ys)), floor(min(xs)), ceil(max(ys)), ceil(max(xs))))
    if boxes:
        return hull(boxes)
    for pole in (QUARTER, -QUARTER):
        if all(any(p[1] == pole for ring in a for p in ring) for a in (one, two)):
            return (pole, -HALF, pole, -HALF)
    return None


# --- Bands, spans, verdicts (§2, §3, §6, §7) -------------------------------------------------------------------------


def reaches(low, low_ground, high, high_ground, height=0):
    if low is None or high is None:
        return True
    raised = {
        (WGS84, WGS84): 0, (WGS84, AMSL): 90_000, (WGS84, AGL): high_ground[1] + 90_000,
        (AMSL, WGS84): 110_000, (AMSL, AMSL): 0, (AMSL, AGL): high_ground[1],
        (AGL, WGS84): 110_000 - low_ground[0], (AGL, AMSL): -low_ground[0], (AGL, AGL): 0,
    }[low[1], high[1]]
    return low[0] <= high[0] + raised + height


class Volume:
    def __init__(self, rings, lower=None, upper=None, ground=None, since=0, until=None, shape=None, room=None):
        self.rings, self.lower, self.upper, self.said = rings, lower, upper, ground
        self.since, self.until, self.shape, self.room = since, until, shape, room
        self.ground = ground or ANYWHERE

    def check(self):
        self.area = area(self.rings)
        if self.since > LAST or self.until is not None and not self.since <= self.until <= LAST:
            raise Refused("Span")
        for limit in (self.lower, self.upper):
            if limit and abs(limit[0]) > 2_000_000_000:
                raise Refused("Limit")
        if not ANYWHERE[0] <= self.ground[0] <= self.ground[1] <= ANYWHERE[1]:
            raise Refused("Ground")
        if not reaches(self.lower, self.ground, self.upper, self.ground):
            raise Refused("Band")
        distance, ring, self.height, self.time = self.room or (0, [], 0, 0)
        self.ring = [area(part) for part in ring]
        return self

    def wire(self):
        x = {1: [steps(ring) for ring in self.rings], 5: self.since}
        for key, value in ((2, self.lower), (3, self.upper), (4, self.said), (6, self.until), (7, self.shape)):
            if value is not None:
                x[key] = value
        if self.room:
            distance, ring, height, time = self.room
            y = {1: [distance, [[steps(r) for r in part] for part in ring]]} if ring else {}
            y.update({k: v for k, v in ((2, height), (3, time)) if v})
            x[8] = y
        return x


def steps(ring):
    flat, before = [], (0, 0)
    for lat, lon in ring:
        flat += [lat - before[0], around(lon - before[1])]
        before = (lat, lon)
    return flat


def meeting(one, two, height=0, time=0, ring=()):
    """What the second volume has in common with the first and its room, or None."""
    since = max(max(one.since - time, 0), two.since)
    ends = [min(v + t, LAST) for v, t in ((one.until, time), (two.until, 0)) if v is not None]
    if ends and since > min(ends):
        return None
    if not reaches(one.lower, one.ground, two.upper, two.ground, height):
        return None
    if not reaches(two.lower, two.ground, one.upper, one.ground, height):
        return None
    boxes = [box for box in (shared(a, two.area) for a in [one.area, *ring]) if box]
    if not boxes:
        return None
    limits = [x for x in (one.lower, one.upper, two.lower, two.upper) if x]
    widened = len({x[1] for x in limits}) > 1
    datum = WGS84 if widened or not limits else limits[0][1]
    ground = (min(one.ground[0], two.ground[0]), max(one.ground[1], two.ground[1]))

    def height_of(limit, geoid, side):
        mm, of = limit
        if not widened or of == WGS84:
            return mm
        return mm + geoid + (ground[side] if of == AGL else 0)

    lows = [height_of(v.lower, -110_000, 0) - h for v, h in ((one, height), (two, 0)) if v.lower]
    highs = [height_of(v.upper, 90_000, 1) + h for v, h in ((one, height), (two, 0)) if v.upper]
    return {
        "bounds": list(hull(boxes)),
        "span": [since, min(ends) if ends else None],
        "band": {"datum": datum, "lower": max(lows, default=None), "upper": min(highs, default=None), "widened": widened},
    }


def verdict(one, two):
    found = meeting(one, two)
    if found:
        return "conflict", found
    ways = [(a, b) for a, b in ((one, two), (two, one)) if a.room]
    ways = [x for x in (meeting(a, b, a.height, a.time, a.ring) for a, b in ways) if x]
    if not ways:
        return "clear", None
    if len(ways) == 1:
        return "within separation", ways[0]
    a, b = ways
    lower, upper = ((a["band"][k], b["band"][k]) for k in ("lower", "upper"))
    ends = (a["span"][1], b["span"][1])
    return "within separation", {
        "bounds": list(hull([tuple(a["bounds"]), tuple(b["bounds"])])),
        "span": [min(a["span"][0], b["span"][0]), None if None in ends else max(ends)],
        "band": {
            **a["band"],
            "lower": None if None in lower else min(lower),
            "upper": None if None in upper else max(upper),
        },
    }


# --- The cases ------------------------------------------------------------------------------------------------------


def box(south, west, north, east):
    return [(south, west), (south, east), (north, east), (north, west)]


def d(*corners):
    return [(round(lat * DEG), round(lon * DEG)) for lat, lon in corners]


SQUARE = box(0, 0, 10, 10)
HOLE = [(2, 2), (8, 2), (8, 8), (2, 8)]

AREAS = [
    ("a square", [SQUARE]),
    ("a position", [[(5, 5)]]),
    ("a position on the antimeridian", [[(5, -HALF)]]),
    ("a position as a hole", [SQUARE, [(5, 5)]]),
    ("two corners", [[(0, 0), (0, 1)]]),
    ("no corner", [[]]),
    ("clockwise", [SQUARE[::-1]]),
    ("a bow tie", [[(0, 0), (2, 2), (0, 2), (2, 0)]]),
    ("a corner on an edge", [[(0, 0), (0, 4), (2, 4), (0, 2), (2, 0)]]),
    ("a spike", [[(0, 0), (0, 4), (2, 4), (0, 4), (-1, 2)]]),
    ("a spike at the first corner", [[(-2, 0), (1, 0), (0, 4), (4, 0)]]),
    ("all on one line", [[(0, 0), (0, 2), (0, 4)]]),
    ("a corner twice in a row", [[(0, 0), (0, 2), (0, 2), (2, 2)]]),
    ("a corner twice across the antimeridian", [[(0, HALF - 1), (0, 1 - HALF), (0, 1 - HALF), (2, 0)]]),
    ("three corners on one line in a triangle", [[(0, 0), (0, 2), (0, 4), (4, 0)]]),
    ("a sliver", [[(0, 0), (899_999_999, 899_999_999), (900_000_000, 900_000_000)]]),
    ("a thinner sliver", [[(0, 0), (899_999_998, 899_999_999), (899_999_999, 900_000_000)]]),
    ("beyond the pole", [[(0, 0), (QUARTER + 1, 2), (2, 2)]]),
    ("half a turn of longitude", [d((0, -90), (0, 90), (1, 0))]),
    ("across the antimeridian", [d((0, 179), (0, -179), (1, -179), (1, 179))]),
    ("from the antimeridian westward", [d((0, 170), (0, -180), (1, -180), (1, 170))]),
    ("around the world between two latitudes", [d((0, -180), (0, -60), (0, 60), (0, 179), (1, 179), (1, 60), (1, -60), (1, -180))]),
    ("around the north pole", [d((80, 0), (80, 90), (80, -180), (80, -90))]),
    ("around the north pole from elsewhere", [d((80, 90), (70, -180), (80, -90), (85, 0))]),
    ("around the north pole westward", [d((80, 0), (80, -90), (80, -180), (80, 90))]),
    ("around the south pole", [d((-80, 0), (-80, -90), (-80, -180), (-80, 90))]),
    ("around the equator", [d((0, 0), (0, 90), (0, -180), (0, -90))]),
    ("around a pole across the equator", [d((10, 0), (-1, 90), (10, -180), (10, -90))]),
    ("around a pole and back past the beginning", [d((80, 0), (80, 90), (80, -180), (80, -90), (70, 20), (60, -20))]),
    ("twice around", [d((80, 0), (80, 90), (80, -180), (80, -90), (70, 0), (70, 90), (70, -180), (70, -90))]),
    ("a corner at the pole", [d((80, 0), (80, 20), (90, 10))]),
    ("an edge at the pole", [d((80, 0), (80, 20), (90, 20), (90, 0))]),
    ("a hole", [SQUARE, HOLE]),
    ("a hole anticlockwise", [SQUARE, HOLE[::-1]]),
    ("a hole that touches the exterior", [SQUARE, [(0, 2), (8, 2), (8, 8)]]),
    ("a hole outside", [SQUARE, [(20, 20), (30, 20), (30, 30)]]),
    ("a hole beside, within the longitudes", [[(0, 0), (0, 10), (10, 10)], [(7, 1), (9, 1), (9, 3)]]),
    ("a hole around the exterior", [SQUARE, [(-5, -5), (20, -5), (20, 20), (-5, 20)]]),
    ("two holes", [SQUARE, [(1, 1), (3, 1), (3, 3)], [(6, 6), (8, 6), (8, 8)]]),
    ("two holes that touch", [SQUARE, [(1, 1), (3, 1), (3, 3)], [(3, 3), (8, 3), (8, 8)]]),
    ("a hole within a hole", [box(0, 0, 100, 100), [(10, 10), (90, 10), (90, 90), (10, 90)], [(20, 20), (30, 20), (30, 30)]]),
    ("a hole across the antimeridian", [d((0, 170), (0, -170), (10, -170), (10, 170)), d((2, -175), (2, 175), (8, 175), (8, -175))]),
    ("a hole east of the antimeridian", [d((0, 170), (0, -170), (10, -170), (10, 170)), d((2, -179), (8, -179), (8, -175), (2, -175))]),
    ("a hole over a pole", [d((60, 0), (60, 90), (60, -180), (60, -90)), d((80, 0), (80, -90), (80, -180), (80, 90))]),
    ("a hole beside the pole", [d((60, 0), (60, 90), (60, -180), (60, -90)), d((70, 10), (75, 10), (75, 40), (70, 40))]),
]

HARD = [
    ("apart", [SQUARE], [box(20, 20, 30, 30)]),
    ("one corner in common", [SQUARE], [box(10, 10, 20, 20)]),
    ("corners a unit apart", [SQUARE], [box(11, 11, 20, 20)]),
    ("one edge in common", [SQUARE], [box(0, 10, 10, 20)]),
    ("part of an edge in common", [SQUARE], [box(5, 10, 15, 20)]),
    ("edges on one line, apart", [SQUARE], [box(0, 20, 10, 30)]),
    ("a corner on an edge", [SQUARE], [[(5, 10), (0, 20), (10, 20)]]),
    ("a corner a unit from a slanted edge", [[(0, 0), (0, 10), (10, 10)]], [[(6, 5), (10, 0), (11, 1)]]),
    ("a corner on a slanted edge", [[(0, 0), (0, 10), (10, 10)]], [[(5, 5), (10, 0), (11, 1)]]),
    ("one within the other", [box(0, 0, 100, 100)], [box(40, 40, 60, 60)]),
    ("the same", [SQUARE], [SQUARE]),
    ("the same, begun elsewhere", [SQUARE], [SQUARE[2:] + SQUARE[:2]]),
    ("in a hole", [SQUARE, HOLE], [box(4, 4, 6, 6)]),
    ("filling a hole", [SQUARE, HOLE], [box(2, 2, 8, 8)]),
    ("touching a hole from inside", [SQUARE, HOLE], [[(2, 5), (4, 6), (4, 4)]]),
    ("out of a hole", [SQUARE, HOLE], [[(5, 5), (5, 9), (6, 9)]]),
    ("around a hole", [SQUARE, HOLE], [box(1, 1, 9, 9)]),
    ("a hole in each", [box(0, 0, 100, 100), [(10, 10), (90, 10), (90, 90), (10, 90)]], [box(20, 20, 80, 80), [(30, 30), (70, 30), (70, 70), (30, 70)]]),
    ("a hole in each, around each other", [box(0, 0, 100, 100), [(10, 10), (90, 10), (90, 90), (10, 90)]], [box(5, 5, 95, 95), [(6, 6), (94, 6), (94, 94), (6, 94)]]),
    ("slivers that cross", [[(0, 0), (899_999_998, 899_999_999), (899_999_999, 900_000_000)]], [[(899_999_999, 0), (0, 899_999_998), (0, 899_999_999)]]),
    ("slivers side by side", [[(0, 0), (899_999_998, 899_999_999), (899_999_999, 900_000_000)]], [[(1, 0), (899_999_999, 899_999_999), (900_000_000, 900_000_000)]]),
    ("a position in an area", [SQUARE], [[(5, 5)]]),
    ("a position on an edge", [SQUARE], [[(10, 5)]]),
    ("a position beside an edge", [SQUARE], [[(11, 5)]]),
    ("a position in a hole", [SQUARE, HOLE], [[(5, 5)]]),
    ("a position on a hole's edge", [SQUARE, HOLE], [[(2, 5)]]),
    ("two positions", [[(5, 5)]], [[(5, 5)]]),
    ("two positions apart", [[(5, 5)]], [[(5, 6)]]),
    ("both sides of the antimeridian", [d((0, 170), (0, -180), (1, -180), (1, 170))], [d((0, -180), (0, -170), (1, -170), (1, -180))]),
    ("a unit from the antimeridian", [d((0, 170), (0, -180), (1, -180), (1, 170))], [[(0, 1 - HALF), (0, -1_700_000_000), (10, -1_700_000_000)]]),
    ("across the antimeridian, from the west", [d((0, 179), (0, -179), (1, -179), (1, 179))], [d((0, 178), (0, 179.5), (1, 179.5), (1, 178))]),
    ("across the antimeridian, from the east", [d((0, 179), (0, -179), (1, -179), (1, 179))], [d((0, -179.5), (0, -178), (1, -178), (1, -179.5))]),
    ("across the antimeridian, both", [d((0, 179), (0, -179), (1, -179), (1, 179))], [d((0, 179.5), (0, -178), (1, -178), (1, 179.5))]),
    ("across the antimeridian, beside", [d((0, 179), (0, -179), (1, -179), (1, 179))], [d((0, -178.9), (0, -178), (1, -178), (1, -178.9))]),
    ("a position on the antimeridian", [d((0, 179), (0, -179), (1, -179), (1, 179))], [[(5, -HALF)]]),
    ("in a cap", [d((80, 0), (80, 90), (80, -180), (80, -90))], [d((85, -10), (85, 10), (86, 0))]),
    ("over the side of a cap where it was begun", [d((80, 0), (80, 90), (80, -180), (80, -90))], [d((79, -10), (79, 10), (81, 0))]),
    ("south of a cap", [d((80, 0), (80, 90), (80, -180), (80, -90))], [d((70, -10), (70, 10), (79, 0))]),
    ("two caps", [d((80, 0), (80, 90), (80, -180), (80, -90))], [d((85, 90), (85, -180), (85, -90), (85, 0))]),
    ("a cap north, a cap south", [d((80, 0), (80, 90), (80, -180), (80, -90))], [d((-80, 0), (-80, -90), (-80, -180), (-80, 90))]),
    ("both at the pole, at other longitudes", [d((80, 0), (80, 20), (90, 10))], [d((80, 100), (80, 120), (90, 110))]),
    ("both near the pole, at other longitudes", [d((80, 0), (80, 20), (90, 10))], [d((80, 100), (80, 120), (89.9, 110))]),
    ("a cap and a position at the pole", [d((80, 0), (80, 90), (80, -180), (80, -90))], [[(QUARTER, 0)]]),
    ("at different poles", [d((80, 0), (80, 20), (90, 10))], [d((-80, 0), (-90, 10), (-80, 20))]),
    ("all around, and a bit of it", [d((0, -180), (0, -60), (0, 60), (0, 179), (1, 179), (1, 60), (1, -60), (1, -180))], [d((0.5, -1), (0.5, 1), (2, 0))]),
    ("two that go most of the way around", [d((0, -170), (0, -60), (0, 60), (0, 170), (1, 170), (1, 60), (1, -60), (1, -170))], [d((0, 10), (0, 120), (0, -120), (0, -10), (1, -10), (1, -120), (1, 120), (1, 10))]),
    ("crossing between whole coordinates", [[(0, 0), (0, 7), (5, 3)]], [[(4, 1), (1, 3), (4, 6)]]),
]

RNG = random.Random(20170421)


def star(middle, radius, count, turn):
    out = []
    for i in range(count):
        a = (i + 0.8 * RNG.random()) / count * 2 * math.pi
        r = radius * (0.3 + 0.7 * RNG.random())
        lat = max(-QUARTER, min(QUARTER, middle[0] + round(r * math.sin(a))))
        out.append((lat, around(middle[1] + turn + round(r * math.cos(a)))))
    return out


def some_area():
    """Stars of several sizes, near one another, here or on the antimeridian, some with a hole."""
    while True:
        size = RNG.choice([10, 1000, 5_000_000])
        middle = (RNG.randint(-size, size), RNG.randint(-size, size))
        rings = [star(middle, size, RNG.randint(3, 9), HALF)]
        if RNG.random() < 0.3:
            rings.append(star(middle, size // 4, 4, HALF)[::-1])
        if RNG.random() < 0.5:
            rings = [[(lat, around(lon + HALF)) for lat, lon in ring] for ring in rings]
        try:
            area(rings)
            return size, rings
        except Refused:
            continue


def write(name, spec, **lists):
    OUT.mkdir(exist_ok=True)
    lines = [f' "spec": {json.dumps(spec)}']
    for key, cases in lists.items():
        body = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
        lines.append(f' "{key}": [\n{body}\n ]')
    (OUT / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_areas():
    cases = []
    for name, rings in AREAS:
        case = {"name": name, "rings": rings}
        try:
            whole = area(rings)
            xs, ys = [p[0] for p in whole[0]], [p[1] for p in whole[0]]
            case.update(verdict="sound", bounds=[min(ys), min(xs), max(ys), max(xs)])
        except Refused as why:
            case["verdict"] = str(why)
        cases.append(case)
    write("areas", "airspace.md §4", cases=cases)


def sound(rings):
    """The rings, the exterior turned around if it has to be."""
    try:
        area(rings)
        return rings
    except Refused as why:
        assert str(why) == "Orientation", (why, rings)
        return [rings[0][::-1], *rings[1:]]


def write_pairs():
    cases = [{"name": name, "one": sound(one), "two": sound(two)} for name, one, two in HARD]
    while len(cases) < len(HARD) + 200:
        (size, one), (other, two) = some_area(), some_area()
        if size == other:
            cases.append({"name": f"made {len(cases)}", "one": one, "two": two})
    for case in cases:
        found = shared(area(case["one"]), area(case["two"]))
        case["shared"] = list(found) if found else None
    write("pairs", "airspace.md §4", cases=cases)


def some_limit():
    return (RNG.randint(-200, 1200) * 1000, RNG.choice([WGS84, AMSL, AGL]))


def write_bands():
    cases = []
    while len(cases) < 300:
        sides = []
        for _ in range(2):
            lower, upper = (some_limit() if RNG.random() < 0.8 else None for _ in range(2))
            ground = (RNG.randint(-5, 3) * 100_000, RNG.randint(4, 9) * 100_000) if RNG.random() < 0.6 else None
            sides.append(Volume([[(0, 0)]], lower, upper, ground))
        verdicts = []
        for side in sides:
            try:
                side.check()
                verdicts.append("sound")
            except Refused as why:
                verdicts.append(str(why))
        found = meeting(*sides) if verdicts == ["sound", "sound"] else None
        cases.append({
            "sides": [[v.lower, v.upper, v.said] for v in sides],
            "verdicts": verdicts,
            "shared": found and found["band"],
        })
    write("bands", "airspace.md §3, §7", cases=cases)


def some_volume():
    _, rings = RNG.choice(SMALL)
    low, high = sorted(RNG.randint(0, 30) * 100_000 for _ in range(2))
    datums = [RNG.choice([WGS84, AMSL])] * 2 if RNG.random() < 0.8 else [AGL, AMSL]
    since = RNG.randint(0, 50) * 1000
    room = None
    if RNG.random() < 0.6:
        _, around_it = RNG.choice(SMALL)
        distance = RNG.choice([0, 1_000, 500_000])
        ring = [[around_it[0]]] if distance else []
        room = (distance, ring, RNG.choice([0, 300_000]), RNG.choice([0, 5_000]))
        if room == (0, [], 0, 0):
            room = None
    return Volume(
        rings,
        (low, datums[0]) if RNG.random() < 0.9 else None,
        (high, datums[1]) if RNG.random() < 0.9 else None,
        (0, 200_000) if RNG.random() < 0.3 else None,
        since,
        since + RNG.randint(0, 20) * 1000 if RNG.random() < 0.9 else None,
        None,
        room,
    )


def write_verdicts():
    cases = []
    while len(cases) < 400:
        try:
            one, two = some_volume().check(), some_volume().check()
        except Refused:
            continue
        word, found = verdict(one, two)
        if word == "clear" and sum(case["verdict"] == "clear" for case in cases) == 150:
            continue
        back = verdict(two, one)
        assert (word, found) == back, (found, back)
        cases.append({
            "one": cbor([one.wire()]).hex(),
            "two": cbor([two.wire()]).hex(),
            "verdict": word,
            "overlap": found,
        })
    words = [case["verdict"] for case in cases]
    assert min(words.count(w) for w in ("conflict", "within separation", "clear")) > 80
    write("verdicts", "airspace.md §6, §7", cases=cases)


def write_wire():
    cases = []

    def case(name, bytes_, verdict):
        cases.append({"name": name, "bytes": bytes_.hex(), "verdict": verdict})

    def of(volume, name, verdict="sound", change=None):
        wire = volume.wire()
        if change:
            change(wire)
        case(name, cbor([wire]), verdict)

    plain = Volume([SQUARE], (0, AMSL), (1000, AMSL), None, 5, 6)
    of(plain, "a volume")
    of(Volume([SQUARE]), "all altitudes, for ever")
    of(Volume([SQUARE, HOLE], None, (5, AGL), (-1, 7), 0, LAST), "a hole, a ground, to the last moment")
    of(Volume([d((80, 0), (80, 90), (80, -180), (80, -90))]), "around a pole")
    of(Volume([d((0, 179), (0, -179), (1, -179))]), "across the antimeridian")
    of(Volume([SQUARE], shape=[1, [5, 5], 1000]), "a circle")
    of(Volume([SQUARE], shape=[2, [5, 5], [5, 9], 500_000_000]), "a leg")
    of(Volume([SQUARE], shape=[3, [steps(SQUARE), steps(HOLE)], 1000]), "around an area")
    of(Volume([SQUARE], room=(1000, [[box(-1, -1, 11, 11)], [SQUARE, HOLE]], 5, 6)), "a separation")
    of(Volume([SQUARE], room=(0, [], 5, 0)), "a separation in height")
    of(Volume([SQUARE], room=(0, [], 0, 2_678_400_000)), "a separation in time")
    case("several", cbor([plain.wire(), Volume([[(1, 2)]]).wire()]), "sound")
    case("none", cbor([]), "Many")
    case("too many", cbor([plain.wire()] * 65), "Many")
    case("as many as may be", cbor([plain.wire()] * 64), "sound")
    case("nothing", b"", "Bytes")
    case("not a list", cbor(plain.wire()), "Bytes")
    case("something after", cbor([plain.wire()]) + b"\0", "Bytes")
    case("cut short", cbor([plain.wire()])[:-1], "Bytes")
    case("a longer form", cbor([plain.wire()]).replace(b"\x05\x05\x06\x06", b"\x05\x18\x05\x06\x06"), "Bytes")
    case("keys out of order", b"\x81\xa2\x05\x00\x01" + cbor([steps(SQUARE)]), "Bytes")
    case("a key twice", b"\x81\xa3\x01" + cbor([steps(SQUARE)]) + b"\x05\x00\x05\x00", "Bytes")
    case("a list of no length", b"\x9f" + cbor(plain.wire()) + b"\xff", "Bytes")
    of(plain, "a key that is not known", "Unknown", lambda w: w.update({9: 0}))
    of(plain, "a datum that is not known", "Unknown", lambda w: w.update({2: [0, 3]}))
    of(plain, "a shape that is not known", "Unknown", lambda w: w.update({7: [4, 0]}))
    of(plain, "no area", "Bytes", lambda w: w.pop(1))
    of(plain, "no ring", "Bytes", lambda w: w.update({1: []}))
    of(plain, "no beginning", "Bytes", lambda w: w.pop(5))
    of(plain, "an odd ring", "Bytes", lambda w: w.update({1: [[0, 0, 0]]}))
    of(plain, "a step too long", "Bytes", lambda w: w.update({1: [[0, 0, 0, HALF + 1, 1, 0]]}))
    of(plain, "half a turn, eastward", "Bytes", lambda w: w.update({1: [[0, 0, 0, HALF, 1, 0]]}))
    of(plain, "half a turn, westward", "WhichWay", lambda w: w.update({1: [[0, 0, 0, -HALF, 1, 1]]}))
    of(plain, "beyond the pole", "Position", lambda w: w.update({1: [[QUARTER, 0, 1, 1, 0, -2]]}))
    of(plain, "a ring the wrong way", "Orientation", lambda w: w.update({1: [steps(SQUARE[::-1])]}))
    of(plain, "too many corners", "Corners", lambda w: w.update({1: [[0, 0] * 1025]}))
    of(plain, "ends before it begins", "Span", lambda w: w.update({6: 4}))
    of(plain, "begins after the last moment", "Span", lambda w: (w.pop(6), w.update({5: LAST + 1})))
    of(plain, "upside down", "Band", lambda w: w.update({2: [1001, AMSL]}))
    of(plain, "too high", "Limit", lambda w: w.update({3: [2_000_000_001, AMSL]}))
    of(plain, "a ground upside down", "Ground", lambda w: w.update({4: [1, 0]}))
    of(plain, "a ground too low", "Ground", lambda w: w.update({4: [-500_001, 0]}))
    of(plain, "a ground that says nothing", "Bytes", lambda w: w.update({4: list(ANYWHERE)}))
    of(plain, "a circle too small", "Distance", lambda w: w.update({7: [1, [0, 0], 999]}))
    of(plain, "a circle too large", "Distance", lambda w: w.update({7: [1, [0, 0], 500_000_001]}))
    of(plain, "a circle with a corner too many", "Bytes", lambda w: w.update({7: [1, [0, 0, 0], 1000]}))
    of(plain, "a separation of nothing", "Bytes", lambda w: w.update({8: {}}))
    of(plain, "a ring without parts", "Many", lambda w: w.update({8: {1: [1000, []]}}))
    of(plain, "a ring too narrow", "Distance", lambda w: w.update({8: {1: [999, [[steps(SQUARE)]]]}}))
    of(plain, "a ring of too many parts", "Many", lambda w: w.update({8: {1: [1000, [[steps(SQUARE)]] * 65]}}))
    of(plain, "too much height", "Distance", lambda w: w.update({8: {2: 100_000_001}}))
    of(plain, "too much time", "Distance", lambda w: w.update({8: {3: 2_678_400_001}}))
    of(plain, "a height of nothing", "Bytes", lambda w: w.update({8: {2: 0}}))
    write("wire", "airspace.md §9, §10", cases=cases)


# --- Covers (§8) ----------------------------------------------------------------------------------------------------

MAJOR, FLAT = 6_378_137.0, 1 / 298.257223563
MEAN = 6_371_008.8


def spot(lat, lon):
    """A position, in units, as a point of space, in m."""
    phi, lam = math.radians(lat / DEG), math.radians(lon / DEG)
    e2 = FLAT * (2 - FLAT)
    n = MAJOR / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    return (n * math.cos(phi) * math.cos(lam), n * math.cos(phi) * math.sin(lam), n * (1 - e2) * math.sin(phi))


def distance(one, two):
    return 2 * MEAN * math.asin(min(1, math.dist(spot(*one), spot(*two)) / (2 * MEAN)))


def along(one, two, part):
    return (one[0] + part * (two[0] - one[0]), one[1] + part * around(two[1] - one[1]))


def from_edge(p, one, two):
    """The least of many, and of ever more around it."""
    low, high = 0.0, 1.0
    for _ in range(8):
        parts = [low + (high - low) * i / 40 for i in range(41)]
        best = min(parts, key=lambda part: distance(p, along(one, two, part)))
        width = (high - low) / 20
        low, high = max(0.0, best - width), min(1.0, best + width)
    return distance(p, along(one, two, best))


def core_of(shape):
    if shape[0] == 1:
        return [(shape[1], shape[1])], None
    if shape[0] == 2:
        return [(shape[1], shape[2])], None
    return [e for ring in shape[1] for e in edges(ring)], shape[1]


def looked_at(rings):
    """Corners, and seven places between two of them, rounded half up."""
    for ring in rings:
        for one, two in edges(ring):
            for i in range(8):
                lat = one[0] + (8 + 2 * i * (two[0] - one[0])) // 16
                yield lat, one[1] + (8 + 2 * i * around(two[1] - one[1])) // 16


def holds_near(rings, p):
    whole = area(rings)
    near = [(p[0] + up, p[1] + east) for up, east in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
    return any(has(whole, (lon + k, lat)) for lat, lon in near for k in (-TURN, 0, TURN))


def doubts(shape, ppm, cover):
    """The least distance that is too short, and the greatest that is too far, in mm."""
    kernel, filled = core_of(shape)
    mm = shape[-1]
    most = mm / 1000 * (1 + ppm / 1e6)
    least_seen, most_seen = math.inf, 0.0
    for p in looked_at(cover):
        inside = filled and has(area(filled), (p[1], p[0]))
        found = 0.0 if inside else min(from_edge(p, *edge) for edge in kernel)
        least_seen, most_seen = min(least_seen, found), max(most_seen, found)
    rings = [[p for p in dict.fromkeys(edge)] for edge in kernel] if not filled else filled
    if not all(holds_near(cover, p) for p in looked_at(rings)):
        least_seen = 0.0
    short = least_seen < mm / 1000 * (1 - 0.00002) - 0.02
    excess = most_seen > most * (1 + 0.00002) + 0.07
    return {"short": round(least_seen * 1000) if short else None, "excess": round(most_seen * 1000) if excess else None}


def away(centre, angle, metres):
    """Where a straight line in the plane is so far from its beginning: by halving."""
    shrunk = max(math.cos(math.radians(centre[0] / DEG)), 1e-3)
    low, high = 0.0, metres * 200
    for _ in range(80):
        reach = (low + high) / 2
        p = (centre[0] + reach * math.sin(angle), centre[1] + reach * math.cos(angle) / shrunk)
        low, high = (reach, high) if distance(centre, p) < metres else (low, reach)
    return (round(p[0]), around(round(p[1])))


def fan(centre, metres, count, first=0.0, turn=2 * math.pi):
    """Corners so far out that edges between them are at `metres`."""
    out = metres / math.cos(math.pi / count) * 1.0002 + 0.02
    return [away(centre, first + turn * i / count, out) for i in range(count)]


def write_covers():
    cases = []

    def case(name, shape, ppm, cover):
        area(cover)
        cases.append({"name": name, "shape": shape, "tolerance_ppm": ppm, "rings": cover, **doubts(shape, ppm, cover)})

    places = {"the equator": (0, 0), "45 degrees": (45 * DEG, 10 * DEG), "the antimeridian": (-30 * DEG, HALF - 5), "the north": (80 * DEG, -3)}
    for name, centre in places.items():
        for metres in (1, 1_000, 50_000):
            shape = [1, centre, metres * 1000]
            count = 100 if metres > 1 else 16
            good = fan(centre, metres, count)
            case(f"a circle of {metres} m at {name}", shape, 10_000, [good])
            if metres > 1:
                case(f"a circle of {metres} m at {name}, cut off", shape, 10_000, [good[:5] + good[9:]])
                case(f"a circle of {metres} m at {name}, small", shape, 10_000, [fan(centre, metres * 0.99, count)])
                case(f"a circle of {metres} m at {name}, large", shape, 10_000, [fan(centre, metres * 1.02, count)])
                bulge = away(centre, math.pi, metres * 1.1)
                case(f"a circle of {metres} m at {name}, with a bulge", shape, 10_000, [good[:50] + [bulge] + good[51:]])
    case("a circle that is elsewhere", [1, (0, 0), 1_000_000], 10_000, [fan((DEG, 0), 1_000, 100)])
    one, two = (0, 0), (0, DEG)
    ends = [away(two, -math.pi / 2 + math.pi * i / 60, 2_008) for i in range(61)] + [away(one, math.pi / 2 + math.pi * i / 60, 2_008) for i in range(61)]
    case("a leg along the equator", [2, one, two, 2_000_000], 10_000, [ends])
    case("a leg that has no end", [2, one, two, 2_000_000], 10_000, [ends[:1] + ends[60:]])
    case("a leg that is longer", [2, one, (0, DEG + DEG // 2), 2_000_000], 10_000, [ends])
    small = box(-1000, -1000, 1000, 1000)
    corners = [(c, -math.pi / 2 - math.pi / 2 + math.pi / 2 * k) for k, c in enumerate([small[0], small[1], small[2], small[3]])]
    around_it = [away(c, first + math.pi / 2 * i / 20, 502) for c, first in corners for i in range(21)]
    case("around a square", [3, [small], 500_000], 10_000, [around_it])
    case("around a square, a corner left out", [3, [small], 500_000], 10_000, [around_it[:21] + around_it[42:]])
    hole = [(600, 0), (0, 600), (-600, 0), (0, -600)]
    case("around a square, with a hole in the cover", [3, [small], 500_000], 10_000, [around_it, hole])
    assert sum(case["short"] is not None for case in cases) > 8 and sum(case["excess"] is not None for case in cases) > 8
    write("covers", "airspace.md §8", cases=cases)


SMALL = [pair for pair in (some_area() for _ in range(200)) if pair[0] == 10]

write_areas()
write_pairs()
write_bands()
write_verdicts()
write_wire()
write_covers()
