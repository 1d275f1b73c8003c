//! The world: virtual time, a queue of what happens when, stations and liars, and the circuits between them.
//!
//! Everything follows from the scenario's seed. First come faults, under which only safety is judged; then they
//! stop, and liveness is. Here is the order of events; what happens to whom is in rooms of its own: what passes
//! between stations ([`traffic`]), what goes on in them ([`stations`]), who comes later ([`guests`]), what goes wrong ([`faults`]),
//! who speaks in another's name ([`theft`]), and what the judges are shown of it ([`judgement`]).

mod courier;
mod faults;
mod guests;
mod judgement;
mod narrow;
mod stations;
mod storage;
mod storm;
mod theft;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{BlobState, CircuitId, Fork, Lane, Memorandum};
use detente_record::{Blob, Book, Cut, EntryRef, Fault, Party};

use crate::circuit::Circuit;
use crate::founding::{Founded, found};
use crate::judges::books::Books;
use crate::judges::narrow::Watched;
use crate::judges::receipts::Receipts;
use crate::judges::theft::Given;
use crate::judges::void::Void;
use crate::judges::{Court, Objection, Word, object};
use crate::liar::Liar;
use crate::marks::Marks;
use crate::rng::Rng;
use crate::scenario::{CircuitFaults, Scenario};
use crate::station::Station;
use crate::story::Story;
use storm::Happened;
pub(crate) use storm::MOST_HAPPENINGS;

/// How long the calm lasts at least, ms: longer than every clock of the memorandum.
const CALM_MS: u64 = 500_000;
/// How long liveness may take beyond that, ms.
const PATIENCE_MS: u64 = 300_000;
/// How many bytes may have to pass on a narrow circuit meanwhile: both last longer by their time.
const LONGER_BYTES: u64 = 60_000;

/// Something that happens at its time.
#[derive(Debug)]
enum Happening {
    Dial(Party, Party, u64),
    Up(CircuitId, usize),
    Down(CircuitId, usize),
    Cut(CircuitId),
    Arrive(CircuitId, usize, Vec<u8>),
    Taken(CircuitId, usize, u64, Lane, Option<(Book, u64)>),
    /// A narrow circuit has said a fragment.
    Spoken(CircuitId, usize),
    Synced(Party, u64, u64),
    Woken(Party, u64, u64),
    Compared(Party, u64, Box<Fork>),
    Blob(Party, u64, Blob, BlobState),
    Officer(Party),
    Lie(Party),
    Kill(Party),
    Start(Party),
    Jump(Party),
    Copy(Party),
    Keep(Party),
    Part,
    Look(Party),
    Courier(Party),
    Brought(Box<courier::OnItsWay>),
    /// Whom a memorandum would let in sets up its station, or begins to lie.
    Settle(Party, Box<Memorandum>),
    /// Somebody steals a party's keys.
    Theft(Party),
    /// In a party's name, a thief tries for a circuit to another.
    Mask(Party, Party),
    /// A thief does something in a party's name.
    Plunder(Party),
    /// A station's officer has something urgent to say, in calm.
    Flash(Party),
    /// A party comes to know of the theft.
    Known(Party),
}

/// How a run went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Entries that honest parties wrote.
    pub(crate) entries: u64,
    /// Deaths of stations.
    pub(crate) deaths: u64,
    /// Things that happened.
    pub(crate) happenings: u64,
    /// Breaches that honest parties keep evidence of.
    pub(crate) breaches: u64,
    /// Parties that were admitted.
    pub(crate) admitted: u64,
    /// What was come upon.
    pub(crate) marks: Marks,
}

/// What went wrong, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Since the start of the run, ms.
    pub(crate) at_ms: u64,
    /// What a judge said.
    pub(crate) objection: Objection,
}

/// A whole line in virtual time.
pub(crate) struct World {
    scenario: Scenario,
    court: Court,
    rng: Rng,
    now_ms: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    happened: Happened,
    stations: BTreeMap<Party, Station>,
    liars: BTreeMap<Party, Liar>,
    /// Who speaks in the name of an honest party, with its keys.
    thieves: BTreeMap<Party, Liar>,
    circuits: BTreeMap<CircuitId, Circuit>,
    last_circuit: CircuitId,
    faults: CircuitFaults,
    fsync_ms: u64,
    calm: bool,
    /// How much of each book has gone on a circuit from one end.
    sent: BTreeMap<(CircuitId, usize), Cut>,
    /// Blobs that are what they are said to be.
    brought: BTreeSet<Blob>,
    parted: BTreeMap<(Party, Party), u64>,
    books: Books,
    receipts: Receipts,
    void: Void,
    given: Given,
    /// Where there are narrow circuits: what goes ahead, FLASH in calm, and since when how much is held of each book.
    watched: Option<Watched>,
    rung: BTreeMap<Party, BTreeSet<(EntryRef, u16)>>,
    latest_ms: BTreeMap<Party, u64>,
    deaths: u64,
    marks: Marks,
    queued: u64,
    story: Story,
}

