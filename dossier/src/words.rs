//! An entry as people read it: a label and a text for everything that its bytes say (spec/dossier.md §4).
//!
//! Readers compare what is said here with the `entry.txt` that they were given: whoever changes a word changes
//! [`crate::paper::TEXTS_BY`]. What authors wrote is shown as they wrote it, and nothing in it
//! can drive a terminal or pass for a line of ours ([`crate::harmless`]).

use detente_line::airspace::altitude::{Datum, Limit};
use detente_line::airspace::area::Area;
use detente_line::airspace::cover::Shape;
use detente_line::airspace::verdict::Verdict;
use detente_line::airspace::volume::Volume;
use detente_line::kind::number;
use detente_line::notice::field::{Form, Value};
use detente_line::{
    Amendment, Choice, Content, Duty, Finding, Matter, Memorandum, Notice, Outcome, Position, Span, Stance,
};
use detente_record::{Class, Entry, EntryRef, Fault, Party, PublicKey, hex};
use jiff::Timestamp;

use crate::memoranda::Memoranda;
use crate::{harmless, paper};

/// What an entry says under one label; a text of several lines is its author's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is about, in a word or two.
    pub label: String,
    /// What it says, line by line, harmless.
    pub lines: Vec<String>,
    /// Whether it is the author's own wording.
    pub quoted: bool,
}

/// The names of all kinds of entry.
pub const KINDS: [(u16, &str); 27] = [
    (number::MESSAGE, "message"),
    (number::AMENDMENT, "amendment"),
    (number::WITHDRAWAL, "withdrawal"),
    (number::ACKNOWLEDGEMENT, "acknowledgement"),
    (number::READ_BACK, "read-back"),
    (number::PASSED_ON, "passed-on"),
    (number::CEASE, "cease"),
    (number::DISPLAYED, "displayed"),
    (number::ESCALATED, "escalated"),
    (number::TEST, "test"),
    (number::TEST_ANSWER, "test-answer"),
    (number::MISSED, "missed"),
    (number::DUTY, "duty"),
    (number::NOTICE, "notice"),
    (number::CONFLICT, "conflict"),
    (number::POSITION, "position"),
    (number::FINDING, "finding"),
    (number::DISCLOSES, "discloses"),
    (number::OPENS, "opens"),
    (number::SUSPENDS, "suspends"),
    (number::RESUMES, "resumes"),
    (number::MOTION, "motion"),
    (number::VOTE, "vote"),
    (number::DECIDE, "decide"),
    (number::LEAVES, "leaves"),
    (number::HOLDS, "holds"),
    (number::SEALS, "seals"),
];

/// The name of a kind.
pub fn kind(kind: u16) -> String {
    let known = KINDS.iter().find(|(number, _)| *number == kind);
    known.map_or_else(|| format!("kind {kind}"), |(_, name)| (*name).to_owned())
}

/// The word for a class.
pub fn class(class: Class) -> &'static str {
    match class {
        Class::Z => "FLASH",
        Class::A => "act",
        Class::O => "IMMEDIATE",
        Class::P => "PRIORITY",
        Class::R => "ROUTINE",
    }
}

/// A time, UTC, to the millisecond.
pub fn time(ms: u64) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    match moment {
        Some(moment) => moment.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string(),
        None => format!("{ms} ms after 1970-01-01 00:00 UTC"),
    }
}

/// A second, UTC.
pub fn second(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match moment {
        Some(moment) => moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{seconds} s after 1970-01-01 00:00 UTC"),
    }
}

/// An entry's name.
pub fn name(memoranda: &Memoranda, entry: EntryRef) -> String {
    entry.text(&memoranda.name_of(entry.book.party))
}

fn names(memoranda: &Memoranda, entries: &[EntryRef]) -> String {
    entries.iter().map(|entry| name(memoranda, *entry)).collect::<Vec<_>>().join(", ")
}

/// What somebody called something, harmless and apart from what stands beside it.
pub fn shown(text: &str) -> String {
    harmless::isolated(harmless::line(text))
}

