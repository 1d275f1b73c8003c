//! `observer list`, `observer show`: what parties disclosed of a line, side by side (spec/observers.md §5).

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use detente_dossier::{Established, Fact, Memoranda, Report, paper, signers};
use detente_line::Disclosure;
use detente_record::{EntryRef, Party, hex};
use detente_station::observer_keys::ObserverKeys;
use serde_json::{Value, json};

use super::folder::{Folder, Held, OfLine};
use super::taking::{contradictions, disclosed_to, lodged};
use crate::dossier::page as dossier;
use crate::failure::Failure;
use crate::harmless;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::time;

/// What `observer show` takes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Name or fingerprint of the line, where there are several
    #[arg(value_name = "LINE")]
    line: Option<String>,
}

/// Lists the lines of which something is here.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn list(folder: &Folder, out: &Output) -> Result<(), Failure> {
    let (mut page, mut lines) = (Page::new(out), Vec::new());
    for line in folder.lines()? {
        let (held, findings) = (line.dossiers()?, line.findings()?.len());
        let Some(first) = held.first() else { continue };
        let memoranda = &first.report.memoranda;
        let name = memoranda.line_name().to_owned();
        let print = paper::line_fingerprint(memoranda);
        let entries: BTreeSet<EntryRef> =
            held.iter().flat_map(|held| held.report.entries.iter().map(|entry| entry.name)).collect();
        page.row(
            &name,
            &format!("{print}  {} dossiers, {} entries, {findings} findings", held.len(), entries.len()),
        );
        lines.push(json!({
            "name": name, "line": line.id.to_string(), "fingerprint": print, "findings": findings,
            "dossiers": held.iter().map(|held| hex(&held.sha256)).collect::<Vec<_>>(), "entries": entries.len(),
        }));
    }
    if out.is_json() {
        return out.data(&json!({"lines": lines}).to_string());
    }
    if lines.is_empty() {
        page.line("nothing was taken yet");
    }
    out.data(page.text())
}

/// A disclosure to this observer.
struct Said<'h> {
    name: EntryRef,
    time_ms: u64,
    disclosure: &'h Disclosure,
}

/// All that is here of a line, put together.
struct Whole<'h> {
    /// Of the dossier that knows the most amendments.
    memoranda: &'h Memoranda,
    /// The acts by which the rules came to be what they are, which every dossier shows.
    rules: BTreeSet<EntryRef>,
    /// Every entry, with each report that shows it.
    entries: BTreeMap<EntryRef, Vec<(&'h Report, &'h Established)>>,
    said: Vec<Said<'h>>,
    /// By which parties an entry was disclosed, and in which entries they say so.
    by: BTreeMap<EntryRef, BTreeMap<Party, EntryRef>>,
}

impl<'h> Whole<'h> {
    fn of(first: &'h Report, held: &'h [Held], observer: &'h str) -> Self {
        let all = held.iter().map(|held| &held.report.memoranda);
        let memoranda = all.max_by_key(|memoranda| memoranda.amended().len()).unwrap_or(&first.memoranda);
        let acts = memoranda.amended().iter().flat_map(|amended| {
            let votes = amended.votes.iter().map(|(vote, _)| *vote);
            [amended.decision, amended.motion].into_iter().chain(votes).chain(amended.left.iter().copied())
        });
        let rules: BTreeSet<EntryRef> = acts.collect();
        let mut entries: BTreeMap<EntryRef, Vec<(&Report, &Established)>> = BTreeMap::new();
        let mut said: BTreeMap<EntryRef, Said<'_>> = BTreeMap::new();
        for held in held {
            for entry in &held.report.entries {
                entries.entry(entry.name).or_default().push((&held.report, entry));
            }
            for (name, disclosure) in disclosed_to(&held.report, observer) {
                let of = held.report.entries.iter().find(|entry| entry.name == name);
                let time_ms =
                    of.and_then(|entry| Some(entry.read.as_ref().ok()?.time_ms)).unwrap_or_default();
                said.insert(name, Said { name, time_ms, disclosure });
            }
        }
        let mut by: BTreeMap<EntryRef, BTreeMap<Party, EntryRef>> = BTreeMap::new();
        for one in said.values() {
            for entry in one.disclosure.entries() {
                by.entry(entry).or_default().entry(one.name.book.party).or_insert(one.name);
            }
        }
        Self { memoranda, rules, entries, said: said.into_values().collect(), by }
    }

    fn text(&self, name: EntryRef) -> String {
        name.text(&self.memoranda.name_of(name.book.party))
    }

    /// Those that a disclosure names and nothing here shows.
    fn withheld(&self, said: &Said<'_>) -> Vec<EntryRef> {
        said.disclosure.entries().filter(|entry| !self.entries.contains_key(entry)).collect()
    }