impl World {
    /// The world of a scenario before anything has happened, of which so much may; its story is told, or not.
    ///
    /// # Errors
    /// Those of founding the line.
    pub(crate) fn new(scenario: Scenario, most: u64, told: bool) -> Result<Self, Fault> {
        let mut rng = Rng::new(scenario.seed);
        let Founded { keys, memorandum, roll } = found(&scenario, &mut rng)?;
        let honest = scenario.parties - scenario.liars;
        let mut stations = BTreeMap::new();
        let mut liars = BTreeMap::new();
        for (place, keys) in keys.iter().enumerate().take(scenario.parties) {
            // Liars are the last ones; who is depositary and who tests first is drawn elsewhere.
            if place < honest {
                stations.insert(keys.party, Station::new(keys.clone(), None));
            } else {
                let (keys, lies) = (keys.clone(), scenario.lies);
                let party = keys.party;
                liars.insert(party, Liar::new(keys, memorandum.clone(), roll.clone(), lies, rng.fork()));
            }
        }
        let honest = stations.keys().copied().collect();
        let (line, stolen) = (memorandum.line(), BTreeMap::new());
        let watched = scenario.narrow.map(|narrow| Watched::new(narrow, scenario.apart));
        let court = Court { line, memorandum, roll, keys, honest, stolen };
        Ok(Self {
            now_ms: scenario.start_ms,
            faults: scenario.circuit,
            fsync_ms: scenario.fsync_ms,
            scenario,
            court,
            rng,
            queue: BTreeMap::new(),
            happened: Happened::new(most),
            stations,
            liars,
            thieves: BTreeMap::new(),
            circuits: BTreeMap::new(),
            last_circuit: 0,
            calm: false,
            sent: BTreeMap::new(),
            brought: BTreeSet::new(),
            parted: BTreeMap::new(),
            books: Books::default(),
            receipts: Receipts::default(),
            void: Void::default(),
            given: Given::default(),
            watched,
            rung: BTreeMap::new(),
            latest_ms: BTreeMap::new(),
            deaths: 0,
            marks: Marks::default(),
            queued: 0,
            story: Story::new(told),
        })
    }

