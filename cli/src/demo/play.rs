//! The play: a scenario's steps, one after the other, on real stations, with what is expected of each.
//!
//! Between steps the clocks of all stations are moved to the time of the next one, and stop on the way at every
//! slot of the test schedule, so that scheduled tests are sent and answered as they would have been.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::calls::{Calls, Failed};
use super::check::{self, Checker, Verdict};
use super::drawing::{self, text};
use super::ledger::{Ledger, Outcome, split};
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
/// How long an expectation that does not hold is left alone when no station says that anything changed.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How many messages of a burst are underway at once.
const AT_ONCE: usize = 8;
/// How long the books may take to become the same at the end.
const LAST_CHECK: Duration = Duration::from_secs(30);

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
    scenario: &'s Scenario,
    ledger: Ledger,
    now_ms: u64,
    is_cut: bool,
}

impl<'s> Play<'s> {
    /// A replay that has not begun.
    pub(crate) fn new(scenario: &'s Scenario, stage: Stage, screen: Screen) -> Self {
        let ledger = Ledger::default();
        Self {
            stage,
            screen,
            score: Score::default(),
            scenario,
            ledger,
            now_ms: scenario.start_ms,
            is_cut: false,
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
            let claims = steps.iter().take_while(|next| {
                matches!(next.deed, Deed::Claim { .. }) && next.at_ms == step.at_ms && next.chapter.is_none()
                    || std::ptr::eq(*next, step)
            });
            let count = if matches!(step.deed, Deed::Claim { .. }) { claims.count() } else { 1 };
            let (now, rest) = steps.split_at(count);
            steps = rest;
            if matches!(step.deed, Deed::Claim { .. }) {
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
        let head = self.screen.timeline.head();
        self.screen.show(&head);
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
            Deed::Say { by, draft } => self.say(step, by, draft).await,
            Deed::Burst { by, precedence, count, text, kill } => {
                let burst = Burst { by, precedence: *precedence, count: *count, text, kill: kill.as_ref() };
                self.burst(step, &burst).await?;
            }
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
                // What is looked for is awaited first, so that what is shown is what was found.
                for expectation in &step.expectations {
                    let _ = self.hold(&expectation.that, Duration::from_millis(expectation.within_ms)).await;
                }
                self.show_proved(&margin).await;
            }
        }
        self.conclude(step).await;
        Ok(())
    }

