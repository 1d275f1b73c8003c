//! How books travel (spec/line.md §6), and what receipts are worth (spec/record.md §6, §7).

use stateright::Property;

use crate::station::Promise;
use crate::world::{Check, World};

/// What has to hold.
pub(crate) fn properties() -> Vec<Property<Check>> {
    vec![
        Property::always(RECEIPT, |_, world: &World| keeps(world, Promise::Receipt)),
        Property::always(CHECKPOINT, |_, world: &World| keeps(world, Promise::Checkpoint)),
        Property::always(ACCEPTED, |_, world: &World| keeps_what_it_accepted(world)),
        Property::always(KEPT, |_, world: &World| keeps_what_it_receipted(world)),
        Property::always(FORK, |_, world: &World| has_no_fork(world)),
        Property::always(TRUST, |_, world: &World| keeps(world, Promise::Trust)),
        Property::always(SETTLES, |check: &Check, world: &World| {
            !check.is_over(world) || check.settle(world, holds_all).is_ok()
        }),
    ]
}

/// spec/record.md §7: "A receipt is given only for a size that the author has signed, and only when every entry up to that size is durable
/// at the receiver."
pub(crate) const RECEIPT: &str =
    "a receipt is given only when every entry up to that size is durable at the receiver";
/// spec/record.md §6: "A checkpoint is signed only for a size whose entries are durable at the author."
pub(crate) const CHECKPOINT: &str =
    "a checkpoint is signed only for a size whose entries are durable at the author";
/// What an officer was told to be accepted is on the disk, word for word, whatever crashes.
pub(crate) const ACCEPTED: &str = "what was accepted is durable, whatever crashes";
/// spec/record.md §7: a receipt "says that the receiver's key acknowledged storing these entries".
pub(crate) const KEPT: &str = "what was receipted is durable, whatever crashes";
/// spec/record.md §6: two checkpoints of one book are never in conflict where its author is honest; no two disks hold different
/// entries of one name.
pub(crate) const FORK: &str = "an honest book never forks";
/// spec/line.md §8: nobody is accused, refused or not understood where everybody keeps the rules.
pub(crate) const TRUST: &str = "nobody is accused where everybody keeps the rules";
/// spec/line.md §6: "what is still lacking then goes again too": once nothing more is lost, everybody holds every book, and every author
/// everybody's receipts for it.
pub(crate) const SETTLES: &str =
    "once nothing more is lost, everybody holds every book, with receipts from everybody";

/// Whether no station has broken a promise.
pub(crate) fn keeps(world: &World, promise: Promise) -> bool {
    world.stations.iter().all(|station| !station.broken.contains_key(&promise))
}

fn keeps_what_it_accepted(world: &World) -> bool {
    world.stations.iter().all(|station| {
        let mut accepted = station.accepted.iter();
        accepted.all(|(name, bytes)| station.disk.entry(*name) == Some(bytes))
    })
}

fn keeps_what_it_receipted(world: &World) -> bool {
    world.stations.iter().all(|station| {
        let mut receipted = station.receipted.iter();
        receipted.all(|(book, size)| station.disk.size(*book) >= *size)
    })
}

pub(crate) fn has_no_fork(world: &World) -> bool {
    let mut books = world.stations.iter().flat_map(|station| station.disk.entries.iter());
    books.all(|(book, one)| {
        let mut others = world.stations.iter().filter_map(|station| station.disk.entries.get(book));
        others.all(|other| one.iter().zip(other).all(|(one, other)| one == other))
    })
}

/// Whether everybody holds every book, with everybody's receipts.
///
/// # Errors
/// Says who lacks what.
pub(crate) fn holds_all(world: &World) -> Result<(), String> {
    for station in &world.stations {
        for (book, entries) in &station.disk.entries {
            for peer in &world.stations {
                if peer.disk.entries.get(book) != Some(entries) {
                    return Err(format!("{:?} lacks some of {book:?}", peer.party));
                }
                let known = peer.disk.receipts.get(book);
                let size = entries.len() as u64;
                let receipted = known.is_some_and(|of| of.contains_key(&(size, station.party)));
                if peer.party == book.party && station.party != book.party && !receipted {
                    let (author, reader) = (peer.party, station.party);
                    return Err(format!("{author:?} lacks {reader:?}'s receipt for {size} of {book:?}"));
                }
            }
        }
    }
    Ok(())
}
