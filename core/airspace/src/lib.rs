//! Who could touch whom: exact geometry of volumes, and an index of them (spec/airspace.md).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod altitude;
pub mod area;
pub mod bounds;
pub mod cover;
mod edge;
pub mod fault;
pub mod position;
mod ring;
pub mod span;
pub mod separation;
pub mod verdict;
pub mod volume;
