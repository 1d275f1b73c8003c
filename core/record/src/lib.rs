//! What is written on a line, and what it proves.
//!
//! This crate stands alone so that an investigator needs to trust, and read, only it. It promises that what it
//! accepts is what `spec/record.md` says; it refuses, with a typed [`Fault`], everything else. It knows no
//! clock, file, socket or randomness, and no kinds of entry.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod blind;
mod cbor;
mod checkpoint;
mod entry;
mod fault;
mod key;
mod name;
mod receipt;
mod tree;

pub use blind::{BookSecret, LineSecret};
pub use cbor::canonical;
pub use checkpoint::{Checkpoint, SignedCheckpoint, base64, note_line, vector_hash, verify_step};
pub use entry::{Entry, MAX_CUT, MAX_ENTRY, MAX_REGARDS, STEP_BYTES, STEP_ENTRIES};
pub use fault::{Blame, Fault};
pub use key::{PublicKey, SecretKey, Signature, fingerprint, possession_message};
pub use name::{Book, Class, Cut, EntryRef, LineId, MAX_GENERATION, MAX_NUMBER, ParsedRef, Party, receipt_name};
pub use receipt::Receipt;
pub use tree::{Frontier, Hash, empty_root, leaf_hash, node_hash, sha256};
