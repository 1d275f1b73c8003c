//! The stage: a folder with a real station in it for each party of a scenario, each a process of its own with
//! its own store, keys and clock, joined over QUIC on loopback.
//!
//! Stations are this same command, started again as `detente run`. They can be killed and started again on
//! their stores; the lines between them can be cut and healed. When the stage is dropped, no process is left.

use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use detente_line::Office;
use detente_station::Home;
use detente_station::clock::SCENARIO;
use detente_station::keys::Keys;
use detente_station::paper::{Card, EscalationPart, NoticePart, Paper};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::calls::{Calls, Failed};
use super::relay::Relay;
use super::schedule::TestsHeard;
use crate::failure::Failure;
use crate::scenario::{Scenario, Terms};

/// Ports below those that the system gives to whoever asks for any: no other socket of a replay takes one before its station has it.
const PORTS: std::ops::Range<u32> = 20_000..32_000;
/// Most stations with a console: the first ones of a scenario.
const CONSOLES: usize = 2;
/// How long a station may take to answer after its start.
const START: Duration = Duration::from_secs(20);
/// How often a station that starts is asked whether it is there.
const ASK_AGAIN: Duration = Duration::from_millis(15);
/// How much of a station's log is told when it does not start, in bytes.
const LOG_TAIL: usize = 1_500;

/// What kept a replay from going on.
#[derive(Debug)]
pub(crate) struct StageError {
    what: String,
    expected: &'static str,
    found: String,
}

impl StageError {
    /// What was looked at, what was expected of it, and what was found.
    pub(crate) fn new(what: impl Into<String>, expected: &'static str, found: impl fmt::Display) -> Self {
        Self { what: what.into(), expected, found: found.to_string() }
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        let hint = "with --keep the stations' folders stay, and a station.log in each";
        Self::failed("Station", error.what, error.expected, error.found, hint)
    }
}

/// One party's station.
#[derive(Debug)]
pub(crate) struct Actor {
    /// Short name of the party.
    pub(crate) name: String,
    /// Its API.
    pub(crate) calls: Calls,
    home: Home,
    listen: SocketAddr,
    /// The port of its console, where it has one.
    console: Option<u16>,
    child: Option<Child>,
    following: JoinSet<()>,
}

impl Actor {
    /// Whether its process runs.
    pub(crate) fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Its folder.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The link with which somebody becomes an officer at its console, and by what a browser knows its certificate;
    /// where it has a console.
    ///
    /// # Errors
    /// What the station refuses, or a certificate that cannot be read.
    pub(crate) async fn link(&self) -> Result<Option<Link>, StageError> {
        if self.console.is_none() {
            return Ok(None);
        }
        let name = format!("the console of {}", self.name);
        let wrong = |found: String| StageError::new(&name, "a link for an officer", found);
        let officer = serde_json::json!({"name": "Officer of the watch", "role": "supervisor"});
        let told =
            self.calls.tell("/v1/officers", &officer).await.map_err(|failed| wrong(failed.to_string()))?;
        let url = told.get("link").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        // The console comes up behind the API, and makes its certificate then.
        let deadline = Instant::now() + START;
        loop {
            match detente_station::own_key_pin(&self.home) {
                Ok(Some(pin)) => return Ok(Some(Link { url, pin })),
                Ok(None) if Instant::now() < deadline => tokio::time::sleep(ASK_AGAIN).await,
                Ok(None) => return Err(wrong("no certificate".into())),
                Err(error) => return Err(wrong(error.to_string())),
            }
        }
    }
}

/// A way into a console.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Works once.
    pub(crate) url: String,
    /// As Chromium's `--ignore-certificate-errors-spki-list` takes it.
    pub(crate) pin: String,
}

/// The stations of one replay and what lies between them.
#[derive(Debug)]
pub(crate) struct Stage {
    /// In the order of the scenario's parties.
    pub(crate) actors: Vec<Actor>,
    /// Counts up whenever any station says that something changed.
    pub(crate) changed: watch::Sender<u64>,
    /// What the stations told of scheduled tests.
    pub(crate) tests: TestsHeard,
    line: String,
    relays: Vec<Relay>,
    folder: PathBuf,
    is_kept: bool,
}

