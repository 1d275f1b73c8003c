//! Neutral witnesses (spec/witness.md; c2sp.org/tlog-witness, tlog-cosignature): what is submitted to one, what it
//! answers, and how it decides.
//!
//! A witness cosigns checkpoints of logs whose contents it never sees. Everything here is pure: texts in, texts and
//! verdicts out. Submissions and answers are bounded before they are read, and whatever is read from a witness is held
//! to its key: nothing that it says is trusted otherwise.

mod decision;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::fault::Fault;
use crate::hash::{Hash, array_from_base64, base64};
use crate::key::{PublicKey, SecretKey, Signature};
use crate::name::decimal;
use crate::note::{COSIGNATURE, Note, signature_line};
use crate::receipt::MAX_SECONDS;

pub use decision::{Conviction, Decision, Known, Unfit, Vetted};

/// Most bytes of a submission.
pub const MAX_SUBMISSION: usize = 65_536;
/// Most hashes of a submission's proof.
pub const MAX_PROOF: usize = 63;
/// Most bytes of an answer that is read.
pub const MAX_ANSWER: usize = 65_536;
/// The type of an answer that tells a size.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// What is submitted to a witness: a checkpoint, and how it grew from what the witness saw last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission<'a> {
    /// The size that the witness is believed to know.
    pub old: u64,
    /// From that size to the checkpoint's.
    pub proof: Vec<Hash>,
    /// The checkpoint as a signed note.
    pub note: Note<'a>,
    /// The same, as it came.
    pub note_text: &'a str,
}

impl<'a> Submission<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// `Malformed` for another form, or over a bound of this module or of notes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let malformed = |expected: &'static str, found| Fault::malformed("submission", expected, found);
        if bytes.len() > MAX_SUBMISSION {
            return Err(malformed("at most 65,536 bytes", "more"));
        }
        let Ok(text) = core::str::from_utf8(bytes) else { return Err(malformed("UTF-8", "other bytes")) };
        let Some((head, note_text)) = text.split_once("\n\n") else {
            return Err(malformed("an empty line before the checkpoint", "none"));
        };
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let Some(old) = old else {
            return Err(malformed("first the line old and a size", "another line"));
        };
        if lines.clone().count() > MAX_PROOF {
            return Err(malformed("at most 63 hashes of a proof", "more"));
        }
        let proof = lines.map(|line| array_from_base64("hash of a proof", line)).collect::<Result<_, _>>()?;
        Ok(Self { old, proof, note: Note::parse(note_text.as_bytes())?, note_text })
    }
}

/// The text of a submission.
pub fn submission(old: u64, proof: &[Hash], note: &str) -> String {
    let mut text = String::with_capacity(note.len() + 45 * proof.len() + 32);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "old {old}");
    for hash in proof {
        let _ = writeln!(text, "{}", base64(hash));
    }
    let _ = write!(text, "\n{note}");
    text
}

/// What the checkpoint of any log says (c2sp.org/tlog-checkpoint); further lines may follow, and are signed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// Which log.
    pub origin: &'a str,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl<'a> Head<'a> {
    /// Reads the text of a checkpoint.
    ///
    /// # Errors
    /// `Malformed` for another form.
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        let malformed = |found| {
            Fault::malformed("checkpoint", "an origin, a size and a root, a line each, none empty", found)
        };
        let Some(whole) = text.strip_suffix('\n') else { return Err(malformed("no newline at the end")) };
        let mut lines = whole.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed("fewer lines"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(malformed("an empty line"));
        }
        let size =
            decimal(size).filter(|size| *size <= MAX_SECONDS).ok_or_else(|| malformed("another size"))?;
        Ok(Self { origin, size, root: array_from_base64("root of a checkpoint", root)? })
    }
}

/// A witness's word: at this time, by its own clock, this was the largest tree of the log that it had seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness's own clock, seconds since 1970.
    pub seconds: u64,
    /// By its key, over the time and the checkpoint's text.
    pub signature: Signature,
}

impl Cosignature {
    /// Signs the text of a checkpoint.
    pub fn sign(checkpoint: &str, seconds: u64, key: &SecretKey) -> Self {
        Self { seconds, signature: key.sign(signed_text(checkpoint, seconds).as_bytes()) }
    }

