//! Whether signed checkpoints, in one dossier or several, can all be true (spec/dossier.md §7).
//!
//! Promises that each [`Conviction`] is two signatures of one author under two trees that differ where they must not. It
//! compares only dossiers of one line; that nothing is found shows nothing.

use std::collections::{BTreeMap, HashMap};

use detente_record::fork::{Contradiction, Revealed};
use detente_record::{Book, EntryRef, Fault, Hash, Node};
use rayon::prelude::*;

use crate::memoranda::Memoranda;
use crate::part::{Name, OfEntry};
use crate::report::Report;

/// Most convictions that are told.
pub const MOST_CONVICTIONS: usize = 100;
/// What two checkpoints that cannot both be true do not prove.
pub const DOES_NOT_PROVE: &str = "which of the two others hold, or whether somebody else had the key as well";

/// A checkpoint and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Which of the dossiers that were compared, from 0.
    pub dossier: usize,
    /// The part with its note.
    pub part: String,
    /// How many entries it is over.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// Two checkpoints of one book, both signed by its author, that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conviction {
    /// Of which book.
    pub book: Book,
    /// The smaller.
    pub one: Signed,
    /// The larger.
    pub other: Signed,
    /// Why they cannot.
    pub why: Contradiction,
}

impl Conviction {
    /// It, in a sentence.
    pub fn says(&self, memoranda: &Memoranda) -> String {
        let author = memoranda.name_of(self.book.party);
        let book = self.book.text(&author);
        let (one, other) = (self.one.size, self.other.size);
        let why = match self.why {
            Contradiction::Roots => {
                "all of it is the same number of entries, and not the same entries".to_owned()
            }
            Contradiction::Entry(number) => {
                let name = EntryRef { book: self.book, number }.text(&author);
                format!("entry {name} is one thing in the first and another in the second")
            }
            Contradiction::Within(first, last) => {
                format!("entries {first} to {last} are not the same in both")
            }
            Contradiction::Beginning => {
                format!("the second does not begin with the {one} entries of the first")
            }
        };
        let entries = |count: u64| if count == 1 { "1 entry".into() } else { format!("{count} entries") };
        let sizes = if one == other {
            format!("of {} twice", entries(one))
        } else {
            format!("of {one} and of {}", entries(other))
        };
        format!("{author} signed its book {book} {sizes}, in two ways that cannot both be true: {why}")
    }

    /// It, as a fault of the author's.
    pub fn fault(&self, memoranda: &Memoranda) -> Fault {
        Fault::misbehaved("book", "one history", self.says(memoranda))
    }
}

/// Two decisions that put different amendments in the place of one memorandum, in two dossiers of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// Which of the dossiers they are in, from 0.
    pub dossiers: (usize, usize),
    /// The first one's.
    pub one: EntryRef,
    /// The other's.
    pub other: EntryRef,
}

/// What two amendments in one place do not prove.
pub const RIVALS_DO_NOT_PROVE: &str =
    "which of the two is in force: that takes everything that the decisions knew of";

impl Rival {
    /// It, in a sentence.
    pub fn says(&self, memoranda: &Memoranda) -> String {
        let name = |entry: EntryRef| entry.text(&memoranda.name_of(entry.book.party));
        let (one, other) = (name(self.one), name(self.other));
        let author = memoranda.name_of(self.one.book.party);
        format!(
            "{author}, whose station orders decisions, decided in {one} and in {other} what takes the place of one and the same memorandum; at most one of them can stand"
        )
    }

    /// It, as a fault of the depositary's.
    pub fn fault(&self, memoranda: &Memoranda) -> Fault {
        Fault::misbehaved("amendment", "one in the place of a memorandum", self.says(memoranda))
    }
}

