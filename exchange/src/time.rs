//! Times as files and people write them, as ms since 1970 UTC (spec/exchange.md §3).
//!
//! Read: RFC 3339 (`2017-04-06T22:40Z`), date-time groups (`062240ZAPR17`, with any zone's letter), dates alone, dates as
//! text (`06.04.2017 22:40`), and the serial numbers of spreadsheets. A time of a place is read only where its zone is
//! stated: nobody guesses a zone. Refused as well: dates that can be read in two ways (`06/04/2017`), times before 1970,
//! zone J. The names of zones are those that were compiled in; no file of the machine is asked.

use detente_airspace::span::LAST_MS;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

use crate::fault::Reason;
use crate::script;

/// Most bytes of a typed time.
const MOST_BYTES: usize = 100;
const MS_A_DAY: u64 = 86_400_000;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const EXPECTED: &str = "a time such as 2017-04-06T22:40Z or 062240ZAPR17";
const NO_ZONE: &str =
    "a time with its zone: end it with Z for UTC or an offset such as +03:00, or state the zone of all";
const NO_SUCH: &str = "a date and time that the calendar has, from 1970 to 9999";
const TWO_WAYS: &str = "a date that can be read in one way only, such as 2017-04-06 or 6 APR 2017";

/// A stated zone for times that carry none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of a name (`Europe/Kyiv`, `UTC`, `Z`) or an offset (`+03:00`).
    ///
    /// # Errors
    /// [`Reason::Time`] if there is none of that name.
    pub fn named(name: &str) -> Result<Self, Reason> {
        let expected = "a zone such as UTC, +03:00 or Europe/Kyiv";
        let name = name.trim();
        if name.len() > MOST_BYTES {
            return Err(Reason::time(expected, name));
        }
        if ["z", "utc", "gmt", "zulu"].contains(&name.to_ascii_lowercase().as_str()) {
            return Ok(Self::utc());
        }
        if let Some(offset) = offset(name) {
            return Ok(Self(TimeZone::fixed(offset)));
        }
        let known = TimeZoneDatabase::bundled().get(name);
        known.map(Self).map_err(|_| Reason::time(expected, name))
    }
}

/// When something was said to be: a moment, or all of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// The first ms of it.
    pub first_ms: u64,
    /// The last ms of it.
    pub last_ms: u64,
    /// A date alone was said, without a zone, and is taken in UTC.
    pub assumed_utc: bool,
}

impl Moment {
    fn exact(time: Timestamp, found: &str) -> Result<Self, Reason> {
        let ms = u64::try_from(time.as_millisecond()).ok().filter(|ms| *ms <= LAST_MS);
        let ms = ms.ok_or_else(|| Reason::time(NO_SUCH, found))?;
        Ok(Self { first_ms: ms, last_ms: ms, assumed_utc: false })
    }
}

/// Reads a time; `zone` is that of times that carry none.
///
/// # Errors
/// [`Reason::Time`], with what would have been taken.
pub fn read(text: &str, zone: Option<&Zone>) -> Result<Moment, Reason> {
    let found = text.trim();
    let refused = || Reason::time(EXPECTED, found);
    // A zone's name in brackets would be ignored where it contradicts the offset.
    if found.len() > MOST_BYTES || found.contains('[') {
        return Err(refused());
    }
    let text = script::plain(found);
    let text = text.trim();
    let group: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    if let Some(group) = Group::split(&group) {
        return Moment::exact(group.time(found)?, found);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Moment::exact(time, found);
    }
    let (date, time, stated) = civil(text).ok_or_else(refused)?;
    let date = date.map_err(|expected| Reason::time(expected, found))?;
    let stated = match stated {
        "" => None,
        name => Some(Zone::named(name).map_err(|_| refused())?),
    };
    let zone = stated.as_ref().or(zone);
    match time {
        Some(time) => local(date.to_datetime(time), zone, found),
        None => day(date, zone, found),
    }
}

/// A day and time of a spreadsheet's clock, as a count of days; `of_1904` counts them from 1904 instead of 1900.
///
/// # Errors
/// [`Reason::Time`] if there is no such day, or a time of day and no zone.
pub fn read_serial(days: f64, of_1904: bool, zone: Option<&Zone>) -> Result<Moment, Reason> {
    let found = days.to_string();
    let none = || Reason::time(NO_SUCH, &found);
    // Up to 28 February 1900 the count is off by a day that never was; all of that is before 1970 anyway.
    let epoch = if of_1904 { Date::new(1904, 1, 1) } else { Date::new(1899, 12, 30) }.map_err(|_| none())?;
    if !(0.0..3_000_000.0).contains(&days) {
        return Err(none());
    }
    // Cells hold a time to 15 digits: what is a ms off is meant to be whole.
    let ms = (days * MS_A_DAY as f64).round() as i64;
    let since = epoch.to_datetime(Time::midnight()).checked_add(ms.milliseconds()).map_err(|_| none())?;
    match since.time() == Time::midnight() {
        true => day(since.date(), zone, &found),
        false => local(since, zone, &found),
    }
}

