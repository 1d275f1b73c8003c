//! `cargo xtask supply-chain`: what the station is made of: every crate that goes into the program, from where, under which licence,
//! with its checksum, as a bill of materials (CycloneDX) in docs/sbom.cdx.json; what `cargo deny` says of them; and, if asked for,
//! whether two builds in two folders come to the same bits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::{Value, json};

use crate::shell::{cargo, root, run, target};

/// What the released program's package is called.
const PROGRAM: &str = "detente";
/// Where every crate comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Reads licences, sources, bans and, where its data can be had, known faults.
const DENY: &str = "0.20.2";

/// What `supply-chain` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write the bill of materials anew, in place of holding the one that is there to Cargo.lock
    #[arg(long)]
    write: bool,
    /// Build the program twice, in two folders, and hold one to the other bit by bit
    #[arg(long)]
    reproduce: bool,
    /// Leave known faults out: their data are on a host that not every machine reaches
    #[arg(long)]
    without_advisories: bool,
}

/// Passes everything that is asked for.
///
/// # Errors
/// With what does not hold.
pub(crate) fn pass(options: &Options) -> Result<(), String> {
    let bill = bill_of_materials()?;
    if options.write {
        let path = bill_path();
        fs::write(&path, &bill).map_err(|cause| format!("write {}: {cause}", path.display()))?;
        eprintln!("    wrote {}", path.display());
    }
    is_billed()?;
    deny(options.without_advisories)?;
    if options.reproduce { reproduce() } else { Ok(()) }
}

fn bill_path() -> PathBuf {
    root().join("docs/sbom.cdx.json")
}

/// Holds the bill of materials to what the program is made of now.
///
/// # Errors
/// With the first line that differs, and what to do.
pub(crate) fn is_billed() -> Result<(), String> {
    let (path, found) = (bill_path(), bill_of_materials()?);
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(found.lines()).find(|(kept, found)| kept != found);
    match differs {
        None if kept == found => Ok(()),
        other => {
            let first = other.map_or("its end", |(_, found)| found.trim());
            Err(format!(
                "{} is not of this tree, from `{first}` on: cargo xtask supply-chain --write",
                path.display()
            ))
        }
    }
}

/// Asks cargo about the tree that is built here.
fn metadata() -> Result<Value, String> {
    let asked = cargo(&["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .map_err(|cause| format!("run cargo metadata: {cause}"))?;
    if !asked.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&asked.stderr)));
    }
    serde_json::from_slice(&asked.stdout).map_err(|cause| format!("cargo metadata: {cause}"))
}

