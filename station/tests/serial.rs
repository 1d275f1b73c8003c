//! Serial circuits at work, over pseudo-terminals and a cable that is as slow and as bad as a line can be.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its own functions too")]

#[path = "serial/cable.rs"]
mod cable;
#[path = "serial/faults.rs"]
mod faults;
mod parties;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cable::{Cable, Way, counters, packets, pieces, unlike};
use faults::{Faults, cut, one_at_a_time};
use parties::stream::Stream;
use parties::{Folder, Party, Station, agree};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::unix::pipe;

/// Two parties with a serial line of a rate between them, and nothing else.
fn two(bits_per_s: u32) -> ([Party; 2], Cable, Arc<Folder>) {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("test", &mut parties);
    let folder = Folder::new();
    let cable = Cable::new(folder.path(), bits_per_s);
    for ((party, peer), path) in parties.iter().zip(["rus", "usa"]).zip(&cable.paths) {
        party.configure(&alone(party, peer, path.to_str().unwrap(), bits_per_s));
    }
    (parties, cable, folder)
}

fn alone(party: &Party, peer: &str, device: &str, bits_per_s: u32) -> String {
    format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"{peer}\"\nkind = \"serial\"\nname = \"cable\"\ndevice = \"{device}\"\nrate = {bits_per_s}\n",
        party.port
    )
}

fn flash(text: &str) -> Value {
    json!({"kind": "message", "precedence": "flash", "text": text})
}

fn routine(text: &str) -> Value {
    json!({"kind": "message", "precedence": "routine", "text": text})
}

/// Waits until so many bytes were put in one end of a cable.
async fn says(way: &Way, bytes: usize) {
    let way = way.clone();
    let says = tokio::task::spawn_blocking(move || way.says(bytes, Duration::from_secs(60)));
    assert!(says.await.unwrap(), "the line does not say {bytes} bytes");
}

/// Waits until nothing has been said for a while.
async fn settle(cable: &Cable) {
    let [one, other] = cable.ways.clone();
    let rests = tokio::task::spawn_blocking(move || {
        loop {
            let before = [one.said().len(), other.said().len()];
            let more = one.says(before[0] + 1, Duration::from_millis(1_500));
            if !more && other.said().len() == before[1] {
                return;
            }
        }
    });
    rests.await.unwrap();
}

/// A hook that rings for a FLASH into a pipe, and what it rings, a line each.
fn bell(pipe: &Path) -> (Lines<BufReader<pipe::Receiver>>, String) {
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    // Open for writing too, so that the pipe has no end between two rings.
    let rings = pipe::OpenOptions::new().read_write(true).open_receiver(pipe).unwrap();
    let pipe = pipe.to_str().unwrap();
    let hook = format!("[[hook]]\non = \"flash\"\nrun = [\"sh\", \"-c\", \"(cat; echo) > {pipe}\"]\n");
    (BufReader::new(rings).lines(), hook)
}

/// Waits until a file of keys is there.
async fn kept(path: &Path) {
    let path = path.to_owned();
    let appears = tokio::task::spawn_blocking(move || {
        let mut changes = File::from(inotify::init(inotify::CreateFlags::CLOEXEC).unwrap());
        let what = inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
        inotify::add_watch(&changes, path.parent().unwrap(), what).unwrap();
        while !path.exists() {
            let within = Timespec { tv_sec: 60, tv_nsec: 0 };
            if poll(&mut [PollFd::new(&changes, PollFlags::IN)], Some(&within)).unwrap() == 0 {
                return false;
            }
            // Whatever changed in the folder: whether it is there is looked at.
            assert_ne!(changes.read(&mut [0; 4_096]).unwrap(), 0);
        }
        true
    });
    assert!(appears.await.unwrap(), "no keys are kept");
}

/// The serial circuit, once it is as wanted.
async fn circuit(at: &Station, wanted: impl Fn(&Value) -> bool) -> Value {
    let find = |answer: &Value| {
        let all = answer["circuits"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["kind"] == json!("serial"))
    };
    let answer =
        at.wait("/v1/lines/test/circuits", |answer| find(answer).is_some_and(|one| wanted(&one))).await;
    find(&answer).unwrap()
}

fn is_up(one: &Value) -> bool {
    one["state"] == json!("up")
}

