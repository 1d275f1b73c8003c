//! `officer`: whether somebody is there, and who may sign in at the console.

use clap::{Args, Subcommand};
use detente_station::Home;

use crate::draft::{Draft, Writing};
use crate::enrolment;
use crate::failure::Failure;
use crate::output::Output;

/// What an officer can say about being there.
#[derive(Debug, Subcommand)]
pub(crate) enum Officer {
    /// An officer is present
    On(Writing),
    /// No officer is present
    Off(Writing),
    /// Another office takes over
    Handover(Handover),
    /// Admit an officer to the console: prints the one-time link with which they make their passkey
    Add(enrolment::Add),
    /// List who may sign in at the console
    List(enrolment::List),
    /// Print another one-time link for an officer
    Link(enrolment::Named),
    /// Dismiss an officer: sessions, links and passkeys end with it
    End(enrolment::Named),
    /// Show what officers did at the console, and programs with tokens
    Audit(enrolment::Audit),
}

/// What `officer handover` takes.
#[derive(Debug, Args)]
pub(crate) struct Handover {
    /// Office that takes over, by name or number
    #[arg(value_name = "OFFICE")]
    to: String,
    #[command(flatten)]
    writing: Writing,
}

/// Says whether an officer is present.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn officer(asked: &Officer, home: &Home, out: &Output) -> Result<(), Failure> {
    let (writing, draft) = match asked {
        Officer::On(writing) => (writing, Draft::of("duty").with("state", "on")),
        Officer::Off(writing) => (writing, Draft::of("duty").with("state", "off")),
        Officer::Add(asked) => return enrolment::add(asked, home, out).await,
        Officer::List(asked) => return enrolment::list(asked, home, out).await,
        Officer::Link(asked) => return enrolment::link(asked, home, out).await,
        Officer::End(asked) => return enrolment::end(asked, home, out).await,
        Officer::Audit(asked) => return enrolment::audit(asked, home, out).await,
        Officer::Handover(asked) => {
            let draft = Draft::of("duty").with("state", "handover").with("to", asked.to.as_str());
            (&asked.writing, draft)
        }
    };
    writing.write(home, out, draft).await
}