/// All of a day, in UTC if no zone is stated.
fn day(date: Date, zone: Option<&Zone>, found: &str) -> Result<Moment, Reason> {
    let none = || Reason::time(NO_SUCH, found);
    let begin = date.to_datetime(Time::midnight());
    let end = begin.checked_add(1.day()).map_err(|_| none())?;
    let utc = Zone::utc();
    let zone_or_utc = zone.unwrap_or(&utc);
    let first = local(begin, Some(zone_or_utc), found)?.first_ms;
    let next = local(end, Some(zone_or_utc), found)?.first_ms;
    Ok(Moment { first_ms: first, last_ms: next.saturating_sub(1), assumed_utc: zone.is_none() })
}

fn local(time: DateTime, zone: Option<&Zone>, found: &str) -> Result<Moment, Reason> {
    let Some(Zone(zone)) = zone else { return Err(Reason::time(NO_ZONE, found)) };
    let known = zone.to_ambiguous_zoned(time);
    if known.is_ambiguous() {
        let expected =
            "a time that the clocks of that zone showed once (they were moved then): write it in UTC";
        return Err(Reason::time(expected, found));
    }
    let time = known.unambiguous().map_err(|_| Reason::time(NO_SUCH, found))?;
    Moment::exact(time.timestamp(), found)
}

/// An offset from UTC: `+03:00`, `+0300`, `-3`.
fn offset(text: &str) -> Option<Offset> {
    let digits = text.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let plain = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = (
        hours.parse::<i32>().ok().filter(|_| plain(hours))?,
        minutes.parse::<i32>().ok().filter(|_| plain(minutes))?,
    );
    let seconds = (hours <= 15 && minutes < 60).then_some((hours * 60 + minutes) * 60)?;
    Offset::from_seconds(if text.starts_with('-') { -seconds } else { seconds }).ok()
}

/// A date, perhaps a time of day, and what stands for the zone; the date may be none for a reason.
fn civil(text: &str) -> Option<(Result<Date, &'static str>, Option<Time>, &str)> {
    // A time of day begins two characters before its first colon, or one.
    let Some(colon) = text.find(':') else {
        return date(text.trim()).map(|date| (date, None, ""));
    };
    let before = text.get(..colon)?;
    let hours = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (days, clock) = text.split_at_checked(colon - hours)?;
    let days = days.trim_end_matches(['T', 't']).trim().trim_end_matches(',');
    let end = clock.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(end)?;
    let (clock, zone) = (clock.trim(), zone.trim());
    // Half of the day would be lost if `PM` were taken for a zone.
    let clock = if clock.len() < 5 || clock.as_bytes().get(1) == Some(&b':') {
        format!("0{clock}")
    } else {
        clock.into()
    };
    let time = clock.parse::<Time>().ok()?;
    Some((date(days)?, Some(time), zone))
}

/// A date as text.
fn date(text: &str) -> Option<Result<Date, &'static str>> {
    let parts: Vec<&str> = text
        .split(|c: char| matches!(c, '-' | '/' | '.') || c.is_whitespace())
        .filter(|p| !p.is_empty())
        .collect();
    let [one, two, three] = parts.as_slice() else { return None };
    let number =
        |text: &str| text.parse::<i16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, last) = (number(one)?, number(three)?);
    let year = |digits: &str, year: i16| match digits.len() {
        4 => Some(year),
        2 => Some(2000 + year),
        _ => None,
    };
    let made = |year: i16, month: i16, day: i16| {
        let (month, day) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
        Some(Date::new(year, month, day).map_err(|_| NO_SUCH))
    };
    let Some(middle) = number(two) else {
        let name = two.to_uppercase();
        let month = MONTHS.iter().position(|known| name.starts_with(known))?;
        let month = i16::try_from(month + 1).ok()?;
        return made(year(three, last)?, month, first);
    };
    if one.len() == 4 {
        return made(first, middle, last);
    }
    if three.len() != 4 {
        return Some(Err(TWO_WAYS));
    }
    // With points the day comes first wherever people write so; with strokes, only where the month cannot.
    match text.contains('.') || first == middle || first > 12 {
        true => made(last, middle, first),
        false if middle > 12 => made(last, first, middle),
        false => Some(Err(TWO_WAYS)),
    }
}

