//! What a party asks of its own station and does not say: its plans, and what something would touch.
//!
//! Nothing of either is on the line; other stations are never asked about a plan.

use serde_json::{Value as Json, json};

use super::calls::Failed;
use super::drawing::{self, text};
use super::ledger::Outcome;
use super::play::Play;
use super::stage::Actor;
use super::timeline::{Said, Travel, said};
use crate::output::Tone;
use crate::scenario::time::dtg;
use crate::scenario::{Check, Draft, Step, That};

impl Play<'_> {
    /// A party's station is given a plan; what is in its way is told at once.
    pub(super) async fn plan(&mut self, step: &Step, by: &str, plan: &Draft) {
        let notice = plan.fields.get("notice").cloned().unwrap_or_default();
        let answer = self.tell(by, "plans", &json!({"plans": [notice]})).await;
        let place = self.scenario.place_of(by).unwrap_or_default();
        let mut outcome = Outcome { by: place, said: plan.said, ..Outcome::default() };
        match answer {
            Ok(answer) => {
                let number = answer.pointer("/plans/0").and_then(Json::as_u64).unwrap_or_default();
                let name = format!("plan/{number}");
                let mut cell = drawing::entry(&name, plan, &[], step.at_ms);
                cell.push(said(Tone::Quiet, format!("stays on the station of {by}")));
                cell.extend(drawing::alarms(list(&answer, "conflicts").iter()));
                outcome.names.push(name);
                self.show_one(&dtg(step.at_ms), place, cell, Travel::None);
            }
            Err(why) => self.fail(Some(step.line), "a plan that the station takes", &why.to_string()),
        }
        self.ledger.keep(step.id.as_deref(), outcome);
    }

    /// A party gives up what it had planned.
    pub(super) async fn drop_plan(&mut self, step: &Step, by: &str, of: &str) {
        let planned = self.ledger.outcome(Some(of)).and_then(|outcome| outcome.names.first().cloned());
        let number = planned.as_deref().and_then(|name| name.strip_prefix("plan/"));
        let place = self.scenario.place_of(by).unwrap_or_default();
        let answer = match (number, self.running(by)) {
            (Some(number), Ok(actor)) => {
                let path = format!("/v1/lines/{}/plans/{number}", self.scenario.line);
                actor.calls.take_out(&path).await.map_err(|why| why.to_string())
            }
            (None, _) => Err(format!("`{of}` is no plan that was taken")),
            (_, Err(why)) => Err(why.to_string()),
        };
        match answer {
            Ok(_) => {
                let name = planned.unwrap_or_default();
                let cell = vec![said(Tone::Quiet, format!("{name} is given up: it is in nobody's way"))];
                self.show_one(&dtg(step.at_ms), place, cell, Travel::None);
            }
            Err(why) => self.fail(Some(step.line), "a plan that the station drops", &why),
        }
        self.ledger.keep(step.id.as_deref(), Outcome { by: place, ..Outcome::default() });
    }

    /// A party's station is asked what something would touch.
    pub(super) async fn check(&mut self, step: &Step, by: &str, asked: &Check) {
        let place = self.scenario.place_of(by).unwrap_or_default();
        let mut body = json!({"position": Json::from(asked.position), "from_ms": asked.from_ms, "until_ms": asked.until_ms});
        if let (Some(radius_m), Some(fields)) = (asked.radius_m, body.as_object_mut()) {
            fields.insert("radius_m".to_owned(), radius_m.into());
        }
        let said = Some(asked.position);
        let outcome = Outcome { by: place, said, asked: Some(body.clone()), ..Outcome::default() };
        self.ledger.keep(step.id.as_deref(), outcome);
        self.await_expected(step).await;
        match self.tell(by, "check", &body).await {
            Ok(answer) => {
                let cell = drawing::checked(asked, &answer);
                self.show_one(&dtg(step.at_ms), place, cell, Travel::None);
            }
            Err(why) => self.fail(Some(step.line), "an answer to a check", &why.to_string()),
        }
    }

    /// Where a step expects that its notice is in somebody's way: the alarm of each station that found so.
    pub(super) async fn show_alarms(&mut self, step: &Step) {
        if !step.expectations.iter().any(|one| matches!(one.that, That::Conflict { .. })) {
            return;
        }
        self.await_expected(step).await;
        let names = self.ledger.outcome(None).map(|outcome| outcome.names.clone()).unwrap_or_default();
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        for (plan, cell) in self.scenario.parties.iter().zip(&mut cells) {
            let Some(actor) = self.stage.running().find(|actor| actor.name == plan.name) else { continue };
            let path = format!("/v1/lines/{}/conflicts", self.scenario.line);
            let answer = actor.calls.ask(&path).await.unwrap_or_default();
            let is_of = |found: &&Json| {
                ["one", "other"].iter().any(|side| names.iter().any(|name| text(found, side) == Some(name)))
            };
            *cell = drawing::alarms(list(&answer, "conflicts").iter().filter(is_of));
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            let row = self.screen.timeline.row("", &cells, Travel::None);
            self.screen.show(&row);
        }
    }

    /// Posts to one of a line's paths at a party's station.
    async fn tell(&self, by: &str, rest: &str, body: &Json) -> Result<Json, Failed> {
        let path = format!("/v1/lines/{}/{rest}", self.scenario.line);
        self.running(by)?.calls.tell(&path, body).await
    }

    fn running(&self, by: &str) -> Result<&Actor, Failed> {
        let actor = self.stage.running().find(|actor| actor.name == by);
        actor.ok_or_else(|| Failed::Gone(format!("the station of {by} does not run")))
    }
}

fn list<'j>(answer: &'j Json, field: &str) -> &'j [Json] {
    answer.get(field).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}
