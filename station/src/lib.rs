//! Skeleton.

pub mod circuit;
pub mod store;
