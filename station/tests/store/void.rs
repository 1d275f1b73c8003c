//! Which entries are void: kept for ever, left out of what is read back as notices, and learnt again by a store of format 1.

use detente_station::store::{MAX_REASON_BYTES, Reason, Void};

use super::*;

/// Of the kind of all entries here.
const KIND: u16 = 3;

pub(crate) fn void(number: u64) -> Void {
    let reason = Reason {
        error: "Misbehaved".into(),
        what: "office".into(),
        expected: "one of its party's".into(),
        found: number.to_string(),
    };
    Void { book: R, number, reason }
}

fn voids(seq: u64, numbers: impl IntoIterator<Item = u64>) -> Batch {
    Batch { seq, void: numbers.into_iter().map(void).collect(), ..Batch::default() }
}

/// The numbers of what is read back, in pages.
fn read_back(store: &Store, page: usize) -> Vec<u64> {
    let (mut numbers, mut after) = (Vec::new(), (0, 0));
    loop {
        let found = store.of_kind(KIND, after, page).unwrap();
        let Some(last) = found.last() else { return numbers };
        after = (last.book, last.number);
        numbers.extend(found.iter().map(|entry| entry.number));
    }
}

#[test]
fn what_is_void_is_left_out_and_known_for_ever() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    opened.write(Batch { void: vec![void(2)], ..entries(1, R, 1..=20) });
    opened.write(voids(2, [5, 6, 7, 8, 9, 20]));
    let other = Reason { found: "another".into(), ..void(2).reason };
    opened.write(Batch { void: vec![Void { reason: other, ..void(2) }], ..voids(3, []) });
    let sound: Vec<u64> = [1, 3, 4].into_iter().chain(10..=19).collect();
    let check = |store: &Store| {
        assert_eq!(store.void(R, 2).unwrap(), Some(void(2).reason), "a verdict never changes");
        assert_eq!(store.void(R, 3).unwrap(), None);
        for page in [1, 2, 100] {
            assert_eq!(read_back(store, page), sound);
        }
        assert_eq!(store.entry(R, 2).unwrap().unwrap().number, 2, "the record has it all the same");
        assert_eq!(store.check().unwrap().faults, Vec::<String>::new());
    };
    check(&opened.store);
    drop(opened);
    check(&open(folder.options()).unwrap().store);
}

#[test]
fn a_verdict_and_its_entry_are_durable_together_or_not_at_all() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    opened.write(entries(1, R, 1..=3));
    let long = Reason { found: "x".repeat(MAX_REASON_BYTES + 1), ..void(1).reason };
    let refused = opened.store.submit(Batch { void: vec![Void { reason: long, ..void(1) }], ..voids(2, []) });
    assert!(matches!(refused, Err(StoreError::Bounded { .. })), "{refused:?}");
    // Of a batch that contradicts what is held nothing is written, and the store stops.
    opened.store.submit(Batch { void: vec![void(4), void(6)], ..entries(3, R, 4..=5) }).unwrap();
    assert!(matches!(opened.failed.recv().unwrap(), StoreError::Misuse { .. }));
    drop(opened);
    let opened = open(folder.options()).unwrap();
    assert_eq!((opened.store.size(R).unwrap(), opened.store.void(R, 4).unwrap()), (3, None));
}

#[test]
fn what_waits_for_the_disk_is_durable_when_it_returns() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    opened.write(entries(1, R, 1..=600));
    for (seq, number) in (2..).zip(1..=600) {
        opened.store.submit_and_wait(voids(seq, [number])).unwrap();
        assert!(opened.store.void(R, number).unwrap().is_some());
    }
    opened.store.submit(voids(602, [601])).unwrap();
    opened.failed.recv().unwrap();
    assert!(matches!(opened.store.submit_and_wait(voids(603, [1])), Err(StoreError::Stopped { .. })));
}

#[test]
fn a_store_of_format_1_is_brought_up_whole() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    let kept = Batch { snapshot: Some(b"knows what is void".to_vec()), ..entries(1, R, 1..=9) };
    opened.write(Batch { notes: vec![("note".to_owned(), b"a fact".to_vec())], ..kept });
    drop(opened);
    let direct = rusqlite::Connection::open(folder.database()).unwrap();
    direct.execute_batch("DROP TABLE void; PRAGMA user_version = 1").unwrap();
    drop(direct);
    let other = Options { line: [8; 32], ..folder.options() };
    assert!(matches!(open(other).err(), Some(StoreError::WrongLine { .. })));
    let format = || {
        let direct = rusqlite::Connection::open(folder.database()).unwrap();
        direct.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!(format(), 1, "whoever refuses a store changes nothing");

    let opened = open(folder.options()).unwrap();
    assert_eq!(opened.instance, Instance::Same);
    assert_eq!(format(), 2);
    assert_whole(&opened.store, R);
    assert_eq!(opened.store.note("note").unwrap(), Some(b"a fact".to_vec()));
    assert_eq!(opened.store.latest_snapshot().unwrap(), None, "the whole record is to be judged again");
    opened.write(voids(1, [4]));
    assert_eq!(read_back(&opened.store, 100), [1, 2, 3, 5, 6, 7, 8, 9]);
}

#[test]
fn a_changed_verdict_is_found_by_whoever_reads_it() {
    for (change, number) in [
        ("UPDATE void SET found = 'nothing' WHERE id & 255 = 4", 4),
        // What was said of one entry would be said of another, which is sound.
        ("UPDATE void SET id = id + 1 WHERE id & 255 = 4", 5),
    ] {
        let folder = Folder::new();
        let opened = open(folder.options()).unwrap();
        opened.write(Batch { void: vec![void(4)], ..entries(1, R, 1..=9) });
        drop(opened);
        let direct = rusqlite::Connection::open(folder.database()).unwrap();
        assert_eq!(direct.execute(change, []).unwrap(), 1);
        drop(direct);
        let opened = open(folder.options()).unwrap();
        assert!(matches!(opened.store.void(R, number), Err(StoreError::Damaged { .. })));
        assert!(matches!(opened.store.of_kind(KIND, (0, 0), 100), Err(StoreError::Damaged { .. })));
        assert_eq!(opened.store.check().unwrap().fault_count, 1);
    }
}
