//! A courier file as bytes: sealed piece by piece to one key, and opened again (spec/courier.md §3 and §4).
//!
//! Nothing of a file is whole in memory. HPKE is named here and nowhere else.

use std::io::{self, Read, Write};

use detente_line::COURIER_KEY;
use detente_line::frame::MAX_FRAME;
use detente_record::{LineId, Party, Signature};
use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::CourierError;

/// What a file begins with.
pub(super) const MAGIC: &[u8; 18] = b"detente courier 1\n";
/// Bytes before the first chunk.
pub(crate) const HEADER: usize = MAGIC.len() + KEY_ID + ENCAPSULATED;
/// Bytes by which a station knows its own key.
const KEY_ID: usize = 16;
/// Bytes of an encapsulated key.
const ENCAPSULATED: usize = 1_120;
/// Bytes of a piece.
const PIECE: usize = 65_536;
/// By how much a sealed piece is longer.
const TAG: usize = 16;
/// Largest file, in bytes.
pub const MAX_FILE: u64 = 1 << 32;

/// The name of a courier key in a file's header.
pub(crate) type KeyId = [u8; KEY_ID];

/// The name of a courier key.
pub(crate) fn key_id(key: &[u8; COURIER_KEY]) -> KeyId {
    let hash = Sha256::new().chain_update(b"detente courier key id v1\n").chain_update(key).finalize();
    let hash = <[u8; 32]>::from(hash);
    hash.first_chunk().copied().unwrap_or_default()
}

/// The public half of a private one.
pub(super) fn public(seed: &[u8; 32]) -> Option<Box<[u8; COURIER_KEY]>> {
    let private = <XWing as Kem>::PrivateKey::from_bytes(seed).ok()?;
    Box::<[u8]>::from(XWing::sk_to_pk(&private).to_bytes().as_slice()).try_into().ok()
}

fn info(line: &LineId, to: Party) -> Vec<u8> {
    [b"detente courier v1\n".as_slice(), &line.0, &[to.number()]].concat()
}

/// What a station signs of a file.
pub(super) fn signed_message(hash: &[u8; 32]) -> Vec<u8> {
    [b"detente courier file v1\n".as_slice(), hash].concat()
}

/// A file being sealed.
pub(super) struct Sealing<W> {
    out: W,
    context: AeadCtxS<ChaCha20Poly1305, HkdfSha256, XWing>,
    hasher: Sha256,
    piece: Zeroizing<Vec<u8>>,
    written: u64,
}

impl<W: Write> Sealing<W> {
    /// Begins one for a party, to its key.
    ///
    /// # Errors
    /// `Io`, or `Key` for a key that is none.
    pub(super) fn begin(
        mut out: W,
        line: &LineId,
        to: Party,
        key: &[u8; COURIER_KEY],
    ) -> Result<Self, CourierError> {
        let wrong = |_| CourierError::Key;
        let public = <XWing as Kem>::PublicKey::from_bytes(key).map_err(wrong)?;
        let (encapsulated, context) = hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &public,
            &info(line, to),
        )
        .map_err(wrong)?;
        let header = [MAGIC.as_slice(), &key_id(key), &encapsulated.to_bytes()].concat();
        out.write_all(&header).map_err(|cause| CourierError::io("write", &cause))?;
        let hasher = Sha256::new().chain_update(&header);
        let piece = Zeroizing::new(Vec::with_capacity(2 * PIECE));
        Ok(Self { out, context, hasher, piece, written: header.len() as u64 })
    }

    /// Puts a frame in.
    ///
    /// # Errors
    /// `Io`, or `TooLarge`.
    pub(super) fn frame(&mut self, frame: &[u8]) -> Result<(), CourierError> {
        let length = u32::try_from(frame.len()).map_err(|_| CourierError::TooLarge)?;
        self.put(&length.to_be_bytes())?;
        self.put(frame)
    }

    /// Puts bytes in as they are.
    ///
    /// # Errors
    /// `Io`, or `TooLarge`.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), CourierError> {
        self.hasher.update(bytes);
        self.piece.extend_from_slice(bytes);
        // The last piece is never empty.
        while self.piece.len() > PIECE {
            self.seal(PIECE, 0)?;
        }
        Ok(())
    }

    fn seal(&mut self, length: usize, last: u8) -> Result<(), CourierError> {
        let piece = self.piece.get(..length).unwrap_or_default();
        let chunk = self.context.seal(piece, &[last]).map_err(|_| CourierError::TooLarge)?;
        self.written += chunk.len() as u64;
        if self.written > MAX_FILE {
            return Err(CourierError::TooLarge);
        }
        self.out.write_all(&chunk).map_err(|cause| CourierError::io("write", &cause))?;
        self.piece.drain(..length);
        Ok(())
    }

    /// How long it is by now, about.
    pub(super) fn length(&self) -> u64 {
        self.written + self.piece.len() as u64
    }

    /// Signs and ends it; says how long it is.
    ///
    /// # Errors
    /// `Io`, or `TooLarge`.
    pub(super) fn finish(mut self, sign: impl FnOnce(&[u8]) -> Signature) -> Result<u64, CourierError> {
        self.put(&0_u32.to_be_bytes())?;
        let hash = <[u8; 32]>::from(self.hasher.finalize_reset());
        let signature = sign(&signed_message(&hash));
        self.put(&signature)?;
        self.seal(self.piece.len(), 1)?;
        self.out.flush().map_err(|cause| CourierError::io("write", &cause))?;
        Ok(self.written)
    }
}

