//! The store on real files: what it reports durable is there afterwards, whatever happens to the process, the
//! disk or the files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test builds on either works or fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use detente_station::store::{
    Batch, Checkpoint, Instance, MAX_ENTRY_BYTES, MAX_LIST, NewEntry, NewEvidence, Options, Receipt,
    STEP_BYTES, STEP_ENTRIES, Store, StoreError,
};
use sha2::{Digest as _, Sha256};

#[path = "store/damage.rs"]
mod damage;
#[path = "store/room.rs"]
mod room;
#[path = "store/void.rs"]
mod void;

const LINE: [u8; 32] = [7; 32];
/// Books of one party, by class: FLASH and ROUTINE.
const Z: u32 = 8;
const R: u32 = 12;

/// A folder that goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("detente-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn options(&self) -> Options {
        options(&self.0)
    }

    fn database(&self) -> PathBuf {
        self.0.join("store/line.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn options(at: &Path) -> Options {
    Options {
        floor_bytes: 0,
        reserve_bytes: 0,
        log_bytes: 0,
        ..Options::new(at.join("store"), at.join("mark"), LINE)
    }
}

/// An open store whose test can wait for what is durable and for failure.
struct Open {
    store: Store,
    instance: Instance,
    durable: Receiver<u64>,
    failed: Receiver<StoreError>,
}

fn open(options: Options) -> Result<Open, StoreError> {
    let (say_durable, durable) = channel();
    let (say_failed, failed) = channel();
    let options = Options {
        on_durable: Box::new(move |seq| say_durable.send(seq).unwrap_or(())),
        on_failed: Box::new(move |failure| say_failed.send(failure).unwrap_or(())),
        ..options
    };
    let (store, instance) = Store::open(options)?;
    Ok(Open { store, instance, durable, failed })
}

impl Open {
    fn write(&self, batch: Batch) {
        let seq = batch.seq;
        self.store.submit(batch).unwrap();
        self.wait(seq);
    }

    fn wait(&self, seq: u64) {
        while self.durable.recv().unwrap_or_else(|_| panic!("stopped: {:?}", self.failed.recv())) < seq {}
    }
}

fn content(book: u32, number: u64) -> Vec<u8> {
    format!("entry {number} of book {book}").into_bytes()
}

fn leaf(book: u32, number: u64) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(content(book, number)).finalize().into()
}

fn entry(book: u32, number: u64) -> NewEntry {
    NewEntry {
        book,
        number,
        bytes: content(book, number).into(),
        leaf: leaf(book, number),
        kind: 3,
        time_ms: 1_000 * number,
        regards: Vec::new(),
    }
}

fn entries(seq: u64, book: u32, numbers: std::ops::RangeInclusive<u64>) -> Batch {
    Batch { seq, entries: numbers.map(|number| entry(book, number)).collect(), ..Batch::default() }
}

/// MTH of RFC 6962 §2.1 over leaf hashes.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
            Sha256::new()
                .chain_update([1])
                .chain_update(root(left))
                .chain_update(root(right))
                .finalize()
                .into()
        }
    }
}

fn checkpoint(book: u32, size: u64) -> Checkpoint {
    let leaves: Vec<_> = (1..=size).map(|number| leaf(book, number)).collect();
    Checkpoint { book, size, root: root(&leaves), signature: [9; 64] }
}

fn receipt(party: u8, size: u64, seconds: u64) -> Receipt {
    Receipt { book: R, party, size, seconds, signature: [party; 64] }
}

/// Whether a book is whole, and what it should be, up to its size.
fn assert_whole(store: &Store, book: u32) {
    let size = store.size(book).unwrap();
    let mut next = 1;
    while next <= size {
        for held in store.entries(book, next, 1_000, 1 << 20).unwrap() {
            assert_eq!(held.number, next);
            assert_eq!(&*held.bytes, content(book, next));
            assert_eq!(held.leaf, leaf(book, next));
            next += 1;
        }
    }
    assert_eq!(next, size + 1);
}

