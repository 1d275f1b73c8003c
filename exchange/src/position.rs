//! Positions as people type and read them (spec/exchange.md §2).
//!
//! Typed: decimal degrees, latitude first (`35.1234,40.5678`); degrees, minutes and seconds, or degrees and minutes with
//! decimals, with their hemispheres (`35°20'10"N 040°05'00"E`, `35 20.5 N 40 5 E`, `352010N0400500E`); UTM (`37S
//! 332270 4007978`) and MGRS (`37SCA3226907977`). Digits may be Arabic, hemispheres Arabic, Russian or Ukrainian.
//! Refused: what can be read in two ways, what does not exist, grids of the poles, squares of more than 1 km.

pub use detente_airspace::position::Position;

use crate::angle::{self, Axis};
use crate::fault::Reason;
use crate::grid::{self, Square, Utm};
use crate::script;

/// Most bytes of a typed position.
const MOST_BYTES: usize = 200;

/// How a position was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Decimal degrees.
    Decimal,
    /// Degrees and minutes, perhaps seconds, with hemispheres.
    Sexagesimal,
    /// Metres on the UTM grid.
    Utm,
    /// A square of the military grid.
    Mgrs,
}

/// A position that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Typed {
    /// Where; of a square, its middle.
    pub position: Position,
    /// How it was typed.
    pub form: Form,
    /// Side of the square that was named, mm; 0 where a point was.
    pub square_mm: u32,
}

const EXPECTED: &str = "a position such as 35.1234,40.5678 or 35°20'10\"N 040°05'00\"E or 37S CA 32269 07977";

/// Reads a position.
///
/// # Errors
/// [`Reason::Position`], with what would have been taken.
pub fn read(text: &str) -> Result<Typed, Reason> {
    let found = text.trim();
    if found.len() > MOST_BYTES {
        return Err(Reason::position(EXPECTED, found));
    }
    let text = script::hemispheres(found);
    let text = text.trim();
    if let Some(square) = mgrs(text) {
        let square = square.map_err(|expected| Reason::position(expected, found))?;
        let position = square.middle().map_err(|expected| Reason::position(expected, found))?;
        return Ok(Typed { position, form: Form::Mgrs, square_mm: (square.side * 1e3) as u32 });
    }
    if let Some(place) = utm(text) {
        let position = grid::position(place, 0.0).map_err(|expected| Reason::position(expected, found))?;
        return Ok(Typed { position, form: Form::Utm, square_mm: 0 });
    }
    let lettered = text.chars().any(|c| Axis::of(c).is_some());
    let (position, form) = match lettered {
        true => (hemispheres(text, found)?, Form::Sexagesimal),
        false => (decimal_pair(text, found)?, Form::Decimal),
    };
    Ok(Typed { position, form, square_mm: 0 })
}

/// Reads a position whose latitude and longitude stand apart, as in two columns of a table.
///
/// # Errors
/// [`Reason::Position`], with what would have been taken.
pub fn read_pair(latitude: &str, longitude: &str) -> Result<Position, Reason> {
    let (lat, lon) = (one(latitude, Axis::Latitude), one(longitude, Axis::Longitude));
    Ok(Position { lat: lat?, lon: lon? })
}

/// One coordinate that stands alone.
pub(crate) fn one(found: &str, axis: Axis) -> Result<i32, Reason> {
    let refused = || Reason::position(axis.expected(), found);
    if found.len() > MOST_BYTES {
        return Err(refused());
    }
    let text = script::hemispheres(found.trim());
    let text = text.trim();
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    let (units, negative) = match letters.as_slice() {
        [] => {
            // Alone, a comma can only part the decimals.
            let point = if text.matches(',').count() == 1 { text.replace(',', ".") } else { text.to_owned() };
            match angle::signed(&point) {
                Some(read) => read,
                None => {
                    let unsigned = point.trim_start_matches(['-', '+']);
                    let marked = unsigned.contains(['°', 'º', '\'', '′', '"', '″', ':', ' ']);
                    let units = angle::sexagesimal(unsigned, axis).filter(|_| marked).ok_or_else(refused)?;
                    (units, point.starts_with('-'))
                }
            }
        }
        [letter] => {
            let (known, negative) = Axis::of(*letter).ok_or_else(refused)?;
            let digits = text.trim_start_matches(*letter).trim_end_matches(*letter).trim();
            if known != axis || digits.contains(*letter) {
                return Err(refused());
            }
            (angle::sexagesimal(digits, axis).ok_or_else(refused)?, negative)
        }
        _ => return Err(refused()),
    };
    axis.bounded(units, negative).ok_or_else(refused)
}

