//! The stations: their folders, keys and rules, their processes, and when all of them hold the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use detente_line::{Memorandum, Office};
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};
use detente_station::{Home, home};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::namespaces::Namespaces;
use crate::socket::ask;
use crate::{Options, Outcome};

/// The line's name.
pub(crate) const LINE: &str = "siege";
/// Where every station listens.
const PORT: u16 = 4_400;
/// What makes a clock wrong, of Debian's package `libfaketime`.
pub(crate) const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// Longest wait for a station to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// How a station is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// How far its clock is ahead of the machine's, s.
    pub(crate) ahead_s: i64,
    /// How many descriptors it may have open; `None`: as many as usual.
    pub(crate) descriptors: Option<u32>,
}

/// One station.
pub(crate) struct Post {
    /// Its folder.
    pub(crate) home: Home,
    /// Its party's keys.
    pub(crate) keys: Keys,
    process: Option<Child>,
    /// Its store was begun anew.
    pub(crate) restored: bool,
    /// Its clock was wrong.
    pub(crate) forgetful: bool,
}

/// All stations, and what joins them.
pub(crate) struct Garrison {
    program: PathBuf,
    namespaces: Namespaces,
    /// The stations.
    pub(crate) posts: Vec<Post>,
    /// The rules of the line.
    pub(crate) memorandum: Memorandum,
}

impl Garrison {
    /// Sets stations up, as people would.
    pub(crate) fn set_up(program: PathBuf, folder: &Path, options: &Options) -> Outcome<Self> {
        let count = options.stations;
        let namespaces = Namespaces::make(count)?;
        let names: Vec<String> = (0..count).map(|place| format!("p{place:02}")).collect();
        let keys: Vec<Keys> = names.iter().map(|name| Keys::generate(name)).collect::<Result<_, _>>()?;
        let office = || vec![Office { number: 1, name: "watch officer".into(), rank: 0 }];
        let cards = keys.iter().map(|keys| Card::of(&keys.card(keys.party(), vec!["en".into()], office())));
        let mut paper = Paper::draft(LINE, cards.collect());
        let day = [100_000_000, 1 << 40];
        (paper.quota.flash, paper.quota.immediate) = (day, day);
        (paper.quota.priority, paper.quota.routine) = (day, day);
        let path = Path::new("memorandum");
        for keys in &keys {
            let signature = paper.memorandum(path)?.sign(&keys.book_key());
            paper.add_signature(keys.party(), &signature);
        }
        let mut posts = Vec::new();
        for (place, keys) in keys.into_iter().enumerate() {
            let home = Home::at(folder.join(keys.party()));
            home.make(&home.line(LINE))?;
            keys.write(&home.keys(LINE))?;
            home::write(&home.memorandum(LINE), &paper.text(), 0o600, false)?;
            let mut config = format!("listen = \"{}:{PORT}\"\n", namespaces.address(place));
            for (other, name) in
                names.iter().enumerate().filter(|(other, _)| dials(place, *other, options.dials))
            {
                let address = namespaces.address(other);
                config += &format!("[[circuit]]\npeer = \"{name}\"\naddress = \"{address}:{PORT}\"\n");
            }
            home::write(&home.config(), &config, 0o600, false)?;
            posts.push(Post { home, keys, process: None, restored: false, forgetful: false });
        }
        Ok(Self { program, namespaces, posts, memorandum: paper.memorandum(path)? })
    }

