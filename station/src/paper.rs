//! The memorandum and a party's card as TOML files for people (spec/memorandum.md), to and from the structures
//! that are hashed and signed.

mod founding;
mod notice;
mod observer;
mod tables;
mod witness;
mod writing;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_line::{
    CircuitKind, Escalation, Member, Memorandum, Office, Quota, Rule, SEALING_MS, Suspension, Terms, Tests,
};
use detente_record::{Hash, Party, PublicKey, Signature};
use serde::{Deserialize, Serialize};

use crate::circuit::DICTIONARY;
use crate::error::SetupError;
use crate::form::{self, Wrong};
use crate::home;
use crate::keys::unhex;
use crate::words;

pub use founding::decision_text;
pub(crate) use founding::parse_decision;
pub use notice::{NoticePart, SeparationPart};
pub use observer::ObserverCard;
pub use tables::{
    CircuitPart, EscalationPart, Handling, LinePart, MotionsPart, OfficePart, QuotaPart, ReleasePart,
    SealsPart, SignaturePart, SuspensionPart, TestsPart,
};
pub use witness::{WitnessPart, WitnessingPart};
pub use writing::Change;

/// A memorandum's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Paper {
    /// The line.
    pub line: LinePart,
    /// Time to handle an entry, by precedence.
    pub handling: Handling,
    /// The test schedule.
    pub tests: TestsPart,
    /// What suspension and reopening take.
    pub suspension: SuspensionPart,
    /// How motions carry.
    pub motions: MotionsPart,
    /// The most that a party may append to a book in a day.
    pub quota: QuotaPart,
    /// Who is called when nobody handles it.
    #[serde(default)]
    pub escalation: Vec<EscalationPart>,
    /// What notices there are.
    #[serde(default)]
    pub notice: Vec<NoticePart>,
    /// Circuits that the parties agreed on.
    #[serde(default)]
    pub circuit: Vec<CircuitPart>,
    /// Who witnesses the books.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<WitnessPart>,
    /// How often the books are witnessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnessing: Option<WitnessingPart>,
    /// Who is shown what parties choose to show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observer: Vec<ObserverCard>,
    /// How often the books are sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seals: Option<SealsPart>,
    /// What two officers release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleasePart>,
    /// The parties, in the order of their numbers.
    #[serde(default)]
    pub party: Vec<Card>,
    /// Signatures; not part of what is signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signature: Vec<SignaturePart>,
    /// What it was read from, for the places of what is wrong with it.
    #[serde(skip)]
    source: String,
}

/// `[[party]]`, and a card by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields of detente_line::Member")]
pub struct Card {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    pub name: String,
    pub full_name: String,
    pub languages: Vec<String>,
    pub book_key: String,
    pub receipt_key: String,
    pub station_key: String,
    pub commitment: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_key: Option<String>,
    /// By the book, receipt and station key, and the recovery key where there is one.
    pub possession: Vec<String>,
    pub office: Vec<OfficePart>,
}

impl SignaturePart {
    /// The signature's bytes, if they are one's.
    pub fn bytes(&self) -> Option<Signature> {
        Signature::try_from(STANDARD.decode(&self.signature).ok()?.as_slice()).ok()
    }
}

fn hash(at: &str, text: &str) -> Result<Hash, Wrong> {
    let found = || format!("{} characters, or others", text.len());
    unhex(text).ok_or_else(|| Wrong::new(at, "64 hex digits", &found()))
}

fn maybe_hash(at: &str, text: Option<&String>) -> Result<Option<Hash>, Wrong> {
    text.map(|text| hash(at, text)).transpose()
}

/// A word of [`words`]; `at` is where it stands.
fn word<T>(at: String, read: Result<T, String>) -> Result<T, Wrong> {
    read.map_err(|text| Wrong { at, text, hint: None })
}

fn hex(bytes: &[u8]) -> String {
    detente_record::hex(bytes)
}

impl Card {
    /// The card of a party.
    pub fn of(member: &Member) -> Self {
        Self {
            number: None,
            name: member.name.clone(),
            full_name: member.full_name.clone(),
            languages: member.languages.clone(),
            book_key: hex(&member.book_key),
            receipt_key: hex(&member.receipt_key),
            station_key: hex(&member.station_key),
            commitment: hex(&member.commitment),
            seal: member.seal.map(|seal| hex(&seal)),
            recovery_key: member.recovery_key.map(|key| hex(&key)),
            possession: member.possession.iter().map(|proof| STANDARD.encode(proof.as_slice())).collect(),
            office: member
                .offices
                .iter()
                .map(|office| OfficePart {
                    number: office.number,
                    name: office.name.clone(),
                    rank: office.rank,
                })
                .collect(),
        }
    }

