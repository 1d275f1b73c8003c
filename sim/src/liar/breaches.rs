//! The lies themselves: entries that break a rule, acts that do not hold, frames that are no good.

use std::sync::Arc;

use detente_line::{Attachment, Choice, Content, Matter, Message, Outcome, frame};
use detente_record::{Book, Checkpoint, Class, Cut, EntryRef, Frontier, Party, SignedCheckpoint};

use super::{Liar, Sent};
use crate::observer;
use crate::officer::amended;
use crate::rng::Rng;

impl Liar {
    /// An entry that breaks a rule of its book.
    pub(super) fn breach(&mut self, branch: usize, now_ms: u64) {
        let class = if self.rng.chance(300) { Class::A } else { self.class() };
        let book = self.book(branch, class, now_ms);
        let content = match class {
            Class::A => {
                Content::Suspends { scope: vec![1], effective_ms: now_ms + 30_000, reason: "a lie".into() }
            }
            _ => message(&mut self.rng),
        };
        let mut entry = self.entry(branch, book, Vec::new(), &content, now_ms);
        match self.rng.below(14) {
            0 => entry.serial = entry.serial.saturating_sub(self.rng.within(1, 4)).max(1),
            1 => entry.serial += self.rng.within(1, 5),
            2 => entry.time_ms = entry.time_ms.saturating_sub(self.rng.within(1, 90_000_000)),
            3 => entry.time_ms += self.rng.below(90_000_000),
            4 => {
                entry.cut.insert(book, self.rng.below(10));
            }
            5 => {
                let stated = self.branches.get(branch).and_then(|of| of.stated.get(&book)).cloned();
                if let Some((of, size)) = stated.unwrap_or_default().into_iter().find(|(_, size)| *size > 1) {
                    entry.cut.insert(of, size - 1);
                }
            }
            6 => entry.vector = if class == Class::A { None } else { Some([7; 32]) },
            7 => entry.vector = entry.vector.map(|_| [7; 32]),
            8 if entry.second.is_some() && entry.serial.is_multiple_of(2) => entry.second = None,
            8 => entry.office = 77,
            9 => {
                let content = [
                    Content::Displayed,
                    Content::Decide { outcome: Outcome::Carried, votes: Vec::new(), before: None },
                    Content::Unknown { kind: 40 },
                    Content::Unknown { kind: 200 },
                ];
                if let Some(content) = self.rng.pick(&content) {
                    (entry.kind, entry.body) = (content.kind(), content.encode());
                }
            }
            10 => entry.regards = self.seen.iter().take(2).map(|(name, _)| *name).collect(),
            11 => {
                let bytes: Vec<u8> = (0..self.rng.within(1, 60)).map(|_| self.rng.next() as u8).collect();
                return self.append_bytes(branch, book, bytes);
            }
            12 => {
                // Rests on acts that do not exist, for ever; rarely, since the book then waits for ever too.
                if self.rng.chance(100) {
                    let parties: Vec<Party> = self.roll.parties().collect();
                    if let Some(party) = self.rng.pick(&parties).filter(|party| **party != self.keys.party) {
                        entry.cut.insert(Book { generation: 0, party: *party, class: Class::A }, 100_000);
                    }
                }
            }
            _ => {
                // A key that nobody knows: the map has one more pair, at its end.
                if let Ok(mut bytes) = entry.encode()
                    && let Some(first) = bytes.first_mut()
                {
                    *first += 1;
                    bytes.extend([0x0b, 0xf5]);
                    return self.append_bytes(branch, book, bytes);
                }
            }
        }
        self.append(branch, book, &entry);
    }