#[test]
fn everything_written_reads_back_also_after_reopening() {
    let folder = Folder::new();
    let mut first = entry(R, 2);
    first.regards = vec![(R, 1), (Z, 1), (u32::MAX, 1)];
    let mut second = entry(Z, 1);
    second.regards = vec![(R, 1)];
    let batch = Batch {
        seq: 5,
        entries: vec![entry(R, 1), first, second],
        checkpoints: vec![checkpoint(R, 2), checkpoint(Z, 1)],
        receipts: vec![receipt(4, 2, 77), receipt(4, 2, 70), receipt(4, 1, 60), receipt(5, 2, 80)],
        evidence: vec![NewEvidence { kind: "fork".to_owned(), time_ms: 9, bytes: vec![1, 2, 3] }],
        notes: vec![("shown".to_owned(), b"usa/Z/1".to_vec())],
        snapshot: Some(b"state at 5".to_vec()),
        ..Batch::default()
    };
    let opened = open(folder.options()).unwrap();
    assert_eq!(opened.instance, Instance::New);
    opened.write(batch);
    for seq in 6..=8 {
        let snapshot = Some(format!("state at {seq}").into_bytes());
        opened.write(Batch { seq, snapshot, notes: vec![("shown".to_owned(), vec![])], ..Batch::default() });
    }
    let look = |store: &Store| {
        assert_eq!(store.sizes().unwrap(), BTreeMap::from([(Z, 1), (R, 2)]));
        assert_eq!(store.entry(R, 2).unwrap().map(|held| (held.kind, held.time_ms)), Some((3, 2_000)));
        assert_eq!(store.entry(R, 3).unwrap(), None);
        assert_whole(store, R);
        assert_whole(store, Z);
        assert_eq!(store.checkpoint_at(R, 2).unwrap(), Some(checkpoint(R, 2)));
        assert_eq!(store.checkpoint_at(R, 1).unwrap(), None);
        assert_eq!(store.next_checkpoint(R, 0).unwrap(), Some(checkpoint(R, 2)));
        assert_eq!(store.next_checkpoint(R, 2).unwrap(), None);
        assert_eq!(store.checkpoint_within(R, 1).unwrap(), None);
        assert_eq!(store.checkpoint_within(R, 9).unwrap(), Some(checkpoint(R, 2)));
        assert_eq!(store.receipted(R, 4).unwrap(), Some(2));
        assert_eq!(store.receipted(R, 6).unwrap(), None);
        assert_eq!(
            store.receipts_for(R, 2).unwrap(),
            [receipt(4, 2, 70), receipt(4, 2, 77), receipt(5, 2, 80)]
        );
        assert_eq!(store.next_receipted(R, 0, 5).unwrap(), Some(1));
        assert_eq!(store.next_receipted(R, 0, 4).unwrap(), Some(2));
        assert_eq!(store.most_receipted(R).unwrap(), Some(2));
        assert_eq!(store.receipts_after(R, 4, 1).unwrap(), [receipt(4, 2, 70), receipt(4, 2, 77)]);
        assert_eq!(store.first_receipt_covering(R, 4, 1).unwrap(), Some(receipt(4, 1, 60)));
        assert_eq!(store.first_receipt_covering(R, 4, 2).unwrap(), Some(receipt(4, 2, 70)));
        assert_eq!(store.first_receipt_covering(R, 4, 3).unwrap(), None);
        let regards = |after| -> Vec<_> {
            let found = store.regards_of(R, 1, after).unwrap();
            found.iter().map(|by| (by.book, by.number, by.kind)).collect()
        };
        assert_eq!(regards(None), [(Z, 1, 3), (R, 2, 3)]);
        assert_eq!(regards(Some((Z, 1))), [(R, 2, 3)]);
        let evidence = store.evidence(0, 10).unwrap();
        assert_eq!(
            evidence.iter().map(|item| (item.id, item.kind.as_str())).collect::<Vec<_>>(),
            [(1, "fork")]
        );
        assert_eq!(store.evidence(1, 10).unwrap(), []);
        assert_eq!(store.note("shown").unwrap(), Some(vec![]));
        assert_eq!(store.note("unknown").unwrap(), None);
        let snapshot = store.latest_snapshot().unwrap().unwrap();
        assert_eq!((snapshot.seq, snapshot.bytes), (8, b"state at 8".to_vec()));
        let audit = store.check().unwrap();
        assert_eq!(audit.faults, [] as [String; 0]);
        assert_eq!((audit.counts.entries, audit.counts.receipts, audit.counts.checkpoints), (3, 4, 2));
    };
    look(&opened.store);
    drop(opened);
    let opened = open(folder.options()).unwrap();
    assert_eq!(opened.instance, Instance::Same);
    look(&opened.store);
}

