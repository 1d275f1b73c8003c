//! `cargo xtask fuzz`: the fuzz targets, guided by coverage, on the compiler that the project is pinned to.
//!
//! libFuzzer comes with its crate, and the coverage that guides it with LLVM's own pass, so neither a nightly compiler nor `cargo-fuzz` is
//! needed; in place of a sanitizer stand debug assertions, overflow checks and a house without `unsafe`. Corpora are kept in `fuzz/corpus`,
//! inputs that once found something in `fuzz/regressions`, and what was run in `fuzz/runs.json`, which adds up.

mod corpus;
mod ledger;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::shell::{cargo, commit, root, run, target};
use ledger::{Ledger, Ran};

/// LLVM's pass that counts where a program goes and what it compares.
const COVERAGE: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// Largest input that is tried, and kept, in bytes; of formats that cannot say anything in so little, more.
const MAX_INPUT: u64 = 4_096;
const MAX_ARCHIVE: u64 = 32_768;
const ARCHIVES: [&str; 3] = ["dossier", "file", "xlsx"];
/// What one input may take: memory in MiB, time in seconds.
const MEMORY: u64 = 2_048;
const PATIENCE: u64 = 25;
/// How long every target is to have run, in minutes of CPU.
const WANTED: u64 = 30;

/// The folders that targets are built of.
const BUILT_OF: [&str; 7] =
    ["core", "dossier", "exchange", "console", "station", "fuzz/fuzz_targets", "fuzz/targets"];

/// What `fuzz` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which targets; all, if none is named
    targets: Vec<String>,
    /// How long each runs, in minutes
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Say which targets there are, and how long each has run
    #[arg(long)]
    list: bool,
    /// Play the kept inputs of all targets alone, in an ordinary build
    #[arg(long)]
    regressions: bool,
    /// Make each corpus as small as its coverage allows, and run nothing
    #[arg(long)]
    minimise: bool,
    /// Take the files of a folder as inputs besides
    #[arg(long, value_name = "FOLDER")]
    seeds: Option<PathBuf>,
}

/// Does what is asked.
///
/// # Errors
/// If something cannot be built or run, and if a target finds something.
pub(crate) fn pass(options: &Options) -> Result<(), String> {
    let targets = chosen(&options.targets)?;
    if options.list {
        let ledger = Ledger::read(&root().join("fuzz/runs.json"))?;
        for name in &targets {
            println!("{}", ledger.line(name, WANTED));
        }
        return Ok(());
    }
    if options.regressions {
        return replay();
    }
    build(&targets)?;
    let mut findings = Vec::new();
    for name in &targets {
        let target = Target::named(name);
        if !options.minimise {
            findings.extend(target.fuzz(options)?);
        }
        target.minimise(options.seeds.as_deref())?;
    }
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!(
        "found something; put what is to stay into fuzz/regressions/TARGET:\n  {}",
        findings.join("\n  ")
    ))
}

/// The names of the targets, as the files are.
fn all() -> Result<Vec<String>, String> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut names: Vec<String> = files(&folder)?
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

fn chosen(wanted: &[String]) -> Result<Vec<String>, String> {
    let all = all()?;
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        return Err(format!("no target is called {unknown}; there are {}", all.join(", ")));
    }
    Ok(if wanted.is_empty() { all } else { wanted.to_vec() })
}

/// The files of a folder, in the order of their names; none, if it is not there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |cause: std::io::Error| format!("read {}: {cause}", folder.display());
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The triple of this machine: where it is named, what runs while building is not counted.
fn triple() -> Result<String, String> {
    let told = Command::new("rustc").args(["-vV"]).current_dir(root()).output();
    let told = told.map_err(|cause| format!("run rustc: {cause}"))?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    told.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc does not say for which machine it builds".into())
}

fn with_bins(command: &mut Command, targets: &[String]) {
    for name in targets {
        command.args(["--bin", name]);
    }
}

fn build(targets: &[String]) -> Result<(), String> {
    let mut command = cargo(&["build", "--quiet", "--release", "--locked", "--manifest-path"]);
    command.arg(root().join("fuzz/Cargo.toml")).args(["--target", &triple()?]);
    command.env("RUSTFLAGS", COVERAGE.join(" ")).env("CARGO_TARGET_DIR", target().join("fuzz"));
    with_bins(&mut command, targets);
    run(&mut command)
}

/// Plays every kept input of every target, in an ordinary build that shares what the tests have built (fuzz/targets/tests/corpora.rs).
///
/// # Errors
/// If one fails, or a target has none.
pub(crate) fn replay() -> Result<(), String> {
    run(&mut cargo(&["test", "--workspace", "--locked", "--test", "corpora", "--", "--nocapture"]))
}

