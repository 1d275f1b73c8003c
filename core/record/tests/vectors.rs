//! The vectors of `vectors/record/`, which another implementation wrote from the specification alone.
//!
//! A failure names its file and case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be read has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use detente_record::book::Past;
use detente_record::note::Note;
use detente_record::proof::{consistency, inclusion};
use detente_record::renewal::{Taken, Why, renewal_name};
use detente_record::tile::{Tile, bundle_leaf, bundled_leaves, contents};
use detente_record::tlog_proof::{Keys, TlogProof};
use detente_record::{
    Blame, Book, BookSecret, Checkpoint, Class, Entry, EntryRef, Fault, Frontier, Hash, LineId, LineSecret,
    Node, ParsedRef, Party, PublicKey, RankKeys, Ranks, Receipt, Renewal, Root, Seal, SealKey, SealSecret,
    SecretKey, SignedCheckpoint, canonical, conflict, conflict_across, empty_root, fingerprint, leaf_hash,
    possession_message, receipt_name, seal, seal_name, vector_hash, verify_consistency, verify_inclusion,
    verify_step,
};
use serde_json::Value;

/// A vector, and the way to it for messages.
struct Case {
    at: String,
    value: Value,
}

impl Case {
    fn file(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/record/{name}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { at: name.into(), value: serde_json::from_str(&text).unwrap() }
    }

    fn get(&self, key: &str) -> Self {
        let value = self.value.get(key).unwrap_or_else(|| panic!("{}: no {key}", self.at));
        Self { at: format!("{} {key}", self.at), value: value.clone() }
    }

    fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some_and(|value| !value.is_null())
    }

    fn list(&self, key: &str) -> Vec<Self> {
        let list = self.get(key);
        let cases = list.value.as_array().unwrap().iter().enumerate();
        let cases: Vec<Self> = cases
            .map(|(place, value)| {
                let name = value.get("name").and_then(Value::as_str);
                let at = format!("{} [{place}] {}", list.at, name.unwrap_or_default());
                Self { at, value: value.clone() }
            })
            .collect();
        assert!(!cases.is_empty() || key != "cases", "{}: nothing to check", list.at);
        cases
    }

    fn text(&self, key: &str) -> String {
        self.get(key).value.as_str().unwrap_or_else(|| panic!("{} {key}: no text", self.at)).into()
    }

    fn number(&self, key: &str) -> u64 {
        self.get(key).value.as_u64().unwrap_or_else(|| panic!("{} {key}: no number", self.at))
    }

    fn flag(&self, key: &str) -> bool {
        self.get(key).value.as_bool().unwrap()
    }

    /// Hex in groups; `00*64` is a run.
    fn as_bytes(&self) -> Vec<u8> {
        let groups = self.value.as_str().unwrap_or_else(|| panic!("{}: no hex", self.at)).split(' ');
        let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
        groups
            .flat_map(|group| match group.split_once('*') {
                Some((digits, times)) => vec![byte(digits.as_bytes()); times.parse().unwrap()],
                None => group.as_bytes().chunks(2).map(byte).collect(),
            })
            .collect()
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        self.get(key).as_bytes()
    }

    fn fixed<const N: usize>(&self, key: &str) -> [u8; N] {
        self.bytes(key).try_into().unwrap_or_else(|_| panic!("{} {key}: not {N} bytes", self.at))
    }

    fn all_bytes(&self, key: &str) -> Vec<Vec<u8>> {
        self.list(key).iter().map(Self::as_bytes).collect()
    }

    fn hashes(&self, key: &str) -> Vec<Hash> {
        self.all_bytes(key).into_iter().map(|bytes| bytes.try_into().unwrap()).collect()
    }

    fn line(&self) -> LineId {
        LineId(self.fixed("line"))
    }

    fn book(&self) -> Book {
        Book::from_code(self.number("book") as u32).unwrap()
    }

    fn key(&self, key: &str) -> PublicKey {
        PublicKey::new(self.fixed(key)).unwrap()
    }
}

/// Fails unless a verdict is the one expected.
#[track_caller]
fn expect<T>(at: &str, sound: bool, verdict: Result<T, Fault>) {
    match verdict {
        Ok(_) => assert!(sound, "{at}: accepted"),
        Err(fault) => assert!(!sound, "{at}: {fault}"),
    }
}

#[test]
fn cbor() {
    for case in Case::file("cbor").list("cases") {
        expect(&case.at, case.flag("canonical"), canonical(&case.bytes("bytes")));
    }
}

