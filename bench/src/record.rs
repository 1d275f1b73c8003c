//! A large record, written as two parties would have written it: one asks, the other acknowledges each message,
//! everything is signed and receipted, and the last messages are still open.

use std::sync::Arc;

use detente_line::{Content, Identity, Message};
use detente_record::{
    Blinds, Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, Frontier, LineId, Receipt,
    STEP_ENTRIES, leaf_hash,
};
use detente_station::store::{self, Batch, NewEntry};

use crate::Outcome;

/// Entries between two signatures: as many as a step may have.
pub(crate) const BLOCK: u64 = STEP_ENTRIES;
/// Time from one entry to the next, in ms.
const PACE_MS: u64 = 1_000;

/// Two parties, and how far they have come.
pub(crate) struct Conversation<'a> {
    line: LineId,
    authors: [Author<'a>; 2],
    /// Of the last entry, in ms since 1970.
    time_ms: u64,
    text: String,
}

/// One of them, in the one book that it writes here.
struct Author<'a> {
    identity: &'a Identity,
    book: Book,
    frontier: Frontier,
    blinds: Blinds<'a>,
}

/// The book of a party that this record is about.
pub(crate) fn book(identity: &Identity) -> Book {
    Book { generation: 0, party: identity.party, class: Class::R }
}

/// The secret by which its leaves are blinded.
pub(crate) fn secret(identity: &Identity, line: &LineId) -> BookSecret {
    BookSecret::new(&identity.secret, &book(identity).origin(line))
}

impl<'a> Conversation<'a> {
    /// Begins so that the last of `entries` entries is written now.
    pub(crate) fn new(
        line: LineId,
        identities: [&'a Identity; 2],
        secrets: [&'a BookSecret; 2],
        entries: u64,
        now_ms: u64,
    ) -> Self {
        let [asks, acknowledges] = identities;
        let [one, other] = secrets;
        let author = |identity: &'a Identity, secret: &'a BookSecret| Author {
            identity,
            book: book(identity),
            frontier: Frontier::default(),
            blinds: secret.blinds(0),
        };
        Self {
            line,
            authors: [author(asks, one), author(acknowledges, other)],
            time_ms: now_ms.saturating_sub(entries * PACE_MS),
            text: "Aircraft of ours will pass over the river from the east. ".repeat(4)[..200].to_owned(),
        }
    }

    /// The next block of messages, or of acknowledgements to the last one; signed and receipted.
    pub(crate) fn block(&mut self, acknowledges: bool) -> Outcome<Batch> {
        let [asks, answers] = &mut self.authors;
        let (author, other) = if acknowledges { (answers, asks) } else { (asks, answers) };
        let (book, subject) = (author.book, other.book);
        let before = author.frontier.size();
        let mut entries = Vec::with_capacity(BLOCK as usize);
        for number in before + 1..=before + BLOCK {
            self.time_ms += PACE_MS;
            // What moved since the last block is what the other has written in between.
            let moved = number == before + 1 && other.frontier.size() > 0;
            let regards = if acknowledges { vec![EntryRef { book: subject, number }] } else { Vec::new() };
            let content = if acknowledges {
                Content::Acknowledgement { text: Some(self.text.clone()) }
            } else {
                let text = self.text.clone();
                Content::Message(Message { text, ..Message::default() })
            };
            let entry = Entry {
                serial: number,
                time_ms: self.time_ms,
                clock_held: false,
                office: 1,
                language: None,
                regards,
                cut: if moved { Cut::from([(subject, other.frontier.size())]) } else { Cut::new() },
                vector: None,
                kind: content.kind(),
                body: content.encode(),
                second: None,
            };
            let bytes: Arc<[u8]> = entry.encode()?.into();
            let blind = author.blinds.next().ok_or("blinds never end")?;
            let leaf = leaf_hash(&blind, &bytes);
            author.frontier.push(leaf);
            entries.push(NewEntry {
                book: book.code(),
                number,
                bytes,
                leaf,
                kind: entry.kind,
                time_ms: self.time_ms,
                regards: entry.regards.iter().map(|subject| (subject.book.code(), subject.number)).collect(),
            });
        }
        let (size, root, seconds) = (author.frontier.size(), author.frontier.root(), self.time_ms / 1_000);
        let signed = Checkpoint { book, size, root }.sign(&self.line, &author.identity.book_key);
        let by = other.identity;
        let receipt = Receipt::sign(book, by.party, size, &root, seconds, &self.line, &by.receipt_key);
        Ok(Batch {
            entries,
            checkpoints: vec![store::Checkpoint {
                book: book.code(),
                size,
                root,
                signature: signed.signature,
            }],
            receipts: vec![store::Receipt {
                book: book.code(),
                party: by.party.number(),
                size,
                seconds,
                signature: receipt.signature,
            }],
            ..Batch::default()
        })
    }
}
