//! The words that people use for classes and kinds, in files, in the API and on the command line.

use detente_dossier::words::KINDS;
use detente_record::Class;

use crate::form::nearest;

const CLASSES: [(Class, &str); 5] = [
    (Class::Z, "flash"),
    (Class::A, "acts"),
    (Class::O, "immediate"),
    (Class::P, "priority"),
    (Class::R, "routine"),
];

/// The class of a precedence: its prosign or its word.
///
/// # Errors
/// Says what would have been taken.
pub fn class(text: &str) -> Result<Class, String> {
    let lower = text.to_ascii_lowercase();
    let found = CLASSES
        .iter()
        .find(|(class, word)| *word == lower || class.letter().to_ascii_lowercase().to_string() == lower);
    found.map(|(class, _)| *class).filter(|class| *class != Class::A).ok_or_else(|| {
        format!(
            "expected a precedence: flash (Z), immediate (O), priority (P) or routine (R), found {text:?}"
        )
    })
}

/// The word for a class of precedence.
pub fn class_name(class: Class) -> &'static str {
    CLASSES.iter().find(|(of, _)| *of == class).map_or("", |(_, word)| word)
}

/// The number of a kind's name.
///
/// # Errors
/// Says what would have been taken.
pub fn kind(name: &str) -> Result<u16, String> {
    let found = KINDS.iter().find(|(_, word)| *word == name).map(|(number, _)| *number);
    found.ok_or_else(|| {
        let near = nearest(name, KINDS.iter().map(|(_, word)| *word));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        format!("expected a kind of entry such as message or notice, found {name:?}{near}")
    })
}

/// The name of a kind, if it is known.
pub fn kind_name(number: u16) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == number).map(|(_, word)| *word)
}
