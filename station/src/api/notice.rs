//! Notices as people and programs write them (spec/api.md, "Notice"), to and from those that travel.

use std::collections::BTreeMap;

use detente_line::airspace::altitude::{Band, Datum, Ground, Limit};
use detente_line::airspace::area::Area;
use detente_line::airspace::cover::{self, Shape, TOLERANCE_PPM};
use detente_line::airspace::position::Position;
use detente_line::airspace::span::Span;
use detente_line::airspace::volume::Volume;
use detente_line::notice::{Field, Form, Value as Said, Waypoint};
use detente_line::{Memorandum, Notice, NoticeKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Refused;

/// A notice, as it is asked for: whole volumes, or one volume said at the top.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedNotice {
    notice_kind: Option<String>,
    text: Option<String>,
    volumes: Option<Vec<AskedVolume>>,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
    area: Option<Vec<[f64; 2]>>,
    circle: Option<AskedCircle>,
    lowest_m: Option<f64>,
    highest_m: Option<f64>,
    datum: Option<String>,
    ground_m: Option<[f64; 2]>,
    forces: Option<String>,
    emergency: Option<bool>,
    fields: Option<Map<String, Value>>,
    waypoints: Option<Vec<AskedWaypoint>>,
    half_width_m: Option<f64>,
}

/// A volume, as it is asked for: one of `area`, `circle`, `leg`.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedVolume {
    area: Option<Vec<[f64; 2]>>,
    #[serde(default)]
    holes: Vec<Vec<[f64; 2]>>,
    circle: Option<AskedCircle>,
    leg: Option<AskedLeg>,
    lowest_m: Option<f64>,
    highest_m: Option<f64>,
    datum: Option<String>,
    ground_m: Option<[f64; 2]>,
    pub(super) from_ms: Option<u64>,
    until_ms: Option<u64>,
}

#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedCircle {
    centre: [f64; 2],
    radius_m: f64,
}

#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedLeg {
    from: [f64; 2],
    to: [f64; 2],
    half_width_m: f64,
}

#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedWaypoint {
    position: [f64; 2],
    from_ms: u64,
    until_ms: u64,
}

/// What the airspace refused.
fn refused(what: &str, fault: &detente_line::airspace::fault::Fault) -> Refused {
    Refused::misuse(what, "what spec/airspace.md allows", format!("{}: {fault}", fault.name()))
        .hinted("correct the place that is named; corners and edges count from 0")
}

/// Degrees to 1e-7 degrees.
pub(super) fn position([lat, lon]: [f64; 2]) -> Result<Position, Refused> {
    let within = |degrees: f64, most: f64| degrees.is_finite() && degrees.abs() <= most;
    if !within(lat, 90.0) || !within(lon, 180.0) {
        let expected = "[latitude, longitude] within ±90 and ±180 degrees";
        return Err(Refused::misuse("position", expected, format!("[{lat}, {lon}]")));
    }
    let units = |degrees: f64| (degrees * 1e7).round() as i32;
    Ok(Position { lat: units(lat), lon: units(lon) })
}

/// Metres to mm.
fn length(what: &str, metres: f64) -> Result<u32, Refused> {
    let mm = (metres * 1000.0).round();
    if mm.is_finite() && (0.0..=f64::from(u32::MAX)).contains(&mm) {
        Ok(mm as u32)
    } else {
        Err(Refused::misuse(what, "metres, 1 to 500,000", metres.to_string()))
    }
}

/// Metres to a limit in mm.
fn height(metres: Option<f64>) -> Result<Option<i32>, Refused> {
    metres
        .map(|metres| {
            let mm = (metres * 1000.0).round();
            if mm.is_finite() && mm.abs() <= 2e9 {
                Ok(mm as i32)
            } else {
                Err(Refused::misuse("altitude", "metres, within ±2,000,000", metres.to_string()))
            }
        })
        .transpose()
}

/// The datum of a name; above the sea where none is given.
fn datum(name: Option<&str>) -> Result<Datum, Refused> {
    match name.map(str::to_ascii_uppercase).as_deref() {
        None | Some("AMSL") => Ok(Datum::Amsl),
        Some("WGS84") => Ok(Datum::Wgs84),
        Some("AGL") => Ok(Datum::Agl),
        Some(_) => Err(Refused::misuse("datum", "WGS84, AMSL or AGL", name.unwrap_or_default())),
    }
}

pub(super) fn datum_text(datum: Datum) -> &'static str {
    match datum {
        Datum::Wgs84 => "WGS84",
        Datum::Amsl => "AMSL",
        Datum::Agl => "AGL",
    }
}

