//! The pages of whoever is not signed in: signing in, and the first enrolment of a passkey.

use askama::Template;

use crate::page::Frame;

/// The page on which an officer signs in.
#[derive(Debug, Template)]
#[template(path = "sign-in.html")]
pub struct SigningIn {
    /// Around it.
    pub frame: Frame,
}

/// The page behind a one-time link, on which an officer's passkey is made.
#[derive(Debug, Template)]
#[template(path = "enrol.html")]
pub struct Enrolling {
    /// Around it.
    pub frame: Frame,
}
