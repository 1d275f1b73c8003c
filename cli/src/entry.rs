//! An entry as people read it, and `show`.
//!
//! To show a FLASH or IMMEDIATE of another party to a person is a fact that the line keeps: this command tells the
//! station, once, when somebody looks on a terminal. It does not say so when nobody can have looked, and it never
//! acknowledges.

use std::time::Duration;

use clap::Args;
use detente_record::Class;
use detente_station::Home;
use serde_json::json;

use crate::answer::Field;
use crate::attachment;
use crate::disclosure;
use crate::draft::entry_name;
use crate::failure::Failure;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::page::{Page, fact};
use crate::precedence::{class_of, sign};
use crate::time;

/// Kinds that somebody should see.
const FOR_EYES: [&str; 8] =
    ["message", "amendment", "withdrawal", "cease", "notice", "read-back", "position", "finding"];
/// Corners of an area on a page.
const CORNERS: usize = 12;

/// What `show` takes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The entry, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// Tell the others that it was displayed, though no terminal is here
    #[arg(long)]
    displayed: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// Shows an entry with everything that is known of it.
///
/// # Errors
/// When there is no such entry here, and when `--displayed` is asked for and refused.
pub(crate) async fn show(asked: &Show, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let entry = on.get(&format!("/entries/{}", asked.entry)).await?;
    if out.is_json() {
        out.data(entry.raw())?;
    } else {
        let parties = on.parties().await?;
        out.data(&page(out, entry.whole(), &parties, on.now_ms))?;
    }
    if asked.displayed {
        return tell_displayed(&on, &asked.entry).await;
    }
    if out.is_seen() {
        remark_displayed(&on, out, entry.whole()).await;
    }
    Ok(())
}

/// Whether the others are to be told that somebody here saw an entry.
pub(crate) fn is_to_be_told(entry: Field<'_>, me: &str) -> bool {
    let class = entry.at("book").text().and_then(|book| class_of(&book));
    matches!(class, Some(Class::Z | Class::O))
        && !entry.at("ahead").holds()
        && !entry.at("party").is(me)
        && FOR_EYES.iter().any(|kind| entry.at("kind").is(kind))
        && entry.at("displayed").at(me).is_nothing()
}

/// Tells that somebody saw an entry, if that is to be told. What goes wrong is told to whoever looked and spoils
/// nothing: the entry has been seen.
pub(crate) async fn remark_displayed(on: &OnLine, out: &Output, entry: Field<'_>) {
    let name = entry.at("entry").or_unknown();
    if !is_to_be_told(entry, &on.party) {
        return;
    }
    match tell_displayed(on, &name).await {
        Ok(()) => out
            .remark(&format!("{name}: the others are told that it was displayed; that acknowledges nothing")),
        Err(failure) => {
            out.remark(&format!("{name}: the others are not told that it was displayed: {failure}"))
        }
    }
}

async fn tell_displayed(on: &OnLine, name: &str) -> Result<(), Failure> {
    let draft = json!({"kind": "displayed", "regards": [name]});
    on.post("/entries", &draft, Duration::ZERO).await?;
    Ok(())
}

/// Who wrote an entry: the party and its office.
pub(crate) fn author(entry: Field<'_>) -> String {
    match entry.at("office").text() {
        Some(office) => format!("{}, {office}", entry.at("party").or_unknown()),
        None => entry.at("party").or_unknown(),
    }
}

