//! Where: latitude and longitude as integers (spec/airspace.md §1).

use crate::fault::Fault;

/// 90° of latitude, in 1e-7 degrees.
pub const QUARTER: i32 = 900_000_000;
/// 180° of longitude, in 1e-7 degrees.
pub const HALF_TURN: i32 = 1_800_000_000;
/// 360° of longitude, in 1e-7 degrees.
pub const TURN: i64 = 3_600_000_000;

/// A place on WGS84.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Latitude in 1e-7 degrees, ±900,000,000, north positive.
    pub lat: i32,
    /// Longitude in 1e-7 degrees, ±1,800,000,000, east positive.
    pub lon: i32,
}

impl Position {
    /// A place that exists.
    ///
    /// # Errors
    /// [`Fault::Position`] if a coordinate is out of its range.
    pub fn new(lat: i32, lon: i32) -> Result<Self, Fault> {
        let position = Self { lat, lon };
        position.checked(0, 0)
    }

    /// Itself, unless a coordinate is out of its range; `ring` and `corner` say where it stood.
    pub(crate) fn checked(self, ring: usize, corner: usize) -> Result<Self, Fault> {
        if self.lat.unsigned_abs() <= QUARTER.unsigned_abs()
            && self.lon.unsigned_abs() <= HALF_TURN.unsigned_abs()
        {
            Ok(self)
        } else {
            Err(Fault::Position { ring, corner, lat: self.lat.into(), lon: self.lon.into() })
        }
    }
}

/// A longitude brought into −180° (with) to 180° (without), by whole turns.
pub(crate) fn around(lon: i64) -> i64 {
    (lon + i64::from(HALF_TURN)).rem_euclid(TURN) - i64::from(HALF_TURN)
}
