//! `status`: how the line stands.
//!
//! Three facts about each party are never made into one: whether a circuit to it is up, whether an officer of it
//! is present, and whether it is willing.

use clap::Args;
use detente_station::Home;

use crate::answer::Field;
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::motion;
use crate::output::{Output, Tone};
use crate::page::{Page, fact};
use crate::time;

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
    let open = status.at("open").holds();
    page.row("line", &out.paint(Tone::Strong, &status.at("name").or_unknown()));
    page.row("party", &status.at("party").or_unknown());
    if let Some(by) = status.at("parted").text() {
        page.row("", &out.paint(Tone::Bad, &format!("✗ a member no more by {by}: it writes nothing")));
    }
    parent(out, &mut page, status.at("parent"));
    page.row("time", &time::stamp(now_ms));
    let standing = if open {
        out.paint(Tone::Good, "● open: every party is willing")
    } else {
        out.paint(Tone::Bad, "○ not open: suspended by a party")
    };
    page.row("standing", &standing);
    page.heading("PARTIES");
    for one in status.at("parties").list() {
        party(out, &mut page, one, now_ms);
    }
    for book in status.at("forked").list().filter_map(|book| book.text()) {
        let author = book.split('/').next().unwrap_or_default();
        let said = format!("  ✗ {author} signed two histories of {book}: detente record evidence");
        page.line(&out.paint(Tone::Bad, &said));
    }
    page.heading("CIRCUITS");
    circuits(out, &mut page, status.at("circuits"), now_ms);
    witnesses(out, &mut page, status.at("witnesses"), now_ms);
    seals(out, &mut page, status.at("seals"), now_ms);
    waits_for_room(out, &mut page, status.at("waits_for_room"));
    page.heading("OPEN         Z FLASH  O IMMEDIATE  P PRIORITY  R ROUTINE");
    counts(&mut page, "owed", status.at("owed"));
    counts(&mut page, "awaited", status.at("awaited"));
    let overdue = status.at("overdue").number().unwrap_or(0);
    if overdue > 0 {
        page.line(&out.paint(Tone::Bad, &format!("  ! {overdue} of those owed are overdue: detente inbox")));
    }
    due(out, &mut page, status.at("due"));
    motions(&mut page, out, status.at("motions"), now_ms);
    if let Some(ms) = status.at("next_test_ms").number() {
        page.heading(&format!("NEXT TEST  {}", time::stamp_from_now(ms, now_ms)));
    }
    out.data(page.text())
}

/// Whose working group the line is, and whether the parent's record bears that out.
fn parent(out: &Output, page: &mut Page<'_>, parent: Field<'_>) {
    if parent.is_nothing() {
        return;
    }
    let name = parent.at("name").text().or_else(|| parent.at("line").text()).unwrap_or_default();
    let by = parent.at("decision").text().map(|by| format!(", founded by {by}")).unwrap_or_default();
    page.row("group of", &format!("{name}{by}"));
    let why = parent.at("why").or_unknown();
    let holds = parent.at("holds");
    page.row(
        "",
        &match (holds.holds(), holds.fails()) {
            (true, _) => out.paint(Tone::Good, "● that decision was carried there, and founds this line"),
            (_, true) => {
                out.paint(Tone::Bad, &format!("✗ the parent's record does not bear that out: {why}"))
            }
            _ => out.paint(Tone::Quiet, &format!("? not checked: {why}")),
        },
    );
}

fn party(out: &Output, page: &mut Page<'_>, party: Field<'_>, now_ms: u64) {
    let me = party.at("me").holds();
    let name = party.at("name").or_unknown();
    let circuits = party.at("circuits_up").number().unwrap_or(0);
    let heard = party.at("last_heard_ms").number().map(|ms| format!("heard {}", time::from_now(ms, now_ms)));
    let circuit = if me {
        "● this station".to_owned()
    } else {
        let up = fact(out, circuits > 0, &format!("circuit up ({circuits})"), "no circuit up");
        format!("{up}{}", heard.map(|heard| format!(", {heard}")).unwrap_or_default())
    };
    page.row(&format!("  {name}"), &circuit);
    if let Some(by) = party.at("parted").text() {
        page.row("", &out.paint(Tone::Bad, &format!("✗ it has left by {by}")));
    }
    let officer = party.at("officer");
    let since = party.at("officer_since").text().map(|entry| format!(", says {entry}")).unwrap_or_default();
    let present = match officer.text().as_deref() {
        Some("on") => fact(out, true, "officer present", ""),
        Some("off") => fact(out, false, "", "no officer present"),
        _ => out.paint(Tone::Quiet, "? it has not said whether an officer is present"),
    };
    page.row("", &format!("{present}{since}"));
    let willing = party.at("willing");
    let suspension = party.at("suspension");
    let standing = match (willing.holds(), willing.fails()) {
        (true, _) if suspension.is_nothing() => out.paint(Tone::Good, "● willing"),
        (true, _) => out.paint(Tone::Warn, "● willing still; a suspension is stated"),
        (_, true) => out.paint(Tone::Bad, "○ not willing: suspended"),
        _ => out.paint(Tone::Quiet, "? willing or not is not known"),
    };
    page.row("", &standing);
    if suspension.is_nothing() {
        return;
    }
    let scope = suspension.at("scope").joined().unwrap_or_else(|| "every kind of traffic".into());
    page.row("", &format!("    by {}, of {scope}", suspension.at("entry").or_unknown()));
    if let Some(ms) = suspension.at("effective_ms").number() {
        page.row("", &format!("    effective {}", time::stamp_from_now(ms, now_ms)));
    }
    page.row("", &format!("    reason “{}”", suspension.at("reason").or_unknown()));
    if let Some(consent) = suspension.at("consent").text() {
        page.row("", &format!("    reopening is decided by {consent}; the party itself resumes"));
    }
}

