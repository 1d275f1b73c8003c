//! The register against looking at everything: puts, amendments, withdrawals, expiries and questions in any order,
//! with volumes of every size, everywhere on the globe.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use std::collections::BTreeMap;

use detente_airspace::altitude::{Band, Datum, Ground, Limit};
use detente_airspace::area::Area;
use detente_airspace::fault::Fault;
use detente_airspace::position::Position;
use detente_airspace::register::{Found, Register, Tally};
use detente_airspace::separation::Separation;
use detente_airspace::span::{LAST_MS, Span};
use detente_airspace::verdict::{Verdict, verdict};
use detente_airspace::volume::Volume;
use dice::Dice;

mod dice;

const DEGREE: i64 = 10_000_000;
const HOUR: u64 = 3_600_000;

/// An area of a few corners around a middle; around a pole, across the antimeridian, or a single position too.
fn area(dice: &mut Dice, middle: (i64, i64), radius: i64) -> Area {
    let lon = |lon: i64| (lon + 180 * DEGREE).rem_euclid(360 * DEGREE) - 180 * DEGREE;
    let at = |lat: i64, east: i64| Position {
        lat: lat.clamp(-90 * DEGREE, 90 * DEGREE) as i32,
        lon: lon(east) as i32,
    };
    if dice.below(12) == 0 {
        return Area::point(at(middle.0, middle.1)).unwrap();
    }
    if middle.0.abs() > 75 * DEGREE && dice.below(2) == 0 {
        let lat = middle.0.clamp(-89 * DEGREE, 89 * DEGREE);
        let cap = [0, 90, 180, -90].map(|east| at(lat, east * DEGREE + middle.1));
        return Area::turned(&cap, &[]).unwrap();
    }
    loop {
        let count = 3 + dice.below(6);
        let corners: Vec<Position> = (0..count)
            .map(|corner| {
                let angle = (corner as f64 + 0.9 * dice.unit()) / count as f64 * core::f64::consts::TAU;
                let (up, along) = (radius as f64 * angle.sin(), radius as f64 * angle.cos());
                at(middle.0 + up as i64, middle.1 + along as i64)
            })
            .collect();
        if let Ok(area) = Area::turned(&corners, &[]) {
            return area;
        }
    }
}

fn volume(dice: &mut Dice) -> Volume {
    // Crowds in a few places, so that there is something to find.
    let crowds = [(33, 36), (34, 36), (0, 180), (5, -179), (88, 10), (90, -120), (-89, 60), (45, 0)];
    let (lat, lon) = crowds[dice.below(crowds.len())];
    let spread = |dice: &mut Dice| dice.within(-2 * DEGREE, 2 * DEGREE);
    let middle =
        ((lat * DEGREE + spread(dice)).clamp(-90 * DEGREE, 90 * DEGREE), lon * DEGREE + spread(dice));
    let radius = [500, 50_000, 900_000, 1_900_000, 15_000_000, 300_000_000][dice.below(6)];
    let place = area(dice, middle, radius);
    let from = dice.roll() % (7 * 24 * HOUR);
    let span = match dice.below(8) {
        0 => Span::since(from),
        1 => Span::new(from, from + dice.roll() % (400 * 24 * HOUR)),
        2 => Span::new(from, LAST_MS),
        _ => Span::new(from, from + dice.roll() % (8 * HOUR)),
    };
    let datums = [Datum::Wgs84, Datum::Amsl, Datum::Agl];
    let (low, thick) = (dice.within(-500_000, 16_000_000), dice.within(0, 3_000_000));
    let datum = datums[dice.below(3)];
    let limit = |mm: i64, datum: Datum| Some(Limit { mm: mm as i32, datum });
    let band = match dice.below(6) {
        0 => Band::ALL,
        1 => Band::new(limit(low, datum), None, None).unwrap(),
        2 => Band::new(
            limit(low, Datum::Agl),
            limit(low + thick, Datum::Amsl),
            Some(Ground { lowest_mm: 0, highest_mm: 600_000 }),
        )
        .unwrap(),
        _ => Band::new(limit(low, datum), limit(low + thick, datum), None).unwrap(),
    };
    let volume = Volume::new(place, band, span.unwrap());
    if dice.below(4) != 0 {
        return volume;
    }
    let ring = if dice.below(2) == 0 { vec![area(dice, middle, radius * 2)] } else { Vec::new() };
    let distance = if ring.is_empty() { 0 } else { 1_000 };
    volume.with_separation(Separation::new(distance, ring, 300_000, HOUR).unwrap())
}

/// What the register should hold: by key, each volume with its number.
type Model = BTreeMap<u64, Vec<(u32, Volume)>>;

fn brute(all: &Model, asked: &Volume) -> Vec<Found<u64>> {
    let each = all.iter().flat_map(|(key, volumes)| volumes.iter().map(move |one| (*key, one)));
    each.filter_map(|(key, (number, one))| {
        let verdict = verdict(asked, one);
        (verdict != Verdict::Clear).then_some(Found { key, number: *number, verdict })
    })
    .collect()
}

