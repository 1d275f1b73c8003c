//! Whether an amendment was carried, from nothing but the acts that decided it (spec/dossier.md §3.5).
//!
//! Promises that the votes are there, whose they are, and that they carry it by the rules of the memorandum before. It refuses
//! to say what takes every act of the line: [`NOT_CHECKED`].

use std::collections::BTreeSet;

use detente_line::{Choice, Content, Matter, Memorandum, Outcome};
use detente_record::{Book, Class, Entry, EntryRef, Fault, ParsedRef, Party};

use crate::memoranda::{Amended, MOST_AMENDMENTS, Memoranda};

/// What is not checked of an amendment, since it takes every act that its decision covers.
pub const NOT_CHECKED: &str = "whether each vote was its party's last one, whether any of these acts was void or disowned, \
                               and whether another amendment was carried before";

/// An act that was read, and is where the rules of the line have it.
#[derive(Debug, Clone)]
pub struct Act {
    /// What ties it to others.
    pub entry: Entry,
    /// What it says.
    pub content: Content,
}

impl Act {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with its bytes, or with where it is.
    pub fn read(name: EntryRef, bytes: &[u8]) -> Result<Self, Fault> {
        let entry = Entry::decode(bytes)?;
        let content = Content::decode(entry.kind, &entry.body)?;
        content.check_place(name.book, &entry)?;
        Ok(Self { entry, content })
    }
}

/// A decision, and the acts by which parties had left that it took into account: a line of `amendments.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The decision.
    pub decision: EntryRef,
    /// Acts by which parties had left, ascending.
    pub left: Vec<EntryRef>,
}

/// `amendments.txt`, or nothing where nothing was amended.
pub fn text(memoranda: &Memoranda) -> Option<String> {
    let name = |entry: &EntryRef| entry.text(&memoranda.name_of(entry.book.party));
    let line = |amended: &Amended| {
        let names: Vec<String> = std::iter::once(&amended.decision).chain(&amended.left).map(name).collect();
        names.join(" ") + "\n"
    };
    (!memoranda.amended().is_empty()).then(|| memoranda.amended().iter().map(line).collect())
}

/// The lines of an `amendments.txt`, which are read one by one: a name may be that of a party which a line before admitted.
///
/// # Errors
/// `Malformed` for what is none.
pub fn lines(bytes: &[u8]) -> Result<Vec<&str>, Fault> {
    let malformed = || {
        let expected = "1 to 256 lines, each with a decision and what it took into account";
        Fault::malformed("amendments.txt", expected, "something else")
    };
    let text = str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n')).ok_or_else(malformed)?;
    let lines: Vec<&str> = text.split('\n').take(MOST_AMENDMENTS + 1).collect();
    if lines.len() > MOST_AMENDMENTS { Err(malformed()) } else { Ok(lines) }
}

/// What a line of `amendments.txt` names, under the memoranda before it.
///
/// # Errors
/// `Malformed` for another form, and names in another order.
pub fn named(memoranda: &Memoranda, line: &str) -> Result<Named, Fault> {
    let malformed = || {
        let expected = "names of acts, each once and ascending after the first, a space between";
        Fault::malformed("line of amendments.txt", expected, "something else")
    };
    let name = |text: &str| {
        let parsed = ParsedRef::parse(text).map_err(|_| malformed())?;
        let ParsedRef { party, class, generation, number } = parsed;
        let party = memoranda.party_named(&party).filter(|_| class == Class::A).ok_or_else(malformed)?;
        Ok(EntryRef { book: Book { generation, party, class }, number })
    };
    let names = line.split(' ').map(name).collect::<Result<Vec<EntryRef>, Fault>>()?;
    let Some((decision, left)) = names.split_first() else { return Err(malformed()) };
    if left.len() > usize::from(u8::MAX) || !left.is_sorted_by(|one, other| one < other) {
        return Err(malformed());
    }
    Ok(Named { decision: *decision, left: left.to_vec() })
}

