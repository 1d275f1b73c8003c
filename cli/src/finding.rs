//! `finding lodge`, `findings`: what observers found, brought onto the line and shown (spec/observers.md §3, §4).

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use detente_line::{Finding, MAX_FINDING};
use detente_station::Home;

use crate::answer::Field;
use crate::draft::{Draft, Writing, entry_name};
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::moment::{self, Moment};
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::precedence::Precedence;
use crate::time;

/// What can be done with a finding.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Bring an observer's finding onto the line, as it signed it; that is no word on whether it is so
    Lodge(Lodge),
}

/// What `finding lodge` takes.
#[derive(Debug, Args)]
pub(crate) struct Lodge {
    /// The finding, as the observer gave it
    file: PathBuf,
    /// An entry that it is about; those that the finding is on and that are here, if none is given
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    about: Vec<String>,
    /// How soon it is to be handled: immediate, priority or routine; that of what it is about, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    #[command(flatten)]
    writing: Writing,
}

/// What `findings` takes.
#[derive(Debug, Args)]
pub(crate) struct Findings {
    #[command(flatten)]
    moment: Moment,
    #[command(flatten)]
    line: LineArgs,
}

/// Reads a finding's file, which is no longer than one may be.
///
/// # Errors
/// When it cannot be read, and for what is no finding.
pub(crate) fn read(path: &Path) -> Result<(Finding, String), Failure> {
    let what = path.display().to_string();
    let failed = |cause: std::io::Error| {
        Failure::misuse(
            what.clone(),
            "a file that can be read",
            cause.to_string(),
            "check the path and who may read it",
        )
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FINDING as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let hint = "ask the observer for the file as `detente observer find` wrote it";
    if bytes.len() > MAX_FINDING {
        return Err(Failure::misuse(what, "a finding, at most 12,000 bytes", "a longer file", hint));
    }
    let finding = Finding::parse(&bytes).map_err(|fault| {
        let detail = fault.detail();
        let expected = format!("{}: {}", detail.what, detail.expected);
        Failure::failed(&fault.blame().to_string(), what, expected, detail.found.to_string(), hint)
    })?;
    let note = finding.note();
    Ok((finding, note))
}

/// Brings a finding onto the line.
///
/// # Errors
/// As [`read`] and [`Writing::write`].
pub(crate) async fn finding(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    let Asked::Lodge(Lodge { file, about, precedence, writing }) = asked;
    let (_, note) = read(file)?;
    let draft = Draft::of("finding")
        .with("note", note)
        .with_any("precedence", precedence.map(Precedence::prosign))
        .regarding(about);
    writing.write(home, out, draft).await
}

/// Shows what observers found, each in its chain.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn findings(asked: &Findings, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let query = asked.moment.query(on.now_ms);
    let answer = on.get(&format!("/findings?{}", query.trim_start_matches('&'))).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    moment::rows(&mut page, out, answer.whole());
    let mut observers = answer.at("observers").pairs().peekable();
    if observers.peek().is_none() {
        page.line("nothing that an observer found is lodged");
    }
    for (name, observer) in observers {
        let full = observer.at("full_name").text().map(|full| format!("  {full}")).unwrap_or_default();
        page.heading(&format!("{name}{full}"));
        if observer.at("named").fails() {
            page.row("", &out.paint(Tone::Quiet, "– the memorandum in force does not name it"));
        }
        chain(&mut page, out, observer, on.now_ms);
    }
    if answer.at("more").holds() {
        page.heading("There are more than 1,000: the first of them are shown");
    }
    out.data(page.text())
}

/// What there is of one observer: each finding, what is missing, and what convicts it.
fn chain(page: &mut Page<'_>, out: &Output, observer: Field<'_>, now_ms: u64) {
    for found in observer.at("findings").list() {
        row(page, out, found, now_ms);
    }
    for gap in observer.at("missing").list() {
        let ends: Vec<String> = gap.list().filter_map(|end| end.text()).collect();
        let which = match ends.as_slice() {
            [first, last] if first != last => format!("findings {first} to {last} are"),
            [first, ..] => format!("finding {first} is"),
            [] => "some findings are".into(),
        };
        page.row(
            "",
            &out.paint(
                Tone::Warn,
                &format!("! {which} not lodged here: the observer made more than is shown"),
            ),
        );
    }
    for contradiction in observer.at("contradictions").list() {
        let serial = contradiction.at("serial").or_unknown();
        let what = match contradiction.at("what").is("two-of-one-serial") {
            true => {
                format!("✗ it signed two findings number {serial}: both are its own, and they convict it")
            }
            false => format!(
                "✗ finding {serial} names another before it than the one that is lodged: it signed two chains, which convicts it"
            ),
        };
        page.row("", &out.paint(Tone::Bad, &what));
    }
}

fn row(page: &mut Page<'_>, out: &Output, found: Field<'_>, now_ms: u64) {
    let serial = found.at("serial").or_unknown();
    let when = found.at("found_ms").number().map(|ms| time::stamp_from_now(ms, now_ms)).unwrap_or_default();
    page.row(&format!("  finding {serial}"), &format!("{when} by its own clock"));
    let language = found.at("language").text().map(|tag| format!("  [{tag}]")).unwrap_or_default();
    page.quote(&language, &found.at("text").block().unwrap_or_default());
    let on: Vec<String> = found.at("on").list().filter_map(|on| on.at("entry").text()).collect();
    page.row("  on", &on.join(", "));
    for other in found.at("on").list().filter(|on| on.at("same_here").fails()) {
        let entry = other.at("entry").or_unknown();
        page.row(
            "",
            &out.paint(Tone::Bad, &format!("✗ what it was shown as {entry} is not what is held here")),
        );
    }
    page.any("  corrects", found.at("corrects").text().map(|serial| format!("finding {serial}")));
    if let Some(by) = found.at("corrected_by").joined() {
        page.row("", &out.paint(Tone::Warn, &format!("! corrected by finding {by}")));
    }
    let by: Vec<String> = found.at("lodged_by").list().filter_map(|by| by.at("entry").text()).collect();
    page.row("  lodged by", &by.join(", "));
}
