//! Forks: two checkpoints of one book that cannot both be true, found, kept, told (spec/line.md §6).

use alloc::vec::Vec;

use detente_record::{Book, Checkpoint, Entry, EntryRef, Fault, SignedCheckpoint};

use crate::contract::{CircuitId, Effect, Evidence, Fork, Shown};
use crate::frame::{self, Frame};
use crate::kind::Content;
use crate::line::Line;

impl Line {
    /// Compares a whole checkpoint with what is held of its book: with the checkpoint of its size, or, if none is kept,
    /// with the root that the store works out for its size.
    pub(crate) fn compare(&mut self, circuit: CircuitId, head: SignedCheckpoint) {
        let book = head.checkpoint.book;
        if self.forks.contains_key(&book) {
            return self.tell_of_fork(circuit, book);
        }
        self.hold_against(head);
    }

    /// The same of a checkpoint that came without a circuit: in an entry that seals.
    pub(crate) fn hold_against(&mut self, head: SignedCheckpoint) {
        let Checkpoint { book, size, root } = head.checkpoint.clone();
        let Some(key) = self.book_key(book) else { return };
        if self.forks.contains_key(&book) {
            return;
        }
        let Some(state) = self.books.get(&book) else { return };
        let held = state.checkpoint_at(size);
        let larger = state.signed.clone().filter(|last| held.is_none() && last.checkpoint.size > size);
        if held.as_ref().is_some_and(|held| held.checkpoint.root == root)
            || (held.is_none() && larger.is_none())
            || head.verify(&self.id, key).is_err()
        {
            return;
        }
        if let Some(with) = larger {
            self.do_next(Effect::Compare { head, with });
        } else if let Some(with) = held {
            self.forked(Fork { root: with.checkpoint.root, head, with, proof: Vec::new() });
        }
    }

    /// The store has worked out how a checkpoint of somebody else's stands to what is held.
    pub(crate) fn compared(&mut self, fork: Fork) {
        if fork.convicts() {
            self.forked(fork);
        }
    }

    /// Somebody says that a book has forked.
    pub(crate) fn take_fork(&mut self, fork: Fork) -> Result<(), Fault> {
        let book = fork.head.checkpoint.book;
        let Some(key) = self.book_key(book) else { return Ok(()) };
        if self.forks.contains_key(&book) {
            return Ok(());
        }
        fork.head.verify(&self.id, key)?;
        fork.with.verify(&self.id, key)?;
        if !fork.convicts() {
            return Err(Fault::misbehaved(
                "fork",
                "two checkpoints that cannot both be true",
                "two that can",
            ));
        }
        self.forked(fork);
        Ok(())
    }

    /// Two checkpoints of a book, both verified, cannot both be true: the evidence is kept and told to everybody, and
    /// the book ends.
    fn forked(&mut self, fork: Fork) {
        let book = fork.head.checkpoint.book;
        let told = frame::fork(&fork);
        if self.forks.insert(book, told.clone()).is_some() {
            return;
        }
        self.book(book).ended = true;
        let of = book.text(&self.memorandum.name_of(book.party));
        let found = alloc::format!("two of {of}, both signed, that cannot both be true");
        let fault = Fault::misbehaved("checkpoint", "one history of a book", found);
        self.convict(Evidence { party: book.party, fault, proof: told });
        let ready: Vec<CircuitId> =
            self.circuits.iter().filter(|(_, state)| state.ready).map(|(id, _)| *id).collect();
        for circuit in ready {
            self.tell_of_fork(circuit, book);
        }
        if self.writes_in(book) {
            self.end_own(book.class, book.generation);
        }
    }

    /// Tells a peer of a fork, once a circuit.
    pub(crate) fn tell_of_fork(&mut self, circuit: CircuitId, book: Book) {
        let Some(told) = self.forks.get(&book).cloned() else { return };
        if self.circuits.get_mut(&circuit).is_some_and(|state| state.told.insert(book)) {
            self.queue(circuit, told);
        }
    }

    /// Takes evidence that was stored: a book that has forked stays ended, and so does a rank that is contradicted. After all entries.
    pub fn restore_evidence(&mut self, proof: &[u8]) {
        match Frame::decode(proof) {
            Ok(Frame::Fork(fork)) if fork.convicts() => {
                let book = fork.head.checkpoint.book;
                self.forks.insert(book, proof.to_vec());
                self.book(book).ended = true;
            }
            Ok(Frame::Renewals(renewals)) => self.restore_contradiction(renewals),
            Ok(Frame::Receipt(receipt)) => {
                self.gone_back.insert((receipt.book, receipt.party));
            }
            _ => {}
        }
    }

    /// What comes in a book Z that has forked is not taken, and shown all the same, marked: it may be meant.
    pub(crate) fn show_forked(&mut self, book: Book, fresh: &[&[u8]]) {
        let held = self.books.get(&book).map_or(0, |state| state.size());
        for (bytes, number) in fresh.iter().zip(held + 1..) {
            let name = EntryRef { book, number };
            if self.shown_forked.get(&book).is_some_and(|last| *last >= number) {
                continue;
            }
            self.shown_forked.insert(book, number);
            let read = Entry::decode(bytes).and_then(|entry| {
                Ok((Content::decode(entry.kind, &entry.body)?, entry.regards, entry.time_ms, entry.serial))
            });
            let marked = Some(Fault::misbehaved("book", "one that has not forked", "one that has"));
            let (content, regards, time_ms, serial) = match read {
                Ok((content, regards, time_ms, serial)) => (Some(content), regards, time_ms, serial),
                Err(_) => (None, Vec::new(), 0, 0),
            };
            self.show(Shown::Entry {
                name,
                serial,
                marked,
                unjudged: false,
                content,
                regards,
                regarded_judged: false,
                time_ms,
            });
        }
    }
}
