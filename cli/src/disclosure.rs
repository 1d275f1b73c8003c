//! `disclose`, `disclosures`: what a party shows to an observer, said on the line before it is handed over
//! (spec/observers.md §2).

use std::path::PathBuf;

use clap::Args;
use detente_dossier::Memoranda;
use detente_line::Content;
use detente_record::EntryRef;
use detente_station::Home;
use serde_json::{Map, Value, json};

use crate::answer::Field;
use crate::dossier::{is_new, made, write};
use crate::draft::{Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::line::{LineArgs, OnLine};
use crate::moment::{self, Moment, party_name};
use crate::output::Output;
use crate::page::Page;
use crate::time::{self, When};

/// What `disclose` takes.
#[derive(Debug, Args)]
pub(crate) struct Disclose {
    /// These entries, such as usa/Z/3
    #[arg(value_name = "REF", value_parser = entry_name, required_unless_present_any = ["thread", "notice", "since", "until", "again"])]
    entries: Vec<String>,
    /// The observer, by the name that the memorandum has for it
    #[arg(long, value_name = "OBSERVER", value_parser = party_name, required_unless_present = "again")]
    to: Option<String>,
    /// This entry, what it regards and what regards it, and so on both ways
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    thread: Vec<String>,
    /// This notice, its amendments and withdrawal, and all that was said of it
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    notice: Vec<String>,
    /// Everything from this time on, by its authors' clocks
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Everything up to this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// What it is for, said on the line
    #[arg(long, value_parser = held_text)]
    text: Option<String>,
    /// Write the dossier of a disclosure that was said already once more
    #[arg(long, value_name = "REF", value_parser = entry_name, conflicts_with_all = ["entries", "to", "thread", "notice", "since", "until", "text"])]
    again: Option<String>,
    /// Where to write the dossier for the observer
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    writing: Writing,
}

/// What `disclosures` takes.
#[derive(Debug, Args)]
pub(crate) struct Disclosures {
    /// Only those to this observer
    #[arg(long, value_name = "OBSERVER", value_parser = party_name)]
    to: Option<String>,
    #[command(flatten)]
    moment: Moment,
    #[command(flatten)]
    line: LineArgs,
}

/// Says on the line what is disclosed to whom, then writes the dossier for the observer.
///
/// # Errors
/// As [`Writing::write`]; when the dossier cannot be made or written, which is then named with how to get it again.
pub(crate) async fn disclose(asked: &Disclose, home: &Home, out: &Output) -> Result<(), Failure> {
    is_new(&asked.out)?;
    let desk = asked.writing.open(home).await?;
    let name = match &asked.again {
        Some(name) => name.clone(),
        None => {
            let time = |when: Option<When>| when.map(|when| when.ms(desk.on().now_ms));
            let disclosed = json!({
                "entries": asked.entries, "threads": asked.thread, "notices": asked.notice,
                "since_ms": time(asked.since), "until_ms": time(asked.until),
            });
            let draft = Draft::of("discloses")
                .with("observer", asked.to.as_deref().unwrap_or_default())
                .with("disclosed", disclosed)
                .with_any("text", asked.text.as_deref());
            desk.written(draft).await?.0
        }
    };
    let written = dossier(asked, desk.on(), &name).await.map_err(|failure| {
        let again = format!(
            "{name} says what is disclosed: `detente disclose --again {name} --out FILE` writes its dossier"
        );
        let hint = format!("{}; {again}", failure.hint());
        failure.with_hint(hint)
    })?;
    if out.is_json() {
        return out.data(&Value::Object(written).to_string());
    }
    let text = |at: &str| written.get(at).map(ToString::to_string).unwrap_or_default();
    out.data(&name)?;
    out.remark(&format!(
        "{} shows {} and {} entries that it names",
        asked.out.display(),
        name,
        text("disclosed")
    ));
    out.remark("next: give the file to the observer, who runs `detente observer take FILE`");
    Ok(())
}

/// The dossier of a disclosure, held to what the disclosure says and written.
async fn dossier(asked: &Disclose, on: &OnLine, name: &str) -> Result<Map<String, Value>, Failure> {
    let (bytes, report) = made(on, &json!({"disclosures": [name]})).await?;
    let says = report.entries.iter().find_map(|entry| match &entry.content {
        Ok(Content::Discloses(disclosure)) if entry_text(&report.memoranda, entry.name) == name => {
            Some(disclosure)
        }
        _ => None,
    });
    let expected = "the disclosure and every entry that it names";
    let hint = "stop the station, keep a copy of lines/, and run `detente record verify`";
    let wrong = |found: &str| Failure::failed("Dossier", "what the station made", expected, found, hint);
    let says = says.ok_or_else(|| wrong("none of that name"))?;
    let shown: Vec<EntryRef> = report.entries.iter().map(|entry| entry.name).collect();
    if says.entries().any(|entry| shown.binary_search(&entry).is_err()) {
        return Err(wrong("less"));
    }
    write(&asked.out, &bytes)?;
    let fields = json!({
        "entry": name, "observer": says.to(), "disclosed": says.entries().count(),
        "file": asked.out.display().to_string(), "bytes": bytes.len(),
        "sha256": detente_record::hex(&detente_record::sha256(&bytes)),
    });
    Ok(fields.as_object().cloned().unwrap_or_default())
}

fn entry_text(memoranda: &Memoranda, entry: EntryRef) -> String {
    entry.text(&memoranda.name_of(entry.book.party))
}

/// Shows what observers were shown.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn disclosures(asked: &Disclosures, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let to = asked.to.as_ref().map(|to| format!("&to={to}")).unwrap_or_default();
    let query = format!("{to}{}", asked.moment.query(on.now_ms));
    let answer = on.get(&format!("/disclosures?{}", query.trim_start_matches('&'))).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    moment::rows(&mut page, out, answer.whole());
    let mut observers = answer.at("observers").pairs().peekable();
    if observers.peek().is_none() {
        page.line("nothing was disclosed");
    }
    for (name, of) in observers {
        page.heading(&format!("to {name}"));
        for disclosed in of.list() {
            let when = disclosed.at("time_ms").number();
            let when = when.map(|ms| time::stamp_from_now(ms, on.now_ms)).unwrap_or_default();
            let count = disclosed.at("count").or_unknown();
            let by = disclosed.at("by").or_unknown();
            page.row(
                &format!("  {}", disclosed.at("entry").or_unknown()),
                &format!("{by} showed {count} entries  {when}"),
            );
            page.row("", &disclosed.at("shown").list().map(span).collect::<Vec<_>>().join(", "));
            page.quote("", &disclosed.at("text").block().unwrap_or_default());
        }
    }
    if answer.at("more").holds() {
        page.heading("There are more than 1,000: the first of them are shown");
    }
    out.data(page.text())
}

/// Entries that follow each other, in words.
pub(crate) fn span(span: Field<'_>) -> String {
    let (book, first, last) =
        (span.at("book").or_unknown(), span.at("first").or_unknown(), span.at("last").or_unknown());
    if first == last { format!("{book}/{first}") } else { format!("{book}/{first} to {last}") }
}
