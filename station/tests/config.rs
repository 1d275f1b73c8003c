//! A configuration with a mistake: the station does not start, and says where, what was expected, what was found and
//! what was meant. That one that runs goes on with the old one is in the command's tests: it takes a process.

mod parties;

use detente_station::SetupError;
use parties::{Party, agree, two};

/// What the configuration, what the error says of it, and what its hint does.
const TYPOS: [(&str, &str, &str); 28] = [
    (
        "lisen = \"127.0.0.1:0\"",
        "line 1, column 1: expected a key of listen, listen-tcp, circuit, console, notices, hook, webhook, found `lisen`",
        "did you mean `listen`?",
    ),
    (
        "listen = \"127.0.0.1\"",
        "line 1, column 10: expected an address of this machine and a UDP port",
        "SIGHUP",
    ),
    ("listen = 4800", "line 1, column 10: expected", "SIGHUP"),
    ("garbage", "line 1, column 8: expected TOML", "SIGHUP"),
    ("[[circuits]]\npeer = \"rus\"", "found `circuits`", "did you mean `circuit`?"),
    (
        "\n[[circuit]]\npeer = \"rus\"\nadress = \"a:1\"",
        "line 4, column 1: expected a key of line, peer, kind, name, address",
        "did you mean `address`?",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\nkind = \"tcp\"\naddress = \"a:1\"\nproxy = \"p:3128\"",
        "line 5, column 9: expected http://HOST:PORT",
        "SIGHUP",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"a:1\"\nproxy = \"http://p:3128\"",
        "circuit.0.proxy: expected a proxy only where the kind is \"tcp\"",
        "SIGHUP",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"a:1\"\ncost = \"2d\"",
        "circuit.0.cost: expected at most 1d",
        "",
    ),
    ("[[circuit]]\npeer = \"rus\"\naddress = 4800", "expected host:port, or a list of such addresses", ""),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"a:1\"\nname = \"x\"\n[[circuit]]\npeer = \"rus\"\naddress = \"b:1\"\nname = \"x\"",
        "circuit.1.name: expected a name that no other circuit to rus has, found \"x\" again",
        "SIGHUP",
    ),
    ("listen-tcp = \"4800\"", "expected an address of this machine and a TCP port", "SIGHUP"),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"1.2.3.4\"",
        "line 3, column 11, circuit.0.address: expected host:port",
        "SIGHUP",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"1.2.3.4:0\"",
        "expected host:port, such as 192.0.2.10:4800, found \"1.2.3.4:0\"",
        "",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\nkind = \"qiuc\"\naddress = \"a:1\"",
        "circuit.0.kind: expected \"quic\" or \"tcp\" or \"relay\" or \"serial\", found \"qiuc\"",
        "did you mean \"quic\"?",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\nkind = \"serial\"\nrate = 300",
        "circuit.0.device: expected the tty that the line is at, such as \"/dev/ttyUSB0\", found none",
        "",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\nkind = \"serial\"\ndevice = \"/dev/ttyS0\"\nrate = 30",
        "circuit.0.rate: expected the line's bits a second, 50 to 1000000, the same at both ends, found 30",
        "",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"a:1\"\nrate = 300",
        "circuit.0.rate: expected none: only a circuit of kind \"serial\" has one, found one",
        "",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\naddress = \"a:1\"\nhalf-duplex = true",
        "circuit.0.half-duplex: expected none: only a circuit of kind \"serial\" has one, found one",
        "",
    ),
    (
        "[[circuit]]\npeer = \"rus\"\nkind = \"serial\"\ndevice = \"a\"\nrate = 300\n[[circuit]]\npeer = \"rus\"\nkind = \"serial\"\ndevice = \"b\"\nrate = 300",
        "circuit.1.kind: expected one serial circuit to rus: its keys are those of one, found a second one",
        "",
    ),
    (
        "[[circuit]]\npeer = \"ruz\"\naddress = \"a:1\"",
        "line 2, column 8, circuit.0.peer: expected another party of the line test: rus, found \"ruz\"",
        "did you mean \"rus\"?",
    ),
    (
        "[[circuit]]\npeer = \"usa\"\naddress = \"a:1\"",
        "expected another party of the line test: rus, found \"usa\"",
        "",
    ),
    (
        "[[circuit]]\nline = \"tset\"\npeer = \"rus\"\naddress = \"a:1\"",
        "circuit.0.line: expected a line that this station carries: test, found \"tset\"",
        "did you mean \"test\"?",
    ),
    (
        "[[hook]]\non = \"flahs\"\nrun = [\"x\"]",
        "line 2, column 6, hook.0.on: expected one of overdue, missed",
        "did you mean \"flash\"?",
    ),
    (
        "[[hook]]\non = \"flash\"\nrun = []",
        "hook.0.run: expected a program and its arguments, found no program",
        "",
    ),
    ("[[hook]]\non = \"flash\"\nrun = \"x\"", "line 3, column 7: expected a list, found string \"x\"", ""),
    ("[[hook]]\non = \"flash\"\nrank = 1\nrun = [\"x\"]", "hook.0.rank: expected no rank", ""),
    (
        "[[hook]]\non = \"overdue\"\nrank = 70000\nrun = [\"x\"]",
        "expected a whole number from 0 to 65535, found integer `70000`",
        "",
    ),
];

fn assert_says(error: &SetupError, says: &str, hint: &str) {
    let (text, found) = (error.to_string(), error.hint());
    assert!(text.contains(says), "{says}: {text}");
    assert!(found.contains(hint) && !found.is_empty(), "{hint}: {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_named_with_its_place() {
    let [usa, _] = two();
    for (text, says, hint) in TYPOS {
        usa.configure(text);
        let error = usa.fail().await;
        assert!(error.to_string().starts_with(&usa.home.config().display().to_string()), "{error}");
        assert_says(&error, says, hint);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circuit_without_a_line_where_there_are_two() {
    let mut parties = ["usa", "rus"].map(Party::new);
    agree("syria", &mut parties);
    let [usa, _] = parties;
    let mut parties = [usa, Party::new("tur")];
    agree("border", &mut parties);
    let [usa, _] = parties;
    usa.configure("[[circuit]]\npeer = \"rus\"\naddress = \"a:1\"");
    assert_says(
        &usa.fail().await,
        "circuit.0.line: expected one of border, syria, found none, and several",
        "",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_what_is_too_large_and_what_is_not_there() {
    let [usa, _] = two();
    std::fs::write(usa.home.config(), b"listen = \"\xff\"").unwrap_or_default();
    assert_says(&usa.fail().await, "expected text in UTF-8, found another byte at place 11", "not the file");
    std::fs::write(usa.home.config(), vec![b'#'; (1 << 20) + 1]).unwrap_or_default();
    assert_says(&usa.fail().await, "expected at most 1048576 bytes, found more", "not the file");
    let nobody = Party::new("nobody");
    assert_says(&nobody.fail().await, "has no line with keys and a memorandum", "detente init");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_or_of_another_machine() {
    let [usa, rus] = two();
    usa.configure("listen = \"203.0.113.9:4800\"");
    assert_says(&usa.fail().await, "203.0.113.9:4800", "address");
    let holder = std::net::UdpSocket::bind(("127.0.0.1", rus.port)).ok();
    assert!(holder.is_some(), "the port is held");
    assert_says(&rus.fail().await, &rus.port.to_string(), "no other station");
}
