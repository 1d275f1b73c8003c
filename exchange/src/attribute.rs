//! Attributes: what columns and properties are about, whatever they are called (spec/exchange.md §4).
//!
//! A name is looked up without regard to case, strokes and underlines. What stands behind it, in brackets or as its last
//! words, qualifies it: `lower (ft AMSL)`, `start (Europe/Kyiv)`, `radius_km`.

use detente_airspace::altitude::Datum;
use detente_line::notice::Field;

use crate::length::{self, Unit};
use crate::names::NAMES;
use crate::script;
use crate::time::Zone;

/// What a column or property is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Attribute {
    /// What parts several rows belong to, where they have no identifier.
    Item,
    Id,
    Kind,
    Text,
    Shape,
    Position,
    Latitude,
    Longitude,
    To,
    Area,
    Radius,
    Diameter,
    HalfWidth,
    Width,
    From,
    Until,
    /// One moment of a waypoint.
    Moment,
    /// When a movement leaves a waypoint.
    Departure,
    /// The zone of times that carry none.
    Zone,
    Lower,
    Upper,
    /// What altitudes are counted from, where they do not say so themselves.
    Datum,
    GroundLowest,
    GroundHighest,
    /// Times of the positions of a line.
    Times,
    /// What parts say each.
    Parts,
    Field(Field),
}

impl Attribute {
    /// The name that it is written by in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::Radius => "radius_m",
            Self::HalfWidth => "half_width_m",
            Self::GroundLowest => "ground_lowest_m",
            Self::GroundHighest => "ground_highest_m",
            plain => NAMES
                .into_iter()
                .find(|(known, _)| *known == plain)
                .and_then(|(_, names)| names.first())
                .unwrap_or(&""),
        }
    }

    /// Whether it says where something is.
    pub(crate) fn is_place(self) -> bool {
        matches!(self, Self::Position | Self::Latitude | Self::Area)
    }
}

/// What a name says: what it is about, and what its values are to be taken by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) attribute: Attribute,
    pub(crate) unit: Option<Unit>,
    pub(crate) datum: Option<Datum>,
    pub(crate) zone: Option<Zone>,
}

/// Most bytes of a name that is looked up.
const MOST_BYTES: usize = 200;

impl Header {
    /// What a name says, if it is known.
    pub(crate) fn of(name: &str) -> Option<Self> {
        if name.len() > MOST_BYTES {
            return None;
        }
        let (name, qualifier) =
            match name.trim().strip_suffix([')', ']']).and_then(|n| n.rsplit_once(['(', '['])) {
                Some((name, qualifier)) => (name, qualifier),
                None => (name, ""),
            };
        // `Name (Arabic)` is a name of its own.
        let whole = words(&format!("{name} {qualifier}"));
        if let Some((attribute, _)) = NAMES.into_iter().find(|(_, names)| names.contains(&whole.as_str())) {
            return Some(Self { attribute, unit: None, datum: None, zone: None });
        }
        let plain = words(name);
        let mut header = Self { attribute: Attribute::Item, unit: None, datum: None, zone: None };
        if !qualifier.split([' ', ',', ';']).all(|word| header.qualify(word))
            && Zone::named(qualifier).is_err()
        {
            // A remark in brackets, such as `(required)`, says nothing of how values are to be taken.
            (header.unit, header.datum) = (None, None);
        }
        // Most names have no qualifier, and zones are many to look through.
        if !qualifier.is_empty() {
            header.zone = Zone::named(qualifier).ok().or(header.zone);
        }
        let mut rest = plain.as_str();
        loop {
            if let Some((attribute, _)) = NAMES.into_iter().find(|(_, names)| names.contains(&rest)) {
                return Some(Self { attribute, ..header });
            }
            let (before, last) = rest.rsplit_once(' ')?;
            if !header.qualify(last) {
                return None;
            }
            rest = before;
        }
    }

    /// Takes a word as a unit, a datum or a zone; whether it is one.
    fn qualify(&mut self, word: &str) -> bool {
        if let Some(unit) = Unit::named(word) {
            self.unit = Some(unit);
        } else if let Some(datum) = length::datum(word) {
            self.datum = Some(datum);
        } else if ["utc", "z", "gmt"].contains(&word.to_ascii_lowercase().as_str()) {
            self.zone = Some(Zone::utc());
        } else {
            return word.is_empty();
        }
        true
    }
}

/// A name in lower case, its words parted by single spaces.
pub(crate) fn words(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut lower_before = false;
    for c in script::plain(name).chars() {
        let c = if matches!(c, '_' | '-' | '.' | '/' | ':' | '*' | '№' | '#') || c.is_whitespace() {
            ' '
        } else {
            c
        };
        // `validFrom` is two words.
        if c == ' ' || (lower_before && c.is_uppercase()) {
            plain.push(' ');
        }
        lower_before = c.is_lowercase();
        plain.extend(c.to_lowercase().filter(|c| *c != ' '));
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_three_languages() {
        for (name, attribute) in [
            ("Latitude", Attribute::Latitude),
            ("خط العرض", Attribute::Latitude),
            ("Широта", Attribute::Latitude),
            ("validFrom", Attribute::From),
            ("VERIFIED_BY", Attribute::Field(Field::VerifiedBy)),
            ("reply-by", Attribute::Field(Field::ReplyBy)),
            ("Site name (required)", Attribute::Field(Field::Name)),
            ("Name (Arabic)", Attribute::Field(Field::NameOtherScript)),
            ("Name in Ukrainian", Attribute::Field(Field::NameOtherScript)),
            ("Abort contact", Attribute::Field(Field::AbortContact)),
            ("Організація", Attribute::Field(Field::Organisation)),
        ] {
            assert_eq!(Header::of(name).map(|header| header.attribute), Some(attribute), "{name}");
        }
        for name in ["", "lat2", "colour", "()", "m", "(m)", "utc"] {
            assert_eq!(Header::of(name), None, "{name}");
        }
    }

    #[test]
    fn what_stands_behind_a_name_qualifies_it() {
        let lower = Header::of("lower (ft AMSL)").unwrap();
        assert_eq!(
            (lower.attribute, lower.unit, lower.datum),
            (Attribute::Lower, Some(Unit::Foot), Some(Datum::Amsl))
        );
        assert_eq!(Header::of("lower_m_agl").unwrap().datum, Some(Datum::Agl));
        assert_eq!(Header::of("radius_km").unwrap().unit, Some(Unit::Kilometre));
        assert_eq!(Header::of("Start (Europe/Kyiv)").unwrap().zone, Zone::named("Europe/Kyiv").ok());
        assert_eq!(Header::of("start time UTC").unwrap().zone, Some(Zone::utc()));
        assert_eq!(Header::of("start (+03:00)").unwrap().zone, Zone::named("+03:00").ok());
    }

    #[test]
    fn every_name_is_one_attributes_and_reads_back() {
        let mut seen = std::collections::BTreeSet::new();
        for (attribute, names) in NAMES {
            for name in names {
                assert_eq!(words(name), *name);
                assert!(seen.insert(*name), "{name} twice");
            }
            assert_eq!(Header::of(attribute.name()).map(|header| header.attribute), Some(attribute));
        }
        for field in Field::ALL {
            assert!(
                Header::of(field.name()).is_some_and(|header| header.attribute == Attribute::Field(field))
            );
        }
    }
}
