//! Who is in whose way, and how (spec/line.md §5, "Notices in force").
//!
//! As volumes come and go, only with how many of others each subject's own are not clear is counted. The rest is found anew
//! from the volumes in force whenever it is asked: it takes no memory, and depends on nothing that was there before.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use detente_airspace::register::{Found, Tally};
use detente_airspace::span::Span;
use detente_airspace::verdict::{Overlap, Verdict, overlap};
use detente_airspace::volume::Volume;
use detente_record::Party;

use super::{Notices, Subject};
use crate::notice::rule::Nature;

/// Two that are in each other's way: the lesser subject first.
pub type Pair = (Subject, Subject);

/// How two are in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The gravest verdict on any two of their volumes.
    pub verdict: Verdict,
    /// What the first two volumes with that verdict have in common, by the volumes of the lesser subject.
    pub overlap: Overlap,
    /// How many pairs of volumes are not clear of each other.
    pub pairs: u32,
    /// The first moment and the last of all of those.
    pub span: Span,
}

impl Conflict {
    fn of(touch: &Touch) -> Self {
        Self { verdict: touch.verdict, overlap: touch.overlap, pairs: 1, span: touch.overlap.span }
    }

    /// Takes another pair of volumes of the same two in.
    fn join(&mut self, other: Self) {
        if other.verdict > self.verdict {
            (self.verdict, self.overlap) = (other.verdict, other.overlap);
        }
        self.pairs = self.pairs.saturating_add(other.pairs);
        self.span = self.span.hull(other.span);
    }
}

/// Something that is not clear of what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// What it is.
    pub subject: Subject,
    /// Which of the volumes asked about, from 0.
    pub asked: u32,
    /// Which of its own volumes, from 0.
    pub number: u32,
    /// The verdict on the two.
    pub verdict: Verdict,
    /// What they have in common.
    pub overlap: Overlap,
}

/// Whose a subject is and what it is about, as the register keeps it: what tells, before any geometry, whether two can be in
/// each other's way.
pub(super) fn group(party: Party, nature: Nature) -> u16 {
    let nature = match nature {
        Nature::Activity => 0,
        Nature::Movement => 1,
        Nature::Site => 2,
    };
    u16::from(party.number()) << 2 | nature
}

/// Whether subjects of two groups can be in each other's way.
fn minds(one: u16, other: u16) -> bool {
    let nature = |group: u16| match group & 3 {
        0 => Nature::Activity,
        1 => Nature::Movement,
        _ => Nature::Site,
    };
    one >> 2 != other >> 2 && nature(one).minds(nature(other))
}

fn pair(one: Subject, other: Subject) -> Pair {
    if one < other { (one, other) } else { (other, one) }
}

impl Notices {
    /// From now on it is not counted, as volumes come and go, whose way they are in, and until [`settle`](Self::settle) nothing is in
    /// anybody's: for reading much at once.
    pub fn put_off(&mut self) {
        self.ways.clear();
        self.put_off = true;
    }

    /// What [`tally`](Self::tally) is to count, in as many parts as are wanted.
    pub fn places(&self) -> Vec<u32> {
        self.register.places()
    }

    /// Counts, for some of [`places`](Self::places), who is in whose way.
    pub fn tally(&self, places: &[u32], tally: &mut Tally) {
        self.register.tally(places, minds, tally);
    }

    /// Takes what was counted, for all places together and with nothing put in or taken out since; from now on it is counted as
    /// volumes come and go.
    pub fn settle(&mut self, tally: &Tally) {
        self.ways = self.register.tallied(tally).collect();
        self.put_off = false;
    }

    /// Counts on, or back, for both sides, wherever a volume of a subject is not clear of another's.
    pub(super) fn count(
        &mut self,
        subject: Subject,
        group: u16,
        volumes: &[Volume],
        by: impl Fn(u64) -> u64,
    ) {
        let mut found = Vec::new();
        for volume in volumes {
            self.register.check_among(volume, |other| minds(group, other), &mut found);
        }
        for Found { key: other, .. } in found {
            for one in [subject, other] {
                let count = by(self.ways.get(&one).copied().unwrap_or(0));
                if count > 0 {
                    self.ways.insert(one, count);
                } else {
                    self.ways.remove(&one);
                }
            }
        }
    }