#[test]
fn names() {
    let file = Case::file("names");
    for case in file.list("books") {
        let book = Book::from_code(case.number("code") as u32).unwrap();
        let class = Class::from_letter(case.text("letter").chars().next().unwrap()).unwrap();
        let party = Party::new(case.number("party") as u8).unwrap();
        assert_eq!(book, Book { generation: case.number("generation") as u16, party, class }, "{}", case.at);
        assert_eq!(u64::from(book.code()), case.number("code"), "{}", case.at);
        assert_eq!(book.origin(&file.line()), case.text("origin"), "{}", case.at);
        assert_eq!(book.text("usa"), case.text("text"), "{}", case.at);
        assert_eq!(EntryRef { book, number: 3 }.text("usa"), case.text("entry"), "{}", case.at);
    }
    for case in file.list("no_books") {
        expect(&case.at, false, Book::from_code(case.value.as_u64().unwrap() as u32));
    }
    for case in file.list("receipt_names") {
        let party = Party::new(case.number("party") as u8).unwrap();
        assert_eq!(receipt_name(&file.line(), party), case.text("name"), "{}", case.at);
    }
    for case in file.list("entries") {
        let read =
            ParsedRef::parse(&case.text("text")).unwrap_or_else(|fault| panic!("{}: {fault}", case.at));
        let class = Class::from_letter(case.text("letter").chars().next().unwrap()).unwrap();
        assert_eq!((read.party, read.class), (case.text("party"), class), "{}", case.at);
        assert_eq!(u64::from(read.generation), case.number("generation"), "{}", case.at);
        assert_eq!(read.number, case.number("number"), "{}", case.at);
    }
    for case in file.list("no_entries") {
        expect(&case.at, false, ParsedRef::parse(case.value.as_str().unwrap()));
    }
}

#[test]
fn entries() {
    for case in Case::file("entries").list("cases") {
        let bytes = case.bytes("bytes");
        let verdict = match &Entry::decode(&bytes) {
            Ok(entry) => {
                assert_eq!(entry.encode().unwrap(), bytes, "{}", case.at);
                if case.has("fields") {
                    fields(entry, &case.get("fields"));
                }
                "sound".to_string()
            }
            Err(fault) => fault.blame().to_string(),
        };
        assert_eq!(verdict, case.text("verdict"), "{}", case.at);
    }
}

/// Compares an entry with what it is said to hold.
fn fields(entry: &Entry, case: &Case) {
    let pair = |pair: &Value| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap());
    let pairs = |key| case.list(key).iter().map(|one| pair(&one.value)).collect::<Vec<_>>();
    assert_eq!(entry.serial, case.number("serial"), "{}", case.at);
    assert_eq!(entry.time_ms, case.number("time_ms"), "{}", case.at);
    assert_eq!(entry.clock_held, case.flag("clock_held"), "{}", case.at);
    assert_eq!(u64::from(entry.office), case.number("office"), "{}", case.at);
    assert_eq!(entry.language.as_deref(), case.get("language").value.as_str(), "{}", case.at);
    let regards = entry.regards.iter().map(|entry| (u64::from(entry.book.code()), entry.number));
    assert_eq!(regards.collect::<Vec<_>>(), pairs("regards"), "{}", case.at);
    let cut: BTreeMap<u64, u64> =
        entry.cut.iter().map(|(book, size)| (u64::from(book.code()), *size)).collect();
    assert_eq!(cut, pairs("cut").into_iter().collect(), "{}", case.at);
    let vector = case.has("vector").then(|| case.fixed("vector"));
    assert_eq!(entry.vector, vector, "{}", case.at);
    assert_eq!(u64::from(entry.kind), case.number("kind"), "{}", case.at);
    assert_eq!(entry.body, case.bytes("body"), "{}", case.at);
    assert_eq!(entry.second.map(u64::from), case.get("second").value.as_u64(), "{}", case.at);
}

#[test]
fn vector_hashes() {
    for case in Case::file("entries").list("vectors") {
        let books = case.list("books");
        let books =
            books.iter().map(|book| (book.book(), (book.number("size"), book.fixed("root")))).collect();
        assert_eq!(vector_hash(&books), case.fixed("hash"), "{}", case.at);
    }
}

