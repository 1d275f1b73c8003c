//! A memorandum as the file that it would be read from, for whoever has only its structure: one that a motion moved.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::notice::Field;
use detente_line::{Extent, Memorandum, NoticeKind, Quota, Witness};
use detente_record::{Class, Party};

use super::{
    Card, CircuitPart, EscalationPart, Handling, LinePart, MotionsPart, NoticePart, ObserverCard, Paper,
    QuotaPart, ReleasePart, SealsPart, SeparationPart, SuspensionPart, TestsPart, WitnessPart,
    WitnessingPart, hex,
};
use crate::words;

/// Something that two memoranda say otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it stands in the file, such as `handling.flash` or `notice.site.lead`.
    pub field: String,
    /// As it was; `None` where the field was not there.
    pub before: Option<String>,
    /// As it would be; `None` where the field would go.
    pub after: Option<String>,
}

impl Paper {
    /// The file that says a memorandum, without signatures.
    pub fn of(memorandum: &Memorandum) -> Self {
        let terms = memorandum.terms();
        let named = |number: u8| {
            Party::new(number).map_or_else(|_| number.to_string(), |party| memorandum.name_of(party))
        };
        let handling = |class| memorandum.handling_ms(class).unwrap_or_default();
        let quota = |place: usize| {
            terms.quotas.get(place).map_or([0, 0], |Quota { entries, bytes }| [*entries, *bytes])
        };
        let kind = |number: &u16| words::kind_name(*number).map_or_else(|| number.to_string(), String::from);
        let mut paper = Self {
            line: LinePart {
                name: terms.name.clone(),
                depositary: named(terms.depositary),
                predecessor: terms.predecessor.map(|hash| hex(&hash)),
                parent: terms.parent.map(|hash| hex(&hash)),
                decision: None,
                decision_hash: None,
                refounds: terms.refounds.map(|hash| hex(&hash)),
                text: terms.text.map(|hash| hex(&hash)),
                dictionary: terms.dictionary.map(|hash| hex(&hash)),
                extent: terms.extent.as_ref().map(degrees),
            },
            handling: Handling {
                flash: handling(Class::Z),
                immediate: handling(Class::O),
                priority: handling(Class::P),
                routine: handling(Class::R),
            },
            tests: TestsPart {
                interval: terms.tests.interval_ms,
                grace: terms.tests.grace_ms,
                checkpoint: terms.tests.checkpoint_ms,
            },
            suspension: SuspensionPart {
                consent: terms.suspension.consent,
                passes: terms.suspension.passes.iter().map(kind).collect(),
            },
            motions: MotionsPart {
                votes_to_carry: terms.rule.threshold,
                veto: terms.rule.veto.iter().map(|holder| named(*holder)).collect(),
                window: terms.rule.window_ms,
            },
            quota: QuotaPart {
                flash: quota(0),
                acts: quota(1),
                immediate: quota(2),
                priority: quota(3),
                routine: quota(4),
            },
            escalation: terms
                .escalations
                .iter()
                .map(|step| EscalationPart {
                    precedence: Class::from_number(step.class)
                        .map_or_else(|_| step.class.to_string(), |class| words::class_name(class).to_owned()),
                    after: step.after_ms,
                    rank: step.rank,
                })
                .collect(),
            notice: terms.notices.iter().map(NoticePart::of).collect(),
            circuit: terms
                .circuits
                .iter()
                .flatten()
                .map(|circuit| CircuitPart { name: circuit.name.clone(), kind: circuit.kind.clone() })
                .collect(),
            witness: terms.witnesses.iter().flatten().map(WitnessPart::of).collect(),
            witnessing: terms.witnessing_ms.map(|every| WitnessingPart { every }),
            observer: terms.observers.iter().flatten().map(ObserverCard::of).collect(),
            seals: terms.sealing_ms.map(|every| SealsPart { every }),
            release: terms
                .two_officers
                .as_ref()
                .map(|kinds| ReleasePart { two_officers: kinds.iter().map(kind).collect() }),
            party: terms
                .parties
                .iter()
                .map(|member| Card { number: Some(member.number), ..Card::of(member) })
                .collect(),
            signature: Vec::new(),
            source: String::new(),
        };
        if let Some(founding) = &terms.founding {
            paper.line.name_decision(founding);
        }
        paper
    }

