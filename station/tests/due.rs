//! Notices that end soon and reviews that are near or overdue: told once, by the station's clock, also over restarts.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use detente_station::clock::Clock;
use parties::stream::Stream;
use parties::{Station, two};
use serde_json::{Value, json};

/// 2026-07-01T00:00Z.
const NOW_MS: u64 = 1_782_864_000_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

fn site(review_ms: u64) -> Value {
    json!({"kind": "notice", "notice": {
        "notice_kind": "site", "text": "Hospital", "circle": {"centre": [34.5, 37.0], "radius_m": 500}, "from_ms": NOW_MS,
        "fields": {"name": "Hospital", "function": "hospital", "contact": "+963 21 000", "review": review_ms},
    }})
}

fn exercise() -> Value {
    json!({"kind": "notice", "notice": {
        "notice_kind": "activity", "text": "Exercise", "circle": {"centre": [34.5, 38.0], "radius_m": 500},
        "from_ms": NOW_MS + 4 * HOUR, "until_ms": NOW_MS + 8 * HOUR, "fields": {"forces": "1st"},
    }})
}

/// Writes an entry; gives its name once it is durable.
async fn write(station: &Station, draft: Value) -> String {
    let answer = station.post("/v1/lines/test/entries", draft).await;
    answer["entry"].as_str().expect("an entry").to_owned()
}

async fn advance(station: &Station, now_ms: u64) {
    station.post("/v1/clock", json!({"now_ms": now_ms})).await;
}

/// The next entry of which something comes due, and what.
async fn next_due(events: &mut Stream) -> (String, String) {
    let due = events.next_named("due").await;
    let text = |key: &str| due[key].as_str().expect("a text").to_owned();
    (text("entry"), text("due"))
}

/// What came due since the station started, as told before it answered what it is asked now.
async fn told(station: &Station) -> Vec<Value> {
    // Whoever has an answer of the airspace comes after what it told at its start.
    station.get("/v1/lines/test/conflicts").await;
    let mark = write(station, json!({"kind": "message", "text": "Up to here."})).await;
    let mut events = Stream::open(station, "?after=0", "").await;
    let mut due = Vec::new();
    loop {
        let (_, name, data) = events.next().await;
        match name.as_str() {
            "due" => due.push(data["due"].clone()),
            "entry" if data["entry"] == json!(mark) => return due,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_due_is_told_once_by_the_stations_clock_and_over_restarts() {
    let [usa, _] = two();
    let station = usa.start_at(Clock::scenario(NOW_MS));
    station.wait("/v1/station", |_| true).await;
    let hospital = write(&station, site(NOW_MS + 20 * DAY)).await;
    let drill = write(&station, exercise()).await;
    let mut events = Stream::open(&station, "", "").await;
    // An hour before its end, a quarter of its four hours.
    advance(&station, NOW_MS + 7 * HOUR).await;
    let ends = events.next_named("due").await;
    assert_eq!((&ends["entry"], &ends["due"]), (&json!(drill), &json!("ends")), "{ends}");
    assert_eq!((&ends["party"], &ends["notice"]["text"]), (&json!("usa"), &json!("Exercise")), "{ends}");
    let listed = station.get("/v1/lines/test/notices").await;
    let marks: Vec<&Value> =
        listed["notices"].as_array().expect("a list").iter().map(|notice| &notice["due"]).collect();
    assert_eq!(marks, [&json!([]), &json!(["ends"])], "{listed}");
    let counts = station.get("/v1/lines/test").await["due"].clone();
    assert_eq!(counts, json!({"ends": 1, "review": 0, "review-overdue": 0}));
    advance(&station, NOW_MS + 17 * DAY).await;
    let near = events.next_named("due").await;
    assert_eq!((&near["entry"], &near["due"]), (&json!(hospital), &json!("review")), "{near}");
    assert_eq!(near["notice"]["fields"]["contact"], "+963 21 000", "{near}");
    station.lost("test").await;
    // It comes due while the station is down, and is told at its start; what was told before is not.
    let station = usa.start_at(Clock::scenario(NOW_MS + 21 * DAY));
    station.wait("/v1/station", |_| true).await;
    assert_eq!(told(&station).await, ["review-overdue"]);
    station.lost("test").await;
    let station = usa.start_at(Clock::scenario(NOW_MS + 22 * DAY));
    station.wait("/v1/station", |_| true).await;
    assert_eq!(told(&station).await, [] as [&str; 0]);
    let listed = station.get("/v1/lines/test/notices").await;
    assert_eq!(listed["notices"][0]["due"], json!(["review-overdue"]), "{listed}");
    assert_eq!(station.get("/v1/lines/test").await["due"]["review-overdue"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_before_is_configured() {
    let [usa, _] = two();
    usa.configure(&format!(
        "{}\n[notices]\nwarn = \"1h\"\n[[hook]]\non = \"due\"\nrun = [\"true\"]\n",
        usa.config()
    ));
    let station = usa.start_at(Clock::scenario(NOW_MS));
    station.wait("/v1/station", |_| true).await;
    let later = write(&station, site(NOW_MS + 20 * DAY)).await;
    let sooner = write(&station, site(NOW_MS + 20 * DAY - HOUR)).await;
    let mut events = Stream::open(&station, "", "").await;
    // One is told an hour before its review; the other, whose review is two hours off, is not told with it.
    advance(&station, NOW_MS + 20 * DAY - 2 * HOUR).await;
    assert_eq!(next_due(&mut events).await, (sooner.clone(), "review".into()));
    advance(&station, NOW_MS + 20 * DAY - HOUR).await;
    assert_eq!(next_due(&mut events).await, (later, "review".into()));
    assert_eq!(next_due(&mut events).await, (sooner, "review-overdue".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_before_is_read_again_at_sighup() {
    let [usa, _] = two();
    let station = usa.start_at(Clock::scenario(NOW_MS));
    station.wait("/v1/station", |_| true).await;
    let hospital = write(&station, site(NOW_MS + 20 * DAY)).await;
    let mut events = Stream::open(&station, "", "").await;
    // A day too early for the three days that nobody changed.
    advance(&station, NOW_MS + 16 * DAY).await;
    usa.configure(&format!("{}\n[notices]\nwarn = \"5d\"\n", usa.config()));
    let hung_up = std::process::Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
    assert!(hung_up.expect("kill").success());
    let told = events.next_named("due").await;
    assert_eq!((&told["entry"], &told["due"]), (&json!(hospital), &json!("review")), "{told}");
    // When it was told is before the old configuration would have had it told.
    assert!(told["at_ms"].as_u64().is_some_and(|at_ms| at_ms < NOW_MS + 17 * DAY), "{told}");
}
