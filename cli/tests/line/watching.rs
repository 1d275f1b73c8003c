//! `watch` over a stream that breaks, over a restart, and over a gap.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::fake_station::{Answer, Asked, FakeStation, NOW_MS, STREAM, detente, ok, refused, usual};

fn event(id: u64, name: &str, data: &Value) -> String {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}

fn holds(id: u64) -> String {
    event(
        id,
        "receipted",
        &json!({"book": "usa/Z", "party": "rus", "size": id, "seconds": 1, "at_ms": NOW_MS}),
    )
}

/// Follows until so many lines have come; then nobody reads any more, and the command is ended.
fn watch(station: &FakeStation, arguments: &[&str], lines: usize) -> (Vec<String>, String) {
    let mut command = detente(station.home(), arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let reader = BufReader::new(child.stdout.take().unwrap());
    let read = reader.lines().take(lines).map(Result::unwrap).collect();
    child.kill().unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    child.wait().unwrap();
    (read, err)
}

fn streams(asked: &[Asked]) -> Vec<String> {
    asked.iter().filter_map(|asked| Some(asked.what.split_once("/events")?.1.to_owned())).collect()
}

/// A station whose first stream breaks after two events, and that says it started at the times given, in turn.
fn breaking(started_ms: [u64; 2]) -> FakeStation {
    let (streams, stations) = (AtomicU32::new(0), AtomicU32::new(0));
    FakeStation::new(move |asked| {
        if asked.what == "GET /v1/station" {
            let started_ms = started_ms[usize::from(stations.fetch_add(1, Ordering::SeqCst) > 0)];
            return ok(
                json!({"started_ms": started_ms, "now_ms": NOW_MS, "lines": [{"name": "syria", "party": "usa"}]}),
            );
        }
        match streams.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::Bytes(
                format!("{STREAM}{}{}id: 9\nevent: receipted\ndata: {{\"cut", holds(4), holds(5)).into(),
            ),
            _ => Answer::Held(format!("{STREAM}: alive\n\n{}", holds(6)).into()),
        }
    })
}

#[test]
fn a_stream_that_breaks_is_taken_up_where_it_was() {
    let station = breaking([7, 7]);
    let (lines, err) = watch(&station, &["watch", "--after", "3"], 3);
    assert_eq!(
        lines,
        [4, 5, 6].map(|id| format!("062240ZAPR17 22:40:00Z  #{id}     receipted  rus holds usa/Z to {id}"))
    );
    assert_eq!(streams(&station.asked()), ["?after=3", "?after=5"]);
    assert!(err.contains("the stream broke: "), "{err}");
}

#[test]
fn a_stream_that_breaks_before_its_first_event_is_taken_up_where_it_began() {
    let times = AtomicU32::new(0);
    let station = FakeStation::new(move |asked| match asked.what.starts_with("GET /v1/lines/syria/events") {
        false => usual(asked),
        true => {
            let begins =
                event(41, "begins", &json!({"after": 41, "last": 41, "started_ms": 7, "at_ms": NOW_MS}));
            match times.fetch_add(1, Ordering::Relaxed) {
                0 => Answer::Bytes(format!("{STREAM}{begins}").into()),
                _ => Answer::Held(format!("{STREAM}{begins}{}", holds(42)).into()),
            }
        }
    });
    let (lines, err) = watch(&station, &["watch"], 1);
    assert_eq!(lines, ["062240ZAPR17 22:40:00Z  #42    receipted  rus holds usa/Z to 42"]);
    assert_eq!(streams(&station.asked()), ["", "?after=41"]);
    assert!(err.contains("the stream broke: "), "{err}");
}

#[test]
fn after_a_restart_events_count_from_one() {
    let station = breaking([7, 8]);
    let (lines, err) = watch(&station, &["watch"], 3);
    assert_eq!(lines.len(), 3);
    assert_eq!(streams(&station.asked()), ["", "?after=0"]);
    assert!(err.contains("the station has started again"), "{err}");
}

