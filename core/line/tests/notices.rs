//! Notices in force and in each other's way, whatever the order in which the books come, against a plain reading of
//! spec/line.md §5.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use detente_airspace::altitude::Band;
use detente_airspace::area::Area;
use detente_airspace::cover::Shape;
use detente_airspace::separation::Separation;
use detente_airspace::span::Span;
use detente_airspace::verdict::{Verdict, verdict};
use detente_airspace::volume::Volume;
use detente_line::notices::{Conflict, Notices, Pair, Subject, Taken, Tally};
use detente_line::{Amendment, Content, Nature, Notice, NoticeKind, Position};
use detente_record::{Book, Class, EntryRef, Party};

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

fn square(dice: &mut Dice) -> Volume {
    let (lat, lon) = (dice.below(20) as i32 * 1_000_000, dice.below(20) as i32 * 1_000_000);
    let side = 1_000_000 + dice.below(3) as i32 * 1_000_000;
    let corners = [(lat, lon), (lat, lon + side), (lat + side, lon + side), (lat + side, lon)];
    let area = Area::new(&corners.map(|(lat, lon)| Position { lat, lon }), &[]).unwrap();
    let from_ms = dice.below(1_000);
    let span =
        if dice.below(5) == 0 { Span::since(from_ms) } else { Span::new(from_ms, from_ms + dice.below(300)) };
    let volume = Volume::new(area, Band::ALL, span.unwrap());
    match dice.below(4) {
        0 => volume.with_separation(Separation::new(0, Vec::new(), 0, 100).unwrap()),
        _ => volume,
    }
}

fn notice(dice: &mut Dice) -> Notice {
    let kinds = ["activity", "convoy", "site", "unheard-of"];
    Notice {
        kind: kinds[dice.below(4) as usize].into(),
        text: "Planned.".into(),
        volumes: (0..=dice.below(3)).map(|_| square(dice)).collect(),
        fields: BTreeMap::new(),
        emergency: false,
        waypoints: Vec::new(),
    }
}

#[derive(Clone)]
struct Said {
    name: EntryRef,
    serial: u64,
    regards: Vec<EntryRef>,
    content: Content,
}

/// What a party says: notices, amendments and withdrawals of its own, in books of any class.
fn says(dice: &mut Dice, party: u8, count: u64) -> Vec<Said> {
    let mut sizes: BTreeMap<Class, u64> = BTreeMap::new();
    let (mut given, mut said) = (Vec::new(), Vec::new());
    for serial in 1..=count {
        let class = [Class::Z, Class::O, Class::P, Class::R][dice.below(4) as usize];
        let size = sizes.entry(class).or_default();
        *size += 1;
        let name = EntryRef {
            book: Book { generation: 0, party: Party::new(party).unwrap(), class },
            number: *size,
        };
        let subject: Option<EntryRef> =
            (!given.is_empty()).then(|| given[dice.below(given.len() as u64) as usize]);
        let (regards, content) = match (dice.below(10), subject) {
            (0..=2, Some(subject)) => (vec![subject], Content::Amendment(Amendment::Notice(notice(dice)))),
            (3, Some(subject)) => (vec![subject], Content::Withdrawal { reason: None }),
            _ => {
                given.push(name);
                (Vec::new(), Content::Notice(notice(dice)))
            }
        };
        said.push(Said { name, serial, regards, content });
    }
    said
}

/// The ruling content of every notice that is not withdrawn, by a plain reading.
fn plainly(said: &[Said]) -> BTreeMap<EntryRef, Notice> {
    let mut standing = BTreeMap::new();
    for one in said {
        let Content::Notice(notice) = &one.content else { continue };
        let about = |other: &&Said| other.regards == [one.name];
        if said.iter().filter(about).any(|other| matches!(other.content, Content::Withdrawal { .. })) {
            continue;
        }
        let amendments = said.iter().filter(about).filter_map(|other| match &other.content {
            Content::Amendment(Amendment::Notice(amended)) => Some((other.serial, amended)),
            _ => None,
        });
        let ruling = amendments.max_by_key(|(serial, _)| *serial).map_or(notice, |(_, amended)| amended);
        standing.insert(one.name, ruling.clone());
    }
    standing
}

