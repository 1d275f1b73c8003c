//! `[[step]]`: what happens in a scenario, one thing at a time.

use super::document::{Table, Value, hint_for};
use super::draft::{self, Draft, SAYINGS};
use super::expectation::{self, Expectation};
use super::place::{self, Place};
use super::terms::{PRECEDENCES, PartyPlan, Terms, party_name};
use super::time;

/// Most entries of a burst.
const MAX_BURST: u64 = 5_000;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// The line of the file where it begins.
    pub(crate) line: usize,
    /// What others refer to it by.
    pub(crate) id: Option<String>,
    /// What both clocks show when it happens, ms.
    pub(crate) at_ms: u64,
    /// The heading of a part that begins with it.
    pub(crate) chapter: Option<String>,
    /// What a viewer should see in it.
    pub(crate) caption: Option<String>,
    /// What is done.
    pub(crate) deed: Deed,
    /// What has to hold then.
    pub(crate) expectations: Vec<Expectation>,
}

/// What is done in a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    /// A party appends an entry.
    Say {
        /// Short name of the author.
        by: String,
        /// The entry.
        draft: Draft,
    },
    /// A party appends many messages, as fast as its station takes them.
    Burst {
        /// Short name of the author.
        by: String,
        /// Class of the messages.
        precedence: char,
        /// How many.
        count: u64,
        /// What each one says, before its number.
        text: String,
        /// Whose station is killed meanwhile, and after how many accepted messages.
        kill: Option<(String, u64)>,
    },
    /// A party plans something and does not say it: it stays on its own station.
    Plan {
        /// Short name of the party.
        by: String,
        /// The notice that is not given.
        plan: Draft,
    },
    /// A party gives a plan up; its station forgets it.
    Drop {
        /// Short name of the party.
        by: String,
        /// The step that planned it.
        of: String,
    },
    /// A party asks its own station what something would touch; nothing is written.
    Check {
        /// Short name of the party.
        by: String,
        /// What is asked.
        asked: Check,
    },
    /// Several parties vote on a motion, all at one time.
    RollCall {
        /// The step that moved it.
        of: String,
        /// Who votes, and how: `for`, `against` or `abstain`.
        votes: Vec<(String, &'static str)>,
    },
    /// Nobody does anything: the decision on a motion is waited for and shown, with its reason.
    Decision {
        /// The step that moved it.
        of: String,
    },
    /// A party says something in public, beside the line.
    Claim {
        /// Short name of the party; `None` where the public record does not say, or it is a third one.
        by: Option<String>,
        /// What it says.
        text: String,
    },
    /// Something happens in the world.
    Event {
        /// What.
        text: String,
    },
    /// A station's process is killed, as by `kill -9`.
    Kill {
        /// Whose.
        by: String,
    },
    /// A killed station is started again on its store.
    Restart {
        /// Whose.
        by: String,
    },
    /// Every circuit between the parties stops carrying.
    Cut,
    /// They carry again.
    Heal,
    /// Nothing but time passes; what the record proves is shown.
    Look,
}

/// A position and a time of which a station is asked what they touch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Check {
    /// The middle.
    pub(crate) position: Place,
    /// So far around it, in metres; `None` for the position alone.
    pub(crate) radius_m: Option<f64>,
    /// From when, ms.
    pub(crate) from_ms: u64,
    /// Until when, ms.
    pub(crate) until_ms: u64,
}

/// What the reading of steps knows of the scenario so far.
pub(super) struct Reader<'p> {
    /// The parties.
    pub(super) parties: &'p [PartyPlan],
    terms: &'p Terms,
    last_ms: u64,
    ids: Vec<String>,
    /// Those of the steps that move something.
    motions: Vec<String>,
}

impl<'p> Reader<'p> {
    /// A reader at the start of the scenario.
    pub(super) fn new(parties: &'p [PartyPlan], terms: &'p Terms, start_ms: u64) -> Self {
        Self { parties, terms, last_ms: start_ms, ids: Vec::new(), motions: Vec::new() }
    }

