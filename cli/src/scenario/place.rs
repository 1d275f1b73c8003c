//! Where and when something is, as a scenario says it: a position, and a volume of airspace.
//!
//! A circle is said as a circle: the station that writes it covers it (spec/airspace.md §8). Nothing here rounds or
//! draws one; kilometres between two positions are for showing only.

use serde_json::{Map, Value as Json, json};

use super::document::{Table, Value, hint_for};
use super::time;

/// The mean radius of the earth, km.
const EARTH_KM: f64 = 6_371.0;
/// Most corners of an area.
const MAX_CORNERS: usize = 256;
/// Most waypoints of a movement.
const MAX_WAYPOINTS: usize = 65;
/// The datums of an altitude (spec/airspace.md §3).
const DATUMS: [(&str, &str); 3] = [("AMSL", "AMSL"), ("WGS84", "WGS84"), ("AGL", "AGL")];

/// A position in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// North positive.
    pub(crate) latitude: f64,
    /// East positive.
    pub(crate) longitude: f64,
}

impl Place {
    /// Kilometres along the great circle, for showing only: nothing on a line is decided by it.
    pub(crate) fn km_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let east = (other.longitude - self.longitude).to_radians();
        let chord = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (east / 2.0).sin().powi(2);
        2.0 * EARTH_KM * chord.sqrt().min(1.0).asin()
    }
}

impl From<Place> for Json {
    fn from(place: Place) -> Self {
        json!([place.latitude, place.longitude])
    }
}

/// Degrees to the seven decimals that an entry holds.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// A position written `[latitude, longitude]`.
pub(super) fn place(value: &Value<'_, '_>) -> Option<Place> {
    let numbers: Vec<f64> = value.list()?.iter().filter_map(Value::number).collect();
    match numbers.as_slice() {
        [latitude, longitude]
            if (-90.0..=90.0).contains(latitude) && (-180.0..=180.0).contains(longitude) =>
        {
            Some(Place { latitude: rounded(*latitude), longitude: rounded(*longitude) })
        }
        _ => {
            value.refuse("a position: [latitude, longitude] in degrees", hint_for("", &[]));
            None
        }
    }
}

/// A radius in km, as the metres that a station takes.
pub(super) fn metres(value: &Value<'_, '_>) -> Option<f64> {
    let km = value.number()?;
    if !(0.001..=500.0).contains(&km) {
        value.refuse("0.001 to 500 km", None);
        return None;
    }
    Some((km * 1_000_000.0).round() / 1_000.0)
}

fn put(fields: &mut Map<String, Json>, name: &str, value: Option<impl Into<Json>>) {
    fields.extend(value.map(|value| (name.to_owned(), value.into())));
}

/// A volume as spec/api.md takes one, from `circle` or `area`, `lowest`, `highest`, `datum`, `from` and `until`; and
/// its middle, for the screen. `None` where it left a fault.
pub(super) fn volume(table: &Table<'_, '_>) -> Option<(Map<String, Json>, Place)> {
    let mut fields = Map::new();
    let middle = area(table, &mut fields);
    let (from_ms, until_ms) = window(table);
    put(&mut fields, "from_ms", from_ms);
    put(&mut fields, "until_ms", until_ms);
    heights(table, &mut fields);
    middle.map(|middle| (fields, middle))
}

/// A movement as spec/api.md takes one, from `way`, `km`, `lowest`, `highest` and `datum`; and the middle of its way, for
/// the screen. `None` where it left a fault.
pub(super) fn way(value: &Value<'_, '_>, table: &Table<'_, '_>) -> Option<(Map<String, Json>, Place)> {
    let items = value.list()?;
    let passed: Vec<(Place, u64)> = items
        .iter()
        .filter_map(|item| {
            let table = item.table("a waypoint")?;
            let position = table.needed("position").and_then(|value| place(&value));
            let at_ms = table.needed("at").and_then(|value| value.instant());
            table.close();
            position.zip(at_ms)
        })
        .collect();
    if !(2..=MAX_WAYPOINTS).contains(&items.len()) {
        value.refuse("2 to 65 waypoints", None);
    }
    if !passed.is_sorted_by_key(|(_, at_ms)| *at_ms) {
        value.refuse("waypoints in the order of their times", None);
    }
    let waypoint = |(position, at_ms): &(Place, u64)| json!({"position": Json::from(*position), "from_ms": at_ms, "until_ms": at_ms});
    let mut fields = Map::new();
    fields.insert("waypoints".to_owned(), passed.iter().map(waypoint).collect());
    // When it begins and ends, for the screen.
    let (from_ms, until_ms) = (passed.first()?.1, passed.last()?.1);
    put(&mut fields, "from_ms", Some(from_ms));
    put(&mut fields, "until_ms", Some(until_ms));
    put(&mut fields, "half_width_m", table.value("km").and_then(|value| metres(&value)));
    heights(table, &mut fields);
    let places: Vec<Place> = passed.iter().map(|(position, _)| *position).collect();
    middle(&places).map(|middle| (fields, middle))
}

