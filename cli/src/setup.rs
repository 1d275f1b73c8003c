//! Setting a line up: `init` makes a party's keys, `memorandum` takes the parties from their cards to the signed
//! document that is in force.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use detente_line::notice::Field;
use detente_line::{
    Founding, Member, Memorandum, NoticeKind, Office, Quota, SEALING_MS, Terms, is_language, is_line_name,
};
use detente_record::{Fault, fingerprint, hex};
use detente_station::keyset::RecoveryKey;
use detente_station::paper::{Card, Paper, decision_text};
use detente_station::{Home, SetupError, config, duration, home, keys::Keys, length, words};
use serde_json::json;

use crate::working_group::Parent;

/// What `init` asks for.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Short name of your party on the line, such as usa
    #[arg(long)]
    party: String,
    /// Name of the line, the same for every party, such as syria
    #[arg(long)]
    line: String,
    /// Full name of your party
    #[arg(long)]
    full_name: Option<String>,
    /// Languages that you write in, the usual one first (BCP 47)
    #[arg(long = "language", default_value = "en")]
    languages: Vec<String>,
    /// Offices as NAME:RANK, the watch having rank 0
    #[arg(long = "office", default_values = ["watch officer:0", "duty officer:1", "chief of staff:2"])]
    offices: Vec<String>,
    /// Where circuits come in: an address and UDP port of this machine
    #[arg(long, default_value = "0.0.0.0:4800", value_parser = config::listen_address)]
    listen: std::net::SocketAddr,
    /// Other stations to dial, as PARTY=HOST:PORT
    #[arg(long = "peer")]
    peers: Vec<String>,
    /// Also make a recovery key, which can renew the others, and write it to this file: to be kept away from this machine
    #[arg(long, value_name = "FILE", conflicts_with = "card")]
    recovery: Option<PathBuf>,
    /// Only write the card again, from the keys that are here: as the memorandum in force has it, or as asked for
    #[arg(long, conflicts_with = "peers")]
    card: bool,
    /// Add a seal key to the keys that are here, which have none yet, and write the card again: its line `seal` goes into an amendment
    #[arg(long, conflicts_with = "peers")]
    seal_key: bool,
}

/// What can be done with a memorandum.
#[derive(Debug, Subcommand)]
pub(crate) enum Paperwork {
    /// Write a draft with the usual terms between parties, from their cards
    Draft {
        /// Name of the line; of a working group, the one that its decision gives it
        #[arg(long, required_unless_present = "working_group_of")]
        line: Option<String>,
        /// The line on this station that it is a working group of
        #[arg(long, value_name = "LINE", requires = "by")]
        working_group_of: Option<String>,
        /// The decision of that line that founds it, such as usa/A/4
        #[arg(long, value_name = "DECISION", requires = "working_group_of", value_parser = crate::draft::entry_name)]
        by: Option<String>,
        /// Cards of the parties; the first is the depositary
        #[arg(required_unless_present = "working_group_of")]
        cards: Vec<PathBuf>,
    },
    /// Show what a memorandum says, in words, with the fingerprints to read out
    Show {
        /// The memorandum
        file: PathBuf,
    },
    /// Hold a memorandum to every rule, and say who has signed it
    Check {
        /// The memorandum
        file: PathBuf,
    },
    /// Add your party's signature to a memorandum
    Sign {
        /// The memorandum
        file: PathBuf,
    },
    /// Put a memorandum that every party has signed in force here
    Adopt {
        /// The memorandum
        file: PathBuf,
        /// The amendment that admits your party, where it is not of those who founded the line
        #[arg(long, value_name = "FILE")]
        admitted_by: Option<PathBuf>,
        /// Your party has worked by it before, and its record is lost here: its books go on in their next generation
        #[arg(long)]
        after_loss: bool,
    },
}

/// What a command has to say: for people and for machines.
pub(crate) struct Said {
    /// On standard output, for people.
    pub(crate) text: String,
    /// The same for machines.
    pub(crate) json: serde_json::Value,
    /// What to do next: on standard error.
    pub(crate) next: Option<String>,
}

fn wrong(path: &Path, text: impl Into<String>, hint: &'static str) -> SetupError {
    SetupError::File { path: path.to_owned(), text: text.into(), hint: hint.into() }
}

