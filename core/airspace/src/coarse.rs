//! Places and times said more coarsely than they are known, so that what is said gives no finer one away.
//!
//! A place is snapped outward to cells of a grid, a time outward to steps of the clock. What comes out depends on
//! nothing but the cells that are touched: all places within the same cells are said alike. Each size of cell divides the
//! next, so that somebody who asks again and again, at whatever coarseness, never learns more than the finest of the answers said. A
//! cell is nowhere smaller than what was chosen; what cannot be said that coarsely is refused.

use crate::bounds::Bounds;
use crate::position::{HALF_TURN, Position, around};
use crate::span::Span;

/// Sides of cells, 1e-7 degrees: each divides the next, and the last one a quarter turn.
const SIDES: [i64; 12] = [
    15_625,
    78_125,
    390_625,
    781_250,
    1_562_500,
    3_125_000,
    6_250_000,
    12_500_000,
    25_000_000,
    50_000_000,
    150_000_000,
    450_000_000,
];
/// Steps of the clock, ms, each dividing the next: a minute, 5, 15, 30; an hour, 3, 6, 12; a day.
const STEPS_MS: [u64; 9] =
    [60_000, 300_000, 900_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000];
/// A degree of latitude is nowhere shorter, m (WGS84).
const LATITUDE_M: f64 = 110_574.0;
/// A degree of longitude at the equator is no shorter, m; elsewhere no shorter than that times the cosine.
const LONGITUDE_M: f64 = 111_319.0;
/// 90°, 1e-7 degrees.
const POLE: i64 = 900_000_000;

/// How coarsely something is to be said, at the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coarseness {
    /// Side of a cell, mm.
    pub place_mm: u64,
    /// Step of the clock, ms.
    pub time_ms: u64,
}

impl Coarseness {
    /// The cells that a box touches; `None` where none are coarse enough, as near a pole, or where they go half around the
    /// earth.
    pub fn place(self, bounds: Bounds) -> Option<Bounds> {
        let side = self.side(LATITUDE_M)?;
        let (mut south, mut north) = outward(bounds.south.into(), bounds.north.into(), side);
        if north > POLE {
            (south, north) = (south - side, north - side);
        }
        let farthest = south.abs().max(north.abs()) as f64 / 1e7;
        let side = self.side(LONGITUDE_M * libm::cos(farthest.to_radians()))?;
        let (west, east) =
            outward(around(bounds.west), around(bounds.west) + (bounds.east - bounds.west), side);
        let (south, north) = (i32::try_from(south).ok()?, i32::try_from(north).ok()?);
        (east - west < i64::from(HALF_TURN)).then_some(Bounds { south, west, north, east })
    }

    /// The steps that a time touches; one without an end has none afterwards either. `None` where steps of that length
    /// are not known, or end after the last moment.
    pub fn time(self, span: Span) -> Option<Span> {
        let step = STEPS_MS.into_iter().find(|step| *step >= self.time_ms)?;
        let from_ms = span.from_ms() / step * step;
        match span.end_ms() {
            None => Span::since(from_ms).ok(),
            Some(end_ms) => Span::new(from_ms, (end_ms.div_ceil(step) * step).max(from_ms + step)).ok(),
        }
    }

    /// The least side that is as long as it must be, where a degree has so many metres.
    fn side(self, degree_m: f64) -> Option<i64> {
        let least_m = self.place_mm as f64 / 1000.0;
        SIDES.into_iter().find(|side| *side as f64 / 1e7 * degree_m >= least_m)
    }
}

/// From the line of the grid at or before to the one at or after; a place on a line is in the cell behind it.
fn outward(from: i64, until: i64, side: i64) -> (i64, i64) {
    let start = from.div_euclid(side) * side;
    (start, (-(-until).div_euclid(side) * side).max(start + side))
}

