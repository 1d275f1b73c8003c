//! What was run of each target, which adds up over sessions: `fuzz/runs.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What was run of all targets.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ledger(BTreeMap<String, Runs>);

/// What was run of a target.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Runs {
    cpu_seconds: u64,
    executions: u64,
    /// How much of the program its last run came through, as libFuzzer counts.
    edges: u64,
    features: u64,
    /// How often it ended with something found.
    findings: u64,
    /// What its last run was built of.
    commit: String,
}

/// One run.
#[derive(Debug)]
pub(super) struct Ran {
    cpu_seconds: u64,
    executions: u64,
    edges: u64,
    features: u64,
    findings: u64,
}

impl Ran {
    /// From what libFuzzer says.
    pub(super) fn of(told: &str, cpu_seconds: u64, findings: u64) -> Self {
        let last = |word: &str| {
            let mut found = 0;
            for line in told.lines().filter(|line| line.starts_with('#')) {
                let mut words = line.split_whitespace().skip_while(|at| *at != word).skip(1);
                if let Some(number) = words.next().and_then(|number| number.parse().ok()) {
                    found = number;
                }
            }
            found
        };
        let executed = |line: &str| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok();
        let counted = |line: &str| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok();
        let executions =
            told.lines().find_map(executed).or_else(|| told.lines().filter_map(counted).next_back());
        let (edges, features) = (last("cov:"), last("ft:"));
        Self { cpu_seconds, executions: executions.unwrap_or(0), edges, features, findings }
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_seconds, executions, edges, features, findings } = self;
        write!(f, "{executions} executions in {cpu_seconds} s of CPU, {edges} edges, {features} features")?;
        if *findings > 0 { f.write_str(", and something found") } else { Ok(()) }
    }
}

impl Ledger {
    /// Reads it; an empty one, if there is none.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path).map_err(|cause| format!("read {}: {cause}", path.display()))?;
        serde_json::from_str(&text).map_err(|cause| format!("read {}: {cause}", path.display()))
    }

    /// Writes it.
    ///
    /// # Errors
    /// If that fails.
    pub(super) fn write(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|cause| cause.to_string())?;
        fs::write(path, text + "\n").map_err(|cause| format!("write {}: {cause}", path.display()))
    }

    /// Adds a run.
    pub(super) fn add(&mut self, target: &str, ran: &Ran, commit: &str) {
        let runs = self.0.entry(target.into()).or_default();
        runs.cpu_seconds += ran.cpu_seconds;
        runs.executions += ran.executions;
        runs.findings += ran.findings;
        (runs.edges, runs.features) = (ran.edges, ran.features);
        runs.commit = commit.into();
    }

    /// How a target stands, in words; so many minutes are wanted.
    pub(super) fn line(&self, target: &str, wanted: u64) -> String {
        let Some(runs) = self.0.get(target) else { return format!("{target}: never run") };
        let Runs { cpu_seconds, executions, edges, findings, .. } = runs;
        let minutes = *cpu_seconds as f64 / 60.0;
        format!(
            "{target}: {minutes:.1} of {wanted} minutes of CPU, {executions} executions, {edges} edges, {findings} findings"
        )
    }
}

/// How long the programs that this one ran and waited for have had a CPU in all, s.
///
/// # Errors
/// Where the system does not say.
pub(super) fn children_cpu_seconds() -> Result<u64, String> {
    let unsaid = || "the system does not say how long programs have run".to_owned();
    let said = fs::read_to_string("/proc/self/stat").map_err(|_| unsaid())?;
    // Behind the name, which may hold anything, begins the third field; the 16th and the 17th are these, in hundredths of a second (proc(5)).
    let fields: Vec<&str> =
        said.rsplit(')').next().map(|fields| fields.split_whitespace().collect()).unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let (user, system) = (ticks(13).ok_or_else(unsaid)?, ticks(14).ok_or_else(unsaid)?);
    Ok((user + system) / 100)
}