fn office(text: &str, number: u16) -> Result<Office, SetupError> {
    let parsed = text.rsplit_once(':').and_then(|(name, rank)| Some((name.trim(), rank.parse().ok()?)));
    let Some((name, rank)) = parsed.filter(|(name, _)| !name.is_empty()) else {
        return Err(Fault::misuse("office", "NAME:RANK, such as \"watch officer:0\"", text.to_owned()).into());
    };
    Ok(Office { number, name: name.into(), rank })
}

/// The tables of the configuration for the peers to dial.
fn dials(asked: &Init) -> Result<String, SetupError> {
    let mut dials = String::new();
    for peer in &asked.peers {
        let split = peer.split_once('=').filter(|(party, at)| !party.is_empty() && config::is_address(at));
        let Some((party, address)) = split else {
            let expected = "PARTY=HOST:PORT, such as rus=192.0.2.10:4800";
            return Err(Fault::misuse("peer", expected, peer.clone()).into());
        };
        dials +=
            &format!("\n[[circuit]]\nline = {:?}\npeer = {party:?}\naddress = {address:?}\n", asked.line);
    }
    Ok(dials)
}

/// Makes a party's keys for a line, its card, and a configuration where there is none.
///
/// # Errors
/// For anything in the way; nothing is overwritten.
pub(crate) fn init(home: &Home, asked: &Init) -> Result<Said, SetupError> {
    if !is_line_name(&asked.line) {
        let expected = "[a-z][a-z0-9-]{0,31}, such as syria";
        return Err(Fault::misuse("line name", expected, asked.line.clone()).into());
    }
    if let Some(tag) = asked.languages.iter().find(|tag| !is_language(tag)) {
        return Err(Fault::misuse("language", "a BCP 47 tag such as en or ar-SY", tag.clone()).into());
    }
    let numbered = asked.offices.iter().zip(1..).map(|(text, number)| office(text, number));
    let offices = numbered.collect::<Result<Vec<_>, _>>()?;
    let full_name = asked.full_name.as_deref().unwrap_or(&asked.party);
    if asked.card || asked.seal_key {
        let path = home.keys(&asked.line);
        let mut keys = Keys::read(&path)?;
        if keys.party() != asked.party {
            return Err(Fault::misuse("party", keys.party().to_owned(), asked.party.clone()).into());
        }
        if asked.seal_key && !keys.make_seal(&path)? {
            return Err(Fault::misuse("seal key", "none yet", "one: --card writes the card again").into());
        }
        let fresh = keys.card(full_name, asked.languages.clone(), offices);
        let seal = fresh.seal;
        let mut member = named_in_force(home, &asked.line)?.unwrap_or(fresh);
        if asked.seal_key {
            member.seal = seal;
        }
        return write_card(home, asked, &member);
    }
    let keys = Keys::generate(&asked.party)?;
    let mut member = keys.card(full_name, asked.languages.clone(), offices);
    let recovery =
        asked.recovery.as_ref().map(|file| Ok::<_, SetupError>((file, RecoveryKey::generate(&asked.party)?)));
    let recovery = recovery.transpose()?;
    if let Some((_, recovery)) = &recovery {
        recovery.sign_card(&mut member);
    }
    member.check()?;
    let dials = dials(asked)?;
    let config = home.config();
    if config.exists() && !dials.is_empty() {
        let text = format!("expected no configuration, to write the peers into, found one; add to it{dials}");
        return Err(wrong(&config, text, "add these tables to it by hand, then repeat this without --peer"));
    }
    home.make(&home.line(&asked.line))?;
    if let Some((file, recovery)) = &recovery {
        recovery.write(file)?;
    }
    keys.write(&home.keys(&asked.line))?;
    let said = write_card(home, asked, &member)?;
    if !config.exists() {
        let text =
            format!("# How this station runs. Read again at SIGHUP.\nlisten = \"{}\"\n{dials}", asked.listen);
        home::write(&config, &text, 0o600, false)?;
    }
    Ok(said)
}

/// This party as the memorandum in force names it; `None` where none is.
fn named_in_force(home: &Home, line: &str) -> Result<Option<Member>, SetupError> {
    let path = home.enrolling(line);
    if !path.exists() {
        return Ok(None);
    }
    let memorandum = Paper::read(&path)?.memorandum(&path)?;
    let keys = own_keys(home, &memorandum)?;
    Ok(memorandum.party_named(keys.party()).and_then(|party| memorandum.member(party)).cloned())
}

