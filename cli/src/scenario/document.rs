//! A TOML document that is being read against a form.
//!
//! Promises that whatever is wrong is said with its line and column, what was expected, what was found and,
//! where there is one, a hint; and that all faults of a document are found in one reading, not the first one
//! only. Refuses keys that the form does not have: a key that nobody reads is a mistake, not a comment.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use detente_station::duration;
pub(crate) use detente_station::form::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::time;

/// Most faults that are told of one document.
const MAX_FAULTS: usize = 20;

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What was expected and what was found.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The line itself.
    pub(crate) text: String,
}

/// Everything that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Faults {
    /// What the document is called.
    pub(crate) name: String,
    /// In the order of the document.
    pub(crate) faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in self.faults.iter().take(MAX_FAULTS) {
            writeln!(f, "{}:{}:{}: {}", self.name, fault.line, fault.column, fault.what)?;
            writeln!(f, "  | {}", fault.text)?;
            if let Some(hint) = &fault.hint {
                writeln!(f, "  = {hint}")?;
            }
        }
        let more = self.faults.len().saturating_sub(MAX_FAULTS);
        if more > 0 {
            writeln!(f, "{}: {more} more", self.name)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The source and what has been found wrong with it so far.
pub(crate) struct Document<'i> {
    source: &'i str,
    faults: RefCell<Vec<(usize, Fault)>>,
}

impl<'i> Document<'i> {
    /// A document without faults yet.
    pub(crate) fn new(source: &'i str) -> Self {
        Self { source, faults: RefCell::default() }
    }

    /// The tree of the document, or `None` and a fault where it is not TOML.
    pub(crate) fn parse(&self) -> Option<Spanned<DeTable<'i>>> {
        match DeTable::parse(self.source) {
            Ok(tree) => Some(tree),
            Err(error) => {
                let what = format!("not TOML: {}", error.message());
                self.fault(&error.span().unwrap_or_default(), what, None);
                None
            }
        }
    }

    /// The line, from 1, that holds a byte.
    pub(crate) fn line_of(&self, byte: usize) -> usize {
        self.before(byte).matches('\n').count() + 1
    }

    fn before(&self, byte: usize) -> &'i str {
        let mut end = byte.min(self.source.len());
        while !self.source.is_char_boundary(end) {
            end -= 1;
        }
        self.source.get(..end).unwrap_or_default()
    }

    /// Keeps a fault.
    pub(crate) fn fault(&self, span: &Range<usize>, what: String, hint: Option<String>) {
        let before = self.before(span.start);
        let line = self.line_of(span.start);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let text = self.source.lines().nth(line - 1).unwrap_or_default().trim_end().to_owned();
        self.faults.borrow_mut().push((span.start, Fault { line, column, what, hint, text }));
    }

    /// What was wrong, in the order of the document; `None` when nothing was.
    pub(crate) fn into_faults(self, name: &str) -> Option<Faults> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(at, _)| *at);
        let faults: Vec<Fault> = faults.into_iter().map(|(_, fault)| fault).collect();
        (!faults.is_empty()).then(|| Faults { name: name.to_owned(), faults })
    }
}

/// What to say about a name that is not among those known.
pub(crate) fn hint_for(found: &str, known: &[&str]) -> Option<String> {
    match nearest(found, known.iter().copied()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() => None,
        None => Some(format!("known here: {}", known.join(", "))),
    }
}

/// A table of the document, with a memory of which keys the form asked for.
pub(crate) struct Table<'d, 'i> {
    document: &'d Document<'i>,
    /// What it is, for faults: `[scenario]`, `a step`.
    name: String,
    span: Range<usize>,
    entries: &'d DeTable<'i>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d, 'i> Table<'d, 'i> {
    /// A table and where it stands.
    pub(crate) fn new(
        document: &'d Document<'i>,
        name: impl Into<String>,
        span: Range<usize>,
        entries: &'d DeTable<'i>,
    ) -> Self {
        Self { document, name: name.into(), span, entries, asked: RefCell::default() }
    }

    /// Line of the table's header or brace.
    pub(crate) fn line(&self) -> usize {
        self.document.line_of(self.span.start)
    }

    /// The value of a key that may be absent.
    pub(crate) fn value(&self, key: &'static str) -> Option<Value<'d, 'i>> {
        self.asked.borrow_mut().push(key);
        let value = self.entries.get(key)?;
        Some(Value { document: self.document, key, value })
    }

    /// The value of a key that has to be there.
    pub(crate) fn needed(&self, key: &'static str) -> Option<Value<'d, 'i>> {
        let value = self.value(key);
        if value.is_none() {
            self.fault(format!("{} lacks `{key}`", self.name), None);
        }
        value
    }

    /// A fault of the table as a whole.
    pub(crate) fn fault(&self, what: String, hint: Option<String>) {
        self.document.fault(&self.span, what, hint);
    }

    /// Ends the reading: whatever was not asked for is a fault.
    pub(crate) fn close(self) {
        let asked = self.asked.into_inner();
        for (key, _) in self.entries {
            let name = key.get_ref().as_ref();
            if !asked.contains(&name) {
                let what = format!("{} has no key `{name}`", self.name);
                self.document.fault(&key.span(), what, hint_for(name, &asked));
            }
        }
    }
}

