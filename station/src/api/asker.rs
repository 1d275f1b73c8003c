//! Who asks through the API: the owner of the station's folder, an officer who is signed in at the console, or a program with a token.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;

use super::Refused;
use crate::clock;
use crate::officers::{Officer, Officers, OfficersError, Right, Token};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Asker {
    /// Whoever may open the station's socket.
    Owner,
    /// An officer at the console.
    Officer(Arc<Officer>, About),
    /// A program with a token.
    Token(Arc<Token>, About),
}

/// What a call turned out to be about, for the audit; clones are the same call's.
#[derive(Debug, Clone, Default)]
pub(crate) struct About(Arc<Mutex<String>>);

impl About {
    /// It in words.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Asker {
    /// An officer who is signed in.
    pub(crate) fn officer(officer: Arc<Officer>) -> Self {
        Self::Officer(officer, About::default())
    }

    /// A program whose token is good.
    pub(crate) fn token(token: Token) -> Self {
        Self::Token(Arc::new(token), About::default())
    }

    /// The name by which somebody drafts, releases and is written down; the owner of the folder has none.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Owner => None,
            Self::Officer(officer, _) => Some(officer.name.clone()),
            Self::Token(token, _) => Some(token.marked()),
        }
    }

    fn has(&self, right: Right) -> bool {
        match self {
            Self::Owner => true,
            Self::Officer(officer, _) => officer.role.has(right),
            Self::Token(token, _) => token.scope.contains(&right),
        }
    }

    /// Whether they have a right.
    ///
    /// # Errors
    /// `NotYourRole` where an officer has not, `NotYourScope` where a token has not.
    pub(crate) fn may(&self, right: Right) -> Result<(), Refused> {
        self.may_any(&[right])
    }

    /// Whether they have one of several rights, of which the call itself finds out which one it takes.
    ///
    /// # Errors
    /// As [`Self::may`].
    pub(crate) fn may_any(&self, rights: &[Right]) -> Result<(), Refused> {
        if rights.iter().any(|right| self.has(*right)) {
            return Ok(());
        }
        let wanted = rights.iter().map(Right::to_string).collect::<Vec<_>>().join(" or ");
        let expected = format!("one that may {wanted}");
        let (error, what, found, hint) = match self {
            Self::Token(token, _) => (
                "NotYourScope",
                "scope",
                token.scope_names().join(", "),
                "the administrator of this station gives tokens with a scope; none of them administers",
            ),
            Self::Officer(officer, _) => (
                "NotYourRole",
                "role",
                officer.role.name().to_owned(),
                "ask somebody whose role it is; the administrator of this station gives roles",
            ),
            Self::Owner => return Ok(()),
        };
        Err(Refused::new(StatusCode::FORBIDDEN, error, what, &expected, found, hint))
    }

    /// Whether they may see a line.
    pub(crate) fn sees(&self, line: &str) -> bool {
        match self {
            Self::Owner => true,
            Self::Officer(officer, _) => officer.sees(line),
            Self::Token(token, _) => token.sees(line),
        }
    }

    /// Whether they are let in still: who follows a stream is held to it as long as it lasts.
    pub(crate) fn is_let_in(&self, officers: &Officers) -> Result<bool, OfficersError> {
        match self {
            Self::Owner => Ok(true),
            Self::Officer(officer, _) => officers.is_one(officer),
            Self::Token(token, _) => {
                let found = officers.token_named(&token.name)?;
                Ok(found.is_some_and(|token| token.is_good(clock::system_ms())))
            }
        }
    }

    /// Holds what only people do to people.
    ///
    /// # Errors
    /// `NotAnOfficer` for a token.
    pub(crate) fn is_a_person(&self) -> Result<(), Refused> {
        let Self::Token(token, _) = self else { return Ok(()) };
        let (expected, hint) = (
            "an officer, or the owner of the station's folder",
            "have an officer do it at the console; a program only ever drafts what two release",
        );
        let found = token.to_string();
        Err(Refused::new(StatusCode::FORBIDDEN, "NotAnOfficer", "officer", expected, found, hint))
    }

    /// The office that what they write is released by, unless they say another.
    pub(crate) fn office(&self) -> Option<&str> {
        match self {
            Self::Owner => None,
            Self::Officer(officer, _) => officer.office.as_deref(),
            Self::Token(token, _) => token.office.as_deref(),
        }
    }

    /// What the call turned out to be about.
    pub(crate) fn about(&self) -> String {
        match self {
            Self::Owner => String::new(),
            Self::Officer(_, about) | Self::Token(_, about) => about.text(),
        }
    }

    /// Notes what the call was about.
    pub(crate) fn note(&self, text: &str) {
        if let Self::Officer(_, about) | Self::Token(_, about) = self {
            text.clone_into(&mut about.0.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}
