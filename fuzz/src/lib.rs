//! What several targets share: files of other programs held to what is written of them, and a station that answers.

mod answering;

pub use answering::answers;

use detente_exchange::format::Format;
use detente_exchange::reading::{Options, read};
use detente_exchange::writing::write;

/// Whatever bytes come as a file of a name: the answer is items or faults, and items can be written and read again.
///
/// # Panics
/// Where that does not hold, which is a finding.
pub fn hold_file(bytes: &[u8], name: &str) {
    let Ok(reading) = read(bytes, name, &Options::default()) else { return };
    for format in Format::ALL {
        if let Ok(written) = write(&reading.items, format) {
            let again = read(&written.bytes, &format!("a.{}", format.extension()), &Options::default());
            let again = again.expect("what was written is read");
            assert_eq!(again.items.len(), reading.items.len());
        }
    }
}
