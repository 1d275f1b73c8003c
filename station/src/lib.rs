//! Skeleton.

pub mod circuit;