/// Corners as people write them: either way around, and the first may be said again at the end.
fn corners(said: &[[f64; 2]]) -> Result<Vec<Position>, Refused> {
    let mut corners = said.iter().copied().map(position).collect::<Result<Vec<_>, _>>()?;
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    Ok(corners)
}

/// An area of a ring and holes, each either way around.
fn area(exterior: &[[f64; 2]], holes: &[Vec<[f64; 2]>]) -> Result<Area, Refused> {
    let mut rings = Vec::with_capacity(1 + holes.len());
    rings.push(corners(exterior)?);
    for hole in holes {
        rings.push(corners(hole)?);
    }
    // A ring that runs the wrong way is turned; each turn is of another ring.
    for _ in 0..=rings.len() {
        let (first, others) =
            rings.split_first().map(|(first, others)| (first.as_slice(), others)).unwrap_or_default();
        let others: Vec<&[Position]> = others.iter().map(Vec::as_slice).collect();
        match Area::new(first, &others) {
            Err(detente_line::airspace::fault::Fault::Orientation { ring }) => {
                if let Some(wrong) = rings.get_mut(ring) {
                    wrong.reverse();
                }
            }
            Ok(area) => return Ok(area),
            Err(fault) => return Err(refused("area", &fault)),
        }
    }
    Err(Refused::misuse("area", "rings that have an inside", "others"))
}

impl AskedVolume {
    /// The volume, with its cover and the room that its kind asks for at the least.
    pub(super) fn volume(&self, kind: &NoticeKind) -> Result<Volume, Refused> {
        let from_ms = self.from_ms.ok_or_else(|| Refused::misuse("from_ms", "when it begins", "none"))?;
        let span = match self.until_ms {
            Some(until_ms) => Span::new(from_ms, until_ms),
            None => Span::since(from_ms),
        };
        let span = span.map_err(|fault| refused("time", &fault))?;
        let datum = datum(self.datum.as_deref())?;
        let limit = |metres| height(metres).map(|mm| mm.map(|mm| Limit { mm, datum }));
        let ground = match self.ground_m {
            None => None,
            Some([lowest, highest]) => {
                let (lowest_mm, highest_mm) = (height(Some(lowest))?, height(Some(highest))?);
                lowest_mm.zip(highest_mm).map(|(lowest_mm, highest_mm)| Ground { lowest_mm, highest_mm })
            }
        };
        let band = Band::new(limit(self.lowest_m)?, limit(self.highest_m)?, ground);
        let band = band.map_err(|fault| refused("altitude", &fault))?;
        let place = match (&self.area, &self.circle, &self.leg) {
            (Some(corners), None, None) => area(corners, &self.holes)?.into(),
            (None, Some(circle), None) => {
                let (centre, radius_mm) = (position(circle.centre)?, length("radius", circle.radius_m)?);
                Shape::Circle { centre, radius_mm }.into()
            }
            (None, None, Some(leg)) => Shape::Leg {
                from: position(leg.from)?,
                to: position(leg.to)?,
                half_width_mm: length("half width", leg.half_width_m)?,
            }
            .into(),
            _ => return Err(Refused::misuse("volume", "one of area, circle, leg", "none, or several")),
        };
        kind.volume(place, band, span).map_err(|fault| refused("volume", &fault))
    }
}

impl AskedNotice {
    /// The notice of a kind of the memorandum.
    ///
    /// # Errors
    /// What of it is missing, or is no place, height or time.
    pub(super) fn notice(self, memorandum: &Memorandum) -> Result<Notice, Refused> {
        let wanted = |field: &str| Refused::misuse(field, "one for a notice", "none");
        let name = self.notice_kind.clone().ok_or_else(|| wanted("notice_kind"))?;
        let kind = kind_named(memorandum, &name)?;
        let text = self.text.clone().ok_or_else(|| wanted("text"))?;
        let waypoints = self.waypoints.iter().flatten().map(|passed| {
            let window = Span::new(passed.from_ms, passed.until_ms);
            let window = window.map_err(|fault| refused("waypoint", &fault))?;
            Ok(Waypoint { position: position(passed.position)?, window })
        });
        let waypoints: Vec<Waypoint> = waypoints.collect::<Result<_, Refused>>()?;
        let asked = match &self.volumes {
            Some(volumes) => volumes.iter().map(|volume| volume.volume(kind)).collect::<Result<_, _>>()?,
            None if !waypoints.is_empty() && (self.half_width_m.is_some() || self.is_nowhere()) => {
                self.legs(kind, &waypoints)?
            }
            None => vec![self.only().volume(kind)?],
        };
        let mut fields = fields(self.fields.unwrap_or_default())?;
        if let Some(forces) = self.forces {
            fields.insert(Field::Forces, Said::Text(forces));
        }
        let emergency = self.emergency.unwrap_or(false);
        Ok(Notice { kind: name, text, volumes: asked, fields, emergency, waypoints })
    }

