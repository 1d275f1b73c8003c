//! Dossiers out of the record: which entries are meant, and what proves each (spec/dossier.md §8).
//!
//! Reads what is durable over connections of its own, and never waits for the writer or holds it up. It takes nothing into a
//! dossier but the entries that were asked for: what is said of others is their blinded hashes.

mod heads;
mod seals;
mod tree;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use detente_dossier::amending::{self, Act, Named};
use detente_dossier::making::MOST_ENTRIES;
use detente_dossier::{Dossier, Memoranda, Placed, Proven};
use detente_line::frame::Frame;
use detente_line::kind::number;
use detente_line::{Attachment, Content, Fork, Line, Memorandum};
use detente_record::{
    Blob, Book, BookSecret, Cut, EntryRef, EntryView, Fault, LineSecret, Party, Receipt, Renewal, SealKey,
    Signature, SignedCheckpoint, proof,
};

use self::heads::Heads;
use self::seals::Seals;
use self::tree::Tree;
use crate::keeper::Refusal;
use crate::store::{Store, StoreError};
use crate::witness::{Kept, KeptError};

/// Which entries are meant.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// These.
    pub(crate) entries: Vec<EntryRef>,
    /// These, what they regard and what regards them, and so on both ways.
    pub(crate) threads: Vec<EntryRef>,
    /// These notices or messages, their amendments, and what was said of them.
    pub(crate) notices: Vec<EntryRef>,
    /// These entries that disclose something to an observer, and all that they disclose.
    pub(crate) disclosures: Vec<EntryRef>,
    /// All with a time of their authors' not before this, ms, and not after that.
    pub(crate) times: Option<(u64, u64)>,
    /// Every entry under the first signature of everybody, however many checkpoints that takes.
    pub(crate) is_exact: bool,
    /// Nothing of amendments, and so of nobody who did not found the line.
    pub(crate) is_founding_only: bool,
    /// Where parties say that they hold the attachments of these entries, if that is to be in it as well ([`holding`]).
    pub(crate) holding: Vec<EntryRef>,
    /// Whether these attachments are to follow in the file.
    pub(crate) has_attachments: bool,
}

/// Most checkpoints of a book that are taken from the line itself: the store is never so far behind.
const MOST_FRESH: usize = 64;

/// What a line knows beyond its store: the newest signatures, whose entries are all durable, and which acts changed its rules.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    /// By authors, the newest of each book.
    pub(crate) checkpoints: Vec<SignedCheckpoint>,
    /// By others.
    pub(crate) receipts: Vec<Receipt>,
    /// What renewed the keys of parties, by party, ascending by rank, and behind those of one what contradicts them.
    pub(crate) renewals: Vec<Renewal>,
    /// The keys that parties seal with, as their books have told them.
    pub(crate) seal_keys: Vec<(Party, SealKey)>,
    /// The decisions that put amendments in force, in their order.
    pub(crate) amending: Vec<EntryRef>,
    /// The acts by which parties have left, ascending.
    pub(crate) leaving: Vec<EntryRef>,
}

impl Fresh {
    /// Those of a line as it is now.
    pub(crate) fn of(line: &Line) -> Self {
        let mut fresh = Self::default();
        for held in line.held() {
            fresh.checkpoints.extend(line.checkpoints(held.book).rev().take(MOST_FRESH));
            fresh.receipts.extend(line.receipts(held.book).cloned());
        }
        (fresh.amending, fresh.leaving) = (line.amending(), line.leaving());
        for party in line.memorandum().everyone().filter_map(|member| Party::new(member.number).ok()) {
            if let Some(ranks) = line.ranks(party) {
                fresh.renewals.extend(ranks.renewals().iter().chain(ranks.contradicting()).cloned());
            }
            fresh.seal_keys.extend(line.seal_key(party).map(|key| (party, key)));
        }
        fresh
    }
}

