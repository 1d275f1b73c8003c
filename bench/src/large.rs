//! A station with a large record: how long it takes to answer, what it holds in memory, what it does while idle.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use detente_line::Identity;
use detente_record::{Book, BookSecret, LineId, PublicKey};
use detente_station::keeper::secret_note;
use detente_station::store::{Options, Store};

use crate::api::{LINE, draft};
use crate::figure::{Figure, Goal};
use crate::pair::{Pair, Station};
use crate::record::{BLOCK, Conversation, book, secret};
use crate::throughput::{Until, spread};
use crate::{Outcome, Run};

/// Connections by which entries are added.
const CONNECTIONS: usize = 256;
const MIB: f64 = 1_048_576.0;
/// Clock ticks a second in /proc: `USER_HZ`, which is 100 on every Linux that Rust knows.
const TICKS: f64 = 100.0;

/// Two stations that hold the same large record.
pub(crate) struct Large {
    pair: Pair,
    identities: [Identity; 2],
    entries: u64,
}

/// One book of it, with what it takes to verify it.
pub(crate) struct LargeBook {
    /// Which.
    pub(crate) book: Book,
    /// The blinds of its leaves.
    pub(crate) secret: BookSecret,
    /// Who signs it.
    pub(crate) key: PublicKey,
}

impl Large {
    /// Writes the record into both stores, as if the stations had met: what the one has said the other has
    /// mirrored, and each has been told the other's secret.
    pub(crate) fn write(run: &Run) -> Outcome<Self> {
        let pair = Pair::set_up(run, "large")?;
        let parties = pair.memorandum.parties().collect::<Vec<_>>();
        let [usa, rus] = parties.as_slice() else { return Err("a line of two has two parties".into()) };
        let [usa_keys, rus_keys] = pair.keys();
        let identities = [usa_keys.identity(*usa), rus_keys.identity(*rus)];
        let large = Self { identities, entries: run.effort.entries / BLOCK * BLOCK, pair };
        large.fill()?;
        Ok(large)
    }

    fn fill(&self) -> Outcome<()> {
        let line = self.line();
        let stores = self.stores()?;
        let [one, other] = &self.identities;
        let secrets = [secret(one, &line), secret(other, &line)];
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
        let [first, second] = &secrets;
        let mut conversation = Conversation::new(line, [one, other], [first, second], self.entries, now_ms);
        let blocks = self.entries / BLOCK;
        for number in 0..blocks {
            // The last block of messages is left open.
            let acknowledges = number % 2 == 1;
            let mut batch = conversation.block(acknowledges)?;
            batch.seq = number + 1;
            for (store, told) in stores.iter().zip([other, one]) {
                let mut batch = batch.clone();
                if number == 0 {
                    batch.notes.push((secret_note(told.party, 0), told.secret.expose().to_vec()));
                }
                store.submit(batch)?;
            }
        }
        Ok(())
    }

    /// The line.
    pub(crate) fn line(&self) -> LineId {
        self.pair.memorandum.line()
    }

    /// How many entries the record has.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Its two books.
    pub(crate) fn books(&self) -> [LargeBook; 2] {
        self.identities.each_ref().map(|identity| LargeBook {
            book: book(identity),
            secret: secret(identity, &self.line()),
            key: identity.book_key.public(),
        })
    }

    /// Both stores, opened while no station has them.
    pub(crate) fn stores(&self) -> Outcome<[Store; 2]> {
        let open = |(folder, mark)| Store::open(Options::new(folder, mark, self.line().0));
        let [one, other] = self.pair.stores().map(open);
        Ok([one?.0, other?.0])
    }

    /// Starts the stations and watches them.
    pub(crate) async fn measure(&self, run: &Run) -> Outcome<Vec<Figure>> {
        let (usa, whole) = self.start().await?;
        usa.stop()?;
        let (usa, kept) = self.start().await?;
        let rus = self.pair.start_rus().await?;
        usa.ready(&mut usa.connect().await?).await?;
        let resident = memory_mib(usa.id(), "VmRSS:")?;
        let peak = memory_mib(usa.id(), "VmHWM:")?;
        let watched = Duration::from_secs(run.effort.idle_seconds);
        let before = ticks(&usa)?;
        tokio::time::sleep(watched).await;
        let busy = (ticks(&usa)? - before) / TICKS / watched.as_secs_f64() * 100.0;
        rus.stop()?;
        let unkept = run.effort.unkept;
        let mut connections = usa.connections(CONNECTIONS).await?;
        spread(&mut connections, unkept, &draft('R'), Until::Durable).await?;
        // Killed, not stopped: it could not keep its state.
        drop(usa);
        let (usa, killed) = self.start().await?;
        usa.stop()?;
        let binary = fs::metadata(&run.station)?.len() as f64 / MIB;
        let name = |what: &str| format!("a station with {} entries: {what}", self.entries);
        let crash = format!("start after a kill, {unkept} entries after its state was kept");
        Ok(vec![
            Figure::alone(name("start, reading the whole record"), whole, "s", Goal::None),
            Figure::alone(name("start after a stop"), kept, "s", Goal::AtMost(2.0)),
            Figure::alone(name(&crash), killed, "s", Goal::AtMost(2.0)),
            Figure::alone(name("resident memory"), resident, "MiB", Goal::AtMost(150.0)),
            Figure::alone(name("resident memory at its peak"), peak, "MiB", Goal::None),
            Figure::alone(name("idle, of one core"), busy, "%", Goal::AtMost(0.5)),
            Figure::alone("the program", binary, "MiB", Goal::AtMost(30.0)),
        ])
    }

    /// Starts `usa`; also gives the seconds until it said how the line stands.
    pub(crate) async fn start(&self) -> Outcome<(Station, f64)> {
        let began = Instant::now();
        let usa = self.pair.start_usa().await?;
        usa.connect().await?.read(LINE).await?;
        Ok((usa, began.elapsed().as_secs_f64()))
    }
}

/// A size of a process's memory, by its name in /proc.
pub(crate) fn memory_mib(process: u32, name: &str) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such size")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1_024.0)
}

/// The processor time that a process has used, in ticks.
fn ticks(station: &Station) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", station.id()))?;
    // The name before it, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in a process's stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || Outcome::Ok(fields.next().ok_or("a short stat")?.parse::<f64>()?);
    Ok(next()? + next()?)
}
