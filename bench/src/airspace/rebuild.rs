//! The register rebuilt from a station's own store, as at its start (ARCHITECTURE.md).
//!
//! The generator's volumes are written as notices of one party, through the store of the other party's station; then the
//! store is opened and read by the station's own code, until every volume is in the register and held against all
//! others. The system may have the file in memory: it was written in the same run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use detente_airspace::volume::Volume;
use detente_line::{Content, Identity, Notice};
use detente_record::{Cut, Entry, LineId, leaf_hash};
use detente_station::airspace;
use detente_station::store::{Batch, NewEntry, Options, Store};

use super::ours;
use super::traffic::Traffic;
use crate::figure::{Figure, Goal};
use crate::pair::Pair;
use crate::record::{BLOCK, book, secret};
use crate::{Outcome, Run, say};

const FULL: usize = 1_000_000;
const QUICK: usize = 20_000;
/// Volumes of a notice: with the generator's corners some 2 KiB, of the 16 that an entry may have.
const VOLUMES_A_NOTICE: usize = 20;

/// Measures one rebuild.
pub(crate) fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let count = if quick { QUICK } else { FULL };
    say(&format!("{count} volumes into a store"));
    let pair = Pair::set_up(run, "rebuild")?;
    let parties = pair.memorandum.parties().collect::<Vec<_>>();
    let [author, reader] = parties.as_slice() else { return Err("a line of two has two parties".into()) };
    let [keys, _] = pair.keys();
    let identity = keys.identity(*author);
    let line = pair.memorandum.line();
    let [_, (folder, mark)] = pair.stores();
    let open = || Store::open(Options::new(&folder, &mark, line.0));
    let (store, _) = open()?;
    let began = Instant::now();
    let notices = fill(&store, &identity, line, count)?;
    drop(store);
    say(&format!("{notices} notices written in {:.1} s; reading them", began.elapsed().as_secs_f64()));

    let began = Instant::now();
    let (store, _) = open()?;
    let judged = BTreeMap::from([(book(&identity), notices)]);
    let rebuilt = airspace::rebuilt(&store, &pair.memorandum, *reader, &judged)?;
    let seconds = began.elapsed().as_secs_f64();
    if rebuilt.len() != count {
        return Err(format!("{} volumes in force instead of {count}", rebuilt.len()).into());
    }
    let what = format!("{count} volumes rebuilt from the store, {notices} notices");
    let goal = if quick { Goal::None } else { Goal::AtMost(5.0) };
    Ok(vec![Figure::alone(what, seconds, "s", goal)])
}

/// Writes the generator's volumes as notices; returns how many.
fn fill(store: &Store, identity: &Identity, line: LineId, count: usize) -> Outcome<u64> {
    let traffic = Traffic::new(count);
    let secret = secret(identity, &line);
    let mut blinds = secret.blinds(0);
    let time_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let mut batch = Batch::default();
    let mut number = 0;
    for plans in traffic.volumes.chunks(VOLUMES_A_NOTICE) {
        number += 1;
        let volumes: Vec<Volume> = plans.iter().map(ours::volume).collect::<Outcome<_>>()?;
        let content = Content::Notice(Notice {
            kind: "activity".into(),
            text: "Aircraft of ours will be here.".into(),
            volumes,
            fields: BTreeMap::new(),
            emergency: false,
            waypoints: Vec::new(),
        });
        let entry = Entry {
            serial: number,
            time_ms,
            clock_held: false,
            office: 1,
            language: None,
            regards: Vec::new(),
            cut: Cut::new(),
            vector: None,
            kind: content.kind(),
            body: content.encode(),
        };
        let bytes: Arc<[u8]> = entry.encode()?.into();
        let leaf = leaf_hash(&blinds.next().ok_or("blinds never end")?, &bytes);
        let (kind, regards) = (entry.kind, Vec::new());
        batch.entries.push(NewEntry {
            book: book(identity).code(),
            number,
            bytes,
            leaf,
            kind,
            time_ms,
            regards,
        });
        if batch.entries.len() as u64 == BLOCK {
            batch.seq += 1;
            let seq = batch.seq;
            store.submit(std::mem::replace(&mut batch, Batch { seq, ..Batch::default() }))?;
        }
    }
    batch.seq += 1;
    store.submit(batch)?;
    Ok(number)
}
