//! What is kept of a target: a file in which each line is an input in base64, the shortest first.
//!
//! Thousands of small files are a burden to whoever reads or moves the tree; a file that holds bytes as they are shows nothing of what has changed.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::files;

/// Most bytes of such a file.
const MAX: usize = 72 * 1_024;

/// Makes a file of each input, in a folder that holds nothing else.
///
/// # Errors
/// If it cannot, or if a line is none.
pub(super) fn unpack(kept: &Path, folder: &Path) -> Result<(), String> {
    let failed = |cause: std::io::Error| format!("make {}: {cause}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)?;
    if !kept.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(kept).map_err(|cause| format!("read {}: {cause}", kept.display()))?;
    for (number, line) in (1..).zip(text.lines()) {
        let bytes = STANDARD.decode(line).map_err(|cause| format!("{}:{number}: {cause}", kept.display()))?;
        fs::write(folder.join(format!("{number:05}")), bytes).map_err(failed)?;
    }
    Ok(())
}

/// Makes one file of all inputs of a folder, of the shortest ones as many as are to be kept.
///
/// # Errors
/// If it cannot.
pub(super) fn pack(folder: &Path, kept: &Path) -> Result<(), String> {
    let mut inputs = Vec::new();
    for path in files(folder)? {
        inputs.push(fs::read(&path).map_err(|cause| format!("read {}: {cause}", path.display()))?);
    }
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    inputs.dedup();
    let mut text = String::new();
    for input in inputs {
        let line = STANDARD.encode(input);
        if text.len() + line.len() + 1 > MAX {
            break;
        }
        text += &line;
        text.push('\n');
    }
    fs::write(kept, text).map_err(|cause| format!("write {}: {cause}", kept.display()))
}