fn nature(kind: &str) -> Nature {
    match kind {
        "convoy" => Nature::Movement,
        "site" => Nature::Site,
        _ => Nature::Activity,
    }
}

/// Who is in whose way, by a plain reading.
fn in_the_way(standing: &BTreeMap<EntryRef, Notice>) -> BTreeSet<(EntryRef, EntryRef)> {
    let mut pairs = BTreeSet::new();
    for (one, a) in standing {
        for (other, b) in standing.range(one..).skip(1) {
            let touch = a.volumes.iter().any(|x| b.volumes.iter().any(|y| verdict(x, y) != Verdict::Clear));
            if one.book.party != other.book.party && nature(&a.kind).minds(nature(&b.kind)) && touch {
                pairs.insert((*one, *other));
            }
        }
    }
    pairs
}

fn none_yet() -> Notices {
    let kinds = [("activity", None), ("convoy", Some(Nature::Movement)), ("site", Some(Nature::Site))];
    let kinds = kinds.map(|(name, nature)| NoticeKind { nature, ..NoticeKind::new(name, 0, None) });
    Notices::new(&kinds, Party::new(0).unwrap(), 100_000, 7)
}

fn shuffled<T: Clone>(all: &[T], dice: &mut Dice) -> Vec<T> {
    let mut shuffled = all.to_vec();
    for place in (1..shuffled.len()).rev() {
        shuffled.swap(place, dice.below(place as u64 + 1) as usize);
    }
    shuffled
}

fn take(notices: &mut Notices, one: &Said, judged: bool) {
    let Said { name, serial, regards, content } = one;
    notices.take(Taken { name: *name, serial: *serial, regards, content, judged }).expect("there is room");
}

/// Built anew as at a start: all of a kind after all of another, and who is in whose way counted at the end, in parts.
fn rebuilt(plans: &BTreeMap<u64, Notice>, said: &[Said], dice: &mut Dice) -> Notices {
    let mut notices = none_yet();
    for (number, plan) in plans {
        notices.plan(*number, plan).expect("there is room");
    }
    notices.put_off();
    let rank = |one: &Said| match one.content {
        Content::Notice(_) => 0,
        Content::Amendment(_) => 1,
        _ => 2,
    };
    let mut ordered = shuffled(said, dice);
    ordered.sort_by_key(rank);
    let held: BTreeSet<EntryRef> = said.iter().map(|one| one.name).collect();
    for one in &ordered {
        take(&mut notices, one, one.regards.iter().all(|of| held.contains(of)));
    }
    assert_eq!(notices.conflicts(0).count(), 0, "nothing is counted yet");
    let places = notices.places();
    let parts = places.chunks(1 + dice.below(20) as usize).map(|part| {
        let mut tally = Tally::default();
        notices.tally(part, &mut tally);
        tally
    });
    let tally = parts.fold(Tally::default(), Tally::and);
    notices.settle(&tally);
    notices
}

fn all_conflicts(notices: &Notices) -> Vec<(Pair, Conflict)> {
    notices.conflicts(0).collect()
}

/// All that is in the way of all, plans among them, by a plain reading.
fn by_hand(standing: &BTreeMap<Subject, (u8, Notice)>) -> BTreeMap<Pair, usize> {
    let mut pairs = BTreeMap::new();
    for (one, (party, a)) in standing {
        for (other, (others, b)) in standing.range(one..).skip(1) {
            let each = a.volumes.iter().flat_map(|x| b.volumes.iter().map(move |y| verdict(x, y)));
            let touch = each.filter(|verdict| *verdict != Verdict::Clear).count();
            if party != others && nature(&a.kind).minds(nature(&b.kind)) && touch > 0 {
                pairs.insert((*one, *other), touch);
            }
        }
    }
    pairs
}

