//! What the liar puts in its books: entries that are sound but for what they mean, in a generation that may be the wrong one.

use std::collections::BTreeMap;

use detente_line::Content;
use detente_record::{Book, BookSecret, Checkpoint, Class, Entry, EntryRef, Hash, leaf_hash, vector_hash};

use super::Liar;

impl Liar {
    /// A precedence.
    pub(super) fn class(&mut self) -> Class {
        [Class::Z, Class::O, Class::P, Class::R][self.rng.below(4) as usize]
    }

    /// A sound entry, but for what it means.
    pub(super) fn entry(
        &mut self,
        branch: usize,
        book: Book,
        regards: Vec<EntryRef>,
        content: &Content,
        now_ms: u64,
    ) -> Entry {
        let heard = self.heard.iter().map(|(book, frontier)| (*book, (frontier.size(), frontier.root())));
        let of = self.branches.get(branch).cloned().unwrap_or_default();
        let own = of.frontiers.iter().map(|(book, frontier)| (*book, (frontier.size(), frontier.root())));
        let known: BTreeMap<Book, (u64, Hash)> = heard.chain(own).collect();
        let stated = of.stated.get(&book);
        let moved = known.iter().filter(|(of, (size, _))| {
            **of != book && *size > stated.and_then(|stated| stated.get(of)).copied().unwrap_or(0)
        });
        let time_ms = of.time_ms.max(now_ms);
        Entry {
            serial: of.serial + 1,
            time_ms,
            clock_held: now_ms < of.time_ms,
            office: 0,
            language: None,
            regards,
            cut: moved.map(|(of, (size, _))| (*of, *size)).collect(),
            vector: (book.class == Class::A).then(|| vector_hash(&known)),
            kind: content.kind(),
            body: content.encode(),
            second: self.memorandum.takes_two(book.class, content.kind()).then_some(0),
        }
    }

    /// The book of a class that it writes in now: now and then one that it should have done with, or a new one.
    pub(super) fn book(&mut self, branch: usize, class: Class, now_ms: u64) -> Book {
        let party = self.keys.party;
        let of = self.branches.get(branch);
        let generation = of.and_then(|of| of.generations.get(&class)).copied().unwrap_or(self.first);
        let book = Book { generation, party, class };
        if !self.lies.generations {
            return book;
        }
        if self.rng.chance(100) {
            let earlier = self.rng.below(u64::from(generation - self.first) + 1) as u16;
            return Book { generation: self.first + earlier, ..book };
        }
        if generation - self.first < 8 && self.rng.chance(60) {
            // Mostly the next one; one further on is nobody's.
            let skipped = u16::from(self.rng.chance(50));
            let next = Book { generation: generation + 1 + skipped, ..book };
            if skipped == 0
                && let Some(of) = self.branches.get_mut(branch)
            {
                of.generations.insert(class, next.generation);
            }
            let frontier = self.branches.get(branch).and_then(|of| of.frontiers.get(&book)).cloned();
            let frontier = frontier.unwrap_or_default();
            let short = self.rng.chance(200);
            let size = if short { self.rng.below(frontier.size() + 1) } else { frontier.size() };
            let opens = Content::Opens { before: generation, size, root: frontier.root(), renewal: None };
            if !self.rng.chance(200) {
                let entry = self.entry(branch, next, Vec::new(), &opens, now_ms);
                self.append(branch, next, &entry);
            }
            return next;
        }
        book
    }

    pub(super) fn write(
        &mut self,
        branch: usize,
        class: Class,
        regards: Vec<EntryRef>,
        content: &Content,
        now_ms: u64,
    ) {
        let book = self.book(branch, class, now_ms);
        let entry = self.entry(branch, book, regards, content, now_ms);
        self.append(branch, book, &entry);
    }

    pub(super) fn append(&mut self, branch: usize, book: Book, entry: &Entry) {
        let Ok(bytes) = entry.encode() else { return };
        let Some(of) = self.branches.get_mut(branch) else { return };
        of.serial = of.serial.max(entry.serial);
        of.time_ms = of.time_ms.max(entry.time_ms);
        of.stated.entry(book).or_default().extend(entry.cut.iter().map(|(of, size)| (*of, *size)));
        let number = of.frontiers.get(&book).map_or(0, |frontier| frontier.size()) + 1;
        self.note(EntryRef { book, number }, Some(entry));
        self.append_bytes(branch, book, bytes);
    }

    pub(super) fn append_bytes(&mut self, branch: usize, book: Book, bytes: Vec<u8>) {
        let secret = BookSecret::new(&self.keys.secret, &book.origin(&self.line));
        let Some(of) = self.branches.get_mut(branch) else { return };
        let frontier = of.frontiers.entry(book).or_default();
        frontier.push(leaf_hash(&secret.blind(frontier.size()), &bytes));
        let checkpoint = Checkpoint { book, size: frontier.size(), root: frontier.root() };
        of.signatures.entry(book).or_default().push(checkpoint.sign(&self.line, &self.keys.book).signature);
        of.entries.entry(book).or_default().push(bytes);
    }
}
