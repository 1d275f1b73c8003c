//! Two whole stations in one process, over real QUIC and real SQLite: what one writes, the other receipts.

mod parties;

use parties::{Station, pair};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_durable_receipted_and_acknowledged() {
    let [usa, rus] = pair().await;
    let sent =
        usa.write(json!({"kind": "message", "precedence": "Z", "text": "Aircraft in your area."})).await;
    assert_eq!(sent, "usa/Z/1");
    let got = rus.entry_with(&sent).await;
    assert_eq!(got["body"]["text"], "Aircraft in your area.");
    let acknowledged = rus.write(json!({"kind": "acknowledgement", "regards": [sent]})).await;
    assert_eq!(acknowledged, "rus/Z/1");
    usa.entry_with(&acknowledged).await;
    let entry = usa.get("/v1/lines/test/entries/usa/Z/1").await;
    assert_eq!(entry["acknowledged"]["rus"], "rus/Z/1");
    assert!(entry["delivered"]["rus"].is_u64(), "{entry}");
    assert_eq!(usa.get("/v1/lines/test/inbox").await["awaited"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_bars_routine_and_lets_safety_of_life_pass() {
    let [usa, rus] = pair().await;
    let suspended = rus.write(json!({"kind": "suspends", "reason": "After the strike."})).await;
    usa.entry_with(&suspended).await;
    let refused = usa.post("/v1/lines/test/entries", json!({"kind": "message", "text": "Routine."})).await;
    assert_eq!(refused["error"], "NotPermitted", "{refused}");
    usa.write(json!({"kind": "message", "precedence": "Z", "safety_of_life": true, "text": "Hold fire."}))
        .await;
    let motion = usa.write(json!({"kind": "motion"})).await;
    rus.entry_with(&motion).await;
    let vote = rus.write(json!({"kind": "vote", "choice": "for"})).await;
    usa.entry_with(&vote).await;
    let decided = rus.entry_of_kind("decide").await;
    assert_eq!(decided["body"]["outcome"], "carried", "{decided}");
    let resumed = rus.write(json!({"kind": "resumes"})).await;
    usa.entry_with(&resumed).await;
    assert_eq!(usa.get("/v1/lines/test").await["open"], true);
    usa.write(json!({"kind": "message", "text": "Routine again."})).await;
    for station in [&usa, &rus] {
        let verified = station.post("/v1/lines/test/verify", json!({})).await;
        assert_eq!(verified["ok"], true, "{verified}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_hold_the_same_books_and_verify_them() {
    let [usa, rus] = pair().await;
    for count in 0..20 {
        usa.write(json!({"kind": "message", "text": format!("Number {count}")})).await;
    }
    rus.entry_with("usa/R/20").await;
    let both = (
        usa.post("/v1/lines/test/verify", json!({})).await,
        rus.post("/v1/lines/test/verify", json!({})).await,
    );
    assert_eq!(both.0["ok"], true, "{}", both.0);
    assert_eq!(both.1["ok"], true, "{}", both.1);
    let books: [_; 2] = [&usa, &rus].map(Station::books);
    let [ours, theirs] = books;
    assert_eq!(ours.await, theirs.await);
}