    /// Starts one, and returns when it answers.
    ///
    /// # Errors
    /// With what it said, if it does not start.
    pub(crate) fn start(&mut self, place: usize, how: &Start) -> Outcome<()> {
        let namespace = self.namespaces.of(place);
        let Some(post) = self.posts.get_mut(place) else { return Ok(()) };
        let log = post.home.path().join("log");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &namespace]);
        if let Some(descriptors) = how.descriptors {
            command.args(["prlimit", &format!("--nofile={descriptors}")]);
        }
        if how.ahead_s != 0 {
            post.forgetful = true;
            // Its own command would stay in front of the station, and be killed in its place.
            command.env("LD_PRELOAD", FAKETIME).env("FAKETIME", format!("{:+}s", how.ahead_s));
            command.env("DONT_FAKE_MONOTONIC", "1");
        }
        let process = command
            .arg(&self.program)
            .arg("--home")
            .arg(post.home.path())
            .arg("run")
            .env("DETENTE_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()?;
        post.process = Some(process);
        let began = Instant::now();
        while ask(&post.home.socket(), "GET", "/v1/station", "").is_err() {
            let ended =
                post.process.as_mut().is_some_and(|of| of.try_wait().is_ok_and(|ended| ended.is_some()));
            if ended || began.elapsed() > PATIENCE {
                self.kill(place)?;
                return Err(format!("a station did not start: {}", self.last_words(place)).into());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// What a station said last.
    pub(crate) fn last_words(&self, place: usize) -> String {
        let log = self.posts.get(place).map(|post| post.home.path().join("log"));
        let text = log.and_then(|log| fs::read_to_string(log).ok()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(4).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }

    /// Starts all that are not at work.
    pub(crate) fn start_all(&mut self) -> Outcome<()> {
        for place in 0..self.posts.len() {
            if !self.is_up(place) {
                self.start(place, &Start::default())?;
            }
        }
        Ok(())
    }

    /// Whether a station is at work, as far as anybody has looked.
    pub(crate) fn is_up(&self, place: usize) -> bool {
        self.posts.get(place).is_some_and(|post| post.process.is_some())
    }

    /// The processes of those at work.
    pub(crate) fn processes(&self) -> impl Iterator<Item = u32> {
        self.posts.iter().filter_map(|post| Some(post.process.as_ref()?.id()))
    }

    fn signal(&self, place: usize, signal: Signal) -> Outcome<()> {
        let process = self.posts.get(place).and_then(|post| post.process.as_ref());
        let id = process.and_then(|process| Pid::from_raw(process.id().cast_signed()));
        match id {
            // What runs it in its namespace has become it.
            Some(id) => Ok(kill_process(id, signal)?),
            None => Ok(()),
        }
    }

    /// Kills one as a power cut would.
    pub(crate) fn kill(&mut self, place: usize) -> Outcome<()> {
        let _ = self.signal(place, Signal::KILL);
        self.wait(place)
    }

    fn wait(&mut self, place: usize) -> Outcome<()> {
        if let Some(mut process) = self.posts.get_mut(place).and_then(|post| post.process.take()) {
            process.wait()?;
        }
        Ok(())
    }

    /// Stops one where it is, or has it go on.
    pub(crate) fn pause(&self, place: usize, paused: bool) -> Outcome<()> {
        self.signal(place, if paused { Signal::STOP } else { Signal::CONT })
    }

    /// Pulls a station's cable, or plugs it in.
    pub(crate) fn plug(&self, place: usize, is_in: bool) -> Outcome<()> {
        self.namespaces.plug(place, is_in)
    }

    /// Peace: every cable is in, everybody goes on, and everybody who was started in a strange way starts anew.
    pub(crate) fn heal(&mut self) -> Outcome<()> {
        for place in 0..self.posts.len() {
            self.plug(place, true)?;
            self.pause(place, false)?;
            if self.posts.get(place).is_some_and(|post| post.forgetful) {
                self.kill(place)?;
            }
        }
        self.start_all()
    }

    /// Waits until all hold the same, receipted by all; says how long that took.
    ///
    /// # Errors
    /// With how they differ, if that does not come about.
    pub(crate) fn is_at_peace(&self, patience: Duration) -> Outcome<Duration> {
        let began = Instant::now();
        loop {
            let held: Vec<_> = self.posts.iter().map(|post| held(&post.home)).collect::<Outcome<_>>()?;
            let first = held.first().ok_or("no station")?;
            let are_equal = held.iter().all(|of| of == first);
            let parties = self.posts.len();
            if are_equal && first.values().all(|(_, receipts)| *receipts == parties - 1) {
                return Ok(began.elapsed());
            }
            if began.elapsed() > patience {
                return Err(format!("the stations do not come to hold the same: {held:?}").into());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Stops all in good order.
    pub(crate) fn stop_all(&mut self) -> Outcome<()> {
        for place in 0..self.posts.len() {
            self.signal(place, Signal::TERM)?;
            self.wait(place)?;
        }
        Ok(())
    }
}

impl Drop for Garrison {
    fn drop(&mut self) {
        for place in 0..self.posts.len() {
            let _ = self.kill(place);
        }
    }
}

/// Whether a station dials another: one of those before it, at distances 1, 2, 4 and so on, where it does not dial all.
fn dials(place: usize, other: usize, most: Option<usize>) -> bool {
    let away = place.saturating_sub(other);
    let is_near = |most: usize| away.is_power_of_two() && (away.trailing_zeros() as usize) < most;
    away > 0 && most.is_none_or(is_near)
}

/// How much a station holds of each book, and how many others have receipted all of it.
fn held(home: &Home) -> Outcome<BTreeMap<String, (u64, usize)>> {
    let answer = ask(&home.socket(), "GET", &format!("/v1/lines/{LINE}/books"), "")?;
    let books = answer["books"].as_array().ok_or("no books")?;
    let of = |book: &Value| {
        let size = book["size"].as_u64()?;
        let name = book["book"].as_str()?.to_owned();
        let author = name.split('/').next().unwrap_or_default().to_owned();
        let receipts = book["receipts"].as_object()?;
        let all = receipts.iter().filter(|(by, of)| **by != author && of["size"].as_u64() == Some(size));
        Some((name, (size, all.count())))
    };
    Ok(books.iter().filter_map(of).filter(|(_, (size, _))| *size > 0).collect())
}