    /// Whether no place is said at the top.
    fn is_nowhere(&self) -> bool {
        self.area.is_none() && self.circle.is_none()
    }

    /// The volume that is said at the top.
    fn only(&self) -> AskedVolume {
        AskedVolume {
            area: self.area.clone(),
            circle: self.circle.clone(),
            lowest_m: self.lowest_m,
            highest_m: self.highest_m,
            datum: self.datum.clone(),
            ground_m: self.ground_m,
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            ..AskedVolume::default()
        }
    }

    /// A volume a leg of a movement, from when its first waypoint can be passed to when its second one can.
    fn legs(&self, kind: &NoticeKind, waypoints: &[Waypoint]) -> Result<Vec<Volume>, Refused> {
        let half_width_m = self.half_width_m.unwrap_or(f64::from(kind.half_width_mm()) / 1e3);
        let degrees = |place: Position| [f64::from(place.lat) / 1e7, f64::from(place.lon) / 1e7];
        let legs = waypoints.iter().zip(waypoints.iter().skip(1)).map(|(from, to)| {
            let leg = AskedLeg { from: degrees(from.position), to: degrees(to.position), half_width_m };
            let stop = AskedCircle { centre: degrees(from.position), radius_m: half_width_m };
            let (leg, circle) = match from.position == to.position {
                true => (None, Some(stop)),
                false => (Some(leg), None),
            };
            let (from_ms, until_ms) = (Some(from.window.from_ms()), Some(to.window.until_ms()));
            AskedVolume { area: None, circle, leg, from_ms, until_ms, ..self.only() }.volume(kind)
        });
        legs.collect()
    }
}

/// Volumes that are no notice's: no kind asks for room around them.
pub(super) fn volumes(asked: &[AskedVolume]) -> Result<Vec<Volume>, Refused> {
    let kind = NoticeKind::new("", 0, None);
    asked.iter().map(|volume| volume.volume(&kind)).collect()
}

/// What is around a position, at all heights: the position alone, or all within a radius of it.
pub(super) fn around(
    place: Position,
    radius_m: Option<f64>,
    from_ms: u64,
    until_ms: u64,
) -> Result<Volume, Refused> {
    let area = match radius_m {
        None => Area::new(&[place], &[]),
        Some(radius_m) => cover::circle(place, length("radius", radius_m)?, TOLERANCE_PPM),
    };
    let span = Span::new(from_ms, until_ms);
    let area = area.map_err(|fault| refused("position", &fault))?;
    Ok(Volume::new(area, Band::ALL, span.map_err(|fault| refused("time", &fault))?))
}

/// The kind of notice of a name.
pub(crate) fn kind_named<'m>(memorandum: &'m Memorandum, name: &str) -> Result<&'m NoticeKind, Refused> {
    memorandum.notice_kind(name).ok_or_else(|| {
        let names: Vec<&str> = memorandum.terms().notices.iter().map(|kind| kind.name.as_str()).collect();
        let expected = format!("a kind of the memorandum: {}", names.join(", "));
        let hint = "`detente memorandum show FILE` lists the kinds of notice and what they ask for";
        Refused::misuse("notice kind", &expected, name).hinted(hint)
    })
}

/// Holds a notice to what the memorandum asks of its kind; every point that it is short of is named.
pub(crate) fn check(memorandum: &Memorandum, notice: &Notice, now_ms: u64) -> Result<(), Refused> {
    let kind = kind_named(memorandum, &notice.kind)?;
    let short = kind.short(notice, now_ms, memorandum.terms().extent.as_ref());
    let Some(first) = short.first() else { return Ok(()) };
    let others: Vec<&str> = short.iter().skip(1).map(|short| short.what).collect();
    let hint = match (first.what, others.is_empty()) {
        ("lead time", true) => {
            "begin later, or say that it is an emergency where the memorandum has a lead time for that".into()
        }
        (_, true) => "`detente memorandum show FILE` says what is asked of this kind of notice".into(),
        (_, false) => format!("and it is short in {}", others.join(", ")),
    };
    Err(Refused::misuse(first.what, &first.expected, first.found.as_str()).hinted(&hint))
}

