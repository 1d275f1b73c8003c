//! The stream of events (spec/api.md, "Events"): it opens by saying where it stands, resumes after any number that
//! it is given, and says when it cannot.

mod parties;

use parties::stream::Stream;
use parties::{Station, pair, two};
use serde_json::json;

async fn write_some(usa: &Station) {
    for count in 0..3 {
        usa.write(json!({"kind": "message", "text": format!("Number {count}")})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_opens_with_where_it_stands() {
    let [usa, _rus] = pair().await;
    write_some(&usa).await;
    let (id, name, begins) = Stream::open(&usa, "", "").await.next().await;
    let last = begins["last"].as_u64().unwrap();
    assert_eq!((id, name.as_str(), &begins["after"]), (Some(last), "begins", &json!(last)));
    assert!(last >= 6, "three entries and three receipts: {begins}");
    assert_eq!(begins["started_ms"], usa.get("/v1/station").await["started_ms"]);
    let (id, name, begins) = Stream::open(&usa, "?after=2", "").await.next().await;
    assert_eq!((id, name.as_str()), (Some(2), "begins"));
    assert_eq!((&begins["after"], begins["last"].as_u64().unwrap() >= last), (&json!(2), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_the_last_event_that_was_read() {
    let [usa, _rus] = pair().await;
    write_some(&usa).await;
    let mut first = Stream::open(&usa, "?after=0", "").await;
    assert_eq!(first.numbers(4).await, [0, 1, 2, 3]);
    drop(first);
    let mut resumed = Stream::open(&usa, "", "Last-Event-ID: 3\r\n").await;
    assert_eq!(resumed.numbers(3).await, [3, 4, 5], "it opens with its place and goes on from there");
    // What is asked for in the path counts, as for a reader that has chosen its place anew.
    let mut chosen = Stream::open(&usa, "?after=1", "Last-Event-ID: 4\r\n").await;
    assert_eq!(chosen.numbers(2).await, [1, 2]);
    // A reader that broke off before its first event resumes with the number that the stream opened with.
    let mut idle = Stream::open(&usa, "", "").await;
    let (opened, ..) = idle.next().await;
    drop(idle);
    usa.write(json!({"kind": "message", "precedence": "Z", "text": "In between."})).await;
    let mut again = Stream::open(&usa, "", &format!("Last-Event-ID: {}\r\n", opened.unwrap())).await;
    loop {
        let (_, name, data) = again.next().await;
        if name == "entry" && data["entry"] == "usa/Z/1" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_before_a_new_start_is_answered_with_a_gap() {
    let [party, _] = two();
    let station = party.up().await;
    let mut stream = Stream::open(&station, "", "Last-Event-ID: 4000\r\n").await;
    let (id, name, begins) = stream.next().await;
    assert_eq!((id, name.as_str(), &begins["after"]), (Some(0), "begins", &json!(0)));
    let (id, name, gap) = stream.next().await;
    assert_eq!((id, name.as_str(), gap), (None, "gap", json!({"after": 4000})));
    let wrote = station.post("/v1/lines/test/entries", json!({"kind": "message", "text": "Alone."})).await;
    loop {
        let (id, name, data) = stream.next().await;
        assert!(id.is_some_and(|id| id < 4000), "numbers count from 1 again");
        if name == "entry" && data["entry"] == wrote["entry"] {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_no_number_is_refused() {
    let [party, _] = two();
    let station = party.up().await;
    let request = "GET /v1/lines/test/events HTTP/1.0\r\nhost: station\r\nLast-Event-ID: yesterday\r\n\r\n";
    let (status, refusal) = station.exchange(request.as_bytes()).await.unwrap();
    parties::assert_refusal(status, &refusal);
    assert_eq!(
        (status, &refusal["what"], &refusal["found"]),
        (400, &json!("Last-Event-ID"), &json!("yesterday"))
    );
    let (status, refusal) = station.refused("GET", "/v1/lines/test/events?after=x", "").await;
    assert_eq!((status, &refusal["what"]), (400, &json!("query")));
}
