//! A line of three parties and a witness whose keys the tests have, so that they can sign whatever they like.

#![allow(dead_code, reason = "each file of tests takes what it needs")]
#![expect(clippy::unwrap_used, reason = "a test whose scene cannot be set has failed")]

use std::collections::BTreeMap;

use detente_dossier::archive::{self, Writer};
use detente_dossier::{Dossier, Memoranda, Placed, Proven};
use detente_line::{Content, Memorandum, Message, Office, Quota, Rule, Suspension, Terms, Tests, Witness};
use detente_line::{Fork, Member};
use detente_record::dossier::Head;
use detente_record::renewal::{Occasion, RankSecrets, Why};
use detente_record::witness::Cosignature;
use detente_record::{
    Book, BookSecret, Checkpoint, Class, Cut, Entry, EntryRef, Frontier, Hash, LineSecret, Node, Party,
    Ranks, Receipt, Renewal, Seal, SealKey, SealSecret, SecretKey, SignedCheckpoint, hex, leaf_hash,
    node_hash, possession_message, proof, sha256,
};

pub(crate) const NAMES: [&str; 3] = ["usa", "rus", "un"];
/// The time of the first entry, s.
pub(crate) const START_S: u64 = 1_500_000_000;
const WITNESS: &str = "witness.example/w1";

pub(crate) fn party(number: u8) -> Party {
    Party::new(number).unwrap()
}

pub(crate) fn book(number: u8) -> Book {
    book_of(number, Class::R)
}

pub(crate) fn name(number: u8, place: u64) -> EntryRef {
    EntryRef { book: book(number), number: place }
}

fn key(party: u8, role: u8) -> SecretKey {
    SecretKey::from_seed([party * 8 + role + 1; 32])
}

/// Of the keys of rank 1, the book key's role; those of receipts and the station follow.
pub(crate) const FIRST_ROLE: u8 = 100;

pub(crate) fn renewed_key(party: u8, role: u8) -> SecretKey {
    SecretKey::from_seed([role + party * 8; 32])
}

fn recovery_key(party: u8) -> SecretKey {
    SecretKey::from_seed([60 + party; 32])
}

fn seal_secret(party: u8) -> SealSecret {
    SealSecret::from_seed([50 + party; 32])
}

/// The line's memorandum, of parties that have recovery keys and seal.
pub(crate) fn memorandum_with_keys() -> Memorandum {
    let mut terms = memorandum(1).terms().clone();
    for member in &mut terms.parties {
        let recovery = recovery_key(member.number);
        let proof = recovery.sign(&possession_message("recovery", &member.name, &recovery.public()));
        member.recovery_key = Some(*recovery.public().bytes());
        member.possession.push(proof.to_vec().into());
        member.seal = Some(seal_secret(member.number).public().commitment());
    }
    Memorandum::check(terms).unwrap()
}

/// The key that a party of it seals with.
pub(crate) fn seal_key(party: u8) -> SealKey {
    seal_secret(party).public()
}

fn witness_key() -> SecretKey {
    SecretKey::from_seed([77; 32])
}

/// A party as a memorandum names it.
pub(crate) fn member(name: &str, number: u8) -> Member {
    let roles = ["book", "receipt", "station"].into_iter().zip(0..);
    let possession = roles.map(|(role, place)| {
        let key = key(number, place);
        key.sign(&possession_message(role, name, &key.public())).to_vec().into()
    });
    Member {
        number,
        name: name.into(),
        full_name: name.to_uppercase(),
        book_key: *key(number, 0).public().bytes(),
        receipt_key: *key(number, 1).public().bytes(),
        station_key: *key(number, 2).public().bytes(),
        recovery_key: None,
        commitment: LineSecret::from_bytes([200 + number; 32]).commitment(),
        possession: possession.collect(),
        languages: vec!["en".into()],
        offices: vec![Office { number: 1, name: "watch".into(), rank: 0 }],
        seal: None,
    }
}

pub(crate) fn book_of(number: u8, class: Class) -> Book {
    Book { generation: 0, party: party(number), class }
}

