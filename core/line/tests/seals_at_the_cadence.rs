//! Parties seal their books once in every slot of the memorandum's cadence; an idle line is sealed once and left alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use std::collections::BTreeMap;

use detente_line::{Content, Matter, Memorandum, Sealed, Shown, kind::number};
use detente_record::renewal::Why;
use detente_record::{Book, Class, Cut, Entry, EntryRef, Fault, Seal, SealKey, SealSecret};
use line_in_memory::{LineInMemory, book, draft, entry, member, message};

const HOUR_MS: u64 = 3_600_000;

/// What a party has sealed, in the order of its book R, as another party holds it.
fn sealed(line: &LineInMemory, by: u8, at: u8) -> Vec<(EntryRef, Sealed)> {
    let of = book(by, Class::R);
    let entries = line.station(at).store.entries.get(&of).into_iter().flatten().zip(1..);
    entries
        .filter_map(|(bytes, number)| {
            let entry = Entry::decode(bytes).unwrap();
            match Content::decode(entry.kind, &entry.body).unwrap() {
                Content::Seals(sealed) => Some((EntryRef { book: of, number }, *sealed)),
                _ => None,
            }
        })
        .collect()
}

/// Book and size of each.
fn what(seals: &[(EntryRef, Sealed)]) -> Vec<(Book, u64)> {
    let of = seals.iter().map(|(_, sealed)| &sealed.signed.checkpoint);
    of.map(|of| (of.book, of.size)).collect()
}

#[test]
fn each_book_is_sealed_once_in_a_slot_and_only_for_what_is_new() {
    let mut line = LineInMemory::sealing(&["rus", "usa"], HOUR_MS);
    // Tests go every ten minutes, by each in turn, and with them P grows; nothing else is said at first.
    line.write(0, message(Class::Z, "One.")).unwrap();
    line.write(0, message(Class::R, "Two.")).unwrap();
    assert_eq!(what(&sealed(&line, 0, 0)), [], "not in the slot in which it was written");
    line.run_for(HOUR_MS);
    let first = sealed(&line, 0, 1);
    let books: Vec<Book> = what(&first).into_iter().map(|(book, _)| book).collect();
    assert_eq!(books, [book(0, Class::Z), book(0, Class::P), book(0, Class::R)]);
    assert!(what(&first)[2].1 < line.held(1, book(0, Class::R)), "the seals after it call for none");
    assert!(first[0].1.key.is_some() && first[1..].iter().all(|(_, sealed)| sealed.key.is_none()));
    line.run_for(3 * HOUR_MS);
    let later = sealed(&line, 0, 1);
    assert_eq!(later.len(), 6, "P alone has grown: {:?}", what(&later));
    assert!(what(&later)[3..].iter().all(|(of, _)| *of == book(0, Class::P)));
    // Both signatures of each hold, under the key that was told first, over the trees that the other party holds.
    let (id, key) = (line.memorandum.line(), first[0].1.key.clone().unwrap());
    let key = SealKey::new(key.as_slice()).unwrap();
    assert_eq!(key.commitment(), line.memorandum.member(first[0].0.book.party).unwrap().seal.unwrap());
    for (name, sealed) in &later {
        let book_key = line.memorandum.book_key(name.book.party).unwrap();
        assert!(sealed.seal.held(&sealed.signed, &id, book_key, &key).both());
        let of = &sealed.signed.checkpoint;
        let held = line.station(1).store.checkpoints[&of.book].get(&of.size);
        assert!(held.is_none_or(|held| held.checkpoint.root == of.root));
    }
    for at in [0, 1] {
        let last: BTreeMap<Book, u64> = line.line(at).seals().map(|(book, last)| (book, last.size)).collect();
        assert_eq!(last[&book(0, Class::Z)], 1);
        assert_eq!(last[&book(0, Class::P)], what(&later)[5].1);
        let of_rus = last.keys().filter(|of| of.party == book(0, Class::Z).party).count();
        assert_eq!(of_rus, 3, "Z, P and R: {last:?}");
    }
}