fn office(memoranda: &Memoranda, party: Party, number: u16) -> String {
    let found = memoranda.office(party, number);
    found.map_or_else(|| format!("number {number}, which is none of its"), shown)
}

/// The rows of what an entry says, as they are put together.
struct Rows<'m> {
    memoranda: &'m Memoranda,
    author: Party,
    rows: Vec<Row>,
}

/// Everything that an entry says.
pub fn rows(
    memoranda: &Memoranda,
    entry: EntryRef,
    read: &Entry,
    content: &Result<Content, Fault>,
) -> Vec<Row> {
    let author = entry.book.party;
    let mut rows = Rows { memoranda, author, rows: Vec::new() };
    let kind = kind(read.kind);
    rows.say("kind", format!("{kind}, {}", class(entry.book.class)));
    let full = shown(memoranda.full_name(author));
    rows.say("author", format!("{} ({full})", memoranda.name_of(author)));
    rows.say("office", office(memoranda, author, read.office));
    rows.any("second office", read.second.map(|second| office(memoranda, author, second)));
    let held = if read.clock_held { ", repeated from its entry before: its clock was behind" } else { "" };
    rows.say("time", format!("{} by the clock of {}{held}", time(read.time_ms), memoranda.name_of(author)));
    let usual = || memoranda.member(author)?.languages.first().cloned();
    rows.any("language", read.language.clone().or_else(usual).as_deref().map(harmless::line));
    if !read.regards.is_empty() {
        rows.say("regards", names(memoranda, &read.regards));
    }
    match content {
        Ok(content) => rows.content(content),
        Err(fault) => rows.say("body", format!("cannot be read: {}", harmless::line(&fault.to_string()))),
    }
    rows.rows
}