/// The line's memorandum; `text` tells one line from another.
pub(crate) fn memorandum(text: u8) -> Memorandum {
    let terms = Terms {
        version: 1,
        name: "incident".into(),
        predecessor: None,
        parent: None,
        refounds: None,
        parties: NAMES.into_iter().zip(0..).map(|(name, number)| member(name, number)).collect(),
        depositary: 0,
        handling_ms: vec![60_000, 300_000, 3_600_000, 86_400_000],
        escalations: Vec::new(),
        tests: Tests { interval_ms: 600_000, grace_ms: 30_000, checkpoint_ms: None },
        suspension: Suspension { consent: true, passes: Vec::new() },
        quotas: vec![Quota { entries: 1_000, bytes: 1 << 24 }; 5],
        rule: Rule { threshold: 3, veto: Vec::new(), window_ms: 3_600_000 },
        notices: Vec::new(),
        circuits: None,
        text: Some([text; 32]),
        extent: None,
        witnesses: Some(vec![Witness {
            name: WITNESS.into(),
            key: *witness_key().public().bytes(),
            url: "https://witness.example".into(),
        }]),
        witnessing_ms: None,
        observers: None,
        founding: None,
        sealing_ms: None,
        dictionary: None,
        two_officers: None,
    };
    Memorandum::check(terms).unwrap()
}