    /// The file of an amendment that changes nothing yet.
    pub fn amending(memorandum: &Memorandum) -> Self {
        let mut paper = Self::of(memorandum);
        paper.line.predecessor = Some(hex(&memorandum.hash()));
        paper
    }

    /// Admits a party under a number that none of the line ever had.
    pub fn admit(&mut self, card: Card, number: u8) {
        self.party.push(Card { number: Some(number), ..card });
    }

    /// Grants an observer access, in place of one of its name.
    pub fn observe(&mut self, card: ObserverCard) {
        self.observer.retain(|other| other.name != card.name);
        self.observer.push(card);
    }

    /// Ends an observer's access. Says whether there was such an observer.
    pub fn dismiss(&mut self, name: &str) -> bool {
        let before = self.observer.len();
        self.observer.retain(|card| card.name != name);
        self.observer.len() < before
    }

    /// Leaves a party out, and its veto; no more votes carry then than there are parties. Says whether there was such a party.
    pub fn expel(&mut self, name: &str) -> bool {
        let before = self.party.len();
        self.party.retain(|card| card.name != name);
        self.motions.veto.retain(|holder| holder != name);
        let parties = u8::try_from(self.party.len()).unwrap_or(u8::MAX);
        self.motions.votes_to_carry = self.motions.votes_to_carry.min(parties);
        self.party.len() < before
    }

    /// What another memorandum's file says otherwise, ascending by field; its predecessor aside, which an amendment always
    /// says otherwise.
    pub fn changes(&self, after: &Self) -> Vec<Change> {
        let (before, after) = (self.fields(), after.fields());
        let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = fields.into_iter().filter(|field| before.get(*field) != after.get(*field));
        changed
            .filter(|field| *field != "line.predecessor")
            .map(|field| Change {
                field: field.clone(),
                before: before.get(field).cloned(),
                after: after.get(field).cloned(),
            })
            .collect()
    }

    /// Every field with what it says; a table of a list goes by its name, or its number.
    fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        if let Ok(whole) = toml::Value::try_from(self) {
            flatten("", &whole, &mut fields);
        }
        fields
    }
}

fn flatten(at: &str, value: &toml::Value, fields: &mut BTreeMap<String, String>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(name, value)| flatten(&below(name), value, fields))
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            for (place, item) in items.iter().enumerate() {
                let named = item.get("name").and_then(toml::Value::as_str).map(str::to_owned);
                flatten(&below(&named.unwrap_or_else(|| (place + 1).to_string())), item, fields);
            }
        }
        toml::Value::String(text) => drop(fields.insert(at.to_owned(), text.clone())),
        other => drop(fields.insert(at.to_owned(), other.to_string())),
    }
}

/// South, west, north and east of an extent in degrees; all the way around is from 180° to 180°.
fn degrees(extent: &Extent) -> [f64; 4] {
    const TURN: i64 = 3_600_000_000;
    let (west, east) = match extent.east - extent.west {
        TURN => (-TURN / 2, TURN / 2),
        _ if extent.east > TURN / 2 => (extent.west, extent.east - TURN),
        _ => (extent.west, extent.east),
    };
    [extent.south.into(), west, extent.north.into(), east].map(|units: i64| units as f64 / 1e7)
}

impl NoticePart {
    /// The table of a kind.
    fn of(kind: &NoticeKind) -> Self {
        let field = |number: &u16| {
            Field::from_number(*number).map_or_else(|| number.to_string(), |field| field.name().to_owned())
        };
        Self {
            name: kind.name.clone(),
            nature: kind.nature.map(|nature| nature.name().to_owned()),
            lead: kind.lead_ms,
            emergency_lead: kind.emergency_lead_ms,
            requires: kind.required.iter().flatten().map(field).collect(),
            separation: kind.minima.as_ref().map(|minima| SeparationPart {
                distance: minima.distance_mm.map(u64::from),
                height: minima.vertical_mm.map(u64::from),
                time: minima.time_ms,
            }),
            tolerance: kind.tolerance_ppm.map(|ppm| f64::from(ppm) / 1e6),
            review: kind.review_ms,
            half_width: kind.half_width_mm.map(u64::from),
        }
    }
}

impl WitnessPart {
    /// The table of a witness.
    fn of(witness: &Witness) -> Self {
        Self { name: witness.name.clone(), key: hex(&witness.key), url: witness.url.clone() }
    }
}
