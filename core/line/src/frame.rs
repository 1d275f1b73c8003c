//! Frames: what travels on a circuit (spec/line.md §6).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use detente_record::{
    Blob, Book, CHUNK, Checkpoint, Class, Cut, Fault, Hash, LAST_RANK, LineId, LineSecret, MAX_BLOB,
    MAX_CHUNK_PROOF, MAX_SIZE, Party, Receipt, Renewal, STEP_ENTRIES, Signature, SignedCheckpoint, canonical,
};
use minicbor::{Decoder, Encoder};

use crate::contract::Fork;
use crate::courier::CourierKey;

/// Largest frame, in bytes.
pub const MAX_FRAME: usize = 131_072;
/// The version of the protocol.
pub const VERSION: u8 = 1;
/// Most books that a hello or have may name.
const MAX_BOOKS: u64 = 8_192;
/// Most heads that a hello may bring: one of each class.
const MAX_HEADS: u64 = Class::ALL.len() as u64;
/// Most chunks that are asked for at a time.
const MAX_WANTED_CHUNKS: u64 = 16;
/// Most hashes of a consistency proof.
const MAX_PROOF: u64 = 128;
/// Most renewals of a party: one of each rank, and one that contradicts.
const MAX_RENEWALS: u64 = LAST_RANK as u64 + 1;

/// Who is at the other end, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Its protocol version.
    pub version: u8,
    /// The line it means.
    pub line: LineId,
    /// The memorandum it works by.
    pub memorandum: Hash,
    /// Whose station it is.
    pub party: Party,
    /// The sizes it holds.
    pub sizes: Cut,
    /// The sizes up to which it holds receipts, by book and signer.
    pub receipts: BTreeMap<Book, BTreeMap<Party, u64>>,
    /// The root and the reader's own signature at the size held, of the latest generation of each of its books.
    pub heads: BTreeMap<Book, (Hash, Signature)>,
}

impl Hello {
    /// As much as a frame holds: the latest books, and of the receipts those of the latest ones. What is left out
    /// only comes once more.
    pub(crate) fn fitting(mut self) -> Self {
        while self.sizes.len() as u64 > MAX_BOOKS {
            self.sizes.pop_first();
        }
        let receipts = core::mem::take(&mut self.receipts);
        let mut room = MAX_FRAME.saturating_sub(hello(&self).len() + width(MAX_BOOKS));
        for (book, signers) in receipts.into_iter().rev().take(MAX_BOOKS as usize) {
            let of = |(party, size): (&Party, &u64)| width(party.number().into()) + width(*size);
            let taken = width(book.code().into()) + width(255) + signers.iter().map(of).sum::<usize>();
            let Some(rest) = room.checked_sub(taken) else { break };
            room = rest;
            self.receipts.insert(book, signers);
        }
        self
    }
}

