//! Where attacks are made: a line of three on real stations, one of which is attacked, one honest, and one the adversary's.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use detente_line::{Memorandum, Office};
use detente_record::Party;
use detente_station::circuit::{Callee, Circuit, Endpoint, LineIdentity};
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};
use detente_station::{Home, home};
use serde_json::{Value, json};

use crate::Outcome;
use crate::asking::ask;
use crate::browser::Browser;
use crate::process::Process;

/// The line's name.
pub const LINE: &str = "attacked";
/// The parties: the one that is attacked, the honest one, the adversary's.
pub const NAMES: [&str; 3] = ["usa", "rus", "irn"];
/// Longest wait for a FLASH.
const PATIENCE: Duration = Duration::from_secs(20);
/// Ports that the system gives to nobody who asks for any.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

/// A port of loopback that nobody uses.
///
/// # Errors
/// If all are in use.
pub fn free_port() -> Outcome<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    for _ in 0..count {
        // Every program begins elsewhere.
        let place =
            std::process::id().wrapping_mul(211).wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % count;
        let port = u16::try_from(PORTS.start + place)?;
        let at = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok() {
            return Ok(port);
        }
    }
    Err("no port is free".into())
}

/// The scene.
#[derive(Debug)]
pub struct Scene {
    /// The program that is attacked.
    pub program: PathBuf,
    /// Where everything is written.
    pub folder: PathBuf,
    /// The folder of the station that is attacked.
    pub home: Home,
    /// The rules of the line.
    pub memorandum: Memorandum,
    /// The keys of all parties.
    pub keys: Vec<Keys>,
    /// Where the station takes circuits over QUIC.
    pub quic: SocketAddr,
    /// Where it takes them over TCP.
    pub tcp: SocketAddr,
    /// Where its console is.
    pub console: SocketAddr,
    /// The secret of a token of it, which may read, write and give notices.
    pub token: String,
    victim: Process,
    honest: Home,
    _honest: Process,
}

