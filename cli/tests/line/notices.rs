//! Notices, plans, checks and reports: what is asked of the station, and how its answers look.

use serde_json::{Value, json};

use crate::fake_station::{FakeStation, NOW_MS, ok};

const HOUR: u64 = 3_600_000;

fn overlap() -> Value {
    json!({"bounds": [36.2, 37.1, 36.3, 37.2], "lower_m": 0.0, "upper_m": null, "datum": "WGS84", "widened": true,
           "from_ms": NOW_MS + HOUR, "until_ms": null})
}

#[test]
fn a_check_says_what_is_touched_by_how_much_and_whom_to_call() {
    let touch = json!({
        "subject": "rus/P/2", "party": "rus", "volume": 1, "asked": 1, "verdict": "conflict", "overlap": overlap(),
        "notice": {"notice_kind": "site", "text": "Hospital\u{1b}", "fields": {"organisation": "UN", "contact": "+963 21 000"}},
    });
    let answer =
        json!({"verdict": "conflict", "touches": [touch], "more": false, "volumes": 3, "took_us": 12});
    let station = FakeStation::but("POST /v1/lines/syria/check", move || ok(answer.clone()));
    let left = station.run(&["check", "--at", "36.25N 37.15E", "--radius", "500m", "--until", "+2h"]);
    let page = "\
▲ CONFLICT

rus/P/2  ▲ CONFLICT
    what      site of rus
              │ Hospital⟨U+001B⟩
    where     36.20000, 37.10000 to 36.30000, 37.20000, 11.1 km by 9.0 km
    height    0.0 m to any height WGS84, datums mixed: taken at the widest
    when      062340ZAPR17 23:40:00Z to withdrawn
    whose     UN
    call      +963 21 000
";
    assert_eq!((left.code, left.out.as_str()), (Some(0), page));
    assert!(left.err.contains("of 3 volumes, in 12 µs"), "{}", left.err);
    let asked = json!({"position": [36.25, 37.15], "radius_m": 500.0, "from_ms": NOW_MS, "until_ms": NOW_MS + 2 * HOUR});
    assert_eq!(station.drafts(), [asked]);
}

#[test]
fn conflicts_are_listed_with_what_to_do() {
    let conflict = json!({"one": "usa/P/1", "other": "plan/3", "verdict": "within-separation", "overlap": overlap(), "pairs": 2,
                          "from_ms": NOW_MS, "until_ms": null});
    let answer = json!({"conflicts": [conflict], "more": false});
    let station = FakeStation::but("GET /v1/lines/syria/conflicts", move || ok(answer.clone()));
    let left = station.run(&["conflicts"]);
    let page = "\
△ WITHIN SEPARATION  usa/P/1 and plan/3
    where     36.20000, 37.10000 to 36.30000, 37.20000, 11.1 km by 9.0 km
    height    0.0 m to any height WGS84, datums mixed: taken at the widest
    when      062340ZAPR17 23:40:00Z to withdrawn
              2 pairs of volumes in all, 062240ZAPR17 22:40:00Z to withdrawn
";
    assert_eq!((left.code, left.out.as_str()), (Some(0), page));
    assert!(left.err.contains("`report`"), "{}", left.err);
}

#[test]
fn a_list_marks_what_ends_soon_what_is_overdue_and_what_is_short() {
    let circle = json!({"circle": {"centre": [36.2, 37.1], "radius_m": 500.0}});
    let notice = json!({
        "notice_kind": "site", "text": "Hospital", "from_ms": NOW_MS - HOUR, "until_ms": NOW_MS + HOUR,
        "volumes": [{"rings": [], "shape": circle}], "fields": {"review": NOW_MS - HOUR, "contact": "+963"},
    });
    let held = json!({"entry": "rus/P/1", "rules": "rus/P/4", "party": "rus", "nature": "site", "withdrawn_by": null, "notice": notice, "due": ["ends", "review-overdue"],
                      "short": [{"what": "function", "expected": "1 to 12,000 bytes", "found": "nothing"}]});
    let answer = json!({"at_ms": NOW_MS, "notices": [held], "more": false});
    let station = FakeStation::but("GET /v1/lines/syria/notices?party=rus", move || ok(answer.clone()));
    let left = station.run(&["notice", "list", "--party", "rus"]);
    let page = "\
rus/P/1  site “Hospital”, as amended by rus/P/4
    when      062140ZAPR17 21:40:00Z to 062340ZAPR17 23:40:00Z
    where     within 500.0 m of 36.2000000, 37.1000000  (36°12'00.000\"N 037°06'00.000\"E)
    call      +963
              ! ends in 1 h 00 min
              ! its review is overdue
              ! short in function: expected 1 to 12,000 bytes, found nothing
";
    assert_eq!((left.code, left.out.as_str()), (Some(0), page));
}

#[test]
fn a_report_says_no_more_than_is_typed() {
    let written = json!({"entry": "usa/P/9", "durable": true, "receipted_by": []});
    let station = FakeStation::but("POST /v1/lines/syria/entries", move || ok(written.clone()));
    let left = station.run(&[
        "report",
        "rus/P/1",
        "--circle",
        "36.2,37.1",
        "--radius",
        "10km",
        "--from",
        "+1h",
        "--until",
        "+2h",
    ]);
    assert_eq!((left.code, left.out.as_str()), (Some(0), "usa/P/9\n"), "{}", left.err);
    let draft = json!({"kind": "conflict", "regards": ["rus/P/1"], "verdict": "conflict", "volumes": [{
        "circle": {"centre": [36.2, 37.1], "radius_m": 10_000.0}, "from_ms": NOW_MS + HOUR, "until_ms": NOW_MS + 2 * HOUR,
    }]});
    assert_eq!(station.drafts(), [draft]);
}

#[test]
fn a_field_says_what_its_form_says() {
    let written = json!({"entry": "usa/R/1", "durable": true, "receipted_by": []});
    let station = FakeStation::but("POST /v1/lines/syria/entries", move || ok(written.clone()));
    let left = station.run(&[
        "notice",
        "send",
        "--kind",
        "site",
        "--text",
        "x",
        "--from",
        "now",
        "--circle",
        "36,37",
        "--radius",
        "1km",
        "--field",
        "review=+2h",
        "--field",
        "escorted=no",
        "--field",
        "headcount=12",
        "--field",
        "contact=12",
    ]);
    assert_eq!(left.code, Some(0), "{}", left.err);
    let fields = json!({"review": NOW_MS + 2 * HOUR, "escorted": false, "headcount": 12, "contact": "12"});
    assert_eq!(station.drafts()[0]["notice"]["fields"], fields);
}

#[test]
fn a_file_that_is_not_there_and_options_that_do_not_go_with_one() {
    let station = FakeStation::but("GET /v1/none", || ok(json!(null)));
    let left = station.run(&["notice", "send", "/nowhere/sites.csv"]);
    assert_eq!(left.code, Some(2), "{}", left.err);
    assert!(left.err.contains("/nowhere/sites.csv") && left.err.contains("check the path"), "{}", left.err);
    let left = station.run(&["notice", "send", "sites.csv", "--text", "x"]);
    assert_eq!(left.code, Some(2), "{}", left.err);
    assert!(station.drafts().is_empty());
}