/// Whether a volume ended before a moment, with the time after it that it asks for.
fn ended(volume: &Volume, now: u64) -> bool {
    let room = volume.separation.as_ref().map_or(0, |separation| separation.time_ms());
    volume.span.end_ms().is_some_and(|end| (end + room).min(LAST_MS) < now)
}

#[test]
fn nothing_is_missed_and_nothing_made_up() {
    let mut dice = Dice(1);
    let mut register = Register::new(10_000, 7);
    let mut all = Model::new();
    let (mut now, mut found_in_all, mut expired) = (0, 0, 0);
    for round in 0..6_000 {
        match dice.below(40) {
            0..24 => {
                let key = dice.roll() % 2_000;
                let some: Vec<Volume> = (0..=dice.below(3)).map(|_| volume(&mut dice)).collect();
                register.put(key, some.clone()).unwrap();
                all.insert(key, (0..).zip(some).collect());
            }
            24..28 => {
                let key = dice.roll() % 2_000;
                assert_eq!(register.remove(key), all.remove(&key).map_or(0, |some| some.len()));
            }
            28 => {
                now += dice.roll() % HOUR;
                let before = register.len();
                let removed = register.expire(now);
                assert_eq!(before - register.len(), removed);
                all.values_mut().for_each(|some| some.retain(|(_, volume)| !ended(volume, now)));
                all.retain(|_, some| !some.is_empty());
                expired += removed;
            }
            _ => {
                let asked = volume(&mut dice);
                let mut found = Vec::new();
                register.check(&asked, &mut found);
                found.sort_unstable();
                assert_eq!(found, brute(&all, &asked), "round {round}: {asked:?}");
                found_in_all += found.len();
            }
        }
        assert_eq!(register.len(), all.values().map(Vec::len).sum::<usize>(), "round {round}");
    }
    assert!(found_in_all > 20_000, "{found_in_all} found: the places are too empty to show anything");
    assert!(expired > 1_000, "{expired} expired: too few to show anything");
    assert!(register.keys().eq(all.keys().copied()));
    for (key, some) in all {
        assert!(register.volumes(key).eq(some.into_iter().map(|(_, volume)| volume)));
        register.remove(key);
    }
    assert!(register.is_empty());
}

#[test]
fn groups_that_are_not_wanted_are_left_out_and_a_tally_counts_each_two_once() {
    let mut dice = Dice(8);
    let mut register = Register::new(usize::MAX, 7);
    let mut all = BTreeMap::new();
    let minds = |one: u16, other: u16| one != other && one + other != 3;
    for _ in 0..1_200 {
        let (key, group) = (dice.roll() % 500, dice.below(4) as u16);
        let some: Vec<Volume> = (0..=dice.below(3)).map(|_| volume(&mut dice)).collect();
        register.put_in(group, key, some.clone()).unwrap();
        all.insert(key, (group, some));
        if dice.below(3) == 0 {
            let gone = dice.roll() % 500;
            register.remove(gone);
            all.remove(&gone);
        }
    }
    let mut counts = BTreeMap::new();
    let mut found_in_all = 0;
    for (key, (group, some)) in &all {
        assert_eq!(register.group(*key), Some(*group));
        for asked in some {
            let mut found = Vec::new();
            register.check_among(asked, |other| minds(*group, other), &mut found);
            found.sort_unstable();
            let others = all.iter().filter(|(_, (other, _))| minds(*group, *other));
            let model = others.map(|(key, (_, some))| (*key, (0..).zip(some.clone()).collect())).collect();
            assert_eq!(found, brute(&model, asked));
            for one in &found {
                assert_eq!(register.found(one).as_ref(), all[&one.key].1.get(one.number as usize));
            }
            found_in_all += found.len();
            if !found.is_empty() {
                *counts.entry(*key).or_insert(0) += found.len() as u64;
            }
        }
    }
    assert!(found_in_all > 2_000, "{found_in_all} found: the places are too empty to show anything");
    let places = register.places();
    assert_eq!(places.len(), register.len());
    for parts in [1, 7, places.len()] {
        let tallies = places.chunks(parts).map(|part| {
            let mut tally = Tally::default();
            register.tally(part, minds, &mut tally);
            tally
        });
        let tally = tallies.fold(Tally::default(), Tally::and);
        assert_eq!(register.tallied(&tally).collect::<BTreeMap<_, _>>(), counts, "parts of {parts}");
    }
    // Volumes under one key never count, whatever is minded.
    let mut alone = Register::new(usize::MAX, 7);
    let some = volume(&mut dice);
    alone.put(1, [some.clone(), some]).unwrap();
    let mut tally = Tally::default();
    alone.tally(&alone.places(), |_, _| true, &mut tally);
    assert_eq!(alone.tallied(&tally).count(), 0);
}

