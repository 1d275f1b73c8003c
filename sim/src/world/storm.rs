//! How much has happened in a run, and when that is a storm: stations that answer each other for ever would keep a
//! campaign busy for ever, and are a failure of liveness like any other.

use std::collections::BTreeMap;

use super::Happening;
use crate::judges::{Word, object};

/// The most that may happen in one run, unless its caller says otherwise: several times what the busiest of thousands of seeds needed.
pub(crate) const MOST_HAPPENINGS: u64 = 2_000_000;

/// What has happened so far, against the most that may.
#[derive(Debug)]
pub(super) struct Happened {
    most: u64,
    all: u64,
    kinds: BTreeMap<&'static str, u64>,
}

impl Happened {
    pub(super) fn new(most: u64) -> Self {
        Self { most, all: 0, kinds: BTreeMap::new() }
    }

    /// How much in all, without fragments: those follow from what was sent, and the rate of their line bounds them.
    pub(super) fn all(&self) -> u64 {
        self.all
    }

    /// How much of each kind.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.kinds.iter().map(|(kind, count)| (*kind, *count))
    }

    /// Counts one more; objects when that is more than may happen, with what there was most of and what to do.
    pub(super) fn count(&mut self, happening: &Happening, seed: u64) -> Word {
        self.all += u64::from(!matches!(happening, Happening::Spoken(..)));
        *self.kinds.entry(kind(happening)).or_default() += 1;
        if self.all <= self.most {
            return Ok(());
        }
        let mut kinds: Vec<(&str, u64)> = self.kinds.iter().map(|(kind, count)| (*kind, *count)).collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let counts: Vec<String> =
            kinds.iter().take(3).map(|(kind, count)| format!("{kind} {count}")).collect();
        let (most, counts, ten) = (self.most, counts.join(", "), self.most.saturating_mul(10));
        object(
            "liveness",
            format!(
                "a storm: more than {most} things have happened ({counts}). If `--seed {seed}` tells of stations that \
                 answer each other for ever, that is the bug; if all of it is wanted, play it with `--most {ten}`"
            ),
        )
    }
}

fn kind(happening: &Happening) -> &'static str {
    match happening {
        Happening::Dial(..) => "dials",
        Happening::Up(..) => "circuits up",
        Happening::Down(..) => "circuits down",
        Happening::Cut(_) => "cuts",
        Happening::Arrive(..) => "frames that arrive",
        Happening::Taken(..) => "frames that are taken",
        Happening::Spoken(..) => "fragments",
        Happening::Synced(..) => "syncs",
        Happening::Woken(..) => "wakings",
        Happening::Compared(..) => "comparisons",
        Happening::Blob(..) => "answers about blobs",
        Happening::Officer(_) | Happening::Flash(_) => "commands",
        Happening::Lie(_) => "lies",
        Happening::Kill(_) => "deaths",
        Happening::Start(_) => "starts",
        Happening::Jump(_) => "jumps",
        Happening::Copy(_) => "copies",
        Happening::Keep(_) => "snapshots",
        Happening::Part => "partitions",
        Happening::Look(_) => "looks",
        Happening::Courier(_) => "couriers sent",
        Happening::Brought(_) => "couriers that come",
        Happening::Settle(..) => "arrivals",
        Happening::Theft(_) | Happening::Known(_) => "thefts",
        Happening::Mask(..) => "dials of thieves",
        Happening::Plunder(_) => "what thieves do",
    }
}
