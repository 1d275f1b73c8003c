//! A store that runs out of room: what it refuses, what it keeps, what FLASH still gets.

use super::*;

#[test]
fn a_database_at_its_limit_stops_the_store_and_keeps_what_was_reported() {
    let folder = Folder::new();
    let opened = open(Options { max_bytes: Some(1 << 20), ..folder.options() }).unwrap();
    let mut size = 0;
    let failure = loop {
        size += 1;
        let mut batch = entries(size, R, size..=size);
        batch.entries[0].bytes = vec![1; 16_000].into();
        if opened.store.submit(batch).is_err() {
            break opened.failed.recv().unwrap();
        }
    };
    assert!(matches!(failure, StoreError::Full { .. }), "{failure}");
    let reported = opened.durable.try_iter().last().unwrap();
    assert!(matches!(opened.store.submit(entries(size + 1, Z, 1..=1)), Err(StoreError::Stopped { .. })));
    assert!(opened.failed.try_recv().is_err(), "said once");
    drop(opened);
    assert!(open(folder.options()).unwrap().store.size(R).unwrap() >= reported);
}

#[test]
fn below_the_floor_only_flash_and_acts_are_taken() {
    let folder = Folder::new();
    let opened = open(Options { floor_bytes: 1 << 60, reserve_bytes: 1 << 16, ..folder.options() }).unwrap();
    let refused = |batch: Batch| matches!(opened.store.submit(batch), Err(StoreError::Full { .. }));
    assert!(refused(entries(1, R, 1..=1)));
    assert!(refused(Batch { seq: 1, receipts: vec![receipt(1, 1, 1)], ..Batch::default() }));
    assert!(refused(Batch { snapshot: Some(vec![]), ..entries(1, Z, 1..=1) }));
    let mixed = Batch { entries: vec![entry(Z, 1), entry(R, 1)], ..entries(1, Z, 1..=1) };
    assert!(refused(mixed));
    opened.write(Batch { checkpoints: vec![checkpoint(Z, 1)], ..entries(1, Z, 1..=1) });
    opened.write(entries(2, Z + 1, 1..=1));
    assert!(!opened.store.space().unwrap().ordinary_accepted);
}

/// A filesystem small enough to fill; only root can mount one.
struct SmallDisk(Folder);

impl SmallDisk {
    fn mount(bytes: u64) -> Option<Self> {
        let folder = Folder::new();
        let size = format!("size={bytes}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder.0).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0.0).status();
    }
}

#[test]
fn on_a_full_disk_flash_goes_on_from_the_reserve() {
    const MIB: u64 = 1 << 20;
    // Without the right to mount, a floor above all free space plays the full disk.
    let disk = SmallDisk::mount(64 * MIB);
    let folder = Folder::new();
    let at = disk.as_ref().map_or(&folder.0, |disk| &disk.0.0);
    let floor_bytes = if disk.is_some() { 4 * MIB } else { 1 << 60 };
    let opened = open(Options { reserve_bytes: 8 * MIB, floor_bytes, ..options(at) }).unwrap();
    let big = |seq, book, number| {
        let mut batch = entries(seq, book, number..=number);
        batch.entries[0].bytes = vec![1; 16_000].into();
        batch
    };
    let ballast = at.join("ballast");
    if disk.is_some() {
        fs::write(&ballast, vec![0; 28 * MIB as usize]).unwrap();
    }
    let mut seq = 0;
    loop {
        seq += 1;
        match opened.store.submit(big(seq, R, seq)) {
            Ok(()) => opened.wait(seq),
            Err(StoreError::Full { .. }) => break,
            Err(other) => panic!("{other}"),
        }
        assert!(seq < 10_000, "the disk never filled");
    }
    let routine = seq - 1;
    assert_eq!(opened.store.space().unwrap().reserve_held, disk.is_some());

    if disk.is_some() {
        // Somebody else fills the rest.
        let _ = fs::write(at.join("more"), vec![0; 32 * MIB as usize]);
        assert!(opened.store.space().unwrap().free_bytes < MIB);
    }
    for number in 1..=100 {
        opened.write(big(seq + number, Z, number));
        assert!(matches!(opened.store.submit(big(9_999, R, routine + 1)), Err(StoreError::Full { .. })));
    }
    assert!(!opened.store.space().unwrap().reserve_held);
    if disk.is_some() {
        let mut number = 100;
        let refused = loop {
            number += 1;
            match opened.store.submit(big(seq + number, Z, number)) {
                Ok(()) => opened.wait(seq + number),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, StoreError::Full { .. }), "refused and not stopped: {refused}");
        fs::remove_file(&ballast).unwrap();
        assert!(opened.store.space().unwrap().reserve_held, "taken back as soon as there is room");
        opened.write(big(20_000, R, routine + 1));
        assert_eq!(opened.store.size(Z).unwrap(), number - 1);
    }
    assert!(opened.failed.try_recv().is_err());
}