/// Writes a party's card, where there is none.
fn write_card(home: &Home, asked: &Init, member: &Member) -> Result<Said, SetupError> {
    member.check()?;
    let card = home.line(&asked.line).join(format!("{}.party.toml", asked.party));
    let text = toml::to_string_pretty(&Card::of(member)).unwrap_or_default();
    home::write(
        &card,
        &format!("# The card of {}: give it to the other parties. It holds no secret.\n{text}", asked.party),
        0o644,
        false,
    )?;
    let print = fingerprint(&member.fingerprint_subject());
    Ok(Said {
        text: format!("card         {}\nfingerprint  {print}\n", card.display()),
        json: json!({"card": card, "fingerprint": print, "party": asked.party, "line": asked.line}),
        next: Some(match member.recovery_key {
            Some(_) => "keep the recovery key away from this machine; give the card to the other parties, and read them its fingerprint over a \
                        telephone; then `detente memorandum draft`"
                .into(),
            None => "give the card to the other parties, and read them its fingerprint over a telephone; then `detente memorandum draft`. Without a \
                     recovery key (`detente keys recovery init`) these keys can never be renewed"
                .into(),
        }),
    })
}

fn show(path: &Path) -> Result<Said, SetupError> {
    let paper = Paper::read(path)?;
    let memorandum = paper.memorandum(path)?;
    let terms = memorandum.terms();
    let missing = paper.missing(path)?;
    let (line_print, text) = (fingerprint(&memorandum.hash()), duration::text);
    let mut out = format!(
        "Memorandum of the line \"{}\"\n\n  hash         {}\n  fingerprint  {line_print}\n\nParties\n",
        terms.name,
        hex(&memorandum.hash())
    );
    for member in &terms.parties {
        let signed = if missing.contains(&member.name) { "not signed" } else { "signed" };
        out += &format!(
            "  {:<16} {}, writes {}; {signed}\n  {:<16} fingerprint {}\n",
            member.name,
            member.full_name,
            member.languages.join(", "),
            "",
            fingerprint(&member.fingerprint_subject()),
        );
        let offices = member.offices.iter().map(|office| format!("{} (rank {})", office.name, office.rank));
        out += &format!("  {:<16} offices: {}\n", "", offices.collect::<Vec<_>>().join(", "));
    }
    for observer in memorandum.observers() {
        out += &format!(
            "\nObserver\n  {:<16} {}, writes {}\n  {:<16} fingerprint {}\n",
            observer.name,
            observer.full_name,
            observer.languages.join(", "),
            "",
            fingerprint(&observer.key),
        );
    }
    let handling = ["FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE"].iter().zip(&terms.handling_ms);
    let handling: Vec<String> = handling.map(|(word, ms)| format!("{word} {}", text(*ms))).collect();
    out += &format!("\nHandled within   {}\n", handling.join(", "));
    for step in &terms.escalations {
        let class = detente_record::Class::from_number(step.class).map(|class| class.letter()).unwrap_or('?');
        out += &format!(
            "Escalation       {class} open for {}: rank {} is called\n",
            text(step.after_ms),
            step.rank
        );
    }
    let consent = if terms.suspension.consent {
        "needs a carried motion"
    } else {
        "is the suspending party's own word"
    };
    let veto: Vec<String> = terms
        .rule
        .veto
        .iter()
        .filter_map(|n| terms.parties.iter().find(|m| m.number == *n))
        .map(|m| m.name.clone())
        .collect();
    out += &format!("Reopening        {consent}\n");
    out += &format!(
        "Motions          {} for of {} carry{}; open for at most {}\n",
        terms.rule.threshold,
        terms.parties.len(),
        if veto.is_empty() { String::new() } else { format!(", veto: {}", veto.join(", ")) },
        text(terms.rule.window_ms),
    );
    out += &format!(
        "Depositary       {}\n",
        memorandum.depositary().map(|party| memorandum.name_of(party)).unwrap_or_default()
    );
    out += &format!(
        "Tests            every {}, {} late at most\n",
        text(terms.tests.interval_ms),
        text(terms.tests.grace_ms)
    );
    if let Some(within_ms) = terms.tests.checkpoint_ms {
        out += &format!("                 on a narrow circuit signed within {}\n", text(within_ms));
    }
    for notice in &terms.notices {
        let ahead = |ms: u64| if ms == 0 { "at once".to_owned() } else { format!("{} ahead", text(ms)) };
        let nature = notice.nature().name();
        let nature = if notice.name == nature { String::new() } else { format!(" ({nature})") };
        let emergency = notice.emergency_lead_ms.map_or_else(|| "never".into(), ahead);
        out += &format!(
            "Notice           {}{nature}: {}, in an emergency {emergency}\n",
            notice.name,
            ahead(notice.lead_ms)
        );
        out += &asked_of(notice);
    }
    out += &rest(terms);
    let quotas = QUOTA_BOOKS.iter().zip(&terms.quotas);
    let quotas = quotas.map(|(book, quota)| (book.to_string(), json!([quota.entries, quota.bytes])));
    let circuits = terms.circuits.iter().flatten();
    let json = json!({
        "name": terms.name,
        "hash": hex(&memorandum.hash()),
        "quotas": quotas.collect::<serde_json::Map<_, _>>(),
        "passes": passes(terms),
        "two_officers": terms.two_officers.as_deref().map(names).unwrap_or_default(),
        "circuits": circuits.map(|c| json!({"name": c.name, "kind": c.kind})).collect::<Vec<_>>(),
        "fingerprint": line_print,
        "parent": terms.parent.map(|hash| hex(&hash)),
        "founding": terms.founding.as_ref().map(|founding| json!({
            "decision": founding.decision().map(decision_text).ok(), "sha256": hex(&founding.sha256),
        })),
        "parties": terms.parties.iter().map(|m| json!({
            "name": m.name, "full_name": m.full_name, "number": m.number,
            "fingerprint": fingerprint(&m.fingerprint_subject()), "signed": !missing.contains(&m.name),
        })).collect::<Vec<_>>(),
        "observers": memorandum.observers().iter().map(|observer| json!({
            "name": observer.name, "full_name": observer.full_name, "fingerprint": fingerprint(&observer.key),
        })).collect::<Vec<_>>(),
        "missing": missing,
        "handling_ms": terms.handling_ms,
    });
    Ok(Said {
        text: out,
        json,
        next: Some("compare every fingerprint with its party over a telephone before you sign".into()),
    })
}

