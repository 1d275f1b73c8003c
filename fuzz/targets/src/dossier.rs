//! Dossiers: spec/dossier.md.

use detente_dossier::{Loading, agreed, amending, archive, compare, fact, verify, verify_loaded};

/// A dossier that was read is packed to the same bytes, reads in pieces as it does whole, and whatever holds is shown without a panic.
///
/// # Panics
/// Where it is not, or does not.
pub fn dossier(bytes: &[u8]) {
    if let Ok(parts) = archive::read(bytes) {
        let mut writer = archive::Writer::default();
        for part in &parts {
            assert!(writer.add(part.name, part.bytes).is_ok());
        }
        assert_eq!(writer.finish(), bytes);
    }
    let mut loading = Loading::default();
    let loaded = bytes.chunks(97).try_for_each(|piece| loading.push(piece));
    let loaded = loaded.ok().and_then(|()| verify_loaded(&loading.finish()).ok());
    let Ok(report) = verify(bytes) else {
        assert!(loaded.is_none());
        return;
    };
    let loaded = loaded.unwrap();
    assert_eq!((&loaded.wrongs, &loaded.attachments), (&report.wrongs, &report.attachments));
    for place in 0..report.memoranda.amended().len() {
        let _ = amending::says(&report.memoranda, place);
    }
    for moved in agreed::motions(&report.memoranda, &report.entries) {
        let _ = moved.outcome(&report.memoranda);
    }
    let _ = agreed::positions(&report.memoranda, &report.entries);
    for attached in &report.attachments {
        let _ = (attached.facts(&report.memoranda), attached.bytes_say(&report.memoranda));
    }
    assert_eq!(report.holds(), report.wrongs.is_empty());
    for entry in &report.entries {
        let _ = entry.rows(&report.memoranda);
        for told in &entry.facts {
            let _ = told.says(&report.memoranda, entry.name);
        }
        for bound in &entry.bounds {
            let _ = fact::bound_says(bound, &report.memoranda);
        }
    }
    assert!(
        compare(&[&report, &report]).is_ok_and(|found| found.is_empty() || !report.convictions.is_empty())
    );
}
