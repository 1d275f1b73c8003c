//! A station that lost its answer to an entry, and has its escalations of later ones back, calls for that entry again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use detente_line::{Content, Facts, Message};
use detente_record::{Book, Class, EntryRef, Party};

fn name(party: u8, number: u64) -> EntryRef {
    EntryRef { book: Book { generation: 0, party: Party::new(party).unwrap(), class: Class::Z }, number }
}

/// The two parties of the line.
fn members() -> impl Iterator<Item = Party> + Clone {
    [0, 1].into_iter().map(|number| Party::new(number).unwrap())
}

#[test]
fn what_a_lost_answer_closed_is_called_for_again_and_nothing_else_is() {
    let (me, after_ms) = (0, 60_000);
    let mut facts = Facts::new(Party::new(me).unwrap());
    // Own escalations come back first: of entries 1 and 3; entry 2 was answered, and the answer is lost.
    for (number, subject) in [(1, 1), (2, 3)] {
        let escalated = Content::Escalated { rank: 1, after_ms };
        facts.admit(name(me, number), &[name(1, subject)], &escalated, 0, members(), |_| false);
    }
    let message = Content::Message(Message { text: "Stop.".into(), ..Message::default() });
    for number in 1..=4 {
        facts.admit(name(1, number), &[], &message, 0, members(), |_| true);
    }
    facts.arrived(name(1, 1).book, 0, 4, 1_000);
    assert_eq!(facts.next_escalation(name(1, 1).book, after_ms), Some((name(1, 2), 61_000)));
    facts.escalate(name(1, 2), after_ms);
    assert_eq!(facts.next_escalation(name(1, 1).book, after_ms), Some((name(1, 4), 61_000)));
    facts.escalate(name(1, 4), after_ms);
    assert_eq!(facts.next_escalation(name(1, 1).book, after_ms), None);
    // The same where the escalation of a later one comes back last.
    for number in 5..=6 {
        facts.admit(name(1, number), &[], &message, 0, members(), |_| true);
    }
    facts.arrived(name(1, 1).book, 4, 6, 2_000);
    facts.escalate(name(1, 6), after_ms);
    assert_eq!(facts.next_escalation(name(1, 1).book, after_ms), Some((name(1, 5), 62_000)));
}