impl Scene {
    /// Sets it up in a folder, and starts the stations.
    ///
    /// # Errors
    /// What keeps a station from starting.
    pub async fn set(program: &Path, folder: &Path) -> Outcome<Self> {
        let keys: Vec<Keys> = NAMES.iter().map(|name| Keys::generate(name)).collect::<Result<_, _>>()?;
        let office = || vec![Office { number: 1, name: "watch officer".into(), rank: 0 }];
        let cards = keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], office())));
        let mut paper = Paper::draft(LINE, cards.collect());
        let day = [1_000_000, 1 << 34];
        (paper.quota.flash, paper.quota.immediate) = (day, day);
        (paper.quota.priority, paper.quota.routine) = (day, day);
        let path = Path::new("memorandum");
        for keys in &keys {
            let signature = paper.memorandum(path)?.sign(&keys.book_key());
            paper.add_signature(keys.party(), &signature);
        }
        let [quic, tcp, console] = [free_port()?, free_port()?, free_port()?];
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (quic, tcp, console) = (at(quic), at(tcp), at(console));
        let configs = [
            format!("listen = \"{quic}\"\nlisten-tcp = \"{tcp}\"\n[console]\nlisten = \"{console}\"\n"),
            format!(
                "listen = \"{}\"\n[[circuit]]\npeer = \"{}\"\naddress = \"{quic}\"\n",
                at(free_port()?),
                NAMES[0]
            ),
        ];
        let mut homes = Vec::new();
        for (keys, config) in keys.iter().zip(&configs) {
            let home = Home::at(folder.join(keys.party()));
            home.make(&home.line(LINE))?;
            keys.write(&home.keys(LINE))?;
            home::write(&home.memorandum(LINE), &paper.text(), 0o600, false)?;
            home::write(&home.config(), config, 0o600, false)?;
            homes.push(home);
        }
        let [home, honest] = <[Home; 2]>::try_from(homes).map_err(|_| "two stations run")?;
        let mut victim = start(program, &home)?;
        let mut other = start(program, &honest)?;
        is_up(&mut victim, &home).await?;
        is_up(&mut other, &honest).await?;
        let asked = json!({"name": "adversary", "scope": ["read", "notify", "write"]});
        let made = ask(&home.socket(), "POST", "/v1/tokens", &asked).await?;
        let token = made["secret"].as_str().ok_or("no secret of a token")?.to_owned();
        let memorandum = paper.memorandum(path)?;
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let scene = Self {
            program,
            folder,
            home,
            memorandum,
            keys,
            quic,
            tcp,
            console,
            token,
            victim,
            honest,
            _honest: other,
        };
        scene.flash().await?;
        Ok(scene)
    }

    /// The process that is attacked.
    pub fn victim(&self) -> &Process {
        &self.victim
    }

    /// The honest station's socket.
    pub fn honest(&self) -> PathBuf {
        self.honest.socket()
    }

    /// Has an honest officer send a FLASH; how long it takes until the station that is attacked has receipted it.
    ///
    /// # Errors
    /// If it does not.
    pub async fn flash(&self) -> Outcome<Duration> {
        let begun = Instant::now();
        let draft =
            json!({"kind": "message", "precedence": "Z", "text": "Our aircraft keep north of the river."});
        let path = format!("/v1/lines/{LINE}/entries");
        let answer = ask(&self.honest(), "POST", &path, &draft).await?;
        let name = answer["entry"].as_str().ok_or("a FLASH that was not accepted")?;
        let path = format!("{path}/{name}");
        loop {
            let entry = ask(&self.honest(), "GET", &path, &Value::Null).await?;
            if !entry["delivered"][NAMES[0]].is_null() {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{name} was not receipted within {} s", PATIENCE.as_secs()).into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn keys_of(&self, party: usize) -> Outcome<&Keys> {
        Ok(self.keys.get(party).ok_or("no such party")?)
    }

    /// The number of a party, by its place in [`NAMES`].
    ///
    /// # Errors
    /// If there is none.
    pub fn number(&self, party: usize) -> Outcome<Party> {
        let name = NAMES.get(party).ok_or("no such party")?;
        Ok(self.memorandum.party_named(name).ok_or("no such party")?)
    }

    /// An endpoint at an address, with the station key of a party, by its place; without one, with a key that nobody knows.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn endpoint(&self, from: std::net::IpAddr, party: Option<usize>) -> Outcome<Endpoint> {
        let seed = match party {
            Some(party) => self.keys_of(party)?.station_seed(),
            None => Keys::generate("xyz")?.station_seed(),
        };
        let identity = LineIdentity::new(self.memorandum.line().0, seed, vec![self.victims_key()?]);
        Ok(Endpoint::bind(SocketAddr::new(from, 0), vec![identity])?)
    }

    /// The station key of the party that is attacked.
    ///
    /// # Errors
    /// Never, on a scene that was set.
    pub fn victims_key(&self) -> Outcome<[u8; 32]> {
        Ok(self.memorandum.member(self.number(0)?).ok_or("no such party")?.station_key)
    }

    /// Dials the station that is attacked.
    ///
    /// # Errors
    /// If it does not answer, or refuses.
    pub async fn dial(&self, from: &Endpoint, over_tcp: bool) -> Outcome<Circuit> {
        let (line, key) = (self.memorandum.line().0, self.victims_key()?);
        let callee = Callee::new(&line, &key);
        Ok(if over_tcp {
            from.dial_tcp(callee, self.tcp, None).await?
        } else {
            from.dial(callee, self.quic).await?
        })
    }

    /// A program on loopback that asks the console.
    ///
    /// # Errors
    /// If the console's certificate cannot be read.
    pub fn browser(&self) -> Outcome<Browser> {
        Browser::of(&self.home, self.console)
    }

    /// What nobody outside may ever be given: the secrets of the station, as they stand in its files.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub fn secrets(&self) -> Outcome<Vec<String>> {
        let keys = fs::read_to_string(self.home.keys(LINE))?;
        let quoted = keys.split('"').skip(1).step_by(2).filter(|value| value.len() >= 40);
        let mut secrets: Vec<String> = quoted.map(str::to_owned).collect();
        secrets.push("PRIVATE KEY".into());
        secrets.push(self.token.clone());
        Ok(secrets)
    }
}

fn start(program: &Path, home: &Home) -> Outcome<Process> {
    let path = home.path().to_str().ok_or("a folder whose path is no text")?;
    Process::start(program, home.path().join("log"), &["--home", path, "run"])
}

async fn is_up(process: &mut Process, home: &Home) -> Outcome<()> {
    process.until(async || ask(&home.socket(), "GET", "/v1/station", &Value::Null).await.is_ok()).await
}
