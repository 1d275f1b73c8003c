//! What a dossier shows, as text.

use detente_dossier::agreed::{self, NOT_ALL};
use detente_dossier::compare::{DOES_NOT_PROVE, RIVALS_DO_NOT_PROVE};
use detente_dossier::{
    Conviction, Established, Memoranda, Report, Shows, amending, fact, later_keys, paper, signers, words,
};
use detente_line::Fork;

use super::contradiction::{self, Contradictions};
use super::verify::{Found, hint};
use crate::harmless;
use crate::output::{Output, Tone};
use crate::page::Page;

/// What a fork says.
pub(super) fn fork_says(memoranda: &Memoranda, fork: &Fork) -> String {
    let book = fork.head.checkpoint.book;
    let author = memoranda.name_of(book.party);
    let (one, other) = (fork.head.checkpoint.size, fork.with.checkpoint.size);
    format!(
        "{author} signed its book {} of {one} and of {other} entries in two ways that cannot both be true",
        book.text(&author)
    )
}

/// Whom to trust, in a sentence.
pub(super) fn trust_says(found: &Found) -> String {
    match (found.anchor.checked.as_slice(), found.anchor.wrongs.len()) {
        ([], _) => "nobody yet: compare these fingerprints with what the parties say themselves".into(),
        (checked, 0) => format!("it is {}", checked.join(", and ")),
        (checked, _) => format!("IT IS NOT {}", checked.join(", or not ")),
    }
}

/// What was passed over, a sentence each.
pub(super) fn unread_says(found: &Found) -> Vec<String> {
    let report = &found.report;
    let texts = report.texts_by.iter().map(|by| {
        format!(
            "the .txt files were written by {by} and are not compared: rely on what is said here, not on them"
        )
    });
    let unread = report.unread.iter().map(|unread| {
        format!(
            "{}: {} are not read by this version, and nothing is concluded from them",
            unread.part, unread.what
        )
    });
    texts.chain(unread).collect()
}

/// The first words of an entry, and of which kind it is, harmless.
pub(super) fn first_words(memoranda: &Memoranda, entry: &Established) -> String {
    const MOST: usize = 60;
    let rows = entry.rows(memoranda);
    let kind = entry.read.as_ref().map_or_else(|_| "cannot be read".into(), |read| words::kind(read.kind));
    let Some(line) = rows.iter().find(|row| row.quoted).and_then(|row| row.lines.first()) else {
        return kind;
    };
    let (words, _) = harmless::first_line(&harmless::bare(line), MOST);
    format!("{kind}: {}", harmless::isolated(words))
}

/// Which other parties are shown to have had an entry, and of which nothing is.
pub(super) fn had_by(memoranda: &Memoranda, entry: &Established) -> String {
    let told = entry.facts.iter().filter_map(|fact| match fact.shows {
        Shows::Stored { .. } | Shows::Held { .. } => {
            Some(format!("●\u{a0}{}", signers::name(memoranda, fact.of)))
        }
        Shows::Nothing { .. } => Some(format!("○\u{a0}{}", signers::name(memoranda, fact.of))),
        _ => None,
    });
    told.collect::<Vec<_>>().join(" ")
}

/// Everything.
pub(super) fn page(found: &[Found], contradictions: &Contradictions, out: &Output) -> String {
    let mut page = Page::new(out);
    for one in found {
        if found.len() > 1 {
            page.heading(&harmless::line(&one.file));
        }
        dossier(&mut page, one, out);
    }
    if let Some(first) = found.first()
        && found.len() > 1
    {
        page.heading("Side by side");
        for conviction in &contradictions.convictions {
            self::conviction(&mut page, found, conviction, out);
        }
        for rival in &contradictions.rivals {
            let memoranda = &first.report.memoranda;
            page.line(&out.paint(Tone::Bad, &format!("✗ {}", rival.says(memoranda))));
            let author = memoranda.name_of(rival.one.book.party);
            page.line(&format!("    binds {author}; does not prove {RIVALS_DO_NOT_PROVE}"));
        }
        if contradictions.is_empty() {
            page.line("nothing here shows that they cannot all be true; that proves nothing");
        }
    }
    page.text().to_owned()
}

