//! Outlines with as few corners as they need (spec/airspace.md §8).

use alloc::vec::Vec;
use core::f64::consts::PI;

use super::earth::{Place, Run};
use super::sweep::{Dot, Plane};
use crate::position::{Position, TURN, around};

/// The widest step in longitude that an edge takes.
const WIDEST: f64 = PI * 0.97;
/// How often a fine edge is halved at most: around a pole it takes many times.
const HALVINGS: u32 = 48;

/// How far an edge may stray from the outline that it stands for, m.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// To the left, inward.
    pub(super) inward: f64,
    /// To the right, outward.
    pub(super) outward: f64,
    /// What a fine edge may stray.
    pub(super) fine: f64,
}

/// An outline as places, longitudes counted on, so close that straight edges between them stray by `fine` at most.
fn places(plane: &Plane, outline: &[Dot], fine: f64) -> Vec<Place> {
    let at = |x: f64, y: f64| plane.place(x, y);
    let mut found: Vec<Place> = Vec::with_capacity(outline.len() * 2);
    for (from, to) in outline.iter().zip(outline.iter().cycle().skip(1)) {
        let (to_x, to_y) = (to.x as f64, to.y as f64);
        let mut open = alloc::vec![(to_x, to_y, 0_u32)];
        let (mut x, mut y) = (from.x as f64, from.y as f64);
        while let Some((end_x, end_y, halved)) = open.last().copied() {
            let here = at(x, y);
            let there = at(end_x, end_y).beside(here);
            let (middle_x, middle_y) = ((x + end_x) / 2.0, (y + end_y) / 2.0);
            let stray = (here.between(there, 0.5).spot() - at(middle_x, middle_y).spot()).length();
            if stray > fine && halved < HALVINGS {
                if let Some(last) = open.last_mut() {
                    last.2 += 1;
                }
                open.push((middle_x, middle_y, halved + 1));
                continue;
            }
            open.pop();
            let place = found.last().map_or(here, |before| here.beside(*before));
            found.push(place);
            (x, y) = (end_x, end_y);
        }
    }
    found
}

/// A closed outline that can be walked more than once.
struct Walk {
    places: Vec<Place>,
    /// How far it goes around the world.
    turn: f64,
}

impl Walk {
    fn at(&self, number: usize) -> Option<Place> {
        let count = self.places.len();
        let place = self.places.get(number.checked_rem(count)?)?;
        Some(Place { lon: place.lon + (number / count) as f64 * self.turn, ..*place })
    }

    /// On which side of the line from one place to another a third one is: positive on the left.
    fn side(from: Place, to: Place, place: Place) -> f64 {
        (to.lon - from.lon) * (place.lat - from.lat) - (to.lat - from.lat) * (place.lon - from.lon)
    }

    /// Whether an edge may stand for all places between two.
    fn fits(&self, first: usize, last: usize, room: &Room) -> bool {
        let (Some(from), Some(to)) = (self.at(first), self.at(last)) else { return false };
        if (to.lon - from.lon).abs() > WIDEST {
            return false;
        }
        let run = Run::new(from, to);
        // From the middle outward, where it fails first.
        let middle = usize::midpoint(first, last);
        let outward = (middle..last).chain((first + 1..middle).rev());
        outward.filter_map(|number| self.at(number)).all(|place| {
            let most = if Self::side(from, to, place) > 0.0 { room.outward } else { room.inward };
            run.chord(place.spot(), most) < most
        })
    }

    /// Where the outline turns right most sharply: a corner that any cover has.
    fn start(&self) -> usize {
        let count = self.places.len();
        let bend = |number: usize| {
            let [Some(before), Some(here), Some(after)] =
                [number + count - 1, number + count, number + count + 1].map(|number| self.at(number))
            else {
                return 0.0;
            };
            let across = libm::cos(here.lat);
            let (one, two) = ((here.lon - before.lon) * across, (after.lon - here.lon) * across);
            let (up, on) = (here.lat - before.lat, after.lat - here.lat);
            libm::atan2(one * on - up * two, one * two + up * on)
        };
        (0..count).min_by(|one, two| bend(*one).total_cmp(&bend(*two))).unwrap_or(0)
    }
}

/// The corners of an outline, as few as there is room for.
pub(super) fn trimmed(plane: &Plane, outline: &[Dot], room: &Room) -> Vec<Position> {
    let places = places(plane, outline, room.fine);
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return Vec::new() };
    let turn = last.lon + first.beside(*last).lon - last.lon - first.lon;
    let walk = Walk { turn, places };
    let (start, count) = (walk.start(), walk.places.len());
    let end = start + count;
    let mut corners: Vec<Position> = Vec::new();
    let mut here = start;
    while here < end {
        corners.extend(walk.at(here).map(Place::rounded));
        // As far as it goes: in doubling steps, then halving.
        let (mut good, mut step) = (here + 1, 2);
        while good < end && walk.fits(here, (here + step).min(end), room) {
            good = (here + step).min(end);
            step *= 2;
        }
        let mut bad = (here + step).min(end + 1);
        while good + 1 < bad {
            let middle = usize::midpoint(good, bad);
            if walk.fits(here, middle, room) { good = middle } else { bad = middle }
        }
        here = good;
    }
    corners.dedup();
    while corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    if turn.abs() > 1.0 {
        let first = seam(&corners, turn);
        corners.rotate_left(first);
    }
    corners
}

/// The corner to begin a ring around a pole with: one that has all others within a turn of longitude ahead.
fn seam(corners: &[Position], turn: f64) -> usize {
    let turn = if turn > 0.0 { TURN } else { -TURN };
    let lons = corners.iter().zip(corners.iter().cycle().skip(1)).scan(0, |lon, (from, to)| {
        let here = *lon;
        *lon += around(i64::from(to.lon) - i64::from(from.lon));
        Some(here)
    });
    let lons: Vec<i64> = lons.collect();
    let beyond = |first: usize, begin: i64| {
        let others =
            lons.iter().enumerate().map(|(number, lon)| if number < first { lon + turn } else { *lon });
        let ahead = others.map(|lon| (lon - begin) * turn.signum());
        ahead.map(|ahead| (-ahead).max(ahead - TURN)).max()
    };
    let best = lons.iter().enumerate().min_by_key(|(first, begin)| beyond(*first, **begin));
    best.map_or(0, |(first, _)| first)
}
