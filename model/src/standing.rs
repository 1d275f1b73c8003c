//! Standing: suspension, reopening, and what passes meanwhile (spec/line.md §5).

use stateright::Property;

use crate::mirrors::{FORK, SETTLES, TRUST, has_no_fork, holds_all, keeps};
use crate::reading::Reading;
use crate::station::{Promise, Station};
use crate::world::{Check, World};

/// What has to hold.
pub(crate) fn properties() -> Vec<Property<Check>> {
    vec![
        Property::always(AGREES, |check: &Check, world: &World| agrees(check, world)),
        Property::always(SUSPENDS, |_, world: &World| keeps(world, Promise::Suspension)),
        Property::always(CONSENT, |check: &Check, world: &World| {
            let rules = &check.scope.held_to;
            !rules.consent || readings(world).all(|reading| reading.resumptions_without_consent(rules) == 0)
        }),
        Property::always(BARRED, |check: &Check, world: &World| {
            readings(world).all(|reading| reading.barred(&check.scope.held_to) == 0)
        }),
        Property::always(PASSES, |_, world: &World| keeps(world, Promise::Passage)),
        Property::always(FORK, |_, world: &World| has_no_fork(world)),
        Property::always(TRUST, |_, world: &World| keeps(world, Promise::Trust)),
        Property::always(SETTLES, |check: &Check, world: &World| {
            !check.is_over(world) || check.settle(world, holds_all).is_ok()
        }),
    ]
}

/// What has to come about where somebody has something to say when another suspends.
pub(crate) fn crossing() -> Property<Check> {
    Property::sometimes(CROSSES, |_, world: &World| readings(world).any(|reading| reading.has_crossing()))
}

/// What has to come about where somebody says cease meanwhile.
pub(crate) fn ceasing() -> Property<Check> {
    Property::sometimes(CEASES, |check: &Check, world: &World| {
        let is_barred = |station: &Station| !suspensions(check, station, world.now_ms).is_empty();
        world.stations.iter().any(|station| is_barred(station) && said_in_flash(station))
    })
}

/// What has to come about where the wishes of a scope go as far as to reopen.
pub(crate) fn reopening() -> Property<Check> {
    Property::sometimes(REOPENS, |_, world: &World| readings(world).all(|reading| reading.has_resumption()))
}

/// spec/line.md §5: "Everybody judges an entry by the entry, its book up to it, and the acts that its full cut covers; so everybody comes to the same
/// verdict, whenever."
pub(crate) const AGREES: &str = "whoever holds the same acts computes the same standing";
/// spec/line.md §5: a suspension is a party's own statement; it is sound without anybody's word.
pub(crate) const SUSPENDS: &str = "a suspension needs nobody's consent";
/// spec/line.md §5: "`resumes` is sound only when it … names a decision *carried* under its cut, on a motion to reopen that regards that suspension."
pub(crate) const CONSENT: &str = "a resumption is in force only by a decision that was carried by its votes";
/// spec/line.md §5: "While, under the entry's cut and at the entry's own time, some party is suspended, an entry of traffic is not permitted if its
/// kind is in that suspension's scope."
pub(crate) const BARRED: &str = "nothing is in force that a suspension under its own cut bars";
/// spec/line.md §5: "Always permitted …: all acts, … kinds 4 to 13": `cease` is one of them.
pub(crate) const PASSES: &str = "what always passes is never refused";
/// spec/line.md §5: what its author did not know of does not void an entry.
pub(crate) const CROSSES: &str = "a message crosses a suspension, and stands";
/// A cease is said while somebody is suspended.
pub(crate) const CEASES: &str = "a cease is said while a party is suspended";
/// A line that was suspended is open again.
pub(crate) const REOPENS: &str = "a resumption is in force with everybody";

pub(crate) fn readings(world: &World) -> impl Iterator<Item = Reading> {
    world.stations.iter().map(|station| Reading::of(station))
}

fn said_in_flash(station: &Station) -> bool {
    station.accepted.keys().any(|name| name.book.class == detente_record::Class::Z)
}

fn suspensions(check: &Check, station: &Station, at_ms: u64) -> Vec<String> {
    let Some(line) = &station.line else { return Vec::new() };
    let parties = check.ground.memorandum.parties();
    parties.filter_map(|party| line.suspension(party, at_ms)).map(|of| format!("{of:?}")).collect()
}

/// Whether whoever has judged the same acts comes to the same answers.
fn agrees(check: &Check, world: &World) -> bool {
    let answers = world
        .stations
        .iter()
        .filter_map(|station| Some((Reading::acts(station)?, suspensions(check, station, world.now_ms))));
    let mut answers: Vec<_> = answers.collect();
    answers.sort();
    answers.windows(2).all(|two| match two {
        [one, other] => one.0 != other.0 || one.1 == other.1,
        _ => true,
    })
}
