//! Motions on the screen: a roll that fills in, and the depositary's decision with its reason.
//!
//! What is shown is what stations compute; the reason of a decision is put into words from the votes that the
//! depositary's entry itself names, and every other station is asked whether it comes to the same.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::{Instant, timeout_at};

use super::calls::Failed;
use super::check::Checker;
use super::drawing::text;
use super::ledger::Outcome;
use super::play::Play;
use super::roll::{Found, Roll};
use super::timeline::{Said, Travel, said};
use crate::output::Tone;
use crate::scenario::time::dtg;
use crate::scenario::{Draft, Step};

/// How long a vote is waited for until stations count it, and a decision until all have it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a station is left alone when none says that anything changed.
const ASK_AGAIN: Duration = Duration::from_millis(250);

impl Play<'_> {
    fn checker(&self) -> Checker<'_> {
        let (scenario, stage, ledger) = (self.scenario, &self.stage, &self.ledger);
        Checker { scenario, stage, ledger, tests: &self.stage.tests }
    }

    /// What the depositary's station computes of a motion, once that is as wanted; what it is by then, if never.
    async fn found_once(&self, motion: &str, wanted: impl Fn(&Found) -> bool) -> Option<Found> {
        let mut changed = self.stage.changed.subscribe();
        let deadline = Instant::now() + PATIENCE;
        loop {
            changed.borrow_and_update();
            let depositary = &self.scenario.terms.depositary;
            let depositary = self.stage.running().find(|actor| actor.name == *depositary)?;
            let found = self.checker().found(depositary, motion).await.ok();
            if found.as_ref().is_some_and(&wanted) || Instant::now() >= deadline {
                return found;
            }
            let again = deadline.min(Instant::now() + ASK_AGAIN);
            let _ = timeout_at(again, changed.changed()).await;
        }
    }

    /// The roll of a motion under the entry that moved it or voted on it.
    pub(super) async fn show_vote(&mut self, by: &str, draft: &Draft) {
        if !self.screen.timeline.is_one_column() {
            return;
        }
        let choice = draft.fields.get("choice").and_then(Json::as_str);
        let motion = match (draft.kind, choice) {
            ("motion", _) => self.ledger.outcome(None).and_then(|outcome| outcome.names.first().cloned()),
            ("vote", Some(_)) => draft.regards.first().and_then(|id| self.ledger.names(id).first().cloned()),
            _ => None,
        };
        let Some(motion) = motion else { return };
        let counted =
            |found: &Found| choice.is_none_or(|choice| found.votes.get(by).is_some_and(|v| v == choice));
        let found = self.found_once(&motion, counted).await.unwrap_or_default();
        self.show_roll(&found.votes);
    }

    fn show_roll(&mut self, votes: &BTreeMap<String, String>) {
        let roll = Roll::new(self.scenario, votes);
        let drawn = self.screen.timeline.roll(&roll.marks(), &roll.tally());
        self.screen.show(&drawn);
    }

    /// Parties vote on a motion, one right after the other.
    pub(super) async fn roll_call(&mut self, step: &Step, of: &str, votes: &[(String, &'static str)]) {
        let motion = self.ledger.names(of).first().cloned().unwrap_or_default();
        let by = votes.first().and_then(|(party, _)| self.scenario.place_of(party)).unwrap_or_default();
        let mut outcome = Outcome { by, ..Outcome::default() };
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        for (party, choice) in votes {
            let place = self.scenario.place_of(party).unwrap_or_default();
            let Some(actor) = self.stage.actors.get(place) else { continue };
            self.screen.progress(&format!("{party} votes"));
            let vote = json!({"kind": "vote", "choice": choice, "regards": [motion.as_str()]});
            let answer = actor.calls.tell(&self.entries_path(false), &vote).await;
            let cell = match answer {
                Ok(answer) => {
                    outcome.names.extend(text(&answer, "entry").map(str::to_owned));
                    said(Tone::Strong, format!("VOTE {}", choice.to_uppercase()))
                }
                Err(why) => {
                    let why: Failed = why;
                    self.fail(Some(step.line), &format!("a vote of {party} accepted"), &why.to_string());
                    said(Tone::Bad, "✘ no vote")
                }
            };
            if let Some(cells) = cells.get_mut(place) {
                cells.push(cell);
            }
        }
        let all = |found: &Found| {
            votes.iter().all(|(party, choice)| found.votes.get(party).is_some_and(|vote| vote == choice))
        };
        let found = self.found_once(&motion, all).await.unwrap_or_default();
        let row = self.screen.timeline.row(&dtg(step.at_ms), &cells, Travel::None);
        self.screen.show(&row);
        self.show_roll(&found.votes);
        self.ledger.keep(step.id.as_deref(), outcome);
    }

    /// Waits for the decision on a motion, and shows what it is, why, and whether every station computes the same.
    pub(super) async fn decision(&mut self, step: &Step, of: &str) {
        let motion = self.ledger.names(of).first().cloned().unwrap_or_default();
        self.screen.progress(&format!("waiting for the decision on {motion}"));
        let found = self.found_once(&motion, |found| found.decision.is_some()).await;
        self.ledger.keep(step.id.as_deref(), Outcome::default());
        let Some((entry, outcome)) = found.and_then(|found| found.decision) else {
            self.fail(Some(step.line), &format!("a decision on {motion}"), "none");
            return;
        };
        let place = self.scenario.place_of(&self.scenario.terms.depositary).unwrap_or_default();
        let counted = self.counted(place, &motion, &entry).await;
        let roll = Roll::new(self.scenario, &counted);
        let tone = if outcome == "carried" { Tone::Good } else { Tone::Bad };
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        for (at, plan) in self.scenario.parties.iter().enumerate() {
            let Some(cell) = cells.get_mut(at) else { continue };
            if at == place {
                cell.push(said(Tone::Strong, format!("DECIDES {entry}")));
                cell.push(said(tone, format!("{motion} is {}", outcome.to_uppercase())));
                cell.push(said(Tone::Plain, format!("because {}", roll.why(&outcome))));
                continue;
            }
            if let Some(same) = self.computes(&plan.name, &motion, &entry, &outcome).await {
                cell.push(same);
            }
        }
        let row = self.screen.timeline.row(&dtg(step.at_ms), &cells, Travel::Receipted(place));
        self.screen.show(&row);
        let drawn = self.screen.timeline.roll(&roll.marks(), &roll.tally());
        self.screen.show(&drawn);
    }

    /// Whether a station comes to the same as the depositary's; `None` where it does not run.
    async fn computes(&self, party: &str, motion: &str, entry: &str, outcome: &str) -> Option<Said> {
        let actor = self.stage.running().find(|actor| actor.name == party)?;
        let mut changed = self.stage.changed.subscribe();
        let deadline = Instant::now() + PATIENCE;
        loop {
            changed.borrow_and_update();
            let found = self.checker().found(actor, motion).await.unwrap_or_default();
            match &found.decision {
                Some((by, is)) if by == entry && is == outcome => {
                    return Some(said(Tone::Good, format!("✔ computes the same: {outcome}")));
                }
                None if Instant::now() < deadline => {
                    let again = deadline.min(Instant::now() + ASK_AGAIN);
                    let _ = timeout_at(again, changed.changed()).await;
                }
                _ => return Some(said(Tone::Bad, format!("✘ computes: {}", found.outcome()))),
            }
        }
    }

    /// What each party voted by the entries that a decision names; a motion itself is its mover's vote for it.
    async fn counted(&self, place: usize, motion: &str, decision: &str) -> BTreeMap<String, String> {
        let Some(actor) = self.stage.actors.get(place) else { return BTreeMap::new() };
        let mut changed = self.stage.changed.subscribe();
        let deadline = Instant::now() + PATIENCE;
        // What a station has just written counts at once, and can be read once it is durable.
        let mut entry = async |name: &str| {
            let path = format!("/v1/lines/{}/entries/{name}", self.scenario.line);
            loop {
                changed.borrow_and_update();
                match actor.calls.ask(&path).await {
                    Ok(entry) => return entry,
                    Err(_) if Instant::now() < deadline => {
                        let again = deadline.min(Instant::now() + ASK_AGAIN);
                        let _ = timeout_at(again, changed.changed()).await;
                    }
                    Err(_) => return Json::Null,
                }
            }
        };
        let mut counted = BTreeMap::new();
        let decided = entry(decision).await;
        let votes = decided.pointer("/body/votes").and_then(Json::as_array).map(Vec::as_slice);
        for name in votes.unwrap_or_default().iter().filter_map(Json::as_str) {
            let vote = entry(name).await;
            let choice = if name == motion {
                Some("for")
            } else {
                vote.pointer("/body/choice").and_then(Json::as_str)
            };
            if let Some((party, choice)) = text(&vote, "party").zip(choice) {
                counted.insert(party.to_owned(), choice.to_owned());
            }
        }
        counted
    }
}
