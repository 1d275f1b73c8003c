//! The memoranda of a dossier: the one that founded its line, and those that motions put in its place, in order
//! (spec/dossier.md §3.1, §3.5).
//!
//! Promises that whoever is named by any of them is the same in all: no number, name or key of a party is another's. What
//! changes whose signatures count is taken in here and nowhere else; whether an amendment was carried is
//! [`crate::amending`]'s to say.

use std::collections::BTreeMap;

use detente_line::{Choice, Member, Memorandum, Witness};
use detente_record::renewal::Taken;
use detente_record::{Book, EntryRef, Fault, Hash, LineId, Party, PublicKey, Ranks, Renewal, Root, SealKey};

/// Most amendments of a dossier.
pub const MOST_AMENDMENTS: usize = 256;
/// Most witnesses that all memoranda of a dossier name together.
pub const MOST_WITNESSES: usize = 255;

/// An amendment, and what shows that it was carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// The act that decided it.
    pub decision: EntryRef,
    /// The act that moved it.
    pub motion: EntryRef,
    /// The votes that the decision counts, ascending by party; the motion itself is its mover's until the mover votes.
    pub votes: Vec<(EntryRef, Choice)>,
    /// The acts by which parties had left, ascending, whose silence counts for nothing.
    pub left: Vec<EntryRef>,
    /// What it put in force.
    pub memorandum: Memorandum,
}

/// All memoranda of a dossier.
#[derive(Debug, Clone)]
pub struct Memoranda {
    founding: Memorandum,
    amended: Vec<Amended>,
    /// Every party, ascending by number, as the last memorandum that names it does, with its book and receipt key.
    members: Vec<(Party, Member, PublicKey, PublicKey)>,
    /// In the order of the memorandum that names each first.
    witnesses: Vec<Witness>,
    /// What renewed the keys of parties.
    ranks: BTreeMap<Party, Ranks>,
    /// The keys that parties seal with, as memoranda commit to them.
    seal_keys: BTreeMap<Party, SealKey>,
}

impl Memoranda {
    /// One that nothing has amended.
    pub fn founded(founding: Memorandum) -> Self {
        let mut memoranda = Self {
            amended: Vec::new(),
            members: Vec::new(),
            witnesses: Vec::new(),
            founding,
            ranks: BTreeMap::new(),
            seal_keys: BTreeMap::new(),
        };
        let founding = memoranda.founding.clone();
        memoranda.take(&founding);
        memoranda
    }

    /// Adds what was put in the place of the last one.
    ///
    /// # Errors
    /// `Malformed` past a bound.
    pub fn amend(&mut self, amended: Amended) -> Result<(), Fault> {
        if self.amended.len() >= MOST_AMENDMENTS {
            return Err(Fault::malformed("amendments", "at most 256", "more"));
        }
        self.take(&amended.memorandum);
        if self.witnesses.len() > MOST_WITNESSES {
            return Err(Fault::malformed("witnesses of all memoranda", "at most 255", "more"));
        }
        self.amended.push(amended);
        Ok(())
    }

    fn take(&mut self, memorandum: &Memorandum) {
        for party in memorandum.parties() {
            let named = (memorandum.member(party), memorandum.book_key(party), memorandum.receipt_key(party));
            let (Some(member), Some(book_key), Some(receipt_key)) = named else { continue };
            let found = (party, member.clone(), book_key.clone(), receipt_key.clone());
            match self.members.binary_search_by_key(&party, |(known, ..)| *known) {
                Ok(place) => self.members.splice(place..=place, [found]).for_each(drop),
                Err(place) => self.members.insert(place, found),
            }
        }
        for witness in memorandum.witnesses() {
            if !self.witnesses.iter().any(|known| (&known.name, known.key) == (&witness.name, witness.key)) {
                self.witnesses.push(witness.clone());
            }
        }
    }

    /// The one that founded the line; its hash is the line's name.
    pub fn founding(&self) -> &Memorandum {
        &self.founding
    }

    /// What was put in its place, in order.
    pub fn amended(&self) -> &[Amended] {
        &self.amended
    }

