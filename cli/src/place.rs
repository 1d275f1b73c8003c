//! Positions as people type and read them.
//!
//! Typed: decimal degrees, latitude first (`35.1234,40.5678`), or degrees, minutes and seconds with their
//! hemispheres (`35°20'10"N 040°05'00"E`, `35 20 10 N 40 5 0 E`, `352010N0400500E`), where the letters say which is
//! which. Shown: both forms, so that who typed one sees what was understood. A position is held as the line holds
//! it (spec/line.md §4): whole 1e-7 degrees; nothing here goes through floating point on its way in.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::harmless;

/// 1e-7 degrees in a degree.
const DEGREE: u64 = 10_000_000;

/// A position in 1e-7 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    lat: i32,
    lon: i32,
}

/// Which way an angle is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Latitude,
    Longitude,
}

impl Axis {
    fn most(self) -> u64 {
        match self {
            Self::Latitude => 90 * DEGREE,
            Self::Longitude => 180 * DEGREE,
        }
    }

    fn of(letter: char) -> Option<(Self, bool)> {
        match letter.to_ascii_uppercase() {
            'N' => Some((Self::Latitude, false)),
            'S' => Some((Self::Latitude, true)),
            'E' => Some((Self::Longitude, false)),
            'W' => Some((Self::Longitude, true)),
            _ => None,
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Latitude => "latitude within ±90 degrees",
            Self::Longitude => "longitude within ±180 degrees",
        })
    }
}

impl Place {
    /// The position of degrees, as an answer of a station gives them; `None` out of range.
    pub(crate) fn of_degrees(lat: f64, lon: f64) -> Option<Self> {
        let within = |degrees: f64, most: f64| degrees.is_finite() && degrees.abs() <= most;
        let units = |degrees: f64| (degrees * 1e7).round() as i32;
        (within(lat, 90.0) && within(lon, 180.0)).then(|| Self { lat: units(lat), lon: units(lon) })
    }

    /// As a draft carries it: `[latitude, longitude]` in degrees.
    pub(crate) fn json(self) -> Value {
        json!([f64::from(self.lat) / 1e7, f64::from(self.lon) / 1e7])
    }

    /// In decimal degrees, latitude first.
    pub(crate) fn decimal(self) -> String {
        let one = |units: i32| {
            let sign = if units < 0 { "-" } else { "" };
            let units = u64::from(units.unsigned_abs());
            format!("{sign}{}.{:07}", units / DEGREE, units % DEGREE)
        };
        format!("{}, {}", one(self.lat), one(self.lon))
    }