/// The record of a line, as its keys would have it.
pub(crate) struct Scene {
    pub(crate) memoranda: Memoranda,
    leaves: BTreeMap<Book, Vec<Vec<u8>>>,
    serials: BTreeMap<Party, u64>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::of(memorandum(1))
    }

    pub(crate) fn of(memorandum: Memorandum) -> Self {
        Self { memoranda: Memoranda::founded(memorandum), leaves: BTreeMap::new(), serials: BTreeMap::new() }
    }

    /// Adds any bytes to a party's book, as an entry.
    pub(crate) fn append(&mut self, number: u8, bytes: &[u8]) -> EntryRef {
        self.append_to(book(number), bytes)
    }

    fn append_to(&mut self, book: Book, bytes: &[u8]) -> EntryRef {
        let leaves = self.leaves.entry(book).or_default();
        let secret = LineSecret::from_bytes([200 + book.party.number(); 32]);
        let secret = BookSecret::new(&secret, &book.origin(&self.memoranda.line()));
        leaves.push([secret.blind(leaves.len() as u64).as_slice(), bytes].concat());
        EntryRef { book, number: leaves.len() as u64 }
    }

    /// Adds an entry of a party's, a second after the one before.
    pub(crate) fn write(
        &mut self,
        number: u8,
        content: &Content,
        regards: &[EntryRef],
        cut: Cut,
    ) -> EntryRef {
        self.write_in(book(number), content, regards, cut)
    }

    /// Adds an act of a party's.
    pub(crate) fn act(&mut self, number: u8, content: &Content, regards: &[EntryRef]) -> EntryRef {
        self.write_in(book_of(number, Class::A), content, regards, Cut::new())
    }

    pub(crate) fn write_in(
        &mut self,
        book: Book,
        content: &Content,
        regards: &[EntryRef],
        cut: Cut,
    ) -> EntryRef {
        let number = book.party.number();
        let serial = self.serials.entry(party(number)).or_default();
        *serial += 1;
        let time_ms = (START_S + *serial) * 1_000;
        let entry = Entry {
            serial: *serial,
            time_ms,
            clock_held: false,
            office: 1,
            language: None,
            regards: regards.to_vec(),
            cut,
            vector: (book.class == Class::A).then_some([0; 32]),
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        let bytes = entry.encode().unwrap();
        self.append_to(book, &bytes)
    }

    pub(crate) fn say(&mut self, number: u8, text: &str) -> EntryRef {
        let message = Message { text: text.into(), ..Message::default() };
        self.write(number, &Content::Message(message), &[], Cut::new())
    }

    pub(crate) fn leaf(&self, name: EntryRef) -> &[u8] {
        &self.leaves[&name.book][name.number as usize - 1]
    }

    /// How many entries a book has.
    pub(crate) fn size(&self, book: Book) -> u64 {
        self.leaves[&book].len() as u64
    }

    fn hashes(&self, book: Book) -> Vec<Hash> {
        let leaves = self.leaves[&book].iter();
        leaves.map(|leaf| leaf_hash(leaf[..16].try_into().unwrap(), &leaf[16..])).collect()
    }

    /// The hash of a whole subtree of a book.
    pub(crate) fn subtree(&self, book: Book, node: Node) -> Hash {
        subtree(&self.hashes(book), node)
    }

    pub(crate) fn signed(&self, book: Book, size: u64) -> SignedCheckpoint {
        let mut tree = Frontier::default();
        self.hashes(book).into_iter().take(size as usize).for_each(|hash| tree.push(hash));
        let checkpoint = Checkpoint { book, size, root: tree.root() };
        let number = book.party.number();
        let key = if book.rank() == 0 { key(number, 0) } else { renewed_key(number, FIRST_ROLE) };
        checkpoint.sign(&self.memoranda.line(), &key)
    }

    /// A checkpoint with receipts of these parties, `receipts` seconds after the start, and a witness's cosignature a second later.
    pub(crate) fn head(&self, book: Book, size: u64, by: &[(u8, u64)], witnessed: bool) -> Head {
        let checkpoint = self.signed(book, size);
        let (line, root) = (self.memoranda.line(), checkpoint.checkpoint.root);
        let receipt = |(number, seconds): &(u8, u64)| {
            Receipt::sign(book, party(*number), size, &root, START_S + seconds, &line, &key(*number, 1))
        };
        let text = checkpoint.checkpoint.text(&line);
        let cosigned = witnessed.then(|| (0, Cosignature::sign(&text, START_S + 100, &witness_key())));
        Head {
            receipts: by.iter().map(receipt).collect(),
            cosignatures: cosigned.into_iter().collect(),
            checkpoint,
            seal: None,
        }
    }

    /// A renewal of a party's keys to rank 1, as its recovery key signs it; its new keys are [`key`]'s of role 10 and above.
    pub(crate) fn renewal(&self, number: u8, why: Why, role: u8) -> Renewal {
        let root = self.memoranda.root(party(number)).unwrap();
        let (rank, follows) = Ranks::default().next(&root).unwrap();
        let [book, receipt, station] = [0, 1, 2].map(|more| renewed_key(number, role + more));
        let next = RankSecrets { book: &book, receipt: &receipt, station: &station, commitment: [role; 32] };
        let time_ms = (START_S + 500) * 1_000;
        let occasion = Occasion { line: root.line, party: root.party, rank, follows, why, time_ms };
        Renewal::sign(occasion, &root.name, &next, &recovery_key(number))
    }

    /// A checkpoint that a seal covers as well.
    pub(crate) fn sealed(&self, mut head: Head) -> Head {
        let of = &head.checkpoint.checkpoint;
        let secret = seal_secret(of.book.party.number());
        head.seal = Some(Seal::sign(of, START_S + 300, &self.memoranda.line(), &secret).unwrap());
        head
    }

    /// An entry under heads.
    pub(crate) fn prove(&self, name: EntryRef, heads: &[Head]) -> Proven {
        let hashes = self.hashes(name.book);
        let place = |head: &Head| {
            let size = head.checkpoint.checkpoint.size;
            let subtree = |node| Ok::<_, detente_record::Fault>(subtree(&hashes, node));
            Placed { head: head.clone(), hashes: proof::inclusion(name.number - 1, size, subtree).unwrap() }
        };
        Proven { name, leaf: self.leaf(name).to_vec(), proofs: heads.iter().map(place).collect() }
    }

    /// The file.
    pub(crate) fn dossier(&self, entries: Vec<Proven>, forks: Vec<Fork>) -> Vec<u8> {
        self.written(entries, forks, false)
    }

    /// The file, to which attachments are added.
    pub(crate) fn with_attachments(&self, entries: Vec<Proven>, files: &[&[u8]]) -> Vec<u8> {
        let mut parts = parts(&self.written(entries, vec![], true));
        let mut attachments: Parts =
            files.iter().map(|file| (format!("attachments/{}", hex(&sha256(file))), file.to_vec())).collect();
        attachments.sort();
        parts.append(&mut attachments);
        pack(&parts)
    }

    fn written(&self, entries: Vec<Proven>, forks: Vec<Fork>, with_attachments: bool) -> Vec<u8> {
        let memoranda = &self.memoranda;
        let signatures =
            (0..3).map(|number| (party(number), memoranda.founding().sign(&key(number, 0)))).collect();
        Dossier { memoranda, with_attachments, signatures, entries, forks }.write().unwrap()
    }
}