impl Rows<'_> {
    fn say(&mut self, label: &str, text: impl Into<String>) {
        self.rows.push(Row { label: label.into(), lines: vec![text.into()], quoted: false });
    }

    fn any(&mut self, label: &str, text: Option<String>) {
        if let Some(text) = text {
            self.say(label, text);
        }
    }

    fn quote(&mut self, label: &str, text: &str) {
        let mut lines: Vec<String> = harmless::block(text).into_iter().map(harmless::isolated).collect();
        if lines.is_empty() {
            lines.push(String::new());
        }
        self.rows.push(Row { label: label.into(), lines, quoted: true });
    }

    fn maybe_quote(&mut self, label: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.quote(label, text);
        }
    }

    fn content(&mut self, content: &Content) {
        match content {
            Content::Message(message) => {
                self.quote("text", &message.text);
                if message.safety_of_life == Some(true) {
                    self.say("safety", "safety of life");
                }
                self.any("reply by", message.reply_by_ms.map(time));
                if message.answers == Some(true) {
                    self.say("answers", "what it regards");
                }
                self.attachments(content);
            }
            Content::Amendment(Amendment::Text(text)) => self.quote("new text", text),
            Content::Amendment(Amendment::Notice(notice)) | Content::Notice(notice) => self.notice(notice),
            Content::Withdrawal { reason } => self.maybe_quote("reason", reason.as_ref()),
            Content::Acknowledgement { text } => self.maybe_quote("text", text.as_ref()),
            Content::ReadBack { text, position } => {
                self.quote("text", text);
                self.any("position", position.map(place));
            }
            Content::PassedOn { to } => self.quote("to", to),
            Content::Cease { position, text } => {
                self.say("position", place(*position));
                self.maybe_quote("text", text.as_ref());
            }
            Content::Escalated { rank, after_ms } => {
                self.say("called", format!("rank {rank}, after {after_ms} ms"));
            }
            Content::Test { slot, text } => {
                self.say("slot", slot.to_string());
                self.quote("text", text);
            }
            Content::TestAnswer { digest } => self.say("digest", hex(digest)),
            Content::Missed { slot, party } => {
                self.say("missed", format!("slot {slot}, owed by {}", self.memoranda.name_of(*party)));
            }
            Content::Duty(Duty::On) => self.say("officer", "on watch"),
            Content::Duty(Duty::Off) => self.say("officer", "off watch"),
            Content::Duty(Duty::Handover { to }) => {
                let to = office(self.memoranda, self.author, *to);
                self.say("officer", format!("hands the watch over to {to}"));
            }
            Content::Conflict(report) => {
                let verdict = match report.verdict {
                    Verdict::Conflict => "conflict",
                    Verdict::WithinSeparation => "within separation",
                    Verdict::Clear => "clear",
                };
                self.say("verdict", verdict);
                self.maybe_quote("text", report.text.as_ref());
                self.volumes(&report.volumes);
            }
            Content::Opens { before, size, root, .. } => {
                self.say("opens", format!("the generation after {before}, of which it knows {size} entries"));
                self.say("root", hex(root));
            }
            Content::Suspends { scope, effective_ms, reason } => {
                let scope: Vec<String> = scope.iter().map(|number| kind(*number)).collect();
                let all = "every kind of traffic".to_owned();
                self.say("scope", if scope.is_empty() { all } else { scope.join(", ") });
                self.say("effective", time(*effective_ms));
                self.quote("reason", reason);
            }
            Content::Leaves { reason } => self.maybe_quote("reason", reason.as_ref()),
            Content::Resumes { effective_ms, decision } => {
                self.say("effective", time(*effective_ms));
                self.any("decision", decision.map(|entry| name(self.memoranda, entry)));
            }
            Content::Position { stance, text, .. } => {
                let stance = match stance {
                    Stance::Affirms => "affirms",
                    Stance::Disputes => "disputes",
                    Stance::Corrects => "corrects",
                    Stance::Withdraws => "withdraws its position",
                };
                self.say("position", stance);
                self.maybe_quote("text", text.as_ref());
                self.attachments(content);
            }
            Content::Finding(finding) => self.finding(finding),
            Content::Discloses(disclosure) => {
                self.say("shown to", format!("the observer {}", disclosure.to()));
                for span in disclosure.spans() {
                    self.say("shown", self::span(self.memoranda, *span));
                }
                self.maybe_quote("text", disclosure.text().map(String::from).as_ref());
            }
            Content::Motion { matter, text, closes_ms } => {
                let to = match matter {
                    Matter::Reopen => "to reopen",
                    Matter::Resolve => "to resolve",
                    Matter::Amend(_) => "to amend",
                    Matter::Found(_) => "to found",
                };
                self.quote(to, text);
                match matter {
                    Matter::Reopen | Matter::Resolve => {}
                    Matter::Amend(moved) => {
                        self.say("memorandum", format!("what has SHA-256 {}", hex(&moved.hash())));
                        self.changes(moved);
                    }
                    Matter::Found(name) => self.say("working group", name.as_str()),
                }
                self.say("closes", time(*closes_ms));
            }
            Content::Vote { choice, text } => {
                let choice = match choice {
                    Choice::For => "for",
                    Choice::Against => "against",
                    Choice::Abstain => "abstains",
                };
                self.say("vote", choice);
                self.maybe_quote("text", text.as_ref());
            }
            Content::Decide { outcome, votes, before } => {
                let outcome = match outcome {
                    Outcome::Carried => "carried",
                    Outcome::Defeated => "defeated",
                    Outcome::Lapsed => "lapsed",
                    Outcome::Overtaken => "overtaken",
                };
                self.say("outcome", outcome);
                self.say("votes", names(self.memoranda, votes));
                self.any("decided before", before.map(|entry| name(self.memoranda, entry)));
            }
            Content::Holds { hashes } => {
                for hash in hashes {
                    self.say("holds", format!("what has SHA-256 {}", hex(hash)));
                }
            }
            Content::Seals(sealed) => {
                let of = &sealed.signed.checkpoint;
                let book = of.book.text(&self.memoranda.name_of(of.book.party));
                self.say("seals", format!("{book} at size {}, root {}", of.size, hex(&of.root)));
                self.say(
                    "sealed at",
                    format!("second {} since 1970, by its author's clock", sealed.seal.seconds),
                );
            }
            Content::Displayed => self.say("displayed", "to an officer"),
            Content::Unknown { .. } => self.say("body", "of a kind that this version does not know"),
        }
    }

    /// What an observer found, and whether the key bears it out that a memorandum in this file names for it: one name has one
    /// key for ever.
    fn finding(&mut self, finding: &Finding) {
        let found = finding.found();
        self.say("finding", format!("{} of the observer {}", found.serial, found.by));
        let named = self.memoranda.all().find_map(|memorandum| memorandum.observer(&found.by));
        let key = named.and_then(|observer| PublicKey::new(observer.key).ok());
        let signed = match key.map(|key| finding.is_signed_by(&key)) {
            Some(true) => "by the key that a memorandum in this file names for it",
            Some(false) => "not by the key that a memorandum in this file names for it",
            None => "by a key that no memorandum in this file names, and not compared",
        };
        self.say("signed", signed);
        if found.line != self.memoranda.line() {
            self.say("line", format!("another: {}", found.line));
        }
        self.any("corrects", found.corrects.map(|serial| format!("finding {serial}")));
        self.any("after", found.before.map(|before| format!("the finding with SHA-256 {}", hex(&before))));
        self.say("found at", format!("{} by the clock of {}", time(found.time_ms), found.by));
        self.say("found in", harmless::line(&found.language));
        for on in &found.on {
            self.say("on", format!("{}, SHA-256 {}", on.entry, hex(&on.sha256)));
        }
        self.quote("text", &found.text);
    }

    /// What a memorandum that is moved says otherwise than the one that it is to take the place of.
    fn changes(&mut self, moved: &Memorandum) {
        let before = moved.terms().predecessor.and_then(|hash| self.memoranda.of_hash(&hash));
        let Some(before) = before else {
            self.say("changes", "what it is to take the place of is not in this file");
            return;
        };
        let (taken_out, put_in) = paper::changes(before, moved);
        for (label, lines) in [("takes out", taken_out), ("puts in", put_in)] {
            if !lines.is_empty() {
                self.rows.push(Row { label: label.into(), lines, quoted: false });
            }
        }
    }

    /// The files that go with it: whoever has one can hold it to its hash.
    fn attachments(&mut self, content: &Content) {
        for one in content.attachments() {
            let name = shown(&one.name);
            let what = format!("{name}, {} bytes, {}, SHA-256 {}", one.size, one.media_type, hex(&one.hash));
            self.say("attached", what);
        }
    }

    fn notice(&mut self, notice: &Notice) {
        self.say("notice of", harmless::line(&notice.kind));
        self.quote("text", &notice.text);
        if notice.emergency {
            self.say("emergency", "it does not keep the usual lead time");
        }
        for (field, value) in &notice.fields {
            match (field.form(), value) {
                (_, Value::Text(text)) => self.quote(field.name(), text),
                (Form::Time, Value::Number(ms)) => self.say(field.name(), time(*ms)),
                (Form::Length, Value::Number(mm)) => self.say(field.name(), metres(*mm as i64)),
                (_, Value::Number(number)) => self.say(field.name(), number.to_string()),
                (_, Value::Flag(flag)) => self.say(field.name(), if *flag { "yes" } else { "no" }),
            }
        }
        for (number, passed) in (1..).zip(&notice.waypoints) {
            let (from, until) = (time(passed.window.from_ms()), time(passed.window.until_ms()));
            self.say(
                &format!("waypoint {number}"),
                format!("{} from {from} until {until}", place(passed.position)),
            );
        }
        self.volumes(&notice.volumes);
    }

    fn volumes(&mut self, volumes: &[Volume]) {
        for (number, volume) in (1..).zip(volumes) {
            self.say(&format!("volume {number}"), meant(volume));
            if !matches!(volume.shape, Some(Shape::Circle { .. } | Shape::Leg { .. })) {
                self.rows.push(Row { label: "corners".into(), lines: corners(&volume.area), quoted: false });
            }
            let (lower, upper) = (height(volume.band.lower()), height(volume.band.upper()));
            self.say("heights", format!("from {lower} to {upper}"));
            let until = volume.span.end_ms().map_or_else(|| "further notice".into(), time);
            self.say("times", format!("from {} until {until}", time(volume.span.from_ms())));
            if let Some(room) = volume.separation.as_deref() {
                let (aside, above) = (metres(room.distance_mm().into()), metres(room.vertical_mm().into()));
                self.say(
                    "separation",
                    format!("{aside} aside, {above} above and below, {} ms", room.time_ms()),
                );
            }
        }
    }
}

