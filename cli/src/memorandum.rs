//! `memorandum`: the line's rules on paper, before it is founded (`setup`), and those in force on it.

use clap::Subcommand;
use detente_station::Home;

use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::Output;
use crate::setup::Paperwork;

/// What can be done with a memorandum.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    #[command(flatten)]
    Paper(Paperwork),
    /// Write the memorandum in force as an amendment of itself, to be changed and moved with `motion amend`
    InForce(LineArgs),
}

/// Writes the memorandum in force as a file that amends it and changes nothing yet.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn in_force(line: &LineArgs, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = line.open(home).await?;
    let memorandum = on.get("/memorandum").await?;
    if out.is_json() {
        return out.data(memorandum.raw());
    }
    out.data(&memorandum.at("file").block().unwrap_or_default().join("\n"))?;
    out.remark("next: save this as a file, change it, then `detente motion amend FILE`");
    Ok(())
}
