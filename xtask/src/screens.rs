//! `cargo xtask screens`: the pictures of the console that the README shows, as its browser tests take them.

use std::fs;

use crate::shell::{cargo, root, run, target};

/// Those that are shown, of all that the tests take.
const SHOWN: [&str; 5] = ["flash-en", "flash-ar", "compose-en", "template", "record-thread"];

/// Runs the browser tests and keeps the pictures in `docs/screens`.
///
/// # Errors
/// If a test fails, or takes no such picture.
pub(crate) fn take() -> Result<(), String> {
    run(&mut cargo(&["test", "--locked", "--workspace", "--test", "console"]))?;
    let (from, to) = (target().join("browser/screens"), root().join("docs/screens"));
    fs::create_dir_all(&to).map_err(|cause| format!("{}: {cause}", to.display()))?;
    for name in SHOWN {
        let file = format!("{name}.png");
        fs::copy(from.join(&file), to.join(&file)).map_err(|cause| format!("{file}: {cause}"))?;
    }
    Ok(())
}
