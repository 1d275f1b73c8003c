//! Precedence on the command line: prosign and word, in and out; a shape and a word, never a colour alone.

use clap::ValueEnum;
use detente_console::named;
use detente_record::{Class, ParsedRef};
use unicode_width::UnicodeWidthStr as _;

use crate::output::{Output, Tone};
use crate::words::padded;

/// How soon an entry is to be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precedence {
    /// Z: at once, before everything else
    #[value(alias = "z")]
    Flash,
    /// O: next
    #[value(alias = "o")]
    Immediate,
    /// P: today
    #[value(alias = "p")]
    Priority,
    /// R: in its turn
    #[value(alias = "r")]
    Routine,
}

impl Precedence {
    /// Its prosign.
    pub(crate) fn prosign(self) -> &'static str {
        match self {
            Self::Flash => "Z",
            Self::Immediate => "O",
            Self::Priority => "P",
            Self::Routine => "R",
        }
    }
}

/// The class of an entry's or a book's name.
pub(crate) fn class_of(name: &str) -> Option<Class> {
    ParsedRef::parse(name).or_else(|_| ParsedRef::parse(&format!("{name}/1"))).ok().map(|parsed| parsed.class)
}

/// The shape, prosign and word of a class, in columns of one width.
pub(crate) fn sign(out: &Output, class: Option<Class>) -> String {
    let word = |class: char| named::precedence(out.words(), class);
    let columns = ['Z', 'O', 'P', 'R', 'A'].map(|class| word(class).width()).into_iter().max().unwrap_or(0);
    let (tone, shape) = match class {
        Some(Class::Z) => (Tone::Bad, '◆'),
        Some(Class::O) => (Tone::Warn, '▲'),
        Some(Class::P) => (Tone::Plain, '■'),
        Some(Class::R) => (Tone::Plain, '□'),
        Some(Class::A) => (Tone::Strong, '§'),
        None => return padded("? ?", columns + 4),
    };
    let prosign = class.map_or('?', Class::letter);
    out.paint(tone, &format!("{shape} {prosign} {}", padded(&word(prosign), columns)))
}
