//! Expectations about motions: what each station computes of them, which has to be the same everywhere.

use super::check::{Checker, Unmet, Verdict, unmet};
use super::drawing::stations;
use super::roll::Found;
use super::stage::Actor;

impl Checker<'_> {
    /// What a station computes of a motion.
    pub(super) async fn found(&self, actor: &Actor, motion: &str) -> Result<Found, Unmet> {
        let answer = self.ask(actor, "/motions?limit=1000").await?;
        let expected = format!("the motion {motion} at {}", actor.name);
        Found::of(motion, &answer).ok_or_else(|| unmet(expected, "none"))
    }

    /// Whether a motion has this outcome at every station that runs, by one decision.
    pub(super) async fn decided(&self, is: &str, of: Option<&str>) -> Verdict {
        let motion = self.outcome(of)?.last().unwrap_or_default();
        let expected = format!("{motion} {is}");
        let mut by: Option<String> = None;
        let mut asked: Vec<&str> = Vec::new();
        for actor in self.stage.running() {
            let found = self.found(actor, motion).await?;
            if found.outcome() != is {
                return Err(unmet(expected, format!("{} at {}", found.outcome(), actor.name)));
            }
            let decision = found.decision.map(|(entry, _)| entry).unwrap_or_default();
            if by.as_ref().is_some_and(|by| *by != decision) {
                return Err(unmet(expected, format!("{decision} decides it at {}", actor.name)));
            }
            by = Some(decision);
            asked.push(&actor.name);
        }
        let by = by.filter(|by| !by.is_empty()).map(|by| format!(" by {by}")).unwrap_or_default();
        Ok(format!("{expected}{by}, as computed by {}", stations(&asked, self.stage.actors.len())))
    }

    /// Whether so many have voted for, against, and abstained, as every station that runs counts.
    pub(super) async fn votes(&self, counts: [u64; 3], of: Option<&str>) -> Verdict {
        let motion = self.outcome(of)?.last().unwrap_or_default();
        let words = |[for_it, against, abstain]: [u64; 3]| {
            format!("{for_it} for, {against} against, {abstain} abstain")
        };
        let expected = format!("{motion}: {}", words(counts));
        let mut asked: Vec<&str> = Vec::new();
        for actor in self.stage.running() {
            let found = self.found(actor, motion).await?.counts();
            if found != counts {
                return Err(unmet(expected, format!("{} at {}", words(found), actor.name)));
            }
            asked.push(&actor.name);
        }
        Ok(format!("{expected}, as counted by {}", stations(&asked, self.stage.actors.len())))
    }
}
