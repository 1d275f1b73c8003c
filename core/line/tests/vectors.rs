//! The vectors of `vectors/line/`, which another implementation wrote from the specification alone.
//!
//! A failure names its file and case.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a vector that cannot be read has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use detente_airspace::verdict::Verdict;
use detente_airspace::wire;
use detente_line::frame::{self, Frame};
use detente_line::notice::{Value as Said, Waypoint};
use detente_line::{
    Amendment, Chain, Content, Contradiction, Disclosed, Disclosures, Duty, Effect, Event, Findings,
    Forgotten, Identity, Input, LastSeal, Line, Matter, Memorandum, Notice, Outcome, Outgoing, Positions,
};
use detente_line::{Choice, kind::number};
use detente_record::{
    Blob, Book, BookSecret, Class, Cut, Entry, EntryRef, Fault, LineSecret, ParsedRef, Party, SecretKey,
    Signature, leaf_hash, sha256,
};
use serde_json::{Value, json};

use case::{Case, hex};

mod case;

/// A verdict in the words of spec/record.md §3.
fn verdict<T>(read: &Result<T, Fault>) -> String {
    match read {
        Ok(_) => "sound".into(),
        Err(Fault::WeakKey(_)) => "WeakKey".into(),
        Err(fault) => fault.blame().to_string(),
    }
}

fn reference(entry: &EntryRef) -> Value {
    json!([entry.book.code(), entry.number])
}

fn notice(notice: &Notice) -> Value {
    let value = |value: &Said| match value {
        Said::Text(text) => json!(text),
        Said::Number(number) => json!(number),
        Said::Flag(flag) => json!(flag),
    };
    let fields = notice.fields.iter().map(|(field, said)| (field.number().to_string(), value(said)));
    let fields: serde_json::Map<String, Value> = fields.collect();
    let passed = |passed: &Waypoint| {
        let Waypoint { position, window } = passed;
        json!([[position.lat, position.lon], window.from_ms(), window.until_ms()])
    };
    let waypoints: Vec<Value> = notice.waypoints.iter().map(passed).collect();
    json!({
        "notice_kind": notice.kind, "text": notice.text, "volumes": hex(&wire::encode(&notice.volumes)),
        "from_ms": notice.from_ms(), "until_ms": notice.until_ms(),
        "fields": (!fields.is_empty()).then_some(fields), "emergency": notice.emergency.then_some(true),
        "waypoints": (!waypoints.is_empty()).then_some(waypoints),
    })
}

/// What goes with an entry; null where nothing does.
fn attached(content: &Content) -> Value {
    let described = content.attachments().iter().map(|one| {
        json!({
            "hash": hex(&one.hash), "size": one.size, "name": one.name, "media_type": one.media_type,
            "root": hex(&one.root),
        })
    });
    let described: Vec<Value> = described.collect();
    if described.is_empty() { Value::Null } else { described.into() }
}

/// A list as the vectors describe it; of a long one, how much is in it.
fn many(list: impl Iterator<Item = Value>) -> Value {
    let list: Vec<Value> = list.collect();
    if list.len() > 16 { list.len().into() } else { list.into() }
}

