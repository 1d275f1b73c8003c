//! KML 2.3 and KMZ: one placemark an item (spec/exchange.md §6).
//!
//! Placemarks are read one after the other, wherever they stand; styles, overlays and network links are passed over, and
//! nothing is ever fetched.

use detente_airspace::altitude::{Datum, Limit};
use detente_airspace::position::Position;
use detente_airspace::span::Span;
use detente_line::notice::Field;
use serde_json::Value;

use crate::angle::{self, Axis};
use crate::archive;
use crate::attribute::{Attribute, Header};
use crate::cell::Cell;
use crate::fault::{Faults, Place, Reason, Unit};
use crate::item::{Item, Part, Shape, Waypoint};
use crate::json;
use crate::length;
use crate::markup::{Markup, Tag, Token};
use crate::outline;
use crate::parts::{self, Drawn};
use crate::reading::{Desk, MOST_PARTS, MOST_ROWS, MOST_VALUES, Options, utf8};
use crate::said::{Geometry, unswapped};
use crate::time::{self, Moment};
use crate::writing;

const FORMAT: &str = "KML";

/// Reads a file of KML.
pub(crate) fn read(bytes: &[u8], desk: &mut Desk<'_>) {
    let whole = Place::whole();
    let Some(text) = desk.keep(&whole, utf8(bytes)) else { return };
    let read = document(text, desk);
    desk.keep(&whole, read);
}

/// Reads a file of KMZ: the document at the root of the archive.
pub(crate) fn read_archive(bytes: &[u8], desk: &mut Desk<'_>) {
    let whole = Place::whole();
    let entry =
        archive::measured(bytes, "KMZ").and_then(|mut archive| archive::entry(&mut archive, ".kml", "KMZ"));
    if let Some(document) = desk.keep(&whole, entry) {
        read(&document, desk);
    }
}

fn document(text: &str, desk: &mut Desk<'_>) -> Result<(), Reason> {
    let mut markup = Markup::new(text, FORMAT);
    let (mut number, mut elements, mut any) = (0, 0, false);
    while let Some(token) = markup.next()? {
        let Token::Start(tag) = token else { continue };
        any |= tag.name == "kml";
        if !any {
            return Err(Reason::syntax(FORMAT, format!("its root is {}", crate::fault::clipped(&tag.name))));
        }
        if tag.name != "Placemark" {
            continue;
        }
        number += 1;
        if number > MOST_ROWS {
            return Err(Reason::Many { what: "placemarks", most: MOST_ROWS, found: number });
        }
        let element = Element::read(tag, &mut markup, &mut elements)?;
        placemark(&element, &Place::at(Unit::Placemark, number), desk);
    }
    if any { Ok(()) } else { Err(Reason::syntax(FORMAT, "it has no elements")) }
}

/// An element with all that is in it.
struct Element {
    tag: Tag,
    text: String,
    inner: Vec<Self>,
}

impl Element {
    fn read(tag: Tag, markup: &mut Markup<'_>, count: &mut usize) -> Result<Self, Reason> {
        *count += 1;
        if *count > MOST_VALUES {
            return Err(Reason::Many { what: "elements", most: MOST_VALUES, found: *count });
        }
        let mut this = Self { tag, text: String::new(), inner: Vec::new() };
        while let Some(token) = markup.next()? {
            match token {
                // As deep as the markup lets anything go.
                Token::Start(tag) => this.inner.push(Self::read(tag, markup, count)?),
                Token::Text(text) => this.text.push_str(&text),
                Token::End => break,
            }
        }
        Ok(this)
    }

    fn name(&self) -> &str {
        &self.tag.name
    }

    fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.inner.iter().filter(move |inner| inner.name() == name)
    }

    fn one(&self, name: &str) -> Option<&Self> {
        self.inner.iter().find(|inner| inner.name() == name)
    }

    /// What stands in an inner element.
    fn said(&self, name: &str) -> Option<&str> {
        self.one(name).map(|inner| inner.text.trim()).filter(|text| !text.is_empty())
    }
}

