//! Keys by rank: renewals held and taken, what of an old key's books is still taken and receipted, and how a station begins with new
//! keys (spec/keys.md).

mod keyring;
mod opening;

use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::renewal::Taken;
use detente_record::{
    Book, Class, Cut, Entry, EntryRef, Fault, Hash, LineSecret, Party, PublicKey, Ranks, Receipt, Renewal,
    Root, SecretKey,
};

use crate::contract::{CircuitId, Evidence, Shown};
use crate::frame;
use crate::kind::{Content, number};
use crate::line::Line;

pub use keyring::Keyring;

/// How long at most nothing of the own books comes back, with a peer there that has shown them, before they go on without it, ms.
const PATIENCE_MS: u64 = 3_600_000;

/// What a station has of its own party's earlier keys, where those were renewed.
#[derive(Default)]
pub struct Renewed {
    /// All of the party's renewals, ascending from rank 1; the last one brought the keys of the identity.
    pub renewals: Vec<Renewal>,
    /// Book keys of earlier ranks, for what is durable and was not signed yet.
    pub book_keys: BTreeMap<u8, SecretKey>,
    /// Line secrets of earlier ranks.
    pub secrets: BTreeMap<u8, LineSecret>,
    /// Where the reach of the earlier keys ends, by class, if it is not at all that may be within it: generation and size.
    pub reach: BTreeMap<Class, (u16, u64)>,
    /// The record was lost with the earlier keys: the own books are to come back from others before they go on.
    pub lost: bool,
}

/// The own keys, as far as they are not the identity's.
#[derive(Clone, Default)]
pub(crate) struct OwnKeys {
    /// The rank of the identity's keys.
    pub(crate) rank: u8,
    book_keys: BTreeMap<u8, SecretKey>,
    reach: BTreeMap<Class, (u16, u64)>,
    /// The record was lost with the earlier keys.
    lost: bool,
    /// The own books are to come back before their next rank is opened.
    awaits_books: bool,
    /// The generation to open at least, once they have.
    pub(crate) least: u16,
    /// Renewals restored before what names their party.
    unrooted: Vec<Renewal>,
    /// Some peer has said what it holds.
    greeted: bool,
    /// What each peer shows, under this party's own signature, that it wrote with its earlier keys: as its last word has it, since a
    /// peer may lose what it held.
    shown: BTreeMap<Party, Cut>,
    /// How much of the own books had come back when something last did, and when that was, ms.
    came_back: (u64, u64),
    /// Books whose reach has become known, and which may be receipted up to there.
    ended: Vec<Book>,
    /// [`Line::ended_by_renewal`], as long as nothing has come that it rests on.
    brought: Option<Arc<Cut>>,
}

impl Line {
    /// Takes on the later keys that this station has: before anything is restored.
    ///
    /// # Errors
    /// `Misuse` for renewals that are not this party's, each following the one before, or of which the last one did not bring the identity's keys.
    pub(crate) fn take_on(&mut self, renewed: Renewed) -> Result<(), Fault> {
        let me = self.me.party;
        let ranks = Ranks::own(renewed.renewals)?;
        self.own.rank = ranks.last();
        let of_me = ranks.renewals().iter().all(|of| (of.occasion.line, of.occasion.party) == (self.id, me));
        let fits = of_me
            && ranks.renewed(self.own.rank).is_some_and(|keys| {
                (&keys.book, &keys.receipt) == (&self.me.book_key.public(), &self.me.receipt_key.public())
                    && keys.commitment == self.me.secret.commitment()
            });
        if !fits {
            return Err(Fault::misuse(
                "identity",
                "the keys and secret that the last renewal brought",
                "others",
            ));
        }
        self.ranks.insert(me, ranks);
        (self.own.book_keys, self.own.reach) = (renewed.book_keys, renewed.reach);
        self.own.lost = renewed.lost;
        let secret = self.me.secret.clone();
        self.learn(me, self.own.rank, secret);
        for (rank, secret) in renewed.secrets {
            self.learn(me, rank, secret);
        }
        Ok(())
    }

    /// A party's renewals, ascending from rank 1.
    pub fn renewals(&self, party: Party) -> &[Renewal] {
        self.ranks.get(&party).map_or(&[], |ranks| ranks.renewals())
    }

