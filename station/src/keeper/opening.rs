//! A line on its way to be kept: its papers, its record, and whether the store is the one that ran last.

use std::sync::Arc;

use detente_line::Line;
use detente_record::{Fault, SecretKey};
use tokio::sync::{mpsc, watch};

use super::task::{Beginning, DISTRUST, Task};
use super::{Keeper, MAX_UNDER_WAY, MAX_WAITING, WaitsForRoom, record};
use crate::airspace::{self, Airspace};
use crate::blobs::Blobs;
use crate::circuits::Circuits;
use crate::clock::Clock;
use crate::courier::Courier;
use crate::error::SetupError;
use crate::feed::Feed;
use crate::home::Home;
use crate::hooks::Hooks;
use crate::keyset::KeySet;
use crate::paper::Paper;
use crate::store::{Batch, Instance, Options, Store, StoreError};
use crate::withheld::Withheld;
use crate::witness::{Kept, Witnesses};

/// What a line is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) home: &'a Home,
    pub(crate) name: &'a str,
    pub(crate) clock: Clock,
    pub(crate) hooks: Hooks,
    /// How long before a notice's end or review that is told, ms.
    pub(crate) ahead_ms: u64,
}

/// A line at work, and the keys that its circuits are made with.
pub(crate) struct Opened {
    pub(crate) keeper: Keeper,
    pub(crate) keys: KeySet,
    /// Says why when the line can go on no longer.
    pub(crate) ended: watch::Receiver<Option<String>>,
    /// Says of which rank its party's keys are, once that is later than those here.
    pub(crate) superseded: watch::Receiver<Option<u8>>,
}

/// Opens a line: reads its papers and its record, and starts its task.
///
/// # Errors
/// Whatever is wrong with the papers or the store.
pub(crate) fn open(opening: Opening<'_>) -> Result<Opened, SetupError> {
    let Opening { home, name, clock, hooks, ahead_ms } = opening;
    let keys = KeySet::read(home, name)?;
    let path = home.memorandum(name);
    let paper = Paper::read(&path)?;
    let founding = paper.memorandum(&path)?;
    let missing = paper.missing(&path)?;
    if !missing.is_empty() {
        return Err(SetupError::Unsigned { path, missing: missing.join(", ") });
    }
    let admission = home.admission(name);
    let enrolling = match admission.exists() {
        true => Some(Paper::read(&admission)?.memorandum(&admission)?),
        false => None,
    };
    let naming = enrolling.as_ref().unwrap_or(&founding);
    let Some(party) = naming.party_named(keys.last.party()) else {
        let found = keys.last.party().to_owned();
        return Err(Fault::misuse("keys", "those of a party of the memorandum", found).into());
    };
    let mut line = Line::with_keys(founding.clone(), enrolling, keys.last.identity(party), keys.renewed())?;
    home.make(&home.store(name))?;
    home.make(home.mark(name).parent().unwrap_or(home.path()))?;
    let (durable, durable_until) = watch::channel(0);
    let (ended_by, ended) = watch::channel(None);
    let failed_by = ended_by.clone();
    let (store, instance) = Store::open(Options {
        on_durable: Box::new(move |seq| {
            let _ = durable.send(seq);
        }),
        on_failed: Box::new(move |error| {
            let _ = failed_by.send(Some(format!("the store failed: {error}. {}", error.hint())));
        }),
        ..Options::new(home.store(name), home.mark(name), founding.line().0)
    })?;
    let (asks, asked) = mpsc::channel(MAX_WAITING);
    let (list, listed) = mpsc::channel(MAX_UNDER_WAY);
    let comparisons = asks.downgrade();
    let feed = Feed::new(clock.clone());
    let suspect =
        matches!(instance, Instance::Foreign { .. }) || store.note(DISTRUST)?.is_some_and(|note| note == [1]);
    if suspect {
        // Before anything else is written: that is numbered by the line, from 1.
        store.submit(Batch { seq: 0, notes: vec![(DISTRUST.into(), vec![1])], ..Batch::default() })?;
    }
    let unkept = record::restore(&mut line, &store)?;
    let memorandum = Arc::clone(line.memorandum());
    let (amended, in_force) = watch::channel(Arc::clone(&memorandum));
    let (ring, keyring) = watch::channel(Arc::new(line.keyring()));
    let (supersedes, superseded) = watch::channel(None);
    if suspect {
        tracing::warn!(
            line = name,
            "the store was restored, copied or lost: its books go on in their next generation, and what is missing \
             comes back from the other parties"
        );
        distrust(&mut line, &store)?;
    }
    let airspace = Airspace::open(airspace::Opening {
        memorandum: Arc::clone(&memorandum),
        me: party,
        store: store.clone(),
        plans: home.plans(name),
        clock: clock.clone(),
        feed: feed.clone(),
        hooks: hooks.clone(),
        ahead_ms,
        judged: line.held().into_iter().map(|held| (held.book, held.judged)).collect(),
    })?;
    let blobs = Blobs::open(home.blobs(name), asks.downgrade()).map_err(|error| SetupError::File {
        path: home.blobs(name),
        text: error.to_string(),
        hint: error.hint().into(),
    })?;
    let speaks = (keys.rank(), SecretKey::from_seed(*keys.last.station_seed()));
    let courier = Courier::open(home, name, (founding.line(), party), speaks, clock.clone())?;
    let line_ends = asks.downgrade();
    let witnesses = Witnesses::of(&memorandum, || Kept::open(&home.witnessed(name)))?;
    let (waits, told) = watch::channel(WaitsForRoom::default());
    let circuits = Circuits::default();
    let keeper = Keeper {
        founding: Arc::new(founding),
        party,
        store: store.clone(),
        feed: feed.clone(),
        airspace: airspace.clone(),
        blobs: blobs.clone(),
        witnesses,
        courier: courier.clone(),
        circuits: circuits.clone(),
        withheld: Withheld::default(),
        in_force,
        keyring,
        waits: told,
        asks,
        list,
    };
    let task = Task::new(Beginning {
        line,
        clock,
        store,
        feed,
        airspace,
        blobs,
        known: circuits,
        hooks,
        asked,
        listed,
        comparisons,
        amended,
        ring,
        supersedes,
        durable_until,
        ended_by,
        waits,
        unkept,
    });
    tokio::spawn(task.run());
    tokio::spawn(courier.keep(line_ends));
    Ok(Opened { keeper, keys, ended, superseded })
}

/// Has every own book go on in a generation that was not taken before, here or on another machine.
fn distrust(line: &mut Line, store: &Store) -> Result<(), StoreError> {
    // What else was taken, on another machine, nobody here can know: some numbers are left out.
    let mut left_out = [0];
    getrandom::fill(&mut left_out)
        .map_err(|cause| StoreError::Io { what: "draw a random number", cause: cause.to_string() })?;
    let taken = store.taken_generation()?.unwrap_or(0).max(line.generation());
    let least = taken.saturating_add(1).saturating_add(u16::from(left_out[0] % 16));
    store.adopt_mark(least)?;
    line.distrust(least);
    Ok(())
}
