//! `keys`: a party's recovery key, new keys under it, and those of others that are brought by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand, ValueEnum};
use detente_line::Memorandum;
use detente_record::renewal::{Occasion, Why};
use detente_record::{Class, Fault, ParsedRef, Ranks, fingerprint};
use detente_station::keys::Keys;
use detente_station::keyset::{KeySet, RecoveryKey};
use detente_station::paper::{Card, Paper};
use detente_station::renewals::Renewals;
use detente_station::{Home, SetupError, home};
use serde_json::json;

use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::Output;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Make the key that renews a party's keys, to be kept away from the station
    #[command(subcommand)]
    Recovery(Recovery),
    /// Give this party new keys, because it is time or because somebody else may have the old ones
    Renew(Renew),
    /// Take another party's new keys from a file
    Take(Take),
    /// Show whose keys are in use, and what brought them
    Show(Show),
}

/// What can be done with a recovery key.
#[derive(Debug, Subcommand)]
pub(crate) enum Recovery {
    /// Write a new recovery key to a file, and its public half into this party's card
    Init(RecoveryInit),
}

/// What `recovery init` takes.
#[derive(Debug, Args)]
pub(crate) struct RecoveryInit {
    /// Name of the line
    #[arg(long)]
    line: String,
    /// Where the key is written: a medium that is kept away from the station
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Why keys are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reason {
    /// It is time
    Rotation,
    /// The old keys are, or may be, in other hands, or lost
    Compromise,
}

/// What `renew` takes.
#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// The file of the recovery key
    #[arg(long, value_name = "FILE")]
    recovery: PathBuf,
    /// Why
    #[arg(long, value_enum, default_value_t = Reason::Rotation)]
    reason: Reason,
    /// The last entry of a book that is this party's own, such as usa/Z/3; what the old key wrote beyond is disowned. A book that
    /// is not named reaches to all that is held here; after a compromise, to all of that which another party has receipted
    #[arg(long, value_name = "ENTRY")]
    reach: Vec<String>,
    /// On a machine where everything of the line is lost: the memorandum that founded it, as the other parties have it
    #[arg(long, value_name = "FILE")]
    memorandum: Option<PathBuf>,
    /// The renewals so far, where they are not here: the file that the other parties have
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    #[command(flatten)]
    line: LineArgs,
}

/// What `take` takes.
#[derive(Debug, Args)]
pub(crate) struct Take {
    /// The file of renewals
    file: PathBuf,
    #[command(flatten)]
    line: LineArgs,
}

/// What `show` takes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    line: LineArgs,
}

/// Carries out a command on keys.
///
/// # Errors
/// For anything in the way.
pub(crate) async fn keys(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Asked::Recovery(Recovery::Init(asked)) => init(asked, home, out),
        Asked::Renew(asked) => renew(asked, home, out).await,
        Asked::Take(asked) => take(asked, home, out).await,
        Asked::Show(asked) => show(asked, home, out).await,
    }
}

fn say(out: &Output, text: &str, json: &serde_json::Value, next: &str) -> Result<(), Failure> {
    out.data(&if out.is_json() { json.to_string() } else { text.to_owned() })?;
    out.remark(&format!("next: {next}"));
    Ok(())
}

fn init(asked: &RecoveryInit, home: &Home, out: &Output) -> Result<(), Failure> {
    let keys = KeySet::read(home, &asked.line)?;
    let party = keys.last.party().to_owned();
    let card = home.line(&asked.line).join(format!("{party}.party.toml"));
    let paper = Card::read(&card)?;
    if paper.recovery_key.is_some() {
        let found = "one that has one";
        return Err(SetupError::from(Fault::misuse("card", "one without a recovery key", found)).into());
    }
    let recovery = RecoveryKey::generate(&party)?;
    let paper = with_recovery(&card, &paper, &recovery)?;
    recovery.write(&asked.out)?;
    let text = toml::to_string_pretty(&paper).unwrap_or_default();
    let in_force = home.memorandum(&asked.line).exists();
    home::write(
        &card,
        &format!("# The card of {party}: give it to the other parties. It holds no secret.\n{text}"),
        0o644,
        true,
    )?;
    let next = match in_force {
        false => {
            "give the card to the other parties, and read them its fingerprint; keep the recovery key away from here"
        }
        true => {
            "the line has a memorandum: put recovery-key and possession of the card into this party's part of `detente memorandum \
             in-force`, and move that with `detente motion amend`; keep the recovery key away from here"
        }
    };
    let shown = format!("recovery key {}\ncard         {}\n", asked.out.display(), card.display());
    say(out, &shown, &json!({"recovery": asked.out, "card": card, "party": party}), next)
}