/// Decimal degrees, latitude first.
fn decimal_pair(text: &str, found: &str) -> Result<Position, Reason> {
    let refused = || Reason::position(EXPECTED, found);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ';').filter(|w| !w.is_empty()).collect();
    let comma = |word: &&str| word.trim_matches(',').matches(',').count() == 1 && !word.contains('.');
    let parts: Vec<String> = match (words.as_slice(), text.split_once(',')) {
        // Two numbers with a comma each: decimals are parted by it, as in half of the world.
        ([one, two], _) if comma(one) && comma(two) && !two.ends_with(',') => {
            vec![one.trim_end_matches(',').replace(',', "."), two.replace(',', ".")]
        }
        (_, Some((lat, lon))) => vec![lat.trim().to_owned(), lon.trim().to_owned()],
        (words, None) if !text.contains(';') => words.iter().map(|word| (*word).to_owned()).collect(),
        _ => return Err(refused()),
    };
    let [lat, lon] = parts.as_slice() else { return Err(refused()) };
    let (Some(lat), Some(lon)) = (angle::signed(lat), angle::signed(lon)) else { return Err(refused()) };
    if lat.0 > Axis::Latitude.most() && lat.0 <= Axis::Longitude.most() && lon.0 <= Axis::Latitude.most() {
        let expected = "the latitude first, within ±90 degrees (are the two swapped?)";
        return Err(Reason::position(expected, found));
    }
    let bounded = |axis: Axis, (units, negative)| {
        axis.bounded(units, negative).ok_or_else(|| Reason::position(axis.expected(), found))
    };
    Ok(Position { lat: bounded(Axis::Latitude, lat)?, lon: bounded(Axis::Longitude, lon)? })
}

/// Two angles that each carry the letter of their hemisphere, before or behind.
fn hemispheres(text: &str, found: &str) -> Result<Position, Reason> {
    let none = || Reason::position(EXPECTED, found);
    let letters: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| Axis::of(*c).is_some()).collect();
    let [(first, one), (second, other)] = letters.as_slice() else { return Err(none()) };
    let before = text.get(..*first).ok_or_else(none)?;
    let between = text.get(first + one.len_utf8()..*second).ok_or_else(none)?;
    let behind = text.get(second + other.len_utf8()..).ok_or_else(none)?;
    let blank = |text: &str| text.trim().trim_matches([',', ';']).trim().is_empty();
    let angles = if blank(behind) {
        [(before, *one), (between.trim().trim_start_matches([',', ';']), *other)]
    } else if blank(before) {
        [(between.trim().trim_end_matches([',', ';']), *one), (behind, *other)]
    } else {
        return Err(none());
    };
    let (mut lat, mut lon) = (None, None);
    for (text, letter) in angles {
        let Some((axis, negative)) = Axis::of(letter) else { return Err(none()) };
        let units = angle::sexagesimal(text.trim(), axis).ok_or_else(none)?;
        let bounded = axis.bounded(units, negative);
        let bounded = bounded.ok_or_else(|| Reason::position(axis.expected(), found))?;
        let place = if axis == Axis::Latitude { &mut lat } else { &mut lon };
        if place.replace(bounded).is_some() {
            let expected = "a latitude (N or S) and a longitude (E or W), and not two of one";
            return Err(Reason::position(expected, found));
        }
    }
    match (lat, lon) {
        (Some(lat), Some(lon)) => Ok(Position { lat, lon }),
        _ => Err(none()),
    }
}

/// The zone and band at the beginning of a grid's name, and what follows.
fn zoned(text: &str) -> Option<(u8, char, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (zone, rest) = text.split_at_checked(digits).filter(|_| (1..=2).contains(&digits))?;
    let rest = rest.trim_start();
    let band = rest.chars().next().filter(char::is_ascii_alphabetic)?;
    Some((zone.parse().ok()?, band.to_ascii_uppercase(), rest.get(1..)?))
}

fn is_zone(zone: u8, band: char) -> bool {
    (1..=60).contains(&zone) && matches!(band, 'C'..='H' | 'J'..='N' | 'P'..='X')
}