/// The first amendments in which dossiers of one line differ, each held to the first that has one in that place.
pub fn rivals(reports: &[&Report]) -> Vec<Rival> {
    let mut found: Vec<Rival> = Vec::new();
    for (place, report) in reports.iter().enumerate() {
        let differs = reports.iter().take(place).enumerate().find_map(|(before, other)| {
            let pairs = other.memoranda.amended().iter().zip(report.memoranda.amended());
            let mut differ = pairs.filter(|(one, other)| one.memorandum != other.memorandum);
            differ.next().map(|(one, other)| Rival {
                dossiers: (before, place),
                one: one.decision,
                other: other.decision,
            })
        });
        found.extend(differs.filter(|_| found.len() < MOST_CONVICTIONS));
    }
    found
}

/// The trees of a book that a report's proofs reveal.
type Trees = BTreeMap<(u64, Hash), (Revealed, String)>;

/// The pairs of checkpoints, among all of these dossiers, that cannot both be true.
///
/// # Errors
/// `Misuse` when they are not of one line.
pub fn compare(reports: &[&Report]) -> Result<Vec<Conviction>, Fault> {
    let mut lines = reports.iter().map(|report| report.memoranda.line());
    if let Some(first) = lines.next()
        && let Some(other) = lines.find(|line| *line != first)
    {
        return Err(Fault::misuse("dossiers", format!("all of the line {first}"), other.to_string()));
    }
    let mut books: BTreeMap<Book, Vec<usize>> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        let mut roots: BTreeMap<Book, Vec<Hash>> = BTreeMap::new();
        for entry in &report.entries {
            let known = roots.entry(entry.name.book).or_default();
            known.extend(entry.under.iter().map(|under| under.root));
        }
        for (book, mut known) in roots {
            known.sort_unstable();
            known.dedup();
            // A tree agrees with itself.
            if known.len() > 1 || reports.len() > 1 {
                books.entry(book).or_default().push(place);
            }
        }
    }
    let of_book = |(book, places): (&Book, &Vec<usize>)| {
        let trees = places.iter().filter_map(|place| Some((*place, trees(reports.get(*place)?, *book))));
        contradictions(*book, &trees.collect::<Vec<_>>())
    };
    let mut found: Vec<Conviction> = books.par_iter().flat_map_iter(of_book).collect();
    found.truncate(MOST_CONVICTIONS);
    Ok(found)
}

fn trees(report: &Report, book: Book) -> Trees {
    let mut trees = Trees::new();
    for entry in report.entries.iter().filter(|entry| entry.name.book == book) {
        for under in &entry.under {
            let (tree, _) = trees.entry((under.size, under.root)).or_insert_with(|| {
                let part = Name::Entry(entry.name, OfEntry::Proof(under.size)).path(&report.memoranda);
                (Revealed::new(under.size, under.root), part)
            });
            tree.add(&entry.leaf, entry.name.number.saturating_sub(1), &under.hashes);
        }
    }
    trees
}

/// Every tree is held to what all others reveal together, and to its neighbour in size and the smallest as a whole; so the
/// work grows with what is revealed, and not with its square.
fn contradictions(book: Book, trees: &[(usize, Trees)]) -> Vec<Conviction> {
    let mut all: Vec<(&Revealed, Signed)> = Vec::new();
    for (dossier, trees) in trees {
        for ((size, root), (tree, part)) in trees {
            all.push((tree, Signed { dossier: *dossier, part: part.clone(), size: *size, root: *root }));
        }
    }
    all.sort_by_key(|(_, signed)| (signed.size, signed.dossier));
    let mut known: HashMap<Node, (Hash, usize)> = HashMap::new();
    let mut found = Vec::new();
    for (place, (tree, signed)) in all.iter().enumerate() {
        let mut before = None;
        for (node, hash) in tree.nodes() {
            let (first, by) = known.entry(node).or_insert((hash, place));
            if *first != hash {
                before.get_or_insert(*by);
            }
        }
        let others = before.into_iter().chain(place.checked_sub(1)).chain((place > 1).then_some(0));
        let clash = others.filter_map(|other| all.get(other)).find_map(|(other, with)| {
            let why = other.contradicts(tree)?;
            Some(Conviction { book, one: with.clone(), other: signed.clone(), why })
        });
        found.extend(clash);
        if found.len() >= MOST_CONVICTIONS {
            break;
        }
    }
    found
}