#[test]
fn batches_become_durable_in_order_and_are_visible_when_they_are_said_to_be() {
    let folder = Folder::new();
    let seen: std::sync::Arc<std::sync::OnceLock<Store>> = std::sync::Arc::default();
    let reader = seen.clone();
    let (say, told) = channel();
    let options = Options {
        on_durable: Box::new(move |seq| {
            let size = reader.get().map_or(0, |store| store.size(R).unwrap());
            say.send((seq, size)).unwrap_or(());
        }),
        ..folder.options()
    };
    let (store, _) = Store::open(options).unwrap();
    assert!(seen.set(store.clone()).is_ok());
    for seq in 1..=2_000 {
        store.submit(entries(seq, R, seq..=seq)).unwrap();
    }
    let (mut last, mut reports) = (0, 0);
    while last < 2_000 {
        let (seq, size) = told.recv().unwrap();
        assert!(seq > last, "{seq} after {last}");
        assert_eq!(size, seq, "what is durable is visible, and no more is");
        (last, reports) = (seq, reports + 1);
    }
    assert!(reports < 2_000, "batches that wait share a commit");
    assert_whole(&store, R);
}

#[tokio::test]
async fn tasks_submit_too() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    for seq in 1..=1_500 {
        opened.store.submit_async(entries(seq, R, seq..=seq)).await.unwrap();
    }
    opened.wait(1_500);
    assert_eq!(opened.store.size(R).unwrap(), 1_500);
}

#[tokio::test]
async fn whoever_waits_for_nothing_else_writes_in_order_with_the_writers_thread() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    for seq in 1..=1_500 {
        let batch = Batch { patient: seq % 3 == 1, ..entries(seq, R, seq..=seq) };
        match seq % 3 {
            0 => opened.store.submit_async(batch).await.unwrap(),
            _ => opened.store.submit_here(batch).await.unwrap(),
        }
    }
    opened.wait(1_500);
    assert_whole(&opened.store, R);
    let mut contradiction = entries(1_501, R, 1..=1);
    contradiction.entries.iter_mut().for_each(|entry| entry.leaf = [9; 32]);
    opened.store.submit_here(contradiction).await.unwrap();
    assert!(matches!(opened.failed.recv().unwrap(), StoreError::Misuse { .. }));
    let refused = opened.store.submit_here(entries(1_502, R, 1_501..=1_501)).await;
    assert!(matches!(refused, Err(StoreError::Stopped { .. })));
    assert!(opened.failed.try_recv().is_err(), "one failure is told, once");
    drop(opened);
    let opened = open(folder.options()).unwrap();
    assert_eq!(opened.store.size(R).unwrap(), 1_500);
    assert_whole(&opened.store, R);
}

/// Plays the station that is killed in the test of the same name; not to be run by itself.
const KILLED: &str = "DETENTE_STORE_TEST_FOLDER";

