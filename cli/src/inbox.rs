//! `inbox`: what this party owes, most urgent first, and what it awaits.
//!
//! A FLASH or IMMEDIATE whose whole content stands on the page has been displayed, and the others are told so when
//! a person looks on a terminal; one that is cut short has not been, and `show` is named beside it.

use clap::Args;
use detente_station::Home;

use crate::answer::Field;
use crate::entry::{facts, gist, is_to_be_told, kind_from, marks, remark_displayed};
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::precedence::{class_of, sign};
use crate::words::padded;

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
        let titles = ["inbox-ahead", "inbox-nothing-owed"];
        part(out, &mut page, titles, inbox.at("ahead"), |page, entry| ahead(out, page, entry, on.now_ms));
    }
    part(out, &mut page, ["inbox-owed", "inbox-nothing-owed"], inbox.at("owed"), |page, entry| {
        owed(out, page, entry, &on.party, on.now_ms);
    });
    part(out, &mut page, ["inbox-awaited", "inbox-nothing-awaited"], inbox.at("awaited"), |page, entry| {
        awaited(out, page, entry, &parties, on.now_ms);
    });
    if inbox.at("more").holds() {
        page.heading(&out.t("more-limit"));
    }
    out.data(page.text())?;
    if out.is_seen() {
        for entry in inbox.at("owed").list().filter(|entry| gist(out, *entry, GIST).1) {
            remark_displayed(&on, out, entry).await;
        }
    }
    Ok(())
}

fn part<'a>(
    out: &Output,
    page: &mut Page<'_>,
    [title, none]: [&str; 2],
    entries: Field<'a>,
    mut each: impl FnMut(&mut Page<'_>, Field<'a>),
) {
    let count = entries.list().count();
    page.heading(&format!("{}  {}", out.t(title), out.apart(&count.to_string())));
    if count == 0 {
        page.line(&format!("  {}", out.t(none)));
    }
    for entry in entries.list() {
        each(page, entry);
    }
}

fn head(out: &Output, entry: Field<'_>, clock: &str) -> String {
    let name = entry.at("entry").or_unknown();
    format!("  {}  {} {clock}", sign(out, class_of(&name)), padded(&out.apart(&name), 12))
}

fn age(out: &Output, entry: Field<'_>, name: &str, since: &str, now_ms: u64) -> String {
    let age = entry.at(since).number().map(|ms| out.length(now_ms.saturating_sub(ms)));
    out.say(name, &[("length", &age.unwrap_or_else(|| "?".into()))])
}

fn owed(out: &Output, page: &mut Page<'_>, entry: Field<'_>, me: &str, now_ms: u64) {
    let clock = match entry.at("due_ms").number() {
        Some(due_ms) if entry.at("overdue").holds() => {
            let late = out.length(now_ms.saturating_sub(due_ms));
            out.signed(Tone::Bad, "!", "inbox-overdue", &[("length", &late)])
        }
        Some(due_ms) => out.say("inbox-left", &[("length", &out.length(due_ms.saturating_sub(now_ms)))]),
        None => out.t("inbox-no-clock"),
    };
    let age = age(out, entry, "inbox-old", "time_ms", now_ms);
    let line = out.listed(&[&clock, &age, &kind_from(out, entry)]);
    page.line(&head(out, entry, &line));
    let (gist, whole) = gist(out, entry, GIST);
    page.line(&format!("      {gist}"));
    if !whole && is_to_be_told(entry, me) {
        let name = entry.at("entry").or_unknown();
        page.line(&format!("      {}", out.say("inbox-more", &[("entry", &name)])));
    }
    for mark in marks(out, entry) {
        page.line(&format!("      {mark}"));
    }
}

/// What its author has not signed yet, as far as came here; owed once it has.
fn ahead(out: &Output, page: &mut Page<'_>, entry: Field<'_>, now_ms: u64) {
    let age = age(out, entry, "inbox-came", "came_ms", now_ms);
    let line = out.listed(&[&age, &kind_from(out, entry)]);
    page.line(&head(out, entry, &line));
    page.line(&format!("      {}", gist(out, entry, GIST).0));
    for mark in marks(out, entry) {
        page.line(&format!("      {mark}"));
    }
}

fn awaited(out: &Output, page: &mut Page<'_>, entry: Field<'_>, parties: &[String], now_ms: u64) {
    let kind = out.kind(&entry.at("kind").or_unknown());
    let age = age(out, entry, "inbox-old", "time_ms", now_ms);
    page.line(&head(out, entry, &out.listed(&[&age, &kind])));
    page.line(&format!("      {}", gist(out, entry, GIST).0));
    for mark in marks(out, entry) {
        page.line(&format!("      {mark}"));
    }
    let author = entry.at("party").text().unwrap_or_default();
    for party in parties.iter().filter(|party| **party != author) {
        page.line(&format!("      {}  {}", out.apart(party), facts(out, entry, party).join("  ")));
    }
}
