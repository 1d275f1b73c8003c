//! Lengths as people write them: `500m`, `1.5km`, `30nmi`, `1000ft`; in mm.

use serde::{Deserialize, Deserializer, Serializer};

/// Units, and how many mm each is (mm in ten, so that a foot is whole: 0.3048 m exactly).
const UNITS: [(&str, u64); 5] =
    [("mm", 10), ("m", 10_000), ("km", 10_000_000), ("nmi", 18_520_000), ("ft", 3_048)];
/// Most digits after the point.
const MOST_DECIMALS: usize = 6;

/// Reads a length, in mm, to the nearest.
///
/// # Errors
/// Says what would have been taken.
pub fn parse(text: &str) -> Result<u64, String> {
    let refused = || format!("expected a length such as 500m, 1.5km, 30nmi or 1000ft, found {text:?}");
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = text[number.len()..].trim();
    let tenths = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, tenths)| *tenths);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > MOST_DECIMALS {
        return Err(refused());
    }
    let scale = 10_u128.pow(decimals.len() as u32);
    let count: u128 = format!("{whole}{decimals}").parse().map_err(|_| refused())?;
    let divisor = 10 * scale;
    let mm =
        tenths.and_then(|tenths| count.checked_mul(tenths.into())).map(|sum| (sum + divisor / 2) / divisor);
    mm.and_then(|mm| u64::try_from(mm).ok()).ok_or_else(refused)
}

/// Writes a length in the largest unit of metres that says it exactly.
pub fn text(mm: u64) -> String {
    match mm {
        mm if mm.is_multiple_of(1_000_000) && mm > 0 => format!("{}km", mm / 1_000_000),
        mm if mm.is_multiple_of(1_000) => format!("{}m", mm / 1_000),
        mm => format!("{mm}mm"),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u64>, D::Error> {
    parse(&String::deserialize(source)?).map(Some).map_err(serde::de::Error::custom)
}

pub(crate) fn serialize<S: Serializer>(mm: &Option<u64>, sink: S) -> Result<S::Ok, S::Error> {
    match mm {
        None => sink.serialize_none(),
        Some(mm) => sink.serialize_str(&text(*mm)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_to_the_mm() {
        let read = [
            ("500m", 500_000),
            ("1.5km", 1_500_000),
            ("30nmi", 55_560_000),
            ("1000ft", 304_800),
            ("1 ft", 305),
            ("0.0004m", 0),
            ("12mm", 12),
        ];
        for (written, mm) in read {
            assert_eq!(parse(written), Ok(mm), "{written}");
        }
        for (mm, written) in [(500_000, "500m"), (2_000_000, "2km"), (1_500, "1500mm"), (0, "0m")] {
            assert_eq!(text(mm), written);
            assert_eq!(parse(written), Ok(mm));
        }
    }

    #[test]
    fn a_number_alone_is_no_length() {
        for written in ["500", "m", "", "-5m", "5 miles", "1.2.3m", "1.1234567m", "99999999999999999999km"] {
            let refused = parse(written).unwrap_err();
            assert!(refused.contains("500m") && refused.contains(&format!("{written:?}")), "{refused}");
        }
    }
}
