//! How high: limits with their datum, and what may be said across datums (spec/airspace.md §3).
//!
//! Limits of one datum are compared exactly. Across datums a limit is taken at the least or the greatest height
//! that it can mean, so that what could touch is never called clear; a result that came about so says so.

use crate::fault::Fault;

/// Highest and lowest limit: ±2,000 km, in mm.
pub const LIMIT_MM: i32 = 2_000_000_000;
/// Mean sea level is at least so high above the ellipsoid, mm.
pub const GEOID_LOWEST_MM: i32 = -110_000;
/// Mean sea level is at most so high above the ellipsoid, mm.
pub const GEOID_HIGHEST_MM: i32 = 90_000;

/// What an altitude is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Datum {
    /// The ellipsoid of WGS84.
    Wgs84,
    /// Mean sea level (the geoid).
    Amsl,
    /// The ground, or the surface of water, below.
    Agl,
}

impl Datum {
    /// The datum's number on the wire.
    pub fn code(self) -> u8 {
        match self {
            Self::Wgs84 => 0,
            Self::Amsl => 1,
            Self::Agl => 2,
        }
    }

    /// The datum of a number, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Wgs84, Self::Amsl, Self::Agl].into_iter().find(|datum| datum.code() == code)
    }
}

/// An altitude and what it is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limit {
    /// Altitude in mm, ±[`LIMIT_MM`].
    pub mm: i32,
    /// What it is counted from.
    pub datum: Datum,
}

/// How high the ground is where a volume is, above mean sea level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ground {
    /// At least, mm.
    pub lowest_mm: i32,
    /// At most, mm.
    pub highest_mm: i32,
}

impl Ground {
    /// What holds everywhere: −500 m to 9,000 m.
    pub const ANYWHERE: Self = Self { lowest_mm: -500_000, highest_mm: 9_000_000 };

    fn hull(self, other: Self) -> Self {
        Self {
            lowest_mm: self.lowest_mm.min(other.lowest_mm),
            highest_mm: self.highest_mm.max(other.highest_mm),
        }
    }
}

/// Between a lower and an upper limit, both included; without a limit, all the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Band {
    lower: Option<Limit>,
    upper: Option<Limit>,
    /// What limits above ground are taken by; [`Ground::ANYWHERE`] unless the author said better.
    ground: Ground,
}

/// The altitudes that two bands share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedBand {
    /// What `lower_mm` and `upper_mm` are counted from.
    pub datum: Datum,
    /// The lowest, mm; `None`: all the way down.
    pub lower_mm: Option<i64>,
    /// The highest, mm; `None`: all the way up.
    pub upper_mm: Option<i64>,
    /// The limits were of several datums and are taken at the least and the greatest that they can mean.
    pub widened: bool,
}

impl Band {
    /// All altitudes.
    pub const ALL: Self = Self { lower: None, upper: None, ground: Ground::ANYWHERE };

    /// Between two limits; `ground` is what the author knows of the ground below.
    ///
    /// # Errors
    /// [`Fault::Limit`] if a limit is out of range, [`Fault::Ground`] if the ground is not within
    /// [`Ground::ANYWHERE`] or upside down, [`Fault::Band`] if nothing can be between the limits.
    pub fn new(lower: Option<Limit>, upper: Option<Limit>, ground: Option<Ground>) -> Result<Self, Fault> {
        for limit in [lower, upper].into_iter().flatten() {
            if limit.mm.unsigned_abs() > LIMIT_MM.unsigned_abs() {
                return Err(Fault::Limit { mm: limit.mm.into() });
            }
        }
        let ground = ground.unwrap_or(Ground::ANYWHERE);
        let Ground { lowest_mm, highest_mm } = ground;
        if lowest_mm > highest_mm
            || lowest_mm < Ground::ANYWHERE.lowest_mm
            || highest_mm > Ground::ANYWHERE.highest_mm
        {
            return Err(Fault::Ground { lowest_mm: lowest_mm.into(), highest_mm: highest_mm.into() });
        }
        let band = Self { lower, upper, ground };
        match (lower, upper) {
            (Some(low), Some(high)) if !reaches(low, ground, high, ground, 0) => {
                Err(Fault::Band { lower_mm: low.mm.into(), upper_mm: high.mm.into() })
            }
            _ => Ok(band),
        }
    }

