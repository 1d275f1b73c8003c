//! Files as other people's programs make them: what is understood of each.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use detente_airspace::altitude::Datum;
use detente_airspace::bounds::Bounds;
use detente_exchange::format::Format;
use detente_exchange::item::{Item, Kind, Shape};
use detente_exchange::reading::{Options, Reading, read};
use detente_exchange::time::{Zone, group};
use detente_line::notice::{Field, Value};

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn understood(name: &str) -> Reading {
    read(&file(name), name, &Options::default()).unwrap_or_else(|faults| panic!("{name}: {faults}"))
}

fn text(item: &Item, field: Field) -> &str {
    match item.fields.get(&field) {
        Some(Value::Text(text)) => text,
        other => panic!("{}: {other:?}", field.name()),
    }
}

#[test]
fn the_workbook_of_a_humanitarian_team() {
    let reading = understood("humanitarian.xlsx");
    assert_eq!(reading.format, Format::Xlsx);
    let ids: Vec<_> = reading.items.iter().filter_map(|item| item.id.as_deref()).collect();
    assert_eq!(ids, ["S-001", "S-002", "S-003", "C-17"]);
    let [hospital, _, school, convoy] = reading.items.as_slice() else { panic!("four items") };
    assert!(matches!(hospital.parts[0].shape, Shape::Circle { radius_mm: 500_000, .. }));
    assert_eq!(text(hospital, Field::NameOtherScript), "المستشفى المركزي");
    assert_eq!(text(hospital, Field::Verification), "verified");
    assert_eq!(hospital.fields[&Field::VerifiedAt], Value::Number(1_490_832_000_000));
    assert_eq!((school.parts.len(), school.place.to_string()), (2, "sheet Sites, row 7".into()));
    assert_eq!(convoy.kind, Some(Kind::Movement));
    let windows: Vec<_> =
        convoy.waypoints.iter().map(|waypoint| (group(waypoint.from_ms), group(waypoint.until_ms))).collect();
    let expected = [("090500", "090530"), ("090715", "090715"), ("091000", "091000")];
    let expected = expected.map(|(from, until)| (format!("{from}ZAPR17"), format!("{until}ZAPR17")));
    assert_eq!(windows, expected);
    assert_eq!(convoy.fields[&Field::Escorted], Value::Flag(false));
    assert_eq!(convoy.fields[&Field::Headcount], Value::Number(7));
    let notes: Vec<_> = reading.notes.iter().map(|note| format!("{}: {}", note.place, note.text)).collect();
    assert!(
        notes.iter().any(|note| note.starts_with("sheet Sites, row 4, column M (Internal code)")),
        "{notes:?}"
    );
    assert!(notes.iter().any(|note| note.starts_with("sheet Read me: is not read")), "{notes:?}");
}

