//! Times as people on a watch write and read them.
//!
//! Typed: ISO 8601 with a zone (`2017-04-06T22:40Z`), a date-time group (`062240ZAPR17`), a time from now (`+2h`),
//! or `now`. A time without a zone and a date-time group outside Z are refused: nobody guesses a zone. Shown: a
//! date-time group and the seconds, UTC. Within the program all times are ms since 1970 UTC. Calendar: jiff.

use std::fmt::Display;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::harmless;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

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
        let group: String =
            text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        match split_group(&group) {
            Some(parts) => parts.ms().map(Self::At),
            None => iso_ms(text).map(Self::At),
        }
    }
}

fn refused(found: impl Display) -> String {
    let found = harmless::line(&found.to_string());
    format!("expected a time such as 2017-04-06T22:40Z, 062240ZAPR17, +2h or now, found {found}")
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

fn iso_ms(text: &str) -> Result<u64, String> {
    // A zone's name in brackets would be ignored where it contradicts the offset.
    if text.contains('[') {
        return Err(refused(format!("{text}, with a zone in brackets: write its offset, or Z")));
    }
    match text.parse::<Timestamp>() {
        Ok(time) => u64::try_from(time.as_millisecond()).map_err(|_| refused(format!("{text}, before 1970"))),
        Err(_) if text.parse::<DateTime>().is_ok() => Err(refused(format!(
            "{text}, without a zone: end it with Z for UTC, or an offset such as +03:00"
        ))),
        Err(_) => Err(refused(text)),
    }
}

/// The parts of what is shaped as a date-time group.
struct Group<'a> {
    day: i8,
    hour: i8,
    minute: i8,
    zone: &'a str,
    month: &'a str,
    year: &'a str,
    whole: &'a str,
}

/// Takes a date-time group apart: six digits, a letter, and the rest; `None` for any other shape.
fn split_group(group: &str) -> Option<Group<'_>> {
    let (digits, rest) = group.split_at_checked(6)?;
    let (zone, rest) = rest.split_at_checked(1)?;
    let (month, year) = rest.split_at_checked(3).unwrap_or((rest, ""));
    let two = |from: usize| digits.get(from..from + 2)?.parse().ok();
    let shaped =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && zone.bytes().all(|b| b.is_ascii_alphabetic());
    shaped.then_some(())?;
    Some(Group { day: two(0)?, hour: two(2)?, minute: two(4)?, zone, month, year, whole: group })
}

impl Group<'_> {
    fn ms(&self) -> Result<u64, String> {
        let Self { zone, whole, .. } = self;
        if *zone != "Z" {
            return Err(refused(format!("{whole}, in zone {zone}: convert it to Z, which is UTC")));
        }
        if self.month.is_empty() {
            return Err(refused(format!("{whole}, without month and year: write them, as in {whole}APR17")));
        }
        let month = MONTHS.iter().position(|name| *name == self.month);
        let month = month.and_then(|place| i8::try_from(place + 1).ok());
        let Some(month) = month else {
            return Err(refused(format!("{whole}, whose month is not one of JAN to DEC")));
        };
        // Two digits are of this century; four say it themselves.
        let digits = self.year.bytes().all(|byte| byte.is_ascii_digit());
        let year: Option<i16> = match (self.year.len(), digits) {
            (2, true) => self.year.parse::<i16>().ok().map(|year| 2000 + year),
            (4, true) => self.year.parse().ok(),
            _ => None,
        };
        let Some(year) = year else {
            return Err(refused(format!("{whole}, whose year is not of two digits or four")));
        };
        let time = DateTime::new(year, month, self.day, self.hour, self.minute, 0, 0)
            .and_then(|time| time.to_zoned(TimeZone::UTC))
            .map_err(|_| refused(format!("{whole}, which no calendar has")))?;
        u64::try_from(time.timestamp().as_millisecond()).map_err(|_| refused(format!("{whole}, before 1970")))
    }
}

/// A time to the second: `062240ZAPR17 22:40:12Z`. A century that two digits do not tell is written in full.
pub(crate) fn stamp(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let Some(time) = time else { return format!("{ms} ms, beyond any calendar") };
    let civil = time.to_zoned(TimeZone::UTC);
    let month = usize::try_from(civil.month() - 1).ok().and_then(|place| MONTHS.get(place)).unwrap_or(&"???");
    let (day, hour, minute, second) = (civil.day(), civil.hour(), civil.minute(), civil.second());
    let year = match civil.year() {
        year @ 2000..=2099 => format!("{:02}", year % 100),
        year => format!("{year:04}"),
    };
    format!("{day:02}{hour:02}{minute:02}Z{month}{year} {hour:02}:{minute:02}:{second:02}Z")
}

/// A length of time by its two largest units: `2 h 00 min`, `3 d 04 h`, `27 min`, `3 min 24 s`.
pub(crate) fn length(ms: u64) -> String {
    let (seconds, minutes, hours, days) = (ms / 1_000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 if seconds.is_multiple_of(60) => format!("{minutes} min"),
        60..3_600 => format!("{minutes} min {:02} s", seconds % 60),
        3_600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

/// How far a time is from now: `in 2 h 00 min`, `4 min ago`, `now`.
pub(crate) fn from_now(ms: u64, now_ms: u64) -> String {
    match ms.abs_diff(now_ms) {
        0..1_000 => "now".into(),
        far if ms > now_ms => format!("in {}", length(far)),
        far => format!("{} ago", length(far)),
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
        assert_eq!(When::After(1).ms(u64::MAX), u64::MAX);
        assert_eq!((When::After(60).ms(40), When::At(60).ms(40)), (100, 60));
        for text in ["+", "+2", "+h", "+-2h", "+1mo", "+1y", "+2h ago", "+99999999999999h", "++2h"] {
            assert!(why(text).contains("length of time"), "{text}: {}", why(text));
        }
    }

    #[test]
    fn date_time_groups_at_their_edges() {
        assert_eq!(at("010000ZJAN00"), 946_684_800_000);
        assert_eq!(at("312359ZDEC99"), 4_102_444_740_000);
        assert_eq!(at("010000ZJAN1970"), 0);
        assert_eq!(at("291200ZFEB16"), 1_456_747_200_000);
        for wrong in ["291200ZFEB17", "310000ZAPR17", "000000ZAPR17", "062460ZAPR17", "062400ZAPR17"] {
            assert!(why(wrong).contains("no calendar"), "{wrong}: {}", why(wrong));
        }
        assert!(why("062240BAPR17").contains("zone B"));
        assert!(why("062240Z").contains("without month and year"));
        assert!(why("062240ZAVR17").contains("JAN to DEC"));
        assert!(why("062240ZAPR").contains("two digits or four"));
        assert!(why("062240ZAPR017").contains("two digits or four"));
        assert!(why("062240ZAPR1969").contains("before 1970"));
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_what_was_expected() {
        assert!(why("2017-04-06T22:40").contains("without a zone"));
        assert!(why("2017-04-06T22:40-04:00[Europe/Moscow]").contains("brackets"));
        assert!(why("1969-12-31T23:59Z").contains("before 1970"));
        for wrong in [
            "",
            "tomorrow",
            "22:40",
            "2017-13-06T22:40Z",
            "-2h",
            "06224",
            "０６２２４０ZAPR17",
            "062240éAPR17",
        ] {
            assert!(why(wrong).starts_with("expected a time such as"), "{wrong}");
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
