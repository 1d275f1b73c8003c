//! How long a council's record of motions takes to fold: fifteen members, nine votes and five vetoes, and ten thousand
//! motions, each voted on by all and decided.
//!
//! Every act is held to those before it and taken in, as at the start of a station without a kept state; then every motion
//! is asked for with its decision. Reading entries from a store and checking signatures is not in it: `large` and
//! `verify` measure that.

use std::sync::Arc;
use std::time::Instant;

use detente_line::{Acts, Choice, Content, Matter, Memorandum, Office, Outcome, Under};
use detente_record::{Book, Class, Cut, EntryRef, Party};
use detente_station::keys::Keys;
use detente_station::paper::{Card, Paper};

use crate::Outcome as Measured;
use crate::figure::{Figure, Goal};

const MEMBERS: u8 = 15;
const VETO_HOLDERS: usize = 5;
const MOTIONS: u64 = 10_000;

/// An act, and what it knew of acts.
struct Act {
    name: EntryRef,
    regards: Vec<EntryRef>,
    content: Content,
    under: Under,
}

/// A record of acts as it grows; everybody has heard everything.
struct Written {
    acts: Vec<Act>,
    cut: Cut,
}

impl Written {
    fn say(&mut self, author: Party, heard: &Arc<Cut>, regards: Vec<EntryRef>, content: Content) -> EntryRef {
        let book = Book { generation: 0, party: author, class: Class::A };
        let size = self.cut.entry(book).or_default();
        let under = Under::new(Arc::clone(heard), Some((book, *size)));
        *size += 1;
        let name = EntryRef { book, number: *size };
        self.acts.push(Act { name, regards, content, under });
        name
    }

    fn heard(&self) -> Arc<Cut> {
        Arc::new(self.cut.clone())
    }
}

fn council() -> Measured<Memorandum> {
    let watch = Office { number: 1, name: "watch officer".into(), rank: 0 };
    let card = |member: u8| -> Measured<Card> {
        let keys = Keys::generate(&format!("member-{member}"))?;
        Ok(Card::of(&keys.card(keys.party(), vec!["en".into()], vec![watch.clone()])))
    };
    let mut paper = Paper::draft("council", (0..MEMBERS).map(card).collect::<Measured<_>>()?);
    paper.motions.votes_to_carry = 9;
    paper.motions.veto = paper.party.iter().take(VETO_HOLDERS).map(|party| party.name.clone()).collect();
    Ok(paper.memorandum("council.toml".as_ref())?)
}

/// Every motion with all its votes and its decision; one in four is vetoed.
fn record(motions: u64) -> Measured<Vec<Act>> {
    let members = (0..MEMBERS).map(Party::new).collect::<Result<Vec<_>, _>>()?;
    let mut written = Written { acts: Vec::new(), cut: Cut::new() };
    let mut before = None;
    for number in 0..motions {
        let mover = members[number as usize % members.len()];
        let content =
            Content::Motion { matter: Matter::Resolve, text: format!("Motion {number}."), closes_ms: 1 };
        let motion = written.say(mover, &written.heard(), Vec::new(), content);
        let heard = written.heard();
        let mut votes = Vec::new();
        let vetoed = number % 4 == 0;
        for member in &members {
            let choice = if vetoed && *member == members[1] { Choice::Against } else { Choice::For };
            votes.push(written.say(*member, &heard, vec![motion], Content::Vote { choice, text: None }));
        }
        let outcome = if vetoed { Outcome::Defeated } else { Outcome::Carried };
        let decide = Content::Decide { outcome, votes, before };
        before = Some(written.say(members[0], &written.heard(), vec![motion], decide));
    }
    Ok(written.acts)
}

/// Measures.
///
/// # Errors
/// If an act is not sound, or a motion is not decided as its votes say.
pub(crate) fn measure(quick: bool) -> Measured<Vec<Figure>> {
    eprintln!("bench: a council's motions");
    let motions = if quick { MOTIONS / 10 } else { MOTIONS };
    let founding = council()?;
    let record = record(motions)?;
    let last = record.last().ok_or("no act")?;
    let all = Under::new(Arc::new(Cut::from([(last.name.book, last.name.number)])), None);
    let mut times_ms = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let mut acts = Acts::default();
        for Act { name, regards, content, under } in &record {
            acts.judge(&founding, *name, regards, content, 1, under)?;
            acts.admit(*name, regards, content, 1);
        }
        let folded_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let everything = record.iter().fold(Cut::new(), |mut cut, act| {
            cut.insert(act.name.book, act.name.number);
            cut
        });
        let everything = Under::new(Arc::new(everything), None);
        let asked = Instant::now();
        let carried = acts
            .motions(&everything)
            .into_iter()
            .filter(|(_, decision)| decision.is_some_and(|decision| decision.outcome == Outcome::Carried));
        let (carried, open) = (carried.count() as u64, acts.open_motions(&everything).len());
        times_ms.push((folded_ms + asked.elapsed().as_secs_f64() * 1_000.0, folded_ms));
        if (carried, open) != (motions - motions.div_ceil(4), 0) || acts.last_decision(&all).is_none() {
            return Err(format!("{carried} of {motions} motions are carried, {open} are open").into());
        }
    }
    times_ms.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (whole_ms, folded_ms) = times_ms[times_ms.len() / 2];
    let acts = record.len();
    Ok(vec![
        Figure::alone(
            format!("a council of {MEMBERS}: {motions} motions, {acts} acts judged, folded and asked for"),
            whole_ms,
            "ms",
            Goal::AtMost(100.0),
        ),
        Figure::alone("of which until all acts are judged and taken in", folded_ms, "ms", Goal::None),
    ])
}
