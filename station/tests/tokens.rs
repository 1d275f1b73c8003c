//! Programs with tokens at a station's console, over HTTPS: each within its scope, its lines and its time, written down as what it is,
//! and never an officer (spec/api.md, "Tokens").

#![expect(clippy::panic, reason = "a test whose scene cannot be set has failed")]

mod parties;

use detente_station::paper::ReleasePart;
use parties::console::{Program, with_console};
use parties::{Party, Station, agree, agree_on, pair};
use serde_json::{Value, json};

const ENTRIES: &str = "POST /v1/lines/test/entries";

/// A station with a console, alone on its lines, and a program at it that has no token.
async fn alone(lines: &[&str], two_officers: &[&str]) -> (Station, Program) {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    for line in lines {
        agree_on(line, &mut parties, |paper| {
            if !two_officers.is_empty() {
                let kinds = two_officers.iter().map(|kind| (*kind).to_owned()).collect();
                paper.release = Some(ReleasePart { two_officers: kinds });
            }
        });
    }
    let port = with_console(&parties[0]);
    let station = parties[0].up().await;
    let program = Program::of(&station, port);
    (station, program)
}

/// A token of a scope; gives its secret.
async fn add(station: &Station, name: &str, scope: &[&str], more: Value) -> String {
    let mut asked = json!({"name": name, "scope": scope});
    if let (Some(fields), Value::Object(more)) = (asked.as_object_mut(), more) {
        fields.extend(more);
    }
    let answer = station.post("/v1/tokens", asked).await;
    answer["secret"].as_str().unwrap_or_else(|| panic!("no secret: {answer}")).to_owned()
}

