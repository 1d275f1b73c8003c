//! Neutral witnesses (spec/witness.md), from both ends: a station submits its books' checkpoints to those that the
//! memorandum names, and `detente witness serve` is one.
//!
//! **A station** trusts nothing that a witness says but cosignatures that its key in the memorandum verifies; a witness
//! that lies, stalls or answers with garbage is told of once, with what was expected and found, and asked again later.
//! Each witness of each line has a lane of its own (`lane`), which reads from the store and never asks the line's
//! task for anything: no send ever waits for it.
//!
//! **A witness** ([`server`], [`memory`]) is a program of its own. It answers only after what it cosigns is durable, and
//! never cosigns two histories of one log; what shows that a log has two, it keeps.

pub mod folder;
mod http;
mod kept;
mod lane;
pub mod memory;
pub mod server;
mod trouble;

pub use kept::{Kept, KeptCosignature, KeptError, VerifyError};
pub(crate) use lane::Witnessing;
pub use lane::{Standing, Witnesses};
pub use server::serve;
pub use trouble::Trouble;
