//! Runs a check to its end, and says what it found.

use std::time::Instant;

use serde_json::{Value, json};
use stateright::{Checker, Expectation, Model, Property};

use crate::scope::{Scope, Subject};
use crate::wish::Wish;
use crate::world::{Action, Check, World};
use crate::{mirrors, motions, standing};

impl Model for Check {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.first.clone()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.possible(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.act(&mut next, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        match self.scope.subject {
            Subject::Mirrors => mirrors::properties(),
            Subject::Standing => {
                let wishes = |is_so: fn(&Wish) -> bool| self.scope.wishes.iter().any(|(_, wish)| is_so(wish));
                let come_about = [
                    wishes(|wish| matches!(wish, Wish::Say(_))).then(standing::crossing),
                    wishes(|wish| *wish == Wish::Cease).then(standing::ceasing),
                    wishes(|wish| *wish == Wish::Resume).then(standing::reopening),
                ];
                standing::properties().into_iter().chain(come_about.into_iter().flatten()).collect()
            }
            Subject::Motions => motions::properties(),
        }
    }
}

/// What became of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The property, in words.
    pub property: &'static str,
    /// Whether it is one that something comes about, and not that something always holds.
    pub comes_about: bool,
    /// Whether it is as it should be.
    pub holds: bool,
    /// What was done to come to the state that breaks it, or that brings it about.
    pub path: Vec<Action>,
    /// The state that the path ends in.
    pub end: Option<String>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which protocol.
    pub subject: &'static str,
    /// Which scope.
    pub scope: &'static str,
    /// States come to, each counted as often as something led there.
    pub states: usize,
    /// Different ones.
    pub unique: usize,
    /// Stations computed.
    pub stations: usize,
    /// The longest way from the first.
    pub depth: usize,
    /// How long it took.
    pub seconds: f64,
    /// Each property.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether every property is as it should be.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|finding| finding.holds)
    }

    /// For machines.
    pub fn to_json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            let path: Vec<String> = finding.path.iter().map(|action| format!("{action:?}")).collect();
            let counterexample = (!finding.holds && !path.is_empty()).then_some(path);
            json!({ "property": finding.property, "comes_about": finding.comes_about, "holds": finding.holds,
                "counterexample": counterexample })
        });
        json!({ "subject": self.subject, "scope": self.scope, "states": self.states, "unique_states": self.unique,
            "stations": self.stations, "depth": self.depth, "seconds": self.seconds,
            "properties": findings.collect::<Vec<Value>>() })
    }
}

/// Looks at everything that can happen in a scope; or, where it is only to be found out whether something does, until that has been seen.
///
/// # Errors
/// When the line cannot be founded, or does not come to rest before anything goes wrong.
pub fn check(scope: &Scope, threads: usize) -> Result<Report, String> {
    let begun = Instant::now();
    let check = Check::new(scope.clone())?;
    let checker = check.checker().threads(threads).spawn_bfs().join();
    let mut found = checker.discoveries();
    let findings = checker.model().properties().into_iter().map(|property| {
        let comes_about = matches!(property.expectation, Expectation::Sometimes);
        let path = found.remove(property.name);
        let end = path.as_ref().map(|path| format!("{:?}", path.last_state()));
        let path = path.map(|path| path.into_actions());
        let (holds, path) = (path.is_some() == comes_about, path.unwrap_or_default());
        Finding { property: property.name, comes_about, holds, path, end }
    });
    Ok(Report {
        subject: scope.subject.name(),
        scope: scope.name,
        findings: findings.collect(),
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        stations: checker.model().computed(),
        depth: checker.max_depth(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}
