//! The record: what is written on a line, and what it proves (spec/record.md).
//!
//! This crate promises that whatever it decodes is canonical and within its limits, that whatever it verifies
//! is verified strictly, and that no input makes it panic. It has no clock, file, socket, thread or randomness,
//! and knows nothing of what entries mean: a reader of this crate alone can check any record of any line.
//!
//! From bytes to proof: [`cbor`] says which bytes are canonical, [`entry`] what is written, [`name`] where it
//! stands, [`book`] what ties it to the entries before it; [`blind`] and [`tree`] make it a leaf of a Merkle
//! tree, [`checkpoint`] and [`receipt`] are signed over the tree under keys of [`key`], [`step`] checks a book on
//! its way, [`proof`], [`tile`], [`note`] and [`tlog_proof`] are what others take away; [`seal`] is what outlives Ed25519, [`witness`]
//! is the word of neutral others; [`renewal`] brings a party other keys; [`dossier`] says what a handful of entries proves without the rest, and [`fork`] which
//! trees cannot both be true.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod blind;
pub mod blob;
pub mod book;
pub mod cbor;
pub mod checkpoint;
pub mod dossier;
pub mod entry;
pub mod fault;
pub mod fork;
pub mod hash;
pub mod key;
pub mod name;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod renewal;
pub mod seal;
pub mod step;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod vkey;
pub mod witness;

pub use blind::{Blinds, BookSecret, LineSecret};
pub use blob::{Blob, BlobHasher, BlobTree, CHUNK, MAX_BLOB, MAX_CHUNK_PROOF, chunk_hash};
pub use cbor::canonical;
pub use checkpoint::{Checkpoint, SignedCheckpoint, conflict, conflict_across};
pub use entry::{Entry, EntryView, MAX_CUT, MAX_ENTRY, MAX_REGARDS, vector_hash};
pub use fault::{Blame, Detail, Fault};
pub use hash::{Hash, base64, hex, sha256};
pub use key::{PublicKey, SecretKey, Signature, fingerprint, possession_message};
pub use name::{Book, Class, Cut, EntryRef, LineId, MAX_SIZE, ParsedRef, Party, receipt_name, seal_name};
pub use note::Note;
pub use proof::{Node, tied_root, verify_consistency, verify_inclusion};
pub use receipt::Receipt;
pub use renewal::{LAST_RANK, MAX_RENEWAL, RankKeys, Ranks, Renewal, Root};
pub use seal::{Held, Seal, SealKey, SealSecret, SealSignature};
pub use step::{STEP_BYTES, STEP_ENTRIES, verify_step};
pub use tlog_proof::TlogProof;
pub use tree::{Frontier, empty_root, leaf_hash, leaf_hashes, node_hash};
pub use vkey::VerifierKey;
pub use witness::Cosignature;
