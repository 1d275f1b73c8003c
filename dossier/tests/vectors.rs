//! What another implementation, written from spec/dossier.md, reads in the dossiers of `vectors/dossier/`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a vector that cannot be read has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use detente_dossier::archive::{self, Writer};
use detente_dossier::{Bytes, Established, Report, Shows, later_keys, signers, verify, words};
use detente_line::Choice;
use detente_record::hex;
use detente_record::renewal::Why;
use serde_json::{Value, json};

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/dossier").join(name)).unwrap()
}

fn files() -> BTreeMap<String, Value> {
    let shows: Value = serde_json::from_slice(&vector("shows.json")).unwrap();
    serde_json::from_value(shows["files"].clone()).unwrap()
}

fn entry(report: &Report, entry: &Established) -> Value {
    let name = |fact: &detente_dossier::Fact| signers::name(&report.memoranda, fact.of);
    let (mut stored, mut witnessed, mut sealed) = (BTreeMap::new(), BTreeMap::new(), None);
    for fact in &entry.facts {
        match fact.shows {
            Shows::Stored { seconds, .. } => drop(stored.insert(name(fact), seconds)),
            Shows::Witnessed { seconds, .. } => drop(witnessed.insert(name(fact), seconds)),
            Shows::Sealed { seconds, .. } => sealed = Some(seconds),
            _ => {}
        }
    }
    let attached = report.attachments.iter().filter(|attached| attached.entry == entry.name);
    let attached = attached.map(|attached| {
        let of = &attached.attachment;
        let here = matches!(attached.bytes, Bytes::Fit(_));
        json!({"name": of.name, "size": of.size, "sha256": hex(&of.hash), "here": here})
    });
    json!({
        "leaf": hex(&entry.leaf), "kind": entry.read.as_ref().unwrap().kind,
        "sizes": entry.under.iter().map(|under| under.size).collect::<Vec<_>>(),
        "stored": stored, "witnessed": witnessed, "sealed": sealed, "attachments": attached.collect::<Vec<_>>(),
    })
}

fn amendments(report: &Report) -> Vec<Value> {
    let name = |entry| words::name(&report.memoranda, entry);
    let amended = report.memoranda.amended().iter().map(|amended| {
        let vote = |(by, choice): &(detente_record::EntryRef, Choice)| {
            let choice = match choice {
                Choice::For => "for",
                Choice::Against => "against",
                Choice::Abstain => "abstain",
            };
            (report.memoranda.name_of(by.book.party), choice)
        };
        let votes: BTreeMap<String, &str> = amended.votes.iter().map(vote).collect();
        json!({
            "decision": name(amended.decision), "motion": name(amended.motion), "votes": votes,
            "memorandum": hex(&amended.memorandum.hash()),
            "left": amended.left.iter().map(|left| name(*left)).collect::<Vec<_>>(),
        })
    });
    amended.collect()
}

#[test]
fn both_read_the_same_in_every_dossier() {
    for (name, shown) in files() {
        let report = verify(&vector(&format!("{name}.zip"))).unwrap();
        assert!(report.holds() && report.texts_by.is_none(), "{name}: {:?}", report.wrongs);
        let memoranda = &report.memoranda;
        assert_eq!(shown["version"], json!(report.version), "{name}");
        assert_eq!(shown["line"], json!(memoranda.line().to_string()), "{name}");
        assert_eq!(
            shown["fingerprint"],
            json!(detente_dossier::paper::line_fingerprint(memoranda)),
            "{name}"
        );
        let renewals = later_keys::all(memoranda).map(|renewal| {
            let of = &renewal.occasion;
            let why = if of.why == Why::Rotation { 1 } else { 2 };
            json!({"party": memoranda.name_of(of.party), "rank": of.rank, "why": why, "hash": hex(&renewal.hash())})
        });
        assert_eq!(shown["renewals"], json!(renewals.collect::<Vec<_>>()), "{name}");
        let parties: Vec<String> = memoranda.parties().map(|party| memoranda.name_of(party)).collect();
        assert_eq!(shown["parties"], json!(parties), "{name}");
        let witnesses: Vec<&str> =
            memoranda.witnesses().iter().map(|witness| witness.name.as_str()).collect();
        assert_eq!(shown["witnesses"], json!(witnesses), "{name}");
        assert_eq!(shown["amendments"], json!(amendments(&report)), "{name}");
        let entries: BTreeMap<String, Value> = report
            .entries
            .iter()
            .map(|found| (words::name(memoranda, found.name), entry(&report, found)))
            .collect();
        assert_eq!(shown["entries"], json!(entries), "{name}");
    }
}

#[test]
fn what_the_other_refuses_is_refused() {
    let mut count = 0;
    for (name, shown) in files() {
        let bytes = vector(&format!("{name}.zip"));
        let parts = archive::read(&bytes).unwrap();
        for touched in shown["refused_with_one_bit_changed"].as_array().unwrap() {
            let (part, byte) = (touched[0].as_str().unwrap(), touched[1].as_u64().unwrap() as usize);
            let mut writer = Writer::default();
            for of in &parts {
                let mut content = of.bytes.to_vec();
                if of.name == part {
                    content[byte] ^= 1;
                }
                writer.add(of.name, &content).unwrap();
            }
            assert!(
                !verify(&writer.finish()).is_ok_and(|report| report.holds()),
                "{name}: byte {byte} of {part}"
            );
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}
