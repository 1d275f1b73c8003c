//! The memorandum: the line's rules in one signed document (spec/line.md §2).
//!
//! A [`Memorandum`] that exists has been checked: [`Memorandum::check`] and [`Memorandum::decode`] are the
//! only ways to one, so whoever holds one need not ask again whether its parties are distinct, its keys sound
//! or its objectives in order.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use detente_record::{
    Book, Class, Fault, Hash, LineId, MAX_ENTRY, Party, PublicKey, RankKeys, Root, SecretKey, Signature,
    sha256,
};
use minicbor::{Decode, Encode};

use crate::notice::rule::{Extent, NoticeKind};

pub use founding::Founding;
pub use member::{Member, Office};
pub use observer::{MAX_OBSERVERS, Observer};
pub use seals::SEALING_MS;
pub use witness::{MAX_WITNESSES, WITNESSING_MS, Witness};

mod amending;
mod founding;
mod member;
mod observer;
mod release;
mod seals;
mod witness;

/// Largest memorandum, in bytes.
pub const MAX_MEMORANDUM: usize = 262_144;

/// The least and the longest time that a checkpoint may follow behind tests, ms.
const AHEAD_MS: core::ops::RangeInclusive<u64> = 60_000..=2_678_400_000;

/// The document as it is written, before it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Terms {
    /// Version of the structure: 1.
    #[n(1)]
    pub version: u8,
    /// Name of the line, `[a-z][a-z0-9-]{0,31}`.
    #[n(2)]
    pub name: String,
    /// Hash of the memorandum that this one amends.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub predecessor: Option<Hash>,
    /// The line that this one is a working group of.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub parent: Option<Hash>,
    /// The line that this one replaces.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub refounds: Option<Hash>,
    /// Two to 255, ascending by number.
    #[n(6)]
    pub parties: Vec<Member>,
    /// Whose station orders decisions.
    #[n(7)]
    pub depositary: u8,
    /// Time to handle an entry of Z, O, P, R: ms, ascending.
    #[n(8)]
    pub handling_ms: Vec<u64>,
    /// Who is called when nobody handles it, ascending by class, then by time.
    #[n(9)]
    pub escalations: Vec<Escalation>,
    /// The test schedule.
    #[n(10)]
    pub tests: Tests,
    /// What suspension and reopening take.
    #[n(11)]
    pub suspension: Suspension,
    /// A day and party, for Z, A, O, P, R.
    #[n(12)]
    pub quotas: Vec<Quota>,
    /// How motions carry.
    #[n(13)]
    pub rule: Rule,
    /// What notices there are.
    #[n(14)]
    pub notices: Vec<NoticeKind>,
    /// Circuits that the parties agreed on.
    #[n(15)]
    pub circuits: Option<Vec<CircuitKind>>,
    /// SHA-256 of the plain text of the agreement.
    #[cbor(n(16), with = "minicbor::bytes")]
    pub text: Option<Hash>,
    /// The area that notices of the line are about.
    #[n(17)]
    pub extent: Option<Extent>,
    /// Who witnesses the books, ascending by name; one or more where the key is there.
    #[n(18)]
    pub witnesses: Option<Vec<Witness>>,
    /// How often at most the head of a book is submitted to a witness, ms; absent: [`WITNESSING_MS`].
    #[n(19)]
    pub witnessing_ms: Option<u64>,
    /// Who is shown what parties choose to show, ascending by name; one or more where the key is there.
    #[n(20)]
    pub observers: Option<Vec<Observer>>,
    /// The decision of the parent line that founded this one.
    #[n(21)]
    pub founding: Option<Founding>,
    /// How often each party that has a seal key seals its books, ms; absent: [`SEALING_MS`].
    #[n(22)]
    pub sealing_ms: Option<u64>,
    /// SHA-256 of the dictionary that narrow circuits pack with (spec/serial.md §5); absent: they do not.
    #[cbor(n(23), with = "minicbor::bytes")]
    pub dictionary: Option<Hash>,
    /// The kinds of entry that two officers release, but in book Z, ascending; one or more where the key is there.
    #[n(24)]
    pub two_officers: Option<Vec<u16>>,
}

