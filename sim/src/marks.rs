//! Coverage marks: what runs have come upon. A campaign that never saw a rare thing has not tested it, however
//! many seeds it played; so it counts, and says what of all that it should have seen it has not ([`EXPECTED`]).

use std::borrow::Cow;
use std::collections::BTreeMap;

use detente_line::Shown;
use detente_record::{Blame, Fault};

/// What was come upon, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks(BTreeMap<Cow<'static, str>, u64>);

impl Marks {
    /// Something was come upon.
    pub(crate) fn note(&mut self, what: impl Into<Cow<'static, str>>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// All of them, with how often, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(what, count)| (&**what, *count))
    }

    /// Takes those of another run in.
    pub(crate) fn add(&mut self, what: String, count: u64) {
        *self.0.entry(what.into()).or_default() += count;
    }

    /// A frame has come; what it is, is told by its tag alone (spec/line.md §7), which is the second byte.
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        let tag = frame.get(1).copied().map_or(usize::MAX, usize::from);
        self.note(FRAMES.get(tag).copied().unwrap_or("frame: no frame"));
    }

    /// A station showed something.
    pub(crate) fn shown(&mut self, shown: &Shown) {
        let what = match shown {
            Shown::Accepted { .. } => "shown: accepted",
            Shown::Refused { fault, .. } => return self.fault("refused", fault),
            Shown::Amended { decision: Some(_), .. } => "shown: amended",
            Shown::Amended { decision: None, .. } => "shown: an amendment undone",
            Shown::Named { .. } => "shown: named",
            Shown::Entry { marked: Some(fault), .. } => return self.fault("void", fault),
            Shown::Entry { unjudged: true, .. } => "shown: an entry that is not judged yet",
            Shown::Entry { .. } => "shown: an entry",
            Shown::Ahead { .. } => "shown: ahead of its signature",
            Shown::Otherwise { .. } => "shown: signed otherwise than ahead",
            Shown::Carried { .. } => "shown: for a courier",
            Shown::Receipted { .. } => "shown: receipted",
            Shown::Overdue { .. } => "shown: overdue",
            Shown::Standing { in_effect: true, .. } => "shown: in effect",
            Shown::Standing { in_effect: false, .. } => "shown: suspended",
            Shown::CircuitReady { .. } => "shown: a circuit is ready",
            Shown::CircuitSilent { silent: true, .. } => "shown: a circuit is silent",
            Shown::CircuitSilent { silent: false, .. } => "shown: a circuit is silent no more",
            Shown::CircuitLate { late: true, .. } => "shown: a circuit is late",
            Shown::CircuitLate { late: false, .. } => "shown: a circuit is late no more",
            Shown::Missed { .. } => "shown: a test is missed",
            Shown::KeysRenewed { .. } => "shown: keys are renewed",
            Shown::Renewed => "shown: books go on in another generation",
            Shown::NotRenewed { fault } => return self.fault("not renewed", fault),
            Shown::Blob { fault: None, .. } => "shown: a blob",
            Shown::Blob { fault: Some(fault), .. } => return self.fault("blob", fault),
            Shown::Breach(evidence) => return self.fault("breach", &evidence.fault),
            Shown::NotTaken { fault, .. } => return self.fault("not taken", fault),
            Shown::ClockJumped { .. } => "shown: the clock jumped ahead",
            Shown::ClockSetBack { .. } => "shown: the clock was set back",
        };
        self.note(what);
    }

    /// Something was found fault with; numbers in what was expected are left out.
    fn fault(&mut self, of: &str, fault: &Fault) {
        let blame = match fault.blame() {
            Blame::Malformed => "malformed",
            Blame::Misbehaved => "misbehaved",
            Blame::Incompatible => "incompatible",
            Blame::Misuse => "misuse",
        };
        self.note(format!("{of}: {blame} {}", fault.detail().what));
    }
}

/// Frames, by tag.
const FRAMES: [&str; 17] = [
    "frame: hello",
    "frame: step",
    "frame: receipt",
    "frame: have",
    "frame: ping",
    "frame: pong",
    "frame: secret",
    "frame: head",
    "frame: refusal",
    "frame: fork",
    "frame: want",
    "frame: part",
    "frame: lack",
    "frame: renewals",
    "frame: courier keys",
    "frame: courier key",
    "frame: ahead",
];

/// What should have been come upon and was not.
pub(crate) fn lacking(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    EXPECTED.into_iter().filter(|what| !has(what)).collect()
}