fn subtree(leaves: &[Hash], node: Node) -> Hash {
    match node.level {
        0 => leaves[node.index as usize],
        level => {
            let half = |index| subtree(leaves, Node { level: level - 1, index });
            node_hash(&half(2 * node.index), &half(2 * node.index + 1))
        }
    }
}

/// The line of the tests: usa says three things, rus answers the second one, and un holds all of it.
pub(crate) fn scene() -> (Scene, Vec<u8>) {
    let mut scene = Scene::new();
    scene.say(0, "A neighbour whom this does not concern, before.");
    let said = scene.say(0, "The convoy leaves at 0600Z.");
    scene.say(0, "A neighbour whom this does not concern, after.");
    let answer = Message { text: "Understood.".into(), answers: Some(true), ..Message::default() };
    let cut = Cut::from([(book(0), 2)]);
    let answer = scene.write(1, &Content::Message(answer), &[said], cut);
    let heads = [scene.head(said.book, 2, &[(1, 30)], false), scene.head(said.book, 3, &[(2, 40)], true)];
    let proofs = vec![
        scene.prove(said, &heads),
        scene.prove(answer, &[scene.head(answer.book, 1, &[(0, 50)], false)]),
    ];
    let bytes = scene.dossier(proofs, Vec::new());
    (scene, bytes)
}

/// A witness that the founding memorandum does not name.
pub(crate) fn later_witness() -> Witness {
    let key = *SecretKey::from_seed([78; 32]).public().bytes();
    Witness { name: "witness.example/w2".into(), key, url: "https://later.example".into() }
}

/// A head that the later witness, second of all, has cosigned as well.
pub(crate) fn witnessed_later(scene: &Scene, mut head: Head) -> Head {
    let text = head.checkpoint.checkpoint.text(&scene.memoranda.line());
    let cosigned = Cosignature::sign(&text, START_S + 200, &SecretKey::from_seed([78; 32]));
    head.cosignatures.push((1, cosigned));
    head
}

/// The place of the first part whose name ends so.
pub(crate) fn at(parts: &Parts, end: &str) -> usize {
    parts.iter().position(|(name, _)| name.ends_with(end)).unwrap()
}

/// Changes the first part whose name ends so.
pub(crate) fn edit(parts: &mut Parts, end: &str, edit: impl FnOnce(String) -> String) {
    let place = at(parts, end);
    let text = String::from_utf8(parts[place].1.clone()).unwrap();
    let other = edit(text.clone());
    assert_ne!(text, other, "{end} is changed");
    parts[place].1 = other.into_bytes();
}

/// A dossier of `vectors/dossier/`, which equal evidence makes for ever.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/dossier");
    std::fs::read(folder.join(name)).unwrap()
}

/// The parts of a file.
pub(crate) type Parts = Vec<(String, Vec<u8>)>;

pub(crate) fn parts(bytes: &[u8]) -> Parts {
    let parts = archive::read(bytes).unwrap();
    parts.into_iter().map(|part| (part.name.to_owned(), part.bytes.to_vec())).collect()
}

/// A file of these parts, with checksums that fit.
pub(crate) fn pack(parts: &Parts) -> Vec<u8> {
    let mut writer = Writer::default();
    parts.iter().for_each(|(name, bytes)| writer.add(name, bytes).unwrap());
    writer.finish()
}