    /// A band over any ground that was judged before.
    pub(crate) fn kept(lower: Option<Limit>, upper: Option<Limit>) -> Self {
        Self { lower, upper, ground: Ground::ANYWHERE }
    }

    /// The lower limit.
    pub fn lower(&self) -> Option<Limit> {
        self.lower
    }

    /// The upper limit.
    pub fn upper(&self) -> Option<Limit> {
        self.upper
    }

    /// What limits above ground are taken by.
    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// Whether an altitude could be in both, if both were `margin_mm` thicker together.
    pub(crate) fn meets(&self, other: &Self, margin_mm: u32) -> bool {
        let below = |low: &Self, high: &Self| match (low.lower, high.upper) {
            (Some(lower), Some(upper)) => reaches(lower, low.ground, upper, high.ground, margin_mm),
            _ => true,
        };
        below(self, other) && below(other, self)
    }

    /// What both share, if both were `margin_mm` thicker (this one up and down); nothing if they do not meet.
    pub(crate) fn shared(&self, other: &Self, margin_mm: u32) -> Option<SharedBand> {
        if !self.meets(other, margin_mm) {
            return None;
        }
        let limits = [self.lower, self.upper, other.lower, other.upper];
        let mut datums = limits.into_iter().flatten().map(|limit| limit.datum);
        let first = datums.next().unwrap_or(Datum::Wgs84);
        let widened = datums.any(|datum| datum != first);
        let datum = if widened { Datum::Wgs84 } else { first };
        let margin = i64::from(margin_mm);
        // One ground for both: they are over the same place, and what they say of it may differ.
        let ground = self.ground.hull(other.ground);
        let low = |band: &Self, margin: i64| {
            band.lower.map(|limit| if widened { least(limit, ground) } else { limit.mm.into() } - margin)
        };
        let high = |band: &Self, margin: i64| {
            band.upper.map(|limit| if widened { greatest(limit, ground) } else { limit.mm.into() } + margin)
        };
        let lowers = [low(self, margin), low(other, 0)];
        let uppers = [high(self, margin), high(other, 0)];
        Some(SharedBand {
            datum,
            lower_mm: lowers.into_iter().flatten().max(),
            upper_mm: uppers.into_iter().flatten().min(),
            widened,
        })
    }

    /// The least and the greatest height above the ellipsoid that it can mean, mm.
    pub(crate) fn heights(&self) -> (Option<i64>, Option<i64>) {
        (
            self.lower.map(|limit| least(limit, self.ground)),
            self.upper.map(|limit| greatest(limit, self.ground)),
        )
    }
}

impl SharedBand {
    /// The thinnest band that covers both.
    pub(crate) fn hull(self, other: Self) -> Self {
        Self {
            lower_mm: self.lower_mm.zip(other.lower_mm).map(|(one, two)| one.min(two)),
            upper_mm: self.upper_mm.zip(other.upper_mm).map(|(one, two)| one.max(two)),
            ..self
        }
    }
}

/// Whether something at a lower limit could be at or below an upper one that lies `margin_mm` higher.
fn reaches(lower: Limit, below: Ground, upper: Limit, above: Ground, margin_mm: u32) -> bool {
    use Datum::{Agl, Amsl, Wgs84};
    // How much higher the upper limit can be, and how much lower the lower one, than their figures say.
    let raised = match (lower.datum, upper.datum) {
        (Wgs84, Wgs84) | (Amsl, Amsl) | (Agl, Agl) => 0,
        (Wgs84, Amsl) => i64::from(GEOID_HIGHEST_MM),
        (Amsl, Wgs84) => -i64::from(GEOID_LOWEST_MM),
        (Agl, Amsl) => -i64::from(below.lowest_mm),
        (Amsl, Agl) => i64::from(above.highest_mm),
        (Agl, Wgs84) => -i64::from(below.lowest_mm) - i64::from(GEOID_LOWEST_MM),
        (Wgs84, Agl) => i64::from(above.highest_mm) + i64::from(GEOID_HIGHEST_MM),
    };
    i64::from(lower.mm) <= i64::from(upper.mm) + raised + i64::from(margin_mm)
}

/// The least height above the ellipsoid that a limit can mean, mm.
fn least(limit: Limit, ground: Ground) -> i64 {
    i64::from(limit.mm)
        + match limit.datum {
            Datum::Wgs84 => 0,
            Datum::Amsl => GEOID_LOWEST_MM.into(),
            Datum::Agl => i64::from(ground.lowest_mm) + i64::from(GEOID_LOWEST_MM),
        }
}

