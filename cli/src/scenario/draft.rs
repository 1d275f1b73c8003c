//! What a step says on the line: the draft of an entry as spec/api.md takes it, and what the screen needs
//! beside it.
//!
//! References are to steps, by their `id`: the entry that a step became is known only when it is played.

use serde_json::{Map, Value as Json, json};

use super::document::{Table, Value, hint_for};
use super::step::Reader;
use super::terms::PRECEDENCES;
use super::time;

/// A kilometre on the mean sphere, in degrees of latitude.
const DEGREES_A_KM: f64 = 1.0 / 111.195;
/// The mean radius of the earth, km.
const EARTH_KM: f64 = 6_371.0;
/// Most corners of an area (spec/line.md §4.1).
const MAX_CORNERS: usize = 256;

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

    fn json(self) -> Json {
        json!([self.latitude, self.longitude])
    }
}

/// Degrees to the seven decimals that an entry holds.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// An entry to be appended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// The kind as spec/api.md names it.
    pub(crate) kind: &'static str,
    /// The class, where the author has the choice.
    pub(crate) precedence: Option<char>,
    /// The steps whose entries it regards.
    pub(crate) regards: Vec<String>,
    /// What else the draft holds, under the names of spec/api.md.
    pub(crate) fields: Map<String, Json>,
    /// What it says, for the screen.
    pub(crate) text: Option<String>,
    /// The position that it says: the middle of an area, a read-back's, a cease's.
    pub(crate) said: Option<Place>,
    /// The position that its author meant; never on the line.
    pub(crate) meant: Option<Place>,
}

impl Draft {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            precedence: None,
            regards: Vec::new(),
            fields: Map::new(),
            text: None,
            said: None,
            meant: None,
        }
    }

    fn put(&mut self, name: &str, value: impl Into<Json>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    fn say(&mut self, field: &str, text: Option<String>) {
        if let Some(text) = text {
            self.put(field, text.clone());
            self.text = Some(text);
        }
    }
}

/// The words of `do` that append an entry, and the kind that each one appends.
pub(super) const SAYINGS: [(&str, &str); 15] = [
    ("message", "message"),
    ("notice", "notice"),
    ("amend", "amendment"),
    ("withdraw", "withdrawal"),
    ("acknowledge", "acknowledgement"),
    ("read-back", "read-back"),
    ("passed-on", "passed-on"),
    ("displayed", "displayed"),
    ("cease", "cease"),
    ("duty", "duty"),
    ("suspend", "suspends"),
    ("resume", "resumes"),
    ("propose-reopening", "motion"),
    ("agree", "vote"),
    ("disagree", "vote"),
];