    /// How many pairs of volumes make all that are in each other's way, past ones too.
    pub fn pairs(&self) -> u64 {
        self.ways.values().fold(0_u64, |sum, count| sum.saturating_add(*count)) / 2
    }

    /// What is not clear of some volumes, subjects ascending. With a party and a nature, only what another party's subject
    /// of that nature would be in the way of; without, everything.
    pub fn touching(&self, volumes: &[Volume], asker: Option<(Party, Nature)>) -> Vec<Touch> {
        let asker = asker.map(|(party, nature)| group(party, nature));
        let wanted = |other| asker.is_none_or(|asker| minds(asker, other));
        let (mut touches, mut found) = (Vec::new(), Vec::new());
        for (asked, volume) in (0..).zip(volumes) {
            found.clear();
            self.register.check_among(volume, wanted, &mut found);
            for one in &found {
                let other = self.register.found(one);
                if let Some((verdict, Some(overlap))) = other.map(|other| overlap(volume, &other)) {
                    touches.push(Touch { subject: one.key, asked, number: one.number, verdict, overlap });
                }
            }
        }
        touches.sort_unstable_by_key(|touch| (touch.subject, touch.asked, touch.number));
        touches
    }

    /// Each subject that [`Self::touching`] finds, once, with all its pairs of volumes taken together.
    pub fn met(&self, volumes: &[Volume], asker: Option<(Party, Nature)>) -> BTreeMap<Subject, Conflict> {
        together(&self.touching(volumes, asker))
    }

    /// All that are in each other's way and whose conflict does not end before a moment, ms; pairs ascending.
    pub fn conflicts(&self, from_ms: u64) -> impl Iterator<Item = (Pair, Conflict)> {
        let lasting = move |subject: &&Subject| self.reach_ms(**subject) >= from_ms;
        let all = self.ways.keys().filter(lasting).flat_map(move |subject| {
            let later = self.conflicts_of(*subject).filter(|(other, _)| other > subject);
            later.map(|(other, conflict)| (pair(*subject, other), conflict))
        });
        all.filter(move |(_, conflict)| conflict.span.until_ms() >= from_ms)
    }

    /// Whose way a subject is in, ascending.
    pub fn conflicts_of(&self, subject: Subject) -> impl Iterator<Item = (Subject, Conflict)> + use<> {
        let asker = self.whose(subject).filter(|_| self.ways.contains_key(&subject));
        let volumes: Vec<Volume> = asker.iter().flat_map(|_| self.volumes(subject)).collect();
        let mut touches = self.touching(&volumes, asker);
        touches.sort_unstable_by_key(|touch| match touch.subject < subject {
            true => (touch.subject, touch.number, touch.asked),
            false => (touch.subject, touch.asked, touch.number),
        });
        together(&touches).into_iter()
    }

    /// When the last of a subject's volumes has ended, with the time after it that it asks for, ms: no conflict of its own lasts
    /// longer.
    fn reach_ms(&self, subject: Subject) -> u64 {
        let ends = self.volumes(subject).map(|volume| {
            let room_ms = volume.separation.map_or(0, |separation| separation.time_ms());
            volume.span.until_ms().saturating_add(room_ms)
        });
        ends.max().unwrap_or(0)
    }
}

/// Touches of the same subject as one conflict, with what the first of the gravest have in common.
fn together(touches: &[Touch]) -> BTreeMap<Subject, Conflict> {
    let mut met: BTreeMap<Subject, Conflict> = BTreeMap::new();
    for touch in touches {
        let conflict = Conflict::of(touch);
        met.entry(touch.subject).and_modify(|held| held.join(conflict)).or_insert(conflict);
    }
    met
}
