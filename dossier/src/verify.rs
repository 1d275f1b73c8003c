//! Verifying a dossier: from the bytes of a file to what it shows, with every key that it takes from the memorandum in it
//! (spec/dossier.md §5).
//!
//! Promises that nothing is reported that does not hold, that every byte of a file is accounted for, and that equal
//! checkpoints are verified once. It does not know whether the memorandum is the one that its reader means:
//! [`Report::memoranda`] is for the reader to compare.

mod amendments;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use detente_line::{Content, Fork, Memorandum};
use detente_record::dossier::{Signer, Tied, bounds};
use detente_record::note::Note;
use detente_record::tlog_proof::TlogProof;
use detente_record::{BlobHasher, Book, Entry, EntryRef, Fault, Hash, SignedCheckpoint, hash, hex};
use rayon::prelude::*;

use crate::archive::{self, Part};
use crate::compare::compare;
use crate::custody::{self, Attached};
use crate::fact::{self, Opening, Sayings, Shown, Signed};
use crate::loading::Loaded;
use crate::making::{MOST_ENTRIES, fork_texts};
use crate::memoranda::Memoranda;
use crate::paper::{self, TEXTS_BY};
use crate::part::{self, Name, OfEntry, OfFork};
use crate::report::{Established, Report, Under, Unread, Wrong};
use crate::signers::{Read, Signers, book_key};
use crate::{later_keys, words};

/// Most things wrong with a file that are told, and most that are passed over.
pub const MOST_WRONGS: usize = 100;

/// The parts of one entry.
struct OneEntry<'a> {
    name: EntryRef,
    words: Option<Part<'a>>,
    proofs: Vec<(u64, Part<'a>)>,
}

/// The parts of the forks of each book.
type Forks<'a> = BTreeMap<Book, Vec<(OfFork, Part<'a>)>>;

/// What is known of an entry before the others are looked at.
struct Checked {
    established: Established,
    /// The earliest signature of each other signer.
    signed: Vec<Signed>,
    /// The author's seal over the smallest size that has one: at which second, over which size.
    sealed: Option<(u64, u64)>,
}

/// Reads a file and holds everything in it to the keys of its memoranda.
///
/// # Errors
/// Where nothing can be said at all: it is no dossier, or its memoranda do not hold.
pub fn verify(bytes: &[u8]) -> Result<Report, Wrong> {
    verify_parts(&archive::read(bytes).map_err(wrong_in("the file"))?)
}

/// As [`verify`], of a file that came piece by piece.
///
/// # Errors
/// As [`verify`].
pub fn verify_loaded(loaded: &Loaded) -> Result<Report, Wrong> {
    verify_parts(&archive::read_kept(&loaded.kept, &loaded.away).map_err(wrong_in("the file"))?)
}

