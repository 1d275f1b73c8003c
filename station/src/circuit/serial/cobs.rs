//! Packets between zeros: consistent overhead byte stuffing (spec/serial.md §2).

/// The longest packet, in bytes, before it is stuffed.
pub(super) const MAX_PACKET: usize = 288;
/// The longest run that one code says: 254 bytes and no zero behind.
const RUN: usize = 254;

/// Appends a packet, stuffed, without the zeros around it.
pub(super) fn stuff(packet: &[u8], to: &mut Vec<u8>) {
    let mut rest = packet;
    loop {
        let run = rest.iter().take(RUN).take_while(|byte| **byte != 0).count();
        let (piece, behind) = rest.split_at(run);
        to.push(u8::try_from(run + 1).unwrap_or(u8::MAX));
        to.extend_from_slice(piece);
        rest = match behind {
            // The virtual zero at the end; a full run has none.
            [] => return,
            [0, behind @ ..] if run < RUN => behind,
            behind => behind,
        };
    }
}

/// What was stuffed; `None` if it is not that of a packet of at most [`MAX_PACKET`] bytes.
fn unstuff(mut stuffed: &[u8]) -> Option<Vec<u8>> {
    let mut packet = Vec::with_capacity(stuffed.len());
    while let [code, rest @ ..] = stuffed {
        let run = usize::from(*code).checked_sub(1)?;
        packet.extend_from_slice(rest.get(..run)?);
        stuffed = rest.get(run..)?;
        if run < RUN && !stuffed.is_empty() {
            packet.push(0);
        }
    }
    (1..=MAX_PACKET).contains(&packet.len()).then_some(packet)
}

/// Finds packets in whatever comes.
#[derive(Debug, Default)]
pub(super) struct Finder {
    held: Vec<u8>,
    /// More came without a zero than a packet has.
    overrun: bool,
}

impl Finder {
    /// Takes a byte; gives the packet that it ends.
    pub(super) fn take(&mut self, byte: u8) -> Option<Vec<u8>> {
        if byte != 0 {
            // A stuffed packet is longer by one byte in 254.
            self.overrun |= self.held.len() > MAX_PACKET + 2;
            if !self.overrun {
                self.held.push(byte);
            }
            return None;
        }
        let found = if self.overrun { None } else { unstuff(&self.held) };
        self.held.clear();
        self.overrun = false;
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut finder = Finder::default();
        bytes.iter().filter_map(|byte| finder.take(*byte)).collect()
    }

    #[test]
    fn what_is_stuffed_has_no_zero_and_comes_back() {
        let of = |length: usize, every: usize| -> Vec<u8> {
            (0..length).map(|at| if at % every == 0 { 0 } else { at as u8 }).collect()
        };
        for length in [1, 2, 253, 254, 255, 256, 288] {
            for every in [1, 2, 7, 254, 255, 1_000] {
                for packet in [of(length, every), vec![7; length]] {
                    let mut stuffed = Vec::new();
                    stuff(&packet, &mut stuffed);
                    assert!(!stuffed.contains(&0) && stuffed.len() <= length + 2, "{length} {every}");
                    stuffed.push(0);
                    assert_eq!(found(&stuffed), [packet]);
                }
            }
        }
    }

    #[test]
    fn the_examples_of_the_paper() {
        // Cheshire and Baker 1999, and the usual ones: 00; 00 00; 11 22 00 33.
        for (packet, expected) in [
            (&[0][..], &[1, 1][..]),
            (&[0, 0], &[1, 1, 1]),
            (&[0x11, 0x22, 0, 0x33], &[3, 0x11, 0x22, 2, 0x33]),
            (&[0x11, 0, 0, 0], &[2, 0x11, 1, 1, 1]),
        ] {
            let mut stuffed = Vec::new();
            stuff(packet, &mut stuffed);
            assert_eq!(stuffed, expected);
        }
    }

    #[test]
    fn after_anything_the_next_packet_is_found() {
        let mut line: Vec<u8> =
            (0..5_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        line.push(0);
        stuff(b"the next one", &mut line);
        line.push(0);
        assert_eq!(found(&line).last().map(Vec::as_slice), Some(&b"the next one"[..]));
        let mut long = vec![9; 100_000];
        long.extend([0, 3, 1, 2, 0]);
        assert_eq!(found(&long), [vec![1, 2]]);
    }
}