fn placemark(element: &Element, place: &Place, desk: &mut Desk<'_>) {
    let before = desk.faults.count();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for extended in element.all("ExtendedData") {
        for data in extended.all("Data") {
            pairs.extend(data.tag.attribute("name").zip(data.said("value")));
        }
        for data in extended.all("SchemaData").flat_map(|schema| schema.all("SimpleData")) {
            let text = data.text.trim();
            pairs.extend(data.tag.attribute("name").filter(|_| !text.is_empty()).map(|name| (name, text)));
        }
    }
    let means = |name: &str, attribute| Header::of(name).is_some_and(|header| header.attribute == attribute);
    // What extended data say of the same is meant for machines, and comes first.
    for (element_name, attribute) in [("name", "name"), ("description", "text")] {
        let known = Header::of(attribute).map(|header| header.attribute);
        let again = pairs.iter().any(|(name, _)| known.is_some_and(|known| means(name, known)));
        pairs.extend(element.said(element_name).filter(|_| !again).map(|text| (attribute, text)));
    }
    let listed = |attribute| pairs.iter().find(|(name, _)| means(name, attribute)).map(|(_, text)| *text);
    let parse = |text: Option<&str>| text.map(|text| json::parse(text.as_bytes(), "JSON")).transpose();
    let lists: Result<(Option<Value>, Option<Value>), Reason> =
        parse(listed(Attribute::Parts)).and_then(|parts| Ok((parts, parse(listed(Attribute::Times))?)));
    let plain =
        pairs.iter().filter(|(name, _)| !means(name, Attribute::Parts) && !means(name, Attribute::Times));
    let mut said = desk.said(place, plain.filter_map(|(name, text)| Some((*name, Cell::text_of(text)?))));
    if let Some(id) = element.tag.attribute("id").map(str::trim).filter(|id| !id.is_empty()) {
        said.id.get_or_insert_with(|| id.to_owned());
    }
    if let Some((from, until)) = desk.keep(place, spans(element, desk.options)) {
        said.spans(from, until);
    }
    let mut item = Item::at(place.clone());
    desk.keep(place, said.describe(&mut item));
    let mut drawn = Vec::new();
    for inner in &element.inner {
        if let "Model" | "NetworkLink" = inner.name() {
            desk.note(place, format!("{} is not read", inner.name()));
        }
        let flat = flatten(inner, &mut drawn, &mut item.waypoints, desk.options);
        desk.keep(place, flat);
    }
    let lists = desk.keep(place, lists);
    match lists {
        Some(_) if drawn.is_empty() => {
            let own = said.geometry(desk.options);
            if let Some(Some(geometry)) = desk.keep(place, own) {
                desk.keep(place, said.place(geometry, None, &mut item));
            }
        }
        Some((parts, times)) => {
            parts::settle(drawn, &said, parts.as_ref(), times.as_ref(), place, &mut item, desk);
        }
        None => {}
    }
    if desk.faults.count() == before {
        desk.keep(place, said.spend_width(0, &mut item));
    }
    desk.put(item, before);
}

/// When: a span, or a moment.
fn spans(element: &Element, options: &Options) -> Result<(Option<Moment>, Option<Moment>), Reason> {
    let read = |text: Option<&str>| text.map(|text| time::read(text, options.zone.as_ref())).transpose();
    if let Some(span) = element.one("TimeSpan") {
        return Ok((read(span.said("begin"))?, read(span.said("end"))?));
    }
    let moment = read(element.one("TimeStamp").and_then(|stamp| stamp.said("when")))?;
    Ok((moment, moment))
}

/// Takes a geometry apart; what is none is passed over.
fn flatten(
    element: &Element,
    into: &mut Vec<Drawn>,
    waypoints: &mut Vec<Waypoint>,
    options: &Options,
) -> Result<(), Reason> {
    let missing = Reason::Missing { what: "the coordinates" };
    match element.name() {
        "MultiGeometry" | "MultiTrack" => {
            element.inner.iter().try_for_each(|inner| flatten(inner, into, waypoints, options))
        }
        "Point" => {
            let positions = coordinates(element, options)?;
            let (position, _) = positions.first().ok_or(missing)?;
            drawn(element, Geometry::Point(*position), &positions, into)
        }
        "LineString" => {
            let positions = coordinates(element, options)?;
            if positions.len() < 2 {
                return Err(Reason::meaning("two positions or more in a line", &positions.len().to_string()));
            }
            let line = positions.iter().map(|(position, _)| *position).collect();
            drawn(element, Geometry::Line(line), &positions, into)
        }
        "LinearRing" => {
            let positions = coordinates(element, options)?;
            let ring = positions.iter().map(|(position, _)| *position).collect();
            drawn(element, Geometry::Area(outline::area(&[ring], true)?), &positions, into)
        }
        "Polygon" => {
            let mut rings = Vec::new();
            let mut all = Vec::new();
            let outer = element.one("outerBoundaryIs").into_iter();
            for boundary in outer.chain(element.all("innerBoundaryIs")) {
                for ring in boundary.all("LinearRing") {
                    let positions = coordinates(ring, options)?;
                    rings.push(positions.iter().map(|(position, _)| *position).collect());
                    all.extend(positions);
                }
            }
            if element.one("outerBoundaryIs").is_none() {
                return Err(Reason::Missing { what: "the outer boundary of the polygon" });
            }
            drawn(element, Geometry::Area(outline::area(&rings, true)?), &all, into)
        }
        "Track" => track(element, waypoints, options),
        _ => Ok(()),
    }
}

