//! The airspace: who could touch whom (spec/airspace.md).
//!
//! This crate promises that the verdict on two volumes is exact, the same on every machine and whichever comes
//! first: integers decide, nothing is rounded. It refuses, with the place, every shape that has no clear inside. It has no
//! clock, file, socket, thread or randomness, and knows neither parties nor keys.
//!
//! From a place to a verdict: [`position`], [`area`] and its box in [`bounds`], [`altitude`], [`span`] make a
//! [`volume`]; [`separation`] is the room that it asks for, [`cover`] how a circle or a corridor becomes an area;
//! [`verdict`] judges two of them, [`register`] finds all that one could touch among a million, [`wire`] brings them
//! over, [`fault`] says what was refused.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod altitude;
pub mod area;
mod block;
pub mod bounds;
pub mod coarse;
mod corners;
pub mod cover;
mod edge;
pub mod fault;
mod grid;
mod paged;
pub mod position;
pub mod register;
mod ring;
pub mod separation;
pub mod span;
pub mod verdict;
pub mod volume;
pub mod wire;
