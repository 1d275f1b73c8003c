//! What a machine watches (spec/api.md, "Metrics"), held to what the API says of the same line.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its own functions too")]

mod parties;

use std::collections::BTreeMap;

use parties::{Station, pair};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Every sample of the text by its name and labels.
async fn samples(at: &Station) -> BTreeMap<String, f64> {
    let request = b"GET /v1/metrics HTTP/1.1\r\nhost: station\r\nconnection: close\r\n\r\n";
    let mut stream = UnixStream::connect(at.home.socket()).await.expect("a station");
    stream.write_all(request).await.expect("taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    let (head, text) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.to_ascii_lowercase().contains("content-type: application/openmetrics-text"), "{head}");
    assert!(text.trim_end().ends_with("# EOF"), "OpenMetrics ends so");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().expect("a number")))
        .collect()
}

fn of(samples: &BTreeMap<String, f64>, name: &str) -> f64 {
    *samples.get(name).unwrap_or_else(|| panic!("{name} among {:#?}", samples.keys()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_those_of_the_line() {
    let [usa, rus] = pair().await;
    usa.write(json!({"kind": "message", "precedence": "Z", "text": "stop"})).await;
    rus.entry_with("usa/Z/1").await;
    let here = samples(&rus).await;
    assert_eq!(of(&here, "detente_line_open{line=\"test\"}"), 1.0);
    assert_eq!(of(&here, "detente_unacknowledged{line=\"test\",precedence=\"Z\"}"), 1.0);
    assert_eq!(of(&here, "detente_book_entries{line=\"test\",book=\"usa/Z\"}"), 1.0);
    let circuit = "{line=\"test\",peer=\"usa\",circuit=\"quic\",kind=\"quic\"";
    assert_eq!(of(&here, &format!("detente_circuit_up{circuit}}}")), 1.0);
    assert!(of(&here, &format!("detente_circuit_packets_sent_total{circuit}}}")) > 0.0);
    assert!(of(&here, &format!("detente_circuit_carried_bytes_total{circuit},way=\"received\"}}")) > 100.0);
    let there = samples(&usa).await;
    assert_eq!(of(&there, "detente_awaited{line=\"test\",precedence=\"Z\"}"), 1.0);
    usa.write(json!({"kind": "suspends", "scope": ["notice"], "reason": "a test"})).await;
    rus.wait("/v1/lines/test", |status| status["open"] == false).await;
    let suspended = samples(&rus).await;
    assert_eq!(of(&suspended, "detente_line_open{line=\"test\"}"), 0.0);
    assert_eq!(of(&suspended, "detente_party_willing{line=\"test\",party=\"usa\"}"), 0.0);
    assert_eq!(of(&suspended, "detente_party_willing{line=\"test\",party=\"rus\"}"), 1.0);
    // A circuit that is gone is told as such, while it is configured.
    usa.lost("test").await;
    rus.wait("/v1/lines/test", |status| status["parties"][0]["circuits_up"] == 0).await;
    assert_eq!(of(&samples(&rus).await, &format!("detente_circuit_up{circuit}}}")), 0.0);
}
