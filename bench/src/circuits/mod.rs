//! Circuits: what each kind takes for a message, in time and in bytes, on a virtual line of its own.

pub(crate) mod black_hole;
mod cable;
pub(crate) mod courier;
pub(crate) mod relay;
pub(crate) mod serial;
