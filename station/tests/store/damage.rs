//! A store that is damaged, locked, foreign or not writable: an error that says so, never a wrong answer.

use super::void::void;
use super::*;

#[test]
fn a_damaged_end_of_the_log_loses_nothing_that_was_reported() {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    let log = folder.0.join("store/line.db-wal");
    for seq in 1..=10 {
        opened.write(entries(seq, R, seq..=seq));
    }
    let reported_end = fs::metadata(&log).unwrap().len() as usize;
    opened.write(entries(11, R, 11..=30));
    let (database, whole) = (fs::read(folder.database()).unwrap(), fs::read(&log).unwrap());
    assert!(whole.len() > reported_end);

    let flipped = |at: usize| {
        let mut log = whole.clone();
        log[at] ^= 0x55;
        log
    };
    let end = whole.len();
    let mut damages = vec![[&whole[..], &[0xff; 5_000]].concat(), [&whole[..], &whole[..4_120]].concat()];
    for at in (reported_end..end).step_by(977).chain([end - 1]) {
        damages.push(whole[..at].to_vec());
        damages.push(flipped(at));
    }
    for (count, damaged) in damages.into_iter().enumerate() {
        let copy = Folder::new();
        fs::create_dir_all(copy.0.join("store")).unwrap();
        fs::copy(folder.0.join("mark"), copy.0.join("mark")).unwrap();
        fs::write(copy.database(), &database).unwrap();
        fs::write(copy.0.join("store/line.db-wal"), damaged).unwrap();
        let opened = open(copy.options()).unwrap();
        let size = opened.store.size(R).unwrap();
        assert!(size == 10 || size == 30, "damage {count}: {size} entries, a batch was torn");
        assert_whole(&opened.store, R);
        opened.write(entries(1, R, size + 1..=size + 1));
    }
}

#[test]
fn a_second_opening_is_refused_by_name_of_the_first() {
    let folder = Folder::new();
    let first = open(folder.options()).unwrap();
    match open(folder.options()).err() {
        Some(StoreError::Locked { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("expected Locked, found {other:?}"),
    }
    drop(first);
    assert_eq!(open(folder.options()).unwrap().instance, Instance::Same);
}

#[test]
fn the_store_of_another_line_is_refused() {
    let folder = Folder::new();
    drop(open(folder.options()).unwrap());
    let other = Options { line: [8; 32], ..folder.options() };
    assert_eq!(open(other).err(), Some(StoreError::WrongLine { expected: [8; 32], found: LINE }));
}

#[test]
fn a_newer_format_and_a_foreign_database_are_refused() {
    let folder = Folder::new();
    drop(open(folder.options()).unwrap());
    let direct = rusqlite::Connection::open(folder.database()).unwrap();
    direct.pragma_update(None, "user_version", 3).unwrap();
    drop(direct);
    assert_eq!(open(folder.options()).err(), Some(StoreError::Incompatible { known: 2, found: 3 }));

    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("store")).unwrap();
    let direct = rusqlite::Connection::open(folder.database()).unwrap();
    direct.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(direct);
    assert!(matches!(open(folder.options()).err(), Some(StoreError::Damaged { .. })));
}

/// A store of 600 entries, closed, all of it in the database file.
fn closed_store() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let opened = open(folder.options()).unwrap();
    let mut batch = entries(1, R, 1..=600);
    batch.checkpoints = vec![checkpoint(R, 256), checkpoint(R, 600)];
    batch.notes = vec![("note".to_owned(), b"a fact".to_vec())];
    batch.void = (1..=600).step_by(7).map(void).collect();
    opened.write(batch);
    drop(opened);
    fs::remove_file(folder.0.join("store/line.db-wal")).unwrap();
    let database = fs::read(folder.database()).unwrap();
    (folder, database)
}

#[test]
fn a_damaged_database_is_an_error_and_never_a_wrong_answer() {
    let (folder, sound) = closed_store();
    let reads = |options: Options| -> Result<(), StoreError> {
        let opened = open(options)?;
        let audit = opened.store.check()?;
        if audit.fault_count > 0 {
            return Err(StoreError::Damaged {
                what: audit.faults.join("; "),
                expected: String::new(),
                found: String::new(),
            });
        }
        assert_eq!(opened.store.size(R)?, 600);
        for number in 1..=600 {
            assert_eq!(
                opened.store.entry(R, number)?.map(|held| held.bytes.to_vec()),
                Some(content(R, number))
            );
        }
        assert_eq!(opened.store.note("note")?, Some(b"a fact".to_vec()));
        for number in 1..=600 {
            let expected = (number % 7 == 1).then(|| void(number).reason);
            assert_eq!(opened.store.void(R, number)?, expected);
        }
        Ok(())
    };
    assert_eq!(reads(folder.options()), Ok(()));
    let mut found = 0;
    for at in (0..sound.len()).step_by(211) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        fs::write(folder.database(), &damaged).unwrap();
        let _ = fs::remove_file(folder.0.join("store/line.db-wal"));
        // Either the byte means nothing to anybody, or it is an error: `reads` asserts that nothing is wrong.
        found += usize::from(reads(folder.options()).is_err());
    }
    assert!(found > 50, "only {found} flipped bytes were noticed");
    for at in [100, 4_096, 10_000, sound.len() - 1] {
        fs::write(folder.database(), &sound[..at]).unwrap();
        let _ = fs::remove_file(folder.0.join("store/line.db-wal"));
        assert!(
            matches!(reads(folder.options()), Err(StoreError::Damaged { .. } | StoreError::Io { .. })),
            "cut at {at}"
        );
    }
    fs::write(
        folder.database(),
        "this was never a database, but it is long enough to look at twice".repeat(99),
    )
    .unwrap();
    assert!(matches!(open(folder.options()).err(), Some(StoreError::Damaged { .. })));
}

#[test]
fn a_changed_entry_is_found_by_whoever_reads_it() {
    let (folder, sound) = closed_store();
    let place = sound.windows(content(R, 300).len()).position(|part| part == content(R, 300)).unwrap();
    let mut damaged = sound;
    damaged[place] ^= 1;
    fs::write(folder.database(), &damaged).unwrap();
    let opened = open(folder.options()).unwrap();
    assert!(matches!(opened.store.entry(R, 300), Err(StoreError::Damaged { .. })));
    assert!(opened.store.entry(R, 299).unwrap().is_some());
    let audit = opened.store.check().unwrap();
    assert_eq!(audit.fault_count, 1, "{:?}", audit.faults);
}

#[test]
fn a_place_that_is_not_writable_is_named() {
    // A folder that nobody, root included, may make a file in.
    let folder = Folder::new();
    let options = Options { folder: "/sys/kernel".into(), ..folder.options() };
    assert!(matches!(open(options).err(), Some(StoreError::ReadOnly { .. })));
}
