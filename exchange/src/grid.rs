//! The grids of maps: UTM and MGRS on WGS84 (spec/exchange.md §2).
//!
//! Promises the square in which a position lies, and the middle of a square that was read, to a millimetre. Refuses
//! squares that do not exist or lie outside the zone and band that they name, and the polar grid (UPS). The projection is
//! Krüger's series to the sixth order (Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011).

use detente_airspace::position::Position;

/// Semi-major axis of WGS84, m.
const A: f64 = 6_378_137.0;
/// Flattening of WGS84.
const F: f64 = 1.0 / 298.257_223_563;
/// Scale on the central meridian.
const K0: f64 = 0.999_6;
const FALSE_EASTING: f64 = 500_000.0;
const FALSE_NORTHING: f64 = 10_000_000.0;
/// Metres of a 100 km square.
const SQUARE: f64 = 100_000.0;

/// Bands of 8 degrees from 80° S; the last has 12.
const BANDS: &[u8] = b"CDEFGHJKLMNPQRSTUVWX";
/// Columns of 100 km squares, by the zone's third.
const COLUMNS: [&[u8]; 3] = [b"ABCDEFGH", b"JKLMNPQR", b"STUVWXYZ"];
/// Rows of 100 km squares, repeating every 2,000 km.
const ROWS: &[u8] = b"ABCDEFGHJKLMNPQRSTUV";

/// A place on the UTM grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Utm {
    /// Zone, 1 to 60.
    pub zone: u8,
    /// Latitude band, `C` to `X`.
    pub band: char,
    /// Metres east, the central meridian being 500,000.
    pub easting: f64,
    /// Metres north of the equator, or of 10,000 km south of it.
    pub northing: f64,
}

/// Zone and band of a place, with the exceptions of Norway and Svalbard; none beyond 80° S and 84° N.
fn designation(lat: f64, lon: f64) -> Option<(u8, char)> {
    if !(-80.0..=84.0).contains(&lat) || !(-180.5..=180.5).contains(&lon) {
        return None;
    }
    let plain = ((lon + 180.0).div_euclid(6.0).rem_euclid(60.0)) as u8 + 1;
    let zone = match (lat, lon) {
        (56.0..64.0, 3.0..12.0) => 32,
        (72.0..=84.0, 0.0..9.0) => 31,
        (72.0..=84.0, 9.0..21.0) => 33,
        (72.0..=84.0, 21.0..33.0) => 35,
        (72.0..=84.0, 33.0..42.0) => 37,
        _ => plain,
    };
    let band = ((lat + 80.0) / 8.0) as usize;
    let band = BANDS.get(band.min(BANDS.len() - 1))?;
    Some((zone, char::from(*band)))
}

/// Rows of even zones begin five letters on.
fn shift(zone: u8) -> usize {
    if zone.is_multiple_of(2) { 5 } else { 0 }
}

fn central_meridian(zone: u8) -> f64 {
    f64::from(zone) * 6.0 - 183.0
}

fn degrees(position: Position) -> (f64, f64) {
    (f64::from(position.lat) / 1e7, f64::from(position.lon) / 1e7)
}

/// Sum of the series' terms, in angle and distance, for the coefficients of one direction.
fn series(coefficients: [f64; 6], xi: f64, eta: f64) -> (f64, f64) {
    let terms = (1..).zip(coefficients).map(|(j, c)| {
        let j2 = 2.0 * f64::from(j);
        (c * (j2 * xi).sin() * (j2 * eta).cosh(), c * (j2 * xi).cos() * (j2 * eta).sinh())
    });
    terms.fold((0.0, 0.0), |(x, e), (dx, de)| (x + dx, e + de))
}

/// Third flattening, and the radius of the rectifying sphere.
fn rectifying() -> (f64, f64) {
    let n = F / (2.0 - F);
    let n2 = n * n;
    (n, A / (1.0 + n) * (1.0 + n2 / 4.0 + n2 * n2 / 64.0 + n2 * n2 * n2 / 256.0))
}

fn alpha(n: f64) -> [f64; 6] {
    let p = |c: [f64; 6]| c.iter().rev().fold(0.0, |sum, c| (sum + c) * n);
    [
        p([1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7_891.0 / 37_800.0]),
        p([0.0, 13.0 / 48.0, -3.0 / 5.0, 557.0 / 1_440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0]),
        p([0.0, 0.0, 61.0 / 240.0, -103.0 / 140.0, 15_061.0 / 26_880.0, 167_603.0 / 181_440.0]),
        p([0.0, 0.0, 0.0, 49_561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0]),
        p([0.0, 0.0, 0.0, 0.0, 34_729.0 / 80_640.0, -3_418_889.0 / 1_995_840.0]),
        p([0.0, 0.0, 0.0, 0.0, 0.0, 212_378_941.0 / 319_334_400.0]),
    ]
}

