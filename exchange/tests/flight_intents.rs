//! The pairs of flights that InterUSS publishes for those who test traffic services, and what it says of each pair.
//!
//! Numbers and expectations: interuss/monitoring, `uss_qualifier/test_data/flight_intents/standard` (`conflicting_flights`,
//! `non_conflicting`) and the tables of the scenarios `conflict_higher_priority` and `nominal_planning`, as of 2025.
//! Written anew here; every flight goes through the F3548 reader before it is judged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use detente_airspace::area::Area;
use detente_airspace::register::Register;
use detente_airspace::span::Span;
use detente_airspace::verdict::{Verdict, verdict};
use detente_airspace::volume::Volume;
use detente_exchange::item::Shape;
use detente_exchange::reading::{Options, read};
use serde_json::{Value, json};

/// Minutes of an hour, beginning and end.
type Minutes = (u32, u32);

const USUAL: Minutes = (0, 45);

/// A flight as the standard says it: corners in 1e-5 degrees of longitude and latitude, limits in metres above WGS84.
fn intent(corners: &[(i32, i32)], (lower, upper): (f64, f64), (from, until): Minutes) -> Value {
    let vertex =
        |(lng, lat): &(i32, i32)| json!({"lng": f64::from(*lng) / 1e5, "lat": f64::from(*lat) / 1e5});
    let limit = |value: f64| json!({"value": value, "reference": "W84", "units": "M"});
    let time = |minute: u32| json!({"value": format!("2025-06-01T12:{minute:02}:00Z"), "format": "RFC3339"});
    json!({
        "volume": {
            "outline_polygon": {"vertices": corners.iter().map(vertex).collect::<Vec<_>>()},
            "altitude_lower": limit(lower),
            "altitude_upper": limit(upper),
        },
        "time_start": time(from),
        "time_end": time(until),
    })
}

/// What the reader makes of it.
fn flown(intent: &Value) -> Volume {
    let bytes = json!({"volumes": [intent], "state": "Accepted", "priority": 0}).to_string();
    let reading = read(bytes.as_bytes(), "intent.json", &Options::default()).unwrap();
    let [item] = reading.items.as_slice() else { panic!("one flight") };
    let [part] = item.parts.as_slice() else { panic!("one volume") };
    let Shape::Area(area) = &part.shape else { panic!("{:?}", part.shape) };
    Volume::new(area.clone(), part.band, part.span.unwrap())
}

/// The verdict on two, whichever is asked about and by whichever way.
fn judged(one: &Volume, two: &Volume) -> Verdict {
    let plain = verdict(one, two);
    for (asked, held) in [(one, two), (two, one)] {
        assert_eq!(verdict(asked, held), plain);
        let mut register = Register::new(1, 1);
        register.put(1, [held.clone()]).unwrap();
        let found = register.touching(asked).next().map_or(Verdict::Clear, |found| found.verdict);
        assert_eq!(found, plain, "the register agrees");
    }
    plain
}

const FLIGHT_1: [(i32, i32); 4] = [(-15, -20), (-15, 10), (50, 10), (55, -25)];
const FLIGHT_1C: [(i32, i32); 4] = [(30, -20), (30, 50), (50, 10), (55, -25)];
const FLIGHT_1M: [(i32, i32); 4] = [(10, -20), (10, 10), (50, 10), (55, -25)];
const FLIGHT_2: [(i32, i32); 4] = [(-20, 20), (0, -25), (20, 15), (0, 50)];
const FLIGHT_2M: [(i32, i32); 3] = [(-20, 20), (40, 15), (0, 50)];

#[test]
fn flights_that_must_conflict_do_and_those_that_must_not_are_clear() {
    let flight = |corners: &[(i32, i32)], band| flown(&intent(corners, band, USUAL));
    let firsts = [0.01, 0.02].map(|lower| flight(&FLIGHT_1, (lower, 30.0)));
    let modified = [-30.03, -30.05].map(|lower| flight(&FLIGHT_1M, (lower, 30.0)));
    let seconds = [-1.07, 0.08, 0.10, 0.11, 0.12].map(|lower| flight(&FLIGHT_2, (lower, 28.0)));
    let away = flight(&FLIGHT_2M, (-3.09, 50.0));
    let crossing = flight(&FLIGHT_1C, (0.06, 35.0));
    for second in &seconds {
        for first in firsts.iter().chain(&modified) {
            assert_eq!(judged(first, second), Verdict::Conflict);
        }
    }
    for first in &firsts {
        assert_eq!(judged(first, &away), Verdict::Clear);
    }
    assert_eq!(judged(&crossing, &away), Verdict::Conflict);
}

