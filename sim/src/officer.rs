//! Officers: what people ask of their station, at random, from what it shows them.
//!
//! An officer is honest and clumsy: some of what it asks is refused, and must be.

use std::collections::BTreeMap;
use std::sync::Arc;

use detente_line::airspace::altitude::{Band, Datum, Limit};
use detente_line::airspace::area::Area;
use detente_line::airspace::span::Span;
use detente_line::airspace::volume::Volume;
use detente_line::{
    Amendment, Choice, Content, Draft, Duty, Line, Matter, Member, Memorandum, Message, Notice, Observer,
    Position, Stance, Terms,
};
use detente_record::{Class, Cut, EntryRef, SecretKey, possession_message};

use crate::observer::{self, BOARD, GUEST};
use crate::rng::Rng;
use crate::scenario::Scenario;

fn draft(class: Option<Class>, regards: Vec<EntryRef>, content: Content) -> Draft {
    Draft { regards, ..Draft::of(class, content) }
}

fn text(rng: &mut Rng, long: bool) -> String {
    let length = if long && rng.chance(300) { rng.within(1, 12_000) } else { rng.within(1, 120) };
    (0..length).map(|_| char::from(b'a' + rng.below(26) as u8)).collect()
}

fn message(rng: &mut Rng, long: bool) -> Message {
    Message { text: text(rng, long), ..Message::default() }
}

fn position(rng: &mut Rng) -> Position {
    Position { lat: rng.below(900_000_000) as i32, lon: rng.below(1_800_000_000) as i32 }
}

/// A box with a corner anywhere, at any height, for a time that may have no end.
fn volume(rng: &mut Rng, now_ms: u64) -> Option<Volume> {
    let Position { lat: north, lon: east } = position(rng);
    let (south, west) = (north - rng.within(1, 1_000_000) as i32, east - rng.within(1, 1_000_000) as i32);
    let corners = [(south, west), (south, east), (north, east), (north, west)];
    let area = Area::new(&corners.map(|(lat, lon)| Position { lat, lon }), &[]).ok()?;
    let from_ms = now_ms + rng.below(86_400_000);
    let span = match rng.chance(900) {
        true => Span::new(from_ms, from_ms + rng.below(86_400_000)),
        false => Span::since(from_ms),
    };
    let limit = |mm| Limit { mm, datum: Datum::Amsl };
    let (lower, upper) = (rng.chance(500).then_some(limit(0)), rng.chance(500).then_some(limit(9_000_000)));
    Some(Volume::new(area, Band::new(lower, upper, None).ok()?, span.ok()?))
}

fn notice(rng: &mut Rng, now_ms: u64) -> Notice {
    Notice {
        kind: "exercise".into(),
        text: text(rng, false),
        volumes: (0..rng.within(1, 3)).filter_map(|_| volume(rng, now_ms)).collect(),
        fields: BTreeMap::new(),
        emergency: false,
        waypoints: Vec::new(),
    }
}

fn class(rng: &mut Rng) -> Class {
    [Class::Z, Class::O, Class::P, Class::R][rng.below(4) as usize]
}

