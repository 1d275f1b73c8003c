//! What people type, and what they must not have typed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot make its input has failed"
)]

use detente_airspace::position::Position;
use detente_exchange::position::{Form, decimal, mgrs_text, minutes, read, read_pair, sexagesimal, utm_text};

fn at(text: &str) -> (i32, i32) {
    let typed = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (typed.position.lat, typed.position.lon)
}

fn why(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

#[test]
fn decimal_degrees_are_exact() {
    assert_eq!(at("35.1234,40.5678"), (351_234_000, 405_678_000));
    assert_eq!(at("-35.1234567, -0.0000001"), (-351_234_567, -1));
    assert_eq!(at("+35° 40°"), (350_000_000, 400_000_000));
    assert_eq!(at("90,-180"), (900_000_000, -1_800_000_000));
    assert_eq!(at("0.12345675,0.12345674"), (1_234_568, 1_234_567));
    assert_eq!(at("50,4501 30,5234"), (504_501_000, 305_234_000));
    assert_eq!(at("50,4501; 30,5234"), (504_501_000, 305_234_000));
    assert_eq!(at("٣٦٫٢، ٣٧٫١"), (362_000_000, 371_000_000));
    assert_eq!(at("۳۶.۲ ۳۷.۱"), (362_000_000, 371_000_000));
}

#[test]
fn hemispheres_say_which_is_which() {
    for text in [
        "35°20'10\"N 040°05'00\"E",
        "35°20′10″N, 040°05′00″E",
        "040°05'00\"E 35°20'10\"N",
        "N35°20'10\" E040°05'00\"",
        "35 20 10 N 40 5 0 E",
        "35:20:10n 40:05e",
        "352010N0400500E",
        "352010N 04005E",
        "35°20'10\" с. ш. 40°05'00\" в. д.",
        "35°20'10\" пн. ш., 40°05'00\" сх. д.",
        "٣٥°٢٠'١٠\" شمالاً ٠٤٠°٠٥'٠٠\" شرقاً",
    ] {
        assert_eq!(at(text), (353_361_111, 400_833_333), "{text}");
    }
    assert_eq!(at("35°20.5'S 40.5°W"), (-353_416_667, -405_000_000));
    assert_eq!(at("90N 180W"), (900_000_000, -1_800_000_000));
    assert_eq!(at("33°52' ج 70° غ"), (-338_666_667, -700_000_000));
}

#[test]
fn grids_are_read_to_the_middle_of_their_square() {
    let aleppo = Position { lat: 362_021_000, lon: 371_343_000 };
    for (text, metres) in
        [("37SCA3226907977", 1), ("37S CA 32269 07977", 1), ("37sca32260797", 10), ("37S CA 322 079", 100)]
    {
        let typed = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((typed.form, typed.square_mm), (Form::Mgrs, metres * 1_000));
        let off = (typed.position.lat - aleppo.lat).abs().max((typed.position.lon - aleppo.lon).abs());
        assert!(off < 100 * metres as i32, "{text}: {off}");
        assert_eq!(mgrs_text(read(text).unwrap().position).unwrap()[..9], mgrs_text(aleppo).unwrap()[..9]);
    }
    for text in ["37S 332269.936 4007977.952", "37S 332269.936mE 4007977.952mN", "37 S 332269.94, 4007977.95"]
    {
        let (lat, lon) = at(text);
        assert!((lat - aleppo.lat).abs() <= 1 && (lon - aleppo.lon).abs() <= 1, "{text}: {lat} {lon}");
    }
    assert_eq!(utm_text(aleppo).unwrap(), "37S 332269.94 4007977.95");
}

#[test]
fn an_echoed_square_reads_back_as_itself() {
    let named = include_str!("files/grid.txt").lines().filter_map(|line| line.split(' ').next_back());
    let (mut count, mut across) = (0, 0);
    for name in named.filter(|name| name.len() == 15) {
        let typed = read(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let echoed = mgrs_text(typed.position).unwrap().replace(' ', "");
        if echoed[..3] == name[..3] {
            assert_eq!(echoed, name);
            count += 1;
        } else {
            // The side of a zone or band runs through the square, and its middle is beyond it.
            across += 1;
        }
    }
    assert!(count > 335 && across < 9, "{count} {across}");
}

#[test]
fn squares_that_are_not_there_are_refused() {
    for (text, part) in [
        ("37SIA3226907977", "100 km square"),
        ("37SCW3226907977", "100 km square"),
        ("38SCA3226907977", "100 km square"),
        ("61SCA3226907977", "zone of 1 to 60"),
        ("37ICA3226907977", "zone of 1 to 60"),
        ("37SCA322690797", "as many digits"),
        ("37SCA32", "4, 6, 8 or 10"),
        ("37SCA", "as many digits"),
        ("ZAH1234512345", "UPS"),
        ("37S 332270 9000000", "zone and latitude band"),
        ("37S 999999 4007978", "zone and latitude band"),
        ("32XNF1234512345", "100 km square"),
    ] {
        assert!(why(text).contains(part), "{text}: {}", why(text));
    }
}

#[test]
fn what_looks_swapped_is_asked_about() {
    assert!(why("140.5678,35.1234").contains("swapped"));
    assert!(why("-170,-12.5").contains("swapped"));
    assert!(why("140,135").contains("latitude within"));
}

#[test]
fn out_of_range_is_refused() {
    for text in ["90.0000001,0", "91,200", "0,180.0000001", "0,-181", "90°00'01\"N 0E", "0N 180°00'01\"W"] {
        assert!(why(text).contains("within"), "{text}: {}", why(text));
    }
}

#[test]
fn what_is_not_a_position_is_refused() {
    for text in [
        "",
        "35",
        "35,",
        ",40",
        "35,40,50",
        "a,b",
        "1e1,2",
        "35.,40",
        ".5,40",
        "--35,40",
        "35;40",
        "NaN,0",
        "inf,0",
        "35°60'00\"N 40E",
        "35°20'60\"N 40E",
        "35.5°20'N 40E",
        "35°20'10\"5N 40E",
        "-35N 40E",
        "35N",
        "N E",
        "35N 40E 5",
        "35N E40",
        "35°20'10\"N 040°05'00\"E x",
        "9999999999,0",
        "36 ش 37 ش",
        "35,1 40.5 2",
        "35,1,2 40,1,2",
        "35N 40N",
        "é",
        "37Sé3226907977",
        "37S 33227é 4007978",
    ] {
        assert!(read(text).is_err(), "{text} was taken");
    }
    assert!(read(&"3".repeat(100_000)).is_err());
    assert!(why("35N 40N").contains("two of one"));
}

#[test]
fn coordinates_in_two_columns() {
    let pair = |lat: &str, lon: &str| read_pair(lat, lon).map(|p| (p.lat, p.lon));
    assert_eq!(pair("36.2", "37.1"), Ok((362_000_000, 371_000_000)));
    assert_eq!(pair("50,4501", "-30,5"), Ok((504_501_000, -305_000_000)));
    assert_eq!(pair("36°12'00\"N", "E 37°06'"), Ok((362_000_000, 371_000_000)));
    assert_eq!(pair("-36°12'", "37 06 00"), Ok((-362_000_000, 371_000_000)));
    for (lat, lon) in
        [("36E", "37N"), ("91", "0"), ("0", "181"), ("", "1"), ("NaN", "1"), ("1e1", "1"), ("3612", "x")]
    {
        assert!(pair(lat, lon).is_err(), "{lat} {lon}");
    }
}

#[test]
fn a_position_is_echoed_in_every_form() {
    let position = read("-35.9999999,40.0833333").unwrap().position;
    assert_eq!(decimal(position), "-35.9999999, 40.0833333");
    assert_eq!(sexagesimal(position), "36°00'00.000\"S 040°05'00.000\"E");
    assert_eq!(minutes(position), "35°59.99999'S 040°05.00000'E");
    let pole = Position { lat: 900_000_000, lon: 0 };
    assert_eq!((utm_text(pole), mgrs_text(pole)), (None, None));
}

#[test]
fn what_is_echoed_reads_back() {
    for units in [0, 1, 27, 333_333, 599_999, 899_999_999, 900_000_000] {
        let position = Position { lat: -units, lon: units };
        assert_eq!(read(&decimal(position)).map(|typed| typed.position), Ok(position));
        for text in [sexagesimal(position), minutes(position)] {
            let (lat, lon) = at(&text);
            assert!((lat + units).abs() <= 2 && (lon - units).abs() <= 2, "{text}");
        }
    }
}