    /// The party of the card, under a number; `at` is where the card stands in its file.
    fn member(&self, at: &str, number: u8) -> Result<Member, Wrong> {
        let possession = self.possession.iter().map(|proof| {
            let bytes = STANDARD.decode(proof);
            let bytes = bytes.map_err(|_| Wrong::new(below(at, "possession"), "base64", "what is none"))?;
            Ok(bytes.into())
        });
        let key = |name: &str, text: &str| hash(&below(at, name), text);
        Ok(Member {
            number,
            name: self.name.clone(),
            full_name: self.full_name.clone(),
            book_key: key("book-key", &self.book_key)?,
            receipt_key: key("receipt-key", &self.receipt_key)?,
            station_key: key("station-key", &self.station_key)?,
            commitment: key("commitment", &self.commitment)?,
            recovery_key: self.recovery_key.as_ref().map(|text| key("recovery-key", text)).transpose()?,
            possession: possession.collect::<Result<_, Wrong>>()?,
            languages: self.languages.clone(),
            offices: self
                .office
                .iter()
                .map(|office| Office { number: office.number, name: office.name.clone(), rank: office.rank })
                .collect(),
            seal: maybe_hash(&below(at, "seal"), self.seal.as_ref())?,
        })
    }

    /// The party of the card, which has no number yet; `path` is what errors call its file.
    ///
    /// # Errors
    /// `File` for a field that says nothing.
    pub fn to_member(&self, path: &Path) -> Result<Member, SetupError> {
        self.member("", self.number.unwrap_or(0)).map_err(|wrong| wrong.of(path, "", HINT))
    }

    /// Reads a card.
    ///
    /// # Errors
    /// `Io`, or `File` with line and column; `Rule` for a card whose keys do not hold.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        let source = home::read(path)?;
        let card: Self = form::parse(path, &source, HINT)?;
        let member = card.member("", 0).map_err(|wrong| wrong.of(path, &source, HINT))?;
        check_member(&member, "", path, &source)?;
        Ok(card)
    }
}

const HINT: &str = "correct it; spec/memorandum.md lists every field";

/// The place of a field of a card.
fn below(at: &str, field: &str) -> String {
    if at.is_empty() { field.into() } else { format!("{at}.{field}") }
}

/// Holds a party to every rule; the key that is weak is named.
fn check_member(member: &Member, at: &str, path: &Path, source: &str) -> Result<(), SetupError> {
    let keys = [
        ("book-key", member.book_key),
        ("receipt-key", member.receipt_key),
        ("station-key", member.station_key),
    ];
    let recovery = member.recovery_key.map(|key| ("recovery-key", key));
    for (field, key) in keys.into_iter().chain(recovery) {
        if let Err(fault) = PublicKey::new(key) {
            return Err(form::broken(path, source, &below(at, field), fault));
        }
    }
    member.check().map_err(|fault| form::broken(path, source, at, fault))
}

/// Where in the file stands what a rule is about.
fn place_of_rule(what: &str) -> &'static str {
    match what {
        "line name" => "line.name",
        "depositary" => "line.depositary",
        "tests" => "tests",
        "rule" => "motions",
        "veto holder" | "veto holders" => "motions.veto",
        "handling objectives" => "handling",
        "escalation" | "escalations" => "escalation",
        "quota" | "quotas" => "quota",
        "notice kind" => "notice",
        "extent" => "line.extent",
        "founding decision" => "line.decision",
        "circuit" => "circuit",
        "witness name" | "witness url" | "witnesses" => "witness",
        "witnessing" => "witnessing",
        "observer name" | "observers" | "full name of an observer" => "observer",
        "sealing" => "seals",
        "parties" | "keys" | "seal keys" => "party",
        "kinds that pass" => "suspension.passes",
        "kinds of two officers" => "release.two-officers",
        _ => "",
    }
}

/// The numbers of kinds that a field names.
fn kinds(field: &str, names: &[String]) -> Result<Vec<u16>, Wrong> {
    let named = names.iter().enumerate();
    named.map(|(place, name)| word(format!("{field}.{place}"), words::kind(name))).collect()
}

impl ReleasePart {
    fn kinds(&self) -> Result<Vec<u16>, Wrong> {
        let mut kinds = kinds("release.two-officers", &self.two_officers)?;
        kinds.sort_unstable();
        Ok(kinds)
    }
}