/// How many bytes a number takes.
fn width(number: u64) -> usize {
    match number {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// A frame, its entries still where they came in.
#[derive(Debug)]
pub enum Frame<'a> {
    /// Opens the conversation.
    Hello(Hello),
    /// More of a book.
    Step {
        /// Which book.
        book: Book,
        /// Number of the first entry.
        first: u64,
        /// The entries' bytes.
        entries: Vec<&'a [u8]>,
        /// The author's, over the checkpoint at the last one.
        signature: Signature,
    },
    /// An acknowledgement of storing.
    Receipt(Receipt),
    /// What the sender holds; go on from there.
    Have(Cut),
    /// Are you there?
    Ping(u64),
    /// I am.
    Pong(u64),
    /// A party's line secret.
    Secret {
        /// Whose.
        party: Party,
        /// Which; 0 is the memorandum's.
        epoch: u64,
        /// The secret.
        secret: LineSecret,
    },
    /// A whole checkpoint.
    Head(SignedCheckpoint),
    /// Two checkpoints that cannot both be true.
    Fork(Box<Fork>),
    /// Chunks of a blob, please.
    Want {
        /// Of which.
        blob: Blob,
        /// From which chunk on, counted from 0.
        first: u64,
        /// How many.
        count: u64,
    },
    /// A chunk of a blob.
    Part {
        /// Of which.
        blob: Blob,
        /// Which chunk, counted from 0.
        chunk: u64,
        /// Its proof, the sibling of its leaf first.
        proof: Vec<Hash>,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// The sender has not got this blob.
    Lack(Blob),
    /// Entries of the sender's own, whose signature follows later.
    Ahead {
        /// Which book.
        book: Book,
        /// Number of the first entry.
        first: u64,
        /// The entries' bytes.
        entries: Vec<&'a [u8]>,
    },
    /// A party's renewals, ascending by rank.
    Renewals(Vec<Renewal>),
    /// The courier keys that the sender knows, by rank and number.
    CourierKeys(BTreeMap<Party, (u8, u64)>),
    /// A courier key.
    CourierKey(Box<CourierKey>),
    /// Why the sender closes.
    Refusal {
        /// spec/line.md §8.
        code: u16,
        /// In words.
        text: String,
    },
}

fn malformed(error: impl ToString) -> Fault {
    Fault::malformed("frame", "a frame of spec/line.md §6", error.to_string())
}

fn fixed<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], Fault> {
    let bytes = decoder.bytes().map_err(malformed)?;
    bytes.try_into().map_err(|_| {
        Fault::malformed("frame", alloc::format!("{N} bytes"), alloc::format!("{}", bytes.len()))
    })
}

fn book(decoder: &mut Decoder<'_>) -> Result<Book, Fault> {
    Book::from_code(decoder.u32().map_err(malformed)?)
}

fn party(decoder: &mut Decoder<'_>) -> Result<Party, Fault> {
    Party::new(decoder.u8().map_err(malformed)?)
}

fn rank(decoder: &mut Decoder<'_>) -> Result<u8, Fault> {
    match decoder.u8().map_err(malformed)? {
        rank if rank <= LAST_RANK => Ok(rank),
        rank => Err(Fault::malformed("frame", "a rank of 0 to 31", rank.to_string())),
    }
}

fn number(decoder: &mut Decoder<'_>) -> Result<u64, Fault> {
    decoder.u64().map_err(malformed)
}

fn signed(decoder: &mut Decoder<'_>, book: Book) -> Result<SignedCheckpoint, Fault> {
    let (size, root) = (size(decoder)?, fixed(decoder)?);
    Ok(SignedCheckpoint { checkpoint: Checkpoint { book, size, root }, signature: fixed(decoder)? })
}

fn blob(decoder: &mut Decoder<'_>) -> Result<Blob, Fault> {
    let (hash, size) = (fixed(decoder)?, number(decoder)?);
    if size > MAX_BLOB {
        return Err(Fault::malformed("frame", "a blob of at most 4 GiB", size.to_string()));
    }
    Ok(Blob { hash, size, root: fixed(decoder)? })
}

/// A root and a signature; the size is said elsewhere.
fn bare_head(decoder: &mut Decoder<'_>) -> Result<(Hash, Signature), Fault> {
    match decoder.array().map_err(malformed)? {
        Some(2) => Ok((fixed(decoder)?, fixed(decoder)?)),
        found => Err(Fault::malformed("frame", "a root and a signature", elements(found))),
    }
}

fn size(decoder: &mut Decoder<'_>) -> Result<u64, Fault> {
    match number(decoder)? {
        size if size <= MAX_SIZE => Ok(size),
        size => Err(Fault::malformed("frame", "a size or number below 2^40", size.to_string())),
    }
}

fn bounded(length: Option<u64>, most: u64) -> Result<u64, Fault> {
    match length {
        Some(length) if length <= most => Ok(length),
        found => Err(Fault::malformed("frame", alloc::format!("at most {most} elements"), elements(found))),
    }
}

fn elements(length: Option<u64>) -> String {
    length.map_or_else(|| "no stated length".into(), |length| length.to_string())
}

/// A book, the number of a first entry, and entries from there on.
fn entries<'a>(decoder: &mut Decoder<'a>) -> Result<(Book, u64, Vec<&'a [u8]>), Fault> {
    let (book, first) = (book(decoder)?, size(decoder)?);
    let length = bounded(decoder.array().map_err(malformed)?, STEP_ENTRIES)?;
    if first == 0 || length == 0 {
        return Err(malformed("a step without entries, or from number 0"));
    }
    let entries = (0..length).map(|_| decoder.bytes().map_err(malformed)).collect::<Result<_, _>>()?;
    Ok((book, first, entries))
}