/// Fields by name.
fn fields(said: Map<String, Value>) -> Result<BTreeMap<Field, Said>, Refused> {
    let field = |(name, value): (String, Value)| {
        let field = Field::named(&name).ok_or_else(|| {
            let near = crate::form::nearest(&name, Field::ALL.map(Field::name));
            let hint = near.map(|near| format!("did you mean {near}?"));
            Refused::misuse("field", "a field of spec/line.md §4.1", name.as_str())
                .hinted(hint.as_deref().unwrap_or("spec/line.md §4.1 lists the fields of a notice"))
        })?;
        let said = match (field.form(), &value) {
            (_, Value::String(text)) => Some(Said::Text(text.clone())),
            (_, Value::Bool(flag)) => Some(Said::Flag(*flag)),
            (Form::Length, Value::Number(metres)) => metres
                .as_f64()
                .map(|metres| length(&name, metres))
                .transpose()?
                .map(|mm| Said::Number(mm.into())),
            (_, Value::Number(number)) => number.as_u64().map(Said::Number),
            _ => None,
        };
        let expected = field.form().to_string();
        let said = said.filter(|said| field.check(said).is_ok());
        Ok((field, said.ok_or_else(|| Refused::misuse(&name, &expected, value.to_string()))?))
    };
    said.into_iter().map(field).collect()
}

/// A position in degrees.
pub(super) fn degrees(position: Position) -> Value {
    json!([f64::from(position.lat) / 1e7, f64::from(position.lon) / 1e7])
}

fn metres(mm: impl Into<f64>) -> f64 {
    mm.into() / 1000.0
}

fn rings(area: &Area) -> Value {
    area.rings().map(|ring| ring.map(degrees).collect::<Vec<_>>()).collect()
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Circle { centre, radius_mm } => {
            json!({"circle": {"centre": degrees(*centre), "radius_m": metres(*radius_mm)}})
        }
        Shape::Leg { from, to, half_width_mm } => json!({"leg": {
            "from": degrees(*from), "to": degrees(*to), "half_width_m": metres(*half_width_mm),
        }}),
        Shape::Around { area, distance_mm } => {
            json!({"around": {"rings": rings(area), "distance_m": metres(*distance_mm)}})
        }
    }
}

/// A volume as it is read.
pub(crate) fn volume_json(volume: &Volume) -> Value {
    let limit = |limit: Option<Limit>| {
        limit.map(|Limit { mm, datum }| json!({"m": metres(mm), "datum": datum_text(datum)}))
    };
    let separation = volume.separation.as_deref().map(|room| {
        json!({
            "distance_m": metres(room.distance_mm()), "height_m": metres(room.vertical_mm()), "time_ms": room.time_ms(),
            "ring": room.ring().iter().map(rings).collect::<Vec<_>>(),
        })
    });
    json!({
        "rings": rings(&volume.area),
        "lower": limit(volume.band.lower()),
        "upper": limit(volume.band.upper()),
        "from_ms": volume.span.from_ms(),
        "until_ms": volume.span.end_ms(),
        "shape": volume.shape.as_ref().map(shape),
        "separation": separation,
    })
}

/// What the fields of a notice say, by name.
pub(crate) fn fields_json(notice: &Notice) -> Value {
    let fields = notice.fields.iter().map(|(field, said)| {
        let said = match (field.form(), said) {
            (Form::Length, Said::Number(mm)) => json!(metres(*mm as f64)),
            (_, Said::Text(text)) => json!(text),
            (_, Said::Number(number)) => json!(number),
            (_, Said::Flag(flag)) => json!(flag),
        };
        (field.name().to_owned(), said)
    });
    Value::Object(fields.collect())
}

/// A notice as it is read.
pub(crate) fn notice_json(notice: &Notice) -> Value {
    let waypoints: Vec<Value> = notice
        .waypoints
        .iter()
        .map(|passed| {
            json!({
                "position": degrees(passed.position),
                "from_ms": passed.window.from_ms(), "until_ms": passed.window.until_ms(),
            })
        })
        .collect();
    json!({
        "notice_kind": notice.kind,
        "text": notice.text,
        "from_ms": notice.from_ms(),
        "until_ms": notice.until_ms(),
        "volumes": notice.volumes.iter().map(volume_json).collect::<Vec<_>>(),
        "fields": fields_json(notice),
        "waypoints": waypoints,
        "emergency": notice.emergency,
    })
}