/// What a file's header says: which key it is sealed to.
pub(crate) struct Header {
    bytes: [u8; HEADER],
}

impl Header {
    /// Reads it.
    ///
    /// # Errors
    /// `NotCourier`, or `Io`.
    pub(crate) fn read(input: &mut impl Read) -> Result<Self, CourierError> {
        let mut bytes = [0; HEADER];
        let read = input.read_exact(&mut bytes);
        match read {
            Ok(()) if bytes.starts_with(MAGIC) => Ok(Self { bytes }),
            Err(cause) if cause.kind() != io::ErrorKind::UnexpectedEof => {
                Err(CourierError::io("read", &cause))
            }
            Err(_) if bytes.starts_with(MAGIC) => Err(CourierError::Altered("it ends within its header")),
            _ => Err(CourierError::NotCourier),
        }
    }

    /// The name of the key.
    pub(super) fn key_id(&self) -> &[u8] {
        self.bytes.get(MAGIC.len()..MAGIC.len() + KEY_ID).unwrap_or_default()
    }

    /// The same, as a value.
    pub(crate) fn key(&self) -> Option<KeyId> {
        self.key_id().try_into().ok()
    }

    fn encapsulated(&self) -> &[u8] {
        self.bytes.get(MAGIC.len() + KEY_ID..).unwrap_or_default()
    }
}

/// What a relay asks of who says that it has a courier key: 32 random bytes, sealed to it (spec/circuits.md §7).
pub(crate) struct Proof {
    /// What is asked.
    pub(crate) question: Vec<u8>,
    secret: Zeroizing<[u8; 32]>,
}

/// What a relay's question is sealed under.
const BOX_INFO: &[u8] = b"detente box v1\n";

impl Proof {
    /// A question for a key; `None` for what is no key, or without randomness.
    pub(crate) fn ask(key: &[u8; COURIER_KEY]) -> Option<Self> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut()).ok()?;
        let public = <XWing as Kem>::PublicKey::from_bytes(key).ok()?;
        let (encapsulated, mut context) =
            hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeS::Base, &public, BOX_INFO)
                .ok()?;
        let sealed = context.seal(secret.as_slice(), &[]).ok()?;
        Some(Self { question: [encapsulated.to_bytes().as_slice(), &sealed].concat(), secret })
    }

    /// Whether that is the answer. It is asked once, so that nothing is learnt from how long it takes to see that it is not.
    pub(crate) fn holds(&self, answer: &[u8; 32]) -> bool {
        *self.secret == *answer
    }
}

/// The answer to a relay's question; `None` for what is no such question.
pub(crate) fn answer_proof(seed: &[u8; 32], question: &[u8]) -> Option<[u8; 32]> {
    let (encapsulated, sealed) = question.split_at_checked(ENCAPSULATED)?;
    let private = <XWing as Kem>::PrivateKey::from_bytes(seed).ok()?;
    let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        BOX_INFO,
    )
    .ok()?;
    context.open(sealed, &[]).ok()?.try_into().ok()
}