    /// All of them, the founding one first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Memorandum> {
        std::iter::once(&self.founding).chain(self.amended.iter().map(|amended| &amended.memorandum))
    }

    /// The last one here.
    pub fn last(&self) -> &Memorandum {
        self.amended.last().map_or(&self.founding, |amended| &amended.memorandum)
    }

    /// The one of a hash.
    pub fn of_hash(&self, hash: &Hash) -> Option<&Memorandum> {
        self.all().find(|memorandum| memorandum.hash() == *hash)
    }

    /// The line.
    pub fn line(&self) -> LineId {
        self.founding.line()
    }

    /// What the line is called.
    pub fn line_name(&self) -> &str {
        &self.founding.terms().name
    }

    /// Every party that any of them names, ascending.
    pub fn parties(&self) -> impl Iterator<Item = Party> + Clone + '_ {
        self.members.iter().map(|(party, ..)| *party)
    }

    fn known(&self, party: Party) -> Option<&(Party, Member, PublicKey, PublicKey)> {
        let place = self.members.binary_search_by_key(&party, |(known, ..)| *known).ok()?;
        self.members.get(place)
    }

    /// A party, as the last memorandum that names it does.
    pub fn member(&self, party: Party) -> Option<&Member> {
        self.known(party).map(|(_, member, ..)| member)
    }

    /// Whether only an amendment names a party.
    pub fn is_admitted(&self, party: Party) -> bool {
        self.founding.member(party).is_none()
    }

    /// What an office of a party is called, as the last memorandum that has it says.
    pub fn office(&self, party: Party, number: u16) -> Option<&str> {
        let of = |memorandum: &'_ Memorandum| {
            let offices = memorandum.member(party).map(|member| member.offices.iter());
            offices.into_iter().flatten().position(|office| office.number == number)
        };
        self.all().rev().find_map(|memorandum| {
            let place = of(memorandum)?;
            memorandum.member(party)?.offices.get(place).map(|office| office.name.as_str())
        })
    }

    /// The short name of a party, or its number where none of them names it.
    pub fn name_of(&self, party: Party) -> String {
        self.member(party).map_or_else(|| party.number().to_string(), |member| member.name.clone())
    }

    /// The full name of a party, as it was given.
    pub fn full_name(&self, party: Party) -> &str {
        self.member(party).map(|member| member.full_name.as_str()).unwrap_or_default()
    }

    /// The party of a short name.
    pub fn party_named(&self, name: &str) -> Option<Party> {
        self.members.iter().find(|(_, member, ..)| member.name == name).map(|(party, ..)| *party)
    }

    /// Where a party's ranks begin, with the recovery key that any of them names.
    pub fn root(&self, party: Party) -> Option<Root> {
        let mut root = self.all().rev().find_map(|memorandum| memorandum.root(party))?;
        root.line = self.line();
        if root.recovery.is_none() {
            root.recovery = self.all().find_map(|memorandum| memorandum.root(party)?.recovery);
        }
        Some(root)
    }

    /// Takes the next renewal of a party; `root` is where its ranks begin.
    ///
    /// # Errors
    /// `Misbehaved` for one that is not the party's next word, `Malformed` for one that stands twice or out of order.
    pub fn renew(&mut self, root: &Root, renewal: Renewal) -> Result<(), Fault> {
        let ranks = self.ranks.entry(root.party).or_default();
        match ranks.take(root, renewal)? {
            Taken::Next | Taken::Contradicts(_) => Ok(()),
            Taken::Nothing => {
                let expected = "those of a party from rank 1 on, each once, ascending";
                Err(Fault::malformed("renewals", expected, format!("others, of {}", root.name)))
            }
        }
    }

    /// What renewed a party's keys.
    pub fn ranks(&self, party: Party) -> Option<&Ranks> {
        self.ranks.get(&party)
    }

    /// The rank of a party's last keys here.
    pub fn rank(&self, party: Party) -> u8 {
        self.ranks(party).map_or(0, Ranks::last)
    }

    /// What the last memorandum that says so commits a party's seal key to.
    pub fn seal_committed(&self, party: Party) -> Option<Hash> {
        self.all().rev().find_map(|memorandum| memorandum.member(party)?.seal)
    }

    /// Takes the key that a party seals with, which a memorandum commits to.
    pub fn tell_seal_key(&mut self, party: Party, key: SealKey) {
        self.seal_keys.insert(party, key);
    }

    /// The key that a party seals with, if it is here.
    pub fn seal_key(&self, party: Party) -> Option<&SealKey> {
        self.seal_keys.get(&party)
    }

    /// The key that signs a book's checkpoints.
    pub fn book_key(&self, book: Book) -> Option<&PublicKey> {
        match book.rank() {
            0 => self.known(book.party).map(|(_, _, book_key, _)| book_key),
            rank => self.ranks(book.party)?.renewed(rank).map(|keys| &keys.book),
        }
    }

    /// The keys that a party's receipts may be under, ascending by rank.
    pub fn receipt_keys(&self, party: Party) -> impl Iterator<Item = &PublicKey> {
        let first = self.known(party).map(|(.., receipt_key)| receipt_key);
        let renewals = self.ranks(party).map(Ranks::renewals).unwrap_or_default();
        first.into_iter().chain(renewals.iter().map(|renewal| &renewal.keys.receipt))
    }

    /// Every witness that any of them names, in the order of the memorandum that names it first.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }
}
