//! Signing in, and the first enrolment, with passkeys (WebAuthn level 3).
//!
//! Ceremonies under way are in memory: one that a start of the station interrupts is begun again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Extension, Form, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Uuid,
};

use super::gate::{COOKIE_NAME, cookie, is_word};
use super::{Console, Remote};
use crate::api::Refused;
use crate::api::request::Body;
use crate::clock;
use crate::crowd::{Crowd, origin};
use crate::officers::{Officer, Session};

/// Most ceremonies under way, and how long one may take, ms.
const MAX_CEREMONIES: usize = 1_024;
const CEREMONY_MS: u64 = 300_000;
/// How many attempts an address has, and how often it gets another one, ms.
const ATTEMPTS: f64 = 20.0;
const ATTEMPT_MS: f64 = 2_000.0;
/// Most addresses that are remembered.
const MAX_ADDRESSES: usize = 10_000;

/// A ceremony that was begun.
pub(super) enum Ceremony {
    Enrolling { invitation: String, officer: Officer, state: PasskeyRegistration },
    SigningIn { officer: Officer, state: PasskeyAuthentication },
}

/// The ceremonies under way, by an unguessable name. Where there are too many, the oldest is over of the address that began the most.
pub(super) struct Ceremonies<T = Ceremony>(Mutex<Underway<T>>);

struct Underway<T> {
    all: HashMap<String, (u64, T)>,
    order: Crowd<String>,
}

impl<T> Default for Ceremonies<T> {
    fn default() -> Self {
        Self(Mutex::new(Underway { all: HashMap::new(), order: Crowd::default() }))
    }
}

impl<T> Ceremonies<T> {
    fn begin(&self, ceremony: T, from: IpAddr, now_ms: u64) -> Result<String, Refused> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| busy())?;
        let name = Uuid::from_bytes(bytes).to_string();
        let mut underway = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Underway { all, order } = &mut *underway;
        all.retain(|_, (until_ms, _)| *until_ms >= now_ms);
        order.retain(|name| all.contains_key(name));
        while order.len() >= MAX_CEREMONIES {
            let Some(yields) = order.yields() else { break };
            all.remove(&yields);
        }
        all.insert(name.clone(), (now_ms.saturating_add(CEREMONY_MS), ceremony));
        order.enter(from, name.clone());
        Ok(name)
    }

    /// A ceremony ends once, however it ends.
    fn end(&self, name: &str, now_ms: u64) -> Option<T> {
        let (until_ms, ceremony) = self.0.lock().unwrap_or_else(PoisonError::into_inner).all.remove(name)?;
        (until_ms >= now_ms).then_some(ceremony)
    }
}

/// How many more attempts each address has, where those of one network count as one ([`origin`]).
#[derive(Default)]
pub(super) struct Patience(Mutex<HashMap<IpAddr, (f64, u64)>>);

impl Patience {
    /// Counts an attempt, if there is one left.
    pub(super) fn try_once(&self, from: IpAddr, now_ms: u64) -> Result<(), Refused> {
        let from = origin(from);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let regained = |left: f64, since_ms: u64| {
            (left + now_ms.saturating_sub(since_ms) as f64 / ATTEMPT_MS).min(ATTEMPTS)
        };
        if all.len() >= MAX_ADDRESSES {
            all.retain(|_, (left, since_ms)| regained(*left, *since_ms) < ATTEMPTS);
        }
        let (left, since_ms) = all.get(&from).copied().unwrap_or((ATTEMPTS, now_ms));
        let left = regained(left, since_ms) - 1.0;
        if left < 0.0 || (all.len() >= MAX_ADDRESSES && !all.contains_key(&from)) {
            return Err(busy());
        }
        all.insert(from, (left, now_ms));
        Ok(())
    }
}

fn busy() -> Refused {
    let (status, hint) = (StatusCode::TOO_MANY_REQUESTS, "wait a minute and try again");
    Refused::new(status, "TooOften", "attempts to sign in", "fewer", "too many", hint)
}

fn unknown() -> Refused {
    let hint = "check the name; the administrator of this station gives one-time links";
    let (status, expected) = (StatusCode::UNAUTHORIZED, "an officer of this station with their own passkey");
    Refused::new(status, "NotSignedIn", "passkey", expected, "another", hint)
}

/// Who wants to sign in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    officer: String,
}

/// `POST /sign-in/begin`
pub(super) async fn begin_sign_in(
    State(console): State<Console>,
    Extension(Remote(from)): Extension<Remote>,
    Body(named): Body<Named>,
) -> Result<Json<Value>, Refused> {
    let now_ms = clock::system_ms();
    console.patience.try_once(from, now_ms)?;
    let officers = &console.api.officers;
    let officer = officers.named(named.officer.trim()).map_err(|_| unknown())?;
    let keys = officers.passkeys(&officer)?;
    let (asked, state) = console.webauthn.start_passkey_authentication(&keys).map_err(|_| unknown())?;
    let name = officer.name.clone();
    let ceremony = console.ceremonies.begin(Ceremony::SigningIn { officer, state }, from, now_ms)?;
    Ok(Json(json!({"ceremony": ceremony, "officer": name, "publicKey": asked.public_key})))
}

/// What an authenticator answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ended<T> {
    ceremony: String,
    pub(super) credential: T,
}

/// The session's cookie.
fn signed_in(console: &Console, officer: &Officer, now_ms: u64) -> Result<Response, Refused> {
    let token = console.api.officers.begin(officer, now_ms)?;
    let cookie = format!("{COOKIE_NAME}={}; Path=/; Secure; HttpOnly; SameSite=Strict", *token);
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(json!({"officer": officer.name}))).into_response())
}

