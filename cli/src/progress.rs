//! How far a long file has come: one line on a terminal, written over and wiped at the end; nothing where nobody looks.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::attachment::length;
use crate::output::Output;

/// How often it is said anew; what is done sooner says nothing.
const EVERY: Duration = Duration::from_millis(250);

/// How far one file is.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    /// Bytes, where they are known before.
    total: Option<u64>,
    done: u64,
    said: Instant,
    /// Whether something stands on the line that is to be wiped.
    stands: bool,
    seen: bool,
}

impl Progress {
    /// Of a file, called so.
    pub(crate) fn of(what: &str, total: Option<u64>, out: &Output) -> Self {
        let seen = !out.is_json() && io::stderr().is_terminal();
        Self { what: what.into(), total, done: 0, said: Instant::now(), stands: false, seen }
    }

    /// So many bytes more.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if self.seen && self.said.elapsed() >= EVERY {
            (self.said, self.stands) = (Instant::now(), true);
            let said = match self.total.filter(|total| *total > 0) {
                Some(total) => {
                    let percent = u128::from(self.done) * 100 / u128::from(total);
                    format!("{} of {}, {percent} %", length(self.done), length(total))
                }
                None => length(self.done),
            };
            // Where standard error is closed, nobody is told.
            let _ = write!(io::stderr().lock(), "\r\u{1b}[2K{}: {said}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.stands {
            let _ = write!(io::stderr().lock(), "\r\u{1b}[2K");
        }
    }
}