/// What an entry says, in one line of at most so many characters, and whether that is all of it.
pub(crate) fn gist(entry: Field<'_>, most: usize) -> (String, bool) {
    let body = entry.at("body");
    if entry.at("kind").is("cease") {
        let place = body.at("position").place().map(|place| place.to_string()).unwrap_or_else(|| "?".into());
        let (text, whole) = body.at("text").first_line(most).unwrap_or((String::new(), true));
        return (format!("CEASE at {place} {text}").trim_end().to_owned(), whole);
    }
    let leads = [
        ("state", ""),
        ("stance", ""),
        ("matter", "to "),
        ("choice", ""),
        ("outcome", ""),
        ("slot", "slot "),
        ("rank", "rank "),
    ];
    let lead = leads.into_iter().find_map(|(name, word)| Some(format!("{word}{}", body.at(name).text()?)));
    let observer = body.at("observer").text().map(|observer| match body.at("serial").text() {
        Some(serial) => format!("{serial} of {observer}"),
        None => format!("to {observer}"),
    });
    let lead = lead.or(observer);
    let parts = [body.at("text"), body.at("notice").at("text"), body.at("reason"), body.at("to")];
    let said = parts.into_iter().find_map(|part| part.first_line(most));
    // A notice is more than its text.
    let plain = !entry.at("kind").is("notice") && body.at("notice").is_nothing();
    let (said, whole) = said.map_or((None, true), |(text, whole)| (Some(format!("“{text}”")), whole));
    let words: Vec<String> = lead.into_iter().chain(said).collect();
    (words.join(" "), whole && plain)
}

/// Marks that change how an entry is read: void, not judged yet, amended, withdrawn.
pub(crate) fn marks(out: &Output, entry: Field<'_>) -> Vec<String> {
    let mut marks = Vec::new();
    let marked = entry.at("marked");
    if !marked.is_nothing() {
        let [error, what, expected, found] =
            ["error", "what", "expected", "found"].map(|name| marked.at(name).or_unknown());
        let text = format!("✗ VOID: {error}: {what}: expected {expected}, found {found}");
        marks.push(out.paint(Tone::Bad, &text));
    }
    if entry.at("ahead").holds() {
        let mark = "! AHEAD OF ITS SIGNATURE: authentic by the circuit that it came on, not yet provable to anybody else";
        marks.push(out.paint(Tone::Warn, mark));
    } else if entry.at("unjudged").holds() {
        marks.push(out.paint(Tone::Warn, "? NOT JUDGED YET: acts that it knew of are not here"));
    }
    match entry.at("forgotten").text().as_deref() {
        Some("recovered") => {
            marks.push(out.paint(Tone::Warn, "! RECOVERED: its author had lost it and has it again"));
        }
        Some("after-its-time") => marks.push(out.paint(
            Tone::Warn,
            "! AFTER ITS TIME: its author was expelled by a decision that does not know of it; it is in force nowhere",
        )),
        Some(_) => marks.push(out.paint(
            Tone::Warn,
            "! DISOWNED: its author lost it, went on in a later generation, and has not shown that it has it again",
        )),
        None => {}
    }
    if let Some(by) = entry.at("amended_by").joined() {
        marks.push(out.paint(Tone::Warn, &format!("! AMENDED by {by}: this is not the last word")));
    }
    if let Some(by) = entry.at("withdrawn_by").text() {
        marks.push(out.paint(Tone::Warn, &format!("! WITHDRAWN by {by}")));
    }
    if entry.at("clock_held").holds() {
        marks.push(
            out.paint(Tone::Warn, "! its author's clock was behind; the time is that of the entry before"),
        );
    }
    marks
}

/// The five facts about an entry towards a party, each by itself.
pub(crate) fn facts(out: &Output, entry: Field<'_>, party: &str) -> [String; 5] {
    let told = entry.at("book").text().and_then(|book| class_of(&book));
    let delivered = match entry.at("delivered").at(party).number() {
        Some(seconds) => {
            fact(out, true, &format!("delivered {}", time::stamp(seconds.saturating_mul(1_000))), "")
        }
        None => fact(out, false, "", "not delivered"),
    };
    let by = |name: &str, word: &str| match entry.at(name).at(party).text() {
        Some(entry) => fact(out, true, &format!("{word} {entry}"), ""),
        None => fact(out, false, "", &format!("not {word}")),
    };
    let displayed = match told {
        Some(Class::Z | Class::O) => by("displayed", "displayed"),
        _ => out.paint(Tone::Quiet, "– displayed: told in Z and O only"),
    };
    [
        delivered,
        displayed,
        by("acknowledged", "acknowledged"),
        by("passed_on", "passed on"),
        by("answered", "answered"),
    ]
}

