//! A relay keeps courier files for stations that are away: two real stations that are never up together, a real relay between them that is killed in between, and
//! strangers who call for what is not theirs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use parties::{Folder, Party, two};
use serde_json::{Value, json};

/// A relay at work; killed at the end.
struct Relay(Child);

impl Relay {
    fn start(by: &Party, port: u16, keep: &Path, more: &[&str]) -> Self {
        let (listen, keep) = (format!("127.0.0.1:{port}"), keep.display().to_string());
        let arguments = [&["relay", "serve", "--listen", &listen, "--keep", &keep], more].concat();
        let mut child = by.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("listening"), "{first}");
        Self(child)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Both reach each other by a relay alone, which keeps files.
fn by_relay(parties: &[Party; 2], port: u16) {
    for (party, peer) in [(&parties[0], "rus"), (&parties[1], "usa")] {
        let config = format!(
            "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"{peer}\"\nkind = \"relay\"\n\
             address = \"127.0.0.1:{port}\"\nmailbox = true\n",
            party.port
        );
        fs::write(party.home().join("station.toml"), config).unwrap();
    }
}

/// What is kept: every file of every box.
fn kept(folder: &Path) -> Vec<std::path::PathBuf> {
    let boxes = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = boxes.flat_map(|of| fs::read_dir(of.path()).into_iter().flatten().flatten());
    files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|end| end == "courier"))
        .collect()
}

fn size(books: &Value, book: &str) -> u64 {
    let all = books["books"].as_array().unwrap();
    all.iter().find(|one| one["book"] == json!(book)).map_or(0, |one| one["size"].as_u64().unwrap())
}

fn receipted(books: &Value, book: &str, by: &str) -> u64 {
    let all = books["books"].as_array().unwrap();
    let found = all.iter().find(|one| one["book"] == json!(book));
    found.and_then(|one| one["receipts"][by]["size"].as_u64()).unwrap_or(0)
}

#[test]
fn stations_that_are_never_up_together_hear_of_each_other() {
    let (parties, keep, port) = (two(), Folder::new(), parties::free_port());
    let [usa, rus] = &parties;
    by_relay(&parties, port);
    let relay = Relay::start(usa, port, keep.path(), &[]);
    // Each has the other's key from before.
    let key = |of: &Party| {
        let _station = of.start();
        let file = keep.path().join(format!("{}.key", of.name)).display().to_string();
        of.done(&["courier", "key", "--out", &file]);
        file
    };
    let (usa_key, rus_key) = (key(usa), key(rus));
    {
        let _station = rus.start();
        rus.done(&["courier", "import", &usa_key]);
    }
    let mut station = usa.start();
    usa.done(&["courier", "import", &rus_key]);
    usa.done(&["send", "ROUTINE has time."]);
    usa.done(&["send", "--precedence", "flash", "Strike in 10 minutes."]);
    station.says("a file is left at the relay");
    while kept(keep.path()).is_empty() {
        station.says("a file is left at the relay");
    }
    drop(station);
    assert_eq!(kept(keep.path()).len(), 1, "the last one, with everything, in place of the ones before");
    // What was called kept outlives the relay.
    drop(relay);
    let _relay = Relay::start(usa, port, keep.path(), &[]);
    let mut station = rus.start();
    station.says("a file from the relay was taken");
    let books = rus.read(&["record", "books"]);
    assert_eq!((size(&books, "usa/Z"), size(&books, "usa/R")), (1, 1), "{books}");
    rus.done(&["ack", "usa/Z/1"]);
    station.says("a file is left at the relay");
    drop(station);
    assert_eq!(kept(keep.path()).len(), 1, "what was taken is gone, and the answer is there");
    let mut station = usa.start();
    station.says("a file from the relay was taken");
    let books = usa.read(&["record", "books"]);
    assert_eq!((receipted(&books, "usa/Z", "rus"), receipted(&books, "usa/R", "rus")), (1, 1), "{books}");
    assert_eq!(size(&books, "rus/Z"), 1, "{books}");
}

#[test]
fn a_stranger_gets_nothing_and_fills_no_more_than_its_bounds() {
    let (usa, keep, port) = (Party::new("usa"), Folder::new(), parties::free_port());
    let _relay = Relay::start(&usa, port, keep.path(), &["--keep-most-of-one", "1"]);
    let call = |what: &[u8]| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(b"detente boxes 1\n").unwrap();
        stream.write_all(what).unwrap();
        stream
    };
    let leave = |slot: u8, length: u64, key: u8| {
        let header = [b"detente courier 1\n".as_slice(), &[key; 16], &[0; 1_120]].concat();
        call(&[&[1], [slot; 16].as_slice(), &length.to_be_bytes(), &header].concat())
    };
    let word = |stream: &mut TcpStream| {
        let mut word = [9];
        stream.read_exact(&mut word).map(|()| word[0]).ok()
    };
    // Whole files are kept, one a slot; what is more than the box holds is not.
    for (slot, length, key, first) in
        [(1, 900_000, 1, 0), (1, 800_000, 1, 0), (2, 400_000, 1, 2), (2, 400_000, 2, 0), (3, u64::MAX, 3, 2)]
    {
        let mut stream = leave(slot, length, key);
        assert_eq!(word(&mut stream), Some(first), "slot {slot}, {length}");
        if first == 0 {
            stream.write_all(&vec![7; length as usize - 1_154]).unwrap();
            assert_eq!(word(&mut stream), Some(1), "slot {slot}, {length}");
        }
    }
    let mut lengths: Vec<u64> =
        kept(keep.path()).iter().map(|path| fs::metadata(path).unwrap().len()).collect();
    lengths.sort();
    assert_eq!(lengths, [400_000, 800_000]);
    // One that breaks off leaves nothing.
    let mut stream = leave(4, 300_000, 4);
    assert_eq!(word(&mut stream), Some(0));
    stream.write_all(&[7; 1_000]).unwrap();
    drop(stream);
    // What is no header, no verb, no length is heard to no end.
    for what in [&[7][..], &[1, 0], &[[1].as_slice(), &[0; 1_200]].concat()] {
        let mut stream = call(what);
        // The relay may have hung up before.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert_eq!(word(&mut stream), None, "{what:?}");
    }
    // A key that is one, and an answer that is none.
    let key = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/courier/keys.json"));
    let key: Value = serde_json::from_str(&key.unwrap()).unwrap();
    let key: Vec<u8> = key["keys"][0]["key"].as_str().unwrap().split(' ').flat_map(bytes).collect();
    let mut stream = call(&[&[2], key.as_slice()].concat());
    let mut question = vec![0; 1_120 + 48];
    stream.read_exact(&mut question).unwrap();
    stream.write_all(&[0; 32]).unwrap();
    assert_eq!(word(&mut stream), None, "not even how many there are");
    assert_eq!(kept(keep.path()).len(), 2, "nothing was deleted");
}

/// Bytes of a group of a vector.
fn bytes(group: &str) -> Vec<u8> {
    let (digits, times) = group.split_once('*').unwrap_or((group, "1"));
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let part: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    part.repeat(times.parse().unwrap())
}
