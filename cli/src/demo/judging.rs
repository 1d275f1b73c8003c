//! Judging: whether what a scenario expects comes true, and what the books say at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::check::{self, Checker, Verdict};
use super::drawing::stations;
use super::play::Play;
use crate::output::Tone;
use crate::scenario::{Step, That};

/// How long an expectation that does not hold is left alone when no station says that anything changed.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How long the books may take to become the same at the end.
const LAST_CHECK: Duration = Duration::from_secs(30);

impl Play<'_> {
    /// The caption of a step and what became of its expectations.
    pub(super) async fn conclude(&mut self, step: &Step) {
        if let Some(caption) = &step.caption {
            let line = self.screen.timeline.across("", Tone::Quiet, &format!("› {caption}"));
            self.screen.show(&line);
        }
        let mut held = Vec::new();
        for expectation in &step.expectations {
            let within = Duration::from_millis(expectation.within_ms);
            match self.hold(&expectation.that, within).await {
                Ok(what) => held.push(what),
                Err(unmet) => self.fail(Some(expectation.line), &unmet.expected, &unmet.found),
            }
        }
        self.score.held += held.len();
        if !held.is_empty() {
            let line = self.screen.timeline.across("", Tone::Good, &format!("✔ {}", held.join(" · ")));
            self.screen.show(&line);
        }
    }

    /// Waits until an expectation holds, asking again whenever a station says that something changed.
    pub(super) async fn hold(&mut self, that: &That, within: Duration) -> Verdict {
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

    /// Shows and keeps what did not hold; `line` is of the scenario's file, where one asked for it.
    pub(super) fn fail(&mut self, line: Option<usize>, expected: &str, found: &str) {
        let place = line.map(|line| format!("line {line} of the scenario: ")).unwrap_or_default();
        let what = format!("{place}expected {expected}; found {found}");
        let drawn = self.screen.timeline.across("", Tone::Bad, &format!("✘ {what}"));
        self.screen.show(&drawn);
        self.score.failures.push(what);
    }

    /// The end: every station's books recomputed, and compared.
    pub(super) async fn close(&mut self) {
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
                Err(unmet) => self.fail(None, &unmet.expected, &unmet.found),
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
        let (draw, all) = (&self.screen.timeline, self.stage.actors.len());
        let mut shown = String::new();
        for (book, heads) in &held {
            for ((size, root), holders) in heads {
                let same = heads.len() == 1 && holders.len() == all;
                let holders: Vec<&str> = holders.iter().map(String::as_str).collect();
                let (tone, word) =
                    if same { (Tone::Good, "✔ same at") } else { (Tone::Bad, "✘ only at") };
                let root: String = root.chars().take(16).collect();
                shown += &draw.across(
                    book,
                    tone,
                    &format!("{size} entries, root {root}… {word} {}", stations(&holders, all)),
                );
            }
        }
        self.screen.show(&shown);
    }
}
