//! Files go with a message: they come after every book, from whoever has them, and chunk by chunk; who gives false bytes
//! is not believed, and who holds them says so on the record.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod line_in_memory;

use detente_line::frame::{self, Frame};
use detente_line::{Attachment, Content, Fetching, Message, Shown};
use detente_record::{CHUNK, Class, Cut, EntryRef};
use line_in_memory::{LineInMemory, attachment, book, draft, message, party};

/// So many bytes that no chunk is like another.
fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).flat_map(|place| (place / 4).to_le_bytes()).take(count).collect()
}

fn attach(line: &mut LineInMemory, at: u8, class: Class, attachments: &[Attachment]) -> EntryRef {
    let text = "As attached.".into();
    let content =
        Content::Message(Message { text, attachments: Some(attachments.to_vec()), ..Message::default() });
    line.write(at, draft(Some(class), &[], content)).unwrap()
}

fn everything(line: &LineInMemory, at: u8) -> Cut {
    line.line(at).held().into_iter().map(|held| (held.book, held.size)).collect()
}

#[test]
fn every_party_gets_every_byte_and_says_so() {
    let mut line = LineInMemory::between(&["usa", "rus", "un"]);
    let sizes = [0, 1, CHUNK as usize, CHUNK as usize + 1, 9 * CHUNK as usize + 7];
    let brought: Vec<Attachment> =
        sizes.iter().map(|size| line.bring(0, &format!("{size}.bin"), &bytes(*size))).collect();
    let named = attach(&mut line, 0, Class::P, &brought);
    line.run_for(20_000);
    for at in 1..3 {
        for attachment in &brought {
            let blob = attachment.blob();
            assert_eq!(line.station(at).folder.whole[&blob], bytes(blob.size as usize), "at {at}");
            let custody = line.line(at).custody();
            let cut = everything(&line, at);
            assert_eq!(custody.named_by(&blob, &cut), [named]);
            let holders = custody.holders(&blob, &cut);
            assert_eq!(holders.keys().copied().collect::<Vec<_>>(), [party(0), party(1), party(2)]);
            assert_eq!(holders[&party(0)], named, "who adds it holds it");
            assert_eq!(line.line(at).fetching(&blob), Fetching::Here);
        }
        // All of them in a word or two, not one each.
        assert!((1..=2).contains(&line.held(0, book(at, Class::R))), "{}", line.held(0, book(at, Class::R)));
        assert!(line.station(at).folder.parts.values().all(Vec::is_empty), "nothing is left half");
    }
}

#[test]
fn a_flash_waits_for_no_more_than_a_part() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let film = line.bring(0, "film.mp4", &bytes(60 * CHUNK as usize));
    attach(&mut line, 0, Class::R, std::slice::from_ref(&film));
    let kept = |line: &LineInMemory| {
        line.station(1).folder.parts.get(&film.blob()).map_or(0, |part| part.len() as u64 / CHUNK)
    };
    while kept(&line) < 5 {
        line.run_for(1);
    }
    let (before, written_ms) = (kept(&line), line.now_ms);
    line.ask(0, 1, message(Class::Z, "cease"));
    while line.held(1, book(0, Class::Z)) == 0 {
        line.run_for(1);
        assert!(line.now_ms < written_ms + 60, "what would take one millisecond and a sync takes many");
    }
    assert!(kept(&line) > before, "the file went on");
    while line.station(1).folder.whole.is_empty() {
        line.run_for(1);
    }
}

#[test]
fn a_third_party_carries_what_its_author_no_longer_can() {
    let mut line = LineInMemory::apart(&["usa", "rus", "un"]);
    line.connect(0, 2);
    line.run_for(1_000);
    let map = line.bring(0, "map.png", &bytes(3 * CHUNK as usize));
    attach(&mut line, 0, Class::P, std::slice::from_ref(&map));
    line.run_for(10_000);
    line.kill(0);
    line.connect(2, 1);
    line.run_for(20_000);
    assert_eq!(line.station(1).folder.whole[&map.blob()], bytes(3 * CHUNK as usize));
}

#[test]
fn a_transfer_goes_on_where_it_was_cut() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let film = line.bring(0, "film.mp4", &bytes(40 * CHUNK as usize));
    let blob = film.blob();
    attach(&mut line, 0, Class::R, std::slice::from_ref(&film));
    let kept = |line: &LineInMemory| {
        line.station(1).folder.parts.get(&blob).map_or(0, |part| part.len() as u64 / CHUNK)
    };
    while kept(&line) < 10 {
        line.run_for(1);
    }
    line.kill(1);
    line.run_for(5_000);
    line.start(1);
    // One chunk less than was written: the rest was not durable.
    let part = line.station_mut(1).folder.parts.get_mut(&blob).unwrap();
    part.truncate(part.len() - CHUNK as usize);
    line.connect(0, 1);
    line.run_for(10_000);
    assert_eq!(line.station(1).folder.whole[&blob], bytes(40 * CHUNK as usize));
}

