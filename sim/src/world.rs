//! The world: virtual time, a queue of what happens when, stations and liars, and the circuits between them.
//!
//! Everything follows from the scenario's seed. First come faults, under which only safety is judged; then they
//! stop, and liveness is.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::{CircuitId, Command, Event, Memorandum, Shown};
use detente_record::{Book, EntryRef, Fault, Party};

use crate::circuit::Circuit;
use crate::founding::found;
use crate::judges::blame::Excused;
use crate::judges::books::Books;
use crate::judges::liveness::{self, Seen};
use crate::judges::receipts::Receipts;
use crate::judges::reference::Reading;
use crate::judges::{Court, Objection, Word, authors, blame, folds, object};
use crate::liar::Liar;
use crate::officer;
use crate::rng::Rng;
use crate::scenario::{CircuitFaults, Scenario};
use crate::station::{Deed, Station, restored};
use crate::store::Record;
use crate::story::{self, Story};

/// How long the calm lasts at least, ms: longer than every clock of the memorandum.
const CALM_MS: u64 = 500_000;
/// How long liveness may take beyond that, ms.
const PATIENCE_MS: u64 = 300_000;
/// More calls of one life than this are a line that never rests.
const MAX_WOKEN: u64 = 50_000;
/// More happenings than this are a storm.
const MAX_HAPPENINGS: u64 = 2_000_000;

/// Something that happens at its time.
#[derive(Debug)]
enum Happening {
    Dial(Party, Party, u64),
    Up(CircuitId, usize),
    Down(CircuitId, usize),
    Cut(CircuitId),
    Arrive(CircuitId, usize, Vec<u8>),
    Taken(CircuitId, usize, u64, Option<(Book, u64)>),
    Synced(Party, u64, u64),
    Woken(Party, u64, u64),
    Officer(Party),
    Lie(Party),
    Kill(Party),
    Start(Party),
    Jump(Party),
    Copy(Party),
    Keep(Party),
    Part,
    Look(Party),
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
    happened: u64,
    stations: BTreeMap<Party, Station>,
    liars: BTreeMap<Party, Liar>,
    circuits: BTreeMap<CircuitId, Circuit>,
    last_circuit: CircuitId,
    faults: CircuitFaults,
    fsync_ms: u64,
    calm: bool,
    parted: BTreeMap<(Party, Party), u64>,
    books: Books,
    receipts: Receipts,
    rung: BTreeMap<Party, BTreeSet<(EntryRef, u16)>>,
    latest_ms: BTreeMap<Party, u64>,
    deaths: u64,
    queued: u64,
    story: Story,
}