/// A file being opened, frame by frame.
pub(super) struct Opening<R> {
    input: R,
    context: AeadCtxR<ChaCha20Poly1305, HkdfSha256, XWing>,
    hasher: Sha256,
    /// Bytes of chunks that are still to be read.
    left: u64,
    piece: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<R: Read> Opening<R> {
    /// Begins with what stands behind the header, so many bytes, with the private key that the header names.
    ///
    /// # Errors
    /// `Altered`.
    pub(super) fn begin(
        header: &Header,
        input: R,
        left: u64,
        seed: &[u8; 32],
        line: &LineId,
        me: Party,
    ) -> Result<Self, CourierError> {
        let altered = |_| CourierError::Altered("its header does not open");
        let private = <XWing as Kem>::PrivateKey::from_bytes(seed).map_err(altered)?;
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(header.encapsulated()).map_err(altered)?;
        let context = hpke::setup_receiver(&OpModeR::Base, &private, &encapsulated, &info(line, me));
        let context = context.map_err(altered)?;
        let hasher = Sha256::new().chain_update(header.bytes);
        Ok(Self { input, context, hasher, left, piece: Zeroizing::default(), at: 0 })
    }

    fn next_piece(&mut self) -> Result<(), CourierError> {
        let length = self.left.min((PIECE + TAG) as u64);
        if length <= TAG as u64 {
            return Err(CourierError::Altered("it ends too early"));
        }
        let mut chunk = vec![0; length as usize];
        self.input.read_exact(&mut chunk).map_err(|cause| CourierError::io("read", &cause))?;
        self.left -= length;
        let last = u8::from(self.left == 0);
        let piece = self.context.open(&chunk, &[last]);
        let piece =
            piece.map_err(|_| CourierError::Altered("a part of it does not open: it is cut or edited"))?;
        (self.piece, self.at) = (Zeroizing::new(piece), 0);
        Ok(())
    }

    fn take(&mut self, out: &mut [u8]) -> Result<(), CourierError> {
        let mut filled = 0;
        while filled < out.len() {
            if self.at == self.piece.len() {
                self.next_piece()?;
            }
            let ready = self.piece.get(self.at..).unwrap_or_default();
            let wanted = out.get_mut(filled..).unwrap_or_default();
            let count = ready.len().min(wanted.len());
            for (to, from) in wanted.iter_mut().zip(ready) {
                *to = *from;
            }
            (filled, self.at) = (filled + count, self.at + count);
        }
        Ok(())
    }

    /// The next frame, or `None` at their end.
    ///
    /// # Errors
    /// `Altered`, or `Io`.
    pub(super) fn frame(&mut self) -> Result<Option<Vec<u8>>, CourierError> {
        let mut length = [0; 4];
        self.take(&mut length)?;
        self.hasher.update(length);
        match u32::from_be_bytes(length) as usize {
            0 => Ok(None),
            length if length <= MAX_FRAME => {
                let mut frame = vec![0; length];
                self.take(&mut frame)?;
                self.hasher.update(&frame);
                Ok(Some(frame))
            }
            _ => Err(CourierError::Altered("it holds a frame that is longer than any")),
        }
    }

    /// What stands behind the frames: what was signed, and the signature.
    ///
    /// # Errors
    /// `Altered` where more stands behind it.
    pub(super) fn end(mut self) -> Result<(Vec<u8>, Signature), CourierError> {
        let mut signature = [0; 64];
        self.take(&mut signature)?;
        if self.left > 0 || self.at < self.piece.len() {
            return Err(CourierError::Altered("something stands behind its end"));
        }
        Ok((signed_message(&self.hasher.finalize().into()), signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(frames: &[Vec<u8>]) -> (Vec<u8>, [u8; 32]) {
        let seed = [7; 32];
        let mut out = Vec::new();
        let (line, to) = (LineId([1; 32]), Party::new(2).unwrap());
        let mut sealing = Sealing::begin(&mut out, &line, to, &public(&seed).unwrap()).unwrap();
        for frame in frames {
            sealing.frame(frame).unwrap();
        }
        let length = sealing.finish(|_| [9; 64]).unwrap();
        assert_eq!(length, out.len() as u64);
        (out, seed)
    }

    fn opened(file: &[u8], seed: &[u8; 32], line: u8) -> Result<Vec<Vec<u8>>, CourierError> {
        let mut input = file;
        let header = Header::read(&mut input)?;
        let left = input.len() as u64;
        let (line, me) = (LineId([line; 32]), Party::new(2).unwrap());
        let mut opening = Opening::begin(&header, input, left, seed, &line, me)?;
        let mut frames = Vec::new();
        while let Some(frame) = opening.frame()? {
            frames.push(frame);
        }
        let (_, signature) = opening.end()?;
        assert_eq!(signature, [9; 64]);
        Ok(frames)
    }

    #[test]
    fn what_is_sealed_opens_again_whatever_its_length() {
        // The last lengths end a piece exactly, one before and one behind.
        for length in [1, 60_000, PIECE - 4 - 4 - 64 - 1, PIECE - 4 - 4 - 64, PIECE - 4 - 4 - 64 + 1] {
            let frames = vec![vec![3; length]];
            let (file, seed) = sealed(&frames);
            assert_eq!(opened(&file, &seed, 1).unwrap(), frames, "{length}");
        }
        let frames: Vec<Vec<u8>> = (1..200).map(|n| vec![n as u8; n * 97]).collect();
        let (file, seed) = sealed(&frames);
        assert_eq!(opened(&file, &seed, 1).unwrap(), frames);
    }

    #[test]
    fn what_is_cut_edited_or_of_another_line_does_not_open() {
        let frames: Vec<Vec<u8>> = (1..9).map(|n| vec![n as u8; 30_000]).collect();
        let (file, seed) = sealed(&frames);
        for at in (0..file.len()).step_by(file.len() / 97) {
            let cut = opened(&file[..at], &seed, 1);
            assert!(matches!(cut, Err(CourierError::Altered(_) | CourierError::NotCourier)), "{at}: {cut:?}");
            let mut edited = file.clone();
            edited[at] ^= 1;
            if !(MAGIC.len()..MAGIC.len() + KEY_ID).contains(&at) {
                assert!(opened(&edited, &seed, 1).is_err(), "{at}");
            }
        }
        // Chunks that changed places, and one that was left out.
        let chunk = PIECE + TAG;
        let (head, chunks) = file.split_at(HEADER);
        let swapped = [head, &chunks[chunk..2 * chunk], &chunks[..chunk], &chunks[2 * chunk..]].concat();
        assert!(matches!(opened(&swapped, &seed, 1), Err(CourierError::Altered(_))));
        let without = [head, &chunks[chunk..]].concat();
        assert!(matches!(opened(&without, &seed, 1), Err(CourierError::Altered(_))));
        let short = [head, &chunks[..chunk]].concat();
        assert!(matches!(opened(&short, &seed, 1), Err(CourierError::Altered(_))));
        assert!(matches!(opened(&file, &seed, 2), Err(CourierError::Altered(_))));
        assert!(matches!(opened(&file, &[8; 32], 1), Err(CourierError::Altered(_))));
    }

    fn vectors(name: &str) -> serde_json::Value {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/courier").join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Bytes of a vector: hexadecimal, in groups, some of which say how often they come.
    fn bytes(of: &serde_json::Value) -> Vec<u8> {
        let groups = of.as_str().unwrap().split_whitespace().map(|group| {
            let (digits, times) = group.split_once('*').unwrap_or((group, "1"));
            let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            let part: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            part.repeat(times.parse().unwrap())
        });
        groups.collect::<Vec<_>>().concat()
    }

    #[test]
    fn keys_of_the_vectors() {
        let file = vectors("keys.json");
        let line = LineId(bytes(&file["line"]).try_into().unwrap());
        for case in file["keys"].as_array().unwrap() {
            let seed: [u8; 32] = bytes(&case["seed"]).try_into().unwrap();
            let key = public(&seed).unwrap();
            assert_eq!(key.as_slice(), bytes(&case["key"]));
            assert_eq!(key_id(&key).as_slice(), bytes(&case["id"]));
            let station = detente_record::PublicKey::new(bytes(&case["station_key"]).try_into().unwrap());
            let read = super::super::read_key(case["file"].as_str().unwrap().as_bytes()).unwrap().unwrap();
            read.verify(&line, &station.unwrap()).unwrap();
            assert_eq!(super::super::key_file(&read), case["file"].as_str().unwrap());
            let mut other = read.clone();
            other.number += 1;
            let station = detente_record::PublicKey::new(bytes(&case["station_key"]).try_into().unwrap());
            assert!(other.verify(&line, &station.unwrap()).is_err());
        }
    }

    #[test]
    fn files_of_the_vectors() {
        let file = vectors("files.json");
        let line = LineId(bytes(&file["line"]).try_into().unwrap());
        let seed: [u8; 32] = bytes(&file["seed"]).try_into().unwrap();
        let station =
            detente_record::PublicKey::new(bytes(&file["station_key"]).try_into().unwrap()).unwrap();
        for case in file["files"].as_array().unwrap() {
            let (whole, name) = (bytes(&case["bytes"]), &case["name"]);
            let mut input = whole.as_slice();
            let header = Header::read(&mut input).unwrap();
            let (left, me) = (input.len() as u64, Party::new(3).unwrap());
            let mut opening = Opening::begin(&header, input, left, &seed, &line, me).unwrap();
            let waybill = detente_line::Waybill::decode(&opening.frame().unwrap().unwrap()).unwrap();
            let said = [u64::from(waybill.from.number()), waybill.rank.into(), waybill.time_ms, waybill.part];
            assert_eq!(said, ["from", "rank", "time_ms", "part"].map(|field| case[field].as_u64().unwrap()));
            assert_eq!((waybill.line, waybill.to), (line, me));
            for hash in case["frames"].as_array().unwrap() {
                let frame = opening.frame().unwrap().unwrap();
                assert_eq!(Sha256::digest(frame).as_slice(), bytes(hash), "{name}");
            }
            assert!(opening.frame().unwrap().is_none(), "{name}");
            let (message, signature) = opening.end().unwrap();
            assert!(station.verify(&message, &signature), "{name}");
        }
    }
}
