use serde_json::json;

use super::*;
use crate::words::Words;

fn answers(notices: &Value, conflicts: &Value) -> Answers {
    Answers {
        notices: json!({"notices": notices, "more": false}),
        plans: json!({"plans": [], "more": false}),
        conflicts: json!({"conflicts": conflicts, "more": false}),
        memorandum: json!({}),
        party: "usa".into(),
        now_ms: 1_000_000_000,
    }
}

fn notice(entry: &str, party: &str, text: &str, until_ms: Option<u64>) -> Value {
    let volume = json!({"rings": [[[35.0, 38.0], [35.0, 38.5], [35.5, 38.5], [35.5, 38.0]]], "lower": null,
        "upper": {"m": 3000.0, "datum": "AMSL"}, "from_ms": 1_000_000_000, "until_ms": until_ms, "shape": null});
    json!({"entry": entry, "rules": entry, "party": party, "nature": "activity", "short": [],
        "notice": {"notice_kind": "activity", "text": text, "from_ms": 1_000_000_000, "until_ms": until_ms, "volumes": [volume], "fields": {}}})
}

fn rendered(answers: &Answers) -> String {
    let frame = Frame::stranger(Words::english(), "/lines/syria/map");
    Map::of(frame, answers).unwrap().render().unwrap()
}

#[test]
fn each_is_told_by_line_pattern_and_words() {
    let own = notice("usa/P/1", "usa", "Ours", Some(1_003_600_000));
    let other = notice("rus/P/1", "rus", "Theirs", None);
    let html = rendered(&answers(&json!([own, other]), &json!([])));
    for says in [
        "volume own",
        "volume other",
        "url(#activity-own)",
        "url(#activity-other)",
        "3000 m AMSL",
        "data-until=\"\"",
    ] {
        assert!(html.contains(says), "{says}: {html}");
    }
    // Nothing that the page may not do: no style, no script, no handler.
    for wrong in ["style=", "<script", "onload"] {
        assert!(!html.contains(wrong), "{wrong}");
    }
}

#[test]
fn a_hostile_name_stands_there_and_does_nothing() {
    let other = notice("rus/P/1", "rus", "</svg><script>alert(1)</script>\u{202E}", Some(1_003_600_000));
    let html = rendered(&answers(&json!([other]), &json!([])));
    assert!(!html.contains("<script>"), "{html}");
    assert!(html.contains("&lt;script&gt;") && html.contains("⟨U+202E⟩"), "{html}");
}

#[test]
fn a_conflict_is_drawn_where_the_two_meet_and_said_in_words() {
    let own = notice("usa/P/1", "usa", "Ours", Some(1_003_600_000));
    let other = notice("rus/P/1", "rus", "Theirs", Some(1_003_600_000));
    let clash = json!({"one": "rus/P/1", "other": "usa/P/1", "verdict": "conflict", "pairs": 1, "from_ms": 1_000_000_000,
        "until_ms": 1_003_600_000, "overlap": {"bounds": [35.0, 38.0, 35.5, 38.5]}});
    let map =
        Map::of(Frame::stranger(Words::english(), "/"), &answers(&json!([own, other]), &json!([clash])))
            .unwrap();
    let meeting = map.meetings.first().unwrap();
    assert!(meeting.is_conflict);
    assert!((meeting.width - turn() / 720.0).abs() < 1.0, "{meeting:?}");
    assert!((meeting.west + meeting.width / 2.0).abs() < 1.0, "{meeting:?}");
    assert!(map.render().unwrap().contains("1 (rus/P/1)"));
}

#[test]
fn the_slider_spans_all_that_begins_and_ends() {
    let own = notice("usa/P/1", "usa", "Ours", Some(1_000_000_000 + 86_400_000 * 30));
    let map = Map::of(Frame::stranger(Words::english(), "/"), &answers(&json!([own]), &json!([]))).unwrap();
    assert!(map.from_ms <= 1_000_000_000 && map.until_ms >= 1_000_000_000 + 86_400_000 * 30);
    assert!((map.until_ms - map.from_ms) / map.step_ms <= STEPS + 2);
    let empty = Map::of(Frame::stranger(Words::english(), "/"), &answers(&json!([]), &json!([]))).unwrap();
    assert!(empty.until_ms - empty.from_ms >= LEAST_WINDOW_MS);
}

#[test]
fn a_moment_of_the_slider_is_one_when_time_has_gone_on() {
    for minute in 0..10 {
        let ours = notice("usa/P/1", "usa", "Ours", None);
        let mut said = answers(&json!([ours]), &json!([]));
        said.now_ms = 1_000_000_000 + 86_400_000 * 4 + minute * MINUTE_MS + 7;
        let map = Map::of(Frame::stranger(Words::english(), "/"), &said).unwrap();
        assert!(map.from_ms <= 1_000_000_000 && said.now_ms <= map.until_ms);
        assert_eq!((map.from_ms % map.step_ms, map.until_ms % map.step_ms), (0, 0));
        let empty =
            Map::of(Frame::stranger(Words::english(), "/"), &answers(&json!([]), &json!([]))).unwrap();
        assert_eq!(empty.from_ms % empty.step_ms, 0);
    }
}