fn cut(decoder: &mut Decoder<'_>) -> Result<Cut, Fault> {
    let length = bounded(decoder.map().map_err(malformed)?, MAX_BOOKS)?;
    (0..length).map(|_| Ok((book(decoder)?, size(decoder)?))).collect()
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// `Malformed` for anything that is not the canonical encoding of a frame.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_FRAME {
            return Err(Fault::malformed("frame", "at most 131,072 bytes", bytes.len().to_string()));
        }
        canonical(bytes)?;
        let mut decoder = Decoder::new(bytes);
        let length = decoder.array().map_err(malformed)?;
        let tag = decoder.u8().map_err(malformed)?;
        let wanted = match tag {
            0 => 8,
            1 => 5,
            2 => 6,
            3..=5 => 2,
            6 => 4,
            7 => 5,
            8 => 3,
            9 => 10,
            10 => 6,
            11 => 7,
            12 => 4,
            13 | 14 => 2,
            15 => 6,
            16 => 4,
            _ => return Err(Fault::incompatible("frame", "a type from 0 to 16", tag.to_string())),
        };
        if length != Some(wanted) {
            return Err(Fault::malformed("frame", alloc::format!("{wanted} elements"), elements(length)));
        }
        let decoder = &mut decoder;
        Ok(match tag {
            0 => Self::Hello(Self::hello(decoder)?),
            1 => {
                let (book, first, entries) = entries(decoder)?;
                Self::Step { book, first, entries, signature: fixed(decoder)? }
            }
            2 => Self::Receipt(Receipt {
                book: book(decoder)?,
                party: party(decoder)?,
                size: size(decoder)?,
                seconds: number(decoder)?,
                signature: fixed(decoder)?,
            }),
            3 => match cut(decoder)? {
                sizes if sizes.is_empty() => return Err(malformed("a have of no book")),
                sizes => Self::Have(sizes),
            },
            4 => Self::Ping(number(decoder)?),
            5 => Self::Pong(number(decoder)?),
            6 => Self::Secret {
                party: party(decoder)?,
                epoch: number(decoder)?,
                secret: LineSecret::from_bytes(fixed(decoder)?),
            },
            7 => {
                let book = book(decoder)?;
                Self::Head(signed(decoder, book)?)
            }
            9 => {
                let book = book(decoder)?;
                let (head, with) = (signed(decoder, book)?, signed(decoder, book)?);
                let root = fixed(decoder)?;
                let length = bounded(decoder.array().map_err(malformed)?, MAX_PROOF)?;
                let proof = (0..length).map(|_| fixed(decoder)).collect::<Result<_, _>>()?;
                Self::Fork(Box::new(Fork { head, with, root, proof }))
            }
            10 => {
                let (blob, first, count) = (blob(decoder)?, number(decoder)?, number(decoder)?);
                if !(1..=MAX_WANTED_CHUNKS).contains(&count) {
                    return Err(Fault::malformed("frame", "1 to 16 chunks", count.to_string()));
                }
                Self::Want { blob, first, count }
            }
            11 => {
                let (blob, chunk) = (blob(decoder)?, number(decoder)?);
                let length = bounded(decoder.array().map_err(malformed)?, MAX_CHUNK_PROOF as u64)?;
                let proof = (0..length).map(|_| fixed(decoder)).collect::<Result<_, _>>()?;
                let bytes = decoder.bytes().map_err(malformed)?;
                if !(1..=CHUNK).contains(&(bytes.len() as u64)) {
                    let found = alloc::format!("{} bytes", bytes.len());
                    return Err(Fault::malformed("frame", "a chunk of 1 to 65,536 bytes", found));
                }
                Self::Part { blob, chunk, proof, bytes }
            }
            12 => Self::Lack(blob(decoder)?),
            16 => {
                let (book, first, entries) = entries(decoder)?;
                Self::Ahead { book, first, entries }
            }
            13 => Self::Renewals(Self::renewals(decoder)?),
            14 => {
                let length = bounded(decoder.map().map_err(malformed)?, 255)?;
                let known = (0..length).map(|_| {
                    let of = party(decoder)?;
                    match decoder.array().map_err(malformed)? {
                        Some(2) => Ok((of, (rank(decoder)?, number(decoder)?))),
                        found => Err(Fault::malformed("frame", "a rank and a number", elements(found))),
                    }
                });
                Self::CourierKeys(known.collect::<Result<_, _>>()?)
            }
            15 => Self::CourierKey(Box::new(CourierKey {
                party: party(decoder)?,
                rank: rank(decoder)?,
                number: number(decoder)?,
                key: Box::new(fixed(decoder)?),
                signature: fixed(decoder)?,
            })),
            _ => {
                let code = decoder.u16().map_err(malformed)?;
                let text = decoder.str().map_err(malformed)?;
                Self::Refusal { code, text: text.chars().take(400).collect() }
            }
        })
    }

    fn renewals(decoder: &mut Decoder<'a>) -> Result<Vec<Renewal>, Fault> {
        let length = bounded(decoder.array().map_err(malformed)?, MAX_RENEWALS)?;
        let mut renewals: Vec<Renewal> = Vec::new();
        for _ in 0..length {
            let from = decoder.position();
            decoder.skip().map_err(malformed)?;
            let bytes = decoder.input().get(from..decoder.position()).unwrap_or_default();
            renewals.push(Renewal::decode(bytes)?);
        }
        let of = |renewal: &Renewal| (renewal.occasion.line, renewal.occasion.party);
        match renewals.first().map(of) {
            Some(first) if renewals.iter().all(|renewal| of(renewal) == first) => Ok(renewals),
            _ => Err(malformed("renewals of none, or of several")),
        }
    }

    fn hello(decoder: &mut Decoder<'_>) -> Result<Hello, Fault> {
        let version = decoder.u8().map_err(malformed)?;
        let line = LineId(fixed(decoder)?);
        let memorandum = fixed(decoder)?;
        let party_ = party(decoder)?;
        let sizes = cut(decoder)?;
        let mut receipts = BTreeMap::new();
        for _ in 0..bounded(decoder.map().map_err(malformed)?, MAX_BOOKS)? {
            let of = book(decoder)?;
            let mut signers = BTreeMap::new();
            for _ in 0..bounded(decoder.map().map_err(malformed)?, 255)? {
                signers.insert(party(decoder)?, size(decoder)?);
            }
            receipts.insert(of, signers);
        }
        let length = bounded(decoder.map().map_err(malformed)?, MAX_HEADS)?;
        let heads =
            (0..length).map(|_| Ok((book(decoder)?, bare_head(decoder)?))).collect::<Result<_, _>>()?;
        Ok(Hello { version, line, memorandum, party: party_, sizes, receipts, heads })
    }
}

