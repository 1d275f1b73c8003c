//! A memorandum that people wrote is either taken or told what is wrong with it; one that is taken, written as a file, means the same.
#![no_main]

use std::path::Path;

use detente_station::paper::Paper;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let path = Path::new("memorandum.toml");
    let Ok(paper) = Paper::parse(path, text) else { return };
    let Ok(memorandum) = paper.memorandum(path) else { return };
    let written = Paper::of(&memorandum).text();
    let again = Paper::parse(path, &written).and_then(|paper| paper.memorandum(path));
    assert_eq!(again.map(|again| again.encode()).ok(), Some(memorandum.encode()), "{written}");
});
