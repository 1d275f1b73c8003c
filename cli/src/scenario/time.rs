//! Times as people on a watch write them: date-time groups, durations, and civil dates as milliseconds.
//!
//! All times are UTC, in ms since 1970. Nothing here reads a clock.

/// Milliseconds in a day.
pub(crate) const DAY_MS: u64 = 86_400_000;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Days from 1970-01-01 to a date of the Gregorian calendar, from 1970 on.
///
/// Years are counted from March, so that the leap day is the last of its year.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The date that lies a number of days after 1970-01-01: year, month and day, counted from 1.
fn date_of(days: u64) -> (u64, u64, u64) {
    let day = days + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day)
}

/// A date and time of day with an offset as ms since 1970; `None` before 1970 or without all three.
pub(crate) fn instant_ms(moment: &toml::value::Datetime) -> Option<u64> {
    let (date, time, offset) = (moment.date?, moment.time?, moment.offset?);
    if date.year < 1970 {
        return None;
    }
    let days = days_since_1970(u64::from(date.year), u64::from(date.month), u64::from(date.day));
    let minutes = u64::from(time.hour) * 60 + u64::from(time.minute);
    let within = minutes * 60_000
        + u64::from(time.second.unwrap_or(0)) * 1_000
        + u64::from(time.nanosecond.unwrap_or(0)) / 1_000_000;
    let east_min = match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => i64::from(minutes),
    };
    (days * DAY_MS + within).checked_add_signed(-east_min * 60_000)
}

/// The date-time group of a time: `062240ZAPR17`.
pub(crate) fn dtg(ms: u64) -> String {
    let (year, month, day) = date_of(ms / DAY_MS);
    let minutes = ms % DAY_MS / 60_000;
    let name = usize::try_from(month - 1).ok().and_then(|place| MONTHS.get(place)).unwrap_or(&"???");
    format!("{day:02}{:02}{:02}Z{name}{:02}", minutes / 60, minutes % 60, year % 100)
}

/// A duration of one or more parts, each a whole number and a unit: `90s`, `3m`, `1h30m`, `2d`, `250ms`.
///
/// `None` for anything else, and for more than fits.
pub(crate) fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let after = after.trim_start();
        let (unit, after) =
            after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => DAY_MS,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit_ms)?)?;
        rest = after.trim_start();
    }
    Some(total)
}

/// A duration for reading: its two largest units, `2 h 00 min`, `3 d 04 h`, `27 min`, `8 ms`.
pub(crate) fn spoken(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{} s", ms / 1_000),
        60_000..3_600_000 if ms % 60_000 < 1_000 => format!("{} min", ms / 60_000),
        60_000..3_600_000 => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
        3_600_000..DAY_MS => format!("{} h {:02} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
        _ => format!("{} d {:02} h", ms / DAY_MS, ms % DAY_MS / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<u64> {
        instant_ms(&text.parse().unwrap())
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2017-04-06T22:40:00Z"), Some(1_491_518_400_000));
        assert_eq!(at("2016-02-29T12:00:00.250Z"), Some(1_456_747_200_250));
        assert_eq!(at("2017-04-08T00:00:00+03:00"), at("2017-04-07T21:00:00Z"));
        assert_eq!(at("1969-12-31T23:59:59Z"), None);
        assert_eq!(at("2017-04-06"), None);
    }

    #[test]
    fn every_day_of_a_century_comes_back() {
        for days in 0..36_525 {
            let (year, month, day) = date_of(days);
            assert_eq!(days_since_1970(year, month, day), days, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn a_date_time_group_is_written_as_on_a_watch() {
        assert_eq!(dtg(1_491_518_400_000), "062240ZAPR17");
    }

    #[test]
    fn durations_are_read_and_spoken() {
        assert_eq!(duration_ms("90s"), Some(90_000));
        assert_eq!(duration_ms("1h30m"), Some(5_400_000));
        assert_eq!(duration_ms("2 h 15 min"), Some(8_100_000));
        for refused in ["", "h", "12", "3w", "-1s", "99999999999999999999d", "18446744073709551615d", "1hé"]
        {
            assert_eq!(duration_ms(refused), None, "{refused}");
        }
        assert_eq!(spoken(7_200_000), "2 h 00 min");
        assert_eq!(spoken(97 * 3_600_000), "4 d 01 h");
        assert_eq!(spoken(27 * 60_000), "27 min");
        assert_eq!(spoken(204_000), "3 min 24 s");
        assert_eq!(spoken(8), "8 ms");
    }
}
