//! The register rebuilt from a station's own store, as at its start (ARCHITECTURE.md).
//!
//! The generator's volumes are written as notices of three parties in turn, all in the same sky, through the store of one
//! station; then the store is opened and read by the station's own code, until every volume is in the register and it is known who
//! is in whose way: far more than among parties that heed each other. The system may have the file in memory: it was written in the same run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use detente_airspace::volume::Volume;
use detente_line::{Content, Identity, Notice};
use detente_record::{Blinds, Book, BookSecret, Class, Cut, Entry, LineId, Party, leaf_hash};
use detente_station::airspace;
use detente_station::store::{Batch, NewEntry, Options, Store};

use super::ours;
use super::traffic::Traffic;
use crate::figure::{Figure, Goal};
use crate::pair::Pair;
use crate::record::BLOCK;
use crate::{Outcome, Run, say};

/// How many volumes there are, and how many pairs of them in each other's way there must be.
const FULL: (usize, u64) = (1_000_000, 4_683_581);
const QUICK: (usize, u64) = (20_000, 1_890);
/// Volumes of a notice: with the generator's corners some 2 KiB, of the 16 that an entry may have.
const VOLUMES_A_NOTICE: usize = 20;
/// Who gives notices, in turn.
const PARTIES: u8 = 3;

/// Measures one rebuild.
pub(crate) fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let (count, pairs) = if quick { QUICK } else { FULL };
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
    let judged = fill(&store, &identity, line, count)?;
    drop(store);
    let notices: u64 = judged.values().sum();
    say(&format!("{notices} notices written in {:.1} s; reading them", began.elapsed().as_secs_f64()));

    let began = Instant::now();
    let (store, _) = open()?;
    let rebuilt = airspace::rebuilt(&store, &pair.memorandum, *reader, &judged)?;
    let seconds = began.elapsed().as_secs_f64();
    if (rebuilt.len(), rebuilt.pairs()) != (count, pairs) {
        let (volumes, found) = (rebuilt.len(), rebuilt.pairs());
        return Err(format!("{volumes} volumes and {found} pairs instead of {count} and {pairs}").into());
    }
    let what = format!("{count} volumes rebuilt from the store, {notices} notices of {PARTIES} parties");
    let goal = if quick { Goal::None } else { Goal::AtMost(5.0) };
    let met = Figure::alone("pairs of them in each other's way", pairs as f64, "", Goal::None);
    Ok(vec![Figure::alone(what, seconds, "s", goal), met])
}

/// The book of a party, as it is written.
struct Author<'a> {
    book: Book,
    blinds: Blinds<'a>,
    number: u64,
}

impl Author<'_> {
    fn give(&mut self, volumes: Vec<Volume>, time_ms: u64) -> Outcome<NewEntry> {
        let content = Content::Notice(Notice {
            kind: "activity".into(),
            text: "Aircraft of ours will be here.".into(),
            volumes,
            fields: BTreeMap::new(),
            emergency: false,
            waypoints: Vec::new(),
        });
        self.number += 1;
        let entry = Entry {
            serial: self.number,
            time_ms,
            clock_held: false,
            office: 1,
            language: None,
            regards: Vec::new(),
            cut: Cut::new(),
            vector: None,
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        let bytes: Arc<[u8]> = entry.encode()?.into();
        let leaf = leaf_hash(&self.blinds.next().ok_or("blinds never end")?, &bytes);
        let (book, kind) = (self.book.code(), entry.kind);
        Ok(NewEntry { book, number: self.number, bytes, leaf, kind, time_ms, regards: Vec::new() })
    }
}

/// Writes the generator's volumes as notices; returns how many entries each book has.
fn fill(store: &Store, identity: &Identity, line: LineId, count: usize) -> Outcome<BTreeMap<Book, u64>> {
    let traffic = Traffic::new(count);
    let book = |party| Some(Book { generation: 0, party: Party::new(party).ok()?, class: Class::R });
    let books: Vec<Book> = (0..PARTIES).filter_map(book).collect();
    // Whose secrets they are makes no difference here.
    let secrets: Vec<BookSecret> =
        books.iter().map(|book| BookSecret::new(&identity.secret, &book.origin(&line))).collect();
    let mut authors: Vec<Author<'_>> = books
        .iter()
        .zip(&secrets)
        .map(|(book, secret)| Author { book: *book, blinds: secret.blinds(0), number: 0 })
        .collect();
    let time_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let mut batch = Batch::default();
    for (turn, plans) in traffic.volumes.chunks(VOLUMES_A_NOTICE).enumerate() {
        let volumes: Vec<Volume> = plans.iter().map(ours::volume).collect::<Outcome<_>>()?;
        let author = turn % authors.len();
        let author = authors.get_mut(author).ok_or("every turn is somebody's")?;
        batch.entries.push(author.give(volumes, time_ms)?);
        if batch.entries.len() as u64 == BLOCK {
            batch.seq += 1;
            let seq = batch.seq;
            store.submit(std::mem::replace(&mut batch, Batch { seq, ..Batch::default() }))?;
        }
    }
    batch.seq += 1;
    store.submit(batch)?;
    Ok(authors.iter().map(|author| (author.book, author.number)).collect())
}
