//! What browsers send, for `fuzz/targets`: answers of authenticators, cookies.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use webauthn_rs::prelude::{
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, Webauthn,
    WebauthnBuilder,
};

use super::gate;
use super::passkeys::Ended;

const ORIGIN: &str = "https://localhost:4880";

/// An enrolment that has just begun, and what the authenticator is to sign.
fn begun() -> Option<(Webauthn, PasskeyRegistration, Vec<u8>)> {
    let url = Url::parse(ORIGIN).ok()?;
    let webauthn = WebauthnBuilder::new("localhost", &url).ok()?.build().ok()?;
    let (asked, state) = webauthn.start_passkey_registration(Uuid::nil(), "Anna", "Anna", None).ok()?;
    let challenge = asked.public_key.challenge.to_vec();
    Some((webauthn, state, challenge))
}

/// Whether the body of an answer, as a browser sends it, enrols an officer who has just begun; those of sign-ins are read only.
pub fn enrols(body: &[u8]) -> bool {
    let _ = serde_json::from_slice::<Ended<PublicKeyCredential>>(body).is_ok();
    let Ok(ended) = serde_json::from_slice::<Ended<RegisterPublicKeyCredential>>(body) else { return false };
    begun().is_some_and(|(webauthn, state, _)| {
        webauthn.finish_passkey_registration(&ended.credential, &state).is_ok()
    })
}

/// Whether an authenticator's attestation enrols an officer, with what was asked by this console.
pub fn attests(id: &[u8], attestation: &[u8]) -> bool {
    let Some((webauthn, state, challenge)) = begun() else { return false };
    let said = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let client =
        json!({"type": "webauthn.create", "challenge": said(&challenge), "origin": ORIGIN}).to_string();
    let response = json!({"attestationObject": said(attestation), "clientDataJSON": said(client.as_bytes())});
    let answer = json!({"id": said(id), "rawId": said(id), "type": "public-key", "response": response});
    let Ok(answer) = serde_json::from_value::<RegisterPublicKeyCredential>(answer) else { return false };
    webauthn.finish_passkey_registration(&answer, &state).is_ok()
}

/// The session's cookie of a header.
pub fn cookie_of(header: &[u8]) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_bytes(header).ok()?);
    gate::cookie(&headers, gate::COOKIE_NAME).map(str::to_owned)
}