fn beta(n: f64) -> [f64; 6] {
    let p = |c: [f64; 6]| c.iter().rev().fold(0.0, |sum, c| (sum + c) * n);
    [
        p([1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96_199.0 / 604_800.0]),
        p([0.0, 1.0 / 48.0, 1.0 / 15.0, -437.0 / 1_440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0]),
        p([0.0, 0.0, 17.0 / 480.0, -37.0 / 840.0, -209.0 / 4_480.0, 5_569.0 / 90_720.0]),
        p([0.0, 0.0, 0.0, 4_397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0]),
        p([0.0, 0.0, 0.0, 0.0, 4_583.0 / 161_280.0, -108_847.0 / 3_991_680.0]),
        p([0.0, 0.0, 0.0, 0.0, 0.0, 20_648_693.0 / 638_668_800.0]),
    ]
}

/// The tangent of the conformal latitude, from that of the latitude.
fn conformal(tau: f64) -> f64 {
    let e = (F * (2.0 - F)).sqrt();
    let sigma = (e * (e * tau / (1.0 + tau * tau).sqrt()).atanh()).sinh();
    tau * (1.0 + sigma * sigma).sqrt() - sigma * (1.0 + tau * tau).sqrt()
}

/// Where a position is on the grid; none beyond 80° S and 84° N, where UTM ends.
pub fn utm(position: Position) -> Option<Utm> {
    let (lat, lon) = degrees(position);
    let (zone, band) = designation(lat, lon)?;
    let lambda = (lon - central_meridian(zone) + 540.0).rem_euclid(360.0) - 180.0;
    let (sin, cos) = lambda.to_radians().sin_cos();
    let tau = conformal(lat.to_radians().tan());
    let (xi, eta) = (tau.atan2(cos), (sin / tau.hypot(cos)).asinh());
    let (n, radius) = rectifying();
    let (dx, de) = series(alpha(n), xi, eta);
    let south = if lat < 0.0 { FALSE_NORTHING } else { 0.0 };
    let easting = FALSE_EASTING + K0 * radius * (eta + de);
    Some(Utm { zone, band, easting, northing: south + K0 * radius * (xi + dx) })
}

/// Latitude and longitude in degrees of a place on the grid of a zone.
fn unprojected(zone: u8, easting: f64, northing: f64) -> (f64, f64) {
    let (n, radius) = rectifying();
    let (xi, eta) = (northing / (K0 * radius), (easting - FALSE_EASTING) / (K0 * radius));
    let (dx, de) = series(beta(n), xi, eta);
    let (xi, eta) = (xi - dx, eta - de);
    let target = xi.sin() / eta.sinh().hypot(xi.cos());
    let e2 = F * (2.0 - F);
    let mut tau = target;
    for _ in 0..6 {
        let at = conformal(tau);
        let slope = (1.0 + (1.0 - e2) * tau * tau) / ((1.0 - e2) * (1.0 + at * at).sqrt());
        tau += (target - at) * slope / (1.0 + tau * tau).sqrt();
    }
    let lon = central_meridian(zone) + eta.sinh().atan2(xi.cos()).to_degrees();
    (tau.atan().to_degrees(), (lon + 180.0).rem_euclid(360.0) - 180.0)
}

/// Why a place on the grid is none, for a person.
pub(crate) type Refused = &'static str;

/// The position of a place on the grid, known to `within` metres.
///
/// # Errors
/// If it is not in its zone and band.
pub(crate) fn position(place: Utm, within: f64) -> Result<Position, Refused> {
    let south = place.band < 'N';
    let northing = if south { place.northing - FALSE_NORTHING } else { place.northing };
    let (lat, lon) = unprojected(place.zone, place.easting, northing);
    let outside = "a place in the zone and latitude band that it names";
    if !lat.is_finite() || !lon.is_finite() || lat.abs() > 85.0 {
        return Err(outside);
    }
    // A square at the side of a zone belongs to it even if its middle does not.
    let reach = (within + 1.0) / 111_000.0;
    let aside = reach / lat.to_radians().cos();
    let wanted = Some((place.zone, place.band));
    let near = [0.0, -1.0, 1.0].iter().any(|y| {
        [0.0, -1.0, 1.0].iter().any(|x| {
            let wrapped = (lon + x * aside + 180.0).rem_euclid(360.0) - 180.0;
            designation(lat + y * reach, wrapped) == wanted
        })
    });
    let units = |degrees: f64| (degrees * 1e7).round() as i32;
    match near {
        true => Position::new(units(lat), units(lon)).map_err(|_| outside),
        false => Err(outside),
    }
}

