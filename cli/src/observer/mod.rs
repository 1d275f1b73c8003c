//! `observer`: what an investigator does, who is no party, has no station, and knows of a line what parties disclose to it
//! (spec/observers.md).

mod finding;
mod folder;
mod showing;
mod taking;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use detente_line::is_language;
use detente_record::{Fault, fingerprint};
use detente_station::paper::ObserverCard;
use detente_station::{Home, SetupError, home, observer_keys::ObserverKeys};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;

pub(crate) use folder::Folder;

/// What can be done as an observer.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Make an observer's key, and its card for the parties
    Init(Init),
    /// Take dossiers that parties disclosed: each is verified, and held to all others
    Take(taking::Take),
    /// List the lines that something is known of
    List,
    /// Show what was disclosed of a line, by whom, who is bound by what, and what one disclosed and another did not
    Show(showing::Show),
    /// Sign a finding on entries that were disclosed
    Find(finding::Find),
}

/// What `observer init` takes.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Short name, such as un-board; no party's
    name: String,
    /// Full name
    #[arg(long)]
    full_name: Option<String>,
    /// Languages that findings are in, the usual one first (BCP 47)
    #[arg(long = "language", default_value = "en")]
    languages: Vec<String>,
}

/// Does what an observer asks for.
///
/// # Errors
/// For anything in the way.
pub(crate) fn observer(asked: Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    let folder = Folder::of(home);
    match asked {
        Asked::Init(asked) => init(&asked, &folder, out),
        Asked::Take(asked) => taking::take(&asked, &folder, out),
        Asked::List => showing::list(&folder, out),
        Asked::Show(asked) => showing::show(&asked, &folder, out),
        Asked::Find(asked) => finding::find(&asked, &folder, out),
    }
}

/// Makes the key and the card; nothing is overwritten.
fn init(asked: &Init, folder: &Folder, out: &Output) -> Result<(), Failure> {
    if let Some(tag) = asked.languages.iter().find(|tag| !is_language(tag)) {
        let fault = Fault::misuse("language", "a BCP 47 tag such as en or ar-SY", tag.clone());
        return Err(SetupError::from(fault).into());
    }
    let keys = ObserverKeys::generate(&asked.name)?;
    let full_name = asked.full_name.as_deref().unwrap_or(&asked.name);
    let observer = keys.card(full_name, asked.languages.clone());
    observer.check().map_err(SetupError::from)?;
    folder.make()?;
    keys.write(&folder.keys())?;
    let card: PathBuf = folder.path().join(format!("{}.observer.toml", asked.name));
    home::write(&card, &ObserverCard::of(&observer).text(), 0o644, false)?;
    let print = fingerprint(&observer.key);
    if out.is_json() {
        let said = json!({"card": card, "fingerprint": print, "observer": asked.name});
        return out.data(&said.to_string());
    }
    out.data(&format!("card         {}\nfingerprint  {print}\n", card.display()))?;
    out.remark(
        "next: give the card to the parties, and read them its fingerprint over a telephone; one of them runs `detente \
         memorandum in-force --observe CARD`",
    );
    Ok(())
}