#[test]
fn a_question_about_everything_finds_everything() {
    let mut dice = Dice(2);
    let mut register = Register::new(usize::MAX, 0);
    for key in 0..500_u64 {
        register.put(key, [volume(&mut dice)]).unwrap();
    }
    let at = |lat: i64, lon: i64| Position { lat: (lat * DEGREE) as i32, lon: (lon * DEGREE) as i32 };
    let world = [
        at(-90, -180),
        at(-90, -60),
        at(-90, 60),
        at(-90, 179),
        at(90, 179),
        at(90, 60),
        at(90, -60),
        at(90, -180),
    ];
    let most = Volume::new(Area::new(&world, &[]).unwrap(), Band::ALL, Span::since(0).unwrap());
    let mut found = Vec::new();
    register.check(&most, &mut found);
    let outside = |key: u64| {
        let bounds = register.volumes(key).next().unwrap().area.bounds();
        bounds.west > 1_790_000_000 && bounds.east < 1_800_000_000
    };
    let missing = (0..500).filter(|key| !found.iter().any(|one| one.key == *key)).collect::<Vec<_>>();
    assert!(missing.iter().all(|key| outside(*key)), "{missing:?}");
    assert!(missing.len() < 100);
}

#[test]
fn a_full_register_stays_as_it_was() {
    let mut dice = Dice(3);
    let mut register = Register::new(2, 0);
    let mut some = || volume(&mut dice);
    register.put(1, [some(), some()]).unwrap();
    assert_eq!(register.put(2, [some()]), Err(Fault::Full { most: 2 }));
    assert_eq!(register.len(), 2);
    register.put(1, [some()]).unwrap();
    register.put(2, [some()]).unwrap();
    assert_eq!(register.keys().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn memory_does_not_grow_with_amendments() {
    let mut dice = Dice(4);
    let mut register = Register::new(1_000, 0);
    let mut sizes = Vec::new();
    for round in 0..40_000_u64 {
        register.put(round % 1_000, [volume(&mut dice)]).unwrap();
        if round % 10_000 == 9_999 {
            let (own, corners) = register.bytes();
            sizes.push(own + corners);
        }
    }
    assert!(sizes[3] < sizes[0] * 2, "{sizes:?}");
}

#[test]
fn what_is_in_force_somewhere() {
    let mut dice = Dice(5);
    let mut register = Register::new(usize::MAX, 0);
    let mut all = Model::new();
    for key in 0..1_500_u64 {
        let one = volume(&mut dice);
        register.put(key, [one.clone()]).unwrap();
        all.insert(key, vec![(0, one)]);
    }
    let mut found_in_all = 0;
    for _ in 0..500 {
        let some = &all[&(dice.roll() % 1_500)][0].1;
        let position = some.area.rings().next().unwrap().next().unwrap();
        let at_ms = some.span.from_ms();
        let mut found: Vec<u64> = register.at(position, at_ms).unwrap().map(|(key, _)| key).collect();
        found.sort_unstable();
        let there = |volume: &Volume| {
            volume.area.holds(position) && volume.span.from_ms() <= at_ms && at_ms <= volume.span.until_ms()
        };
        let expected: Vec<u64> =
            all.iter().filter(|(_, some)| there(&some[0].1)).map(|(key, _)| *key).collect();
        assert_eq!(found, expected, "{position:?} at {at_ms}");
        found_in_all += found.len();
    }
    assert!(found_in_all > 1_000, "{found_in_all}");
    assert!(register.at(Position { lat: 900_000_001, lon: 0 }, 0).is_err());
    assert!(register.at(Position::default(), LAST_MS + 1).is_err());
}

/// An entry's name: a book and a number, and whose line it is.
type Name = (u64, u64, u64);

#[test]
fn volumes_under_long_keys_are_cheap_and_large_ones_are_counted() {
    let mut dice = Dice(6);
    let mut register: Register<Name> = Register::new(usize::MAX, 0);
    let count = 20_000;
    for key in 0..count {
        let radius = 1_000_000;
        let middle = (dice.within(30 * DEGREE, 40 * DEGREE), dice.within(35 * DEGREE, 45 * DEGREE));
        let from = dice.roll() % (7 * 24 * HOUR);
        let span = Span::new(from, from + HOUR).unwrap();
        let place = loop {
            let place = area(&mut dice, middle, radius);
            if place.corners() > 2 {
                break place;
            }
        };
        register.put((key, 0, 0), [Volume::new(place, Band::ALL, span)]).unwrap();
    }
    let (own, _) = register.bytes();
    // The grid is hardly filled by so few: a million take less.
    assert!(own / (count as usize) < 300, "{} bytes a volume", own / count as usize);
    // A volume with a ring of 64 parts takes what its parts take.
    let part = || area(&mut Dice(7), (0, 0), 1_000_000);
    let parts: Vec<Area> = (0..64).map(|_| part()).collect();
    let corners: usize = parts.iter().map(Area::corners).sum();
    let large = Volume::new(part(), Band::ALL, Span::since(0).unwrap());
    let large = large.with_separation(Separation::new(1_000, parts, 0, 0).unwrap());
    register.put((count, 0, 0), [large]).unwrap();
    let (with, _) = register.bytes();
    assert!(with >= own + corners * size_of::<Position>(), "{own} and then {with}");
    register.remove((count, 0, 0));
    let (without, _) = register.bytes();
    assert!(without < with - corners * size_of::<Position>() + 1_000);
}
