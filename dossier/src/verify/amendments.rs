//! The memoranda of a file: the founding one, and those whose amendments were carried (spec/dossier.md §3.5).
//!
//! Each decision is held to the keys of the memoranda before it alone, with all that it rests on; the first thing wrong ends it.

use std::collections::HashMap;

use detente_line::Memorandum;
use detente_record::dossier::Head;
use detente_record::note::Note;
use detente_record::tlog_proof::{Keys, TlogProof};
use detente_record::{EntryRef, Fault};

use super::{missing, wrong_in};
use crate::amending::{self, Act};
use crate::archive::Part;
use crate::memoranda::Memoranda;
use crate::part::{Name, OfEntry};
use crate::report::Wrong;
use crate::signers::book_key;

/// Reads them.
///
/// # Errors
/// The first thing that does not hold.
pub(super) fn read(founding: Memorandum, version: u8, parts: &[Part<'_>]) -> Result<Memoranda, Wrong> {
    let mut memoranda = Memoranda::founded(founding);
    let path = Name::Amendments.path(&memoranda);
    // In a file of version 1 it is a part of no name.
    let Some(part) = parts.iter().find(|part| version > 1 && part.name == path) else { return Ok(memoranda) };
    let wrong = wrong_in(part.name);
    let firsts = firsts(parts);
    for line in amending::lines(part.bytes).map_err(&wrong)? {
        let named = amending::named(&memoranda, line).map_err(&wrong)?;
        let act = |name| act(&memoranda, &firsts, name);
        let amended = amending::carried::<Wrong>(&memoranda, &named, act)?;
        memoranda.amend(amended).map_err(&wrong)?;
    }
    Ok(memoranda)
}

/// The first proof of each folder.
fn firsts<'a>(parts: &[Part<'a>]) -> HashMap<&'a str, Part<'a>> {
    let mut firsts = HashMap::new();
    for part in parts {
        if let Some((folder, file)) = part.name.rsplit_once('/')
            && file.ends_with(".tlog-proof")
        {
            firsts.entry(folder).or_insert(*part);
        }
    }
    firsts
}

/// An act that its author signed, under the keys of the memoranda so far.
fn act(memoranda: &Memoranda, firsts: &HashMap<&str, Part<'_>>, name: EntryRef) -> Result<Act, Wrong> {
    let words = Name::Entry(name, OfEntry::Words).path(memoranda);
    let folder = words.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
    let Some(part) = firsts.get(folder) else {
        return Err(wrong_in(folder)(missing("the acts that amendments.txt rests on, each with a proof")));
    };
    let proved = || {
        let text =
            str::from_utf8(part.bytes).map_err(|_| Fault::malformed("tlog-proof", "UTF-8", "other bytes"))?;
        let proof = TlogProof::parse(text)?;
        let keys = Keys { author: book_key(memoranda, name.book.party)?, receipts: &[] };
        let note = Note::parse(proof.note.as_bytes())?;
        let head = Head::verify(&note, &memoranda.line(), name.book, &keys, &[])?;
        if proof.index.checked_add(1) != Some(name.number) {
            let found = format!("number {}", proof.index.saturating_add(1));
            return Err(Fault::malformed("proof", "one of what its name says", found));
        }
        let (bytes, _) = head.entry(&proof.leaf, proof.index, &proof.hashes)?;
        Act::read(name, bytes)
    };
    proved().map_err(wrong_in(part.name))
}

impl From<Fault> for Wrong {
    /// What an amendment breaks shows where it is named.
    fn from(fault: Fault) -> Self {
        Self { part: "amendments.txt".into(), fault }
    }
}