/// A step of escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Escalation {
    /// Class number.
    #[n(0)]
    pub class: u8,
    /// Time open, ms.
    #[n(1)]
    pub after_ms: u64,
    /// The rank that is called.
    #[n(2)]
    pub rank: u16,
}

/// The test schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tests {
    /// Length of a slot, ms.
    #[n(1)]
    pub interval_ms: u64,
    /// How late a test and its answers may be, ms.
    #[n(2)]
    pub grace_ms: u64,
    /// How long at most a checkpoint may follow behind tests and their answers on a narrow circuit, ms; absent: it goes with
    /// them.
    #[n(3)]
    pub checkpoint_ms: Option<u64>,
}

/// What suspension and reopening take.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Suspension {
    /// Reopening needs a carried motion.
    #[n(1)]
    pub consent: bool,
    /// Kinds that pass beyond those that always do.
    #[n(2)]
    pub passes: Vec<u16>,
}

/// The most that a party may append to a book in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Quota {
    /// Entries.
    #[n(0)]
    pub entries: u64,
    /// Their bytes.
    #[n(1)]
    pub bytes: u64,
}

/// How motions carry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rule {
    /// Votes for that it takes.
    #[n(1)]
    pub threshold: u8,
    /// Parties whose vote against defeats.
    #[n(2)]
    pub veto: Vec<u8>,
    /// Longest time that a motion may be open, ms.
    #[n(3)]
    pub window_ms: u64,
}

/// A circuit that the parties agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CircuitKind {
    /// Its name.
    #[n(1)]
    pub name: String,
    /// Its kind, such as `quic`.
    #[n(2)]
    pub kind: String,
}

/// A memorandum that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memorandum {
    terms: Terms,
    hash: Hash,
    line: LineId,
    keys: Vec<(Party, PublicKey, PublicKey)>,
    /// Parties of its line that it does not name.
    others: Vec<Member>,
}