/// A body as the vectors describe it; what is absent is null.
fn body(content: &Content) -> Value {
    match content {
        Content::Message(message) if message.text.len() > 1_000 => json!({"text_bytes": message.text.len()}),
        Content::Message(message) => json!({
            "text": message.text, "safety_of_life": message.safety_of_life, "reply_by_ms": message.reply_by_ms,
            "answers": message.answers, "attachments": attached(content), "translates": message.translates,
            "also": message.also.as_ref().map(|also| json!({"language": also.language, "text": also.text})),
        }),
        Content::Amendment(Amendment::Text(text)) => json!({"text": text}),
        Content::Amendment(Amendment::Notice(new)) => json!({"notice": notice(new)}),
        Content::Withdrawal { reason } | Content::Leaves { reason } => json!({"reason": reason}),
        Content::Acknowledgement { text } => json!({"text": text}),
        Content::ReadBack { text, position } => {
            json!({"text": text, "position": position.map(|p| [p.lat, p.lon])})
        }
        Content::PassedOn { to } => json!({"to": to}),
        Content::Cease { position, text } => json!({"position": [position.lat, position.lon], "text": text}),
        Content::Displayed | Content::Unknown { .. } => json!({}),
        Content::Escalated { rank, after_ms } => json!({"rank": rank, "after_ms": after_ms}),
        Content::Test { slot, text } => json!({"slot": slot, "text": text}),
        Content::TestAnswer { digest } => json!({"digest": hex(digest)}),
        Content::Missed { slot, party } => json!({"slot": slot, "party": party.number()}),
        Content::Duty(Duty::Off) => json!({"state": "off"}),
        Content::Duty(Duty::On) => json!({"state": "on"}),
        Content::Duty(Duty::Handover { to }) => json!({"state": "handover", "to": to}),
        Content::Notice(planned) => notice(planned),
        Content::Conflict(report) => {
            let verdict = if report.verdict == Verdict::Conflict { "conflict" } else { "within separation" };
            json!({"verdict": verdict, "volumes": hex(&wire::encode(&report.volumes)), "text": report.text})
        }
        Content::Opens { before, size, root, renewal } => {
            let renewal = renewal.as_ref().map(|renewal| hex(&renewal.encode()));
            json!({"before": before, "size": size, "root": hex(root), "renewal": renewal})
        }
        Content::Suspends { scope, effective_ms, reason } => {
            json!({"scope": scope, "effective_ms": effective_ms, "reason": reason})
        }
        Content::Resumes { effective_ms, decision } => {
            json!({"effective_ms": effective_ms, "decision": decision.as_ref().map(reference)})
        }
        Content::Motion { matter, text, closes_ms } => match matter {
            Matter::Reopen => json!({"matter": "reopen", "text": text, "closes_ms": closes_ms}),
            Matter::Resolve => json!({"matter": "resolve", "text": text, "closes_ms": closes_ms}),
            Matter::Amend(memorandum) => {
                let moved = hex(&memorandum.hash());
                json!({"matter": "amend", "text": text, "closes_ms": closes_ms, "memorandum": moved})
            }
            Matter::Found(name) => {
                json!({"matter": "found", "text": text, "closes_ms": closes_ms, "working_group": name})
            }
        },
        Content::Position { stance, text, .. } => {
            json!({"stance": format!("{stance:?}").to_lowercase(), "text": text, "attachments": attached(content)})
        }
        Content::Finding(finding) => {
            let found = finding.found();
            let on = many(found.on.iter().map(|on| json!([on.entry, hex(&on.sha256)])));
            json!({
                "line": hex(&found.line.0), "by": found.by, "serial": found.serial,
                "before": found.before.map(|before| hex(&before)), "corrects": found.corrects,
                "time_ms": found.time_ms, "language": found.language, "on": on, "text": found.text,
                "hash": hex(&finding.hash()),
            })
        }
        Content::Discloses(disclosure) => {
            let spans =
                disclosure.spans().iter().map(|span| json!([span.book.code(), span.first, span.last]));
            let spans = many(spans);
            json!({"observer": disclosure.to(), "spans": spans, "text": disclosure.text()})
        }
        Content::Holds { hashes } => {
            json!({"hashes": hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>()})
        }
        Content::Seals(sealed) => {
            let of = &sealed.signed.checkpoint;
            json!({
                "book": of.book.code(),
                "size": of.size,
                "root": hex(&of.root),
                "signature": hex(&sealed.signed.signature),
                "seconds": sealed.seal.seconds,
                "seal": hex(&sha256(sealed.seal.signature.as_slice())),
                "key": sealed.key.as_ref().map(|key| hex(&sha256(key.as_slice()))),
            })
        }
        Content::Vote { choice, text } => {
            let word = match choice {
                Choice::For => "for",
                Choice::Against => "against",
                Choice::Abstain => "abstain",
            };
            json!({"choice": word, "text": text})
        }
        Content::Decide { outcome, votes, before } => {
            let word = match outcome {
                Outcome::Carried => "carried",
                Outcome::Defeated => "defeated",
                Outcome::Lapsed => "lapsed",
                Outcome::Overtaken => "overtaken",
            };
            let votes: Vec<Value> = votes.iter().map(reference).collect();
            json!({"outcome": word, "votes": votes, "before": before.as_ref().map(reference)})
        }
    }
}