#[test]
fn books() {
    for case in Case::file("books").list("cases") {
        let mut past = Past::new(case.book());
        for entry in case.list("entries") {
            let verdict = past.follow(&Entry::decode(&entry.bytes("bytes")).unwrap());
            let broken = verdict.as_ref().err().map(|fault| fault.detail().what);
            assert_eq!(broken, entry.get("broken").value.as_str(), "{} {}", case.at, entry.at);
        }
    }
}

#[test]
fn blinds() {
    let file = Case::file("blinds");
    for case in file.list("cases") {
        let secret = LineSecret::from_bytes(case.fixed("secret"));
        assert_eq!(secret.commitment(), case.fixed("commitment"), "{}", case.at);
        let book = BookSecret::new(&secret, &case.text("origin"));
        for blind in case.list("blinds") {
            let index = blind.number("index");
            assert_eq!(book.blind(index), blind.fixed("blind"), "{}", blind.at);
            assert_eq!(book.blinds(index).next(), Some(blind.fixed("blind")), "{}", blind.at);
        }
    }
    let leaf = file.get("leaf");
    assert_eq!(leaf_hash(&leaf.fixed("blind"), &leaf.bytes("entry")), leaf.fixed("hash"));
}

/// The hash of a complete subtree over these leaves.
fn subtree(leaves: &[Hash], node: Node) -> Result<Hash, Fault> {
    let mut frontier = Frontier::default();
    let first = (node.index as usize) << node.level;
    leaves[first..first + (1 << node.level)].iter().for_each(|leaf| frontier.push(*leaf));
    Ok(frontier.root())
}

#[test]
fn trees() {
    let file = Case::file("trees");
    let (leaves, roots) = (file.hashes("leaf_hashes"), file.hashes("roots"));
    let mut frontier = Frontier::default();
    assert_eq!(roots[0], empty_root());
    for (leaf, root) in leaves.iter().zip(&roots[1..]) {
        frontier.push(*leaf);
        assert_eq!(frontier.root(), *root, "size {}", frontier.size());
    }
    for case in file.list("inclusion") {
        let (index, size, proof) = (case.number("index"), case.number("size"), case.hashes("proof"));
        assert_eq!(inclusion(index, size, |node| subtree(&leaves, node)).unwrap(), proof, "{}", case.at);
        let (leaf, root) = (&leaves[index as usize], &roots[size as usize]);
        expect(&case.at, true, verify_inclusion(leaf, index, size, &proof, root));
    }
    for case in file.list("consistency") {
        let (first, second, proof) = (case.number("first"), case.number("second"), case.hashes("proof"));
        assert_eq!(consistency(first, second, |node| subtree(&leaves, node)).unwrap(), proof, "{}", case.at);
        let (first_root, second_root) = (&roots[first as usize], &roots[second as usize]);
        expect(&case.at, true, verify_consistency(first, first_root, second, second_root, &proof));
    }
    for case in file.list("no_inclusion") {
        let (index, size, leaf) = (case.number("index"), case.number("size"), case.number("leaf"));
        let root = &roots[if size == 0 { 0 } else { 7 }];
        expect(
            &case.at,
            false,
            verify_inclusion(&leaves[leaf as usize], index, size, &case.hashes("proof"), root),
        );
    }
    for case in file.list("no_consistency") {
        let (first, second, proof) = (case.number("first"), case.number("second"), case.hashes("proof"));
        let (first_root, second_root) = (case.fixed("first_root"), case.fixed("second_root"));
        expect(&case.at, false, verify_consistency(first, &first_root, second, &second_root, &proof));
    }
}

#[test]
fn tiles() {
    let file = Case::file("tiles");
    for case in file.list("paths") {
        let (level, width) = (case.number("level") as u8, case.number("width") as u16);
        let tile = Tile { level, index: case.number("index"), width };
        assert_eq!(tile.path(), case.text("path"), "{}", case.at);
        assert_eq!(Tile::parse(&case.text("path")), Ok(tile), "{}", case.at);
        assert_eq!(tile.entries_path(), case.has("entries").then(|| case.text("entries")), "{}", case.at);
    }
    for case in file.list("no_paths") {
        expect(&case.at, false, Tile::parse(case.value.as_str().unwrap()));
    }
    for case in file.list("sizes") {
        let (full, partial): (Vec<Tile>, Vec<Tile>) =
            Tile::of_size(case.number("size")).partition(|tile| tile.width == 256);
        assert_eq!(full.len() as u64, case.number("full"), "{}", case.at);
        let paths: Vec<Value> = partial.into_iter().map(|tile| tile.path().into()).collect();
        assert_eq!(Value::from(paths), case.get("partial").value, "{}", case.at);
    }
    let leaves: Vec<Hash> = (0..600_u16)
        .map(|number| detente_record::sha256(&[&[0][..], &number.to_be_bytes()].concat()))
        .collect();
    for case in file.get("contents").list("tiles") {
        let bytes =
            contents(Tile::parse(&case.text("path")).unwrap(), |node| subtree(&leaves, node)).unwrap();
        assert_eq!(detente_record::sha256(&bytes), case.fixed("sha256"), "{}", case.at);
    }
    for case in file.list("bundles") {
        let bytes = case.bytes("bytes");
        let read = bundled_leaves(&bytes);
        expect(&case.at, case.has("leaves"), read.clone());
        if let Ok(leaves) = read {
            assert_eq!(leaves, case.all_bytes("leaves"), "{}", case.at);
            let mut written = Vec::new();
            for leaf in leaves {
                let (blind, entry) = leaf.split_first_chunk().unwrap();
                bundle_leaf(&mut written, blind, entry).unwrap();
            }
            assert_eq!(written, bytes, "{}", case.at);
        }
    }
}