/// Times and positions, one after the other.
fn track(element: &Element, waypoints: &mut Vec<Waypoint>, options: &Options) -> Result<(), Reason> {
    let (times, places): (Vec<_>, Vec<_>) = (element.all("when").collect(), element.all("coord").collect());
    if times.len() != places.len() {
        let found = format!("{} times for {} positions", times.len(), places.len());
        return Err(Reason::meaning("as many times as positions", &found));
    }
    if waypoints.len().saturating_add(times.len()) > MOST_PARTS {
        let found = times.len();
        return Err(Reason::Many { what: "positions of a track", most: MOST_PARTS, found });
    }
    for (when, place) in times.into_iter().zip(places) {
        let moment = time::read(&when.text, options.zone.as_ref())?;
        let joined = place.text.split_whitespace().collect::<Vec<_>>().join(",");
        let (position, _) = coordinate(&joined, options)?;
        let span = Span::new(moment.first_ms, moment.last_ms)?;
        waypoints.push(Waypoint { position, from_ms: span.from_ms(), until_ms: span.until_ms() });
    }
    Ok(())
}

/// A position and its altitude, mm.
type Raised = (Position, i64);

fn coordinates(element: &Element, options: &Options) -> Result<Vec<Raised>, Reason> {
    let text = element.said("coordinates").ok_or(Reason::Missing { what: "the coordinates" })?;
    let count = text.split_whitespace().take(MOST_VALUES + 1).count();
    if count > MOST_VALUES {
        return Err(Reason::Many { what: "positions of one geometry", most: MOST_VALUES, found: count });
    }
    text.split_whitespace().map(|tuple| coordinate(tuple, options)).collect()
}

fn coordinate(tuple: &str, options: &Options) -> Result<Raised, Reason> {
    let refused = || Reason::position("longitude,latitude or longitude,latitude,altitude", tuple);
    let mut numbers = tuple.split(',');
    let (lon, lat) = (numbers.next().ok_or_else(refused)?, numbers.next().ok_or_else(refused)?);
    let units = |axis: Axis, text: &str| {
        // Some programs write numbers with an exponent.
        let plain =
            text.parse::<f64>().ok().filter(|_| text.contains(['e', 'E'])).map(|number| number.to_string());
        let (units, negative) = angle::signed(plain.as_deref().unwrap_or(text))?;
        axis.bounded(units, negative)
    };
    let (Some(lat), Some(lon)) = (units(Axis::Latitude, lat), units(Axis::Longitude, lon)) else {
        return Err(refused());
    };
    let metres =
        numbers.next().filter(|text| !text.is_empty()).map_or(Some(0.0), |text| text.parse::<f64>().ok());
    let metres =
        metres.filter(|metres| metres.abs() < 1e7 && numbers.next().is_none()).ok_or_else(refused)?;
    Ok((unswapped(Position { lat, lon }, options)?, (metres * 1e3).round() as i64))
}

/// A geometry with the altitudes that it was drawn at, as far as they count from something.
fn drawn(
    element: &Element,
    geometry: Geometry,
    positions: &[Raised],
    into: &mut Vec<Drawn>,
) -> Result<(), Reason> {
    let datum = match element.said("altitudeMode") {
        None | Some("clampToGround" | "clampToSeaFloor") => None,
        Some("absolute") => Some(Datum::Amsl),
        Some("relativeToGround") => Some(Datum::Agl),
        Some(other) => {
            return Err(Reason::length("altitudes absolute, relative to the ground, or none", other));
        }
    };
    let limit = |mm: Option<i64>| -> Result<Option<Limit>, Reason> {
        let Some((mm, datum)) = mm.zip(datum) else { return Ok(None) };
        let found = length::metres(mm);
        let mm = i32::try_from(mm).map_err(|_| Reason::length("an altitude within ±2,000 km", &found))?;
        Ok(Some(Limit { mm, datum }))
    };
    let heights = || positions.iter().map(|(_, mm)| *mm);
    // Drawn down to the ground, it begins below whatever it stands on.
    let extruded = matches!(element.said("extrude"), Some("1" | "true"));
    let lower = if extruded { None } else { limit(heights().min())? };
    into.push(Drawn { geometry, lower, upper: limit(heights().max())? });
    Ok(())
}

