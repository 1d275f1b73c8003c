//! What is done to the stations, one thing after the other, until there were enough kills or the time is over.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::garrison::{Garrison, Start};
use crate::{Options, Outcome};

/// How much of what was done.
#[derive(Debug, Default)]
pub(crate) struct Toll {
    done: BTreeMap<&'static str, u64>,
    took: Duration,
}

impl Toll {
    /// Of a siege in which nothing was done for a time.
    pub(crate) fn nothing_for(took: Duration) -> Self {
        Self { took, ..Self::default() }
    }

    fn note(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    /// All of it.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
        self.done.iter().map(|(what, count)| (*what, *count)).collect()
    }

    /// How long it took, s.
    pub(crate) fn seconds(&self) -> f64 {
        self.took.as_secs_f64()
    }
}

/// What is done.
pub(crate) struct Assault {
    chance: Chance,
    kills: u64,
    until: Duration,
    gentle: bool,
    toll: Toll,
}

const KILLED: &str = "kills";

impl Assault {
    /// As it was asked for.
    pub(crate) fn new(options: &Options) -> Self {
        let (chance, until) = (Chance::new(options.seed), Duration::from_secs(options.seconds));
        Self { chance, kills: options.kills, until, gentle: options.gentle, toll: Toll::default() }
    }

    /// Does it.
    ///
    /// # Errors
    /// If a station does not start that should.
    pub(crate) fn on(mut self, garrison: &mut Garrison) -> Outcome<Toll> {
        let began = Instant::now();
        let mut said = Instant::now();
        while self.killed() < self.kills && began.elapsed() < self.until {
            let place = self.chance.below(garrison.posts.len() as u64) as usize;
            match (self.gentle, self.chance.below(100)) {
                (_, 0..=69) => self.kill(garrison, place)?,
                (_, 70..=84) | (true, _) => self.cut(garrison, place)?,
                (_, 85..=92) => self.pause(garrison, place)?,
                (_, 93..=95) => self.skew(garrison, place)?,
                (_, 96..=97) => self.starve(garrison, place)?,
                (_, _) => self.spoil(garrison, place)?,
            }
            self.rest(50, 600);
            if said.elapsed() > Duration::from_secs(5) {
                said = Instant::now();
                eprintln!("{} of {} kills in {} s", self.killed(), self.kills, began.elapsed().as_secs());
            }
        }
        self.toll.took = began.elapsed();
        Ok(self.toll)
    }

    fn killed(&self) -> u64 {
        self.toll.done.get(KILLED).copied().unwrap_or(0)
    }

    /// Lets the stations go on for a while.
    fn rest(&mut self, least_ms: u64, most_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.chance.within(least_ms, most_ms)));
    }

    /// A station is killed, is dead for a moment, and starts.
    fn kill(&mut self, garrison: &mut Garrison, place: usize) -> Outcome<()> {
        garrison.kill(place)?;
        self.toll.note(KILLED);
        self.rest(0, 300);
        garrison.start(place, &Start::default())
    }

    /// A station's cable is pulled for a while.
    fn cut(&mut self, garrison: &Garrison, place: usize) -> Outcome<()> {
        garrison.plug(place, false)?;
        self.toll.note("cables pulled");
        self.rest(200, 6_000);
        garrison.plug(place, true)
    }

    /// A station stops where it is, and goes on as though nothing had been.
    fn pause(&mut self, garrison: &Garrison, place: usize) -> Outcome<()> {
        garrison.pause(place, true)?;
        self.toll.note("pauses");
        self.rest(500, 20_000);
        garrison.pause(place, false)
    }

    /// A station is killed and starts with a clock that is wrong by up to two hours, for a while.
    fn skew(&mut self, garrison: &mut Garrison, place: usize) -> Outcome<()> {
        let ahead_s = self.chance.within(0, 14_400) as i64 - 7_200;
        garrison.kill(place)?;
        self.toll.note(KILLED);
        self.toll.note("clocks wrong");
        garrison.start(place, &Start { ahead_s, ..Start::default() })?;
        self.rest(500, 5_000);
        garrison.kill(place)?;
        garrison.start(place, &Start::default())
    }

    /// A station is killed and starts with so few descriptors that it may not start at all.
    fn starve(&mut self, garrison: &mut Garrison, place: usize) -> Outcome<()> {
        let descriptors = self.chance.within(8, 48) as u32;
        garrison.kill(place)?;
        self.toll.note(KILLED);
        self.toll.note("descriptors exhausted");
        if garrison.start(place, &Start { descriptors: Some(descriptors), ..Start::default() }).is_err() {
            self.toll.note("descriptors exhausted: it said so and ended");
        }
        self.rest(500, 3_000);
        garrison.kill(place)?;
        garrison.start(place, &Start::default())
    }

    /// A station is killed, and something of its database is not what it was. Where it notices at the start, its operator does what it
    /// says: the store is moved away. Where what is spoilt is not read again, it goes on.
    fn spoil(&mut self, garrison: &mut Garrison, place: usize) -> Outcome<()> {
        garrison.kill(place)?;
        self.toll.note(KILLED);
        let Some(post) = garrison.posts.get(place) else { return Ok(()) };
        let store = post.home.store(crate::garrison::LINE);
        if !self.flip(store.join("line.db"))? {
            return garrison.start(place, &Start::default());
        }
        self.toll.note("stores spoilt");
        if garrison.start(place, &Start::default()).is_ok() {
            self.toll.note("stores spoilt where nothing was read");
            garrison.kill(place)?;
        } else if !garrison.last_words(place).contains("damaged store") {
            return Err(
                format!("a spoilt store is called something else: {}", garrison.last_words(place)).into()
            );
        }
        let moved = store.with_extension(format!("spoilt-{}", self.killed()));
        fs::rename(&store, moved)?;
        if let Some(post) = garrison.posts.get_mut(place) {
            post.restored = true;
        }
        garrison.start(place, &Start::default())
    }

    /// Changes some bytes of a file; says whether there were any.
    fn flip(&mut self, path: PathBuf) -> Outcome<bool> {
        let mut bytes = fs::read(&path)?;
        if bytes.is_empty() {
            return Ok(false);
        }
        for _ in 0..self.chance.within(1, 64) {
            let place = self.chance.below(bytes.len() as u64) as usize;
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << self.chance.below(8);
            }
        }
        fs::write(&path, bytes)?;
        Ok(true)
    }
}