/// A card with the public half of a recovery key.
fn with_recovery(path: &Path, card: &Card, recovery: &RecoveryKey) -> Result<Card, SetupError> {
    let mut member = card.to_member(path)?;
    recovery.sign_card(&mut member);
    member.check()?;
    Ok(Card { number: card.number, ..Card::of(&member) })
}

/// The name of the line that keys are renewed for: the one named, or the only one here.
fn line_name(asked: &LineArgs, home: &Home) -> Result<String, Failure> {
    if let Some(name) = asked.named() {
        return Ok(name.to_owned());
    }
    let names = home.lines()?;
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::misuse("line", "the name of a line", "none here", "name it with --line")),
        _ => Err(Failure::misuse(
            "line",
            format!("one of {}", names.join(", ")),
            "none named",
            "name it with --line",
        )),
    }
}

/// Puts the founding memorandum of a line in force on a machine that has nothing of it; gives the line's name.
fn found_again(file: &Path, home: &Home) -> Result<String, Failure> {
    let paper = Paper::read(file)?;
    let memorandum = paper.memorandum(file)?;
    let missing = paper.missing(file)?;
    if !missing.is_empty() {
        return Err(SetupError::Unsigned { path: file.to_owned(), missing: missing.join(", ") }.into());
    }
    let name = memorandum.terms().name.clone();
    home.make(&home.line(&name))?;
    home::write(&home.memorandum(&name), &paper.text(), 0o600, false)?;
    Ok(name)
}

/// The memorandum that names this party's recovery key: the one here, or else the one in force as the station has it.
async fn naming(asked: &LineArgs, home: &Home, name: &str, party: &str) -> Result<Memorandum, Failure> {
    let path = home.enrolling(name);
    let here = Paper::read(&path)?.memorandum(&path)?;
    let has = |memorandum: &Memorandum| {
        memorandum.terms().parties.iter().any(|member| member.name == party && member.recovery_key.is_some())
    };
    if has(&here) {
        return Ok(here);
    }
    let on = asked.open(home).await?;
    let answer = on.get("/memorandum").await?;
    let file = answer.at("file").block().unwrap_or_default().join("\n");
    let place = Path::new("the memorandum in force");
    let in_force = Paper::parse(place, &file)?.memorandum(place)?;
    match has(&in_force) {
        true => Ok(in_force),
        false => Err(Failure::misuse(
            "recovery key",
            format!("one of {party} in the memorandum"),
            "none",
            "`detente keys recovery init` makes one, and an amendment gives it; until then keys cannot be renewed",
        )),
    }
}

/// Where the reach of the old keys ends, as it was asked for.
fn reaches(asked: &Renew, party: &str) -> Result<BTreeMap<Class, (u16, u64)>, Failure> {
    let mut reach = BTreeMap::new();
    for text in &asked.reach {
        let parsed = ParsedRef::parse(text).map_err(SetupError::from)?;
        if parsed.party != party || reach.insert(parsed.class, (parsed.generation, parsed.number)).is_some() {
            let expected = format!("entries of {party}, one of a book at most");
            return Err(Failure::misuse("--reach", expected, text.clone(), "name them as usa/Z/3"));
        }
    }
    Ok(reach)
}

