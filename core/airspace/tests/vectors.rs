//! The vectors of spec/airspace.md (`vectors/airspace/*.json`), written by another implementation.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be read has failed")]

use std::path::Path;

use detente_airspace::altitude::{Band, Datum, Ground, Limit};
use detente_airspace::area::Area;
use detente_airspace::bounds::Bounds;
use detente_airspace::cover::Shape;
use detente_airspace::cover::check::{Stray, check};
use detente_airspace::fault::Fault;
use detente_airspace::position::Position;
use detente_airspace::span::Span;
use detente_airspace::verdict::{Overlap, Verdict, overlap, verdict};
use detente_airspace::volume::Volume;
use detente_airspace::wire;
use serde_json::{Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/airspace/{file}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let value: Value = serde_json::from_str(&text).unwrap();
    let cases = value["cases"].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{file}: nothing to check");
    cases
}

fn rings(value: &Value) -> Vec<Vec<Position>> {
    let number = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    let position = |at: &Value| Position { lat: number(&at[0]), lon: number(&at[1]) };
    let ring = |ring: &Value| ring.as_array().unwrap().iter().map(position).collect();
    value.as_array().unwrap().iter().map(ring).collect()
}

fn area(value: &Value) -> Result<Area, Fault> {
    let rings = rings(value);
    let slices: Vec<&[Position]> = rings.iter().map(Vec::as_slice).collect();
    Area::new(slices[0], &slices[1..])
}

fn name<T>(result: &Result<T, Fault>) -> &str {
    result.as_ref().err().map_or("sound", Fault::name)
}

