//! The memorandum in a dossier: its signatures as a note, its keys for other people's programs, its terms as people read
//! them, and the README (spec/dossier.md §3, §4).
//!
//! All of it follows from the memorandum and from what else is in the dossier. Texts for people, as in [`crate::words`],
//! are held by readers to what they would write themselves, if they write as [`TEXTS_BY`] does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use detente_line::{Memorandum, Office};
use detente_record::note::{COSIGNATURE, ED25519, Note, signature_line};
use detente_record::{
    Book, Class, Fault, Party, PublicKey, Signature, VerifierKey, fingerprint, hex, receipt_name, seal_name,
    sha256,
};

use crate::memoranda::Memoranda;
use crate::signers::witnesses;
use crate::{harmless, words};

/// The first line of `README.txt`, but for the version of a dossier's form.
const FORM: &str = "detente dossier, version ";
/// The latest version of a dossier's form that is read and written (spec/dossier.md §3.4).
pub const LAST_VERSION: u8 = 3;
/// Who writes texts for people as this version does: whoever changes a word of them here or in [`crate::words`], once it has
/// been released, changes this name.
pub const TEXTS_BY: &str = "detente-2";
/// Most bytes of the name of who writes texts.
const MOST_OF_NAME: usize = 64;

/// The version of a file's form, and who wrote the texts for people, as the first two lines of `README.txt` say.
///
/// # Errors
/// `Malformed` for a file that does not begin so; `Incompatible` for another version's.
pub fn texts_by(readme: &[u8]) -> Result<(u8, &str), Fault> {
    let malformed = || {
        let expected = "detente dossier, its version, and texts by somebody, a line each";
        Fault::malformed("README.txt", expected, "other lines")
    };
    let mut lines = str::from_utf8(readme).map_err(|_| malformed())?.split('\n');
    let (Some(form), Some(texts)) = (lines.next(), lines.next()) else { return Err(malformed()) };
    let version = form.strip_prefix(FORM).ok_or_else(malformed)?;
    let Some(version) = (1..=LAST_VERSION).find(|known| known.to_string() == version) else {
        let found: String = version.chars().take(20).collect();
        return Err(Fault::incompatible("dossier", "version 1, 2 or 3", format!("version {found}")));
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let name = texts.strip_prefix("texts by ").filter(|name| (1..=MOST_OF_NAME).contains(&name.len()));
    let name = name.filter(|name| name.chars().all(is_plain)).ok_or_else(malformed)?;
    Ok((version, name))
}

/// The name under which a party signs a memorandum (spec/line.md §2).
pub fn signer_name(memorandum: &Memorandum, party: Party) -> String {
    let mut subject = b"detente memorandum v1\n".to_vec();
    subject.extend_from_slice(&memorandum.hash());
    subject.push(party.number());
    let hash = sha256(&subject);
    let (half, _) = hash.split_at(16);
    format!("detente/{}", hex(half))
}

/// `memorandum.note`: what the parties signed, and their signatures, ascending by party.
pub fn note(memorandum: &Memorandum, signatures: &[(Party, Signature)]) -> String {
    let mut note = memorandum.note_text();
    note.push('\n');
    for (party, signature) in signatures {
        if let Some(key) = memorandum.book_key(*party) {
            note.push_str(&signature_line(&signer_name(memorandum, *party), ED25519, key, signature));
        }
    }
    note
}

/// The signatures of a `memorandum.note`: one of every party.
///
/// # Errors
/// `Malformed` for what is no note; `Misbehaved` for another memorandum's, and when a party's signature is missing or
/// does not hold.
pub fn signatures(memorandum: &Memorandum, note: &[u8]) -> Result<Vec<(Party, Signature)>, Fault> {
    const WHAT: &str = "memorandum's signatures";
    let note = Note::parse(note)?;
    if note.text != memorandum.note_text() {
        return Err(Fault::misbehaved(WHAT, "those of this memorandum", "another's"));
    }
    let of_party = |party: Party| {
        let found = memorandum
            .book_key(party)
            .and_then(|key| note.signature_by(&signer_name(memorandum, party), ED25519, key))
            .and_then(|bytes| Signature::try_from(bytes).ok())
            .filter(|signature| memorandum.is_signed_by(party, signature));
        found.map(|signature| (party, signature)).ok_or_else(|| {
            let expected = format!("one of {} that holds", memorandum.name_of(party));
            Fault::misbehaved(WHAT, expected, "none")
        })
    };
    memorandum.parties().map(of_party).collect()
}

/// `keys.txt`: the keys of the memoranda, of these books, of receipts and of witnesses.
pub fn keys(memoranda: &Memoranda, books: &BTreeSet<Book>) -> String {
    let line = memoranda.line();
    let founding = memoranda.founding();
    let mut text =
        String::from("# Keys, as the memorandum names them, in the form of c2sp.org/signed-note.\n");
    let mut put = |what: String, name: &str, kind: u8, key: &PublicKey| {
        let key = VerifierKey { name: name.to_owned(), signature_type: kind, key: key.clone() };
        // Writing to a string cannot fail.
        let _ = write!(text, "# {what}\n{}\n", key.text());
    };
    for party in founding.parties() {
        if let Some(key) = founding.book_key(party) {
            let what = format!("{} signs the memorandum", memoranda.name_of(party));
            put(what, &signer_name(founding, party), ED25519, key);
        }
    }
    for book in books {
        if let Some(key) = memoranda.book_key(*book) {
            let name = memoranda.name_of(book.party);
            put(
                format!("{name} signs checkpoints of {}", book.text(&name)),
                &book.origin(&line),
                ED25519,
                key,
            );
        }
    }
    for party in memoranda.parties() {
        for (rank, key) in memoranda.receipt_keys(party).enumerate() {
            let renewed = if rank > 0 { format!(", rank {rank}") } else { String::new() };
            let what = format!("{} receipts (cosignature/v1){renewed}", memoranda.name_of(party));
            put(what, &receipt_name(&line, party), COSIGNATURE, key);
        }
    }
    for witness in witnesses(memoranda) {
        put("a witness (cosignature/v1)".into(), &witness.name, COSIGNATURE, &witness.key);
    }
    for party in memoranda.parties() {
        if let Some(key) = memoranda.seal_key(party) {
            let vkey = key.vkey(&seal_name(&line, party));
            let _ = write!(text, "# {} seals (ML-DSA-44)\n{vkey}\n", memoranda.name_of(party));
        }
    }
    text
}

/// What people compare by telephone of a party's keys.
pub fn party_fingerprint(memoranda: &Memoranda, party: Party) -> String {
    memoranda.member(party).map(|member| fingerprint(&member.fingerprint_subject())).unwrap_or_default()
}

/// What people compare by telephone of a line.
pub fn line_fingerprint(memoranda: &Memoranda) -> String {
    fingerprint(&memoranda.line().0)
}

/// `memorandum.txt`: the terms that founded the line, and those of the last amendment here, as people read them.
pub fn text(memoranda: &Memoranda) -> String {
    let mut text = format!("The memorandum of the line {}\n\n", memoranda.line_name());
    say(&mut text, "line", &memoranda.line().to_string());
    say(&mut text, "fingerprint", &line_fingerprint(memoranda));
    for (label, said) in terms(memoranda.founding()) {
        say(&mut text, &label, &said);
    }
    if let Some(last) = memoranda.amended().last() {
        let decisions = memoranda.amended().iter().map(|amended| words::name(memoranda, amended.decision));
        let decisions = decisions.collect::<Vec<_>>().join(", ");
        let _ = write!(text, "\n\nAmended by {decisions}. As amended last:\n\n");
        say(&mut text, "SHA-256", &hex(&last.memorandum.hash()));
        for (label, said) in terms(&last.memorandum) {
            say(&mut text, &label, &said);
        }
    }
    text
}

fn say(text: &mut String, label: &str, said: &str) {
    let _ = writeln!(text, "{}", format!("{label:<24}{said}").trim_end());
}

/// What a memorandum takes out of the one before it, and what it puts in, in lines.
pub fn changes(before: &Memorandum, after: &Memorandum) -> (Vec<String>, Vec<String>) {
    let [was, is] = [before, after].map(|memorandum| {
        let terms = terms(memorandum).into_iter().filter(|(label, _)| !label.is_empty());
        terms.map(|(label, said)| format!("{label}: {said}")).collect::<Vec<_>>()
    });
    let without = |lines: &[String], others: &[String]| {
        let others: BTreeSet<&String> = others.iter().collect();
        lines.iter().filter(|line| !others.contains(line)).cloned().collect()
    };
    (without(&was, &is), without(&is, &was))
}

/// The terms of a memorandum, by label; an empty label stands for a line between.
fn terms(memorandum: &Memorandum) -> Vec<(String, String)> {
    let terms = memorandum.terms();
    let mut all = Vec::new();
    let mut say = |label: &str, text: &str| all.push((label.to_owned(), text.to_owned()));
    for (label, hash) in
        [("working group of", terms.parent), ("replaces", terms.refounds), ("text's SHA-256", terms.text)]
    {
        if let Some(hash) = hash {
            say(label, &hex(&hash));
        }
    }
    for member in &terms.parties {
        say("", "");
        say(
            &format!("party {}", member.number),
            &format!("{}: {}", member.name, words::shown(&member.full_name)),
        );
        say("fingerprint of its keys", &fingerprint(&member.fingerprint_subject()));
        for (label, key) in [
            ("book key", member.book_key),
            ("receipt key", member.receipt_key),
            ("station key", member.station_key),
        ] {
            say(label, &hex(&key));
        }
        say("commitment", &hex(&member.commitment));
        if let Some(seal) = &member.seal {
            say("its seal key's", &hex(seal));
        }
        say("languages", &harmless::line(&member.languages.join(", ")));
        for Office { number, name, rank } in &member.offices {
            say(&format!("office {number}"), &format!("{}, rank {rank}", words::shown(name)));
        }
    }
    let name = |number: u8| Party::new(number).map(|party| memorandum.name_of(party)).unwrap_or_default();
    say("", "");
    say("depositary", &name(terms.depositary));
    for class in Class::ALL {
        if let Some(ms) = memorandum.handling_ms(class) {
            say(&format!("{} is handled in", words::class(class)), &length(ms));
        }
    }
    for step in &terms.escalations {
        let class = Class::from_number(step.class).map(words::class).unwrap_or_default();
        say("escalation", &format!("{class} after {}: rank {}", length(step.after_ms), step.rank));
    }
    let tests = &terms.tests;
    say("tests", &format!("every {}, late after {}", length(tests.interval_ms), length(tests.grace_ms)));
    if let Some(within_ms) = tests.checkpoint_ms {
        say("on a narrow circuit", &format!("signed within {}", length(within_ms)));
    }
    let consent = if terms.suspension.consent { "by a carried motion" } else { "by whoever suspended it" };
    say("suspended, reopened", consent);
    let passes: Vec<String> = terms.suspension.passes.iter().map(|kind| words::kind(*kind)).collect();
    if !passes.is_empty() {
        say("passes while suspended", &passes.join(", "));
    }
    let veto: Vec<String> = terms.rule.veto.iter().map(|party| name(*party)).collect();
    let veto = if veto.is_empty() { "nobody".to_owned() } else { veto.join(", ") };
    let window = length(terms.rule.window_ms);
    say("motions", &format!("{} votes carry; veto: {veto}; open at most {window}", terms.rule.threshold));
    for (class, quota) in Class::ALL.iter().zip(&terms.quotas) {
        let quota = format!("{} entries, {} bytes a day and party", quota.entries, quota.bytes);
        say(&format!("quota of {}", words::class(*class)), &quota);
    }
    for kind in &terms.notices {
        let mut said = format!("{}, {} ahead", kind.nature().name(), length(kind.lead_ms));
        if let Some(ms) = kind.emergency_lead_ms {
            let _ = write!(said, ", {} in an emergency", length(ms));
        }
        let required: Vec<&str> = kind.required().map(|field| field.name()).collect();
        if !required.is_empty() {
            let _ = write!(said, "; needs {}", required.join(", "));
        }
        let room = kind.minima();
        for (label, number, unit) in [
            ("aside", room.distance_mm.map(u64::from), "mm"),
            ("above", room.vertical_mm.map(u64::from), "mm"),
            ("before and after", room.time_ms, "ms"),
        ] {
            if let Some(number) = number {
                let _ = write!(said, "; {number} {unit} {label}");
            }
        }
        if let Some(ms) = kind.review_ms {
            let _ = write!(said, "; reviewed within {}", length(ms));
        }
        let _ = write!(said, "; covers within {} ppm", kind.tolerance_ppm());
        say(&format!("notice of {}", harmless::line(&kind.name)), &said);
    }
    for witness in memorandum.witnesses() {
        let said = format!("{}, {}", harmless::line(&witness.name), harmless::line(&witness.url));
        say("witness", &said);
        say("its key", &hex(&witness.key));
    }
    if !memorandum.witnesses().is_empty() {
        say("witnessed", &format!("at most every {}", length(memorandum.witnessing_ms())));
    }
    for observer in memorandum.observers() {
        let said = format!("{}, {}", harmless::line(&observer.name), harmless::line(&observer.full_name));
        say("observer", &said);
        say("its key", &hex(&observer.key));
    }
    if let Some(founding) = &terms.founding {
        let by = founding.decision().map(|entry| {
            let book = entry.book.text(&format!("party {} there", entry.book.party.number()));
            format!("{book}, number {}, SHA-256 {}", entry.number, hex(&founding.sha256))
        });
        say("founded by", &by.unwrap_or_default());
    }
    if terms.parties.iter().any(|member| member.seal.is_some()) {
        say("sealed", &format!("every {}, by those with a seal key", length(memorandum.sealing_ms())));
    }
    if let Some(kinds) = &terms.two_officers {
        say(
            "two officers release",
            &kinds.iter().map(|number| words::kind(*number)).collect::<Vec<_>>().join(", "),
        );
    }
    if let Some(dictionary) = &terms.dictionary {
        say("packed with", &hex(dictionary));
    }
    for circuit in terms.circuits.iter().flatten() {
        say("circuit", &format!("{}: {}", harmless::line(&circuit.name), harmless::line(&circuit.kind)));
    }
    if let Some(area) = &terms.extent {
        let said =
            format!("south {}, west {}, north {}, east {}", area.south, area.west, area.north, area.east);
        say("extent (1e-7 degrees)", &said);
    }
    all
}

/// A length of time in its largest whole unit.
fn length(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let whole = units.iter().find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{ms} ms"), |(unit, name)| format!("{} {name}", ms / unit))
}

/// What `README.txt` says of amendments.
const AMENDED: &str = "\
- The memorandum was amended. amendments.txt names the decisions, in order. Each is among the
  entries, with the motion, which holds the new memorandum whole, and the votes: check that the
  votes carry it by the rules of the memorandum before. Keys of parties that were admitted later
  stand in these memoranda. Whether a vote was a party's last one takes more than this file.
";
/// What `README.txt` says of attachments.
const ATTACHED: &str = "\
- attachments/ has files that go with entries, where they were asked for, under the SHA-256 of
  each. The entry gives that hash, so its author is bound to these bytes; not to what they show.
";

/// `README.txt`.
pub fn readme(memoranda: &Memoranda, version: u8, entries: usize, forks: usize) -> String {
    let mut parties = String::new();
    for party in memoranda.parties() {
        let full = words::shown(memoranda.full_name(party));
        let (name, print) = (memoranda.name_of(party), party_fingerprint(memoranda, party));
        let _ = writeln!(parties, "  {print}  keys of {name}: {full}");
    }
    let books =
        if forks > 0 { format!(", and {forks} books that were shown in two ways") } else { String::new() };
    let amended = if memoranda.amended().is_empty() { "" } else { AMENDED };
    let attached = if version > 1 { ATTACHED } else { "" };
    format!(
        "{FORM}{version}
texts by {TEXTS_BY}

What this is
------------
Part of the record of the line {name}: {entries} entries{books}, with what proves who
wrote each and who acknowledged storing it. It can be checked on any computer, with no
network, and without trusting whoever gave it to you. Nothing is said of entries that
are not in it, neither that there are none nor what they say.

Whom to trust
-------------
Nobody, so far: whoever made this file could have made up the parties as well. Everything
below stands or falls with these fingerprints. Compare them, over a way that you trust,
with what the parties themselves say.

  {line}  the line
{parties}
How to check it
---------------
  detente verify FILE --line {line}

How to check it without us
--------------------------
1. The SHA-256 of memorandum.cbor, in hexadecimal, is the line's identity:
   {id}
   Its fingerprint is the SHA-256 of \"detente fingerprint v1\", a new line, and these 32
   bytes: the first 15 bytes in base32.
2. memorandum.note is a signed note (c2sp.org/signed-note) over that hash, signed by every
   party. keys.txt has the keys; memorandum.txt says the same, and the rest of the terms.
3. Each .tlog-proof (c2sp.org/tlog-proof) shows one entry in its author's book. The bytes
   after \"extra\" are 16 random bytes and the entry, in CBOR; they are the leaf. Programs for
   transparency logs check that it is in the tree of the checkpoint, that the author's
   book key signed the checkpoint, and that receipt keys and witnesses cosigned it, and when.
4. The .txt files say for people what the bytes say. They are signed by nobody: where it
   matters, read the bytes. spec/dossier.md and spec/record.md of the project have the forms.
{amended}{attached}
What it proves, and what it does not
------------------------------------
- The holder of the author's book key wrote the entry. Not: which person did, that it is
  true, or when, but for what others' receipts bound.
- The holder of a receipt key acknowledged storing it, by the time that its own clock said.
  Not: that anybody read it, understood it or agreed.
- A witness's cosignature shows that the entry existed by the time of that witness's clock.
  Not: what it says, which a witness never sees.
- Each time is by the clock of whoever is named with it. No clock is vouched for by another.
- An acknowledgement is its author's word that an officer dealt with it, never a permission.
- A receipt or an answer that is not here proves nothing: it may exist elsewhere.
- A stolen key speaks for its owner until that is known.
",
        name = memoranda.line_name(),
        line = line_fingerprint(memoranda),
        id = memoranda.line(),
    )
}
