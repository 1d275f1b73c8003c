//! What deliveries are signed with, as Standard Webhooks has it: `whsec_` and 24 to 64 bytes in base64, in a file that is its owner's alone.

use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::SetupError;
use crate::home::{self, Home};
use crate::keys;

const PREFIX: &str = "whsec_";
/// How many bytes a secret has; one that is made here has 32.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret, ready to sign with.
pub(super) struct Secret(hmac::Key);

impl Secret {
    /// Reads the secret of a file; makes one where there is none.
    ///
    /// # Errors
    /// What is wrong with the file; nothing of its content.
    pub(super) fn open(home: &Home, path: &Path) -> Result<Self, SetupError> {
        if !path.exists() {
            if let Some(folder) = path.parent().filter(|folder| folder.starts_with(home.path())) {
                home.make(folder)?;
            }
            let bytes = keys::random()?;
            let text = Zeroizing::new(format!("{PREFIX}{}\n", *Zeroizing::new(STANDARD.encode(*bytes))));
            home::write(path, &text, 0o600, false)?;
            tracing::info!(file = %path.display(), "a webhook has a secret: give it to whoever receives");
        }
        Self::read(path)
    }

    /// Reads the secret of a file that is there.
    ///
    /// # Errors
    /// What is wrong with the file; nothing of its content.
    pub(super) fn read(path: &Path) -> Result<Self, SetupError> {
        keys::private(path)?;
        let text = Zeroizing::new(home::read(path)?);
        Self::parse(&text).ok_or_else(|| SetupError::File {
            path: path.to_owned(),
            text: "expected whsec_ and 24 to 64 bytes in base64, found something else".into(),
            hint: "remove the file, and the station makes another at its start or SIGHUP".into(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim().strip_prefix(PREFIX)?).ok()?);
        BYTES.contains(&bytes.len()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of `webhook-signature` for a body at a time, seconds since 1970.
    pub(super) fn sign(&self, id: &str, seconds: u64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

/// Whether a text is a secret; for `fuzz/targets`.
pub fn is_secret(text: &str) -> bool {
    Secret::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// The example that Standard Webhooks publishes with its libraries.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone_and_a_file_that_is_open_to_others_is_none() {
        let folder = std::env::temp_dir().join(format!("detente-webhook-secret-{}", std::process::id()));
        let home = Home::at(&folder);
        let path = home.webhook_secret("c2");
        let first = Secret::open(&home, &path).unwrap().sign("a", 1, "b");
        assert_eq!(Secret::open(&home, &path).unwrap().sign("a", 1, "b"), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Secret::open(&home, &path), Err(SetupError::Exposed { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"] {
            fs::write(&path, wrong).unwrap();
            let Err(error) = Secret::open(&home, &path) else { panic!("{wrong} was taken") };
            assert!(wrong.len() < 8 || !error.to_string().contains(wrong), "{error}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
