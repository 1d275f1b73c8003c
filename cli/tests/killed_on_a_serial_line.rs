//! Stations as processes on a serial line, killed as a power cut would kill them in the midst of what they say: nothing is lost,
//! no counter comes twice, and nobody shakes hands again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../station/tests/serial/cable.rs"]
mod cable;
mod parties;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use cable::{Cable, counters, pieces, unlike};
use parties::{Folder, two};

const BITS_PER_S: u32 = 19_200;
/// Longest wait for a line to say a little.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn nothing_is_lost_and_no_counter_comes_twice() {
    let parties = two();
    let folder = Folder::new();
    let cable = Cable::new(folder.path(), BITS_PER_S);
    for ((party, peer), device) in parties.iter().zip(["rus", "usa"]).zip(&cable.paths) {
        let config = format!(
            "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"{peer}\"\nkind = \"serial\"\ndevice = \"{}\"\nrate = {BITS_PER_S}\n",
            party.port,
            device.display()
        );
        fs::write(party.home().join("station.toml"), config).unwrap();
    }
    let mut stations = parties.each_ref().map(|party| party.start());
    for station in &mut stations {
        station.says("a circuit is up");
    }
    let sends = |place: usize, text: &str, wait: &[&str]| {
        let said = parties[place].read(&[&["send", "--precedence", "routine"], wait, &[text]].concat());
        said["entry"].as_str().unwrap().to_owned()
    };
    for place in 0..2 {
        sends(place, "to begin with", &["--wait=300"]);
    }
    let shaken = cable.ways.each_ref().map(|way| pieces(&way.said()));
    assert!(shaken.iter().all(|pieces| *pieces > 0));
    let mut written = Vec::new();
    // Each is killed while it speaks, and while it listens.
    for (round, (speaks, killed)) in (1..).zip([(0, 0), (0, 1), (1, 0), (1, 1)]) {
        let before = cable.ways[speaks].said().len();
        written.push((1 - speaks, sends(speaks, &unlike(3_000, round), &[])));
        assert!(cable.ways[speaks].says(before + 800, PATIENCE), "the line says nothing");
        stations[killed].signal("KILL");
        stations[killed].ended();
        stations[killed] = parties[killed].start();
        for place in 0..2 {
            sends(place, "and on", &["--wait=300"]);
        }
    }
    // A receipt of what came later in a book covers what came before.
    for (place, entry) in written {
        parties[place].done(&["show", &entry]);
    }
    for (way, shaken) in cable.ways.iter().zip(shaken) {
        assert_eq!(pieces(&way.said()), shaken, "another handshake");
        let all = counters(&way.said());
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "a counter twice: {all:?}");
        // Two lives more, each with a block of its own.
        assert!(all.iter().any(|(_, counter)| *counter >= 2_048), "{all:?}");
    }
}