/// The corners of a box, from the south-west one on, with the sun's course reversed: as rings of areas run.
pub fn corners(bounds: Bounds) -> [Position; 4] {
    // Within ±180°, so they fit.
    let [west, east] = [bounds.west, bounds.east].map(|lon| around(lon) as i32);
    [(bounds.south, west), (bounds.south, east), (bounds.north, east), (bounds.north, west)]
        .map(|(lat, lon)| Position { lat, lon })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::area::Area;

    const KM: u64 = 1_000_000;

    /// Numbers that look like chance and are the same at every run.
    fn dice(state: &mut u64, most: i64) -> i64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((*state >> 20) % (most as u64 + 1)) as i64
    }

    fn within(cell: Bounds, state: &mut u64) -> Bounds {
        let one_of = |from: i64, until: i64, state: &mut u64| {
            let first = from + dice(state, until - from - 1);
            (first, first + 1 + dice(state, until - first - 1))
        };
        let (south, north) = one_of(cell.south.into(), cell.north.into(), state);
        let (west, east) = one_of(cell.west, cell.east, state);
        Bounds { south: south as i32, west, north: north as i32, east }
    }

    #[test]
    fn all_places_of_a_cell_are_said_alike_and_as_coarsely_as_was_chosen() {
        let mut state = 7;
        for place_mm in [100_000, KM, 10 * KM, 50 * KM, 400 * KM] {
            let coarseness = Coarseness { place_mm, time_ms: 0 };
            for _ in 0..200 {
                let lat = (dice(&mut state, 1_500_000_000) - 750_000_000) as i32;
                let lon = dice(&mut state, 3_599_999_999) - 1_800_000_000;
                let cell = coarseness.place(Bounds { south: lat, west: lon, north: lat, east: lon }).unwrap();
                for _ in 0..50 {
                    assert_eq!(coarseness.place(within(cell, &mut state)), Some(cell), "{place_mm} mm");
                }
                // Nowhere smaller than was chosen, on a sphere that is smaller than the earth.
                let metres = |units: i64| units as f64 / 1e7 * 110_574.0;
                let farthest = f64::from(cell.south.abs().max(cell.north.abs())) / 1e7;
                let wide = metres(cell.east - cell.west) * libm::cos(farthest.to_radians()) * 1.0068;
                let least = place_mm as f64 / 1000.0;
                assert!(metres((cell.north - cell.south).into()) >= least && wide >= least, "{cell:?}");
                assert!(Area::new(&corners(cell), &[]).is_ok(), "{cell:?}");
            }
        }
    }

    #[test]
    fn what_is_said_holds_what_it_is_said_of_and_finer_cells_part_coarser_ones() {
        let mut state = 11;
        for _ in 0..2_000 {
            let (lat, lon) = (
                dice(&mut state, 1_200_000_000) - 600_000_000,
                dice(&mut state, 3_599_999_999) - 1_800_000_000,
            );
            let (high, wide) = (dice(&mut state, 3_000_000), dice(&mut state, 3_000_000));
            let exact = Bounds { south: lat as i32, west: lon, north: (lat + high) as i32, east: lon + wide };
            let said: Vec<Bounds> = [KM, 5 * KM, 10 * KM, 30 * KM]
                .map(|place_mm| Coarseness { place_mm, time_ms: 0 }.place(exact).unwrap())
                .into();
            let mut inner = exact;
            for outer in said {
                assert!(outer.south <= inner.south && inner.north <= outer.north, "{inner:?} in {outer:?}");
                assert!(outer.west <= inner.west && inner.east <= outer.east, "{inner:?} in {outer:?}");
                inner = outer;
            }
        }
    }

    #[test]
    fn times_are_widened_to_steps_that_divide_each_other() {
        let hour = 3_600_000;
        let coarse = |time_ms, from_ms, until_ms| {
            let span = Coarseness { place_mm: 0, time_ms }.time(Span::new(from_ms, until_ms).unwrap());
            span.map(|span| (span.from_ms() / 60_000, span.until_ms() / 60_000))
        };
        assert_eq!(coarse(hour, hour + 1, 2 * hour - 1), Some((60, 120)));
        assert_eq!(coarse(hour, hour, hour), Some((60, 120)));
        assert_eq!(coarse(hour + 1, 4 * hour, 5 * hour), Some((180, 360)));
        assert_eq!(coarse(25 * hour, hour, hour), None);
        for pair in STEPS_MS.windows(2).chain(SIDES.map(i64::unsigned_abs).windows(2)) {
            assert_eq!(pair[1] % pair[0], 0, "{pair:?}");
        }
        let open = Coarseness { place_mm: 0, time_ms: hour }.time(Span::since(hour + 5).unwrap()).unwrap();
        assert_eq!((open.from_ms(), open.end_ms()), (hour, None));
    }

    #[test]
    fn where_no_cell_is_coarse_enough_nothing_is_said() {
        let at = |south, north, west, east| Bounds { south, north, west, east };
        let coarse = |bounds| Coarseness { place_mm: 10 * KM, time_ms: 0 }.place(bounds);
        assert_eq!(coarse(at(899_990_000, 900_000_000, 0, 1)), None);
        assert_eq!(coarse(at(0, 1, 0, 1_790_000_000)).map(|said| said.west), Some(0));
        assert_eq!(coarse(at(0, 1, -1, 1_800_000_000)), None);
        // Over the antimeridian, the corners are in their range again.
        let said = coarse(at(0, 1, 1_799_999_999, 1_800_000_001)).unwrap();
        assert_eq!(
            corners(said).map(|corner| corner.lon),
            [1_798_437_500, -1_798_437_500, -1_798_437_500, 1_798_437_500]
        );
    }
}