impl World {
    /// The world of a scenario before anything has happened; its story is told, or not.
    ///
    /// # Errors
    /// Those of founding the line.
    pub(crate) fn new(scenario: Scenario, told: bool) -> Result<Self, Fault> {
        let mut rng = Rng::new(scenario.seed);
        let (keys, memorandum) = found(&scenario, &mut rng)?;
        let honest = scenario.parties - scenario.liars;
        let mut stations = BTreeMap::new();
        let mut liars = BTreeMap::new();
        for (place, keys) in keys.iter().enumerate() {
            // Liars are the last ones; who is depositary and who tests first is drawn elsewhere.
            if place < honest {
                stations.insert(keys.party, Station::new(keys.clone()));
            } else {
                let liar = Liar::new(keys.clone(), memorandum.clone(), scenario.lies, rng.fork());
                liars.insert(keys.party, liar);
            }
        }
        let court =
            Court { line: memorandum.line(), memorandum, keys, honest: stations.keys().copied().collect() };
        Ok(Self {
            now_ms: scenario.start_ms,
            faults: scenario.circuit,
            fsync_ms: scenario.fsync_ms,
            scenario,
            court,
            rng,
            queue: BTreeMap::new(),
            happened: 0,
            stations,
            liars,
            circuits: BTreeMap::new(),
            last_circuit: 0,
            calm: false,
            parted: BTreeMap::new(),
            books: Books::default(),
            receipts: Receipts::default(),
            rung: BTreeMap::new(),
            latest_ms: BTreeMap::new(),
            deaths: 0,
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

    fn live(&mut self) -> Result<Tally, Objection> {
        self.open();
        let faults_end = self.now_ms + self.scenario.faults_ms;
        self.until(faults_end)?;
        self.make_calm()?;
        let calm_ms = self.now_ms;
        let calm_clocks: BTreeMap<Party, u64> =
            self.stations.iter().map(|(party, station)| (*party, station.clock_ms(calm_ms))).collect();
        self.until(calm_ms + CALM_MS)?;
        let mut patience = 0;
        loop {
            let word = self.judge_liveness(&calm_clocks)?;
            match word {
                Ok(()) => break,
                Err(objection) if patience >= PATIENCE_MS => return Err(objection),
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
            let officer = self.rng.until(self.scenario.officer_ms);
            self.after(officer, Happening::Officer(*party));
            for _ in 0..3 {
                let look = self.rng.below(self.scenario.faults_ms);
                self.after(look, Happening::Look(*party));
                let copy = self.rng.below(self.scenario.faults_ms);
                self.after(copy, Happening::Copy(*party));
            }
            if self.scenario.crash_ms > 0 {
                let kill = self.rng.until(self.scenario.crash_ms);
                self.after(kill, Happening::Kill(*party));
            }
            if self.scenario.snapshot_ms > 0 {
                let keep = self.rng.until(self.scenario.snapshot_ms);
                self.after(keep, Happening::Keep(*party));
            }
            if self.scenario.jump_ms > 0 {
                let jump = self.rng.until(self.scenario.jump_ms);
                self.after(jump, Happening::Jump(*party));
            }
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
        if self.scenario.partition_ms > 0 {
            let part = self.rng.until(self.scenario.partition_ms);
            self.after(part, Happening::Part);
        }
    }

    fn after(&mut self, ms: u64, happening: Happening) {
        self.at(self.now_ms + ms, happening);
    }

    fn at(&mut self, at_ms: u64, happening: Happening) {
        self.queued += 1;
        self.queue.insert((at_ms.max(self.now_ms), self.queued), happening);
    }

    fn tell(&mut self, line: impl FnOnce(&Memorandum) -> String) {
        let memorandum = &self.court.memorandum;
        self.story.tell(self.now_ms - self.scenario.start_ms, || line(memorandum));
    }

    fn until(&mut self, end_ms: u64) -> Word {
        while let Some(first) = self.queue.first_entry() {
            let (at_ms, _) = *first.key();
            if at_ms > end_ms {
                break;
            }
            let happening = first.remove();
            self.now_ms = at_ms;
            self.happened += 1;
            if self.happened > MAX_HAPPENINGS {
                return object(
                    "liveness",
                    format!("a storm: {MAX_HAPPENINGS} things happened, last {happening:?}"),
                );
            }
            self.happens(happening)?;
        }
        self.now_ms = end_ms;
        Ok(())
    }

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
            Happening::Taken(circuit, side, life, reached) => {
                let Some(party) = self.knows(circuit, side) else { return Ok(()) };
                if self.stations.get(&party).is_some_and(|station| station.life == life) {
                    self.input(party, Event::Sent { circuit, reached })?;
                }
                Ok(())
            }
            Happening::Synced(party, life, seq) => self.synced(party, life, seq),
            Happening::Woken(party, life, wake) => self.woken(party, life, wake),
            Happening::Officer(party) => self.officer(party),
            Happening::Lie(party) => {
                let now_ms = self.now_ms;
                let sent = self.liars.get_mut(&party).map(|liar| liar.acts(now_ms)).unwrap_or_default();
                self.liar_sends(party, sent);
                if !self.calm {
                    let next = self.rng.until(6_000);
                    self.after(next, Happening::Lie(party));
                }
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
                if !self.calm {
                    let next = self.rng.until(self.scenario.snapshot_ms);
                    self.after(next, Happening::Keep(party));
                }
                if self.stations.get_mut(&party).is_some_and(Station::keep) {
                    self.tell(|m| format!("{} keeps its state", story::party(m, party)));
                    self.sync(party);
                }
                Ok(())
            }
            Happening::Part => {
                self.part();
                Ok(())
            }
            Happening::Look(party) => self.look(party),
        }
    }

    // Circuits.

    fn is_there(&self, party: Party) -> bool {
        self.liars.contains_key(&party)
            || self.stations.get(&party).is_some_and(|station| station.line.is_some())
    }

    fn dial(&mut self, one: Party, other: Party, slot: u64) -> Word {
        let parted = !self.calm && self.parted.get(&(one, other)).is_some_and(|until| *until > self.now_ms);
        if parted || !self.is_there(one) || !self.is_there(other) {
            let again = self.rng.within(300, 2_000);
            self.after(again, Happening::Dial(one, other, slot));
            return Ok(());
        }
        self.last_circuit += 1;
        let id = self.last_circuit;
        self.circuits.insert(id, Circuit::new([one, other], slot, &mut self.rng));
        // Half-open: one end believes in it, the other never hears of it.
        let half = !self.calm && self.faults.stall > 0 && self.rng.chance(100);
        let lone = self.rng.below(2) as usize;
        for side in 0..2 {
            if half && side != lone {
                continue;
            }
            let up = self.rng.below(200);
            self.after(up, Happening::Up(id, side));
        }
        if half {
            self.cut(id, 40_000);
        } else if self.faults.life_ms > 0 && !self.calm {
            let life = self.rng.until(self.faults.life_ms);
            self.after(life, Happening::Cut(id));
        }
        self.tell(|m| {
            format!("circuit {id} between {} and {}", story::party(m, one), story::party(m, other))
        });
        Ok(())
    }

    /// The party at an end of a circuit that knows the circuit to be up.
    fn knows(&self, circuit: CircuitId, side: usize) -> Option<Party> {
        let circuit = self.circuits.get(&circuit)?;
        circuit.up.get(side).filter(|up| **up)?;
        circuit.ends.get(side).copied()
    }

    fn up(&mut self, id: CircuitId, side: usize) -> Word {
        let Some(circuit) = self.circuits.get_mut(&id) else { return Ok(()) };
        let (Some(party), Some(peer)) =
            (circuit.ends.get(side).copied(), circuit.ends.get(1 - side).copied())
        else {
            return Ok(());
        };
        if !self.is_there(party) {
            self.cut(id, 2_000);
            return Ok(());
        }
        if let Some(up) = self.circuits.get_mut(&id).and_then(|circuit| circuit.up.get_mut(side)) {
            *up = true;
        }
        if let Some(liar) = self.liars.get_mut(&party) {
            let sent = liar.up(id, peer);
            self.liar_sends(party, sent);
            return Ok(());
        }
        self.input(party, Event::CircuitUp { circuit: id, peer })
    }

    /// A circuit brings nothing any more; each end learns of it within a time.
    fn cut(&mut self, id: CircuitId, within_ms: u64) {
        let within_ms = if self.calm { 500 } else { within_ms };
        let Some(circuit) = self.circuits.get_mut(&id) else { return };
        if core::mem::replace(&mut circuit.broken, true) {
            return;
        }
        for side in 0..2 {
            // Never before the end may have learnt that it was up.
            let down = 200 + self.rng.below(within_ms);
            self.after(down, Happening::Down(id, side));
        }
        self.tell(|_| format!("circuit {id} breaks"));
    }

    fn down(&mut self, id: CircuitId, side: usize) -> Word {
        let knew = self.knows(id, side);
        let Some(circuit) = self.circuits.get_mut(&id) else { return Ok(()) };
        if let Some(up) = circuit.up.get_mut(side) {
            *up = false;
        }
        let over = circuit.broken && circuit.up == [false; 2];
        let ends = circuit.ends;
        let slot = circuit.slot;
        if over {
            self.circuits.remove(&id);
            let again = self.rng.within(100, 3_000);
            self.after(again, Happening::Dial(ends[0], ends[1], slot));
        }
        if let Some(party) = knew {
            if let Some(liar) = self.liars.get_mut(&party) {
                liar.down(id);
                return Ok(());
            }
            return self.input(party, Event::CircuitDown { circuit: id });
        }
        Ok(())
    }

    fn arrive(&mut self, id: CircuitId, side: usize, frame: Vec<u8>) -> Word {
        let Some(party) = self.knows(id, side) else { return Ok(()) };
        let now_ms = self.now_ms;
        if let Some(liar) = self.liars.get_mut(&party) {
            let sent = liar.received(id, &frame, now_ms);
            self.liar_sends(party, sent);
            return Ok(());
        }
        self.tell(|m| format!("  {} gets {} on {id}", story::party(m, party), story::frame(m, &frame)));
        self.input(party, Event::Received { circuit: id, frame })
    }

    fn liar_sends(&mut self, party: Party, sent: Vec<(CircuitId, Vec<u8>)>) {
        for (id, frame) in sent {
            if let Some(side) = self.circuits.get(&id).and_then(|circuit| circuit.side(party)) {
                self.tell(|m| {
                    format!("{} (a liar) sends {} on {id}", story::party(m, party), story::frame(m, &frame))
                });
                self.carry(id, side, frame);
            }
        }
    }

    /// Puts a frame on a circuit; says when it is taken.
    fn carry(&mut self, id: CircuitId, side: usize, frame: Vec<u8>) -> u64 {
        let Some(circuit) = self.circuits.get_mut(&id) else { return self.now_ms };
        let passage = circuit.carry(side, frame, self.now_ms, &self.faults, &mut self.rng);
        for (at_ms, frame) in passage.arrivals {
            // An end hears nothing before it has learnt, within 200 ms, that there is a circuit.
            self.at(at_ms + 200, Happening::Arrive(id, 1 - side, frame));
        }
        if !passage.fate.is_empty() {
            self.tell(|_| format!("    on {id}:{}", passage.fate));
        }
        if passage.breaks {
            self.after(1_000, Happening::Cut(id));
        }
        passage.taken_ms
    }

    // Stations.

    /// Gives a station one input, and performs what follows, in order, until it is done or dead.
    fn input(&mut self, party: Party, event: Event) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|station| station.line.is_some()) else {
            return Ok(());
        };
        let latest = self.latest_ms.entry(party).or_default();
        *latest = station.clock_ms(self.now_ms).max(*latest);
        station.input(self.now_ms, event, &mut self.rng);
        loop {
            let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
            if let Some(left) = &mut station.dies_in {
                if *left == 0 {
                    return self.die(party);
                }
                *left -= 1;
            }
            let circuits = &self.circuits;
            let deed = station.perform(|id| {
                let circuit = circuits.get(&id)?;
                circuit.ends.iter().copied().find(|end| *end != party)
            });
            let Some(deed) = deed else { return Ok(()) };
            self.carry_out(party, deed)?;
        }
    }

    fn carry_out(&mut self, party: Party, deed: Deed) -> Word {
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        let life = station.life;
        match deed {
            Deed::Submitted => self.sync(party),
            Deed::WakeAt(at_ms) => {
                let at_ms = at_ms.max(station.clock_ms(self.now_ms) + 1);
                station.wake += 1;
                let wake = station.wake;
                let at_ms = at_ms.saturating_add_signed(-station.ahead_ms);
                self.at(at_ms, Happening::Woken(party, life, wake));
            }
            Deed::Put(id, frames, reached) => {
                let Some(side) = self.circuits.get(&id).and_then(|circuit| circuit.side(party)) else {
                    return Ok(());
                };
                let mut taken_ms = self.now_ms;
                for frame in frames {
                    if let Some(station) = self.stations.get(&party) {
                        self.receipts.said(
                            &self.court,
                            party,
                            &station.store.durable,
                            &frame,
                            station.is_forgetful(),
                        )?;
                    }
                    self.tell(|m| {
                        format!("{} sends {} on {id}", story::party(m, party), story::frame(m, &frame))
                    });
                    taken_ms = self.carry(id, side, frame).max(taken_ms);
                }
                self.at(taken_ms, Happening::Taken(id, side, life, reached));
            }
            Deed::Close(id, frame) => {
                let Some(side) = self.circuits.get(&id).and_then(|circuit| circuit.side(party)) else {
                    return Ok(());
                };
                self.tell(|m| format!("{} closes {id}", story::party(m, party)));
                if let Some(frame) = frame {
                    self.carry(id, side, frame);
                }
                self.after(1_000, Happening::Cut(id));
            }
            Deed::Shown(shown) => self.shown(party, shown)?,
        }
        Ok(())
    }

    fn sync(&mut self, party: Party) {
        let Some(station) = self.stations.get_mut(&party) else { return };
        if let Some(seq) = station.store.newest().filter(|_| !station.store.syncing) {
            station.store.syncing = true;
            let life = station.life;
            let takes = self.rng.within(1, self.fsync_ms);
            self.after(takes, Happening::Synced(party, life, seq));
        }
    }

    fn synced(&mut self, party: Party, life: u64, seq: u64) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|of| of.life == life && of.line.is_some())
        else {
            return Ok(());
        };
        station.store.syncing = false;
        if let Err(what) = station.store.synced(seq) {
            return object("books", format!("{}: {what}", self.court.party(party)));
        }
        self.books.durable(&self.court, party, &station.store.durable)?;
        let forgetful = |party| self.stations.get(&party).is_some_and(Station::is_forgetful);
        let excused = Excused { forgetful: &forgetful, forked: self.has_forks() };
        let record = &station_store(&self.stations, party)?.durable;
        blame::honest_are_not_blamed(&self.court, party, record, &excused)?;
        self.tell(|m| format!("  {} has batch {seq} durable", story::party(m, party)));
        self.sync(party);
        self.input(party, Event::Durable { seq })
    }

    fn woken(&mut self, party: Party, life: u64, wake: u64) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|of| of.life == life && of.wake == wake)
        else {
            return Ok(());
        };
        station.wake_ms = None;
        station.woken += 1;
        if station.woken > MAX_WOKEN {
            return object("liveness", format!("{} never rests", self.court.party(party)));
        }
        self.input(party, Event::Woken)
    }

    fn officer(&mut self, party: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.officer_ms);
        self.after(next, Happening::Officer(party));
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        let Some(line) = &station.line else { return Ok(()) };
        let draft = officer::asks(line, station.clock_ms(self.now_ms), &self.scenario, &mut self.rng);
        let id = self.queued;
        self.tell(|m| {
            let regards: Vec<String> =
                draft.regards.iter().map(|subject| story::entry(m, *subject)).collect();
            let kind = draft.content.kind();
            format!("{}'s officer asks ({id}) for kind {kind} about {regards:?}", story::party(m, party))
        });
        self.input(party, Event::Command { id, command: Command::Write(draft) })
    }

    fn shown(&mut self, party: Party, shown: Shown) -> Word {
        self.tell(|m| format!("  {} shows {}", story::party(m, party), story::shown(m, &shown)));
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        match shown {
            Shown::Accepted { entry, .. } => self.books.accepted(&self.court, entry, &station.store.durable),
            Shown::Overdue { entry, rank, .. } => {
                self.rung.entry(party).or_default().insert((entry, rank));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, party: Party) -> Word {
        let Some(station) = self.stations.get_mut(&party).filter(|station| station.line.is_none()) else {
            return Ok(());
        };
        if let Err(fault) = station.begin(&self.court.memorandum) {
            return object("folds", format!("{} cannot be restored: {fault}", self.court.party(party)));
        }
        (station.dies_in, station.woken) = (None, 0);
        let (life, distrusted) = (station.life, station.store.distrusted);
        let clock_ms = station.clock_ms(self.now_ms);
        if self.latest_ms.get(&party).is_some_and(|latest| *latest > clock_ms) {
            station.was_behind = true;
        }
        self.tell(|m| {
            let of = if distrusted { ", from a copy" } else { "" };
            format!("{} starts, life {life}{of}", story::party(m, party))
        });
        self.input(party, Event::Started)?;
        self.look(party)
    }

    fn kill(&mut self, party: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.crash_ms);
        self.after(next, Happening::Kill(party));
        let effects = self.rng.below(12);
        let Some(station) = self.stations.get_mut(&party).filter(|station| station.line.is_some()) else {
            return Ok(());
        };
        if self.scenario.crash_between_effects {
            station.dies_in = Some(effects);
            return Ok(());
        }
        self.die(party)
    }

    fn die(&mut self, party: Party) -> Word {
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        (station.line, station.dies_in) = (None, None);
        let survived = station.store.die(&mut self.rng);
        let Ok(survived) = survived else {
            return object("books", format!("{}: the store is out of order", self.court.party(party)));
        };
        self.deaths += 1;
        self.tell(|m| {
            format!("{} dies; {survived} batches survive that were not durable", story::party(m, party))
        });
        self.books.durable(&self.court, party, &station_store(&self.stations, party)?.durable)?;
        if self.rng.chance(self.scenario.restored)
            && let Some(station) = self.stations.get_mut(&party)
            && station.store.restore_copy()
        {
            let held = |book| {
                let others = self.stations.iter().filter(|(other, _)| **other != party);
                others.map(|(_, station)| station.store.durable.size(book)).max().unwrap_or(0)
            };
            self.books.restored(party, held);
            self.receipts.restored(party);
            self.tell(|m| format!("{}'s store is restored from a copy", story::party(m, party)));
        }
        let circuits: Vec<(CircuitId, usize)> =
            self.circuits.iter().filter_map(|(id, circuit)| Some((*id, circuit.side(party)?))).collect();
        for (id, side) in circuits {
            if let Some(up) = self.circuits.get_mut(&id).and_then(|circuit| circuit.up.get_mut(side)) {
                *up = false;
            }
            self.cut(id, 20_000);
        }
        // A restore takes its time: longer than anything that was said before it is still under way.
        let restored = station_store(&self.stations, party)?.distrusted;
        let again = self.rng.within(100, 20_000) + if restored { 90_000 } else { 0 };
        self.after(again, Happening::Start(party));
        Ok(())
    }

    fn jump(&mut self, party: Party) -> Word {
        if self.calm {
            return Ok(());
        }
        let next = self.rng.until(self.scenario.jump_ms);
        self.after(next, Happening::Jump(party));
        let far = self.rng.below(2 * self.scenario.jump_by_ms) as i64 - self.scenario.jump_by_ms as i64;
        // Half of the jumps bring the clock back to the truth.
        let ahead_ms = if self.rng.chance(500) { 0 } else { far };
        self.set_clock(party, ahead_ms)
    }

    fn set_clock(&mut self, party: Party, ahead_ms: i64) -> Word {
        let Some(station) = self.stations.get_mut(&party) else { return Ok(()) };
        station.ahead_ms = ahead_ms;
        self.tell(|m| format!("{}'s clock is {ahead_ms} ms ahead", story::party(m, party)));
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        match station.wake_ms {
            Some(at_ms) => self.carry_out(party, Deed::WakeAt(at_ms)),
            None => Ok(()),
        }
    }

    fn part(&mut self) {
        if self.calm {
            return;
        }
        let next = self.rng.until(self.scenario.partition_ms);
        self.after(next, Happening::Part);
        let parties: Vec<Party> = self.court.memorandum.parties().collect();
        let until = self.now_ms + self.rng.within(2_000, 60_000);
        let side: BTreeSet<Party> = parties.iter().copied().filter(|_| self.rng.chance(500)).collect();
        let splits = |one: &Party, other: &Party| side.contains(one) != side.contains(other);
        for (place, one) in parties.iter().enumerate() {
            for other in parties.iter().skip(place + 1).filter(|other| splits(one, other)) {
                self.parted.insert((*one, *other), until);
            }
        }
        let cut: Vec<CircuitId> = self
            .circuits
            .iter()
            .filter(|(_, circuit)| splits(&circuit.ends[0], &circuit.ends[1]))
            .map(|(id, _)| *id)
            .collect();
        for id in cut {
            self.cut(id, 30_000);
        }
        self.tell(|m| {
            let side: Vec<String> = side.iter().map(|party| story::party(m, *party)).collect();
            format!("{} parted from the others", side.join(" and "))
        });
    }

    /// Faults stop: the dead start, clocks go on from the latest time they showed, circuits come back.
    fn make_calm(&mut self) -> Word {
        self.calm = true;
        self.faults = CircuitFaults::default();
        self.fsync_ms = 20;
        self.tell(|_| "faults stop".into());
        for circuit in self.circuits.values_mut() {
            circuit.calm();
        }
        for party in self.court.honest.clone() {
            if let Some(station) = self.stations.get_mut(&party) {
                station.dies_in = None;
            }
            let latest = self.latest_ms.get(&party).copied().unwrap_or(0);
            let clock = self.stations.get(&party).map_or(0, |station| station.clock_ms(self.now_ms));
            if clock < latest {
                self.set_clock(party, latest as i64 - self.now_ms as i64)?;
            }
            self.start(party)?;
        }
        Ok(())
    }

    // Judgement.

    /// Holds what a live line says to its record.
    fn look(&mut self, party: Party) -> Word {
        let Some(station) = self.stations.get(&party) else { return Ok(()) };
        let Some(line) = &station.line else { return Ok(()) };
        let record = match station.store.whole() {
            Ok(record) => record,
            Err(what) => return object("books", format!("{}: {what}", self.court.party(party))),
        };
        let reading = Reading::new(&self.court.memorandum, &record);
        folds::follow(&self.court, line, &record, &reading, station.clock_ms(self.now_ms))
    }

    fn seen<'a>(&'a self, calm: &BTreeMap<Party, u64>, none: &'a BTreeSet<(EntryRef, u16)>) -> Vec<Seen<'a>> {
        let seen = self.stations.iter().map(|(party, station)| Seen {
            party: *party,
            record: &station.store.durable,
            reading: Reading::new(&self.court.memorandum, &station.store.durable),
            clock_ms: station.clock_ms(self.now_ms),
            rung: self.rung.get(party).unwrap_or(none),
            calm_ms: calm.get(party).copied().unwrap_or(0),
        });
        seen.collect()
    }

    /// Whether a liar has told parties different things.
    fn has_forks(&self) -> bool {
        self.liars.values().any(Liar::has_forked)
    }

    /// Liveness, which may yet come true: the inner word.
    fn judge_liveness(&self, calm: &BTreeMap<Party, u64>) -> Result<Word, Objection> {
        let none = BTreeSet::new();
        let seen = self.seen(calm, &none);
        let forked =
            self.liars.iter().filter(|(_, liar)| liar.has_forked()).map(|(party, _)| *party).collect();
        let clocks_agree = self.scenario.jump_ms == 0;
        let forgetful: BTreeSet<Party> = self
            .stations
            .iter()
            .filter(|(_, station)| station.is_forgetful())
            .map(|(party, _)| *party)
            .collect();
        let asked = || -> Word {
            if let Some((party, _)) =
                self.stations.iter().find(|(_, station)| station.store.newest().is_some())
            {
                return object(
                    "liveness",
                    format!("{} never has everything durable", self.court.party(*party)),
                );
            }
            liveness::mirrors_are_equal(&self.court, &seen, &forked)?;
            liveness::receipts_get_round(&self.court, &seen, &forgetful)?;
            liveness::clocks_have_rung(&self.court, &seen)?;
            if self.scenario.quota == 0 {
                liveness::motions_are_decided(&self.court, &seen)?;
            }
            let stores: Vec<_> = seen.iter().map(|station| (station.party, station.record)).collect();
            blame::forks_are_found(&self.court, &stores)
        };
        if clocks_agree && self.scenario.quota == 0 && !self.has_forks() {
            liveness::tests_are_answered(&self.court, &seen)?;
        }
        Ok(asked())
    }

    /// Everything that is judged once, when all is quiet.
    fn judge_the_end(&mut self) -> Result<Tally, Objection> {
        let mut tally = Tally { deaths: self.deaths, happenings: self.happened, ..Tally::default() };
        for party in self.court.honest.clone() {
            let station = station_store_of(&self.stations, party)?;
            let record = &station.store.durable;
            let clock_ms = station.clock_ms(self.now_ms);
            self.books.kept(&self.court, party, record, station.store.was_restored())?;
            self.receipts.stored(&self.court, party, record)?;
            let reading = Reading::new(&self.court.memorandum, record);
            let once = !station.store.was_restored();
            authors::keep_the_rules(&self.court, party, record, &reading, &mut self.receipts, once)?;
            let Some(line) = &station.line else { continue };
            folds::follow(&self.court, line, record, &reading, clock_ms)?;
            for snapshot in [record.snapshot.clone(), None] {
                let record = Record { snapshot, ..record.clone() };
                match restored(&self.court.memorandum, &station.keys, &record) {
                    Ok(again) => folds::rebuilt(&self.court, line, &again, clock_ms)?,
                    Err(fault) => {
                        let who = self.court.party(party);
                        return object("folds", format!("{who} cannot be restored: {fault}"));
                    }
                }
            }
            let others = self.stations.values().filter(|_| !self.has_forks());
            for other in others.filter_map(|station| station.line.as_ref()) {
                folds::equal(&self.court, line, other, clock_ms)?;
            }
            tally.breaches += record.evidence.len() as u64;
            let own = record.entries.iter().filter(|(book, _)| book.party == party);
            tally.entries += own.map(|(_, entries)| entries.len() as u64).sum::<u64>();
        }
        Ok(tally)
    }
}

fn station_store_of(stations: &BTreeMap<Party, Station>, party: Party) -> Result<&Station, Objection> {
    match stations.get(&party) {
        Some(station) => Ok(station),
        None => object("world", "an honest party without a station"),
    }
}

fn station_store(
    stations: &BTreeMap<Party, Station>,
    party: Party,
) -> Result<&crate::store::Store, Objection> {
    station_store_of(stations, party).map(|station| &station.store)
}