/// `POST /sign-in/end`
pub(super) async fn end_sign_in(
    State(console): State<Console>,
    Extension(Remote(from)): Extension<Remote>,
    Body(ended): Body<Ended<PublicKeyCredential>>,
) -> Result<Response, Refused> {
    let (now_ms, officers) = (clock::system_ms(), &console.api.officers);
    console.patience.try_once(from, now_ms)?;
    let Some(Ceremony::SigningIn { officer, state }) = console.ceremonies.end(&ended.ceremony, now_ms) else {
        return Err(unknown());
    };
    let result = console.webauthn.finish_passkey_authentication(&ended.credential, &state);
    let result = match result {
        Ok(result) => result,
        Err(cause) => {
            tracing::warn!(officer = officer.name, %from, %cause, "a passkey was not taken");
            officers.write_down(&officer.name, "sign in", &from.to_string(), "refused", now_ms)?;
            return Err(unknown());
        }
    };
    // Who was dismissed meanwhile is not signed in.
    let officer = officers.named(&officer.name).map_err(|_| unknown())?;
    let mut keys: Vec<Passkey> = officers.passkeys(&officer)?;
    let used = keys.iter_mut().find(|key| key.cred_id() == result.cred_id()).ok_or_else(unknown)?;
    if used.update_credential(&result) == Some(true) {
        officers.used(used)?;
    }
    officers.write_down(&officer.name, "sign in", &from.to_string(), "done", now_ms)?;
    signed_in(&console, &officer, now_ms)
}

/// Who has a one-time link.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invited {
    invitation: String,
}

/// `POST /enrol/begin`
pub(super) async fn begin_enrol(
    State(console): State<Console>,
    Extension(Remote(from)): Extension<Remote>,
    Body(invited): Body<Invited>,
) -> Result<Json<Value>, Refused> {
    let (now_ms, officers) = (clock::system_ms(), &console.api.officers);
    console.patience.try_once(from, now_ms)?;
    let officer = officers.invited(&invited.invitation, now_ms)?.ok_or_else(unknown)?;
    let known = officers.passkeys(&officer)?.iter().map(|key| key.cred_id().clone()).collect();
    let begun =
        console.webauthn.start_passkey_registration(officer.id, &officer.name, &officer.name, Some(known));
    let (asked, state) = begun.map_err(|_| unknown())?;
    let name = officer.name.clone();
    let enrolling = Ceremony::Enrolling { invitation: invited.invitation, officer, state };
    let ceremony = console.ceremonies.begin(enrolling, from, now_ms)?;
    Ok(Json(json!({"ceremony": ceremony, "officer": name, "publicKey": asked.public_key})))
}

/// `POST /enrol/end`
pub(super) async fn end_enrol(
    State(console): State<Console>,
    Extension(Remote(from)): Extension<Remote>,
    Body(ended): Body<Ended<RegisterPublicKeyCredential>>,
) -> Result<Response, Refused> {
    let (now_ms, officers) = (clock::system_ms(), &console.api.officers);
    console.patience.try_once(from, now_ms)?;
    let Some(Ceremony::Enrolling { invitation, officer, state }) =
        console.ceremonies.end(&ended.ceremony, now_ms)
    else {
        return Err(unknown());
    };
    let key = console.webauthn.finish_passkey_registration(&ended.credential, &state).map_err(|cause| {
        tracing::warn!(officer = officer.name, %from, %cause, "a passkey was not enrolled");
        unknown()
    })?;
    officers.enrol(&invitation, &officer, &key, now_ms)?;
    officers.write_down(&officer.name, "enrol", &from.to_string(), "done", now_ms)?;
    signed_in(&console, &officer, now_ms)
}

/// What the form has.
#[derive(Deserialize)]
pub(super) struct SigningOut {
    csrf: String,
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    Form(form): Form<SigningOut>,
) -> Result<Response, Refused> {
    if !is_word(form.csrf.as_bytes(), &session) {
        return Err(unknown());
    }
    console.api.officers.end_session(cookie(&headers, COOKIE_NAME).unwrap_or_default())?;
    let gone = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((AppendHeaders([(SET_COOKIE, gone)]), Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_begins_ceremonies_without_end_ends_nobody_elses() {
        let (ceremonies, elsewhere) = (Ceremonies::<u32>::default(), "192.0.2.66".parse().unwrap());
        let hers = ceremonies.begin(1, "192.0.2.1".parse().unwrap(), 0).unwrap();
        let first = ceremonies.begin(2, elsewhere, 0).unwrap();
        for _ in 0..2 * MAX_CEREMONIES {
            ceremonies.begin(3, elsewhere, 1).unwrap();
        }
        assert_eq!(ceremonies.end(&first, 2), None);
        assert_eq!(ceremonies.end(&hers, 2), Some(1));
        assert_eq!(ceremonies.end(&hers, 2), None, "once");
        let late = ceremonies.begin(4, elsewhere, 2).unwrap();
        assert_eq!(ceremonies.end(&late, 3 + CEREMONY_MS), None);
    }

    #[test]
    fn whoever_has_a_network_of_addresses_has_no_more_attempts_than_others() {
        let patience = Patience::default();
        let tries = |of: u32| patience.try_once(format!("2001:db8::{of:x}").parse().unwrap(), 0).is_ok();
        assert_eq!((0..100).filter(|of| tries(*of)).count(), ATTEMPTS as usize);
        assert!(patience.try_once("2001:db8:0:1::1".parse().unwrap(), 0).is_ok());
    }
}
