//! Webhooks to real web servers that fail, are away, stall, or are strangers: what is delivered is signed, in order and complete, and no
//! line waits for any of them (spec/api.md, "Webhooks").

mod parties;

use std::os::unix::fs::PermissionsExt as _;

use detente_station::feed::KEPT;
use parties::receiver::{Delivery, Receiver, nobody, own_tls};
use parties::stream::Stream;
use parties::{Party, Station, agree, two};
use serde_json::{Value, json};

const MESSAGE: &str = "/v1/lines/test/entries";

/// A webhook in `station.toml`.
fn webhook(name: &str, url: &str, on: &[&str], more: &str) -> String {
    format!("[[webhook]]\nname = \"{name}\"\nurl = \"{url}\"\non = {on:?}\n{more}\n")
}

/// Has a party's station bring things somewhere.
fn with(party: &Party, webhooks: &[String]) {
    party.configure(&format!("{}\n{}", party.config(), webhooks.concat()));
}

async fn say(station: &Station, text: &str) -> Value {
    station.post(MESSAGE, json!({"kind": "message", "text": text})).await["entry"].clone()
}

fn types(all: &[Delivery]) -> Vec<String> {
    all.iter().map(|one| one.said()["type"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_signed_in_order_and_tried_again_until_they_are_taken() {
    let [usa, _] = two();
    let mut receiver = Receiver::start(&[500, 302, 404, 200]).await;
    with(&usa, &[webhook("c2", &format!("http://127.0.0.1:{}/hooks?to=usa", receiver.port), &["entry"], "")]);
    let station = usa.up().await;
    let mut written = Vec::new();
    for count in 0..5 {
        written.push(say(&station, &format!("Number {count}.")).await);
    }
    let mut all = Vec::new();
    while all.len() < 9 {
        all.push(receiver.next().await);
    }
    // The first one was refused three times, in three ways, and came a fourth time as it was.
    assert_eq!(all.iter().map(|one| one.status).collect::<Vec<_>>()[..4], [500, 302, 404, 200]);
    for again in &all[1..4] {
        assert_eq!((again.id(), &again.body), (all[0].id(), &all[0].body));
    }
    assert_eq!(
        types(&all),
        ["begins", "begins", "begins", "begins", "entry", "entry", "entry", "entry", "entry"]
    );
    let station_ms = station.get("/v1/station").await["started_ms"].clone();
    let mut last = 0;
    for (one, entry) in all[4..].iter().zip(&written) {
        let said = one.said();
        assert_eq!(
            (&said["data"]["entry"], &said["line"], &said["party"]),
            (entry, &json!("test"), &json!("usa"))
        );
        assert_eq!(said["started_ms"], station_ms);
        let number = said["number"].as_u64().unwrap();
        assert!(number > last, "{said}");
        last = number;
        assert_eq!(one.id(), format!("test-{station_ms}-{number}"));
    }
    let secret = station.home.webhook_secret("c2");
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    for one in &all {
        assert_eq!(one.request, "POST /hooks?to=usa HTTP/1.1", "nobody is followed elsewhere");
        assert_eq!(one.headers["content-type"], "application/json");
        assert!(one.is_signed_by(&secret), "{one:?}");
    }
    let mut altered = all[5].clone();
    altered.body = altered.body.replace("Number", "Another");
    assert!(!altered.is_signed_by(&secret));
    // It says the same as the stream.
    let mut stream = Stream::open(&station, "?after=0", "").await;
    let streamed = stream.next_named("entry").await;
    assert_eq!(all[4].said()["data"], streamed);
    let check = station.check("webhook c2").await;
    assert_eq!(check["ok"], true, "{check}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_away_gets_everything_in_order_when_it_is_back() {
    let [usa, _] = two();
    let port = nobody().await;
    with(&usa, &[webhook("c2", &format!("http://127.0.0.1:{port}/"), &["entry"], "")]);
    let station = usa.up().await;
    let mut stream = Stream::open(&station, "?after=0", "").await;
    let trouble = stream.next_named("webhook-trouble").await;
    assert_eq!((&trouble["webhook"], &trouble["error"]), (&json!("c2"), &json!("Unreachable")), "{trouble}");
    let mut written = Vec::new();
    for count in 0..100 {
        written.push(say(&station, &format!("Number {count}.")).await);
    }
    let check = station.check("webhook c2").await;
    assert_eq!(check["ok"], false, "{check}");
    assert!(check["found"].as_str().unwrap().starts_with("Unreachable: "), "{check}");
    let mut receiver = Receiver::at(port, &[], None).await;
    assert_eq!(receiver.next().await.said()["type"], "begins");
    for entry in &written {
        assert_eq!(receiver.next().await.said()["data"]["entry"], *entry);
    }
    let well = |answer: &Value| parties::found_check(answer, "webhook c2")["ok"] == true;
    station.wait("/v1/doctor", well).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_stalls_holds_up_nobody_but_itself() {
    let [usa, rus] = two();
    let (stalls, mut takes) = (Receiver::start(&[0; 64]).await, Receiver::start(&[]).await);
    let url = |receiver: &Receiver| format!("http://127.0.0.1:{}/", receiver.port);
    let on = ["entry", "receipted"];
    with(&usa, &[webhook("stalls", &url(&stalls), &on, ""), webhook("takes", &url(&takes), &on, "")]);
    let stations = [usa.up().await, rus.up().await];
    stations[0].circuits_ready("test", 1).await;
    for count in 0..5 {
        let text = format!("Number {count}.");
        let entry = stations[0].write(json!({"kind": "message", "precedence": "Z", "text": text})).await;
        while takes.next_of("entry").await["data"]["entry"] != json!(entry) {}
    }
    let stalled = |answer: &Value| {
        let check = parties::found_check(answer, "webhook stalls");
        check["ok"] == false && check["found"].as_str().is_some_and(|found| found.starts_with("Stalled"))
    };
    stations[0].wait("/v1/doctor", stalled).await;
    assert_eq!(stations[0].check("webhook takes").await["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_held_to_the_certificates_that_it_is_given() {
    let [usa, _] = two();
    let (tls, pem) = own_tls();
    let mut receiver = Receiver::at(0, &[], Some(tls)).await;
    let url = format!("https://localhost:{}/", receiver.port);
    std::fs::write(usa.home.path().join("c2.pem"), pem).unwrap();
    let other = own_tls().1;
    std::fs::write(usa.home.path().join("other.pem"), other).unwrap();
    with(
        &usa,
        &[
            webhook("knows", &url, &["entry"], "ca = \"c2.pem\"\nsecret = \"c2.secret\""),
            webhook("stranger", &url, &["entry"], "ca = \"other.pem\""),
            webhook("none", &url, &["entry"], "ca = \"station.toml\""),
        ],
    );
    let station = usa.up().await;
    say(&station, "By TLS.").await;
    let secret = station.home.path().join("c2.secret");
    for kind in ["begins", "entry"] {
        let one = receiver.next().await;
        assert_eq!(one.said()["type"], kind);
        assert!(one.is_signed_by(&secret), "{one:?}");
    }
    let untrusted = |answer: &Value| {
        let found =
            |name: &str| parties::found_check(answer, name)["found"].as_str().unwrap_or_default().to_owned();
        found("webhook stranger").starts_with("Unreachable: ")
            && found("webhook none").starts_with("Secret: ")
    };
    station.wait("/v1/doctor", untrusted).await;
    assert!(receiver.so_far().is_empty(), "nothing is said to whom nobody vouches for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flash_of_another_party_is_brought_once_and_nothing_of_other_lines() {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("one", &mut parties);
    agree("two", &mut parties);
    let mut receiver = Receiver::start(&[]).await;
    let url = format!("http://localhost:{}/", receiver.port);
    with(&parties[1], &[webhook("alarm", &url, &["flash"], "lines = [\"one\"]")]);
    let stations = [parties[0].up().await, parties[1].up().await];
    let [usa, rus] = &stations;
    for line in ["one", "two"] {
        usa.circuits_ready(line, 1).await;
        let say = |class: &str| json!({"kind": "message", "precedence": class, "text": "x"});
        rus.write_on(line, say("Z"), 1).await;
        usa.write_on(line, say("R"), 1).await;
        usa.write_on(line, say("Z"), 1).await;
    }
    usa.write_on("one", json!({"kind": "message", "precedence": "Z", "text": "The last."}), 1).await;
    let mut brought = Vec::new();
    while brought.len() < 3 {
        let said = receiver.next().await.said();
        brought.push(json!([said["type"], said["line"], said["data"]["entry"]]));
    }
    let first = json!(["begins", "one", null]);
    assert_eq!(brought, [first, json!(["entry", "one", "usa/Z/1"]), json!(["entry", "one", "usa/Z/2"])]);
    assert!(receiver.so_far().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_out_of_the_feed_is_told_of_as_a_gap() {
    let [_usa, rus] = two();
    let port = nobody().await;
    with(&rus, &[webhook("c2", &format!("http://127.0.0.1:{port}/"), &["entry"], "")]);
    let station = rus.up().await;
    say(&station, "Nobody hears this one.").await;
    let before = Stream::open(&station, "", "").await.next().await.0.unwrap();
    // More than is kept, of what costs little and the webhook does not bring.
    let withhold = json!({"peer": "usa", "name": "quic", "for_ms": 600_000, "dark": true, "last": true});
    for _ in 0..=KEPT {
        let answer = station.post("/v1/lines/test/circuits/withhold", withhold.clone()).await;
        assert!(answer.get("error").is_none(), "{answer}");
    }
    let entry = say(&station, "But this one.").await;
    let mut receiver = Receiver::at(port, &[], None).await;
    assert_eq!(receiver.next().await.said()["type"], "begins");
    let gap = receiver.next().await.said();
    assert_eq!(
        (&gap["type"], &gap["number"], &gap["data"]["after"]),
        (&json!("gap"), &json!(null), &json!(0))
    );
    assert!(gap["data"]["until"].as_u64() >= Some(before), "{gap}");
    let said = receiver.next().await.said();
    assert_eq!((&said["type"], &said["data"]["entry"]), (&json!("entry"), &entry), "{said}");
}
