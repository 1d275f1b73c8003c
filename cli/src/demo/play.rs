//! The play: a scenario's steps, one after the other, on real stations, with what is expected of each.
//!
//! Between steps the clocks of all stations are moved to the time of the next one, and stop on the way at every
//! slot of the test schedule, so that scheduled tests are sent and answered as they would have been.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};

use super::burst::Burst;
use super::calls::Failed;
use super::drawing::{self, text};
use super::ledger::{Ledger, Outcome};
use super::screen::Screen;
use super::stage::{Stage, StageError};
use super::timeline::{Said, Travel, said};
use crate::output::Tone;
use crate::scenario::time::dtg;
use crate::scenario::{Deed, Draft, Scenario, Step, That};
use crate::time::length;

/// How long an entry's receipts are waited for before its row is drawn.
const RECEIPTS_MS: u64 = 8_000;
/// How long a scheduled test's answers are waited for.
const TEST: Duration = Duration::from_secs(8);
/// Most slots of the test schedule that are stopped at between two steps; beyond it, time jumps.
const MAX_SLOTS: u64 = 500;

/// How a replay went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Score {
    /// Expectations that held.
    pub(crate) held: usize,
    /// Those that did not, for people.
    pub(crate) failures: Vec<String>,
}

/// A replay under way.
pub(crate) struct Play<'s> {
    /// Its stations.
    pub(crate) stage: Stage,
    /// Where it is shown.
    pub(crate) screen: Screen,
    /// How it goes.
    pub(crate) score: Score,
    /// What is played.
    pub(super) scenario: &'s Scenario,
    /// What became of its steps.
    pub(super) ledger: Ledger,
    now_ms: u64,
    is_cut: bool,
    /// Somebody says when the first step is to be.
    waits: bool,
}

impl<'s> Play<'s> {
    /// A replay that has not begun.
    pub(crate) fn new(scenario: &'s Scenario, stage: Stage, screen: Screen, waits: bool) -> Self {
        let ledger = Ledger::default();
        Self {
            stage,
            screen,
            score: Score::default(),
            scenario,
            ledger,
            now_ms: scenario.start_ms,
            is_cut: false,
            waits,
        }
    }

    /// Starts the stations, plays every step, and checks the books.
    ///
    /// # Errors
    /// What kept a station from starting or being killed; expectations that do not hold are in the score.
    pub(crate) async fn perform(&mut self) -> Result<(), StageError> {
        self.open().await?;
        let scenario = self.scenario;
        let mut steps = scenario.steps.as_slice();
        while let Some(step) = steps.first() {
            self.screen.turn().await;
            if let Some(chapter) = &step.chapter {
                let heading = self.screen.timeline.heading(chapter);
                self.screen.show(&format!("\n{heading}"));
            }
            self.move_to(step.at_ms).await;
            let is_claim = |step: &Step| matches!(step.deed, Deed::Claim { .. });
            let goes_on = |next: &&Step| is_claim(next) && next.at_ms == step.at_ms && next.chapter.is_none();
            let following = steps.iter().skip(1).take_while(goes_on).count();
            let count = if is_claim(step) { 1 + following } else { 1 };
            let (now, rest) = steps.split_at(count);
            steps = rest;
            if is_claim(step) {
                self.claims(now).await;
            } else {
                self.deed(step).await?;
            }
        }
        self.screen.turn().await;
        self.close().await;
        Ok(())
    }

    /// The title, what is invented, and the stations' start.
    async fn open(&mut self) -> Result<(), StageError> {
        let (scenario, draw) = (self.scenario, &self.screen.timeline);
        let mut opening = draw.heading(&scenario.title);
        opening += &draw.paragraph(Tone::Plain, &scenario.summary);
        opening +=
            &draw.paragraph(Tone::Warn, &format!("{} On the line, «…» is invented.", scenario.fiction));
        if let Some(sources) = &scenario.sources {
            opening += &draw.paragraph(Tone::Quiet, sources);
        }
        if draw.is_one_column() && !scenario.terms.rule.veto.is_empty() {
            opening += &draw.paragraph(
                Tone::Quiet,
                "✔ for · ✘ against · – abstains · silent; in CAPITALS: whose vote against defeats",
            );
        }
        opening += &draw.paragraph(
            Tone::Quiet,
            "──▶ receipted · ╌╌▷ underway · ─╳ refused · CLAIMED in public · PROVED: what the record of the \
             other side holds",
        );
        self.screen.show(&format!("{opening}\n"));
        for place in 0..self.stage.actors.len() {
            let name = self.stage.actors.get(place).map(|actor| actor.name.clone()).unwrap_or_default();
            self.screen.progress(&format!("starting the station of {name}"));
            self.stage.start(place, scenario.start_ms).await?;
        }
        self.consoles().await?;
        let head = self.screen.timeline.head();
        self.screen.show(&head);
        Ok(())
    }

