//! Dossiers held to programs that we did not write: Go's `sumdb/note` and `sumdb/tlog`, as Debian packs them. They accept our
//! notes, cosignatures, inclusion and consistency proofs, and refuse them once they are tampered with.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

mod scene;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use detente_record::{Fault, base64, proof};

use scene::{Scene, book, parts, scene};

/// Where Debian puts Go's packages.
const PACKAGES: &str = "/usr/share/gocode";
const MISSING: &str = "apt-get install golang-go golang-golang-x-mod-dev, as `cargo xtask ci` does";

/// A folder with a checker in it, gone at the end.
struct Checker(PathBuf);

impl Checker {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("detente-go-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_tools/main.go");
        let mut go = Command::new("go");
        go.env("GO111MODULE", "off").env("GOPATH", PACKAGES).env("GOFLAGS", "").env("CGO_ENABLED", "0");
        go.env("GOCACHE", folder.join("cache"))
            .arg("build")
            .arg("-o")
            .arg(folder.join("checker"))
            .arg(source);
        let built = go.output().expect(MISSING);
        assert!(built.status.success(), "{MISSING}: {}", String::from_utf8_lossy(&built.stderr));
        Self(folder)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// What it answers to each question.
    fn asked(&self, questions: &[String]) -> Vec<String> {
        let mut checker = Command::new(self.0.join("checker"));
        let mut child = checker.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all((questions.join("\n") + "\n").as_bytes()).unwrap();
        let answered = child.wait_with_output().unwrap();
        assert!(answered.status.success());
        let answers: Vec<String> =
            String::from_utf8(answered.stdout).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), questions.len());
        answers
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn go_accepts_our_proofs_and_notes_and_refuses_tampered_ones() {
    let (_, bytes) = scene();
    let parts = parts(&bytes);
    let text = |end: &str| {
        let (_, bytes) = parts.iter().find(|(name, _)| name.ends_with(end)).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    };
    let checker = Checker::new("proofs");
    let keys = checker.file("keys.txt", text("keys.txt"));
    let ask = |name: &str, proof: &str| format!("proof {keys} {}", checker.file(name, proof));
    let [two, three, one] =
        ["usa-R-2/at-2.tlog-proof", "usa-R-2/at-3.tlog-proof", "rus-R-1/at-1.tlog-proof"].map(text);
    let whole = [ask("two", &two), ask("three", &three), ask("one", &one)];
    assert_eq!(
        checker.asked(&whole),
        ["accepted 2 of 2, 2 signatures", "accepted 2 of 3, 3 signatures", "accepted 1 of 1, 2 signatures"]
    );
    // Every character of the leaf, the hashes, the checkpoint and the signatures, changed to the one of base64 that differs in
    // its first bit: Go passes over the last bits of a text, which ours does not.
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut changed = Vec::new();
    for (place, letter) in three.char_indices() {
        let Some(value) = ALPHABET.find(letter) else { continue };
        let other = &ALPHABET[value ^ 32..][..1];
        let tampered = format!("{}{other}{}", &three[..place], &three[place + 1..]);
        changed.push((place, ask(&format!("t{place}"), &tampered)));
    }
    let questions: Vec<String> = changed.iter().map(|(_, question)| question.clone()).collect();
    for (answer, (place, _)) in checker.asked(&questions).iter().zip(&changed) {
        // Who spoils the name or the id of a cosigner's key has only left its signature out.
        let left_out = answer == "accepted 2 of 3, 2 signatures" || answer == "accepted 2 of 3, 1 signatures";
        assert!(answer.starts_with("refused") || left_out, "character {place}: {answer}");
    }
    assert!(changed.len() > 500);
}

#[test]
fn go_accepts_our_consistency_proofs_and_refuses_tampered_ones() {
    let mut scene = Scene::new();
    for number in 0..13 {
        scene.say(0, &format!("Entry {number}"));
    }
    let checker = Checker::new("consistency");
    let (mut whole, mut tampered) = (Vec::new(), Vec::new());
    for large in 1..=13 {
        for small in 1..=large {
            let hashes =
                proof::consistency(small, large, |node| Ok::<_, Fault>(scene.subtree(book(0), node)))
                    .unwrap();
            let [to, from] = [large, small].map(|size| scene.signed(book(0), size).checkpoint.root);
            let file = |root: &[u8; 32], hashes: &[[u8; 32]]| {
                let hashes: String = hashes.iter().map(|hash| base64(hash) + "\n").collect();
                format!("{large}\n{}\n{small}\n{}\n{hashes}", base64(&to), base64(root))
            };
            let ask = |kind: &str, text: String| {
                format!("consistency {}", checker.file(&format!("{kind}-{large}-{small}"), text))
            };
            whole.push(ask("whole", file(&from, &hashes)));
            let mut other = from;
            other[7] ^= 1;
            tampered.push(ask("root", file(&other, &hashes)));
            let mut other = hashes.clone();
            other.push([1; 32]);
            tampered.push(ask("more", file(&from, &other)));
            if let Some(first) = hashes.first() {
                let mut other = hashes.clone();
                other[0] = {
                    let mut hash = *first;
                    hash[31] ^= 1;
                    hash
                };
                tampered.push(ask("hash", file(&from, &other)));
            }
        }
    }
    assert!(checker.asked(&whole).iter().all(|answer| answer.starts_with("accepted")));
    assert!(checker.asked(&tampered).iter().all(|answer| answer.starts_with("refused")));
}