async fn renew(asked: &Renew, home: &Home, out: &Output) -> Result<(), Failure> {
    let recovery = RecoveryKey::read(&asked.recovery)?;
    let name = match &asked.memorandum {
        Some(file) => found_again(file, home)?,
        None => line_name(&asked.line, home)?,
    };
    let party_name = recovery.party().to_owned();
    if let Ok(own) = KeySet::read(home, &name)
        && own.last.party() != party_name
    {
        let expected = format!("the recovery key of {}", own.last.party());
        return Err(Failure::misuse(
            "--recovery",
            expected,
            format!("that of {party_name}"),
            "name the file of this party's",
        ));
    }
    let memorandum = naming(&asked.line, home, &name, &party_name).await?;
    let founding_path = home.memorandum(&name);
    let founding = Paper::read(&founding_path)?.memorandum(&founding_path)?;
    let line = founding.line();
    let party = memorandum.party_named(&party_name);
    let Some(mut root) = party.and_then(|party| memorandum.root(party)) else {
        return Err(SetupError::from(Fault::misuse("party", "one of the memorandum", party_name)).into());
    };
    root.line = line;
    let path = home.renewals(&name);
    let before = match (&asked.after, path.exists()) {
        (Some(file), _) => Renewals::read(file)?.all,
        (None, true) => Renewals::read(&path)?.all,
        (None, false) => Vec::new(),
    };
    let mut ranks = Ranks::default();
    for renewal in before {
        ranks.take(&root, renewal).map_err(SetupError::from)?;
    }
    let (rank, follows) = ranks.next(&root).map_err(SetupError::from)?;
    let reach = reaches(asked, &party_name)?;
    let lost = !home.store(&name).exists();
    let why = if asked.reason == Reason::Rotation && !lost { Why::Rotation } else { Why::Compromise };
    let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let occasion = Occasion { line, party: root.party, rank, follows, why, time_ms };
    let before = KeySet::read(home, &name).ok().map(|keys| keys.last);
    let keys = Keys::generate(&party_name)?.after(before.as_ref(), reach, lost);
    let renewal = keys.renewal(occasion, &recovery.key());
    ranks.take(&root, renewal.clone()).map_err(SetupError::from)?;
    home.make(&home.line(&name))?;
    // First the keys: renewals say which there must be.
    keys.write(&home.keys_of(&name, rank))?;
    let file = Renewals { line, party: party_name.clone(), all: ranks.renewals().to_vec() };
    home::write(&path, &file.text(), 0o644, true)?;
    let print = fingerprint(&renewal.hash());
    let told = tell(&asked.line, home, &file).await;
    let next = match told {
        true => {
            "the station goes on with the new keys, and tells whoever it reaches; give the file to those whom it does not, who `detente keys take` it"
        }
        false => {
            "start the station, and give the file to the other parties, who `detente keys take` it; read them the fingerprint over a telephone"
        }
    };
    let text = format!("renewals     {}\nrank         {rank}\nfingerprint  {print}\n", path.display());
    let json =
        json!({"renewals": path, "rank": rank, "fingerprint": print, "party": party_name, "told": told});
    say(out, &text, &json, next)
}

/// Tells the station of this folder, if one runs.
async fn tell(asked: &LineArgs, home: &Home, file: &Renewals) -> bool {
    match asked.open(home).await {
        Ok(on) => on.post("/keys", &body(file), Duration::ZERO).await.is_ok(),
        Err(_) => false,
    }
}

fn body(file: &Renewals) -> serde_json::Value {
    json!({"renewal": file.base64()})
}

async fn take(asked: &Take, home: &Home, out: &Output) -> Result<(), Failure> {
    let file = Renewals::read(&asked.file)?;
    let on = asked.line.open(home).await?;
    let answer = on.post("/keys", &body(&file), Duration::ZERO).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let text = |field: &str| answer.at(field).text().unwrap_or_default().to_owned();
    let rank = answer.at("rank").number().unwrap_or(0);
    if let Some(from) = answer.at("contradicted_from").number() {
        out.data(&format!(
            "{}: two renewals of rank {from} contradict each other, so that none counts. Its recovery key is in two hands.\n",
            text("party")
        ))?;
        out.remark(
            "next: the evidence is kept and told to everybody; expel the party and admit it as another",
        );
        return Ok(());
    }
    let print = file.all.last().map(|renewal| fingerprint(&renewal.hash())).unwrap_or_default();
    out.data(&format!("{} has keys of rank {rank}\nfingerprint  {print}\n", text("party")))?;
    out.remark("next: compare the fingerprint with that party over a telephone, if you have not");
    Ok(())
}

async fn show(asked: &Show, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let keys = on.get("/keys").await?;
    if out.is_json() {
        return out.data(keys.raw());
    }
    let mut text = String::new();
    for party in keys.value().get("parties").and_then(serde_json::Value::as_array).into_iter().flatten() {
        let field = |name: &str| party.get(name);
        let word =
            |name: &str| field(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let rank = field("rank").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let recovery = field("recovery").and_then(serde_json::Value::as_bool).unwrap_or(false);
        let how = match (rank, recovery) {
            (0, true) => "as in the memorandum; can be renewed".to_owned(),
            (0, false) => "as in the memorandum; cannot be renewed: no recovery key".to_owned(),
            (rank, _) => format!("renewed, rank {rank}"),
        };
        text += &format!("{:<16} {how}\n{:<16} fingerprint {}\n", word("party"), "", word("fingerprint"));
        if let Some(from) = field("contradicted_from").and_then(serde_json::Value::as_u64) {
            text += &format!("{:<16} renewals of rank {from} contradict each other: none counts\n", "");
        }
    }
    out.data(&text)
}
