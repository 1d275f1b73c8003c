//! Attachments between whole stations: streamed in, fetched behind everything else, carried by a third party, resumed after
//! a station was lost in the middle, given out again, and held by whom the record says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod parties;

use std::io::Write as _;
use std::time::Duration;

use parties::{Party, Station, agree, assert_refusal, pair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Bytes of which no chunk is like another.
fn bytes(count: usize) -> Vec<u8> {
    (0..count.div_ceil(8) as u64).flat_map(|place| (place * place).to_le_bytes()).take(count).collect()
}

/// Brings bytes; gives what to put into a draft.
async fn bring(station: &Station, name: &str, bytes: &[u8]) -> Value {
    let mut request = format!(
        "PUT /v1/lines/test/blobs HTTP/1.1\r\nhost: station\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    )
    .into_bytes();
    request.extend_from_slice(bytes);
    let (status, mut answer) = station.exchange(&request).await.expect("an answer");
    assert_eq!(status, 200, "{answer}");
    answer["name"] = name.into();
    answer["media_type"] = "application/octet-stream".into();
    answer
}

/// Takes a blob out, its head thrown away.
async fn taken(station: &Station, hash: &str) -> Vec<u8> {
    let mut stream = UnixStream::connect(station.home.socket()).await.unwrap();
    let request =
        format!("GET /v1/lines/test/blobs/{hash} HTTP/1.1\r\nhost: station\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").expect("a head");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..head]));
    answer.split_off(head + 4)
}

fn listed(answer: &Value, name: &str) -> Value {
    let all = answer["attachments"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["name"] == name).unwrap_or(Value::Null)
}

/// An attachment, once a station holds it and so many parties say that they do.
async fn held(station: &Station, name: &str, parties: usize) -> Value {
    let there = |answer: &Value| {
        let one = listed(answer, name);
        // The line knows of a word a moment before its time can be read from the store.
        let said = |by: &serde_json::Map<String, Value>| {
            by.len() == parties && by.values().all(|held| held["since_ms"].is_u64())
        };
        one["state"] == "here" && one["held_by"].as_object().is_some_and(said)
    };
    listed(&station.wait("/v1/lines/test/attachments", there).await, name)
}