/// A rule that a memorandum breaks.
pub(crate) fn refuse(what: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Fault {
    Fault::malformed(what, expected.into(), found.into())
}

pub(crate) fn is_name(name: &str, longest: usize) -> bool {
    name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a name is one that a line may have: `[a-z][a-z0-9-]{0,31}`.
pub fn is_line_name(name: &str) -> bool {
    is_name(name, 32)
}

/// Whether a language tag has the form of BCP 47 that spec/line.md §2 asks for.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    tag.len() <= 35
        && (2..=8).contains(&first.len())
        && first.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

pub(crate) fn is_label(text: &str) -> bool {
    (1..=200).contains(&text.len()) && !text.chars().any(char::is_control)
}

pub(crate) fn ascending<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let items: Vec<T> = items.collect();
    items.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
}

impl Terms {
    fn check(&self) -> Result<(), Fault> {
        if self.version != 1 {
            return Err(Fault::incompatible("memorandum version", "1", self.version.to_string()));
        }
        if !is_line_name(&self.name) {
            return Err(refuse("line name", "[a-z][a-z0-9-]{0,31}", self.name.clone()));
        }
        if !(2..=255).contains(&self.parties.len()) {
            return Err(refuse("parties", "2 to 255", self.parties.len().to_string()));
        }
        if !ascending(self.parties.iter().map(|member| member.number)) {
            return Err(refuse("parties", "ascending by number, each once", "another order"));
        }
        for member in &self.parties {
            member.check()?;
        }
        let names: BTreeSet<&str> = self.parties.iter().map(|member| member.name.as_str()).collect();
        if names.len() != self.parties.len() {
            return Err(refuse("parties", "distinct names", "a name twice"));
        }
        seals::check(&self.parties, self.sealing_ms)?;
        witness::check(self.witnesses.as_deref(), self.witnessing_ms)?;
        founding::check(self.founding.as_ref(), self.parent.as_ref())?;
        observer::check(self)?;
        release::check(self.two_officers.as_deref())?;
        let witnesses = self.witnesses.as_deref().unwrap_or_default();
        let observers = self.observers.as_deref().unwrap_or_default();
        let keys: BTreeSet<[u8; 32]> = self
            .parties
            .iter()
            .flat_map(Member::keys)
            .chain(witnesses.iter().map(|witness| witness.key))
            .chain(observers.iter().map(|observer| observer.key))
            .collect();
        let all: usize = self.parties.iter().map(|member| member.keys().count()).sum();
        if keys.len() != all + witnesses.len() + observers.len() {
            let expected = "distinct in every role of every party, witness and observer";
            return Err(refuse("keys", expected, "a key twice"));
        }
        let exists = |number: u8| self.parties.iter().any(|member| member.number == number);
        if !exists(self.depositary) {
            return Err(refuse("depositary", "a party of the line", self.depositary.to_string()));
        }
        if let Some(holder) = self.rule.veto.iter().find(|holder| !exists(**holder)) {
            return Err(refuse("veto holder", "a party of the line", holder.to_string()));
        }
        if !ascending(self.rule.veto.iter()) {
            return Err(refuse("veto holders", "ascending, each once", "another order"));
        }
        if !(1..=self.parties.len()).contains(&usize::from(self.rule.threshold)) {
            let expected = format!("1 to {} votes", self.parties.len());
            return Err(refuse("rule", expected, self.rule.threshold.to_string()));
        }
        self.check_clocks()?;
        if self.quotas.len() != Class::ALL.len() {
            return Err(refuse("quotas", "five, for Z, A, O, P, R", self.quotas.len().to_string()));
        }
        if self.quotas.iter().any(|quota| quota.entries == 0 || quota.bytes < MAX_ENTRY as u64) {
            return Err(refuse("quota", "1 entry and 16,384 bytes, or more", "less"));
        }
        for (place, kind) in self.notices.iter().enumerate() {
            kind.check()?;
            if self.notices.iter().take(place).any(|before| before.name == kind.name) {
                return Err(refuse("notice kind", "distinct names", format!("{} twice", kind.name)));
            }
        }
        if let Some(extent) = &self.extent {
            extent.check()?;
        }
        let circuits = self.circuits.as_deref().unwrap_or_default();
        if circuits.iter().any(|circuit| !is_label(&circuit.name) || !is_label(&circuit.kind)) {
            return Err(refuse("circuit", "a name and a kind of 1 to 200 bytes", "another"));
        }
        Ok(())
    }

    fn check_clocks(&self) -> Result<(), Fault> {
        let handling = &self.handling_ms;
        if handling.len() != 4 || handling.contains(&0) || !handling.is_sorted() {
            return Err(refuse(
                "handling objectives",
                "four, over 0, ascending Z, O, P, R",
                format!("{handling:?} ms"),
            ));
        }
        if !ascending(self.escalations.iter().map(|step| (step.class, step.after_ms))) {
            return Err(refuse("escalations", "ascending by class, then by time", "another order"));
        }
        for step in &self.escalations {
            if !matches!(Class::from_number(step.class), Ok(class) if class != Class::A) || step.after_ms == 0
            {
                return Err(refuse(
                    "escalation",
                    "a class of Z, O, P, R and a time over 0",
                    format!("class {} after {} ms", step.class, step.after_ms),
                ));
            }
            if let Some(member) =
                self.parties.iter().find(|m| !m.offices.iter().any(|office| office.rank == step.rank))
            {
                let expected = format!("an office of rank {} at every party", step.rank);
                return Err(refuse("escalation", expected, format!("none of {}", member.name)));
            }
        }
        if self.tests.interval_ms == 0
            || self.tests.grace_ms == 0
            || self.tests.grace_ms >= self.tests.interval_ms
        {
            return Err(refuse(
                "tests",
                "a grace over 0 and below the interval",
                format!(
                    "a grace of {} ms and an interval of {} ms",
                    self.tests.grace_ms, self.tests.interval_ms
                ),
            ));
        }
        if let Some(within_ms) = self.tests.checkpoint_ms.filter(|within_ms| !AHEAD_MS.contains(within_ms)) {
            let expected = "a checkpoint within 60,000 to 2,678,400,000 ms of them";
            return Err(refuse("tests", expected, within_ms.to_string()));
        }
        if self.rule.window_ms == 0 {
            return Err(refuse("rule", "a window over 0", "0"));
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a `Vec` cannot fail, and no field's encoding can.
        let _ = minicbor::encode(self, &mut out);
        out
    }
}

impl Memorandum {
    /// Holds the terms to every rule of spec/line.md §2.
    ///
    /// # Errors
    /// `Malformed` or `WeakKey`, naming the rule, what it expects and what it found.
    pub fn check(terms: Terms) -> Result<Self, Fault> {
        terms.check()?;
        let bytes = terms.encode();
        if bytes.len() > MAX_MEMORANDUM {
            return Err(refuse("memorandum", "at most 262,144 bytes", bytes.len().to_string()));
        }
        let keys = terms
            .parties
            .iter()
            .map(|m| Ok((Party::new(m.number)?, PublicKey::new(m.book_key)?, PublicKey::new(m.receipt_key)?)))
            .collect::<Result<_, Fault>>()?;
        let hash = sha256(&bytes);
        Ok(Self { hash, line: LineId(hash), terms, keys, others: Vec::new() })
    }

    /// Reads canonical CBOR.
    ///
    /// # Errors
    /// As [`Memorandum::check`], and `Malformed` for bytes in another form.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_MEMORANDUM {
            return Err(refuse("memorandum", "at most 262,144 bytes", bytes.len().to_string()));
        }
        let terms: Terms = minicbor::decode(bytes)
            .map_err(|error| refuse("memorandum", "the structure of spec/line.md §2", error.to_string()))?;
        if terms.encode() != bytes {
            return Err(refuse("memorandum", "its canonical form", "another form, or unknown keys"));
        }
        Self::check(terms)
    }

    /// Its canonical CBOR.
    pub fn encode(&self) -> Vec<u8> {
        self.terms.encode()
    }

    /// SHA-256 of its canonical CBOR.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The line that it founded, or that it is in force on as an amendment.
    pub fn line(&self) -> LineId {
        self.line
    }

    /// What it says.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The parties, ascending.
    pub fn parties(&self) -> impl Iterator<Item = Party> + Clone + '_ {
        self.keys.iter().map(|(party, ..)| *party)
    }

    /// The party of a number.
    pub fn member(&self, party: Party) -> Option<&Member> {
        self.terms.parties.iter().find(|member| member.number == party.number())
    }

    /// Its parties, and those whom other memoranda of its line name, as far as whoever put it in force knew them.
    pub fn everyone(&self) -> impl Iterator<Item = &Member> {
        self.terms.parties.iter().chain(&self.others)
    }

    /// The party of a number, whichever memorandum of the line names it.
    pub fn anyone(&self, party: Party) -> Option<&Member> {
        self.everyone().find(|member| member.number == party.number())
    }

    /// The party of a short name, whichever memorandum of the line names it.
    pub fn party_named(&self, name: &str) -> Option<Party> {
        self.everyone().find(|m| m.name == name).and_then(|m| Party::new(m.number).ok())
    }

    /// The kind of notice of a name.
    pub fn notice_kind(&self, name: &str) -> Option<&NoticeKind> {
        self.terms().notices.iter().find(|kind| kind.name == name)
    }

    /// The short name of a party, or its number where none is known.
    pub fn name_of(&self, party: Party) -> String {
        self.anyone(party).map_or_else(|| party.number().to_string(), |member| member.name.clone())
    }

    /// The key that signs a party's checkpoints.
    pub fn book_key(&self, party: Party) -> Option<&PublicKey> {
        self.keys.iter().find(|(of, ..)| *of == party).map(|(_, book, _)| book)
    }

    /// The key that signs a party's receipts.
    pub fn receipt_key(&self, party: Party) -> Option<&PublicKey> {
        self.keys.iter().find(|(of, ..)| *of == party).map(|(.., receipt)| receipt)
    }

    /// Where the ranks of a party's keys begin, on its line.
    pub fn root(&self, party: Party) -> Option<Root> {
        self.root_of(self.member(party)?)
    }

    /// The same of a party that any memorandum of the line names.
    pub fn root_of_anyone(&self, party: Party) -> Option<Root> {
        self.root_of(self.anyone(party)?)
    }

    fn root_of(&self, member: &Member) -> Option<Root> {
        let party = Party::new(member.number).ok()?;
        let key = |bytes| PublicKey::new(bytes).ok();
        let keys = RankKeys {
            book: key(member.book_key)?,
            receipt: key(member.receipt_key)?,
            station: key(member.station_key)?,
            commitment: member.commitment,
        };
        let recovery = member.recovery_key.and_then(key);
        Some(Root { line: self.line, party, name: member.name.clone(), keys, recovery })
    }

    /// Who witnesses the books, ascending by name.
    pub fn witnesses(&self) -> &[Witness] {
        self.terms.witnesses.as_deref().unwrap_or_default()
    }

    /// How often at most the head of a book is submitted to a witness, ms.
    pub fn witnessing_ms(&self) -> u64 {
        self.terms.witnessing_ms.unwrap_or(WITNESSING_MS)
    }

    /// How often each party that has a seal key seals its books, ms.
    pub fn sealing_ms(&self) -> u64 {
        self.terms.sealing_ms.unwrap_or(SEALING_MS)
    }

    /// SHA-256 of the dictionary that narrow circuits pack with, if they do.
    pub fn dictionary(&self) -> Option<&Hash> {
        self.terms.dictionary.as_ref()
    }

    /// Whose station orders decisions.
    pub fn depositary(&self) -> Option<Party> {
        Party::new(self.terms.depositary).ok()
    }

    /// Time to handle an entry of a class, ms; acts have none.
    pub fn handling_ms(&self, class: Class) -> Option<u64> {
        let place = match class {
            Class::Z => 0,
            Class::O => 1,
            Class::P => 2,
            Class::R => 3,
            Class::A => return None,
        };
        self.terms.handling_ms.get(place).copied()
    }

    /// The steps of escalation of a class, ascending by time.
    pub fn escalations(&self, class: Class) -> impl Iterator<Item = &Escalation> {
        self.terms.escalations.iter().filter(move |step| step.class == class.number())
    }

    /// What a party may append to a book in a day.
    pub fn quota(&self, book: Book) -> Quota {
        let place = usize::from(book.class.number());
        self.terms.quotas.get(place).copied().unwrap_or(Quota { entries: 0, bytes: 0 })
    }

    /// The text that parties sign (spec/line.md §2).
    pub fn note_text(&self) -> String {
        format!("detente memorandum\n{}\n", detente_record::base64(&self.hash))
    }

    /// A party's signature of this memorandum.
    pub fn sign(&self, key: &SecretKey) -> Signature {
        key.sign(self.note_text().as_bytes())
    }

    /// Whether a signature is a party's of this memorandum.
    pub fn is_signed_by(&self, party: Party, signature: &Signature) -> bool {
        self.book_key(party).is_some_and(|key| key.verify(self.note_text().as_bytes(), signature))
    }
}