    /// Holds it to the text of a checkpoint and to the witness's key.
    ///
    /// # Errors
    /// `Malformed` for seconds over 2^63 − 1; `Misbehaved` for a signature that is not that key's over this.
    pub fn verify(&self, checkpoint: &str, key: &PublicKey) -> Result<(), Fault> {
        if self.seconds > MAX_SECONDS {
            let found = self.seconds.to_string();
            return Err(Fault::malformed("cosignature", "seconds to 2^63 - 1", found));
        }
        if key.verify(signed_text(checkpoint, self.seconds).as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(Fault::misbehaved(
                "cosignature",
                "a signature of this checkpoint by the witness's key",
                "another",
            ))
        }
    }

    /// It as a signature line below the note of its checkpoint.
    pub fn note_line(&self, name: &str, key: &PublicKey) -> String {
        let timed = [self.seconds.to_be_bytes().as_slice(), &self.signature].concat();
        signature_line(name, COSIGNATURE, key, &timed)
    }

    /// Reads and verifies the cosignature of a witness below the note of a checkpoint; `None` when there is none.
    ///
    /// # Errors
    /// `Malformed` for a line of another form; those of [`Cosignature::verify`].
    pub fn from_note(note: &Note<'_>, name: &str, key: &PublicKey) -> Result<Option<Self>, Fault> {
        let Some(bytes) = note.signature_by(name, COSIGNATURE, key) else { return Ok(None) };
        let parts =
            bytes.split_first_chunk().map(|(seconds, signature)| (*seconds, Signature::try_from(signature)));
        let Some((seconds, Ok(signature))) = parts else {
            return Err(Fault::malformed("cosignature", "72 bytes", bytes.len().to_string()));
        };
        let found = Self { seconds: u64::from_be_bytes(seconds), signature };
        found.verify(note.text, key)?;
        Ok(Some(found))
    }

    /// Reads what a witness answered to a checkpoint's text, and holds it to the witness's key. Lines of other keys are
    /// passed over.
    ///
    /// # Errors
    /// `Malformed` for an answer that is no signature lines; `Misbehaved` where none is the witness's, or it is not over
    /// this checkpoint.
    pub fn from_answer(answer: &[u8], checkpoint: &str, name: &str, key: &PublicKey) -> Result<Self, Fault> {
        if answer.len() > MAX_ANSWER {
            return Err(Fault::malformed("answer of a witness", "at most 65,536 bytes", "more"));
        }
        let whole = [checkpoint.as_bytes(), b"\n", answer].concat();
        let note = Note::parse(&whole)?;
        if note.text != checkpoint {
            return Err(Fault::malformed("answer of a witness", "signature lines", "an empty line"));
        }
        let Some(found) = Self::from_note(&note, name, key)? else {
            let others: Vec<&str> = note.signatures.iter().map(|line| line.name).take(3).collect();
            let found = format!("none; lines of {}", others.join(", ").chars().take(200).collect::<String>());
            return Err(Fault::misbehaved("answer of a witness", format!("a line of {name}'s key"), found));
        };
        Ok(found)
    }
}

/// The text that a witness signs.
fn signed_text(checkpoint: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{checkpoint}")
}