/// The square that is named, if the text is shaped as the name of one.
fn mgrs(text: &str) -> Option<Result<Square, &'static str>> {
    let polar = text.split_at_checked(3).is_some_and(|(letters, digits)| {
        let plain = |c: char| c.is_ascii_digit() || c.is_whitespace();
        let abyz = letters.starts_with(['A', 'B', 'Y', 'Z', 'a', 'b', 'y', 'z']);
        abyz && letters.bytes().all(|b| b.is_ascii_alphabetic()) && digits.chars().all(plain)
    });
    if polar {
        return Some(Err(
            "a position between 80° S and 84° N, or in degrees: the polar grid (UPS) is not read",
        ));
    }
    let (zone, band, rest) = zoned(text)?;
    let rest = rest.trim_start();
    let (letters, digits) = rest.split_at_checked(2)?;
    let mut pair = letters.chars().map(|c| c.to_ascii_uppercase());
    let (column, row) = (pair.next()?, pair.next()?);
    let digits = digits.trim();
    let shaped = column.is_ascii_alphabetic()
        && row.is_ascii_alphabetic()
        && digits.chars().all(|c| c.is_ascii_digit() || c.is_whitespace());
    if !shaped {
        return None;
    }
    let halves: Vec<&str> = digits.split_whitespace().collect();
    let (east, north) = match halves.as_slice() {
        [digits] if digits.len() % 2 == 0 => digits.split_at_checked(digits.len() / 2)?,
        [east, north] if east.len() == north.len() => (*east, *north),
        _ => return Some(Err("as many digits east as north in the square")),
    };
    if !is_zone(zone, band) {
        return Some(Err("a zone of 1 to 60 and a band of C to X, without I and O"));
    }
    let side = match east.len() {
        2 => 1_000.0,
        3 => 100.0,
        4 => 10.0,
        5 => 1.0,
        _ => return Some(Err("4, 6, 8 or 10 digits: a square of at most 1 km")),
    };
    let metres = |digits: &str| digits.parse::<f64>().ok().map(|count| count * side);
    Some(Ok(Square { zone, band, column, row, east: metres(east)?, north: metres(north)?, side }))
}

/// The place that is named, if the text is shaped as a place of the UTM grid.
fn utm(text: &str) -> Option<Utm> {
    let (zone, band, rest) = zoned(text)?;
    let mut words = rest.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let (east, north) = (words.next()?, words.next()?);
    let metres = |word: &str, letter: char, widths: std::ops::RangeInclusive<usize>| {
        let digits = word.to_ascii_uppercase();
        let digits = digits.strip_suffix(letter).unwrap_or(&digits);
        let digits = digits.strip_suffix('M').unwrap_or(digits);
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let shaped = widths.contains(&whole.len()) && plain(whole) && plain(decimals) && decimals.len() <= 6;
        digits.parse::<f64>().ok().filter(|_| shaped)
    };
    let (easting, northing) = (metres(east, 'E', 6..=6)?, metres(north, 'N', 1..=8)?);
    let ends = words.next().is_none() && rest.starts_with([' ', ',']);
    (ends && is_zone(zone, band)).then_some(Utm { zone, band, easting, northing })
}

/// In decimal degrees, latitude first, exact: `35.1234000, 40.5678000`.
pub fn decimal(position: Position) -> String {
    format!("{}, {}", angle::decimal(position.lat), angle::decimal(position.lon))
}

/// In degrees, minutes and seconds to the thousandth (3 cm): `35°07'24.240"N 040°34'04.080"E`.
pub fn sexagesimal(position: Position) -> String {
    let one = |axis: Axis, units: i32| {
        // 1e-7 degrees are 0.36 thousandths of a second.
        let thousandths = (u64::from(units.unsigned_abs()) * 36 + 50) / 100;
        let (seconds, rest) = (thousandths / 1_000, thousandths % 1_000);
        let (degrees, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let (letter, width) = (angle::hemisphere(axis, units), angle::width(axis));
        format!("{degrees:0width$}°{minutes:02}'{seconds:02}.{rest:03}\"{letter}")
    };
    format!("{} {}", one(Axis::Latitude, position.lat), one(Axis::Longitude, position.lon))
}

/// In degrees and minutes to 1e-5 (2 cm): `35°07.40400'N 040°34.06800'E`.
pub fn minutes(position: Position) -> String {
    let one = |axis: Axis, units: i32| {
        // 1e-7 degrees are 0.6 of 1e-5 minutes.
        let parts = (u64::from(units.unsigned_abs()) * 6 + 5) / 10;
        let (minutes, rest) = (parts / 100_000, parts % 100_000);
        let (degrees, minutes) = (minutes / 60, minutes % 60);
        let (letter, width) = (angle::hemisphere(axis, units), angle::width(axis));
        format!("{degrees:0width$}°{minutes:02}.{rest:05}'{letter}")
    };
    format!("{} {}", one(Axis::Latitude, position.lat), one(Axis::Longitude, position.lon))
}

/// On the UTM grid, to 0.01 m: `37S 332269.94 4007977.95`; none where it ends, at 80° S and 84° N.
pub fn utm_text(position: Position) -> Option<String> {
    let Utm { zone, band, easting, northing } = grid::utm(position)?;
    Some(format!("{zone:02}{band} {easting:.2} {northing:.2}"))
}

/// The 1 m square of the military grid: `37S CA 32269 07977`; none where it ends, at 80° S and 84° N.
pub fn mgrs_text(position: Position) -> Option<String> {
    grid::mgrs(position)
}
