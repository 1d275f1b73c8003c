//! What people and programs write for a time, and what they must not have written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot make its input has failed"
)]

use detente_exchange::time::{Zone, group, in_zone, read, read_serial, rfc3339};

const SHAYRAT: u64 = 1_491_518_400_000;
const DAY: u64 = 86_400_000;

fn at(text: &str) -> u64 {
    let moment = read(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(moment.first_ms, moment.last_ms, "{text}");
    moment.first_ms
}

fn why(text: &str) -> String {
    read(text, None).expect_err(text).to_string()
}

#[test]
fn one_time_in_all_its_spellings() {
    for text in [
        "2017-04-06T22:40Z",
        "2017-04-06 22:40:00z",
        "2017-04-07T01:40+03:00",
        "2017-04-07T01:40:00.000+0300",
        "20170406T224000Z",
        "062240ZAPR17",
        "062240zapr17",
        "062240Z APR 17",
        " 06 2240Z Apr 2017 ",
        "070140CAPR17",
        "061740RAPR17",
        "061040YAPR17",
        "071040MAPR17",
        "06.04.2017 22:40 UTC",
        "6 Apr 2017 22:40Z",
        "6-April-17, 22:40 UTC",
        "07.04.2017 1:40 +03:00",
        "07.04.2017 01:40 Europe/Kyiv",
        "٠٦.٠٤.٢٠١٧ ٢٢:٤٠ UTC",
    ] {
        assert_eq!(at(text), SHAYRAT, "{text}");
    }
    assert_eq!(at("2017-04-06T22:40:00.250Z"), SHAYRAT + 250);
}

#[test]
fn a_local_time_needs_its_zone() {
    let kyiv = Zone::named("Europe/Kyiv").unwrap();
    for text in ["2017-04-07T01:40", "2017-04-07 01:40:00", "07.04.2017 01:40", "7 APR 2017 1:40"] {
        assert!(why(text).contains("with its zone"), "{text}: {}", why(text));
        assert_eq!(read(text, Some(&kyiv)).unwrap().first_ms, SHAYRAT, "{text}");
    }
    let moved = read("2017-10-29 03:30", Some(&kyiv)).unwrap_err().to_string();
    assert!(moved.contains("showed once"), "{moved}");
    assert!(read("2017-03-26 03:30", Some(&kyiv)).is_err());
    assert_eq!(read("2017-04-07 01:40", Some(&Zone::named("+03:00").unwrap())).unwrap().first_ms, SHAYRAT);
    for name in ["Europe/Nowhere", "", "+25:00", "+3:0x", "../../etc/passwd"] {
        assert!(Zone::named(name).is_err(), "{name}");
    }
}

#[test]
fn a_date_alone_is_all_of_its_day() {
    let start = 1_491_436_800_000;
    for text in ["2017-04-06", "06.04.2017", "6 APR 17", "2017/04/06"] {
        let moment = read(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((moment.first_ms, moment.last_ms), (start, start + DAY - 1), "{text}");
        assert!(moment.assumed_utc);
    }
    let kyiv = Zone::named("Europe/Kyiv").unwrap();
    let moment = read("2017-03-26", Some(&kyiv)).unwrap();
    assert_eq!(moment.last_ms + 1 - moment.first_ms, DAY - 3_600_000);
    assert!(!moment.assumed_utc);
}

#[test]
fn dates_that_read_in_two_ways_are_refused() {
    for text in ["06/04/2017", "06-04-2017", "6/4/17", "06/04/17 22:40Z"] {
        assert!(why(text).contains("one way only"), "{text}: {}", why(text));
    }
    assert_eq!(at("16/04/2017 00:00Z"), at("2017-04-16T00:00Z"));
    assert_eq!(at("04/16/2017 00:00Z"), at("2017-04-16T00:00Z"));
}

#[test]
fn serials_of_spreadsheets() {
    let utc = Zone::utc();
    // 2017-04-06 22:40 as a sheet that counts from 1900 holds it, and one that counts from 1904.
    assert_eq!(read_serial(42_831.944_444_444_445, false, Some(&utc)).unwrap().first_ms, SHAYRAT);
    assert_eq!(read_serial(42_831.944_444_444_445 - 1_462.0, true, Some(&utc)).unwrap().first_ms, SHAYRAT);
    assert!(read_serial(42_831.944, false, None).unwrap_err().to_string().contains("with its zone"));
    let day = read_serial(42_831.0, false, None).unwrap();
    assert_eq!(day.last_ms - day.first_ms, DAY - 1);
    for days in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1.5, 3e6, 1e300] {
        assert!(read_serial(days, false, Some(&utc)).is_err(), "{days}");
    }
}

#[test]
fn date_time_groups_at_their_edges() {
    assert_eq!(at("010000ZJAN00"), 946_684_800_000);
    assert_eq!(at("312359ZDEC99"), 4_102_444_740_000);
    assert_eq!(at("010000ZJAN1970"), 0);
    assert_eq!(at("291200ZFEB16"), 1_456_747_200_000);
    for wrong in ["291200ZFEB17", "310000ZAPR17", "000000ZAPR17", "062460ZAPR17", "062400ZAPR17"] {
        assert!(why(wrong).contains("calendar has"), "{wrong}: {}", why(wrong));
    }
    assert!(why("062240JAPR17").contains("other than J"));
    assert!(why("062240Z").contains("month and year"));
    assert!(why("062240ZAVR17").contains("JAN to DEC"));
    assert!(why("062240ZAPR").contains("two digits or four"));
    assert!(why("062240ZAPR017").contains("two digits or four"));
    assert!(why("062240ZAPR1969").contains("from 1970"));
}

#[test]
fn what_is_not_a_time_is_refused() {
    for text in [
        "",
        "tomorrow",
        "22:40",
        "2017-13-06T22:40Z",
        "-2h",
        "06224",
        "062240éAPR17",
        "2017-04-06T22:40-04:00[Europe/Moscow]",
        "1969-12-31T23:59Z",
        "10000-01-01T00:00Z",
        "06.04.2017 10:40 PM",
        "06.04.2017 22:61 UTC",
        "::",
        "é:é",
        "1491518400000",
    ] {
        assert!(read(text, None).is_err(), "{text} was taken");
    }
    assert!(read(&"1:".repeat(1_000), None).is_err());
}

#[test]
fn times_are_echoed() {
    assert_eq!(group(SHAYRAT), "062240ZAPR17");
    assert_eq!(group(0), "010000ZJAN1970");
    assert_eq!(rfc3339(SHAYRAT), "2017-04-06T22:40:00Z");
    assert_eq!(rfc3339(SHAYRAT + 250), "2017-04-06T22:40:00.25Z");
    let kyiv = Zone::named("Europe/Kyiv").unwrap();
    assert_eq!(in_zone(SHAYRAT, &kyiv), "2017-04-07 01:40 +03:00 (Europe/Kyiv)");
    assert_eq!(in_zone(SHAYRAT + 7_000, &Zone::named("-03:30").unwrap()), "2017-04-06 19:10:07 -03:30");
    assert!(group(u64::MAX).contains("beyond any calendar"));
}
