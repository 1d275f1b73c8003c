//! The console's certificate: one that is given, or one of its own, made at the first start.

use tokio_rustls::TlsAcceptor;

use crate::circuit;
use crate::config::ConsoleConfig;
use crate::error::SetupError;
use crate::home::{self, Home};

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
