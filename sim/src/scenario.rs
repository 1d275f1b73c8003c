//! What a seed makes of a run: how many parties, which faults, how often, under which memorandum.
//!
//! Faults come in swarms: each seed allows a random subset of them, so that some runs see one fault alone and
//! often, and others see them all at once.

use crate::rng::Rng;

/// The last rank that a station's keys come to.
pub(crate) const MOST_RANKS: u8 = 5;
/// Seeds from here on have parties that are admitted, depositaries that decide falsely, and thieves. They are a range of their own as
/// long as not all of them are quiet.
pub(crate) const STRANGERS: u64 = 1 << 63;

/// Of those, and of the others, half have narrow circuits and relays.
pub(crate) const NARROW: u64 = 1 << 62;

/// Of all of them, half have faults of storage and up to seven parties.
pub(crate) const STORAGE: u64 = 1 << 61;

/// How circuits behave while there are faults; chances are of a thousand frames.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CircuitFaults {
    /// Frames that vanish.
    pub(crate) drop: u64,
    /// Frames that come twice.
    pub(crate) duplicate: u64,
    /// Frames that come out of order.
    pub(crate) reorder: u64,
    /// Frames that come changed, or cut short.
    pub(crate) corrupt: u64,
    /// Frames that come seconds late.
    pub(crate) delay: u64,
    /// Frames with which one direction stalls: the circuit takes what comes and brings nothing, or takes
    /// nothing.
    pub(crate) stall: u64,
    /// Mean life of a circuit, ms; 0: it stays up.
    pub(crate) life_ms: u64,
}

/// How narrow circuits behave; chances are of a thousand, while there are faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SerialFaults {
    /// Bytes a second that their ends are told.
    pub(crate) rate: u32,
    /// Bytes of a fragment.
    pub(crate) fragment: u64,
    /// Fragments that are lost, and go again.
    pub(crate) lost: u64,
    /// Fragments with which one direction goes dark for a while.
    pub(crate) dark: u64,
    /// Circuits that are slower than their ends are told.
    pub(crate) slower: u64,
}

/// Which circuits are narrow, and what a relay does with those that go through one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NarrowCircuits {
    /// How narrow ones behave.
    pub(crate) faults: SerialFaults,
    /// All of them are; else the last one between two parties.
    pub(crate) all: bool,
    /// Once faults stop, no other comes up any more.
    pub(crate) left: bool,
    /// Frames, of a thousand, that a relay keeps to itself for a while.
    pub(crate) held: u64,
    /// Frames, of a thousand, that a relay drops, repeats or changes: its circuit is sealed end to end, and brings nothing from there on.
    pub(crate) tampered: u64,
    /// How long the checkpoint of tests may follow behind them, ms.
    pub(crate) ahead_ms: Option<u64>,
}

impl NarrowCircuits {
    /// What is drawn of them.
    fn drawn(rng: &mut Rng) -> Self {
        let rate = [30, 120, 240, 960, 11_520][rng.below(5) as usize];
        let mut fault = |often, most| if rng.chance(often) { rng.within(1, most) } else { 0 };
        let (lost, dark, slower) = (fault(500, 300), fault(300, 20), fault(300, 500));
        let (held, tampered) = (fault(400, 100), fault(400, 20));
        let faults = SerialFaults { rate, fragment: rng.within(24, 240), lost, dark, slower };
        let (all, left) = (rng.chance(400), rng.chance(500));
        let ahead_ms = rng.chance(600).then(|| rng.within(60_000, 240_000));
        Self { faults, all, left, held, tampered, ahead_ms }
    }

    /// How long so many bytes take on a narrow one, ms.
    pub(crate) fn takes_ms(&self, bytes: u64) -> u64 {
        bytes * 1_000 / u64::from(self.faults.rate.max(1))
    }

    /// Whether one of the circuits between two parties is narrow, of so many.
    pub(crate) fn is_narrow(&self, slot: u64, circuits: u64) -> bool {
        self.all || slot + 1 == circuits
    }
}

/// What befalls a store beside a plain death; chances are of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StorageFaults {
    /// Syncs that fail, which ends a life.
    pub(crate) sync_fails: u64,
    /// Syncs for which there is no room for a while.
    pub(crate) full: u64,
    /// Deaths after which what is durable has rotted.
    pub(crate) rot: u64,
    /// Deaths after which writes that were confirmed are lost.
    pub(crate) lost_writes: u64,
    /// Deaths after which another version starts, which does not read the state that was kept.
    pub(crate) upgrade: u64,
}

impl StorageFaults {
    /// A subset of them.
    fn drawn(rng: &mut Rng) -> Self {
        let mut fault = |often, most| if rng.chance(often) { rng.within(1, most) } else { 0 };
        Self {
            sync_fails: fault(400, 20),
            full: fault(400, 20),
            rot: fault(400, 200),
            lost_writes: fault(300, 300),
            upgrade: fault(500, 500),
        }
    }
}