/// The books, in the order of a memorandum's quotas.
const QUOTA_BOOKS: [&str; 5] = ["FLASH", "acts", "IMMEDIATE", "PRIORITY", "ROUTINE"];

/// The kinds that pass while the line is suspended, beyond those that always do.
fn passes(terms: &Terms) -> Vec<String> {
    names(&terms.suspension.passes)
}

fn names(kinds: &[u16]) -> Vec<String> {
    let name = |number: &u16| words::kind_name(*number).map_or_else(|| number.to_string(), str::to_owned);
    kinds.iter().map(name).collect()
}

fn bytes(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes} bytes"), |(unit, name)| format!("{} {name}", bytes / unit))
}

/// What else is asked of a kind of notice.
fn asked_of(notice: &NoticeKind) -> String {
    let mut asked = Vec::new();
    let required: Vec<&str> = notice.required().map(Field::name).collect();
    if !required.is_empty() {
        asked.push(format!("requires {}", required.join(", ")));
    }
    let minima = notice.minima();
    let lengths = [(minima.distance_mm, "to the sides"), (minima.vertical_mm, "above and below")];
    let lengths =
        lengths.into_iter().filter_map(|(mm, way)| Some(format!("{} {way}", length::text(mm?.into()))));
    let time = minima.time_ms.map(|time_ms| format!("{} before and after", duration::text(time_ms)));
    let room: Vec<String> = lengths.chain(time).collect();
    if !room.is_empty() {
        asked.push(format!("room of {} at the least", room.join(", ")));
    }
    if let Some(ppm) = notice.tolerance_ppm {
        asked.push(format!("covers to {} %", f64::from(ppm) / 10_000.0));
    }
    let width = |mm: u32| format!("a way of {} to either side where none is said", length::text(mm.into()));
    asked.extend(notice.half_width_mm.map(width));
    asked.extend(notice.review_ms.map(|review_ms| format!("reviewed within {}", duration::text(review_ms))));
    asked.iter().map(|line| format!("                 {line}\n")).collect()
}

