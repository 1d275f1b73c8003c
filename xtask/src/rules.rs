//! Rules of the house that no compiler checks: the arrows between rooms, the purity of the core, and that no file
//! outgrows a sitting.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a source file.
const MAX_LINES: usize = 800;

/// Which crates of the house a crate may name, by its folder.
const ARROWS: [(&str, &[&str]); 16] = [
    ("core/record", &[]),
    // For its tests only: what they are held to.
    ("core/airspace", &["detente-postgis"]),
    ("core/line", &["detente-record", "detente-airspace"]),
    ("dossier", &["detente-record", "detente-line"]),
    ("exchange", &["detente-airspace", "detente-line"]),
    ("console", &["detente-dossier"]),
    (
        "station",
        &["detente-record", "detente-line", "detente-console", "detente-dossier", "detente-exchange"],
    ),
    (
        "cli",
        &[
            "detente-record",
            "detente-line",
            "detente-console",
            "detente-dossier",
            "detente-exchange",
            "detente-station",
        ],
    ),
    ("sim", &["detente-record", "detente-line"]),
    ("model", &["detente-record", "detente-line"]),
    ("siege", &["detente-record", "detente-line", "detente-station"]),
    ("adversary", &["detente-record", "detente-line", "detente-station"]),
    (
        "bench",
        &[
            "detente-record",
            "detente-airspace",
            "detente-line",
            "detente-dossier",
            "detente-postgis",
            "detente-station",
        ],
    ),
    ("postgis", &[]),
    (
        "fuzz/targets",
        &[
            "detente-record",
            "detente-airspace",
            "detente-line",
            "detente-dossier",
            "detente-exchange",
            "detente-station",
        ],
    ),
    ("xtask", &["detente-postgis"]),
];

/// What the core never names.
const IMPURE: [&str; 7] = ["std::", "tokio", "rand::", "async fn", "SystemTime", "Instant::now", "thread::"];

/// Words that name no subject.
const NAMELESS: [&str; 6] = ["common", "utils", "types", "helpers", "manager", "misc"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    for entry in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if entry.is_dir() {
            sources(&entry, found)?;
        } else if entry.extension().is_some_and(|kind| kind == "rs") {
            found.push(entry);
        }
    }
    Ok(())
}

/// Holds the tree to the rules.
///
/// # Errors
/// Every place that breaks one.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let mut broken = Vec::new();
    for (folder, allowed) in ARROWS {
        let manifest = root.join(folder).join("Cargo.toml");
        let text =
            fs::read_to_string(&manifest).map_err(|cause| format!("{}: {cause}", manifest.display()))?;
        let needed = text.lines().filter_map(|line| line.split_once(['.', ' ', '=']).map(|(name, _)| name));
        for name in needed.filter(|name| name.starts_with("detente-") && !allowed.contains(name)) {
            broken.push(format!("{folder} may not name {name}"));
        }
        let mut files = Vec::new();
        sources(&root.join(folder), &mut files)?;
        let pure = folder.starts_with("core/");
        for file in files {
            let text = fs::read_to_string(&file).map_err(|cause| format!("{}: {cause}", file.display()))?;
            let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            let lines = text.lines().count();
            if lines > MAX_LINES {
                broken.push(format!("{shown} has {lines} lines; split it by subject ({MAX_LINES} at most)"));
            }
            if file.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| NAMELESS.contains(&stem)) {
                broken.push(format!("{shown} names no subject"));
            }
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let in_source = shown.contains("/src/");
            let said = code.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
            for line in said.filter(|_| pure && in_source) {
                if let Some(word) = IMPURE.iter().find(|word| line.contains(**word)) {
                    broken.push(format!("{shown}: the core is pure, and names `{word}`: {line}"));
                }
            }
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("; ")) }
}