/// The parts of what is shaped as a date-time group.
struct Group<'a> {
    day: i8,
    hour: i8,
    minute: i8,
    zone: char,
    month: &'a str,
    year: &'a str,
}

impl<'a> Group<'a> {
    /// Takes a date-time group apart: six digits, a letter, a month; `None` for any other shape.
    fn split(group: &'a str) -> Option<Self> {
        let (digits, rest) = group.split_at_checked(6)?;
        let (zone, rest) = rest.split_at_checked(1)?;
        let (month, year) = rest.split_at_checked(3).unwrap_or((rest, ""));
        let two = |from: usize| digits.get(from..from + 2)?.parse().ok();
        let zone = zone.chars().next().filter(char::is_ascii_alphabetic)?;
        // `T` parts date and time in ISO 8601's basic form, and is a zone's letter only before a month.
        let shaped = digits.bytes().all(|byte| byte.is_ascii_digit())
            && month.bytes().all(|byte| byte.is_ascii_alphabetic());
        shaped.then_some(())?;
        Some(Self { day: two(0)?, hour: two(2)?, minute: two(4)?, zone, month, year })
    }

    fn time(&self, found: &str) -> Result<Timestamp, Reason> {
        let hours = match self.zone {
            'Z' => 0,
            zone @ 'A'..='I' => i8::try_from(u32::from(zone) - u32::from('A') + 1).unwrap_or(0),
            zone @ 'K'..='M' => i8::try_from(u32::from(zone) - u32::from('A')).unwrap_or(0),
            zone @ 'N'..='Y' => -i8::try_from(u32::from(zone) - u32::from('N') + 1).unwrap_or(0),
            _ => {
                return Err(Reason::time("a zone's letter other than J, which is anybody's own time", found));
            }
        };
        if self.month.is_empty() {
            return Err(Reason::time("a date-time group with month and year, as in 062240ZAPR17", found));
        }
        let month = MONTHS.iter().position(|name| *name == self.month);
        let month = month.and_then(|place| i8::try_from(place + 1).ok());
        let month = month.ok_or_else(|| Reason::time("a month of JAN to DEC", found))?;
        // Two digits are of this century; four say it themselves.
        let digits = self.year.bytes().all(|byte| byte.is_ascii_digit());
        let year: Option<i16> = match (self.year.len(), digits) {
            (2, true) => self.year.parse::<i16>().ok().map(|year| 2000 + year),
            (4, true) => self.year.parse().ok(),
            _ => None,
        };
        let year = year.ok_or_else(|| Reason::time("a year of two digits or four", found))?;
        let none = |_| Reason::time(NO_SUCH, found);
        let time = DateTime::new(year, month, self.day, self.hour, self.minute, 0, 0).map_err(none)?;
        Offset::constant(hours).to_timestamp(time).map_err(none)
    }
}

/// A date-time group to the minute, in UTC: `062240ZAPR17`. A century that two digits do not tell is written in full.
pub fn group(ms: u64) -> String {
    let Some(time) = timestamp(ms) else { return format!("{ms} ms, beyond any calendar") };
    let civil = time.to_zoned(TimeZone::UTC);
    let month = usize::try_from(civil.month() - 1).ok().and_then(|place| MONTHS.get(place)).unwrap_or(&"???");
    let (day, hour, minute) = (civil.day(), civil.hour(), civil.minute());
    let year = match civil.year() {
        year @ 2000..=2099 => format!("{:02}", year % 100),
        year => format!("{year:04}"),
    };
    format!("{day:02}{hour:02}{minute:02}Z{month}{year}")
}

/// RFC 3339 in UTC, with as many decimals as there are: `2017-04-06T22:40:00Z`.
pub fn rfc3339(ms: u64) -> String {
    match timestamp(ms) {
        Some(time) => time.to_string(),
        None => format!("{ms} ms, beyond any calendar"),
    }
}

/// The time of a place: `2017-04-07 01:40 +03:00 (Europe/Kyiv)`.
pub fn in_zone(ms: u64, zone: &Zone) -> String {
    let Some(time) = timestamp(ms) else { return format!("{ms} ms, beyond any calendar") };
    let there = time.to_zoned(zone.0.clone());
    let second = if ms.is_multiple_of(60_000) { String::new() } else { format!(":{:02}", there.second()) };
    let name = zone.0.iana_name().map(|name| format!(" ({name})")).unwrap_or_default();
    let minutes = there.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    format!(
        "{} {:02}:{:02}{second} {sign}{hours:02}:{minutes:02}{name}",
        there.date(),
        there.hour(),
        there.minute()
    )
}

fn timestamp(ms: u64) -> Option<Timestamp> {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())
}