    /// Says how to look on from the consoles, and waits where somebody asked for that.
    async fn consoles(&mut self) -> Result<(), StageError> {
        let mut links = Vec::new();
        for actor in &self.stage.actors {
            links.extend(actor.link().await?.map(|link| (actor.name.clone(), link)));
        }
        let draw = &self.screen.timeline;
        let mut text = draw.paragraph(
            Tone::Plain,
            "The same, as officers see it: a console for each side. A link works once and makes a passkey.",
        );
        for (name, link) in &links {
            text += &format!("  {name}  {}\n", link.url);
        }
        let pins: Vec<&str> = links.iter().map(|(_, link)| link.pin.as_str()).collect();
        text += &draw.paragraph(
            Tone::Quiet,
            "No authority vouches for their certificates: open the links in a browser that is told to take these two, such as",
        );
        text += &format!(
            "  chromium --user-data-dir={}/browser --ignore-certificate-errors-spki-list={}\n",
            self.stage.folder().display(),
            pins.join(",")
        );
        self.screen.show(&format!("{text}\n"));
        if self.waits {
            self.screen.show("Enter begins the replay.\n");
            let read = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
            let _ = read.await;
        }
        Ok(())
    }

    /// Moves the clocks, by way of the scheduled tests between here and there.
    async fn move_to(&mut self, to_ms: u64) {
        let interval_ms = self.scenario.terms.test_interval_ms.max(1);
        let slots = self.now_ms / interval_ms + 1..=to_ms / interval_ms;
        let count = (slots.end() + 1).saturating_sub(*slots.start());
        let whole = !self.is_cut && self.stage.running().count() == self.stage.actors.len();
        let from_ms = std::mem::replace(&mut self.now_ms, to_ms);
        let others = self.stage.actors.len().saturating_sub(1) as u64;
        if whole && (1..=MAX_SLOTS).contains(&count) {
            let before = self.stage.tests.count();
            for (done, slot) in slots.enumerate() {
                self.screen.progress(&format!(
                    "scheduled test {} of {count}, {}",
                    done + 1,
                    dtg(slot * interval_ms)
                ));
                let wanted: Vec<(String, u64)> = self
                    .stage
                    .running()
                    .map(|actor| (actor.name.clone(), self.stage.tests.told_by(&actor.name) + others))
                    .collect();
                self.stage.move_clocks(slot * interval_ms + 1).await;
                self.wait_for_tests(&wanted).await;
            }
            let after = self.stage.tests.count();
            let (answered, missed) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
            let passed = length(to_ms.saturating_sub(from_ms));
            let text = format!("⋮ {passed} later: scheduled tests answered {answered}, missed {missed}");
            let line = self.screen.timeline.across("", Tone::Quiet, &text);
            self.screen.show(&line);
        }
        self.stage.move_clocks(to_ms).await;
    }