impl Paper {
    /// A draft between parties, with the usual terms; the first one is the depositary.
    pub fn draft(line: &str, cards: Vec<Card>) -> Self {
        let numbers = 0u8..;
        let party: Vec<Card> = cards
            .into_iter()
            .zip(numbers)
            .map(|(card, number)| Card { number: Some(number), ..card })
            .collect();
        let minute = 60_000;
        let escalation = |precedence: &str, minutes: u64, rank: u16| EscalationPart {
            precedence: precedence.into(),
            after: minutes * minute,
            rank,
        };
        let ranks = |rank: u16| party.iter().all(|card| card.office.iter().any(|office| office.rank == rank));
        let steps = [escalation("flash", 2, 1), escalation("flash", 10, 2), escalation("immediate", 10, 1)];
        Self {
            line: LinePart {
                name: line.into(),
                depositary: party.first().map(|card| card.name.clone()).unwrap_or_default(),
                predecessor: None,
                parent: None,
                decision: None,
                decision_hash: None,
                refounds: None,
                text: None,
                dictionary: Some(hex(&DICTIONARY)),
                extent: None,
            },
            handling: Handling {
                flash: 10 * minute,
                immediate: 30 * minute,
                priority: 180 * minute,
                routine: 360 * minute,
            },
            tests: TestsPart {
                interval: 60 * minute,
                grace: 10 * minute,
                checkpoint: Some(24 * 60 * minute),
            },
            suspension: SuspensionPart { consent: true, passes: Vec::new() },
            motions: MotionsPart {
                votes_to_carry: u8::try_from(party.len()).unwrap_or(u8::MAX),
                veto: Vec::new(),
                window: 14 * 24 * 60 * minute,
            },
            quota: QuotaPart {
                flash: [10_000, 64 << 20],
                acts: [10_000, 64 << 20],
                immediate: [50_000, 256 << 20],
                priority: [200_000, 512 << 20],
                routine: [2_000_000, 2 << 30],
            },
            escalation: steps.into_iter().filter(|step| ranks(step.rank)).collect(),
            notice: NoticePart::usual(),
            circuit: vec![CircuitPart { name: "main".into(), kind: "quic".into() }],
            witness: Vec::new(),
            witnessing: None,
            observer: Vec::new(),
            seals: party.iter().any(|card| card.seal.is_some()).then_some(SealsPart { every: SEALING_MS }),
            release: None,
            party,
            signature: Vec::new(),
            source: String::new(),
        }
    }

    /// Reads a memorandum's file.
    ///
    /// # Errors
    /// `Io`, or `File` with line and column.
    pub fn read(path: &Path) -> Result<Self, SetupError> {
        Self::parse(path, &home::read(path)?)
    }