/// The greatest height above the ellipsoid that a limit can mean, mm.
fn greatest(limit: Limit, ground: Ground) -> i64 {
    i64::from(limit.mm)
        + match limit.datum {
            Datum::Wgs84 => 0,
            Datum::Amsl => GEOID_HIGHEST_MM.into(),
            Datum::Agl => i64::from(ground.highest_mm) + i64::from(GEOID_HIGHEST_MM),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(lower: (i32, Datum), upper: (i32, Datum), ground: Option<Ground>) -> Band {
        let limit = |(mm, datum)| Some(Limit { mm, datum });
        Band::new(limit(lower), limit(upper), ground).unwrap()
    }

    #[test]
    fn one_datum_is_exact_and_touching_counts() {
        let low = band((0, Datum::Amsl), (1_000, Datum::Amsl), None);
        assert!(low.meets(&band((1_000, Datum::Amsl), (2_000, Datum::Amsl), None), 0));
        assert!(!low.meets(&band((1_001, Datum::Amsl), (2_000, Datum::Amsl), None), 0));
        assert!(low.meets(&band((1_001, Datum::Amsl), (2_000, Datum::Amsl), None), 1));
        let shared = low.shared(&band((500, Datum::Amsl), (2_000, Datum::Amsl), None), 0).unwrap();
        assert_eq!((shared.lower_mm, shared.upper_mm, shared.widened), (Some(500), Some(1_000), false));
    }

    #[test]
    fn several_datums_widen_by_what_is_stated() {
        let sea = band((0, Datum::Amsl), (1_000_000, Datum::Amsl), None);
        let space = |mm| band((mm, Datum::Wgs84), (5_000_000, Datum::Wgs84), None);
        assert!(sea.meets(&space(1_090_000), 0));
        assert!(!sea.meets(&space(1_090_001), 0));
        let hill = Some(Ground { lowest_mm: 200_000, highest_mm: 400_000 });
        let low = band((0, Datum::Agl), (100_000, Datum::Agl), hill);
        let over = |mm| band((mm, Datum::Amsl), (9_000_000, Datum::Amsl), None);
        assert!(low.meets(&over(500_000), 0));
        assert!(!low.meets(&over(500_001), 0));
        assert!(low.shared(&over(500_000), 0).unwrap().widened);
        assert!(band((0, Datum::Agl), (100_000, Datum::Agl), None).meets(&over(9_000_000), 0));
    }

    #[test]
    fn what_two_bands_share_is_never_upside_down() {
        let datums = [Datum::Wgs84, Datum::Amsl, Datum::Agl];
        let grounds = [None, Some(Ground { lowest_mm: 0, highest_mm: 0 })];
        let mut met = 0;
        for low in datums {
            for high in datums {
                for mm in (-10_000_000..10_000_000).step_by(1_237_001) {
                    for (one, two) in [(grounds[0], grounds[1]), (grounds[1], grounds[0])] {
                        let lower = Some(Limit { mm, datum: high });
                        let one = Band::new(None, Some(Limit { mm: 0, datum: low }), one).unwrap();
                        let two = Band::new(lower, None, two).unwrap();
                        let Some(shared) = one.shared(&two, 0) else { continue };
                        assert!(shared.lower_mm <= shared.upper_mm, "{one:?} {two:?}");
                        met += 1;
                    }
                }
            }
        }
        assert!(met > 50);
    }

    #[test]
    fn nothing_between_the_limits_is_refused() {
        let limit = |mm, datum| Some(Limit { mm, datum });
        let found = Band::new(limit(1, Datum::Agl), limit(0, Datum::Agl), None);
        assert_eq!(found, Err(Fault::Band { lower_mm: 1, upper_mm: 0 }));
        assert!(Band::new(limit(0, Datum::Agl), limit(-400_000, Datum::Amsl), None).is_ok());
        assert!(Band::new(limit(0, Datum::Agl), limit(-600_000, Datum::Amsl), None).is_err());
        assert!(Band::new(limit(LIMIT_MM + 1, Datum::Agl), None, None).is_err());
        let ground = |lowest_mm, highest_mm| Some(Ground { lowest_mm, highest_mm });
        assert!(Band::new(None, None, ground(1, 0)).is_err());
        assert!(Band::new(None, None, ground(0, 9_000_001)).is_err());
    }
}
