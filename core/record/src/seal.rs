//! Seals: a party's second signature of checkpoints of its own books, which outlives Ed25519 (spec/record.md §12).
//!
//! A [`Seal`] is a cosignature of c2sp.org/tlog-cosignature in its ML-DSA-44 type, over the checkpoint that the party's
//! book key has signed as well. It promises that what it verifies is over exactly this line, party, book, size, root and time;
//! [`Held`] says which of the two signatures hold. It refuses to take one for the other.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use ml_dsa::{EncodedVerifyingKey, MlDsa44, Seed, Signature, SigningKey, VerifyingKey};
use zeroize::Zeroize as _;

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::fault::Fault;
use crate::hash::{Hash, base64, from_base64, hex, sha256_of};
use crate::key::PublicKey;
use crate::name::{LineId, seal_name};
use crate::note::{Note, SEAL, id_of, line_of};
use crate::receipt::MAX_SECONDS;

/// Bytes of a seal key (FIPS 204, table 2).
pub const SEAL_KEY: usize = 1_312;
/// Bytes of a seal's signature (FIPS 204, table 2).
pub const SEAL_SIGNATURE: usize = 2_420;
/// Most bytes of a seal key as text.
const MAX_VKEY: usize = 2_048;

/// An ML-DSA-44 signature.
pub type SealSignature = [u8; SEAL_SIGNATURE];

/// A key that verifies seals. Every 1,312 bytes are one.
#[derive(Clone)]
pub struct SealKey {
    bytes: Box<[u8; SEAL_KEY]>,
    expanded: VerifyingKey<MlDsa44>,
}

impl SealKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// `Malformed` for another length than 1,312 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, Fault> {
        let wrong = || Fault::malformed("seal key", "1,312 bytes", bytes.len().to_string());
        let encoded = EncodedVerifyingKey::<MlDsa44>::try_from(bytes).map_err(|_| wrong())?;
        let bytes = Box::<[u8; SEAL_KEY]>::try_from(Vec::from(bytes)).map_err(|_| wrong())?;
        Ok(Self { bytes, expanded: VerifyingKey::decode(&encoded) })
    }

    /// Its encoding.
    pub fn bytes(&self) -> &[u8; SEAL_KEY] {
        &self.bytes
    }

    /// What the memorandum holds of it.
    pub fn commitment(&self) -> Hash {
        commitment(self.bytes())
    }

    /// Whether a signature of a message is this key's (FIPS 204 §5.3, with an empty context).
    pub fn verify(&self, message: &[u8], signature: &SealSignature) -> bool {
        Signature::<MlDsa44>::try_from(signature.as_slice())
            .is_ok_and(|signature| self.expanded.verify_with_context(message, &[], &signature))
    }

    /// It as text, under a name (c2sp.org/signed-note).
    pub fn vkey(&self, name: &str) -> String {
        let key = base64(&[[SEAL].as_slice(), self.bytes()].concat());
        format!("{name}+{}+{key}", hex(&self.id(name)))
    }

    /// Reads the text that [`SealKey::vkey`] writes.
    ///
    /// # Errors
    /// `Malformed` for any other text, one of another name among them.
    pub fn from_vkey(text: &str, name: &str) -> Result<Self, Fault> {
        let wrong =
            |found: &'static str| Fault::malformed("seal key", "name+key id+base64, of type 6", found);
        if text.len() > MAX_VKEY {
            return Err(wrong("over 2,048 bytes"));
        }
        let key = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('+')?.split_once('+'));
        let Some((_, key)) = key else { return Err(wrong("another name, or fewer than three parts")) };
        let bytes = from_base64("seal key", key)?;
        let Some((&SEAL, bytes)) = bytes.split_first() else { return Err(wrong("another type")) };
        let key = Self::new(bytes)?;
        if key.vkey(name) == text { Ok(key) } else { Err(wrong("a key id that is not this key's")) }
    }

    /// Its id under a name, as signature lines have it.
    pub fn id(&self, name: &str) -> [u8; 4] {
        id_of(name, SEAL, self.bytes())
    }
}

/// What the memorandum holds of the seal key of these bytes.
pub fn commitment(key: &[u8; SEAL_KEY]) -> Hash {
    sha256_of(&[b"detente seal key v1\n", key])
}

impl PartialEq for SealKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for SealKey {}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, _) = self.bytes.split_at(4);
        write!(f, "SealKey({}…)", hex(start))
    }
}

/// A key that seals. It is wiped from memory when it is dropped, and does not show itself.
#[derive(Clone)]
pub struct SealSecret(Box<SigningKey<MlDsa44>>);

