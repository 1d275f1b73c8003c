//! Signed notes (c2sp.org/signed-note), the text in which checkpoints and receipts leave the line.

use crate::hash::sha256_of;

/// The signature type of a plain Ed25519 signature.
pub const ED25519: u8 = 0x01;
/// The signature type of a cosignature with a time.
pub const COSIGNATURE: u8 = 0x04;

/// The four bytes by which a signature line names its key.
pub fn key_id(name: &str, signature_type: u8, key: &[u8; 32]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256_of(&[name.as_bytes(), b"\n", &[signature_type], key]);
    [a, b, c, d]
}
