//! `status`: how the line stands.
//!
//! Three facts about each party are never made into one: whether a circuit to it is up, whether an officer of it
//! is present, and whether it is willing.

use clap::Args;
use detente_console::named;
use detente_station::Home;
use unicode_width::UnicodeWidthStr as _;

use crate::answer::Field;
use crate::entry::quoted;
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::motion;
use crate::output::{Output, Tone};
use crate::page::{Page, fact};
use crate::words::{aligned, padded};

/// What `status` takes.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    line: LineArgs,
}

/// Shows how the line stands.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn status(asked: &Status, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let status = on.get("").await?;
    if out.is_json() {
        return out.data(status.raw());
    }
    let status = status.whole();
    let now_ms = status.at("now_ms").number().unwrap_or(on.now_ms);
    let mut page = Page::new(out);
    let name = out.apart(&status.at("name").or_unknown());
    page.row(&out.t("label-line"), &out.paint(Tone::Strong, &name));
    page.row(&out.t("label-party"), &out.apart(&status.at("party").or_unknown()));
    if let Some(by) = status.at("parted").text() {
        page.row("", &out.signed(Tone::Bad, "✗", "status-parted", &[("by", &by)]));
    }
    parent(out, &mut page, status.at("parent"));
    page.row(&out.t("label-time"), &out.stamp(now_ms));
    let standing = match status.at("open").holds() {
        true => out.signed(Tone::Good, "●", "status-open", &[]),
        false => out.signed(Tone::Bad, "○", "status-not-open", &[]),
    };
    page.row(&out.t("label-standing"), &standing);
    page.heading(&out.t("heading-parties"));
    for one in status.at("parties").list() {
        party(out, &mut page, one, now_ms);
    }
    for book in status.at("forked").list().filter_map(|book| book.text()) {
        let author = book.split('/').next().unwrap_or_default();
        let said = out.say("status-forked", &[("author", author), ("book", &book)]);
        page.line(&out.paint(Tone::Bad, &format!("  ✗ {said}")));
    }
    page.heading(&out.t("heading-circuits"));
    circuits(out, &mut page, status.at("circuits"), now_ms);
    witnesses(out, &mut page, status.at("witnesses"), now_ms);
    seals(out, &mut page, status.at("seals"), now_ms);
    waits_for_room(out, &mut page, status.at("waits_for_room"));
    counts(out, &mut page, status);
    let overdue = status.at("overdue").number().unwrap_or(0);
    if overdue > 0 {
        page.line(&out.paint(Tone::Bad, &format!("  ! {}", out.n("status-overdue", overdue))));
    }
    due(out, &mut page, status.at("due"));
    motions(&mut page, out, status.at("motions"), now_ms);
    if let Some(ms) = status.at("next_test_ms").number() {
        page.heading(&format!("{}  {}", out.t("heading-next-test"), out.stamp_from_now(ms, now_ms)));
    }
    out.data(page.text())
}

/// Whose working group the line is, and whether the parent's record bears that out.
fn parent(out: &Output, page: &mut Page<'_>, parent: Field<'_>) {
    if parent.is_nothing() {
        return;
    }
    let name = parent.at("name").text().or_else(|| parent.at("line").text()).unwrap_or_default();
    let name = out.apart(&name);
    let founded = parent.at("decision").text().map(|by| out.say("status-founded", &[("by", &by)]));
    page.row(&out.t("label-group-of"), &founded.map_or(name.clone(), |by| out.listed(&[&name, &by])));
    let why = parent.at("why").or_unknown();
    let holds = parent.at("holds");
    page.row(
        "",
        &match (holds.holds(), holds.fails()) {
            (true, _) => out.signed(Tone::Good, "●", "status-group-holds", &[]),
            (_, true) => out.signed(Tone::Bad, "✗", "status-group-fails", &[("why", &why)]),
            _ => out.signed(Tone::Quiet, "?", "status-group-unchecked", &[("why", &why)]),
        },
    );
}