    /// Those that are here and that no disclosure names; a disclosure is shown with what it names, and with how the rules came
    /// to be.
    fn unannounced(&self) -> Vec<EntryRef> {
        let is_said = |name: &EntryRef| self.said.iter().any(|said| said.name == *name);
        let bare =
            |name: &EntryRef| !self.by.contains_key(name) && !is_said(name) && !self.rules.contains(name);
        self.entries.keys().copied().filter(bare).collect()
    }

    /// The parties that disclosed something.
    fn parties(&self) -> BTreeSet<Party> {
        self.said.iter().map(|said| said.name.book.party).collect()
    }

    /// Entries that are tied by what they regard, two or more, each thread ascending; disclosures aside.
    fn threads(&self) -> Vec<BTreeSet<EntryRef>> {
        let mut threads: Vec<BTreeSet<EntryRef>> = Vec::new();
        for (name, of) in &self.entries {
            let regards = of.iter().filter_map(|(_, entry)| entry.read.as_ref().ok());
            let regards = regards.flat_map(|read| &read.regards);
            let mut thread: BTreeSet<EntryRef> = regards.copied().chain([*name]).collect();
            threads.retain(|other| {
                let apart = thread.is_disjoint(other);
                if !apart {
                    thread.extend(other);
                }
                apart
            });
            threads.push(thread);
        }
        for thread in &mut threads {
            thread.retain(|name| self.by.contains_key(name));
        }
        threads.retain(|thread| thread.len() > 1);
        threads.sort();
        threads
    }

    /// Who disclosed an entry, and who of those that disclosed something did not.
    fn sides(&self, name: EntryRef) -> (Vec<String>, Vec<String>) {
        let by = self.by.get(&name);
        let has = |party: &Party| by.is_some_and(|by| by.contains_key(party));
        let (did, not): (Vec<Party>, Vec<Party>) = self.parties().into_iter().partition(has);
        let names =
            |parties: Vec<Party>| parties.into_iter().map(|party| self.memoranda.name_of(party)).collect();
        (names(did), names(not))
    }
}

/// Shows a line as it was disclosed.
///
/// # Errors
/// Where there is no such line, and when the folder cannot be read.
pub(super) fn show(asked: &Show, folder: &Folder, out: &Output) -> Result<(), Failure> {
    let keys = folder.open_keys()?;
    let (line, held) = folder.choose(asked.line.as_deref())?;
    let Some(first) = held.first() else { return Ok(()) };
    let whole = Whole::of(&first.report, &held, keys.observer());
    let contradictions: Vec<String> =
        contradictions(&held)?.iter().map(|found| found.says(whole.memoranda)).collect();
    if out.is_json() {
        return out.data(&as_json(&whole, &line, &held, &keys, &contradictions)?.to_string());
    }
    let mut page = Page::new(out);
    page.row(
        "line",
        &format!("{}  {}", whole.memoranda.line_name(), paper::line_fingerprint(whole.memoranda)),
    );
    for says in &contradictions {
        page.line(&out.paint(Tone::Bad, &format!("✗ {}", harmless::line(says))));
    }
    page.heading("DISCLOSED TO YOU");
    for said in &whole.said {
        disclosure(&mut page, out, &whole, said);
    }
    let names =
        |entries: Vec<EntryRef>| entries.iter().map(|name| whole.text(*name)).collect::<Vec<_>>().join(", ");
    let unannounced = whole.unannounced();
    if !unannounced.is_empty() {
        let says = format!("! shown, and no party says that it disclosed it: {}", names(unannounced));
        page.line(&out.paint(Tone::Warn, &says));
    }
    let threads = whole.threads();
    if !threads.is_empty() && whole.parties().len() > 1 {
        page.heading("SIDE BY SIDE  what a party did not disclose proves nothing by itself");
        for thread in &threads {
            for name in thread {
                let (did, not) = whole.sides(*name);
                let not = if not.is_empty() {
                    String::new()
                } else {
                    out.paint(Tone::Warn, &format!("  not by {}", not.join(", ")))
                };
                page.row(&format!("  {}", whole.text(*name)), &format!("by {}{not}", did.join(", ")));
            }
            page.line("");
        }
    }
    for (name, of) in &whole.entries {
        entry(&mut page, out, &whole, *name, of);
    }
    findings(&mut page, &line, &held, &keys)?;
    out.data(page.text())
}

fn disclosure(page: &mut Page<'_>, out: &Output, whole: &Whole<'_>, said: &Said<'_>) {
    let count = said.disclosure.entries().count();
    let by = whole.memoranda.name_of(said.name.book.party);
    let says = format!("{by} disclosed {count} entries, {} by its clock", time::stamp(said.time_ms));
    page.row(&format!("  {}", whole.text(said.name)), &says);
    if let Some(text) = said.disclosure.text() {
        page.quote("", &harmless::block(text));
    }
    let withheld = whole.withheld(said);
    if !withheld.is_empty() {
        let names: Vec<String> = withheld.iter().map(|name| whole.text(*name)).collect();
        page.row("", &out.paint(Tone::Warn, &format!("! announced, and not shown: {}", names.join(", "))));
    }
}

