//! A station at work: its lines, its circuits, its API, until it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_record::LineId;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api;
use crate::circuit::{CircuitKind, Endpoint, LineIdentity};
use crate::clock::Clock;
use crate::config::{CircuitConfig, Config, ConsoleConfig};
use crate::console;
use crate::error::SetupError;
use crate::home::Home;
use crate::hooks::Hooks;
use crate::keeper::{self, Keeper, Opening};
use crate::keyset::KeySet;
use crate::links::serial::{self, Serial};
use crate::links::{self, Lines};
use crate::mailbox;
use crate::webhook::Webhooks;
use crate::witness::Witnessing;

/// Runs the station of a folder until SIGTERM, SIGINT, or a failure of the store.
///
/// # Errors
/// Whatever keeps it from starting, and a store that failed.
pub async fn run(home: Home, clock: Clock) -> Result<(), SetupError> {
    // With new keys everything begins anew, within this process.
    while run_once(&home, clock.clone()).await? == Ended::KeysRenewed {
        tracing::info!("this party's keys were renewed: the station begins again with the new ones");
    }
    Ok(())
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It was told to.
    Told,
    /// Its party has later keys, and they are here.
    KeysRenewed,
}

async fn run_once(home: &Home, clock: Clock) -> Result<Ended, SetupError> {
    let config = Config::read(&home.config())?;
    let hooks = Hooks::new(config.hook.clone());
    let (mut keepers, mut identities, mut endings) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut renewals = Vec::new();
    for name in home.lines()?.into_iter().filter(|name| home.memorandum(name).exists()) {
        let opening = Opening {
            home,
            name: &name,
            clock: clock.clone(),
            hooks: hooks.clone(),
            ahead_ms: config.notices.warn,
        };
        let opened = keeper::open(opening)?;
        renewals.push((name.clone(), opened.superseded));
        identities.push(Identified { keeper: opened.keeper.clone(), keys: opened.keys });
        endings.push(opened.ended);
        keepers.insert(opened.keeper.line(), opened.keeper);
    }
    if keepers.is_empty() {
        return Err(SetupError::NoLine { home: home.path().to_owned() });
    }
    let lines: Lines = Arc::new(keepers);
    let endings = Endings { failures: endings, renewals };
    let ended = work(home, &config, clock, &lines, &hooks, identities, endings).await;
    // However it ended, every line has let go of its record before anybody hears so.
    for keeper in lines.values() {
        keeper.stop().await;
    }
    ended
}

/// Listens, dials and answers until it is told to end, or cannot go on.
async fn work(
    home: &Home,
    config: &Config,
    clock: Clock,
    lines: &Lines,
    hooks: &Hooks,
    identities: Vec<Identified>,
    endings: Endings,
) -> Result<Ended, SetupError> {
    check_circuits(home, config, lines)?;
    // Before anybody has an answer: a signal to a station that is up is always taken.
    let signals = Signals::listen(home)?;
    let endpoint = Endpoint::bind(config.listen, identities.iter().map(Identified::identity).collect())?;
    let endpoint = Arc::new(match config.listen_tcp {
        Some(at) => endpoint.with_tcp(at)?,
        None => endpoint,
    });
    let witnessed = clock.clone();
    let origin = config.console.as_ref().map(ConsoleConfig::origin);
    let started_ms = clock.now_ms();
    let webhooks = Webhooks::of(home, lines, hooks, started_ms);
    let api = api::serve(home, clock, Arc::clone(lines), origin, (webhooks.clone(), started_ms))?;
    let console = match &config.console {
        Some(config) => Some(console::serve(home, config, api.api.clone()).await?),
        None => None,
    };
    // Said only now: whoever waits for it may ask through the API at once.
    tracing::info!(address = %endpoint.local_addr(), lines = lines.len(), "the station listens");
    if let Some(address) = endpoint.tcp_addr() {
        tracing::info!(%address, "the station listens for TCP");
    }
    let accepting = tokio::spawn(links::accept(Arc::clone(&endpoint), Arc::clone(lines)));
    let witnessing = Witnessing::start(lines, &witnessed, hooks);
    webhooks.begin(&config.webhook);
    let mut dialling = Dialling { home: home.clone(), tasks: JoinSet::new(), dialled: Vec::new() };
    dialling.change(&endpoint, lines, config);
    let following = tokio::spawn(follow_parties(Arc::clone(&endpoint), identities));
    let told = Rereading { hooks, webhooks: &webhooks };
    let ended = wait(home, signals, &mut dialling, &endpoint, lines, &told, endings).await;
    following.abort();
    tracing::info!("the station stops");
    dialling.stop();
    witnessing.stop().await;
    webhooks.stop().await;
    for keeper in lines.values() {
        keeper.stop().await;
    }
    if let Some(console) = console {
        console.stop().await;
    }
    api.stop().await;
    endpoint.close().await;
    accepting.abort();
    ended
}

