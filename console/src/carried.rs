//! What an entry carries, field by field, in the reader's words: one renderer for pages, for what is printed, and for the command line.
//!
//! Of the signed fields alone, as `GET …/entries/…` tells them (spec/api.md, "Entry"). What an author wrote stays as it was written and is told apart
//! from what is said about it; each medium says in its own way who wrote it, and writes times and places by its own [`Hand`].

use detente_dossier::harmless;
use serde_json::Value;

use crate::answer::{is, list, text, texts};
use crate::named;
use crate::peer::Peer;
use crate::time;
use crate::words::Words;

/// Corners of an area that are told; the rest is counted.
const CORNERS: usize = 12;

/// How a medium writes what is no word.
pub trait Hand {
    /// The reader's words.
    fn words(&self) -> &Words;
    /// A moment, ms since 1970 UTC, with what the reader is told of it.
    fn moment(&self, ms: u64) -> String;
    /// A moment among others.
    fn stamp(&self, ms: u64) -> String;
    /// A length of time, ms.
    fn length(&self, ms: u64) -> String;
    /// A position, degrees: latitude and longitude.
    fn place(&self, place: [f64; 2]) -> String;
    /// A length in bytes.
    fn size(&self, bytes: u64) -> String;
    /// That an area has more corners than are told.
    fn corners(&self, count: usize) -> String {
        self.words().of_all("carried-corners", &[("count", &count.to_string())])
    }
    /// A name of the protocol, which is what a field says, in the reader's words.
    fn called(&self, field: &str, name: &str) -> String {
        called(self.words(), field, name)
    }
    /// A field of a notice, in the reader's words.
    fn field(&self, name: &str) -> String {
        named::field(self.words(), name)
    }
}

/// What a field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Rows in the reader's words, harmless.
    Ours(Vec<String>),
    /// A name or a number, harmless, which is written the same in every language.
    Name(String),
    /// What its author wrote, as it was written: not harmless yet.
    Theirs(String),
}

/// A field of an entry, in the reader's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Its name in the protocol.
    pub field: String,
    /// What the reader calls it.
    pub label: String,
    /// Whether it belongs to the one before it.
    pub is_inner: bool,
    /// What it says.
    pub said: Said,
}

/// What a name of the protocol is called where a field says it; as it is, where it has no other name.
pub fn called(words: &Words, field: &str, name: &str) -> String {
    match field {
        "state" => named::duty(words, name),
        "verdict" => named::verdict(words, name),
        "stance" => named::stance(words, name),
        "matter" => named::matter(words, name),
        "choice" => named::vote(words, name),
        "outcome" => named::outcome(words, name),
        "scope" => named::kind(words, name),
        _ => named::choice(words, name),
    }
}

/// A field as a page shows it.
#[derive(Debug, Clone)]
pub(crate) struct OnPage {
    pub(crate) label: String,
    /// Rows in the reader's words.
    pub(crate) ours: Vec<String>,
    pub(crate) name: String,
    pub(crate) theirs: Option<Peer>,
}

/// Times, lengths and places as pages write them.
struct PageHand<'a>(&'a Words);

impl Hand for PageHand<'_> {
    fn words(&self) -> &Words {
        self.0
    }

    fn moment(&self, ms: u64) -> String {
        time::stamp(ms)
    }

    fn stamp(&self, ms: u64) -> String {
        time::stamp(ms)
    }

    fn length(&self, ms: u64) -> String {
        time::length(ms)
    }

    fn place(&self, [lat, lon]: [f64; 2]) -> String {
        format!("{lat:.5}, {lon:.5}")
    }

    fn size(&self, bytes: u64) -> String {
        bytes.to_string()
    }
}

