//! Two ends and a line between them, in virtual time: what is lost goes again, what is urgent overtakes, what is old is
//! dropped, and a later pair of keys takes over without a break.

use std::path::PathBuf;

use detente_line::Lane;
use detente_record::{LineId, Party};

use super::end::{End, Told};
use super::narrow::Forms;
use super::pairs::{Exported, Pairs};

/// A frame that stands for a hello.
const HELLO: &[u8] = b"\x81hello";
/// How far time goes on at a time, us.
const TICK_US: u64 = 5_000;

/// A folder for the keys of one test.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("detente-serial-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// What one end has on the line.
#[derive(Default)]
struct Wire {
    packet: Vec<u8>,
    written: usize,
    /// Bytes that could have been said by now and were not.
    credit_us: u64,
}

/// A line.
struct Line {
    folder: PathBuf,
    ends: [End; 2],
    wires: [Wire; 2],
    told: [Vec<Told>; 2],
    said: [Vec<u8>; 2],
    byte_us: u64,
    now_us: u64,
    /// One byte in so many is changed; 0: none.
    spoils: u64,
    count: u64,
}

impl Line {
    fn end(folder: &std::path::Path, place: u8, bits_per_s: u32) -> End {
        let (own, peer) = ([place; 32], [1 - place; 32]);
        let [ours, theirs] = [place, 1 - place].map(|number| Party::new(number).unwrap());
        let forms = Forms::new(&LineId([3; 32]), ours, theirs, true);
        let pairs = Pairs::read(&folder.join(format!("{place}.toml")), &own, &peer).unwrap();
        End::new(bits_per_s, place == 0, pairs, forms)
    }

    fn new(name: &str, bits_per_s: u32) -> Self {
        let folder = folder(name);
        let ends = [0, 1].map(|place| Self::end(&folder, place, bits_per_s));
        let byte_us = super::byte_us(bits_per_s);
        let (wires, told, said) = Default::default();
        let mut line = Self { folder, ends, wires, told, said, byte_us, now_us: 0, spoils: 0, count: 0 };
        line.offer(7);
        line
    }

    /// Both ends have a later pair.
    fn offer(&mut self, root: u8) {
        for (place, end) in (0..).zip(&mut self.ends) {
            end.offer(Exported::of(&[root; 32], place, 1 - place).unwrap(), self.now_us);
        }
    }

    /// An end is killed and is back.
    fn restart(&mut self, place: u8) {
        let bits_per_s = u32::try_from(10_000_000 / self.byte_us).unwrap();
        self.ends[usize::from(place)] = Self::end(&self.folder, place, bits_per_s);
        self.wires[usize::from(place)] = Wire::default();
    }

    fn hear(&mut self, place: usize, bytes: &[u8]) {
        self.ends[place].took(bytes, self.now_us);
        while let Some(told) = self.ends[place].told() {
            self.told[place].push(told);
        }
    }

    fn tick(&mut self) {
        self.now_us += TICK_US;
        for place in 0..2 {
            let (end, wire) = (&mut self.ends[place], &mut self.wires[place]);
            wire.credit_us = (wire.credit_us + TICK_US).min(2 * TICK_US.max(self.byte_us));
            let mut out = Vec::new();
            while wire.credit_us >= self.byte_us {
                let left = wire.packet.len() - wire.written;
                if wire.written > 0 && end.should_cut(left) {
                    out.push(0);
                    end.was_cut();
                    (wire.packet, wire.written) = (Vec::new(), 0);
                } else if left > 0 {
                    out.push(wire.packet[wire.written]);
                    wire.written += 1;
                    if left == 1 {
                        end.written(self.now_us);
                        (wire.packet, wire.written) = (Vec::new(), 0);
                    }
                } else if let Some(packet) = end.packet(self.now_us) {
                    wire.packet = packet;
                    continue;
                } else {
                    break;
                }
                wire.credit_us -= self.byte_us;
            }
            assert!(end.trouble().is_none());
            self.said[place].extend(&out);
            for byte in &mut out {
                self.count += 1;
                if self.spoils > 0 && self.count.is_multiple_of(self.spoils) {
                    *byte ^= 0x41;
                }
            }
            self.hear(place, &[]);
            self.hear(1 - place, &out);
        }
    }

