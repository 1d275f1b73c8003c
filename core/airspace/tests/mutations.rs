//! Whatever is done to the bytes of volumes, the decoder does not panic, and takes none that it would not write itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use std::path::Path;

use detente_airspace::fault::Blame;
use detente_airspace::wire;
use dice::Dice;
use serde_json::Value;

mod dice;

const MUTATIONS: usize = 100_000;

/// The bytes of all sound cases of `vectors/airspace/wire.json` and `verdicts.json`.
fn sound() -> Vec<Vec<u8>> {
    let bytes = |hex: &str| {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect::<Vec<u8>>()
    };
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/airspace/{file}.json"));
        serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (wire, verdicts) = (read("wire"), read("verdicts"));
    let sound = wire["cases"].as_array().unwrap().iter().filter(|case| case["verdict"] == "sound");
    let said = sound.filter_map(|case| case["bytes"].as_str());
    let judged = verdicts["cases"].as_array().unwrap().iter().filter_map(|case| case["one"].as_str());
    said.chain(judged).map(bytes).collect()
}

/// Changes, removes, repeats or inserts bytes in one to four places.
fn mutate(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=(4.0 * dice.unit()) as usize {
        let at = dice.below(bytes.len());
        let byte = [0, 1, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x20, 0x80, 0x81, 0xa1, 0xff, dice.roll() as u8]
            [dice.below(13)];
        match dice.below(5) {
            0 => bytes.insert(at, byte),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => {
                let end = dice.within(at as i64, bytes.len() as i64) as usize;
                let run = bytes[at..end].to_vec();
                bytes.splice(at..at, run);
            }
            3 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            _ if !bytes.is_empty() => bytes[at] = byte,
            _ => {}
        }
    }
    bytes
}

#[test]
fn volumes() {
    let whole = sound();
    let mut dice = Dice(21);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..MUTATIONS {
        let bytes = mutate(&mut dice, &whole[round % whole.len()]);
        match wire::decode(&bytes) {
            Ok(volumes) => {
                assert_eq!(wire::encode(&volumes), bytes);
                taken += 1;
            }
            Err(fault) => {
                assert_ne!(fault.blame(), Blame::Misuse, "{fault}: {bytes:02x?}");
                refused += 1;
            }
        }
    }
    assert!(taken > MUTATIONS / 100 && refused > MUTATIONS / 10, "{taken} taken, {refused} refused");
}