fn verify_parts(parts: &[Part<'_>]) -> Result<Report, Wrong> {
    let [first, second, third, ..] = parts else {
        return Err(wrong_in("the file")(missing("README.txt, memorandum.cbor and memorandum.note")));
    };
    if [first.name, second.name, third.name] != ["README.txt", "memorandum.cbor", "memorandum.note"] {
        return Err(wrong_in("the file")(missing(
            "README.txt, memorandum.cbor and memorandum.note, in this order",
        )));
    }
    let (version, texts_by) = paper::texts_by(first.bytes).map_err(wrong_in(first.name))?;
    let founding = Memorandum::decode(second.bytes).map_err(wrong_in(second.name))?;
    if founding.terms().predecessor.is_some() {
        let fault = Fault::incompatible("memorandum", "one that founds its line", "one that amends another");
        return Err(wrong_in(second.name)(fault));
    }
    let signatures = paper::signatures(&founding, third.bytes).map_err(wrong_in(third.name))?;
    let memoranda = amendments::read(founding, version, parts)?;
    let mut reading = Reading::new(&memoranda, version, texts_by == TEXTS_BY);
    reading.same(*third, &paper::note(memoranda.founding(), &signatures));
    let (entries, forks) = reading.sort(parts);
    if entries.len() > MOST_ENTRIES {
        let fault = Fault::malformed("dossier", "at most 20,000 entries", entries.len().to_string());
        return Err(wrong_in("the file")(fault));
    }
    let books: BTreeSet<Book> =
        entries.iter().map(|entry| entry.name.book).chain(forks.keys().copied()).collect();
    for part in parts {
        match part.name {
            "README.txt" => {
                reading.text(*part, || paper::readme(&memoranda, version, entries.len(), forks.len()));
            }
            "memorandum.txt" => reading.text(*part, || paper::text(&memoranda)),
            "keys.txt" => reading.same(*part, &paper::keys(&memoranda, &books)),
            "renewals.txt" => {
                reading.same(*part, &later_keys::renewals(&memoranda).unwrap_or_default());
            }
            "seals.txt" => reading.same(*part, &later_keys::seals(&memoranda).unwrap_or_default()),
            _ => {}
        }
    }
    let checked = reading.entries(&entries);
    let forks = forks.into_iter().filter_map(|(book, parts)| reading.fork(book, &parts)).collect();
    let entries = establish(&memoranda, checked);
    let mut attachments = custody::attached(&memoranda, &entries);
    reading.attachments(parts, &mut attachments);
    let Reading { wrongs, wrong_count, unread, .. } = reading;
    let mut report = Report {
        entries,
        attachments,
        forks,
        convictions: Vec::new(),
        wrongs,
        wrong_count,
        unread,
        texts_by: (texts_by != TEXTS_BY).then(|| texts_by.to_owned()),
        parts: parts.len(),
        version,
        memoranda,
    };
    // One report is of one line.
    report.convictions = compare(&[&report]).unwrap_or_default();
    let faults = report
        .convictions
        .iter()
        .map(|found| Wrong { part: found.other.part.clone(), fault: found.fault(&report.memoranda) });
    let faults: Vec<Wrong> = faults.collect();
    report.wrong_count += faults.len();
    report.wrongs.extend(faults);
    report.wrongs.truncate(MOST_WRONGS);
    Ok(report)
}

const IN_ORDER: &str = "each once, in the order of spec/dossier.md §3";

/// A fault as something that is wrong with a part.
fn wrong_in(part: &str) -> impl Fn(Fault) -> Wrong {
    move |fault| Wrong { part: part.to_owned(), fault }
}

fn missing(what: &'static str) -> Fault {
    Fault::malformed("parts of a dossier", what, "others, or none")
}

/// A file on its way to a report.
struct Reading<'m> {
    memoranda: &'m Memoranda,
    version: u8,
    signers: Signers<'m>,
    /// Whether texts for people are such as this version writes, and held to that.
    compares_texts: bool,
    wrongs: Vec<Wrong>,
    wrong_count: usize,
    unread: Vec<Unread>,
}

impl<'m> Reading<'m> {
    fn new(memoranda: &'m Memoranda, version: u8, compares_texts: bool) -> Self {
        Self {
            memoranda,
            version,
            signers: Signers::of(memoranda),
            compares_texts,
            wrongs: Vec::new(),
            wrong_count: 0,
            unread: Vec::new(),
        }
    }

    fn pass_over(&mut self, part: &str, what: String) {
        if self.unread.len() < MOST_WRONGS {
            self.unread.push(Unread { part: part.to_owned(), what });
        }
    }

    fn wrong(&mut self, part: &str, fault: Fault) {
        self.wrong_count += 1;
        if self.wrongs.len() < MOST_WRONGS {
            self.wrongs.push(Wrong { part: part.to_owned(), fault });
        }
    }

    /// Holds a part to the text that follows from others.
    fn same(&mut self, part: Part<'_>, expected: &str) {
        if let Err(fault) = same(part, expected) {
            self.wrong(part.name, fault);
        }
    }

    /// Holds a text for people to what this version would write, if this version wrote it.
    fn text(&mut self, part: Part<'_>, expected: impl FnOnce() -> String) {
        if self.compares_texts {
            self.same(part, &expected());
        }
    }