    /// A row with one cell in it.
    fn show_one(&mut self, margin: &str, place: usize, cell: Vec<Said>, travel: Travel) {
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
            self.fail(step.line, "accepted", &why);
        }
        self.ledger.keep(step.id.as_deref(), outcome);
    }

    fn entries_path(&self, waits: bool) -> String {
        let line = &self.scenario.line;
        let until = if waits { format!("?until=receipted&timeout_ms={RECEIPTS_MS}") } else { String::new() };
        format!("/v1/lines/{line}/entries{until}")
    }

    async fn burst(&mut self, step: &Step, burst: &Burst<'_>) -> Result<(), StageError> {
        let place = self.scenario.place_of(burst.by).unwrap_or_default();
        let Some(calls) = self.stage.actors.get(place).map(|actor| actor.calls.clone()) else {
            return Ok(());
        };
        let victim = burst.kill.and_then(|(party, after)| Some((self.scenario.place_of(party)?, *after)));
        let (told, mut answers) = mpsc::channel(AT_ONCE);
        let mut speakers = speakers(&calls, self.entries_path(false), burst, &told);
        drop(told);
        let mut outcome = Outcome { by: place, ..Outcome::default() };
        let mut unanswered = 0_u64;
        while let Some(answer) = answers.recv().await {
            match answer {
                Ok(name) => outcome.names.push(name),
                Err(_) => unanswered += 1,
            }
            let accepted = outcome.names.len() as u64;
            self.screen.progress(&format!("{}: {accepted} of {} accepted", burst.by, burst.count));
            if let Some((victim, _)) = victim.filter(|(_, after)| *after == accepted) {
                self.stage.kill(victim).await?;
            }
        }
        while speakers.join_next().await.is_some() {}
        let mut cells: Vec<Vec<Said>> = vec![Vec::new(); self.scenario.parties.len()];
        let accepted = outcome.names.len();
        let mine = vec![
            said(
                Tone::Strong,
                format!("{} {accepted} MESSAGES to {}", burst.precedence, outcome.last().unwrap_or("-")),
            ),
            said(Tone::Plain, format!("«{}», 1 to {}", burst.text, burst.count)),
            said(Tone::Quiet, format!("accepted {accepted}, unanswered {unanswered}")),
        ];
        if let Some(cell) = cells.get_mut(place) {
            *cell = mine;
        }
        if let Some((victim, after)) = victim
            && let Some(cell) = cells.get_mut(victim)
        {
            cell.push(said(
                Tone::Bad,
                format!("✘ STATION KILLED, as by kill -9, when {after} were accepted"),
            ));
        }
        self.show_receipted(place, &outcome, &mut cells).await;
        let row = self.screen.timeline.row(&dtg(step.at_ms), &cells, Travel::Underway(place));
        self.screen.show(&row);
        if victim.is_none() && (accepted as u64) < burst.count {
            self.fail(step.line, &format!("{} accepted", burst.count), &format!("{accepted}"));
        }
        self.ledger.keep(step.id.as_deref(), outcome);
        Ok(())
    }

    /// How much of a burst each other party has receipted by now, as its author's station knows.
    async fn show_receipted(&self, author: usize, outcome: &Outcome, cells: &mut [Vec<Said>]) {
        let Some(actor) = self.stage.actors.get(author).filter(|actor| actor.is_running()) else { return };
        let Some((book, _)) = outcome.last().and_then(split) else { return };
        let books =
            actor.calls.ask(&format!("/v1/lines/{}/books", self.scenario.line)).await.unwrap_or_default();
        let books = books.get("books").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let Some(found) = books.iter().find(|found| text(found, "book") == Some(book)) else { return };
        for (plan, cell) in
            self.scenario.parties.iter().zip(cells).filter(|(plan, _)| plan.name != actor.name)
        {
            let size =
                found.pointer(&format!("/receipts/{}/size", plan.name)).and_then(Json::as_u64).unwrap_or(0);
            let covered =
                outcome.names.iter().filter_map(|name| split(name)).filter(|(_, n)| *n <= size).count();
            cell.push(said(Tone::Quiet, format!("receipted {covered} of them so far")));
        }
    }

    /// The caption of a step and what became of its expectations.
    async fn conclude(&mut self, step: &Step) {
        if let Some(caption) = &step.caption {
            let line = self.screen.timeline.across("", Tone::Quiet, &format!("› {caption}"));
            self.screen.show(&line);
        }
        let mut held = Vec::new();
        for expectation in &step.expectations {
            let within = Duration::from_millis(expectation.within_ms);
            match self.hold(&expectation.that, within).await {
                Ok(what) => held.push(what),
                Err(unmet) => self.fail(expectation.line, &unmet.expected, &unmet.found),
            }
        }
        self.score.held += held.len();
        if !held.is_empty() {
            let line = self.screen.timeline.across("", Tone::Good, &format!("✔ {}", held.join(" · ")));
            self.screen.show(&line);
        }
    }

    /// Waits until an expectation holds, asking again whenever a station says that something changed.
    async fn hold(&mut self, that: &That, within: Duration) -> Verdict {
        let mut changed = self.stage.changed.subscribe();
        let deadline = Instant::now() + within;
        loop {
            changed.borrow_and_update();
            let (scenario, ledger) = (self.scenario, &self.ledger);
            let checker = Checker { scenario, stage: &self.stage, ledger, tests: &self.stage.tests };
            let unmet = match checker.check(that).await {
                Ok(held) => return Ok(held),
                Err(unmet) => unmet,
            };
            self.screen.progress(&format!("waiting for: {}", unmet.expected));
            if Instant::now() >= deadline {
                return Err(unmet);
            }
            // What a station tells of may be readable a moment later, and time alone changes some answers.
            let again = deadline.min(Instant::now() + ASK_AGAIN);
            let _ = timeout_at(again, changed.changed()).await;
        }
    }

    fn fail(&mut self, line: usize, expected: &str, found: &str) {
        let what = format!("line {line} of the scenario: expected {expected}; found {found}");
        let drawn = self.screen.timeline.across("", Tone::Bad, &format!("✘ {what}"));
        self.screen.show(&drawn);
        self.score.failures.push(what);
    }

    /// The end: every station's books recomputed, and compared.
    async fn close(&mut self) {
        let heading = self.screen.timeline.heading("The books");
        self.screen.show(&format!("\n{heading}"));
        self.show_books().await;
        for that in [That::SameBooks, That::Verified] {
            match self.hold(&that, LAST_CHECK).await {
                Ok(held) => {
                    self.score.held += 1;
                    let line = self.screen.timeline.across("", Tone::Good, &format!("✔ {held}"));
                    self.screen.show(&line);
                }
                Err(unmet) => self.fail(0, &unmet.expected, &unmet.found),
            }
        }
        let tests = self.stage.tests.held(0, u64::MAX).unwrap_or_default();
        let (held, failed) = (self.score.held, self.score.failures.len());
        let (tone, verdict) = if failed == 0 {
            (Tone::Good, format!("✔ all {held} expectations held; {tests}"))
        } else {
            (Tone::Bad, format!("✘ {failed} of {} expectations did not hold", held + failed))
        };
        let line = self.screen.timeline.across("", tone, &verdict);
        let fiction = self.screen.timeline.across("", Tone::Warn, &self.scenario.fiction);
        self.screen.show(&format!("{line}{fiction}"));
    }

    /// Size and root of every book, and on which sides they are so.
    async fn show_books(&mut self) {
        let mut held: BTreeMap<String, BTreeMap<(u64, String), Vec<String>>> = BTreeMap::new();
        for actor in self.stage.running() {
            let books = actor.calls.ask(&format!("/v1/lines/{}/books", self.scenario.line)).await;
            for (book, head) in check::sizes(&books.unwrap_or_default()) {
                held.entry(book).or_default().entry(head).or_default().push(actor.name.clone());
            }
        }
        let draw = &self.screen.timeline;
        let mut shown = String::new();
        for (book, heads) in &held {
            for ((size, root), holders) in heads {
                let same = heads.len() == 1 && holders.len() == self.stage.actors.len();
                let (tone, word) =
                    if same { (Tone::Good, "✔ same at") } else { (Tone::Bad, "✘ only at") };
                let root: String = root.chars().take(16).collect();
                shown += &draw.across(
                    book,
                    tone,
                    &format!("{size} entries, root {root}… {word} {}", holders.join(", ")),
                );
            }
        }
        self.screen.show(&shown);
    }
}

/// A burst of messages.
struct Burst<'s> {
    by: &'s str,
    precedence: char,
    count: u64,
    text: &'s str,
    kill: Option<&'s (String, u64)>,
}

/// Speakers that append a burst's messages side by side, and tell the name of each one accepted.
fn speakers(
    calls: &Calls,
    path: String,
    burst: &Burst<'_>,
    told: &mpsc::Sender<Result<String, Failed>>,
) -> JoinSet<()> {
    let next = Arc::new(AtomicU64::new(1));
    let mut speakers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (calls, path, told, next) = (calls.clone(), path.clone(), told.clone(), Arc::clone(&next));
        let (count, words, precedence) = (burst.count, burst.text.to_owned(), burst.precedence.to_string());
        speakers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > count {
                    return;
                }
                let draft =
                    json!({"kind": "message", "precedence": precedence, "text": format!("{words} {number}")});
                let answer = calls.tell(&path, &draft).await;
                let gone = matches!(answer, Err(Failed::Gone(_)));
                let answer = answer.map(|answer| text(&answer, "entry").unwrap_or_default().to_owned());
                if told.send(answer).await.is_err() || gone {
                    return;
                }
            }
        });
    }
    speakers
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