#[test]
fn keys() {
    let file = Case::file("keys");
    for case in file.list("public_keys") {
        let read = PublicKey::new(case.fixed("key"));
        assert!(matches!(read, Ok(_) | Err(Fault::WeakKey(_))), "{}", case.at);
        expect(&case.at, !case.flag("weak"), read);
    }
    for case in file.list("signatures") {
        let verdict = case.key("key").verify(&case.bytes("message"), &case.fixed("signature"));
        assert_eq!(verdict, case.flag("valid"), "{}", case.at);
    }
    for case in file.list("possession") {
        let secret = SecretKey::from_seed(case.fixed("seed"));
        assert_eq!(secret.public(), case.key("key"), "{}", case.at);
        let message = possession_message(&case.text("role"), &case.text("party"), &secret.public());
        assert_eq!(message, case.bytes("message"), "{}", case.at);
        assert_eq!(secret.sign(&message), case.fixed("signature"), "{}", case.at);
    }
    for case in file.list("fingerprints") {
        assert_eq!(fingerprint(&case.bytes("subject")), case.text("text"), "{}", case.at);
    }
}

#[test]
fn checkpoints() {
    let file = Case::file("checkpoints");
    let (line, key, secret) = (file.line(), file.key("key"), SecretKey::from_seed(file.fixed("seed")));
    for case in file.list("cases") {
        let checkpoint =
            Checkpoint { book: case.book(), size: case.number("size"), root: case.fixed("root") };
        assert_eq!(checkpoint.text(&line), case.text("text"), "{}", case.at);
        let signed = checkpoint.sign(&line, &secret);
        assert_eq!(signed.signature, case.fixed("signature"), "{}", case.at);
        assert_eq!(signed.note(&line, &key), case.text("note"), "{}", case.at);
        let note = case.text("note");
        let read =
            SignedCheckpoint::from_note(&Note::parse(note.as_bytes()).unwrap(), &line, case.book(), &key);
        assert_eq!(read, Ok(signed), "{}", case.at);
    }
    let notes = file.get("notes");
    for case in notes.list("cases") {
        let note = case.text("note");
        let read = Note::parse(note.as_bytes())
            .and_then(|note| SignedCheckpoint::from_note(&note, &line, notes.book(), &key));
        expect(&case.at, case.flag("sound"), read);
    }
    let conflicts = file.get("conflicts");
    for case in conflicts.list("cases") {
        let [one, other] = ["one", "other"].map(|which| {
            let signed = case.get(which);
            let (size, root) = (signed.number("size"), signed.fixed("root"));
            let checkpoint = Checkpoint { book: conflicts.book(), size, root };
            let signed = SignedCheckpoint { checkpoint, signature: signed.fixed("signature") };
            signed.verify(&line, &key).unwrap();
            signed
        });
        let verdict = match case.has("proof") {
            true => conflict_across(&one, &other, &case.fixed("root"), &case.hashes("proof")),
            false => conflict(&one, &other),
        };
        assert_eq!(verdict, case.flag("conflict"), "{}", case.at);
    }
}

