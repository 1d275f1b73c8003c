//! Lengths and altitudes as people write them, in whole mm (spec/exchange.md §3).
//!
//! A number alone is of metres; feet, kilometres and nautical miles are taken where they are named. An altitude says what
//! it is counted from, or is refused; so are flight levels, which are pressures.

use detente_airspace::altitude::{Datum, Limit};

use crate::angle;
use crate::fault::Reason;
use crate::script;

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Unit {
    Metre,
    Kilometre,
    Foot,
    NauticalMile,
}

/// Units by name, in lower case.
const UNITS: [(Unit, &[&str]); 4] = [
    (Unit::Metre, &["m", "meter", "meters", "metre", "metres", "м", "метр", "метри", "метрів", "متر", "م"]),
    (Unit::Kilometre, &["km", "kilometers", "kilometres", "км", "كم"]),
    (Unit::Foot, &["ft", "feet", "foot", "фут", "фути", "قدم"]),
    (Unit::NauticalMile, &["nm", "nmi", "nautical miles", "nautical mile"]),
];

/// Datums by name, in lower case.
const DATUMS: [(Datum, &[&str]); 3] = [
    (Datum::Wgs84, &["wgs84", "w84", "hae", "ellipsoid", "wgs 84"]),
    (
        Datum::Amsl,
        &["amsl", "msl", "asl", "sea level", "above sea level", "над рівнем моря", "فوق سطح البحر"],
    ),
    (
        Datum::Agl,
        &["agl", "above ground", "ground", "над землею", "над рівнем землі", "فوق سطح الأرض", "فوق الأرض"],
    ),
];

impl Unit {
    /// The unit of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = script::plain(name.trim()).to_lowercase();
        UNITS.into_iter().find(|(_, names)| names.contains(&name.as_str())).map(|(unit, _)| unit)
    }

    /// Tenths of a mm in it.
    fn tenths_mm(self) -> u128 {
        match self {
            Self::Metre => 10_000,
            Self::Kilometre => 10_000_000,
            Self::Foot => 3_048,
            Self::NauticalMile => 18_520_000,
        }
    }
}

/// The datum of a name.
pub(crate) fn datum(name: &str) -> Option<Datum> {
    let name = script::plain(name.trim()).to_lowercase();
    DATUMS.into_iter().find(|(_, names)| names.contains(&name.as_str())).map(|(datum, _)| datum)
}

/// The name of a datum, as it is written.
pub(crate) fn datum_name(datum: Datum) -> &'static str {
    match datum {
        Datum::Wgs84 => "WGS84",
        Datum::Amsl => "AMSL",
        Datum::Agl => "AGL",
    }
}

const LENGTH: &str = "a length such as 500 m, 1.5 km, 1000 ft or 2 NM";
const ALTITUDE: &str = "an altitude with its datum, such as 120 m AGL, 1500 ft AMSL or 300 m WGS84";

/// A signed length in mm, and what stands behind it.
fn measured(text: &str, unit: Option<Unit>) -> Option<(i64, String)> {
    let text = script::plain(text);
    let text = text.trim();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = unsigned.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(unsigned.len());
    let (digits, rest) = unsigned.split_at_checked(end)?;
    let rest = rest.trim();
    // A unit is the longest beginning of the rest that names one: `nautical miles`, then what follows.
    let blanks = rest.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
    let ends = blanks.chain([rest.len()]).rev();
    let mut named = ends.filter_map(|end| {
        let (name, behind) = rest.split_at_checked(end)?;
        Some((Unit::named(name)?, behind))
    });
    let (own, behind) = named.next().map_or((None, rest), |(unit, behind)| (Some(unit), behind));
    let unit = own.or(unit).unwrap_or(Unit::Metre);
    let tenths = u128::from(angle::fixed(digits)?).checked_mul(unit.tenths_mm())?;
    let mm = i64::try_from((tenths + 50_000_000) / 100_000_000).ok()?;
    Some((if text.starts_with('-') { -mm } else { mm }, behind.trim().to_owned()))
}

/// Reads a length, mm; `unit` is that of a number alone.
///
/// # Errors
/// [`Reason::Length`].
pub(crate) fn length(text: &str, unit: Option<Unit>) -> Result<u64, Reason> {
    let read = measured(text, unit).filter(|(_, behind)| behind.is_empty());
    let mm = read.and_then(|(mm, _)| u64::try_from(mm).ok());
    mm.ok_or_else(|| Reason::length(LENGTH, text))
}

