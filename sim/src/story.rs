//! The story of a run: one readable line for everything that happened, told only when somebody reads it.

use detente_line::frame::Frame;
use detente_line::{Content, Memorandum, Shown};
use detente_record::{Blob, Book, Cut, EntryRef, Party, hex};

/// What happened, in order.
#[derive(Debug, Default)]
pub(crate) struct Story {
    told: bool,
    lines: Vec<String>,
}

impl Story {
    /// A story that is told, or one that is not.
    pub(crate) fn new(told: bool) -> Self {
        Self { told, lines: Vec::new() }
    }

    /// Adds a line, if anybody reads it; `at_ms` counts from the start of the run.
    pub(crate) fn tell(&mut self, at_ms: u64, line: impl FnOnce() -> String) {
        if self.told {
            let (minutes, seconds, ms) = (at_ms / 60_000, at_ms / 1000 % 60, at_ms % 1000);
            self.lines.push(format!("{minutes:>4}:{seconds:02}.{ms:03}  {}", line()));
        }
    }

    /// Everything told so far.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// A book's name for people.
pub(crate) fn book(memorandum: &Memorandum, book: Book) -> String {
    book.text(&memorandum.name_of(book.party))
}

/// An entry's name for people.
pub(crate) fn entry(memorandum: &Memorandum, entry: EntryRef) -> String {
    entry.text(&memorandum.name_of(entry.book.party))
}

/// A party's name for people.
pub(crate) fn party(memorandum: &Memorandum, party: Party) -> String {
    memorandum.name_of(party)
}

/// A frame, in words.
pub(crate) fn frame(memorandum: &Memorandum, bytes: &[u8]) -> String {
    let sizes = |sizes: &Cut| {
        let sizes: Vec<String> =
            sizes.iter().map(|(of, size)| format!("{} {size}", book(memorandum, *of))).collect();
        sizes.join(", ")
    };
    match Frame::decode(bytes) {
        Ok(Frame::Hello(hello)) => format!("hello, holding {}", sizes(&hello.sizes)),
        Ok(Frame::Step { book: of, first, entries, .. }) => {
            let last = first.saturating_add(entries.len() as u64).saturating_sub(1);
            format!("{} {first} to {last}", book(memorandum, of))
        }
        Ok(Frame::Receipt(receipt)) => {
            let (of, by) = (book(memorandum, receipt.book), party(memorandum, receipt.party));
            format!("{by}'s receipt for {of} to {} at {} s", receipt.size, receipt.seconds)
        }
        Ok(Frame::Ahead { book: of, first, entries }) => {
            format!("{} entries of {} from {first} on, ahead", entries.len(), book(memorandum, of))
        }
        Ok(Frame::Have(have)) => format!("have {}", sizes(&have)),
        Ok(Frame::Ping(_)) => "ping".into(),
        Ok(Frame::Pong(_)) => "pong".into(),
        Ok(Frame::Secret { party: of, .. }) => format!("{}'s secret", party(memorandum, of)),
        Ok(Frame::Head(head)) => {
            format!("head of {} at {}", book(memorandum, head.checkpoint.book), head.checkpoint.size)
        }
        Ok(Frame::Fork(fork)) => {
            let (head, with) = (&fork.head.checkpoint, &fork.with.checkpoint);
            format!("fork of {}, at {} and {}", book(memorandum, head.book), head.size, with.size)
        }
        Ok(Frame::Want { blob, first, count }) => {
            format!("want {count} from chunk {first} of {}", blob_name(&blob))
        }
        Ok(Frame::Part { blob, chunk, .. }) => format!("chunk {chunk} of {}", blob_name(&blob)),
        Ok(Frame::Renewals(renewals)) => format!("{} renewals", renewals.len()),
        Ok(Frame::CourierKeys(known)) => format!("{} courier keys known", known.len()),
        Ok(Frame::CourierKey(key)) => format!("{}'s courier key", party(memorandum, key.party)),
        Ok(Frame::Lack(blob)) => format!("lack of {}", blob_name(&blob)),
        Ok(Frame::Refusal { code, text }) => format!("refusal {code}: {text}"),
        Err(_) => format!("{} bytes that are no frame", bytes.len()),
    }
}

/// A blob, by the beginning of its hash.
pub(crate) fn blob_name(blob: &Blob) -> String {
    let (first, _) = blob.hash.split_at(4);
    format!("blob {} of {} bytes", hex(first), blob.size)
}

/// Something shown, in words.
pub(crate) fn shown(memorandum: &Memorandum, shown: &Shown) -> String {
    let named = |name: &EntryRef| entry(memorandum, *name);
    match shown {
        Shown::Accepted { id, entry } => format!("({id}) accepted as {}", named(entry)),
        Shown::Refused { id, fault } => format!("({id}) refused: {fault}"),
        Shown::Entry { name, marked, unjudged, content, .. } => {
            let kind = content.as_ref().map_or(0, Content::kind);
            let marked = marked.as_ref().map(|fault| format!(", void: {fault}")).unwrap_or_default();
            let unjudged = if *unjudged { ", unjudged" } else { "" };
            format!("{} of kind {kind}{marked}{unjudged}", named(name))
        }
        Shown::Receipted { receipt } => {
            let (of, by) = (book(memorandum, receipt.book), party(memorandum, receipt.party));
            format!("{of} receipted by {by} to {}", receipt.size)
        }
        Shown::Overdue { entry, rank, open_ms } => {
            format!("{} overdue after {open_ms} ms, rank {rank} called", named(entry))
        }
        Shown::Standing { party: of, in_effect } => {
            format!("{} {}", party(memorandum, *of), if *in_effect { "in effect" } else { "suspended" })
        }
        Shown::Missed { slot, party: by } => format!("slot {slot} missed by {}", party(memorandum, *by)),
        Shown::Amended { decision, memorandum: moved, judged: _ } => {
            let by = decision.map_or_else(|| "a decision that was lost".into(), |decision| named(&decision));
            format!("{by} puts memorandum {} in force", hex(&moved.hash()))
        }
        Shown::Ahead { name, .. } => format!("{} came ahead of its signature", named(name)),
        Shown::Otherwise { name, .. } => format!("{} is signed otherwise than said ahead", named(name)),
        Shown::Breach(evidence) => {
            format!("a breach by {}: {}", party(memorandum, evidence.party), evidence.fault)
        }
        other => format!("{other:?}"),
    }
}