    /// The id of a step that has been read already.
    pub(super) fn earlier(&self, value: &Value<'_, '_>) -> Option<String> {
        one_of(value, &self.ids, "the `id` of an earlier step")
    }

    /// The id of a step that has been read already, and moves something.
    pub(super) fn motion(&self, value: &Value<'_, '_>) -> Option<String> {
        one_of(value, &self.motions, "the `id` of an earlier step that moves something")
    }

    /// A kind of notice that the memorandum has.
    pub(super) fn notice_kind(&self, value: &Value<'_, '_>) -> Option<String> {
        let name = value.text()?;
        if self.terms.notices.iter().any(|kind| kind.name == name) {
            return Some(name);
        }
        let known: Vec<&str> = self.terms.notices.iter().map(|kind| kind.name.as_str()).collect();
        value.refuse("a notice kind of [memorandum]", hint_for(&name, &known));
        None
    }

    /// A party of the scenario.
    pub(super) fn party(&self, value: &Value<'_, '_>) -> Option<String> {
        party_name(value, self.parties)
    }

    fn time(&mut self, table: &Table<'_, '_>) -> Option<u64> {
        let at_ms = match (table.value("at"), table.value("after")) {
            (Some(at), None) => {
                let at_ms = at.instant()?;
                if at_ms < self.last_ms {
                    at.refuse(
                        &format!("a time not before the step above, {}", time::dtg(self.last_ms)),
                        None,
                    );
                    return None;
                }
                at_ms
            }
            (None, Some(after)) => self.last_ms.checked_add(after.duration()?)?,
            (Some(_), Some(after)) => {
                after.refuse("either `at` or `after`", None);
                return None;
            }
            (None, None) => {
                let hint = "`at = 2017-04-06T22:40:00Z`, or `after = \"2m\"` for after the step above";
                table.fault("a step lacks `at` or `after`".to_owned(), Some(hint.to_owned()));
                return None;
            }
        };
        self.last_ms = at_ms;
        Some(at_ms)
    }

    /// Reads a step; `None` where it left a fault.
    pub(super) fn step(&mut self, table: Table<'_, '_>) -> Option<Step> {
        let line = table.line();
        let at_ms = self.time(&table);
        let chapter = table.value("chapter").and_then(|value| value.text());
        let caption = table.value("caption").and_then(|value| value.text());
        let word = word(&table);
        let by = table.value("by").and_then(|value| self.party(&value));
        let deed = word.and_then(|word| self.deed(word, by, &table, at_ms.unwrap_or(self.last_ms)));
        let id = table.value("id").and_then(|value| {
            let id = value.text()?;
            if self.ids.contains(&id) {
                value.refuse("an `id` that no other step has", None);
            }
            Some(id)
        });
        self.ids.extend(id.clone());
        if word.is_some_and(|word| matches!(word, "move" | "propose-reopening")) {
            self.motions.extend(id.clone());
        }
        let expected = table.value("expect").and_then(|value| value.list()).unwrap_or_default();
        let expectations = expected
            .iter()
            .filter_map(|item| item.table("an expectation"))
            .filter_map(|item| expectation::expectation(item, self))
            .collect();
        // Without a deed it is not known which keys the step may have.
        if word.is_some() {
            table.close();
        }
        Some(Step { line, id, at_ms: at_ms?, chapter, caption, deed: deed?, expectations })
    }