/// What a campaign comes upon: everything that a station may be told, show and find fault with, everything that happens to it, and
/// everything that befalls its store.
const EXPECTED: [&str; 156] = [
    "breach: malformed entry",
    "breach: misbehaved act",
    "breach: misbehaved amendment",
    "breach: misbehaved book",
    "breach: misbehaved checkpoint",
    "breach: misbehaved cut",
    "breach: misbehaved disclosure",
    "breach: misbehaved finding",
    "breach: misbehaved observer",
    "breach: misbehaved office",
    "breach: misbehaved permission",
    "breach: misbehaved receipt",
    "breach: misbehaved regards",
    "breach: misbehaved release",
    "breach: misbehaved seal",
    "breach: misbehaved seal key",
    "breach: misbehaved serial",
    "breach: misbehaved size in a cut",
    "breach: misbehaved size sealed",
    "breach: misbehaved time",
    "breach: misbehaved vector",
    "frame: ahead",
    "frame: courier key",
    "frame: courier keys",
    "frame: fork",
    "frame: have",
    "frame: head",
    "frame: hello",
    "frame: lack",
    "frame: no frame",
    "frame: part",
    "frame: ping",
    "frame: pong",
    "frame: receipt",
    "frame: refusal",
    "frame: renewals",
    "frame: secret",
    "frame: step",
    "frame: want",
    "happening: answers about blobs",
    "happening: arrivals",
    "happening: circuits down",
    "happening: circuits up",
    "happening: commands",
    "happening: comparisons",
    "happening: copies",
    "happening: couriers sent",
    "happening: couriers that come",
    "happening: cuts",
    "happening: deaths",
    "happening: dials",
    "happening: dials of thieves",
    "happening: fragments",
    "happening: frames that are taken",
    "happening: frames that arrive",
    "happening: jumps",
    "happening: lies",
    "happening: looks",
    "happening: partitions",
    "happening: snapshots",
    "happening: starts",
    "happening: syncs",
    "happening: thefts",
    "happening: wakings",
    "happening: what thieves do",
    "not renewed: misbehaved author",
    "not renewed: misbehaved office",
    "not taken: incompatible circuit",
    "not taken: incompatible frame",
    "not taken: incompatible line",
    "not taken: incompatible party",
    "not taken: incompatible protocol version",
    "not taken: incompatible step",
    "not taken: malformed CBOR",
    "not taken: malformed entry of a step",
    "not taken: malformed frame",
    "not taken: malformed receipt",
    "not taken: misbehaved book",
    "not taken: misbehaved checkpoint",
    "not taken: misbehaved courier key",
    "not taken: misbehaved entry ahead",
    "not taken: misbehaved frame",
    "not taken: misbehaved inclusion proof",
    "not taken: misbehaved line secret",
    "not taken: misbehaved party",
    "not taken: misbehaved quota",
    "not taken: misbehaved receipt",
    "not taken: misbehaved renewal",
    "not taken: misbehaved size of an own book",
    "not taken: misbehaved station key",
    "refused: misbehaved act",
    "refused: misbehaved amendment",
    "refused: misbehaved book",
    "refused: misbehaved disclosure",
    "refused: misbehaved observer",
    "refused: misbehaved permission",
    "refused: misbehaved quota",
    "refused: misbehaved release",
    "refused: misuse books",
    "refused: misuse office that takes over",
    "refused: misuse party",
    "shown: a blob",
    "shown: a circuit is late",
    "shown: a circuit is late no more",
    "shown: a circuit is ready",
    "shown: a circuit is silent",
    "shown: a circuit is silent no more",
    "shown: a test is missed",
    "shown: accepted",
    "shown: ahead of its signature",
    "shown: amended",
    "shown: an amendment undone",
    "shown: an entry",
    "shown: an entry that is not judged yet",
    "shown: books go on in another generation",
    "shown: for a courier",
    "shown: in effect",
    "shown: keys are renewed",
    "shown: named",
    "shown: overdue",
    "shown: receipted",
    "shown: signed otherwise than ahead",
    "shown: suspended",
    "shown: the clock jumped ahead",
    "shown: the clock was set back",
    "store: a death",
    "store: a death leaves what was not durable",
    "store: a sync fails",
    "store: another version does not read the kept state",
    "store: confirmed writes are lost",
    "store: lost with its machine",
    "store: restored from a copy",
    "store: the disk is full for a while",
    "store: what does not fit together is moved away",
    "store: what has rotted is moved away",
    "void: incompatible kind",
    "void: malformed entry",
    "void: misbehaved act",
    "void: misbehaved amendment",
    "void: misbehaved book",
    "void: misbehaved checkpoint",
    "void: misbehaved cut",
    "void: misbehaved disclosure",
    "void: misbehaved finding",
    "void: misbehaved observer",
    "void: misbehaved office",
    "void: misbehaved permission",
    "void: misbehaved regards",
    "void: misbehaved release",
    "void: misbehaved seal",
    "void: misbehaved seal key",
    "void: misbehaved serial",
    "void: misbehaved size in a cut",
    "void: misbehaved size sealed",
    "void: misbehaved time",
    "void: misbehaved vector",
];
