//! `memorandum`: the line's rules on paper, before it is founded (`setup`), and those in force on it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use detente_station::Home;
use detente_station::paper::{Card, ObserverCard, Paper};

use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::Output;
use crate::setup::{self, Paperwork, Said};
use crate::working_group;

/// What can be done with a memorandum.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    #[command(flatten)]
    Paper(Paperwork),
    /// Write the memorandum in force as an amendment of itself, to be changed and moved with `motion amend`
    InForce(InForce),
}

/// What `in-force` takes.
#[derive(Debug, Args)]
pub(crate) struct InForce {
    /// The card of a party to admit; may be given several times
    #[arg(long, value_name = "CARD")]
    admit: Vec<PathBuf>,
    /// The short name of a party to leave out; may be given several times
    #[arg(long, value_name = "NAME")]
    expel: Vec<String>,
    /// The card of an observer to grant access to; may be given several times
    #[arg(long, value_name = "CARD")]
    observe: Vec<PathBuf>,
    /// The short name of an observer whose access is to end; may be given several times
    #[arg(long, value_name = "NAME")]
    dismiss: Vec<String>,
    #[command(flatten)]
    line: LineArgs,
}

/// Carries out what concerns a memorandum as a file; that of a working group is held to the decision that founded it, where
/// the parent line is on a station that runs here.
///
/// # Errors
/// For anything in the way, and for a founding decision that the parent's record does not bear out.
pub(crate) async fn paper(asked: &Paperwork, home: &Home, out: &Output) -> Result<Said, Failure> {
    match asked {
        Paperwork::Draft { line, cards, working_group_of: Some(parent), by: Some(decision) } => {
            let parent = working_group::parent(home, parent, decision).await?;
            if let Some(line) = line.as_ref().filter(|line| **line != parent.name) {
                let (expected, hint) = (parent.name, "leave it out: the decision names the line");
                return Err(Failure::misuse("--line", expected, line.as_str(), hint));
            }
            if cards.len() < 2 {
                return Err(parent.wants_cards());
            }
            let said = setup::paperwork(home, asked, Some(&parent))?;
            for other in parent.others(&Paper::parse(Path::new("the draft"), &said.text)?) {
                out.remark(&other);
            }
            Ok(said)
        }
        Paperwork::Draft { cards, .. } if cards.len() < 2 => {
            let hint = "`detente init` makes a party's card";
            Err(Failure::misuse("CARD", "the cards of two parties or more", cards.len().to_string(), hint))
        }
        Paperwork::Check { file } => {
            let held = working_group::hold(home, &working_group::memorandum_of(file)?).await?;
            let mut said = setup::paperwork(home, asked, None)?;
            if let (Some(says), Some(fields)) = (held.says(), said.json.as_object_mut()) {
                fields.insert("working_group".into(), held.json());
                said.text += &format!("decision     {says}\n");
            }
            Ok(said)
        }
        Paperwork::Adopt { file, .. } => {
            let held = working_group::hold(home, &working_group::memorandum_of(file)?).await?;
            let said = setup::paperwork(home, asked, None)?;
            working_group::remark(out, &held);
            Ok(said)
        }
        Paperwork::Draft { .. } | Paperwork::Show { .. } | Paperwork::Sign { .. } => {
            Ok(setup::paperwork(home, asked, None)?)
        }
    }
}

/// Writes the memorandum in force as a file that amends it, and changes nothing yet but the parties that were asked for.
///
/// # Errors
/// When the station gives no answer, for a card that does not hold, and for parties that there are not.
pub(crate) async fn in_force(asked: &InForce, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let memorandum = on.get("/memorandum").await?;
    if out.is_json() {
        return out.data(memorandum.raw());
    }
    let file = memorandum.at("file").block().unwrap_or_default().join("\n");
    out.data(&with_parties(&file, asked, memorandum.at("next_number").number().unwrap_or(0))?)?;
    out.remark("next: save this as a file, change it, then `detente motion amend FILE`");
    Ok(())
}

/// The file of an amendment with other parties; `next` is the first number that no party of the line ever had.
fn with_parties(file: &str, asked: &InForce, next: u64) -> Result<String, Failure> {
    let named = [&asked.admit, &asked.observe].iter().any(|cards| !cards.is_empty());
    if !named && asked.expel.is_empty() && asked.dismiss.is_empty() {
        return Ok(file.to_owned());
    }
    let mut paper = Paper::parse(Path::new("the memorandum in force"), file)?;
    for name in &asked.expel {
        if !paper.expel(name) {
            let names: Vec<&str> = paper.party.iter().map(|card| card.name.as_str()).collect();
            let hint = "`detente status` names the parties";
            return Err(Failure::misuse("--expel", format!("one of {}", names.join(", ")), name, hint));
        }
    }
    for name in &asked.dismiss {
        if !paper.dismiss(name) {
            let names: Vec<&str> = paper.observer.iter().map(|card| card.name.as_str()).collect();
            let expected =
                if names.is_empty() { "an observer".into() } else { format!("one of {}", names.join(", ")) };
            let hint = "`detente memorandum in-force` shows the observers";
            return Err(Failure::misuse("--dismiss", expected, name, hint));
        }
    }
    for path in &asked.observe {
        paper.observe(ObserverCard::read(path)?);
    }
    for (path, number) in asked.admit.iter().zip(next..) {
        let Some(number) = u8::try_from(number).ok().filter(|number| *number < u8::MAX) else {
            let hint = "numbers are never used again: found the line anew";
            return Err(Failure::misuse(
                "--admit",
                "a number below 255 that no party ever had",
                "none",
                hint,
            ));
        };
        paper.admit(Card::read(path)?, number);
    }
    Ok(paper.text())
}
