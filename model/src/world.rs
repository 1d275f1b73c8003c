//! Everything there is in a check at one moment, and everything that can happen next.
//!
//! **What is left out, and why nothing is lost by it.** Time passes only by [`Action::Tick`], to the next moment that a station has asked
//! for: between two such moments the core does nothing by itself. A circuit takes at once what it is given: what waits before a
//! slow one waits on its way here. A dead station starts with its circuits to all who live: one that comes later is one that
//! lost everything so far. No test of the schedule, escalation, seal or attachment falls due.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use detente_line::CircuitId;
use detente_record::{Fault, Party};

use crate::founding::{START_MS, found};
use crate::scope::{Faults, Scope};
use crate::station::{Ground, Packet, Station, Step};
use crate::wish::Wish;

/// Most ticks, and most frames delivered between two, until a line has to have come to rest.
const MAX_TICKS: usize = 200;
const MAX_DELIVERIES: usize = 10_000;

/// Something that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// An officer asks for something: the party, and which of its wishes.
    Ask(u8, usize, Wish),
    /// What was sent first, from one party to another, arrives.
    Deliver(u8, u8),
    /// It is lost.
    Lose(u8, u8),
    /// It arrives, and will arrive once more.
    Repeat(u8, u8),
    /// What was sent after it overtakes it.
    Overtake(u8, u8),
    /// The next batch is on a party's disk.
    Sync(u8),
    /// A party's station dies; so many of its batches are on the disk.
    Crash(u8, usize),
    /// It starts again.
    Restart(u8),
    /// The next moment comes that a station has asked for.
    Tick,
}

/// Everything at one moment.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) stations: Vec<Arc<Station>>,
    /// What is on its way, by sender and reader.
    pub(crate) ways: BTreeMap<(u8, u8), VecDeque<(CircuitId, Packet)>>,
    pub(crate) now_ms: u64,
    /// Wishes that were asked for, a bit each.
    asked: Vec<u32>,
    left: Faults,
    /// How many circuits have been made.
    circuits: CircuitId,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.stations.iter().for_each(|station| station.id.hash(state));
        self.ways.iter().filter(|(_, way)| !way.is_empty()).for_each(|way| way.hash(state));
        (self.now_ms, &self.asked, &self.left).hash(state);
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        let ids = |world: &Self| world.stations.iter().map(|station| station.id).collect::<Vec<u64>>();
        let rest = |world: &Self| (world.now_ms, world.asked.clone(), world.left.clone());
        ids(self) == ids(other) && self.ways == other.ways && rest(self) == rest(other)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at_ms, ways) = (self.now_ms - START_MS, self.ways.values().map(VecDeque::len).sum::<usize>());
        write!(to, "at {at_ms} ms, {ways} on their way")?;
        self.stations.iter().try_for_each(|station| {
            let alive = if station.line.is_some() { "" } else { ", dead" };
            write!(to, "; {} ({} to be synced{alive})", station.party.number(), station.pending.len())?;
            station.disk.entries.iter().try_for_each(|(book, of)| write!(to, " {book:?}:{}", of.len()))
        })
    }
}

/// A check: a scope, the ground that it stands on, and every station that has been computed.
pub(crate) struct Check {
    pub(crate) scope: Scope,
    pub(crate) ground: Ground,
    known: Mutex<HashMap<u64, Arc<Station>>>,
    /// What a world comes to when nothing more goes wrong.
    pub(crate) first: World,
}

