//! `record` and `doctor`: what is held, whether it holds, and whether the station is well.

use std::time::Duration;

use clap::{Args, Subcommand};
use detente_record::ParsedRef;
use detente_station::Home;
use serde_json::json;

use crate::answer::Answer;
use crate::entry;
use crate::failure::Failure;
use crate::harmless;
use crate::line::{LineArgs, Patience};
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::socket::Trouble;
use crate::time;

/// How much longer than other answers the verification of a whole record may take.
const VERIFICATION: Duration = Duration::from_secs(3_600);

/// What can be asked of the record.
#[derive(Debug, Subcommand)]
pub(crate) enum Record {
    /// Compute every tree again, and check every checkpoint, receipt and seal
    Verify(Whole),
    /// List entries as they stand in the books
    Show(Show),
    /// List the books: sizes, roots, receipts
    Books(Whole),
    /// List what was found against anybody
    Evidence(Whole),
}

/// What a question about the whole record takes.
#[derive(Debug, Args)]
pub(crate) struct Whole {
    #[command(flatten)]
    line: LineArgs,
}

/// What `record show` takes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Only this book, such as usa/Z
    #[arg(long, value_name = "BOOK", value_parser = book_name)]
    book: Option<String>,
    /// Number of the first entry
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// Most entries
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
    #[command(flatten)]
    line: LineArgs,
}

/// What `doctor` takes.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    patience: Patience,
}

fn book_name(text: &str) -> Result<String, String> {
    let found = || format!("expected the name of a book such as usa/Z, found {}", harmless::line(text));
    ParsedRef::parse(&format!("{text}/1")).map(|_| text.to_owned()).map_err(|_| found())
}

/// Answers a question about the record.
///
/// # Errors
/// When the station gives no answer, and when the record does not hold.
pub(crate) async fn record(asked: &Record, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Record::Verify(asked) => verify(asked, home, out).await,
        Record::Show(asked) => show(asked, home, out).await,
        Record::Books(asked) => books(asked, home, out).await,
        Record::Evidence(asked) => evidence(asked, home, out).await,
    }
}

async fn verify(asked: &Whole, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.post("/verify", &json!({}), VERIFICATION).await?;
    let mut faults = 0;
    let mut page = Page::new(out);
    for book in answer.at("books").list() {
        let found: Vec<String> = book.at("faults").list().filter_map(|fault| fault.text()).collect();
        faults += found.len();
        let sign = if found.is_empty() {
            out.paint(Tone::Good, "● holds   ")
        } else {
            out.paint(Tone::Bad, "✗ does not")
        };
        let [entries, checkpoints, receipts] = ["entries_checked", "checkpoints_checked", "receipts_checked"]
            .map(|name| book.at(name).or_unknown());
        let cosignatures = book.at("cosignatures_checked").number().filter(|count| *count > 0);
        let cosignatures = cosignatures.map(|count| format!(" {count:>8} cosignatures")).unwrap_or_default();
        let name = book.at("book").or_unknown();
        page.line(&format!(
            "{sign}  {name:<12} {entries:>8} entries {checkpoints:>8} checkpoints {receipts:>8} receipts{cosignatures}"
        ));
        let sealed = book.at("sealed");
        if let Some(size) = sealed.at("size").number() {
            let when =
                sealed.at("seconds").number().map(|seconds| time::stamp(seconds.saturating_mul(1_000)));
            let (seals, when) = (book.at("seals_checked").or_unknown(), when.unwrap_or_default());
            let entry = sealed.at("entry").or_unknown();
            page.line(&format!(
                "              sealed up to {size} by {entry}, {when}: Ed25519 holds, ML-DSA-44 holds; {seals} seals"
            ));
        }
        for fault in found {
            page.line(&format!("              {fault}"));
        }
    }
    out.data(if out.is_json() { answer.raw() } else { page.text() })?;
    if answer.at("ok").holds() {
        out.remark("every tree, checkpoint, receipt and seal holds");
        return Ok(());
    }
    let hint = "stop the station, keep a copy of lines/, and tell the other parties: their mirrors hold the same books";
    Err(Failure::failed(
        "Record",
        "the record",
        "every checkpoint and receipt to hold",
        format!("{faults} faults"),
        hint,
    ))
}

