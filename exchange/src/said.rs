//! What a row, or the properties of a feature, say: attributes gathered one by one, and made into parts of an item.

use std::collections::BTreeMap;

use detente_airspace::altitude::{Band, Datum, Ground, Limit};
use detente_airspace::area::Area;
use detente_airspace::bounds::Bounds;
use detente_airspace::cover::{LEAST_MM, MOST_MM};
use detente_airspace::fault::Fault;
use detente_airspace::position::{Position, TURN};
use detente_airspace::span::Span;
use detente_line::notice::{Field, Form, Value};

use crate::angle::Axis;
use crate::attribute::{Attribute, Header};
use crate::cell::{self, Cell, Figure};
use crate::fault::Reason;
use crate::item::{Item, Kind, Part, Shape, Waypoint};
use crate::length::{self};
use crate::outline;
use crate::position;
use crate::reading::{MOST_PARTS, Options};
use crate::time::{Moment, Zone};

/// Where something is, before it is known what it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Geometry {
    Point(Position),
    Line(Vec<Position>),
    Area(Area),
}

/// What is said in one place of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) group: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) kind: Option<Kind>,
    pub(crate) text: Option<String>,
    pub(crate) figure: Option<Figure>,
    pub(crate) fields: BTreeMap<Field, Value>,
    /// Things that a person may want to know.
    pub(crate) notes: Vec<String>,
    zone: Option<Zone>,
    datum: Option<Datum>,
    position: Option<(Position, u32)>,
    lat: Option<i32>,
    lon: Option<i32>,
    to: Option<Position>,
    area: Option<Area>,
    radius_mm: Option<u32>,
    half_width_mm: Option<u32>,
    from: Option<Moment>,
    until: Option<Moment>,
    moment: Option<Moment>,
    departure: Option<Moment>,
    lower: Option<Option<Limit>>,
    upper: Option<Option<Limit>>,
    ground_lowest_mm: Option<i32>,
    ground_highest_mm: Option<i32>,
}

/// Whether a position is in a box.
fn holds(bounds: &Bounds, position: Position) -> bool {
    let lon = i64::from(position.lon);
    (bounds.south..=bounds.north).contains(&position.lat)
        && [-TURN, 0, TURN].iter().any(|turn| (bounds.west..=bounds.east).contains(&(lon + turn)))
}

/// Itself, unless only the position with both coordinates swapped is inside the area of the line.
///
/// # Errors
/// [`Reason::Swapped`].
pub(crate) fn unswapped(position: Position, options: &Options) -> Result<Position, Reason> {
    let Some(within) = &options.within else { return Ok(position) };
    let swapped = Position::new(position.lon, position.lat).ok();
    match swapped.filter(|swapped| !holds(within, position) && holds(within, *swapped)) {
        Some(Position { lat, lon }) => Err(Reason::Swapped { lat, lon }),
        None => Ok(position),
    }
}

/// Takes a distance, which may have been said before and not otherwise.
fn once(known: &mut Option<u32>, mm: u32) -> Result<(), Reason> {
    let metres = |mm: u32| format!("{} m", length::metres(mm.into()));
    match *known {
        // The half of a width is rounded up.
        Some(said) if said.abs_diff(mm) > 1 => Err(cell::contradiction(&metres(said), &metres(mm))),
        _ => {
            known.get_or_insert(mm);
            Ok(())
        }
    }
}

/// Whether something can be covered to a distance.
fn in_reach(mm: u32) -> Result<(), Reason> {
    if (LEAST_MM..=MOST_MM).contains(&mm) {
        return Ok(());
    }
    let (least_mm, most_mm, mm) = (LEAST_MM.into(), MOST_MM.into(), mm.into());
    Err(Reason::Airspace(Fault::Distance { least_mm, most_mm, mm }))
}