/// The class of the book that a step is of, read from its first bytes alone; `None` for any other frame.
pub fn step_class(bytes: &[u8]) -> Option<Class> {
    let mut decoder = Decoder::new(bytes);
    decoder.array().ok()?;
    (decoder.u8().ok()? == 1).then(|| book(&mut decoder).ok()).flatten().map(|book| book.class)
}

/// Writing to a `Vec` cannot fail; this puts that in one place.
fn written(
    write: impl FnOnce(
        &mut Encoder<&mut Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<core::convert::Infallible>>,
) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = write(&mut Encoder::new(&mut out));
    out
}

/// A hello.
pub fn hello(hello: &Hello) -> Vec<u8> {
    written(|e| {
        e.array(8)?.u8(0)?.u8(hello.version)?.bytes(&hello.line.0)?.bytes(&hello.memorandum)?;
        e.u8(hello.party.number())?.map(hello.sizes.len() as u64)?;
        for (book, size) in &hello.sizes {
            e.u32(book.code())?.u64(*size)?;
        }
        e.map(hello.receipts.len() as u64)?;
        for (book, signers) in &hello.receipts {
            e.u32(book.code())?.map(signers.len() as u64)?;
            for (party, size) in signers {
                e.u8(party.number())?.u64(*size)?;
            }
        }
        e.map(hello.heads.len() as u64)?;
        for (book, (root, signature)) in &hello.heads {
            e.u32(book.code())?.array(2)?.bytes(root)?.bytes(signature)?;
        }
        Ok(())
    })
}

