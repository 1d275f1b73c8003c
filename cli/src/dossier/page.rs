//! What a dossier shows, as text.

use detente_dossier::compare::DOES_NOT_PROVE;
use detente_dossier::{Conviction, Established, Shows, fact, paper, signers, words};
use detente_line::{Fork, Memorandum};

use super::verify::{Found, hint};
use crate::harmless;
use crate::output::{Output, Tone};
use crate::page::Page;

/// What a fork says.
pub(super) fn fork_says(memorandum: &Memorandum, fork: &Fork) -> String {
    let book = fork.head.checkpoint.book;
    let author = memorandum.name_of(book.party);
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

/// Everything.
pub(super) fn page(found: &[Found], convictions: &[Conviction], out: &Output) -> String {
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
        for conviction in convictions {
            self::conviction(&mut page, &first.report.memorandum, conviction, out);
            for signed in [&conviction.one, &conviction.other] {
                let file = found.get(signed.dossier).map(|found| harmless::line(&found.file));
                page.line(&format!("    {}: {}", file.unwrap_or_default(), signed.part));
            }
        }
        if convictions.is_empty() {
            page.line("nothing here shows that they cannot all be true; that proves nothing");
        }
    }
    page.text().to_owned()
}

fn conviction(page: &mut Page<'_>, memorandum: &Memorandum, conviction: &Conviction, out: &Output) {
    page.line(&out.paint(Tone::Bad, &format!("✗ {}", conviction.says(memorandum))));
    let author = memorandum.name_of(conviction.book.party);
    page.line(&format!("    binds {author}: both signatures are its own; does not prove {DOES_NOT_PROVE}"));
}

fn dossier(page: &mut Page<'_>, found: &Found, out: &Output) {
    let memorandum = &found.report.memorandum;
    page.heading(&format!("Line {}", memorandum.terms().name));
    page.row("line", &paper::line_fingerprint(memorandum));
    for party in memorandum.parties() {
        let full =
            memorandum.member(party).map(|member| harmless::line(&member.full_name)).unwrap_or_default();
        let name = memorandum.name_of(party);
        page.row(
            &format!("keys of {name}"),
            &format!("{}  {full}", paper::party_fingerprint(memorandum, party)),
        );
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
        page.heading(&fork.head.checkpoint.book.text(&memorandum.name_of(fork.head.checkpoint.book.party)));
        page.line(&out.paint(Tone::Bad, &format!("✗ {}", fork_says(memorandum, fork))));
        page.line(&format!("    does not prove {DOES_NOT_PROVE}"));
    }
    for said in unread_says(found) {
        page.line(&out.paint(Tone::Warn, &format!("○ {}", harmless::line(&said))));
    }
    for entry in &found.report.entries {
        self::entry(page, memorandum, entry, out);
    }
}

fn entry(page: &mut Page<'_>, memorandum: &Memorandum, entry: &Established, out: &Output) {
    page.heading(&words::name(memorandum, entry.name));
    for row in entry.rows(memorandum) {
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
        let says = fact.says(memorandum, entry.name);
        let (tone, sign) = match fact.shows {
            Shows::Nothing { .. } => (Tone::Quiet, "○"),
            _ => (Tone::Good, "●"),
        };
        let binds = match fact.bound() {
            Some(signer) => format!("binds {}; ", signers::name(memorandum, signer)),
            None => "binds nobody; ".into(),
        };
        page.line(&format!("{} {says}", out.paint(tone, sign)));
        page.line(&format!("    {binds}does not prove {}", fact.does_not_prove()));
    }
    for bound in &entry.bounds {
        page.row("written", &fact::bound_says(bound, memorandum));
    }
}
