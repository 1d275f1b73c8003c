//! What callers of the API get for asking what cannot be: a status, a name, what was expected, what was found and what
//! to do, always in the form of spec/api.md; and the station works on.

mod parties;

use parties::{Station, pair};
use serde_json::{Value, json};

const ENTRIES: &str = "/v1/lines/test/entries";

async fn draft(station: &Station, draft: Value) -> (u16, String, String, String) {
    let (status, refusal) = station.refused("POST", ENTRIES, &draft.to_string()).await;
    let text = |field: &str| refusal[field].as_str().unwrap_or_default().to_owned();
    (status, text("error"), text("expected"), text("found"))
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_that_make_no_sense_are_refused_with_what_would_have() {
    let [usa, rus] = pair().await;
    rus.write(json!({"kind": "message", "text": "From rus."})).await;
    usa.entry_with("rus/R/1").await;
    usa.write(json!({"kind": "message", "text": "From usa."})).await;
    let message = |more: Value| {
        let mut draft = json!({"kind": "message", "text": "x"});
        if let (Some(fields), Value::Object(more)) = (draft.as_object_mut(), more) {
            fields.extend(more);
        }
        draft
    };
    let long = "x".repeat(12_001);
    let cases = [
        (
            message(json!({"office": "admiral"})),
            400,
            "Misuse",
            "watch officer, duty officer, chief",
            "admiral",
        ),
        (message(json!({"office": 9})), 400, "Misuse", "watch officer", "9"),
        (message(json!({"text": ""})), 400, "Malformed", "1 to 12", ""),
        (message(json!({"text": long})), 400, "Malformed", "12", ""),
        (message(json!({"precedence": "urgent"})), 400, "Misuse", "a precedence", "urgent"),
        (message(json!({"language": "e n"})), 400, "Misuse", "BCP 47", "e n"),
        (message(json!({"regards": ["rus/R/9"]})), 404, "UnknownEntry", "an entry held here", "rus/R/9"),
        (message(json!({"regards": ["fra/R/1"]})), 400, "Misuse", "one of usa, rus", "fra"),
        (message(json!({"regards": ["rus/R/0"]})), 400, "", "", "0"),
        (message(json!({"reply_by_ms": 1})), 400, "Misuse", "a time after now", "before now"),
        (message(json!({"txt": "x"})), 400, "Misuse", "spec/api.md", "txt"),
        (json!({"kind": "sing"}), 400, "Misuse", "message, amendment", "sing"),
        (json!({"kind": "message"}), 400, "Misuse", "one for a message", "none"),
        (
            json!({"kind": "acknowledgement", "regards": ["usa/R/1"]}),
            400,
            "Misuse",
            "of another party",
            "usa/R/1",
        ),
        (json!({"kind": "acknowledgement"}), 400, "Misuse", "of another party", "none"),
        (json!({"kind": "withdrawal", "regards": ["rus/R/1"]}), 400, "Misuse", "one own entry", "rus/R/1"),
        (json!({"kind": "resumes"}), 400, "Misuse", "one of this party in force", "none"),
        (json!({"kind": "motion"}), 400, "Misuse", "one in force to move on", "none"),
        (json!({"kind": "motion", "regards": ["rus/R/1"]}), 409, "NotPermitted", "", ""),
        (json!({"kind": "vote", "choice": "for"}), 400, "Misuse", "one to vote on", "0 open"),
        (json!({"kind": "cease", "position": [91.0, 0.0]}), 400, "Misuse", "within ±90", "[91, 0]"),
        (json!({"kind": "suspends", "reason": "x", "scope": ["mesage"]}), 400, "Misuse", "", "did you mean"),
    ];
    for (asked, status, error, expected, found) in cases {
        let refused = draft(&usa, asked.clone()).await;
        assert_eq!(refused.0, status, "{asked}: {refused:?}");
        assert!(refused.1.contains(error), "{asked}: {refused:?}");
        assert!(refused.2.contains(expected), "{asked}: {refused:?}");
        assert!(refused.3.contains(found), "{asked}: {refused:?}");
    }
    // Nothing of that was written, and what makes sense still is.
    assert_eq!(usa.write(json!({"kind": "message", "text": "Next."})).await, "usa/R/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_refused_in_the_same_form() {
    let [usa, _rus] = pair().await;
    let cases: [(&str, &str, &str, u16, &str); 11] = [
        ("GET", "/v1/nothing", "", 404, "Misuse"),
        ("DELETE", "/v1/station", "", 404, "Misuse"),
        ("GET", "/v1/lines/syria", "", 404, "UnknownLine"),
        ("GET", "/v1/lines/%ff", "", 400, "Misuse"),
        ("GET", "/v1/lines/test/entries/usa/Z/1", "", 404, "UnknownEntry"),
        ("GET", "/v1/lines/test/entries?limt=3", "", 400, "Misuse"),
        ("GET", "/v1/lines/test/entries?from=x", "", 400, "Misuse"),
        ("GET", "/v1/lines/test/entries?book=usa", "", 400, ""),
        ("POST", ENTRIES, "{", 400, "Misuse"),
        ("POST", ENTRIES, "\u{0}\u{1}garbage", 400, "Misuse"),
        ("POST", "/v1/clock", "{\"now_ms\": 1}", 400, "Misuse"),
    ];
    for (method, path, body, status, error) in cases {
        let (found, refusal) = usa.refused(method, path, body).await;
        assert_eq!(found, status, "{method} {path}: {refusal}");
        assert!(refusal["error"].as_str().is_some_and(|name| name.contains(error)), "{path}: {refusal}");
    }
    let (status, refusal) =
        usa.refused("POST", &format!("{ENTRIES}?until=tomorrow"), "{\"kind\": \"displayed\"}").await;
    assert_eq!((status, &refusal["error"]), (400, &json!("Misuse")), "{refusal}");
    let plain =
        "POST /v1/lines/test/entries HTTP/1.1\r\nhost: s\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let (status, refusal) = usa.exchange(plain.as_bytes()).await.unwrap_or_default();
    parties::assert_refusal(status, &refusal);
    assert!(refusal["hint"].as_str().is_some_and(|hint| hint.contains("application/json")), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_too_large_and_their_sender_hears_so() {
    let [usa, _rus] = pair().await;
    let body = json!({"kind": "message", "text": "x".repeat(10 << 20)}).to_string();
    let (status, refusal) = usa.refused("POST", ENTRIES, &body).await;
    assert_eq!((status, &refusal["error"]), (413, &json!("TooLarge")), "{refusal}");
    assert!(refusal["found"].as_str().is_some_and(|found| found.starts_with("10485")), "{refusal}");
    assert_eq!(usa.write(json!({"kind": "message", "text": "In parts."})).await, "usa/R/1");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_end_their_connection_and_no_other() {
    let [usa, _rus] = pair().await;
    for garbage in [&b"\x00\xff\xfe garbage\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9\r\n", b"GET", b""] {
        // Whether anything comes back is HTTP's affair; that nothing else is disturbed is ours.
        usa.exchange_and_leave(garbage).await;
    }
    assert_eq!(usa.write(json!({"kind": "message", "text": "Undisturbed."})).await, "usa/R/1");
}