    /// In degrees, minutes and seconds to the thousandth (3 cm).
    pub(crate) fn sexagesimal(self) -> String {
        let one = |units: i32, width: usize, letters: [char; 2]| {
            let [positive, negative] = letters;
            let letter = if units < 0 { negative } else { positive };
            // 1e-7 degrees are 0.36 thousandths of a second.
            let thousandths = (u64::from(units.unsigned_abs()) * 36 + 50) / 100;
            let (seconds, rest) = (thousandths / 1_000, thousandths % 1_000);
            let (degrees, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            format!("{degrees:0width$}°{minutes:02}'{seconds:02}.{rest:03}\"{letter}")
        };
        format!("{} {}", one(self.lat, 2, ['N', 'S']), one(self.lon, 3, ['E', 'W']))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ({})", self.decimal(), self.sexagesimal())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().any(|c| Axis::of(c).is_some()) { lettered(text) } else { plain(text) }
    }
}

fn refused(found: &str) -> String {
    let found = harmless::line(found);
    format!("expected a position such as 35.1234,40.5678 or 35°20'10\"N 040°05'00\"E, found {found}")
}

/// Decimal degrees, latitude first.
fn plain(text: &str) -> Result<Place, String> {
    let parts: Vec<&str> = match text.split_once(',') {
        Some((lat, lon)) => vec![lat.trim(), lon.trim()],
        None => text.split_whitespace().collect(),
    };
    let [lat, lon] = parts.as_slice() else { return Err(refused(text)) };
    let signed = |text: &str| {
        let negative = text.starts_with('-');
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        Some((fixed(digits.trim_end_matches('°'))?, negative))
    };
    let (Some(lat), Some(lon)) = (signed(lat), signed(lon)) else { return Err(refused(text)) };
    if lat.0 > Axis::Latitude.most() && lat.0 <= Axis::Longitude.most() && lon.0 <= Axis::Latitude.most() {
        let found = harmless::line(text);
        return Err(format!(
            "expected the latitude first, within ±90 degrees, found {found}: are the two swapped?"
        ));
    }
    Ok(Place { lat: bounded(Axis::Latitude, lat, text)?, lon: bounded(Axis::Longitude, lon, text)? })
}

fn bounded(axis: Axis, (units, negative): (u64, bool), found: &str) -> Result<i32, String> {
    let signed = i32::try_from(units).ok().filter(|_| units <= axis.most());
    let signed = signed.ok_or_else(|| format!("expected a {axis}, found {}", harmless::line(found)))?;
    Ok(if negative { -signed } else { signed })
}

/// A number with decimals as 1e-7 parts, rounded to the nearest.
fn fixed(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // More than sixteen digits of either are not of a position.
    if whole.is_empty() || whole.len() > 9 || decimals.len() > 16 || !digits(whole) || !digits(decimals) {
        return None;
    }
    if text.ends_with('.') {
        return None;
    }
    let padded: String = decimals.chars().chain(std::iter::repeat('0')).take(8).collect();
    let tenths: u64 = padded.parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(DEGREE)?.checked_add((tenths + 5) / 10)
}

/// Two angles that each carry the letter of their hemisphere, before or behind.
fn lettered(text: &str) -> Result<Place, String> {
    let letters: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| Axis::of(*c).is_some()).collect();
    let [(first, one), (second, other)] = letters.as_slice() else { return Err(refused(text)) };
    let none = || refused(text);
    let before = text.get(..*first).ok_or_else(none)?;
    let between = text.get(first + one.len_utf8()..*second).ok_or_else(none)?;
    let behind = text.get(second + other.len_utf8()..).ok_or_else(none)?;
    let blank = |text: &str| text.trim().trim_matches(',').trim().is_empty();
    let angles = if blank(behind) {
        [(before, *one), (between.trim().trim_start_matches(','), *other)]
    } else if blank(before) {
        [(between.trim().trim_end_matches(','), *one), (behind, *other)]
    } else {
        return Err(none());
    };
    let (mut lat, mut lon) = (None, None);
    for (angle, letter) in angles {
        let Some((axis, negative)) = Axis::of(letter) else { return Err(none()) };
        let units = angle_units(angle.trim(), axis).ok_or_else(none)?;
        let place = if axis == Axis::Latitude { &mut lat } else { &mut lon };
        if place.replace(bounded(axis, (units, negative), text)?).is_some() {
            let found = harmless::line(text);
            return Err(format!(
                "expected a latitude (N or S) and a longitude (E or W), found two of one: {found}"
            ));
        }
    }
    match (lat, lon) {
        (Some(lat), Some(lon)) => Ok(Place { lat, lon }),
        _ => Err(none()),
    }
}

/// An angle without its letter, in 1e-7 degrees: degrees, minutes and seconds, the last of them with decimals.
fn angle_units(text: &str, axis: Axis) -> Option<u64> {
    let sign =
        |c: char| matches!(c, '°' | 'º' | '\'' | '′' | '’' | '"' | '″' | '”' | ':') || c.is_whitespace();
    let mut parts: Vec<&str> = text.split(sign).filter(|part| !part.is_empty()).collect();
    if let [digits] = parts.as_slice() {
        parts = compact(digits, axis).unwrap_or(parts);
    }
    let [degrees, smaller @ ..] = parts.as_slice() else { return None };
    let whole = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let leading = parts.len() - 1;
    if leading > 2 || !parts.iter().take(leading).all(whole) {
        return None;
    }
    let smaller: Vec<u64> = smaller.iter().map(|part| fixed(part)).collect::<Option<_>>()?;
    if smaller.iter().any(|units| *units >= 60 * DEGREE) {
        return None;
    }
    let seconds = smaller.iter().zip([60, 1]).map(|(units, seconds)| units * seconds).sum::<u64>();
    Some(fixed(degrees)? + (seconds + 1_800) / 3_600)
}

/// Degrees, minutes and perhaps seconds as aviators run them together: `DDMM`, `DDMMSS`, `DDDMM`, `DDDMMSS`.
fn compact(digits: &str, axis: Axis) -> Option<Vec<&str>> {
    let width = if axis == Axis::Latitude { 2 } else { 3 };
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (degrees, rest) = digits.split_at_checked(width).filter(|_| whole)?;
    let (minutes, seconds) = rest.split_at_checked(2)?;
    match seconds.len() {
        0 => Some(vec![degrees, minutes]),
        2 => Some(vec![degrees, minutes, seconds]),
        _ => None,
    }
}

