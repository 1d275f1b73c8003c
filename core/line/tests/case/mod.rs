//! A vector of `vectors/line/`, and the way to it for messages.

#![allow(dead_code, reason = "each test reads what it needs")]

use std::collections::BTreeSet;
use std::path::Path;

use detente_record::{Book, EntryRef};
use serde_json::Value;

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) at: String,
    pub(crate) value: Value,
}

impl Case {
    pub(crate) fn file(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/line/{name}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { at: name.into(), value: serde_json::from_str(&text).unwrap() }
    }

    pub(crate) fn get(&self, key: &str) -> Self {
        let value = self.value.get(key).unwrap_or_else(|| panic!("{}: no {key}", self.at));
        Self { at: format!("{} {key}", self.at), value: value.clone() }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some_and(|value| !value.is_null())
    }

    /// A list, which must not be empty where it is a list of cases.
    pub(crate) fn list(&self, key: &str) -> Vec<Self> {
        let list = self.get(key);
        let cases =
            list.value.as_array().unwrap_or_else(|| panic!("{}: no list", list.at)).iter().enumerate();
        let cases: Vec<Self> = cases
            .map(|(place, value)| {
                let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
                Self { at: format!("{} [{place}] {name}", list.at), value: value.clone() }
            })
            .collect();
        assert!(!cases.is_empty() || key == "regards", "{}: nothing to check", list.at);
        cases
    }

    /// A list that need not be there.
    pub(crate) fn maybe_list(&self, key: &str) -> Vec<Self> {
        if self.has(key) { self.list(key) } else { Vec::new() }
    }

    /// The fields of an object that need not be there.
    pub(crate) fn fields(&self, key: &str) -> Vec<(String, Self)> {
        let object = self.value.get(key).and_then(Value::as_object);
        let field = |(name, value): (&String, &Value)| {
            (name.clone(), Self { at: format!("{} {key} {name}", self.at), value: value.clone() })
        };
        object.into_iter().flatten().map(field).collect()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.get(key).value.as_str().unwrap_or_else(|| panic!("{} {key}: no text", self.at)).into()
    }

    pub(crate) fn all_texts(&self) -> BTreeSet<String> {
        let list = self.value.as_array().unwrap_or_else(|| panic!("{}: no list", self.at));
        list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn texts(&self, key: &str) -> BTreeSet<String> {
        self.get(key).all_texts()
    }

    pub(crate) fn number(&self, key: &str) -> u64 {
        self.get(key).value.as_u64().unwrap_or_else(|| panic!("{} {key}: no number", self.at))
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key).value.as_bool().unwrap()
    }

    pub(crate) fn bytes(&self, key: &str) -> Vec<u8> {
        self.get(key).as_bytes()
    }

    /// Hex in groups; `00*64` is a run.
    pub(crate) fn as_bytes(&self) -> Vec<u8> {
        let text = self.value.as_str().unwrap_or_else(|| panic!("{}: no hex", self.at));
        unhex(text).unwrap_or_else(|| panic!("{}: no hex", self.at))
    }

    pub(crate) fn book(&self, key: &str) -> Book {
        Book::from_code(u32::try_from(self.number(key)).unwrap()).unwrap()
    }

    /// `[book, number]`.
    pub(crate) fn reference(&self) -> EntryRef {
        let numbers: Vec<u64> = self.value.as_array().unwrap().iter().filter_map(Value::as_u64).collect();
        let [book, number] = numbers.try_into().unwrap();
        EntryRef { book: Book::from_code(u32::try_from(book).unwrap()).unwrap(), number }
    }

    /// The value with every run of bytes written out.
    pub(crate) fn whole_hex(&self) -> Value {
        fn whole(value: &Value) -> Value {
            match value {
                Value::String(text) if text.contains('*') => hex(&unhex(text).unwrap()).into(),
                Value::Array(items) => items.iter().map(whole).collect(),
                Value::Object(fields) => {
                    fields.iter().map(|(name, value)| (name.clone(), whole(value))).collect()
                }
                other => other.clone(),
            }
        }
        whole(&self.value)
    }
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let mut bytes = Vec::new();
    for group in text.split(' ').filter(|group| !group.is_empty()) {
        match group.split_once('*') {
            Some((digits, count)) => {
                bytes.extend(std::iter::repeat_n(byte(digits.as_bytes())?, count.parse().ok()?));
            }
            None => {
                for pair in group.as_bytes().chunks(2) {
                    bytes.push(byte(pair)?);
                }
            }
        }
    }
    Some(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