#[test]
fn flights_beside_each_other_are_clear_however_near() {
    let first = [(0, 0), (-835, 717), (-364, 939), (-101, 821)];
    let second = [(-65, 770), (316, 596), (59, -431), (-1_035, 753), (13, -25)];
    let first = flown(&intent(&first, (-9.0, 76.0), (0, 5)));
    let second = flown(&intent(&second, (0.0, 58.0), (0, 5)));
    assert_eq!(judged(&first, &second), Verdict::Clear);
    // The one goes around the other: their boxes meet, and it is not for want of meeting in height or time.
    let bounds = [&first, &second].map(|volume| volume.area.bounds());
    assert!(bounds[0].south < bounds[1].north && bounds[0].west < bounds[1].east);
    let [south, west] = [bounds[1].south, bounds[1].west as i32];
    let corners = [(south, west), (south, 0), (0, 0), (0, west)];
    let corners = corners.map(|(lat, lon)| detente_airspace::position::Position { lat, lon });
    let between = Volume { area: Area::new(&corners, &[]).unwrap(), ..first.clone() };
    assert_eq!(judged(&between, &first), Verdict::Conflict);
    assert_eq!(judged(&between, &second), Verdict::Conflict);
}

#[test]
fn touching_is_a_conflict_in_time_height_and_place() {
    let square = |west: i32| [(west, 0), (west + 10, 0), (west + 10, 10), (west, 10)];
    let at = |corners: &[(i32, i32)], band, minutes| flown(&intent(corners, band, minutes));
    let first = at(&square(0), (0.0, 30.0), (0, 10));
    let near = |corners: &[(i32, i32)], band, minutes| judged(&first, &at(corners, band, minutes));
    assert_eq!(near(&square(0), (0.0, 30.0), (10, 20)), Verdict::Conflict);
    assert_eq!(near(&square(0), (0.0, 30.0), (11, 20)), Verdict::Clear);
    assert_eq!(near(&square(0), (30.0, 60.0), (0, 10)), Verdict::Conflict);
    assert_eq!(near(&square(0), (30.001, 60.0), (0, 10)), Verdict::Clear);
    assert_eq!(near(&square(10), (0.0, 30.0), (0, 10)), Verdict::Conflict);
    assert_eq!(near(&square(11), (0.0, 30.0), (0, 10)), Verdict::Clear);
    let corner = [(10, 10), (20, 10), (20, 20)];
    assert_eq!(near(&corner, (0.0, 30.0), (0, 10)), Verdict::Conflict);
}

#[test]
fn what_is_not_nominal_is_in_the_way_like_the_rest() {
    // A flight that strays says where in volumes of their own: planned at one time, it is in the way at another.
    let planned = intent(&FLIGHT_2, (0.0, 28.0), (30, 45));
    let strayed = intent(&FLIGHT_2, (0.0, 28.0), (0, 15));
    let intent_of_it =
        json!({"volumes": [planned], "off_nominal_volumes": [strayed], "state": "Nonconforming"});
    let reading = read(intent_of_it.to_string().as_bytes(), "intent.json", &Options::default()).unwrap();
    let [item] = reading.items.as_slice() else { panic!("one flight") };
    let first = flown(&intent(&FLIGHT_1, (0.0, 30.0), (0, 15)));
    let mut verdicts: Vec<Verdict> = Vec::new();
    for part in &item.parts {
        let Shape::Area(area) = &part.shape else { panic!("{:?}", part.shape) };
        let span: Span = part.span.unwrap();
        verdicts.push(judged(&first, &Volume::new(area.clone(), part.band, span)));
    }
    assert_eq!(verdicts, [Verdict::Clear, Verdict::Conflict]);
}