#[test]
fn what_is_built_anew_says_what_came_one_by_one() {
    let mut in_all = 0;
    for seed in 100..130 {
        let mut dice = Dice(seed);
        let said: Vec<Said> = (0..3).flat_map(|party| says(&mut dice, party, 30)).collect();
        let (mut live, mut plans) = (none_yet(), BTreeMap::new());
        let mut taken = Vec::new();
        for one in shuffled(&said, &mut dice) {
            take(&mut live, &one, false);
            taken.push(one);
            let number = dice.below(6);
            match dice.below(8) {
                0 => {
                    let plan = notice(&mut dice);
                    live.plan(number, &plan).expect("there is room");
                    plans.insert(number, plan);
                }
                1 => assert_eq!(live.drop_plan(number), plans.remove(&number).is_some()),
                _ => {}
            }
            if dice.below(10) > 0 {
                continue;
            }
            let plan = |(number, plan): (&u64, &Notice)| (Subject::Plan(*number), (0, plan.clone()));
            let notices = plainly(&taken).into_iter();
            let given = notices.map(|(name, one)| (Subject::Notice(name), (name.book.party.number(), one)));
            let expected = by_hand(&given.chain(plans.iter().map(plan)).collect());
            let found = all_conflicts(&live);
            let pairs = found.iter().map(|(pair, conflict)| (*pair, conflict.pairs as usize)).collect();
            assert_eq!(expected, pairs, "seed {seed}");
            assert_eq!(live.pairs(), expected.values().sum::<usize>() as u64, "seed {seed}");
            in_all += found.len();
            let anew = rebuilt(&plans, &taken, &mut dice);
            assert_eq!(all_conflicts(&anew), found, "seed {seed}");
            assert_eq!(anew.pairs(), live.pairs(), "seed {seed}");
            for ((one, other), conflict) in found {
                for (one, other) in [(one, other), (other, one)] {
                    let of_one = || anew.conflicts_of(one).find(|(found, _)| *found == other);
                    assert_eq!(of_one(), Some((other, conflict)), "seed {seed}, from either side");
                }
            }
            // What was built anew is gone on with.
            live = anew;
        }
    }
    assert!(in_all > 5_000, "{in_all} conflicts: too few to show anything");
}

#[test]
fn a_conflict_is_told_until_it_has_ended() {
    for seed in 200..220 {
        let mut dice = Dice(seed);
        let mut notices = none_yet();
        for one in (0..3).flat_map(|party| says(&mut dice, party, 30)) {
            take(&mut notices, &one, false);
        }
        let all = all_conflicts(&notices);
        for from_ms in (0..1_500).step_by(50).chain([u64::MAX]) {
            let expected: Vec<_> =
                all.iter().filter(|(_, conflict)| conflict.span.until_ms() >= from_ms).copied().collect();
            assert_eq!(notices.conflicts(from_ms).collect::<Vec<_>>(), expected, "seed {seed}, {from_ms}");
        }
    }
}

