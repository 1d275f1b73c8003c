//! `motion`: what is moved in the name of all, who voted how, and what was decided (spec/line.md §5, Motions).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use detente_console::named;
use detente_line::is_line_name;
use detente_station::{Home, home};

use crate::answer::Field;
use crate::draft::{Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::harmless;
use crate::line::LineArgs;
use crate::moment::{self, Moment};
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::standing::{Vote, vote};
use crate::time::When;

/// What can be done about motions.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Move that the parties say something together; `detente reopen propose` moves a reopening
    Resolve(Resolve),
    /// Move another memorandum in the place of the one in force
    Amend(Amend),
    /// Move that a working group be founded: a line of its own, which names this one
    Found(Found),
    /// Vote for a motion
    For(Vote),
    /// Vote against a motion
    Against(Vote),
    /// Vote neither for nor against a motion
    Abstain(Vote),
    /// List motions with their votes and decisions, the newest first
    List(List),
}

/// What `motion resolve` takes.
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// What is moved
    #[arg(value_parser = held_text)]
    text: String,
    /// An entry that it is about; may be given several times
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    about: Vec<String>,
    /// Until when votes count; as long as the memorandum lets it, if not given
    #[arg(long, value_name = "TIME")]
    closes: Option<When>,
    #[command(flatten)]
    writing: Writing,
}

/// What `motion amend` takes.
#[derive(Debug, Args)]
pub(crate) struct Amend {
    /// The memorandum that is moved: `detente memorandum in-force` writes the one to change
    file: PathBuf,
    /// Why
    #[arg(long, value_parser = held_text)]
    text: Option<String>,
    /// Until when votes count; as long as the memorandum lets it, if not given
    #[arg(long, value_name = "TIME")]
    closes: Option<When>,
    #[command(flatten)]
    writing: Writing,
}

/// What `motion found` takes.
#[derive(Debug, Args)]
pub(crate) struct Found {
    /// The name of the working group's line
    #[arg(value_name = "NAME", value_parser = line_name)]
    name: String,
    /// What it is for, and who is to be in it
    #[arg(value_parser = held_text)]
    text: String,
    /// An entry that it is about; may be given several times
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    about: Vec<String>,
    /// Until when votes count; as long as the memorandum lets it, if not given
    #[arg(long, value_name = "TIME")]
    closes: Option<When>,
    #[command(flatten)]
    writing: Writing,
}

fn line_name(text: &str) -> Result<String, String> {
    let found =
        || format!("expected [a-z][a-z0-9-]{{0,31}}, such as inquiry, found {}", harmless::line(text));
    if is_line_name(text) { Ok(text.to_owned()) } else { Err(found()) }
}

/// What `motion list` takes.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Most motions
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
    #[command(flatten)]
    moment: Moment,
    #[command(flatten)]
    line: LineArgs,
}

/// Moves, votes or lists.
///
/// # Errors
/// As [`Writing::write`], and when the station gives no answer.
pub(crate) async fn motion(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Asked::Resolve(asked) => {
            let desk = asked.writing.open(home).await?;
            let draft = Draft::of("motion")
                .with("matter", "resolve")
                .with("text", asked.text.as_str())
                .with_any("closes_ms", desk.time(out, &out.t("label-closes"), asked.closes))
                .regarding(&asked.about);
            desk.write(out, draft).await
        }
        Asked::Amend(asked) => {
            let file = home::read(&asked.file)?;
            let desk = asked.writing.open(home).await?;
            let draft = Draft::of("motion")
                .with("matter", "amend")
                .with("memorandum", file.as_str())
                .with_any("text", asked.text.as_deref())
                .with_any("closes_ms", desk.time(out, &out.t("label-closes"), asked.closes));
            desk.write(out, draft).await
        }
        Asked::Found(asked) => {
            let desk = asked.writing.open(home).await?;
            let draft = Draft::of("motion")
                .with("matter", "found")
                .with("working_group", asked.name.as_str())
                .with("text", asked.text.as_str())
                .with_any("closes_ms", desk.time(out, &out.t("label-closes"), asked.closes))
                .regarding(&asked.about);
            desk.write(out, draft).await
        }
        Asked::For(asked) => vote("for", asked, home, out).await,
        Asked::Against(asked) => vote("against", asked, home, out).await,
        Asked::Abstain(asked) => vote("abstain", asked, home, out).await,
        Asked::List(asked) => list(asked, home, out).await,
    }
}

