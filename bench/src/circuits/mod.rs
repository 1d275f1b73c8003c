//! Circuits: what each kind takes for a message, in time and in bytes, on a virtual line of its own.

mod cable;
pub(crate) mod courier;
pub(crate) mod serial;
