//! What a station understands of what somebody types, before anything is sent: a movement with its times, a corridor, a message from a template in two languages.
//! What it says may be sent is sent, and is at the other station what it was here.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use serde_json::{Value, json};

const SKETCH: &str = "/v1/lines/test/sketch";
const COMPOSE: &str = "/v1/lines/test/compose";

/// What is wrong, by name, each with what was found.
fn wrong(answer: &Value) -> Vec<(&str, &str)> {
    let all = answer["wrong"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| Some((one.get("what")?.as_str()?, one.get("found")?.as_str()?))).collect()
}

fn convoy() -> Value {
    json!({
        "notice_kind": "movement", "text": "Convoy of six vehicles", "shape": "corridor",
        "places": "36.20, 37.10 @ 010600ZJAN36 / 010630ZJAN36\n36.30, 37.20 @ 2036-01-01T07:00Z; 36.40, 37.10",
        "from": "2036-01-01T06:00Z", "until": "2036-01-01T09:00Z", "width": "800m",
        "fields": {"organisation": "UN", "contact": "+963 1", "headcount": "24", "escorted": "no"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_is_understood_with_its_times_and_goes_as_it_was_understood() {
    let [usa, rus] = parties::pair().await;
    let sketched = usa.post(SKETCH, convoy()).await;
    assert_eq!(sketched["wrong"], json!([]), "{sketched}");
    assert_eq!(sketched["from"]["group"], "010600ZJAN36");
    assert_eq!(sketched["places"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        sketched["drawn"].as_array().map(Vec::len),
        Some(2),
        "a leg between every two places: {sketched}"
    );
    let waypoints = &sketched["notice"]["waypoints"];
    let ms = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_millisecond();
    let times: Vec<(i64, i64)> = waypoints
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|one| (one["from_ms"].as_i64().unwrap_or(0), one["until_ms"].as_i64().unwrap_or(0)))
        .collect();
    assert_eq!(times[0], (ms("2036-01-01T06:00:00Z"), ms("2036-01-01T06:30:00Z")));
    assert_eq!(times[1].0, ms("2036-01-01T07:00:00Z"));
    let rest = (ms("2036-01-01T07:00:00Z"), ms("2036-01-01T09:00:00Z"));
    assert_eq!(times[2], rest, "a place without a time is passed at any time that those around it leave");
    // Nothing was written by asking; sent, it is the same at the other station.
    let before = usa.get("/v1/lines/test/notices?all=true").await;
    assert_eq!(before["notices"], json!([]));
    let name = usa.write(json!({"kind": "notice", "precedence": "R", "notice": sketched["notice"]})).await;
    let there = rus.entry_with(&name).await;
    let notice = &there["body"]["notice"];
    assert_eq!(notice["volumes"], sketched["drawn"], "{there}");
    assert_eq!(
        notice["fields"],
        json!({"organisation": "UN", "contact": "+963 1", "headcount": 24, "escorted": false})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_of_a_sketch_is_named_and_the_rest_is_drawn() {
    let [usa, _rus] = parties::pair().await;
    let with = |changes: &[(&str, Value)]| {
        let mut asked = convoy();
        for (field, value) in changes {
            asked[*field] = value.clone();
        }
        usa.post(SKETCH, asked)
    };
    let no_end = with(&[("until", json!(""))]).await;
    assert!(wrong(&no_end).iter().any(|(what, _)| *what == "until"), "{no_end}");
    assert_eq!((&no_end["notice"], no_end["drawn"].as_array().map(Vec::len)), (&Value::Null, Some(2)));
    let nowhere = with(&[("places", json!("36.20, 37.10\nnowhere near\n36.40, 37.10"))]).await;
    assert!(wrong(&nowhere).iter().any(|(what, _)| *what == "place 2"), "{nowhere}");
    let late = with(&[("places", json!("36.20, 37.10 @ yesterday\n36.40, 37.10"))]).await;
    assert!(wrong(&late).iter().any(|(what, _)| *what == "place 1"), "{late}");
    let one = with(&[("places", json!("36.20, 37.10"))]).await;
    assert!(!wrong(&one).is_empty() && one["notice"].is_null(), "a movement has two places: {one}");
    let backwards = "36.20, 37.10 @ 2036-01-01T08:00Z; 36.30, 37.20 @ 2036-01-01T07:00Z";
    let backwards = with(&[("places", json!(backwards))]).await;
    assert!(wrong(&backwards).iter().any(|(what, _)| *what == "place 2"), "{backwards}");
    assert_eq!(backwards["notice"], Value::Null, "what cannot be written is no notice");
    let long = with(&[("places", json!(vec!["36.2, 37.1"; 66].join(";")))]).await;
    assert!(
        !wrong(&long).is_empty() && long["notice"].is_null(),
        "no more than can be written: {}",
        long["wrong"]
    );
    let many = vec!["36.2, 37.1"; 257].join(";");
    let many = with(&[("places", json!(many))]).await;
    assert!(wrong(&many).contains(&("places", "more")), "{many}");
    let field = with(&[("fields", json!({"headcount": "a few", "colour": "red"}))]).await;
    let named: Vec<&str> = wrong(&field).into_iter().map(|(what, _)| what).collect();
    assert!(named.contains(&"headcount") && named.contains(&"field"), "{field}");
    // A corridor of an activity is as wide as it says, and an area needs no width.
    let corridor = json!({
        "notice_kind": "activity", "text": "Patrol", "shape": "corridor", "places": "36.20, 37.10; 36.30, 37.20",
        "width": "2nmi", "from": "2036-01-01T06:00Z", "until": "2036-01-01T07:00Z", "lowest_m": "0", "highest_m": "900",
        "fields": {"forces": "all", "contact": "+963 1"},
    });
    let drawn = usa.post(SKETCH, corridor).await;
    assert_eq!(drawn["wrong"], json!([]), "{drawn}");
    let width = drawn["drawn"][0]["shape"]["leg"]["half_width_m"].as_f64().unwrap_or_default();
    assert!((width - 3_704.0).abs() < 0.01, "{drawn}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_becomes_a_message_that_says_the_same_in_two_languages() {
    let [usa, rus] = parties::pair().await;
    let templates = rus.get("/v1/templates?language=ru").await;
    let all = templates["templates"].as_array().cloned().unwrap_or_default();
    let rescue = all.iter().find(|one| one["name"] == "rescue").expect("a template");
    assert_eq!((&rescue["title"], &rescue["precedence"]), (&json!("Поиск и спасение"), &json!("Z")));
    let asked = json!({
        "template": "rescue", "language": "en", "also": "uk", "text": "Two aboard.", "safety_of_life": true,
        "fields": {"subject": "Helicopter", "place": "35.24 40.19", "time": "010600ZJAN36", "people": "2", "asked": "safe-passage"},
    });
    let composed = usa.post(COMPOSE, asked.clone()).await;
    assert_eq!(composed["wrong"], json!([]), "{composed}");
    assert_eq!(composed["asks"]["handled_ms"], 600_000, "as the memorandum has it for Z: {composed}");
    let draft = &composed["draft"];
    let text = draft["text"].as_str().unwrap_or_default();
    assert!(text.starts_with("Search and rescue\nWho or what is in need: Helicopter\n"), "{text}");
    assert!(text.ends_with("\nWhat is asked of you: safe passage\n\nTwo aboard."), "{text}");
    let also = draft["also"]["text"].as_str().unwrap_or_default();
    assert!(also.starts_with("Пошук і рятування\n") && also.contains("безпечний прохід"), "{also}");
    let name = usa.write(draft.clone()).await;
    let there = rus.entry_with(&name).await;
    assert_eq!((&there["body"]["text"], &there["body"]["also"]), (&draft["text"], &draft["also"]), "{there}");
    assert_eq!(there["language"], "en");
    // The other party translates it; everybody sees whose translation it is, and that it regards one entry alone.
    let translation = json!({"kind": "message", "translates": true, "regards": [name], "text": "Вертолёт.", "language": "ru"});
    let by = rus.write(translation).await;
    usa.entry_with(&by).await;
    let held = usa.get(&format!("/v1/lines/test/entries/{name}")).await;
    assert_eq!(
        held["translations"],
        json!([{"entry": by, "party": "rus", "language": "ru", "text": "Вертолёт."}]),
        "{held}"
    );
    assert_eq!(held["answered"], json!({}), "a translation is no answer");
    let of_nothing = json!({"kind": "message", "translates": true, "text": "Ничего."}).to_string();
    usa.refused("POST", "/v1/lines/test/entries", &of_nothing).await;

    let with = |changes: &[(&str, Value)]| {
        let mut asked = asked.clone();
        for (field, value) in changes {
            asked[*field] = value.clone();
        }
        usa.post(COMPOSE, asked)
    };
    for (field, value, what) in [
        ("template", json!("none such"), "template"),
        ("also", json!("tlh"), "language"),
        ("also", json!("en"), "also"),
        ("language", json!("-"), "language"),
        ("precedence", json!("O"), "safety of life"),
        ("precedence", json!("Q"), "precedence"),
        (
            "fields",
            json!({"subject": "x", "place": "here", "time": "010600ZJAN36", "asked": "assistance"}),
            "place",
        ),
        ("fields", json!({"subject": "x", "place": "1, 1", "time": "now", "asked": "assistance"}), "time"),
        (
            "fields",
            json!({"subject": "x", "place": "1, 1", "time": "010600ZJAN36", "asked": "a lift"}),
            "asked",
        ),
        (
            "fields",
            json!({"subject": "x", "place": "1, 1", "time": "010600ZJAN36", "asked": "assistance", "colour": "red"}),
            "field",
        ),
        ("text", json!("x".repeat(12_000)), "text"),
    ] {
        let answer = with(&[(field, value.clone())]).await;
        assert!(wrong(&answer).iter().any(|(named, _)| *named == what), "{field}: {value}: {answer}");
        assert_eq!(answer["draft"], Value::Null, "{answer}");
    }
    // In no language that is named, a template is said in the party's own, and says so.
    let own = usa
        .post(
            COMPOSE,
            json!({"template": "talk", "fields": {"whom": "Duty officer", "time": "010600ZJAN36"}}),
        )
        .await;
    assert_eq!((&own["draft"]["language"], &own["wrong"]), (&json!("en"), &json!([])), "{own}");
    // Free text alone goes in any language, with the same in another one where it is given.
    let free = usa
        .post(COMPOSE, json!({"text": "Tere.", "language": "et", "also": "fi", "also_text": "Hei."}))
        .await;
    assert_eq!(
        free["draft"],
        json!({"kind": "message", "precedence": "R", "text": "Tere.", "language": "et", "also": {"language": "fi", "text": "Hei."}})
    );
}
