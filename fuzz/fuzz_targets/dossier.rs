//! A dossier that was read is packed to the same bytes, and whatever holds is shown without a panic.
#![no_main]

use detente_dossier::{archive, compare, fact, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(parts) = archive::read(bytes) {
        let mut writer = archive::Writer::default();
        for part in &parts {
            assert!(writer.add(part.name, part.bytes).is_ok());
        }
        assert_eq!(writer.finish(), bytes);
    }
    let Ok(report) = verify(bytes) else { return };
    assert_eq!(report.holds(), report.wrongs.is_empty());
    for entry in &report.entries {
        let _ = entry.rows(&report.memorandum);
        for told in &entry.facts {
            let _ = told.says(&report.memorandum, entry.name);
        }
        for bound in &entry.bounds {
            let _ = fact::bound_says(bound, &report.memorandum);
        }
    }
    assert!(compare(&[&report, &report]).is_ok_and(|found| found.is_empty() || !report.convictions.is_empty()));
});
