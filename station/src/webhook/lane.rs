//! The lane of a webhook: what is next, one try after the other, and what is given up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use detente_line::Shown;
use detente_record::LineId;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Kept, Secret, Trouble, held, secret_of};
use crate::api::events;
use crate::circuit::Roots;
use crate::clock;
use crate::config::WebhookConfig;
use crate::feed::{Happening, Told};
use crate::home::{self, Home};
use crate::hooks::{Hooks, Rung};
use crate::keeper::Keeper;
use crate::links::Lines;
use crate::wire::{self, DEADLINE, Unanswered, Wire};

/// The first pause after a delivery that was not taken; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// How old an event may be that is tried again, ms, and how often one may be refused as such.
const OLDEST_MS: u64 = 86_400_000;
const MOST_REFUSALS: u32 = 10;
/// How many happenings are looked at in one go.
const BATCH: usize = 64;

/// How a webhook does.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// How many deliveries were taken, and when the last one was, ms.
    pub(super) taken: u64,
    pub(super) taken_ms: Option<u64>,
    /// How many were given up.
    pub(super) given_up: u64,
    /// What is wrong now, and since when, ms.
    pub(super) trouble: Option<(Trouble, u64)>,
}

/// How far a webhook is; it outlives the lane where the configuration is read again.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) standing: Standing,
    places: BTreeMap<LineId, Place>,
    rung: Rung,
}

/// How far it is with a line.
#[derive(Debug, Default)]
struct Place {
    /// Whether the receiver was told where it begins.
    begun: bool,
    /// The last number that was taken, passed over or given up.
    after: u64,
    /// After which number something is missing that the receiver was not told of yet.
    lost_after: Option<u64>,
}

impl Progress {
    /// At the beginning, or at what happens from now on.
    pub(super) fn begin(lines: &Lines, from_now: bool) -> Self {
        let after = |keeper: &Keeper| if from_now { *keeper.feed.last().borrow() } else { 0 };
        let place = |keeper: &Keeper| Place { after: after(keeper), ..Place::default() };
        let places = lines.iter().map(|(line, keeper)| (*line, place(keeper))).collect();
        Self { standing: Standing::default(), places, rung: Rung::default() }
    }
}

/// What a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Begins,
    Gap,
    /// The event of a number.
    Event(u64),
}

/// The next delivery of a line.
#[derive(Debug)]
struct Head {
    what: What,
    id: String,
    body: String,
    /// When it happened, ms by the station's clock; 0 for what goes before all.
    at_ms: u64,
    /// How often it was refused as such.
    refusals: u32,
}

/// Whether something that was not taken is tried again.
fn is_given_up(head: &Head, now_ms: u64) -> bool {
    let is_over = matches!(head.what, What::Event(_)) && now_ms.saturating_sub(head.at_ms) > OLDEST_MS;
    is_over || head.refusals >= MOST_REFUSALS
}

pub(super) struct Lane {
    home: Home,
    config: WebhookConfig,
    /// Those of its lines.
    keepers: BTreeMap<LineId, Keeper>,
    hooks: Hooks,
    started_ms: u64,
    progress: Arc<Mutex<Progress>>,
    heads: BTreeMap<LineId, Head>,
    /// With what it signs and where it goes, once both could be read.
    ready: Option<(Secret, Wire)>,
    pause: Duration,
}

impl Lane {
    pub(super) fn of(kept: &Kept, config: WebhookConfig, progress: Arc<Mutex<Progress>>) -> Self {
        let is_of = |keeper: &Keeper| config.is_of(&keeper.memorandum().terms().name);
        let keepers = kept.lines.iter().filter(|(_, keeper)| is_of(keeper));
        Self {
            home: kept.home.clone(),
            keepers: keepers.map(|(line, keeper)| (*line, keeper.clone())).collect(),
            hooks: kept.hooks.clone(),
            started_ms: kept.started_ms,
            progress,
            heads: BTreeMap::new(),
            ready: None,
            pause: Duration::ZERO,
            config,
        }
    }

    pub(super) async fn run(mut self) {
        let more = Arc::new(Notify::new());
        // Ended with the lane.
        let mut watching = JoinSet::new();
        for keeper in self.keepers.values() {
            let (mut last, more) = (keeper.feed.last(), Arc::clone(&more));
            watching.spawn(async move {
                while last.changed().await.is_ok() {
                    more.notify_one();
                }
            });
        }
        loop {
            self.look();
            let first = self.heads.iter().min_by_key(|(line, head)| (head.at_ms, **line));
            let Some(line) = first.map(|(line, _)| *line) else {
                more.notified().await;
                continue;
            };
            match self.attempt(line).await {
                Ok(()) => self.taken(line),
                Err(trouble) => {
                    self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
                    self.not_taken(line, trouble);
                    tokio::time::sleep(self.pause).await;
                }
            }
        }
    }

