//! Two stations of a line named `bench`, each a process of its own: `usa` listens, `rus` dials.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use detente_line::{Memorandum, Office};
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};
use detente_station::{Home, home};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::api::{Connection, LINE};
use crate::{Outcome, Run};

/// The line's name.
const NAME: &str = "bench";
/// The parties: who writes, and who receipts.
const PARTIES: [&str; 2] = ["usa", "rus"];
/// Longest wait for a station to do anything.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks at a station.
const LOOK: Duration = Duration::from_micros(500);

/// Two stations, at work or not.
pub(crate) struct Pair {
    program: PathBuf,
    homes: [Home; 2],
    keys: [Keys; 2],
    /// The rules of the line.
    pub(crate) memorandum: Memorandum,
}

/// A station at work; killed when it is let go.
pub(crate) struct Station {
    home: Home,
    process: Child,
}

/// A free UDP port on loopback; should another program take it before the station does, that fails loudly.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A free TCP port on loopback, likewise.
pub(crate) fn free_tcp_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Pair {
    /// Sets two stations up in a folder, as two people would.
    pub(crate) fn set_up(run: &Run, folder: &str) -> Outcome<Self> {
        Self::set_up_by(run, folder, |_| {})
    }

    /// The same, by terms that are not quite the usual ones.
    pub(crate) fn set_up_by(run: &Run, folder: &str, change: impl FnOnce(&mut Paper)) -> Outcome<Self> {
        let folder = run.folder(folder)?;
        let [usa, rus] = PARTIES;
        let homes = PARTIES.map(|name| Home::at(folder.join(name)));
        let keys = [Keys::generate(usa)?, Keys::generate(rus)?];
        let offices = vec![Office { number: 1, name: "watch officer".into(), rank: 0 }];
        let cards =
            keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], offices.clone())));
        let mut paper = Paper::draft(NAME, cards.collect());
        let day = [100_000_000, 1 << 40];
        (paper.quota.flash, paper.quota.routine) = (day, day);
        change(&mut paper);
        let path = Path::new("memorandum");
        for keys in &keys {
            let signature = paper.memorandum(path)?.sign(&keys.book_key());
            paper.add_signature(keys.party(), &signature);
        }
        let port = free_port()?;
        let configs = [
            format!("listen = \"127.0.0.1:{port}\"\n"),
            format!(
                "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"{usa}\"\naddress = \"127.0.0.1:{port}\"\n",
                free_port()?
            ),
        ];
        for ((place, keys), config) in homes.iter().zip(&keys).zip(&configs) {
            place.make(&place.line(NAME))?;
            keys.write(&place.keys(NAME))?;
            home::write(&place.memorandum(NAME), &paper.text(), 0o600, false)?;
            home::write(&place.config(), config, 0o600, false)?;
        }
        Ok(Self { program: run.station.clone(), homes, keys, memorandum: paper.memorandum(path)? })
    }

    /// Has `usa` and `rus` run by other configurations.
    pub(crate) fn configure(&self, configs: &[String; 2]) -> Outcome<()> {
        for (home, config) in self.homes.iter().zip(configs) {
            home::write(&home.config(), config, 0o600, true)?;
        }
        Ok(())
    }

    /// The keys of `usa` and `rus`.
    pub(crate) fn keys(&self) -> &[Keys; 2] {
        &self.keys
    }

    /// The folders of the stations of `usa` and `rus`.
    pub(crate) fn homes(&self) -> [&Path; 2] {
        self.homes.each_ref().map(Home::path)
    }

    /// The folders of the stores of `usa` and `rus`, and the files of their marks.
    pub(crate) fn stores(&self) -> [(PathBuf, PathBuf); 2] {
        self.homes.each_ref().map(|home| (home.store(NAME), home.mark(NAME)))
    }

    /// Starts the station that listens, and returns when it answers.
    pub(crate) async fn start_usa(&self) -> Outcome<Station> {
        let [home, _] = &self.homes;
        Station::start(&self.program, home).await
    }

    /// Starts the station that dials, and returns when it answers.
    pub(crate) async fn start_rus(&self) -> Outcome<Station> {
        let [_, home] = &self.homes;
        Station::start(&self.program, home).await
    }

    /// Starts both, and returns when a circuit between them is ready on both sides.
    pub(crate) async fn start(&self) -> Outcome<[Station; 2]> {
        let stations = [self.start_usa().await?, self.start_rus().await?];
        for station in &stations {
            station.ready(&mut station.connect().await?).await?;
        }
        Ok(stations)
    }
}

impl Station {
    async fn start(program: &Path, home: &Home) -> Outcome<Self> {
        let log = File::create(home.path().join("log"))?;
        let process = Command::new(program)
            .arg("--home")
            .arg(home.path())
            .arg("run")
            .env("DETENTE_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let mut station = Self { home: home.clone(), process };
        let began = Instant::now();
        loop {
            if let Ok(mut connection) = station.connect().await {
                connection.read("/v1/station").await?;
                return Ok(station);
            }
            if station.process.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(home.path().join("log")).unwrap_or_default();
                return Err(format!("a station did not start: {log}").into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A connection to its socket.
    pub(crate) async fn connect(&self) -> Outcome<Connection> {
        Connection::open(&self.home.socket()).await
    }

    /// Several.
    pub(crate) async fn connections(&self, count: usize) -> Outcome<Vec<Connection>> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(self.connect().await?);
        }
        Ok(connections)
    }

    /// Waits for a circuit that is ready.
    pub(crate) async fn ready(&self, connection: &mut Connection) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let status = connection.read(LINE).await?;
            let circuits = status.get("circuits").and_then(Value::as_array);
            let ready = |circuit: &Value| circuit.get("ready") == Some(&Value::Bool(true));
            if circuits.is_some_and(|circuits| circuits.iter().any(ready)) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err("no circuit came up".into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Stops it in good order.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        let id = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        kill_process(id.ok_or("a process without an id")?, Signal::TERM)?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
