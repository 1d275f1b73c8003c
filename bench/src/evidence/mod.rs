//! What a record proves to others, and what parties decide together: dossiers, witnesses, motions.

pub(crate) mod council;
pub(crate) mod dossier;
pub(crate) mod witness;
