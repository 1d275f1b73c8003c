//! The handshake's rules, and the only file that names rustls: for circuits, and for calls to servers elsewhere ([`secure`]).
//!
//! **Promises.** TLS 1.3 with X25519MLKEM768 and Ed25519 raw public keys (RFC 7250) on both sides. A handshake
//! that completes has proved, anew, that each side holds the key that the other has pinned for the line
//! which the server name says. Nothing is resumed: resumption would skip the comparison with the pins.
//!
//! **Refuses.** Everything else, in the handshake itself and with an alert that tells an honest peer why:
//! `unknown_ca` for a key that is not pinned, `access_denied` for a line that is not carried.
//!
//! Each handshake has [`Findings`] of its own: TLS hands on its errors as text, and which key was found where
//! which was expected must reach the operator.

use std::io;
use std::sync::{Arc, OnceLock};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error,
    PeerIncompatible, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use zeroize::Zeroizing;

use super::{Callee as Called, CircuitError, LineFault, LineIdentity, Refusal, Short, serial, server_name};

/// The application protocol (RFC 7301), and with it the version of spec/line.md §6.
const ALPN: &[u8] = b"detente/1";

/// An Ed25519 SubjectPublicKeyInfo (RFC 8410 §4) up to the 32 bytes of the key.
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// An Ed25519 PrivateKeyInfo (RFC 8410 §7) up to the 32 bytes of the seed.
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The lines of an endpoint, with what TLS needs for each.
#[derive(Debug)]
pub(super) struct Keyring {
    lines: Vec<PinnedLine>,
    provider: Arc<CryptoProvider>,
}

/// One line: this station's key on it, and whom it talks to.
#[derive(Debug)]
struct PinnedLine {
    line: [u8; 32],
    /// By rank.
    own: Vec<OwnKey>,
    peers: Vec<[u8; 32]>,
}

/// This station's key of a rank, and the server name by which it is asked for.
#[derive(Debug)]
struct OwnKey {
    rank: u8,
    server_name: String,
    key: Arc<CertifiedKey>,
}

/// What one handshake found out; complete when the handshake is.
#[derive(Debug, Default)]
pub(super) struct Findings {
    line: OnceLock<[u8; 32]>,
    peer: OnceLock<[u8; 32]>,
    objection: OnceLock<CircuitError>,
}

/// A call about to be made: its rules, what it will find, and the name to ask for.
pub(super) struct Call {
    rules: Arc<ClientConfig>,
    pub(super) findings: Arc<Findings>,
    pub(super) server_name: String,
}

/// An answer about to be given: its rules, and what it will find.
pub(super) struct Answer {
    rules: Arc<ServerConfig>,
    pub(super) findings: Arc<Findings>,
}

/// A byte stream under TLS, whichever end of it this is.
pub(super) type SecuredStream<S> = tokio_rustls::TlsStream<S>;
/// The same over TCP.
pub(super) type Secured = SecuredStream<TcpStream>;

/// What TLS can be put on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// What the keys of a serial circuit between the same stations come of (spec/serial.md §3).
pub(super) fn serial_root<S>(stream: &SecuredStream<S>, line: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let root = Zeroizing::new([0; 32]);
    match stream {
        SecuredStream::Client(stream) => {
            stream.get_ref().1.export_keying_material(root, serial::LABEL, Some(line)).ok()
        }
        SecuredStream::Server(stream) => {
            stream.get_ref().1.export_keying_material(root, serial::LABEL, Some(line)).ok()
        }
    }
}

impl Call {
    /// The rules as QUIC takes them.
    pub(super) fn quic(&self) -> Result<Arc<dyn quinn::crypto::ClientConfig>, CircuitError> {
        Ok(Arc::new(QuicClientConfig::try_from(Arc::clone(&self.rules)).map_err(handshake)?))
    }

    /// Puts TLS on a stream that this station has opened.
    pub(super) async fn secure<S: Stream>(&self, stream: S) -> Result<SecuredStream<S>, CircuitError> {
        let name = ServerName::try_from(self.server_name.clone()).map_err(handshake)?;
        let secured = TlsConnector::from(Arc::clone(&self.rules)).connect(name, stream).await;
        secured
            .map(SecuredStream::from)
            .map_err(|error| self.findings.objection().unwrap_or_else(|| broken(&error)))
    }
}