/// `lowest`, `highest` and `datum`, into the fields of a volume.
fn heights(table: &Table<'_, '_>, fields: &mut Map<String, Json>) {
    let metres = |key| table.value(key).and_then(|value| Some((value.number()?, value)));
    let (lowest, highest) = (metres("lowest"), metres("highest"));
    if let (Some((lowest, _)), Some((highest, value))) = (&lowest, &highest)
        && highest < lowest
    {
        value.refuse(&format!("a height not below {lowest} m"), None);
    }
    put(fields, "lowest_m", lowest.map(|(metres, _)| metres));
    put(fields, "highest_m", highest.map(|(metres, _)| metres));
    put(fields, "datum", table.value("datum").and_then(|value| value.one_of(&DATUMS)));
}

/// `from` and `until`, in order.
pub(super) fn window(table: &Table<'_, '_>) -> (Option<u64>, Option<u64>) {
    let from_ms = table.needed("from").and_then(|value| value.instant());
    let until = table.needed("until");
    let until_ms = until.as_ref().and_then(Value::instant);
    if let (Some(from_ms), Some(until_ms), Some(until)) = (from_ms, until_ms, &until)
        && until_ms < from_ms
    {
        until.refuse(&format!("a time not before {}", time::dtg(from_ms)), None);
    }
    (from_ms, until_ms)
}

/// `area` or `circle`, into the fields of a volume; gives its middle.
fn area(table: &Table<'_, '_>, fields: &mut Map<String, Json>) -> Option<Place> {
    match (table.value("area"), table.value("circle")) {
        (Some(area), None) => {
            let items = area.list().unwrap_or_default();
            let corners: Vec<Place> = items.iter().filter_map(place).collect();
            if corners.len() == items.len() && !(3..=MAX_CORNERS).contains(&corners.len()) {
                area.refuse("3 to 256 corners", None);
            }
            let middle = middle(&corners);
            fields.insert("area".to_owned(), corners.into_iter().map(Json::from).collect());
            middle
        }
        (None, Some(circle)) => {
            let table = circle.table("`circle`")?;
            let centre = table.needed("centre").and_then(|value| place(&value));
            let radius_m = table.needed("km").and_then(|value| metres(&value));
            table.close();
            let (centre, radius_m) = (centre?, radius_m?);
            let circle = json!({"centre": Json::from(centre), "radius_m": radius_m});
            fields.insert("circle".to_owned(), circle);
            Some(centre)
        }
        (Some(_), Some(circle)) => {
            circle.refuse("either `area` or `circle`", None);
            None
        }
        (None, None) => {
            table.fault("a volume lacks `area` or `circle`".to_owned(), None);
            None
        }
    }
}

/// The mean of an area's corners.
fn middle(corners: &[Place]) -> Option<Place> {
    let count = corners.len() as f64;
    (!corners.is_empty()).then(|| Place {
        latitude: corners.iter().map(|corner| corner.latitude).sum::<f64>() / count,
        longitude: corners.iter().map(|corner| corner.longitude).sum::<f64>() / count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_about_111_km() {
        let a = Place { latitude: 35.0, longitude: 40.0 };
        let b = Place { latitude: 36.0, longitude: 40.0 };
        assert!((a.km_to(b) - 111.19).abs() < 0.05, "{}", a.km_to(b));
        assert_eq!(a.km_to(a), 0.0);
    }

    #[test]
    fn the_middle_of_a_square_is_its_middle() {
        let corner = |latitude, longitude| Place { latitude, longitude };
        let square = [corner(35.0, 40.0), corner(35.0, 41.0), corner(36.0, 41.0), corner(36.0, 40.0)];
        assert_eq!(middle(&square), Some(corner(35.5, 40.5)));
        assert_eq!(middle(&[]), None);
    }
}
