//! The language of what people read: which it is, and how its words, its times and the texts of others stand in it.
//!
//! The words are the console's (`console/words/`). Programs get none of them: `--json` is the same in every language. In English the
//! names of the protocol are said as they are typed (`decide`, `cease`). Where the language reads leftward, whatever is not of it stands
//! in isolates (Unicode Standard Annex 9): a name, a number, a date-time group, a peer's text. A peer's own isolates cannot be
//! taken for them: those are shown ([`crate::harmless`]).

use clap::builder::{PossibleValuesParser, TypedValueParser};
use detente_console::{Hand, LANGUAGES, Words, called, named};
use detente_dossier::harmless::{END, ISOLATE};
use unicode_width::UnicodeWidthStr as _;

use crate::attachment;
use crate::output::{Output, Tone};
use crate::place::Place;
use crate::time;

/// Begins a line that reads leftward, for terminals that guess a line's direction by its first letter.
const LEFTWARD: char = '\u{200F}';

/// Which words the reader gets: those asked for, else those of `DETENTE_LANGUAGE`, else those of the locale (POSIX), else English.
pub(crate) fn reader(asked: Option<Words>) -> Words {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let named = || variable("DETENTE_LANGUAGE").and_then(|tag| Words::of(&tag));
    // The first that is set decides, whether it is spoken here or not.
    let locale = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable);
    let words = asked.or_else(named).or_else(|| Words::of(&locale()?));
    words.unwrap_or_else(Words::english).on_terminal()
}

/// What programs get to read beside JSON: English, whatever the reader speaks.
pub(crate) fn reader_of_programs() -> Words {
    Words::english().on_terminal()
}

/// Reads the tag of a language that is spoken here; completions offer them all.
pub(crate) fn tag_parser() -> impl TypedValueParser<Value = Words> {
    PossibleValuesParser::new(LANGUAGES.iter().map(|language| language.tag))
        .map(|tag| Words::of(&tag).unwrap_or_else(Words::english))
}

/// A text with blanks after it, up to so many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// A text with blanks before it, up to so many columns.
pub(crate) fn aligned(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

impl Output {
    /// A sentence.
    pub(crate) fn t(&self, name: &str) -> String {
        self.words().t(name)
    }

    /// A sentence about things, each by its name in it; they are harmless already.
    pub(crate) fn say(&self, name: &str, things: &[(&str, &str)]) -> String {
        self.words().of_all(name, things)
    }

    /// A sentence about a number, which is called `n`.
    pub(crate) fn n(&self, name: &str, n: u64) -> String {
        self.words().n(name, n)
    }

    /// A name, a number or somebody's text among words: apart from their direction, where that is leftward.
    pub(crate) fn apart(&self, text: &str) -> String {
        if self.is_leftward() && !text.is_empty() { format!("{ISOLATE}{text}{END}") } else { text.to_owned() }
    }

    /// A line that begins in the direction of its language.
    pub(crate) fn begun(&self, line: &str) -> String {
        if self.is_leftward() && !line.is_empty() { format!("{LEFTWARD}{line}") } else { line.to_owned() }
    }

    fn is_leftward(&self) -> bool {
        self.words().language.leftward
    }

    /// What a kind of entry is called.
    pub(crate) fn kind(&self, kind: &str) -> String {
        if self.words().is_english() { kind.to_owned() } else { named::kind(self.words(), kind) }
    }

    /// What a name of the protocol is called that a field says.
    pub(crate) fn called(&self, field: &str, name: &str) -> String {
        if self.words().is_english() { name.to_owned() } else { called(self.words(), field, name) }
    }

    /// A length of time.
    pub(crate) fn length(&self, ms: u64) -> String {
        time::length_in(self.words(), ms)
    }

    /// A time to the second.
    pub(crate) fn stamp(&self, ms: u64) -> String {
        self.apart(&time::stamp(ms))
    }

    /// How far a time is from now.
    pub(crate) fn how_far(&self, ms: u64, now_ms: u64) -> String {
        time::from_now_in(self.words(), ms, now_ms)
    }

    /// A time and how far it is from now.
    pub(crate) fn stamp_from_now(&self, ms: u64, now_ms: u64) -> String {
        format!("{} ({})", self.stamp(ms), self.how_far(ms, now_ms))
    }

    /// What belongs together in one line, with commas between.
    pub(crate) fn listed(&self, parts: &[&str]) -> String {
        parts.join(self.words().comma())
    }

    /// Names with commas between them.
    pub(crate) fn names(&self, names: &[String]) -> String {
        let names: Vec<String> = names.iter().map(|name| self.apart(name)).collect();
        names.join(self.words().comma())
    }

    /// A sentence in its tone.
    pub(crate) fn told(&self, tone: Tone, name: &str, things: &[(&str, &str)]) -> String {
        self.paint(tone, &self.say(name, things))
    }

    /// A sign, which says the same as the words behind it, and a sentence, in its tone.
    pub(crate) fn signed(&self, tone: Tone, sign: &str, name: &str, things: &[(&str, &str)]) -> String {
        self.paint(tone, &format!("{sign} {}", self.say(name, things)))
    }
}

/// How an entry stands on a terminal.
pub(crate) struct OnTerminal<'a> {
    /// Where.
    pub(crate) out: &'a Output,
    /// The station's time.
    pub(crate) now_ms: u64,
}

