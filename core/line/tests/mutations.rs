//! Whatever is done to valid bytes, no decoder of the line panics, and none takes a body that it would not write
//! itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot make its input has failed")]

use detente_airspace::altitude::{Band, Datum, Limit};
use detente_airspace::area::Area;
use detente_airspace::span::Span;
use detente_airspace::verdict::Verdict;
use detente_airspace::volume::Volume;
use detente_line::frame::{self, Frame, Hello};
use detente_line::notice::{Field, Value, Waypoint};
use detente_line::{
    Choice, ConflictReport, Content, Duty, Fork, Memorandum, Message, Notice, Outcome, Position, Rendering,
};
use detente_record::{
    Book, Checkpoint, Class, EntryRef, LineId, LineSecret, Party, Receipt, SignedCheckpoint,
};

/// SplitMix64, so that every run makes the same mutations.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.roll(3) {
            let at = self.roll(bytes.len());
            match self.roll(4) {
                _ if bytes.is_empty() => bytes.push(self.roll(256) as u8),
                0 => bytes[at] = self.roll(256) as u8,
                1 => bytes[at] ^= 1 << self.roll(8),
                2 => drop(bytes.drain(at..(at + 1 + self.roll(8)).min(bytes.len()))),
                _ => bytes.insert(at, self.roll(256) as u8),
            }
        }
        bytes
    }
}

fn book(class: Class) -> Book {
    Book { generation: 0, party: Party::new(1).unwrap(), class }
}

fn contents() -> Vec<Content> {
    let at = |lat, lon| Position { lat, lon };
    let position = at(352_400_000, -401_900_000);
    let act = EntryRef { book: book(Class::A), number: 300 };
    let area =
        Area::new(&[position, at(353_000_000, -401_900_000), at(353_000_000, -402_900_000)], &[]).unwrap();
    let limit = Limit { mm: -5, datum: Datum::Agl };
    let band = Band::new(Some(limit), None, None).unwrap();
    let volumes = vec![Volume::new(area, band, Span::new(1, 1 << 41).unwrap())];
    let waypoint = |ms| Waypoint { position, window: Span::new(ms, ms + 5).unwrap() };
    let fields = [
        (Field::Name, Value::Text("All.".into())),
        (Field::Review, Value::Number(7)),
        (Field::Escorted, Value::Flag(true)),
    ];
    let notice = Notice {
        kind: "activity".into(),
        text: "Planned activity.".into(),
        volumes: volumes.clone(),
        fields: fields.into(),
        emergency: true,
        waypoints: vec![waypoint(1), waypoint(2)],
    };
    let report = ConflictReport { verdict: Verdict::Conflict, volumes, text: Some("Keep away.".into()) };
    let message = Message {
        text: "Hold.".into(),
        safety_of_life: Some(true),
        reply_by_ms: Some(9),
        also: Some(Rendering { language: "uk".into(), text: "Зачекайте.".into() }),
        ..Message::default()
    };
    vec![
        Content::Message(message),
        Content::Withdrawal { reason: None },
        Content::Leaves { reason: Some("It is over.".into()) },
        Content::ReadBack { text: "Yes.".into(), position: Some(position) },
        Content::Cease { position, text: Some("Stop.".into()) },
        Content::Displayed,
        Content::Duty(Duty::Handover { to: 7 }),
        Content::Notice(notice),
        Content::Conflict(report),
        Content::Opens { before: 0, size: 12, root: [3; 32], renewal: None },
        Content::Suspends { scope: vec![1, 14], effective_ms: 77, reason: "After the strike.".into() },
        Content::Resumes { effective_ms: 78, decision: Some(act) },
        Content::Vote { choice: Choice::Abstain, text: None },
        Content::Decide { outcome: Outcome::Carried, votes: vec![act, act], before: None },
    ]
}

#[test]
fn a_body_that_is_taken_is_the_one_that_would_be_written() {
    let mut dice = Dice(1);
    for content in contents() {
        let bytes = content.encode();
        assert_eq!(Content::decode(content.kind(), &bytes).as_ref(), Ok(&content));
        for _ in 0..4_000 {
            let mutated = dice.mutate(&bytes);
            if let Ok(read) = Content::decode(content.kind(), &mutated) {
                assert_eq!(read.encode(), mutated, "{read:?}");
            }
        }
    }
}

#[test]
fn no_frame_makes_the_decoder_panic() {
    let party = Party::new(1).unwrap();
    let sizes = [(book(Class::Z), 3), (book(Class::R), 70_000)].into_iter().collect();
    let receipts = [(book(Class::Z), [(party, 2)].into_iter().collect())].into_iter().collect();
    let checkpoint = Checkpoint { book: book(Class::P), size: 9, root: [1; 32] };
    let receipt =
        Receipt { book: book(Class::Z), party, size: 3, seconds: 1_491_514_800, signature: [2; 64] };
    let heads = [(book(Class::Z), ([5; 32], [6; 64]))].into_iter().collect();
    let hello =
        Hello { version: 1, line: LineId([7; 32]), memorandum: [8; 32], party, sizes, receipts, heads };
    let head = SignedCheckpoint { checkpoint, signature: [4; 64] };
    let frames = [
        frame::hello(&hello),
        frame::step(book(Class::R), 5, &[[0xa0_u8; 40], [0xa1; 40]], &[9; 64]),
        frame::receipt(&receipt),
        frame::have(&hello.sizes),
        frame::ping(1 << 40),
        frame::secret(party, 0, &LineSecret::from_bytes([5; 32])),
        frame::head(&head),
        frame::fork(&Fork { head: head.clone(), with: head, root: [6; 32], proof: vec![[7; 32]; 3] }),
        frame::refusal(3, "another memorandum"),
    ];
    let mut dice = Dice(2);
    let mut taken = 0;
    for frame in frames {
        assert!(Frame::decode(&frame).is_ok(), "{frame:02x?}");
        for _ in 0..4_000 {
            taken += u32::from(Frame::decode(&dice.mutate(&frame)).is_ok());
        }
    }
    assert!(taken > 0, "mutations that leave a frame sound are among them");
    assert!(Frame::decode(&vec![0; frame::MAX_FRAME + 1]).is_err());
}

#[test]
fn no_bytes_make_a_memorandum_by_accident() {
    let mut dice = Dice(3);
    let bytes = [0xad, 1, 1, 2, 0x64, b'l', b'i', b'n', b'e', 6, 0x80, 7, 0, 8, 0x84, 1, 1, 1, 1];
    for _ in 0..20_000 {
        assert!(Memorandum::decode(&dice.mutate(&bytes)).is_err());
    }
}