#[test]
fn a_killed_station_has_all_that_it_reported() {
    if let Some(folder) = std::env::var_os(KILLED) {
        write_until_killed(Path::new(&folder));
    }
    let folder = Folder::new();
    let mut reported = 0;
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_station_has_all_that_it_reported", "--nocapture"])
            .env(KILLED, &folder.0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = reported + 300 * (round + 1);
        let mut killed = false;
        while let Some(Ok(line)) = lines.next() {
            let Some(size) = line.strip_prefix("durable ") else { continue };
            reported = size.parse().unwrap();
            if reported >= enough && !killed {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the child ended by itself after {reported}");
        let opened = open(folder.options()).unwrap();
        let size = opened.store.size(R).unwrap();
        assert!(size >= reported, "{reported} were reported durable, {size} are there");
        assert_whole(&opened.store, R);
        assert_eq!(opened.store.check().unwrap().faults, [] as [String; 0]);
        reported = size;
    }
}

fn write_until_killed(folder: &Path) -> ! {
    let said = Box::new(|size| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "durable {size}").and_then(|()| out.flush()).unwrap();
    });
    let (store, _) = Store::open(Options { on_durable: said, ..options(folder) }).unwrap();
    let mut number = store.size(R).unwrap();
    loop {
        number += 1;
        store.submit(entries(number, R, number..=number)).unwrap();
    }
}

#[test]
fn a_lengthened_log_holds_what_one_that_grew_holds() {
    let folder = Folder::new();
    let long = || Options { log_bytes: 300_000, ..folder.options() };
    let log = || fs::metadata(folder.0.join("store/line.db-wal")).unwrap().len();
    for life in 0..3 {
        let opened = open(long()).unwrap();
        assert_eq!((opened.store.size(R).unwrap(), log()), (20 * life, 300_000));
        for seq in 1..=20 {
            opened.write(entries(seq, R, 20 * life + seq..=20 * life + seq));
        }
        assert_whole(&opened.store, R);
        assert_eq!(log(), 300_000, "no commit made it longer");
    }
}

#[test]
fn a_duplicate_is_nothing_and_a_contradiction_stops_the_store() {
    let contradictions: [(&str, Batch); 5] = [
        ("other bytes", {
            let mut batch = entries(9, R, 2..=2);
            batch.entries[0].bytes = b"other".as_slice().into();
            batch
        }),
        ("another leaf", {
            let mut batch = entries(9, R, 2..=2);
            batch.entries[0].leaf = [0; 32];
            batch
        }),
        ("a gap", entries(9, R, 5..=5)),
        (
            "a signed size beyond the book",
            Batch { seq: 9, checkpoints: vec![checkpoint(R, 4)], ..Batch::default() },
        ),
        ("another root", {
            let other = Checkpoint { root: [1; 32], ..checkpoint(R, 3) };
            Batch { seq: 9, entries: vec![entry(R, 4)], checkpoints: vec![other], ..Batch::default() }
        }),
    ];
    for (name, contradiction) in contradictions {
        let folder = Folder::new();
        let opened = open(folder.options()).unwrap();
        let mut batch = entries(1, R, 1..=3);
        batch.checkpoints = vec![checkpoint(R, 3)];
        opened.write(batch);
        let mut again = entries(2, R, 2..=4);
        again.entries.push(entry(R, 4));
        again.entries.truncate(2);
        again.checkpoints = vec![checkpoint(R, 3), checkpoint(R, 3)];
        opened.write(again);
        assert_eq!(opened.store.size(R).unwrap(), 3, "duplicates change nothing");

        opened.store.submit(contradiction).unwrap();
        let failure = opened.failed.recv().unwrap();
        assert!(matches!(failure, StoreError::Misuse { .. }), "{name}: {failure}");
        assert!(
            matches!(opened.store.submit(entries(10, R, 4..=4)), Err(StoreError::Stopped { .. })),
            "{name}"
        );
        assert!(matches!(opened.store.entry(R, 1), Err(StoreError::Stopped { .. })), "{name}");
        drop(opened);
        let opened = open(folder.options()).unwrap();
        assert_eq!(opened.store.size(R).unwrap(), 3, "{name}: of the refused batch nothing was written");
    }
}

#[test]
fn what_was_submitted_before_a_contradiction_is_still_written() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    for seq in 1..=50 {
        opened.store.submit(entries(seq, R, seq..=seq)).unwrap();
    }
    opened.store.submit(entries(51, R, 99..=99)).unwrap();
    assert!(matches!(opened.failed.recv().unwrap(), StoreError::Misuse { .. }));
    assert_eq!(opened.durable.try_iter().last(), Some(50));
    drop(opened);
    assert_eq!(open(folder.options()).unwrap().store.size(R).unwrap(), 50);
}