/// A whole entry on a page.
pub(crate) fn page(out: &Output, entry: Field<'_>, parties: &[String], now_ms: u64) -> String {
    let mut page = Page::new(out);
    let name = entry.at("entry").or_unknown();
    let kind = entry.at("kind").or_unknown();
    page.line(&format!("{}  {}  {kind}", out.paint(Tone::Strong, &name), sign(out, class_of(&name))));
    for mark in marks(out, entry) {
        page.line(&mark);
    }
    page.row("from", &author(entry));
    page.any("time", entry.at("time_ms").number().map(|ms| time::stamp_from_now(ms, now_ms)));
    page.any("language", entry.at("language").text());
    page.any("regards", entry.at("regards").joined());
    body(&mut page, entry.at("body"), now_ms);
    let author = entry.at("party").text().unwrap_or_default();
    for party in parties.iter().filter(|party| **party != author) {
        let [first, rest @ ..] = facts(out, entry, party);
        page.row(&format!("by {party}"), &first);
        for fact in rest {
            page.row("", &fact);
        }
    }
    page.any("serial", entry.at("serial").text());
    let cut: Vec<String> =
        entry.at("cut").pairs().map(|(book, size)| format!("{book} {}", size.or_unknown())).collect();
    page.any("knew of", (!cut.is_empty()).then(|| cut.join(", ")));
    page.any("bytes", entry.at("bytes").text());
    page.any("leaf", entry.at("leaf").text());
    page.text().to_owned()
}

fn body(page: &mut Page<'_>, body: Field<'_>, now_ms: u64) {
    let time = |name: &str| body.at(name).number().map(|ms| time::stamp_from_now(ms, now_ms));
    let flag = |name: &str, said: &str| body.at(name).holds().then(|| said.to_owned());
    page.any("notice", body.at("notice_kind").text());
    for (field, label) in [("text", "text"), ("reason", "reason"), ("to", "to"), ("forces", "binds")] {
        if let Some(lines) = body.at(field).block() {
            page.quote(label, &lines);
        }
    }
    observed(page, body, now_ms);
    page.any("attached", attachment::named(body));
    page.any("position", body.at("position").place().map(|place| place.to_string()));
    page.any("safety", flag("safety_of_life", "safety of life: passes while the line is suspended"));
    page.any("answers", flag("answers", "what it regards"));
    page.any("emergency", flag("emergency", "it does not keep the usual lead time"));
    for (field, label) in [
        ("reply_by_ms", "reply by"),
        ("from_ms", "from"),
        ("until_ms", "until"),
        ("effective_ms", "effective"),
        ("closes_ms", "closes"),
    ] {
        page.any(label, time(field));
    }
    let several = body.at("volumes").list().nth(1).is_some();
    for (place, volume) in body.at("volumes").list().enumerate() {
        let label = if several { format!("volume {}", place + 1) } else { "area".into() };
        self::volume(page, &label, volume);
        if several || body.at("from_ms").is_nothing() {
            for (field, label) in [("from_ms", "  from"), ("until_ms", "  until")] {
                page.any(label, volume.at(field).number().map(|ms| time::stamp_from_now(ms, now_ms)));
            }
        }
    }
    for (place, passed) in body.at("waypoints").list().enumerate() {
        let time = |name: &str| passed.at(name).number().map(time::stamp).unwrap_or_default();
        let position = passed.at("position").place().map_or_else(|| "?".into(), |place| place.to_string());
        let label = if place == 0 { "waypoints" } else { "" };
        page.row(label, &format!("{position} from {} until {}", time("from_ms"), time("until_ms")));
    }
    for (name, said) in body.at("fields").pairs() {
        if let Some(lines) = said.block() {
            page.quote(&name, &lines);
            continue;
        }
        let shown = match (name.as_str(), said.number()) {
            ("reply-by" | "verified-at" | "review", Some(ms)) => Some(time::stamp_from_now(ms, now_ms)),
            ("accuracy", _) => said.text().map(|metres| format!("{metres} m")),
            _ => said.text(),
        };
        page.any(&name, shown);
    }
    if body.at("scope").list().next().is_some()
        || body.at("effective_ms").number().is_some() && !body.at("scope").is_nothing()
    {
        page.row("scope", &body.at("scope").joined().unwrap_or_else(|| "every kind of traffic".into()));
    }
    for (field, label) in [
        ("state", "officer"),
        ("verdict", "verdict"),
        ("stance", "holds"),
        ("matter", "moved to"),
        ("memorandum", "memorandum"),
        ("working_group", "working group"),
        ("choice", "vote"),
        ("outcome", "outcome"),
        ("decision", "decision"),
        ("before", "before"),
        ("slot", "slot"),
        ("party", "owed by"),
        ("rank", "rank called"),
        ("digest", "digest"),
        ("size", "size"),
        ("root", "root"),
    ] {
        page.any(label, body.at(field).text());
    }
    page.any("votes", body.at("votes").joined());
    page.any("after", body.at("after_ms").number().map(time::length));
    let notice = body.at("notice");
    if !notice.is_nothing() {
        self::body(page, notice, now_ms);
    }
}

