//! What a record proves to others: witnesses.

pub(crate) mod witness;