/// The MGRS name of the 1 m square in which a position lies: `37S CA 32269 07977`; none where UTM ends.
pub fn mgrs(position: Position) -> Option<String> {
    let Utm { zone, band, easting, northing } = utm(position)?;
    let (east, north) = (easting.floor(), northing.floor().clamp(0.0, FALSE_NORTHING - 1.0));
    let column = COLUMNS.get(usize::from((zone - 1) % 3))?.get(((east / SQUARE) as usize).checked_sub(1)?)?;
    let shift = shift(zone);
    let row = ROWS.get(((north / SQUARE) as usize + shift) % ROWS.len())?;
    let (column, row) = (char::from(*column), char::from(*row));
    let (east, north) = (east % SQUARE, north % SQUARE);
    Some(format!("{zone:02}{band} {column}{row} {east:05.0} {north:05.0}"))
}

/// What was read of an MGRS name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Square {
    pub(crate) zone: u8,
    pub(crate) band: char,
    pub(crate) column: char,
    pub(crate) row: char,
    /// Its south-western corner within the 100 km square, m.
    pub(crate) east: f64,
    pub(crate) north: f64,
    /// Its side, m.
    pub(crate) side: f64,
}

impl Square {
    /// The middle of it.
    ///
    /// # Errors
    /// If there is no such square.
    pub(crate) fn middle(self) -> Result<Position, Refused> {
        let none = "a 100 km square of that zone";
        let columns =
            self.zone.checked_sub(1).and_then(|zone| COLUMNS.get(usize::from(zone % 3))).ok_or(none)?;
        let place =
            |letters: &[u8], letter: char| letters.iter().position(|known| char::from(*known) == letter);
        let column = place(columns, self.column).ok_or(none)?;
        let row = place(ROWS, self.row).ok_or(none)?;
        let shift = shift(self.zone);
        let row = (row + ROWS.len() - shift) % ROWS.len();
        let easting = (column as f64 + 1.0) * SQUARE + self.east + self.side / 2.0;
        let within = (row as f64) * SQUARE + self.north + self.side / 2.0;
        // Rows repeat every 2,000 km; the band says which of them.
        let turns = (0..5).map(|turn| within + f64::from(turn) * SQUARE * ROWS.len() as f64);
        let place = |northing| Utm { zone: self.zone, band: self.band, easting, northing };
        let mut found = turns.filter_map(|northing| position(place(northing), self.side).ok());
        found.next().ok_or(none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Latitude and longitude, zone, easting and northing (mm), and the MGRS name, by PROJ and GEOTRANS.
    fn vectors() -> impl Iterator<Item = (Position, u8, f64, f64, &'static str)> {
        let lines = include_str!("../tests/files/grid.txt").lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| {
            let mut parts = line.split(' ');
            let mut next = || parts.next().unwrap();
            let position = Position::new(next().parse().unwrap(), next().parse().unwrap()).unwrap();
            let (zone, east, north) = (next().parse().unwrap(), next().parse::<f64>().unwrap(), next());
            (position, zone, east / 1e3, north.parse::<f64>().unwrap() / 1e3, next())
        })
    }

    #[test]
    fn utm_agrees_with_proj_to_a_millimetre() {
        for (position, zone, easting, northing, _) in vectors() {
            let found = utm(position).unwrap();
            assert_eq!(found.zone, zone, "{position:?}");
            let off = (found.easting - easting).abs().max((found.northing - northing).abs());
            assert!(off < 0.001, "{position:?}: {off} m off");
        }
    }

    #[test]
    fn mgrs_agrees_with_geotrans() {
        let named = vectors().filter(|(.., name)| *name != "-");
        let mut count = 0;
        for (position, .., name) in named {
            assert_eq!(mgrs(position).unwrap().replace(' ', ""), name, "{position:?}");
            count += 1;
        }
        assert!(count > 340);
    }

    #[test]
    fn a_place_on_the_grid_is_the_position_that_it_came_from() {
        for (position, ..) in vectors() {
            let back = super::position(utm(position).unwrap(), 0.0).unwrap();
            let off = (back.lat - position.lat).abs().max((back.lon - position.lon).abs());
            assert!(off <= 1 || position.lat.abs() > 800_000_000 && off <= 3, "{position:?} {back:?}");
        }
    }

    #[test]
    fn the_grid_ends_before_the_poles() {
        for lat in [-800_000_001, 840_000_001, 900_000_000] {
            let position = Position::new(lat, 0).unwrap();
            assert_eq!((utm(position), mgrs(position)), (None, None));
        }
    }
}
