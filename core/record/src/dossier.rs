//! What a handful of entries proves by itself, without the rest of the record (spec/dossier.md §5, §6).
//!
//! A [`Head`] is a checkpoint with its receipts and cosignatures, verified once however many entries stand under it.
//! [`bounds`] says between which times each entry came to be, by whose clock, from nothing but the entries that are
//! shown. It promises that no bound rests on the word of one clock about another's; and it refuses to conclude
//! anything from what is not there.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::checkpoint::SignedCheckpoint;
use crate::entry::EntryView;
use crate::fault::Fault;
use crate::key::PublicKey;
use crate::name::{Book, Cut, EntryRef, LineId, Party};
use crate::note::Note;
use crate::proof::verify_inclusion;
use crate::receipt::Receipt;
use crate::seal::Seal;
use crate::tlog_proof::Keys;
use crate::tree::leaf_hash;
use crate::vkey::VerifierKey;
use crate::witness::Cosignature;
use crate::{Hash, blind::BLIND};

/// Who signs for having seen a book of somebody else's, each by a clock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signer {
    /// A party of the line.
    Party(Party),
    /// A neutral witness, by its place in the memorandum's list, from 0.
    Witness(u8),
}

/// A checkpoint whose author's signature holds, and the receipts and cosignatures for it that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What its author signed.
    pub checkpoint: SignedCheckpoint,
    /// Who receipted it, of the parties whose keys were given, in the order of these keys.
    pub receipts: Vec<Receipt>,
    /// Which witnesses cosigned it, by their place among those that were given, ascending.
    pub cosignatures: Vec<(u8, Cosignature)>,
    /// Its author's seal, where the key was given and it has one.
    pub seal: Option<Seal>,
}

impl Head {
    /// Verifies the note of a checkpoint of a book; signature lines under other names and keys are passed over.
    ///
    /// # Errors
    /// `Misbehaved` when the checkpoint's signature, or a receipt, cosignature or seal of these keys, does not hold;
    /// `Malformed` for a note or checkpoint that is none.
    pub fn verify(
        note: &Note<'_>,
        line: &LineId,
        book: Book,
        keys: &Keys<'_>,
        witnesses: &[VerifierKey],
    ) -> Result<Self, Fault> {
        let checkpoint = SignedCheckpoint::from_note(note, line, book, keys.author)?;
        let of = &checkpoint.checkpoint;
        let receipts = keys.receipts.iter().filter(|(party, _)| *party != book.party);
        let receipts = receipts
            .filter_map(|(party, key)| Receipt::from_note(note, of, line, *party, key).transpose())
            .collect::<Result<_, _>>()?;
        let cosignatures = (0..=u8::MAX).zip(witnesses).filter_map(|(place, witness)| {
            let found = Cosignature::from_note(note, &witness.name, &witness.key).transpose()?;
            Some(found.map(|cosignature| (place, cosignature)))
        });
        let cosignatures = cosignatures.collect::<Result<_, _>>()?;
        let seal = keys.seal.map(|key| Seal::from_note(note, of, line, key)).transpose()?.flatten();
        Ok(Self { checkpoint, receipts, cosignatures, seal })
    }

    /// It as a signed note with these signatures and no others: the author's, then receipts, then cosignatures, then the seal.
    ///
    /// # Errors
    /// `Misuse` when a receipt is not of the checkpoint, or a signature is of somebody without a key here.
    pub fn note(&self, line: &LineId, keys: &Keys<'_>, witnesses: &[VerifierKey]) -> Result<String, Fault> {
        let of = &self.checkpoint.checkpoint;
        let mut note = self.checkpoint.note(line, keys.author);
        for receipt in &self.receipts {
            let key = receipt_key(receipt, &of.root, line, keys.receipts);
            let Some(key) = key.filter(|_| (receipt.book, receipt.size) == (of.book, of.size)) else {
                let expected = format!("a known party's at size {}", of.size);
                let found = format!("one of party {} at size {}", receipt.party.number(), receipt.size);
                return Err(Fault::misuse("receipt of a proof", expected, found));
            };
            note.push_str(&receipt.note_line(line, key));
        }
        for (place, cosignature) in &self.cosignatures {
            let Some(witness) = witnesses.get(usize::from(*place)) else {
                let found = format!("number {place} of {}", witnesses.len());
                return Err(Fault::misuse("cosignature of a proof", "a known witness's", found));
            };
            note.push_str(&cosignature.note_line(&witness.name, &witness.key));
        }
        if let Some((seal, key)) = self.seal.as_ref().zip(keys.seal) {
            note.push_str(&seal.note_line(of, line, key));
        }
        Ok(note)
    }