#[test]
fn whatever_the_order_the_same_is_in_force_and_in_the_way() {
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let said: Vec<Said> = (0..3).flat_map(|party| says(&mut dice, party, 30)).collect();
        let standing = plainly(&said);
        let mut notices = none_yet();
        for one in shuffled(&said, &mut dice) {
            take(&mut notices, &one, false);
        }
        for at_ms in (0..1_500).step_by(50) {
            let expected: BTreeSet<EntryRef> = standing
                .iter()
                .filter(|(_, notice)| {
                    let within =
                        |volume: &Volume| volume.span.from_ms() <= at_ms && at_ms <= volume.span.until_ms();
                    notice.volumes.iter().any(within)
                })
                .map(|(name, _)| *name)
                .collect();
            let found: BTreeSet<EntryRef> = notices.in_force(at_ms).map(|(name, _)| name).collect();
            assert_eq!(found, expected, "seed {seed} at {at_ms}");
        }
        let found: BTreeSet<(EntryRef, EntryRef)> = notices
            .conflicts(0)
            .map(|((one, other), _)| match (one, other) {
                (Subject::Notice(one), Subject::Notice(other)) => (one, other),
                plans => panic!("there are no plans: {plans:?}"),
            })
            .collect();
        let expected = in_the_way(&standing);
        assert!(!expected.is_empty(), "seed {seed} tries nothing");
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn a_plan_is_in_the_way_of_others_notices_until_it_is_dropped() {
    let mut dice = Dice(99);
    let mut notices = none_yet();
    let mut plan = notice(&mut dice);
    plan.kind = "activity".into();
    for party in [0, 1] {
        let name = EntryRef {
            book: Book { generation: 0, party: Party::new(party).unwrap(), class: Class::R },
            number: 1,
        };
        let content = Content::Notice(plan.clone());
        let taken = Taken { name, serial: 1, regards: &[], content: &content, judged: true };
        assert_eq!(notices.take(taken), Ok(Some(Subject::Notice(name))));
    }
    // Each party's notice is in the other's way.
    assert_eq!(notices.conflicts(0).count(), 1);
    notices.plan(5, &plan).expect("there is room");
    let others: Vec<Subject> = notices.conflicts_of(Subject::Plan(5)).map(|(other, _)| other).collect();
    let [Subject::Notice(other)] = others.as_slice() else { panic!("one notice, found {others:?}") };
    assert_eq!(other.book.party.number(), 1, "an own notice is in no way of an own plan");
    assert!(notices.drop_plan(5));
    assert_eq!(notices.conflicts_of(Subject::Plan(5)).count(), 0);
    assert_eq!(notices.conflicts(0).count(), 1);
    assert!(!notices.drop_plan(5));
}

#[test]
fn what_is_said_of_something_else_is_forgotten() {
    let mut dice = Dice(3);
    let mut notices = none_yet();
    let book = Book { generation: 0, party: Party::new(1).unwrap(), class: Class::R };
    let subject = [EntryRef { book, number: 1 }];
    for (number, content) in [
        (2, Content::Withdrawal { reason: None }),
        (3, Content::Amendment(Amendment::Notice(notice(&mut dice)))),
    ] {
        let name = EntryRef { book, number };
        let taken = Taken { name, serial: number, regards: &subject, content: &content, judged: true };
        assert_eq!(notices.take(taken), Ok(None));
    }
    // Were it remembered, a notice under that name would come withdrawn.
    let content = Content::Notice(notice(&mut dice));
    notices
        .take(Taken { name: subject[0], serial: 1, regards: &[], content: &content, judged: true })
        .unwrap();
    assert_eq!(notices.notice(subject[0]).and_then(|standing| standing.withdrawn_by), None);
}

#[test]
fn a_cover_that_holds_too_little_is_shown_and_one_made_here_is_not() {
    let centre = Position { lat: 360_000_000, lon: 370_000_000 };
    let (kind, span) = (NoticeKind::new("activity", 0, None), Span::new(0, 1).unwrap());
    let circle = Shape::Circle { centre, radius_mm: 500_000 };
    let mut notice = notice(&mut Dice(5));
    notice.volumes = vec![kind.volume(circle.into(), Band::ALL, span).unwrap()];
    assert_eq!(kind.stray(&notice), None);
    notice.volumes[0].shape = Some(Shape::Circle { centre, radius_mm: 600_000 });
    let stray = kind.stray(&notice).unwrap();
    assert_eq!(stray.what, "area");
    assert!(stray.expected.contains("at least") && stray.found.starts_with("volume 1"), "{stray:?}");
}