    fn deed(
        &self,
        word: &'static str,
        by: Option<String>,
        table: &Table<'_, '_>,
        at_ms: u64,
    ) -> Option<Deed> {
        if by.is_none()
            && !matches!(word, "roll-call" | "decision" | "claim" | "event" | "cut" | "heal" | "look")
        {
            table.needed("by")?;
            return None;
        }
        if let Some((_, kind)) = SAYINGS.iter().find(|(name, _)| *name == word) {
            let draft = draft::draft(word, kind, table, self, at_ms);
            return Some(Deed::Say { by: by?, draft: draft? });
        }
        let text = || table.needed("text").and_then(|value| value.text());
        match word {
            "burst" => self.burst(by?, table),
            "plan" => Some(Deed::Plan { by: by?, plan: draft::plan(table, self) }),
            "drop" => {
                let of = table.needed("of").and_then(|value| self.earlier(&value));
                Some(Deed::Drop { by: by?, of: of? })
            }
            "check" => {
                let position = table.needed("position").and_then(|value| place::place(&value));
                let radius_m = table.value("km").and_then(|value| place::metres(&value));
                let (from_ms, until_ms) = place::window(table);
                let (from_ms, until_ms) = (from_ms?, until_ms?);
                Some(Deed::Check {
                    by: by?,
                    asked: Check { position: position?, radius_m, from_ms, until_ms },
                })
            }
            "roll-call" => self.roll_call(table),
            "decision" => {
                let of = table.needed("of").and_then(|value| self.motion(&value));
                Some(Deed::Decision { of: of? })
            }
            "claim" => Some(Deed::Claim { by, text: text()? }),
            "event" => Some(Deed::Event { text: text()? }),
            "kill" => Some(Deed::Kill { by: by? }),
            "restart" => Some(Deed::Restart { by: by? }),
            "cut" => Some(Deed::Cut),
            "heal" => Some(Deed::Heal),
            _ => Some(Deed::Look),
        }
    }

    /// Who votes for, against or abstains; nobody twice.
    fn roll_call(&self, table: &Table<'_, '_>) -> Option<Deed> {
        let of = table.needed("of").and_then(|value| self.motion(&value));
        let mut votes: Vec<(String, &'static str)> = Vec::new();
        for choice in ["for", "against", "abstain"] {
            for value in table.value(choice).and_then(|value| value.list()).unwrap_or_default() {
                let Some(party) = self.party(&value) else { continue };
                if votes.iter().any(|(voted, _)| *voted == party) {
                    value.refuse("a party that has not voted in this step", None);
                }
                votes.push((party, choice));
            }
        }
        if votes.is_empty() {
            table.fault("a roll call lacks `for`, `against` or `abstain`".to_owned(), None);
        }
        Some(Deed::RollCall { of: of?, votes })
    }

    fn burst(&self, by: String, table: &Table<'_, '_>) -> Option<Deed> {
        let precedence = table.value("precedence").map_or(Some('R'), |value| value.one_of(&PRECEDENCES));
        let count = table.needed("count").and_then(|value| {
            let count = value.whole()?;
            if !(1..=MAX_BURST).contains(&count) {
                value.refuse(&format!("1 to {MAX_BURST}"), None);
            }
            Some(count)
        });
        let text = table.needed("text").and_then(|value| value.text());
        let kill = table.value("kill").and_then(|value| self.party(&value));
        let after = table.value("kill-after").and_then(|value| {
            let after = value.whole()?;
            if count.is_some_and(|count| after >= count) {
                value.refuse("fewer than `count`, so that it happens in the midst", None);
            }
            Some(after)
        });
        let count = count?;
        let kill = kill.map(|party| (party, after.unwrap_or(count / 2)));
        Some(Deed::Burst { by, precedence: precedence?, count, text: text?, kill })
    }
}

/// An id that is among those known.
fn one_of(value: &Value<'_, '_>, known: &[String], expected: &str) -> Option<String> {
    let id = value.text()?;
    if known.contains(&id) {
        return Some(id);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    value.refuse(expected, hint_for(&id, &known));
    None
}

/// What `do` says.
fn word(table: &Table<'_, '_>) -> Option<&'static str> {
    let others = [
        "burst",
        "plan",
        "drop",
        "check",
        "roll-call",
        "decision",
        "claim",
        "event",
        "kill",
        "restart",
        "cut",
        "heal",
        "look",
    ];
    let known: Vec<(&str, &'static str)> =
        SAYINGS.iter().map(|(word, _)| *word).chain(others).map(|word| (word, word)).collect();
    table.needed("do").and_then(|value| value.one_of(&known))
}
