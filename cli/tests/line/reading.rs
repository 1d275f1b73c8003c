//! Whole pages, as people read them, and JSON, as programs do.

use serde_json::{Value, json};

use crate::fake_station::{FakeStation, NOW_MS, ok, usual};

const MINUTE: u64 = 60_000;

fn reading(path: &'static str, answer: Value) -> FakeStation {
    FakeStation::but(path, move || ok(answer.clone()))
}

/// A FLASH of rus, 12 minutes old.
pub(crate) fn flash() -> Value {
    json!({
        "entry": "rus/Z/2", "party": "rus", "book": "rus/Z", "number": 2, "serial": 9,
        "time_ms": NOW_MS - 12 * MINUTE, "clock_held": false, "office": "watch officer", "language": "ru",
        "regards": ["usa/Z/1"], "kind": "message", "marked": null, "unjudged": false,
        "body": {"text": "Первая строка\n\u{1b}[31mвторая\u{202e}", "safety_of_life": true, "reply_by_ms": NOW_MS + 30 * MINUTE, "answers": true},
        "cut": {"usa/Z": 1}, "delivered": {"usa": NOW_MS / 1000 - 720}, "displayed": {}, "acknowledged": {"usa": "usa/Z/4"},
        "passed_on": {}, "answered": {}, "amended_by": [], "withdrawn_by": null, "bytes": 231, "leaf": "ab12",
    })
}

