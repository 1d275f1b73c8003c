//! What is sealed, from whoever has the keys: a serial line (spec/serial.md §2 to §6), courier files (spec/courier.md §2 to §4).

use detente_station::fuzzing::{Heard, hear, key_again, opened, sealed};

/// An end of a serial line hears noise, packets of a handshake, and whatever a peer that has the keys seals: it says nothing but packets, hands on no
/// frame that is longer than any, and believes in no circuit before something came under the keys.
///
/// # Panics
/// Where it does.
pub fn serial(bytes: &[u8]) {
    let Heard { sealed, believed, wrong } = hear(bytes).expect("keys");
    assert_eq!(wrong, None);
    assert!(sealed || !believed, "a circuit without keys");
}

/// A courier file is opened as it was sealed, whatever its content, and not at all where one bit is another. A file that is nobody's, and that of a courier
/// key, is read or refused.
///
/// The first byte says what the rest is: a content, one whose file is then changed at the bit that the next four bytes say, a file, that of a key.
///
/// # Panics
/// Where one is opened that was changed, or holds what was not put in.
pub fn courier(bytes: &[u8]) {
    let Some((what, rest)) = bytes.split_first() else { return };
    match what % 4 {
        0 => {
            let file = sealed(rest, None).expect("randomness");
            if let Ok(frames) = opened(&file) {
                let mut content = Vec::new();
                for frame in frames {
                    content.extend(u32::try_from(frame.len()).expect("a length").to_be_bytes());
                    content.extend(frame);
                }
                assert_eq!(content, rest);
            }
        }
        1 => {
            let Some((bit, content)) = rest.split_first_chunk::<4>() else { return };
            let file = sealed(content, Some(u32::from_be_bytes(*bit))).expect("randomness");
            // The name of the key is not sealed: it is by it that a station finds the key.
            let named = (18..34).contains(&((u32::from_be_bytes(*bit) / 8) as usize % file.len()));
            assert!(named || opened(&file).is_err(), "a file that was changed is opened");
        }
        2 => drop(opened(rest)),
        _ => {
            if let Some((key, again)) = key_again(rest) {
                assert_eq!(key, again);
            }
        }
    }
}