/// As [`length`], of what a shape can have.
///
/// # Errors
/// [`Reason::Length`].
pub(crate) fn distance(text: &str, unit: Option<Unit>) -> Result<u32, Reason> {
    let mm = length(text, unit)?;
    u32::try_from(mm).map_err(|_| Reason::length("a length of at most 4,294 km", text))
}

/// Reads an altitude; `unit` and `datum` are those of a number alone. `None` says that there is no limit.
///
/// # Errors
/// [`Reason::Length`].
pub(crate) fn altitude(text: &str, unit: Option<Unit>, of: Option<Datum>) -> Result<Option<Limit>, Reason> {
    let refused = || Reason::length(ALTITUDE, text);
    let word = script::plain(text.trim()).to_lowercase();
    match word.as_str() {
        "gnd" | "sfc" | "surface" | "ground" => return Ok(Some(Limit { mm: 0, datum: Datum::Agl })),
        "unl" | "unlimited" | "unltd" => return Ok(None),
        level if level.starts_with("fl") => {
            return Err(Reason::length("an altitude (a flight level is a pressure)", text));
        }
        _ => {}
    }
    let (mm, behind) = measured(text, unit).ok_or_else(refused)?;
    let datum = if behind.is_empty() { of } else { datum(&behind) };
    let mm = i32::try_from(mm).map_err(|_| refused())?;
    datum.map(|datum| Some(Limit { mm, datum })).ok_or_else(refused)
}

/// Metres, exact to the mm: `120`, `0.5`.
pub(crate) fn metres(mm: i64) -> String {
    let sign = if mm < 0 { "-" } else { "" };
    let mm = mm.unsigned_abs();
    match mm % 1_000 {
        0 => format!("{sign}{}", mm / 1_000),
        rest => format!("{sign}{}.{rest:03}", mm / 1_000).trim_end_matches('0').to_owned(),
    }
}

/// An altitude as it is read back: `120 m AGL`.
pub(crate) fn limit(limit: Limit) -> String {
    format!("{} m {}", metres(limit.mm.into()), datum_name(limit.datum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_with_their_units() {
        for (text, mm) in [
            ("500", 500_000),
            ("500 m", 500_000),
            ("0.5km", 500_000),
            ("1000 ft", 304_800),
            ("2 NM", 3_704_000),
            ("1 nautical mile", 1_852_000),
            ("٥٠٠ متر", 500_000),
            ("500 м", 500_000),
            ("0.0005", 1),
        ] {
            assert_eq!(length(text, None), Ok(mm), "{text}");
        }
        assert_eq!(length("2", Some(Unit::NauticalMile)), Ok(3_704_000));
        assert_eq!(length("2 m", Some(Unit::NauticalMile)), Ok(2_000));
        for text in
            ["", "m", "-5", "1,500", "1 500", "5 miles", "5 m AGL", "NaN", "1e3", "99999999999", "5 m m"]
        {
            assert!(length(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn altitudes_say_what_they_are_counted_from() {
        let read = |text| altitude(text, None, None);
        assert_eq!(read("120 m AGL"), Ok(Some(Limit { mm: 120_000, datum: Datum::Agl })));
        assert_eq!(read("1500ft amsl"), Ok(Some(Limit { mm: 457_200, datum: Datum::Amsl })));
        assert_eq!(read("-20.5 WGS84"), Ok(Some(Limit { mm: -20_500, datum: Datum::Wgs84 })));
        assert_eq!(read("SFC"), Ok(Some(Limit { mm: 0, datum: Datum::Agl })));
        assert_eq!(read("UNL"), Ok(None));
        let amsl = altitude("10", Some(Unit::Foot), Some(Datum::Amsl));
        assert_eq!(amsl, Ok(Some(Limit { mm: 3_048, datum: Datum::Amsl })));
        for text in ["120", "120 m", "FL100", "120 m XYZ", "AGL", "9999999 km AGL"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for mm in [0, 1, -1, 999, 1_000, -120_500, i32::MAX, i32::MIN + 1] {
            let one = Limit { mm, datum: Datum::Amsl };
            assert_eq!(altitude(&limit(one), None, None), Ok(Some(one)), "{}", limit(one));
        }
    }
}
