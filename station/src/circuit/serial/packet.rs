//! Packets: what stands between two zeros of a line (spec/serial.md §2, §4 to §6).

use crc::{CRC_32_ISCSI, Crc};

/// First bytes.
const PIECE: u8 = 1;
const TAKEN: u8 = 2;
const CALL: u8 = 3;
const OPENING: u8 = 4;
const DATA: u8 = 0x80;

/// Most bytes of a piece of a handshake, and of a fragment.
pub(super) const MAX_PIECE: usize = 240;

/// Most bytes of the counter of an opening, which has 40 bits.
const MAX_COUNTER: usize = 6;

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// A packet as it is read; what is sealed is not opened yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// Bytes of a handshake.
    Piece { attempt: u16, place: u16, bytes: &'a [u8] },
    /// Bytes of a handshake came up to there.
    Taken { attempt: u16, place: u16 },
    /// A handshake, please.
    Call,
    /// Who is there; `head` is authenticated with it.
    Opening { name: [u8; 2], counter: u64, head: &'a [u8], sealed: &'a [u8] },
    /// Data; the hint is of the pair's name.
    Data { first: u8, low: u16, sealed: &'a [u8] },
}

impl<'a> Packet<'a> {
    /// Reads a packet; `None` for whatever is none.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let first = *bytes.first()?;
        if first >= DATA {
            let (head, sealed) = bytes.split_first_chunk::<3>()?;
            let [_, high, low] = *head;
            return (first < DATA + 16).then_some(Self::Data {
                first,
                low: u16::from_be_bytes([high, low]),
                sealed,
            });
        }
        if first == OPENING {
            let (named, rest) = bytes.split_first_chunk::<3>()?;
            let [_, n, m] = *named;
            let length = rest.iter().take(MAX_COUNTER).position(|byte| byte & 0x80 == 0)? + 1;
            let parts = rest.iter().take(length).rev();
            let counter: u64 = parts.fold(0, |counter, byte| counter << 7 | u64::from(byte & 0x7f));
            let (head, sealed) = bytes.split_at_checked(named.len() + length)?;
            return (counter >> 40 == 0).then_some(Self::Opening { name: [n, m], counter, head, sealed });
        }
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        if CRC.checksum(body) != u32::from_be_bytes(*sum) {
            return None;
        }
        let placed = || {
            let (head, rest) = body.split_first_chunk::<5>()?;
            let [_, a, b, c, d] = *head;
            Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]), rest))
        };
        match first {
            PIECE => {
                let (attempt, place, bytes) = placed()?;
                (1..=MAX_PIECE).contains(&bytes.len()).then_some(Self::Piece { attempt, place, bytes })
            }
            TAKEN => {
                let (attempt, place, rest) = placed()?;
                rest.is_empty().then_some(Self::Taken { attempt, place })
            }
            CALL => (body.len() == 1).then_some(Self::Call),
            _ => None,
        }
    }
}

fn summed(mut body: Vec<u8>) -> Vec<u8> {
    let sum = CRC.checksum(&body);
    body.extend(sum.to_be_bytes());
    body
}

/// Bytes of a handshake.
pub(super) fn piece(attempt: u16, place: u16, bytes: &[u8]) -> Vec<u8> {
    let mut body = vec![PIECE];
    body.extend(attempt.to_be_bytes());
    body.extend(place.to_be_bytes());
    body.extend(bytes);
    summed(body)
}

/// Bytes of a handshake came up to there.
pub(super) fn taken(attempt: u16, place: u16) -> Vec<u8> {
    let mut body = vec![TAKEN];
    body.extend(attempt.to_be_bytes());
    body.extend(place.to_be_bytes());
    summed(body)
}

/// A handshake, please.
pub(super) fn call() -> Vec<u8> {
    summed(vec![CALL])
}

/// What goes in front of a sealed opening.
pub(super) fn opening_head([n, m]: [u8; 2], mut counter: u64) -> Vec<u8> {
    let mut head = vec![OPENING, n, m];
    while counter > 0x7f {
        head.push(0x80 | (counter & 0x7f) as u8);
        counter >>= 7;
    }
    head.push(counter as u8);
    head
}

/// What goes in front of sealed data: the first byte, and the end of the counter.
pub(super) fn data_head(name: [u8; 2], counter: u64) -> [u8; 3] {
    let [high, low] = (counter as u16).to_be_bytes();
    [data_first(name), high, low]
}

/// The first byte of data under a pair.
pub(super) fn data_first([_, last]: [u8; 2]) -> u8 {
    DATA | (last & 0x0f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_a_handshake_are_read_as_written_and_not_when_changed() {
        let all = [piece(0x1234, 0x5678, b"bytes"), taken(7, 240), call()];
        assert_eq!(
            Packet::read(&all[0]),
            Some(Packet::Piece { attempt: 0x1234, place: 0x5678, bytes: b"bytes" })
        );
        assert_eq!(Packet::read(&all[1]), Some(Packet::Taken { attempt: 7, place: 240 }));
        assert_eq!(Packet::read(&all[2]), Some(Packet::Call));
        // RFC 3720 B.4 checks the sum of 32 zero bytes; here that of the one byte 03.
        assert_eq!(CRC.checksum(&[0; 32]).to_le_bytes(), [0xaa, 0x36, 0x91, 0x8a]);
        for packet in all {
            for at in 0..packet.len() {
                let mut changed = packet.clone();
                changed[at] ^= 0x10;
                assert!(!matches!(
                    Packet::read(&changed),
                    Some(Packet::Piece { .. } | Packet::Taken { .. } | Packet::Call)
                ));
                assert_eq!(Packet::read(&packet[..at]), None);
            }
        }
        for counter in [0, 127, 128, 2_048, (1 << 40) - 1] {
            let (head, sealed) = (opening_head([7, 9], counter), [1, 2, 3]);
            let packet = [&head[..], &sealed].concat();
            let read = Packet::Opening { name: [7, 9], counter, head: &head, sealed: &sealed };
            assert_eq!(Packet::read(&packet), Some(read));
        }
        for odd in [
            &[][..],
            &[0],
            &[1],
            &[4, 0, 0],
            &[4, 0, 0, 0x80],
            &[4, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
            &[0x80, 1],
            &[0x90, 0, 0, 0],
            &[5, 0, 0, 0, 0],
        ] {
            assert_eq!(Packet::read(odd), None, "{odd:?}");
        }
    }
}