fn party(out: &Output, page: &mut Page<'_>, party: Field<'_>, now_ms: u64) {
    let me = party.at("me").holds();
    let name = party.at("name").or_unknown();
    let circuits = party.at("circuits_up").number().unwrap_or(0);
    let heard = party.at("last_heard_ms").number().map(|ms| heard(out, ms, now_ms));
    let circuit = if me {
        format!("● {}", out.t("this-station"))
    } else {
        let up = out.say("status-circuit-up", &[("count", &circuits.to_string())]);
        let up = fact(out, circuits > 0, &up, &out.t("status-no-circuit-up"));
        heard.map_or(up.clone(), |heard| out.listed(&[&up, &heard]))
    };
    page.row(&format!("  {}", out.apart(&name)), &circuit);
    if let Some(by) = party.at("parted").text() {
        page.row("", &out.signed(Tone::Bad, "✗", "status-has-left", &[("by", &by)]));
    }
    let officer = party.at("officer");
    let since = party.at("officer_since").text().map(|entry| out.say("status-says", &[("entry", &entry)]));
    let present = match officer.text().as_deref() {
        Some("on") => fact(out, true, &out.t("status-officer-present"), ""),
        Some("off") => fact(out, false, "", &out.t("status-no-officer-present")),
        _ => out.signed(Tone::Quiet, "?", "status-officer-unknown", &[]),
    };
    page.row("", &since.map_or(present.clone(), |since| out.listed(&[&present, &since])));
    let willing = party.at("willing");
    let suspension = party.at("suspension");
    let standing = match (willing.holds(), willing.fails()) {
        (true, _) if suspension.is_nothing() => out.signed(Tone::Good, "●", "status-willing", &[]),
        (true, _) => out.signed(Tone::Warn, "●", "status-willing-still", &[]),
        (_, true) => out.signed(Tone::Bad, "○", "status-not-willing", &[]),
        _ => out.signed(Tone::Quiet, "?", "status-willing-unknown", &[]),
    };
    page.row("", &standing);
    if suspension.is_nothing() {
        return;
    }
    let kinds: Vec<String> = suspension.at("scope").list().filter_map(|kind| kind.text()).collect();
    let kinds: Vec<String> = kinds.iter().map(|kind| out.called("scope", kind)).collect();
    let scope = if kinds.is_empty() { out.t("every-kind-of-traffic") } else { out.names(&kinds) };
    let row = |page: &mut Page<'_>, said: String| page.row("", &format!("    {said}"));
    let by = suspension.at("entry").or_unknown();
    row(page, out.say("status-suspended-by", &[("by", &by), ("scope", &scope)]));
    if let Some(ms) = suspension.at("effective_ms").number() {
        row(page, format!("{} {}", out.t("label-effective"), out.stamp_from_now(ms, now_ms)));
    }
    let reason = quoted(out, &suspension.at("reason").or_unknown());
    row(page, format!("{} {reason}", out.t("label-reason")));
    if let Some(consent) = suspension.at("consent").text() {
        row(page, out.say("status-consent", &[("by", &consent)]));
    }
}

fn heard(out: &Output, ms: u64, now_ms: u64) -> String {
    out.say("heard", &[("when", &out.how_far(ms, now_ms))])
}

fn circuits(out: &Output, page: &mut Page<'_>, circuits: Field<'_>, now_ms: u64) {
    if circuits.list().next().is_none() {
        page.line(&format!("  {}", out.t("status-no-circuits")));
    }
    for circuit in circuits.list() {
        let (ready, silent) = (circuit.at("ready").holds(), circuit.at("silent").holds());
        let state = match (ready, silent) {
            (_, true) => out.signed(Tone::Bad, "○", "circuit-silent", &[]),
            (true, false) => out.signed(Tone::Good, "●", "status-circuit-ready", &[]),
            (false, false) => out.signed(Tone::Warn, "○", "status-circuit-not-ready", &[]),
        };
        let name = circuit.at("name").text().unwrap_or_else(|| circuit.at("kind").or_unknown());
        let late = circuit.at("late").holds().then(|| out.t("circuit-late"));
        let address = circuit.at("address").text().map(|address| out.apart(&address));
        let heard = circuit.at("heard_ms").number().map(|ms| heard(out, ms, now_ms));
        let trip = circuit.at("round_trip_ms").text().map(|ms| out.say("round-trip", &[("ms", &ms)]));
        let first = format!("{} {state}", out.apart(&name));
        let parts: Vec<String> = [Some(first), late, address, heard, trip].into_iter().flatten().collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        page.row(&format!("  {}", out.apart(&circuit.at("peer").or_unknown())), &out.listed(&parts));
    }
}

/// What a full disk keeps waiting; nothing, as always while there is room.
fn waits_for_room(out: &Output, page: &mut Page<'_>, waits: Field<'_>) {
    let count = |name| waits.at(name).number().unwrap_or(0);
    let (entries, signatures) = (count("entries"), count("signatures"));
    let (evidence, dropped) = (count("evidence"), count("evidence_dropped"));
    if entries + signatures + evidence + dropped == 0 {
        return;
    }
    page.heading(&out.t("heading-disk"));
    let warn = |page: &mut Page<'_>, said: String| page.line(&out.paint(Tone::Bad, &format!("  ! {said}")));
    if entries > 0 {
        warn(page, out.say("disk-still", &[("count", &entries.to_string())]));
    }
    if entries + signatures + evidence > 0 {
        let things = [("signatures", signatures.to_string()), ("evidence", evidence.to_string())];
        let things = things.each_ref().map(|(name, count)| (*name, count.as_str()));
        warn(page, out.say("disk-waiting", &things));
        page.line(&format!("    {}", out.t("disk-stored-later")));
    }
    if dropped > 0 {
        warn(page, out.say("disk-lost", &[("count", &dropped.to_string())]));
    }
}