/// A step; `entries` are those from number `first` to the signed size.
pub fn step<B: AsRef<[u8]>>(book: Book, first: u64, entries: &[B], signature: &Signature) -> Vec<u8> {
    written(|e| {
        e.array(5)?.u8(1)?.u32(book.code())?.u64(first)?.array(entries.len() as u64)?;
        for entry in entries {
            e.bytes(entry.as_ref())?;
        }
        e.bytes(signature)?;
        Ok(())
    })
}

/// Entries of the sender's own from number `first` on, ahead of their signature.
pub fn ahead<B: AsRef<[u8]>>(book: Book, first: u64, entries: &[B]) -> Vec<u8> {
    written(|e| {
        e.array(4)?.u8(16)?.u32(book.code())?.u64(first)?.array(entries.len() as u64)?;
        for entry in entries {
            e.bytes(entry.as_ref())?;
        }
        Ok(())
    })
}

/// Most entries, and bytes of them, that go ahead of the step that signs them.
pub const MAX_AHEAD_OF_STEP: (u64, usize) = (8, 4_096);

/// The entries of a step, ahead of it; `None` where they are too many, or it is no step.
pub fn ahead_of(step: &[u8]) -> Option<Vec<u8>> {
    let Ok(Frame::Step { book, first, entries, .. }) = Frame::decode(step) else { return None };
    let (most, most_bytes) = MAX_AHEAD_OF_STEP;
    let fits =
        entries.len() as u64 <= most && entries.iter().map(|bytes| bytes.len()).sum::<usize>() <= most_bytes;
    fits.then(|| ahead(book, first, &entries))
}

/// A receipt.
pub fn receipt(receipt: &Receipt) -> Vec<u8> {
    written(|e| {
        e.array(6)?.u8(2)?.u32(receipt.book.code())?.u8(receipt.party.number())?;
        e.u64(receipt.size)?.u64(receipt.seconds)?.bytes(&receipt.signature)?;
        Ok(())
    })
}

/// What this station holds.
pub fn have(sizes: &Cut) -> Vec<u8> {
    written(|e| {
        e.array(2)?.u8(3)?.map(sizes.len() as u64)?;
        for (book, size) in sizes {
            e.u32(book.code())?.u64(*size)?;
        }
        Ok(())
    })
}

/// A party's renewals, ascending by rank.
pub fn renewals(renewals: &[Renewal]) -> Vec<u8> {
    written(|e| {
        e.array(2)?.u8(13)?.array(renewals.len() as u64)?;
        for renewal in renewals {
            e.writer_mut().extend_from_slice(&renewal.encode());
        }
        Ok(())
    })
}

/// A ping.
pub fn ping(nonce: u64) -> Vec<u8> {
    written(|e| e.array(2)?.u8(4)?.u64(nonce).map(|_| ()))
}

/// A pong.
pub fn pong(nonce: u64) -> Vec<u8> {
    written(|e| e.array(2)?.u8(5)?.u64(nonce).map(|_| ()))
}

/// A party's line secret.
pub fn secret(party: Party, epoch: u64, secret: &LineSecret) -> Vec<u8> {
    written(|e| e.array(4)?.u8(6)?.u8(party.number())?.u64(epoch)?.bytes(secret.expose()).map(|_| ()))
}

/// A whole checkpoint.
pub fn head(head: &SignedCheckpoint) -> Vec<u8> {
    written(|e| {
        e.array(5)?.u8(7)?.u32(head.checkpoint.book.code())?.u64(head.checkpoint.size)?;
        e.bytes(&head.checkpoint.root)?.bytes(&head.signature)?;
        Ok(())
    })
}

/// Two checkpoints that cannot both be true.
pub fn fork(fork: &Fork) -> Vec<u8> {
    written(|e| {
        e.array(10)?.u8(9)?.u32(fork.head.checkpoint.book.code())?;
        for one in [&fork.head, &fork.with] {
            e.u64(one.checkpoint.size)?.bytes(&one.checkpoint.root)?.bytes(&one.signature)?;
        }
        e.bytes(&fork.root)?.array(fork.proof.len() as u64)?;
        for hash in &fork.proof {
            e.bytes(hash)?;
        }
        Ok(())
    })
}