async fn list(asked: &List, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let motions = on.get(&format!("/motions?limit={}{}", asked.limit, asked.moment.query(on.now_ms))).await?;
    if out.is_json() {
        return out.data(motions.raw());
    }
    let mut page = Page::new(out);
    moment::rows(&mut page, out, motions.whole());
    page.heading(&out.t("heading-motions"));
    if motions.at("motions").list().next().is_none() {
        page.line(&format!("  {}", out.t("motions-none")));
    }
    for motion in motions.at("motions").list() {
        row(&mut page, out, motion, on.now_ms);
    }
    if motions.at("more").holds() {
        page.heading(&out.t("more-limit"));
    }
    out.data(page.text())
}

/// A motion, in rows: what it is to do, its text, who voted how, and how it stands.
pub(crate) fn row(page: &mut Page<'_>, out: &Output, motion: Field<'_>, now_ms: u64) {
    let matter = out.called("matter", &motion.at("matter").or_unknown());
    let matter = if out.words().is_english() { format!("to {matter}") } else { matter };
    let group = motion.at("working_group").text().map(|name| format!(" {}", out.apart(&name)));
    let matter = format!("{matter}{}", group.unwrap_or_default());
    let about = motion.at("about").joined().map(|about| out.say("motion-about", &[("about", &about)]));
    let matter = about.map_or(matter.clone(), |about| out.listed(&[&matter, &about]));
    page.row(&format!("  {}", out.apart(&motion.at("motion").or_unknown())), &matter);
    page.quote("", &motion.at("text").block().unwrap_or_default());
    for change in motion.at("memorandum").at("changes").list() {
        let said = |at| change.at(at).text().unwrap_or_else(|| out.t("nothing-open"));
        let (field, before, after) = (change.at("field").or_unknown(), said("before"), said("after"));
        page.row("", &out.apart(&format!("{field}: {before} → {after}")));
    }
    let votes = motion
        .at("votes")
        .pairs()
        .map(|(party, vote)| format!("{} {}", out.apart(&party), out.called("choice", &vote.or_unknown())));
    let votes: Vec<String> = votes.collect();
    let votes: Vec<&str> = votes.iter().map(String::as_str).collect();
    let votes = if votes.is_empty() { out.t("votes-none") } else { out.listed(&votes) };
    page.row("", &out.say("motion-votes", &[("votes", &votes)]));
    let decision = motion.at("decision");
    let closes = motion.at("closes_ms").number().map(|ms| out.stamp_from_now(ms, now_ms));
    let standing = match (decision.at("outcome").text(), closes) {
        (Some(outcome), _) => {
            let by = decision.at("entry").or_unknown();
            let word = named::outcome(out.words(), &outcome).to_uppercase();
            let (tone, sign) = match outcome.as_str() {
                "carried" => (Tone::Good, "●"),
                "defeated" => (Tone::Bad, "✗"),
                _ => (Tone::Quiet, "–"),
            };
            out.signed(tone, sign, "motion-decided", &[("outcome", &word), ("by", &by)])
        }
        (None, Some(closes)) => out.say("motion-pending-until", &[("when", &closes)]),
        (None, None) => out.t("motion-pending"),
    };
    page.row("", &standing);
    let founded = motion.at("founded").joined();
    page.any("", founded.map(|lines| out.say("motion-founded", &[("lines", &lines)])));
}