#[test]
fn a_slow_way_brings_one_after_the_other() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    // A chunk takes sixteen seconds, and three blobs are asked for at a time.
    line.connect_slow(0, 1, 4_000);
    line.run_for(1_000);
    let brought: Vec<Attachment> = (0..6)
        .map(|place| line.bring(0, &format!("{place}.bin"), &bytes(CHUNK as usize + 1 + place)))
        .collect();
    attach(&mut line, 0, Class::P, &brought);
    line.run_for(180_000);
    for attachment in &brought {
        assert_eq!(line.line(1).fetching(&attachment.blob()), Fetching::Here, "{}", attachment.name);
    }
}

#[test]
fn a_part_that_comes_late_is_no_failure() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let map = line.bring(0, "map.png", &bytes(200));
    let blob = map.blob();
    line.station_mut(0).loses = |frame| matches!(Frame::decode(frame), Ok(Frame::Part { .. }));
    attach(&mut line, 0, Class::P, std::slice::from_ref(&map));
    while !matches!(line.line(1).fetching(&blob), Fetching::Wanted { failures: 4 }) {
        line.run_for(100);
    }
    line.station_mut(0).loses = |_| false;
    line.run_for(1_000);
    assert_eq!(line.line(1).fetching(&blob), Fetching::Wanted { failures: 4 }, "it has a long pause");
    let part = frame::part(&blob, 0, &[], &bytes(200));
    line.forge(1, 0, part);
    line.run_for(1_000);
    assert_eq!(line.line(1).fetching(&blob), Fetching::Here);
}

#[test]
fn a_narrow_circuit_is_given_its_time() {
    let mut line = LineInMemory::apart(&["usa", "rus"]);
    line.connect_narrow(0, 1, 240);
    line.run_for(20_000);
    let map = line.bring(0, "map.png", &bytes(2 * CHUNK as usize));
    attach(&mut line, 0, Class::P, std::slice::from_ref(&map));
    line.run_for(700_000);
    assert_eq!(line.line(1).fetching(&map.blob()), Fetching::Here);
}

#[test]
fn lost_parts_are_asked_for_again() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let map = line.bring(0, "map.png", &bytes(30 * CHUNK as usize));
    // Every part whose first byte has a certain bit, so that some chunks never come until that ends.
    line.station_mut(0).loses = |frame| frame.len() > 60_000 && frame[frame.len() - 3] & 1 == 1;
    attach(&mut line, 0, Class::R, std::slice::from_ref(&map));
    line.run_for(120_000);
    line.station_mut(0).loses = |_| false;
    line.run_for(400_000);
    assert_eq!(line.station(1).folder.whole[&map.blob()], bytes(30 * CHUNK as usize));
}

#[test]
fn false_parts_are_blamed_and_another_is_asked() {
    let mut line = LineInMemory::between(&["usa", "rus", "un"]);
    let map = line.bring(0, "map.png", &bytes(2 * CHUNK as usize));
    let blob = map.blob();
    // The author's own parts never come; what somebody forges on its circuit does.
    line.station_mut(0).loses = |frame| frame.len() > 60_000;
    attach(&mut line, 0, Class::P, std::slice::from_ref(&map));
    line.run_for(500);
    line.forge(1, 0, frame::part(&blob, 0, &[[0; 32]], &[7; CHUNK as usize]));
    let blamed = |shown: &Shown| matches!(shown, Shown::NotTaken { fault, .. } if fault.detail().what == "inclusion proof");
    assert!(line.station(1).shown.iter().any(blamed));
    // The third party cannot have it yet either; once the way is clear it comes.
    line.station_mut(0).loses = |_| false;
    line.run_for(400_000);
    assert_eq!(line.station(1).folder.whole[&blob], bytes(2 * CHUNK as usize));
}

#[test]
fn a_name_without_a_blob_keeps_nothing_waiting() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let missing: Vec<Attachment> =
        (0..16).map(|place| line.bring(0, &format!("{place}.bin"), &bytes(100 + place))).collect();
    attach(&mut line, 0, Class::P, &missing);
    // It lied: it has none of them.
    line.kill(0);
    line.station_mut(0).folder.whole.clear();
    line.start(0);
    line.connect(0, 1);
    line.run_for(20_000);
    let failures = match line.line(1).fetching(&missing[0].blob()) {
        Fetching::Wanted { failures } => failures,
        other => panic!("{other:?}"),
    };
    assert!((1..8).contains(&failures), "asked {failures} times in 20 s: the pauses do not grow");
    let map = line.bring(0, "map.png", &bytes(70_000));
    attach(&mut line, 0, Class::R, std::slice::from_ref(&map));
    line.run_for(5_000);
    assert_eq!(line.station(1).folder.whole[&map.blob()], bytes(70_000));
}