    /// An entry that was not permitted, or an act that does not hold.
    pub(super) fn forbidden(&mut self, branch: usize, now_ms: u64) {
        let seen = self.rng.pick(&self.seen).map(|(name, _)| *name);
        let own = EntryRef {
            book: Book { generation: 0, party: self.keys.party, class: Class::A },
            number: self.rng.within(1, 5),
        };
        match self.rng.below(9) {
            0 => {
                let content =
                    Content::Suspends { scope: Vec::new(), effective_ms: 0, reason: "why not".into() };
                self.write(branch, Class::A, Vec::new(), &content, now_ms);
            }
            1 => {
                let content =
                    Content::Resumes { effective_ms: 0, decision: seen.filter(|_| self.rng.chance(500)) };
                self.write(branch, Class::A, vec![own], &content, now_ms);
            }
            2 => {
                let closes_ms = now_ms + self.rng.below(1_000_000);
                let matter = match self.rng.below(10) {
                    0..6 => Matter::Reopen,
                    6..8 => Matter::Resolve,
                    _ => match amended(&self.memorandum, false, &mut self.rng) {
                        Some(moved) => Matter::Amend(Arc::new(moved)),
                        None => Matter::Resolve,
                    },
                };
                let content = Content::Motion { matter, text: "to reopen".into(), closes_ms };
                let about = seen.unwrap_or(own);
                self.write(branch, Class::A, vec![about], &content, now_ms);
            }
            3 => {
                let content = Content::Vote { choice: Choice::For, text: None };
                let about = seen.unwrap_or(own);
                self.write(branch, Class::A, vec![about], &content, now_ms);
            }
            4 => {
                let outcome = [Outcome::Carried, Outcome::Defeated, Outcome::Lapsed, Outcome::Overtaken]
                    [self.rng.below(4) as usize];
                let motions: Vec<EntryRef> =
                    self.seen.iter().filter(|(_, kind)| *kind == 67).map(|(name, _)| *name).collect();
                let motion = self.rng.pick(&motions).copied().unwrap_or(own);
                let content = Content::Decide { outcome, votes: vec![motion], before: None };
                self.write(branch, Class::A, vec![motion], &content, now_ms);
            }
            7 => {
                if let Some(finding) = observer::forged(self.line, &mut self.rng) {
                    let class = [Class::O, Class::P, Class::R, Class::Z][self.rng.below(4) as usize];
                    let content = Content::Finding(Box::new(finding));
                    self.write(branch, class, Vec::new(), &content, now_ms);
                }
            }
            8 => {
                let heard = self.heard.iter().map(|(book, frontier)| (*book, frontier.size())).collect();
                if let Ok(disclosure) = observer::shows(&heard, true, &mut self.rng) {
                    let content = Content::Discloses(disclosure);
                    let class = if self.rng.chance(900) { Class::R } else { Class::O };
                    self.write(branch, class, Vec::new(), &content, now_ms);
                }
            }
            5 => {
                // As many as the quota holds, and then some.
                let class = self.class();
                for _ in 0..self.rng.within(5, 20) {
                    let content = message(&mut self.rng);
                    self.write(branch, class, Vec::new(), &content, now_ms);
                }
            }
            _ => {
                let class = self.class();
                let content = message(&mut self.rng);
                self.write(branch, class, Vec::new(), &content, now_ms);
            }
        }
    }

    /// Frames that are no good, on some circuit.
    pub(super) fn bad_frames(&mut self) -> Sent {
        let Some(circuit) = self.any_talk() else { return Sent::new() };
        let class = self.class();
        let own = Book { generation: 0, party: self.keys.party, class };
        let parties: Vec<Party> = self.roll.parties().collect();
        let party = self.rng.pick(&parties).copied().unwrap_or(self.keys.party);
        let other = Book { generation: 0, party, class };
        let size = self.branches.first().and_then(|of| of.frontiers.get(&own)).map_or(0, Frontier::size);
        let signature = self.keys.book.sign(b"something else");
        let bytes = match self.rng.below(7) {
            0 => (0..self.rng.within(0, 200)).map(|_| self.rng.next() as u8).collect(),
            1 => frame::step(own, size + 1, &[vec![0u8; 16_385]], &signature),
            2 => frame::step(other, self.rng.below(20), &[vec![0xa0u8]], &signature),
            3 => {
                let checkpoint =
                    Checkpoint { book: other, size: self.rng.within(1, 20), root: self.rng.bytes() };
                frame::head(&SignedCheckpoint { checkpoint, signature })
            }
            4 => {
                let Some(peer) = self.talks.get(&circuit).map(|talk| talk.peer) else { return Sent::new() };
                let mut hello = self.hello(peer);
                self.claim(&mut hello, peer);
                frame::hello(&hello)
            }
            5 => frame::have(&Cut::from([(other, self.rng.below(50))])),
            _ => frame::pong(self.rng.next()),
        };
        vec![(circuit, bytes)]
    }
}

/// Some message.
pub(super) fn message(rng: &mut Rng) -> Content {
    let text = format!("lie {}", rng.below(1_000_000));
    // Now and then with a file that nobody has.
    let attachments = rng.chance(100).then(|| {
        let hash = [rng.below(256) as u8; 32];
        let (name, media_type) = ("lie.bin".into(), "application/octet-stream".into());
        vec![Attachment { hash, size: rng.within(1, 1 << 32), name, media_type, root: hash }]
    });
    Content::Message(Message { text, attachments, ..Message::default() })
}