fn conviction(page: &mut Page<'_>, found: &[Found], conviction: &Conviction, out: &Output) {
    let told = contradiction::told(found, conviction);
    page.line(&out.paint(Tone::Bad, &format!("✗ {}", told.says)));
    page.line(&format!("    {}", told.why));
    for side in &told.sides {
        page.line(&format!("  {}", harmless::line(&side.file)));
        page.line(&format!("    {}", side.signed));
        for (_, words) in &side.words {
            let lines: Vec<String> = words.lines().map(str::to_owned).collect();
            page.quote("    it says", &lines);
        }
    }
    let author = found.first().map(|first| first.report.memoranda.name_of(conviction.book.party));
    let author = author.unwrap_or_default();
    page.line(&format!("    binds {author}: both signatures are its own; does not prove {DOES_NOT_PROVE}"));
}

fn dossier(page: &mut Page<'_>, found: &Found, out: &Output) {
    let memoranda = &found.report.memoranda;
    page.heading(&format!("Line {}", memoranda.line_name()));
    page.row("line", &paper::line_fingerprint(memoranda));
    for party in memoranda.parties() {
        let full = words::shown(memoranda.full_name(party));
        let admitted = if memoranda.is_admitted(party) { ", admitted by an amendment" } else { "" };
        let fingerprint = paper::party_fingerprint(memoranda, party);
        page.row(
            &format!("keys of {}", memoranda.name_of(party)),
            &format!("{fingerprint}  {full}{admitted}"),
        );
    }
    for place in 0..memoranda.amended().len() {
        page.row(if place == 0 { "amended" } else { "" }, &amending::says(memoranda, place));
    }
    if !memoranda.amended().is_empty() {
        page.row("", &format!("not checked: {}", amending::NOT_CHECKED));
    }
    for renewal in later_keys::all(memoranda) {
        page.row("renewed", &later_keys::renewal_says(memoranda, renewal));
    }
    for says in memoranda.parties().filter_map(|party| later_keys::contradiction_says(memoranda, party)) {
        page.line(&out.paint(Tone::Bad, &format!("✗ {says}")));
        page.line(&format!("    does not prove {}", later_keys::CONTRADICTION_DOES_NOT_PROVE));
    }
    let tone = match (found.anchor.checked.is_empty(), found.anchor.wrongs.is_empty()) {
        (true, _) => Tone::Warn,
        (_, true) => Tone::Good,
        (_, false) => Tone::Bad,
    };
    page.row("trust", &out.paint(tone, &trust_says(found)));
    for wrong in found.wrongs() {
        page.line(&out.paint(Tone::Bad, &format!("✗ {}", harmless::line(&wrong.to_string()))));
        page.line(&format!("  hint: {}", hint(wrong)));
    }
    let left = found.wrong_count() - found.wrongs().count();
    if left > 0 {
        page.line(&out.paint(Tone::Bad, &format!("✗ and {left} more")));
    }
    for fork in &found.report.forks {
        page.heading(&fork.head.checkpoint.book.text(&memoranda.name_of(fork.head.checkpoint.book.party)));
        page.line(&out.paint(Tone::Bad, &format!("✗ {}", fork_says(memoranda, fork))));
        page.line(&format!("    does not prove {DOES_NOT_PROVE}"));
    }
    for said in unread_says(found) {
        page.line(&out.paint(Tone::Warn, &format!("○ {}", harmless::line(&said))));
    }
    for entry in &found.report.entries {
        self::entry(page, &found.report, entry, out);
    }
    positions(page, found);
    motions(page, found, out);
}

