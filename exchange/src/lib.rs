//! Files of other people's programs, in and out (spec/exchange.md).
//!
//! Bytes in, items and faults out: this crate promises that a file is read as a whole or not at all, that every bad
//! row is told with its place, and that memory stays bounded whatever the bytes say. It refuses what can be read in two
//! ways. It has no file, socket or clock, and panics on no input.
//!
//! [`reading`] begins with bytes and [`writing`] ends with them; [`item`] is what lies between; [`position`] and [`time`]
//! read what people type; [`fault`] says what was refused, where and why.

#![forbid(unsafe_code)]

mod angle;
mod archive;
mod attribute;
mod cell;
mod delimited;
pub mod echo;
pub mod fault;
pub mod format;
mod geojson;
pub mod grid;
pub mod item;
mod json;
mod kml;
mod length;
mod markup;
mod names;
mod operational_intent;
mod outline;
mod parts;
pub mod position;
pub mod reading;
mod said;
mod script;
mod table;
pub mod time;
mod workbook;
pub mod writing;