/// The checksum of each crate, by name and version, as Cargo.lock has them.
fn checksums() -> Result<BTreeMap<(String, String), String>, String> {
    let path = root().join("Cargo.lock");
    let text = fs::read_to_string(&path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    let mut found = BTreeMap::new();
    let (mut name, mut version) = (String::new(), String::new());
    for line in text.lines() {
        let Some((key, value)) = line.split_once(" = ") else { continue };
        let value = value.trim_matches('"').to_owned();
        match key {
            "name" => name = value,
            "version" => version = value,
            "checksum" => {
                found.insert((name.clone(), version.clone()), value);
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The packages that go into the program: what it needs to run and to be built, and nothing of its tests.
fn shipped(metadata: &Value) -> BTreeSet<&str> {
    let nodes = metadata["resolve"]["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().filter_map(|of| Some((of["id"].as_str()?, of))).collect();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let first = packages.iter().find(|of| of["name"] == PROGRAM).and_then(|of| of["id"].as_str());
    let (mut found, mut open) = (BTreeSet::new(), Vec::from_iter(first));
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let needs = nodes.get(id).and_then(|of| of["deps"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let for_tests = |of: &Value| {
            let kinds = of["dep_kinds"].as_array().map(Vec::as_slice).unwrap_or_default();
            kinds.iter().all(|kind| kind["kind"] == "dev")
        };
        open.extend(needs.iter().filter(|of| !for_tests(of)).filter_map(|of| of["pkg"].as_str()));
    }
    found
}

/// The bill of materials, the same on every machine.
///
/// # Errors
/// With a crate that does not come from crates.io, or has no checksum.
fn bill_of_materials() -> Result<String, String> {
    let (metadata, checksums) = (metadata()?, checksums()?);
    let shipped = shipped(&metadata);
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut components = BTreeMap::new();
    let mut version_of_program = String::new();
    for package in packages.iter().filter(|of| of["id"].as_str().is_some_and(|id| shipped.contains(id))) {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let (name, version) = (text("name"), text("version"));
        let Some(source) = package["source"].as_str() else {
            if name == PROGRAM {
                version_of_program = version;
            }
            continue;
        };
        if source != REGISTRY {
            return Err(format!("{name} {version} comes from {source}, not from crates.io"));
        }
        let checksum = checksums.get(&(name.clone(), version.clone()));
        let checksum = checksum.ok_or_else(|| format!("{name} {version} has no checksum in Cargo.lock"))?;
        let component = json!({
            "type": "library",
            "name": name,
            "version": version,
            "purl": format!("pkg:cargo/{name}@{version}"),
            "licenses": [{ "expression": text("license").replace('/', " OR ").replace("  ", " ") }],
            "hashes": [{ "alg": "SHA-256", "content": checksum }],
        });
        components.insert((name, version), component);
    }
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": { "type": "application", "name": PROGRAM, "version": version_of_program } },
        "components": components.into_values().collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&bill).map_err(|cause| cause.to_string())?;
    text.push('\n');
    Ok(text)
}

/// Holds the tree to deny.toml.
fn deny(without_advisories: bool) -> Result<(), String> {
    let tools = target().join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        eprintln!("    cargo-deny is missing: installing it from crates.io");
        let version = ["install", "--locked", "--quiet", "cargo-deny", "--version", DENY];
        run(cargo(&version).arg("--root").arg(&tools))?;
    }
    let mut checks = vec!["bans", "licenses", "sources"];
    if !without_advisories {
        checks.push("advisories");
    }
    run(Command::new(program).current_dir(root()).args(["--locked", "check"]).args(checks))
}

/// Builds the commit that is checked out twice, in folders of different names, and holds one program to the other.
fn reproduce() -> Result<(), String> {
    let folder = target().join("reproduced");
    let _ = fs::remove_dir_all(&folder);
    let mut programs = Vec::new();
    for name in ["one", "another-folder"] {
        let there = folder.join(name);
        run(Command::new("git").args(["clone", "--quiet"]).arg(root()).arg(&there))?;
        eprintln!("    building in {}", there.display());
        let arguments = ["build", "--quiet", "--profile", "dist", "--locked", "-p", PROGRAM];
        run(release_build(&mut cargo(&arguments), &there)?)?;
        let program = there.join("target/dist").join(PROGRAM);
        programs.push(fs::read(&program).map_err(|cause| format!("{}: {cause}", program.display()))?);
    }
    let differs = programs.windows(2).any(|two| two.first() != two.last());
    let bytes = programs.first().map_or(0, Vec::len);
    if differs {
        return Err(format!("two builds in two folders under {} are not the same bits", folder.display()));
    }
    fs::remove_dir_all(&folder).map_err(|cause| format!("remove {}: {cause}", folder.display()))?;
    println!("two builds in two folders: the same {bytes} bytes");
    Ok(())
}

/// A build as it is released: where it was made is no part of it.
fn release_build<'a>(build: &'a mut Command, there: &Path) -> Result<&'a mut Command, String> {
    let home =
        std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let home = home.map_err(|_| "neither CARGO_HOME nor HOME is set".to_owned())?;
    let there = there.display();
    let rust = format!("--remap-path-prefix={there}=/detente --remap-path-prefix={home}=/cargo");
    let c = format!("-ffile-prefix-map={there}=/detente -ffile-prefix-map={home}=/cargo");
    build.current_dir(there.to_string());
    build.env("RUSTFLAGS", rust).env("CFLAGS", &c).env("CXXFLAGS", &c);
    Ok(build.env("CARGO_TARGET_DIR", format!("{there}/target")).env("SOURCE_DATE_EPOCH", "0"))
}