/// What ends a run, of each line: a store that failed, and later keys.
struct Endings {
    failures: Vec<watch::Receiver<Option<String>>>,
    renewals: Vec<(String, watch::Receiver<Option<u8>>)>,
}

/// A line and the keys of its station.
struct Identified {
    keeper: Keeper,
    keys: KeySet,
}

impl Identified {
    /// Whom the line's circuits go to, as its memoranda and renewals name them now.
    fn identity(&self) -> LineIdentity {
        let keyring = self.keeper.keyring();
        // Whoever is a member no more is still told why, and whoever shows an old key.
        let others = keyring.station_keys().filter(|(party, ..)| *party != self.keeper.party);
        let peers = others.map(|(.., key)| *key.bytes()).collect();
        self.keys.identity(self.keeper.line().0, peers)
    }
}

/// Admits the keys of parties as memoranda and renewals come to name them.
async fn follow_parties(endpoint: Arc<Endpoint>, lines: Vec<Identified>) {
    let mut changes = JoinSet::new();
    for line in &lines {
        let mut keys = line.keeper.keyrings();
        changes.spawn(async move { keys.changed().await.is_ok().then_some(keys) });
    }
    while let Some(changed) = changes.join_next().await {
        let Ok(Some(mut keys)) = changed else { continue };
        changes.spawn(async move { keys.changed().await.is_ok().then_some(keys) });
        if let Err(error) = endpoint.replace_lines(lines.iter().map(Identified::identity).collect()) {
            tracing::error!(%error, hint = error.hint(), "new keys of parties are not admitted to circuits");
        }
    }
}

/// The line that a configured circuit is for.
fn line_of(lines: &Lines, circuit: &CircuitConfig) -> Option<LineId> {
    let named = |keeper: &&Keeper| match &circuit.line {
        Some(name) => keeper.memorandum().terms().name == *name,
        None => lines.len() == 1,
    };
    lines.values().find(named).map(Keeper::line)
}

fn check_circuits(home: &Home, config: &Config, lines: &Lines) -> Result<(), SetupError> {
    let named = lines.values().map(|keeper| {
        let memorandum = keeper.memorandum();
        let others = memorandum.everyone().filter(|member| member.number != keeper.party.number());
        let others = others.map(|member| member.name.clone()).collect();
        (memorandum.terms().name.clone(), others)
    });
    let named = named.collect();
    config.check_circuits(&home.config(), &named)?;
    config.check_webhook_lines(&home.config(), &named)
}

/// The circuits that are dialled now, and the serial lines that are held open.
struct Dialling {
    home: Home,
    tasks: JoinSet<()>,
    dialled: Vec<(CircuitConfig, watch::Sender<bool>)>,
}

