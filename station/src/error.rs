//! What can be wrong before a station runs, each with what to do about it.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use detente_record::Fault;

use crate::airspace::PlansError;
use crate::circuit::CircuitError;
use crate::store::StoreError;
use crate::witness::KeptError;

/// Why a station cannot be set up or started.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file or folder that the system does not give.
    #[error("cannot {what} {path}: {cause}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        cause: String,
        /// What to do.
        hint: &'static str,
    },
    /// A file that would be overwritten.
    #[error("{path}: expected no such file, found one")]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// A file that is too large to be what it should be.
    #[error("{path}: expected at most {limit} bytes, found more")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Most bytes.
        limit: u64,
    },
    /// A file that is not what it should be; the text names line and column.
    #[error("{path}: {text}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, and where.
        text: String,
        /// What to do.
        hint: Cow<'static, str>,
    },
    /// A memorandum or card that breaks a rule.
    #[error("{path}: {place}{fault}")]
    Rule {
        /// Which.
        path: PathBuf,
        /// Where in it: line and column, the key; or nothing.
        place: String,
        /// The rule.
        fault: Fault,
    },
    /// A second memorandum for a line that has one.
    #[error("{path}: expected no memorandum in force for this line, found another one")]
    InForce {
        /// The one in force.
        path: PathBuf,
    },
    /// Keys that others could read.
    #[error("{path} can be read by others (mode {mode:o}); keys must be their owner's alone")]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A name, key or record that breaks a rule.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The circuits.
    #[error("{0}")]
    Circuit(#[from] CircuitError),
    /// The own plans.
    #[error("{0}")]
    Plans(#[from] PlansError),
    /// The cosignatures of witnesses.
    #[error("{0}")]
    Witnessed(#[from] KeptError),
    /// A memorandum that is not in force.
    #[error("the memorandum {path} is not signed by {missing}")]
    Unsigned {
        /// Which.
        path: PathBuf,
        /// By whom not.
        missing: String,
    },
    /// Nothing to run.
    #[error("{home} has no line with keys and a memorandum")]
    NoLine {
        /// The station's folder.
        home: PathBuf,
    },
}

impl SetupError {
    /// What the system does not give.
    pub fn io(what: &'static str, path: &Path, cause: &io::Error) -> Self {
        let hint = match cause.kind() {
            io::ErrorKind::NotFound => "check the path; `detente init` makes a station's folder",
            io::ErrorKind::PermissionDenied => {
                "check who owns it: a station reads and writes only what is its owner's"
            }
            io::ErrorKind::StorageFull => "make room on that disk",
            io::ErrorKind::ReadOnlyFilesystem => {
                "that disk is read-only: mount it for writing, or choose another --home"
            }
            io::ErrorKind::AddrInUse => {
                "another station or program uses it: stop that, or choose another address"
            }
            io::ErrorKind::IsADirectory => "name a file",
            io::ErrorKind::InvalidData => "this is not the text file that was meant",
            _ => "the system refuses: check the path, its disk and its owner",
        };
        Self::Io { what, path: path.to_owned(), cause: cause.to_string(), hint }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Io { hint, .. } => (*hint).into(),
            Self::File { hint, .. } => hint.clone().into_owned(),
            Self::Exists { .. } => {
                "nothing is overwritten: go on with the one that is there, or choose another --home".into()
            }
            Self::InForce { .. } => {
                "other terms are another line: give it a name of its own, or refound it in another --home".into()
            }
            Self::TooLarge { .. } => "this is not the file that was meant".into(),
            Self::Rule { fault: Fault::WeakKey(_), .. } => {
                "this key secures nothing: take no such card, and ask its party for the one that `detente init` made"
                    .into()
            }
            Self::Rule { .. } => "correct what is named; spec/memorandum.md lists every field".into(),
            Self::Exposed { path, .. } => format!("chmod 600 {}", path.display()),
            Self::Fault(_) => "correct what is named, then try again".into(),
            Self::Store(error) => error.hint().into(),
            Self::Circuit(error) => error.hint().into(),
            Self::Plans(error) => error.hint().into(),
            Self::Witnessed(error) => error.hint().into(),
            Self::Unsigned { .. } => {
                "each party runs `detente memorandum sign FILE`; gather all signatures in one file".into()
            }
            Self::NoLine { .. } => {
                "`detente init`, then `detente memorandum adopt FILE`: see docs/getting-started.md".into()
            }
        }
    }
}
