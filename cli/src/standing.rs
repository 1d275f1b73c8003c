//! `suspend`, `reopen` and `resume`: whether this party lets traffic pass, and the motions about it
//! (spec/line.md §5).

use clap::{Args, Subcommand};
use detente_station::Home;

use crate::draft::{Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::output::Output;
use crate::time::When;

/// What `suspend` takes.
#[derive(Debug, Args)]
pub(crate) struct Suspend {
    /// Why
    #[arg(long, value_parser = held_text)]
    reason: String,
    /// From when: 2017-04-07T21:00Z, 072100ZAPR17 or +2h; now, if not given
    #[arg(long, value_name = "TIME")]
    effective: Option<When>,
    /// A kind of entry that no longer passes, such as message or notice; may be given several times; every kind of
    /// traffic, if not given
    #[arg(long, value_name = "KIND")]
    scope: Vec<String>,
    #[command(flatten)]
    writing: Writing,
}

/// What `resume` takes.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// From when: 2017-04-21T12:00Z, 211200ZAPR17 or +2h; now, if not given
    #[arg(long, value_name = "TIME")]
    effective: Option<When>,
    #[command(flatten)]
    writing: Writing,
}

/// What `leave` takes.
#[derive(Debug, Args)]
pub(crate) struct Leave {
    /// Why
    #[arg(long, value_parser = held_text)]
    reason: Option<String>,
    /// The line's name, to say that it is meant: nobody can take it back
    #[arg(long, value_name = "LINE", required = true)]
    for_good: String,
    #[command(flatten)]
    writing: Writing,
}

/// What can be done about a reopening.
#[derive(Debug, Subcommand)]
pub(crate) enum Reopen {
    /// Move that the line be reopened
    Propose(Propose),
    /// Vote for a motion
    Agree(Vote),
    /// Vote against a motion
    Oppose(Vote),
    /// Vote neither for nor against a motion
    Abstain(Vote),
}

/// What `reopen propose` takes.
#[derive(Debug, Args)]
pub(crate) struct Propose {
    /// What is moved, with its conditions
    #[arg(long, value_parser = held_text)]
    text: Option<String>,
    /// Until when votes count; as long as the memorandum lets it, if not given
    #[arg(long, value_name = "TIME")]
    closes: Option<When>,
    /// The suspension that it is about; the one in force, if not given
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    about: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// What a vote takes.
#[derive(Debug, Args)]
pub(crate) struct Vote {
    /// The motion, such as usa/A/2; the only open one, if not given
    #[arg(value_parser = entry_name)]
    motion: Option<String>,
    /// A word with it
    #[arg(long, value_parser = held_text)]
    text: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// Suspends.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn suspend(asked: &Suspend, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk = asked.writing.open(home).await?;
    let draft = Draft::of("suspends")
        .with("reason", asked.reason.as_str())
        .with_any("effective_ms", desk.time(out, &out.t("label-effective"), asked.effective))
        .with_any("scope", (!asked.scope.is_empty()).then(|| asked.scope.clone()));
    desk.write(out, draft).await
}

/// Resumes.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn resume(asked: &Resume, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk = asked.writing.open(home).await?;
    let effective_ms = desk.time(out, &out.t("label-effective"), asked.effective);
    desk.write(out, Draft::of("resumes").with_any("effective_ms", effective_ms)).await
}

/// Leaves the line.
///
/// # Errors
/// As [`Writing::write`], and where another line is named than the one to leave.
pub(crate) async fn leave(asked: &Leave, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk = asked.writing.open(home).await?;
    let line = desk.on().name.as_str();
    if asked.for_good != line {
        let hint =
            "nobody can take it back: whoever has left is admitted only as another party, by those who stay";
        return Err(Failure::misuse(
            "--for-good",
            format!("{line}, the line that is left"),
            &asked.for_good,
            hint,
        ));
    }
    desk.write(out, Draft::of("leaves").with_any("reason", asked.reason.as_deref())).await
}

/// Moves a reopening, or votes on one.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn reopen(asked: &Reopen, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Reopen::Propose(asked) => {
            let desk = asked.writing.open(home).await?;
            let draft = Draft::of("motion")
                .with_any("text", asked.text.as_deref())
                .with_any("closes_ms", desk.time(out, &out.t("label-closes"), asked.closes))
                .regarding(asked.about.as_slice());
            desk.write(out, draft).await
        }
        Reopen::Agree(asked) => vote("for", asked, home, out).await,
        Reopen::Oppose(asked) => vote("against", asked, home, out).await,
        Reopen::Abstain(asked) => vote("abstain", asked, home, out).await,
    }
}

/// Votes on a motion.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn vote(choice: &str, asked: &Vote, home: &Home, out: &Output) -> Result<(), Failure> {
    let draft = Draft::of("vote")
        .with("choice", choice)
        .with_any("text", asked.text.as_deref())
        .regarding(asked.motion.as_slice());
    asked.writing.write(home, out, draft).await
}