/// What an observer found, or was shown.
fn observed(page: &mut Page<'_>, body: Field<'_>, now_ms: u64) {
    page.any("observer", body.at("observer").text());
    page.any("finding", body.at("serial").text());
    page.any("corrects", body.at("corrects").text().map(|serial| format!("finding {serial}")));
    page.any("found", body.at("found_ms").number().map(|ms| time::stamp_from_now(ms, now_ms)));
    page.any("found in", body.at("found_in").text());
    let on: Vec<String> = body.at("on").list().filter_map(|on| on.at("entry").text()).collect();
    page.any("on", (!on.is_empty()).then(|| on.join(", ")));
    let shown: Vec<String> = body.at("shown").list().map(disclosure::span).collect();
    page.any("shown", (!shown.is_empty()).then(|| shown.join(", ")));
}

/// A volume: what it is meant to be, or its corners; then its heights and the room that it asks for.
fn volume(page: &mut Page<'_>, label: &str, volume: Field<'_>) {
    let place = |place: Field<'_>| place.place().map_or_else(|| "?".into(), |place| place.to_string());
    let shape = volume.at("shape");
    let (circle, leg) = (shape.at("circle"), shape.at("leg"));
    if !circle.is_nothing() {
        page.row(
            label,
            &format!("within {} m of {}", circle.at("radius_m").or_unknown(), place(circle.at("centre"))),
        );
    } else if !leg.is_nothing() {
        let (from, to) = (place(leg.at("from")), place(leg.at("to")));
        page.row(label, &format!("within {} m of the way from {from}", leg.at("half_width_m").or_unknown()));
        page.row("", &format!("to {to}"));
    } else {
        let rings: Vec<Field<'_>> = volume.at("rings").list().collect();
        let corners: Vec<String> =
            rings.first().into_iter().flat_map(|ring| ring.list()).map(place).collect();
        for (number, corner) in corners.iter().take(CORNERS).enumerate() {
            page.row(if number == 0 { label } else { "" }, corner);
        }
        if corners.len() > CORNERS {
            page.row("", &format!("… {} corners in all: --json shows them", corners.len()));
        }
        if rings.len() > 1 {
            page.row("", &format!("less {} holes", rings.len() - 1));
        }
    }
    for (field, label) in [("lower", "lowest"), ("upper", "highest")] {
        let limit = volume.at(field);
        page.any(
            label,
            limit.at("m").text().map(|metres| format!("{metres} m {}", limit.at("datum").or_unknown())),
        );
    }
    let room = volume.at("separation");
    if !room.is_nothing() {
        let [sides, height] = ["distance_m", "height_m"].map(|name| room.at(name).or_unknown());
        let time = room.at("time_ms").number().map(time::length).unwrap_or_default();
        page.row(
            "asks for",
            &format!("{sides} m to the sides, {height} m above and below, {time} before and after"),
        );
    }
}

/// An entry in one line of a list.
pub(crate) fn row(out: &Output, entry: Field<'_>) -> String {
    let name = entry.at("entry").or_unknown();
    let time = entry.at("time_ms").number().map(time::stamp).unwrap_or_default();
    let (gist, _) = gist(entry, 72);
    let mark =
        if entry.at("marked").is_nothing() { String::new() } else { out.paint(Tone::Bad, "✗ VOID ") };
    let kind = entry.at("kind").or_unknown();
    format!("{time}  {}  {name:<12} {mark}{kind:<15} {gist}", sign(out, class_of(&name)))
}
