//! The API as it describes itself (`GET /v1/openapi.json`), held to what the running station answers by Schemathesis, which others wrote: every call with
//! what its description allows and with what it does not. Nothing is a fault of the station's own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, thread};

use parties::two_connected;
use serde_json::Value;

/// Brings what comes to a port of this machine to the owner's socket, for a client that knows no Unix sockets; gives the port.
fn bridge(socket: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for from in listener.incoming().map_while(Result::ok) {
            let Ok(to) = UnixStream::connect(&socket) else { return };
            let (back, there) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let end = |mut from: TcpStream, mut to: UnixStream| {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            };
            thread::spawn(move || end(from, there));
            thread::spawn(move || {
                let (mut from, mut to) = (to, back);
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    });
    port
}

/// What the checks are given for the variables of a path, so that they come to the calls behind it.
const VARIABLES: &str =
    "[parameters]\n\"path.line\" = \"syria\"\n\"path.party\" = \"usa\"\n\"path.book\" = \"R\"\n";

#[test]
fn every_call_answers_as_it_is_described() {
    let target = Path::new(env!("CARGO_BIN_EXE_detente")).ancestors().nth(2).unwrap();
    let schemathesis = target.join("schemathesis/bin/schemathesis");
    assert!(schemathesis.exists(), "`cargo xtask ci --only schemathesis` installs what this test needs");
    let (parties, _stations) = two_connected();
    let [usa, _] = &parties;
    let port = bridge(usa.home().join("station.sock"));
    for text in ["One.", "Two.", "Three."] {
        usa.done(&["send", text]);
    }
    let config = usa.folder.file("schemathesis.toml", VARIABLES);
    let mut run = Command::new(schemathesis);
    run.current_dir(Path::new(&config).parent().unwrap());
    run.args(["--config-file", &config, "run", "--wait-for-schema", "30", "--max-examples", "20"]);
    run.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]);
    // A stream does not end.
    run.args([
        "--exclude-path-regex",
        "/events$",
        "--phases",
        "examples,coverage,fuzzing",
        "--suppress-health-check",
        "all",
    ]);
    run.args(["--request-timeout", "60", "--continue-on-failure", "--no-color", "--warnings", "off"]);
    run.arg(format!("http://127.0.0.1:{port}/v1/openapi.json"));
    let left = parties::finish(run);
    assert_eq!(left.code, Some(0), "{}{}", left.out, left.err);
    assert!(left.out.contains("No issues found"), "{}", left.out);
    // The station has gone through it: what it holds is sound, and it still writes.
    usa.done(&["record", "verify"]);
    usa.done(&["send", "Four."]);
}

#[test]
fn every_described_call_is_in_the_specification() {
    let (parties, _stations) = two_connected();
    let mut asked = UnixStream::connect(parties[0].home().join("station.sock")).unwrap();
    asked.write_all(b"GET /v1/openapi.json HTTP/1.1\r\nhost: station\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    asked.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let described: Value = serde_json::from_str(body).unwrap();
    let spec = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/api.md")).unwrap();
    let paths = described["paths"].as_object().unwrap();
    assert!(paths.len() > 40, "{}", paths.len());
    for (path, calls) in paths {
        for method in calls.as_object().unwrap().keys() {
            let verb = method.to_uppercase();
            let short = path.strip_prefix("/v1/lines/{line}/").map(|rest| format!("{verb} …/{rest}"));
            let names = [Some(format!("{verb} {path}")), short];
            let known = names.iter().flatten().any(|name| {
                let mut after = spec.match_indices(name).filter_map(|(at, _)| spec.get(at + name.len()..));
                after.any(|rest| rest.starts_with(['`', '?', ' ']))
            });
            assert!(known, "{verb} {path} is not in spec/api.md");
        }
    }
}
