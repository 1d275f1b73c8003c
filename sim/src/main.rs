//! The command `sim`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sim::main()
}