#[test]
fn a_station_that_starts_again_seals_nothing_twice() {
    let mut line = LineInMemory::sealing(&["rus", "usa"], HOUR_MS);
    line.write(0, message(Class::O, "One.")).unwrap();
    line.run_for(HOUR_MS);
    let before = what(&sealed(&line, 0, 0));
    for keeps in [false, true] {
        if keeps {
            line.keep(0);
        }
        let seals: Vec<_> = line.line(0).seals().collect();
        line.kill(0);
        line.start(0);
        assert_eq!(line.line(0).seals().collect::<Vec<_>>(), seals);
        line.run_for(60_000);
        assert_eq!(what(&sealed(&line, 0, 0)), before);
    }
}

#[test]
fn what_does_not_hold_is_void() {
    let mut line = LineInMemory::sealing(&["rus", "usa"], HOUR_MS);
    line.write(0, message(Class::R, "One.")).unwrap();
    line.run_for(HOUR_MS);
    let seals = sealed(&line, 0, 1);
    let (_, sound) =
        seals.iter().find(|(_, sealed)| sealed.signed.checkpoint.book.class == Class::R).unwrap();
    let keys = line.station(0).keys.clone();
    let id = line.memorandum.line();
    let other = SealSecret::from_seed([1; 32]);
    let checkpoint = sound.signed.checkpoint.clone();
    let forged = Sealed { seal: Seal::sign(&checkpoint, 1, &id, &other).unwrap(), ..sound.clone() };
    let beyond = detente_record::Checkpoint { size: 400, ..checkpoint }.sign(&id, &keys.book);
    let secret = SealSecret::from_seed(keys.seal);
    let beyond =
        Sealed { seal: Seal::sign(&beyond.checkpoint, 1, &id, &secret).unwrap(), signed: beyond, key: None };
    let held = line.held(1, book(0, Class::R));
    for (wrong, why) in [(forged, "seal"), (beyond, "size sealed")] {
        let content = Content::Seals(Box::new(wrong));
        let mut said = line.said(90, Cut::new());
        (said.kind, said.body) = (content.kind(), content.encode());
        let entries = line.station(0).store.entries[&book(0, Class::R)].clone();
        let mut entries: Vec<Entry> = entries.iter().map(|bytes| Entry::decode(bytes).unwrap()).collect();
        entries.push(said);
        let mut liar = LineInMemory::sealing(&["rus", "usa"], HOUR_MS);
        liar.write(0, message(Class::P, "One.")).unwrap();
        liar.run_for(1_000);
        let step = liar.signed(book(0, Class::R), &entries);
        liar.forge(1, 0, step);
        liar.run_for(1_000);
        let fault = liar.void_at(1, entry(0, Class::R, held + 1)).unwrap();
        assert_eq!(fault.detail().what, why, "{fault}");
        assert!(matches!(fault, Fault::Misbehaved(_)));
    }
}

#[test]
fn a_root_that_is_not_so_convicts() {
    let mut line = LineInMemory::sealing(&["rus", "usa"], HOUR_MS);
    line.write(0, message(Class::O, "One.")).unwrap();
    line.run_for(1_000);
    let (keys, id) = (line.station(0).keys.clone(), line.memorandum.line());
    let signed =
        detente_record::Checkpoint { book: book(0, Class::O), size: 1, root: [7; 32] }.sign(&id, &keys.book);
    let secret = SealSecret::from_seed(keys.seal);
    let seal = Seal::sign(&signed.checkpoint, 1, &id, &secret).unwrap();
    let key = Some(std::sync::Arc::new(*secret.public().bytes()));
    let content = Content::Seals(Box::new(Sealed { signed, seal, key }));
    let mut said = line.said(2, [(book(0, Class::O), 1)].into());
    (said.kind, said.body) = (content.kind(), content.encode());
    let step = line.signed(book(0, Class::R), &[said]);
    line.forge(1, 0, step);
    line.run_for(1_000);
    let convicted = line.station(1).shown.iter().any(|shown| {
        matches!(shown, Shown::Breach(evidence) if evidence.party == book(0, Class::O).party
            && evidence.fault.detail().expected.contains("one history of a book"))
    });
    assert!(convicted, "{:?}", line.station(1).shown);
}

