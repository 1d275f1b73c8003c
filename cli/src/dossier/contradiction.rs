//! What several dossiers show only together, in words for somebody who has to decide on it: what each side was signed to say, and
//! whom both signatures bind.

use detente_dossier::compare::{self, Rival};
use detente_dossier::{Conviction, Report, Shows, signers, words};
use detente_record::EntryRef;
use detente_record::fork::Contradiction;

use super::verify::Found;
use crate::failure::Failure;

/// What cannot all be true.
#[derive(Default)]
pub(super) struct Contradictions {
    /// Checkpoints that contradict each other.
    pub(super) convictions: Vec<Conviction>,
    /// Amendments that two dossiers put in one place.
    pub(super) rivals: Vec<Rival>,
}

/// A contradiction, told.
pub(super) struct Told {
    /// It, in a sentence.
    pub(super) says: String,
    /// Why both cannot be.
    pub(super) why: String,
    /// Each side, in the order of the signatures.
    pub(super) sides: Vec<Side>,
}

/// One of two things that cannot both be.
pub(super) struct Side {
    /// The file that shows it.
    pub(super) file: String,
    /// What was signed there, and who else signed for having it.
    pub(super) signed: String,
    /// The author's own words there, harmless, each with its language; or what is said in place of them.
    pub(super) words: Vec<(Option<String>, String)>,
}

impl Contradictions {
    pub(super) fn is_empty(&self) -> bool {
        self.convictions.is_empty() && self.rivals.is_empty()
    }
}

/// What convicts somebody only when several dossiers are laid side by side.
///
/// # Errors
/// When they are not of one line.
pub(super) fn between(found: &[Found]) -> Result<Contradictions, Failure> {
    if found.len() < 2 {
        return Ok(Contradictions::default());
    }
    let reports: Vec<&Report> = found.iter().map(|found| &found.report).collect();
    let all = compare::compare(&reports).map_err(|fault| {
        let detail = fault.detail();
        let hint = "compare dossiers of one line; verify the others by themselves";
        Failure::misuse(detail.what, detail.expected.to_string(), detail.found.to_string(), hint)
    })?;
    let convictions = all.into_iter().filter(|found| found.one.dossier != found.other.dossier).collect();
    Ok(Contradictions { convictions, rivals: compare::rivals(&reports) })
}

/// A contradiction between two dossiers, or in one.
pub(super) fn told(found: &[Found], conviction: &Conviction) -> Told {
    let sides = [&conviction.one, &conviction.other].map(|signed| side(found, conviction, signed));
    let Some(first) = found.first() else {
        return Told { says: String::new(), why: String::new(), sides: Vec::new() };
    };
    let author = first.report.memoranda.name_of(conviction.book.party);
    let why = format!(
        "A book of this line only grows: what stands in it under a number stays, word for word. Both signatures below hold under the one key that {author} has for its book in the memorandum, and nobody without that key can make them"
    );
    Told { says: conviction.says(&first.report.memoranda), why: format!("{why}."), sides: sides.into() }
}

fn side(found: &[Found], conviction: &Conviction, signed: &compare::Signed) -> Side {
    let Some(of) = found.get(signed.dossier) else {
        return Side { file: String::new(), signed: String::new(), words: Vec::new() };
    };
    let memoranda = &of.report.memoranda;
    let author = memoranda.name_of(conviction.book.party);
    let under = |entry: &&detente_dossier::Established| {
        entry.name.book == conviction.book
            && entry.under.iter().any(|under| (under.size, under.root) == (signed.size, signed.root))
    };
    let mut had: Vec<String> = Vec::new();
    for fact in of.report.entries.iter().filter(under).flat_map(|entry| &entry.facts) {
        if let Shows::Stored { seconds, size, .. } | Shows::Witnessed { seconds, size } = fact.shows
            && size == signed.size
        {
            let by = signers::name(memoranda, fact.of);
            had.push(format!("{by} signed for it by {} by its own clock", words::second(seconds)));
        }
    }
    had.sort();
    had.dedup();
    let had = if had.is_empty() { "nobody else signed for it here".into() } else { had.join("; ") };
    let words = match conviction.why {
        Contradiction::Entry(number) => own_words(of, EntryRef { book: conviction.book, number }),
        _ => Vec::new(),
    };
    let signed = format!(
        "{author} signed its book {} of {} entries, in {}; {had}",
        conviction.book.text(&author),
        signed.size,
        signed.part
    );
    Side { file: of.file.clone(), signed, words }
}

/// What an entry says in a dossier, in its author's words.
fn own_words(found: &Found, name: EntryRef) -> Vec<(Option<String>, String)> {
    let memoranda = &found.report.memoranda;
    let shown = words::name(memoranda, name);
    let Some(entry) = found.report.entries.iter().find(|entry| entry.name == name) else {
        return vec![(None, format!("what {shown} says here is not shown: only that it is something else"))];
    };
    let language = entry.read.as_ref().ok().and_then(|read| read.language.clone());
    let rows = entry.rows(memoranda).into_iter();
    let words: Vec<_> =
        rows.filter(|row| row.quoted).map(|row| (language.clone(), row.lines.join("\n"))).collect();
    if words.is_empty() { vec![(None, format!("{shown} is shown below, and has no text"))] } else { words }
}