/// A value of the document under its key.
#[derive(Clone)]
pub(crate) struct Value<'d, 'i> {
    document: &'d Document<'i>,
    key: &'static str,
    value: &'d Spanned<DeValue<'i>>,
}

impl<'d, 'i> Value<'d, 'i> {
    /// A fault of this value, in one form: what was expected of which key.
    pub(crate) fn refuse(&self, expected: &str, hint: Option<String>) {
        let found = match self.value.get_ref() {
            DeValue::String(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        let what = format!("`{}`: expected {expected}, found {found}", self.key);
        self.document.fault(&self.value.span(), what, hint);
    }

    fn want<T>(&self, read: Option<T>, expected: &str) -> Option<T> {
        if read.is_none() {
            self.refuse(expected, None);
        }
        read
    }

    /// A string that says something.
    pub(crate) fn text(&self) -> Option<String> {
        let text = self.value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty());
        self.want(text.map(str::to_owned), "a string that is not empty")
    }

    /// A whole number of 0 or more.
    pub(crate) fn whole(&self) -> Option<u64> {
        let number =
            self.value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        self.want(number, "a whole number of 0 or more")
    }

    /// A finite number, whole or not.
    pub(crate) fn number(&self) -> Option<f64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => number.to_string().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        self.want(number.filter(|n: &f64| n.is_finite()), "a number")
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self) -> Option<bool> {
        self.want(self.value.get_ref().as_bool(), "true or false")
    }

    /// A date and time with its offset, as ms since 1970.
    pub(crate) fn instant(&self) -> Option<u64> {
        let moment = self.value.get_ref().as_datetime().and_then(time::instant_ms);
        if moment.is_none() {
            let hint = "without quotes, and with `Z` at its end".to_owned();
            self.refuse("a date and time such as 2017-04-06T22:40:00Z", Some(hint));
        }
        moment
    }

    /// A length of time such as `90s`, in ms.
    pub(crate) fn duration(&self) -> Option<u64> {
        let duration = self.value.get_ref().as_str().and_then(|text| duration::parse(text).ok());
        if duration.is_none() {
            let hint = "a whole number and one of the units ms, s, m, h, d".to_owned();
            self.refuse("a length of time such as \"90s\" or \"2h\"", Some(hint));
        }
        duration
    }

    /// One of some names, each standing for a value.
    pub(crate) fn one_of<T: Clone>(&self, known: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let Some(found) = self.value.get_ref().as_str() else {
            self.refuse("a name in quotes", hint_for("", &names));
            return None;
        };
        let read = known.iter().find(|(name, _)| *name == found).map(|(_, value)| value.clone());
        if read.is_none() {
            self.refuse("one of the names known here", hint_for(found, &names));
        }
        read
    }

    /// Whether it is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.value.get_ref().is_array()
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Option<Vec<Value<'d, 'i>>> {
        let items = self.value.get_ref().as_array();
        let items = self.want(items, "a list")?;
        Some(items.iter().map(|value| Value { document: self.document, key: self.key, value }).collect())
    }

    /// A table.
    pub(crate) fn table(&self, name: impl Into<String>) -> Option<Table<'d, 'i>> {
        let entries = self.want(self.value.get_ref().as_table(), "a table")?;
        Some(Table::new(self.document, name, self.value.span(), entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_named_with_its_line_and_the_nearest_one() {
        let source = "a = 1\n[party]\nnmae = \"usa\"\n";
        let document = Document::new(source);
        let tree = document.parse().unwrap();
        let table = Table::new(
            &document,
            "[party]",
            0..1,
            tree.get_ref().get("party").unwrap().get_ref().as_table().unwrap(),
        );
        assert!(table.value("name").is_none());
        table.close();
        let faults = document.into_faults("x.toml").unwrap();
        assert_eq!(
            faults.to_string(),
            "x.toml:3:1: [party] has no key `nmae`\n  | nmae = \"usa\"\n  = did you mean `name`?\n"
        );
    }

    #[test]
    fn what_is_not_toml_is_said_with_its_place() {
        let document = Document::new("a = 1\nb = = 2\n");
        assert!(document.parse().is_none());
        let faults = document.into_faults("x.toml").unwrap();
        assert_eq!((faults.faults[0].line, faults.faults[0].text.as_str()), (2, "b = = 2"));
    }

    #[test]
    fn a_value_of_another_type_is_shown_as_found() {
        let document = Document::new("at = \"today\"\n");
        let tree = document.parse().unwrap();
        let table = Table::new(&document, "a step", 0..1, tree.get_ref());
        assert_eq!(table.needed("at").and_then(|at| at.instant()), None);
        assert!(table.needed("do").is_none());
        let faults = document.into_faults("x").unwrap();
        let said: Vec<&str> = faults.faults.iter().map(|fault| fault.what.as_str()).collect();
        assert_eq!(
            said,
            [
                "a step lacks `do`",
                "`at`: expected a date and time such as 2017-04-06T22:40:00Z, found \"today\""
            ]
        );
    }
}
