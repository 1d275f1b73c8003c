//! How much longer a narrow circuit may take for everything: what passes on any other in no time takes seconds there, and
//! what keeps one warm would be most of what it carries (spec/serial.md §7).

/// How many bytes more than on another circuit may be in front of an answer.
const SLACK_BYTES: u64 = 1_500;
/// How many bytes could have passed before a quiet circuit is asked whether it is there.
const PING_BYTES: u64 = 4_000;
/// How many bytes could have passed before each side says again what it holds.
const HELLO_BYTES: u64 = 100_000;
/// How many bytes could have passed before a chunk of a blob is given up: two chunks, and what goes before them.
const PART_BYTES: u64 = 150_000;

/// How many bytes a second a circuit carries, if it is a narrow one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate(pub(crate) Option<u32>);

impl Rate {
    /// Whether it has lanes.
    pub(crate) fn is_narrow(self) -> bool {
        self.0.is_some()
    }

    /// How much longer anything may take, ms.
    pub(crate) fn slack_ms(self) -> u64 {
        self.takes_ms(SLACK_BYTES)
    }

    /// How long it may be quiet before a ping, ms; at least so long.
    pub(crate) fn ping_after_ms(self, least_ms: u64) -> u64 {
        self.takes_ms(PING_BYTES).max(least_ms)
    }

    /// After how long each side says again what it holds, ms; at least so long.
    pub(crate) fn hello_again_ms(self, least_ms: u64) -> u64 {
        self.takes_ms(HELLO_BYTES).max(least_ms)
    }

    /// How long a chunk of a blob may take, ms; `elsewhere` on a circuit that is not narrow.
    pub(crate) fn part_ms(self, elsewhere: u64) -> u64 {
        self.takes_ms(PART_BYTES).saturating_add(elsewhere)
    }

    fn takes_ms(self, bytes: u64) -> u64 {
        self.0.map_or(0, |rate| bytes * 1_000 / u64::from(rate.max(1)))
    }
}
