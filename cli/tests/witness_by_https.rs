//! The way to a witness by HTTPS: a real TLS server in front of a real witness, under an authority of the test's own, which a
//! station trusts by `SSL_CERT_FILE`. Certificates that do not fit are told of by what is wrong with them, cosign nothing, and keep
//! nobody waiting.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;

use parties::Party;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::TLS13;

/// An authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A server for a name, until a year.
    fn certifies(&self, name: &str, until: i32) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2015, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

/// A TLS server that passes everything on to an address; its port.
async fn before(
    witness: String,
    (certificate, key): (CertificateDer<'static>, PrivateKeyDer<'static>),
) -> u16 {
    let rules = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(rules)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, witness) = (acceptor.clone(), witness.clone());
            tokio::spawn(async move {
                // A client that does not like the certificate ends the handshake.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let Ok(mut inside) = TcpStream::connect(witness).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    port
}

/// A witness as a process, killed when it goes out of sight.
struct Witness(Child);

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn of(status: &Value, name: &str) -> Value {
    let all = status["witnesses"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|witness| witness["name"] == name).unwrap_or_default()
}

fn is_cosigned(status: &Value) -> bool {
    of(status, "w.example/fits")["cosigned"]["usa/R"]["size"].as_u64() >= Some(1)
}

/// What a station says of a witness that it cannot reach.
fn why(status: &Value, name: &str) -> Option<String> {
    let troubles = of(status, name)["troubles"].as_array().cloned()?;
    let trouble = troubles.into_iter().find(|trouble| trouble["error"] == "Unreachable")?;
    trouble["found"].as_str().map(str::to_owned)
}

#[test]
fn a_witness_is_reached_by_https_and_a_certificate_that_does_not_fit_is_told_of() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let neutral = Party::new("witness");
    let vkey = neutral.done(&["witness", "init", "w.example/fits"]);
    let mut command = neutral.command(&["witness", "serve", "--listen", "127.0.0.1:0"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let witness = Witness(process);
    let address = line.trim().strip_prefix("listening at ").expect("an address").to_owned();

    let (trusted, stranger) =
        (Authority::new("an authority of the test"), Authority::new("another authority"));
    let servers = [
        ("w.example/a-other-name", trusted.certifies("other.example", 2100), "not valid for name"),
        ("w.example/b-stranger", stranger.certifies("localhost", 2100), "UnknownIssuer"),
        ("w.example/c-over", trusted.certifies("localhost", 2016), "expired"),
    ];
    let serve = |certified| runtime.block_on(before(address.clone(), certified));
    let mut bad = Vec::new();
    let mut named = String::new();
    let mut add = |name: &str, key: &str, port: u16| {
        let url = format!("https://localhost:{port}");
        named += &format!("\n[[witness]]\nname = \"{name}\"\nkey = \"{key}\"\nurl = \"{url}\"\n");
    };
    for (place, (name, certified, says)) in servers.into_iter().enumerate() {
        let key = detente_record::SecretKey::from_seed([place as u8 + 1; 32]).public();
        add(name, &detente_record::hex(key.bytes()), serve(certified));
        bad.push((name, says));
    }
    // One that speaks no TLS at all: the witness itself.
    let plain: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    let key = detente_record::SecretKey::from_seed([99; 32]).public();
    add("w.example/d-plain", &detente_record::hex(key.bytes()), plain);
    bad.push(("w.example/d-plain", "corrupt message"));
    add("w.example/fits", vkey.trim(), serve(trusted.certifies("localhost", 2100)));

    let parties = [Party::new("usa"), Party::new("rus")];
    let [usa, rus] = &parties;
    let peer = format!("usa=127.0.0.1:{}", usa.port);
    assert_eq!((usa.init(&[]).code, rus.init(&["--peer", &peer]).code), (Some(0), Some(0)));
    let draft = usa.done(&["memorandum", "draft", "--line", "syria", &usa.card(), &rus.card()]);
    let paper = usa.folder.file("memorandum.toml", format!("{draft}{named}\n[witnessing]\nevery = \"1s\"\n"));
    for party in &parties {
        party.done(&["memorandum", "sign", &paper]);
    }
    for party in &parties {
        party.done(&["memorandum", "adopt", &paper]);
    }
    let logs = neutral.folder.file("logs.txt", neutral.done(&["witness", "keys", &paper]));
    neutral.done(&["witness", "add", &logs]);
    let hung_up = std::process::Command::new("kill").args(["-HUP", &witness.0.id().to_string()]).status();
    assert!(hung_up.unwrap().success(), "it reads its list of logs again");

    // Usa trusts the authority of the test; rus trusts what this machine trusts.
    let authority = usa.folder.file("authority.pem", &trusted.pem);
    let _at_usa = usa.start_with(&[("SSL_CERT_FILE", &authority), ("SSL_CERT_DIR", "")]);
    let _at_rus = rus.start();
    usa.done(&["send", "--wait=60", "It is on the record."]);
    let status = usa.until(&["status"], |status| {
        is_cosigned(status) && bad.iter().all(|(name, _)| why(status, name).is_some())
    });
    assert_eq!(of(&status, "w.example/fits")["troubles"], json!([]), "{status}");
    for (name, says) in &bad {
        let why = why(&status, name).unwrap_or_default();
        assert!(why.contains(says), "{name}: {why}");
        assert_eq!(of(&status, name)["cosigned"], json!({}), "{name}");
    }
    let page = usa.done(&["status"]);
    assert!(page.contains("UnknownIssuer"), "{page}");

    // Whoever does not trust the authority is told so, and goes on.
    let status = rus.until(&["status"], |status| why(status, "w.example/fits").is_some());
    assert!(!is_cosigned(&status), "{status}");
    usa.done(&["send", "--wait=60", "And goes on."]);
    let verified: Value = serde_json::from_str(&usa.done(&["record", "verify", "--json"])).unwrap();
    assert_eq!(verified["ok"], json!(true));
    let book =
        verified["books"].as_array().unwrap().iter().find(|book| book["book"] == "usa/R").unwrap().clone();
    assert!(book["cosignatures_checked"].as_u64() >= Some(1), "{book}");
}