impl Said {
    /// Takes what other values are taken by: the zone of times, the datum of altitudes.
    ///
    /// # Errors
    /// Says what would have been taken.
    pub(crate) fn prepare(&mut self, header: &Header, cell: &Cell) -> Result<(), Reason> {
        match header.attribute {
            Attribute::Zone => self.zone = Some(Zone::named(&cell.shown())?),
            Attribute::Datum => {
                let expected = "WGS84, AMSL or AGL";
                let datum = length::datum(&cell.shown());
                self.datum = Some(datum.ok_or_else(|| Reason::meaning(expected, &cell.shown()))?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The zone of times that carry none.
    fn zone(&self, header: &Header, options: &Options) -> Option<Zone> {
        self.zone.clone().or_else(|| header.zone.clone()).or_else(|| options.zone.clone())
    }

    fn time(&mut self, header: &Header, cell: &Cell, options: &Options) -> Result<Moment, Reason> {
        let moment = cell.moment(self.zone(header, options).as_ref())?;
        if moment.assumed_utc {
            self.notes.push(format!("{}: a date without a zone is taken in UTC", cell.shown()));
        }
        Ok(moment)
    }

    fn typed(&mut self, cell: &Cell, options: &Options) -> Result<(Position, u32), Reason> {
        let typed = position::read(&cell.shown())?;
        if typed.square_mm > 1_000 {
            let metres = typed.square_mm / 1_000;
            self.notes.push(format!("{}: the middle of a square of {metres} m is taken", cell.shown()));
        }
        Ok((unswapped(typed.position, options)?, typed.square_mm))
    }

    /// Takes one value.
    ///
    /// # Errors
    /// Says what would have been taken.
    pub(crate) fn take(&mut self, header: &Header, cell: &Cell, options: &Options) -> Result<(), Reason> {
        let shown = || cell.shown();
        let signed = |unit| {
            let limit = length::altitude(&shown(), unit, Some(Datum::Amsl))?;
            limit.map(|limit| limit.mm).ok_or_else(|| Reason::length("a height of the ground", &shown()))
        };
        match header.attribute {
            Attribute::Item => self.group = Some(cell.text()?),
            Attribute::Id => self.id = Some(cell.text()?),
            Attribute::Kind => self.kind = Some(cell.kind()?),
            Attribute::Text => self.text = Some(cell.text()?),
            Attribute::Shape => self.figure = Some(cell.figure()?),
            Attribute::Position => self.position = Some(self.typed(cell, options)?),
            Attribute::Latitude => self.lat = Some(position::one(&shown(), Axis::Latitude)?),
            Attribute::Longitude => self.lon = Some(position::one(&shown(), Axis::Longitude)?),
            Attribute::To => self.to = Some(self.typed(cell, options)?.0),
            Attribute::Area => self.area = Some(outline::read(&shown(), options)?),
            Attribute::Radius => once(&mut self.radius_mm, length::distance(&shown(), header.unit)?)?,
            Attribute::HalfWidth => once(&mut self.half_width_mm, length::distance(&shown(), header.unit)?)?,
            Attribute::Diameter => {
                once(&mut self.radius_mm, length::distance(&shown(), header.unit)?.div_ceil(2))?;
            }
            Attribute::Width => {
                once(&mut self.half_width_mm, length::distance(&shown(), header.unit)?.div_ceil(2))?;
            }
            Attribute::From => self.from = Some(self.time(header, cell, options)?),
            Attribute::Until => self.until = Some(self.time(header, cell, options)?),
            Attribute::Moment => self.moment = Some(self.time(header, cell, options)?),
            Attribute::Departure => self.departure = Some(self.time(header, cell, options)?),
            Attribute::Lower => {
                self.lower = Some(length::altitude(&shown(), header.unit, header.datum.or(self.datum))?);
            }
            Attribute::Upper => {
                self.upper = Some(length::altitude(&shown(), header.unit, header.datum.or(self.datum))?);
            }
            Attribute::GroundLowest => self.ground_lowest_mm = Some(signed(header.unit)?),
            Attribute::GroundHighest => self.ground_highest_mm = Some(signed(header.unit)?),
            Attribute::Field(field) => {
                let value = match field.form() {
                    Form::Time => {
                        let moment = self.time(header, cell, options)?;
                        // A date alone, as a deadline, is the end of that day.
                        let ms = if field == Field::ReplyBy { moment.last_ms } else { moment.first_ms };
                        Value::Number(ms)
                    }
                    _ => cell.value(field, header.unit)?,
                };
                if field == Field::Function && cell.kind().is_ok() {
                    let found = shown();
                    self.notes.push(format!(
                        "{found}: taken for what the place is for; what a row is stands in a column `kind`"
                    ));
                }
                self.fields.insert(field, value);
            }
            // Taken before all others, or by who reads lines and parts.
            Attribute::Zone | Attribute::Datum | Attribute::Times | Attribute::Parts => {}
        }
        Ok(())
    }

    /// When, from outside the attributes: an element of KML, a member of F3548.
    pub(crate) fn spans(&mut self, from: Option<Moment>, until: Option<Moment>) {
        self.from = self.from.or(from);
        self.until = self.until.or(until);
    }

    /// How high, from outside the attributes; what the attributes say is kept.
    pub(crate) fn reaches(&mut self, lower: Option<Limit>, upper: Option<Limit>) {
        if self.lower.is_none() && self.upper.is_none() {
            (self.lower, self.upper) = (lower.map(Some), upper.map(Some));
        }
    }

    /// How wide a circle is, from outside the attributes.
    pub(crate) fn spreads(&mut self, radius_mm: u32) {
        self.radius_mm = Some(radius_mm);
    }

    /// What is not said here and was said of the whole.
    pub(crate) fn inherit(&mut self, whole: &Self) {
        self.kind = self.kind.or(whole.kind);
        self.figure = self.figure.or(whole.figure);
        self.radius_mm = self.radius_mm.or(whole.radius_mm);
        self.half_width_mm = self.half_width_mm.or(whole.half_width_mm);
        self.from = self.from.or(whole.from);
        self.until = self.until.or(whole.until);
        self.moment = self.moment.or(whole.moment);
        self.departure = self.departure.or(whole.departure);
        self.lower = self.lower.or(whole.lower);
        self.upper = self.upper.or(whole.upper);
        self.ground_lowest_mm = self.ground_lowest_mm.or(whole.ground_lowest_mm);
        self.ground_highest_mm = self.ground_highest_mm.or(whole.ground_highest_mm);
    }

    /// Where it is, by its own attributes.
    ///
    /// # Errors
    /// When half of a position is missing, or two places are said.
    pub(crate) fn geometry(&mut self, options: &Options) -> Result<Option<Geometry>, Reason> {
        let pair = match (self.lat, self.lon) {
            (Some(lat), Some(lon)) => Some(unswapped(Position { lat, lon }, options)?),
            (Some(_), None) => return Err(Reason::Missing { what: "the longitude" }),
            (None, Some(_)) => return Err(Reason::Missing { what: "the latitude" }),
            (None, None) => None,
        };
        let at = match (pair, self.position) {
            (Some(pair), Some((typed, square_mm))) => {
                // 1e-7 degrees are 11 mm; a square and 100 m more are let pass.
                let most = i64::from(square_mm / 11) + 9_000;
                let off = |a: i32, b: i32| (i64::from(a) - i64::from(b)).abs();
                if off(pair.lat, typed.lat) > most || off(pair.lon, typed.lon) > 4 * most {
                    let (first, second) = (position::decimal(pair), position::decimal(typed));
                    return Err(cell::contradiction(&first, &second));
                }
                Some(pair)
            }
            (pair, typed) => pair.or(typed.map(|(position, _)| position)),
        };
        match (self.area.take(), at, self.to) {
            (Some(area), None, None) => Ok(Some(Geometry::Area(area))),
            // The position of something that has an area is where its label goes.
            (Some(area), Some(at), None) if area.holds(at) => Ok(Some(Geometry::Area(area))),
            (Some(_), ..) => {
                Err(Reason::meaning("a position inside the area, or no position", "another position"))
            }
            (None, Some(at), None) => Ok(Some(Geometry::Point(at))),
            (None, Some(from), Some(to)) => Ok(Some(Geometry::Line(vec![from, to]))),
            (None, None, Some(_)) => Err(Reason::Missing { what: "the position where the leg begins" }),
            (None, None, None) => Ok(None),
        }
    }

    fn band(&self) -> Result<Band, Reason> {
        let ground = match (self.ground_lowest_mm, self.ground_highest_mm) {
            (Some(lowest_mm), Some(highest_mm)) => Some(Ground { lowest_mm, highest_mm }),
            (None, None) => None,
            _ => return Err(Reason::Missing { what: "the lowest or the highest ground" }),
        };
        Ok(Band::new(self.lower.flatten(), self.upper.flatten(), ground)?)
    }

    fn span(&self) -> Result<Option<Span>, Reason> {
        let from = self.from.or(self.moment);
        let until = self.until.or(self.departure).or(self.moment);
        match (from, until) {
            (None, None) => Ok(None),
            (Some(from), Some(until)) => Ok(Some(Span::new(from.first_ms, until.last_ms)?)),
            (Some(from), None) => Ok(Some(Span::since(from.first_ms)?)),
            (None, Some(_)) => Err(Reason::Missing { what: "the time from when it holds" }),
        }
    }

    /// When a waypoint is passed.
    fn window(&self) -> Result<Span, Reason> {
        let missing = Reason::Missing { what: "the time of the waypoint" };
        let from = self.from.or(self.moment).or(self.departure).or(self.until).ok_or(missing)?;
        let until = self.until.or(self.departure).or(self.moment).unwrap_or(from);
        Ok(Span::new(from.first_ms, until.last_ms)?)
    }

    fn is_waypoint(&self) -> bool {
        let timed = self.moment.is_some() || self.departure.is_some();
        match (self.figure, self.kind) {
            (Some(figure), _) => figure == Figure::Waypoint,
            _ if self.radius_mm.is_some() => false,
            (None, Some(kind)) => kind == Kind::Movement,
            (None, None) => timed,
        }
    }

    /// Puts a geometry into an item, as what is said here makes of it.
    ///
    /// # Errors
    /// What is missing, or what the airspace refuses.
    pub(crate) fn place(
        &self,
        geometry: Geometry,
        times: Option<&[Span]>,
        item: &mut Item,
    ) -> Result<(), Reason> {
        let count = match &geometry {
            Geometry::Line(positions) => positions.len(),
            Geometry::Point(_) | Geometry::Area(_) => 1,
        };
        let found = item.parts.len().saturating_add(item.waypoints.len()).saturating_add(count);
        if found > MOST_PARTS {
            return Err(Reason::Many { what: "parts and waypoints of one thing", most: MOST_PARTS, found });
        }
        if let Some(times) = times {
            let positions = match geometry {
                Geometry::Point(position) => vec![position],
                Geometry::Line(positions) => positions,
                Geometry::Area(_) => {
                    return Err(Reason::meaning("times of the positions of a line", "an area"));
                }
            };
            if positions.len() != times.len() {
                let found = format!("{} times for {} positions", times.len(), positions.len());
                return Err(Reason::meaning("as many times as positions", &found));
            }
            let waypoint = |(position, span): (Position, &Span)| Waypoint {
                position,
                from_ms: span.from_ms(),
                until_ms: span.until_ms(),
            };
            item.waypoints.extend(positions.into_iter().zip(times).map(waypoint));
            return self.widen(item);
        }
        match geometry {
            Geometry::Point(position) if self.is_waypoint() => {
                let span = self.window()?;
                let (from_ms, until_ms) = (span.from_ms(), span.until_ms());
                item.waypoints.push(Waypoint { position, from_ms, until_ms });
                self.widen(item)
            }
            Geometry::Point(position) => match (self.radius_mm, self.figure) {
                (None, Some(Figure::Circle)) => Err(Reason::Missing { what: "the radius" }),
                (Some(radius_mm), figure) if figure != Some(Figure::Point) => {
                    self.part(Shape::Circle { centre: position, radius_mm }, item)
                }
                _ => self.part(Shape::Point(position), item),
            },
            Geometry::Line(positions) => {
                let missing =
                    Reason::Missing { what: "the width of the line, or the times of its positions" };
                let half_width_mm = self.half_width_mm.ok_or(missing)?;
                for pair in positions.windows(2) {
                    let [from, to] = pair else { continue };
                    self.part(Shape::Leg { from: *from, to: *to, half_width_mm }, item)?;
                }
                Ok(())
            }
            Geometry::Area(_) if self.radius_mm.is_some() => Err(Reason::meaning(
                "no radius beside an area: draw the area as wide as it is meant",
                "a radius",
            )),
            Geometry::Area(area) => self.part(Shape::Area(area), item),
        }
    }

    /// How wide the way of a movement is: there is one width for all of it.
    fn widen(&self, item: &mut Item) -> Result<(), Reason> {
        let Some(mm) = self.half_width_mm else { return Ok(()) };
        in_reach(mm)?;
        once(&mut item.half_width_mm, mm)
    }

    /// Holds a width to there being something wide, among the parts that were placed by what is said here.
    ///
    /// # Errors
    /// [`Reason::Meaning`] if nothing has a width: nothing that is said is passed over.
    pub(crate) fn spend_width(&self, parts_before: usize, item: &mut Item) -> Result<(), Reason> {
        let mut parts = item.parts.iter().skip(parts_before);
        let is_spent = parts.any(|part| matches!(part.shape, Shape::Leg { .. }));
        if self.half_width_mm.is_none() || is_spent || item.half_width_mm.is_some() {
            return Ok(());
        }
        if item.waypoints.is_empty() {
            return Err(Reason::meaning("a line or waypoints beside a width", "a width"));
        }
        self.widen(item)
    }

    fn part(&self, shape: Shape, item: &mut Item) -> Result<(), Reason> {
        let distance_mm = match &shape {
            Shape::Circle { radius_mm, .. } => Some(*radius_mm),
            Shape::Leg { half_width_mm, .. } => Some(*half_width_mm),
            Shape::Area(_) | Shape::Point(_) => None,
        };
        distance_mm.map_or(Ok(()), in_reach)?;
        item.parts.push(Part { shape, band: self.band()?, span: self.span()? });
        Ok(())
    }

    /// Puts what is said of the whole into an item, which may say the same already and nothing else.
    ///
    /// # Errors
    /// [`Reason::Contradiction`].
    pub(crate) fn describe(&mut self, item: &mut Item) -> Result<(), Reason> {
        if let Some(id) = self.id.take() {
            match &item.id {
                Some(known) if *known != id => return Err(cell::contradiction(known, &id)),
                _ => item.id = Some(id),
            }
        }
        if let Some(kind) = self.kind {
            match item.kind {
                Some(known) if known != kind => return Err(cell::contradiction(known.name(), kind.name())),
                _ => item.kind = Some(kind),
            }
        }
        if let Some(text) = self.text.take() {
            match item.text.as_str() {
                "" => item.text = text,
                known if known != text => return Err(cell::contradiction(known, &text)),
                _ => {}
            }
        }
        for (field, value) in std::mem::take(&mut self.fields) {
            match item.fields.get(&field) {
                Some(known) if *known != value => {
                    let said = |value| format!("{} {}", field.name(), cell::written(field, value));
                    return Err(cell::contradiction(&said(known), &said(&value)));
                }
                _ => {
                    item.fields.insert(field, value);
                }
            }
        }
        Ok(())
    }
}