impl Hand for OnTerminal<'_> {
    fn words(&self) -> &Words {
        self.out.words()
    }

    fn moment(&self, ms: u64) -> String {
        self.out.stamp_from_now(ms, self.now_ms)
    }

    fn stamp(&self, ms: u64) -> String {
        time::stamp(ms)
    }

    fn length(&self, ms: u64) -> String {
        self.out.length(ms)
    }

    fn place(&self, [lat, lon]: [f64; 2]) -> String {
        Place::of_degrees(lat, lon).map_or_else(|| "?".into(), |place| self.out.apart(&place.to_string()))
    }

    fn size(&self, bytes: u64) -> String {
        attachment::length(bytes)
    }

    fn corners(&self, count: usize) -> String {
        self.out.say("carried-corners-json", &[("count", &count.to_string())])
    }

    fn called(&self, field: &str, name: &str) -> String {
        self.out.called(field, name)
    }

    fn field(&self, name: &str) -> String {
        if self.words().is_english() { name.to_owned() } else { named::field(self.words(), name) }
    }
}

/// Tells a position back to whoever typed it.
pub(crate) fn told_back(out: &Output, position: Place) {
    let said = format!("{} {}", out.t("label-position"), out.apart(&position.to_string()));
    out.remark(&out.begun(&said));
}

/// A position, where there is one.
pub(crate) fn place(out: &Output, place: Option<Place>) -> String {
    place.map_or_else(|| "?".into(), |place| out.apart(&place.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_look() {
        assert_eq!(padded("停火", 6), "停火  ");
        assert_eq!(padded("\u{2068}خط\u{2069}", 4), "\u{2068}خط\u{2069}  ");
        assert_eq!((padded("long", 2).as_str(), aligned("7", 3).as_str()), ("long", "  7"));
    }

    #[test]
    fn a_language_is_found_by_its_tag_and_by_the_name_of_a_locale() {
        for (name, found) in [
            ("fr", "fr"),
            ("fr_FR.UTF-8", "fr"),
            ("zh_CN", "zh"),
            ("uk-UA", "uk"),
            ("ar.UTF-8", "ar"),
            ("ru_RU@euro", "ru"),
        ] {
            assert_eq!(Words::of(name).map(|words| words.language.tag), Some(found), "{name}");
        }
        for name in ["", "C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "français"] {
            assert!(Words::of(name).is_none(), "{name}");
        }
    }
}
