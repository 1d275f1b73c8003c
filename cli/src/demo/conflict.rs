//! Expectations about who is in whose way, held against what the stations compute (spec/airspace.md §7).
//!
//! A plan is known to its own station only, so only that one is asked about it. *Clear* is believed of a station
//! that has the notice in its register: what it has not heard of is clear of everything.

use serde_json::Value as Json;

use super::check::{self, Checker, Unmet, silent, unmet};
use super::drawing::text;
use super::ledger::Outcome;
use super::stage::Actor;
use crate::scenario::Verdict;

impl Checker<'_> {
    /// Whether two notices, or a notice and a plan, lie so to each other.
    pub(super) async fn conflict(&self, by: &[String], between: &[String; 2], is: Verdict) -> check::Verdict {
        let [one, other] = between;
        let (one, other) = (self.outcome(Some(one))?, self.outcome(Some(other))?);
        let names = [one, other].map(|outcome| outcome.names.first().map_or("", String::as_str));
        let [first, second] = names;
        let expected = format!("{first} and {second}: {}", is.word());
        let planner = [one, other].into_iter().find(|outcome| is_plan(outcome)).map(|plan| plan.by);
        let knows = |actor: &&Actor| {
            let can_know = planner.is_none_or(|place| self.scenario.place_of(&actor.name) == Some(place));
            can_know && (by.is_empty() || by.contains(&actor.name))
        };
        let mut asked: Vec<&str> = Vec::new();
        for actor in self.stage.running().filter(knows) {
            self.register(actor, &names, &expected).await?;
            let answer = self.ask(actor, "/conflicts").await?;
            let conflicts = answer.get("conflicts").and_then(Json::as_array);
            let between = |found: &&Json| {
                let sides = [text(found, "one"), text(found, "other")];
                sides == [Some(first), Some(second)] || sides == [Some(second), Some(first)]
            };
            let found = conflicts.and_then(|all| all.iter().find(between));
            let verdict = found.and_then(|found| text(found, "verdict")).unwrap_or("clear");
            if verdict != is.word() {
                return Err(unmet(expected, format!("{verdict} at {}", actor.name)));
            }
            asked.push(&actor.name);
        }
        if asked.is_empty() {
            return Err(unmet(expected, "no station that runs and can know of both"));
        }
        Ok(format!("{expected}, computed by {}", asked.join(", ")))
    }

    /// Whether what the step checked touches a notice, or anything.
    pub(super) async fn touches(&self, notice: Option<&str>, is: Verdict) -> check::Verdict {
        let outcome = self.outcome(None)?;
        let subject = match notice {
            Some(step) => self.outcome(Some(step))?.names.first().map(String::as_str),
            None => None,
        };
        let expected = format!("{}: {}", subject.unwrap_or("everything in force"), is.word());
        let Some(asked) = &outcome.asked else { return Err(unmet(expected, "a step that checks nothing")) };
        let plan = self.scenario.parties.get(outcome.by);
        let actor = self.actor(plan.map_or("", |plan| &plan.name))?;
        self.register(actor, subject.as_slice(), &expected).await?;
        let path = format!("/v1/lines/{}/check", self.scenario.line);
        let answer = actor.calls.tell(&path, asked).await.map_err(|why| silent(actor, &why))?;
        let touches = answer.get("touches").and_then(Json::as_array);
        let verdict = match subject {
            // The gravest comes first.
            Some(_) => touches
                .and_then(|all| all.iter().find(|touch| text(touch, "subject") == subject))
                .and_then(|touch| text(touch, "verdict")),
            None => text(&answer, "verdict"),
        };
        let verdict = verdict.unwrap_or("clear");
        if verdict != is.word() {
            return Err(unmet(expected, format!("{verdict} at {}", actor.name)));
        }
        let took_us = answer.get("took_us").and_then(Json::as_u64).unwrap_or_default();
        Ok(format!("{expected}, found by {} in {took_us} µs", actor.name))
    }

    /// Holds a station to having these in its register; plans stand in none.
    async fn register(&self, actor: &Actor, names: &[&str], expected: &str) -> Result<(), Unmet> {
        let register = self.ask(actor, "/notices?all=true").await?;
        let known = register.get("notices").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_known = |name: &str| {
            name.starts_with("plan/") || known.iter().any(|notice| text(notice, "entry") == Some(name))
        };
        match names.iter().find(|name| !is_known(name)) {
            Some(name) => Err(unmet(expected, format!("{} does not have notice {name:?}", actor.name))),
            None => Ok(()),
        }
    }
}

/// Whether it is a plan's, not an entry's.
fn is_plan(outcome: &Outcome) -> bool {
    outcome.names.iter().any(|name| name.starts_with("plan/"))
}
