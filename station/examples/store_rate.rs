//! How fast the store is on this disk: `store_rate [folder]`.
//!
//! Prints the latency from `submit` to `on_durable` of single commits beside the floor, a plain write of as many
//! bytes with `fdatasync`, and then how many small entries a second are written in batches of 256 and one by one.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing better to do")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use detente_station::store::{Batch, Checkpoint, NewEntry, Options, Store};

const BOOK: u32 = 8;
const SINGLE: usize = 2_000;
const GROUPS: u64 = 800;
const GROUP: u64 = 256;
const ALONE: u64 = 100_000;

fn main() {
    let parent = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = parent.join(format!("detente-store-rate-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    report("floor: overwrite 12 KiB + fdatasync", floor(&folder, true));
    report("floor: append 12 KiB + fdatasync", floor(&folder, false));

    let (say, durable) = channel();
    let said = Box::new(move |seq| say.send(seq).unwrap_or(()));
    let options =
        Options { on_durable: said, ..Options::new(folder.join("store"), folder.join("mark"), [1; 32]) };
    let (store, _) = Store::open(options).unwrap();
    let wait = |seq| while durable.recv().unwrap() < seq {};

    let mut number = 0;
    let mut seq = 0;
    let mut single = |label| {
        let mut times = Vec::with_capacity(SINGLE);
        for _ in 0..SINGLE {
            (seq, number) = (seq + 1, number + 1);
            let batch = signed(seq, number, 1);
            let start = Instant::now();
            store.submit(batch).unwrap();
            wait(seq);
            times.push(start.elapsed());
        }
        report(label, times);
    };
    single("single commit: entry + checkpoint, log growing");
    single("single commit: entry + checkpoint, log reused");

    let start = Instant::now();
    for _ in 0..GROUPS {
        seq += 1;
        store.submit(signed(seq, number + GROUP, GROUP)).unwrap();
        number += GROUP;
    }
    wait(seq);
    rate("batches of 256 entries with a checkpoint", GROUPS * GROUP, start.elapsed());

    let start = Instant::now();
    for _ in 0..ALONE {
        (seq, number) = (seq + 1, number + 1);
        store.submit(signed(seq, number, 1)).unwrap();
    }
    wait(seq);
    rate("batches of one entry with a checkpoint each", ALONE, start.elapsed());

    let mut times: Vec<_> =
        (0..SINGLE).map(|_| timed(|| drop(store.step(BOOK, number - 1).unwrap()))).collect();
    report("step just committed", std::mem::take(&mut times));
    times.extend((0..SINGLE as u64).map(|at| timed(|| drop(store.step(BOOK, at * 100).unwrap()))));
    report("step from disk", times);
    println!("{:?}", store.counts().unwrap());
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The last `count` entries up to `last`, and a checkpoint at their end.
fn signed(seq: u64, last: u64, count: u64) -> Batch {
    let entry = |number: u64| NewEntry {
        book: BOOK,
        number,
        bytes: vec![number as u8; 200].into(),
        leaf: [number as u8; 32],
        kind: 1,
        time_ms: number,
        regards: vec![],
    };
    let entries = (last + 1 - count..=last).map(entry).collect();
    let checkpoints = vec![Checkpoint { book: BOOK, size: last, root: [0; 32], signature: [0; 64] }];
    Batch { seq, entries, checkpoints, ..Batch::default() }
}

fn floor(folder: &Path, overwrite: bool) -> Vec<Duration> {
    const LENGTH: usize = 12 * 1024;
    let file = File::create(folder.join("floor")).unwrap();
    if overwrite {
        file.write_all_at(&vec![1; LENGTH * SINGLE], 0).unwrap();
        file.sync_all().unwrap();
    }
    let write = |at: usize| {
        file.write_all_at(&[2; LENGTH], (at * LENGTH) as u64).unwrap();
        file.sync_data().unwrap();
    };
    (0..SINGLE).map(|at| timed(|| write(at))).collect()
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn report(label: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!("{label:50} p50 {:>9.1?}  p99 {:>9.1?}", at(50), at(99));
}

fn rate(label: &str, entries: u64, took: Duration) {
    println!("{label:50} {:>9.0} entries/s", entries as f64 / took.as_secs_f64());
}
