//! Bursts: many messages as fast as a station takes them, and a station that is killed while they travel.
//!
//! What the author's station accepted is what must not be lost; what was asked for and not answered when the
//! station went may or may not be in its book.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::calls::{Calls, Failed};
use super::drawing::text;
use super::ledger::{Outcome, split};
use super::play::Play;
use super::stage::StageError;
use super::timeline::{Said, Travel, said};
use crate::output::Tone;
use crate::scenario::Step;
use crate::scenario::time::dtg;

/// How many messages of a burst are underway at once.
const AT_ONCE: usize = 8;

/// A burst of messages.
pub(super) struct Burst<'s> {
    /// Short name of the author.
    pub(super) by: &'s str,
    /// Class of the messages.
    pub(super) precedence: char,
    /// How many.
    pub(super) count: u64,
    /// What each one says, before its number.
    pub(super) text: &'s str,
    /// Whose station is killed, and after how many accepted messages.
    pub(super) kill: Option<&'s (String, u64)>,
}

impl Play<'_> {
    /// Appends a burst of messages, and kills a station in the midst of it where that is wanted.
    pub(super) async fn burst(&mut self, step: &Step, burst: &Burst<'_>) -> Result<(), StageError> {
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
            self.fail(Some(step.line), &format!("{} accepted", burst.count), &format!("{accepted}"));
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
