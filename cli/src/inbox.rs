//! `inbox`: what this party owes, most urgent first, and what it awaits.
//!
//! A FLASH or IMMEDIATE whose whole content stands on the page has been displayed, and the others are told so when
//! a person looks on a terminal; one that is cut short has not been, and `show` is named beside it.

use clap::Args;
use detente_station::Home;

use crate::answer::Field;
use crate::entry::{author, facts, gist, is_to_be_told, marks, remark_displayed};
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::precedence::{class_of, sign};
use crate::time;

/// Characters of an entry's first line.
const GIST: usize = 100;

/// What `inbox` takes.
#[derive(Debug, Args)]
pub(crate) struct Inbox {
    /// Most entries of each part
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
    #[command(flatten)]
    line: LineArgs,
}

/// Shows what is owed and what is awaited.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn inbox(asked: &Inbox, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let inbox = on.get(&format!("/inbox?limit={}", asked.limit)).await?;
    if out.is_json() {
        return out.data(inbox.raw());
    }
    let parties = on.parties().await?;
    let mut page = Page::new(out);
    if inbox.at("ahead").list().next().is_some() {
        part(&mut page, "AHEAD OF THEIR SIGNATURE", "", inbox.at("ahead"), |page, entry| {
            ahead(out, page, entry, on.now_ms);
        });
    }
    part(&mut page, "OWED", "nothing is owed", inbox.at("owed"), |page, entry| {
        owed(out, page, entry, &on.party, on.now_ms)
    });
    part(&mut page, "AWAITED", "nothing is awaited", inbox.at("awaited"), |page, entry| {
        awaited(out, page, entry, &parties, on.now_ms);
    });
    if inbox.at("more").holds() {
        page.heading("There is more: --limit");
    }
    out.data(page.text())?;
    if out.is_seen() {
        for entry in inbox.at("owed").list().filter(|entry| gist(*entry, GIST).1) {
            remark_displayed(&on, out, entry).await;
        }
    }
    Ok(())
}

fn part<'a>(
    page: &mut Page<'_>,
    title: &str,
    none: &str,
    entries: Field<'a>,
    mut each: impl FnMut(&mut Page<'_>, Field<'a>),
) {
    let count = entries.list().count();
    page.heading(&format!("{title}  {count}"));
    if count == 0 {
        page.line(&format!("  {none}"));
    }
    for entry in entries.list() {
        each(page, entry);
    }
}

fn head(out: &Output, entry: Field<'_>, clock: &str) -> String {
    let name = entry.at("entry").or_unknown();
    format!("  {}  {name:<12} {clock}", sign(out, class_of(&name)))
}

fn age(entry: Field<'_>, since: &str, now_ms: u64) -> String {
    let age = entry.at(since).number().map(|ms| time::length(now_ms.saturating_sub(ms)));
    format!("{} old", age.unwrap_or_else(|| "?".into()))
}

fn owed(out: &Output, page: &mut Page<'_>, entry: Field<'_>, me: &str, now_ms: u64) {
    let clock = match entry.at("due_ms").number() {
        Some(due_ms) if entry.at("overdue").holds() => {
            out.paint(Tone::Bad, &format!("! OVERDUE by {}", time::length(now_ms.saturating_sub(due_ms))))
        }
        Some(due_ms) => format!("{} left", time::length(due_ms.saturating_sub(now_ms))),
        None => "no clock yet".into(),
    };
    let kind = entry.at("kind").or_unknown();
    let line = format!("{clock}, {}, {kind} from {}", age(entry, "time_ms", now_ms), author(entry));
    page.line(&head(out, entry, &line));
    let (gist, whole) = gist(entry, GIST);
    page.line(&format!("      {gist}"));
    if !whole && is_to_be_told(entry, me) {
        let name = entry.at("entry").or_unknown();
        page.line(&format!("      there is more: detente show {name}"));
    }
    for mark in marks(out, entry) {
        page.line(&format!("      {mark}"));
    }
}

/// What its author has not signed yet, as far as came here; owed once it has.
fn ahead(out: &Output, page: &mut Page<'_>, entry: Field<'_>, now_ms: u64) {
    let kind = entry.at("kind").or_unknown();
    let line = format!("came {}, {kind} from {}", age(entry, "came_ms", now_ms), author(entry));
    page.line(&head(out, entry, &line));
    page.line(&format!("      {}", gist(entry, GIST).0));
    for mark in marks(out, entry) {
        page.line(&format!("      {mark}"));
    }
}

fn awaited(out: &Output, page: &mut Page<'_>, entry: Field<'_>, parties: &[String], now_ms: u64) {
    let kind = entry.at("kind").or_unknown();
    page.line(&head(out, entry, &format!("{}, {kind}", age(entry, "time_ms", now_ms))));
    page.line(&format!("      {}", gist(entry, GIST).0));
    for mark in marks(out, entry) {
        page.line(&format!("      {mark}"));
    }
    let author = entry.at("party").text().unwrap_or_default();
    for party in parties.iter().filter(|party| **party != author) {
        page.line(&format!("      {party}  {}", facts(out, entry, party).join("  ")));
    }
}
