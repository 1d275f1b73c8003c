//! Renewals, findings of observers and a courier file's waybill: what was read is written as the same bytes.
#![no_main]

use detente_line::{Finding, Waybill};
use detente_record::Renewal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(renewal) = Renewal::decode(bytes) {
        assert_eq!(renewal.encode(), bytes);
    }
    if let Ok(finding) = Finding::parse(bytes) {
        assert_eq!(finding.note().as_bytes(), bytes);
    }
    if let Ok(waybill) = Waybill::decode(bytes) {
        assert_eq!(waybill.encode(), bytes);
    }
});
