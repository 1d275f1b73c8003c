//! The time that a line goes by: what the station's clock shows, except that it never goes back and never stands still
//! (spec/line.md §7).

/// A clock that moves on by more than this between two inputs has jumped, ms: it may have been set, or the station slept.
const JUMP_MS: u64 = 3_600_000;
/// A clock that is set back by more than this is told of, ms; less is how clocks are kept right.
const BACK_MS: u64 = 10_000;
/// While the clock is behind, a tenth of what passes is held back, until it has caught up.
const HELD_BACK: u64 = 10;

/// How time goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    /// The time that the line goes by, ms since 1970.
    pub(crate) now_ms: u64,
    /// What the clock showed last, ms since 1970.
    shown_ms: u64,
    /// What had passed by then, ms, by a clock that nobody sets.
    passed_ms: Option<u64>,
}

/// A clock that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    /// Ahead, by so many ms.
    Ahead(u64),
    /// Back, by so many ms.
    Back(u64),
}

impl Pace {
    /// The clock shows a time, after something has passed; `awaited_ms` is when the station had asked to be woken.
    pub(crate) fn go_on(&mut self, shown_ms: u64, passed_ms: u64, awaited_ms: Option<u64>) -> Option<Jump> {
        let last_ms = self.passed_ms.unwrap_or(passed_ms);
        let passed_ms = passed_ms.max(last_ms);
        let held_ms = passed_ms / HELD_BACK - last_ms / HELD_BACK;
        let pace_ms = self.now_ms.saturating_add(passed_ms - last_ms - held_ms);
        // A station sleeps at most until it asked to be woken: what is much later than that is a jump.
        let ahead_ms = shown_ms.saturating_sub(awaited_ms.unwrap_or(0).max(self.shown_ms));
        let back_ms = self.shown_ms.saturating_sub(shown_ms);
        self.now_ms = pace_ms.max(shown_ms);
        self.shown_ms = shown_ms;
        self.passed_ms = Some(passed_ms);
        if ahead_ms > JUMP_MS {
            Some(Jump::Ahead(ahead_ms))
        } else {
            (back_ms > BACK_MS).then_some(Jump::Back(back_ms))
        }
    }

    /// Whether it is ahead of what the clock shows: a station that were started again just now would go by an earlier time.
    pub(crate) fn is_ahead(&self) -> bool {
        self.now_ms > self.shown_ms
    }

    /// What the clock will show when the line's time has come to `at_ms`.
    pub(crate) fn shown_at(&self, at_ms: u64) -> u64 {
        at_ms.saturating_sub(self.now_ms.saturating_sub(self.shown_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: u64 = 1_491_566_400_000;

    #[test]
    fn time_goes_on_when_the_clock_is_set_back() {
        let mut pace = Pace::default();
        assert_eq!(pace.go_on(NOON_MS, 0, None), Some(Jump::Ahead(NOON_MS)));
        assert_eq!(pace.go_on(NOON_MS + 50, 50, None), None);
        assert_eq!(pace.go_on(NOON_MS - 7_200_000, 60, None), Some(Jump::Back(7_200_050)));
        assert_eq!(pace.now_ms, NOON_MS + 59);
        assert_eq!(pace.go_on(NOON_MS - 7_190_000, 10_060, None), None);
        assert_eq!(pace.now_ms, NOON_MS + 59 + 9_000);
        assert_eq!(pace.shown_at(pace.now_ms + 100), NOON_MS - 7_190_000 + 100);
    }

    #[test]
    fn a_clock_that_is_behind_is_caught_up_with() {
        let mut pace = Pace::default();
        pace.go_on(NOON_MS, 0, None);
        assert_eq!(pace.go_on(NOON_MS - 1_000, 0, None), None, "clocks are kept right by such steps");
        for second in 1..=10 {
            pace.go_on(NOON_MS - 1_000 + 1_000 * second, 1_000 * second, None);
        }
        assert_eq!(pace.now_ms, NOON_MS + 9_000);
        pace.go_on(NOON_MS + 9_500, 10_500, None);
        assert_eq!(pace.now_ms, NOON_MS + 9_500);
    }

    #[test]
    fn who_slept_as_long_as_it_asked_for_has_not_jumped() {
        let mut pace = Pace::default();
        pace.go_on(NOON_MS, 0, None);
        let later_ms = NOON_MS + 5 * JUMP_MS;
        assert_eq!(pace.go_on(later_ms, 5 * JUMP_MS, Some(later_ms)), None);
        assert_eq!(pace.go_on(later_ms + JUMP_MS + 1, 5 * JUMP_MS + 1, None), Some(Jump::Ahead(JUMP_MS + 1)));
    }
}
