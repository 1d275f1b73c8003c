//! Angles as people type them, in whole 1e-7 degrees: decimal, or degrees, minutes and seconds.
//!
//! Nothing here goes through floating point, so what was typed is what is held (spec/exchange.md §2).

/// 1e-7 degrees in a degree.
pub(crate) const DEGREE: u64 = 10_000_000;

/// Which way an angle is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    Latitude,
    Longitude,
}

impl Axis {
    /// The most that it goes to, 1e-7 degrees.
    pub(crate) fn most(self) -> u64 {
        match self {
            Self::Latitude => 90 * DEGREE,
            Self::Longitude => 180 * DEGREE,
        }
    }

    /// The axis of a hemisphere, and whether its angles count as negative.
    pub(crate) fn of(letter: char) -> Option<(Self, bool)> {
        match letter.to_ascii_uppercase() {
            'N' => Some((Self::Latitude, false)),
            'S' => Some((Self::Latitude, true)),
            'E' => Some((Self::Longitude, false)),
            'W' => Some((Self::Longitude, true)),
            _ => None,
        }
    }

    /// What is expected of an angle.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Latitude => "a latitude within ±90 degrees",
            Self::Longitude => "a longitude within ±180 degrees",
        }
    }

    /// An angle within its range, signed.
    pub(crate) fn bounded(self, units: u64, negative: bool) -> Option<i32> {
        let units = i32::try_from(units).ok().filter(|_| units <= self.most())?;
        Some(if negative { -units } else { units })
    }
}

/// A number with decimals as 1e-7 parts, rounded to the nearest; `None` if it is anything but digits and a point.
pub(crate) fn fixed(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // More than sixteen decimals are not of a position.
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

/// A signed decimal angle in 1e-7 degrees, and whether it is negative.
pub(crate) fn signed(text: &str) -> Option<(u64, bool)> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    Some((fixed(digits.trim_end_matches(['°', 'º']))?, text.starts_with('-')))
}

/// An angle without its letter, in 1e-7 degrees: degrees, minutes and seconds, the last of them with decimals.
pub(crate) fn sexagesimal(text: &str, axis: Axis) -> Option<u64> {
    let sign = |c: char| {
        matches!(c, '°' | 'º' | '\'' | '′' | '’' | '‘' | '"' | '″' | '”' | '“' | ':') || c.is_whitespace()
    };
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

/// In decimal degrees, exact: `-35.1234567`.
pub(crate) fn decimal(units: i32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let units = u64::from(units.unsigned_abs());
    format!("{sign}{}.{:07}", units / DEGREE, units % DEGREE)
}

/// The letter of an angle's hemisphere.
pub(crate) fn hemisphere(axis: Axis, units: i32) -> char {
    match (axis, units < 0) {
        (Axis::Latitude, false) => 'N',
        (Axis::Latitude, true) => 'S',
        (Axis::Longitude, false) => 'E',
        (Axis::Longitude, true) => 'W',
    }
}

/// How many digits the degrees of an axis are written with.
pub(crate) fn width(axis: Axis) -> usize {
    if axis == Axis::Latitude { 2 } else { 3 }
}
