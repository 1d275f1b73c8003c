//! `cargo xtask ci`: everything that has to hold before a change lands, in one command, on any machine.
//!
//! Each check runs whether or not an earlier one failed, so that one run tells everything; what failed is told
//! again at the end. Nothing is skipped: a check that cannot run has failed.

use std::path::Path;
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::attack;
use crate::fuzz;
use crate::rules;
use crate::shell::{cargo, root, run, target};
use crate::supply_chain;

/// How many seeds the simulator plays in CI: the same in every run, so that what turns red is what was changed.
const SEEDS: u64 = 500;
/// How many seeds it plays besides, that nobody has played yet: what a change did not break may have been broken.
const FRESH_SEEDS: u64 = 48;
/// How many it plays with parties that are admitted, false depositaries and thieves, how many with narrow circuits and relays, and how
/// many with stores that fail.
const SPECIAL_SEEDS: u64 = 100;
/// Where those begin (sim/src/scenario.rs).
const STRANGERS: u64 = 1 << 63;
const NARROW: u64 = 1 << 62;
const STORAGE: u64 = 1 << 61;
/// So many are looked at when one has failed: one may be bad luck, many are one cause.
const FAILURES: u64 = 10;

/// What `ci` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the checks whose names contain this
    #[arg(long)]
    only: Option<String>,
    /// The first seed of the simulator's campaign, to play seeds that nobody has played yet
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
}

type Check = Box<dyn Fn() -> Result<(), String>>;

/// Runs every check.
///
/// # Errors
/// Names those that failed.
pub(crate) fn pass(options: &Options) -> Result<(), String> {
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, check) in checks(options.first_seed) {
        if !wanted(name) {
            continue;
        }
        eprintln!("\n=== {name}");
        let began = Instant::now();
        let result = check();
        let seconds = began.elapsed().as_secs();
        match result {
            Ok(()) => {
                passed += 1;
                eprintln!("=== {name}: passed in {seconds} s");
            }
            Err(why) => {
                eprintln!("=== {name}: FAILED in {seconds} s: {why}");
                failed.push(format!("{name}: {why}"));
            }
        }
    }
    println!("checks: {passed} passed, {} failed", failed.len());
    match (passed, failed.len()) {
        (0, 0) => Err("no check has such a name".into()),
        (_, 0) => Ok(()),
        _ => Err(format!("\n  {}", failed.join("\n  "))),
    }
}

fn checks(first_seed: u64) -> Vec<(&'static str, Check)> {
    let cargo_check =
        |arguments: &'static [&'static str]| -> Check { Box::new(move || run(&mut cargo(arguments))) };
    vec![
        ("house rules", Box::new(|| rules::check(&root()))),
        ("format", cargo_check(&["fmt", "--all", "--check"])),
        (
            "lint",
            cargo_check(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        ),
        (
            "documentation",
            Box::new(|| {
                run(cargo(&["doc", "--workspace", "--no-deps", "--locked"])
                    .env("RUSTDOCFLAGS", "-D warnings"))
            }),
        ),
        ("bill of materials", Box::new(supply_chain::is_billed)),
        ("fuzz targets", Box::new(check_fuzz_targets)),
        ("postgis", Box::new(provide_postgis)),
        ("go", Box::new(provide_go)),
        ("cryptography", Box::new(|| provide_python(CRYPTOGRAPHY))),
        ("schemathesis", Box::new(|| provide_python(SCHEMATHESIS))),
        ("browser", Box::new(provide_browser)),
        ("tests", cargo_check(&["test", "--workspace", "--exclude", "detente-targets", "--locked"])),
        ("fuzz corpora", Box::new(fuzz::replay)),
        (
            "release build",
            cargo_check(&[
                "build",
                "--release",
                "--locked",
                "-p",
                "detente",
                "-p",
                "sim",
                "-p",
                "detente-siege",
                "-p",
                "detente-adversary",
            ]),
        ),
        ("attacks", Box::new(|| attack::make(&[]))),
        ("simulator", Box::new(move || play(SEEDS, first_seed, false))),
        ("simulator, strangers", Box::new(|| play(SPECIAL_SEEDS, STRANGERS, false))),
        ("simulator, narrow circuits", Box::new(|| play(SPECIAL_SEEDS, NARROW, false))),
        ("simulator, stores that fail", Box::new(|| play(SPECIAL_SEEDS, STORAGE, false))),
        ("simulator, fresh seeds of all kinds", Box::new(|| play(FRESH_SEEDS, fresh_seed()?, true))),
        ("demo: april-2017", demo("april-2017")),
        ("demo: deir-ez-zor-2016", demo("deir-ez-zor-2016")),
        ("demo: security-council-2017", demo("security-council-2017")),
    ]
}

