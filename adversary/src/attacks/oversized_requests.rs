//! Requests that are too large in every part.
//!
//! **Who:** somebody who reaches the console, without an account and with a token. **Tries:** paths, headers, cookies, bodies, JSON within JSON,
//! numbers and lists, each far beyond what anybody needs. **Must hold:** each is refused with a status of 4xx, or its connection
//! ends; none with 5xx; the station works on.

use serde_json::json;

use super::USUAL;
use crate::scene::LINE;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "oversized-requests",
    tries: "somebody sends the console paths, headers, cookies, bodies and structures beyond all bounds",
    bounds: USUAL,
    make: |scene| Box::pin(send(scene)) as Made<'_>,
};

async fn send(scene: &Scene) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let bearer = format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", scene.token);
    let entries = format!("POST /v1/lines/{LINE}/entries");
    let text = |length: usize| json!({"kind": "message", "text": "x".repeat(length)}).to_string();
    let deep = |depth: usize| format!("{{\"kind\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    let many = json!({"kind": "message", "text": "x", "regards": vec!["rus/Z/1"; 5_000]}).to_string();
    let attached = vec![json!({"hash": "00".repeat(32), "name": "x"}); 500];
    let origin = format!("origin: {}\r\ncontent-type: application/json\r\n", browser.origin());
    let chunked = format!("{origin}transfer-encoding: chunked\r\n");
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", 1 << 20, "y".repeat(1 << 20));
    let raw = format!(
        "POST /sign-in/begin HTTP/1.1\r\nhost: {}\r\n{chunked}connection: close\r\n\r\n{chunk}",
        browser.authority()
    );
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a path of 200,000 bytes", browser.request(&format!("GET /{}", "a".repeat(200_000)), "", "")),
        (
            "a header of 1 MiB",
            browser.request("GET /sign-in", &format!("x-large: {}\r\n", "h".repeat(1 << 20)), ""),
        ),
        ("10,000 headers", browser.request("GET /sign-in", &"x: y\r\n".repeat(10_000), "")),
        (
            "a cookie of 100,000 bytes",
            browser.request(
                "GET /v1/station",
                &format!("cookie: __Host-detente={}\r\n", "c".repeat(100_000)),
                "",
            ),
        ),
        (
            "a token of 60,000 bytes",
            browser.request(
                "GET /v1/station",
                &format!("authorization: Bearer {}\r\n", "t".repeat(60_000)),
                "",
            ),
        ),
        ("a body of 10 MiB", browser.request(&entries, &bearer, &text(10 << 20))),
        ("a text of 12,001 bytes", browser.request(&entries, &bearer, &text(12_001))),
        ("lists in lists, 30,000 deep", browser.request(&entries, &bearer, &deep(30_000))),
        ("5,000 entries regarded", browser.request(&entries, &bearer, &many)),
        (
            "500 attachments",
            browser.request(
                &entries,
                &bearer,
                &json!({"kind": "message", "text": "x", "attachments": attached}).to_string(),
            ),
        ),
        (
            "a number beyond all",
            browser.request(&format!("GET /v1/lines/{LINE}/log?limit=99999999999999999999999"), &bearer, ""),
        ),
        (
            "a body of 1 MiB by somebody unknown",
            browser.request(
                "POST /sign-in/begin",
                &origin,
                &json!({"officer": "x".repeat(1 << 20)}).to_string(),
            ),
        ),
        ("the same in chunks", raw.into_bytes()),
        (
            "a negative length",
            browser.request("POST /sign-in/begin", &format!("{origin}content-length: -1\r\n"), ""),
        ),
        (
            "two lengths",
            browser.request(
                "POST /sign-in/begin",
                &format!("{origin}content-length: 3\r\ncontent-length: 5\r\n"),
                "",
            ),
        ),
        (
            "a length and chunks",
            browser.request("POST /sign-in/begin", &format!("{chunked}content-length: 3\r\n"), "0\r\n\r\n"),
        ),
    ];
    let mut statuses = serde_json::Map::new();
    for (what, request) in &cases {
        let said = browser.say(elsewhere(), request).await.map_err(|why| format!("{what}: {why}"))?;
        if !matches!(said.status, 0 | 400..=499) {
            return objection(&format!("a refusal of {what}"), format!("{} {}", said.status, said.body));
        }
        statuses.insert((*what).to_owned(), said.status.into());
    }
    Ok(figures([("requests", json!(cases.len())), ("statuses", statuses.into())]))
}
