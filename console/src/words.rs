//! The words of a language: every sentence that a page says, by its name in `words/*.ftl` (Fluent).
//!
//! Adding a language is adding a file and its name here; the tests hold each file to the names and the variables of the English one.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// Its tag (BCP 47).
    pub tag: &'static str,
    /// What it calls itself.
    pub name: &'static str,
    /// Whether it is written from right to left.
    pub leftward: bool,
    source: &'static str,
}

macro_rules! language {
    ($tag:literal, $name:literal, $leftward:literal) => {
        Language {
            tag: $tag,
            name: $name,
            leftward: $leftward,
            source: include_str!(concat!("../words/", $tag, ".ftl")),
        }
    };
}

/// The languages of the console; the first is what others fall back to.
pub const LANGUAGES: &[Language] = &[
    language!("en", "English", false),
    language!("fr", "Français", false),
    language!("es", "Español", false),
    language!("ru", "Русский", false),
    language!("ar", "العربية", true),
    language!("zh", "中文", false),
    language!("uk", "Українська", false),
];

type Bundles = [OnceLock<FluentBundle<FluentResource>>; LANGUAGES.len()];

/// On a page whatever is put into a sentence stands in isolates (Unicode Standard Annex 9).
static ON_PAGES: Bundles = [const { OnceLock::new() }; LANGUAGES.len()];
/// On a terminal only where the sentence reads leftward: elsewhere what people search and copy has nothing unseen in it.
static ON_TERMINALS: Bundles = [const { OnceLock::new() }; LANGUAGES.len()];

/// The sentences of a language, read once.
fn sentences(tag: &str, on_terminal: bool) -> Option<&'static FluentBundle<FluentResource>> {
    let number = LANGUAGES.iter().position(|language| language.tag == tag)?;
    let (language, bundles) = (LANGUAGES.get(number)?, if on_terminal { &ON_TERMINALS } else { &ON_PAGES });
    Some(bundles.get(number)?.get_or_init(|| bundle(language, !on_terminal || language.leftward)))
}

fn bundle(language: &Language, isolates: bool) -> FluentBundle<FluentResource> {
    let tag: LanguageIdentifier = language.tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(isolates);
    // What cannot be read is missed by the tests.
    let resource = match FluentResource::try_new(language.source.to_owned()) {
        Ok(resource) => resource,
        Err((resource, _)) => resource,
    };
    bundle.add_resource_overriding(resource);
    bundle
}

/// The words of one language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Which.
    pub language: &'static Language,
    on_terminal: bool,
}

