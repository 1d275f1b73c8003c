//! Times of a scenario: as TOML writes them, and as a timeline's margin shows them.

use jiff::Timestamp;

use crate::time;

/// A date and time of day with an offset as ms since 1970; `None` before 1970, or without all three.
pub(crate) fn instant_ms(moment: &toml::value::Datetime) -> Option<u64> {
    moment.offset?;
    let text = match (moment.date?, moment.time?) {
        // TOML lets the seconds be left out; a timestamp of RFC 3339 has them.
        (_, time) if time.second.is_none() => {
            let mut whole = *moment;
            whole.time = Some(toml::value::Time { second: Some(0), ..time });
            whole.to_string()
        }
        _ => moment.to_string(),
    };
    u64::try_from(text.parse::<Timestamp>().ok()?.as_millisecond()).ok()
}

/// The date-time group of a time: `062240ZAPR17`.
pub(crate) fn dtg(ms: u64) -> String {
    let stamp = time::stamp(ms);
    stamp.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<u64> {
        instant_ms(&text.parse().unwrap())
    }

    #[test]
    fn a_time_needs_a_date_a_time_and_an_offset() {
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2017-04-06T22:40:00Z"), Some(1_491_518_400_000));
        assert_eq!(at("2017-04-06T22:40Z"), Some(1_491_518_400_000));
        assert_eq!(at("2016-02-29T12:00:00.250Z"), Some(1_456_747_200_250));
        assert_eq!(at("2017-04-08T00:00:00+03:00"), at("2017-04-07T21:00:00Z"));
        for refused in ["1969-12-31T23:59:59Z", "2017-04-06", "2017-04-06T22:40:00", "22:40:00"] {
            assert_eq!(at(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_margin_has_room_for_a_date_time_group() {
        assert_eq!(dtg(1_491_518_400_000), "062240ZAPR17");
    }
}