    /// Waits until every station has told of so many answers: one that had not heard an answer before its
    /// clock goes on would record a miss.
    async fn wait_for_tests(&self, wanted: &[(String, u64)]) {
        let mut changed = self.stage.changed.subscribe();
        let deadline = Instant::now() + TEST;
        while wanted.iter().any(|(party, answers)| self.stage.tests.told_by(party) < *answers) {
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return;
            }
        }
    }

    /// What parties say in public at one time, beside what the record proves then.
    async fn claims(&mut self, steps: &[Step]) {
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        let at_ms = steps.first().map_or(self.now_ms, |step| step.at_ms);
        let mut shown = String::new();
        let mut margin = dtg(at_ms);
        for step in steps {
            let Deed::Claim { by, text } = &step.deed else { continue };
            match by.as_ref().and_then(|by| self.scenario.place_of(by)).and_then(|place| cells.get_mut(place))
            {
                Some(cell) => cell.push(said(Tone::Strong, text.clone())),
                None => {
                    let margin = std::mem::take(&mut margin);
                    shown += &self.screen.timeline.across(&margin, Tone::Strong, &format!("CLAIMED {text}"));
                }
            }
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            for cell in cells.iter_mut().filter(|cell| !cell.is_empty()) {
                cell.insert(0, said(Tone::Quiet, "CLAIMED"));
            }
            shown += &self.screen.timeline.row(&margin, &cells, Travel::None);
        }
        self.screen.show(&shown);
        self.show_proved("").await;
        for step in steps {
            self.ledger.keep(step.id.as_deref(), Outcome::default());
            self.conclude(step).await;
        }
    }

    /// A row of what the record proves of each party, in the hands of another.
    async fn show_proved(&mut self, margin: &str) {
        let mut cells = Vec::new();
        for plan in &self.scenario.parties {
            let holder = self.stage.running().find(|actor| actor.name != plan.name);
            let mut cell = vec![said(Tone::Quiet, "PROVED")];
            if let Some(holder) = holder {
                let line = format!("/v1/lines/{}", self.scenario.line);
                let status = holder.calls.ask(&line).await.unwrap_or_default();
                let books = holder.calls.ask(&format!("{line}/books")).await.unwrap_or_default();
                let own = match self.stage.running().find(|actor| actor.name == plan.name) {
                    Some(actor) => actor.calls.ask(&line).await.unwrap_or_default(),
                    None => Json::Null,
                };
                cell.extend(drawing::proved(&plan.name, &status, &books, &own));
            }
            cells.push(cell);
        }
        let row = self.screen.timeline.row(margin, &cells, Travel::None);
        self.screen.show(&row);
    }

    async fn deed(&mut self, step: &Step) -> Result<(), StageError> {
        let margin = dtg(step.at_ms);
        match &step.deed {
            Deed::Say { by, draft } => {
                self.say(step, by, draft).await;
                self.show_alarms(step).await;
                self.show_vote(by, draft).await;
            }
            Deed::Burst { by, precedence, count, text, kill } => {
                let burst = Burst { by, precedence: *precedence, count: *count, text, kill: kill.as_ref() };
                self.burst(step, &burst).await?;
            }
            Deed::Plan { by, plan } => self.plan(step, by, plan).await,
            Deed::Drop { by, of } => self.drop_plan(step, by, of).await,
            Deed::Check { by, asked } => self.check(step, by, asked).await,
            Deed::RollCall { of, votes } => self.roll_call(step, of, votes).await,
            Deed::Decision { of } => self.decision(step, of).await,
            Deed::Claim { .. } => {}
            Deed::Event { text } => {
                let line = self.screen.timeline.across(&margin, Tone::Strong, &format!("◆ {text}"));
                self.screen.show(&line);
                self.ledger.keep(step.id.as_deref(), Outcome::default());
            }
            Deed::Kill { by } => {
                let place = self.scenario.place_of(by).unwrap_or_default();
                self.stage.kill(place).await?;
                self.show_one(
                    &margin,
                    place,
                    vec![said(Tone::Bad, "✘ STATION KILLED, as by kill -9")],
                    Travel::None,
                );
                self.ledger.keep(step.id.as_deref(), Outcome::default());
            }
            Deed::Restart { by } => {
                let place = self.scenario.place_of(by).unwrap_or_default();
                self.screen.progress(&format!("starting the station of {by}"));
                let begun = Instant::now();
                self.stage.start(place, step.at_ms).await?;
                let took = format!("✔ STATION STARTED on its store in {} ms", millis(begun));
                self.show_one(&margin, place, vec![said(Tone::Good, took)], Travel::None);
                self.ledger.keep(step.id.as_deref(), Outcome::default());
            }
            Deed::Cut | Deed::Heal => {
                self.is_cut = matches!(step.deed, Deed::Cut);
                self.stage.carry(!self.is_cut);
                let (tone, text) = if self.is_cut {
                    (Tone::Bad, "╳ every circuit is cut")
                } else {
                    (Tone::Good, "━ every circuit carries again")
                };
                let line = self.screen.timeline.across(&margin, tone, text);
                self.screen.show(&line);
                self.ledger.keep(step.id.as_deref(), Outcome::default());
            }
            Deed::Look => {
                self.ledger.keep(step.id.as_deref(), Outcome::default());
                self.await_expected(step).await;
                self.show_proved(&margin).await;
            }
        }
        self.conclude(step).await;
        Ok(())
    }

    /// Waits for what is looked for, so that what is shown then is what was found.
    pub(super) async fn await_expected(&mut self, step: &Step) {
        for expectation in &step.expectations {
            let _ = self.hold(&expectation.that, Duration::from_millis(expectation.within_ms)).await;
        }
    }

    /// A row with one cell in it.
    pub(super) fn show_one(&mut self, margin: &str, place: usize, cell: Vec<Said>, travel: Travel) {
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        if let Some(empty) = cells.get_mut(place) {
            *empty = cell;
        }
        let row = self.screen.timeline.row(margin, &cells, travel);
        self.screen.show(&row);
    }

    /// A party appends an entry; an acknowledgement of a burst is one of each of its messages.
    async fn say(&mut self, step: &Step, by: &str, draft: &Draft) {
        let place = self.scenario.place_of(by).unwrap_or_default();
        let about: Vec<String> = draft.regards.iter().flat_map(|id| self.ledger.names(id)).collect();
        let subjects: Vec<&[String]> =
            if draft.kind == "acknowledgement" { about.chunks(1).collect() } else { vec![about.as_slice()] };
        let Some(calls) = self.stage.actors.get(place).map(|actor| actor.calls.clone()) else { return };
        let everybody = !self.is_cut && self.stage.running().count() == self.stage.actors.len();
        let mut outcome = Outcome { by: place, said: draft.said, meant: draft.meant, ..Outcome::default() };
        let mut failure = None;
        let mut receipted_by: Vec<String> = Vec::new();
        let mut took_ms = 0;
        for (number, regards) in subjects.iter().enumerate() {
            let waits = everybody && number + 1 == subjects.len();
            self.screen.progress(&format!("{by}: {} {}", draft.kind, number + 1));
            let begun = Instant::now();
            let answer = calls.tell(&self.entries_path(waits), &body(draft, regards)).await;
            took_ms = millis(begun);
            match answer {
                Ok(answer) => {
                    outcome.names.extend(text(&answer, "entry").map(str::to_owned));
                    let by = answer.get("receipted_by").and_then(Json::as_array).map(Vec::as_slice);
                    receipted_by =
                        by.unwrap_or_default().iter().filter_map(Json::as_str).map(str::to_owned).collect();
                }
                Err(Failed::Refused(body)) => outcome.refused = Some(body),
                Err(Failed::Gone(why)) => failure = Some(why),
            }
        }
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        for (plan, cell) in self.scenario.parties.iter().zip(&mut cells) {
            if receipted_by.contains(&plan.name) {
                cell.push(said(Tone::Good, format!("✔ receipted, {took_ms} ms")));
            }
        }
        let travel = match (&outcome.refused, receipted_by.is_empty()) {
            (Some(_), _) => Travel::Refused(place),
            (None, false) => Travel::Receipted(place),
            (None, true) => Travel::Underway(place),
        };
        if let Some(cell) = cells.get_mut(place) {
            *cell = match (&outcome.refused, outcome.names.as_slice()) {
                (Some(body), _) => drawing::refusal(draft, body),
                (None, [first, .., last]) => {
                    let all = [format!("all {} of them", about.len())];
                    drawing::entry(&format!("{first} to {last}"), draft, &all, step.at_ms)
                }
                (None, names) => {
                    drawing::entry(names.first().map_or("nothing", String::as_str), draft, &about, step.at_ms)
                }
            };
        }
        let row = self.screen.timeline.row(&dtg(step.at_ms), &cells, travel);
        self.screen.show(&row);
        let refusal_expected = step.expectations.iter().any(|one| matches!(one.that, That::Refused { .. }));
        if let Some(body) = outcome.refused.as_ref().filter(|_| !refusal_expected) {
            failure = Some(Failed::Refused(body.clone()).to_string());
        }
        if let Some(why) = failure {
            self.fail(Some(step.line), "accepted", &why);
        }
        self.ledger.keep(step.id.as_deref(), outcome);
    }

    /// Where entries are appended; `waits` for their receipts.
    pub(super) fn entries_path(&self, waits: bool) -> String {
        let line = &self.scenario.line;
        let until = if waits { format!("?until=receipted&timeout_ms={RECEIPTS_MS}") } else { String::new() };
        format!("/v1/lines/{line}/entries{until}")
    }
}

/// The draft as spec/api.md takes it.
fn body(draft: &Draft, regards: &[String]) -> Json {
    let mut fields = draft.fields.clone();
    fields.insert("kind".to_owned(), draft.kind.into());
    if let Some(precedence) = draft.precedence {
        fields.insert("precedence".to_owned(), precedence.to_string().into());
    }
    if !regards.is_empty() {
        fields.insert("regards".to_owned(), regards.into());
    }
    Json::Object(fields)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