    /// What renewed a party's keys.
    pub fn ranks(&self, party: Party) -> Option<&Ranks> {
        self.ranks.get(&party)
    }

    /// From which rank on a party's renewals contradict each other.
    pub fn spoiled_from(&self, party: Party) -> Option<u8> {
        self.ranks.get(&party)?.spoiled_from()
    }

    /// Takes a renewal that was stored, ascending by rank within a party, before secrets.
    pub fn restore_renewal(&mut self, renewal: Renewal) {
        let party = renewal.occasion.party;
        let taken = match self.root(party) {
            Some(root) => self.ranks.entry(party).or_default().take(&root, renewal.clone()).is_ok(),
            None => false,
        };
        if !taken {
            // What names its party, or its recovery key, is not restored yet.
            self.own.unrooted.push(renewal);
        }
    }

    /// Takes the renewals that were stored of parties which only what was restored after them names, as soon as that is known: what is
    /// judged next may be under those keys.
    pub(crate) fn root_renewals(&mut self) {
        self.own.brought = None;
        for renewal in core::mem::take(&mut self.own.unrooted) {
            self.restore_renewal(renewal);
        }
    }

    /// Takes renewals that contradict each other, which were stored as evidence.
    pub(crate) fn restore_contradiction(&mut self, renewals: Vec<Renewal>) {
        for renewal in renewals {
            let (party, Some(root)) = (renewal.occasion.party, self.root(renewal.occasion.party)) else {
                continue;
            };
            if let Ok(Taken::Contradicts(rank)) = self.ranks.entry(party).or_default().take(&root, renewal) {
                self.spoil(party, rank);
            }
        }
    }

    /// The rank of a party's last keys.
    pub fn rank(&self, party: Party) -> u8 {
        self.ranks.get(&party).map_or(0, |ranks| ranks.last())
    }

    /// The rank of the keys that this station speaks with.
    pub fn own_rank(&self) -> u8 {
        self.own.rank
    }

    /// Where a party's ranks begin, with the recovery key that any memorandum names, the one in force first.
    pub fn root(&self, party: Party) -> Option<Root> {
        let mut root = self.naming(party)?.root(party)?;
        root.line = self.id;
        let known = || self.acts.amendments().chain(&self.enrolled).chain([&self.founding]);
        if root.recovery.is_none() {
            root.recovery = known().find_map(|memorandum| memorandum.root(party)?.recovery);
        }
        Some(root)
    }

    /// The key that signs a book's checkpoints; `None` for a party that is not known or a rank that is not yet.
    pub fn book_key(&self, book: Book) -> Option<&PublicKey> {
        match book.rank() {
            0 => self.naming(book.party)?.book_key(book.party),
            rank => self.ranks.get(&book.party)?.renewed(rank).map(|keys| &keys.book),
        }
    }

    /// The own key that signs a book's checkpoints, if it is here.
    pub(crate) fn own_book_key(&self, book: Book) -> Option<&SecretKey> {
        match book.rank() {
            rank if rank == self.own.rank => Some(&self.me.book_key),
            rank => self.own.book_keys.get(&rank),
        }
    }

    /// The keys that a party's receipts may be under, the last one first.
    fn receipt_keys(&self, party: Party) -> impl Iterator<Item = (u8, &PublicKey)> {
        let renewed = (1..=self.rank(party)).rev();
        let renewed =
            renewed.filter_map(move |rank| Some((rank, &self.ranks.get(&party)?.renewed(rank)?.receipt)));
        let first = self.naming(party).and_then(|memorandum| memorandum.receipt_key(party));
        renewed.chain(first.map(|key| (0, key)))
    }

