//! The conversation: bytes of spec/line.md, memorandum.md, airspace.md and serial.md.

use detente_airspace::{verdict::verdict, wire};
use detente_line::frame::Frame;
use detente_line::{Content, Memorandum};
use detente_record::{LineId, Party};
use detente_station::circuit::{Forms, Last, Tests};

/// No frame makes the decoder panic.
pub fn frame(bytes: &[u8]) {
    let _ = Frame::decode(bytes).is_ok();
}

/// A body that was read with its kind is written as the same bytes. The kind stands in front, in two bytes, the lower first.
///
/// # Panics
/// Where it is not.
pub fn content(bytes: &[u8]) {
    let Some((kind, body)) = bytes.split_first_chunk::<2>() else { return };
    match Content::decode(u16::from_le_bytes(*kind), body) {
        Ok(Content::Unknown { .. }) | Err(_) => {}
        Ok(content) => assert_eq!(content.encode(), body),
    }
}

/// A memorandum that was read is written as the same bytes.
///
/// # Panics
/// Where it is not.
pub fn memorandum(bytes: &[u8]) {
    if let Ok(memorandum) = Memorandum::decode(bytes) {
        assert_eq!(memorandum.encode(), bytes);
    }
}

/// Volumes that were read are written as the same bytes, and the verdict on any two of them is the same either way.
///
/// # Panics
/// Where they are not, or it is not.
pub fn volumes(bytes: &[u8]) {
    let Ok(volumes) = wire::decode(bytes) else { return };
    assert_eq!(wire::encode(&volumes), bytes);
    if let [one, two, ..] = volumes.as_slice() {
        assert_eq!(verdict(one, two), verdict(two, one));
    }
}

/// Forms of a serial line, one behind the other in a lane, do not make their reader panic; what it makes of one comes back from the
/// form that its sender would have given it.
///
/// # Panics
/// Where it does not.
pub fn narrow(bytes: &[u8]) {
    let [one, other] = [0, 1].map(|number| Party::new(number).expect("a party"));
    let line = LineId([9; 32]);
    let (here, there) = (Forms::new(&line, one, other, true), Forms::new(&line, other, one, true));
    let (mut came, mut heard) = (Last::default(), Tests::default());
    let (mut said, mut sent) = (Last::default(), Tests::default());
    let (mut came_again, mut heard_again) = (Last::default(), Tests::default());
    let mut rest = bytes;
    // Each form has two bytes of length in front.
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (form, behind) = behind.split_at(length);
        rest = behind;
        let Ok(frame) = there.wide(form, &mut came, &mut heard) else { return };
        let form = here.narrow(&frame, &mut said, &mut sent);
        assert!(form.len() <= frame.len());
        assert_eq!(there.wide(&form, &mut came_again, &mut heard_again).as_ref(), Ok(&frame));
    }
}
