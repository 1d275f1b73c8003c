//! What stands in a dossier and where: the names of its parts and their order (spec/dossier.md §3).

use detente_record::{Book, Class, EntryRef, Fault, Hash, hex};

use crate::memoranda::Memoranda;

/// A part, by what it is; parts stand in the order of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// What this is, and how to check it.
    Readme,
    /// The memorandum that founded the line, in canonical CBOR.
    Memorandum,
    /// The signatures of its parties.
    Signatures,
    /// The memorandum as people read it.
    MemorandumText,
    /// The keys that signatures are held to, for other people's programs.
    Keys,
    /// What renewed the keys of parties.
    Renewals,
    /// The keys that parties seal with.
    Seals,
    /// The decisions that put other memoranda in the place of the founding one.
    Amendments,
    /// Of an entry.
    Entry(EntryRef, OfEntry),
    /// Of a book that was shown in two ways.
    Fork(Book, OfFork),
    /// An attachment, by its SHA-256.
    Attachment(Hash),
}

/// What there is of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfEntry {
    /// It, as people read it.
    Words,
    /// A proof of it under the checkpoint of a size.
    Proof(u64),
}

/// What there is of a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfFork {
    /// The smaller checkpoint, or one of two of one size.
    One,
    /// The other one.
    Other,
    /// What ties the two, where their sizes differ.
    Consistency,
}

/// The folder of parts that this version does not read.
const EXTRA: &str = "extra/";

/// Whether a path is of a part that later versions may know, and this one passes over.
pub fn is_extra(path: &str) -> bool {
    path.starts_with(EXTRA)
}

const README: &str = "README.txt";
const MEMORANDUM: &str = "memorandum.cbor";
const SIGNATURES: &str = "memorandum.note";
const MEMORANDUM_TEXT: &str = "memorandum.txt";
const KEYS: &str = "keys.txt";
const RENEWALS: &str = "renewals.txt";
const SEALS: &str = "seals.txt";
const AMENDMENTS: &str = "amendments.txt";
/// The folder of attachments.
pub(crate) const ATTACHMENTS: &str = "attachments/";
const WORDS: &str = "entry.txt";
const ONE: &str = "one.checkpoint";
const OTHER: &str = "other.checkpoint";
const CONSISTENCY: &str = "consistency.txt";

impl Name {
    /// The first version of a dossier's form that has it (spec/dossier.md §3.4).
    pub fn version(self) -> u8 {
        match self {
            Self::Amendments | Self::Attachment(_) => 2,
            Self::Renewals | Self::Seals => 3,
            _ => 1,
        }
    }

    /// Its path; parties are called as the memoranda call them.
    pub fn path(self, memoranda: &Memoranda) -> String {
        match self {
            Self::Readme => README.into(),
            Self::Memorandum => MEMORANDUM.into(),
            Self::Signatures => SIGNATURES.into(),
            Self::MemorandumText => MEMORANDUM_TEXT.into(),
            Self::Keys => KEYS.into(),
            Self::Renewals => RENEWALS.into(),
            Self::Seals => SEALS.into(),
            Self::Amendments => AMENDMENTS.into(),
            Self::Attachment(hash) => format!("{ATTACHMENTS}{}", hex(&hash)),
            Self::Entry(entry, of) => {
                let folder = format!("entries/{}-{}", book_folder(memoranda, entry.book), entry.number);
                match of {
                    OfEntry::Words => format!("{folder}/{WORDS}"),
                    OfEntry::Proof(size) => format!("{folder}/at-{size}.tlog-proof"),
                }
            }
            Self::Fork(book, of) => {
                let file = match of {
                    OfFork::One => ONE,
                    OfFork::Other => OTHER,
                    OfFork::Consistency => CONSISTENCY,
                };
                format!("forks/{}/{file}", book_folder(memoranda, book))
            }
        }
    }

    /// The part of a path.
    ///
    /// # Errors
    /// `Malformed` for any other path.
    pub fn parse(path: &str, memoranda: &Memoranda) -> Result<Self, Fault> {
        let found = match path.split('/').collect::<Vec<_>>().as_slice() {
            [README] => Some(Self::Readme),
            [MEMORANDUM] => Some(Self::Memorandum),
            [SIGNATURES] => Some(Self::Signatures),
            [MEMORANDUM_TEXT] => Some(Self::MemorandumText),
            [KEYS] => Some(Self::Keys),
            [RENEWALS] => Some(Self::Renewals),
            [SEALS] => Some(Self::Seals),
            [AMENDMENTS] => Some(Self::Amendments),
            ["attachments", hash] => hash_of(hash).map(Self::Attachment),
            ["entries", folder, file] => of_entry(folder, file, memoranda),
            ["forks", folder, file] => of_fork(folder, file, memoranda),
            _ => None,
        };
        // What is read otherwise than it is written, such as a number with a zero before it, is another path.
        found
            .filter(|name| name.path(memoranda) == path)
            .ok_or_else(|| Fault::malformed("name of a part", "one of spec/dossier.md §3", path.to_owned()))
    }
}

/// A hash of 64 digits of hexadecimal.
fn hash_of(text: &str) -> Option<Hash> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    let bytes = bytes.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())?;
    bytes.try_into().ok()
}

/// A book as a folder is called: `usa-Z`, `usa-Z.1`.
fn book_folder(memoranda: &Memoranda, book: Book) -> String {
    book.text(&memoranda.name_of(book.party)).replace('/', "-")
}

fn book_of_folder(folder: &str, memoranda: &Memoranda) -> Option<Book> {
    let (party, book) = folder.rsplit_once('-')?;
    let (class, generation) = book.split_once('.').unwrap_or((book, "0"));
    let [class] = class.chars().collect::<Vec<_>>()[..] else { return None };
    Some(Book {
        generation: generation.parse().ok().filter(|generation| *generation <= Book::LAST_GENERATION)?,
        party: memoranda.party_named(party)?,
        class: Class::from_letter(class).ok()?,
    })
}

fn of_entry(folder: &str, file: &str, memoranda: &Memoranda) -> Option<Name> {
    let (book, number) = folder.rsplit_once('-')?;
    let number = number.parse().ok().filter(|number| (1..=detente_record::MAX_SIZE).contains(number))?;
    let entry = EntryRef { book: book_of_folder(book, memoranda)?, number };
    let of = match file {
        WORDS => OfEntry::Words,
        file => OfEntry::Proof(file.strip_prefix("at-")?.strip_suffix(".tlog-proof")?.parse().ok()?),
    };
    Some(Name::Entry(entry, of))
}

fn of_fork(folder: &str, file: &str, memoranda: &Memoranda) -> Option<Name> {
    let of = match file {
        ONE => OfFork::One,
        OTHER => OfFork::Other,
        CONSISTENCY => OfFork::Consistency,
        _ => return None,
    };
    Some(Name::Fork(book_of_folder(folder, memoranda)?, of))
}
