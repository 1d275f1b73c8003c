//! The station: the one place with I/O.
//!
//! A [`Keeper`](keeper::Keeper) a line performs what the pure core asks for; around it stand the
//! [`store`], the [`circuit`]s that [`links`](self) dial and accept, the [`clock`], the [`hooks`], and the
//! [`api`] on a Unix socket. It decides nothing about a line: every decision is the core's.
#![forbid(unsafe_code)]

pub mod airspace;
pub mod api;
pub mod blobs;
pub mod circuit;
pub mod circuits;
pub mod clock;
mod comparison;
pub mod config;
mod console;
pub mod courier;
mod crowd;
pub mod doctor;
mod dossier;
pub mod duration;
pub mod error;
pub mod feed;
pub mod form;
#[doc(hidden)]
pub mod fuzzing;
pub mod home;
pub mod hooks;
pub mod import;
pub mod keeper;
pub mod keys;
pub mod keyset;
pub mod length;
mod links;
mod mailbox;
pub mod observer_keys;
pub mod officers;
pub mod paper;
pub mod relay;
pub mod renewals;
mod station;
pub mod store;
mod verify;
pub mod webhook;
mod wire;
pub mod withheld;
pub mod witness;
pub mod words;

pub use console::own_key_pin;
pub use error::SetupError;
pub use home::Home;
pub use station::run;
