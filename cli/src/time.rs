//! Times as people on a watch write and read them.
//!
//! Typed: every form that files may hold as well (spec/exchange.md §3), such as ISO 8601 with a zone
//! (`2017-04-06T22:40Z`) and date-time groups (`062240ZAPR17`); a time from now (`+2h`), or `now`. A time without a zone is
//! refused: nobody guesses one. Shown: a date-time group and the seconds, UTC. Within the program all times are ms since
//! 1970 UTC.

use std::str::FromStr;

use detente_console::Words;
use detente_exchange::time;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::harmless;

/// A time as it was typed; only the station's clock makes a time of one that counts from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// This time, ms.
    At(u64),
    /// So many ms from now.
    After(u64),
}

impl When {
    /// The time, given what time it is.
    pub(crate) fn ms(self, now_ms: u64) -> u64 {
        match self {
            Self::At(ms) => ms,
            Self::After(ms) => now_ms.saturating_add(ms),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(Self::After(0));
        }
        if let Some(from_now) = text.strip_prefix('+') {
            return length_ms(from_now).map(Self::After);
        }
        moment_ms(text).map(Self::At)
    }
}

/// A moment, or a time from one to another: `2027-01-10T10:00Z`, `101000ZJAN27/101200ZJAN27`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Within {
    /// From when.
    pub(crate) from: When,
    /// Until when; the same moment, if not given.
    pub(crate) until: Option<When>,
}

impl FromStr for Within {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((from, until)) => Ok(Self { from: from.parse()?, until: Some(until.parse()?) }),
            None => Ok(Self { from: text.parse()?, until: None }),
        }
    }
}

/// A length of time after a `+`, ms: `2h`, `1h30m`, `90s`, `2d`.
fn length_ms(text: &str) -> Result<u64, String> {
    // A sign would be read as well, and `+-2h` is nobody's time.
    let unsigned = text.starts_with(|c: char| c.is_ascii_digit());
    let span = text.parse::<Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let ms = span.ok().filter(|_| unsigned).and_then(|length| u64::try_from(length.as_millis()).ok());
    ms.ok_or_else(|| {
        let found = harmless::line(text);
        format!("expected a length of time after the +, such as +2h, +30m or +1h30m, found +{found}")
    })
}

/// A moment, ms; a date alone is none.
fn moment_ms(text: &str) -> Result<u64, String> {
    let moment = time::read(text, None).map_err(|reason| harmless::line(&reason.to_string()))?;
    if moment.first_ms == moment.last_ms {
        return Ok(moment.first_ms);
    }
    let found = harmless::line(text);
    Err(format!(
        "expected a time such as 2017-04-06T22:40Z, 062240ZAPR17, +2h or now, found a whole day: {found}"
    ))
}

/// A time to the second: `062240ZAPR17 22:40:12Z`. A century that two digits do not tell is written in full.
pub(crate) fn stamp(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let Some(exact) = time else { return time::group(ms) };
    format!("{} {}Z", time::group(ms), exact.strftime("%H:%M:%S"))
}

/// A length of time by its two largest units: `2 h 00 min`, `3 d 04 h`, `27 min`, `3 min 24 s`.
pub(crate) fn length(ms: u64) -> String {
    length_in(&Words::english().on_terminal(), ms)
}

