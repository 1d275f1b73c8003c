//! A QUIC endpoint with rules of its own: what a station of somebody else, or an intruder, might bring.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    AlwaysResolvesClientRawPublicKeys, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, NamedGroup, ServerConfig, SignatureScheme,
};

/// A stranger's manners; by default those of a station.
pub(crate) struct Manners {
    pub(crate) seed: Option<[u8; 32]>,
    pub(crate) groups: Vec<&'static dyn SupportedKxGroup>,
    pub(crate) alpn: &'static [u8],
    pub(crate) tickets: Arc<TicketDrawer>,
}

impl Manners {
    pub(crate) fn of_station(seed: [u8; 32]) -> Self {
        Self {
            seed: Some(seed),
            groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
            alpn: b"detente/1",
            tickets: Arc::default(),
        }
    }

    pub(crate) fn only_x25519(mut self) -> Self {
        self.groups = vec![aws_lc_rs::kx_group::X25519];
        self
    }

    fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(CryptoProvider { kx_groups: self.groups.clone(), ..aws_lc_rs::default_provider() })
    }
}

/// Opens a port for a stranger that dials.
pub(crate) fn port() -> quinn::Endpoint {
    quinn::Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

/// Dials as the manners say; trusts whoever answers.
pub(crate) fn call(
    from: &quinn::Endpoint,
    manners: &Manners,
    name: &str,
    to: SocketAddr,
) -> quinn::Connecting {
    let crypto = QuicClientConfig::try_from(rules(manners)).unwrap();
    from.connect_with(quinn::ClientConfig::new(Arc::new(crypto)), to, name).unwrap()
}

/// Puts TLS on a stream as the manners say; trusts whoever answers.
pub(crate) async fn secure_tcp(
    manners: &Manners,
    name: &str,
    stream: tokio::net::TcpStream,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let connector = tokio_rustls::TlsConnector::from(Arc::new(rules(manners)));
    connector.connect(name.to_owned().try_into().unwrap(), stream).await.unwrap()
}

fn rules(manners: &Manners) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(manners.provider())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting::default()));
    let mut config = match manners.seed {
        Some(seed) => builder
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(own(seed))))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![manners.alpn.to_vec()];
    config.resumption = Resumption::store(manners.tickets.clone());
    config
}

/// Opens a port for a stranger that answers, trusts whoever dials, and hands out tickets for resumption.
pub(crate) fn ticketing_server(seed: [u8; 32]) -> (quinn::Endpoint, Arc<Trusting>) {
    let trusting = Arc::new(Trusting::default());
    let mut config = ServerConfig::builder_with_provider(Manners::of_station(seed).provider())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_client_cert_verifier(trusting.clone())
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(own(seed)))));
    config.alpn_protocols = vec![b"detente/1".to_vec()];
    let crypto = QuicServerConfig::try_from(config).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = quinn::Endpoint::server(config, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    (endpoint, trusting)
}

/// The public key that belongs to a seed.
pub(crate) fn public_key(seed: [u8; 32]) -> [u8; 32] {
    own(seed).cert[0][12..].try_into().unwrap()
}

fn own(seed: [u8; 32]) -> CertifiedKey {
    let mut pkcs8 = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    pkcs8.extend_from_slice(&seed);
    let key = aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).unwrap();
    let spki = key.public_key().unwrap().to_vec();
    CertifiedKey::new(vec![CertificateDer::from(spki)], key)
}

/// Counts the tickets it is given, and gives them back to be used.
#[derive(Debug, Default)]
pub(crate) struct TicketDrawer {
    tickets: Mutex<Vec<Tls13ClientSessionValue>>,
    received: AtomicUsize,
}

impl TicketDrawer {
    pub(crate) fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }
}

impl ClientSessionStore for TicketDrawer {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.received.fetch_add(1, Ordering::SeqCst);
        self.tickets.lock().unwrap().push(ticket);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.tickets.lock().unwrap().pop()
    }
}

/// Accepts any key, and counts how often it was asked.
#[derive(Debug, Default)]
pub(crate) struct Trusting {
    asked: AtomicUsize,
}

impl Trusting {
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn verify(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    verify_tls13_signature_with_raw_key(
        message,
        &SubjectPublicKeyInfoDer::from(cert.as_ref()),
        dss,
        &algorithms,
    )
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("no TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Trusting {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("no TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