    /// Finds the next delivery of every line that has none yet.
    fn look(&mut self) {
        for (line, keeper) in &self.keepers {
            if self.heads.contains_key(line) {
                continue;
            }
            let mut progress = held(&self.progress);
            let Progress { places, rung, .. } = &mut *progress;
            let place = places.entry(*line).or_default();
            if let Some(head) = next(keeper, &self.config, self.started_ms, place, rung) {
                self.heads.insert(*line, head);
            }
        }
    }

    fn make_ready(&self) -> Result<(Secret, Wire), Trouble> {
        let wrong = |error: crate::error::SetupError| Trouble::Secret { what: error.to_string() };
        let secret = Secret::open(&self.home, &secret_of(&self.home, &self.config)).map_err(wrong)?;
        let roots = self.config.ca.as_ref().map(|path| {
            let path = self.home.path().join(path);
            let text = home::read(&path).map_err(wrong)?;
            let unusable = |cause: std::io::Error| Trouble::Secret {
                what: format!("{}: expected certificates in PEM, found {cause}", path.display()),
            };
            Roots::read(&text).map_err(unusable)
        });
        Ok((secret, Wire::to(&self.config.url, roots.transpose()?)))
    }

    /// Tries the next delivery of a line.
    async fn attempt(&mut self, line: LineId) -> Result<(), Trouble> {
        let (secret, wire) = match self.ready.take() {
            Some(ready) => self.ready.insert(ready),
            None => {
                let ready = self.make_ready()?;
                self.ready.insert(ready)
            }
        };
        let Some(head) = self.heads.get(&line) else { return Ok(()) };
        let seconds = clock::system_ms() / 1_000;
        let mut headers = wire::content_type("application/json");
        let signed = [
            ("webhook-id", head.id.clone()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", secret.sign(&head.id, seconds, &head.body)),
        ];
        for (name, value) in signed {
            let value = HeaderValue::from_str(&value)
                .map_err(|cause| Trouble::Unreachable { cause: cause.to_string() })?;
            headers.insert(name, value);
        }
        let answered = wire.post(&headers, Bytes::from(head.body.clone())).await;
        match answered.map(|answer| answer.status) {
            Ok(200..=299) => Ok(()),
            Ok(status) => Err(Trouble::Refused { status }),
            Err(Unanswered::Unreachable(cause)) => Err(Trouble::Unreachable { cause }),
            Err(Unanswered::Stalled) => Err(Trouble::Stalled { within: DEADLINE }),
        }
    }

    fn taken(&mut self, line: LineId) {
        self.pause = Duration::ZERO;
        let Some(head) = self.heads.remove(&line) else { return };
        let mut progress = held(&self.progress);
        if let Some((trouble, _)) = progress.standing.trouble.take() {
            tracing::info!(webhook = self.config.name, was = trouble.name(), "a webhook delivers again");
        }
        progress.standing.taken += 1;
        progress.standing.taken_ms = Some(clock::system_ms());
        passed(progress.places.entry(line).or_default(), head.what, false);
    }

    fn not_taken(&mut self, line: LineId, trouble: Trouble) {
        let (Some(keeper), Some(head)) = (self.keepers.get(&line), self.heads.get_mut(&line)) else { return };
        if trouble.is_refusal() {
            head.refusals += 1;
        }
        let number = match head.what {
            What::Event(number) => Some(number),
            What::Begins | What::Gap => None,
        };
        let (name, id) = (&self.config.name, head.id.clone());
        let mut progress = held(&self.progress);
        if is_given_up(head, keeper.feed.now_ms()) {
            tracing::error!(webhook = name, id, %trouble, "a delivery of a webhook is given up");
            progress.standing.given_up += 1;
            passed(progress.places.entry(line).or_default(), head.what, true);
            self.heads.remove(&line);
            self.pause = FIRST_PAUSE;
        }
        let before = progress.standing.trouble.take();
        let since_ms =
            before.as_ref().filter(|(before, _)| before.name() == trouble.name()).map(|(_, since)| *since);
        progress.standing.trouble = Some((trouble.clone(), since_ms.unwrap_or_else(clock::system_ms)));
        drop(progress);
        if since_ms.is_some() {
            tracing::debug!(webhook = name, id, %trouble, "a webhook still does not deliver");
            return;
        }
        tracing::warn!(
            webhook = name, id, trouble = trouble.name(), %trouble, hint = trouble.hint(),
            "a webhook does not deliver; it is tried again, and the line waits for nothing"
        );
        let told = Told::WebhookTrouble { webhook: name.clone(), number, trouble: Box::new(trouble) };
        self.hooks.run(&told, &keeper.memorandum(), keeper.party);
        keeper.feed.tell(told, None);
    }
}

/// A delivery was taken, or is given up.
fn passed(place: &mut Place, what: What, given_up: bool) {
    match what {
        What::Begins => place.begun = true,
        What::Gap => place.lost_after = None,
        What::Event(number) => {
            if given_up {
                place.lost_after.get_or_insert(number.saturating_sub(1));
            }
            place.after = place.after.max(number);
        }
    }
}

/// The next delivery of a line; what it does not bring is passed over.
fn next(
    keeper: &Keeper,
    config: &WebhookConfig,
    started_ms: u64,
    place: &mut Place,
    rung: &mut Rung,
) -> Option<Head> {
    let head = |what: What, name: &str, at_ms: u64, data: Value| {
        let memorandum = keeper.memorandum();
        let line = &memorandum.terms().name;
        let (number, part) = match what {
            What::Event(number) => (Some(number), number.to_string()),
            What::Begins | What::Gap => (None, format!("{name}-{}", data["after"])),
        };
        let body = json!({
            "type": name,
            "line": line,
            "party": memorandum.name_of(keeper.party),
            "started_ms": started_ms,
            "number": number,
            "data": data,
        });
        Head { what, id: format!("{line}-{started_ms}-{part}"), body: body.to_string(), at_ms, refusals: 0 }
    };
    if !place.begun {
        let last = *keeper.feed.last().borrow();
        let data = json!({"after": place.after, "last": last, "started_ms": started_ms, "at_ms": keeper.feed.now_ms()});
        return Some(head(What::Begins, "begins", 0, data));
    }
    loop {
        let (happenings, gap) = keeper.feed.after(place.after, BATCH);
        if gap && let Some(first) = happenings.first() {
            place.lost_after.get_or_insert(place.after);
            place.after = first.id.saturating_sub(1);
        }
        if let Some(after) = place.lost_after {
            let data = json!({"after": after, "until": place.after, "at_ms": keeper.feed.now_ms()});
            return Some(head(What::Gap, "gap", 0, data));
        }
        if happenings.is_empty() {
            return None;
        }
        for happening in happenings {
            if is_brought(keeper, config, &happening, rung) {
                let (name, data) = events::outgoing(keeper, &happening);
                return Some(head(What::Event(happening.id), name, happening.at_ms, data));
            }
            place.after = happening.id;
        }
    }
}

fn is_brought(keeper: &Keeper, config: &WebhookConfig, happening: &Happening, rung: &mut Rung) -> bool {
    let is_on = |name: &str| config.on.iter().any(|on| on == name);
    let rings = |shown: &Shown, rung: &mut Rung| rung.rings(shown, keeper.line(), keeper.party);
    let flash = match happening.told.as_ref() {
        Told::Shown(shown) if is_on("flash") => rings(shown, rung),
        _ => false,
    };
    flash || is_on(events::json(&happening.told, &keeper.memorandum()).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, at_ms: u64, refusals: u32) -> Head {
        Head { what: What::Event(number), id: String::new(), body: String::new(), at_ms, refusals }
    }

    #[test]
    fn what_is_old_or_refused_too_often_is_given_up_and_what_tells_of_it_is_not_for_its_age() {
        assert!(!is_given_up(&event(1, 1_000, 0), 1_000 + OLDEST_MS));
        assert!(is_given_up(&event(1, 1_000, 0), 1_001 + OLDEST_MS));
        assert!(!is_given_up(&event(1, 1_000, MOST_REFUSALS - 1), 2_000));
        assert!(is_given_up(&event(1, 1_000, MOST_REFUSALS), 2_000));
        let gap = |refusals| Head { what: What::Gap, ..event(0, 0, refusals) };
        assert!(!is_given_up(&gap(MOST_REFUSALS - 1), u64::MAX));
        assert!(is_given_up(&gap(MOST_REFUSALS), 0));
    }

    #[test]
    fn what_is_given_up_is_told_of_once_from_the_first_that_is_missing() {
        let mut place = Place { begun: true, after: 6, lost_after: None };
        passed(&mut place, What::Event(7), true);
        passed(&mut place, What::Event(9), true);
        assert_eq!((place.after, place.lost_after), (9, Some(6)));
        passed(&mut place, What::Gap, false);
        passed(&mut place, What::Event(12), false);
        assert_eq!((place.after, place.lost_after), (12, None));
    }

    #[test]
    fn only_a_status_that_is_about_the_delivery_itself_counts_as_its_refusal() {
        let refused = |status| Trouble::Refused { status }.is_refusal();
        assert!([400, 401, 404, 410, 413, 422].into_iter().all(refused));
        assert!(![302, 408, 425, 429, 500, 503].into_iter().any(refused));
        assert!(!Trouble::Stalled { within: DEADLINE }.is_refusal());
    }
}