#[test]
fn every_bad_row_is_told_at_once() {
    let faults = read(&file("bad_rows.xlsx"), "bad_rows.xlsx", &Options::default()).unwrap_err();
    let told: Vec<String> = faults.told().iter().map(ToString::to_string).collect();
    let expected = [
        ("sheet Sites, row 7, column F (cell)", "the value of the formula"),
        ("sheet Sites, row 8, column A (ID)", "cells A8:A9 are merged"),
        ("sheet Sites, row 2, column E (Start)", "one way only"),
        ("sheet Sites, row 3, column C (Lat)", "within ±90 degrees, found 91"),
        ("sheet Sites, row 3, column F (Headcount)", "a whole number, found many"),
        ("sheet Sites, row 3, column G (Escort)", "yes or no, found perhaps"),
        ("sheet Sites, row 5, column C (Lat)", "found 36°61'N"),
        ("sheet Sites, row 5, column E (Start)", "with its zone"),
        ("sheet Sites, row 6", "the longitude is missing"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (place, reason) in expected {
        assert!(
            told.iter().any(|told| told.starts_with(place) && told.contains(reason)),
            "{place}: {told:#?}"
        );
    }
    let names: Vec<_> = faults.told().iter().map(|fault| fault.reason.name()).collect();
    assert!(names.contains(&"Merged") && names.contains(&"Time") && names.contains(&"Missing"), "{names:?}");
}

#[test]
fn swapped_coordinates_are_found_by_the_area_of_the_line() {
    let within = Bounds { south: 355_000_000, west: 360_000_000, north: 368_000_000, east: 400_000_000 };
    let options = Options { within: Some(within), ..Options::default() };
    let csv = "id,lat,lon\na,36.2,37.1\nb,37.1,36.2\nc,50,50\n";
    let faults = read(csv.as_bytes(), "a.csv", &options).unwrap_err();
    let expected = "row 3: latitude and longitude seem swapped: 36.2,37.1 is inside the area";
    assert_eq!(faults.told().iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    let json = r#"{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[36.2,37.1]}}"#;
    let faults = read(json.as_bytes(), "a.json", &options).unwrap_err();
    assert_eq!(faults.told()[0].reason.name(), "Swapped");
}

#[test]
fn features_of_a_gis() {
    let reading = understood("qgis.geojson");
    let [area, convoy, clinic, corridor] = reading.items.as_slice() else { panic!("four items") };
    assert_eq!((area.parts.len(), area.kind), (2, Some(Kind::Activity)));
    let Shape::Area(first) = &area.parts[0].shape else { panic!("an area") };
    assert_eq!(first.rings().count(), 2);
    let band = area.parts[0].band;
    assert_eq!(band.lower().map(|limit| (limit.mm, limit.datum)), Some((0, Datum::Agl)));
    assert_eq!(band.upper().map(|limit| (limit.mm, limit.datum)), Some((914_400, Datum::Amsl)));
    assert_eq!(area.parts[0].span.map(|span| group(span.from_ms())).as_deref(), Some("062240ZAPR17"));
    assert_eq!(area.fields[&Field::ReplyBy], Value::Number(1_491_522_000_000));
    assert_eq!((convoy.waypoints.len(), convoy.parts.len()), (3, 0));
    assert_eq!(convoy.waypoints[1].until_ms - convoy.waypoints[1].from_ms, 1_800_000);
    assert!(matches!(clinic.parts[0].shape, Shape::Circle { radius_mm: 250_500, .. }));
    let half = |part: &detente_exchange::item::Part| match part.shape {
        Shape::Leg { half_width_mm, .. } => half_width_mm,
        _ => 0,
    };
    assert_eq!(corridor.parts.iter().map(half).collect::<Vec<_>>(), [1_852_000, 1_852_000]);
    assert_eq!((corridor.id.as_deref(), clinic.id.as_deref()), (Some("7"), Some("s-1")));
    assert!(corridor.parts[0].span.is_some_and(|span| span.end_ms().is_none()));
    assert!(reading.notes.iter().any(|note| note.text.contains("third number")));
}

#[test]
fn placemarks_of_a_globe() {
    let reading = understood("earth.kml");
    let [firing, hospital, convoy] = reading.items.as_slice() else { panic!("three items") };
    assert_eq!(text(firing, Field::Name), "Firing area & danger zone");
    assert_eq!(firing.text, "Live firing, <b>keep clear</b>");
    let band = firing.parts[0].band;
    assert_eq!(
        (band.lower(), band.upper().map(|limit| (limit.mm, limit.datum))),
        (None, Some((1_500_000, Datum::Agl)))
    );
    assert_eq!(
        firing.parts[0].span.and_then(|span| span.end_ms()).map(group).as_deref(),
        Some("070200ZAPR17")
    );
    assert_eq!(text(hospital, Field::Name), "Лікарня");
    assert_eq!(text(hospital, Field::Organisation), "Health relief");
    assert_eq!(convoy.waypoints.len(), 2);
}

#[test]
fn tables_in_arabic_and_ukrainian() {
    let arabic = understood("arabic.csv");
    assert!(matches!(arabic.items[0].parts[0].shape, Shape::Circle { centre, radius_mm: 500_000 }
        if (centre.lat, centre.lon) == (362_021_000, 371_343_000)));
    assert_eq!(arabic.items[1].fields[&Field::Escorted], Value::Flag(true));
    let ukrainian = understood("ukrainian.csv");
    let [one, two] = ukrainian.items.as_slice() else { panic!("two items") };
    assert!(matches!(one.parts[0].shape, Shape::Point(at) if (at.lat, at.lon) == (504_501_000, 305_234_000)));
    assert_eq!(one.parts[0].span.map(|span| group(span.from_ms())).as_deref(), Some("062240ZAPR17"));
    assert_eq!(text(two, Field::Name), "Школа; корпус 2");
    assert!(matches!(two.parts[0].shape, Shape::Point(at) if (at.lat, at.lon) == (504_500_000, 305_250_000)));
    let days = two.parts[0].span.and_then(|span| Some((span.from_ms(), span.end_ms()?)));
    assert_eq!(days.map(|(from, until)| until + 1 - from), Some(2 * 86_400_000));
}

#[test]
fn rows_of_one_movement_are_its_waypoints() {
    let reading = understood("movement.csv");
    let [first, second] = reading.items.as_slice() else { panic!("two items") };
    assert_eq!((first.waypoints.len(), second.waypoints.len()), (3, 1));
    assert_eq!(text(first, Field::Contact), "+963 11 555 0200");
    assert_eq!(first.waypoints[0].until_ms - first.waypoints[0].from_ms, 1_800_000);
    assert!(reading.notes.iter().any(|note| note.text.contains("square of 1000 m")));
}

#[test]
fn volumes_of_an_operational_intent() {
    let reading = understood("intent.json");
    assert_eq!(reading.format, Format::F3548);
    let [intent] = reading.items.as_slice() else { panic!("one item") };
    assert_eq!(intent.id.as_deref(), Some("2f8343be-6482-4d1b-a474-16847e01af1e"));
    assert_eq!((intent.parts.len(), intent.kind), (2, Some(Kind::Activity)));
    assert_eq!(
        intent.parts[0].band.upper().map(|limit| (limit.mm, limit.datum)),
        Some((620_500, Datum::Wgs84))
    );
    assert!(matches!(intent.parts[1].shape, Shape::Circle { radius_mm: 300_183, .. }));
    assert_eq!(intent.parts[0].span.map(|span| span.from_ms() % 1_000), Some(520));
}

#[test]
fn a_zone_can_be_stated_for_the_whole_file() {
    let csv = b"id,lat,lon,from\na,50.45,30.52,2017-04-07 01:40\n";
    assert!(read(csv, "a.csv", &Options::default()).is_err());
    let options = Options { zone: Zone::named("Europe/Kyiv").ok(), ..Options::default() };
    let reading = read(csv, "a.csv", &options).unwrap();
    assert_eq!(
        reading.items[0].parts[0].span.map(|span| group(span.from_ms())).as_deref(),
        Some("062240ZAPR17")
    );
}
