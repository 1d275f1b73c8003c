//! Cells: single values as tables, properties and elements hold them, and what they mean to a field.

use detente_line::notice::{Field, Form, Value};

use crate::attribute;
use crate::fault::{Reason, clipped};
use crate::item::Kind;
use crate::length::{self, Unit};
use crate::time::{self, Moment, Zone};

/// Most bytes of a text (spec/line.md §4).
pub(crate) const MOST_TEXT: usize = 12_000;

/// A value that is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    /// A day and time of a spreadsheet, as a count of days.
    Serial {
        days: f64,
        of_1904: bool,
    },
    Flag(bool),
}

/// What a shape is called where a name for it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    Area,
    Circle,
    Leg,
    Point,
    Waypoint,
}

const KINDS: [(Kind, &[&str]); 3] = [
    (Kind::Activity, &["activity", "activities", "نشاط", "діяльність", "активність"]),
    (
        Kind::Movement,
        &["movement", "convoy", "mission", "حركة", "تحرك", "قافلة", "рух", "переміщення", "колона"],
    ),
    (
        Kind::Site,
        &["site", "static", "static site", "facility", "موقع", "منشأة", "об'єкт", "обєкт", "обʼєкт"],
    ),
];

const FIGURES: [(Figure, &[&str]); 5] = [
    (Figure::Area, &["area", "polygon", "منطقة", "район"]),
    (Figure::Circle, &["circle", "دائرة", "коло"]),
    (Figure::Leg, &["leg", "corridor", "line", "ممر", "коридор"]),
    (Figure::Point, &["point", "نقطة", "точка"]),
    (Figure::Waypoint, &["waypoint", "نقطة طريق", "точка маршруту"]),
];

const YES: [&str; 8] = ["true", "yes", "y", "1", "نعم", "так", "да", "є"];
const NO: [&str; 7] = ["false", "no", "n", "0", "لا", "ні", "нет"];

/// The one of a vocabulary that is meant.
fn meant<T: Copy>(words: &[(T, &[&str])], expected: &'static str, found: &str) -> Result<T, Reason> {
    let plain = attribute::words(found);
    let known = words.iter().find(|(_, names)| names.contains(&plain.as_str()));
    known.map(|(meaning, _)| *meaning).ok_or_else(|| Reason::meaning(expected, found))
}

impl Cell {
    /// A text, if anything is in it.
    pub(crate) fn text_of(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    /// As a text; a number as its shortest decimals.
    pub(crate) fn text(&self) -> Result<String, Reason> {
        match self {
            Self::Text(text) if text.len() > MOST_TEXT => {
                Err(Reason::Many { what: "bytes of text", most: MOST_TEXT, found: text.len() })
            }
            Self::Text(text) => Ok(text.clone()),
            Self::Number(number) => Ok(number.to_string()),
            Self::Flag(flag) => Ok(flag.to_string()),
            Self::Serial { days, .. } => {
                Err(Reason::meaning("a text (the cell holds a date: format it as text)", &days.to_string()))
            }
        }
    }

    /// As it stands, for places where any length is taken.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) | Self::Serial { days: number, .. } => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }

    pub(crate) fn kind(&self) -> Result<Kind, Reason> {
        meant(&KINDS, "activity, movement or site", &self.shown())
    }

    pub(crate) fn figure(&self) -> Result<Figure, Reason> {
        meant(&FIGURES, "area, circle, leg, point or waypoint", &self.shown())
    }

    pub(crate) fn moment(&self, zone: Option<&Zone>) -> Result<Moment, Reason> {
        match self {
            Self::Serial { days, of_1904 } => time::read_serial(*days, *of_1904, zone),
            Self::Number(number) => {
                let expected = "a time, written as one: a number alone does not say what it counts";
                Err(Reason::time(expected, &number.to_string()))
            }
            cell => time::read(&cell.shown(), zone),
        }
    }

    pub(crate) fn length_mm(&self, unit: Option<Unit>) -> Result<u64, Reason> {
        length::length(&self.shown(), unit)
    }

    fn flag(&self) -> Result<bool, Reason> {
        let plain = attribute::words(&self.shown());
        let says = |words: &[&str]| words.contains(&plain.as_str());
        match (says(&YES), says(&NO)) {
            (true, _) => Ok(true),
            (_, true) => Ok(false),
            _ => Err(Reason::meaning("yes or no", &self.shown())),
        }
    }

    fn number(&self) -> Result<u64, Reason> {
        let shown = crate::script::plain(&self.shown());
        let digits = shown.bytes().all(|byte| byte.is_ascii_digit());
        let number = shown.parse().ok().filter(|_| digits);
        number.ok_or_else(|| Reason::meaning("a whole number", &shown))
    }

    /// As the value of a field, other than a time.
    pub(crate) fn value(&self, field: Field, unit: Option<Unit>) -> Result<Value, Reason> {
        match field.form() {
            Form::Text => self.text().map(Value::Text),
            Form::OneOf(words) => {
                let plain = attribute::words(&self.shown()).replace(' ', "-");
                let known = words.iter().find(|word| **word == plain);
                known.map(|word| Value::Text((*word).to_owned())).ok_or_else(|| {
                    let expected = match field {
                        Field::Verification => "unverified, self-reported or verified",
                        _ => "facility or critical-infrastructure",
                    };
                    Reason::meaning(expected, &self.shown())
                })
            }
            Form::Number | Form::Time => self.number().map(Value::Number),
            Form::Length => self.length_mm(unit).map(Value::Number),
            Form::Flag => self.flag().map(Value::Flag),
        }
    }
}

/// A field's value as it is read back.
pub(crate) fn written(field: Field, value: &Value) -> String {
    match (field.form(), value) {
        (_, Value::Text(text)) => text.clone(),
        (Form::Time, Value::Number(ms)) => time::rfc3339(*ms),
        (Form::Length, Value::Number(mm)) => {
            format!("{} m", length::metres(i64::try_from(*mm).unwrap_or(i64::MAX)))
        }
        (_, Value::Number(number)) => number.to_string(),
        (_, Value::Flag(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}

/// What was said twice and differently of one thing.
pub(crate) fn contradiction(first: &str, second: &str) -> Reason {
    Reason::Contradiction { first: clipped(first), second: clipped(second) }
}