    /// The parts by what they are of, once each and in their order; those that this version does not know come last.
    fn sort<'a>(&mut self, parts: &[Part<'a>]) -> (Vec<OneEntry<'a>>, Forks<'a>) {
        let mut entries: Vec<OneEntry<'a>> = Vec::new();
        let mut forks = Forks::new();
        let mut last = None;
        let mut last_extra = None;
        let mut fixed = 0;
        let (memoranda, version) = (self.memoranda, self.version);
        let names: Vec<Result<Name, Fault>> =
            parts.par_iter().map(|part| name_of(*part, memoranda, version)).collect();
        for (part, name) in parts.iter().zip(names) {
            if part::is_extra(part.name) {
                if last_extra.replace(part.name) >= Some(part.name) {
                    self.wrong(part.name, Fault::malformed("parts of a dossier", IN_ORDER, "another order"));
                }
                self.pass_over(part.name, format!("{} bytes", part.bytes.len()));
                continue;
            }
            let name = match name {
                Ok(name) => name,
                Err(fault) => {
                    self.wrong(part.name, fault);
                    continue;
                }
            };
            if last.replace(name) >= Some(name) || last_extra.is_some() {
                self.wrong(part.name, Fault::malformed("parts of a dossier", IN_ORDER, "another order"));
                continue;
            }
            match name {
                Name::Entry(entry, of) => {
                    if entries.last().is_none_or(|last| last.name != entry) {
                        entries.push(OneEntry { name: entry, words: None, proofs: Vec::new() });
                    }
                    let Some(found) = entries.last_mut() else { continue };
                    match of {
                        OfEntry::Words => found.words = Some(*part),
                        OfEntry::Proof(size) => found.proofs.push((size, *part)),
                    }
                }
                Name::Fork(book, of) => forks.entry(book).or_default().push((of, *part)),
                Name::Renewals | Name::Seals | Name::Amendments | Name::Attachment(_) => {}
                _ => fixed += 1,
            }
        }
        if fixed != 5 {
            let expected = "README.txt, memorandum.cbor, memorandum.note, memorandum.txt and keys.txt";
            self.wrong("the file", missing(expected));
        }
        (entries, forks)
    }

    /// Verifies every checkpoint once, then every entry under its own.
    fn entries(&mut self, entries: &[OneEntry<'_>]) -> Vec<Checked> {
        let read = |part: &Part<'_>| {
            let text = str::from_utf8(part.bytes)
                .map_err(|_| Fault::malformed("tlog-proof", "UTF-8", "other bytes"))?;
            TlogProof::parse(text)
        };
        let proofs: Vec<Vec<Result<TlogProof, Fault>>> = entries
            .par_iter()
            .map(|entry| entry.proofs.iter().map(|(_, part)| read(part)).collect())
            .collect();
        let mut places: HashMap<(Book, &str), usize> = HashMap::new();
        let mut notes: Vec<(Book, &str)> = Vec::new();
        for (entry, proofs) in entries.iter().zip(&proofs) {
            for proof in proofs.iter().flatten() {
                let key = (entry.name.book, proof.note.as_str());
                places.entry(key).or_insert_with(|| {
                    notes.push(key);
                    notes.len() - 1
                });
            }
        }
        let signers = &self.signers;
        let heads: Vec<Result<Read, Fault>> =
            notes.par_iter().map(|(book, note)| signers.read(note, *book)).collect();
        let checked: Vec<Result<Checked, Wrong>> = entries
            .par_iter()
            .zip(&proofs)
            .map(|(entry, proofs)| {
                let head = |proof: &TlogProof| {
                    let place = places.get(&(entry.name.book, proof.note.as_str()))?;
                    heads.get(*place).map(Result::as_ref)
                };
                check_entry(self.memoranda, self.compares_texts, entry, proofs, head)
            })
            .collect();
        let mut told = BTreeSet::new();
        for (entry, proofs) in entries.iter().zip(&proofs) {
            for ((_, part), proof) in entry.proofs.iter().zip(proofs) {
                let place = proof.as_ref().ok().and_then(|proof| places.get(&(entry.name.book, &proof.note)));
                let Some((place, Ok(Read { unread, .. }))) =
                    place.and_then(|place| Some((place, heads.get(*place)?)))
                else {
                    continue;
                };
                if !unread.is_empty() && told.insert(*place) {
                    self.pass_over(part.name, format!("signatures of {}", unread.join(", ")));
                }
            }
        }
        let mut held = Vec::with_capacity(checked.len());
        for result in checked {
            match result {
                Err(Wrong { part, fault }) => self.wrong(&part, fault),
                Ok(checked) => held.push(checked),
            }
        }
        held
    }

    /// Holds the bytes of attachments to their names, and to what entries say of them.
    fn attachments(&mut self, parts: &[Part<'_>], attached: &mut [Attached]) {
        for part in parts.iter().filter(|part| archive::is_attachment(part.name)) {
            // What has another name is told already.
            let Ok(Name::Attachment(hash)) = name_of(*part, self.memoranda, self.version) else { continue };
            let blob = part.away.unwrap_or_else(|| {
                let mut hasher = BlobHasher::default();
                hasher.update(part.bytes);
                hasher.finish()
            });
            if blob.hash != hash {
                let found = format!("{} bytes with SHA-256 {}", blob.size, hex(&blob.hash));
                self.wrong(
                    part.name,
                    Fault::malformed("attachment", "bytes with the SHA-256 of its name", found),
                );
            } else if let Err(fault) = custody::lay(attached, part.name, &blob) {
                self.wrong(part.name, fault);
            }
        }
    }

    /// Holds the parts of a fork to each other and to the author's key.
    fn fork(&mut self, book: Book, parts: &[(OfFork, Part<'_>)]) -> Option<Fork> {
        let first = parts.first().map(|(_, part)| part.name).unwrap_or_default();
        match self.read_fork(book, parts) {
            Ok(fork) => Some(fork),
            Err(fault) => {
                self.wrong(first, fault);
                None
            }
        }
    }

    fn read_fork(&self, book: Book, parts: &[(OfFork, Part<'_>)]) -> Result<Fork, Fault> {
        let part = |wanted: OfFork| parts.iter().find(|(of, _)| *of == wanted).map(|(_, part)| *part);
        let line = self.memoranda.line();
        let key = book_key(self.memoranda, book)?;
        let head = |of: OfFork| {
            let part = part(of).ok_or_else(|| missing("one.checkpoint and other.checkpoint"))?;
            SignedCheckpoint::from_note(&Note::parse(part.bytes)?, &line, book, key)
        };
        let (one, other) = (head(OfFork::One)?, head(OfFork::Other)?);
        let (root, proof) = match part(OfFork::Consistency) {
            Some(part) => consistency(part)?,
            None => (other.checkpoint.root, Vec::new()),
        };
        let fork = Fork { head: one, with: other, root, proof };
        if fork.head.checkpoint.size > fork.with.checkpoint.size || !fork.convicts() {
            let expected = "two checkpoints that cannot both be true, the smaller first";
            return Err(Fault::malformed("fork", expected, "two that can, or another order"));
        }
        let texts = fork_texts(self.memoranda, &fork)?;
        for (of, text) in &texts {
            same(part(*of).ok_or_else(|| missing("consistency.txt"))?, text)?;
        }
        if texts.len() != parts.len() {
            return Err(missing("no consistency.txt between checkpoints of one size"));
        }
        Ok(fork)
    }
}

/// What a part is, in a file of a version.
fn name_of(part: Part<'_>, memoranda: &Memoranda, version: u8) -> Result<Name, Fault> {
    let name = Name::parse(part.name, memoranda)?;
    if name.version() > version {
        let found = format!("{}, which version {} has", part.name, name.version());
        return Err(Fault::malformed("name of a part", format!("one of version {version}"), found));
    }
    Ok(name)
}

fn same(part: Part<'_>, expected: &str) -> Result<(), Fault> {
    if part.bytes == expected.as_bytes() {
        return Ok(());
    }
    let same =
        part.bytes.iter().zip(expected.as_bytes()).take_while(|(found, expected)| found == expected).count();
    let found = format!("another, from byte {same} on");
    Err(Fault::malformed("text of a part", "the one that follows from the evidence", found))
}

/// `consistency.txt`: a root and the hashes that lead from it, a line each.
fn consistency(part: Part<'_>) -> Result<(Hash, Vec<Hash>), Fault> {
    let malformed =
        || Fault::malformed("consistency proof", "at most 64 hashes in base64, a line each", "others");
    let text = str::from_utf8(part.bytes).map_err(|_| malformed())?;
    let lines = text.strip_suffix('\n').ok_or_else(malformed)?.split('\n');
    let mut hashes = lines.take(66).map(hash::read_base64).collect::<Result<Vec<Hash>, Fault>>()?;
    if hashes.len() > 65 || hashes.is_empty() {
        return Err(malformed());
    }
    let root = hashes.remove(0);
    Ok((root, hashes))
}

/// Holds all parts of one entry to each other and to their checkpoints.
fn check_entry<'h>(
    memoranda: &Memoranda,
    compares_texts: bool,
    entry: &OneEntry<'_>,
    proofs: &[Result<TlogProof, Fault>],
    head: impl Fn(&TlogProof) -> Option<Result<&'h Read, &'h Fault>>,
) -> Result<Checked, Wrong> {
    let path = |of: OfEntry| Name::Entry(entry.name, of).path(memoranda);
    let mut shown: Option<(&[u8], Hash)> = None;
    let (mut under, mut signed, mut sealed) = (Vec::new(), Vec::<Signed>::new(), None);
    for ((size, part), proof) in entry.proofs.iter().zip(proofs) {
        let wrong = |fault: Fault| Wrong { part: part.name.to_owned(), fault };
        let proof = proof.as_ref().map_err(|fault| wrong(fault.clone()))?;
        let Read { head, renewed, .. } = match head(proof) {
            Some(head) => head.map_err(|fault| wrong(fault.clone()))?,
            None => return Err(wrong(missing("a checkpoint"))),
        };
        let of = &head.checkpoint.checkpoint;
        if of.size != *size || proof.index.checked_add(1) != Some(entry.name.number) {
            let found = format!("number {} at size {}", proof.index.saturating_add(1), of.size);
            return Err(wrong(Fault::malformed("proof", "one of what its name says", found)));
        }
        let (bytes, leaf) = head.entry(&proof.leaf, proof.index, &proof.hashes).map_err(wrong)?;
        if shown.replace((bytes, leaf)).is_some_and(|(_, before)| before != leaf) {
            let author = memoranda.name_of(entry.name.book.party);
            let found = format!("two entries under it, in two checkpoints that {author} signed");
            return Err(wrong(Fault::misbehaved("book", "one entry of a number", found)));
        }
        under.push(Under { size: of.size, root: of.root, hashes: proof.hashes.clone() });
        let size = of.size;
        for (by, seconds) in head.signers() {
            let renewed = matches!(by, Signer::Party(party) if renewed.contains(&party));
            let found = Signed { by, seconds, size, renewed };
            match signed.iter_mut().find(|known| known.by == by) {
                Some(known) if known.seconds > seconds => *known = found,
                Some(_) => {}
                None => signed.push(found),
            }
        }
        if let Some(seal) = head.seal.as_ref().filter(|_| sealed.is_none()) {
            sealed = Some((seal.seconds, size));
        }
    }
    let (Some(part), Some((bytes, leaf))) = (entry.words, shown) else {
        return Err(Wrong {
            part: path(OfEntry::Words),
            fault: missing("entry.txt and a proof of every entry"),
        });
    };
    if compares_texts {
        same(part, &words::text(memoranda, entry.name, bytes))
            .map_err(|fault| Wrong { part: part.name.to_owned(), fault })?;
    }
    let read = Entry::decode(bytes);
    let content = read.as_ref().map_err(Clone::clone).and_then(|read| {
        let content = Content::decode(read.kind, &read.body)?;
        content.check_place(entry.name.book, read)?;
        Ok(content)
    });
    let established = Established {
        name: entry.name,
        bytes: bytes.to_vec(),
        leaf,
        read,
        content,
        under,
        facts: Vec::new(),
        bounds: Vec::new(),
    };
    Ok(Checked { established, signed, sealed })
}

/// What the entries show together.
fn establish(memoranda: &Memoranda, checked: Vec<Checked>) -> Vec<Established> {
    let tied: Vec<Tied> = checked
        .par_iter()
        .map(|Checked { established, signed, .. }| {
            let signed = signed.iter().map(|of| (of.by, of.seconds)).collect();
            Tied::of(established.name, &established.bytes, signed)
        })
        .collect();
    let mut sayings = Sayings::new();
    for Checked { established, .. } in &checked {
        let (Ok(read), Ok(content)) = (&established.read, &established.content) else { continue };
        for (place, subject) in read.regards.iter().enumerate() {
            if fact::says_of(content, established.name.book.party, subject.book.party, place == 0) {
                sayings.entry(*subject).or_default().push((read.kind, established.name, read.time_ms));
            }
        }
    }
    let openings = checked.iter().filter_map(|Checked { established, .. }| {
        let (Ok(read), Ok(content)) = (&established.read, &established.content) else { return None };
        Opening::of(established.name, read.time_ms, content)
    });
    let openings = Opening::counting(openings.collect());
    let bounds = bounds(&tied);
    let each = checked.into_iter().zip(tied).zip(bounds);
    let established = each.map(|((Checked { mut established, signed, sealed }, tied), bounds)| {
        let size = established.under.first().map_or(0, |under| under.size);
        let name = established.name;
        let shown = Shown { time_ms: tied.time_ms, size, signed: &signed, sealed, bounds: &bounds };
        established.facts = fact::facts(memoranda, name, &shown, &sayings, &openings);
        established.bounds = bounds;
        established
    });
    established.collect()
}
