//! Positions as people type and read them.
//!
//! Typed: every form that files may hold as well (spec/exchange.md §2): decimal degrees, latitude first; degrees, minutes
//! and seconds with their hemispheres; UTM and MGRS. Shown: decimal and sexagesimal, so that who typed one sees what was
//! understood. A position is held as the line holds it (spec/line.md §4): whole 1e-7 degrees.

use std::fmt;
use std::str::FromStr;

use detente_exchange::position::{self, Position};
use serde_json::{Value, json};

use crate::harmless;

/// A position that somebody typed, or that a station told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(Position);

impl Place {
    /// The position of degrees, as an answer of a station gives them; `None` out of range.
    pub(crate) fn of_degrees(lat: f64, lon: f64) -> Option<Self> {
        let within = |degrees: f64, most: f64| degrees.is_finite() && degrees.abs() <= most;
        let units = |degrees: f64| (degrees * 1e7).round() as i32;
        (within(lat, 90.0) && within(lon, 180.0)).then(|| Self(Position { lat: units(lat), lon: units(lon) }))
    }

    /// As a draft carries it: `[latitude, longitude]` in degrees.
    pub(crate) fn json(self) -> Value {
        json!([f64::from(self.0.lat) / 1e7, f64::from(self.0.lon) / 1e7])
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ({})", position::decimal(self.0), position::sexagesimal(self.0))
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let typed = position::read(text).map_err(|reason| harmless::line(&reason.to_string()))?;
        Ok(Self(typed.position))
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

    #[test]
    fn every_form_is_one_place() {
        let place: Place = "35.3361111, 40.0833333".parse().unwrap();
        for text in [
            "35°20'10\"N 040°05'00\"E",
            "352010N0400500E",
            "٣٥٫٣٣٦١١١١، ٤٠٫٠٨٣٣٣٣٣",
            "37S 598451.98 3910855.90",
        ] {
            assert_eq!(text.parse(), Ok(place), "{text}");
        }
        assert!("37SEV9845110855".parse::<Place>().is_ok());
    }

    #[test]
    fn what_is_refused_says_what_would_have_been_taken_and_does_nothing() {
        let why = |text: &str| text.parse::<Place>().expect_err(text);
        assert!(why("140.5678,35.1234").contains("swapped"));
        assert!(why("\u{1b}[2J").contains("⟨U+001B⟩"));
        assert!(why("35").starts_with("expected a position such as 35.1234,40.5678"));
    }

    #[test]
    fn a_position_is_shown_in_both_forms() {
        let place: Place = "-35.9999999,40.0833333".parse().unwrap();
        assert_eq!(place.to_string(), "-35.9999999, 40.0833333  (36°00'00.000\"S 040°05'00.000\"E)");
        assert_eq!(place.json().to_string(), "[-35.9999999,40.0833333]");
        assert_eq!(Place::of_degrees(-35.999_999_9, 40.083_333_3), Some(place));
        assert_eq!(Place::of_degrees(91.0, 0.0), None);
        assert_eq!(Place::of_degrees(f64::NAN, 0.0), None);
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