impl SealSecret {
    /// The key of a seed (FIPS 204 §5.1), which must have been drawn at random.
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let mut drawn = Seed::from(seed);
        seed.zeroize();
        let key = Self(Box::new(SigningKey::from_seed(&drawn)));
        drawn.zeroize();
        key
    }

    /// The key that verifies what this one seals.
    pub fn public(&self) -> SealKey {
        let expanded = self.0.as_ref().as_ref().clone();
        let mut bytes = Box::new([0; SEAL_KEY]);
        bytes.copy_from_slice(&expanded.encode());
        SealKey { bytes, expanded }
    }

    /// Signs a message, deterministically (FIPS 204 §3.4), with an empty context.
    ///
    /// # Errors
    /// `Misuse` where the standard's rejection sampling comes to no end, which nobody will see.
    pub fn sign(&self, message: &[u8]) -> Result<Box<SealSignature>, Fault> {
        let none = || Fault::misuse("seal", "a signature", "none in as many attempts as the standard allows");
        let signature = self.0.expanded_key().sign_deterministic(message, &[]).map_err(|_| none())?;
        Box::try_from(signature.encode().to_vec()).map_err(|_| none())
    }
}

impl fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealSecret(of {:?})", self.public())
    }
}

/// Which signatures over a checkpoint hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Held {
    /// The author's book key's.
    pub ed25519: bool,
    /// The author's seal key's.
    pub ml_dsa: bool,
}

impl Held {
    /// Whether both do.
    pub fn both(self) -> bool {
        self.ed25519 && self.ml_dsa
    }
}

/// An author's seal over a checkpoint of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The author's own clock, seconds since 1970.
    pub seconds: u64,
    /// By the author's seal key.
    pub signature: Box<SealSignature>,
}

impl Seal {
    /// Seals a checkpoint.
    ///
    /// # Errors
    /// Those of [`SealSecret::sign`].
    pub fn sign(
        checkpoint: &Checkpoint,
        seconds: u64,
        line: &LineId,
        key: &SealSecret,
    ) -> Result<Self, Fault> {
        Ok(Self { seconds, signature: key.sign(&message(checkpoint, seconds, line))? })
    }

    /// Holds it to a checkpoint and to the seal key of the checkpoint's author.
    ///
    /// # Errors
    /// `Malformed` for seconds over 2^63 − 1; `Misbehaved` for a signature that is not that key's over this.
    pub fn verify(&self, checkpoint: &Checkpoint, line: &LineId, key: &SealKey) -> Result<(), Fault> {
        if self.seconds > MAX_SECONDS {
            return Err(Fault::malformed("seal", "seconds to 2^63 - 1", self.seconds.to_string()));
        }
        if key.verify(&message(checkpoint, self.seconds, line), &self.signature) {
            Ok(())
        } else {
            let found = format!("another, at size {}", checkpoint.size);
            Err(Fault::misbehaved("seal", "a signature by the seal key", found))
        }
    }

    /// Which of the two signatures over a checkpoint hold: its author's by the book key, and this seal.
    pub fn held(
        &self,
        signed: &SignedCheckpoint,
        line: &LineId,
        book_key: &PublicKey,
        seal_key: &SealKey,
    ) -> Held {
        Held {
            ed25519: signed.verify(line, book_key).is_ok(),
            ml_dsa: self.verify(&signed.checkpoint, line, seal_key).is_ok(),
        }
    }

    /// It as a signature line below the note of its checkpoint.
    pub fn note_line(&self, checkpoint: &Checkpoint, line: &LineId, key: &SealKey) -> String {
        let name = seal_name(line, checkpoint.book.party);
        let timed = [self.seconds.to_be_bytes().as_slice(), self.signature.as_slice()].concat();
        line_of(&name, key.id(&name), &timed)
    }

    /// Reads and verifies the author's seal below the note of a checkpoint; `None` when there is none.
    ///
    /// # Errors
    /// `Malformed` for a signature line of another form; those of [`Seal::verify`].
    pub fn from_note(
        note: &Note<'_>,
        checkpoint: &Checkpoint,
        line: &LineId,
        key: &SealKey,
    ) -> Result<Option<Self>, Fault> {
        let name = seal_name(line, checkpoint.book.party);
        let Some(bytes) = note.signature_of(&name, key.id(&name)) else { return Ok(None) };
        let parts = bytes.split_first_chunk().map(|(seconds, signature)| (*seconds, Vec::from(signature)));
        let Some((seconds, Ok(signature))) =
            parts.map(|(seconds, signature)| (seconds, Box::<SealSignature>::try_from(signature)))
        else {
            return Err(Fault::malformed("seal", "2,428 bytes", bytes.len().to_string()));
        };
        let seal = Self { seconds: u64::from_be_bytes(seconds), signature };
        seal.verify(checkpoint, line, key)?;
        Ok(Some(seal))
    }
}

