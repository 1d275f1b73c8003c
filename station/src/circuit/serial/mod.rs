//! Serial circuits: a line without IP, at 75 to 115,200 bit/s (spec/serial.md).
//!
//! **Promises.** Frames come whole, in order within their lane, once, and only from the station that holds the keys; what is
//! urgent overtakes what is not, within a packet. After anything that a line may do the next packet is found.
//!
//! **Refuses.** Whatever does not check, without a word: a line is noisy, and a stranger at it learns nothing.
//!
//! **Leaves to others.** The device ([`Tty`]), the clock, TLS: [`End`] is told of all of them.

mod arrivals;
mod cobs;
mod end;
mod flight;
mod lanes;
mod narrow;
mod packet;
mod packing;
mod pairs;
mod pieces;
mod tty;
mod turn;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub(crate) use end::{End, Told, byte_us};
pub use end::{Heard, hear};
pub use narrow::{Forms, Last, Misformed, Tests};
pub use packing::DICTIONARY;
pub(in crate::circuit) use pairs::LABEL;
pub(crate) use pairs::{Exported, Pairs};
pub(crate) use tty::Tty;