/// A target and where its things are.
struct Target<'a> {
    name: &'a str,
    /// What is kept, in one file.
    kept: PathBuf,
    /// The same, a file each.
    corpus: PathBuf,
    /// All that was come upon on this machine.
    work: PathBuf,
    artifacts: PathBuf,
}

impl<'a> Target<'a> {
    fn named(name: &'a str) -> Self {
        let work = target().join("fuzz");
        Self {
            name,
            kept: root().join("fuzz/corpus").join(name),
            corpus: work.join("corpus").join(name),
            work: work.join("work").join(name),
            artifacts: work.join("artifacts").join(name),
        }
    }

    fn command(&self) -> Result<Command, String> {
        for folder in [&self.corpus, &self.work, &self.artifacts] {
            fs::create_dir_all(folder).map_err(|cause| format!("make {}: {cause}", folder.display()))?;
        }
        let mut command = Command::new(target().join("fuzz").join(triple()?).join("release").join(self.name));
        corpus::unpack(&self.kept, &self.corpus)?;
        let most = if ARCHIVES.contains(&self.name) { MAX_ARCHIVE } else { MAX_INPUT };
        command.arg(format!("-max_len={most}")).current_dir(root());
        Ok(command)
    }

    /// Lets it run to its end. However it ends, its temporary files are gone; their folder's name is short, for a socket's may not be long.
    fn finish<T>(
        &self,
        command: &mut Command,
        run: impl FnOnce(&mut Command) -> std::io::Result<T>,
    ) -> Result<T, String> {
        let files = std::env::temp_dir().join(format!("detente-fuzzing-{}", std::process::id()));
        fs::create_dir_all(&files).map_err(|cause| format!("make {}: {cause}", files.display()))?;
        let ended = run(command.env("TMPDIR", &files));
        fs::remove_dir_all(&files).map_err(|cause| format!("remove {}: {cause}", files.display()))?;
        ended.map_err(|cause| format!("run {}: {cause}", self.name))
    }

    /// Runs it for its time, and writes down what was run; what it found.
    fn fuzz(&self, options: &Options) -> Result<Vec<String>, String> {
        let seconds = (options.minutes * 60.0).max(1.0) as u64;
        let log = target().join("fuzz").join(format!("{}.log", self.name));
        let output = fs::File::create(&log).map_err(|cause| format!("make {}: {cause}", log.display()))?;
        let mut command = self.command()?;
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-rss_limit_mb={MEMORY}"));
        command.arg(format!("-timeout={PATIENCE}")).args(["-print_final_stats=1", "-len_control=0"]);
        command.arg(format!("-artifact_prefix={}/", self.artifacts.display()));
        let dictionary = root().join(format!("fuzz/dictionaries/{}.dict", self.name));
        if dictionary.exists() {
            command.arg(format!("-dict={}", dictionary.display()));
        }
        command.arg(&self.work).arg(&self.corpus).args(&options.seeds);
        eprintln!("    {}: {seconds} s; it says how far it is in {}", self.name, log.display());
        let before = ledger::children_cpu_seconds()?;
        command.stderr(Stdio::from(output)).stdout(Stdio::null());
        let status = self.finish(&mut command, Command::status)?;
        let cpu_seconds = ledger::children_cpu_seconds()?.saturating_sub(before);
        let told = fs::read(&log).map_err(|cause| format!("read {}: {cause}", log.display()))?;
        let told = String::from_utf8_lossy(&told);
        let mut found = Vec::new();
        if !status.success() {
            let kept = told.lines().find_map(|line| line.split("Test unit written to ").nth(1));
            found.push(format!("{}: {}", self.name, kept.map_or("see its log", str::trim)));
        }
        let ran = Ran::of(&told, cpu_seconds, found.len() as u64);
        eprintln!("    {}: {ran}", self.name);
        let path = root().join("fuzz/runs.json");
        let mut ledger = Ledger::read(&path)?;
        ledger.add(self.name, &ran, &commit(&BUILT_OF)?);
        ledger.write(&path)?;
        Ok(found)
    }

    /// Keeps of all that was come upon what covers the same, the smallest first, and no more than is to be kept.
    fn minimise(&self, seeds: Option<&Path>) -> Result<(), String> {
        let to = self.corpus.with_extension("new");
        let _ = fs::remove_dir_all(&to);
        fs::create_dir_all(&to).map_err(|cause| format!("make {}: {cause}", to.display()))?;
        let mut command = self.command()?;
        command.args(["-merge=1"]).arg(&to).arg(&self.corpus).arg(&self.work).args(seeds);
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        let told = self.finish(&mut command, Command::output)?;
        if !told.status.success() {
            let _ = fs::remove_dir_all(&to);
            return Err(format!("{}: {}", self.name, String::from_utf8_lossy(&told.stderr)));
        }
        corpus::pack(&to, &self.kept)?;
        fs::remove_dir_all(&to).map_err(|cause| format!("remove {}: {cause}", to.display()))
    }
}