    /// Holds a receipt to its signer's keys, and says of which rank its key is; one under an older key counts only as far as the signer
    /// took it for its own when it first wrote under later ones.
    ///
    /// # Errors
    /// `Misbehaved` for another signature, or one beyond that.
    pub(crate) fn holds_receipt(&self, receipt: &Receipt, root: &Hash) -> Result<u8, Fault> {
        let mut verdict =
            Err(Fault::misbehaved("receipt", "a party of the line", receipt.party.number().to_string()));
        for (rank, key) in self.receipt_keys(receipt.party) {
            verdict = receipt.verify(root, &self.id, key);
            if verdict.is_err() {
                continue;
            }
            let end = self.acts.receipts_end(receipt.party, rank);
            let within = |end: &Cut| end.get(&receipt.book).is_some_and(|size| *size >= receipt.size);
            if rank < self.rank(receipt.party) && !end.is_some_and(within) {
                let expected = "one under its party's last keys, or within the reach of older ones";
                return Err(Fault::misbehaved(
                    "receipt",
                    expected,
                    alloc::format!("one of rank {rank}, beyond"),
                ));
            }
            return Ok(rank);
        }
        verdict.map(|()| 0)
    }

    /// The rank of the key of a receipt that was held to its signer's before, if that can still be told.
    pub(crate) fn rank_of_receipt(&self, receipt: &Receipt) -> Option<u8> {
        if self.rank(receipt.party) == 0 {
            return Some(0);
        }
        let root = self.books.get(&receipt.book)?.root_at(receipt.size)?;
        let mut keys = self.receipt_keys(receipt.party);
        keys.find(|(_, key)| receipt.verify(&root, &self.id, key).is_ok()).map(|(rank, _)| rank)
    }

    /// Lets go of a party's receipts that count no more since it has said how far those under its earlier keys do: one under its later
    /// keys may take their place. This party's own it gives again, of the same time.
    pub(crate) fn let_go_of_receipts(&mut self, party: Party) {
        let ends: BTreeMap<u8, &Cut> = (0..self.rank(party))
            .filter_map(|rank| Some((rank, self.acts.receipts_end(party, rank)?)))
            .collect();
        let within = |of: &Receipt, end: &Cut| end.get(&of.book).is_some_and(|size| *size >= of.size);
        let counts = |of: &Receipt| {
            // Of which rank it is matters only where that makes a difference; one for long ago may not tell any more.
            ends.values().all(|end| within(of, end))
                || self
                    .rank_of_receipt(of)
                    .is_some_and(|rank| ends.get(&rank).is_none_or(|end| within(of, end)))
        };
        let held = self.books.iter().filter_map(|(book, state)| Some((*book, state.receipts.get(&party)?)));
        let over: Vec<Book> = held.filter(|(_, receipt)| !counts(receipt)).map(|(book, _)| book).collect();
        for book in over {
            if party == self.me.party {
                self.receipt_anew(book);
            } else {
                self.book(book).receipts.remove(&party);
            }
        }
    }

    /// Takes renewals that came in on a circuit, or by hand.
    pub(crate) fn take_renewals(&mut self, circuit: Option<CircuitId>, renewals: Vec<Renewal>) {
        for renewal in renewals {
            if let Err(fault) = self.take_renewal(renewal)
                && let Some(circuit) = circuit
            {
                self.show(Shown::NotTaken { circuit, fault });
            }
        }
    }

    /// Whether renewals would be taken, or are held already.
    ///
    /// # Errors
    /// Why not.
    pub fn would_take(&self, renewals: &[Renewal]) -> Result<(), Fault> {
        let Some(first) = renewals.first() else {
            return Err(Fault::misuse("renewals", "one or more", "none"));
        };
        let party = first.occasion.party;
        let root = self.root(party).ok_or_else(|| unknown(party))?;
        let mut ranks = self.ranks.get(&party).cloned().unwrap_or_default();
        for renewal in renewals {
            ranks.take(&root, renewal.clone())?;
        }
        match renewals.iter().find(|renewal| ranks.last() < renewal.occasion.rank) {
            Some(beyond) => Err(Fault::misuse(
                "renewals",
                "all of the party's, from rank 1 on",
                alloc::format!("rank {} after rank {}", beyond.occasion.rank, ranks.last()),
            )),
            None => Ok(()),
        }
    }