/// Leaves out what is null, at every level.
fn present(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), present(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn kinds() {
    let file = Case::file("kinds");
    for case in file.list("cases") {
        let (kind, bytes) = (case.number("kind") as u16, case.bytes("bytes"));
        let read = Content::decode(kind, &bytes);
        if let Ok(Content::Unknown { kind: unknown }) = read {
            assert_eq!((case.text("verdict").as_str(), unknown), ("Incompatible", kind), "{}", case.at);
            continue;
        }
        assert_eq!(verdict(&read), case.text("verdict"), "{}: {read:?}", case.at);
        if let Ok(content) = read {
            assert_eq!((content.kind(), content.encode()), (kind, bytes), "{}", case.at);
            assert_eq!(present(&body(&content)), case.get("body").value, "{}", case.at);
        }
    }
    for case in file.list("places") {
        let content = Content::decode(case.number("kind") as u16, &case.bytes("bytes")).unwrap();
        let book = case.book("book");
        let entry = Entry {
            serial: 1,
            time_ms: 0,
            clock_held: false,
            office: 1,
            language: None,
            regards: case.list("regards").iter().map(Case::reference).collect(),
            cut: Cut::new(),
            vector: None,
            kind: content.kind(),
            body: content.encode(),
            second: None,
        };
        let placed = content.check_place(book, &entry);
        assert_eq!(
            placed.is_ok(),
            case.flag("allowed"),
            "{} in {}: {placed:?}",
            case.at,
            book.class.letter()
        );
        assert!(placed.is_ok() || verdict(&placed) == "Misbehaved", "{}", case.at);
    }
}

#[test]
fn every_kind_has_a_vector() {
    let sound: BTreeSet<u64> = Case::file("kinds")
        .list("cases")
        .iter()
        .filter(|case| case.text("verdict") == "sound")
        .map(|case| case.number("kind"))
        .collect();
    let stations = [number::HOLDS, number::SEALS];
    let all = (number::MESSAGE..=number::DISCLOSES).chain(number::OPENS..=number::LEAVES).chain(stations);
    assert_eq!(sound, all.map(u64::from).collect());
}

#[test]
fn memorandum() {
    let file = Case::file("memorandum");
    for case in file.list("sound") {
        let bytes = case.bytes("bytes");
        let memorandum = Memorandum::decode(&bytes).unwrap_or_else(|fault| panic!("{}: {fault}", case.at));
        assert_eq!(memorandum.encode(), bytes, "{}", case.at);
        assert_eq!(memorandum.hash().to_vec(), case.bytes("hash"), "{}", case.at);
        assert_eq!(memorandum.line().0.to_vec(), case.bytes("hash"), "{}", case.at);
        assert_eq!(memorandum.note_text(), case.text("note_text"), "{}", case.at);
        let signatures = case.get("signatures");
        for party in memorandum.parties() {
            let signature = Signature::try_from(signatures.bytes(&memorandum.name_of(party))).unwrap();
            assert!(memorandum.is_signed_by(party, &signature), "{}", case.at);
            let another = memorandum.parties().find(|another| *another != party).unwrap();
            assert!(!memorandum.is_signed_by(another, &signature), "{}", case.at);
        }
    }
    for case in file.list("refused") {
        let read = Memorandum::decode(&case.bytes("bytes"));
        assert_eq!(verdict(&read), case.text("error"), "{}: {read:?}", case.at);
    }
}

fn sizes(cut: &Cut) -> Value {
    cut.iter().map(|(book, size)| json!([book.code(), size])).collect()
}

fn described_blob(blob: &Blob) -> Value {
    json!({"hash": hex(&blob.hash), "size": blob.size, "root": hex(&blob.root)})
}

/// A frame as the vectors describe it, and encoded again.
fn described(frame: Frame<'_>) -> (Value, Vec<u8>) {
    match frame {
        Frame::Hello(hello) => {
            let receipts = hello.receipts.iter().map(|(book, signers)| {
                let signers: Vec<Value> =
                    signers.iter().map(|(party, size)| json!([party.number(), size])).collect();
                json!([book.code(), signers])
            });
            let heads = hello
                .heads
                .iter()
                .map(|(book, (root, signature))| json!([book.code(), hex(root), hex(signature)]));
            let described = json!({
                "type": "hello", "version": hello.version, "line": hex(&hello.line.0),
                "memorandum": hex(&hello.memorandum), "party": hello.party.number(), "sizes": sizes(&hello.sizes),
                "receipts": receipts.collect::<Vec<_>>(), "heads": heads.collect::<Vec<_>>(),
            });
            (described, frame::hello(&hello))
        }
        Frame::Step { book, first, entries, signature } => {
            let shown: Vec<String> = entries.iter().map(|entry| hex(entry)).collect();
            let described = json!({
                "type": "step", "book": book.code(), "first": first, "entries": shown, "signature": hex(&signature),
            });
            (described, frame::step(book, first, &entries, &signature))
        }
        Frame::Receipt(receipt) => {
            let described = json!({
                "type": "receipt", "book": receipt.book.code(), "party": receipt.party.number(),
                "size": receipt.size, "seconds": receipt.seconds, "signature": hex(&receipt.signature),
            });
            (described, frame::receipt(&receipt))
        }
        Frame::Have(held) => (json!({"type": "have", "sizes": sizes(&held)}), frame::have(&held)),
        Frame::Ping(nonce) => (json!({"type": "ping", "nonce": nonce}), frame::ping(nonce)),
        Frame::Pong(nonce) => (json!({"type": "pong", "nonce": nonce}), frame::pong(nonce)),
        Frame::Secret { party, epoch, secret } => {
            let shown = hex(secret.expose());
            let described =
                json!({"type": "secret", "party": party.number(), "epoch": epoch, "secret": shown});
            (described, frame::secret(party, epoch, &secret))
        }
        Frame::Head(head) => {
            let checkpoint = &head.checkpoint;
            let described = json!({
                "type": "head", "book": checkpoint.book.code(), "size": checkpoint.size,
                "root": hex(&checkpoint.root), "signature": hex(&head.signature),
            });
            (described, frame::head(&head))
        }
        Frame::Fork(fork) => {
            let one = |signed: &detente_record::SignedCheckpoint| {
                json!([signed.checkpoint.size, hex(&signed.checkpoint.root), hex(&signed.signature)])
            };
            let proof: Vec<String> = fork.proof.iter().map(|hash| hex(hash)).collect();
            let described = json!({
                "type": "fork", "book": fork.head.checkpoint.book.code(), "head": one(&fork.head),
                "with": one(&fork.with), "root": hex(&fork.root), "proof": proof,
            });
            (described, frame::fork(&fork))
        }
        Frame::Want { blob, first, count } => {
            let described =
                json!({"type": "want", "blob": described_blob(&blob), "first": first, "count": count});
            (described, frame::want(&blob, first, count))
        }
        Frame::Part { blob, chunk, proof, bytes } => {
            let hashes: Vec<String> = proof.iter().map(|hash| hex(hash)).collect();
            let described = json!({
                "type": "part", "blob": described_blob(&blob), "chunk": chunk, "proof": hashes,
                "bytes": hex(bytes),
            });
            (described, frame::part(&blob, chunk, &proof, bytes))
        }
        Frame::Renewals(renewals) => {
            let shown: Vec<String> = renewals.iter().map(|renewal| hex(&renewal.encode())).collect();
            (json!({"type": "renewals", "renewals": shown}), frame::renewals(&renewals))
        }
        Frame::CourierKeys(known) => {
            let shown: Vec<Value> =
                known.iter().map(|(party, (rank, number))| json!([party.number(), rank, number])).collect();
            (json!({"type": "courier-keys", "known": shown}), frame::courier_keys(&known))
        }
        Frame::CourierKey(key) => {
            let described = json!({
                "type": "courier-key", "party": key.party.number(), "rank": key.rank, "number": key.number,
                "key": hex(key.key.as_slice()), "signature": hex(&key.signature),
            });
            (described, frame::courier_key(&key))
        }
        Frame::Ahead { book, first, entries } => {
            let shown: Vec<String> = entries.iter().map(|bytes| hex(bytes)).collect();
            let described = json!({"type": "ahead", "book": book.code(), "first": first, "entries": shown});
            (described, frame::ahead(book, first, &entries))
        }
        Frame::Lack(blob) => (json!({"type": "lack", "blob": described_blob(&blob)}), frame::lack(&blob)),
        Frame::Refusal { code, text } => {
            (json!({"type": "refusal", "code": code, "text": text}), frame::refusal(code, &text))
        }
    }
}

#[test]
fn frames() {
    let file = Case::file("frames");
    for case in file.list("cases") {
        let bytes = case.bytes("bytes");
        let read = Frame::decode(&bytes).unwrap_or_else(|fault| panic!("{}: {fault}", case.at));
        let (described, again) = described(read);
        assert_eq!(described, case.get("frame").whole_hex(), "{}", case.at);
        assert!(again == bytes, "{}: encoded otherwise", case.at);
    }
    for case in file.list("refused") {
        // On a circuit every frame that cannot be read is refused as `Malformed` (spec/line.md §8), a type from
        // a later version of the protocol too.
        assert_eq!(case.text("error"), "Malformed", "{}", case.at);
        assert!(Frame::decode(&case.bytes("bytes")).is_err(), "{} was taken", case.at);
    }
}

/// Lines of the vectors, as each of their parties holds them.
struct House {
    memorandum: Memorandum,
    seeds: Case,
}

impl House {
    fn of(file: &Case, name: &str) -> Self {
        let held = file.get("memoranda").get(name);
        Self { memorandum: Memorandum::decode(&held.bytes("bytes")).unwrap(), seeds: held.get("seeds") }
    }

    fn seed(&self, party: Party, role: &str) -> [u8; 32] {
        let seeds = self.seeds.get(&self.memorandum.name_of(party));
        seeds.bytes(role).try_into().unwrap()
    }

    /// A line whose party knows no secret but its own.
    fn new_line(&self, party: Party) -> Line {
        let identity = Identity {
            party,
            book_key: SecretKey::from_seed(self.seed(party, "book")),
            receipt_key: SecretKey::from_seed(self.seed(party, "receipt")),
            secret: LineSecret::from_bytes(self.seed(party, "secret")),
            seal_key: None,
        };
        Line::new(self.memorandum.clone(), identity).unwrap()
    }

    fn line(&self, party: Party) -> Line {
        let mut line = self.new_line(party);
        for other in self.memorandum.parties().filter(|other| *other != party) {
            line.restore_secret(other, 0, LineSecret::from_bytes(self.seed(other, "secret")));
        }
        line
    }

    fn party(&self, name: &str) -> Party {
        self.memorandum.party_named(name).unwrap()
    }

    fn entry(&self, text: &str) -> EntryRef {
        let parsed = ParsedRef::parse(text).unwrap();
        let ParsedRef { party, class, generation, number } = parsed;
        EntryRef { book: Book { generation, party: self.party(&party), class }, number }
    }

    fn name(&self, entry: EntryRef) -> String {
        entry.text(&self.memorandum.name_of(entry.book.party))
    }

    fn names(&self, parties: &BTreeSet<Party>) -> BTreeSet<String> {
        parties.iter().map(|party| self.memorandum.name_of(*party)).collect()
    }
}

#[test]
fn conversations() {
    let file = Case::file("frames");
    let folds = Case::file("folds");
    let house = House::of(&folds, "consent");
    for case in file.list("conversations") {
        assert_eq!(house.memorandum.hash().to_vec(), case.bytes("memorandum"), "{}", case.at);
        let mut line = house.new_line(house.party("usa"));
        let mut frames = case.list("frames").into_iter().map(|frame| frame.as_bytes());
        let mut inputs = vec![
            Event::Started,
            Event::CircuitUp {
                circuit: 1,
                peer: house.party("rus"),
                rank: 0,
                cost_ms: 0,
                rate: None,
                agreed: false,
            },
        ];
        inputs.extend(frames.by_ref().map(|frame| Event::Received { circuit: 1, frame }));
        let mut refused = None;
        for event in inputs {
            line.handle(Input { at_ms: 1_491_500_000_000, passed_ms: 0, entropy: [7; 32], event });
            while let Some(effect) = line.effect() {
                if let Effect::Send { what: Outgoing::Close(Some(last)), .. } = effect {
                    match Frame::decode(&last).unwrap() {
                        Frame::Refusal { code, .. } => refused = Some(u64::from(code)),
                        other => panic!("{}: {other:?} as the last frame", case.at),
                    }
                }
            }
        }
        assert_eq!(refused, case.has("code").then(|| case.number("code")), "{}", case.at);
    }
}

/// The orders in which a record may come to a reader, each book in its own order.
fn orders(entries: &[(EntryRef, Case)]) -> Vec<Vec<(EntryRef, Case)>> {
    let mut ascending = entries.to_vec();
    ascending.sort_by_key(|(name, _)| *name);
    let mut descending = entries.to_vec();
    descending.sort_by_key(|(name, _)| (std::cmp::Reverse(name.book), name.number));
    vec![entries.to_vec(), ascending, descending]
}

#[test]
fn folds() {
    let file = Case::file("folds");
    for case in file.list("cases") {
        let house = House::of(&file, &case.text("memorandum"));
        let entries: Vec<(EntryRef, Case)> = case
            .list("entries")
            .into_iter()
            .map(|entry| (house.entry(&entry.text("entry")), entry))
            .collect();
        for order in orders(&entries) {
            for reader in house.memorandum.parties() {
                let mut line = house.line(reader);
                for (name, entry) in &order {
                    line.restore_entry(*name, &entry.bytes("bytes")).unwrap();
                }
                let at = format!("{}, read by {}", case.at, house.memorandum.name_of(reader));
                check_record(&at, &house, &case, &entries, &line);
            }
        }
    }
}

/// Holds what observers found and what they were shown to the vectors, under a cut of everything.
fn check_observers(at: &str, house: &House, case: &Case, cut: &Cut, read: &[(EntryRef, Entry, Content)]) {
    if case.has("findings") {
        let findings = Findings::under(cut, read.iter().cloned());
        let chain = |chain: &Chain| {
            let lodged = chain.lodged().iter().map(|lodged| {
                let by: Vec<String> = lodged.by.iter().map(|(by, _)| house.name(*by)).collect();
                json!({"serial": lodged.finding.found().serial, "hash": hex(&lodged.hash), "by": by})
            });
            let contradictions = chain.contradictions().into_iter().map(|found| match found {
                Contradiction::Serial { serial, one, other } => {
                    json!(["serial", serial, hex(&one), hex(&other)])
                }
                Contradiction::Before { serial, lodged, later } => {
                    json!(["before", serial, hex(&lodged), hex(&later)])
                }
            });
            json!({
                "lodged": lodged.collect::<Vec<_>>(), "missing": chain.missing(),
                "contradictions": contradictions.collect::<Vec<_>>(),
            })
        };
        let found = findings.by_observer().map(|(observer, of)| (observer.to_owned(), chain(of)));
        assert_eq!(Value::Object(found.collect()), case.get("findings").value, "{at}: findings");
    }
    if case.has("disclosures") {
        let disclosures = Disclosures::under(cut, read.iter().cloned());
        let named = |of: &[Disclosed]| of.iter().map(|one| house.name(one.name)).collect::<Vec<_>>();
        let found = disclosures.by_observer().map(|(observer, of)| (observer.to_owned(), json!(named(of))));
        assert_eq!(Value::Object(found.collect()), case.get("disclosures").value, "{at}: disclosures");
    }
}

/// Holds the positions on each entry that the vectors name to theirs, under a cut of everything.
fn check_positions(at: &str, house: &House, case: &Case, entries: &[(EntryRef, Case)], line: &Line) {
    let cut: Cut = line.held().into_iter().map(|held| (held.book, held.size)).collect();
    let sound = entries.iter().filter(|(name, _)| line.verdict(*name).marked.is_none());
    let read = sound.filter_map(|(name, entry)| {
        let entry = Entry::decode(&entry.bytes("bytes")).ok()?;
        let content = Content::decode(entry.kind, &entry.body).ok()?;
        Some((*name, entry, content))
    });
    let read: Vec<_> = read.collect();
    check_observers(at, house, case, &cut, &read);
    for (subject, expected) in case.fields("positions") {
        let positions = Positions::under(&cut, house.entry(&subject), read.clone());
        for party in house.memorandum.parties() {
            let found = positions.of(party).map_or(Value::Null, |held| Value::String(house.name(held.name)));
            let expected = expected.value.get(house.memorandum.name_of(party)).unwrap();
            assert_eq!(&found, expected, "{at}: positions on {subject}");
        }
    }
}

/// Holds what a party makes of a record to what the vectors say.
fn check_record(at: &str, house: &House, case: &Case, entries: &[(EntryRef, Case)], line: &Line) {
    for (name, entry) in entries {
        let found = line.verdict(*name);
        let word = match &found.marked {
            _ if found.unjudged => "unjudged".into(),
            None => "sound".into(),
            Some(fault) => verdict(&Err::<(), _>(fault.clone())),
        };
        assert_eq!(word, entry.text("verdict"), "{at}: {} {found:?}", entry.text("entry"));
    }
    for standing in case.maybe_list("standing") {
        let party = house.party(&standing.text("party"));
        let found = line.suspension(party, standing.number("at_ms")).map(|found| house.name(found.act));
        let expected = standing.has("suspended").then(|| standing.text("suspended"));
        assert_eq!(found, expected, "{at}: {}", standing.at);
    }
    if case.has("in_force") {
        assert_eq!(hex(&line.memorandum().hash()), case.text("in_force"), "{at}");
        assert_eq!(line.memorandum().line(), line.id(), "{at}");
    }
    if case.has("members") {
        let found: Vec<u64> = line.members().iter().map(|party| party.number().into()).collect();
        let expected: Vec<u64> =
            case.list("members").iter().map(|member| member.value.as_u64().unwrap()).collect();
        assert_eq!(found, expected, "{at}");
        let late =
            |(name, _): &&(EntryRef, Case)| line.verdict(*name).forgotten == Some(Forgotten::AfterItsTime);
        let late: BTreeSet<String> = entries.iter().filter(late).map(|(name, _)| house.name(*name)).collect();
        let expected = if case.has("after_time") { case.texts("after_time") } else { BTreeSet::new() };
        assert_eq!(late, expected, "{at}");
    }
    if case.has("undecided") {
        let found: BTreeSet<String> =
            line.open_motions().iter().map(|motion| house.name(motion.act)).collect();
        assert_eq!(found, case.texts("undecided"), "{at}");
    }
    for (suspension, decision) in case.fields("consent") {
        let found = line.consent(house.entry(&suspension)).map(|decision| house.name(decision));
        assert_eq!(found.map_or(Value::Null, Value::String), decision.value, "{at}: {}", decision.at);
    }
    if case.has("seals") {
        let last = |(book, seal): (Book, LastSeal)| {
            let (entry, size, seconds) = (house.name(seal.entry), seal.size, seal.seconds);
            let name = house.memorandum.name_of(book.party);
            (book.text(&name), json!({"entry": entry, "size": size, "seconds": seconds}))
        };
        let found: serde_json::Map<String, Value> = line.seals().map(last).collect();
        assert_eq!(Value::Object(found), case.get("seals").value, "{at}: seals");
    }
    check_positions(at, house, case, entries, line);
    if case.has("open") {
        let open = case.fields("open");
        let mine =
            open.iter().filter(|(_, by)| by.all_texts().contains(&house.memorandum.name_of(line.party())));
        let expected: BTreeSet<String> = mine.map(|(entry, _)| entry.clone()).collect();
        let found: BTreeSet<String> = line.facts().owed().keys().map(|entry| house.name(*entry)).collect();
        assert_eq!(found, expected, "{at}: open");
    }
    for (name, facts) in case.fields("facts") {
        let entry = house.entry(&name);
        if entry.book.party != line.party() {
            continue;
        }
        let awaited =
            line.facts().awaited().get(&entry).unwrap_or_else(|| panic!("{at}: {name} is not awaited"));
        let found = [&awaited.displayed, &awaited.acknowledged, &awaited.passed_on, &awaited.answered];
        let keys = ["displayed", "acknowledged", "passed_on", "answered"];
        for (key, found) in keys.into_iter().zip(found) {
            assert_eq!(house.names(found), facts.texts(key), "{at}: {name} {key}");
        }
    }
}

#[test]
fn acts_carry_the_vector_of_what_they_know() {
    let file = Case::file("folds");
    let mut checked = 0;
    for case in file.list("cases") {
        let house = House::of(&file, &case.text("memorandum"));
        let (mut leaves, mut stated) = (BTreeMap::new(), BTreeMap::<_, Cut>::new());
        for read in case.list("entries") {
            let (name, bytes) = (house.entry(&read.text("entry")), read.bytes("bytes"));
            let secret = LineSecret::from_bytes(house.seed(name.book.party, "secret"));
            let blind =
                BookSecret::new(&secret, &name.book.origin(&house.memorandum.line())).blind(name.number - 1);
            if let Ok(entry) = Entry::decode(&bytes) {
                let known = stated.entry(name.book).or_default();
                known.extend(entry.cut);
                let mut full = known.clone();
                full.insert(name.book, name.number - 1);
                if let Some(vector) = entry.vector.filter(|_| name.book.class == Class::A) {
                    let rooted = full.into_iter().filter(|(_, size)| *size > 0).map(|(book, size)| {
                        let held: &Vec<_> = &leaves[&book];
                        let mut frontier = detente_record::Frontier::default();
                        held.iter().take(size as usize).for_each(|leaf| frontier.push(*leaf));
                        (book, (size, frontier.root()))
                    });
                    assert_eq!(vector, detente_record::vector_hash(&rooted.collect()), "{}", read.at);
                    checked += 1;
                }
            }
            leaves.entry(name.book).or_insert_with(Vec::new).push(leaf_hash(&blind, &bytes));
        }
    }
    assert!(checked > 20, "{checked} vectors");
}
