//! What comes due of notices in force: that one ends soon, that a review is near, that it is overdue.
//!
//! Pure: moments go in with the notices, and come out when their time is there, each once. `ahead` is how long before the
//! end or the review somebody is told, and never more than a quarter of the whole time, so that an exercise of
//! an hour does not warn as it begins. What was told before is known by one moment, up to which everything was told; so a
//! station that is started again tells what came due while it was down, and nothing twice. Where `ahead` changes, what was
//! told stays told, and what the new one makes due is due.

use std::collections::{BTreeMap, BTreeSet};

use detente_line::notices::Standing;
use detente_record::EntryRef;

/// What comes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// It ends soon.
    Ends,
    /// It is to be reviewed soon.
    Review,
    /// It was to be reviewed.
    ReviewOverdue,
}

impl Due {
    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ends => "ends",
            Self::Review => "review",
            Self::ReviewOverdue => "review-overdue",
        }
    }
}

/// What comes due of a notice, and when that is told, ms.
fn moments(standing: &Standing, ahead_ms: u64) -> Vec<(u64, Due)> {
    let Standing { from_ms, until_ms, review_ms, withdrawn_by: None, .. } = *standing else {
        return Vec::new();
    };
    let before = |ms: u64| ms - ahead_ms.min(ms.saturating_sub(from_ms) / 4);
    let mut moments = Vec::new();
    moments.extend(until_ms.filter(|until_ms| *until_ms > from_ms).map(|ms| (before(ms), Due::Ends)));
    if let Some(ms) = review_ms.filter(|ms| until_ms.is_none_or(|until_ms| *ms <= until_ms)) {
        moments.extend([(before(ms), Due::Review), (ms, Due::ReviewOverdue)]);
    }
    moments
}

/// What is due of a notice at a moment, ms: nothing once it has ended, or was withdrawn.
pub(crate) fn due(standing: &Standing, now_ms: u64, ahead_ms: u64) -> Vec<Due> {
    if standing.until_ms.is_some_and(|until_ms| until_ms < now_ms) {
        return Vec::new();
    }
    let moments = moments(standing, ahead_ms);
    let mut due: Vec<Due> =
        moments.into_iter().filter(|(at_ms, _)| *at_ms <= now_ms).map(|(_, due)| due).collect();
    if due.contains(&Due::ReviewOverdue) {
        due.retain(|due| *due != Due::Review);
    }
    due
}

/// The moments of all notices that have not ended.
#[derive(Debug)]
pub(super) struct Reminders {
    ahead_ms: u64,
    /// Everything up to here was told.
    told_ms: u64,
    moments: BTreeMap<EntryRef, Vec<(u64, Due)>>,
    waiting: BTreeSet<(u64, EntryRef, Due)>,
}

impl Reminders {
    pub(super) fn new(ahead_ms: u64, told_ms: u64) -> Self {
        Self { ahead_ms, told_ms, moments: BTreeMap::new(), waiting: BTreeSet::new() }
    }

    /// How long before somebody is told, ms.
    pub(super) fn ahead_ms(&self) -> u64 {
        self.ahead_ms
    }

    /// A notice stands like this from now on; `before`: so it stood when the station was last at work, too.
    pub(super) fn put(&mut self, origin: EntryRef, standing: &Standing, now_ms: u64, before: bool) {
        let old = self.moments.remove(&origin).unwrap_or_default();
        for (at_ms, due) in &old {
            self.waiting.remove(&(*at_ms, origin, *due));
        }
        if standing.until_ms.is_some_and(|until_ms| until_ms < now_ms) {
            return;
        }
        let told_ms = self.told_ms;
        self.hold(origin, standing, |moment| moment.0 <= told_ms && (before || old.contains(moment)));
    }

    /// From now on somebody is told so long before, ms, of the notices that stand.
    pub(super) fn warn(
        &mut self,
        ahead_ms: u64,
        standing: impl Iterator<Item = (EntryRef, Standing)>,
        now_ms: u64,
    ) {
        self.ahead_ms = ahead_ms;
        let waiting: BTreeSet<(EntryRef, Due)> =
            std::mem::take(&mut self.waiting).into_iter().map(|(_, origin, due)| (origin, due)).collect();
        for (origin, standing) in standing {
            let old = self.moments.remove(&origin).unwrap_or_default();
            if standing.until_ms.is_none_or(|until_ms| until_ms >= now_ms) {
                self.hold(origin, &standing, |(_, due)| {
                    old.iter().any(|(_, held)| held == due) && !waiting.contains(&(origin, *due))
                });
            }
        }
    }

    fn hold(&mut self, origin: EntryRef, standing: &Standing, told: impl Fn(&(u64, Due)) -> bool) {
        let moments = moments(standing, self.ahead_ms);
        let waiting = moments.iter().filter(|moment| !told(moment));
        self.waiting.extend(waiting.map(|(at_ms, due)| (*at_ms, origin, *due)));
        if !moments.is_empty() {
            self.moments.insert(origin, moments);
        }
    }