#[test]
fn steps() {
    let file = Case::file("steps");
    let (line, book, key) = (file.line(), file.book(), file.key("key"));
    let secret = BookSecret::new(&LineSecret::from_bytes(file.fixed("secret")), &book.origin(&line));
    for case in file.list("cases") {
        let mut held = Frontier::default();
        for (entry, blind) in case.all_bytes("held").iter().zip(secret.blinds(0)) {
            held.push(leaf_hash(&blind, entry));
        }
        let entries = case.all_bytes("entries");
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        let (size, signature) = (case.number("size"), case.fixed("signature"));
        let verified = verify_step(&held, &secret, &entries, book, size, &signature, &line, &key);
        if let Ok((frontier, leaves)) = &verified {
            assert_eq!((frontier.size(), frontier.root()), (size, case.fixed("root")), "{}", case.at);
            assert_eq!(leaves.len(), entries.len(), "{}", case.at);
        }
        expect(&case.at, case.flag("sound"), verified);
    }
}

#[test]
fn receipts() {
    let file = Case::file("receipts");
    let (line, book, key, secret) =
        (file.line(), file.book(), file.key("key"), SecretKey::from_seed(file.fixed("seed")));
    let (party, size, root) =
        (Party::new(file.number("party") as u8).unwrap(), file.number("size"), file.fixed("root"));
    for case in file.list("cases") {
        let receipt = Receipt::sign(book, party, size, &root, case.number("seconds"), &line, &secret);
        assert!(key.verify(case.text("message").as_bytes(), &receipt.signature), "{}", case.at);
        assert_eq!(receipt.signature, case.fixed("signature"), "{}", case.at);
        assert_eq!(receipt.note_line(&line, &key), case.text("line"), "{}", case.at);
        let note = case.text("note");
        let note = Note::parse(note.as_bytes()).unwrap();
        let checkpoint = Checkpoint::from_text(note.text, &line, book).unwrap();
        assert_eq!(
            Receipt::from_note(&note, &checkpoint, &line, party, &key),
            Ok(Some(receipt)),
            "{}",
            case.at
        );
    }
    for case in file.list("refused") {
        let party = Party::new(case.number("party") as u8).unwrap();
        let (size, seconds) = (case.number("size"), case.number("seconds"));
        let receipt = Receipt { book, party, size, seconds, signature: case.fixed("signature") };
        expect(&case.at, false, receipt.verify(&case.fixed("root"), &line, &key));
    }
}

#[test]
fn seals() {
    let file = Case::file("seals");
    let (line, book, key) = (file.line(), file.book(), SealKey::new(&file.bytes("key")).unwrap());
    let secret = SealSecret::from_seed(file.fixed("seed"));
    assert_eq!(seal_name(&line, book.party), file.text("key_name"));
    assert_eq!(key.vkey(&file.text("key_name")), file.text("vkey"));
    assert_eq!(SealKey::from_vkey(&file.text("vkey"), &file.text("key_name")), Ok(key.clone()));
    for case in file.list("keys") {
        let public = SealSecret::from_seed(case.fixed("seed")).public();
        assert_eq!(public.bytes().as_slice(), case.bytes("key"), "{}", case.at);
        assert_eq!(public.commitment(), case.fixed("commitment"), "{}", case.at);
    }
    for case in file.list("cases") {
        let checkpoint =
            Checkpoint { book: case.book(), size: case.number("size"), root: case.fixed("root") };
        let seconds = case.number("seconds");
        assert_eq!(seal::message(&checkpoint, seconds, &line), case.bytes("message"), "{}", case.at);
        let made = Seal::sign(&checkpoint, seconds, &line, &secret).unwrap();
        assert_eq!(made.signature.as_slice(), case.bytes("signature"), "{}", case.at);
        assert_eq!(made.note_line(&checkpoint, &line, &key), case.text("line"), "{}", case.at);
        let note = case.text("note");
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(Seal::from_note(&note, &checkpoint, &line, &key), Ok(Some(made)), "{}", case.at);
    }
    for case in file.list("held") {
        let checkpoint = Checkpoint { book, size: case.number("size"), root: case.fixed("root") };
        let signature = case.bytes("signature").try_into().unwrap();
        let seal = Seal { seconds: case.number("seconds"), signature };
        expect(&case.at, case.flag("holds"), seal.verify(&checkpoint, &line, &key));
    }
    for case in file.list("notes") {
        let note = case.text("note");
        let note = Note::parse(note.as_bytes()).unwrap();
        let checkpoint = Checkpoint::from_text(note.text, &line, book).unwrap();
        let found = match Seal::from_note(&note, &checkpoint, &line, &key) {
            Ok(Some(_)) => "sound".into(),
            Ok(None) => "none".into(),
            Err(fault) => format!("{:?}", fault.blame()),
        };
        assert_eq!(found, case.text("seal"), "{}", case.at);
    }
}

