//! `drill`: circuits cut on purpose, one after the other, and what was seen of it: what carried a message meanwhile, how long it took, and whether the
//! circuit came back.
//!
//! The station gives back what it withholds by itself, also when this command is gone. What is said on the record is said to be an exercise, and withdrawn at the
//! end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use clap::Args;
use detente_station::{Home, duration};
use serde_json::{Value, json};

use crate::answer::{Answer, Field};
use crate::failure::Failure;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::page::Page;

/// Between two looks at a station.
const LOOK: Duration = Duration::from_millis(50);
/// How long a circuit that was given back may take to be there again.
const BACK: Duration = Duration::from_secs(60);
/// How much longer a circuit is withheld than the command waits, should the command go away.
const SPARE_MS: u64 = 2_000;

/// What `drill` takes.
#[derive(Debug, Args)]
pub(crate) struct Drill {
    /// Only this circuit, by its name in `detente circuits`; may be given several times
    #[arg(long, value_name = "NAME")]
    circuit: Vec<String>,
    /// How long each circuit is cut at most, up to 10m
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = cut_length)]
    long: u64,
    /// Leave circuits standing and silent, as a cable does that was cut far away, instead of closing them
    #[arg(long)]
    dark: bool,
    /// Cut a circuit even where no other one to that party works: nothing may get through until it is given back
    #[arg(long, requires = "circuit")]
    last: bool,
    #[command(flatten)]
    line: LineArgs,
}

fn cut_length(text: &str) -> Result<u64, String> {
    let ms = duration::parse(text)?;
    match (1_000..=595_000).contains(&ms) {
        true => Ok(ms),
        false => Err(format!("expected 1s to 595s, found {text}")),
    }
}

/// A circuit as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    peer: String,
    name: String,
}

/// What a message of the drill came to.
#[derive(Debug, Default)]
struct Probe {
    /// Until the party had receipted it, ms; nothing where it did not in time.
    receipted_ms: Option<u64>,
    /// The circuits that steps went on meanwhile.
    carried_by: Vec<String>,
}

/// Carries out a drill.
///
/// # Errors
/// When the station gives no answer, or there is nothing to cut.
pub(crate) async fn drill(asked: &Drill, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let before = on.get("/circuits").await?;
    let wanted: Vec<Named> = up(&before)
        .into_iter()
        .filter(|circuit| asked.circuit.is_empty() || asked.circuit.contains(&circuit.name))
        .collect();
    if wanted.is_empty() {
        let (expected, hint) =
            ("a circuit that is up", "`detente circuits` shows which are, and by which name");
        return Err(Failure::failed("NoCircuit", "drill", expected, "none of those meant", hint));
    }
    let text = format!(
        "EXERCISE EXERCISE EXERCISE. {} cuts circuits of its own by way of a drill, each for at most {}. No answer is needed.",
        on.party,
        duration::text(asked.long)
    );
    let mut told = Told { said: vec![say(&on, &text).await?], ..Told::default() };
    let exercised = exercise(asked, &on, wanted, &mut told, out).await;
    // However it went: nobody is to answer any of it.
    for entry in &told.said {
        let withdrawal = json!({"kind": "withdrawal", "regards": [entry], "reason": "The drill is over."});
        on.post("/entries", &withdrawal, Duration::ZERO).await.map_err(Failure::from)?;
    }
    exercised?;
    let Told { said, cuts, skipped } = told;
    let report = json!({"cuts": cuts, "skipped": skipped, "said": said});
    if out.is_json() {
        return out.data(&report.to_string());
    }
    out.data(&page(out, &report))
}

/// What came of a drill.
#[derive(Debug, Default)]
struct Told {
    /// What was said on the record.
    said: Vec<String>,
    cuts: Vec<Value>,
    skipped: Vec<Value>,
}

async fn exercise(
    asked: &Drill,
    on: &OnLine,
    wanted: Vec<Named>,
    told: &mut Told,
    out: &Output,
) -> Result<(), Failure> {
    for circuit in wanted {
        let Named { peer, name } = &circuit;
        let body = json!({
            "peer": peer, "name": name, "for_ms": asked.long + SPARE_MS, "dark": asked.dark, "last": asked.last,
        });
        let usual = probe(on, &circuit, &mut told.said, asked.long).await?;
        if let Err(trouble) = on.post("/circuits/withhold", &body, Duration::ZERO).await {
            let why = Failure::from(trouble);
            out.remark(&format!("{name} to {peer}: not cut"));
            told.skipped.push(json!({"peer": peer, "name": name, "why": why.to_string()}));
            continue;
        }
        out.remark(&format!("{name} to {peer}: cut"));
        let cut = probe(on, &circuit, &mut told.said, asked.long).await;
        // Given back whatever has happened, and before anything else.
        let back = json!({"peer": peer, "name": name, "for_ms": 0});
        let given_back = on.post("/circuits/withhold", &back, Duration::ZERO).await;
        let mut cut = cut?;
        // What went on a dark one got nowhere.
        cut.carried_by.retain(|carries| carries != name);
        given_back.map_err(Failure::from)?;
        out.remark(&format!("{name} to {peer}: given back"));
        let back_ms = restored(on, &circuit).await?;
        told.cuts.push(json!({
            "peer": peer, "name": name, "dark": asked.dark,
            "usual_ms": usual.receipted_ms, "usually_by": usual.carried_by,
            "cut_ms": cut.receipted_ms, "carried_by": cut.carried_by, "back_ms": back_ms,
        }));
    }
    Ok(())
}