/// Writes items as placemarks.
///
/// # Errors
/// [`Reason::Unsayable`] for characters that XML cannot hold.
pub(crate) fn write(items: &[Item]) -> Result<String, Faults> {
    let mut faults = Faults::default();
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n<Document>\n",
    );
    for (place, item) in writing::numbered(items) {
        text.extend(faults.keep(&place, written(item)));
    }
    text.push_str("</Document>\n</kml>\n");
    if faults.count() > 0 { Err(faults) } else { Ok(text) }
}

/// Writes items as an archive with one document.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_archive(items: &[Item]) -> Result<Vec<u8>, Faults> {
    let text = write(items)?;
    archive::of_one("doc.kml", text.as_bytes()).map_err(|reason| reason.at(&Place::whole()).into())
}

fn written(item: &Item) -> Result<String, Reason> {
    let (geometries, parts) = (geometries(item), parts::list(item));
    let mut data = Vec::new();
    data.extend(item.id.clone().map(|id| (Attribute::Id.name(), id)));
    let (mut head, mut span) = (String::new(), String::new());
    for (attribute, text) in writing::whole(item) {
        match attribute {
            Attribute::Field(Field::Name) => head.push_str(&format!("<name>{}</name>\n", escaped(&text)?)),
            Attribute::Text => head.push_str(&format!("<description>{}</description>\n", escaped(&text)?)),
            attribute => data.push((attribute.name(), text)),
        }
    }
    let own = parts.as_array().filter(|parts| parts.len() == 1).and_then(|parts| parts.first()?.as_object());
    match own {
        Some(own) => {
            for (name, value) in own {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                match Header::of(name).map(|header| (header.attribute, header.attribute.name())) {
                    Some((Attribute::From, _)) => span.insert_str(0, &format!("<begin>{text}</begin>")),
                    Some((Attribute::Until, _)) => span.push_str(&format!("<end>{text}</end>")),
                    Some((_, name)) => data.push((name, text)),
                    None => {}
                }
            }
        }
        None => data.push((Attribute::Parts.name(), parts.to_string())),
    }
    if !span.is_empty() {
        span = format!("<TimeSpan>{span}</TimeSpan>\n");
    }
    let mut extended = String::new();
    for (name, text) in data {
        extended.push_str(&format!("<Data name=\"{name}\"><value>{}</value></Data>\n", escaped(&text)?));
    }
    let extended = format!("<ExtendedData>\n{extended}</ExtendedData>\n");
    let geometry = match geometries.as_slice() {
        [one] => one.clone(),
        more => format!("<MultiGeometry>\n{}</MultiGeometry>\n", more.concat()),
    };
    Ok(format!("<Placemark>\n{head}{span}{extended}{geometry}</Placemark>\n"))
}

/// One geometry for each part, and one for all waypoints together.
fn geometries(item: &Item) -> Vec<String> {
    let tuples = |positions: &[Position]| {
        let tuple = |position: &Position| {
            format!("{},{}", angle::decimal(position.lon), angle::decimal(position.lat))
        };
        let tuples: Vec<String> = positions.iter().map(tuple).collect();
        format!("<coordinates>{}</coordinates>", tuples.join(" "))
    };
    let point = |position| format!("<Point>{}</Point>\n", tuples(&[position]));
    let line = |positions: &[Position]| format!("<LineString>{}</LineString>\n", tuples(positions));
    let of_part = |part: &Part| match &part.shape {
        Shape::Area(area) => {
            let boundary = |(number, ring): (usize, Vec<Position>)| {
                let name = if number == 0 { "outerBoundaryIs" } else { "innerBoundaryIs" };
                format!("<{name}><LinearRing>{}</LinearRing></{name}>", tuples(&ring))
            };
            let rings = area.rings().map(writing::closed).enumerate().map(boundary);
            format!("<Polygon>{}</Polygon>\n", rings.collect::<String>())
        }
        Shape::Circle { centre, .. } => point(*centre),
        Shape::Leg { from, to, .. } => line(&[*from, *to]),
        Shape::Point(position) => point(*position),
    };
    let mut all: Vec<String> = item.parts.iter().map(of_part).collect();
    let positions: Vec<Position> = item.waypoints.iter().map(|waypoint| waypoint.position).collect();
    match positions.as_slice() {
        [] => {}
        [one] => all.push(point(*one)),
        more => all.push(line(more)),
    }
    all
}

/// A text as XML holds it.
fn escaped(text: &str) -> Result<String, Reason> {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(c),
            // Taken for ends of lines by XML 1.1, and kept from that as numbers.
            '\u{85}' | '\u{2028}' => out.push_str(&format!("&#{};", u32::from(c))),
            c if c < ' ' || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {
                return Err(Reason::Unsayable { format: FORMAT, what: "control characters in a text" });
            }
            c => out.push(c),
        }
    }
    Ok(out)
}