/// What comes due of notices in force.
fn due(out: &Output, page: &mut Page<'_>, due: Field<'_>) {
    let said = [("ends", "due-ending"), ("review", "due-review"), ("review-overdue", "due-review-overdue")];
    let counts = said.into_iter().filter_map(|(name, said)| {
        let count = due.at(name).number().filter(|count| *count > 0)?;
        Some(out.say(said, &[("count", &count.to_string())]))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        return;
    }
    page.heading(&out.t("heading-notices"));
    let tone = if due.at("review-overdue").number().unwrap_or(0) > 0 { Tone::Bad } else { Tone::Warn };
    let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
    let said = out.say("due-list", &[("what", &out.listed(&counts))]);
    page.line(&out.paint(tone, &format!("  ! {said}")));
}

fn witnesses(out: &Output, page: &mut Page<'_>, witnesses: Field<'_>, now_ms: u64) {
    if witnesses.list().next().is_none() {
        return;
    }
    page.heading(&out.t("heading-witnesses"));
    for witness in witnesses.list() {
        let last = witness.at("last_success_ms").number();
        let last = last.map_or_else(|| out.t("nothing-yet"), |ms| out.how_far(ms, now_ms));
        let things = [("when", last.as_str())];
        let said = match witness.at("troubles").list().next() {
            None => out.signed(Tone::Good, "●", "last-cosigned", &things),
            Some(_) => out.signed(Tone::Warn, "○", "last-cosigned", &things),
        };
        page.row(&format!("  {}", out.apart(&witness.at("name").or_unknown())), &said);
        for trouble in witness.at("troubles").list() {
            let book = trouble.at("book").text().map(|book| format!("{book}: ")).unwrap_or_default();
            let [error, found] = ["error", "found"].map(|name| trouble.at(name).or_unknown());
            page.row("", &out.apart(&format!("{book}{error}: {found}")));
        }
    }
}

/// Up to where each party's books are sealed.
fn seals(out: &Output, page: &mut Page<'_>, seals: Field<'_>, now_ms: u64) {
    if seals.at("parties").pairs().next().is_none() {
        return;
    }
    page.heading(&format!("{}{}", padded(&out.t("heading-seals"), 13), out.t("seals-hold")));
    for (party, books) in seals.at("parties").pairs() {
        let said = books.pairs().map(|(book, seal)| {
            let (size, held) = (seal.at("size").or_unknown(), seal.at("held").or_unknown());
            let book = book.rsplit('/').next().unwrap_or_default();
            out.say("seal-of", &[("book", book), ("size", &size), ("held", &held)])
        });
        let mut said: Vec<String> = said.collect();
        let last = books.pairs().filter_map(|(_, seal)| seal.at("seconds").number()).max();
        let row = match last {
            Some(seconds) => {
                let when = out.how_far(seconds.saturating_mul(1_000), now_ms);
                said.push(out.say("seal-last", &[("when", &when)]));
                let parts: Vec<&str> = said.iter().map(String::as_str).collect();
                out.paint(Tone::Good, &format!("● {}", out.listed(&parts)))
            }
            None => out.signed(Tone::Quiet, "○", "seal-none", &[]),
        };
        page.row(&format!("  {}", out.apart(&party)), &row);
    }
}

/// How many entries of each precedence are owed and awaited, in columns as wide as their headings.
fn counts(out: &Output, page: &mut Page<'_>, status: Field<'_>) {
    let classes = ['Z', 'O', 'P', 'R'];
    let heads = classes.map(|class| format!("{class} {}", named::precedence(out.words(), class)));
    let title = out.t("heading-open");
    let rows = [("owed", "label-owed"), ("awaited", "label-awaited")];
    let rows = rows.map(|(name, label)| (out.t(label), status.at(name)));
    let labels = rows.each_ref().map(|(label, _)| label.width() + 4);
    let first = labels.into_iter().chain([title.width() + 2, 13]).max().unwrap_or(13);
    let mut heading = padded(&title, first);
    for (place, head) in heads.iter().enumerate() {
        heading += &format!("{}{head}", if place == 0 { "" } else { "  " });
    }
    page.heading(&heading);
    for (label, counts) in rows {
        let mut row = padded(&format!("  {label}"), first);
        for (place, (class, head)) in classes.iter().zip(&heads).enumerate() {
            let count = out.apart(&counts.at(&class.to_string()).or_unknown());
            row += &aligned(&count, head.width() + if place == 0 { 0 } else { 2 });
        }
        page.line(&row);
    }
}

fn motions(page: &mut Page<'_>, out: &Output, motions: Field<'_>, now_ms: u64) {
    if motions.list().next().is_none() {
        return;
    }
    page.heading(&out.t("heading-motions"));
    for motion in motions.list() {
        motion::row(page, out, motion, now_ms);
    }
}
