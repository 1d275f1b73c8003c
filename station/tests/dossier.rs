//! Three stations and a witness: a dossier says what each of them has signed, and what none of them has.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod parties;

use std::net::SocketAddr;

use detente_dossier::{Report, verify};
use detente_line::Keyring;
use detente_station::clock::Clock;
use detente_station::paper::{WitnessPart, WitnessingPart};
use detente_station::witness::folder::{Folder, line_keys};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use parties::{Folder as Scratch, PATIENCE, Party, Station, agree_on};

/// Has a station make a dossier, and verifies it as a stranger would.
async fn make(station: &Station, selection: Value) -> Report {
    let body = selection.to_string();
    let request = format!(
        "POST /v1/lines/test/dossier HTTP/1.1\r\nhost: station\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = UnixStream::connect(station.home.socket()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("an answer in time")
        .unwrap();
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer");
    let (head, bytes) = answer.split_at(head + 4);
    let head = String::from_utf8_lossy(head);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}{}", String::from_utf8_lossy(bytes));
    let report = verify(bytes).unwrap();
    assert!(report.holds() && report.unread.is_empty(), "{:?}", report.wrongs);
    report
}

fn names(report: &Report) -> Vec<String> {
    let name =
        |entry: &detente_dossier::Established| detente_dossier::words::name(&report.memoranda, entry.name);
    report.entries.iter().map(name).collect()
}

/// The facts of an entry by name, with who is bound.
fn facts(report: &Report, name: &str) -> Vec<(String, Option<String>)> {
    let place = names(report).iter().position(|known| known == name).expect("the entry");
    let signer = |signer| detente_dossier::signers::name(&report.memoranda, signer);
    report.entries[place].facts.iter().map(|fact| (fact.name(), fact.bound().map(signer))).collect()
}

fn message(text: &str) -> Value {
    json!({"kind": "message", "precedence": "routine", "text": text})
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_signed_is_in_it_and_selections_take_what_they_name() {
    let scratch = Scratch::new();
    let folder = Folder::at(scratch.path().join("witness"));
    let vkey = folder.make("w.example").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut parties = [Party::new("usa"), Party::new("rus"), Party::new("un")];
    let memorandum = agree_on("test", &mut parties, |paper| {
        let url = format!("http://127.0.0.1:{port}");
        paper.witness = vec![WitnessPart { name: vkey.name.clone(), key: vkey.text(), url }];
        paper.witnessing = Some(WitnessingPart { every: 1_000 });
    });
    folder.add(&line_keys(&memorandum.line(), &Keyring::of(&memorandum, &[]))).unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let witness = tokio::spawn(async move {
        detente_station::witness::serve(folder, listen, Clock::system(), |_| ()).await
    });
    let stations = parties.each_ref().map(Party::start);
    for station in &stations {
        station.circuits_ready("test", 2).await;
    }
    let [usa, rus, un] = &stations;

    let before = usa.write_on("test", message("Of no concern."), 2).await;
    let said = usa.write_on("test", message("The convoy leaves at 0600Z."), 2).await;
    let answer = json!({"kind": "message", "precedence": "routine", "text": "Understood.", "answers": true, "regards": [said]});
    let answer = rus.write_on("test", answer, 2).await;
    let cosigned = |status: &Value| {
        let sizes = &status["witnesses"][0]["cosigned"];
        sizes["usa/R"]["size"] == 2 && sizes["rus/R"]["size"] == 1
    };
    un.wait("/v1/lines/test", cosigned).await;

    // The others' receipts come to it in their own time.
    let forwarded = |answer: &Value| {
        let book = answer["books"].as_array().into_iter().flatten().find(|book| book["book"] == "usa/R");
        book.is_some_and(|book| book["receipts"]["rus"]["size"] == 2)
    };
    un.wait("/v1/lines/test/books", forwarded).await;

    let fact = |name: &str, bound: &str| (name.to_owned(), Some(bound.to_owned()));
    let thread = make(un, json!({"threads": [answer]})).await;
    let mut both = [said.clone(), answer.clone()];
    both.sort_by_key(|name| !name.starts_with("usa"));
    assert_eq!(names(&thread), both);
    let mut signed = facts(&thread, &said);
    signed.sort();
    assert_eq!(
        signed,
        [
            fact("answered", "rus"),
            fact("stored", "rus"),
            fact("stored", "un"),
            fact("witnessed", "w.example"),
            fact("wrote", "usa")
        ]
    );
    // Any station that holds the record proves the same, its own receipt among it.
    let theirs = make(rus, json!({"threads": [said]})).await;
    assert_eq!(names(&theirs), names(&thread));
    assert!(detente_dossier::compare(&[&thread, &theirs]).unwrap().is_empty());

    assert_eq!(names(&make(un, json!({"entries": [before]})).await), [before.as_str()]);
    assert_eq!(names(&make(un, json!({"notices": [said]})).await), both);
    let whole = make(un, json!({"since_ms": 0, "exact": true})).await;
    assert!([&before, &said, &answer].into_iter().all(|name| names(&whole).contains(name)));
    let time_ms = |name: &str| {
        let place = names(&whole).iter().position(|known| known == name).unwrap();
        whole.entries[place].read.as_ref().unwrap().time_ms
    };
    let interval = json!({"since_ms": time_ms(&said), "until_ms": time_ms(&said)});
    assert!(names(&make(un, interval).await).contains(&said));

    for (body, says) in [
        (json!({}), "none"),
        (json!({"entries": ["usa/R/99"]}), "usa/R/99"),
        (json!({"entries": ["xyz/R/1"]}), "xyz"),
        (json!({"entry": ["usa/R/1"]}), "entry"),
        (json!({"since_ms": 5, "until_ms": 4}), "none"),
    ] {
        let (status, refusal) = un.refused("POST", "/v1/lines/test/dossier", &body.to_string()).await;
        assert!((400..405).contains(&status) && refusal.to_string().contains(says), "{body}: {refusal}");
    }
    witness.abort();
}