/// Entries that follow each other, by their names.
pub fn span(memoranda: &Memoranda, span: Span) -> String {
    let first = name(memoranda, EntryRef { book: span.book, number: span.first });
    if span.last == span.first { first } else { format!("{first} to {}", span.last) }
}

/// What a volume is meant to be.
fn meant(volume: &Volume) -> String {
    match &volume.shape {
        Some(Shape::Circle { centre, radius_mm }) => {
            format!("all within {} of {}", metres((*radius_mm).into()), place(*centre))
        }
        Some(Shape::Leg { from, to, half_width_mm }) => {
            format!(
                "all within {} of the leg from {} to {}",
                metres((*half_width_mm).into()),
                place(*from),
                place(*to)
            )
        }
        Some(Shape::Around { distance_mm, .. }) => {
            format!("all within {} of an area, and the area", metres((*distance_mm).into()))
        }
        None => "an area".into(),
    }
}

fn corners(area: &Area) -> Vec<String> {
    let ring = |ring: &mut dyn Iterator<Item = Position>| ring.map(place).collect::<Vec<_>>().join("; ");
    area.rings().map(|mut corners| ring(&mut corners)).collect()
}

fn height(limit: Option<Limit>) -> String {
    let Some(Limit { mm, datum }) = limit else { return "any height".into() };
    let datum = match datum {
        Datum::Wgs84 => "above the WGS84 ellipsoid",
        Datum::Amsl => "above mean sea level",
        Datum::Agl => "above ground",
    };
    format!("{} {datum}", metres(mm.into()))
}