/// What liars may do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lies {
    /// Tell parties different things.
    pub(crate) fork: bool,
    /// Entries that break the rules of their book.
    pub(crate) breach: bool,
    /// Entries that were not permitted, and acts that do not hold.
    pub(crate) forbidden: bool,
    /// Frames that are no good.
    pub(crate) frames: bool,
    /// Receipts for what is not stored, under other keys, at other times.
    pub(crate) receipts: bool,
    /// Frames heard before, again.
    pub(crate) replay: bool,
    /// A memorandum that is not in force.
    pub(crate) stale: bool,
    /// New generations of its books for no reason, and old ones continued.
    pub(crate) generations: bool,
    /// Decisions as a depositary takes them, or nearly; a depositary that lies without this one stalls.
    pub(crate) decides: bool,
}

impl Lies {
    /// A subset of everything, where there is anybody to lie.
    fn drawn(rng: &mut Rng, lying: bool, deciding: bool) -> Self {
        let mut lie = |often| lying && rng.chance(often);
        Self {
            fork: lie(400),
            breach: lie(600),
            forbidden: lie(600),
            frames: lie(400),
            receipts: lie(400),
            replay: lie(400),
            stale: lie(200),
            generations: lie(400),
            decides: deciding && lie(500),
        }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// The seed that it follows from.
    pub(crate) seed: u64,
    /// How many parties found the line, 2 to 5, or 7 where storage fails.
    pub(crate) parties: usize,
    /// How many of them lie; at least one does not.
    pub(crate) liars: usize,
    /// Circuits between two parties.
    pub(crate) circuits: u64,
    /// Pairs of parties without a circuit, whose books go by others.
    pub(crate) apart: bool,
    /// How long faults go on, ms.
    pub(crate) faults_ms: u64,
    /// Mean time between two commands of a station's officers, ms.
    pub(crate) officer_ms: u64,
    /// Mean time between two deaths of a station, ms; 0: it lives.
    pub(crate) crash_ms: u64,
    /// A death counts effects, so that it can fall between any two, instead of time.
    pub(crate) crash_between_effects: bool,
    /// Deaths, of a thousand, after which the store is an older copy.
    pub(crate) restored: u64,
    /// Mean time between two snapshots of a line's state, ms; 0: every start reads the whole record.
    pub(crate) snapshot_ms: u64,
    /// Mean time between two jumps of a station's clock, ms; 0: none.
    pub(crate) jump_ms: u64,
    /// How far a clock jumps at most, ms.
    pub(crate) jump_by_ms: u64,
    /// Deaths, of a thousand, after which the station goes on with new keys; of these, those after which its record is lost.
    pub(crate) renewals: (u64, u64),
    /// How long an fsync takes at most, ms.
    pub(crate) fsync_ms: u64,
    /// Mean time between two partitions, ms; 0: none.
    pub(crate) partition_ms: u64,
    /// Stations that come late to the line.
    pub(crate) late: bool,
    /// Officers suspend and resume, move and vote.
    pub(crate) acts: bool,
    /// Officers write long texts.
    pub(crate) long: bool,
    /// Messages, of a thousand, that have files with them.
    pub(crate) files: u64,
    /// How circuits behave.
    pub(crate) circuit: CircuitFaults,
    /// What liars may do.
    pub(crate) lies: Lies,
    /// Entries a day; 0: as many as anybody will write.
    pub(crate) quota: u64,
    /// Reopening needs consent.
    pub(crate) consent: bool,
    /// Votes for that carry.
    pub(crate) threshold: u8,
    /// Parties with a veto.
    pub(crate) veto: Vec<u8>,
    /// Parties seal their books.
    pub(crate) seals: bool,
    /// Two officers release messages and some acts.
    pub(crate) two_officers: bool,
    /// Mean time between two files that a station makes for a courier, ms; 0: none.
    pub(crate) courier_ms: u64,
    /// When it begins, ms since 1970.
    pub(crate) start_ms: u64,
    /// Parties that founded nothing and may be admitted.
    pub(crate) guests: usize,
    /// How many of those lie.
    pub(crate) lying_guests: usize,
    /// What lying guests may do.
    pub(crate) guest_lies: Lies,
    /// What somebody may do who steals an honest party's keys, if somebody does.
    pub(crate) thief: Option<Lies>,
    /// Narrow circuits, where there are any.
    pub(crate) narrow: Option<NarrowCircuits>,
    /// What befalls stores.
    pub(crate) storage: StorageFaults,
}

impl Scenario {
    /// What follows from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x6465_7465_6e74_6500);
        let stored = seed & STORAGE != 0;
        let parties = match stored {
            // Lines of two and three find most, and are soon played.
            true => [2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7][rng.below(11) as usize],
            false => rng.within(2, 5) as usize,
        };
        let lying = parties > 2 && rng.chance(400);
        let liars = if lying { rng.within(1, (parties as u64 - 1).min(2)) as usize } else { 0 };
        // A quarter of the seeds keep circuits clean; the others draw each fault by itself.
        let dirty = rng.chance(750);
        let fault = |rng: &mut Rng, often: u64, most: u64| {
            if dirty && rng.chance(often) { rng.within(1, most) } else { 0 }
        };
        let circuit = CircuitFaults {
            drop: fault(&mut rng, 400, 200),
            duplicate: fault(&mut rng, 400, 200),
            reorder: fault(&mut rng, 400, 300),
            corrupt: fault(&mut rng, 250, 30),
            delay: fault(&mut rng, 400, 100),
            stall: fault(&mut rng, 300, 30),
            life_ms: if rng.chance(600) { rng.within(5_000, 120_000) } else { 0 },
        };
        let strangers = seed >= STRANGERS;
        let lies = Lies::drawn(&mut rng, lying, strangers);
        let span = |rng: &mut Rng, often: u64, low: u64, high: u64| {
            if rng.chance(often) { rng.within(low, high) } else { 0 }
        };
        // Now and then a run crosses midnight, when quotas begin anew.
        let day = 1_760_000_000_000 / 86_400_000 * 86_400_000;
        let start_ms = if rng.chance(300) {
            day + 86_400_000 - rng.within(60_000, 400_000)
        } else {
            day + rng.below(80_000_000)
        };
        let all = parties as u64;
        let mut scenario = Self {
            seed,
            parties,
            liars,
            circuits: rng.within(1, 3),
            apart: parties > 2 && liars == 0 && rng.chance(250),
            faults_ms: rng.within(120_000, 600_000),
            officer_ms: rng.within(4_000, 30_000),
            crash_ms: span(&mut rng, 550, 15_000, 200_000),
            crash_between_effects: rng.chance(700),
            restored: span(&mut rng, 200, 100, 400),
            snapshot_ms: span(&mut rng, 400, 2_000, 100_000),
            jump_ms: span(&mut rng, 350, 20_000, 200_000),
            jump_by_ms: [500, 10_000, 600_000, 7_200_000][rng.below(4) as usize],
            fsync_ms: [2, 20, 300, 3_000][rng.below(4) as usize],
            partition_ms: span(&mut rng, 300, 20_000, 200_000),
            late: rng.chance(250),
            acts: rng.chance(750),
            long: rng.chance(200),
            circuit,
            lies,
            quota: span(&mut rng, 200, 8, 40),
            consent: rng.chance(600),
            threshold: rng.within(1, all) as u8,
            veto: (0..all).filter(|_| rng.chance(250)).map(|party| party as u8).collect(),
            files: span(&mut rng, 500, 50, 500),
            seals: rng.chance(250),
            two_officers: seed % 5 == 3,
            start_ms,
            renewals: if rng.chance(250) {
                (rng.within(50, 300), [0, 300][rng.below(2) as usize])
            } else {
                (0, 0)
            },
            courier_ms: span(&mut rng, 300, 10_000, 150_000),
            guests: 0,
            lying_guests: 0,
            guest_lies: Lies::default(),
            thief: None,
            narrow: None,
            storage: StorageFaults::default(),
        };
        if stored {
            scenario.storage = StorageFaults::drawn(&mut rng);
            // They strike at a death, most of them.
            scenario.crash_ms = rng.within(15_000, 120_000);
        }
        if seed & NARROW != 0 {
            scenario.narrows(&mut rng);
        }
        if !strangers {
            return scenario;
        }
        if scenario.acts && rng.chance(400) {
            scenario.guests = rng.within(1, 2) as usize;
            scenario.lying_guests =
                if rng.chance(300) { rng.within(1, scenario.guests as u64) as usize } else { 0 };
            scenario.guest_lies = Lies::drawn(&mut rng, scenario.lying_guests > 0, true);
        }
        scenario.thief = rng.chance(200).then(|| Lies::drawn(&mut rng, true, true));
        scenario
    }

    /// Some circuits are narrow, and as much is said as they carry.
    fn narrows(&mut self, rng: &mut Rng) {
        let mut narrow = NarrowCircuits::drawn(rng);
        if self.parties > 2 {
            // What two apart say goes twice, and its answer too: a test's grace is to last for that.
            narrow.faults.rate = narrow.faults.rate.max(120);
        }
        if self.parties > 3 {
            // Everybody brings everybody everything that has not come in a second.
            narrow.faults.rate = narrow.faults.rate.max(960);
        }
        if self.parties > 5 {
            // And that grows with the square of how many they are.
            narrow.faults.rate = narrow.faults.rate.max(11_520);
        }
        self.narrow = Some(narrow);
        if !narrow.all {
            self.circuits = self.circuits.max(2);
        }
        if narrow.all || narrow.left {
            let rate = u64::from(narrow.faults.rate);
            self.officer_ms = self.officer_ms.max(3_000_000 / rate);
            self.long &= rate > 1_000;
            self.seals &= rate > 1_000;
        }
        if narrow.faults.rate <= 1_000 {
            // A wide one may cost so much that a file of 200 KB goes here.
            self.files = 0;
        }
    }
}
