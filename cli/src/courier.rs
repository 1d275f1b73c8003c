//! `courier`: books by hand, in sealed files on a stick or in an e-mail (spec/courier.md).

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use detente_station::Home;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::answer::{Answer, Field};
use crate::attachment::{Reading, Taking, length};
use crate::failure::Failure;
use crate::harmless;
use crate::line::{LineArgs, OnLine};
use crate::output::Output;
use crate::page::Page;
use crate::progress::Progress;
use crate::time;

/// The header that says what a file holds.
const HEADER: &str = "detente-courier";
/// How often files are tried again, where some of them could only be taken after others.
const MAX_ROUNDS: usize = 16;
/// A file that is longer takes long enough for that to be said, bytes.
const SAID_BYTES: u64 = 8 << 20;

/// What can be done by courier.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Write everything that a party has not receipted into a file that only its station can open
    Export(Export),
    /// Take files that have come, in whatever order, or a party's courier key
    Import(Import),
    /// Write down the key that files for this station are sealed to, for a party that has no circuit to it
    Key(Key),
    /// Show for whom files can be made, and how much they would bring
    Show(Show),
}

/// What `export` takes.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Short name of the party that it is for
    party: String,
    /// Where to; named after the line, the parties and the time, if not given. Further files get .2, .3 and so on behind it
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// About how long a file may become, in bytes; what is more goes into further files
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(65_536..=4_294_967_296))]
    max_bytes: Option<u64>,
    /// Bring attachments too that the party has not said it holds, of so many bytes at most
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    attachments: u64,
    /// Everything that is held, for a party that has lost its record
    #[arg(long)]
    all: bool,
    /// Write over what is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// What `import` takes.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files that have come
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    line: LineArgs,
}

/// What `key` takes.
#[derive(Debug, Args)]
pub(crate) struct Key {
    /// Where to; to standard output, if not given
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Make another key first; the station does so by itself every 30 days
    #[arg(long)]
    rotate: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// What `show` takes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    line: LineArgs,
}

/// Carries out a command by courier.
///
/// # Errors
/// For anything in the way.
pub(crate) async fn courier(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Asked::Export(asked) => export(asked, home, out).await,
        Asked::Import(asked) => import(asked, home, out).await,
        Asked::Key(asked) => key(asked, home, out).await,
        Asked::Show(asked) => show(asked, home, out).await,
    }
}

/// The path of one of the files made together.
fn path_of(first: &Path, part: u64) -> PathBuf {
    if part == 1 {
        return first.to_owned();
    }
    let mut path = first.to_owned().into_os_string();
    path.push(format!(".{part}"));
    PathBuf::from(path)
}

async fn export(asked: &Export, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let named = format!("{}-{}-to-{}-{}.courier", on.name, on.party, asked.party, on.now_ms / 1_000);
    let first = asked.out.clone().unwrap_or_else(|| PathBuf::from(named));
    let (mut files, mut beyond) = (Vec::new(), json!({}));
    loop {
        let part = files.len() as u64 + 1;
        let path = path_of(&first, part);
        let body = json!({"max_bytes": asked.max_bytes, "beyond": beyond, "all": asked.all, "part": part,
            "attachments": asked.attachments});
        // A record of many years is read at the speed of a slow disk.
        let more = Duration::from_secs(3_600);
        let (said, mut body) = on.draw(&format!("/courier/{}", asked.party), &body, HEADER, more).await?;
        let mut taking = Taking::begin(&path, asked.force)?;
        let mut progress = Progress::of(&harmless::line(&path.display().to_string()), None, out);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|cause| {
                let hint = "ask again; `detente doctor` looks whether the station is well";
                Failure::failed("Station", "the courier file", "all of it", cause.to_string(), hint)
            })?;
            if let Some(bytes) = frame.data_ref() {
                taking.write(bytes)?;
                progress.add(bytes.len());
            }
        }
        drop(progress);
        let bytes = taking.finish(None)?;
        let number = |field: &str| said.at(field).number().unwrap_or(0);
        let (entries, receipts) = (number("entries"), number("receipts"));
        out.remark(&format!("{}: {entries} entries, {receipts} receipts, {}", path.display(), length(bytes)));
        let (attachments, left_out) = (number("attachments"), number("left_out"));
        if attachments + left_out > 0 {
            out.remark(&format!("  {attachments} attachments; {left_out} more have no room in it"));
        }
        files.push(json!({
            "attachments": attachments, "left_out": left_out,"file": path.display().to_string(), "bytes": bytes, "entries": entries, "receipts": receipts}));
        beyond = said.value().get("reached").cloned().unwrap_or_default();
        if !said.at("more").holds() {
            break;
        }
    }
    let names: Vec<String> = files
        .iter()
        .filter_map(|file| file.get("file").and_then(Value::as_str))
        .map(harmless::line)
        .collect();
    match out.is_json() {
        true => out.data(&json!({"to": asked.party, "files": files}).to_string())?,
        false => out.data(&names.join("\n"))?,
    }
    out.remark(&format!(
        "next: bring it to {}, who runs `detente courier import`, and exports to {} the receipts of what came",
        asked.party, on.party
    ));
    Ok(())
}

async fn bring(on: &OnLine, path: &Path, out: &Output) -> Result<Answer, Failure> {
    let reading = Reading::of(path, out)?;
    let bytes = reading.left();
    if bytes > SAID_BYTES {
        out.remark(&format!("{}: {}, which takes a moment", path.display(), length(bytes)));
    }
    // What is verified and made durable on a slow disk takes longer than a file takes to be read.
    let more = Duration::from_secs(60 + (bytes >> 16));
    Ok(on.bring("/courier", reading, more).await?)
}