impl Check {
    /// A check of a scope: every station runs, and all have greeted each other.
    ///
    /// # Errors
    /// Those of a memorandum that is refused; and when the line does not come to rest.
    pub(crate) fn new(scope: Scope) -> Result<Self, String> {
        let (keys, memorandum) = found(&scope.rules).map_err(|fault| fault.to_string())?;
        let ground =
            Ground { keys, memorandum, deceits: scope.deceits.iter().copied().collect(), apart: scope.apart };
        let parties = (0..scope.rules.parties).map(Party::new).collect::<Result<Vec<Party>, Fault>>();
        let parties = parties.map_err(|fault| fault.to_string())?;
        let first = World {
            stations: parties.iter().map(|party| Arc::new(Station::new(*party))).collect(),
            ways: BTreeMap::new(),
            now_ms: START_MS,
            asked: vec![0; parties.len()],
            left: scope.faults.clone(),
            circuits: 0,
        };
        let mut check = Self { scope, ground, known: Mutex::default(), first };
        let mut world = check.first.clone();
        (0..check.scope.rules.parties).for_each(|party| check.start(&mut world, party));
        if !check.calm(&mut world) {
            return Err("the line does not come to rest after its greetings".into());
        }
        check.first = world;
        Ok(check)
    }

    /// How many stations have been computed.
    pub(crate) fn computed(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Something happens to a station.
    fn happen(&self, world: &mut World, party: u8, step: &Step) {
        let Some(station) = world.stations.get_mut(usize::from(party)) else { return };
        let id = Ground::id_after(station.id, step, world.now_ms);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        let next = known.unwrap_or_else(|| {
            let next = Arc::new(station.after(&self.ground, step, world.now_ms));
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&next));
            next
        });
        for (circuit, packet) in &next.out {
            if let Some(peer) = next.circuits.get(circuit) {
                let way = world.ways.entry((party, peer.number())).or_default();
                way.push_back((*circuit, Arc::clone(packet)));
            }
        }
        *station = next;
    }

    fn start(&self, world: &mut World, party: u8) {
        self.happen(world, party, &Step::Starts);
        let peers: Vec<Party> =
            world.stations.iter().filter(|peer| peer.line.is_some()).map(|peer| peer.party).collect();
        for peer in peers.into_iter().filter(|peer| peer.number() != party) {
            world.circuits += 1;
            let Some(me) = world.stations.get(usize::from(party)).map(|me| me.party) else { return };
            let circuit = world.circuits;
            self.happen(world, party, &Step::Up(circuit, peer));
            self.happen(world, peer.number(), &Step::Up(circuit, me));
        }
    }

    fn crash(&self, world: &mut World, party: u8, survive: usize) {
        let Some(station) = world.stations.get(usize::from(party)) else { return };
        let circuits = station.circuits.clone();
        self.happen(world, party, &Step::Dies(survive));
        world.ways.retain(|(from, to), _| *from != party && *to != party);
        for (circuit, peer) in circuits {
            self.happen(world, peer.number(), &Step::Down(circuit));
        }
    }

    fn deliver(&self, world: &mut World, from: u8, to: u8) {
        let Some((circuit, packet)) = world.ways.get_mut(&(from, to)).and_then(VecDeque::pop_front) else {
            return;
        };
        self.happen(world, to, &Step::Received(circuit, packet));
    }

    fn next_wake_ms(world: &World) -> Option<u64> {
        world.stations.iter().filter_map(|station| station.wake_ms).min()
    }

    fn tick(&self, world: &mut World) {
        let Some(at_ms) = Self::next_wake_ms(world) else { return };
        world.now_ms = at_ms.max(world.now_ms);
        for party in 0..self.scope.rules.parties {
            let due = world.stations.get(usize::from(party)).and_then(|station| station.wake_ms);
            if due.is_some_and(|due| due <= world.now_ms) {
                self.happen(world, party, &Step::Woken);
            }
        }
    }

    /// Does what was chosen.
    pub(crate) fn act(&self, world: &mut World, action: Action) {
        let left = &mut world.left;
        match action {
            Action::Ask(party, place, wish) => {
                if let Some(asked) = world.asked.get_mut(usize::from(party)) {
                    *asked |= 1 << place;
                }
                self.happen(world, party, &Step::Asked(wish));
            }
            Action::Deliver(from, to) => self.deliver(world, from, to),
            Action::Lose(from, to) => {
                left.losses -= 1;
                world.ways.get_mut(&(from, to)).and_then(VecDeque::pop_front);
            }
            Action::Repeat(from, to) => {
                left.repeats -= 1;
                let first = world.ways.get(&(from, to)).and_then(|way| way.front().cloned());
                self.deliver(world, from, to);
                world.ways.entry((from, to)).or_default().extend(first);
            }
            Action::Overtake(from, to) => {
                left.overtakings -= 1;
                if let Some(way) = world.ways.get_mut(&(from, to)) {
                    way.swap(0, 1);
                }
            }
            Action::Sync(party) => self.happen(world, party, &Step::Synced),
            Action::Crash(party, survive) => {
                left.crashes -= 1;
                self.crash(world, party, survive);
            }
            Action::Restart(party) => self.start(world, party),
            Action::Tick => {
                left.ticks -= 1;
                self.tick(world);
            }
        }
        world.ways.retain(|_, way| !way.is_empty());
    }

    /// What can happen, within what the scope allows.
    pub(crate) fn possible(&self, world: &World, actions: &mut Vec<Action>) {
        for (station, party) in world.stations.iter().zip(0..) {
            if station.line.is_none() {
                actions.push(Action::Restart(party));
                continue;
            }
            if !station.pending.is_empty() {
                actions.push(Action::Sync(party));
            }
            if world.left.crashes > 0 && self.scope.mortal.contains(&party) {
                actions.extend((0..=station.pending.len()).map(|survive| Action::Crash(party, survive)));
            }
            let wishes = self.scope.wishes.iter().filter(|(of, _)| *of == party).map(|(_, wish)| *wish);
            let asked = world.asked.get(usize::from(party)).copied().unwrap_or(0);
            let open = wishes.enumerate().filter(|(place, _)| asked >> place & 1 == 0);
            let open = open.filter(|(_, wish)| station.can_ask(*wish, world.now_ms));
            actions.extend(open.map(|(place, wish)| Action::Ask(party, place, wish)));
        }
        for (&(from, to), way) in &world.ways {
            actions.push(Action::Deliver(from, to));
            if world.left.losses > 0 {
                actions.push(Action::Lose(from, to));
            }
            if world.left.repeats > 0 {
                actions.push(Action::Repeat(from, to));
            }
            if world.left.overtakings > 0 && way.len() > 1 {
                actions.push(Action::Overtake(from, to));
            }
        }
        let quiet = world.ways.is_empty() && world.stations.iter().all(|station| station.pending.is_empty());
        if world.left.ticks > 0 && (quiet || self.scope.restless) && Self::next_wake_ms(world).is_some() {
            actions.push(Action::Tick);
        }
    }

    /// Whether nothing but the clock is left of what can happen.
    pub(crate) fn is_over(&self, world: &World) -> bool {
        let mut actions = Vec::new();
        self.possible(world, &mut actions);
        actions.is_empty()
    }

    /// Nothing goes wrong, and everything arrives, in order. Says whether that comes to an end.
    fn calm(&self, world: &mut World) -> bool {
        for _ in 0..MAX_DELIVERIES {
            let dead = world.stations.iter().find(|station| station.line.is_none());
            let unsynced = world.stations.iter().find(|station| !station.pending.is_empty());
            let under_way = world.ways.iter().find(|(_, way)| !way.is_empty()).map(|(way, _)| *way);
            let action = match (dead, unsynced, under_way) {
                (Some(station), ..) => Action::Restart(station.party.number()),
                (_, Some(station), _) => Action::Sync(station.party.number()),
                (.., Some((from, to))) => Action::Deliver(from, to),
                (None, None, None) => return true,
            };
            self.act(world, action);
        }
        false
    }

    /// Nothing more goes wrong, and time goes on, until the line has come to where it should.
    ///
    /// # Errors
    /// Says what is still lacking after all that time.
    pub(crate) fn settle(
        &self,
        world: &World,
        settled: impl Fn(&World) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut world = world.clone();
        let mut lacking = String::new();
        for _ in 0..MAX_TICKS {
            if !self.calm(&mut world) {
                return Err("frames go to and fro without end".into());
            }
            match settled(&world) {
                Ok(()) => return Ok(()),
                Err(what) => lacking = what,
            }
            self.tick(&mut world);
        }
        Err(lacking)
    }
}
