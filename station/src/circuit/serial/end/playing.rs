//! An end, and another one that has the keys and says whatever it is told to, for `fuzz/targets`.

use detente_line::Lane;
use detente_record::{LineId, Party};

use super::super::cobs::{self, Finder};
use super::super::lanes;
use super::super::narrow::Forms;
use super::super::packet::{self, Packet};
use super::super::pairs::{Exported, PairId, Pairs};
use super::{End, Told};
use crate::circuit::MAX_FRAME;

/// The rate of the line, bit/s.
const RATE: u32 = 300;
/// How many packets an end may say at a time.
const MOST: usize = 16;

/// Bytes taken from the front; zeros where there are no more.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, behind) = rest.split_at(count.min(rest.len()));
    *rest = behind;
    taken
}

fn byte(rest: &mut &[u8]) -> u8 {
    take(rest, 1).first().copied().unwrap_or(0)
}

fn bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let length = byte(rest);
    take(rest, length.into())
}

/// The other side, which seals what it likes.
struct Other {
    pairs: Pairs,
    id: PairId,
    counter: u64,
    tag: [u8; 4],
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Heard {
    /// Something was sealed under the keys.
    pub sealed: bool,
    /// The circuit was said to be up, or a frame to have come.
    pub believed: bool,
    /// What the end said that is no packet, or a frame that is longer than any.
    pub wrong: Option<String>,
}

fn stuffed(packet: &[u8]) -> Vec<u8> {
    let mut line = vec![0];
    cobs::stuff(packet, &mut line);
    line.push(0);
    line
}

impl Other {
    /// An opening: its flags say whether it echoes and whether its tag is another one than before.
    fn opening(&mut self, to: &End, rest: &mut &[u8]) -> Option<Vec<u8>> {
        let (flags, held) = (byte(rest), byte(rest));
        if flags & 2 != 0 {
            self.tag = [flags, 0, 0, 1];
        }
        let mut body = [self.tag.as_slice(), &[held; 6]].concat();
        if flags & 1 != 0 {
            body.extend(to.own_tag);
        }
        if flags & 4 != 0 {
            body.extend(bytes(rest));
        }
        let head = packet::opening_head(self.id.name, self.counter);
        self.pairs.seal(self.id, self.counter, &head, &mut body)?;
        self.counter += 1;
        Some([head, body].concat())
    }

    /// Data of any parts, with a counter that is so much further.
    fn data(&mut self, to: &End, rest: &mut &[u8]) -> Option<Vec<u8>> {
        self.counter += u64::from(byte(rest));
        let head = packet::data_head(self.id.name, self.counter);
        let bound = [&head[..1], &self.tag, &to.own_tag].concat();
        let mut body = bytes(rest).to_vec();
        self.pairs.seal(self.id, self.counter, &bound, &mut body)?;
        self.counter += 1;
        Some([head.as_slice(), &body].concat())
    }
}

/// Has an end hear what the bytes say: noise, packets of a handshake, and whatever a peer that has the keys may seal. `None` without keys.
pub fn hear(mut said: &[u8]) -> Option<Heard> {
    let rest = &mut said;
    let root = [7; 32];
    let (pairs, _) = Pairs::kept_nowhere(Exported::of(&root, 0, 1)?)?;
    let (others, id) = Pairs::kept_nowhere(Exported::of(&root, 1, 0)?)?;
    let [ours, theirs] = [Party::new(0).ok()?, Party::new(1).ok()?];
    let forms = Forms::new(&LineId([3; 32]), ours, theirs, true);
    let mut end = End::new(RATE, true, pairs, forms);
    let mut other = Other { pairs: others, id, counter: 0, tag: [1; 4] };
    let (mut heard, mut now_us) = (Heard::default(), 0);
    while !rest.is_empty() {
        match byte(rest) % 8 {
            0 => end.took(bytes(rest), now_us),
            1 => end.took(&stuffed(bytes(rest)), now_us),
            2 => {
                if let Some(packet) = other.opening(&end, rest) {
                    heard.sealed = true;
                    end.took(&stuffed(&packet), now_us);
                }
            }
            3 => {
                if let Some(packet) = other.data(&end, rest) {
                    heard.sealed = true;
                    end.took(&stuffed(&packet), now_us);
                }
            }
            4 => {
                now_us += 1 << (byte(rest) % 28);
                says(&mut end, now_us, &mut heard);
            }
            5 => {
                let lane = lanes::of_code(byte(rest) % 7).unwrap_or(Lane::Word);
                end.put(lane, &[[&[0x81], bytes(rest)].concat()]);
            }
            6 => {
                let (what, place) = (byte(rest), byte(rest).into());
                let packet = match what % 4 {
                    0 => packet::call(),
                    1 => packet::taken(u16::from(what / 4), place),
                    _ => packet::piece(u16::from(what / 4), place, bytes(rest)),
                };
                end.took(&stuffed(&packet), now_us);
            }
            _ => end.hand(bytes(rest)),
        }
        while let Some(told) = end.told() {
            heard.believed |= matches!(told, Told::Up { .. } | Told::Frame(_));
            if let Told::Frame(frame) = told
                && frame.len() > MAX_FRAME
            {
                heard.wrong = Some(format!("a frame of {} bytes", frame.len()));
            }
        }
    }
    Some(heard)
}

/// Lets an end say what it has to say now: packets, each whole and one that its reader knows.
fn says(end: &mut End, now_us: u64, heard: &mut Heard) {
    for _ in 0..MOST {
        let Some(line) = end.packet(now_us) else { return };
        let mut finder = Finder::default();
        let found: Vec<Vec<u8>> = line.iter().filter_map(|byte| finder.take(*byte)).collect();
        if !matches!(found.as_slice(), [packet] if Packet::read(packet).is_some()) {
            heard.wrong = Some(format!("{found:02x?} for a packet"));
        }
        end.written(now_us);
    }
}