    /// Who had signed for it, and when by their own clocks, in seconds: parties first.
    pub fn signers(&self) -> impl Iterator<Item = (Signer, u64)> {
        let receipts = self.receipts.iter().map(|receipt| (Signer::Party(receipt.party), receipt.seconds));
        let cosignatures =
            self.cosignatures.iter().map(|(place, found)| (Signer::Witness(*place), found.seconds));
        receipts.chain(cosignatures)
    }

    /// Holds a leaf to the checkpoint's root, and gives its entry and the leaf's hash.
    ///
    /// # Errors
    /// `Malformed` for a leaf that is none; `Misbehaved` when it is not under the checkpoint.
    pub fn entry<'l>(&self, leaf: &'l [u8], index: u64, hashes: &[Hash]) -> Result<(&'l [u8], Hash), Fault> {
        let of = &self.checkpoint.checkpoint;
        let Some((blind, entry)) = leaf.split_first_chunk::<BLIND>() else {
            return Err(Fault::malformed("leaf of a proof", "17 to 16,400 bytes", leaf.len().to_string()));
        };
        let hash = leaf_hash(blind, entry);
        verify_inclusion(&hash, index, of.size, hashes, &of.root)?;
        Ok((entry, hash))
    }
}

/// The key of its party that a receipt is under: of several, the one by which it holds.
fn receipt_key<'k>(
    receipt: &Receipt,
    root: &Hash,
    line: &LineId,
    keys: &'k [(Party, PublicKey)],
) -> Option<&'k PublicKey> {
    let mut own = keys.iter().filter(|(party, _)| *party == receipt.party).map(|(_, key)| key);
    let first = own.next()?;
    let later: Vec<&PublicKey> = own.collect();
    let holds = |key: &&PublicKey| receipt.verify(root, line, key).is_ok();
    if later.is_empty() { Some(first) } else { core::iter::once(first).chain(later).find(holds) }
}

/// A proved entry, in what ties it to other entries and to clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tied {
    /// Which it is.
    pub name: EntryRef,
    /// Its author's time, ms; none where its bytes cannot be read.
    pub time_ms: Option<u64>,
    /// What it regards.
    pub regards: Vec<EntryRef>,
    /// The sizes that it states.
    pub cut: Cut,
    /// The earliest signature of each other party and witness here over it: who, and the second by that one's clock.
    pub signed: Vec<(Signer, u64)>,
}

impl Tied {
    /// What an entry says, and who signed for having it; bytes that cannot be read tie it to nothing.
    pub fn of(name: EntryRef, entry: &[u8], signed: Vec<(Signer, u64)>) -> Self {
        match EntryView::decode(entry) {
            Ok(view) => {
                let EntryView { time_ms, regards, cut, .. } = view;
                Self { name, time_ms: Some(time_ms), regards, cut, signed }
            }
            Err(_) => Self { name, time_ms: None, regards: Vec::new(), cut: Cut::new(), signed },
        }
    }
}

/// What gives a bound of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The party's receipt, or the witness's cosignature.
    Signature,
    /// An entry of the party.
    Entry(EntryRef),
}

/// Between which times an entry came to be by one clock, its author's aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Whose clock.
    pub clock: Signer,
    /// Not before this, ms: it states or regards an entry that the party had written by then.
    pub not_before: Option<(u64, EntryRef)>,
    /// Not after this, ms: it was had by then, as a signature or an entry shows.
    pub not_after: Option<(u64, Basis)>,
    /// The earliest entry here by which the party shows that it held this one, with its time.
    pub held: Option<(u64, EntryRef)>,
}