/// The same in a language.
pub(crate) fn length_in(words: &Words, ms: u64) -> String {
    let (seconds, minutes, hours, days) = (ms / 1_000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    let (name, first, second) = match seconds {
        0..60 => ("length-s", seconds, 0),
        60..3_600 if seconds.is_multiple_of(60) => ("length-min", minutes, 0),
        60..3_600 => ("length-min-s", minutes, seconds % 60),
        3_600..86_400 => ("length-h-min", hours, minutes % 60),
        _ => ("length-d-h", days, hours % 24),
    };
    words.of_all(name, &[("first", &first.to_string()), ("second", &format!("{second:02}"))])
}

/// How far a time is from now: `in 2 h 00 min`, `4 min ago`, `now`.
pub(crate) fn from_now(ms: u64, now_ms: u64) -> String {
    from_now_in(&Words::english().on_terminal(), ms, now_ms)
}

/// The same in a language.
pub(crate) fn from_now_in(words: &Words, ms: u64, now_ms: u64) -> String {
    match ms.abs_diff(now_ms) {
        0..1_000 => words.t("time-now"),
        far if ms > now_ms => words.of_all("time-in", &[("length", &length_in(words, far))]),
        far => words.of_all("time-ago", &[("length", &length_in(words, far))]),
    }
}

/// A time and how far it is from now.
pub(crate) fn stamp_from_now(ms: u64, now_ms: u64) -> String {
    format!("{} ({})", stamp(ms), from_now(ms, now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAYRAT: u64 = 1_491_518_400_000;

    fn at(text: &str) -> u64 {
        match text.parse() {
            Ok(When::At(ms)) => ms,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn why(text: &str) -> String {
        text.parse::<When>().expect_err(text)
    }

    #[test]
    fn one_time_in_all_its_spellings() {
        for text in [
            "2017-04-06T22:40Z",
            "2017-04-06 22:40:00z",
            "2017-04-07T01:40+03:00",
            "20170406T224000Z",
            "062240ZAPR17",
            "062240zapr17",
            "062240Z APR 17",
            " 06 2240Z Apr 2017 ",
        ] {
            assert_eq!(at(text), SHAYRAT, "{text}");
        }
        assert_eq!(at("2017-04-06T22:40:00.250Z"), SHAYRAT + 250);
    }

    #[test]
    fn from_now() {
        for (text, ms) in [
            ("+2h", 7_200_000),
            ("+30m", 1_800_000),
            ("+1h30m", 5_400_000),
            ("+90s", 90_000),
            ("+2d", 172_800_000),
            ("now", 0),
            ("NOW", 0),
        ] {
            assert_eq!(text.parse(), Ok(When::After(ms)), "{text}");
        }
        let whole: Within = "+1h/+90m".parse().unwrap();
        assert_eq!((whole.from, whole.until), (When::After(3_600_000), Some(When::After(5_400_000))));
        assert_eq!("now".parse(), Ok(Within { from: When::After(0), until: None }));
        assert!("now/".parse::<Within>().is_err() && "/now".parse::<Within>().is_err());
        assert_eq!(When::After(1).ms(u64::MAX), u64::MAX);
        assert_eq!((When::After(60).ms(40), When::At(60).ms(40)), (100, 60));
        for text in ["+", "+2", "+h", "+-2h", "+1mo", "+1y", "+2h ago", "+99999999999999h", "++2h"] {
            assert!(why(text).contains("length of time"), "{text}: {}", why(text));
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_what_was_expected() {
        assert!(why("2017-04-06T22:40").contains("with its zone"));
        assert!(why("2017-04-06").contains("a whole day"));
        assert!(why("062240JAPR17").contains("other than J"));
        assert!(why("1969-12-31T23:59Z").contains("from 1970"));
        assert!(why("\u{1b}[2J").contains("⟨U+001B⟩"));
        for wrong in ["", "tomorrow", "22:40", "2017-13-06T22:40Z", "-2h", "06224", "062240éAPR17"] {
            assert!(why(wrong).starts_with("expected a"), "{wrong}");
        }
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(stamp(SHAYRAT + 12_345), "062240ZAPR17 22:40:12Z");
        assert_eq!(stamp(0), "010000ZJAN1970 00:00:00Z");
        assert_eq!(stamp(u64::MAX), "18446744073709551615 ms, beyond any calendar");
        assert_eq!(stamp(i64::MAX as u64), "9223372036854775807 ms, beyond any calendar");
    }

    #[test]
    fn lengths_by_their_two_largest_units() {
        for (ms, shown) in [
            (8, "0 s"),
            (59_999, "59 s"),
            (1_620_000, "27 min"),
            (204_000, "3 min 24 s"),
            (7_200_000, "2 h 00 min"),
            (97 * 3_600_000, "4 d 01 h"),
        ] {
            assert_eq!(length(ms), shown);
        }
        assert_eq!(super::from_now(500, 0), "now");
        assert_eq!(super::from_now(60_000, 0), "in 1 min");
        assert_eq!(super::from_now(0, 60_000), "1 min ago");
    }
}