impl Stage {
    /// Makes keys, a memorandum signed by all, and a folder for each party; nothing runs yet.
    ///
    /// `keep` is a folder that does not exist yet and stays; without it, a temporary one is made and removed.
    ///
    /// # Errors
    /// What could not be made, and why.
    pub(crate) async fn set(scenario: &Scenario, keep: Option<&Path>) -> Result<Self, StageError> {
        let folder = match keep {
            Some(folder) => folder.to_path_buf(),
            None => std::env::temp_dir().join(format!("detente-demo-{}", std::process::id())),
        };
        fs::create_dir(&folder).map_err(|error| {
            StageError::new(folder.display().to_string(), "a folder that can be made", error)
        })?;
        // From here on, what was made is removed again if the rest fails.
        let mut stage = Self {
            actors: Vec::new(),
            changed: watch::Sender::new(0),
            tests: TestsHeard::default(),
            line: scenario.line.clone(),
            relays: Vec::new(),
            folder: fs::canonicalize(&folder)
                .map_err(|error| StageError::new(folder.display().to_string(), "a folder", error))?,
            is_kept: keep.is_some(),
        };
        stage.enrol(scenario)?;
        stage.join().await?;
        Ok(stage)
    }

    /// Keys for everybody, and a memorandum that everybody has signed.
    fn enrol(&mut self, scenario: &Scenario) -> Result<(), StageError> {
        let setup = |error| StageError::new("a station", "one that is set up", error);
        let mut keyrings = Vec::new();
        for plan in &scenario.parties {
            let home = Home::at(self.folder.join(&plan.name));
            home.make(&home.line(&scenario.line)).map_err(setup)?;
            let keys = Keys::generate(&plan.name).map_err(setup)?;
            keys.write(&home.keys(&scenario.line)).map_err(setup)?;
            let numbers = 0u16..;
            let offices = plan.offices.iter().zip(numbers);
            let offices = offices
                .map(|(office, number)| Office { number, name: office.name.clone(), rank: office.rank })
                .collect();
            let card = Card::of(&keys.card(&plan.full_name, plan.languages.clone(), offices));
            let listen =
                free_address().map_err(|error| StageError::new("loopback", "a free address", error))?;
            let console = if self.actors.len() < CONSOLES {
                let free = free_port().map_err(|error| StageError::new("loopback", "a free port", error))?;
                Some(free)
            } else {
                None
            };
            let calls = Calls::to(&home);
            let (child, following) = (None, JoinSet::new());
            self.actors.push(Actor {
                name: plan.name.clone(),
                calls,
                home,
                listen,
                console,
                child,
                following,
            });
            keyrings.push((keys, card));
        }
        let mut paper = Paper::draft(&scenario.line, keyrings.iter().map(|(_, card)| card.clone()).collect());
        apply(&mut paper, &scenario.terms);
        let memorandum = paper.memorandum(&self.folder).map_err(setup)?;
        for (keys, _) in &keyrings {
            paper.add_signature(keys.party(), &memorandum.sign(&keys.book_key()));
        }
        for actor in &self.actors {
            detente_station::home::write(&actor.home.memorandum(&scenario.line), &paper.text(), 0o600, false)
                .map_err(setup)?;
        }
        Ok(())
    }

    /// A relay from every station to every other one, and the configurations that name them.
    async fn join(&mut self) -> Result<(), StageError> {
        for (place, actor) in self.actors.iter().enumerate() {
            let mut config = format!("listen = \"{}\"\n", actor.listen);
            for (_, other) in self.actors.iter().enumerate().filter(|(other, _)| *other != place) {
                let relay = Relay::to(other.listen).await;
                let relay = relay.map_err(|error| StageError::new("loopback", "a free address", error))?;
                config +=
                    &format!("\n[[circuit]]\npeer = \"{}\"\naddress = \"{}\"\n", other.name, relay.address);
                self.relays.push(relay);
            }
            if let Some(port) = actor.console {
                config += &format!("\n[console]\nlisten = \"127.0.0.1:{port}\"\n");
            }
            let path = actor.home.config();
            fs::write(&path, config)
                .map_err(|error| StageError::new(path.display().to_string(), "a file", error))?;
        }
        Ok(())
    }