/// By each other clock, where it says anything: between which times each of these entries came to be.
///
/// The entries are in the order of their names, each once; the answer is in their order. It takes time and memory in
/// proportion to what the entries state, whoever made them.
pub fn bounds(entries: &[Tied]) -> Vec<Vec<Bound>> {
    let written = written(entries);
    let covering = covering(entries);
    let mut regarding: BTreeMap<EntryRef, Vec<Said>> = BTreeMap::new();
    for (entry, time_ms) in timed(entries) {
        for subject in &entry.regards {
            regarding.entry(*subject).or_default().push((time_ms, entry.name));
        }
    }
    let times: BTreeMap<EntryRef, u64> =
        timed(entries).map(|(entry, time_ms)| (entry.name, time_ms)).collect();
    // What an entry follows, those after it in its book follow as well.
    let mut of_book: Option<Book> = None;
    let mut followed: BTreeMap<Party, Said> = BTreeMap::new();
    let clocks = entries.iter().map(|entry| {
        let book = entry.name.book;
        if of_book.replace(book) != Some(book) {
            followed.clear();
        }
        let mut follow = |(time_ms, name): Said| {
            let known = followed.entry(name.book.party).or_insert((time_ms, name));
            if known.0 < time_ms {
                *known = (time_ms, name);
            }
        };
        for (of, size) in &entry.cut {
            let Some(written) = written.get(of) else { continue };
            let until = written.partition_point(|(number, _)| number <= size);
            if let Some((_, latest)) = until.checked_sub(1).and_then(|place| written.get(place)) {
                follow(*latest);
            }
        }
        for subject in &entry.regards {
            if let Some(time_ms) = times.get(subject) {
                follow((*time_ms, *subject));
            }
        }
        let mut found: BTreeMap<Signer, Bound> = BTreeMap::new();
        for (party, latest) in &followed {
            bound(&mut found, Signer::Party(*party)).not_before = Some(*latest);
        }
        for (signer, seconds) in &entry.signed {
            // Somewhere within that second.
            let end_ms = seconds.saturating_mul(1_000).saturating_add(999);
            bound(&mut found, *signer).not_after = Some((end_ms, Basis::Signature));
        }
        for (party, covers) in covering.get(&book).into_iter().flatten() {
            let enough = covers.partition_point(|(size, _)| *size < entry.name.number);
            if let Some((_, first)) = covers.get(enough) {
                bound(&mut found, Signer::Party(*party)).hold(*first);
            }
        }
        for by in regarding.get(&entry.name).into_iter().flatten() {
            bound(&mut found, Signer::Party(by.1.book.party)).hold(*by);
        }
        found.remove(&Signer::Party(book.party));
        found.into_values().collect()
    });
    clocks.collect()
}

/// A time, ms, and the entry whose author said it.
type Said = (u64, EntryRef);

fn timed(entries: &[Tied]) -> impl Iterator<Item = (&Tied, u64)> {
    entries.iter().filter_map(|entry| Some((entry, entry.time_ms?)))
}

fn bound(found: &mut BTreeMap<Signer, Bound>, clock: Signer) -> &mut Bound {
    found.entry(clock).or_insert(Bound { clock, not_before: None, not_after: None, held: None })
}

impl Bound {
    /// An entry of the party shows that it held this one.
    fn hold(&mut self, (time_ms, by): Said) {
        if self.held.is_none_or(|held| (time_ms, by) < held) {
            self.held = Some((time_ms, by));
        }
        if self.not_after.is_none_or(|(known, _)| time_ms < known) {
            self.not_after = Some((time_ms, Basis::Entry(by)));
        }
    }
}

/// Of each book, by number: what was said latest up to there.
fn written(entries: &[Tied]) -> BTreeMap<Book, Vec<(u64, Said)>> {
    let mut written: BTreeMap<Book, Vec<(u64, Said)>> = BTreeMap::new();
    for (entry, time_ms) in timed(entries) {
        let of_book = written.entry(entry.name.book).or_default();
        let latest = of_book.last().map(|(_, latest)| *latest).filter(|(known, _)| *known >= time_ms);
        of_book.push((entry.name.number, latest.unwrap_or((time_ms, entry.name))));
    }
    written
}

