//! Seals: when this party seals its own books, and what of every book is sealed (spec/line.md §4.3, §7).
//!
//! Whether an entry that seals is sound everybody can say from the entry, what its book told of the key before it, and the
//! memorandum in force under its cut: so what [`Seals`] holds of a book has been verified, both signatures of it. Whether the
//! root is that of the book is for whoever holds the book: one that is not convicts its author of a fork.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::sync::Arc;

use detente_record::{
    Book, Class, Cut, EntryRef, Fault, Hash, Party, Seal, SealKey, SealSecret, SignedCheckpoint, seal,
};

use crate::contract::Draft;
use crate::kind::Content;
use crate::line::Line;
use crate::memorandum::Memorandum;
use crate::snapshot::keep;

/// After a seal that the day's quota has no room for, the next is tried so much later, ms.
const AGAIN_MS: u64 = 60_000;

/// What an entry that seals says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The checkpoint that is sealed, and its author's signature of it.
    pub signed: SignedCheckpoint,
    /// Its seal.
    pub seal: Seal,
    /// The author's seal key, where it is told.
    pub key: Option<Arc<[u8; seal::SEAL_KEY]>>,
}

/// The largest seal of a book. Both signatures of it hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeal {
    /// The entry that it stands in.
    pub entry: EntryRef,
    /// The size sealed.
    pub size: u64,
    /// The root at that size, as its author sealed it.
    pub root: Hash,
    /// By the author's clock, seconds since 1970.
    pub seconds: u64,
}

/// What of an own book is to be sealed: entries that are no seals themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ToSeal {
    /// The time of the first, ms.
    first_ms: u64,
    /// The number of the last.
    last: u64,
}

/// What the record says of seals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seals {
    /// The seal key that each book has told last.
    keys: BTreeMap<Book, Arc<[u8; seal::SEAL_KEY]>>,
    last: BTreeMap<Book, LastSeal>,
    own: BTreeMap<Book, ToSeal>,
}

keep!(LastSeal { entry, size, root, seconds });
keep!(ToSeal { first_ms, last });
keep!(Seals { keys, last, own });

/// What this station needs to seal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sealing {
    /// Its public key and the key's commitment.
    mine: Option<(Arc<[u8; seal::SEAL_KEY]>, Hash)>,
    /// Nothing is sealed before, ms.
    again_ms: u64,
}

impl Sealing {
    pub(crate) fn with(secret: Option<&SealSecret>) -> Self {
        let key = secret.map(SealSecret::public);
        Self { mine: key.map(|key| (Arc::new(*key.bytes()), key.commitment())), again_ms: 0 }
    }

    /// The commitment of the key that seals.
    pub(crate) fn commitment(&self) -> Option<Hash> {
        self.mine.as_ref().map(|(_, commitment)| *commitment)
    }
}

impl Seals {
    fn admit(&mut self, name: EntryRef, sealed: &Sealed) {
        if let Some(key) = &sealed.key {
            self.keys.insert(name.book, Arc::clone(key));
        }
        let of = &sealed.signed.checkpoint;
        let seal = LastSeal { entry: name, size: of.size, root: of.root, seconds: sealed.seal.seconds };
        // In whatever order books come: of one size the first by name.
        let later = |last: &LastSeal| (last.size, name) < (of.size, last.entry);
        if self.last.get(&of.book).is_none_or(later) {
            self.last.insert(of.book, seal);
        }
    }

    fn wrote(&mut self, name: EntryRef, time_ms: u64) {
        let to_seal = self.own.entry(name.book).or_insert(ToSeal { first_ms: time_ms, last: 0 });
        to_seal.last = to_seal.last.max(name.number);
    }
}