#[tokio::test]
async fn a_line_runs_on_a_cable_alone() {
    let ([usa, rus], cable, _folder) = two(19_200);
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    let there = circuit(&rus, is_up).await;
    assert_eq!((&there["name"], &there["peer"]), (&json!("cable"), &json!("usa")));
    assert!(there["address"].as_str().unwrap().ends_with("tty-two"), "{there}");
    let said = usa.write(flash("over a cable")).await;
    assert!(rus.entry_with(&said).await.to_string().contains("over a cable"));
    let large = rus.write(routine(&unlike(12_000, 1))).await;
    assert_eq!(usa.entry_with(&large).await["entry"], json!(large));
    // The keys came of one handshake over the line, and are their owners' alone.
    assert!(cable.ways.iter().all(|way| pieces(&way.said()) > 0));
    for (station, peer) in [(&usa, "rus"), (&rus, "usa")] {
        let file = station.home.serial_keys("test", peer);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn flash_overtakes_what_is_on_its_way() {
    let ([usa, rus], cable, _folder) = two(9_600);
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    circuit(&rus, is_up).await;
    let (usa, before) = (Arc::new(usa), cable.ways[0].said().len());
    let mut queued = Vec::new();
    for place in 0..4 {
        let usa = Arc::clone(&usa);
        let text = unlike(11_900, place);
        queued.push(tokio::spawn(async move { usa.write(routine(&text)).await }));
    }
    // More of it has passed than greetings take, and most of it has not, before the FLASH.
    says(&cable.ways[0], before + 3_000).await;
    usa.write(flash("stop")).await;
    assert!(queued.iter().any(|one| !one.is_finished()), "ROUTINE was not under way any more");
    for one in queued {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn noise_and_bad_bits_lose_nothing() {
    let ([usa, rus], cable, _folder) = two(38_400);
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    circuit(&rus, is_up).await;
    let ways = cable.ways.each_ref().map(Faults::on);
    for faults in &ways {
        faults.lost.store(100, Ordering::Relaxed);
        faults.changed.store(10, Ordering::Relaxed);
    }
    for round in 0..4_u8 {
        ways[0].inject(&[0x80 | round, 0, 1, 2, 3, 0, 4, 0, 0xff, 0x81, 7, 7, 0]);
        ways[1].inject(&vec![round; 2_000]);
        let large = usa.write(routine(&unlike(5_000, round.into()))).await;
        assert_eq!(rus.entry_with(&large).await["entry"], json!(large));
        rus.write(flash("through the noise")).await;
    }
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test]
async fn a_cable_is_cut_and_back() {
    let ([usa, rus], cable, _folder) = two(19_200);
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    circuit(&rus, is_up).await;
    let ways = cable.ways.each_ref().map(Faults::on);
    cut(&ways, true);
    let path = "/v1/lines/test/entries?until=durable";
    let written = usa.post(path, flash("into the dark")).await;
    let down = circuit(&usa, |one| one["state"] != json!("up")).await;
    assert_ne!(down["state"], json!("up"));
    cut(&ways, false);
    let name = written["entry"].as_str().unwrap();
    assert!(rus.entry_with(name).await.to_string().contains("into the dark"));
    circuit(&usa, is_up).await;
}

#[tokio::test]
async fn both_are_lost_and_back_and_no_counter_comes_twice() {
    let ([usa, rus], cable, _folder) = two(19_200);
    let mut pieces_before = None;
    for round in 0..3 {
        let (here, there) = (usa.up().await, rus.up().await);
        circuit(&here, is_up).await;
        circuit(&there, is_up).await;
        here.write(flash(&format!("life {round}"))).await;
        there.write(flash(&format!("answer {round}"))).await;
        let found = cable.ways.each_ref().map(|way| pieces(&way.said()));
        assert_eq!(*pieces_before.get_or_insert(found), found, "another handshake");
        here.lost("test").await;
        there.lost("test").await;
    }
    for way in &cable.ways {
        let all = counters(&way.said());
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
        // Each life begins with the next block.
        assert!(all.iter().any(|(_, counter)| *counter >= 2_048), "{all:?}");
    }
}

#[tokio::test]
async fn the_keys_come_of_a_fast_circuit_where_there_is_one() {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree("test", &mut parties);
    let folder = Folder::new();
    let cable = Cable::new(folder.path(), 2_400);
    let [usa, rus] = &parties;
    let quic = format!("[[circuit]]\npeer = \"usa\"\naddress = \"127.0.0.1:{}\"\n", usa.port);
    usa.configure(&alone(usa, "rus", cable.paths[0].to_str().unwrap(), 2_400));
    rus.configure(&(alone(rus, "usa", cable.paths[1].to_str().unwrap(), 2_400) + &quic));
    // The line is not there when the fast circuit comes up.
    let ways = cable.ways.each_ref().map(Faults::on);
    cut(&ways, true);
    let (here, there) = (usa.up().await, rus.up().await);
    here.circuits_ready("test", 1).await;
    for (station, peer) in [(&here, "rus"), (&there, "usa")] {
        kept(&station.home.serial_keys("test", peer)).await;
    }
    cut(&ways, false);
    circuit(&here, is_up).await;
    circuit(&there, is_up).await;
    here.lost("test").await;
    there.lost("test").await;
    rus.configure(&alone(rus, "usa", cable.paths[1].to_str().unwrap(), 2_400));
    let (here, there) = (usa.up().await, rus.up().await);
    circuit(&here, is_up).await;
    here.write(flash("without a handshake")).await;
    there.write(flash("nor back")).await;
    let opened = |said: &[u8]| packets(said).iter().any(|packet| packet.first() == Some(&4));
    assert!(cable.ways.iter().all(|way| opened(&way.said())));
    let whole = cable.ways.iter().map(|way| pieces(&way.said())).sum::<usize>();
    // Before the fast circuit was up one piece may have gone into the dark.
    assert!(whole <= 8, "{whole} pieces");
}

#[tokio::test]
async fn a_device_vanishes_and_comes_back() {
    let ([usa, rus], mut cable, _folder) = two(19_200);
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    cable.unplug();
    let down = circuit(&usa, |one| one["state"] == json!("down") && one["failure"]["why"].is_string()).await;
    assert!(
        down["failure"]["why"].as_str().unwrap().contains("tty-one") || down.to_string().contains("gone"),
        "{down}"
    );
    cable.plug();
    circuit(&usa, is_up).await;
    usa.write(flash("again")).await;
    drop(rus);
}

#[tokio::test]
async fn what_is_played_again_changes_nothing() {
    let ([usa, rus], cable, _folder) = two(19_200);
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    circuit(&rus, is_up).await;
    usa.write(flash("once")).await;
    let id = circuit(&rus, is_up).await["id"].clone();
    let said = cable.ways[0].said();
    let way = Faults::on(&cable.ways[0]);
    way.inject(&[0]);
    way.inject(&said);
    way.inject(&[0]);
    usa.write(flash("twice")).await;
    rus.write(flash("and back")).await;
    assert_eq!(circuit(&rus, is_up).await["id"], id, "another circuit");
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test]
async fn a_line_that_carries_one_way_is_no_circuit() {
    let ([usa, rus], cable, _folder) = two(19_200);
    let back = Faults::on(&cable.ways[1]);
    back.cut.store(true, Ordering::Relaxed);
    let (usa, rus) = (usa.up().await, rus.up().await);
    says(&cable.ways[0], 1).await;
    says(&cable.ways[1], 500).await;
    assert!(!is_up(&circuit(&usa, |_| true).await));
    back.cut.store(false, Ordering::Relaxed);
    circuit(&usa, is_up).await;
    rus.write(flash("both ways")).await;
}

#[tokio::test]
async fn flash_is_shown_before_its_signature_has_come() {
    let ([usa, rus], cable, folder) = two(9_600);
    let (mut rings, hook) = bell(&folder.path().join("rung"));
    rus.configure(&(alone(&rus, "usa", cable.paths[1].to_str().unwrap(), 9_600) + &hook));
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    circuit(&rus, is_up).await;
    usa.write(flash("to begin with")).await;
    let mut events = Stream::open(&rus, "", "").await;
    // One packet passes: what the FLASH says, unless something else was about to be said; its signature does not.
    let way = Faults::on(&cable.ways[0]);
    let mut attempts = 0;
    let (written, path) = loop {
        attempts += 1;
        assert!(attempts < 6, "nothing came ahead");
        settle(&cable).await;
        way.passes.store(1, Ordering::Relaxed);
        let written = usa.post("/v1/lines/test/entries?until=durable", flash("stop at once")).await;
        let path = format!("/v1/lines/test/entries/{}", written["entry"].as_str().unwrap());
        let before = cable.ways[0].said().len();
        says(&cable.ways[0], before + 300).await;
        if rus.get(&path).await["ahead"] == json!(true) {
            break (written, path);
        }
        way.passes.store(u64::MAX, Ordering::Relaxed);
        rus.wait(&path, |entry| entry["ahead"] == json!(false)).await;
    };
    let shown = rus.get(&path).await;
    assert_eq!(
        (&shown["ahead"], &shown["unjudged"], &shown["leaf"]),
        (&json!(true), &json!(true), &json!(null))
    );
    assert_eq!((&shown["body"]["text"], &shown["delivered"]), (&json!("stop at once"), &json!({})));
    let inbox = rus.get("/v1/lines/test/inbox").await;
    assert_eq!(
        (&inbox["ahead"][0]["entry"], inbox["ahead"].as_array().unwrap().len()),
        (&written["entry"], 1)
    );
    // It stands in no book, and is regarded by nothing.
    let books = rus.get("/v1/lines/test/books").await;
    let of_usa = books["books"].as_array().unwrap().iter().find(|book| book["book"] == json!("usa/Z"));
    assert_eq!(of_usa.unwrap()["size"], json!(attempts), "{books}");
    let ack = json!({"kind": "acknowledgement", "regards": [written["entry"]]});
    rus.refused("POST", "/v1/lines/test/entries", &ack.to_string()).await;
    assert_eq!(usa.get(&path).await["delivered"], json!({}));
    way.passes.store(u64::MAX, Ordering::Relaxed);
    rus.wait(&path, |entry| entry["ahead"] == json!(false)).await;
    usa.wait(&path, |entry| entry["delivered"]["rus"].is_number()).await;
    assert_eq!(rus.get("/v1/lines/test/inbox").await["ahead"], json!([]));
    let mut seen = Vec::new();
    while seen.last().map(String::as_str) != Some("entry") {
        let (_, name, data) = events.next().await;
        if data["entry"] == written["entry"] {
            seen.push(name);
        }
    }
    assert_eq!(seen, ["ahead", "entry"]);
    // A later FLASH rings once more; the first has rung once, when it came.
    usa.write(flash("and stay there")).await;
    let mut rung = String::new();
    while !rung.contains("and stay there") {
        let ring = tokio::time::timeout(Duration::from_secs(60), rings.next_line()).await;
        rung += &ring.unwrap_or_else(|_| panic!("it does not ring: {rung}")).unwrap().unwrap();
    }
    assert_eq!(rung.matches("stop at once").count(), attempts, "{rung}");
}

#[tokio::test]
async fn where_only_one_can_speak_at_a_time_they_take_turns() {
    let ([usa, rus], cable, _folder) = two(19_200);
    for ((party, peer), path) in [&usa, &rus].into_iter().zip(["rus", "usa"]).zip(&cable.paths) {
        let config = alone(party, peer, path.to_str().unwrap(), 19_200);
        party.configure(&(config + "half-duplex = true\n"));
    }
    let spoilt = one_at_a_time(&cable);
    // Whatever is said at both ends at once is spoilt.
    for path in &cable.paths {
        std::fs::OpenOptions::new().write(true).open(path).unwrap().write_all(&[7; 400]).unwrap();
    }
    for way in &cable.ways {
        says(way, 400).await;
    }
    let before = spoilt.load(Ordering::Relaxed);
    assert!(before > 100, "{before} bytes were spoilt");
    let (usa, rus) = (usa.up().await, rus.up().await);
    circuit(&usa, is_up).await;
    circuit(&rus, is_up).await;
    // Both have much to say, and a FLASH passes it.
    let texts = [unlike(6_000, 1), unlike(6_000, 2)];
    let (there, back) = tokio::join!(usa.write(routine(&texts[0])), rus.write(routine(&texts[1])));
    let (one, other) = tokio::join!(usa.write(flash("stop")), rus.write(flash("we stop")));
    for (at, entry) in [(&rus, &there), (&usa, &back), (&rus, &one), (&usa, &other)] {
        assert_eq!(at.entry_with(entry).await["entry"], json!(entry));
    }
    let spoilt = spoilt.load(Ordering::Relaxed) - before;
    let said = cable.ways.iter().map(|way| way.said().len()).sum::<usize>();
    assert!(spoilt < said as u64 / 5, "{spoilt} of {said} bytes were said while the other end spoke");
}