async fn three() -> [Party; 3] {
    let mut parties = [Party::new("usa"), Party::new("un"), Party::new("rus")];
    agree("test", &mut parties);
    parties
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_any_size_come_whole_and_the_record_says_who_holds_them() {
    let [usa, rus] = pair().await;
    let mut attachments = Vec::new();
    for count in [0, 1, 65_536, 1_000_003] {
        attachments.push(bring(&usa, &format!("{count}.bin"), &bytes(count)).await);
    }
    let again = bring(&usa, "1.bin", &bytes(1)).await;
    assert_eq!(again, attachments[1], "what is brought twice is one blob");
    let draft = json!({"kind": "message", "text": "As attached.", "attachments": attachments});
    let sent = usa.write(draft).await;
    for (attachment, count) in attachments.iter().zip([0, 1, 65_536, 1_000_003]) {
        let name = attachment["name"].as_str().unwrap();
        for station in [&usa, &rus] {
            let one = held(station, name, 2).await;
            assert_eq!((&one["added_by"], &one["entry"]), (&json!("usa"), &json!(sent)));
            assert_eq!(one["held_by"]["usa"]["entry"], json!(sent), "who adds it holds it");
            assert_eq!(one["held_by"]["rus"]["entry"], "rus/R/1", "all of them in one word");
            assert_eq!(one["not_received_by"], json!([]));
            assert!(one["held_by"]["rus"]["since_ms"].as_u64() > one["added_ms"].as_u64(), "{one}");
            assert_eq!(taken(station, attachment["hash"].as_str().unwrap()).await, bytes(count));
        }
    }
    let entry = rus.entry_with(&sent).await;
    assert_eq!(entry["body"]["attachments"].as_array().map(Vec::len), Some(4), "{entry}");
    let of = rus.get("/v1/lines/test/attachments?entry=rus/R/1").await;
    assert_eq!(of["attachments"], json!([]));
    let folder = rus.home.blobs("test");
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        assert!(!name.contains("part") && !name.contains("incoming"), "{name} is left over");
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_attached_is_refused_with_a_name() {
    let [usa, _rus] = pair().await;
    let good = bring(&usa, "map.png", b"map").await;
    let with = |change: fn(&mut Value)| {
        let mut attachment = good.clone();
        change(&mut attachment);
        json!({"kind": "message", "text": "x", "attachments": [attachment]}).to_string()
    };
    let path = "/v1/lines/test/entries";
    for (draft, what) in [
        (with(|one| one["name"] = "../../etc/passwd".into()), "attachment"),
        (with(|one| one["name"] = ".bashrc".into()), "attachment"),
        (with(|one| one["media_type"] = "PNG".into()), "attachment"),
        (with(|one| one["size"] = 4.into()), "attachment"),
        (with(|one| one["size"] = (1_u64 << 33).into()), "attachment"),
        (with(|one| one["root"] = "00".repeat(32).into()), "attachment"),
        (with(|one| one["hash"] = "zz".into()), "hash"),
        (json!({"kind": "message", "text": "x", "attachments": [good, good]}).to_string(), "attachments"),
        (json!({"kind": "duty", "state": "on", "attachments": [good]}).to_string(), "attachments"),
    ] {
        let (status, refusal) = usa.refused("POST", path, &draft).await;
        assert_eq!((status, refusal["what"].as_str()), (400, Some(what)), "{draft}: {refusal}");
    }
    let (status, refusal) = usa.refused("GET", &format!("/v1/lines/test/blobs/{}", "0".repeat(64)), "").await;
    assert_eq!((status, refusal["error"].as_str()), (404, Some("NotReceived")));
    let (status, _) = usa.refused("GET", "/v1/lines/test/blobs/..%2f..%2fkeys.toml", "").await;
    assert_eq!(status, 400);
    let (status, refusal) = usa.refused("GET", "/v1/lines/test/attachments?entry=usa/R/9", "").await;
    assert_refusal(status, &refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_while_it_was_brought_leaves_nothing() {
    let [usa, _rus] = pair().await;
    let request = b"PUT /v1/lines/test/blobs HTTP/1.1\r\nhost: station\r\ncontent-length: 1000000\r\n\r\nfew";
    usa.exchange_and_leave(request).await;
    let folder = usa.home.blobs("test");
    let empty = async {
        let mut tries = tokio::time::interval(Duration::from_millis(5));
        while std::fs::read_dir(&folder).unwrap().next().is_some() {
            tries.tick().await;
        }
    };
    tokio::time::timeout(parties::PATIENCE, empty).await.expect("an empty folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_party_carries_a_file_whose_author_is_gone() {
    let [usa, un, rus] = three().await;
    let (author, carrier) = (usa.up().await, un.up().await);
    author.circuits_ready("test", 1).await;
    let map = bring(&author, "map.png", &bytes(300_000)).await;
    let draft = json!({"kind": "message", "text": "Map.", "attachments": [map]});
    let sent = author.post("/v1/lines/test/entries", draft).await;
    assert_eq!(sent["entry"], "usa/R/1");
    held(&carrier, "map.png", 2).await;
    author.lost("test").await;
    let late = rus.up().await;
    let one = held(&late, "map.png", 3).await;
    assert_eq!(taken(&late, one["hash"].as_str().unwrap()).await, bytes(300_000));
    assert_eq!(one["held_by"]["un"]["entry"], "un/R/1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_on_after_a_station_was_lost_and_its_disk_lied() {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("test", &mut parties);
    let [usa, rus] = &parties;
    let (author, reader) = (usa.up().await, rus.up().await);
    reader.circuits_ready("test", 1).await;
    let whole = bytes(40_000_000);
    let film = bring(&author, "film.mp4", &whole).await;
    let draft = json!({"kind": "message", "text": "Film.", "attachments": [film]});
    author.write(draft).await;
    let begun = |answer: &Value| listed(answer, "film.mp4")["received_bytes"].as_u64() > Some(1_000_000);
    reader.wait("/v1/lines/test/attachments", begun).await;
    reader.lost("test").await;
    let folder = rus.home.blobs("test");
    let names = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let part = names.into_iter().find(|path| path.extension().is_some_and(|end| end == "part"));
    let part = part.expect("it was lost in the middle");
    let had = std::fs::metadata(&part).unwrap().len();
    assert!((1_000_000..40_000_000).contains(&had), "{had}");
    // The machine died too: what was written last is not what it was.
    let mut file = std::fs::OpenOptions::new().write(true).open(&part).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(had - 70_000)).unwrap();
    file.write_all(&[0; 70_000]).unwrap();
    drop(file);
    let reader = rus.up().await;
    held(&reader, "film.mp4", 2).await;
    assert_eq!(taken(&reader, film["hash"].as_str().unwrap()).await, whole);
}
