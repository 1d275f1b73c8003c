//! What is said about an entry that is there: `ack`, `reply`, `amend`, `withdraw`, `read-back`, `passed-on`.
//!
//! All of them go in the class of the entry that they regard, which the station sees to.

use clap::Args;
use detente_station::Home;

use crate::draft::{Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::precedence::Precedence;
use crate::time::When;
use crate::words::told_back;

/// What `ack` takes.
#[derive(Debug, Args)]
pub(crate) struct Ack {
    /// The other party's entry, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// A word with it
    #[arg(value_parser = held_text)]
    text: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// What `reply` takes.
#[derive(Debug, Args)]
pub(crate) struct Reply {
    /// The entry that is answered, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// The answer
    #[arg(value_parser = held_text)]
    text: String,
    /// How soon it is to be handled; that of the entry answered, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    /// Lives depend on it: FLASH only, and it passes while the line is suspended
    #[arg(long)]
    safety_of_life: bool,
    /// When an answer is needed by: 2017-04-06T22:40Z, 062240ZAPR17 or +2h
    #[arg(long, value_name = "TIME")]
    reply_by: Option<When>,
    #[command(flatten)]
    writing: Writing,
}

/// What `amend` takes.
#[derive(Debug, Args)]
pub(crate) struct Amend {
    /// The own message to amend, such as usa/R/5; a notice is amended by `detente notice send --amends`
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// The new text, complete
    #[arg(value_parser = held_text)]
    text: String,
    #[command(flatten)]
    writing: Writing,
}

/// What `withdraw` takes.
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// The own entry to withdraw, such as usa/R/5
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// Why
    #[arg(long, value_parser = held_text)]
    reason: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

/// What `read-back` takes.
#[derive(Debug, Args)]
pub(crate) struct ReadBack {
    /// The other party's entry, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// What was understood
    #[arg(value_parser = held_text)]
    text: String,
    /// The position that was understood: 35.1234,40.5678 or "35°20'10\"N 040°05'00\"E"
    #[arg(long, value_name = "POSITION", allow_hyphen_values = true)]
    position: Option<Place>,
    #[command(flatten)]
    writing: Writing,
}

/// What `passed-on` takes.
#[derive(Debug, Args)]
pub(crate) struct PassedOn {
    /// The other party's entry, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// Those who act on it and now have it
    #[arg(long, value_name = "WHOM", value_parser = held_text)]
    to: String,
    #[command(flatten)]
    writing: Writing,
}

fn about(kind: &str, entry: &String) -> Draft {
    Draft::of(kind).regarding(std::slice::from_ref(entry))
}

/// Acknowledges.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn ack(asked: &Ack, home: &Home, out: &Output) -> Result<(), Failure> {
    let draft = about("acknowledgement", &asked.entry).with_any("text", asked.text.as_deref());
    asked.writing.write(home, out, draft).await
}

/// Answers.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn reply(asked: &Reply, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk = asked.writing.open(home).await?;
    let draft = about("message", &asked.entry)
        .with("text", asked.text.as_str())
        .with("answers", true)
        .with_any("precedence", asked.precedence.map(Precedence::prosign))
        .with_flag("safety_of_life", asked.safety_of_life)
        .with_any("reply_by_ms", desk.time(out, &out.t("label-reply-by"), asked.reply_by));
    desk.write(out, draft).await
}

/// Amends an own message.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn amend(asked: &Amend, home: &Home, out: &Output) -> Result<(), Failure> {
    let draft = about("amendment", &asked.entry).with("text", asked.text.as_str());
    asked.writing.write(home, out, draft).await
}

/// Withdraws an own entry.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn withdraw(asked: &Withdraw, home: &Home, out: &Output) -> Result<(), Failure> {
    let draft = about("withdrawal", &asked.entry).with_any("reason", asked.reason.as_deref());
    asked.writing.write(home, out, draft).await
}

/// Reads back what was understood.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn read_back(asked: &ReadBack, home: &Home, out: &Output) -> Result<(), Failure> {
    if let Some(position) = asked.position {
        told_back(out, position);
    }
    let draft = about("read-back", &asked.entry)
        .with("text", asked.text.as_str())
        .with_any("position", asked.position.map(Place::json));
    asked.writing.write(home, out, draft).await
}

/// Attests that it was passed on to those who act on it.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn passed_on(asked: &PassedOn, home: &Home, out: &Output) -> Result<(), Failure> {
    asked.writing.write(home, out, about("passed-on", &asked.entry).with("to", asked.to.as_str())).await
}