/// What passes while suspended, quotas, circuits, and the documents that this one names.
fn rest(terms: &Terms) -> String {
    let mut passing = vec!["acts, acknowledgements, tests, safety of life".to_owned()];
    passing.extend(passes(terms));
    let mut rows = vec![("While suspended", format!("{} pass", passing.join(", ")))];
    let quota = |(book, quota): (&&str, &Quota)| {
        ("Quota a day", format!("{book}: {} entries, {}", quota.entries, bytes(quota.bytes)))
    };
    rows.extend(QUOTA_BOOKS.iter().zip(&terms.quotas).map(quota));
    rows.extend(terms.two_officers.as_ref().map(|kinds| ("Two officers release", names(kinds).join(", "))));
    let circuits = terms.circuits.as_deref().unwrap_or_default();
    rows.extend(circuits.iter().map(|circuit| ("Circuit", format!("{}: {}", circuit.name, circuit.kind))));
    if circuits.is_empty() {
        rows.push(("Circuit", "none is agreed on".to_owned()));
    }
    let sealing = terms.parties.iter().filter(|member| member.seal.is_some());
    let sealing: Vec<&str> = sealing.map(|member| member.name.as_str()).collect();
    if !sealing.is_empty() {
        let every = duration::text(terms.sealing_ms.unwrap_or(SEALING_MS));
        rows.push(("Seals", format!("every {every}, by {}", sealing.join(", "))));
    }
    let named = [
        ("Amends", &terms.predecessor),
        ("Working group of", &terms.parent),
        ("Refounds", &terms.refounds),
        ("Plain text", &terms.text),
        ("Packed with", &terms.dictionary),
    ];
    rows.extend(named.into_iter().filter_map(|(label, hash)| Some((label, hex(&(*hash)?)))));
    let founding = |founding: &Founding| {
        let decision = founding.decision().map(decision_text).unwrap_or_default();
        ("Founded by", format!("{decision} there, SHA-256 {}", hex(&founding.sha256)))
    };
    rows.extend(terms.founding.as_ref().map(founding));
    rows.into_iter().map(|(label, value)| format!("{label:<16} {value}\n")).collect()
}

/// The keys that this party has for the memorandum's line.
fn own_keys(home: &Home, memorandum: &Memorandum) -> Result<Keys, SetupError> {
    let path = home.keys(&memorandum.terms().name);
    let keys = Keys::read(&path)?;
    let named = memorandum.party_named(keys.party()).and_then(|party| memorandum.member(party));
    if named.is_none_or(|member| member.book_key != *keys.book_key().public().bytes()) {
        return Err(wrong(
            &path,
            format!("these keys of {} are not those that the memorandum names", keys.party()),
            "draft the memorandum again from the card in this folder",
        ));
    }
    Ok(keys)
}

/// The amendment that admits a party to the line that a memorandum founded.
///
/// # Errors
/// For a memorandum that founds a line itself, or is of another line.
fn admission(path: &Path, founding: &Memorandum) -> Result<(Paper, Memorandum), SetupError> {
    let paper = Paper::read(path)?;
    let amendment = paper.memorandum(path)?;
    let amends = amendment.terms().predecessor.is_some() && amendment.terms().name == founding.terms().name;
    if amends {
        return Ok((paper, amendment));
    }
    let found = if amendment.terms().predecessor.is_none() {
        "one without a predecessor, which founds a line".to_owned()
    } else {
        format!("one of the line {}", amendment.terms().name)
    };
    Err(wrong(
        path,
        format!("expected an amendment of the line {}, found {found}", founding.terms().name),
        "`detente motion list --json` at a member names the one that was carried; `detente memorandum in-force` there writes it",
    ))
}

/// Leaves a mark that no record fits, as a record that is lost leaves its own: so the station says nothing under a name
/// that it may have used before.
///
/// # Errors
/// Where there is a record.
fn begin_after_loss(home: &Home, line: &str) -> Result<(), SetupError> {
    let (store, mark) = (home.store(line), home.mark(line));
    if store.exists() {
        let hint = "adopt without --after-loss; if the record is damaged, move its folder away first";
        return Err(wrong(&store, "expected no record, since it is lost, found one", hint));
    }
    if mark.exists() {
        return Ok(());
    }
    home.make(mark.parent().unwrap_or(home.path()))?;
    home::write(&mark, "lost\n", 0o600, false)
}

