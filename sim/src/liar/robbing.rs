//! A liar that is none of the parties: it has copied the keys and the record of one that is honest, and goes on in its name.

use detente_record::{Book, BookSecret, Checkpoint, Entry, EntryRef, Frontier, LineSecret, leaf_hash};

use super::Liar;
use crate::store::Record;

/// How many of the entries that it finds it has in mind.
const IN_MIND: usize = 200;

impl Liar {
    /// The rank of its keys, as frames have it.
    pub(super) fn rank(&self) -> u64 {
        u64::from(self.first / Book::GENERATIONS_OF_A_RANK)
    }

    /// Takes over a record, with the keys of a rank that it has: what its victim has written it goes on with.
    pub(crate) fn takes_over(&mut self, rank: u8, record: &Record) {
        self.first = u16::from(rank) * Book::GENERATIONS_OF_A_RANK;
        let party = self.keys.party;
        self.secrets.clear();
        self.secrets.insert((party, rank), self.keys.secret.clone());
        self.secrets.extend(record.secrets.iter().map(|(of, secret)| (*of, secret.clone())));
        let renewed =
            record.renewals.iter().map(|of| ((of.occasion.party, of.occasion.rank), of.keys.book.clone()));
        self.renewed.extend(renewed);
        for (book, entries) in &record.entries {
            if (book.party, book.rank()) == (party, rank) {
                self.goes_on(*book, entries.iter().map(|bytes| bytes.to_vec()).collect());
            } else if book.party != party {
                self.has_heard(*book, entries.iter().map(|bytes| &**bytes), record);
            }
        }
        let forgotten = self.seen.len().saturating_sub(IN_MIND);
        self.seen.drain(..forgotten);
    }

    /// A book of its victim's becomes its own.
    fn goes_on(&mut self, book: Book, entries: Vec<Vec<u8>>) {
        let secret = BookSecret::new(&self.keys.secret, &book.origin(&self.line));
        let mut frontier = Frontier::default();
        let mut signatures = Vec::new();
        for bytes in &entries {
            frontier.push(leaf_hash(&secret.blind(frontier.size()), bytes));
            let checkpoint = Checkpoint { book, size: frontier.size(), root: frontier.root() };
            signatures.push(checkpoint.sign(&self.line, &self.keys.book).signature);
            let name = EntryRef { book, number: frontier.size() };
            let Ok(entry) = Entry::decode(bytes) else { continue };
            self.note(name, Some(&entry));
            let Some(of) = self.branches.first_mut() else { continue };
            of.serial = of.serial.max(entry.serial);
            of.time_ms = of.time_ms.max(entry.time_ms);
            of.stated.entry(book).or_default().extend(entry.cut);
        }
        let Some(of) = self.branches.first_mut() else { return };
        let last = of.generations.entry(book.class).or_insert(book.generation);
        *last = book.generation.max(*last);
        of.frontiers.insert(book, frontier);
        of.signatures.insert(book, signatures);
        of.entries.insert(book, entries);
    }

    /// It holds what its victim held of another party's book.
    fn has_heard<'b>(&mut self, book: Book, entries: impl Iterator<Item = &'b [u8]>, record: &Record) {
        let secret: Option<&LineSecret> = self.secrets.get(&(book.party, book.rank()));
        let Some(secret) = secret.map(|secret| BookSecret::new(secret, &book.origin(&self.line))) else {
            return;
        };
        let mut frontier = Frontier::default();
        for bytes in entries {
            frontier.push(leaf_hash(&secret.blind(frontier.size()), bytes));
            let name = EntryRef { book, number: frontier.size() };
            let entry = Entry::decode(bytes).ok();
            self.seen.push((name, entry.as_ref().map_or(0, |entry| entry.kind)));
            self.note(name, entry.as_ref());
        }
        if let Some((_, last)) = record.checkpoints.get(&book).and_then(|of| of.last_key_value()) {
            self.heads.insert(book, (last.checkpoint.root, last.signature));
        }
        self.heard.insert(book, frontier);
    }
}
