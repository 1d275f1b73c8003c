//! Inputs that are kept of a target: one a line, in base64, the shortest first, in `fuzz/corpus/TARGET`.
//!
//! `sed -n 7p fuzz/corpus/entry | base64 -d` gives one of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads them.
///
/// # Errors
/// The number of the first line that is none, from 1.
pub fn read(text: &str) -> Result<Vec<Vec<u8>>, usize> {
    (1..).zip(text.lines()).map(|(number, line)| STANDARD.decode(line).map_err(|_| number)).collect()
}