#[test]
fn what_is_past_a_limit_is_refused_before_it_is_queued() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    let with = |change: &dyn Fn(&mut NewEntry)| {
        let mut batch = entries(1, R, 1..=1);
        batch.entries.iter_mut().for_each(change);
        opened.store.submit(batch).err()
    };
    let long = vec![0; MAX_ENTRY_BYTES + 1];
    assert!(matches!(with(&|entry| entry.bytes = long.clone().into()), Some(StoreError::Bounded { .. })));
    assert!(matches!(with(&|entry| entry.regards = vec![(R, 1); 17]), Some(StoreError::Bounded { .. })));
    assert!(matches!(with(&|entry| entry.bytes = [].into()), Some(StoreError::Misuse { .. })));
    assert!(matches!(with(&|entry| entry.number = 0), Some(StoreError::Misuse { .. })));
    assert!(matches!(with(&|entry| entry.number = 1 << 40), Some(StoreError::Misuse { .. })));
    assert!(matches!(with(&|entry| entry.book = 1 << 23), Some(StoreError::Misuse { .. })));
    let evidence = NewEvidence { kind: String::new(), time_ms: 0, bytes: vec![0; 256 * 1024 + 1] };
    let batch = Batch { seq: 1, evidence: vec![evidence], ..Batch::default() };
    assert!(matches!(opened.store.submit(batch), Err(StoreError::Bounded { .. })));
    let many = 0..MAX_LIST as u64 + 1;
    assert!(matches!(opened.store.leaf_hashes(R, many), Err(StoreError::Bounded { .. })));
    opened.write(entries(1, R, 1..=1));
}

#[test]
fn tiles_hold_the_roots_of_their_leaves_however_the_book_was_written() {
    let folder = Folder::new();
    let leaves: Vec<_> = (1..=600).map(|number| leaf(R, number)).collect();
    let mut size = 0;
    // Reopened at odd sizes, so that the tree's edge is loaded and not only grown.
    for (seq, end) in (1..).zip([1, 2, 255, 256, 257, 300, 511, 513, 600]) {
        let opened = open(folder.options()).unwrap();
        for number in size + 1..=end {
            opened.store.submit(entries(seq * 1_000 + number, R, number..=number)).unwrap();
        }
        opened.wait(seq * 1_000 + end);
        size = end;
        for index in 0..3 {
            let whole = leaves.chunks_exact(256).nth(index).filter(|_| (index as u64 + 1) * 256 <= size);
            assert_eq!(
                opened.store.subtree(R, 1, index as u64).unwrap(),
                whole.map(root),
                "{index} at {size}"
            );
        }
        assert_eq!(opened.store.leaf_hashes(R, 1..size + 1).unwrap(), leaves[..size as usize]);
        assert!(opened.store.leaf_hashes(R, 1..size + 2).is_err(), "one that is not there");
        assert_eq!(opened.store.subtree(R, 2, 0).unwrap(), None);
    }
    let opened = open(folder.options()).unwrap();
    let batch =
        Batch { seq: 1, checkpoints: vec![checkpoint(R, 599), checkpoint(R, 256)], ..Batch::default() };
    opened.write(batch);
    assert_eq!(opened.store.check().unwrap().faults, [] as [String; 0]);
    let wrong = Checkpoint { root: [1; 32], ..checkpoint(R, 300) };
    opened.write(Batch { seq: 2, checkpoints: vec![wrong], ..Batch::default() });
    assert_eq!(opened.store.check().unwrap().fault_count, 1, "a root that is not the entries'");
}

