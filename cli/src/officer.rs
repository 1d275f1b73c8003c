//! `officer`: whether somebody is there.

use clap::{Args, Subcommand};
use detente_station::Home;

use crate::draft::{Draft, Writing};
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
        Officer::Handover(asked) => {
            let draft = Draft::of("duty").with("state", "handover").with("to", asked.to.as_str());
            (&asked.writing, draft)
        }
    };
    writing.write(home, out, draft).await
}