/// The fields of an entry for a page that shows its text, its position and its attachments by themselves.
pub(crate) fn on_page(words: &Words, entry: &Value) -> Vec<OnPage> {
    let language = entry.get("language").and_then(Value::as_str);
    let rows = carried(&PageHand(words), entry.get("body").unwrap_or(&Value::Null));
    let is_apart =
        |field: &str| matches!(field, "text" | "also" | "translates" | "reason" | "position" | "attachments");
    let shown = |row: Carried| {
        let mut letters = row.label.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        let empty = OnPage {
            label: first.chain(letters).collect(),
            ours: Vec::new(),
            name: String::new(),
            theirs: None,
        };
        match row.said {
            Said::Ours(ours) => OnPage { ours, ..empty },
            Said::Name(name) => OnPage { name, ..empty },
            Said::Theirs(text) => OnPage { theirs: Some(Peer::text(&text, language)), ..empty },
        }
    };
    rows.into_iter().filter(|row| !is_apart(&row.field)).map(shown).collect()
}

/// All that the body of an entry carries.
pub fn carried(hand: &impl Hand, body: &Value) -> Vec<Carried> {
    let mut rows = Rows { hand, rows: Vec::new() };
    rows.body(body);
    rows.rows
}

struct Rows<'h, H> {
    hand: &'h H,
    rows: Vec<Carried>,
}