    /// What has come due; it does not again.
    pub(super) fn take(&mut self, now_ms: u64) -> Vec<(EntryRef, Due)> {
        let mut taken = Vec::new();
        while let Some((_, origin, due)) =
            self.waiting.first().copied().filter(|(at_ms, ..)| *at_ms <= now_ms)
        {
            self.waiting.pop_first();
            taken.push((origin, due));
        }
        self.told_ms = self.told_ms.max(now_ms);
        taken
    }

    /// When something comes due next, ms.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.waiting.first().map(|(at_ms, ..)| *at_ms)
    }
}

#[cfg(test)]
mod tests {
    use detente_line::Nature;
    use detente_record::{Book, Class, Party};

    use super::*;

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;

    fn name(number: u64) -> EntryRef {
        let book = Book { generation: 0, party: Party::new(0).unwrap(), class: Class::R };
        EntryRef { book, number }
    }

    fn standing(from_ms: u64, until_ms: Option<u64>, review_ms: Option<u64>) -> Standing {
        Standing { rules: name(1), nature: Nature::Site, from_ms, until_ms, review_ms, withdrawn_by: None }
    }

    #[test]
    fn each_is_told_once_and_a_quarter_before_the_end_at_most() {
        let mut reminders = Reminders::new(3 * DAY, 0);
        reminders.put(name(1), &standing(0, Some(100 * DAY), Some(50 * DAY)), 0, true);
        reminders.put(name(2), &standing(10 * HOUR, Some(14 * HOUR), None), 0, false);
        assert_eq!(reminders.next_ms(), Some(13 * HOUR));
        assert_eq!(reminders.take(13 * HOUR), [(name(2), Due::Ends)]);
        assert_eq!(reminders.take(13 * HOUR), []);
        assert_eq!(reminders.next_ms(), Some(47 * DAY));
        assert_eq!(reminders.take(50 * DAY), [(name(1), Due::Review), (name(1), Due::ReviewOverdue)]);
        // An amendment that leaves the review as it was does not tell it again; a new end is another.
        reminders.put(name(1), &standing(0, Some(52 * DAY), Some(50 * DAY)), 51 * DAY, false);
        assert_eq!(reminders.take(51 * DAY), [(name(1), Due::Ends)]);
    }

    #[test]
    fn after_a_restart_only_what_came_due_meanwhile_is_told() {
        let mut reminders = Reminders::new(3 * DAY, 48 * DAY);
        reminders.put(name(1), &standing(0, None, Some(50 * DAY)), 51 * DAY, true);
        assert_eq!(reminders.take(51 * DAY), [(name(1), Due::ReviewOverdue)]);
        // What comes only now is told, however long it has been due; what has ended is not.
        reminders.put(name(2), &standing(0, None, Some(20 * DAY)), 51 * DAY, false);
        reminders.put(name(3), &standing(0, Some(50 * DAY), None), 51 * DAY, false);
        assert_eq!(reminders.take(51 * DAY), [(name(2), Due::Review), (name(2), Due::ReviewOverdue)]);
        assert_eq!(reminders.next_ms(), None);
    }

    #[test]
    fn another_time_before_makes_due_what_was_not_told() {
        let mut reminders = Reminders::new(DAY, 0);
        let stand = [
            (name(1), standing(0, None, Some(50 * DAY))),
            (name(2), standing(0, None, Some(40 * DAY))),
            (name(3), standing(0, Some(30 * DAY), None)),
        ];
        for (origin, standing) in &stand {
            reminders.put(*origin, standing, 0, false);
        }
        assert_eq!(reminders.take(39 * DAY), [(name(3), Due::Ends), (name(2), Due::Review)]);
        // What was told is not told again, what has ended not at all, and the rest earlier than before.
        reminders.warn(8 * DAY, stand.into_iter(), 39 * DAY);
        assert_eq!(reminders.take(39 * DAY), []);
        assert_eq!(reminders.take(42 * DAY), [(name(2), Due::ReviewOverdue), (name(1), Due::Review)]);
        reminders.warn(DAY, stand.into_iter(), 42 * DAY);
        assert_eq!(reminders.take(49 * DAY), []);
        assert_eq!(reminders.take(50 * DAY), [(name(1), Due::ReviewOverdue)]);
    }

    #[test]
    fn what_is_withdrawn_has_nothing_due() {
        let withdrawn = Standing { withdrawn_by: Some(name(9)), ..standing(0, Some(DAY), Some(DAY)) };
        assert_eq!(due(&withdrawn, DAY, DAY), []);
        assert_eq!(due(&standing(0, None, Some(DAY)), DAY - 1, DAY), [Due::Review]);
        assert_eq!(due(&standing(0, None, Some(DAY)), DAY, DAY), [Due::ReviewOverdue]);
        assert_eq!(due(&standing(0, Some(DAY), None), DAY + 1, DAY), []);
    }
}