/// What an officer of a line's own party asks for next; `guests` are those who founded nothing and may be let in.
pub(crate) fn asks(
    line: &Line,
    now_ms: u64,
    scenario: &Scenario,
    guests: &[&Member],
    rng: &mut Rng,
) -> Draft {
    let owed: Vec<EntryRef> = line.facts().owed().keys().copied().collect();
    let awaited: Vec<EntryRef> = line.facts().awaited().keys().copied().collect();
    if scenario.acts && rng.chance(250) {
        return act(line, now_ms, scenario, guests, rng);
    }
    let subject = rng.pick(&owed).copied();
    let own = rng.pick(&awaited).copied();
    match (rng.below(20), subject, own) {
        (0..4, Some(subject), _) => draft(
            None,
            vec![subject],
            Content::Acknowledgement { text: rng.chance(300).then(|| text(rng, false)) },
        ),
        (4, Some(subject), _) => draft(None, vec![subject], Content::PassedOn { to: "those who act".into() }),
        (5, Some(subject), _) => {
            let position = rng.chance(500).then(|| position(rng));
            draft(None, vec![subject], Content::ReadBack { text: text(rng, false), position })
        }
        (6, Some(subject), _) => draft(None, vec![subject], Content::Displayed),
        (7, Some(subject), _) => {
            let answer = Message { answers: Some(true), ..message(rng, false) };
            let second = rng.pick(&owed).filter(|second| **second != subject);
            let regards = [subject].into_iter().chain(second.copied()).collect();
            draft(rng.chance(500).then(|| class(rng)), regards, Content::Message(answer))
        }
        (8, _, Some(own)) => draft(
            rng.chance(500).then(|| class(rng)),
            vec![own],
            Content::Amendment(if rng.chance(700) {
                Amendment::Text(text(rng, scenario.long))
            } else {
                Amendment::Notice(notice(rng, now_ms))
            }),
        ),
        (9, _, Some(own)) => {
            draft(rng.chance(500).then(|| class(rng)), vec![own], Content::Withdrawal { reason: None })
        }
        (10, ..) => draft(None, Vec::new(), Content::Cease { position: position(rng), text: None }),
        (11, ..) => draft(Some(class(rng)), Vec::new(), Content::Notice(notice(rng, now_ms))),
        (12, ..) => {
            let duty = [Duty::Off, Duty::On, Duty::Handover { to: rng.below(4) as u16 }];
            draft(None, Vec::new(), Content::Duty(duty[rng.below(3) as usize]))
        }
        (13, ..) => {
            let life = Message { safety_of_life: Some(true), ..message(rng, false) };
            draft(Some(Class::Z), Vec::new(), Content::Message(life))
        }
        (14, Some(subject), own) => {
            let stance = [Stance::Affirms, Stance::Disputes, Stance::Corrects, Stance::Withdraws];
            let stance = stance[rng.below(4) as usize];
            let text = (stance == Stance::Corrects || rng.chance(500)).then(|| text(rng, false));
            let about = own.filter(|_| rng.chance(300)).unwrap_or(subject);
            let bears_out = rng.chance(300).then_some(subject);
            let regards = [about].into_iter().chain(bears_out).collect();
            draft(
                rng.chance(500).then(|| class(rng)),
                regards,
                Content::Position { stance, text, attachments: None },
            )
        }
        (18, ..) if let Some(finding) = observer::finds(line.id(), rng) => {
            let class = [Class::O, Class::P, Class::R][rng.below(3) as usize];
            let regards = subject.filter(|_| rng.chance(300)).into_iter().collect();
            draft(Some(class), regards, Content::Finding(Box::new(finding)))
        }
        (19, ..) if let Ok(disclosure) = observer::shows(&held(line), false, rng) => {
            let class = [Class::P, Class::R][rng.below(2) as usize];
            draft(Some(class), Vec::new(), Content::Discloses(disclosure))
        }
        // Clumsy: in a book where it may not be.
        (15, ..) if rng.chance(200) => {
            draft(Some(Class::A), Vec::new(), Content::Message(message(rng, false)))
        }
        _ => draft(Some(class(rng)), Vec::new(), Content::Message(message(rng, scenario.long))),
    }
}

/// How much of every book a line holds.
fn held(line: &Line) -> Cut {
    line.held().into_iter().map(|held| (held.book, held.size)).collect()
}

/// A memorandum with one or two rules changed, or without a party where that may be, now and then one that may not be moved.
pub(crate) fn amended(memorandum: &Memorandum, expels: bool, rng: &mut Rng) -> Option<Memorandum> {
    let mut terms = Terms { predecessor: Some(memorandum.hash()), ..memorandum.terms().clone() };
    let parties: Vec<u8> = terms.parties.iter().map(|member| member.number).collect();
    for _ in 0..rng.within(1, 2) {
        match rng.below(9) {
            0 => terms.depositary = *rng.pick(&parties)?,
            1 => terms.suspension.consent = !terms.suspension.consent,
            2 => terms.suspension.passes = [vec![], vec![1], vec![14, 16]][rng.below(3) as usize].clone(),
            3 => terms.rule.threshold = rng.within(1, parties.len() as u64) as u8,
            4 => {
                terms.rule.veto =
                    rng.pick(&parties).filter(|_| rng.chance(500)).copied().into_iter().collect()
            }
            7 => {
                let named = [vec![], vec![BOARD], vec![GUEST], vec![BOARD, GUEST]];
                let named = rng.pick(&named)?.iter().map(|name| observer::observer(name));
                let named: Vec<Observer> = named.collect();
                terms.observers = (!named.is_empty()).then_some(named);
            }
            // Under its name, with another's key: whoever was named once is never another.
            8 if rng.chance(100) => {
                let key = SecretKey::from_seed(rng.bytes());
                let proof = key.sign(&possession_message("observer", BOARD, &key.public()));
                let other =
                    Observer { key: *key.public().bytes(), possession: proof, ..observer::observer(BOARD) };
                terms.observers = Some(vec![other]);
            }
            5 if expels => {
                let expelled = *rng.pick(&parties)?;
                terms.parties.retain(|member| member.number != expelled);
                terms.rule.veto.retain(|holder| *holder != expelled);
                terms.rule.threshold = terms.rule.threshold.min(terms.parties.len() as u8);
            }
            _ => terms.handling_ms[3] += 1,
        }
    }
    if rng.chance(50) {
        terms.predecessor = Some(rng.bytes());
    }
    Memorandum::check(terms).ok()
}