/// Of each book and party, by size: where the party first stated so much of the book, or more.
fn covering(entries: &[Tied]) -> BTreeMap<Book, BTreeMap<Party, Vec<(u64, Said)>>> {
    let mut covering: BTreeMap<Book, BTreeMap<Party, Vec<(u64, Said)>>> = BTreeMap::new();
    for (entry, time_ms) in timed(entries) {
        for (book, size) in &entry.cut {
            let parties = covering.entry(*book).or_default();
            parties.entry(entry.name.book.party).or_default().push((*size, (time_ms, entry.name)));
        }
    }
    for covers in covering.values_mut().flat_map(BTreeMap::values_mut) {
        covers.sort_unstable();
        let mut earliest: Option<Said> = None;
        for (_, by) in covers.iter_mut().rev() {
            let first = earliest.map_or(*by, |known| known.min(*by));
            (*by, earliest) = (first, Some(first));
        }
    }
    covering
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Class;

    fn party(number: u8) -> Party {
        Party::new(number).unwrap()
    }

    fn name(of: u8, number: u64) -> EntryRef {
        EntryRef { book: Book { generation: 0, party: party(of), class: Class::R }, number }
    }

    fn entry(of: u8, number: u64, time_ms: u64) -> Tied {
        let name = name(of, number);
        Tied { name, time_ms: Some(time_ms), regards: Vec::new(), cut: Cut::new(), signed: Vec::new() }
    }

    fn of_party(bounds: &[Bound], clock: u8) -> Bound {
        bounds.iter().find(|bound| bound.clock == Signer::Party(party(clock))).copied().unwrap()
    }

    #[test]
    fn a_question_and_its_answer_bound_each_other() {
        let mut question = entry(0, 1, 5_000);
        question.signed.push((Signer::Party(party(1)), 9));
        let mut answer = entry(1, 1, 9_500);
        answer.regards.push(question.name);
        answer.cut.insert(question.name.book, 1);
        let found = bounds(&[question.clone(), answer.clone()]);
        let asked = of_party(&found[0], 1);
        assert_eq!(asked.not_after, Some((9_500, Basis::Entry(answer.name))), "earlier than 9.999");
        assert_eq!((asked.not_before, asked.held), (None, Some((9_500, answer.name))));
        let answered = of_party(&found[1], 0);
        assert_eq!(answered.not_before, Some((5_000, question.name)));
        assert_eq!((answered.not_after, answered.held), (None, None));
    }

    #[test]
    fn a_receipt_bounds_by_its_own_second_and_nothing_else() {
        let mut alone = entry(0, 1, 5_000);
        alone.signed =
            alloc::vec![(Signer::Party(party(1)), 9), (Signer::Party(party(2)), 4), (Signer::Witness(1), 7)];
        let found = bounds(&[alone]);
        assert_eq!(of_party(&found[0], 1).not_after, Some((9_999, Basis::Signature)));
        assert_eq!(of_party(&found[0], 2).not_after, Some((4_999, Basis::Signature)), "clocks may differ");
        let witness = found[0].iter().find(|bound| bound.clock == Signer::Witness(1)).unwrap();
        assert_eq!(witness.not_after, Some((7_999, Basis::Signature)));
        assert!(found[0].iter().all(|bound| bound.held.is_none() && bound.not_before.is_none()));
    }

    #[test]
    fn a_cut_covers_what_is_below_it_and_what_follows_it_in_its_book() {
        let mut knows = entry(1, 5, 70_000);
        knows.cut.insert(name(0, 1).book, 3);
        let entries = [
            entry(0, 2, 10_000),
            entry(0, 3, 20_000),
            entry(0, 4, 30_000),
            knows.clone(),
            entry(1, 9, 80_000),
        ];
        let found = bounds(&entries);
        for place in [0, 1] {
            assert_eq!(of_party(&found[place], 1).held, Some((70_000, knows.name)));
        }
        assert!(found[2].is_empty(), "4 is not covered by 3");
        for place in [3, 4] {
            assert_eq!(of_party(&found[place], 0).not_before, Some((20_000, name(0, 3))));
        }
    }

    #[test]
    fn an_earlier_word_on_more_is_a_word_on_less() {
        let (mut early, mut late) = (entry(1, 1, 40_000), entry(2, 1, 50_000));
        early.cut.insert(name(0, 1).book, 9);
        late.cut.insert(name(0, 1).book, 1);
        let mut later = entry(1, 2, 45_000);
        later.cut.insert(name(0, 1).book, 9);
        let found = bounds(&[entry(0, 1, 10_000), early.clone(), later, late.clone()]);
        assert_eq!(of_party(&found[0], 1).held, Some((40_000, early.name)));
        assert_eq!(of_party(&found[0], 2).held, Some((50_000, late.name)));
    }

    #[test]
    fn bytes_that_cannot_be_read_tie_to_nothing() {
        let tied = Tied::of(name(0, 1), b"no entry", alloc::vec![(Signer::Party(party(1)), 9)]);
        assert_eq!((tied.time_ms, tied.cut.len()), (None, 0));
        assert_eq!(of_party(&bounds(&[tied])[0], 1).not_after, Some((9_999, Basis::Signature)));
    }
}