fn sides(bounds: Bounds) -> Value {
    json!([bounds.south, bounds.west, bounds.north, bounds.east])
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

#[test]
fn areas() {
    for case in cases("areas") {
        let found = area(&case["rings"]);
        assert_eq!(name(&found), case["verdict"].as_str().unwrap(), "{case}");
        if let Ok(area) = found {
            assert_eq!(sides(area.bounds()), case["bounds"], "{case}");
            let again: Vec<Vec<Position>> = area.rings().map(Iterator::collect).collect();
            assert_eq!(again, rings(&case["rings"]), "{case}");
        }
    }
}

#[test]
fn pairs() {
    for case in cases("pairs") {
        let (one, two) = (area(&case["one"]).unwrap(), area(&case["two"]).unwrap());
        for (one, two) in [(&one, &two), (&two, &one)] {
            assert_eq!(one.touches(two), !case["shared"].is_null(), "{case}");
            assert_eq!(one.shared(two).map_or(Value::Null, sides), case["shared"], "{case}");
        }
    }
}

fn limit(value: &Value) -> Option<Limit> {
    let mm = i32::try_from(value.get(0)?.as_i64().unwrap()).unwrap();
    let datum = Datum::from_code(u8::try_from(value[1].as_u64().unwrap()).unwrap()).unwrap();
    Some(Limit { mm, datum })
}

fn band(value: &Value) -> Result<Band, Fault> {
    let number = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
    let ground = value[2]
        .as_array()
        .map(|ground| Ground { lowest_mm: number(&ground[0]), highest_mm: number(&ground[1]) });
    Band::new(limit(&value[0]), limit(&value[1]), ground)
}

#[test]
fn bands() {
    let place = Area::point(Position::default()).unwrap();
    let always = Span::since(0).unwrap();
    for case in cases("bands") {
        let bands = [band(&case["sides"][0]), band(&case["sides"][1])];
        assert_eq!(json!([name(&bands[0]), name(&bands[1])]), case["verdicts"], "{case}");
        let [Ok(one), Ok(two)] = bands else { continue };
        let (one, two) = (Volume::new(place.clone(), one, always), Volume::new(place.clone(), two, always));
        let found = overlap(&one, &two).1.map_or(Value::Null, |overlap| shared_band(&overlap));
        assert_eq!(found, case["shared"], "{case}");
    }
}

fn shared_band(overlap: &Overlap) -> Value {
    let band = overlap.band;
    json!({
        "datum": band.datum.code(),
        "lower": band.lower_mm,
        "upper": band.upper_mm,
        "widened": band.widened,
    })
}

#[test]
fn verdicts() {
    for case in cases("verdicts") {
        let [one, two] = ["one", "two"].map(|key| wire::decode(&bytes(&case[key])).unwrap().remove(0));
        for (one, two) in [(&one, &two), (&two, &one)] {
            let (found, overlap) = overlap(one, two);
            let word = match found {
                Verdict::Clear => "clear",
                Verdict::WithinSeparation => "within separation",
                Verdict::Conflict => "conflict",
            };
            assert_eq!(word, case["verdict"].as_str().unwrap(), "{case}");
            assert_eq!(found, verdict(one, two));
            let overlap = overlap.map_or(Value::Null, |overlap| {
                json!({
                    "bounds": sides(overlap.bounds),
                    "span": [overlap.span.from_ms(), overlap.span.end_ms()],
                    "band": shared_band(&overlap),
                })
            });
            assert_eq!(overlap, case["overlap"], "{case}");
        }
    }
}

#[test]
fn volumes_as_bytes() {
    for case in cases("wire") {
        let bytes = bytes(&case["bytes"]);
        let found = wire::decode(&bytes);
        assert_eq!(name(&found), case["verdict"].as_str().unwrap(), "{case}: {found:?}");
        if let Ok(volumes) = found {
            assert_eq!(wire::encode(&volumes), bytes, "{case}");
        }
    }
}

#[test]
fn covers() {
    let position = |value: &Value| {
        let number = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
        Position { lat: number(&value[0]), lon: number(&value[1]) }
    };
    for case in cases("covers") {
        let shape = &case["shape"];
        let mm = |at: usize| u32::try_from(shape[at].as_u64().unwrap()).unwrap();
        let shape = match shape[0].as_u64().unwrap() {
            1 => Shape::Circle { centre: position(&shape[1]), radius_mm: mm(2) },
            2 => Shape::Leg { from: position(&shape[1]), to: position(&shape[2]), half_width_mm: mm(3) },
            _ => Shape::Around { area: area(&shape[1]).unwrap(), distance_mm: mm(2) },
        };
        let whole = Volume::new(area(&case["rings"]).unwrap(), Band::ALL, Span::since(0).unwrap());
        let ppm = u32::try_from(case["tolerance_ppm"].as_u64().unwrap()).unwrap();
        let found = check(&Volume { shape: Some(shape), ..whole }, ppm);
        for (name, stray) in [("short", Stray::Short), ("excess", Stray::Excess)] {
            let found = found.iter().find(|doubt| doubt.stray == stray).map(|doubt| doubt.found_mm);
            let same = match (found, case[name].as_u64()) {
                // Both are doubles, and may differ in the last mm.
                (Some(found), Some(expected)) => found.abs_diff(expected) <= 1,
                (found, expected) => found == expected,
            };
            assert!(same, "{name}, {found:?}: {case}");
        }
    }
}

/// Whether airspace.cddl holds for every sound case, and for none that breaks a rule that CDDL can say.
#[test]
fn cddl() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/airspace.cddl");
    let rules = std::fs::read_to_string(rules).unwrap();
    // What only the text says: canonical form, order, sums, and what fits together.
    let beyond = ["Orientation", "WhichWay", "Band", "Position"];
    let beyond_too = [
        "a longer form",
        "keys out of order",
        "a key twice",
        "a list of no length",
        "ends before it begins",
        "a ground upside down",
        "a ground that says nothing",
        "an odd ring",
        "half a turn, eastward",
        "a separation of nothing",
        "something after",
    ];
    for case in cases("wire") {
        let (name, verdict) = (case["name"].as_str().unwrap(), case["verdict"].as_str().unwrap());
        let fits = cddl::validate_cbor_from_slice(&rules, &bytes(&case["bytes"]), None);
        let expected = verdict == "sound" || beyond.contains(&verdict) || beyond_too.contains(&name);
        assert_eq!(fits.is_ok(), expected, "{name}: {:?}", fits.err().map(|error| error.to_string()));
    }
}
