//! A receipt implies durability at its signer; whatever is said aloud is durable first.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::frame::Frame;
use detente_record::{Book, BookSecret, Frontier, Hash, Party, Receipt, leaf_hash};

use super::{Court, Word, object};
use crate::scenario::MOST_RANKS;
use crate::store::Record;

/// The roots of a book at one station, at every size.
#[derive(Default)]
struct Roots {
    frontier: Frontier,
    roots: Vec<Hash>,
}

/// What has been receipted so far, and the roots that it is held against.
#[derive(Default)]
pub(crate) struct Receipts {
    roots: BTreeMap<(Party, Book), Roots>,
    verified: BTreeSet<([u8; 64], Hash)>,
    /// The seconds of every receipt given, the earliest and the latest for each size.
    seconds: BTreeMap<(Party, Book), BTreeMap<u64, (u64, u64)>>,
}

impl Receipts {
    /// The root of a book as a station holds it, at a size; `None` beyond what it holds.
    pub(crate) fn root(
        &mut self,
        court: &Court,
        at: Party,
        record: &Record,
        book: Book,
        size: u64,
    ) -> Option<Hash> {
        let entries = record.entries.get(&book)?;
        let roots = self.roots.entry((at, book)).or_default();
        if (roots.roots.len() as u64) < size {
            let secret = court.keys_of(book.party)?.of_rank(book.rank()).secret;
            let secret = BookSecret::new(&secret, &book.origin(&court.line));
            for entry in entries.iter().skip(roots.roots.len()) {
                roots.frontier.push(leaf_hash(&secret.blind(roots.frontier.size()), entry));
                roots.roots.push(roots.frontier.root());
            }
        }
        (size <= entries.len() as u64).then(|| roots.roots.get(size.checked_sub(1)? as usize).copied())?
    }

    /// A station's store has been restored from a copy: it is looked at anew.
    pub(crate) fn restored(&mut self, at: Party) {
        self.roots.retain(|(of, _), _| *of != at);
        self.seconds.retain(|(of, _), _| *of != at);
    }

    fn verify(&mut self, court: &Court, receipt: &Receipt, root: &Hash) -> bool {
        if self.verified.contains(&(receipt.signature, *root)) {
            return true;
        }
        let keys = court.keys_of(receipt.party);
        let of = |rank| Some(keys?.of_rank(rank).receipt.public());
        let mut keys = (0..=MOST_RANKS).filter_map(of);
        let holds = keys.any(|key| receipt.verify(root, &court.line, &key).is_ok());
        if holds {
            self.verified.insert((receipt.signature, *root));
        }
        holds
    }

    /// An honest station says something aloud.
    ///
    /// # Errors
    /// When it receipts, or claims to hold, what is not durable in its store; when its receipt is of another
    /// root, or earlier than its last; of one that may have forgotten those, times are not looked at.
    pub(crate) fn said(
        &mut self,
        court: &Court,
        by: Party,
        record: &Record,
        frame: &[u8],
        forgetful: bool,
    ) -> Word {
        let who = court.party(by);
        match Frame::decode(frame) {
            Ok(Frame::Receipt(receipt)) => {
                let (book, size) = (court.book(receipt.book), receipt.size);
                let Some(root) = self.root(court, by, record, receipt.book, size) else {
                    let signer = court.party(receipt.party);
                    return object(
                        "receipts",
                        format!(
                            "{who} sends {signer}'s receipt for {book} to {size}, which is not durable at {who}"
                        ),
                    );
                };
                if !self.verify(court, &receipt, &root) {
                    return object(
                        "receipts",
                        format!("{who} sends a receipt for {book} at {size} that is no good"),
                    );
                }
                if receipt.party == by && !forgetful {
                    let seconds = receipt.seconds;
                    let given = self.seconds.entry((by, receipt.book)).or_default();
                    let before = given.range(..size).map(|(_, (_, latest))| *latest).max().unwrap_or(0);
                    let after =
                        given.range(size + 1..).map(|(_, (first, _))| *first).min().unwrap_or(u64::MAX);
                    if !(before..=after).contains(&seconds) {
                        let what = format!(
                            "{who} receipts {book} to {size} at {seconds} s, not from {before} to {after}"
                        );
                        return object("receipts", what);
                    }
                    let (first, latest) = given.entry(size).or_insert((seconds, seconds));
                    (*first, *latest) = (seconds.min(*first), seconds.max(*latest));
                }
                Ok(())
            }
            Ok(Frame::Hello(hello)) => {
                let lies = hello.sizes.iter().find(|(book, size)| record.size(**book) < **size);
                match lies {
                    Some((book, size)) => {
                        let book = court.book(*book);
                        object(
                            "receipts",
                            format!("{who} says that it holds {book} to {size}, which is not durable"),
                        )
                    }
                    None => Ok(()),
                }
            }
            Ok(Frame::Head(head)) => {
                let checkpoint = &head.checkpoint;
                let root = self.root(court, by, record, checkpoint.book, checkpoint.size);
                if root.is_some_and(|root| root == checkpoint.root) {
                    Ok(())
                } else {
                    let (book, size) = (court.book(checkpoint.book), checkpoint.size);
                    object(
                        "receipts",
                        format!("{who} shows a head of {book} at {size} that its store does not have"),
                    )
                }
            }
            Ok(_) => Ok(()),
            Err(fault) => object("receipts", format!("{who} sends a frame that is none: {fault}")),
        }
    }

    /// Everything in a store is what it says: each checkpoint and receipt holds for the entries beside it.
    ///
    /// # Errors
    /// When one does not.
    pub(crate) fn stored(&mut self, court: &Court, at: Party, record: &Record) -> Word {
        let who = court.party(at);
        for signed in record.checkpoints.values().flat_map(|of| of.values()) {
            let checkpoint = &signed.checkpoint;
            let root = self.root(court, at, record, checkpoint.book, checkpoint.size);
            let keys = court.keys_of(checkpoint.book.party);
            let key = keys.map(|keys| keys.of_rank(checkpoint.book.rank()).book.public());
            let holds = root == Some(checkpoint.root)
                && (self.verified.contains(&(signed.signature, checkpoint.root))
                    || key.is_some_and(|key| signed.verify(&court.line, &key).is_ok()));
            if !holds {
                let (book, size) = (court.book(checkpoint.book), checkpoint.size);
                return object(
                    "receipts",
                    format!("{who} stores a checkpoint of {book} at {size} that does not hold"),
                );
            }
            self.verified.insert((signed.signature, checkpoint.root));
        }
        for receipt in record.receipts.values().flat_map(|of| of.values()) {
            let root = self.root(court, at, record, receipt.book, receipt.size);
            if !root.is_some_and(|root| self.verify(court, receipt, &root)) {
                let (book, size, by) = (court.book(receipt.book), receipt.size, court.party(receipt.party));
                return object(
                    "receipts",
                    format!("{who} stores {by}'s receipt for {book} at {size}, no good"),
                );
            }
        }
        Ok(())
    }
}