#[test]
fn an_amendment_gives_a_first_seal_key_and_changes_none() {
    let mut line = LineInMemory::between(&["rus", "usa"]);
    let amend = |line: &mut LineInMemory, seal: Option<[u8; 32]>| {
        let mut terms = line.line(0).memorandum().terms().clone();
        terms.predecessor = Some(line.line(0).memorandum().hash());
        terms.parties[1].seal = seal;
        let moved = Memorandum::check(terms).unwrap();
        let closes_ms = line.now_ms + 600_000;
        let matter = Matter::Amend(moved.into());
        let content = Content::Motion { matter, text: "Seals.".into(), closes_ms };
        line.write(0, draft(Some(Class::A), &[], content))
    };
    let usa = line.station(1).keys.seal_commitment();
    let motion = amend(&mut line, Some(usa)).unwrap();
    line.run_for(1_000);
    let vote = Content::Vote { choice: detente_line::Choice::For, text: None };
    line.write(1, draft(Some(Class::A), &[motion], vote)).unwrap();
    line.run_for(1_000);
    assert_eq!(line.line(1).memorandum().terms().parties[1].seal, Some(usa));
    for other in [None, Some([9; 32])] {
        let fault = amend(&mut line, other).unwrap_err();
        assert_eq!(fault.detail().what, "amendment", "{fault}");
    }
    line.write(1, message(Class::Z, "One.")).unwrap();
    line.run_for(25 * HOUR_MS);
    let seals = sealed(&line, 1, 0);
    assert!(what(&seals).contains(&(book(1, Class::Z), 1)), "{:?}", what(&seals));
    assert_eq!(sealed(&line, 0, 1), [], "rus has a key that nobody committed to");
    assert!(seals.iter().all(|(name, _)| line.void_at(0, *name).is_none()));
    assert_eq!(number::SEALS, 81);
}

/// Found by the simulator: what had named the party was restored after its renewal, and until the station had started nobody knew the
/// keys of its last books, so that what sealed them was void.
#[test]
fn what_an_admitted_party_sealed_with_renewed_keys_holds_after_a_start() {
    let mut line = LineInMemory::sealing(&["rus", "usa"], HOUR_MS);
    let (keys, mut syr) = member(2, "syr");
    syr.seal = Some(keys.seal_commitment());
    let mut terms = line.line(0).memorandum().terms().clone();
    terms.predecessor = Some(line.line(0).memorandum().hash());
    terms.parties.push(syr);
    let moved = Memorandum::check(terms).unwrap();
    line.settle(keys, Some(moved.clone()));
    let closes_ms = line.now_ms + 600_000;
    let content = Content::Motion { matter: Matter::Amend(moved.into()), text: "Syria.".into(), closes_ms };
    let motion = line.write(0, draft(None, &[], content)).unwrap();
    line.run_for(1_000);
    let vote = Content::Vote { choice: detente_line::Choice::For, text: None };
    line.write(1, draft(None, &[motion], vote)).unwrap();
    line.run_for(1_000);
    line.connect(2, 0);
    line.run_for(2_000);

    let (keys, renewal) = line.renewal(2, Why::Rotation);
    line.disconnect(2, 0);
    line.renew(2, keys, renewal, true);
    line.connect(2, 0);
    line.write(2, message(Class::Z, "One.")).unwrap();
    line.run_for(2 * HOUR_MS);
    let renewed = Book { generation: 128, ..book(2, Class::Z) };
    let is_sealed = |line: &LineInMemory| line.line(0).seals().any(|(book, _)| book == renewed);
    assert!(is_sealed(&line));
    let void = line.station(0).store.void.clone();
    line.kill(0);
    line.start(0);
    assert!(is_sealed(&line));
    line.run_for(1_000);
    assert_eq!(line.station(0).store.void, void);
    assert!(line.station(0).store.evidence.is_empty(), "{:?}", line.station(0).store.evidence);
}