    /// What has been told so far.
    pub(crate) fn story(&self) -> &Story {
        &self.story
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// With what a judge objects to first.
    pub(crate) fn run(&mut self) -> Result<Tally, Failure> {
        let start_ms = self.scenario.start_ms;
        match self.live() {
            Ok(tally) => Ok(tally),
            Err(objection) => {
                let at_ms = self.now_ms - start_ms;
                self.tell(|_| format!("OBJECTION of {}: {}", objection.judge, objection.what));
                Err(Failure { at_ms, objection })
            }
        }
    }

    /// Faults, then calm, then the end.
    fn live(&mut self) -> Result<Tally, Objection> {
        self.open();
        let faults_end = self.now_ms + self.scenario.faults_ms;
        self.until(faults_end)?;
        self.make_calm()?;
        let calm_ms = self.now_ms;
        let calm_clocks: BTreeMap<Party, u64> =
            self.stations.iter().map(|(party, station)| (*party, station.clock_ms(calm_ms))).collect();
        let longer_ms = self.longer_ms();
        self.flash_in_calm();
        self.until(calm_ms + CALM_MS + longer_ms)?;
        let mut patience = 0;
        loop {
            let word = self.judge_liveness(&calm_clocks)?;
            match word {
                Ok(()) => break,
                Err(objection) if patience >= PATIENCE_MS + longer_ms => return Err(objection),
                Err(_) => {
                    // Ever longer looks: a test under way may be all that is lacking.
                    let wait = 1_000 + patience / 4;
                    patience += wait;
                    self.until(self.now_ms + wait)?;
                }
            }
        }
        self.judge_the_end()
    }

    /// How much longer everything may take where circuits are narrow, ms.
    fn longer_ms(&self) -> u64 {
        self.scenario.narrow.map_or(0, |narrow| narrow.takes_ms(LONGER_BYTES))
    }

    /// Lays out everything that begins by itself.
    fn open(&mut self) {
        let parties: Vec<Party> = self.court.memorandum.parties().collect();
        let honest = self.court.honest.clone();
        for party in &honest {
            let late = if self.scenario.late {
                self.rng.below(self.scenario.faults_ms)
            } else {
                self.rng.below(3_000)
            };
            self.after(late, Happening::Start(*party));
            self.busy(*party);
        }
        let liars: Vec<Party> = self.liars.keys().copied().collect();
        for party in liars {
            self.after(2_000, Happening::Lie(party));
        }
        for (place, one) in parties.iter().enumerate() {
            for other in parties.iter().skip(place + 1) {
                let ends = (parties.first(), parties.last());
                if self.scenario.apart && ends == (Some(one), Some(other)) {
                    continue;
                }
                for slot in 0..self.scenario.circuits {
                    let dial = self.rng.below(2_000);
                    self.after(dial, Happening::Dial(*one, *other, slot));
                }
            }
        }
        self.plan_theft();
        if self.scenario.partition_ms > 0 {
            let part = self.rng.until(self.scenario.partition_ms);
            self.after(part, Happening::Part);
        }
    }

    /// Lays out what befalls a station by itself: its officers, looks, copies, deaths.
    fn busy(&mut self, party: Party) {
        let officer = self.rng.until(self.scenario.officer_ms);
        self.after(officer, Happening::Officer(party));
        for _ in 0..3 {
            let look = self.rng.below(self.scenario.faults_ms);
            self.after(look, Happening::Look(party));
            let copy = self.rng.below(self.scenario.faults_ms);
            self.after(copy, Happening::Copy(party));
        }
        if self.scenario.crash_ms > 0 {
            let kill = self.rng.until(self.scenario.crash_ms);
            self.after(kill, Happening::Kill(party));
        }
        if self.scenario.snapshot_ms > 0 {
            let keep = self.rng.until(self.scenario.snapshot_ms);
            self.after(keep, Happening::Keep(party));
        }
        if self.scenario.courier_ms > 0 {
            let courier = self.rng.until(self.scenario.courier_ms);
            self.after(courier, Happening::Courier(party));
        }
        if self.scenario.jump_ms > 0 {
            let jump = self.rng.until(self.scenario.jump_ms);
            self.after(jump, Happening::Jump(party));
        }
    }

    /// Something happens so many milliseconds from now.
    fn after(&mut self, ms: u64, happening: Happening) {
        self.at(self.now_ms + ms, happening);
    }

    /// Something happens at a time, or now if that is over.
    fn at(&mut self, at_ms: u64, happening: Happening) {
        self.queued += 1;
        self.queue.insert((at_ms.max(self.now_ms), self.queued), happening);
    }

    /// Tells the story on.
    fn tell(&mut self, line: impl FnOnce(&Memorandum) -> String) {
        let roll = &self.court.roll;
        self.story.tell(self.now_ms - self.scenario.start_ms, || line(roll));
    }

    /// Lets happen what happens up to a time.
    fn until(&mut self, end_ms: u64) -> Word {
        while let Some(first) = self.queue.first_entry() {
            let (at_ms, _) = *first.key();
            if at_ms > end_ms {
                break;
            }
            let happening = first.remove();
            self.now_ms = at_ms;
            self.happened.count(&happening, self.scenario.seed)?;
            self.happens(happening)?;
        }
        self.now_ms = end_ms;
        Ok(())
    }

    /// Sends each happening to its room.
    fn happens(&mut self, happening: Happening) -> Word {
        match happening {
            Happening::Dial(one, other, slot) => self.dial(one, other, slot),
            Happening::Up(circuit, side) => self.up(circuit, side),
            Happening::Down(circuit, side) => self.down(circuit, side),
            Happening::Cut(circuit) => {
                self.cut(circuit, 15_000);
                Ok(())
            }
            Happening::Arrive(circuit, side, frame) => self.arrive(circuit, side, frame),
            Happening::Taken(circuit, side, life, lane, reached) => {
                self.taken(circuit, side, life, lane, reached)
            }
            Happening::Spoken(circuit, side) => self.spoken(circuit, side),
            Happening::Synced(party, life, seq) => self.synced(party, life, seq),
            Happening::Woken(party, life, wake) => self.woken(party, life, wake),
            Happening::Compared(party, life, fork) => self.compared(party, life, fork),
            Happening::Blob(party, life, blob, state) => self.blob(party, life, blob, state),
            Happening::Officer(party) => self.officer(party),
            Happening::Lie(party) => {
                self.lie(party);
                Ok(())
            }
            Happening::Kill(party) => self.kill(party),
            Happening::Start(party) => self.start(party),
            Happening::Jump(party) => self.jump(party),
            Happening::Copy(party) => {
                if let Some(station) = self.stations.get_mut(&party) {
                    station.store.back_up();
                }
                Ok(())
            }
            Happening::Keep(party) => {
                self.keep(party);
                Ok(())
            }
            Happening::Part => {
                self.part();
                Ok(())
            }
            Happening::Look(party) => self.look(party),
            Happening::Courier(party) => self.send_by_courier(party),
            Happening::Brought(file) => self.brought(*file),
            Happening::Settle(party, enrolling) => self.settle(party, *enrolling),
            Happening::Theft(party) => {
                self.steal(party);
                Ok(())
            }
            Happening::Mask(victim, other) => {
                self.mask(victim, other);
                Ok(())
            }
            Happening::Plunder(victim) => {
                self.plunder(victim);
                Ok(())
            }
            Happening::Known(victim) => self.known(victim),
            Happening::Flash(party) => self.flash(party),
        }
    }
}

/// An honest party's station.
fn station_of(stations: &BTreeMap<Party, Station>, party: Party) -> Result<&Station, Objection> {
    match stations.get(&party) {
        Some(station) => Ok(station),
        None => object("world", "an honest party without a station"),
    }
}