/// An area as it is typed: three positions or more, separated by spaces, or by semicolons where they hold spaces.
///
/// # Errors
/// Says what would have been taken.
pub(crate) fn area(text: &str) -> Result<Vec<Place>, String> {
    let parts: Vec<&str> =
        if text.contains(';') { text.split(';').collect() } else { text.split_whitespace().collect() };
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    let corners = parts.map(str::parse).collect::<Result<Vec<Place>, _>>()?;
    match corners.len() {
        3..=256 => Ok(corners),
        count => Err(format!("expected 3 to 256 corners, as \"lat,lon lat,lon lat,lon\", found {count}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (i32, i32) {
        let place: Place = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        (place.lat, place.lon)
    }

    fn why(text: &str) -> String {
        text.parse::<Place>().expect_err(text)
    }

    #[test]
    fn decimal_degrees_are_exact() {
        assert_eq!(read("35.1234,40.5678"), (351_234_000, 405_678_000));
        assert_eq!(read("-35.1234567, -0.0000001"), (-351_234_567, -1));
        assert_eq!(read("+35° 40°"), (350_000_000, 400_000_000));
        assert_eq!(read("90,-180"), (900_000_000, -1_800_000_000));
        assert_eq!(read("0.12345675,0.12345674"), (1_234_568, 1_234_567));
    }

    #[test]
    fn hemispheres_say_which_is_which() {
        let there = (353_361_111, 400_833_333);
        for text in [
            "35°20'10\"N 040°05'00\"E",
            "35°20′10″N, 040°05′00″E",
            "040°05'00\"E 35°20'10\"N",
            "N35°20'10\" E040°05'00\"",
            "35 20 10 N 40 5 0 E",
            "35:20:10n 40:05e",
            "352010N0400500E",
            "352010N 04005E",
        ] {
            assert_eq!(read(text), there, "{text}");
        }
        assert_eq!(read("35°20.5'S 40.5°W"), (-353_416_667, -405_000_000));
        assert_eq!(read("90N 180W"), (900_000_000, -1_800_000_000));
        assert_eq!(read("35N,40E"), (350_000_000, 400_000_000));
    }

    #[test]
    fn what_looks_swapped_is_asked_about() {
        assert!(why("140.5678,35.1234").contains("swapped"));
        assert!(why("-170,-12.5").contains("swapped"));
        assert!(why("140,135").contains("latitude within"));
    }

    #[test]
    fn out_of_range_is_refused() {
        for text in ["90.0000001,0", "91,200", "0,180.0000001", "0,-181", "90°00'01\"N 0E", "0N 180°00'01\"W"]
        {
            assert!(why(text).contains("within"), "{text}: {}", why(text));
        }
    }

    #[test]
    fn what_is_not_a_position_is_refused() {
        for text in [
            "",
            "35",
            "35,",
            ",40",
            "35,40,50",
            "a,b",
            "1e1,2",
            "35.,40",
            ".5,40",
            "--35,40",
            "35;40",
            "NaN,0",
            "35°60'00\"N 40E",
            "35°20'60\"N 40E",
            "35.5°20'N 40E",
            "35°20'10\"5N 40E",
            "-35N 40E",
            "35N",
            "N E",
            "35N 40E 5",
            "35N E40",
            "35°20'10\"N 040°05'00\"E x",
            "٣٥,٤٠",
            "9999999999,0",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text} was taken");
        }
        assert!(why("35N 40N").contains("two of one"));
        assert!(why("\u{1b}[2J").contains("⟨U+001B⟩"));
    }

    #[test]
    fn a_position_is_echoed_in_both_forms() {
        let place: Place = "-35.9999999,40.0833333".parse().unwrap();
        assert_eq!(place.decimal(), "-35.9999999, 40.0833333");
        assert_eq!(place.sexagesimal(), "36°00'00.000\"S 040°05'00.000\"E");
        assert_eq!(place.json().to_string(), "[-35.9999999,40.0833333]");
        assert_eq!(Place::of_degrees(-35.999_999_9, 40.083_333_3), Some(place));
        assert_eq!(Place::of_degrees(91.0, 0.0), None);
        assert_eq!(Place::of_degrees(f64::NAN, 0.0), None);
    }

    #[test]
    fn what_is_echoed_reads_back() {
        for units in [0, 1, 27, 333_333, 899_999_999, 900_000_000] {
            let place = Place { lat: -units, lon: units };
            assert_eq!(place.decimal().parse(), Ok(place));
        }
    }

    #[test]
    fn areas() {
        assert_eq!(area("35,40 35,41 36,41").map(|corners| corners.len()), Ok(3));
        assert_eq!(area("35N 40E; 35N 41E; 36N 41E;").map(|corners| corners.len()), Ok(3));
        assert!(area("35,40 35,41").is_err_and(|why| why.contains("found 2")));
        assert!(area(&"1,1 ".repeat(257)).is_err_and(|why| why.contains("found 257")));
        assert!(area("35,40 x 36,41").is_err());
    }
}