fn circuits(out: &Output, page: &mut Page<'_>, circuits: Field<'_>, now_ms: u64) {
    if circuits.list().next().is_none() {
        page.line("  none: detente doctor looks why");
    }
    for circuit in circuits.list() {
        let (ready, silent) = (circuit.at("ready").holds(), circuit.at("silent").holds());
        let state = match (ready, silent) {
            (_, true) => out.paint(Tone::Bad, "○ silent"),
            (true, false) => out.paint(Tone::Good, "● ready"),
            (false, false) => out.paint(Tone::Warn, "○ not ready yet"),
        };
        let late = if circuit.at("late").holds() { ", late" } else { "" };
        let name = circuit.at("name").text().unwrap_or_else(|| circuit.at("kind").or_unknown());
        let mut line = format!("{name} {state}{late}");
        let address = circuit.at("address").text().map(|address| format!(", {address}"));
        let heard =
            circuit.at("heard_ms").number().map(|ms| format!(", heard {}", time::from_now(ms, now_ms)));
        let trip = circuit.at("round_trip_ms").text().map(|ms| format!(", round trip {ms} ms"));
        line.extend([address, heard, trip].into_iter().flatten());
        page.row(&format!("  {}", circuit.at("peer").or_unknown()), &line);
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
    page.heading("DISK");
    if entries > 0 {
        let still = format!(
            "  ! not a byte left for what the schedule asks for; the line stands still: entries {entries}"
        );
        page.line(&out.paint(Tone::Bad, &still));
    }
    if entries + signatures + evidence > 0 {
        let waiting =
            format!("  ! full; waiting for room: signatures {signatures}, proofs of breaches {evidence}");
        page.line(&out.paint(Tone::Bad, &waiting));
        page.line(
            "    they are stored by themselves once there is room; detente doctor says how much is free",
        );
    }
    if dropped > 0 {
        let lost = format!("  ! lost, for want of any place: proofs of breaches {dropped}");
        page.line(&out.paint(Tone::Bad, &lost));
    }
}

/// What comes due of notices in force.
fn due(out: &Output, page: &mut Page<'_>, due: Field<'_>) {
    let said =
        [("ends", "ending soon"), ("review", "to be reviewed soon"), ("review-overdue", "review overdue")];
    let counts = said.into_iter().filter_map(|(name, said)| {
        let count = due.at(name).number().filter(|count| *count > 0)?;
        Some(format!("{said} {count}"))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        return;
    }
    page.heading("NOTICES IN FORCE");
    let tone = if due.at("review-overdue").number().unwrap_or(0) > 0 { Tone::Bad } else { Tone::Warn };
    page.line(&out.paint(tone, &format!("  ! {}: detente notice list", counts.join(", "))));
}

fn witnesses(out: &Output, page: &mut Page<'_>, witnesses: Field<'_>, now_ms: u64) {
    if witnesses.list().next().is_none() {
        return;
    }
    page.heading("WITNESSES");
    for witness in witnesses.list() {
        let last = witness.at("last_success_ms").number();
        let last = last.map_or_else(|| "nothing yet".into(), |ms| time::from_now(ms, now_ms));
        let troubles = witness.at("troubles").list().count();
        let said = if troubles == 0 {
            out.paint(Tone::Good, &format!("● last cosigned {last}"))
        } else {
            out.paint(Tone::Warn, &format!("○ last cosigned {last}"))
        };
        page.row(&format!("  {}", witness.at("name").or_unknown()), &said);
        for trouble in witness.at("troubles").list() {
            let book = trouble.at("book").text().map(|book| format!("{book}: ")).unwrap_or_default();
            page.row(
                "",
                &format!("{book}{}: {}", trouble.at("error").or_unknown(), trouble.at("found").or_unknown()),
            );
        }
    }
}

/// Up to where each party's books are sealed.
fn seals(out: &Output, page: &mut Page<'_>, seals: Field<'_>, now_ms: u64) {
    if seals.at("parties").pairs().next().is_none() {
        return;
    }
    page.heading("SEALS        Ed25519 and ML-DSA-44 hold up to");
    for (party, books) in seals.at("parties").pairs() {
        let said = books.pairs().map(|(book, seal)| {
            let (size, held) = (seal.at("size").or_unknown(), seal.at("held").or_unknown());
            format!("{} {size} of {held}", book.rsplit('/').next().unwrap_or_default())
        });
        let said: Vec<String> = said.collect();
        let last = books.pairs().filter_map(|(_, seal)| seal.at("seconds").number()).max();
        let row = match last {
            Some(seconds) => {
                let when = time::from_now(seconds.saturating_mul(1_000), now_ms);
                out.paint(Tone::Good, &format!("● {}, last {when}", said.join(", ")))
            }
            None => out.paint(Tone::Quiet, "○ nothing is sealed yet"),
        };
        page.row(&format!("  {party}"), &row);
    }
}

fn counts(page: &mut Page<'_>, label: &str, counts: Field<'_>) {
    let [z, o, p, r] = ["Z", "O", "P", "R"].map(|class| counts.at(class).or_unknown());
    page.line(&format!("  {label:<8}{z:>10}{o:>13}{p:>12}{r:>11}"));
}

fn motions(page: &mut Page<'_>, out: &Output, motions: Field<'_>, now_ms: u64) {
    if motions.list().next().is_none() {
        return;
    }
    page.heading("MOTIONS");
    for motion in motions.list() {
        motion::row(page, out, motion, now_ms);
    }
}