impl Line {
    /// The largest seal of every book that has one, as everything held here shows.
    pub fn seals(&self) -> impl Iterator<Item = (Book, LastSeal)> + '_ {
        self.seals.last.iter().map(|(book, last)| (*book, *last))
    }

    /// Whether the seal key here is the one that the memorandum in force has this party committed to; `None` where it commits to none.
    pub fn has_committed_seal_key(&self) -> Option<bool> {
        let committed = self.memorandum.member(self.me.party)?.seal?;
        Some(self.sealing.commitment() == Some(committed))
    }

    /// The key that a party seals with, as its books have told it and the memorandum commits to.
    pub fn seal_key(&self, party: Party) -> Option<SealKey> {
        let committed = self.naming(party)?.member(party)?.seal?;
        let told = self.seals.keys.iter().filter(|(book, _)| book.party == party);
        let mut keys = told.filter_map(|(_, key)| SealKey::new(key.as_slice()).ok());
        keys.find(|key| key.commitment() == committed)
    }

    /// A sound entry has been admitted.
    pub(crate) fn heard_seal(&mut self, name: EntryRef, content: &Content, time_ms: u64) {
        let own = name.book.party == self.me.party;
        match content {
            Content::Seals(sealed) => {
                self.seals.admit(name, sealed);
                if self.started && !own {
                    self.hold_against(sealed.signed.clone());
                }
            }
            _ if own => self.seals.wrote(name, time_ms),
            _ => {}
        }
    }

    /// Holds an entry that seals to the memorandum in force under its cut and to the key that its book has told: whether
    /// both signatures hold.
    ///
    /// # Errors
    /// `Misbehaved`, with what does not.
    pub(crate) fn holds_seal(
        &self,
        name: EntryRef,
        content: &Content,
        memorandum: &Memorandum,
    ) -> Result<(), Fault> {
        let Content::Seals(sealed) = content else { return Ok(()) };
        let party = name.book.party;
        let Some(commitment) = memorandum.member(party).and_then(|member| member.seal) else {
            return Err(Fault::misbehaved("seal key", "one that the memorandum commits to", "none"));
        };
        let Some(told) = sealed.key.as_ref().or_else(|| self.seals.keys.get(&name.book)) else {
            return Err(Fault::misbehaved("seal key", "one told here, or before in this book", "none"));
        };
        if seal::commitment(told) != commitment {
            return Err(Fault::misbehaved("seal key", "the one that the memorandum commits to", "another"));
        }
        let of = sealed.signed.checkpoint.book;
        // A book of its own rank or an earlier one, so that whoever reads it knows the key.
        let Some(book_key) = self.book_key(of).filter(|_| of.rank() <= name.book.rank()) else {
            let expected = "a book of its party's keys up to its own";
            return Err(Fault::misbehaved("book", expected, of.text(&self.memorandum.name_of(of.party))));
        };
        sealed.signed.verify(&self.id, book_key)?;
        sealed.seal.verify(&sealed.signed.checkpoint, &self.id, &SealKey::new(told.as_slice())?)
    }

    /// The next own book to be sealed, and from when on, ms; nothing that is not signed yet.
    fn next_seal(&self) -> Option<(u64, Book)> {
        if self.has_committed_seal_key() != Some(true) {
            return None;
        }
        let every_ms = self.memorandum.sealing_ms();
        let due = Class::ALL.into_iter().filter_map(|class| {
            let book = self.current(class);
            let (to_seal, state) = (self.seals.own.get(&book)?, self.books.get(&book)?);
            let last = self.seals.last.get(&book);
            let (sealed, since_ms) =
                last.map_or((0, to_seal.first_ms), |last| (last.size, last.seconds.saturating_mul(1_000)));
            // In R what is not signed yet may be the only entry that is no seal.
            let signed = if class == Class::R { to_seal.last } else { sealed + 1 };
            let ready = to_seal.last > sealed && state.signed_size() >= signed && !state.ended;
            ready.then(|| ((since_ms / every_ms + 1).saturating_mul(every_ms), book))
        });
        due.min()
    }

    /// When the next book is to be sealed, ms.
    pub(crate) fn next_seal_ms(&self) -> Option<u64> {
        self.next_seal().map(|(due_ms, _)| due_ms.max(self.sealing.again_ms))
    }

    /// Seals one book that is due; the next one comes with the next input, so that nothing waits for more than one signature.
    pub(crate) fn seal(&mut self) {
        let now_ms = self.pace.now_ms;
        if self.sealing.again_ms > now_ms {
            return;
        }
        let Some((_, book)) = self.next_seal().filter(|(due_ms, _)| *due_ms <= now_ms) else { return };
        if self.write_seal(book).is_none() {
            // There is no room in the day's quota; then the record must do without it for now.
            self.sealing.again_ms = now_ms.saturating_add(AGAIN_MS);
        }
    }

    fn write_seal(&mut self, book: Book) -> Option<EntryRef> {
        let signed = self.books.get(&book)?.signed.clone()?;
        let (key, _) = self.sealing.mine.as_ref()?;
        let told = self.seals.keys.contains_key(&self.current(Class::R));
        let key = (!told).then(|| Arc::clone(key));
        // The time that the entry will have.
        let seconds = self.pace.now_ms.max(self.last.1) / 1_000;
        let secret = self.me.seal_key.as_ref()?;
        let seal = Seal::sign(&signed.checkpoint, seconds, &self.id, secret).ok()?;
        let content = Content::Seals(Box::new(Sealed { signed, seal, key }));
        self.write(Draft::of(Some(Class::R), content)).ok()
    }
}

/// Holds the size that an entry seals to what the entry can know of: what it states of another book, and what stands
/// before it in its own.
///
/// # Errors
/// `Misbehaved` for more.
pub(crate) fn check_stated(name: EntryRef, content: &Content, stated: &Cut) -> Result<(), Fault> {
    let Content::Seals(sealed) = content else { return Ok(()) };
    let of = &sealed.signed.checkpoint;
    let known =
        if of.book == name.book { name.number - 1 } else { stated.get(&of.book).copied().unwrap_or(0) };
    if of.size <= known {
        Ok(())
    } else {
        let expected = alloc::format!("at most {known}, which it states");
        Err(Fault::misbehaved("size sealed", expected, of.size.to_string()))
    }
}
