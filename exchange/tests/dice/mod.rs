//! Items by chance, the same for the same seed.

use std::collections::BTreeMap;

use detente_airspace::altitude::{Band, Datum, Ground, Limit};
use detente_airspace::area::Area;
use detente_airspace::position::Position;
use detente_airspace::span::{LAST_MS, Span};
use detente_exchange::fault::Place;
use detente_exchange::item::{Item, Kind, Part, Shape, Waypoint};
use detente_line::notice::{Field, Form, Value};

/// A sequence of numbers (SplitMix64).
pub(crate) struct Dice(u64);

/// Pieces of texts that formats have trouble with.
const PIECES: [&str; 30] = [
    "hospital",
    "مستشفى",
    "лікарня",
    " ",
    ",",
    ";",
    "\t",
    "\"",
    "'",
    "=1+1",
    "+",
    "-",
    "@",
    "<b>",
    "&amp;",
    "]]>",
    "\n",
    "\r\n",
    "_x0041_",
    "null",
    "12",
    "{}",
    "%",
    "|",
    "é",
    "🚑",
    "\u{85}",
    "\u{2028}",
    "`",
    "\\",
];

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `most`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        least + (self.next() % (most - least + 1) as u64) as i64
    }

    fn half(&mut self) -> bool {
        self.next() & 1 == 0
    }

    fn text(&mut self) -> String {
        let text: String =
            (0..self.below(6) + 1).map(|_| PIECES[self.below(PIECES.len() as u64) as usize]).collect();
        text.trim().to_owned()
    }

    pub(crate) fn position(&mut self) -> Position {
        let lat = self.between(-900_000_000, 900_000_000) as i32;
        let lon = self.between(-1_800_000_000, 1_799_999_999) as i32;
        Position::new(lat, lon).unwrap()
    }

    /// A quadrilateral somewhere, often across the antimeridian, sometimes with a hole.
    fn area(&mut self, only_volumes: bool) -> Area {
        let size = self.between(2_000, 50_000_000);
        let lat = self.between(-840_000_000, 840_000_000);
        let lon =
            if self.below(4) == 0 { 1_799_990_000 } else { self.between(-1_800_000_000, 1_799_999_999) };
        let around = |lon: i64| (lon + 1_800_000_000).rem_euclid(3_600_000_000) - 1_800_000_000;
        let at = |dx: i64, dy: i64| Position::new((lat + dy) as i32, around(lon + dx) as i32).unwrap();
        let jitter = self.between(0, size / 10);
        let outer = [at(0, jitter), at(size, 0), at(size + jitter, size), at(jitter, size)];
        let quarter = size / 4;
        let hole = [at(quarter, quarter), at(quarter * 3, quarter), at(quarter * 2, quarter * 3)];
        let holes: Vec<&[Position]> =
            if !only_volumes && self.half() && size > 10_000 { vec![&hole] } else { Vec::new() };
        Area::turned(&outer, &holes).unwrap_or_else(|fault| panic!("{fault}: {outer:?}"))
    }

    fn limit(&mut self, datum: Datum) -> Limit {
        Limit { mm: self.between(-500_000, 20_000_000) as i32, datum }
    }

    fn band(&mut self, only_wgs84: bool) -> Band {
        let datums = [Datum::Wgs84, Datum::Amsl, Datum::Agl];
        let datum = if only_wgs84 { Datum::Wgs84 } else { datums[self.below(3) as usize] };
        let (one, two) = (self.limit(datum), self.limit(datum));
        let lower = self.half().then_some(if one.mm < two.mm { one } else { two });
        let upper = self.half().then_some(if one.mm < two.mm { two } else { one });
        let ground =
            (!only_wgs84 && self.half()).then_some(Ground { lowest_mm: -3_000, highest_mm: 1_234_567 });
        Band::new(lower, upper, ground).unwrap()
    }

    fn span(&mut self) -> Option<Span> {
        let (one, two) = (self.below(LAST_MS), self.below(LAST_MS));
        match self.below(3) {
            0 => None,
            1 => Some(Span::since(one).unwrap()),
            _ => Some(Span::new(one.min(two), one.max(two)).unwrap()),
        }
    }

    fn part(&mut self, only_volumes: bool) -> Part {
        let mm = self.between(1_000, 500_000_000) as u32;
        let shape = match self.below(if only_volumes { 2 } else { 4 }) {
            0 => Shape::Circle { centre: self.position(), radius_mm: mm },
            1 => Shape::Area(self.area(only_volumes)),
            2 => Shape::Leg { from: self.position(), to: self.position(), half_width_mm: mm },
            _ => Shape::Point(self.position()),
        };
        Part { shape, band: self.band(only_volumes), span: self.span() }
    }

    fn waypoint(&mut self) -> Waypoint {
        let (one, two) = (self.below(LAST_MS), self.below(LAST_MS));
        let (from_ms, until_ms) = if self.half() { (one.min(two), one.max(two)) } else { (one, one) };
        Waypoint { position: self.position(), from_ms, until_ms }
    }

    fn value(&mut self, field: Field) -> Option<Value> {
        Some(match field.form() {
            Form::Text => Value::Text(Some(self.text()).filter(|text| !text.is_empty())?),
            Form::OneOf(words) => Value::Text(words[self.below(words.len() as u64) as usize].to_owned()),
            Form::Number => Value::Number(if self.half() { self.next() } else { self.below(500) }),
            Form::Length => Value::Number(self.below(1_000_000_000_000)),
            Form::Time => Value::Number(self.below(LAST_MS)),
            Form::Flag => Value::Flag(self.half()),
        })
    }

    /// An item that every format can say, or, if `only_volumes`, F3548 as well.
    pub(crate) fn item(&mut self, number: usize, only_volumes: bool) -> Item {
        let mut item = Item::at(Place::whole());
        item.id = self.half().then(|| format!("{number}{}", self.text()).trim().to_owned());
        let count = self.below(4) + 1;
        item.parts = (0..count).map(|_| self.part(only_volumes)).collect();
        if only_volumes {
            item.kind = Some(Kind::Activity);
            return item;
        }
        item.kind = self.half().then(|| Kind::ALL[self.below(3) as usize]);
        item.text = self.text();
        item.waypoints = (0..self.below(4)).map(|_| self.waypoint()).collect();
        if !item.waypoints.is_empty() && self.half() {
            item.parts.clear();
        }
        if !item.waypoints.is_empty() && self.half() {
            item.half_width_mm = Some(self.between(1_000, 500_000_000) as u32);
        }
        item.fields = BTreeMap::new();
        for field in Field::ALL {
            if self.half() {
                item.fields.extend(self.value(field).map(|value| (field, value)));
            }
        }
        item
    }

    /// Several of them.
    pub(crate) fn items(&mut self, only_volumes: bool) -> Vec<Item> {
        (0..self.below(6) + 1).map(|number| self.item(number as usize, only_volumes)).collect()
    }
}