/// Chunks of a blob, please: `count` of them, from `first` on.
pub fn want(blob: &Blob, first: u64, count: u64) -> Vec<u8> {
    written(|e| {
        e.array(6)?.u8(10)?.bytes(&blob.hash)?.u64(blob.size)?.bytes(&blob.root)?.u64(first)?.u64(count)?;
        Ok(())
    })
}

/// A chunk of a blob.
pub fn part(blob: &Blob, chunk: u64, proof: &[Hash], bytes: &[u8]) -> Vec<u8> {
    written(|e| {
        e.array(7)?.u8(11)?.bytes(&blob.hash)?.u64(blob.size)?.bytes(&blob.root)?.u64(chunk)?;
        e.array(proof.len() as u64)?;
        for hash in proof {
            e.bytes(hash)?;
        }
        e.bytes(bytes)?;
        Ok(())
    })
}

/// This station has not got a blob.
pub fn lack(blob: &Blob) -> Vec<u8> {
    written(|e| e.array(4)?.u8(12)?.bytes(&blob.hash)?.u64(blob.size)?.bytes(&blob.root).map(|_| ()))
}

/// The courier keys that are known here, by rank and number.
pub fn courier_keys(known: &BTreeMap<Party, (u8, u64)>) -> Vec<u8> {
    written(|e| {
        e.array(2)?.u8(14)?.map(known.len() as u64)?;
        for (party, (rank, number)) in known {
            e.u8(party.number())?.array(2)?.u8(*rank)?.u64(*number)?;
        }
        Ok(())
    })
}

/// A courier key.
pub fn courier_key(key: &CourierKey) -> Vec<u8> {
    written(|e| {
        e.array(6)?.u8(15)?.u8(key.party.number())?.u8(key.rank)?.u64(key.number)?;
        e.bytes(key.key.as_slice())?.bytes(&key.signature)?;
        Ok(())
    })
}

/// Why this station closes the circuit.
pub fn refusal(code: u16, text: &str) -> Vec<u8> {
    written(|e| e.array(3)?.u8(8)?.u16(code)?.str(text).map(|_| ()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use super::*;

    #[test]
    fn a_hello_says_as_much_as_a_frame_holds() {
        let parties = |count| (0..count).map(|number| Party::new(number).unwrap());
        let said = |members: u8, generations: u16| {
            let party = Party::new(0).unwrap();
            let books = (0..generations).flat_map(|generation| {
                let of = move |party| Class::ALL.map(|class| Book { generation, party, class });
                parties(members).flat_map(of)
            });
            let receipts = parties(members).map(|party| (party, 1 << 30)).collect::<BTreeMap<_, _>>();
            let (sizes, receipts) = books.map(|book| ((book, 1 << 30), (book, receipts.clone()))).unzip();
            let heads = Class::ALL.map(|class| (Book { generation: 0, party, class }, ([7; 32], [7; 64])));
            let (line, memorandum) = (LineId([7; 32]), [7; 32]);
            Hello { version: VERSION, line, memorandum, party, sizes, receipts, heads: heads.into() }
        };
        let small = said(5, 3);
        assert_eq!(small.clone().fitting(), small);
        for (members, generations, books) in [(254, 1, 1_270), (5, 256, 6_400), (254, 8, 8_192)] {
            let large = said(members, generations);
            let last = *large.sizes.last_key_value().unwrap().0;
            let fitting = large.fitting();
            let bytes = hello(&fitting);
            assert!(bytes.len() > MAX_FRAME - 2_048, "{} bytes", bytes.len());
            assert!(matches!(Frame::decode(&bytes), Ok(Frame::Hello(read)) if read == fitting));
            assert_eq!(fitting.sizes.len(), books);
            assert_eq!(fitting.heads.len(), 5);
            assert!(fitting.sizes.contains_key(&last) && fitting.receipts.contains_key(&last));
        }
    }
}
