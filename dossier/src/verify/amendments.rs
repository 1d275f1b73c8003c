//! The memoranda of a file: the founding one, and those whose amendments were carried (spec/dossier.md §3.5), with the keys that
//! renewals and seals bring (§3.7, §3.8).
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
use crate::later_keys::Pending;
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
    // In a file of an earlier version it is a part of no name.
    let of = |name: Name| {
        let path = name.path(&memoranda);
        parts.iter().find(|part| name.version() <= version && part.name == path)
    };
    let (amendments, renewals, seals) = (of(Name::Amendments), of(Name::Renewals), of(Name::Seals));
    let mut pending = Pending::default();
    if let Some(part) = renewals {
        pending.renewals(part.bytes).map_err(wrong_in(part.name))?;
    }
    if let Some(part) = seals {
        pending.seals(part.bytes).map_err(wrong_in(part.name))?;
    }
    let of_keys = renewals.or(seals).map_or("the file", |part| part.name);
    pending.take(&mut memoranda).map_err(wrong_in(of_keys))?;
    if let Some(part) = amendments {
        amend(&mut memoranda, &mut pending, *part, parts).map_err(|error| match error {
            Failed::Keys(fault) => wrong_in(of_keys)(fault),
            Failed::Amendment(wrong) => wrong,
        })?;
    }
    pending.end().map_err(wrong_in(of_keys))?;
    Ok(memoranda)
}

/// What ends the reading of amendments.
enum Failed {
    Amendment(Wrong),
    Keys(Fault),
}

impl From<Wrong> for Failed {
    fn from(wrong: Wrong) -> Self {
        Self::Amendment(wrong)
    }
}

fn amend(
    memoranda: &mut Memoranda,
    pending: &mut Pending,
    part: Part<'_>,
    parts: &[Part<'_>],
) -> Result<(), Failed> {
    let wrong = wrong_in(part.name);
    let firsts = firsts(parts);
    for line in amending::lines(part.bytes).map_err(&wrong)? {
        let named = amending::named(memoranda, line).map_err(&wrong)?;
        let act = |name| act(memoranda, &firsts, name);
        let amended = amending::carried::<Wrong>(memoranda, &named, act)?;
        memoranda.amend(amended).map_err(&wrong)?;
        pending.take(memoranda).map_err(Failed::Keys)?;
    }
    Ok(())
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
        let keys = Keys { author: book_key(memoranda, name.book)?, receipts: &[], seal: None };
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