/// Reads the draft of a step whose `do` is one of [`SAYINGS`].
pub(super) fn draft(
    word: &str,
    kind: &'static str,
    table: &Table<'_, '_>,
    reader: &Reader<'_>,
    at_ms: u64,
) -> Option<Draft> {
    let mut draft = Draft::new(kind);
    let text = || table.value("text").and_then(|value| value.text());
    let needed_text = || table.needed("text").and_then(|value| value.text());
    match word {
        "message" => {
            draft.precedence = precedence(table, 'R');
            draft.say("text", needed_text());
            if let Some(flag) = table.value("safety-of-life").and_then(|value| value.flag()) {
                draft.put("safety_of_life", flag);
            }
            if let Some(by_ms) = table.value("reply-by").and_then(|value| value.instant()) {
                draft.put("reply_by_ms", by_ms);
            }
            if let Some(subject) = table.value("answers").and_then(|value| reader.earlier(&value)) {
                draft.regards.push(subject);
                draft.put("answers", true);
            }
            let regards = table.value("regards").and_then(|value| value.list()).unwrap_or_default();
            draft.regards.extend(regards.iter().filter_map(|value| reader.earlier(value)));
        }
        "notice" => {
            draft.precedence = precedence(table, 'P');
            let notice = notice(&mut draft, table, reader);
            draft.put("notice", notice);
        }
        "amend" => {
            draft.regards.extend(of(table, reader));
            if table.value("notice").is_some() {
                let notice = notice(&mut draft, table, reader);
                draft.put("notice", notice);
            } else {
                draft.say("text", needed_text());
            }
        }
        "withdraw" => {
            draft.regards.extend(of(table, reader));
            draft.say("reason", table.value("reason").and_then(|value| value.text()));
        }
        "acknowledge" => {
            draft.regards.extend(of(table, reader));
            draft.say("text", text());
        }
        "read-back" => {
            draft.regards.extend(of(table, reader));
            draft.say("text", needed_text());
            draft.said = table.value("position").and_then(|value| place(&value));
            draft.meant = table.value("meant").and_then(|value| place(&value));
            if let Some(said) = draft.said {
                draft.put("position", said.json());
            }
        }
        "passed-on" => {
            draft.regards.extend(of(table, reader));
            draft.say("to", table.needed("to").and_then(|value| value.text()));
        }
        "displayed" => draft.regards.extend(of(table, reader)),
        "cease" => {
            draft.said = table.needed("position").and_then(|value| place(&value));
            draft.put("position", draft.said?.json());
            draft.say("text", text());
        }
        "duty" => {
            let states = [("off", "off"), ("on", "on"), ("handover", "handover")];
            let state = table.needed("state").and_then(|value| value.one_of(&states))?;
            draft.put("state", state);
            if state == "handover" {
                draft.put("to", table.needed("to").and_then(|value| value.text())?);
            }
            draft.text = text();
        }
        "suspend" => {
            let effective_ms = table.value("effective").and_then(|value| value.instant()).unwrap_or(at_ms);
            draft.put("effective_ms", effective_ms);
            let scope = table.value("scope").and_then(|value| value.list()).unwrap_or_default();
            draft.put("scope", scope.iter().filter_map(Value::text).collect::<Vec<String>>());
            draft.say("reason", table.needed("reason").and_then(|value| value.text()));
        }
        "resume" => {
            let effective_ms = table.value("effective").and_then(|value| value.instant()).unwrap_or(at_ms);
            draft.put("effective_ms", effective_ms);
        }
        "propose-reopening" => {
            draft.say("text", needed_text());
            draft.put("closes_ms", table.needed("closes").and_then(|value| value.instant())?);
        }
        "agree" | "disagree" => {
            draft.put("choice", if word == "agree" { "for" } else { "against" });
            draft.say("text", text());
        }
        _ => return None,
    }
    if let Some(office) = table.value("office").and_then(|value| value.text()) {
        draft.put("office", office);
    }
    if let Some(language) = table.value("language").and_then(|value| value.text()) {
        draft.put("language", language);
    }
    Some(draft)
}

fn precedence(table: &Table<'_, '_>, usual: char) -> Option<char> {
    table.value("precedence").map_or(Some(usual), |value| value.one_of(&PRECEDENCES))
}

/// The step that this one is about.
fn of(table: &Table<'_, '_>, reader: &Reader<'_>) -> Option<String> {
    table.needed("of").and_then(|value| reader.earlier(&value))
}

/// The fields of a notice; what it says and where goes to the draft for the screen.
fn notice(draft: &mut Draft, table: &Table<'_, '_>, reader: &Reader<'_>) -> Map<String, Json> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let kind = table.needed("notice").and_then(|value| reader.notice_kind(&value));
    put("notice_kind", kind.map(Json::from));
    draft.text = table.needed("text").and_then(|value| value.text());
    put("text", draft.text.clone().map(Json::from));
    let from_ms = table.needed("from").and_then(|value| value.instant());
    put("from_ms", from_ms.map(Json::from));
    let until = table.needed("until");
    let until_ms = until.as_ref().and_then(Value::instant);
    if let (Some(from_ms), Some(until_ms), Some(until)) = (from_ms, until_ms, &until)
        && until_ms < from_ms
    {
        until.refuse(&format!("a time not before {}", time::dtg(from_ms)), None);
    }
    put("until_ms", until_ms.map(Json::from));
    let corners = area(table);
    draft.said = middle(&corners);
    draft.meant = table.value("meant").and_then(|value| place(&value));
    put("area", Some(corners.into_iter().map(Place::json).collect()));
    put("lowest_m", table.value("lowest").and_then(|value| value.number()).map(Json::from));
    put("highest_m", table.value("highest").and_then(|value| value.number()).map(Json::from));
    put("forces", table.value("forces").and_then(|value| value.text()).map(Json::from));
    put("emergency", table.value("emergency").and_then(|value| value.flag()).map(Json::from));
    // As the label says, a notice is amended whole; what it regards is the amendment's.
    fields
}