/// Reads the size that a witness tells with its refusal of an old size.
///
/// # Errors
/// `Malformed` for anything but a decimal number to 2^63 − 1 and a newline.
pub fn told_size(answer: &[u8]) -> Result<u64, Fault> {
    let line = core::str::from_utf8(answer).ok().and_then(|text| text.strip_suffix('\n'));
    let size = line.filter(|line| line.len() <= 19).and_then(decimal).filter(|size| *size <= MAX_SECONDS);
    size.ok_or_else(|| {
        let found = String::from_utf8_lossy(answer).chars().take(40).collect::<String>();
        Fault::malformed("size that a witness tells", "a decimal number and a newline", format!("{found:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKPOINT: &str = "example.com/log\n7\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";

    fn key() -> SecretKey {
        SecretKey::from_seed([8; 32])
    }

    fn note() -> String {
        format!("{CHECKPOINT}\n— example.com/log AAAAAAE=\n")
    }

    #[test]
    fn a_submission_reads_as_it_was_made() {
        for (old, proof) in [(0, 0), (5, 3), (u64::MAX, MAX_PROOF)] {
            let (proof, note) = (alloc::vec![[7; 32]; proof], note());
            let text = submission(old, &proof, &note);
            let read = Submission::parse(text.as_bytes()).unwrap();
            assert_eq!((read.old, read.proof, read.note_text), (old, proof, note.as_str()));
            assert_eq!(read.note.text, CHECKPOINT);
        }
    }

    #[test]
    fn other_submissions_are_refused() {
        let note = note();
        let hash = base64(&[7; 32]);
        for text in [
            String::new(),
            note.clone(),
            format!("old 5\n{note}"),
            format!("old 05\n\n{note}"),
            format!("old -5\n\n{note}"),
            format!("old  5\n\n{note}"),
            format!("old 5 \n\n{note}"),
            format!("old 5\r\n\n{note}"),
            format!("Old 5\n\n{note}"),
            format!("old 18446744073709551616\n\n{note}"),
            format!("old 5\nabc\n\n{note}"),
            format!("old 5\n{hash}=\n\n{note}"),
            format!("old 5\n\n{CHECKPOINT}"),
            format!("old 5\n{}\n{note}", format!("{hash}\n").repeat(MAX_PROOF + 1)),
            format!("old 5\n\n{note}{}", "— w AAAAAAE=\n".repeat(MAX_SUBMISSION / 12)),
        ] {
            assert!(Submission::parse(text.as_bytes()).is_err(), "{text:.80?}");
        }
        assert!(Submission::parse(b"old 5\n\n\xff").is_err());
    }

    #[test]
    fn heads_of_any_log_are_read_and_nothing_else() {
        let head = Head::parse(CHECKPOINT).unwrap();
        assert_eq!(head, Head { origin: "example.com/log", size: 7, root: [9; 32] });
        assert!(Head::parse(&format!("{CHECKPOINT}more\n")).is_ok());
        for text in [
            "",
            "\n",
            "a\n7\n",
            &CHECKPOINT.replace("7\n", "07\n"),
            &CHECKPOINT.replace("7\n", "9223372036854775808\n"),
            &CHECKPOINT.replace("=\n", "\n"),
            &CHECKPOINT.replace("=\n", "="),
            &format!("\n{CHECKPOINT}"),
            &format!("{CHECKPOINT}\nmore\n"),
        ] {
            assert!(Head::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_answer_is_held_to_the_witness() {
        let (name, public) = ("w.example/1", key().public());
        let cosignature = Cosignature::sign(CHECKPOINT, 1_700_000_000, &key());
        let line = cosignature.note_line(name, &public);
        let read = |answer: &str| Cosignature::from_answer(answer.as_bytes(), CHECKPOINT, name, &public);
        assert_eq!(read(&line).unwrap(), cosignature);
        assert_eq!(read(&format!("— other AAAAAAE=\n{line}")).unwrap(), cosignature);
        let other = SecretKey::from_seed([1; 32]);
        let elsewhere = CHECKPOINT.replace('7', "8");
        let timed = Cosignature { seconds: 1_700_000_001, ..cosignature.clone() };
        for lie in [
            String::new(),
            "\n".into(),
            "<html>".into(),
            "— other AAAAAAE=\n".into(),
            line.replace("w.example", "v.example"),
            format!("\n{line}"),
            line.trim_end().into(),
            Cosignature::sign(CHECKPOINT, 1, &other).note_line(name, &other.public()),
            Cosignature::sign(CHECKPOINT, 1, &other).note_line(name, &public),
            Cosignature::sign(&elsewhere, 1, &key()).note_line(name, &public),
            timed.note_line(name, &public),
            Cosignature::sign(CHECKPOINT, MAX_SECONDS + 1, &key()).note_line(name, &public),
            signature_line(name, COSIGNATURE, &public, &[0; 71]),
            "— other AAAAAAE=\n".repeat(65),
            "x".repeat(MAX_ANSWER + 1),
        ] {
            assert!(read(&lie).is_err(), "{lie:.80?}");
        }
        assert!(Cosignature::from_answer(b"\xff\n", CHECKPOINT, name, &public).is_err());
    }

    #[test]
    fn told_sizes_are_plain_numbers() {
        assert_eq!(told_size(b"0\n").unwrap(), 0);
        assert_eq!(told_size(b"9223372036854775807\n").unwrap(), MAX_SECONDS);
        for answer in
            ["", "\n", "5", "05\n", "-5\n", "5\n\n", "9223372036854775808\n", "99999999999999999999\n"]
        {
            assert!(told_size(answer.as_bytes()).is_err(), "{answer:?}");
        }
        assert!(told_size(b"\xff\n").is_err());
    }
}