async fn show(asked: &Show, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let book = asked.book.as_ref().map(|book| format!("book={book}&")).unwrap_or_default();
    let answer = on.get(&format!("/entries?{book}from={}&limit={}", asked.from, asked.limit)).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for entry in answer.at("entries").list() {
        page.line(&entry::row(out, entry));
    }
    out.data(page.text())?;
    match answer.at("entries").list().count() {
        0 => out.remark("no entries"),
        count if count as u64 >= asked.limit => out.remark("there may be more: --book, --from, --limit"),
        _ => {}
    }
    Ok(())
}

async fn books(asked: &Whole, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/books").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for book in answer.at("books").list() {
        let name = book.at("book").or_unknown();
        let ended =
            if book.at("ended").holds() { out.paint(Tone::Bad, "  ✗ ended") } else { String::new() };
        let size = book.at("size").or_unknown();
        page.line(&format!("{name:<12} {size:>8} entries  root {}{ended}", book.at("root").or_unknown()));
        for (party, receipt) in book.at("receipts").pairs() {
            let when =
                receipt.at("seconds").number().map(|seconds| time::stamp(seconds.saturating_mul(1_000)));
            let size = receipt.at("size").or_unknown();
            page.line(&format!("             {size:>8} receipted by {party}  {}", when.unwrap_or_default()));
        }
    }
    out.data(page.text())
}

/// Two checkpoints that cannot both be true, in a sentence.
fn two_histories(party: &str, book: &str, sizes: &[u64]) -> String {
    let count = |size: &u64| if *size == 1 { "1 entry".to_owned() } else { format!("{size} entries") };
    let sizes = match sizes {
        [one, other] if one == other => format!(", both of {}", count(one)),
        [one, other] => format!(", of {} and of {}", count(one), count(other)),
        _ => String::new(),
    };
    format!("{party} signed two histories of its book {book}{sizes}: they cannot both be true")
}

async fn evidence(asked: &Whole, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/evidence").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for found in answer.at("evidence").list() {
        let when = found.at("time_ms").number().map(time::stamp).unwrap_or_default();
        let party = found.at("party").or_unknown();
        let fork = found.at("fork");
        let Some(book) = fork.at("book").text() else {
            page.line(&format!("{when}  {party}: {}", found.at("what").or_unknown()));
            continue;
        };
        let sizes: Vec<u64> = fork.at("sizes").list().filter_map(|size| size.number()).collect();
        page.line(&format!("{when}  {}", out.paint(Tone::Bad, &two_histories(&party, &book, &sizes))));
        page.line(&format!(
            "             The proof is both checkpoints with their signatures: it convicts whoever holds {party}'s key, before \
             anybody. Nothing more of this book is taken. `detente dossier make` of any entry of {book} takes the proof along."
        ));
    }
    out.data(page.text())?;
    if page.text().is_empty() {
        out.remark("nothing was found against anybody");
    }
    Ok(())
}

/// Looks whether the station is well: asks it or, where it does not answer, looks at its folder.
///
/// # Errors
/// When something is not well.
pub(crate) async fn doctor(asked: &Doctor, home: &Home, out: &Output) -> Result<(), Failure> {
    let answer = match asked.patience.socket(home).get("/v1/doctor").await {
        Ok(answer) => answer,
        Err(Trouble::Answered(failure)) => return Err(failure),
        Err(Trouble::NoStation(failure) | Trouble::Lost(failure)) => without_station(home, &failure),
    };
    let mut page = Page::new(out);
    let mut bad = 0;
    for check in answer.at("checks").list() {
        let ok = check.at("ok").holds();
        let sign =
            if ok { out.paint(Tone::Good, "● well    ") } else { out.paint(Tone::Bad, "✗ not well") };
        page.line(&format!("{sign}  {}: {}", check.at("name").or_unknown(), check.at("found").or_unknown()));
        if !ok {
            bad += 1;
            page.line(&format!("            hint: {}", check.at("hint").or_unknown()));
        }
    }
    out.data(if out.is_json() { answer.raw() } else { page.text() })?;
    match bad {
        0 => Ok(()),
        bad => Err(Failure::failed(
            "Doctor",
            "the station",
            "every check to pass",
            format!("{bad} that did not"),
            "each has its hint above",
        )),
    }
}

/// What the folder shows of a station that does not answer, and that it does not.
fn without_station(home: &Home, failure: &Failure) -> Answer {
    let silent =
        json!({"name": "station", "ok": false, "found": failure.to_string(), "hint": failure.hint()});
    let looked = detente_station::doctor::look(home);
    let checks = std::iter::once(silent).chain(looked.into_iter().map(|check| json!(check)));
    Answer::of(json!({"checks": checks.collect::<Vec<_>>()}))
}