/// The corners of `area`, or of the polygon that stands for `circle`.
fn area(table: &Table<'_, '_>) -> Vec<Place> {
    match (table.value("area"), table.value("circle")) {
        (Some(area), None) => {
            let items = area.list().unwrap_or_default();
            let corners: Vec<Place> = items.iter().filter_map(place).collect();
            if corners.len() == items.len() && !(3..=MAX_CORNERS).contains(&corners.len()) {
                area.refuse("3 to 256 corners", None);
            }
            corners
        }
        (None, Some(circle)) => {
            let corners = circle.table("`circle`").and_then(|table| {
                let centre = table.needed("centre").and_then(|value| place(&value));
                let radius_km = table.needed("km").and_then(|value| value.number());
                let corners = table.value("corners").map_or(Some(24), |value| value.whole());
                table.close();
                Some((centre?, radius_km?, corners?))
            });
            let Some((centre, radius_km, count)) = corners else { return Vec::new() };
            if !(3..=MAX_CORNERS as u64).contains(&count) || !(0.0..=1_000.0).contains(&radius_km) {
                circle.refuse("3 to 256 corners and a radius of at most 1000 km", None);
                return Vec::new();
            }
            polygon(centre, radius_km, count)
        }
        (Some(_), Some(circle)) => {
            circle.refuse("either `area` or `circle`", None);
            Vec::new()
        }
        (None, None) => {
            table.fault("a notice lacks `area` or `circle`".to_owned(), None);
            Vec::new()
        }
    }
}

/// Corners on a circle, the first one to the north.
fn polygon(centre: Place, radius_km: f64, count: u64) -> Vec<Place> {
    let degrees = radius_km * DEGREES_A_KM;
    let narrowing = centre.latitude.to_radians().cos().max(0.01);
    (0..count)
        .map(|corner| {
            let angle = std::f64::consts::TAU * corner as f64 / count as f64;
            Place {
                latitude: rounded((centre.latitude + degrees * angle.cos()).clamp(-90.0, 90.0)),
                longitude: rounded(
                    (centre.longitude + degrees * angle.sin() / narrowing).clamp(-180.0, 180.0),
                ),
            }
        })
        .collect()
}

/// The mean of an area's corners.
fn middle(corners: &[Place]) -> Option<Place> {
    let count = corners.len() as f64;
    (!corners.is_empty()).then(|| Place {
        latitude: corners.iter().map(|corner| corner.latitude).sum::<f64>() / count,
        longitude: corners.iter().map(|corner| corner.longitude).sum::<f64>() / count,
    })
}

/// A position written `[latitude, longitude]`.
fn place(value: &Value<'_, '_>) -> Option<Place> {
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
    fn the_corners_of_a_circle_are_on_it_and_its_middle_is_the_centre() {
        let centre = Place { latitude: 33.5, longitude: 38.6 };
        let corners = polygon(centre, 55.0, 24);
        assert_eq!(corners.len(), 24);
        for corner in &corners {
            assert!((centre.km_to(*corner) - 55.0).abs() < 0.5, "{}", centre.km_to(*corner));
        }
        assert!(middle(&corners).unwrap().km_to(centre) < 0.1);
    }
}
