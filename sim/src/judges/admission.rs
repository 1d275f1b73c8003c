//! Whoever is admitted writes nothing before it holds the decision, and owes nothing for what was before.

use detente_line::Line;
use detente_record::Party;

use super::reference::Reading;
use super::{Court, Word, object};

/// Holds a party that did not found the line to spec/line.md §5, Members: under the cut of everything that it
/// wrote it is a member, or has been.
///
/// # Errors
/// With the first entry that it wrote too early.
pub(crate) fn nothing_is_written_before(court: &Court, author: Party, reading: &Reading<'_>) -> Word {
    if court.is_founder(author) {
        return Ok(());
    }
    for name in reading.items.keys().filter(|name| name.book.party == author) {
        if !reading.has_been_admitted(author, &reading.known_to(*name)) {
            let (who, name) = (court.party(author), court.entry(*name));
            return object(
                "admission",
                format!("{who} wrote {name} before it held the decision that admits it"),
            );
        }
    }
    Ok(())
}

/// Holds a line to owe nothing, and to wait for nobody, where an entry's author did not know that party as a member.
///
/// # Errors
/// With an entry that is said to be owed.
pub(crate) fn nothing_is_owed_for_before(court: &Court, line: &Line, reading: &Reading<'_>) -> Word {
    let me = line.party();
    // Founders are members from the beginning; whoever is one no more, other judges look at.
    for (name, _) in line.owed().filter(|_| !court.is_founder(me)) {
        if reading.items.contains_key(&name) && !reading.members(&reading.known_to(name)).contains(&me) {
            let (who, name) = (court.party(me), court.entry(name));
            return object("admission", format!("{who} owes an answer to {name}, which was before its time"));
        }
    }
    for (name, awaited) in line.awaited().filter(|(name, _)| reading.items.contains_key(name)) {
        let guests: Vec<Party> =
            line.facts().silent(awaited).filter(|party| !court.is_founder(*party)).collect();
        if guests.is_empty() {
            continue;
        }
        let members = reading.members(&reading.known_to(name));
        if let Some(party) = guests.into_iter().find(|party| !members.contains(party)) {
            let (who, name, party) = (court.party(me), court.entry(name), court.party(party));
            return object(
                "admission",
                format!("{who} waits for {party} on {name}, which was before its time"),
            );
        }
    }
    Ok(())
}