/// A memorandum that lets somebody in who is no party of the one in force; clumsily, now and then somebody who was one before.
fn admitting(memorandum: &Memorandum, guests: &[&Member], rng: &mut Rng) -> Option<Memorandum> {
    let outside: Vec<&Member> = guests
        .iter()
        .filter(|guest| memorandum.terms().parties.iter().all(|party| party.number != guest.number))
        .copied()
        .collect();
    let mut terms = Terms { predecessor: Some(memorandum.hash()), ..memorandum.terms().clone() };
    terms.parties.push((*rng.pick(&outside)?).clone());
    terms.parties.sort_by_key(|party| party.number);
    Memorandum::check(terms).ok()
}

/// Some act that the line's state suggests, or now and then one that it does not.
fn act(line: &Line, now_ms: u64, scenario: &Scenario, guests: &[&Member], rng: &mut Rng) -> Draft {
    let me = line.party();
    // Those who are apart hear of each other only by others, who must stay.
    let expels = !scenario.apart;
    let acts = |regards, content| draft(Some(Class::A), regards, content);
    let motions: Vec<EntryRef> = line.open_motions().iter().map(|motion| motion.act).collect();
    if let Some(motion) = rng.pick(&motions)
        && rng.chance(600)
    {
        let choice = [Choice::For, Choice::For, Choice::For, Choice::Against, Choice::Abstain];
        let choice = choice[rng.below(5) as usize];
        return acts(vec![*motion], Content::Vote { choice, text: None });
    }
    if !guests.is_empty()
        && rng.chance(150)
        && let Some(moved) = admitting(line.memorandum(), guests, rng)
    {
        let closes_ms = now_ms + rng.within(1_000, line.memorandum().terms().rule.window_ms);
        let (matter, text) = (Matter::Amend(Arc::new(moved)), "that they be let in".into());
        return acts(Vec::new(), Content::Motion { matter, text, closes_ms });
    }
    let own = line.last_suspension(me).map(|suspended| suspended.act);
    if let Some(own) = own
        && rng.chance(500)
    {
        let decision = line.consent(own).filter(|_| rng.chance(900));
        let effective_ms = now_ms + if rng.chance(300) { rng.below(60_000) } else { 0 };
        return acts(vec![own], Content::Resumes { effective_ms, decision });
    }
    let suspended: Vec<EntryRef> = line
        .memorandum()
        .parties()
        .filter_map(|party| line.last_suspension(party).map(|suspended| suspended.act))
        .collect();
    if let Some(about) = rng.pick(&suspended)
        && rng.chance(700)
    {
        let closes_ms = now_ms + rng.within(1_000, line.memorandum().terms().rule.window_ms);
        let matter = if rng.chance(800) { Matter::Reopen } else { Matter::Resolve };
        return acts(vec![*about], Content::Motion { matter, text: "on the suspension".into(), closes_ms });
    }
    if rng.chance(150)
        && let Some(moved) = amended(line.memorandum(), expels, rng)
    {
        let closes_ms = now_ms + rng.within(1_000, line.memorandum().terms().rule.window_ms);
        let (matter, text) = (Matter::Amend(Arc::new(moved)), "that the rules be others".into());
        return acts(Vec::new(), Content::Motion { matter, text, closes_ms });
    }
    if rng.chance(300) {
        let closes_ms = now_ms + rng.within(1_000, line.memorandum().terms().rule.window_ms);
        let about = line.facts().owed().keys().next().copied();
        let text = "that it be looked into".into();
        let matter = match rng.chance(300) {
            true => Matter::Found(format!("group-{}", rng.below(3))),
            false => Matter::Resolve,
        };
        return acts(about.into_iter().collect(), Content::Motion { matter, text, closes_ms });
    }
    if expels && rng.chance(30) {
        return acts(Vec::new(), Content::Leaves { reason: rng.chance(500).then(|| text(rng, false)) });
    }
    let scope = match rng.below(3) {
        0 => Vec::new(),
        1 => vec![1],
        _ => vec![2, 14],
    };
    let effective_ms = match rng.below(3) {
        0 => 0,
        1 => now_ms,
        _ => now_ms + rng.below(90_000),
    };
    acts(Vec::new(), Content::Suspends { scope, effective_ms, reason: text(rng, false) })
}