pub(crate) fn install_from_debian(packages: &[&str]) -> Result<(), String> {
    run(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run(install.args(["-qq", "-y", "--no-install-recommends", "install"]).args(packages))
}

/// Holds the fuzz targets, which are outside the workspace, to the code that they call: they are not run here.
fn check_fuzz_targets() -> Result<(), String> {
    if !Command::new("c++").arg("--version").output().is_ok_and(|found| found.status.success()) {
        eprintln!("    a C++ compiler for libFuzzer is missing: installing g++ from Debian");
        install_from_debian(&["g++"])?;
    }
    let manifest = root().join("fuzz/Cargo.toml");
    let arguments = ["check", "--quiet", "--locked", "--manifest-path"];
    // Where the lint has built what both depend on.
    run(cargo(&arguments).arg(manifest).env("CARGO_TARGET_DIR", target()))
}

/// Sees to it that the tests have a PostgreSQL with PostGIS: covers are held to what it says.
fn provide_postgis() -> Result<(), String> {
    if let Some(programs) = detente_postgis::installed() {
        eprintln!("    PostgreSQL with PostGIS: {}", programs.display());
        return Ok(());
    }
    eprintln!("    PostGIS is missing: installing {} from Debian", detente_postgis::PACKAGES.join(" and "));
    detente_postgis::install().map_err(|fault| fault.to_string())
}

/// Go and its packages for transparency logs, which dossiers are held to.
const GO_PACKAGES: [&str; 2] = ["golang-go", "golang-golang-x-mod-dev"];

/// Sees to it that the tests of the console have a browser, what drives it, and another client that people use.
pub(crate) fn provide_browser() -> Result<(), String> {
    let runs = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|found| found.status.success())
    };
    let lacking: Vec<&str> = [("chromium", "chromium"), ("node", "nodejs"), ("npm", "npm"), ("curl", "curl")]
        .into_iter()
        .filter(|(program, _)| !runs(program))
        .map(|(_, package)| package)
        .collect();
    let fonts = Path::new("/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf");
    if !lacking.is_empty() || !fonts.exists() {
        let packages = [lacking.as_slice(), &["fonts-noto-core"]].concat();
        eprintln!("    a browser, Node or fonts are missing: installing {} from Debian", packages.join(", "));
        install_from_debian(&packages)?;
    }
    let (from, to) = (root().join("cli/tests/console"), target().join("browser"));
    std::fs::create_dir_all(&to).map_err(|cause| format!("make {}: {cause}", to.display()))?;
    let same = |file: &str| std::fs::read(from.join(file)).ok() == std::fs::read(to.join(file)).ok();
    if same("package-lock.json") && to.join("node_modules/playwright-core").exists() {
        eprintln!("    Chromium, Node and what drives it: there");
        return Ok(());
    }
    eprintln!("    installing what drives the browser from npm");
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(from.join(file), to.join(file)).map_err(|cause| format!("copy {file}: {cause}"))?;
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&to))
}

/// Sees to it that the tests have other people's tools for notes and proofs.
fn provide_go() -> Result<(), String> {
    let has_go = || {
        let sources = Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog");
        sources.exists()
            && Command::new("go").arg("version").output().is_ok_and(|found| found.status.success())
    };
    if has_go() {
        eprintln!("    Go with sumdb/note and sumdb/tlog: there");
        return Ok(());
    }
    eprintln!("    Go is missing: installing {} from Debian", GO_PACKAGES.join(" and "));
    install_from_debian(&GO_PACKAGES)?;
    if has_go() { Ok(()) } else { Err(format!("{} brought no sumdb/tlog", GO_PACKAGES.join(" and "))) }
}

/// PyPI's package whose ML-DSA seals are held to, and the version that is known to have it.
const CRYPTOGRAPHY: [&str; 3] = [
    "cryptography",
    "cryptography==50.0.2",
    "from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey",
];
/// PyPI's package that holds the API to its own description.
const SCHEMATHESIS: [&str; 3] = ["schemathesis", "schemathesis==4.32.5", "import schemathesis"];

/// Sees to it that the tests have somebody else's Python package, in an environment of its own: its folder, what is installed, and what
/// shows that it is there.
fn provide_python([folder, package, proof]: [&str; 3]) -> Result<(), String> {
    let environment = target().join(folder);
    let python = environment.join("bin/python3");
    let has_it = || {
        let found = Command::new(&python).args(["-c", proof]).output();
        found.is_ok_and(|found| found.status.success())
    };
    if has_it() {
        eprintln!("    {package}: {}", python.display());
        return Ok(());
    }
    eprintln!("    {folder} is missing: installing {package} into {}", environment.display());
    let make = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
    if make().is_err() {
        eprintln!("    Python cannot make environments: installing python3-venv from Debian");
        install_from_debian(&["python3-venv"])?;
        make()?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
    run(Command::new(&python).args(pip))?;
    if has_it() { Ok(()) } else { Err(format!("{package} did not bring what `{proof}` needs")) }
}

/// A seed that no run of CI has begun with: the time, with room for a thousand seeds to the second.
fn fresh_seed() -> Result<u64, String> {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "this machine's clock is before 1970")?;
    Ok(since.as_secs() * 1_000)
}

/// Plays a campaign, of one kind or of all; it, and whatever fails in it, can be played again by the commands that are printed.
fn play(seeds: u64, first_seed: u64, mixed: bool) -> Result<(), String> {
    let (seeds, first, failures) = (seeds.to_string(), first_seed.to_string(), FAILURES.to_string());
    let mixed: &[&str] = if mixed { &["--mixed"] } else { &[] };
    let again = mixed.join(" ");
    eprintln!("    the same again: cargo run --release -p sim -- --seeds {seeds} --first {first} {again}");
    let program = target().join("release/sim");
    let arguments = ["--seeds", &seeds, "--first", &first, "--failures", &failures];
    run(Command::new(program).args(arguments).args(mixed))
}

fn demo(scenario: &'static str) -> Check {
    Box::new(move || {
        let program = target().join("release/detente");
        run(Command::new(program).args(["demo", "--scenario", scenario, "--pace", "0", "--once"]))
    })
}