/// Thousandths, with as many decimals as it takes.
fn metres(mm: i64) -> String {
    decimals(mm, 1_000, 3) + " m"
}

/// A position in degrees, exactly as the bytes have it.
pub fn place(position: Position) -> String {
    let degrees = |units: i32, [positive, negative]: [char; 2]| {
        let side = if units < 0 { negative } else { positive };
        format!("{}° {side}", decimals(i64::from(units).abs(), 10_000_000, 7))
    };
    format!("{}, {}", degrees(position.lat, ['N', 'S']), degrees(position.lon, ['E', 'W']))
}

fn decimals(number: i64, unit: i64, width: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, rest) = (number.abs() / unit, number.abs() % unit);
    let text = format!("{sign}{whole}.{rest:0width$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `entry.txt`.
pub fn text(memoranda: &Memoranda, entry: EntryRef, bytes: &[u8]) -> String {
    let mut text = name(memoranda, entry);
    text.push('\n');
    match Entry::decode(bytes) {
        Ok(read) => {
            let content = Content::decode(read.kind, &read.body);
            for Row { label, lines, quoted } in rows(memoranda, entry, &read, &content) {
                let rule = if quoted { "| " } else { "" };
                for (place, line) in lines.iter().enumerate() {
                    let label = if place == 0 { label.as_str() } else { "" };
                    text.push_str(format!("{label:<16}{rule}{line}").trim_end());
                    text.push('\n');
                }
            }
        }
        Err(fault) => {
            text.push_str(&format!("{:<16}{}\n", "cannot be read", harmless::line(&fault.to_string())));
        }
    }
    text
}
