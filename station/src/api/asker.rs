//! Who asks through the API: the owner of the station's folder, or an officer who is signed in at the console.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;

use super::Refused;
use crate::officers::{Officer, Right};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Asker {
    /// Whoever may open the station's socket.
    Owner,
    /// An officer at the console.
    Officer(Arc<Desk>),
}

/// An officer, and what the call turned out to be about.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) officer: Arc<Officer>,
    about: Mutex<String>,
}

impl Desk {
    pub(crate) fn of(officer: Arc<Officer>) -> Self {
        Self { officer, about: Mutex::default() }
    }

    /// What the call was about, for the audit.
    pub(crate) fn about(&self) -> String {
        self.about.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Asker {
    /// Whether they have a right.
    ///
    /// # Errors
    /// `NotYourRole` where they do not.
    pub(crate) fn may(&self, right: Right) -> Result<(), Refused> {
        match self {
            Self::Officer(desk) if !desk.officer.role.has(right) => Err(Refused::new(
                StatusCode::FORBIDDEN,
                "NotYourRole",
                "role",
                &format!("one that may {right}"),
                desk.officer.role.name(),
                "ask somebody whose role it is; the administrator of this station gives roles",
            )),
            _ => Ok(()),
        }
    }

    /// The office that what they write is released by, unless they say another.
    pub(crate) fn office(&self) -> Option<&str> {
        match self {
            Self::Owner => None,
            Self::Officer(desk) => desk.officer.office.as_deref(),
        }
    }

    /// Notes what the call was about.
    pub(crate) fn note(&self, about: &str) {
        if let Self::Officer(desk) = self {
            about.clone_into(&mut desk.about.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}
