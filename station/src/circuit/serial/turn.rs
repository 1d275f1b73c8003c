//! Turns on a line on which only one side can speak at a time (spec/serial.md §7.1): who listens first, and for how long.
//!
//! Promises that a side says nothing while it hears the other one, nor for a moment after, and that it leaves the other one room
//! behind every packet or two. Two sides that begin in the same moment spoil each other's words, and do not meet again for long.

/// How much is said in a turn before the other side has its own, in bytes.
const TURN_BYTES: usize = 256;
/// How long the line is quiet before anybody begins: so many byte times, and so many us for modems to turn round.
const GUARD_BYTES: u64 = 20;
const GUARD_US: u64 = 50_000;

/// Whose turn it is, as one side can tell.
#[derive(Debug)]
pub(super) struct Turn {
    guard_us: u64,
    /// The side that waits longer.
    yields: bool,
    /// This side says nothing before then, us.
    next_us: u64,
    /// When what it said last will have been said, us, and how much of this turn that is.
    until_us: u64,
    said: usize,
    /// Nothing has come since its last turn: the other side may have begun in the same moment.
    unanswered: bool,
}

impl Turn {
    pub(super) fn new(byte_us: u64, yields: bool) -> Self {
        let guard_us = GUARD_BYTES * byte_us + GUARD_US;
        Self { guard_us, yields, next_us: 0, until_us: 0, said: 0, unanswered: true }
    }

    /// When this side may say something, us.
    pub(super) fn next_us(&self) -> u64 {
        self.next_us
    }

    /// Bytes came.
    pub(super) fn hears(&mut self, now_us: u64) {
        self.unanswered &= now_us < self.until_us;
        self.said = 0;
        let guard_us = if self.yields { 2 * self.guard_us } else { self.guard_us };
        self.next_us = now_us + guard_us;
    }

    /// Whether it may speak now, where it wants to; `random` decides for how long it waits where nothing came since it last did.
    pub(super) fn may_speak(&mut self, now_us: u64, random: u64) -> bool {
        if now_us < self.next_us {
            return false;
        }
        if self.said == 0 && self.unanswered {
            self.unanswered = false;
            self.next_us = now_us + random % (4 * self.guard_us);
            return self.next_us == now_us;
        }
        true
    }

    /// It says so many bytes, which are said by then.
    pub(super) fn says(&mut self, bytes: usize, until_us: u64) {
        self.until_us = until_us;
        self.said += bytes;
        if self.said >= TURN_BYTES {
            self.ends();
        }
    }

    /// It has no more to say.
    pub(super) fn ends(&mut self) {
        if self.said > 0 {
            // The other side, which may be the one that waits longer, begins well before that.
            self.next_us = self.next_us.max(self.until_us + 4 * self.guard_us);
            (self.said, self.unanswered) = (0, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_spoken_leaves_room_for_the_other_one() {
        let [mut one, mut other] = [false, true].map(|yields| Turn::new(1_000, yields));
        let guard_us = 70_000;
        // Nobody knows who is there: each waits for as long as it draws.
        assert!(!one.may_speak(0, 5) && one.may_speak(5, 0));
        one.says(100, 100_000);
        assert!(one.may_speak(100_000, 9), "its turn is not over");
        one.says(200, 300_000);
        other.hears(300_000);
        assert!(!one.may_speak(300_000 + 3 * guard_us, 0));
        assert!(
            !other.may_speak(300_000 + 2 * guard_us - 1, 0) && other.may_speak(300_000 + 2 * guard_us, 9)
        );
        other.says(20, 460_000);
        other.ends();
        one.hears(460_000);
        assert!(one.may_speak(460_000 + guard_us, 9), "it was answered");
        // Where nothing comes it goes on by itself, after a while that it draws.
        one.says(300, 900_000);
        let next_us = one.next_us();
        assert_eq!(next_us, 900_000 + 4 * guard_us);
        assert!(!one.may_speak(next_us, 7) && one.may_speak(next_us + 7, 0));
    }
}