#[test]
fn an_entry_with_everything_that_is_known_of_it() {
    let station = reading("GET /v1/lines/syria/entries/rus/Z/2", flash());
    let left = station.run(&["show", "rus/Z/2"]);
    let page = "\
rus/Z/2  ◆ Z FLASH      message
from          rus, watch officer
time          062228ZAPR17 22:28:00Z (12 min ago)
language      ru
regards       usa/Z/1
text          │ Первая строка
              │ ⟨U+001B⟩[31mвторая⟨U+202E⟩
safety        safety of life: passes while the line is suspended
answers       what it regards
reply by      062310ZAPR17 23:10:00Z (in 30 min)
by usa        ● delivered 062228ZAPR17 22:28:00Z
              ○ not displayed
              ● acknowledged usa/Z/4
              ○ not passed on
              ○ not answered
serial        9
knew of       usa/Z 1
bytes         231
leaf          ab12
";
    assert_eq!((left.code, left.out.as_str(), left.err.as_str()), (Some(0), page, ""));
}

/// An amendment of a notice that is void, with its geometry.
pub(crate) fn notice() -> Value {
    json!({
        "entry": "usa/P/1", "party": "usa", "book": "usa/P", "office": "watch officer", "kind": "amendment",
        "time_ms": NOW_MS, "clock_held": true, "unjudged": true, "withdrawn_by": "usa/P/3", "amended_by": ["usa/P/2"],
        "marked": {"error": "NotPermitted", "what": "permission", "expected": "an open line", "found": "a suspension"},
        "body": {"notice": {"notice_kind": "activity", "text": "Firing", "from_ms": NOW_MS + 60 * MINUTE, "until_ms": NOW_MS + 120 * MINUTE,
            "volumes": [{"rings": [[[35.0, 40.0], [-35.5, 41.0], [36.0, -41.0000001], [999, 0]]], "lower": {"m": -10.5, "datum": "AMSL"}, "upper": null}],
            "fields": {"forces": "all"}, "emergency": true}},
    })
}

#[test]
fn a_notice_with_its_geometry_and_what_became_of_it() {
    let station = reading("GET /v1/lines/syria/entries/usa/P/1", notice());
    let page = "\
usa/P/1  ■ P PRIORITY   amendment
✗ VOID: NotPermitted: permission: expected an open line, found a suspension
? NOT JUDGED YET: acts that it knew of are not here
! AMENDED by usa/P/2: this is not the last word
! WITHDRAWN by usa/P/3
! its author's clock was behind; the time is that of the entry before
from          usa, watch officer
time          062240ZAPR17 22:40:00Z (now)
notice        activity
text          │ Firing
emergency     it does not keep the usual lead time
from          062340ZAPR17 23:40:00Z (in 1 h 00 min)
until         070040ZAPR17 00:40:00Z (in 2 h 00 min)
area          35.0000000, 40.0000000  (35°00'00.000\"N 040°00'00.000\"E)
              -35.5000000, 41.0000000  (35°30'00.000\"S 041°00'00.000\"E)
              36.0000000, -41.0000001  (36°00'00.000\"N 041°00'00.000\"W)
              ?
lowest        -10.5 m AMSL
forces        │ all
by rus        ○ not delivered
              – displayed: told in Z and O only
              ○ not acknowledged
              ○ not passed on
              ○ not answered
";
    assert_eq!(station.run(&["show", "usa/P/1"]).out, page);
}

/// Three entries of others that wait for an officer here, and an own one that others have not acknowledged.
pub(crate) fn inbox() -> Value {
    let owed = |mut entry: Value, due_ms: Value, overdue: bool| {
        entry["due_ms"] = due_ms;
        entry["overdue"] = json!(overdue);
        entry
    };
    let notice = json!({"entry": "rus/O/1", "party": "rus", "book": "rus/O", "office": "duty officer", "time_ms": NOW_MS - 5_000, "kind": "notice", "body": {"text": "Column\nin the zone"}});
    let cease = json!({"entry": "rus/Z/3", "party": "rus", "book": "rus/Z", "time_ms": NOW_MS, "kind": "cease", "body": {"position": [35.1, 40.2], "text": null}});
    let mine = json!({
        "entry": "usa/R/1", "party": "usa", "book": "usa/R", "time_ms": NOW_MS - 90 * MINUTE, "kind": "message", "body": {"text": "Ours"},
        "delivered": {"rus": NOW_MS / 1000}, "displayed": {}, "acknowledged": {}, "passed_on": {"rus": "rus/R/2"}, "answered": {}, "withdrawn_by": "usa/R/2",
    });
    json!({
        "owed": [owed(flash(), json!(NOW_MS - 2 * MINUTE), true), owed(cease, json!(null), false), owed(notice, json!(NOW_MS + 25 * MINUTE), false)],
        "awaited": [mine], "more": true,
    })
}

#[test]
fn the_inbox_says_what_is_owed_first_and_keeps_five_facts_apart() {
    let station = reading("GET /v1/lines/syria/inbox?limit=3", inbox());
    let page = "\
OWED  3
  ◆ Z FLASH      rus/Z/2      ! OVERDUE by 2 min, 12 min old, message from rus, watch officer
      “Первая строка…”
      there is more: detente show rus/Z/2
  ◆ Z FLASH      rus/Z/3      no clock yet, 0 s old, cease from rus
      CEASE at 35.1000000, 40.2000000  (35°06'00.000\"N 040°12'00.000\"E)
  ▲ O IMMEDIATE  rus/O/1      25 min left, 5 s old, notice from rus, duty officer
      “Column…”
      there is more: detente show rus/O/1

AWAITED  1
  □ R ROUTINE    usa/R/1      1 h 30 min old, message
      “Ours”
      ! WITHDRAWN by usa/R/2
      rus  ● delivered 062240ZAPR17 22:40:00Z  – displayed: told in Z and O only  ○ not acknowledged  ● passed on rus/R/2  ○ not answered

There is more: --limit
";
    let left = station.run(&["inbox", "--limit", "3"]);
    assert_eq!((left.out.as_str(), left.err.as_str()), (page, ""));
    assert_eq!(station.drafts(), Vec::<Value>::new(), "nobody looked");
}

/// A line of three parties, one of which has suspended it.
pub(crate) fn status() -> Value {
    json!({
        "line": "00", "name": "syria", "party": "usa", "now_ms": NOW_MS, "open": false,
        "parties": [
            {"name": "usa", "me": true, "willing": true, "suspension": null, "circuits_up": 0, "last_heard_ms": null, "officer": "unknown", "officer_since": null},
            {"name": "rus", "me": false, "willing": false, "circuits_up": 1, "last_heard_ms": NOW_MS - 3_000, "officer": "on", "officer_since": "rus/P/4",
             "suspension": {"entry": "rus/A/1", "scope": ["message", "notice"], "reason": "The strike\nof 7 April", "effective_ms": NOW_MS - 60 * MINUTE, "effective": true, "consent": "usa/A/3"}},
            {"name": "irn", "me": false, "willing": true, "circuits_up": 0, "last_heard_ms": null, "officer": "off", "officer_since": "irn/P/1",
             "suspension": {"entry": "irn/A/1", "scope": [], "reason": "x", "effective_ms": NOW_MS + 130 * MINUTE, "effective": false, "consent": null}},
        ],
        "circuits": [
            {"id": 1, "peer": "rus", "kind": "quic", "address": "127.0.0.1:4801", "ready": true, "silent": false, "heard_ms": NOW_MS - 3_000, "round_trip_ms": 12},
            {"id": 2, "peer": "irn", "kind": "quic", "ready": true, "silent": true, "heard_ms": NOW_MS - 90_000, "round_trip_ms": null},
            {"id": 3, "peer": "irn", "kind": "quic", "ready": false, "silent": false},
        ],
        "owed": {"Z": 1, "O": 0, "P": 2, "R": 0}, "awaited": {"Z": 0, "O": 10, "P": 0, "R": 3}, "overdue": 1,
        "motions": [{"motion": "usa/A/2", "matter": "reopen", "about": ["rus/A/1"], "text": "Reopen,\nunder conditions", "closes_ms": NOW_MS + 1_440 * MINUTE, "votes": {"usa": "for"}, "decision": null}],
        "next_test_ms": NOW_MS + 20 * MINUTE, "cut": {"usa/Z": 3},
    })
}

#[test]
fn the_status_never_makes_one_fact_of_three() {
    let station = reading("GET /v1/lines/syria", status());
    let page = "\
line          syria
party         usa
time          062240ZAPR17 22:40:00Z
standing      ○ not open: suspended by a party

PARTIES
  usa         ● this station
              ? it has not said whether an officer is present
              ● willing
  rus         ● circuit up (1), heard 3 s ago
              ● officer present, says rus/P/4
              ○ not willing: suspended
                  by rus/A/1, of message, notice
                  effective 062140ZAPR17 21:40:00Z (1 h 00 min ago)
                  reason “The strike⏎of 7 April”
                  reopening is decided by usa/A/3; the party itself resumes
  irn         ○ no circuit up
              ○ no officer present, says irn/P/1
              ● willing still; a suspension is stated
                  by irn/A/1, of every kind of traffic
                  effective 070050ZAPR17 00:50:00Z (in 2 h 10 min)
                  reason “x”

CIRCUITS
  rus         quic ● ready, 127.0.0.1:4801, heard 3 s ago, round trip 12 ms
  irn         quic ○ silent, heard 1 min 30 s ago
  irn         quic ○ not ready yet

OPEN         Z FLASH  O IMMEDIATE  P PRIORITY  R ROUTINE
  owed             1            0           2          0
  awaited          0           10           0          3
  ! 1 of those owed are overdue: detente inbox

MOTIONS
  usa/A/2     to reopen, about rus/A/1
              │ Reopen,
              │ under conditions
              votes: usa for
              pending, closes 072240ZAPR17 22:40:00Z (in 1 d 00 h)

NEXT TEST  062300ZAPR17 23:00:00Z (in 20 min)
";
    assert_eq!(station.run(&["status"]).out, page);
    let mut sealed = status();
    let seal = |size: u64, held: u64| json!({"size": size, "held": held, "seconds": NOW_MS / 1_000 - 60});
    sealed["seals"] = json!({"parties": {"rus": {}, "usa": {"usa/P": seal(3, 5), "usa/Z": seal(2, 2)}}});
    let rows = "\
SEALS        Ed25519 and ML-DSA-44 hold up to
  rus         ○ nothing is sealed yet
  usa         ● P 3 of 5, Z 2 of 2, last 1 min ago
";
    let out = reading("GET /v1/lines/syria", sealed).run(&["status"]).out;
    assert!(out.contains(rows), "{out}");
}

#[test]
fn programs_get_the_stations_own_bytes() {
    const ODD: &str = r#"{"z": 1.50, "a": [1,  2], "owed": []}"#;
    let station = FakeStation::new(|asked| match asked.what.as_str() {
        "GET /v1/station" => usual(asked),
        _ => crate::fake_station::Answer::Text(200, format!("{ODD}\n")),
    });
    for arguments in [
        &["status"] as &[&str],
        &["inbox"],
        &["show", "rus/Z/1"],
        &["record", "show"],
        &["record", "books"],
        &["record", "evidence"],
        &["doctor"],
    ] {
        let left = station.run(&[arguments, &["--json"]].concat());
        assert_eq!(
            (left.code, left.out.as_str(), left.err.as_str()),
            (Some(0), format!("{ODD}\n").as_str(), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_record_is_asked_for_as_it_was_said() {
    let entries = json!({"entries": [
        {"entry": "usa/A/1", "time_ms": NOW_MS, "kind": "vote", "marked": null, "body": {"choice": "against", "text": "Not yet"}},
        {"entry": "usa/R/12", "time_ms": NOW_MS, "kind": null, "marked": {"error": "Malformed"}, "body": null},
    ]});
    let station = reading("GET /v1/lines/syria/entries?book=usa/Z.1&from=7&limit=2", entries);
    let left = station.run(&["record", "show", "--book", "usa/Z.1", "--from", "7", "--limit", "2"]);
    assert_eq!(
        left.out,
        "062240ZAPR17 22:40:00Z  § A ACT        usa/A/1      vote            against “Not yet”\n\
         062240ZAPR17 22:40:00Z  □ R ROUTINE    usa/R/12     ✗ VOID ?\n"
    );
    assert_eq!(left.err, "there may be more: --book, --from, --limit\n");
    for wrong in [
        &["record", "show", "--book", "usa"] as &[&str],
        &["record", "show", "--book", "usa/Z?x=1"],
        &["record", "show", "--limit", "1001"],
        &["show", "../evidence"],
    ] {
        assert_eq!(station.run(wrong).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn a_record_that_does_not_hold_is_a_failure() {
    let book = |faults: &[&str]| json!({"book": "rus/Z", "size": 3, "root": "ab", "entries_checked": 3, "checkpoints_checked": 2, "receipts_checked": 1, "faults": faults});
    let sound = reading("POST /v1/lines/syria/verify", json!({"ok": true, "books": [book(&[])]}));
    let left = sound.run(&["record", "verify"]);
    assert_eq!(
        (left.code, left.out.as_str()),
        (Some(0), "● holds     rus/Z               3 entries        2 checkpoints        1 receipts\n")
    );
    assert_eq!(left.err, "every tree, checkpoint, receipt and seal holds\n");
    let mut sealed = book(&[]);
    sealed["sealed"] =
        json!({"size": 2, "seconds": NOW_MS / 1_000, "entry": "rus/R/9", "ed25519": true, "ml_dsa": true});
    sealed["seals_checked"] = json!(4);
    let sealed = reading("POST /v1/lines/syria/verify", json!({"ok": true, "books": [sealed]}));
    let row = "              sealed up to 2 by rus/R/9, 062240ZAPR17 22:40:00Z: Ed25519 holds, ML-DSA-44 holds; 4 seals\n";
    assert!(sealed.run(&["record", "verify"]).out.ends_with(row));
    let torn = reading(
        "POST /v1/lines/syria/verify",
        json!({"ok": false, "books": [book(&["entry 2 is missing"])]}),
    );
    let left = torn.run(&["record", "verify"]);
    assert_eq!(left.code, Some(1));
    assert!(
        left.out.starts_with("✗ does not  rus/Z")
            && left.out.contains("\n              entry 2 is missing\n"),
        "{}",
        left.out
    );
    assert!(
        left.err.contains("expected every checkpoint and receipt to hold, found 1 faults"),
        "{}",
        left.err
    );
    let left = torn.run(&["record", "verify", "--json"]);
    assert!(left.code == Some(1) && left.out.starts_with("{\"books\":"), "{}", left.out);
}

#[test]
fn a_doctor_that_finds_something_fails_with_its_hint() {
    let checks = json!({"checks": [
        {"name": "syria: store", "ok": true, "found": "14 entries", "hint": ""},
        {"name": "syria: circuit to rus", "ok": false, "found": "0 up", "hint": "check addresses"},
    ]});
    let left = reading("GET /v1/doctor", checks).run(&["doctor"]);
    assert_eq!(
        (left.code, left.out.as_str()),
        (
            Some(1),
            "● well      syria: store: 14 entries\n✗ not well  syria: circuit to rus: 0 up\n            hint: check addresses\n"
        )
    );
}
