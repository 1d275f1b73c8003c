//! A station's answer, read field by field.
//!
//! [`Field`] is the only way from an answer to the screen, and every text that it gives is harmless
//! ([`crate::harmless`]); a field that is missing, or is of another type, reads as nothing. Programs get the
//! answer's own bytes.

use serde_json::Value;

use crate::harmless;
use crate::place::Place;

static NOTHING: Value = Value::Null;

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    raw: String,
    value: Value,
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// Where it is not JSON: what was found instead.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let raw = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let value = serde_json::from_str(raw).map_err(|error| error.to_string())?;
        Ok(Self { raw: raw.trim().to_owned(), value })
    }

    /// What this command found by itself, in the form of an answer.
    pub(crate) fn of(value: Value) -> Self {
        Self { raw: value.to_string(), value }
    }

    /// It, as the station wrote it.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// It, as a value.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// A field of it.
    pub(crate) fn at(&self, name: &str) -> Field<'_> {
        self.whole().at(name)
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Field<'_> {
        Field(&self.value)
    }
}

/// A value in an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a>(&'a Value);

impl<'a> Field<'a> {
    /// A field of it.
    pub(crate) fn at(self, name: &str) -> Self {
        Self(self.0.get(name).unwrap_or(&NOTHING))
    }

    /// Whether there is nothing.
    pub(crate) fn is_nothing(self) -> bool {
        self.0.is_null()
    }

    /// A text on one line, harmless; a number as it is written.
    pub(crate) fn text(self) -> Option<String> {
        match self.0 {
            Value::String(text) => Some(harmless::line(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The same, or `?`.
    pub(crate) fn or_unknown(self) -> String {
        self.text().unwrap_or_else(|| "?".into())
    }

    /// A text line by line, harmless.
    pub(crate) fn block(self) -> Option<Vec<String>> {
        self.0.as_str().map(harmless::block)
    }

    /// The first line of a text, cut to a number of characters, harmless; and whether that is all of it.
    pub(crate) fn first_line(self, most: usize) -> Option<(String, bool)> {
        self.0.as_str().map(|text| harmless::first_line(text, most))
    }

    /// Whether it is exactly this text.
    pub(crate) fn is(self, text: &str) -> bool {
        self.0.as_str() == Some(text)
    }

    /// A whole number.
    pub(crate) fn number(self) -> Option<u64> {
        self.0.as_u64()
    }

    /// Whether it is true.
    pub(crate) fn holds(self) -> bool {
        self.0.as_bool() == Some(true)
    }

    /// Whether it is false.
    pub(crate) fn fails(self) -> bool {
        self.0.as_bool() == Some(false)
    }

    /// What is in a list.
    pub(crate) fn list(self) -> impl Iterator<Item = Field<'a>> {
        self.0.as_array().into_iter().flatten().map(Field)
    }

    /// The texts in a list with commas between them, harmless; nothing for an empty one.
    pub(crate) fn joined(self) -> Option<String> {
        let texts: Vec<String> = self.list().filter_map(Field::text).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }

    /// The names and values of an object; the names are harmless.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (String, Field<'a>)> {
        self.0.as_object().into_iter().flatten().map(|(name, value)| (harmless::line(name), Field(value)))
    }

    /// A position, `[latitude, longitude]` in degrees.
    pub(crate) fn place(self) -> Option<Place> {
        match self.0.as_array()?.as_slice() {
            [lat, lon] => Place::of_degrees(lat.as_f64()?, lon.as_f64()?),
            _ => None,
        }
    }
}