#[test]
fn a_flood_of_names_keeps_nobody_elses_waiting() {
    let mut line = LineInMemory::rationed(&["usa", "rus", "un"], 5_000);
    line.connect(0, 1);
    line.connect(2, 1);
    line.run_for(1_000);
    // More names than may be wanted, and not one part of them comes.
    line.station_mut(0).loses = |bytes| matches!(Frame::decode(bytes), Ok(Frame::Part { .. }));
    for entry in 0..80u32 {
        let named = |place: u32| format!("{place}.bin");
        let named: Vec<Attachment> =
            (0..16).map(|place| line.bring(0, &named(place), &(16 * entry + place).to_le_bytes())).collect();
        attach(&mut line, 0, Class::R, &named);
    }
    line.run_for(5_000);
    let map = line.bring(2, "map.png", &bytes(70_000));
    attach(&mut line, 2, Class::R, std::slice::from_ref(&map));
    line.run_for(60_000);
    assert!(line.station(1).folder.whole.contains_key(&map.blob()));
    // Once the parts come, so does everything that gave way.
    line.station_mut(0).loses = |_| false;
    line.run_for(900_000);
    assert_eq!(line.station(1).folder.whole.len(), 80 * 16 + 1);
}

#[test]
fn bytes_that_do_not_fit_their_hash_are_not_kept() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let mut said = attachment("map.png", &bytes(70_000));
    said.hash = [9; 32];
    let blob = said.blob();
    line.bring_as(0, blob, &bytes(70_000));
    attach(&mut line, 0, Class::R, &[said]);
    line.run_for(10_000);
    assert_eq!(line.line(1).fetching(&blob), Fetching::False);
    assert!(line.station(1).folder.whole.is_empty());
    let told = |shown: &Shown| matches!(shown, Shown::Blob { blob: of, fault: Some(_) } if *of == blob);
    assert_eq!(line.station(1).shown.iter().filter(|shown| told(shown)).count(), 1);
    assert_eq!(line.held(0, book(1, Class::R)), 0, "and says nothing of holding it");
}

#[test]
fn what_is_not_here_is_not_named() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let content = Content::Message(Message {
        text: "So.".into(),
        attachments: Some(vec![attachment("map.png", b"never brought")]),
        ..Message::default()
    });
    let fault = line.write(0, draft(Some(Class::R), &[], content)).unwrap_err();
    assert_eq!(fault.detail().what, "attachment");
}

#[test]
fn who_has_left_is_given_nothing_that_it_asked_for_before() {
    let mut line = LineInMemory::between(&["usa", "rus", "tur"]);
    let film = line.bring(0, "film.mp4", &bytes(60 * CHUNK as usize));
    attach(&mut line, 0, Class::P, std::slice::from_ref(&film));
    line.run_for(10_000);
    line.disconnect(0, 1);
    line.disconnect(1, 2);
    line.write(1, draft(None, &[], Content::Leaves { reason: None })).unwrap();
    let left = book(1, Class::A);
    line.station_mut(1).loses = |bytes| matches!(Frame::decode(bytes), Ok(Frame::Step { .. }));
    line.connect(0, 1);
    line.run_for(1_000);
    assert_eq!(line.held(0, left), 0);
    let store = &line.station(1).store;
    let leaves = frame::step(left, 1, &store.entries[&left], &store.checkpoints[&left][&1].signature);
    for first in [0, 16, 32] {
        line.forge(0, 1, frame::want(&film.blob(), first, 16));
    }
    line.forge(0, 1, leaves);
    assert!(line.line(0).parted(party(1)).is_some());
    line.station_mut(0).loses = |bytes| {
        assert!(!matches!(Frame::decode(bytes), Ok(Frame::Part { .. })), "it has left");
        false
    };
    line.run_for(1_000);
}

#[test]
fn who_answers_again_is_asked_again() {
    let mut line = LineInMemory::between(&["usa", "rus"]);
    let brought = line.bring(0, "plan.pdf", &bytes(3 * CHUNK as usize));
    let blob = brought.blob();
    line.station_mut(0).loses =
        |frame| matches!(Frame::decode(frame), Ok(Frame::Part { .. } | Frame::Pong(_)));
    attach(&mut line, 0, Class::P, &[brought]);
    let silent =
        |line: &LineInMemory| line.line(1).circuits().find(|(_, state)| state.silent).map(|(id, _)| id);
    let circuit = (0..400).find_map(|_| {
        line.run_for(100);
        silent(&line)
    });
    line.write(1, message(Class::R, "Still there?")).unwrap();
    assert!(matches!(line.line(1).fetching(&blob), Fetching::Wanted { .. }), "nobody can be asked");
    // Its answer was late, and not lost.
    line.station_mut(0).loses = |_| false;
    let nonce = 0x0101_0101 << 16 | circuit.unwrap();
    line.forge(1, 0, frame::pong(nonce));
    assert_eq!(silent(&line), None);
    line.run_for(5_000);
    assert_eq!(line.line(1).fetching(&blob), Fetching::Here);
}