impl<H: Hand> Rows<'_, H> {
    fn row(&mut self, field: &str, label: String, said: Said) {
        self.rows.push(Carried { field: field.to_owned(), label, is_inner: false, said });
    }

    fn ours(&mut self, field: &str, label: &str, said: Option<String>) {
        if let Some(said) = said {
            let label = self.t(label);
            self.row(field, label, Said::Ours(vec![said]));
        }
    }

    fn name(&mut self, field: &str, label: &str, said: Option<String>) {
        if let Some(said) = said {
            let label = self.t(label);
            self.row(field, label, Said::Name(said));
        }
    }

    fn t(&self, name: &str) -> String {
        if name.is_empty() { String::new() } else { self.hand.words().t(name) }
    }

    fn say(&self, name: &str, things: &[(&str, &str)]) -> String {
        self.hand.words().of_all(name, things)
    }

    fn body(&mut self, body: &Value) {
        self.name("notice_kind", "label-notice", plain(body, "notice_kind"));
        for (field, label) in [
            ("text", "label-text"),
            ("reason", "label-reason"),
            ("to", "label-to"),
            ("forces", "label-binds"),
        ] {
            if let Some(text) = body.get(field).and_then(Value::as_str) {
                let label = self.t(label);
                self.row(field, label, Said::Theirs(text.to_owned()));
            }
        }
        if let Some(also) = body.get("also").filter(|also| also.is_object()) {
            let label = self.say("label-also", &[("language", text(also, "language"))]);
            self.row("also", label, Said::Theirs(text(also, "text").to_owned()));
        }
        self.ours("translates", "translation", is(body, "translates").then(|| self.t("yes")));
        self.observed(body);
        self.attached(body);
        let position = body.get("position").and_then(|position| self.place(position));
        self.ours("position", "label-position", position);
        for (field, label, said) in [
            ("safety_of_life", "label-safety", "carried-safety"),
            ("answers", "label-answers", "carried-answers"),
            ("emergency", "label-emergency", "carried-emergency"),
        ] {
            self.ours(field, label, is(body, field).then(|| self.t(said)));
        }
        for (field, label) in [
            ("reply_by_ms", "label-reply-by"),
            ("from_ms", "label-from"),
            ("until_ms", "label-until"),
            ("effective_ms", "label-effective"),
            ("closes_ms", "label-closes"),
        ] {
            self.ours(field, label, whole(body, field).map(|ms| self.hand.moment(ms)));
        }
        self.volumes(body);
        self.fields(body);
        self.words_of(body);
        if let Some(notice) = body.get("notice").filter(|notice| !notice.is_null()) {
            self.body(notice);
        }
    }

    /// What an observer found, or was shown.
    fn observed(&mut self, body: &Value) {
        self.name("observer", "label-observer", plain(body, "observer"));
        self.name("serial", "label-finding", plain(body, "serial"));
        let corrects = plain(body, "corrects");
        let corrects = corrects.map(|serial| self.say("carried-finding", &[("serial", &serial)]));
        self.ours("corrects", "label-corrects", corrects);
        self.ours("found_ms", "label-found", whole(body, "found_ms").map(|ms| self.hand.moment(ms)));
        self.name("found_in", "label-found-in", plain(body, "found_in"));
        let on: Vec<String> = list(body, "on").iter().filter_map(|on| plain(on, "entry")).collect();
        self.name("on", "label-on", joined(on));
        let span = |span: &Value| {
            let [book, first, last] =
                ["book", "first", "last"].map(|field| plain(span, field).unwrap_or_else(unknown));
            let first = (format!("{book}/{first}"), first != last);
            if first.1 { self.say("carried-span", &[("first", &first.0), ("last", &last)]) } else { first.0 }
        };
        let shown: Vec<String> = list(body, "shown").iter().map(span).collect();
        self.ours("shown", "label-shown", joined(shown));
    }

    /// Files, each with its name in its own direction, its size and its type.
    fn attached(&mut self, body: &Value) {
        let one = |one: &Value| {
            let name = plain(one, "name").unwrap_or_else(unknown);
            let size = whole(one, "size").map(|bytes| self.hand.size(bytes)).unwrap_or_default();
            format!("{name} ({size}, {})", plain(one, "media_type").unwrap_or_else(unknown))
        };
        let files: Vec<String> = list(body, "attachments").iter().map(one).collect();
        self.name("attachments", "label-attached", joined(files));
    }

    fn volumes(&mut self, body: &Value) {
        let volumes = list(body, "volumes");
        let are_several = volumes.len() > 1;
        for (place, volume) in volumes.iter().enumerate() {
            let label = match are_several {
                true => self.say("carried-volume", &[("number", &(place + 1).to_string())]),
                false => self.t("label-area"),
            };
            self.volume(label, volume);
            if are_several || body.get("from_ms").is_none_or(Value::is_null) {
                for (field, label) in [("from_ms", "label-from"), ("until_ms", "label-until")] {
                    if let Some(ms) = whole(volume, field) {
                        let (label, said) = (self.t(label), self.hand.moment(ms));
                        self.row(field, label, Said::Ours(vec![said]));
                        if let Some(row) = self.rows.last_mut() {
                            row.is_inner = true;
                        }
                    }
                }
            }
        }
        let passed = |passed: &Value| {
            let time = |field| whole(passed, field).map(|ms| self.hand.stamp(ms)).unwrap_or_default();
            let position = passed.get("position").and_then(|place| self.place(place)).unwrap_or_else(unknown);
            let things =
                [("position", position.as_str()), ("from", &time("from_ms")), ("until", &time("until_ms"))];
            self.say("carried-waypoint", &things)
        };
        let waypoints: Vec<String> = list(body, "waypoints").iter().map(passed).collect();
        if !waypoints.is_empty() {
            let label = self.t("label-waypoints");
            self.row("waypoints", label, Said::Ours(waypoints));
        }
    }

    /// A volume: what it is meant to be, or its corners; then its heights and the room that it asks for.
    fn volume(&mut self, label: String, volume: &Value) {
        let rows = shape(self.hand, volume);
        if !rows.is_empty() {
            self.row("volumes", label, Said::Ours(rows));
        }
        for (field, label) in [("lower", "label-lowest"), ("upper", "label-highest")] {
            let limit = volume.get(field);
            let metres = limit.and_then(|limit| plain(limit, "m"));
            let datum = limit.and_then(|limit| plain(limit, "datum")).unwrap_or_else(unknown);
            let said = metres.map(|metres| {
                let metres = self.say("metres", &[("n", &metres)]);
                format!("{metres} {datum}")
            });
            self.ours(field, label, said);
        }
        let Some(room) = volume.get("separation").filter(|room| !room.is_null()) else { return };
        let [sides, height] =
            ["distance_m", "height_m"].map(|field| plain(room, field).unwrap_or_else(unknown));
        let time = whole(room, "time_ms").map(|ms| self.hand.length(ms)).unwrap_or_default();
        let said = self.say("carried-separation", &[("sides", &sides), ("height", &height), ("time", &time)]);
        self.ours("separation", "label-asks-for", Some(said));
    }

    /// The fields of a notice by the names that its kind has for them.
    fn fields(&mut self, body: &Value) {
        for (name, said) in body.get("fields").and_then(Value::as_object).into_iter().flatten() {
            let label = self.hand.field(&harmless::line(name));
            let said = match (name.as_str(), said) {
                (_, Value::String(text)) => match self.hand.called("", text) {
                    called if called == *text => Said::Theirs(text.clone()),
                    called => Said::Ours(vec![called]),
                },
                ("reply-by" | "verified-at" | "review", said) if said.is_u64() => {
                    Said::Ours(vec![self.hand.moment(said.as_u64().unwrap_or(0))])
                }
                ("accuracy", Value::Number(metres)) => {
                    Said::Ours(vec![self.say("metres", &[("n", &metres.to_string())])])
                }
                (_, Value::Number(number)) => Said::Name(number.to_string()),
                _ => continue,
            };
            self.row(name, label, said);
        }
    }

    /// What is said by one of a few names, and what is named.
    fn words_of(&mut self, body: &Value) {
        let scope = list(body, "scope");
        let is_stated = body.get("scope").is_some_and(|scope| !scope.is_null());
        if !scope.is_empty() || is_stated && whole(body, "effective_ms").is_some() {
            let kinds = scope.iter().filter_map(Value::as_str);
            let kinds: Vec<String> =
                kinds.map(|kind| self.hand.called("scope", &harmless::line(kind))).collect();
            let said = joined(kinds).unwrap_or_else(|| self.t("every-kind-of-traffic"));
            self.ours("scope", "label-scope", Some(said));
        }
        for (field, label) in [
            ("state", "label-officer"),
            ("verdict", "label-verdict"),
            ("stance", "label-holds"),
            ("matter", "label-moved-to"),
        ] {
            let said = plain(body, field).map(|name| self.hand.called(field, &name));
            self.ours(field, label, said);
        }
        self.name("memorandum", "label-memorandum", plain(body, "memorandum"));
        self.name("working_group", "label-working-group", plain(body, "working_group"));
        for (field, label) in [("choice", "label-vote"), ("outcome", "label-outcome")] {
            let said = plain(body, field).map(|name| self.hand.called(field, &name));
            self.ours(field, label, said);
        }
        for (field, label) in [
            ("decision", "label-decision"),
            ("before", "label-before"),
            ("slot", "label-slot"),
            ("party", "label-owed-by"),
            ("rank", "label-rank-called"),
            ("digest", "label-digest"),
            ("size", "label-size"),
            ("root", "label-root"),
        ] {
            self.name(field, label, plain(body, field));
        }
        self.name(
            "votes",
            "label-votes",
            joined(texts(body, "votes").iter().map(|vote| harmless::line(vote))),
        );
        self.ours("after_ms", "label-after", whole(body, "after_ms").map(|ms| self.hand.length(ms)));
    }

    fn place(&self, place: &Value) -> Option<String> {
        place_of(self.hand, place)
    }
}