impl Answer {
    /// The rules as QUIC takes them.
    pub(super) fn quic(&self) -> Result<Arc<dyn quinn::crypto::ServerConfig>, CircuitError> {
        Ok(Arc::new(QuicServerConfig::try_from(Arc::clone(&self.rules)).map_err(handshake)?))
    }

    /// Puts TLS on a stream that came in. Where that fails the stream is given back, on which the other end is told why
    /// and may still be sending.
    pub(super) async fn secure<S: Stream>(&self, stream: S) -> Result<SecuredStream<S>, (CircuitError, S)> {
        let secured = TlsAcceptor::from(Arc::clone(&self.rules)).accept(stream).into_fallible().await;
        secured
            .map(SecuredStream::from)
            .map_err(|(error, stream)| (self.findings.objection().unwrap_or_else(|| broken(&error)), stream))
    }
}

/// Puts TLS on pages for browsers: a certificate chain and its key, in PEM.
pub(crate) fn pages(certificate: &str, key: &str) -> Result<TlsAcceptor, CircuitError> {
    let unread = |cause: pem::Error| CircuitError::Handshake { detail: cause.to_string() };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>().map_err(unread)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unread)?;
    let rules = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .and_then(|rules| rules.with_no_client_auth().with_single_cert(chain, key));
    let mut rules = rules.map_err(handshake)?;
    rules.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(rules)))
}

/// What an error of a stream under TLS means.
pub(super) fn broken(error: &io::Error) -> CircuitError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(alert)) => match refusal(u8::from(*alert)) {
            Some(why) => CircuitError::Refused { why },
            None => CircuitError::Handshake { detail: format!("the other end says {alert:?}") },
        },
        Some(inner) => CircuitError::Handshake { detail: inner.to_string() },
        None => CircuitError::Closed { reason: error.to_string() },
    }
}

impl Findings {
    /// The line and the peer's key, once the handshake is complete.
    pub(super) fn parties(&self) -> Option<([u8; 32], [u8; 32])> {
        Some((*self.line.get()?, *self.peer.get()?))
    }

    /// Why this side refused, if it did.
    pub(super) fn objection(&self) -> Option<CircuitError> {
        self.objection.get().cloned()
    }

    /// Holds the key presented against the pins. That the peer has its private half is proved afterwards, by
    /// the signature, or the handshake does not complete.
    fn examine(
        &self,
        presented: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        pins: &[[u8; 32]],
    ) -> Result<(), Error> {
        let key = presented.strip_prefix(&SPKI_HEAD).and_then(|key| <[u8; 32]>::try_from(key).ok());
        let (Some(key), []) = (key, more) else {
            return Err(CertificateError::BadEncoding.into());
        };
        if !pins.contains(&key) {
            let expected = pins.iter().map(Short::of).collect();
            let _ = self.objection.set(CircuitError::WrongKey { expected, found: Short::of(&key) });
            return Err(CertificateError::UnknownIssuer.into());
        }
        // A handshake examines one certificate; a second key in it would be no peer of ours.
        if *self.peer.get_or_init(|| key) == key {
            Ok(())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }
}

impl Keyring {
    /// Loads the keys; the seeds are wiped on return.
    pub(super) fn load(identities: Vec<LineIdentity>) -> Result<Self, CircuitError> {
        let mut lines: Vec<PinnedLine> = Vec::with_capacity(identities.len());
        for LineIdentity { line, rank, station_seed, earlier, peers } in identities {
            let fault = |fault| CircuitError::Line { line: Short::of(&line), fault };
            if lines.iter().any(|other| other.line == line) {
                return Err(fault(LineFault::Twice));
            }
            let mut own = Vec::with_capacity(earlier.len() + 1);
            for (rank, seed) in earlier.into_iter().chain([(rank, station_seed)]) {
                let key = own_key(&seed).ok_or(fault(LineFault::NoKey))?;
                if peers.iter().any(|peer| key.cert.iter().any(|cert| cert.ends_with(peer))) {
                    return Err(fault(LineFault::OwnKeyPinned));
                }
                own.push(OwnKey { rank, server_name: server_name(&line, rank), key: Arc::new(key) });
            }
            lines.push(PinnedLine { line, own, peers });
        }
        Ok(Self { lines, provider: Arc::new(provider()) })
    }

