//! Notices in force, conflicts and own plans on two stations: both come to the same verdicts, and a plan stays where it
//! was made.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod parties;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use detente_line::airspace::altitude::Band;
use detente_line::airspace::area::Area;
use detente_line::airspace::span::Span;
use detente_line::airspace::volume::Volume;
use detente_line::notices::Taken;
use detente_line::{Content, Notice, Position};
use detente_record::{Book, Class, Cut, Entry, EntryRef};
use detente_station::airspace::rebuilt;
use detente_station::store::{Batch, NewEntry, Options, Store};

use parties::stream::Stream;
use parties::{Folder, Party, agree, two};
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000;

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.expect("a clock after 1970").as_millis()).expect("a clock before the year 9999")
}

/// A circle of so many metres around a place, for an hour from three hours on.
fn circle(lat: f64, lon: f64, radius_m: f64) -> Value {
    let from_ms = now_ms() + 3 * HOUR;
    json!({
        "notice_kind": "activity", "text": "Firing.", "circle": {"centre": [lat, lon], "radius_m": radius_m},
        "lowest_m": 0, "highest_m": 5000, "from_ms": from_ms, "until_ms": from_ms + HOUR,
        "fields": {"forces": "all", "contact": "+963 11 000"},
    })
}

fn draft(notice: Value) -> Value {
    json!({"kind": "notice", "precedence": "P", "notice": notice})
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_see_the_same_conflict_and_its_end() {
    let [usa, rus] = parties::pair().await;
    let ours = usa.write(draft(circle(34.5, 37.0, 10_000.0))).await;
    rus.entry_with(&ours).await;
    let mut events = Stream::open(&usa, "", "").await;
    let theirs = rus.write(draft(circle(34.5, 37.2, 10_000.0))).await;
    usa.entry_with(&theirs).await;
    let raised = events.next_named("conflict").await;
    let mut named = [raised["one"].clone(), raised["other"].clone()];
    named.sort_by_key(Value::to_string);
    let mut expected = [json!(ours), json!(theirs)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(named, expected, "{raised}");
    assert_eq!(raised["verdict"], "conflict");
    let there = |answer: &Value| answer["conflicts"].as_array().is_some_and(|all| all.len() == 1);
    let at_usa = usa.wait("/v1/lines/test/conflicts", there).await;
    let at_rus = rus.wait("/v1/lines/test/conflicts", there).await;
    assert_eq!(at_usa, at_rus, "the same verdict on both sides, bit for bit");
    // The centres are 18.4 km apart, so what both circles share is about 1.6 km wide.
    let bounds: Vec<f64> =
        serde_json::from_value(at_usa["conflicts"][0]["overlap"]["bounds"].clone()).expect("a box");
    let [_, west, _, east] = bounds.as_slice() else { panic!("four sides, found {bounds:?}") };
    assert!((0.016..0.020).contains(&(east - west)), "{bounds:?}");
    // Moved away, it is in nobody's way; the amendment rules at both stations.
    let moved = json!({"kind": "amendment", "regards": [theirs], "notice": circle(35.5, 37.2, 10_000.0)});
    let amendment = rus.write(moved).await;
    usa.entry_with(&amendment).await;
    let none = |answer: &Value| answer["conflicts"] == json!([]);
    usa.wait("/v1/lines/test/conflicts", none).await;
    rus.wait("/v1/lines/test/conflicts", none).await;
    let at = format!("/v1/lines/test/notices?at_ms={}&party=rus", now_ms() + 3 * HOUR + HOUR / 2);
    let listed = usa.get(&at).await;
    let [notice] = listed["notices"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        panic!("{listed}")
    };
    assert_eq!((&notice["entry"], &notice["rules"]), (&json!(theirs), &json!(amendment)));
    assert_eq!(notice["short"], json!([]), "nothing is short of what the memorandum asks");
    // Withdrawn, it is in force no more, and is still listed among all.
    rus.write(json!({"kind": "withdrawal", "regards": [theirs]})).await;
    usa.wait(&at, |answer| answer["notices"] == json!([])).await;
    let all = usa.get("/v1/lines/test/notices?all=true&party=rus").await;
    assert_eq!(all["notices"][0]["withdrawn_by"], "rus/P/3", "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_checked_at_its_own_station_and_never_leaves_it() {
    let parties = two();
    let [usa, rus] = parties.each_ref().map(Party::start);
    usa.circuits_ready("test", 1).await;
    let notice = rus.write(draft(circle(34.5, 37.0, 10_000.0))).await;
    usa.entry_with(&notice).await;
    let path = "/v1/lines/test/plans";
    let added =
        usa.post(path, json!({"plans": [circle(34.55, 37.0, 5_000.0), circle(31.0, 37.0, 5_000.0)]})).await;
    assert_eq!(added["plans"], json!([1, 2]));
    let [conflict] = added["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        panic!("{added}")
    };
    assert_eq!((&conflict["one"], &conflict["other"]), (&json!("plan/1"), &json!(notice)));
    // What the other side sees: nothing of it, in no book and in no list.
    let books = rus.books().await;
    assert_eq!(books, usa.books().await);
    for path in ["conflicts", "plans"] {
        let seen = rus.get(&format!("/v1/lines/test/{path}")).await;
        assert_eq!(seen[path], json!([]), "{seen}");
    }
    // A report says as much as its author wants.
    let report = json!({
        "kind": "conflict", "regards": [notice], "verdict": "conflict", "text": "Keep clear of this box, please.",
        "volumes": [{"area": [[34.0, 36.5], [34.0, 37.5], [35.0, 37.5], [35.0, 36.5]], "from_ms": now_ms(), "until_ms": now_ms() + 12 * HOUR}],
    });
    // A conflict is with a notice: a message is in nobody's way.
    let message = rus.write(json!({"kind": "message", "text": "No notice at all."})).await;
    usa.entry_with(&message).await;
    let mut of_message = report.clone();
    of_message["regards"] = json!([message]);
    let (status, refusal) = usa.refused("POST", "/v1/lines/test/entries", &of_message.to_string()).await;
    assert_eq!((status, &refusal["expected"]), (400, &json!("a notice of another party")), "{refusal}");
    let said = usa.write(report).await;
    let read = rus.entry_with(&said).await;
    assert_eq!((&read["kind"], &read["body"]["verdict"]), (&json!("conflict"), &json!("conflict")));
    let owed = rus.get("/v1/lines/test/inbox").await;
    assert_eq!(owed["owed"][0]["entry"], json!(said), "{owed}");
    // The plan is back after a restart, and so is its conflict.
    usa.lost("test").await;
    let usa = parties[0].up().await;
    let there = |answer: &Value| answer["conflicts"].as_array().is_some_and(|all| all.len() == 1);
    let back = usa.wait("/v1/lines/test/conflicts", there).await;
    assert_eq!(back["conflicts"][0]["one"].as_str().map(|_| ()), Some(()), "{back}");
    let dropped =
        usa.exchange(b"DELETE /v1/lines/test/plans/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(dropped, Some((200, json!({"dropped": 1}))));
    assert_eq!(usa.get("/v1/lines/test/conflicts").await["conflicts"], json!([]));
    let (status, refusal) = usa.refused("DELETE", "/v1/lines/test/plans/1", "").await;
    assert_eq!((status, &refusal["what"]), (400, &json!("plan")), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_touched_is_told_before_anything_is_said() {
    let [usa, rus] = parties::pair().await;
    let notice = rus.write(draft(circle(34.5, 37.0, 10_000.0))).await;
    usa.entry_with(&notice).await;
    let check = "/v1/lines/test/check";
    let at = now_ms() + 3 * HOUR + HOUR / 2;
    let near = json!({"position": [34.6, 37.0], "radius_m": 2_000.0, "from_ms": at, "until_ms": at + 1});
    let found = usa.post(check, near).await;
    assert_eq!(found["verdict"], "conflict", "{found}");
    let touch = &found["touches"][0];
    assert_eq!((&touch["subject"], &touch["party"]), (&json!(notice), &json!("rus")));
    assert_eq!(touch["notice"]["fields"]["contact"], "+963 11 000", "with whom to talk: {touch}");
    // 11.1 km from the centre: outside of the circle, as a single position is.
    let alone = json!({"position": [34.6, 37.0], "from_ms": at, "until_ms": at});
    assert_eq!(usa.post(check, alone).await["verdict"], "clear");
    let earlier = json!({"position": [34.5, 37.0], "from_ms": now_ms(), "until_ms": now_ms()});
    assert_eq!(usa.post(check, earlier).await["verdict"], "clear");
    // Nothing was written.
    assert_eq!(usa.get("/v1/lines/test/notices?all=true&party=usa").await["notices"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_short_of_its_kind_is_refused_with_the_field_named() {
    let [usa, _rus] = parties::pair().await;
    let mut late = circle(34.5, 37.0, 10_000.0);
    late["from_ms"] = json!(now_ms() + HOUR);
    let path = "/v1/lines/test/entries";
    let (status, refusal) = usa.refused("POST", path, &draft(late.clone()).to_string()).await;
    assert_eq!((status, &refusal["what"]), (400, &json!("lead time")), "{refusal}");
    assert_eq!(refusal["expected"], "2h before it begins, or more");
    late["emergency"] = json!(true);
    usa.write(draft(late)).await;
    let mut crossing = circle(34.5, 37.0, 1.0);
    crossing["circle"] = json!(null);
    crossing["area"] = json!([[34.0, 37.0], [35.0, 38.0], [34.0, 38.0], [35.0, 37.0]]);
    let (_, refusal) = usa.refused("POST", path, &draft(crossing).to_string()).await;
    assert!(refusal["found"].as_str().is_some_and(|found| found.starts_with("Crossing")), "{refusal}");
    let mut field = circle(34.5, 37.0, 1_000.0);
    field["fields"] = json!({"contct": "x"});
    let (_, refusal) = usa.refused("POST", path, &draft(field).to_string()).await;
    assert_eq!(refusal["hint"], "did you mean contact?", "{refusal}");
}

/// A withdrawal travels before the notice, as FLASH does before ROUTINE; between the two the station is started again.
#[test]
fn what_was_withdrawn_before_it_came_is_withdrawn_after_a_restart_too() {
    let memorandum = agree("test", &mut [Party::new("usa"), Party::new("rus")]);
    let parties: Vec<detente_record::Party> = memorandum.parties().collect();
    let [me, author] = parties.as_slice() else { panic!("two parties") };
    let book = |class| Book { generation: 0, party: *author, class };
    let given = EntryRef { book: book(Class::R), number: 1 };
    let withdrawn = EntryRef { book: book(Class::Z), number: 1 };
    let content = Content::Withdrawal { reason: None };
    let entry = Entry {
        serial: 2,
        time_ms: 2,
        clock_held: false,
        office: 1,
        language: None,
        regards: vec![given],
        cut: Cut::new(),
        vector: None,
        kind: content.kind(),
        body: content.encode(),
        second: None,
    };
    let folder = Folder::new();
    let open = || {
        let options =
            Options::new(folder.path().join("store"), folder.path().join("mark"), memorandum.line().0);
        Store::open(options).expect("a store").0
    };
    let stored = NewEntry {
        book: withdrawn.book.code(),
        number: withdrawn.number,
        bytes: entry.encode().expect("an entry").into(),
        leaf: [0; 32],
        kind: entry.kind,
        time_ms: entry.time_ms,
        regards: Vec::new(),
    };
    open().submit(Batch { seq: 1, entries: vec![stored], ..Batch::default() }).expect("taken");
    let judged = BTreeMap::from([(withdrawn.book, withdrawn.number)]);
    let mut notices = rebuilt(&open(), &memorandum, *me, &judged).expect("a record that is read");
    let place = Area::new(&[Position { lat: 0, lon: 0 }], &[]).expect("a place");
    let content = Content::Notice(Notice {
        kind: "site".into(),
        text: "Hospital".into(),
        volumes: vec![Volume::new(place, Band::ALL, Span::since(1).expect("a time"))],
        fields: BTreeMap::new(),
        emergency: false,
        waypoints: Vec::new(),
    });
    let came = Taken { name: given, serial: 1, regards: &[], content: &content, judged: false };
    notices.take(came).expect("there is room");
    assert_eq!(notices.notice(given).and_then(|standing| standing.withdrawn_by), Some(withdrawn));
    assert_eq!(notices.in_force(10).count(), 0);
}
