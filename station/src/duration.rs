//! Lengths of time as people write them in files: `90s`, `10m`, `3h`, `2d`, `250ms`.

use serde::{Deserialize, Deserializer, Serializer};

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a length of time, in ms.
///
/// # Errors
/// Says what would have been taken.
pub fn parse(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, ms)| *ms);
    match (count.parse::<u64>().ok(), unit) {
        (Some(count), Some(unit)) => count.checked_mul(unit).ok_or_else(|| format!("{text} is too long")),
        _ => Err(format!("expected a length of time such as 90s, 10m, 3h or 2d, found {text:?}")),
    }
}

/// Writes a length of time with the largest unit that fits it exactly.
pub fn text(ms: u64) -> String {
    let fits = UNITS.iter().rev().find(|(_, unit)| ms.is_multiple_of(*unit) && ms >= *unit);
    let (name, unit) = fits.copied().unwrap_or(("ms", 1));
    format!("{}{name}", ms / unit)
}

/// Writes a length of time in words, rounded down to its largest unit: for people, never for a file.
pub(crate) fn about(ms: u64) -> String {
    let names = ["ms", "second", "minute", "hour", "day"];
    let (unit, name) = UNITS
        .iter()
        .zip(names)
        .rev()
        .map(|((_, unit), name)| (*unit, name))
        .find(|(unit, _)| ms >= *unit)
        .unwrap_or((1, "ms"));
    let count = ms / unit;
    if count == 1 || name == "ms" { format!("{count} {name}") } else { format!("{count} {name}s") }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    parse(&String::deserialize(source)?).map_err(serde::de::Error::custom)
}

pub(crate) fn serialize<S: Serializer>(ms: &u64, sink: S) -> Result<S::Ok, S::Error> {
    sink.serialize_str(&text(*ms))
}

/// The same for a length of time that may be absent.
pub(crate) mod maybe {
    use super::*;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u64>, D::Error> {
        super::deserialize(source).map(Some)
    }

    pub(crate) fn serialize<S: Serializer>(ms: &Option<u64>, sink: S) -> Result<S::Ok, S::Error> {
        match ms {
            None => sink.serialize_none(),
            Some(ms) => sink.serialize_str(&text(*ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_the_largest_unit() {
        for (ms, said) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 second"),
            (119_999, "1 minute"),
            (7_200_001, "2 hours"),
            (1_209_600_000, "14 days"),
        ] {
            assert_eq!(about(ms), said);
        }
    }

    #[test]
    fn lengths_are_read_and_written_alike() {
        for (written, ms) in
            [("250ms", 250), ("90s", 90_000), ("10m", 600_000), ("3h", 10_800_000), ("2d", 172_800_000)]
        {
            assert_eq!(parse(written), Ok(ms));
            assert_eq!(text(ms), written);
        }
        for wrong in ["", "10", "m", "1 week", "-3h", "99999999999999999999s", "18446744073709551615d"] {
            assert!(parse(wrong).is_err(), "{wrong} was taken");
        }
    }
}
