//! The console's certificate: one that is given, or one of its own, made at the first start.

use base64::Engine as _;
use rcgen::PublicKeyData as _;
use tokio_rustls::TlsAcceptor;

use crate::circuit;
use crate::config::ConsoleConfig;
use crate::error::SetupError;
use crate::home::{self, Home};

/// By what a browser knows a key that no authority vouches for: the SHA-256 of its `SubjectPublicKeyInfo`, in base64, as Chromium's
/// `--ignore-certificate-errors-spki-list` takes it. Of the key that the console made itself; `None` before it has made one.
///
/// # Errors
/// Where the key cannot be read.
pub fn own_key_pin(home: &Home) -> Result<Option<String>, SetupError> {
    let path = home.console_key();
    if !path.exists() {
        return Ok(None);
    }
    let text = zeroize::Zeroizing::new(home::read(&path)?);
    let key = rcgen::KeyPair::from_pem(&text).map_err(|cause| SetupError::File {
        path,
        text: format!("is no key: {cause}"),
        hint: "remove console.key and console.crt, and the station makes others at its next start".into(),
    })?;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    Ok(Some(base64::engine::general_purpose::STANDARD.encode(hash)))
}

/// What puts TLS on connections to the console.
///
/// # Errors
/// Where a certificate or key cannot be read, made or used.
pub(super) fn acceptor(home: &Home, config: &ConsoleConfig, host: &str) -> Result<TlsAcceptor, SetupError> {
    let given = config.certificate.as_ref().zip(config.key.as_ref());
    let (certificate, key) = match given {
        Some((certificate, key)) => (certificate.clone(), key.clone()),
        None => (home.console_certificate(), home.console_key()),
    };
    if given.is_none() && !(certificate.exists() && key.exists()) {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]);
        let made = made.map_err(|cause| SetupError::File {
            path: certificate.clone(),
            text: format!("could not be made: {cause}"),
            hint: "give one with console.certificate and console.key".into(),
        })?;
        home::write(&key, &made.signing_key.serialize_pem(), 0o600, true)?;
        home::write(&certificate, &made.cert.pem(), 0o644, true)?;
        tracing::info!(certificate = %certificate.display(), "the console made itself a certificate: have browsers trust it, or give another");
    }
    let (certificate_text, key_text) =
        (home::read(&certificate)?, zeroize::Zeroizing::new(home::read(&key)?));
    circuit::pages(&certificate_text, &key_text).map_err(|error| SetupError::File {
        path: certificate,
        text: error.to_string(),
        hint: "give a certificate chain and its key, both in PEM, or none to have one made".into(),
    })
}