    /// The folder that everything is in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the folder stays.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Starts a station with its clock at a time, and comes back when it answers.
    ///
    /// # Errors
    /// With the end of the station's log, when it does not answer.
    pub(crate) async fn start(&mut self, place: usize, now_ms: u64) -> Result<(), StageError> {
        let (line, changed, tests) = (self.line.clone(), self.changed.clone(), self.tests.clone());
        let Some(actor) = self.actors.get_mut(place) else { return Ok(()) };
        let log_path = actor.home.path().join("station.log");
        let name = format!("the station of {}", actor.name);
        let wrong = |error: io::Error| StageError::new(&name, "a process", error);
        let log = fs::OpenOptions::new().create(true).append(true).open(&log_path).map_err(wrong)?;
        let mut child = Command::new(std::env::current_exe().map_err(wrong)?)
            .arg("run")
            .arg("--home")
            .arg(actor.home.path())
            .env(SCENARIO, now_ms.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(wrong)?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(wrong)?;
        let deadline = Instant::now() + START;
        while let Err(why) = actor.calls.ask(&format!("/v1/lines/{line}")).await {
            let ended = child.try_wait().map_err(wrong)?;
            if ended.is_some() || Instant::now() > deadline {
                let how = ended.map_or(format!("no answer: {why}"), |status| status.to_string());
                return Err(StageError::new(name, "an answer", format!("{how}; {}", tail(&log_path))));
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        actor.child = Some(child);
        let (party, calls) = (actor.name.clone(), actor.calls.clone());
        actor.following.spawn(async move {
            // The stream ends with the station; a new one is followed when it is started again.
            let told = |event: &str, data: &_| {
                tests.hear(&party, event, data);
                changed.send_modify(|count| *count += 1);
            };
            let _: Result<(), Failed> = calls.follow(&line, told).await;
            changed.send_modify(|count| *count += 1);
        });
        self.changed.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Kills a station's process as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it could not be killed.
    pub(crate) async fn kill(&mut self, place: usize) -> Result<(), StageError> {
        if let Some(actor) = self.actors.get_mut(place)
            && let Some(mut child) = actor.child.take()
        {
            child
                .kill()
                .await
                .map_err(|error| StageError::new(&actor.name, "a station that can be killed", error))?;
            actor.following.abort_all();
        }
        Ok(())
    }

    /// Kills every station and waits until all are gone.
    ///
    /// # Errors
    /// When one could not be killed.
    pub(crate) async fn strike(&mut self) -> Result<(), StageError> {
        for place in 0..self.actors.len() {
            self.kill(place).await?;
        }
        Ok(())
    }

    /// Cuts every circuit, or heals them.
    pub(crate) fn carry(&self, carries: bool) {
        for relay in &self.relays {
            relay.carry(carries);
        }
    }

    /// Moves every running station's clock to a time, if it lies ahead of them.
    pub(crate) async fn move_clocks(&self, to_ms: u64) {
        for actor in self.running() {
            // Refused where the clock is past that time already: then it needs no moving.
            let _ = actor.calls.tell("/v1/clock", &serde_json::json!({"now_ms": to_ms})).await;
        }
    }

    /// The stations that run.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Actor> {
        self.actors.iter().filter(|actor| actor.is_running())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.actors.clear();
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A UDP address of loopback that nobody has.
fn free_address() -> io::Result<SocketAddr> {
    free(|at| UdpSocket::bind(at)?.local_addr())
}

/// A TCP port of loopback that nobody has.
fn free_port() -> io::Result<u16> {
    free(|at| TcpListener::bind(at)?.local_addr()).map(|address| address.port())
}

fn free(bind: impl Fn((Ipv4Addr, u16)) -> io::Result<SocketAddr>) -> io::Result<SocketAddr> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    // Replays that run side by side begin apart.
    let first = std::process::id().wrapping_mul(61);
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in PORTS {
        let step = first.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + step % (PORTS.end - PORTS.start);
        match bind((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap_or_default())) {
            Ok(address) => return Ok(address),
            Err(cause) => last = cause,
        }
    }
    Err(last)
}

fn tail(path: &Path) -> String {
    let log = fs::read_to_string(path).unwrap_or_default();
    let mut from = log.len().saturating_sub(LOG_TAIL);
    while !log.is_char_boundary(from) {
        from += 1;
    }
    log.get(from..).unwrap_or_default().trim_end().to_owned()
}

/// Puts a scenario's terms in the place of the usual ones.
fn apply(paper: &mut Paper, terms: &Terms) {
    paper.line.depositary.clone_from(&terms.depositary);
    let [flash, immediate, priority, routine] = terms.handling_ms;
    paper.handling.flash = flash;
    paper.handling.immediate = immediate;
    paper.handling.priority = priority;
    paper.handling.routine = routine;
    let escalations = terms.escalations.iter().map(|step| EscalationPart {
        precedence: step.precedence.to_string(),
        after: step.after_ms,
        rank: step.rank,
    });
    paper.escalation = escalations.collect();
    paper.tests.interval = terms.test_interval_ms;
    paper.tests.grace = terms.test_grace_ms;
    paper.suspension.consent = terms.consent;
    paper.suspension.passes.clone_from(&terms.passes);
    paper.motions.votes_to_carry = u8::try_from(terms.rule.votes).unwrap_or(u8::MAX);
    paper.motions.veto.clone_from(&terms.rule.veto);
    // The memorandum wants them in the order of the parties' numbers.
    let place = |name: &String| paper.party.iter().position(|card| card.name == *name);
    paper.motions.veto.sort_by_key(place);
    paper.motions.window = terms.rule.window_ms;
    let notices = terms.notices.iter();
    let notices = notices.map(|kind| NoticePart {
        nature: Some(kind.nature.to_owned()),
        separation: kind.separation.clone(),
        ..NoticePart::new(&kind.name, kind.lead_ms, kind.emergency_lead_ms)
    });
    paper.notice = notices.collect();
}