/// The bytes that a seal signs: the `cosigned_message` of c2sp.org/tlog-cosignature over a whole tree.
pub fn message(checkpoint: &Checkpoint, seconds: u64, line: &LineId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(160);
    bytes.extend_from_slice(b"subtree/v1\n\0");
    let named = |bytes: &mut Vec<u8>, name: &str| {
        // Names and origins have 40 characters.
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name.as_bytes());
    };
    named(&mut bytes, &seal_name(line, checkpoint.book.party));
    bytes.extend_from_slice(&seconds.to_be_bytes());
    named(&mut bytes, &checkpoint.book.origin(line));
    bytes.extend_from_slice(&0u64.to_be_bytes());
    bytes.extend_from_slice(&checkpoint.size.to_be_bytes());
    bytes.extend_from_slice(&checkpoint.root);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;
    use crate::name::{Book, Class, Party};

    const LINE: LineId = LineId([7; 32]);

    fn checkpoint() -> Checkpoint {
        let book = Book { generation: 0, party: Party::new(3).unwrap(), class: Class::Z };
        Checkpoint { book, size: 12, root: [9; 32] }
    }

    fn secret() -> SealSecret {
        SealSecret::from_seed([5; 32])
    }

    fn sealed() -> Seal {
        Seal::sign(&checkpoint(), 1_500_000_000, &LINE, &secret()).unwrap()
    }

    #[test]
    fn holds_for_one_checkpoint_time_line_and_key() {
        let (seal, key) = (sealed(), secret().public());
        assert_eq!(seal.verify(&checkpoint(), &LINE, &key), Ok(()));
        assert!(seal.verify(&checkpoint(), &LineId([8; 32]), &key).is_err());
        assert!(seal.verify(&checkpoint(), &LINE, &SealSecret::from_seed([6; 32]).public()).is_err());
        let book = |class, party| Book { class, party: Party::new(party).unwrap(), ..checkpoint().book };
        for other in [
            Checkpoint { size: 13, ..checkpoint() },
            Checkpoint { root: [8; 32], ..checkpoint() },
            Checkpoint { book: book(Class::O, 3), ..checkpoint() },
            Checkpoint { book: book(Class::Z, 4), ..checkpoint() },
        ] {
            assert!(seal.verify(&other, &LINE, &key).is_err(), "{other:?}");
        }
        let later = Seal { seconds: seal.seconds + 1, ..seal.clone() };
        assert!(later.verify(&checkpoint(), &LINE, &key).is_err());
        for place in [0, 31, 32, 1_000, 2_336, 2_419] {
            let mut other = seal.clone();
            other.signature[place] ^= 1;
            assert!(other.verify(&checkpoint(), &LINE, &key).is_err(), "byte {place}");
        }
    }

    #[test]
    fn times_end_with_63_bits() {
        for (seconds, holds) in [(MAX_SECONDS, true), (MAX_SECONDS + 1, false)] {
            let seal = Seal::sign(&checkpoint(), seconds, &LINE, &secret()).unwrap();
            assert_eq!(seal.verify(&checkpoint(), &LINE, &secret().public()).is_ok(), holds);
        }
    }

    #[test]
    fn says_which_of_the_two_signatures_hold() {
        let (book_key, key) = (SecretKey::from_seed([1; 32]), secret().public());
        let signed = checkpoint().sign(&LINE, &book_key);
        let held = sealed().held(&signed, &LINE, &book_key.public(), &key);
        assert!(held.both());
        let other = SecretKey::from_seed([2; 32]).public();
        let held = sealed().held(&signed, &LINE, &other, &key);
        assert_eq!(held, Held { ed25519: false, ml_dsa: true });
        let later = Seal { seconds: 1, ..sealed() };
        let held = later.held(&signed, &LINE, &book_key.public(), &key);
        assert_eq!(held, Held { ed25519: true, ml_dsa: false });
    }

    #[test]
    fn reads_from_the_note_that_it_was_added_to() {
        let author = SecretKey::from_seed([1; 32]);
        let key = secret().public();
        let line = sealed().note_line(&checkpoint(), &LINE, &key);
        let note = checkpoint().sign(&LINE, &author).note(&LINE, &author.public()) + &line;
        let read = |note: &str, key: &SealKey| {
            Seal::from_note(&Note::parse(note.as_bytes())?, &checkpoint(), &LINE, key)
        };
        assert_eq!(read(&note, &key), Ok(Some(sealed())));
        assert_eq!(read(&note, &SealSecret::from_seed([6; 32]).public()), Ok(None));
        let name = seal_name(&LINE, checkpoint().book.party);
        let longer = note.replacen(&line, &line_of(&name, key.id(&name), &[0; 2_429]), 1);
        assert!(matches!(read(&longer, &key), Err(Fault::Malformed(_))));
    }

    #[test]
    fn a_key_reads_as_it_was_written_and_not_otherwise() {
        let key = secret().public();
        let text = key.vkey("detente/a");
        assert_eq!(SealKey::from_vkey(&text, "detente/a"), Ok(key.clone()));
        assert_eq!(SealKey::new(key.bytes()), Ok(key));
        for other in
            [text.replace("/a", "/b"), text.replacen('+', "-", 1), text.clone() + "=", "detente/a+".into()]
        {
            assert!(SealKey::from_vkey(&other, "detente/a").is_err(), "{other}");
        }
        assert!(SealKey::from_vkey(&text, "detente/b").is_err());
        assert!(SealKey::new(&[0; 1_311]).is_err() && SealKey::new(&[]).is_err());
    }

    #[test]
    fn secret_keys_do_not_show_themselves() {
        let public = hex(&secret().public().bytes()[..4]);
        assert_eq!(format!("{:?}", secret()), format!("SealSecret(of SealKey({public}…))"));
    }
}
