//! What browsers send to the console: answers of authenticators (WebAuthn level 3), cookies.

use detente_station::fuzzing::{attests, cookie_of, enrols};

/// The answer of an authenticator is taken or refused; none enrols that was given before it was asked; the value of a cookie has no end of another one in it.
///
/// The first byte says what the rest is: the body of an answer, an attestation with the identifier of a key (whose length is the second byte), cookies.
///
/// # Panics
/// Where that does not hold.
pub fn passkey(bytes: &[u8]) {
    let Some((what, rest)) = bytes.split_first() else { return };
    match what % 3 {
        0 => assert!(!enrols(rest), "enrolled without what was asked"),
        1 => {
            let Some((length, rest)) = rest.split_first() else { return };
            let (id, attestation) = rest.split_at(usize::from(*length).min(rest.len()));
            let _ = attests(id, attestation);
        }
        _ => assert!(cookie_of(rest).is_none_or(|value| !value.contains(';'))),
    }
}
