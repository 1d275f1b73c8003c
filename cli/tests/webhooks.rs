//! Webhooks over the life of a station, as a real process: it is killed, started again, and told of another configuration.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use parties::{Party, two};
use serde_json::{Value, json};

/// Takes every delivery that comes to a port, and hands on what each said.
fn receive() -> (u16, Receiver<Value>) {
    fn take(stream: &TcpStream, to: &Sender<Value>) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).ok().filter(|read| *read > 0)? > 2 {
                if let Some(found) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = found.trim().parse().ok()?;
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            to.send(serde_json::from_slice(&body).ok()?).ok()?;
            (&mut &*stream).write_all(b"HTTP/1.1 204 x\r\ncontent-length: 0\r\n\r\n").ok()?;
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (to, said) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let to = to.clone();
            std::thread::spawn(move || take(&stream, &to));
        }
    });
    (port, said)
}

fn add(party: &Party, name: &str, port: u16) {
    let mut config = OpenOptions::new().append(true).open(party.home().join("station.toml")).unwrap();
    write!(
        config,
        "\n[[webhook]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:{port}/\"\non = [\"entry\"]\n"
    )
    .unwrap();
}

fn next(said: &Receiver<Value>) -> Value {
    said.recv_timeout(Duration::from_secs(120)).expect("a delivery in time")
}

#[test]
fn a_webhook_goes_on_where_it_can_and_says_where_it_begins() {
    let [usa, _] = two();
    let (port, said) = receive();
    add(&usa, "first", port);
    let mut station = usa.start();
    let begins = next(&said);
    assert_eq!((&begins["type"], &begins["data"]["after"]), (&json!("begins"), &json!(0)));
    usa.done(&["send", "One."]);
    assert_eq!(next(&said)["data"]["entry"], "usa/R/1");

    // Read again, it goes on; a new one begins with what happens from then on.
    let (other_port, other) = receive();
    add(&usa, "second", other_port);
    station.signal("HUP");
    station.says("the configuration was read again");
    let second = next(&other);
    assert_eq!(second["type"], "begins");
    assert!(second["data"]["after"].as_u64() > Some(0), "{second}");
    usa.done(&["send", "Two."]);
    assert_eq!(next(&said)["data"]["entry"], "usa/R/2", "nothing twice and nothing left out");
    assert_eq!(next(&other)["data"]["entry"], "usa/R/2");

    // Killed and started again, it says that numbers count anew.
    station.signal("KILL");
    station.ended();
    let _again = usa.start();
    let anew = next(&said);
    assert_eq!((&anew["type"], &anew["data"]["after"]), (&json!("begins"), &json!(0)));
    assert_ne!(anew["started_ms"], begins["started_ms"]);
    usa.done(&["send", "Three."]);
    assert_eq!(next(&said)["data"]["entry"], "usa/R/3");
}

#[test]
fn what_is_wrong_with_a_webhook_is_said_and_a_secret_that_others_can_read_signs_nothing() {
    let [usa, _] = two();
    let (port, said) = receive();
    add(&usa, "c2", port);
    let secret = usa.home().join("webhooks/c2.secret");
    fs::create_dir_all(secret.parent().unwrap()).unwrap();
    fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let looked = parties::finish(usa.command(&["doctor"]));
    assert!(looked.out.contains("secret of webhook c2") && looked.out.contains("chmod 600"), "{looked:?}");
    let mut station = usa.start();
    station.says("a webhook does not deliver");
    let looked = parties::finish(usa.command(&["doctor"]));
    assert!(looked.out.contains("webhook c2") && looked.out.contains("Secret: "), "{looked:?}");
    assert!(!looked.out.contains("MfKQ9r8G"));
    assert!(said.try_recv().is_err(), "nothing is sent unsigned, or signed with what others know");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    station.signal("HUP");
    assert_eq!(next(&said)["type"], "begins");
    drop(station);

    let good = fs::read_to_string(usa.home().join("station.toml")).unwrap();
    for (from, to, says) in [
        ("on = [\"entry\"]", "on = [\"entyr\"]", "did you mean \"entry\"?"),
        ("on = [\"entry\"]", "on = []", "expected some of flash, entry"),
        ("http://127.0.0.1", "http://192.0.2.1", "http to 192.0.2.1"),
        ("http://127.0.0.1", "ftp://127.0.0.1", "another scheme"),
        ("http://127.0.0.1", "https://anna:secret@127.0.0.1", "one with a name or a password in it"),
        ("name = \"c2\"", "name = \"../c2\"", "lowercase letters, digits and -"),
        ("name = \"c2\"", "name = \"c2\"\nlines = [\"syri\"]", "did you mean \"syria\"?"),
    ] {
        fs::write(usa.home().join("station.toml"), good.replace(from, to)).unwrap();
        let refused = parties::finish(usa.command(&["run"]));
        assert!(refused.code == Some(1) && refused.err.contains(says), "{says}: {refused:?}");
        assert!(!refused.err.contains("anna"), "{refused:?}");
    }
}