/// The circuits that are up.
fn up(answer: &Answer) -> BTreeSet<Named> {
    let up =
        answer.at("circuits").list().filter(|one| one.at("state").is("up") || one.at("state").is("late"));
    up.map(named).collect()
}

fn named(one: Field<'_>) -> Named {
    Named { peer: one.at("peer").or_unknown(), name: one.at("name").or_unknown() }
}

/// How many steps have gone on each circuit that is there, whatever its state, by its number.
fn steps(answer: &Answer) -> BTreeMap<u64, (Named, u64)> {
    let all = answer.at("circuits").list();
    all.filter_map(|one| Some((one.at("id").number()?, (named(one), one.at("steps").number()?)))).collect()
}

/// Says something on the record; gives the entry's name.
async fn say(on: &OnLine, text: &str) -> Result<String, Failure> {
    let message = json!({"kind": "message", "precedence": "routine", "text": text});
    let answer = on.post("/entries", &message, Duration::ZERO).await.map_err(Failure::from)?;
    Ok(answer.at("entry").or_unknown())
}

/// Says something, and watches for at most so long until a party has receipted it, and what carries it.
async fn probe(on: &OnLine, circuit: &Named, said: &mut Vec<String>, most_ms: u64) -> Result<Probe, Failure> {
    let mut before = steps(&on.get("/circuits").await?);
    let mut carried = BTreeSet::new();
    let began = Instant::now();
    let entry = say(on, "EXERCISE: is it there?").await?;
    said.push(entry.clone());
    let (book, number) = entry.rsplit_once('/').unwrap_or_default();
    let number: u64 = number.parse().unwrap_or(u64::MAX);
    let mut receipted_ms = None;
    while receipted_ms.is_none() && began.elapsed() < Duration::from_millis(most_ms) {
        tokio::time::sleep(LOOK).await;
        let books = on.get("/books").await?;
        let mut of = books.at("books").list().filter(|one| one.at("book").is(book));
        let size = of.next().and_then(|one| one.at("receipts").at(&circuit.peer).at("size").number());
        if size.is_some_and(|size| size >= number) {
            receipted_ms = Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        }
        let now = steps(&on.get("/circuits").await?);
        // One that was made anew counts from nothing.
        let count = |id: &u64| before.get(id).map_or(0, |(_, steps)| *steps);
        let grown =
            now.iter().filter(|(id, (named, steps))| named.peer == circuit.peer && *steps > count(id));
        carried.extend(grown.map(|(_, (named, _))| named.name.clone()));
        before = now;
    }
    Ok(Probe { receipted_ms, carried_by: carried.into_iter().collect() })
}

/// Waits until a circuit is there again; gives how long that took, ms, or nothing.
async fn restored(on: &OnLine, circuit: &Named) -> Result<Option<u64>, Failure> {
    let began = Instant::now();
    while began.elapsed() < BACK {
        if up(&on.get("/circuits").await?).contains(circuit) {
            return Ok(Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(None)
}

fn page(out: &Output, report: &Value) -> String {
    let mut page = Page::new(out);
    let ms = |value: Option<u64>| value.map_or_else(|| "not in time".to_owned(), |ms| format!("{ms} ms"));
    let whole = Answer::of(report.clone());
    for cut in whole.at("cuts").list() {
        page.heading(&format!("{} TO {}", cut.at("name").or_unknown(), cut.at("peer").or_unknown()));
        let by = |field: Field<'_>| field.joined().unwrap_or_else(|| "none".into());
        let number = |field: &str| cut.at(field).number();
        page.row(
            "  usually",
            &format!("receipted in {}, by {}", ms(number("usual_ms")), by(cut.at("usually_by"))),
        );
        let without = format!("receipted in {}, by {}", ms(number("cut_ms")), by(cut.at("carried_by")));
        let tone = if number("cut_ms").is_some() { Tone::Good } else { Tone::Bad };
        page.row("  without it", &out.paint(tone, &without));
        let back = number("back_ms");
        let text = back.map_or_else(
            || "not within a minute".to_owned(),
            |ms| format!("{ms} ms after it was given back"),
        );
        page.row("  up again", &out.paint(if back.is_some() { Tone::Good } else { Tone::Bad }, &text));
    }
    for one in whole.at("skipped").list() {
        page.heading(&format!("{} TO {}  not cut", one.at("name").or_unknown(), one.at("peer").or_unknown()));
        page.row("  why", &one.at("why").or_unknown());
    }
    page.text().to_owned()
}
