//! What another implementation, written from spec/serial.md, makes of packets, keys and forms (`vectors/serial/`).

use detente_record::{LineId, Party};
use serde_json::Value;

use super::cobs::{self, Finder};
use super::narrow::{Forms, Last, Tests};
use super::packet::{self, Packet};
use super::packing::DICTIONARY;
use super::pairs::{Exported, Pairs};

fn file(name: &str) -> Value {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/serial");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

fn bytes(of: &Value) -> Vec<u8> {
    let text = of.as_str().unwrap_or_else(|| panic!("no bytes: {of}"));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn fixed<const N: usize>(of: &Value) -> [u8; N] {
    bytes(of).try_into().unwrap()
}

fn small(of: &Value) -> u8 {
    of.as_u64().unwrap().try_into().unwrap()
}

fn list<'a>(file: &'a Value, name: &str) -> &'a [Value] {
    let list = file[name].as_array().unwrap();
    assert!(!list.is_empty());
    list
}

#[test]
fn packets_are_stuffed_and_summed_alike() {
    let file = file("packets.json");
    for case in list(&file, "cobs") {
        let (packet, stuffed) = (bytes(&case["packet"]), bytes(&case["stuffed"]));
        let mut ours = Vec::new();
        cobs::stuff(&packet, &mut ours);
        assert_eq!(ours, stuffed);
        let mut finder = Finder::default();
        let found: Vec<_> = stuffed.iter().chain([&0]).filter_map(|byte| finder.take(*byte)).collect();
        assert_eq!(found, [packet]);
    }
    for case in list(&file, "packets") {
        let packet = bytes(&case["packet"]);
        let again = match Packet::read(&packet).unwrap_or_else(|| panic!("{case}")) {
            Packet::Piece { attempt, place, bytes } => packet::piece(attempt, place, bytes),
            Packet::Taken { attempt, place } => packet::taken(attempt, place),
            Packet::Call => packet::call(),
            other => panic!("{other:?}"),
        };
        assert_eq!(again, packet);
    }
    for case in list(&file, "none") {
        assert_eq!(Packet::read(&bytes(&case["packet"])), None, "{case}");
    }
}

/// The pairs of a station and of the one at the other end, for a root.
fn two(case: &Value, folder: &std::path::Path) -> [Pairs; 2] {
    let (own, peer) = (small(&case["own"]), small(&case["peer"]));
    [(own, peer), (peer, own)].map(|(own, peer)| {
        let path = folder.join(format!("{own}-{peer}.toml"));
        let _ = std::fs::remove_file(&path);
        let mut pairs = Pairs::read(&path, &[own; 32], &[peer; 32]).unwrap();
        pairs.add(Exported::of(&fixed(&case["root"]), own, peer).unwrap()).unwrap();
        pairs
    })
}

#[test]
fn keys_openings_and_data_are_sealed_alike() {
    let file = file("sealed.json");
    for case in list(&file, "pairs") {
        let ours = Exported::of(&fixed(&case["root"]), small(&case["own"]), small(&case["peer"])).unwrap();
        assert_eq!(ours.name, fixed(&case["name"]));
        assert_eq!((*ours.send, *ours.receive), (fixed(&case["send"]), fixed(&case["receive"])));
    }
    let folder = std::env::temp_dir().join(format!("detente-serial-vectors-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for case in list(&file, "openings") {
        let ([here, there], packet) = (two(case, &folder), bytes(&case["packet"]));
        let Some(Packet::Opening { name, counter, head, sealed }) = Packet::read(&packet) else {
            panic!("{case}");
        };
        let other = bytes(&case["other"]);
        let other = if other == [0; 4] { Vec::new() } else { other };
        let body = [bytes(&case["tag"]), bytes(&case["held"]), other].concat();
        let id = there.ids()[0];
        assert_eq!((name, counter), (id.name, case["counter"].as_u64().unwrap()));
        assert_eq!(there.open(id, counter, head, sealed).unwrap(), body);
        assert_eq!(head, packet::opening_head(name, counter));
        let mut ours = body.clone();
        here.seal(here.ids()[0], counter, head, &mut ours).unwrap();
        assert_eq!([head, &ours].concat(), packet);
    }
    for case in list(&file, "data") {
        let ([here, there], packet) = (two(case, &folder), bytes(&case["packet"]));
        let Some(Packet::Data { first, low, sealed }) = Packet::read(&packet) else { panic!("{case}") };
        let (id, counter) = (there.ids()[0], case["counter"].as_u64().unwrap());
        assert_eq!((first, low), (packet::data_first(id.name), counter as u16));
        let bound = [vec![first], bytes(&case["sender"]), bytes(&case["reader"])].concat();
        assert_eq!(there.open(id, counter, &bound, sealed).unwrap(), bytes(&case["parts"]));
        let mut ours = bytes(&case["parts"]);
        here.seal(here.ids()[0], counter, &bound, &mut ours).unwrap();
        assert_eq!([&packet::data_head(id.name, counter)[..], &ours].concat(), packet);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn forms_mean_the_same_frames() {
    let file = file("forms.json");
    assert_eq!(fixed(&file["dictionary"]), DICTIONARY);
    let party = |of: &str| Party::new(small(&file[of])).unwrap();
    let (sender, reader, line) = (party("sender"), party("reader"), LineId(fixed(&file["line"])));
    let there = Forms::new(&line, reader, sender, false);
    let heres = [false, true].map(|packs| Forms::new(&line, sender, reader, packs));
    // What was said last in each lane, by them and by us.
    let mut theirs = std::collections::BTreeMap::<&str, Last>::new();
    for case in list(&file, "cases") {
        let (frame, form) = (bytes(&case["frame"]), bytes(&case["form"]));
        let last = theirs.entry(case["lane"].as_str().unwrap()).or_default();
        for here in &heres {
            let ours = here.narrow(&frame, &mut last.clone(), &mut Tests::default());
            assert_eq!(
                there.wide(&ours, &mut last.clone(), &mut Tests::default()).as_ref(),
                Ok(&frame),
                "{}",
                case["name"]
            );
            assert!(ours.len() <= frame.len());
            // How a text is packed is its packer's affair; all else is said in one way.
            if !here.packs && case["packed"] == Value::Bool(false) {
                assert_eq!(ours, form, "{}", case["name"]);
            }
        }
        assert_eq!(there.wide(&form, last, &mut Tests::default()).as_ref(), Ok(&frame), "{}", case["name"]);
    }
    for case in list(&file, "answers") {
        let [asked, asked_form, frame, form] =
            ["asked", "asked_form", "frame", "form"].map(|name| bytes(&case[name]));
        let (mut of_sender, mut of_reader) = <(Tests, Tests)>::default();
        there.narrow(&asked, &mut Last::default(), &mut of_reader);
        assert_eq!(heres[0].wide(&asked_form, &mut Last::default(), &mut of_sender).as_ref(), Ok(&asked));
        let ours = heres[0].narrow(&frame, &mut Last::default(), &mut of_sender);
        for said in [&ours, &form] {
            let found = there.wide(said, &mut Last::default(), &mut of_reader.clone());
            assert_eq!(found.as_ref(), Ok(&frame), "{}", case["name"]);
        }
        // The reader's text may be packed; a digest is not.
        assert_eq!(ours, form, "{}", case["name"]);
    }
    for case in list(&file, "refused") {
        let found = there.wide(&bytes(&case["form"]), &mut Last::default(), &mut Tests::default());
        assert!(found.is_err(), "{} as {found:?}", case["name"]);
    }
}