    /// Takes a renewal, tells everybody, and lets go of what the old keys hold.
    pub(crate) fn take_renewal(&mut self, renewal: Renewal) -> Result<(), Fault> {
        let party = renewal.occasion.party;
        let root = self.root(party).ok_or_else(|| unknown(party))?;
        let ranks = self.ranks.entry(party).or_default();
        match ranks.take(&root, renewal.clone())? {
            Taken::Nothing => return Ok(()),
            Taken::Next => {
                self.own.brought = None;
                self.append.renewals.push(renewal);
                let rank = ranks.last();
                self.on_durable.push(Shown::KeysRenewed { party, rank });
            }
            Taken::Contradicts(rank) => {
                let held = ranks.renewals().iter().find(|held| held.contradicts(&renewal)).cloned();
                let both: Vec<Renewal> = held.into_iter().chain([renewal]).collect();
                let fault = Fault::misbehaved("renewal", "one of a rank", "two, both signed");
                self.spoil(party, rank);
                self.convict(Evidence { party, fault, proof: frame::renewals(&both) });
            }
        }
        let told = self.renewals_of(party);
        let ready: Vec<CircuitId> = self.circuits.keys().copied().collect();
        for circuit in ready {
            if let Some(told) = told.clone() {
                self.queue(circuit, told);
            }
        }
        self.refuse_old_keys(party);
        // With its earlier keys it may have lost what its books are blinded with.
        let secrets = self.secrets_for(party, |of, _| of == party);
        let with: Vec<CircuitId> =
            self.circuits.iter().filter(|(_, state)| state.peer == party).map(|(id, _)| *id).collect();
        for circuit in with {
            for secret in secrets.clone() {
                self.queue(circuit, secret);
            }
        }
        Ok(())
    }

    /// The books of a party end that have a rank of which none counts.
    fn spoil(&mut self, party: Party, from: u8) {
        // Its own station goes on: FLASH is still shown.
        let mirror = party != self.me.party;
        let of = |book: &Book| mirror && book.party == party && book.rank() >= from;
        let spoiled = self.books.iter_mut().filter(|(book, _)| of(book));
        for (_, state) in spoiled {
            state.ended = true;
        }
    }

    /// Whether nothing of a book is taken, since the renewal of its rank is contradicted.
    pub(crate) fn is_spoiled(&self, book: Book) -> bool {
        self.spoiled_from(book.party).is_some_and(|from| book.rank() >= from)
    }

    /// A frame of all that is held of a party's renewals.
    pub(crate) fn renewals_of(&self, party: Party) -> Option<Vec<u8>> {
        let ranks = self.ranks.get(&party)?;
        let mut all: Vec<Renewal> = ranks.renewals().to_vec();
        all.extend(ranks.contradicting().cloned());
        (!all.is_empty()).then(|| frame::renewals(&all))
    }

    /// The renewals held of every party, a frame a party.
    pub(crate) fn all_renewals(&self) -> impl Iterator<Item = Vec<u8>> {
        self.ranks.keys().filter_map(|party| self.renewals_of(*party))
    }

    /// Looks into the first entry of a book whose keys are not known for the renewal that brought them.
    pub(crate) fn look_for_renewal(&mut self, book: Book, first: u64, entries: &[&[u8]]) {
        let Some(bytes) = entries.first().filter(|_| first == 1 && book.rank() > 0) else { return };
        let Ok(entry) = Entry::decode(bytes) else { return };
        if entry.kind != number::OPENS {
            return;
        }
        if let Ok(Content::Opens { renewal: Some(renewal), .. }) = Content::decode(entry.kind, &entry.body)
            && renewal.occasion.party == book.party
        {
            let _ = self.take_renewal(*renewal);
        }
    }

    /// How much of a book its keys still speak for: all of it while they are the party's last; `None` while its end is not known.
    fn reach(&self, book: Book) -> Option<u64> {
        match book.rank() >= self.rank(book.party) {
            true => Some(u64::MAX),
            false => self.acts.reach(book).filter(|_| self.acts.is_ended(book)),
        }
    }

    /// The books of earlier keys, and how much of each their party takes for its own, where it has said so.
    pub fn reaches(&self) -> Cut {
        let earlier = self.books.keys().filter(|book| book.rank() < self.rank(book.party));
        earlier.filter_map(|book| Some((*book, self.acts.reach(*book)?))).collect()
    }