/// Holds a decision and all that it rests on to the rules of the last memorandum here; `act` gives an act that is proved.
///
/// # Errors
/// `Misbehaved` where it does not carry an amendment, and what `act` fails with.
pub fn carried<E: From<Fault>>(
    memoranda: &Memoranda,
    named: &Named,
    mut act: impl FnMut(EntryRef) -> Result<Act, E>,
) -> Result<Amended, E> {
    let before = memoranda.last();
    let name = |entry: EntryRef| entry.text(&memoranda.name_of(entry.book.party));
    let breach = |expected: &'static str, found: String| -> E {
        Fault::misbehaved("amendment", expected, found).into()
    };
    let is_party = |entry: EntryRef| before.member(entry.book.party).is_some();

    let decision = named.decision;
    if before.depositary() != Some(decision.book.party) {
        return Err(breach("a decision by the depositary of the memorandum before", name(decision)));
    }
    let decided = act(decision)?;
    let Content::Decide { outcome: Outcome::Carried, votes, .. } = &decided.content else {
        return Err(breach("a decision that carries a motion", name(decision)));
    };
    let Some(motion) = decided.entry.regards.first().copied() else {
        return Err(breach("a decision on a motion", name(decision)));
    };

    if !is_party(motion) {
        return Err(breach("a motion by a party of the memorandum before", name(motion)));
    }
    let moved = act(motion)?;
    let Content::Motion { matter: Matter::Amend(memorandum), closes_ms, .. } = &moved.content else {
        return Err(breach("a motion to amend", name(motion)));
    };
    let moved_ms = moved.entry.time_ms;
    let latest_ms = moved_ms.saturating_add(before.terms().rule.window_ms);
    if *closes_ms < moved_ms || *closes_ms > latest_ms || decided.entry.time_ms > *closes_ms {
        return Err(breach("a decision before the motion closes, within the window", name(decision)));
    }
    before.may_become(memorandum, memoranda.all())?;

    let mut counted = Vec::with_capacity(votes.len());
    for vote in votes {
        let after =
            counted.last().is_none_or(|(last, _): &(EntryRef, Choice)| last.book.party < vote.book.party);
        if !after || !is_party(*vote) {
            return Err(breach("votes of parties of the memorandum before, ascending by party", name(*vote)));
        }
        let choice = if *vote == motion {
            Choice::For
        } else {
            let cast = act(*vote)?;
            match cast.content {
                Content::Vote { choice, .. } if cast.entry.regards == [motion] => choice,
                _ => return Err(breach("a vote on this motion", name(*vote))),
            }
        };
        counted.push((*vote, choice));
    }
    if !counted.iter().any(|(vote, _)| vote.book.party == motion.book.party) {
        return Err(breach("the mover's vote, or the motion for it", name(decision)));
    }

    let mut left = BTreeSet::new();
    for leaves in &named.left {
        let may = is_party(*leaves) && before.depositary() != Some(leaves.book.party);
        if !may || !matches!(act(*leaves)?.content, Content::Leaves { .. }) || !left.insert(leaves.book.party)
        {
            return Err(breach(
                "the word of a party that it leaves, other than the depositary",
                name(*leaves),
            ));
        }
    }
    if !carries(before, &counted, &left) {
        return Err(breach("votes that carry the motion", name(decision)));
    }
    let memorandum = Memorandum::clone(memorandum);
    Ok(Amended { decision, motion, votes: counted, left: named.left.clone(), memorandum })
}

/// What an amendment here was, in a sentence.
pub fn says(memoranda: &Memoranda, place: usize) -> String {
    let Some(amended) = memoranda.amended().get(place) else { return String::new() };
    let name = |entry: &EntryRef| entry.text(&memoranda.name_of(entry.book.party));
    let names = |parties: Vec<Party>| {
        let names: Vec<String> = parties.into_iter().map(|party| memoranda.name_of(party)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let chose = |wanted: Choice| {
        let votes = amended.votes.iter().filter(|(_, choice)| *choice == wanted);
        names(votes.map(|(vote, _)| vote.book.party).collect())
    };
    let votes = [("for", Choice::For), ("against", Choice::Against), ("abstaining", Choice::Abstain)];
    let votes = votes.into_iter().filter_map(|(word, choice)| Some(format!("{word}: {}", chose(choice)?)));
    let mut said = format!(
        "{} put what {} moved in the place of the memorandum before ({})",
        name(&amended.decision),
        name(&amended.motion),
        votes.collect::<Vec<_>>().join("; "),
    );
    let before = memoranda.all().nth(place);
    let without = |whole: &Memorandum, other: &Memorandum| {
        names(whole.parties().filter(|party| other.member(*party).is_none()).collect())
    };
    let changed = before.map(|before| {
        [
            ("admitting", without(&amended.memorandum, before)),
            ("expelling", without(before, &amended.memorandum)),
            (
                "without the vote, having left, of",
                names(amended.left.iter().map(|act| act.book.party).collect()),
            ),
        ]
    });
    for (word, parties) in changed.into_iter().flatten() {
        if let Some(parties) = parties {
            said.push_str(&format!(", {word} {parties}"));
        }
    }
    said
}

/// Whether votes carry a motion by the rule of a memorandum (spec/line.md §5, Motions).
fn carries(before: &Memorandum, votes: &[(EntryRef, Choice)], left: &BTreeSet<Party>) -> bool {
    let rule = &before.terms().rule;
    let members = before.parties().filter(|party| !left.contains(party)).count();
    let threshold = usize::from(rule.threshold).min(members);
    let wanted = votes.iter().filter(|(_, choice)| *choice == Choice::For).count();
    let agrees = |holder: &u8| {
        let vote = votes.iter().find(|(vote, _)| vote.book.party.number() == *holder);
        match vote {
            Some((_, choice)) => *choice != Choice::Against,
            None => left.iter().any(|party| party.number() == *holder),
        }
    };
    threshold > 0 && wanted >= threshold && rule.veto.iter().all(agrees)
}
