//! Motions: votes, veto, decisions, and the memorandum in force (spec/line.md §5).

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_line::Outcome;
use detente_record::{EntryRef, Hash};
use stateright::Property;

use crate::mirrors::{FORK, SETTLES, TRUST, has_no_fork, holds_all, keeps};
use crate::reading::Reading;
use crate::standing::readings;
use crate::station::{Promise, Station};
use crate::world::{Check, World};

/// What has to hold, and what has to come about lest it hold for want of anything happening.
pub(crate) fn properties() -> Vec<Property<Check>> {
    vec![
        Property::always(VOTES, |check: &Check, world: &World| {
            carried(world, |reading, said| reading.has_votes(said, &check.scope.held_to))
        }),
        Property::always(VETO, |check: &Check, world: &World| {
            carried(world, |reading, said| reading.has_no_veto(said, &check.scope.held_to))
        }),
        Property::always(ONE, |_, world: &World| has_one_decision(world)),
        Property::always(AGREES, |_, world: &World| agrees(world)),
        Property::always(FORK, |_, world: &World| has_no_fork(world)),
        Property::always(TRUST, |_, world: &World| keeps(world, Promise::Trust)),
        Property::always(SETTLES, |check: &Check, world: &World| {
            !check.is_over(world) || check.settle(world, holds_all).is_ok()
        }),
        Property::sometimes(CARRIES, |_, world: &World| comes_to(world, Outcome::Carried)),
    ]
}

/// spec/line.md §5: a `decide` is sound when its outcome is "*carried* if the votes for reach the rule's number".
pub(crate) const VOTES: &str =
    "a decision that carries is in force only if the votes under its cut reach the rule's number";
/// spec/line.md §5: "… no veto holder is against, and every veto holder has voted or left".
pub(crate) const VETO: &str =
    "a decision that carries is in force only if every veto holder has voted and none is against";
/// spec/line.md §5: "It is decided by the first sound `decide` on it."
pub(crate) const ONE: &str = "two decisions on one motion are never both in force";
/// spec/line.md §5: "which memorandum is in force is an answer under a cut": the same one for whoever holds the same acts.
pub(crate) const AGREES: &str =
    "whoever holds the same acts agrees on every decision and on the memorandum in force";
/// Some motion is carried.
pub(crate) const CARRIES: &str = "a motion is carried, and everybody holds that";

fn carried(world: &World, fits: impl Fn(&Reading, &crate::reading::Said) -> bool) -> bool {
    readings(world).all(|reading| {
        let mut carried = reading.decisions().filter(|(_, outcome)| *outcome == Outcome::Carried);
        carried.all(|(said, _)| fits(&reading, said))
    })
}

fn comes_to(world: &World, wanted: Outcome) -> bool {
    readings(world).all(|reading| reading.decisions().any(|(_, outcome)| outcome == wanted))
}

/// Whether of every motion one decision is in force, the same with everybody, to the byte.
fn has_one_decision(world: &World) -> bool {
    let mut known: BTreeMap<EntryRef, (EntryRef, Arc<[u8]>)> = BTreeMap::new();
    world.stations.iter().all(|station| {
        let reading = Reading::of(station);
        reading.decisions().all(|(said, _)| {
            let (Some(motion), Some(bytes)) = (reading.motion(said), station.disk.entry(said.name)) else {
                return false;
            };
            let of = (said.name, Arc::clone(bytes));
            *known.entry(motion).or_insert_with(|| of.clone()) == of
        })
    })
}

type Answer = (Hash, Vec<(EntryRef, Option<EntryRef>)>);

fn answer(station: &Station) -> Option<Answer> {
    let line = station.line.as_ref()?;
    let motions = line.motions();
    let decided = motions.into_iter().map(|(motion, decision)| (motion.act, decision.map(|of| of.act)));
    Some((line.memorandum().hash(), decided.collect()))
}

fn agrees(world: &World) -> bool {
    let answers =
        world.stations.iter().filter_map(|station| Some((Reading::acts(station)?, answer(station)?)));
    let mut answers: Vec<_> = answers.collect();
    answers.sort();
    answers.windows(2).all(|two| match two {
        [one, other] => one.0 != other.0 || one.1 == other.1,
        _ => true,
    })
}