/// How much of what files bring could not be taken since something before it is missing.
fn lacks(answer: &Answer) -> bool {
    answer.at("beyond").number().is_some_and(|beyond| beyond > 0)
}

async fn import(asked: &Import, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let (mut waiting, mut all) = (asked.files.clone(), Vec::new());
    for _ in 0..MAX_ROUNDS {
        let (mut lacking, mut entries) = (Vec::new(), 0);
        for path in &waiting {
            let answer = bring(&on, path, out).await.inspect_err(|_| {
                if asked.files.len() > 1 {
                    out.remark(&format!("{}: not taken, nor what comes after it", path.display()));
                }
            })?;
            entries += answer.at("entries").number().unwrap_or(0);
            if lacks(&answer) {
                lacking.push(path.clone());
            }
            report(path, &answer, out, on.now_ms);
            all.push((path.clone(), answer));
        }
        // Whatever came may be what the others waited for.
        if lacking.is_empty() || entries == 0 || waiting.len() == 1 {
            break;
        }
        waiting = lacking;
    }
    let last = |path: &PathBuf| all.iter().rev().find(|(of, _)| of == path).map(|(_, answer)| answer);
    let answers: Vec<(&PathBuf, &Answer)> =
        asked.files.iter().filter_map(|path| Some((path, last(path)?))).collect();
    let entries: u64 = all.iter().filter_map(|(_, answer)| answer.at("entries").number()).sum();
    if out.is_json() {
        let files: Vec<Value> = answers
            .iter()
            .map(|(path, answer)| {
                let mut said = answer.value().clone();
                if let Some(fields) = said.as_object_mut() {
                    fields.insert("file".into(), json!(path.display().to_string()));
                }
                said
            })
            .collect();
        out.data(&json!({"entries": entries, "files": files}).to_string())?;
    } else {
        out.data(&format!("{entries} entries came\n"))?;
    }
    if answers.iter().any(|(_, answer)| lacks(answer)) {
        out.remark("next: something before is missing: import the earlier file, then this one again");
    } else if let Some(from) = answers.iter().find_map(|(_, answer)| answer.at("from").text()) {
        out.remark(&format!(
            "next: `detente courier export {from}` makes the file that takes the receipts back"
        ));
    }
    Ok(())
}

fn report(path: &Path, answer: &Answer, out: &Output, now_ms: u64) {
    let shown = harmless::line(&path.display().to_string());
    if answer.at("kind").is("key") {
        let party = answer.at("party").or_unknown();
        return out
            .remark(&format!("{shown}: the courier key of {party}, kept; files for it can be made now"));
    }
    let made = answer.at("time_ms").number().map(|ms| time::from_now(ms, now_ms)).unwrap_or_default();
    out.remark(&format!("{shown}: from {}, made {made}", answer.at("from").or_unknown()));
    let change = |one: Field<'_>| {
        let number = |field: &str| one.at(field).number().unwrap_or(0);
        format!("{} {} to {}", one.at("book").or_unknown(), number("before"), number("after"))
    };
    for (label, field) in [("books", "books"), ("receipted by it", "receipted")] {
        let changes: Vec<String> = answer.at(field).list().map(change).collect();
        if !changes.is_empty() {
            out.remark(&format!("  {label}: {}", changes.join(", ")));
        }
    }
    if let Some(count) = answer.at("attachments").number().filter(|count| *count > 0) {
        out.remark(&format!("  attachments: {count}"));
    }
    let refused = answer.at("refused").number().unwrap_or(0);
    if refused > 0 {
        let fault = answer.at("fault");
        out.remark(&format!(
            "  {refused} frames not taken, the first: {}: expected {}, found {}",
            fault.at("error").or_unknown(),
            fault.at("expected").or_unknown(),
            fault.at("found").or_unknown()
        ));
    }
}

async fn key(asked: &Key, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = match asked.rotate {
        true => on.post("/courier", &json!({}), Duration::ZERO).await?,
        false => on.get("/courier").await?,
    };
    let file = answer.value().pointer("/own/file").and_then(Value::as_str).unwrap_or_default().to_owned();
    let next =
        "next: give it to the other party, who runs `detente courier import` with it; it holds no secret";
    let Some(path) = &asked.out else {
        match out.is_json() {
            true => out.data(&answer.value().get("own").cloned().unwrap_or_default().to_string())?,
            false => out.data(&file)?,
        }
        out.remark(next);
        return Ok(());
    };
    let mut taking = Taking::begin(path, false)?;
    taking.write(file.as_bytes())?;
    taking.finish(None)?;
    let shown = path.display().to_string();
    out.data(&if out.is_json() { json!({"file": shown}).to_string() } else { harmless::line(&shown) })?;
    out.remark(next);
    Ok(())
}

async fn show(asked: &Show, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/courier").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    if let Some(ms) = answer.at("own").at("number").number() {
        page.row("own key", &format!("made {}", time::from_now(ms, on.now_ms)));
    }
    for one in answer.at("parties").list() {
        let key = match one.at("key_made_ms").number() {
            Some(ms) => format!("its key made {}", time::from_now(ms, on.now_ms)),
            None => "its courier key is not known yet: it runs `detente courier key`".into(),
        };
        let entries = one.at("unreceipted").number().unwrap_or(0);
        page.row(&one.at("party").or_unknown(), &format!("{entries} entries not receipted, {key}"));
    }
    out.data(page.text())
}
