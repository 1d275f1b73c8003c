//! Whatever is kept of the fuzz targets, corpora and inputs that once found something, is played again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use detente_targets::{ALL, Target, corpus};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Every input of a target, with where it stands.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let file = kept().join("corpus").join(target);
    let text = fs::read_to_string(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()));
    let lines = corpus::read(&text).unwrap_or_else(|line| panic!("{}:{line}: no base64", file.display()));
    assert!(!lines.is_empty(), "{}: nothing is kept", file.display());
    let mut found: Vec<_> =
        (1..).zip(lines).map(|(line, bytes)| (format!("fuzz/corpus/{target}:{line}"), bytes)).collect();
    let folder = kept().join("regressions").join(target);
    if folder.exists() {
        for name in names(&folder) {
            found.push((format!("fuzz/regressions/{target}/{name}"), fs::read(folder.join(&name)).unwrap()));
        }
    }
    found
}

/// Which of its inputs fail.
fn play(name: &str, target: Target) -> Vec<String> {
    let inputs = inputs(name);
    let began = Instant::now();
    let fails = |bytes: &[u8]| catch_unwind(AssertUnwindSafe(|| target(bytes))).is_err();
    let failed: Vec<String> =
        inputs.iter().filter(|(_, bytes)| fails(bytes)).map(|(at, _)| at.clone()).collect();
    eprintln!("{name}: {} inputs in {:.1} s", inputs.len(), began.elapsed().as_secs_f64());
    failed
}

#[test]
fn whatever_is_kept_holds() {
    // What panics in a thread that a target began is nobody's to catch.
    let (panics, shows) = (Arc::new(AtomicUsize::new(0)), std::panic::take_hook());
    let counted = Arc::clone(&panics);
    std::panic::set_hook(Box::new(move |panic| {
        counted.fetch_add(1, Ordering::Relaxed);
        shows(panic);
    }));
    let (left, failed) = (Mutex::new(ALL.to_vec()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().pop();
                    let Some((name, target)) = next else { break };
                    let found = play(name, target);
                    failed.lock().unwrap().extend(found);
                }
            });
        }
    });
    detente_targets::end();
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "found again:\n  {}", failed.join("\n  "));
    assert_eq!(panics.load(Ordering::Relaxed), 0, "something panicked beside");
}

#[test]
fn what_is_kept_is_of_a_target_and_each_target_is_a_program() {
    let targets: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&kept().join("corpus")), targets);
    assert!(names(&kept().join("regressions")).is_subset(&targets));
    let programs = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&kept().join("fuzz_targets")), programs);
}