    /// Reads a memorandum's file from its text; `path` is what errors call it.
    ///
    /// # Errors
    /// `File` with line and column.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SetupError> {
        let paper = form::parse(path, text, HINT)?;
        Ok(Self { source: text.to_owned(), ..paper })
    }

    /// The file's text.
    pub fn text(&self) -> String {
        // Every field is a string, number, flag, list or table: there is nothing that TOML cannot say.
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// The memorandum that it says, held to every rule; `path` is what errors call the file.
    ///
    /// # Errors
    /// `File` for a word that means nothing, `Rule` for a rule that it breaks, with the place.
    pub fn memorandum(&self, path: &Path) -> Result<Memorandum, SetupError> {
        let terms = self.terms().map_err(|wrong| wrong.of(path, &self.source, HINT))?;
        for (place, member) in terms.parties.iter().enumerate() {
            check_member(member, &format!("party.{place}"), path, &self.source)?;
        }
        Memorandum::check(terms).map_err(|fault| {
            let place = place_of_rule(fault.detail().what);
            form::broken(path, &self.source, place, fault)
        })
    }

    fn terms(&self) -> Result<Terms, Wrong> {
        let numbered: Vec<(u8, &Card)> = self
            .party
            .iter()
            .enumerate()
            .map(|(place, card)| {
                let number = card.number.map(|number| (number, card));
                number.ok_or_else(|| Wrong::new(format!("party.{place}"), "a number", "none"))
            })
            .collect::<Result<_, _>>()?;
        let names: Vec<&str> = self.party.iter().map(|card| card.name.as_str()).collect();
        let named = |at: &str, name: &str| {
            let found = numbered.iter().find(|(_, card)| card.name == *name).map(|(number, _)| *number);
            let expected = format!("the short name of a party, one of {}", names.join(", "));
            found.ok_or_else(|| Wrong::word(at, &expected, name, names.iter().copied()))
        };
        let members = numbered.iter().zip(0..);
        let members = members
            .map(|((number, card), place): (_, usize)| card.member(&format!("party.{place}"), *number));
        let escalations = self.escalation.iter().enumerate().map(|(place, step)| {
            let class = word(format!("escalation.{place}.precedence"), words::class(&step.precedence))?;
            Ok(Escalation { class: class.number(), after_ms: step.after, rank: step.rank })
        });
        let passes = kinds("suspension.passes", &self.suspension.passes);
        let veto = self.motions.veto.iter().enumerate();
        let veto = veto.map(|(place, name)| named(&format!("motions.veto.{place}"), name));
        let quota = |[entries, bytes]: [u64; 2]| Quota { entries, bytes };
        let circuits =
            self.circuit.iter().map(|c| CircuitKind { name: c.name.clone(), kind: c.kind.clone() });
        let notices = self.notice.iter().enumerate();
        let notices = notices.map(|(place, notice)| notice.kind(&format!("notice.{place}")));
        let mut escalations: Vec<Escalation> = escalations.collect::<Result<_, Wrong>>()?;
        escalations.sort_by_key(|step| (step.class, step.after_ms));
        Ok(Terms {
            version: 1,
            name: self.line.name.clone(),
            predecessor: maybe_hash("line.predecessor", self.line.predecessor.as_ref())?,
            parent: maybe_hash("line.parent", self.line.parent.as_ref())?,
            refounds: maybe_hash("line.refounds", self.line.refounds.as_ref())?,
            parties: members.collect::<Result<_, _>>()?,
            depositary: named("line.depositary", &self.line.depositary)?,
            handling_ms: vec![
                self.handling.flash,
                self.handling.immediate,
                self.handling.priority,
                self.handling.routine,
            ],
            escalations,
            tests: Tests {
                interval_ms: self.tests.interval,
                grace_ms: self.tests.grace,
                checkpoint_ms: self.tests.checkpoint,
            },
            suspension: Suspension { consent: self.suspension.consent, passes: passes? },
            quotas: vec![
                quota(self.quota.flash),
                quota(self.quota.acts),
                quota(self.quota.immediate),
                quota(self.quota.priority),
                quota(self.quota.routine),
            ],
            rule: Rule {
                threshold: self.motions.votes_to_carry,
                veto: veto.collect::<Result<_, _>>()?,
                window_ms: self.motions.window,
            },
            notices: notices.collect::<Result<_, Wrong>>()?,
            circuits: (!self.circuit.is_empty()).then(|| circuits.collect()),
            text: maybe_hash("line.text", self.line.text.as_ref())?,
            extent: self.line.extent.map(notice::extent).transpose()?,
            witnesses: witness::witnesses(&self.witness)?,
            witnessing_ms: self.witnessing.as_ref().map(|witnessing| witnessing.every),
            observers: observer::observers(&self.observer)?,
            founding: founding::founding(&self.line)?,
            sealing_ms: self.seals.as_ref().map(|seals| seals.every),
            dictionary: maybe_hash("line.dictionary", self.line.dictionary.as_ref())?,
            two_officers: self.release.as_ref().map(ReleasePart::kinds).transpose()?,
        })
    }

    /// The parties that have not signed it, or whose signature does not hold.
    ///
    /// # Errors
    /// As [`Paper::memorandum`].
    pub fn missing(&self, path: &Path) -> Result<Vec<String>, SetupError> {
        let memorandum = self.memorandum(path)?;
        let signed = |party: Party| {
            let name = memorandum.name_of(party);
            self.signature.iter().filter(|part| part.party == name).any(|part| {
                let bytes = STANDARD.decode(&part.signature).unwrap_or_default();
                Signature::try_from(bytes.as_slice())
                    .is_ok_and(|signature| memorandum.is_signed_by(party, &signature))
            })
        };
        Ok(memorandum
            .parties()
            .filter(|party| !signed(*party))
            .map(|party| memorandum.name_of(party))
            .collect())
    }

    /// Adds a party's signature, in place of an earlier one of it.
    pub fn add_signature(&mut self, party: &str, signature: &Signature) {
        self.signature.retain(|part| part.party != party);
        self.signature.push(SignaturePart { party: party.into(), signature: STANDARD.encode(signature) });
        self.signature.sort_by(|a, b| a.party.cmp(&b.party));
    }
}