    /// Up to which size a book is taken, and brought to others: beyond the reach of old keys only what others rest on.
    pub(crate) fn taken_up_to(&self, book: Book) -> u64 {
        let Some(reach) = self.reach(book).filter(|reach| *reach < u64::MAX) else { return u64::MAX };
        let last = self.rank(book.party);
        let speaks = |of: Book| of.party != book.party || of.rank() == last;
        let others = self.books.iter().filter(|(of, _)| speaks(**of));
        let covered = others.filter_map(|(_, state)| state.past.stated.get(&book).copied());
        covered.max().unwrap_or(0).max(reach)
    }

    /// The books of earlier keys, and up to which size they are brought to others.
    pub(crate) fn ended_by_renewal(&self) -> Cut {
        if self.ranks.is_empty() {
            return Cut::new();
        }
        let ended = self.books.keys().filter(|book| book.rank() < self.rank(book.party));
        ended.map(|book| (*book, self.taken_up_to(*book))).collect()
    }

    /// The same, remembered: it is asked for with every step.
    pub(crate) fn brought_up_to(&mut self) -> Arc<Cut> {
        if let Some(known) = &self.own.brought {
            return Arc::clone(known);
        }
        let found = Arc::new(self.ended_by_renewal());
        self.own.brought = Some(Arc::clone(&found));
        self.opens_all();
        found
    }

    /// An entry has come: whether books of earlier keys are brought further, or to somewhere else, is to be worked out anew where it
    /// begins a book, opens one or states more of such a book.
    pub(crate) fn reconsider_reach(&mut self, name: EntryRef, entry: Option<&Entry>) {
        let states = |entry: &Entry| {
            let mut books = entry.cut.keys();
            entry.kind == number::OPENS || books.any(|of| of.rank() < self.rank(of.party))
        };
        if !self.ranks.is_empty() && (name.number == 1 || entry.is_some_and(states)) {
            self.own.brought = None;
        }
    }

    /// An act has been admitted; where it opens a book, earlier ones may end elsewhere.
    pub(crate) fn reach_moved(&mut self, content: &Content) {
        if matches!(content, Content::Opens { .. }) {
            self.own.brought = None;
        }
    }

    /// Up to which size a book is receipted.
    pub(crate) fn receipted_up_to(&self, book: Book) -> u64 {
        if self.is_spoiled(book) { 0 } else { self.reach(book).unwrap_or(0) }
    }

    /// An opening of a rank has been admitted: the books before it may be receipted as far as it reaches.
    pub(crate) fn rank_opened(&mut self, book: Book, stated: Cut) {
        self.own.brought = None;
        self.acts.opened(book, stated);
        let earlier =
            |of: &&Book| (of.party, of.class) == (book.party, book.class) && of.rank() < book.rank();
        let ended: Vec<Book> = self.books.keys().filter(earlier).copied().collect();
        self.own.ended.extend(ended);
        if book.class == Class::A {
            self.let_go_of_receipts(book.party);
        }
    }

    /// Gives the receipts that waited for the end of an old key's reach.
    pub(crate) fn receipt_ended(&mut self) {
        for book in core::mem::take(&mut self.own.ended) {
            if book.party != self.me.party {
                self.give_receipt(book, Vec::new());
            }
        }
    }

    /// Ends the circuits of a party that are under an older key of its station.
    fn refuse_old_keys(&mut self, party: Party) {
        let rank = self.rank(party);
        let old = self.circuits.iter().filter(|(_, state)| state.peer == party && state.rank < rank);
        let old: Vec<CircuitId> = old.map(|(circuit, _)| *circuit).collect();
        for circuit in old {
            self.refuse_old_key(circuit, party);
        }
    }

    /// Whether this station's party has later keys than this station.
    pub(crate) fn is_superseded(&self) -> bool {
        self.rank(self.me.party) > self.own.rank
    }

    /// Refuses to write with keys that were renewed.
    ///
    /// # Errors
    /// `Misuse`.
    pub(crate) fn has_last_keys(&self) -> Result<(), Fault> {
        if self.is_superseded() {
            let found =
                alloc::format!("rank {}, renewed by rank {}", self.own.rank, self.rank(self.me.party));
            return Err(Fault::misuse("keys", "this party's last ones", found));
        }
        Ok(())
    }
}

fn unknown(party: Party) -> Fault {
    Fault::misbehaved("renewal", "one of a party of the line", party.number().to_string())
}
