//! `decision` and `decision-hash` of `[line]`: the decision of the parent line that founded a working group.

use detente_line::Founding;
use detente_record::{Book, Class, EntryRef, Hash, ParsedRef, Party};

use super::{LinePart, hash, hex};
use crate::form::Wrong;

/// A decision's name on a parent line whose parties this file does not name: `0/A/4`.
pub fn decision_text(decision: EntryRef) -> String {
    let EntryRef { book: Book { generation, party, class }, number } = decision;
    let later = if generation == 0 { String::new() } else { format!(".{generation}") };
    format!("{}/{}{later}/{number}", party.number(), class.letter())
}

/// The decision of such a name.
pub(crate) fn parse_decision(text: &str) -> Option<EntryRef> {
    let (party, rest) = text.split_once('/')?;
    let number: u8 = party.parse().ok().filter(|number: &u8| number.to_string() == party)?;
    // The form of the rest is that of any entry's name; only whose it is, is said otherwise.
    let ParsedRef { class, generation, number: entry, .. } = ParsedRef::parse(&format!("x/{rest}")).ok()?;
    let book = Book { generation, party: Party::new(number).ok()?, class };
    (class == Class::A).then_some(EntryRef { book, number: entry })
}

/// What the file says of the founding decision.
///
/// # Errors
/// With the field that is missing or says something else.
pub(super) fn founding(line: &LinePart) -> Result<Option<Founding>, Wrong> {
    let (decision, sha256) = match (&line.decision, &line.decision_hash) {
        (None, None) => return Ok(None),
        (Some(decision), Some(sha256)) => (decision, sha256),
        (Some(_), None) => return Err(Wrong::new("line.decision-hash", "one beside the decision", "none")),
        (None, Some(_)) => return Err(Wrong::new("line.decision", "one beside its hash", "none")),
    };
    let expected = "an act of the parent line as its party's number there, book and number, such as 0/A/4";
    let decision = parse_decision(decision).ok_or_else(|| Wrong::new("line.decision", expected, decision))?;
    let sha256: Hash = hash("line.decision-hash", sha256)?;
    Ok(Some(Founding::new(decision, sha256)))
}

impl LinePart {
    /// Names the decision that founded the line.
    pub(super) fn name_decision(&mut self, founding: &Founding) {
        // A checked memorandum names an act.
        self.decision = founding.decision().ok().map(decision_text);
        self.decision_hash = Some(hex(&founding.sha256));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use super::*;

    #[test]
    fn a_decision_reads_as_it_is_written_and_not_otherwise() {
        for text in ["0/A/4", "254/A.1/1", "7/A.4095/1099511627775"] {
            assert_eq!(decision_text(parse_decision(text).unwrap()), text);
        }
        for other in
            ["", "usa/A/4", "0/Z/4", "00/A/4", "+0/A/4", "255/A/4", "0/A/0", "0/A", "0/A/4/5", "0/A.0/4"]
        {
            assert_eq!(parse_decision(other), None, "{other:?}");
        }
    }
}
