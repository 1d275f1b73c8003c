//! An observer of a run: it is no party, and what it finds comes to the line by whoever lodges it.
//!
//! Its findings follow from the line and their serial alone, so that whoever lodges number 3 lodges the same one as everybody.
//! A liar that it is in league with has its key, and signs others.

use detente_line::{Disclosure, Finding, Found, Observer, On};
use detente_record::{Cut, EntryRef, Fault, LineId, SecretKey, possession_message};

use crate::rng::Rng;

/// The observer that the founding memorandum names.
pub(crate) const BOARD: &str = "board";
/// Another, whom amendments name.
pub(crate) const GUEST: &str = "guest";
/// The serials that findings have.
const SERIALS: u64 = 5;

/// An observer's key.
pub(crate) fn key(name: &str) -> SecretKey {
    SecretKey::from_seed([name.len() as u8 ^ name.as_bytes().first().copied().unwrap_or(0); 32])
}

/// An observer as memoranda name it.
pub(crate) fn observer(name: &str) -> Observer {
    let key = key(name);
    Observer {
        name: name.into(),
        full_name: format!("The {name}"),
        key: *key.public().bytes(),
        possession: key.sign(&possession_message("observer", name, &key.public())),
        languages: vec!["en".into()],
    }
}

fn found(line: LineId, by: &str, serial: u64, text: &str) -> Option<Found> {
    let before = match serial {
        0 | 1 => None,
        _ => Some(finding(line, by, serial - 1)?.hash()),
    };
    let on = vec![On { entry: format!("aria/R/{serial}"), sha256: [serial as u8; 32] }];
    let corrects = (serial > 3).then(|| serial - 2);
    let (by, language, text) = (by.into(), "en".into(), text.into());
    Some(Found { line, by, serial, before, corrects, time_ms: serial, language, on, text })
}

/// An observer's finding of a serial.
fn finding(line: LineId, by: &str, serial: u64) -> Option<Finding> {
    found(line, by, serial, &format!("finding {serial}"))?.sign(&key(by)).ok()
}

/// Some finding of an observer.
pub(crate) fn finds(line: LineId, rng: &mut Rng) -> Option<Finding> {
    let by = if rng.chance(800) { BOARD } else { GUEST };
    finding(line, by, rng.within(1, SERIALS))
}

/// A finding that is not what it seems: of another line, by somebody else's key, or of a second chain.
pub(crate) fn forged(line: LineId, rng: &mut Rng) -> Option<Finding> {
    let serial = rng.within(1, SERIALS);
    let mut other = found(line, BOARD, serial, "what was never found")?;
    let key = match rng.below(4) {
        0 => {
            other.line = LineId(rng.bytes());
            key(BOARD)
        }
        1 => SecretKey::from_seed(rng.bytes()),
        2 => key(GUEST),
        _ => {
            // In league with it: two findings of one serial, or one that follows from none that anybody has.
            if rng.chance(500) && serial > 1 {
                other.before = Some(rng.bytes());
            }
            key(BOARD)
        }
    };
    other.sign(&key).ok()
}

/// Some entries of a record that holds so much, now and then more than that, shown to an observer.
///
/// # Errors
/// Those of [`Disclosure::new`].
pub(crate) fn shows(held: &Cut, beyond: bool, rng: &mut Rng) -> Result<Disclosure, Fault> {
    let books: Vec<_> = held.iter().filter(|(_, size)| **size > 0).collect();
    let picked = (0..rng.within(1, 4)).filter_map(|_| {
        let (book, size) = rng.pick(&books)?;
        let more = if beyond && rng.chance(300) { rng.within(1, 4) } else { 0 };
        Some(EntryRef { book: **book, number: rng.within(1, **size) + more })
    });
    let picked: Vec<EntryRef> = picked.collect();
    let to = [BOARD, BOARD, GUEST][rng.below(3) as usize];
    Disclosure::new(to.into(), picked, rng.chance(200).then(|| "as asked".into()))
}