/// Carries out a command on a memorandum.
///
/// # Errors
/// For anything in the way.
pub(crate) fn paperwork(home: &Home, asked: &Paperwork, parent: Option<&Parent>) -> Result<Said, SetupError> {
    match asked {
        Paperwork::Draft { line, cards, .. } => {
            let read = cards.iter().map(|path| Card::read(path)).collect::<Result<Vec<_>, _>>()?;
            let group = parent.map(|parent| &parent.name);
            let mut paper = Paper::draft(line.as_ref().or(group).map_or("", String::as_str), read);
            if let Some(parent) = parent {
                parent.name_in(&mut paper);
            }
            let memorandum = paper.memorandum(Path::new("the draft"))?;
            let hash = hex(&memorandum.hash());
            Ok(Said {
                text: paper.text(),
                json: json!({"memorandum": paper.text(), "hash": hash}),
                next: Some("save this as memorandum.toml, agree on its terms, then every party runs `detente memorandum sign memorandum.toml`".into()),
            })
        }
        Paperwork::Show { file } => show(file),
        Paperwork::Check { file } => {
            let paper = Paper::read(file)?;
            let memorandum = paper.memorandum(file)?;
            let missing = paper.missing(file)?;
            let (hash, print) = (hex(&memorandum.hash()), fingerprint(&memorandum.hash()));
            let signed = if missing.is_empty() {
                "signed by every party".into()
            } else {
                format!("not signed by {}", missing.join(", "))
            };
            Ok(Said {
                text: format!("sound, {signed}\nhash         {hash}\nfingerprint  {print}\n"),
                json: json!({"sound": true, "hash": hash, "fingerprint": print, "missing": missing}),
                next: None,
            })
        }
        Paperwork::Sign { file } => {
            let mut paper = Paper::read(file)?;
            let memorandum = paper.memorandum(file)?;
            let keys = own_keys(home, &memorandum)?;
            paper.add_signature(keys.party(), &memorandum.sign(&keys.book_key()));
            home::write(file, &paper.text(), 0o644, true)?;
            let missing = paper.missing(file)?;
            let next = if missing.is_empty() {
                "every party has signed: each runs `detente memorandum adopt`".into()
            } else {
                format!("give the file to {}", missing.join(", "))
            };
            Ok(Said {
                text: format!("signed by {}\n", keys.party()),
                json: json!({"signed": keys.party(), "missing": missing}),
                next: Some(next),
            })
        }
        Paperwork::Adopt { file, admitted_by, after_loss } => {
            let paper = Paper::read(file)?;
            let memorandum = paper.memorandum(file)?;
            let missing = paper.missing(file)?;
            if !missing.is_empty() {
                return Err(SetupError::Unsigned { path: file.clone(), missing: missing.join(", ") });
            }
            let admission = admitted_by.as_ref().map(|path| admission(path, &memorandum)).transpose()?;
            let keys = match &admission {
                Some((_, amendment)) => own_keys(home, amendment)?,
                None => own_keys(home, &memorandum)?,
            };
            let name = &memorandum.terms().name;
            if *after_loss {
                begin_after_loss(home, name)?;
            }
            let in_force = home.memorandum(name);
            if in_force.exists() {
                let same = Paper::read(&in_force)?.memorandum(&in_force)?.hash() == memorandum.hash();
                if !same {
                    return Err(SetupError::InForce { path: in_force });
                }
                return Ok(Said {
                    text: format!("in force already: line {name}\n"),
                    json: json!({"line": name, "party": keys.party(), "hash": hex(&memorandum.hash())}),
                    next: Some("start the station: `detente run`".into()),
                });
            }
            if let Some((paper, _)) = &admission {
                home::write(&home.admission(name), &paper.text(), 0o600, true)?;
            }
            home::write(&home.memorandum(name), &paper.text(), 0o600, false)?;
            Ok(Said {
                text: format!(
                    "in force: line {name}, {} speaks for {}\n",
                    home.path().display(),
                    keys.party()
                ),
                json: json!({"line": name, "party": keys.party(), "hash": hex(&memorandum.hash())}),
                next: Some("start the station: `detente run`".into()),
            })
        }
    }
}