/// Where a volume is: what it is meant to be, or its corners, a row each.
pub fn shape(hand: &impl Hand, volume: &Value) -> Vec<String> {
    let say = |name: &str, things: &[(&str, &str)]| hand.words().of_all(name, things);
    let place = |place: &Value| place_of(hand, place).unwrap_or_else(unknown);
    let shape = volume.get("shape").unwrap_or(&Value::Null);
    let (circle, leg) = (shape.get("circle"), shape.get("leg"));
    let at = |of: &Value, field: &str| place(of.get(field).unwrap_or(&Value::Null));
    let metres = |of: &Value, field: &str| plain(of, field).unwrap_or_else(unknown);
    if let Some(circle) = circle.filter(|circle| !circle.is_null()) {
        let things = [("metres", metres(circle, "radius_m")), ("place", at(circle, "centre"))];
        return vec![say("within-metres", &things.each_ref().map(|(name, said)| (*name, said.as_str())))];
    }
    if let Some(leg) = leg.filter(|leg| !leg.is_null()) {
        let things = [("metres", metres(leg, "half_width_m")), ("place", at(leg, "from"))];
        return vec![
            say("carried-way-from", &things.each_ref().map(|(name, said)| (*name, said.as_str()))),
            say("carried-way-to", &[("place", &at(leg, "to"))]),
        ];
    }
    let rings = list(volume, "rings");
    let corners: Vec<&Value> = rings.first().and_then(Value::as_array).into_iter().flatten().collect();
    let mut rows: Vec<String> = corners.iter().take(CORNERS).map(|corner| place(corner)).collect();
    if corners.len() > CORNERS {
        rows.push(hand.corners(corners.len()));
    }
    if rings.len() > 1 {
        rows.push(say("carried-holes", &[("count", &(rings.len() - 1).to_string())]));
    }
    rows
}