#[test]
fn programs_get_an_event_a_line_with_the_stations_own_bytes() {
    let station = FakeStation::but("GET /v1/lines/syria/events", || {
        let split = "id: 4\nevent: entry\ndata: {\"entry\":\ndata:  \"rus/Z/1\", \"z\": 1, \"a\": 1.50}\n\n";
        let gap = "event: gap\ndata: {\"after\":1}\n\n";
        let broken = "id: 5\nevent: entry\ndata: {\n\n";
        Answer::Held(format!("{STREAM}{gap}{broken}{split}").into())
    });
    let (lines, err) = watch(&station, &["watch", "--json"], 2);
    assert_eq!(
        lines,
        [
            "{\"id\":null,\"event\":\"gap\",\"data\":{\"after\":1}}",
            "{\"id\":4,\"event\":\"entry\",\"data\":{\"entry\":  \"rus/Z/1\", \"z\": 1, \"a\": 1.50}}"
        ]
    );
    assert_eq!(err, "an event that is not JSON was left out\n");
}

#[test]
fn every_event_says_what_it_is() {
    let events = [
        event(1, "entry", &json!({"entry": "rus/Z/4", "party": "rus", "office": "watch\u{202e} officer", "kind": "message", "body": {"text": "Stop\u{7}\nnow"}, "marked": null, "unjudged": true, "at_ms": NOW_MS})),
        event(2, "overdue", &json!({"entry": "rus/Z/4", "rank": 1, "open_ms": 600_000})),
        event(3, "standing", &json!({"party": "rus", "in_effect": false})),
        event(4, "circuit", &json!({"circuit": 2, "peer": "rus", "state": "down"})),
        event(5, "missed", &json!({"slot": 77, "party": "rus"})),
        event(6, "breach", &json!({"party": "rus", "error": "Forked", "what": "checkpoint", "expected": "one", "found": "two"})),
        event(7, "clock", &json!({"by_ms": 4_000_000})),
        event(8, "command", &json!({"id": 1})),
        event(9, "new\u{1b}kind", &json!({"a": 1, "b": "x\u{1b}"})),
        event(10, "standing", &json!({"party": "rus", "in_effect": true})),
    ]
    .concat();
    let station = FakeStation::but("GET /v1/lines/syria/events", move || {
        Answer::Held(format!("{STREAM}{events}").into())
    });
    let (lines, _) = watch(&station, &["watch"], 9);
    let blank = " ".repeat(22);
    assert_eq!(
        lines,
        [
            "062240ZAPR17 22:40:00Z  #1     entry      ◆ Z FLASH      rus/Z/4  message from rus, watch⟨U+202E⟩ officer  “Stop⟨U+0007⟩…”  ? NOT JUDGED YET: acts that it knew of are not here".to_owned(),
            format!("{blank}  #2     overdue    ! rus/Z/4 open for 10 min: offices of rank 1 are called"),
            format!("{blank}  #3     standing   ○ rus is not willing: suspended"),
            format!("{blank}  #4     circuit    ○ circuit 2 to rus: down"),
            format!("{blank}  #5     missed     ! rus owed the test of slot 77"),
            format!("{blank}  #6     breach     ✗ by rus: Forked: checkpoint: expected one, found two"),
            format!("{blank}  #7     clock      ! the clock jumped by 4000000 ms"),
            format!("{blank}  #9     new⟨U+001B⟩kind a 1, b x⟨U+001B⟩"),
            format!("{blank}  #10    standing   ● rus is willing"),
        ]
    );
}

#[test]
fn a_refusal_ends_it() {
    let station = FakeStation::but("GET /v1/lines/syria/events", || refused(404, "UnknownLine", "syria"));
    let left = station.run(&["watch"]);
    assert_eq!(left.code, Some(1));
    assert!(left.err.contains("error: UnknownLine"), "{}", left.err);
    let left = FakeStation::new(usual).run(&["watch", "--after", "x"]);
    assert_eq!(left.code, Some(2));
}
