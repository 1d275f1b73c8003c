//! Tokens for programs elsewhere, as a person gives them: made, used by a program that is not ours, listed, ended.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;

use parties::{Party, two};
use serde_json::Value;

/// Asks the console as any program would; gives the status and what was answered.
fn curl(party: &Party, port: u16, secret: &str, more: &[&str], path: &str) -> (String, Value) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "120", "--cacert"]);
    curl.arg(party.home().join("console.crt")).args(["--write-out", "\n%{http_code}"]);
    curl.args(["--header", &format!("Authorization: Bearer {secret}")]).args(more);
    let left = parties::finish({
        curl.arg(format!("https://localhost:{port}{path}"));
        curl
    });
    assert_eq!(left.code, Some(0), "{left:?}");
    let (body, status) = left.out.rsplit_once('\n').unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn a_token_is_made_used_listed_and_ended() {
    let [usa, _] = two();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut config = OpenOptions::new().append(true).open(usa.home().join("station.toml")).unwrap();
    write!(config, "\n[console]\nlisten = \"127.0.0.1:{port}\"\n").unwrap();
    let _station = usa.start();
    let made = usa.run(&[
        "token",
        "add",
        "control-centre",
        "--scope",
        "write,plan",
        "--line",
        "syria",
        "--until",
        "+30d",
    ]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let secret = made.out.trim();
    assert!(secret.starts_with("detente_") && secret.len() == 51, "{made:?}");
    assert!(
        made.err.contains("it is not shown again")
            && made.err.contains(&format!("https://localhost:{port}/v1/"))
    );

    let (status, said) = curl(&usa, port, secret, &[], "/v1/lines/syria/inbox");
    assert_eq!(status, "200", "{said}");
    let message = ["--json", r#"{"kind": "message", "text": "From the control centre."}"#];
    let (status, said) = curl(&usa, port, secret, &message, "/v1/lines/syria/entries");
    assert_eq!((status.as_str(), said["entry"].as_str()), ("200", Some("usa/R/1")), "{said}");
    let suspends = ["--json", r#"{"kind": "suspends", "reason": "no"}"#];
    let (status, said) = curl(&usa, port, secret, &suspends, "/v1/lines/syria/entries");
    assert_eq!((status.as_str(), said["error"].as_str()), ("403", Some("NotYourScope")), "{said}");

    let listed = usa.done(&["token", "list"]);
    assert!(listed.contains("control-centre  read, plan, write, syria, used "), "{listed}");
    assert!(!listed.contains(secret));
    let audit = usa.done(&["officer", "audit"]);
    assert!(audit.contains("token/control-centre  POST /v1/lines/syria/entries  usa/R/1  200"), "{audit}");

    usa.run(&["token", "add", "control-centre"]).refused(2, "a name that no token", "detente token list");
    usa.run(&["token", "add", "x", "--until", "+367d"]).refused(2, "366 days", "detente token list");
    assert_eq!(usa.run(&["token", "add", "x", "--scope", "administer"]).code, Some(2));
    assert!(usa.done(&["token", "end", "control-centre"]).contains("no more"));
    usa.run(&["token", "end", "control-centre"]).refused(2, "has not ended", "detente token list");
    let (status, said) = curl(&usa, port, secret, &[], "/v1/lines/syria/inbox");
    assert_eq!((status.as_str(), said["found"].as_str()), ("401", Some("one that was ended")), "{said}");
    assert!(usa.done(&["token", "list"]).contains("◇ ended"));
}