    /// The ranks of the own keys on a line, the last one first.
    pub(super) fn own_ranks(&self, line: &[u8; 32]) -> Vec<u8> {
        let held = self.lines.iter().find(|held| held.line == *line);
        held.into_iter().flat_map(|held| held.own.iter().rev().map(|own| own.rank)).collect()
    }

    /// The rules for a call to exactly one peer on one line.
    pub(super) fn call(&self, to: Called<'_>) -> Result<Call, CircuitError> {
        let Called { line, peer, rank, own_rank } = to;
        let fault = |fault| CircuitError::Line { line: Short::of(line), fault };
        let held = self.lines.iter().find(|held| held.line == *line).ok_or(fault(LineFault::NotHeld))?;
        if !held.peers.contains(peer) {
            return Err(fault(LineFault::PeerNotPinned));
        }
        let own = held.own.iter().find(|own| own.rank == own_rank).ok_or(fault(LineFault::NoKey))?;
        let findings = Arc::new(Findings { line: (*line).into(), ..Findings::default() });
        let verifier = Callee { peer: *peer, findings: findings.clone(), provider: self.provider.clone() };
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .map_err(handshake)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(own.key.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Call { rules: Arc::new(config), findings, server_name: server_name(line, rank) })
    }

    /// The rules for answering one caller, whoever it is.
    pub(super) fn answer(self: &Arc<Self>) -> Result<Answer, CircuitError> {
        let findings = Arc::new(Findings::default());
        let door = Arc::new(Door { keyring: self.clone(), findings: findings.clone() });
        Ok(Answer { rules: Arc::new(server_config(door)?), findings })
    }
}

/// Which of our refusals a peer's alert stands for.
pub(super) fn refusal(alert: u8) -> Option<Refusal> {
    match AlertDescription::from(alert) {
        AlertDescription::UnknownCA => Some(Refusal::UnknownKey),
        AlertDescription::AccessDenied => Some(Refusal::UnknownLine),
        _ => None,
    }
}

/// Examines the station that answers a call.
#[derive(Debug)]
struct Callee {
    peer: [u8; 32],
    findings: Arc<Findings>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Callee {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.findings.examine(end_entity, intermediates, &[self.peer])?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(&self.provider, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Chooses the line by the server name, then examines the caller by that line's pins.
#[derive(Debug)]
struct Door {
    keyring: Arc<Keyring>,
    findings: Arc<Findings>,
}

impl ResolvesServerCert for Door {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = client_hello.server_name().unwrap_or_default();
        let all = self.keyring.lines.iter().flat_map(|held| held.own.iter().map(move |own| (held, own)));
        let Some((held, own)) = all.into_iter().find(|(_, own)| own.server_name == asked) else {
            let _ = self.findings.objection.set(CircuitError::UnknownLine { asked: asked.to_owned() });
            return None;
        };
        // A second hello, after a retry, may not change its mind.
        (*self.findings.line.get_or_init(|| held.line) == held.line).then(|| own.key.clone())
    }

    fn only_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Door {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let line = self.findings.line.get();
        let held = self.keyring.lines.iter().find(|held| Some(&held.line) == line);
        let pins = held.map_or(&[][..], |held| &held.peers);
        self.findings.examine(end_entity, intermediates, pins)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(&self.keyring.provider, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

fn server_config(door: Arc<Door>) -> Result<ServerConfig, CircuitError> {
    let mut config = ServerConfig::builder_with_provider(door.keyring.provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(handshake)?
        .with_client_cert_verifier(door.clone())
        .with_cert_resolver(door);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}

/// aws-lc-rs, cut down to what a circuit may use.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| suite.tls13().is_some());
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
    provider
}

/// This station's key, presented as a bare SubjectPublicKeyInfo.
fn own_key(seed: &[u8; 32]) -> Option<CertifiedKey> {
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(PKCS8_HEAD.len() + seed.len()));
    pkcs8.extend_from_slice(&PKCS8_HEAD);
    pkcs8.extend_from_slice(seed);
    let key = aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice())).ok()?;
    let spki = key.public_key()?.to_vec();
    Some(CertifiedKey::new(vec![CertificateDer::from(spki)], key))
}

fn verify_signature(
    provider: &CryptoProvider,
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let spki = SubjectPublicKeyInfoDer::from(cert.as_ref());
    verify_tls13_signature_with_raw_key(message, &spki, dss, &provider.signature_verification_algorithms)
}

fn handshake(error: impl std::error::Error) -> CircuitError {
    CircuitError::Handshake { detail: error.to_string() }
}

/// Whom the certificate of a web server is held to.
#[derive(Clone)]
pub(crate) struct Roots(Arc<ClientConfig>);

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Roots")
    }
}

impl Roots {
    /// Certificates in PEM: authorities, or the server's own.
    ///
    /// # Errors
    /// Where there is none, or one that cannot be used.
    pub(crate) fn read(text: &str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|cause| io::Error::other(cause.to_string()))?;
            roots.add(certificate).map_err(io::Error::other)?;
        }
        if roots.is_empty() {
            return Err(io::Error::other("no certificate in PEM"));
        }
        web_rules(roots).map(Self)
    }

    /// Those that this machine trusts, read once.
    async fn of_the_machine() -> io::Result<Self> {
        static ROOTS: OnceLock<Roots> = OnceLock::new();
        if let Some(roots) = ROOTS.get() {
            return Ok(roots.clone());
        }
        let read = || {
            let mut roots = RootCertStore::empty();
            let (taken, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if taken == 0 {
                return Err(io::Error::other("no roots: install this system's ca-certificates"));
            }
            web_rules(roots).map(Self)
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        Ok(ROOTS.get_or_init(|| read).clone())
    }
}

/// Puts TLS 1.3 on a connection to a web server, whose certificate is held to some roots, or to those that this machine trusts.
///
/// To witnesses this is for privacy alone: what one says is authenticated by its cosignature (spec/witness.md).
///
/// # Errors
/// For a host that is none, a machine without roots, or a handshake that fails.
pub(crate) async fn secure(
    host: &str,
    stream: TcpStream,
    roots: Option<&Roots>,
) -> io::Result<TlsStream<TcpStream>> {
    let Roots(rules) = match roots {
        Some(roots) => roots.clone(),
        None => Roots::of_the_machine().await?,
    };
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(rules).connect(name, stream).await
}

fn web_rules(roots: RootCertStore) -> io::Result<Arc<ClientConfig>> {
    let rules = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_be_resumed() {
        let keyring = Arc::new(Keyring::load(Vec::new()).unwrap());
        let door = Arc::new(Door { keyring, findings: Arc::default() });
        let config = server_config(door).unwrap();
        assert_eq!(config.send_tls13_tickets, 0);
        assert!(!config.session_storage.can_cache());
        assert!(!config.ticketer.enabled());
        assert_eq!(config.max_early_data_size, 0);
    }

    #[test]
    fn one_key_exchange_and_only_tls13_suites() {
        let provider = provider();
        let groups: Vec<_> = provider.kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(groups, [rustls::NamedGroup::X25519MLKEM768]);
        assert!(provider.cipher_suites.iter().all(|suite| suite.tls13().is_some()));
    }

    #[test]
    fn a_line_is_loaded_once_and_never_with_its_own_key() {
        let identity = |peers| LineIdentity::new([1; 32], Zeroizing::new([2; 32]), peers);
        let fault = |fault| CircuitError::Line { line: Short::of(&[1; 32]), fault };
        let twice = Keyring::load(vec![identity(vec![]), identity(vec![])]);
        assert_eq!(twice.unwrap_err(), fault(LineFault::Twice));
        let own: [u8; 32] = own_key(&[2; 32]).unwrap().cert[0][12..].try_into().unwrap();
        assert_eq!(Keyring::load(vec![identity(vec![own])]).unwrap_err(), fault(LineFault::OwnKeyPinned));
    }
}
