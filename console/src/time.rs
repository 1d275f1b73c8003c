//! Times for people on watch: date-time groups and lengths, as the page is made. A script of the page goes on counting.

use jiff::Timestamp;

/// A date-time group: `062240ZAPR17`.
pub(crate) fn group(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| "?".into(), |time| time.strftime("%d%H%MZ%b%y").to_string().to_uppercase())
}

/// The same with the seconds: `062240:07ZAPR17`.
pub(crate) fn stamp(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| "?".into(), |time| time.strftime("%d%H%M:%SZ%b%y").to_string().to_uppercase())
}

/// A length as a clock shows it: `0:07`, `27:00`, `3:00:00`, `12 d 4:00:00`.
pub(crate) fn length(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let rest = seconds % 60;
    match (days, hours) {
        (0, 0) => format!("{minutes}:{rest:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{days} d {hours}:{minutes:02}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_a_watch_writes_them() {
        assert_eq!(group(1_491_518_400_000), "062240ZAPR17");
        assert_eq!(stamp(1_491_518_407_999), "062240:07ZAPR17");
        assert_eq!(length(7_000), "0:07");
        assert_eq!(length(27 * 60_000), "27:00");
        assert_eq!(length(3 * 3_600_000 + 61_000), "3:01:01");
        assert_eq!(length(86_400_000 * 12), "12 d 0:00:00");
        assert_eq!(group(u64::MAX), "?");
    }
}