    /// Goes on until an end has said something; how long that took, us.
    fn until(&mut self, place: usize, wanted: impl Fn(&Told) -> bool) -> u64 {
        let began = self.now_us;
        while !self.told[place].iter().any(&wanted) {
            self.tick();
            assert!(self.now_us < began + 3_600_000_000, "not within an hour: {:?}", self.told);
        }
        self.told[place].clear();
        self.now_us - began
    }

    fn up(&mut self) {
        self.until(0, |told| matches!(told, Told::Up { .. }));
        self.until(1, |told| matches!(told, Told::Up { .. }));
        for place in 0..2 {
            self.ends[place].put(Lane::Word, &[HELLO.to_vec()]);
        }
        for place in 0..2 {
            self.until(place, |told| *told == Told::Frame(HELLO.to_vec()));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_frame(wanted: &[u8]) -> impl Fn(&Told) -> bool {
    let wanted = wanted.to_vec();
    move |told| *told == Told::Frame(wanted.clone())
}

#[test]
fn what_is_lost_goes_again() {
    let mut line = Line::new("lost", 2_400);
    line.up();
    line.spoils = 611;
    let long: Vec<u8> = (0..20_000_u32).map(|at| 0x80 ^ (at % 251) as u8).collect();
    line.ends[0].put(Lane::R, std::slice::from_ref(&long));
    line.ends[1].put(Lane::P, std::slice::from_ref(&long));
    let took_us = line.until(1, is_frame(&long));
    line.until(0, is_frame(&long));
    // One packet in three is spoilt; without losses it would take 96 s.
    assert!(took_us < 300_000_000, "{took_us} us");
}

#[test]
fn what_is_urgent_cuts_short_what_is_being_said() {
    let mut line = Line::new("urgent", 300);
    line.up();
    line.ends[0].put(Lane::R, &[vec![0x81; 2_000]]);
    for _ in 0..800 {
        line.tick();
    }
    line.ends[0].put(Lane::Z, &[vec![0x82; 100]]);
    let took_us = line.until(1, is_frame(&[0x82; 100]));
    // 126 bytes of 33 ms each, and little more.
    assert!(took_us < 5_000_000, "{took_us} us");
    line.until(1, is_frame(&[0x81; 2_000]));
}

#[test]
fn an_end_that_was_killed_is_back_in_three_seconds_and_uses_no_counter_again() {
    let mut line = Line::new("killed", 300);
    line.up();
    line.restart(0);
    let began = line.now_us;
    line.until(0, |told| matches!(told, Told::Up { .. }));
    assert!(line.now_us - began < 3_000_000, "{} us", line.now_us - began);
    let kept = std::fs::read_to_string(line.folder.join("0.toml")).unwrap();
    assert!(kept.contains("taken = 2048"), "two lives, a block each");
}

#[test]
fn what_is_said_again_is_not_heard() {
    let mut line = Line::new("again", 9_600);
    line.up();
    line.ends[0].put(Lane::Z, &[b"\x81once".to_vec()]);
    line.until(1, is_frame(b"\x81once"));
    let said = line.said[0].clone();
    line.hear(1, &said);
    for _ in 0..1_000 {
        line.tick();
    }
    assert!(!line.told[1].iter().any(|told| !matches!(told, Told::Gone(_))), "{:?}", line.told[1]);
    // Nor does it bring a station that has begun anew to believe in a circuit.
    line.restart(1);
    line.told[1].clear();
    let mut alone = Line::end(&line.folder, 1, 9_600);
    alone.took(&said, line.now_us);
    assert_eq!(alone.told(), None);
}

#[test]
fn a_later_pair_takes_over_without_a_break() {
    let mut line = Line::new("later", 9_600);
    line.up();
    line.ends[0].put(Lane::R, &[vec![0x83; 30_000]]);
    for _ in 0..400 {
        line.tick();
    }
    line.offer(9);
    line.until(1, is_frame(&[0x83; 30_000]));
    assert!(!line.told.iter().flatten().any(|told| matches!(told, Told::Down(_))));
    let later = Exported::of(&[9; 32], 0, 1).unwrap();
    let last = line.said[0].split(|byte| *byte == 0).rev().find(|packet| packet.len() > 30).unwrap();
    assert_eq!(last[1] & 0x0f, later.name[1] & 0x0f, "still under the earlier pair");
}