#[test]
fn renewals() {
    let file = Case::file("renewals");
    let party = Party::new(file.number("party") as u8).unwrap();
    let key = |case: &Case| PublicKey::new(case.as_bytes().try_into().unwrap()).unwrap();
    let keys = |of: &Case| {
        let all: Vec<PublicKey> = of.list("keys").iter().map(key).collect();
        let [book, receipt, station] = all.try_into().unwrap();
        RankKeys { book, receipt, station, commitment: of.fixed("commitment") }
    };
    for case in file.list("cases") {
        let renewal =
            Renewal::decode(&case.bytes("bytes")).unwrap_or_else(|fault| panic!("{}: {fault}", case.at));
        assert_eq!(renewal.encode(), case.bytes("bytes"), "{}", case.at);
        assert_eq!(
            (renewal.hash(), renewal.note_text()),
            (case.fixed("hash"), case.text("note_text")),
            "{}",
            case.at
        );
        assert_eq!(renewal_name(&renewal.hash(), party), case.text("key_name"), "{}", case.at);
        let said = &renewal.occasion;
        assert_eq!(
            (said.line, said.party, said.follows),
            (file.line(), party, case.fixed("follows")),
            "{}",
            case.at
        );
        assert_eq!(
            (u64::from(said.rank), said.time_ms),
            (case.number("rank"), case.number("time_ms")),
            "{}",
            case.at
        );
        let why = if said.why == Why::Rotation { "rotation" } else { "compromise" };
        assert_eq!((why, &renewal.keys), (case.text("why").as_str(), &keys(&case)), "{}", case.at);
    }
    for case in file.list("refused") {
        let read = Renewal::decode(&case.bytes("bytes"));
        let fault = read.expect_err(&case.at);
        let found =
            if matches!(fault, Fault::WeakKey(_)) { "WeakKey".into() } else { fault.blame().to_string() };
        assert_eq!(found, case.text("error"), "{}: {fault}", case.at);
    }
    for chain in file.list("chains") {
        let recovery = chain.has("recovery").then(|| chain.key("recovery"));
        let name = file.text("party_name");
        let root = Root { line: file.line(), party, name, keys: keys(&file), recovery };
        let mut ranks = Ranks::default();
        for offered in chain.list("offered") {
            let taken = match ranks.take(&root, Renewal::decode(&offered.bytes("bytes")).unwrap()) {
                Ok(Taken::Next) => "next".into(),
                Ok(Taken::Nothing) => "nothing".into(),
                Ok(Taken::Contradicts(_)) => "contradicts".into(),
                Err(fault) => fault.blame().to_string(),
            };
            assert_eq!(taken, offered.text("taken"), "{} {}", chain.at, offered.at);
        }
        assert_eq!(u64::from(ranks.last()), chain.number("last"), "{}", chain.at);
        let spoiled = chain.has("spoiled").then(|| chain.number("spoiled"));
        assert_eq!(ranks.spoiled_from().map(u64::from), spoiled, "{}", chain.at);
    }
}

#[test]
fn tlog_proofs() {
    let file = Case::file("tlog_proofs");
    let author = file.key("author_key");
    let receipts: Vec<(Party, PublicKey)> = file
        .list("receipt_keys")
        .iter()
        .map(|case| (Party::new(case.number("party") as u8).unwrap(), case.key("key")))
        .collect();
    let keys = Keys { author: &author, receipts: &receipts, seal: None };
    for case in file.list("cases") {
        let proof =
            TlogProof::parse(&case.text("text")).unwrap_or_else(|fault| panic!("{}: {fault}", case.at));
        assert_eq!(proof.format(), case.text("text"), "{}", case.at);
        let proved = proof.verify(&file.line(), file.book(), &keys).unwrap();
        assert_eq!(proved.name, EntryRef { book: file.book(), number: case.number("number") }, "{}", case.at);
        assert_eq!(proved.entry, case.bytes("entry"), "{}", case.at);
        assert_eq!(proved.receipts.len() as u64, case.number("receipts"), "{}", case.at);
    }
    for case in file.list("refused") {
        let verdict = TlogProof::parse(&case.text("text"))
            .and_then(|proof| proof.verify(&file.line(), file.book(), &keys));
        assert_ne!(verdict.as_ref().err().map(Fault::blame), Some(Blame::Misuse), "{}", case.at);
        expect(&case.at, false, verdict);
    }
}