/// What the parties hold of one thing, side by side.
fn positions(page: &mut Page<'_>, found: &Found) {
    let memoranda = &found.report.memoranda;
    for laid in agreed::positions(memoranda, &found.report.entries) {
        page.heading(&format!("Positions on {}", words::name(memoranda, laid.about)));
        for (party, held) in &laid.positions {
            let who = memoranda.name_of(*party);
            let Some(held) = held else {
                page.row(&who, "○ no position of its is here");
                continue;
            };
            let (by, when) = (words::name(memoranda, held.by), words::time(held.time_ms));
            page.row(&who, &format!("{}, in {by} at {when} by its own clock", agreed::stance(held.stance)));
            if let Some(said) = &held.text {
                let lines: Vec<String> = harmless::block(said).into_iter().map(harmless::isolated).collect();
                page.quote("", &lines);
            }
            let before: Vec<String> = held.before.iter().map(|by| words::name(memoranda, *by)).collect();
            page.any("", (!before.is_empty()).then(|| format!("before: {}", before.join(", "))));
        }
        page.line(&format!("    does not prove {NOT_ALL}"));
    }
}

/// Motions, with their votes and what became of them.
fn motions(page: &mut Page<'_>, found: &Found, out: &Output) {
    let memoranda = &found.report.memoranda;
    for moved in agreed::motions(memoranda, &found.report.entries) {
        let to = moved.what.as_ref().map(|(to, _)| format!(", {to}")).unwrap_or_default();
        page.heading(&format!("Motion {}{to}", words::name(memoranda, moved.motion)));
        for (party, cast) in &moved.votes {
            let said = match cast {
                Some((by, choice)) if *by == moved.motion => {
                    format!("{}, by the motion itself", agreed::vote(*choice))
                }
                Some((by, choice)) => {
                    format!("{}, in {}", agreed::vote(*choice), words::name(memoranda, *by))
                }
                None => "○ no vote of its is here".into(),
            };
            page.row(&memoranda.name_of(*party), &said);
        }
        page.row("outcome", &out.paint(Tone::Strong, &moved.outcome(memoranda)));
        page.line(&format!("    does not prove {NOT_ALL}"));
    }
}

/// An entry with everything that is shown of it.
pub(crate) fn entry(page: &mut Page<'_>, report: &Report, entry: &Established, out: &Output) {
    let memoranda = &report.memoranda;
    page.heading(&words::name(memoranda, entry.name));
    for row in entry.rows(memoranda) {
        if row.quoted {
            page.quote(&row.label, &row.lines);
        } else {
            for (place, line) in row.lines.iter().enumerate() {
                page.row(if place == 0 { &row.label } else { "" }, line);
            }
        }
    }
    if let Some(fault) = entry.read.as_ref().err().or(entry.content.as_ref().err()) {
        let said = format!("✗ marked: {}", harmless::line(&fault.to_string()));
        page.line(&out.paint(Tone::Warn, &said));
    }
    for fact in &entry.facts {
        let binds = fact.bound().map(|signer| signers::name(memoranda, signer));
        self::fact(page, out, &fact.says(memoranda, entry.name), binds, fact.does_not_prove());
    }
    for bound in &entry.bounds {
        page.row("written", &fact::bound_says(bound, memoranda));
    }
    for attached in report.attachments.iter().filter(|attached| attached.entry == entry.name) {
        page.line(&format!(
            "  {}: {}",
            words::shown(&attached.attachment.name),
            attached.bytes_say(memoranda)
        ));
        for fact in attached.facts(memoranda) {
            let binds = fact.binds.then(|| memoranda.name_of(fact.of));
            self::fact(page, out, &fact.says, binds, fact.does_not_prove);
        }
    }
}

/// A fact, whom it binds, and what it does not prove.
pub(crate) fn fact(
    page: &mut Page<'_>,
    out: &Output,
    says: &str,
    binds: Option<String>,
    does_not_prove: &str,
) {
    let (tone, sign) = if binds.is_some() { (Tone::Good, "●") } else { (Tone::Quiet, "○") };
    let binds = binds.unwrap_or_else(|| "nobody".into());
    page.line(&format!("{} {says}", out.paint(tone, sign)));
    page.line(&format!("    binds {binds}; does not prove {does_not_prove}"));
}
