//! Clocks that are years off: nothing is refused, nothing is lost, and it is said on both sides.

mod parties;

use detente_station::clock::Clock;
use parties::stream::Stream;
use parties::{Party, Station, two};
use serde_json::{Value, json};

/// 2026-07-01T00:00Z.
const NOW_MS: u64 = 1_782_864_000_000;
const YEAR_MS: u64 = 365 * 86_400_000;

async fn at([usa, rus]: &[Party; 2], clocks: [u64; 2]) -> [Station; 2] {
    let [here, there] = clocks;
    let stations = [usa.start_at(Clock::scenario(here)), rus.start_at(Clock::scenario(there))];
    for station in &stations {
        station.circuits_ready("test", 1).await;
    }
    stations
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ten_years_ahead_stops_nobody_and_both_doctors_see_it() {
    let parties = two();
    let [usa, rus] = at(&parties, [NOW_MS, NOW_MS + 10 * YEAR_MS]).await;
    let message = |text: &str| json!({"kind": "message", "precedence": "Z", "text": text});
    let sent = usa.write(message("From today.")).await;
    let answered = rus.write(message("From ten years on.")).await;
    let got = usa.entry_with(&answered).await;
    assert!(got["time_ms"].as_u64().is_some_and(|ms| ms >= NOW_MS + 10 * YEAR_MS), "{got}");
    assert_eq!(got["marked"], Value::Null, "a time is its author's claim, and no breach: {got}");
    rus.entry_with(&sent).await;
    assert_eq!(usa.books().await, rus.books().await);
    let ahead = usa.check("test: clock of rus").await;
    assert_eq!(ahead["ok"], false, "{ahead}");
    assert!(ahead["found"].as_str().is_some_and(|found| found.ends_with("ahead of this one")), "{ahead}");
    let behind = rus.check("test: clock of usa").await;
    assert_eq!(behind["ok"], false, "{behind}");
    assert!(behind["found"].as_str().is_some_and(|found| found.ends_with("behind this one")), "{behind}");
    assert!(behind["hint"].as_str().is_some_and(|hint| hint.contains("timedatectl")), "{behind}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_agree_are_well() {
    let parties = two();
    let [usa, _rus] = at(&parties, [NOW_MS, NOW_MS]).await;
    let before = usa.check("test: clock of rus").await;
    assert_eq!(before["ok"], true, "{before}");
    usa.write(json!({"kind": "message", "text": "x"})).await;
    let after = usa.check("test: clock of rus").await;
    assert_eq!((&after["ok"], &after["found"]), (&json!(true), &json!("within 10s of this one")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_for_years_holds_the_last_time_and_says_so() {
    let parties = two();
    let [usa, rus] = at(&parties, [NOW_MS, NOW_MS]).await;
    let first = usa.write(json!({"kind": "message", "text": "Before."})).await;
    let first = usa.entry_with(&first).await;
    usa.lost("test").await;
    rus.lost("test").await;
    let [usa, rus] = at(&parties, [NOW_MS - 10 * YEAR_MS, NOW_MS]).await;
    let second = usa.write(json!({"kind": "message", "text": "After."})).await;
    let second = rus.entry_with(&second).await;
    assert_eq!((&second["time_ms"], &second["clock_held"]), (&first["time_ms"], &json!(true)), "{second}");
    assert_eq!(second["marked"], Value::Null, "{second}");
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_is_told() {
    let parties = two();
    let [usa, _rus] = at(&parties, [NOW_MS, NOW_MS]).await;
    usa.write(json!({"kind": "message", "text": "Before."})).await;
    let mut stream = Stream::open(&usa, "", "").await;
    let moved = usa.post("/v1/clock", json!({"now_ms": NOW_MS + 2 * YEAR_MS})).await;
    assert!(moved["now_ms"].is_u64(), "{moved}");
    let back = usa.refused("POST", "/v1/clock", &json!({"now_ms": NOW_MS}).to_string()).await;
    assert_eq!(back.1["expected"], "a time after now");
    let told = stream.next_named("clock").await;
    assert!(told["by_ms"].as_u64().is_some_and(|by_ms| by_ms >= 2 * YEAR_MS - 60_000), "{told}");
    let sent = usa.write(json!({"kind": "message", "text": "Two years on."})).await;
    let entry = usa.entry_with(&sent).await;
    assert!(entry["time_ms"].as_u64().is_some_and(|ms| ms >= NOW_MS + 2 * YEAR_MS), "{entry}");
}