async fn audit(station: &Station) -> Vec<Value> {
    station.get("/v1/audit").await["deeds"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_allows_what_it_says_and_nothing_else() {
    let (station, program) = alone(&["test"], &[]).await;
    let plans = json!({"plans": []});
    // What it takes, and a call that takes it; whether the call then makes sense is another matter.
    let calls = [
        ("read", "GET /v1/lines/test/inbox", json!(null)),
        ("read", "GET /v1/station", json!(null)),
        ("read", "GET /v1/metrics", json!(null)),
        ("read", "POST /v1/lines/test/verify", json!({})),
        ("plan", "POST /v1/lines/test/plans", plans.clone()),
        ("plan", "DELETE /v1/lines/test/plans/7", json!(null)),
        ("notify", ENTRIES, json!({"kind": "notice", "notice": {}})),
        ("notify", "POST /v1/lines/test/import?name=a.csv&dry_run=true", json!({})),
        ("write", ENTRIES, json!({"kind": "message", "text": "From a program."})),
        ("write", ENTRIES, json!({"kind": "acknowledgement", "regards": ["rus/R/1"]})),
        ("act", ENTRIES, json!({"kind": "vote", "choice": "for"})),
        ("act", ENTRIES, json!({"kind": "position", "stance": "affirms", "text": "x"})),
        ("act", ENTRIES, json!({"kind": "no such kind"})),
        ("act", "POST /v1/lines/test/keys", json!({})),
        ("act", "POST /v1/lines/test/circuits/withhold", json!({})),
        ("administer", "GET /v1/officers", json!(null)),
        ("administer", "POST /v1/officers", json!({"name": "Mallory", "role": "administrator"})),
        ("administer", "DELETE /v1/officers/Anna", json!(null)),
        ("administer", "GET /v1/audit", json!(null)),
        ("administer", "GET /v1/tokens", json!(null)),
        ("administer", "POST /v1/tokens", json!({"name": "more", "scope": ["act"]})),
        ("administer", "DELETE /v1/tokens/act", json!(null)),
    ];
    for scope in ["read", "plan", "notify", "write", "act"] {
        let token = program.bearing(&add(&station, scope, &[scope], json!({})).await);
        for (takes, call, body) in &calls {
            let said = token.ask(call, body.clone()).await;
            let refused = said.status == 403 && said.body["error"] == "NotYourScope";
            let allowed = *takes == "read" || *takes == scope;
            assert_eq!(refused, !allowed, "{scope}: {call} {body}: {said:?}");
        }
    }
    // All of them at once are still no officer.
    let all = add(&station, "all", &["read", "plan", "notify", "write", "act"], json!({})).await;
    let all = program.bearing(&all);
    assert_eq!(all.get("/v1/officers").await.error(), "NotYourScope");
    for call in ["POST /v1/lines/test/handover", "POST /v1/lines/test/handover/take"] {
        assert_eq!(all.ask(call, json!({"sha256": ""})).await.error(), "NotAnOfficer");
    }
    let page = all.get("/lines/test").await;
    assert_eq!((page.status, page.error()), (403, "NotYourScope"), "pages are for officers");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_token_counts_and_the_host() {
    let (station, program) = alone(&["test"], &[]).await;
    let secret = add(&station, "writer", &["write"], json!({})).await;
    let writer = program.bearing(&secret);
    let message = json!({"kind": "message", "text": "No cookie, no origin, no word."});
    let written = writer.ask(ENTRIES, message.clone()).await;
    assert_eq!((written.status, &written.body["entry"]), (200, &json!("usa/R/1")), "{written:?}");
    // Beside a token, a cookie is nothing, good or bad.
    let beside = writer.ask_with(ENTRIES, "cookie: __Host-detente=guess\r\n", &message).await;
    assert_eq!(beside.status, 200, "{beside:?}");
    for other in ["host: evil.example\r\n", "host: 127.0.0.1\r\n"] {
        assert_eq!(writer.ask_with("GET /v1/station", other, &json!(null)).await.error(), "OtherOrigin");
    }
    // A token is no cookie, and no other scheme is a token.
    let cookie = program.with(&format!("cookie: __Host-detente={secret}\r\n"));
    assert_eq!(cookie.get("/v1/station").await.error(), "NotSignedIn");
    let basic = program.with(&format!("authorization: Basic {secret}\r\n"));
    assert_eq!(basic.get("/v1/station").await.error(), "NotSignedIn");
    assert_eq!(basic.ask(ENTRIES, message.clone()).await.error(), "OtherOrigin");
    assert_eq!(program.get("/v1/station").await.error(), "NotSignedIn");
    // Where passkeys are asked for, a token changes nothing.
    let begin = writer.ask("POST /sign-in/begin", json!({"officer": "Anna"})).await;
    assert_eq!(begin.error(), "OtherOrigin");
    let two = program.with(&format!("authorization: Bearer {secret}\r\nauthorization: Bearer other\r\n"));
    assert_eq!(two.get("/v1/station").await.error(), "NotSignedIn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sees_its_lines_and_no_others() {
    let (station, program) = alone(&["test", "other"], &[]).await;
    let held = program.bearing(&add(&station, "held", &["write"], json!({"lines": ["test"]})).await);
    let free = program.bearing(&add(&station, "free", &["write"], json!({})).await);
    assert_eq!(held.get("/v1/lines/test/inbox").await.status, 200);
    assert_eq!(held.get("/v1/lines/%74est/inbox").await.status, 200, "the same line in other letters");
    for path in ["/v1/lines/other/inbox", "/v1/lines/%6fther/events", "/v1/lines/none/inbox"] {
        assert_eq!(held.get(path).await.error(), "NotYourLine", "{path}");
    }
    let message = json!({"kind": "message", "text": "x"});
    assert_eq!(held.ask("POST /v1/lines/other/entries", message.clone()).await.error(), "NotYourLine");
    assert_eq!(free.ask("POST /v1/lines/other/entries", message).await.status, 200);
    // What is told of all lines is told of its own.
    let names = |said: &parties::console::Said| {
        let lines = said.body["lines"].as_array().cloned().unwrap_or_default();
        lines.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&held.get("/v1/station").await), ["test"]);
    assert_eq!(names(&free.get("/v1/station").await), ["other", "test"]);
    let checks = held.get("/v1/doctor").await.body["checks"].to_string();
    assert!(checks.contains("test: memorandum") && !checks.contains("other:"), "{checks}");
    assert!(free.get("/v1/doctor").await.body["checks"].to_string().contains("other: memorandum"));
    let wrong = station.refused("POST", "/v1/tokens", r#"{"name": "x", "lines": ["none"]}"#).await;
    assert_eq!((wrong.0, &wrong.1["error"]), (404, &json!("UnknownLine")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_over_ended_or_nobodys_is_told_so() {
    let (station, program) = alone(&["test"], &[]).await;
    let answer = station.post("/v1/tokens", json!({"name": "short", "for_ms": 1_500})).await;
    let short = program.bearing(answer["secret"].as_str().unwrap());
    // Its stream says when its time is over: it ends.
    let mut beating = short.follow("/v1/lines/test/events?beat_ms=100", "").await;
    while beating.next().await.is_some() {}
    let over = short.get("/v1/station").await;
    assert_eq!((over.status, over.error()), (401, "NotSignedIn"));
    assert_eq!(over.body["found"], "one whose time is over");
    assert!(over.head.contains("www-authenticate: bearer"), "{}", over.head);

    let secret = add(&station, "ended", &[], json!({})).await;
    let ended = program.bearing(&secret);
    assert_eq!(ended.get("/v1/station").await.status, 200);
    let listed = station.get("/v1/tokens").await;
    assert!(!listed.to_string().contains(&secret), "{listed}");
    let used =
        listed["tokens"].as_array().unwrap().iter().find(|one| one["name"] == "ended").cloned().unwrap();
    assert!(used["used_ms"].is_u64() && used["good"] == true && used["scope"] == json!(["read"]), "{used}");
    let (status, _) = station.exchange(b"DELETE /v1/tokens/ended HTTP/1.0\r\n\r\n").await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(ended.get("/v1/station").await.body["found"], "one that was ended");

    // One that nobody has: refused, and after a while not even that; whoever has a good one comes in all the same.
    let good = program.bearing(&add(&station, "good", &[], json!({})).await);
    let guess = program.bearing(&secret.replace("detente_", "detente-"));
    let mut last = guess.get("/v1/station").await;
    assert_eq!((last.status, last.error()), (401, "NotSignedIn"));
    for _ in 0..200 {
        last = guess.get("/v1/station").await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!((last.status, last.error()), (429, "TooOften"));
    assert_eq!(good.get("/v1/station").await.status, 200);
    // And people at the same address can sign in.
    let origin = format!("origin: {}\r\n", listed["console"].as_str().unwrap());
    let begin = program.ask_with("POST /sign-in/begin", &origin, &json!({"officer": "Nobody"})).await;
    assert_eq!((begin.status, begin.error()), (401, "NotSignedIn"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_does_is_written_down_as_a_programs() {
    let (station, program) = alone(&["test"], &[]).await;
    station.post("/v1/officers", json!({"name": "planner", "role": "watch-officer"})).await;
    let secret = add(&station, "planner", &["write"], json!({"office": "duty officer"})).await;
    let planner = program.bearing(&secret);
    assert_eq!(planner.get("/v1/lines/test/inbox").await.status, 200);
    let said = planner.ask(ENTRIES, json!({"kind": "message", "text": "From a program."})).await;
    assert_eq!(said.status, 200, "{said:?}");
    let entry = station.entry_with("usa/R/1").await;
    assert_eq!(entry["office"], "duty officer", "{entry}");
    let said = planner.ask(ENTRIES, json!({"kind": "vote", "choice": "for"})).await;
    assert_eq!(said.error(), "NotYourScope");
    let deeds = audit(&station).await;
    let told = |deed: &Value| {
        ["officer", "what", "about", "outcome"].map(|field| deed[field].as_str().unwrap().to_owned())
    };
    let deeds: Vec<[String; 4]> = deeds.iter().map(told).collect();
    let what = "POST /v1/lines/test/entries";
    assert_eq!(
        deeds,
        [["token/planner", what, "", "403"], ["token/planner", what, "usa/R/1", "200"]],
        "commands, the newest first, and nobody's readings"
    );
    let like =
        station.refused("POST", "/v1/officers", r#"{"name": "token/planner", "role": "observer"}"#).await;
    assert_eq!((like.0, &like.1["error"]), (400, &json!("Misuse")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_drafts_what_two_release_and_releases_nothing() {
    let (station, program) = alone(&["test"], &["message"]).await;
    let first = program.bearing(&add(&station, "first", &["write", "act"], json!({})).await);
    let second = program.bearing(&add(&station, "second", &["write", "act"], json!({})).await);
    let message = json!({"kind": "message", "text": "Drafted by a program."});
    let waits = first.ask(ENTRIES, message.clone()).await;
    assert_eq!(waits.status, 202, "{waits:?}");
    let (number, seen) = (waits.body["release"].as_u64().unwrap(), json!({"sha256": waits.body["sha256"]}));
    let path = format!("/v1/lines/test/releases/{number}");
    // Neither its own nor another's.
    for program in [&first, &second] {
        let said = program.ask(&format!("POST {path}"), seen.clone()).await;
        assert_eq!((said.status, said.error()), (403, "NotAnOfficer"));
    }
    assert_eq!(second.ask(&format!("DELETE {path}"), json!(null)).await.error(), "NotAnOfficer");
    let by_owner = station.post("/v1/lines/test/entries", message.clone()).await;
    let owners = format!("/v1/lines/test/releases/{}", by_owner["release"]);
    let said = first.ask(&format!("POST {owners}"), json!({"sha256": by_owner["sha256"]})).await;
    assert_eq!(said.error(), "NotAnOfficer", "a program is no second officer to a person");
    assert_eq!(first.ask(&format!("DELETE {owners}"), json!(null)).await.error(), "NotAnOfficer");
    let listed = first.get("/v1/lines/test/releases").await.body["releases"].clone();
    assert_eq!(
        (&listed[0]["drafter"], &listed[0]["yours"]),
        (&json!("token/first"), &json!(true)),
        "{listed}"
    );
    assert_eq!((&listed[1]["drafter"], &listed[1]["yours"]), (&json!(null), &json!(false)), "{listed}");
    // A person does; what a program drafted itself, it can take back.
    let written = station.post(&path, seen).await;
    assert_eq!(
        (&written["drafter"], &written["durable"]),
        (&json!("token/first"), &json!(true)),
        "{written}"
    );
    let again = first.ask(ENTRIES, message).await.body["release"].clone();
    let back = first.ask(&format!("DELETE /v1/lines/test/releases/{again}"), json!(null)).await;
    assert_eq!((back.status, &back.body["taken_back"]), (200, &json!(true)), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_follows_the_line_and_resumes_until_its_token_ends() {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("test", &mut parties);
    let port = with_console(&parties[0]);
    let stations = [parties[0].up().await, parties[1].up().await];
    let [usa, rus] = &stations;
    usa.circuits_ready("test", 1).await;
    let program = Program::of(usa, port);
    let monitor = program.bearing(&add(usa, "monitor", &["read"], json!({})).await);
    let path = "/v1/lines/test/events";
    let mut stream = monitor.follow(path, "").await;
    rus.write(json!({"kind": "message", "precedence": "Z", "text": "One."})).await;
    let read = stream.until_entry("rus/Z/1").await;
    drop(stream);
    rus.write(json!({"kind": "message", "precedence": "Z", "text": "While it is away."})).await;
    let mut resumed = monitor.follow(path, &format!("last-event-id: {read}\r\n")).await;
    let (id, name, begins) = resumed.next().await.unwrap();
    assert_eq!((id, name.as_str(), &begins["after"]), (Some(read), "begins", &json!(read)));
    assert!(resumed.until_entry("rus/Z/2").await > read);
    // Who is let in no more hears nothing further, however long the stream has been open: one that beats ends by itself.
    let mut beating = monitor.follow(&format!("{path}?beat_ms=100"), "").await;
    let (status, _) = usa.exchange(b"DELETE /v1/tokens/monitor HTTP/1.0\r\n\r\n").await.unwrap();
    assert_eq!(status, 200);
    while beating.next().await.is_some() {}
    // The other one, which nothing reaches until somebody speaks, ends while they do.
    let spoken = async {
        loop {
            rus.write(json!({"kind": "message", "precedence": "R", "text": "After its end."})).await;
        }
    };
    let ended = async { while resumed.next().await.is_some() {} };
    tokio::select! {
        () = ended => {}
        () = spoken => {}
    }
    assert_eq!(monitor.get(path).await.error(), "NotSignedIn");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_names_tokens_and_asks_for_none_on_the_socket() {
    let [usa, _rus] = pair().await;
    let described = usa.get("/v1/openapi.json").await;
    let scheme = &described["components"]["securitySchemes"]["token"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")), "{scheme}");
    assert_eq!(described["security"], json!([{}, {"token": []}]));
    let secret = usa.post("/v1/tokens", json!({"name": "a"})).await;
    assert_eq!(secret["console"], json!(null), "a token may be made before there is a console: {secret}");
    for wrong in [
        json!({"name": "A"}),
        json!({"name": "b", "scope": ["administer"]}),
        json!({"name": "b", "until_ms": 1}),
        json!({"name": "b", "until_ms": 1, "for_ms": 1}),
        json!({"name": "b", "for_ms": 367_u64 * 86_400_000}),
        json!({"name": "b", "office": "admiral"}),
        json!({"name": "a"}),
    ] {
        let (status, refusal) = usa.refused("POST", "/v1/tokens", &wrong.to_string()).await;
        assert_eq!((status, &refusal["error"]), (400, &json!("Misuse")), "{wrong}: {refusal}");
    }
}