/// A position, where it is one.
fn place_of(hand: &impl Hand, place: &Value) -> Option<String> {
    let [lat, lon] = place.as_array()?.as_slice() else { return None };
    let (lat, lon) = (lat.as_f64()?, lon.as_f64()?);
    let is_there = |degrees: f64, most: f64| degrees.is_finite() && degrees.abs() <= most;
    (is_there(lat, 90.0) && is_there(lon, 180.0)).then(|| hand.place([lat, lon]))
}

/// A text on one line, harmless; a number as it is written.
fn plain(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(_) => Some(harmless::line(text(value, field))),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn whole(value: &Value, field: &str) -> Option<u64> {
    value.get(field).and_then(Value::as_u64)
}

fn joined(texts: impl IntoIterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn unknown() -> String {
    "?".into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notice() -> Value {
        json!({"language": "en", "body": {
            "notice_kind": "activity", "text": "Firing", "from_ms": 1_491_518_400_000_u64,
            "volumes": [{"rings": [[[35.0, 40.0], [35.5, 41.0], [36.0, 41.0]]], "lower": {"m": 0, "datum": "AMSL"},
                "shape": {"circle": {"centre": [35.2, 40.6], "radius_m": 500}}}],
            "fields": {"verification": "self-reported", "contact": "<b>+963\u{202E}</b>", "accuracy": 12},
            "emergency": true,
        }})
    }

    fn rows(tag: &str) -> Vec<(String, String)> {
        let words = Words::of(tag).unwrap_or_else(Words::english);
        let said = |row: OnPage| {
            let theirs = row.theirs.map(|peer| peer.to_string()).unwrap_or_default();
            (row.label, format!("{}{}{theirs}", row.ours.join("|"), row.name))
        };
        on_page(&words, &notice()).into_iter().map(said).collect()
    }

    #[test]
    fn a_notice_is_told_by_its_signed_fields_in_the_readers_language() {
        for (tag, label, said) in [
            ("en", "Emergency", "it does not keep the usual lead time"),
            ("fr", "Urgence", "le préavis habituel n’est pas tenu"),
            ("ru", "Проверка", "со слов владельца"),
            ("zh", "核实情况", "自行申报"),
            ("ar", "التحقق", "بإفادة صاحبه"),
        ] {
            let rows = rows(tag);
            assert!(rows.contains(&(label.into(), said.into())), "{tag}: {rows:?}");
        }
        let metres = "في حدود \u{2068}500\u{2069} م من \u{2068}35.20000, 40.60000\u{2069}";
        assert!(rows("ar").contains(&("المنطقة".into(), metres.into())), "{:?}", rows("ar"));
    }

    #[test]
    fn what_an_author_wrote_stays_and_does_nothing() {
        let contact =
            rows("fr").into_iter().find(|(label, _)| label.starts_with("Contact")).unwrap_or_default();
        assert!(
            contact.1.starts_with("<bdi lang=\"en\">&lt;b&gt;+963<span class=\"hidden-character\">"),
            "{contact:?}"
        );
    }
}