#[test]
fn steps_end_in_a_signed_size_within_the_bounds_from_memory_and_from_disk() {
    let folder = Folder::new();
    let sized = |number: u64, bytes: usize| NewEntry {
        bytes: vec![number as u8; bytes].into(),
        leaf: [number as u8; 32],
        ..entry(R, number)
    };
    let signed = |size| Checkpoint { book: R, size, root: [size as u8; 32], signature: [1; 64] };
    let mut written: Vec<NewEntry> = (1..=600).map(|number| sized(number, 10)).collect();
    written.extend((601..=610).map(|number| sized(number, 16_000)));
    let sizes = [100, 250, 256, 257, 600, 603, 604, 605, 610];
    let opened = open(folder.options()).unwrap();
    opened.write(Batch {
        seq: 1,
        entries: written,
        checkpoints: sizes.map(signed).to_vec(),
        ..Batch::default()
    });
    opened.write(Batch { seq: 2, entries: vec![sized(611, 10)], ..Batch::default() });
    let expected = [
        (0, Some(256)),
        (99, Some(257)),
        (256, Some(257)),
        (257, Some(600)), // 343 entries: nothing is signed nearer
        (599, Some(604)), // 10 + 4 × 16,000 bytes fit
        (600, Some(604)),
        (605, Some(610)), // 80,000 bytes: nothing is signed nearer
        (610, None),
        (611, None),
        (u64::MAX, None),
    ];
    let look = |store: &Store, from_where: &str| {
        for (from, end) in expected {
            let step = store.step(R, from).unwrap();
            let found = step.as_ref().map(|step| step.checkpoint.size);
            assert_eq!(found, end, "from {from}, {from_where}");
            let Some(step) = step else { continue };
            let numbers: Vec<_> = step.entries.iter().map(|held| held.number).collect();
            assert_eq!(numbers, (from + 1..=step.checkpoint.size).collect::<Vec<_>>());
            let bytes: usize = step.entries.iter().map(|held| held.bytes.len()).sum();
            let within = numbers.len() as u64 <= STEP_ENTRIES && bytes <= STEP_BYTES;
            let first_signed = store.next_checkpoint(R, from).unwrap().map(|next| next.size);
            assert!(within || first_signed == found, "from {from}");
        }
    };
    look(&opened.store, "memory");
    drop(opened);
    look(&open(folder.options()).unwrap().store, "disk");
    let forgetful = Options { recent_bytes: 20_000, ..folder.options() };
    look(&open(forgetful).unwrap().store, "both");
}

#[test]
fn a_restored_store_is_foreign_until_its_mark_is_adopted() {
    let folder = Folder::new();
    let mark = folder.0.join("mark");
    drop(open(folder.options()).unwrap());
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&mark).unwrap());
    assert_eq!(mode & 0o777, 0o600);

    let kept = fs::read(&mark).unwrap();
    for other in [None, Some("0123456789abcdef0123456789abcdef 3\n"), Some("no mark")] {
        match other {
            None => fs::remove_file(&mark).unwrap(),
            Some(text) => fs::write(&mark, text).unwrap(),
        }
        for _ in 0..2 {
            let opened = open(folder.options()).unwrap();
            let Instance::Foreign { expected: Some(expected), found } = opened.instance else {
                panic!("{other:?}: {:?}", opened.instance)
            };
            assert_eq!(format!("{expected} 0\n").as_bytes(), kept);
            assert_eq!(found.is_some(), other.is_some_and(|text| text.len() == 35));
            assert_eq!(opened.store.taken_generation().unwrap(), found.map(|_| 3));
        }
    }
    let opened = open(folder.options()).unwrap();
    let adopted = opened.store.adopt_mark(7).unwrap();
    assert_eq!(fs::read(&mark).unwrap(), format!("{adopted} 7\n").as_bytes());
    for (taken, noted) in [(5, 7), (9, 9)] {
        opened.store.take_generation(taken).unwrap();
        assert_eq!(opened.store.taken_generation().unwrap(), Some(noted));
    }
    drop(opened);
    assert_eq!(open(folder.options()).unwrap().instance, Instance::Same);

    fs::remove_dir_all(folder.0.join("store")).unwrap();
    let lost = open(folder.options()).unwrap().instance;
    assert_eq!(lost, Instance::Foreign { expected: None, found: Some(adopted) });
}