/// An entry as the dossier shows it that binds most, with what others show beyond.
fn entry(
    page: &mut Page<'_>,
    out: &Output,
    whole: &Whole<'_>,
    name: EntryRef,
    of: &[(&Report, &Established)],
) {
    let Some((report, fullest)) = of.iter().max_by_key(|(_, entry)| entry.facts.len()) else { return };
    dossier::entry(page, report, fullest, out);
    let bound: BTreeSet<_> = fullest.facts.iter().filter_map(Fact::bound).collect();
    let mut told = BTreeSet::new();
    for fact in of.iter().flat_map(|(_, entry)| &entry.facts) {
        let Some(signer) = fact.bound().filter(|signer| !bound.contains(signer)) else { continue };
        let (says, binds) = (fact.says(whole.memoranda, name), signers::name(whole.memoranda, signer));
        if told.insert(says.clone()) {
            dossier::fact(page, out, &says, Some(binds), fact.does_not_prove());
        }
    }
    for (party, by) in whole.by.get(&name).into_iter().flatten() {
        page.row("disclosed by", &format!("{} in {}", whole.memoranda.name_of(*party), whole.text(*by)));
    }
}

fn findings(page: &mut Page<'_>, line: &OfLine, held: &[Held], keys: &ObserverKeys) -> Result<(), Failure> {
    let own = line.findings()?;
    if own.is_empty() {
        return Ok(());
    }
    page.heading("YOUR FINDINGS");
    for finding in &own {
        let found = finding.found();
        let by = lodged_by(held, keys, found.serial);
        let by = if by.is_empty() {
            "nothing here shows that it was lodged".into()
        } else {
            format!("lodged by {}", by.join(", "))
        };
        page.row(&format!("  finding {}", found.serial), &format!("{}  {by}", time::stamp(found.time_ms)));
        page.quote("", &harmless::block(&found.text));
    }
    Ok(())
}

/// The entries here that lodge an own finding.
fn lodged_by(held: &[Held], keys: &ObserverKeys, serial: u64) -> Vec<String> {
    let mut by = BTreeSet::new();
    for held in held {
        let lodged = lodged(&held.report, keys).filter(|(_, finding)| finding.found().serial == serial);
        by.extend(lodged.map(|(name, _)| super::taking::text(&held.report, name)));
    }
    by.into_iter().collect()
}

fn as_json(
    whole: &Whole<'_>,
    line: &OfLine,
    held: &[Held],
    keys: &ObserverKeys,
    contradictions: &[String],
) -> Result<Value, Failure> {
    let texts = |names: Vec<EntryRef>| names.into_iter().map(|name| whole.text(name)).collect::<Vec<_>>();
    let disclosures = whole.said.iter().map(|said| {
        json!({
            "entry": whole.text(said.name), "by": whole.memoranda.name_of(said.name.book.party),
            "time_ms": said.time_ms, "names": texts(said.disclosure.entries().collect()), "text": said.disclosure.text(),
            "not_shown": texts(whole.withheld(said)),
        })
    });
    let entries = whole.entries.iter().map(|(name, of)| {
        let by = whole.by.get(name).into_iter().flatten();
        let by: Vec<Value> =
            by.map(|(party, by)| json!([whole.memoranda.name_of(*party), whole.text(*by)])).collect();
        let facts: BTreeSet<(String, Option<String>)> = of
            .iter()
            .flat_map(|(_, entry)| &entry.facts)
            .map(|fact| {
                let bound = fact.bound().map(|signer| signers::name(whole.memoranda, signer));
                (fact.says(whole.memoranda, *name), bound)
            })
            .collect();
        let facts: Vec<Value> =
            facts.into_iter().map(|(says, bound)| json!({"says": says, "bound": bound})).collect();
        json!({"entry": whole.text(*name), "disclosed_by": by, "facts": facts})
    });
    let threads = whole.threads().into_iter().map(|thread| {
        let entries = thread.into_iter().map(|name| {
            let (did, not) = whole.sides(name);
            json!({"entry": whole.text(name), "by": did, "not_by": not})
        });
        entries.collect::<Vec<_>>()
    });
    let findings = line.findings()?;
    let findings = findings.iter().map(|finding| {
        let found = finding.found();
        json!({
            "serial": found.serial, "hash": hex(&finding.hash()), "text": found.text,
            "lodged_by": lodged_by(held, keys, found.serial),
        })
    });
    Ok(json!({
        "line": line.id.to_string(), "name": whole.memoranda.line_name(),
        "fingerprint": paper::line_fingerprint(whole.memoranda),
        "disclosures": disclosures.collect::<Vec<_>>(), "entries": entries.collect::<Vec<_>>(),
        "not_announced": texts(whole.unannounced()), "threads": threads.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(), "contradictions": contradictions,
    }))
}