impl Words {
    /// Those of a tag, or of a locale's name, if the console speaks it: `fr`, `fr-CH`, `fr_CH.UTF-8`.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        let language = LANGUAGES.iter().find(|language| language.tag.eq_ignore_ascii_case(primary))?;
        Some(Self { language, on_terminal: false })
    }

    /// English.
    pub fn english() -> Self {
        Self { language: &LANGUAGES[0], on_terminal: false }
    }

    /// The same for a terminal: what is put into a sentence stands in isolates only where it reads leftward.
    #[must_use]
    pub fn on_terminal(self) -> Self {
        Self { on_terminal: true, ..self }
    }

    /// Whether they are English.
    pub fn is_english(&self) -> bool {
        self.language.tag == LANGUAGES[0].tag
    }

    /// The first that a browser would rather read, by its `Accept-Language`.
    pub fn accepted(header: &str) -> Self {
        let mut wanted: Vec<(f32, &str)> = header
            .split(',')
            .take(32)
            .map(|one| {
                let (tag, quality) = one.split_once(";q=").unwrap_or((one, "1"));
                (quality.trim().parse().unwrap_or(0.0), tag.trim())
            })
            .collect();
        wanted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        wanted.into_iter().find_map(|(_, tag)| Self::of(tag)).unwrap_or_else(Self::english)
    }

    /// What stands between the parts of a list.
    pub fn comma(&self) -> &'static str {
        match self.language.tag {
            "ar" => "، ",
            "zh" => "，",
            _ => ", ",
        }
    }

    /// A sentence.
    pub fn t(&self, name: &str) -> String {
        self.say(name, &FluentArgs::new())
    }

    /// A sentence about a number, which is called `n`.
    pub fn n(&self, name: &str, n: u64) -> String {
        let mut of = FluentArgs::new();
        of.set("n", FluentValue::from(i64::try_from(n).unwrap_or(i64::MAX)));
        self.say(name, &of)
    }

    /// A sentence about something, which is called `what`.
    pub fn of_what(&self, name: &str, what: &str) -> String {
        let mut of = FluentArgs::new();
        of.set("what", FluentValue::from(what.to_owned()));
        self.say(name, &of)
    }

    /// A sentence about several things, each by its name in it.
    pub fn of_all(&self, name: &str, things: &[(&str, &str)]) -> String {
        let mut of = FluentArgs::new();
        for (thing, said) in things {
            of.set(*thing, FluentValue::from((*said).to_owned()));
        }
        self.say(name, &of)
    }

    fn say(&self, name: &str, of: &FluentArgs<'_>) -> String {
        let tags = [self.language.tag, "en"];
        let found = tags.iter().filter_map(|tag| sentences(tag, self.on_terminal)).find_map(|bundle| {
            let pattern = bundle.get_message(name)?.value()?;
            Some(bundle.format_pattern(pattern, Some(of), &mut Vec::new()).into_owned())
        });
        // Nothing in its place would be read as quiet.
        found.unwrap_or_else(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use super::*;

    /// The names of a file, each with the variables that it uses, read without Fluent.
    fn names(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '\t'])) {
                name.clone_into(&mut last);
                assert!(names.insert(last.clone(), BTreeSet::new()).is_none(), "{last} twice");
            }
            let mut rest = line;
            while let Some((_, after)) = rest.split_once("{ $").or_else(|| rest.split_once("{$")) {
                let variable: String =
                    after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                names.get_mut(&last).unwrap().insert(variable);
                rest = after;
            }
        }
        names
    }

    #[test]
    fn every_language_says_everything() {
        let english = names(LANGUAGES[0].source);
        assert!(!english.is_empty());
        for language in LANGUAGES {
            assert!(FluentResource::try_new(language.source.to_owned()).is_ok(), "{}", language.tag);
            let said = names(language.source);
            for (name, variables) in &english {
                assert_eq!(said.get(name), Some(variables), "{} in {}", name, language.tag);
            }
            let beyond: Vec<&String> = said.keys().filter(|name| !english.contains_key(*name)).collect();
            assert!(beyond.is_empty(), "{beyond:?} in {} alone", language.tag);
        }
    }

    #[test]
    fn what_pages_ask_for_is_there_and_what_is_there_is_asked_for() {
        let english: BTreeSet<String> = names(LANGUAGES[0].source).into_keys().collect();
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/");
        let mut text = String::new();
        for folder in ["templates", "src", "assets", "../cli/src"] {
            for file in fs::read_dir(format!("{here}{folder}")).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|end| end == "html" || end == "rs" || end == "js") {
                    text += &fs::read_to_string(path).unwrap();
                }
            }
        }
        let quoted: BTreeSet<&str> = text.split('"').collect();
        let unasked: Vec<&String> = english.iter().filter(|name| !quoted.contains(name.as_str())).collect();
        assert!(unasked.is_empty(), "{unasked:?}: nobody says them");
        let is_name = |name: &str| {
            let letters = |c: char| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit();
            !name.is_empty() && name.chars().all(letters)
        };
        // The first text of a call is a name; of what signs and tones go before, the first that can be one.
        for call in [".t(", ".n(", ".of_what(", ".of_all(", ".say("] {
            for after in text.split(call).skip(1) {
                let name = after.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                let name = name.filter(|name| is_name(name)).unwrap_or("skip");
                assert!(english.contains(name), "{name} is not in words/en.ftl");
            }
        }
        for call in [".signed(", ".told("] {
            for after in text.split(call).skip(1) {
                let call = after.split(')').next().unwrap_or_default();
                let name = call.split('"').skip(1).step_by(2).find(|name| is_name(name)).unwrap_or("skip");
                assert!(english.contains(name), "{name} is not in words/en.ftl");
            }
        }
        // And what is named by a list of names.
        for name in quoted.iter().filter(|name| is_name(name)) {
            let (first, rest) = name.split_once('-').unwrap_or_default();
            let is_word = ["label", "heading", "hint", "event", "status", "mark"].contains(&first);
            assert!(!is_word || rest.is_empty() || english.contains(*name), "{name} is not in words/en.ftl");
        }
    }

    #[test]
    fn a_browser_gets_the_language_that_it_would_rather_read() {
        assert_eq!(Words::accepted("ar-SY, en;q=0.8").language.tag, "ar");
        assert_eq!(Words::accepted("de, fr;q=0.5, en;q=0.9").language.tag, "en");
        assert_eq!(Words::accepted("tlh").language.tag, "en");
        assert_eq!(Words::accepted(";q=,,,;;q=1").language.tag, "en");
    }
}