impl Dialling {
    /// Dials what is new and lets go of what is no longer configured.
    fn change(&mut self, endpoint: &Arc<Endpoint>, lines: &Lines, config: &Config) {
        self.dialled.retain(|(circuit, ends)| {
            let stays = config.circuit.contains(circuit);
            if !stays {
                ends.send_replace(true);
            }
            stays
        });
        for (line, keeper) in lines.iter() {
            let of_line = config.circuit.iter().filter(|circuit| line_of(lines, circuit) == Some(*line));
            keeper.circuits.configure(of_line.cloned().collect());
        }
        let works =
            |circuit: &&CircuitConfig| circuit.kind() == CircuitKind::Serial || !circuit.address.is_empty();
        for circuit in config.circuit.iter().filter(works) {
            let Some(line) = line_of(lines, circuit) else { continue };
            if self.dialled.iter().any(|(dialled, _)| dialled == circuit) {
                continue;
            }
            let (ends, until) = watch::channel(false);
            let (endpoint, held) = (Arc::clone(endpoint), Arc::clone(lines));
            let (to, name) = (circuit.clone(), lines.get(&line).map(|keeper| keeper.memorandum()));
            if circuit.kind() == CircuitKind::Serial {
                let name = name.map(|memorandum| memorandum.terms().name.clone()).unwrap_or_default();
                let keys = self.home.serial_keys(&name, &circuit.peer);
                self.tasks.spawn(serial::keep(Serial { endpoint, lines: held, line, to, keys }, until));
            } else {
                self.tasks.spawn(links::dial(endpoint, held, line, to, until));
            }
            if circuit.mailbox {
                let until = ends.subscribe();
                self.tasks.spawn(mailbox::tend(Arc::clone(lines), line, circuit.clone(), until));
            }
            self.dialled.push((circuit.clone(), ends));
        }
    }

    fn stop(&mut self) {
        self.tasks.abort_all();
    }
}

/// What people tell a station by signals.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen(home: &Home) -> Result<Self, SetupError> {
        let listen =
            |kind| signal(kind).map_err(|cause| SetupError::io("listen for signals of", home.path(), &cause));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }
}

/// Who is told what a configuration says that was read again.
struct Rereading<'a> {
    hooks: &'a Hooks,
    webhooks: &'a Webhooks,
}

async fn wait(
    home: &Home,
    mut signals: Signals,
    dialling: &mut Dialling,
    endpoint: &Arc<Endpoint>,
    lines: &Lines,
    told: &Rereading<'_>,
    endings: Endings,
) -> Result<Ended, SetupError> {
    let (mut failures, mut renewals) = (JoinSet::new(), JoinSet::new());
    for (name, mut superseded) in endings.renewals {
        let home = home.clone();
        renewals.spawn(async move {
            let rank = superseded.wait_for(Option::is_some).await.ok().and_then(|rank| *rank);
            // Where the new keys are not here, this station has had its day.
            rank.is_some_and(|rank| KeySet::read(&home, &name).is_ok_and(|keys| keys.rank() >= rank))
        });
    }
    for mut ending in endings.failures {
        failures
            .spawn(async move { ending.wait_for(Option::is_some).await.ok().and_then(|why| why.clone()) });
    }
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ok(Ended::Told),
            _ = signals.interrupt.recv() => return Ok(Ended::Told),
            Some(renewed) = renewals.join_next() => if let Ok(true) = renewed {
                return Ok(Ended::KeysRenewed);
            },
            Some(Ok(Some(why))) = failures.join_next() => {
                tracing::error!(why, "the station cannot go on");
                return Err(SetupError::File {
                    path: home.path().to_owned(),
                    text: why,
                    hint: "nothing that was accepted is lost; `detente doctor` looks at the store".into(),
                });
            }
            _ = signals.hang_up.recv() => {
                let read = Config::read(&home.config()).and_then(|config| {
                    check_circuits(home, &config, lines).map(|()| config)
                });
                match read {
                    Ok(config) => {
                        told.hooks.replace(config.hook.clone());
                        told.webhooks.replace(&config.webhook);
                        for keeper in lines.values() {
                            keeper.airspace.warn(config.notices.warn);
                        }
                        dialling.change(endpoint, lines, &config);
                        tracing::info!("the configuration was read again");
                    }
                    Err(error) => {
                        tracing::error!(%error, hint = error.hint(), "the configuration is not taken; the old one stays");
                    }
                }
            }
        }
    }
}
