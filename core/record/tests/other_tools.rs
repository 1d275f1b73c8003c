//! Seals held to a program that we did not write: the ML-DSA of PyPI's `cryptography`. It accepts our seals and refuses tampered
//! ones, and we accept its.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use detente_record::note::Note;
use detente_record::{Book, Checkpoint, Class, LineId, Party, Seal, SealSecret, SecretKey, hex, seal_name};

const MISSING: &str =
    "`cargo xtask ci --only cryptography` makes target/cryptography, a Python with that package";
const LINE: LineId = LineId([7; 32]);
const SEED: [u8; 32] = [5; 32];
const SECONDS: u64 = 1_500_000_000;
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A folder for questions, gone at the end.
struct Tool(PathBuf);

impl Tool {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("detente-mldsa-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// What it answers to each question.
    fn asked(&self, questions: &[String]) -> Vec<String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_tools/seals.py");
        let mut python = Command::new(target.join("cryptography/bin/python3"));
        python.arg(source).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().expect(MISSING);
        child.stdin.take().unwrap().write_all((questions.join("\n") + "\n").as_bytes()).unwrap();
        let answered = child.wait_with_output().unwrap();
        assert!(answered.status.success(), "{MISSING}");
        let answers: Vec<String> =
            String::from_utf8(answered.stdout).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), questions.len());
        answers
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn checkpoint() -> Checkpoint {
    let book = Book { generation: 2, party: Party::new(3).unwrap(), class: Class::O };
    Checkpoint { book, size: 1_234_567, root: [9; 32] }
}

/// A checkpoint's note with its author's signature, and a seal below it.
fn note(seal: &str) -> String {
    let author = SecretKey::from_seed([1; 32]);
    checkpoint().sign(&LINE, &author).note(&LINE, &author.public()) + seal
}

#[test]
fn cryptography_accepts_our_seals_and_refuses_tampered_ones() {
    let tool = Tool::new("ours");
    let key = SealSecret::from_seed(SEED).public();
    let vkey = tool.file("vkey", &key.vkey(&seal_name(&LINE, checkpoint().book.party)));
    let seal = Seal::sign(&checkpoint(), SECONDS, &LINE, &SealSecret::from_seed(SEED)).unwrap();
    let whole = note(&seal.note_line(&checkpoint(), &LINE, &key));
    let ask = |name: &str, note: &str| format!("verify {vkey} {}", tool.file(name, note));
    assert_eq!(tool.asked(&[ask("whole", &whole)]), [format!("accepted {SECONDS}")]);
    // Letters of the checkpoint and of the seal, each changed to one that differs in its first bit; not those of the author's
    // own signature, which is another's to verify.
    let (text, sealed) = (whole.find("\n\n").unwrap(), whole.rfind("— ").unwrap());
    let letters = whole.char_indices().filter(|(place, _)| *place < text || *place > sealed);
    let letters = letters.filter_map(|(place, letter)| Some((place, ALPHABET.find(letter)?)));
    let mut changed = Vec::new();
    for (place, value) in letters.enumerate().filter(|(nth, _)| nth % 7 == 0 || *nth < 200).map(|(_, of)| of)
    {
        let other = &ALPHABET[value ^ 32..][..1];
        let tampered = format!("{}{other}{}", &whole[..place], &whole[place + 1..]);
        let ours = Note::parse(tampered.as_bytes()).and_then(|note| {
            let checkpoint = Checkpoint::from_text(note.text, &LINE, checkpoint().book)?;
            Seal::from_note(&note, &checkpoint, &LINE, &key)
        });
        assert!(!matches!(ours, Ok(Some(_))), "character {place}");
        changed.push((place, ask(&format!("t{place}"), &tampered)));
    }
    let questions: Vec<String> = changed.iter().map(|(_, question)| question.clone()).collect();
    for (answer, (place, _)) in tool.asked(&questions).iter().zip(&changed) {
        assert!(answer.starts_with("refused"), "character {place}: {answer}");
    }
    assert!(changed.len() > 500);
}

#[test]
fn we_accept_the_seals_of_cryptography() {
    let tool = Tool::new("theirs");
    let key = SealSecret::from_seed(SEED).public();
    let vkey = tool.file("vkey", &key.vkey(&seal_name(&LINE, checkpoint().book.party)));
    let bare = tool.file("note", &note(""));
    let asked = format!("sign {} {vkey} {bare} {SECONDS}", hex(&SEED));
    let mut answers = tool.asked(&[asked.clone(), asked]);
    answers.dedup();
    assert_eq!(answers.len(), 2, "it hedges: no two of its signatures are alike");
    for line in answers {
        let whole = note(&(line + "\n"));
        let read = Note::parse(whole.as_bytes()).unwrap();
        let seal = Seal::from_note(&read, &checkpoint(), &LINE, &key).unwrap().unwrap();
        assert_eq!(seal.seconds, SECONDS);
    }
}