/// Where each party first says that it holds one of these blobs, as everything shows that is held and judged.
pub(crate) fn holding(line: &Line, blobs: &BTreeSet<Blob>) -> Vec<EntryRef> {
    let held = line.held().into_iter().filter(|held| held.judged > 0);
    let cut: Cut = held.map(|held| (held.book, held.judged)).collect();
    let holders = blobs.iter().flat_map(|blob| line.custody().holders(blob, &cut).into_values());
    holders.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a dossier is made from.
pub(crate) struct Making<'a> {
    pub(crate) store: &'a Store,
    /// The memorandum that founded the line.
    pub(crate) founding: &'a Memorandum,
    /// One that knows what every party is called.
    pub(crate) naming: Arc<Memorandum>,
    /// The parties' signatures of it.
    pub(crate) signatures: Vec<(Party, Signature)>,
    pub(crate) secrets: &'a [((Party, u8), LineSecret)],
    /// What came last, which the store may not hold yet.
    pub(crate) fresh: &'a Fresh,
    /// What witnesses have cosigned.
    pub(crate) witnessed: Option<&'a Kept>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<KeptError> for Refusal {
    fn from(error: KeptError) -> Self {
        let expected = "cosignatures that can be read: see `detente doctor`";
        Self::Fault(Fault::misuse("cosignatures", expected, error.to_string()))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Making<'_> {
    /// The file, with the entries that are meant.
    ///
    /// # Errors
    /// `Misuse` for entries that are not held, not signed yet, none or too many; what the store fails with.
    pub(crate) fn make(&self, selection: &Selection) -> Result<Vec<u8>, Refusal> {
        let (mut names, mut memoranda) = self.meant(selection)?;
        for holding in &selection.holding {
            self.take(&mut names, *holding)?;
        }
        for amended in memoranda.amended() {
            let votes = amended.votes.iter().map(|(vote, _)| *vote);
            let acts = [amended.decision, amended.motion].into_iter().chain(votes);
            for act in acts.chain(amended.left.iter().copied()) {
                self.take(&mut names, act)?;
            }
        }
        for opening in self.openings(&names, &memoranda)? {
            self.take(&mut names, opening)?;
        }
        let seals = Seals::over(self, &memoranda, &names)?;
        for (party, key) in self.fresh.seal_keys.iter().filter(|(party, _)| seals.are_of(*party)) {
            memoranda.tell_seal_key(*party, key.clone());
        }
        let mut heads = Heads::new(self, &memoranda, &seals);
        let plan = heads.choose(&names, selection.is_exact)?;
        let (mut tree, mut secrets) = (Tree::new(self.store), BTreeMap::new());
        let none = BTreeSet::new();
        let entries = names.iter().map(|name| {
            let sizes = plan.get(name).unwrap_or(&none);
            self.prove(*name, sizes, &mut heads, &mut tree, &mut secrets)
        });
        let entries = entries.collect::<Result<_, Refusal>>()?;
        let books: BTreeSet<Book> = names.iter().map(|name| name.book).collect();
        let dossier = Dossier {
            memoranda: &memoranda,
            with_attachments: selection.has_attachments,
            signatures: self.signatures.clone(),
            entries,
            forks: self.forks(&books)?,
        };
        Ok(dossier.write()?)
    }

    /// The names of the entries that are meant, each of which a dossier can show, and whose parties these memoranda name.
    ///
    /// # Errors
    /// `Misuse` for entries that are not held, none or too many; what the store fails with.
    pub(crate) fn meant(&self, selection: &Selection) -> Result<(BTreeSet<EntryRef>, Memoranda), Refusal> {
        let names = self.select(selection)?;
        if names.is_empty() {
            return Err(Fault::misuse("dossier", "entries that are held here", "none").into());
        }
        let memoranda = self.memoranda(selection)?;
        if let Some(name) = names.iter().find(|name| memoranda.member(name.book.party).is_none()) {
            let expected = match selection.is_founding_only {
                true => "entries of those who founded the line",
                false => "entries of parties whose admission is held here",
            };
            return Err(Fault::misuse("dossier", expected, self.text(*name)).into());
        }
        Ok((names, memoranda))
    }

    fn text(&self, name: EntryRef) -> String {
        name.text(&self.naming.name_of(name.book.party))
    }

    /// The attachments of the entries that are meant.
    ///
    /// # Errors
    /// As [`Making::make`].
    pub(crate) fn attachments(&self, selection: &Selection) -> Result<BTreeSet<Blob>, Refusal> {
        let mut blobs = BTreeSet::new();
        for name in self.select(selection)? {
            let stored = self.held(name)?;
            let content =
                EntryView::decode(&stored.bytes).and_then(|entry| Content::decode(entry.kind, entry.body));
            // What cannot be read attaches nothing.
            if let Ok(content) = content {
                blobs.extend(content.attachments().iter().map(Attachment::blob));
            }
        }
        Ok(blobs)
    }

    /// The memorandum that founded the line, and those whose amendments carried, as far as the store holds what carried them.
    fn memoranda(&self, selection: &Selection) -> Result<Memoranda, Refusal> {
        let mut memoranda = Memoranda::founded(self.founding.clone());
        let decisions = self.fresh.amending.iter().filter(|_| !selection.is_founding_only);
        for decision in decisions {
            if self.store.entry(decision.book.code(), decision.number)?.is_none() {
                break;
            }
            let act = |name: EntryRef| Ok::<_, Refusal>(Act::read(name, &self.held(name)?.bytes)?);
            let voted: BTreeSet<Party> = match act(*decision)?.content {
                Content::Decide { votes, .. } => votes.iter().map(|vote| vote.book.party).collect(),
                _ => BTreeSet::new(),
            };
            // Whose silence was no vote owed.
            let left = self.fresh.leaving.iter().copied().filter(|leaves| {
                let party = leaves.book.party;
                memoranda.last().member(party).is_some() && !voted.contains(&party)
            });
            let named = Named { decision: *decision, left: left.collect() };
            let amended = amending::carried(&memoranda, &named, act)?;
            memoranda.amend(amended)?;
        }
        for renewal in &self.fresh.renewals {
            // Of a party that these memoranda do not name nothing is here.
            let root = memoranda.root(renewal.occasion.party);
            if let Some(root) = root.filter(|root| root.recovery.is_some()) {
                memoranda.renew(&root, renewal.clone())?;
            }
        }
        Ok(memoranda)
    }

    /// Where the parties of entries under earlier keys say how far these reach: the first entry of the next rank of each book.
    fn openings(
        &self,
        names: &BTreeSet<EntryRef>,
        memoranda: &Memoranda,
    ) -> Result<BTreeSet<EntryRef>, Refusal> {
        let books: BTreeSet<Book> = names.iter().map(|name| name.book).collect();
        let earlier: Vec<Book> =
            books.into_iter().filter(|book| book.rank() < memoranda.rank(book.party)).collect();
        let mut openings = BTreeSet::new();
        if earlier.is_empty() {
            return Ok(openings);
        }
        let held = self.store.sizes()?;
        let held: Vec<Book> = held.into_keys().map(Book::from_code).collect::<Result<_, Fault>>()?;
        for book in earlier {
            let later = held.iter().filter(|of| (of.party, of.class) == (book.party, book.class));
            let next = later.filter(|of| of.rank() > book.rank()).min_by_key(|of| of.generation);
            openings.extend(next.map(|next| EntryRef { book: *next, number: 1 }));
        }
        Ok(openings)
    }

    fn held(&self, name: EntryRef) -> Result<crate::store::Entry, Refusal> {
        let found = self.store.entry(name.book.code(), name.number)?;
        found.ok_or_else(|| Fault::misuse("entry", "one that is held here", self.text(name)).into())
    }

    /// The names of all entries that are meant.
    fn select(&self, selection: &Selection) -> Result<BTreeSet<EntryRef>, Refusal> {
        let mut found = BTreeSet::new();
        for name in &selection.entries {
            self.held(*name)?;
            self.take(&mut found, *name)?;
        }
        let mut thread = BTreeSet::new();
        let mut open = selection.threads.clone();
        while let Some(name) = open.pop() {
            let stored = self.held(name)?;
            if !self.take(&mut thread, name)? {
                continue;
            }
            open.extend(self.regarding(name)?.into_iter().map(|(by, _)| by));
            let regards = EntryView::decode(&stored.bytes).map(|entry| entry.regards).unwrap_or_default();
            for subject in regards {
                // What an entry regards may not have come here yet, or be no entry at all.
                if self.store.entry(subject.book.code(), subject.number)?.is_some() {
                    open.push(subject);
                }
            }
        }
        for name in &selection.notices {
            let origin = self.origin(*name)?;
            self.take(&mut found, origin)?;
            for (by, kind) in self.regarding(origin)? {
                if self.take(&mut found, by)? && kind == number::AMENDMENT {
                    for (by, _) in self.regarding(by)? {
                        self.take(&mut found, by)?;
                    }
                }
            }
        }
        for name in &selection.disclosures {
            let stored = self.held(*name)?;
            let content =
                EntryView::decode(&stored.bytes).and_then(|entry| Content::decode(entry.kind, entry.body));
            let Ok(Content::Discloses(disclosure)) = content else {
                let expected = "one that discloses something to an observer";
                return Err(Fault::misuse("entry", expected, self.text(*name)).into());
            };
            self.take(&mut found, *name)?;
            for disclosed in disclosure.entries() {
                self.held(disclosed)?;
                self.take(&mut found, disclosed)?;
            }
        }
        if let Some((since_ms, until_ms)) = selection.times {
            for (code, size) in self.store.sizes()? {
                let book = Book::from_code(code)?;
                let first = self.first_from(book, size, since_ms)?;
                let end = self.first_from(book, size, until_ms.saturating_add(1))?;
                for number in first..end {
                    self.take(&mut found, EntryRef { book, number })?;
                }
            }
        }
        for name in thread {
            self.take(&mut found, name)?;
        }
        Ok(found)
    }

    fn take(&self, found: &mut BTreeSet<EntryRef>, name: EntryRef) -> Result<bool, Refusal> {
        let is_new = found.insert(name);
        if found.len() > MOST_ENTRIES {
            return Err(Fault::misuse("dossier", format!("at most {MOST_ENTRIES} entries"), "more").into());
        }
        Ok(is_new)
    }

    /// What regards an entry, and of which kinds.
    fn regarding(&self, name: EntryRef) -> Result<Vec<(EntryRef, u16)>, Refusal> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let regards = self.store.regards_of(name.book.code(), name.number, after)?;
            let Some(last) = regards.last() else { return Ok(found) };
            after = Some((last.book, last.number));
            for regard in &regards {
                let book = Book::from_code(regard.book)?;
                found.push((EntryRef { book, number: regard.number }, regard.kind));
            }
            if found.len() > MOST_ENTRIES {
                return Err(
                    Fault::misuse("dossier", format!("at most {MOST_ENTRIES} entries"), "more").into()
                );
            }
        }
    }

    /// The entry that one amends or withdraws, or else the entry itself.
    fn origin(&self, name: EntryRef) -> Result<EntryRef, Refusal> {
        let stored = self.held(name)?;
        let amends = [number::AMENDMENT, number::WITHDRAWAL].contains(&stored.kind);
        let regards = EntryView::decode(&stored.bytes).map(|entry| entry.regards).unwrap_or_default();
        match regards.first() {
            Some(subject) if amends && self.store.entry(subject.book.code(), subject.number)?.is_some() => {
                Ok(*subject)
            }
            _ => Ok(name),
        }
    }

    /// The number of the first entry of a book that is not before a time, by halving: times never decrease along a book.
    fn first_from(&self, book: Book, size: u64, ms: u64) -> Result<u64, Refusal> {
        let (mut first, mut end) = (1, size + 1);
        while first < end {
            let middle = first + (end - first) / 2;
            let stored = self.held(EntryRef { book, number: middle })?;
            if stored.time_ms < ms {
                first = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(first)
    }

    /// An entry under these checkpoints.
    fn prove(
        &self,
        name: EntryRef,
        sizes: &BTreeSet<u64>,
        heads: &mut Heads<'_>,
        tree: &mut Tree<'_>,
        secrets: &mut BTreeMap<Book, BookSecret>,
    ) -> Result<Proven, Refusal> {
        let book = name.book;
        let stored = self.held(name)?;
        let secret = match secrets.entry(book) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let secret = self.secrets.iter().find(|(of, _)| *of == (book.party, book.rank()));
                let (_, secret) = secret.ok_or_else(|| {
                    Fault::misuse("entry", "one whose party's line secret is known", self.text(name))
                })?;
                unknown.insert(BookSecret::new(secret, &book.origin(&self.founding.line())))
            }
        };
        let leaf = [secret.blind(name.number.saturating_sub(1)).as_slice(), &stored.bytes].concat();
        let mut proofs = Vec::with_capacity(sizes.len());
        for size in sizes {
            let Some(head) = heads.at(book, *size)? else { continue };
            tree.turn_to(book)?;
            let hashes = proof::inclusion(name.number.saturating_sub(1), *size, |node| tree.hash(node))?;
            proofs.push(Placed { head, hashes });
        }
        if proofs.is_empty() {
            let expected = "one that its author has signed, which it does in a moment";
            return Err(Fault::misuse("entry", expected, self.text(name)).into());
        }
        Ok(Proven { name, leaf, proofs })
    }

    /// What convicts the authors of these books.
    fn forks(&self, books: &BTreeSet<Book>) -> Result<Vec<Fork>, Refusal> {
        let mut forks: BTreeMap<Book, Fork> = BTreeMap::new();
        let mut after = 0;
        loop {
            let found = self.store.evidence(after, 1_000)?;
            let Some(last) = found.last() else { return Ok(forks.into_values().collect()) };
            after = last.id;
            for evidence in &found {
                if let Ok(Frame::Fork(fork)) = Frame::decode(&evidence.bytes)
                    && fork.convicts()
                    && books.contains(&fork.head.checkpoint.book)
                {
                    forks.entry(fork.head.checkpoint.book).or_insert(*fork);
                }
            }
        }
    }
}
