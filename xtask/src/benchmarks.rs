//! `cargo xtask benchmarks`: measures the suites that are asked for, keeps what came out of each in docs/benchmarks/, and writes
//! docs/benchmarks.md of all that are kept, with a plot of each: the figures, the machine, the versions, and the commands.
//!
//! A suite that is not measured stays as it was, with its own date and commit. A figure that misses its goal stands there like any other.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::bench::{build, measuring};
use crate::shell::root;

/// The suites, in the order of the page.
const SUITES: [(&str, &str); 5] = [
    ("line", "The line"),
    ("airspace", "The conflict check"),
    ("evidence", "What a record proves, and what parties decide"),
    ("circuits", "Circuits of every kind"),
    ("console", "The console"),
];
/// The page.
const PAGE: &str = "docs/benchmarks.md";
/// Where what was measured is kept.
const KEPT: &str = "docs/benchmarks";

/// What `benchmarks` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which suites to measure: line, airspace, evidence, circuits, console; without any the page is written of what is kept
    suites: Vec<String>,
    /// A smoke run, of which nothing is kept
    #[arg(long)]
    quick: bool,
}

/// One row of a suite, as `detente-bench --json` has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    figure: String,
    ours: f64,
    unit: String,
    against: String,
    theirs: Option<f64>,
    ratio: Option<f64>,
    goal: String,
    met: Option<bool>,
}

/// What came out of a suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Measured {
    /// The command.
    command: String,
    /// The day, as `YYYY-MM-DD`.
    day: String,
    /// The commit that was measured.
    commit: String,
    /// Processor, cores, memory, kernel.
    machine: String,
    /// The compiler, and the peers that are programs of their own.
    versions: Vec<String>,
    /// The rows.
    figures: Vec<Row>,
}

/// Measures, keeps and writes.
///
/// # Errors
/// If a suite does not run, or a file cannot be written.
pub(crate) fn write(options: &Options) -> Result<(), String> {
    let unknown = options.suites.iter().find(|suite| SUITES.iter().all(|(name, _)| name != suite));
    if let Some(unknown) = unknown {
        return Err(format!("`{unknown}` is no suite: line, airspace, evidence, circuits and console are"));
    }
    if !options.suites.is_empty() {
        build()?;
    }
    let kept = root().join(KEPT);
    fs::create_dir_all(&kept).map_err(|cause| format!("make {}: {cause}", kept.display()))?;
    for suite in &options.suites {
        eprintln!("    measuring {suite}: nothing else should run on this machine meanwhile");
        let measured = measured(suite, options.quick)?;
        if options.quick {
            println!("{}", table(&measured.figures));
            continue;
        }
        let mut text = serde_json::to_string_pretty(&measured).map_err(|cause| cause.to_string())?;
        text.push('\n');
        put(&kept.join(format!("{suite}.json")), &text)?;
    }
    page(&kept)
}

/// Runs a suite.
fn measured(suite: &str, quick: bool) -> Result<Measured, String> {
    let mut arguments = vec![suite.to_owned(), "--json".to_owned()];
    if quick {
        arguments.push("--quick".to_owned());
    }
    let told = measuring(&arguments)?
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|cause| format!("run the benchmark: {cause}"))?;
    if !told.status.success() {
        return Err(format!("the suite {suite} failed: {}", told.status));
    }
    let figures =
        serde_json::from_slice(&told.stdout).map_err(|cause| format!("what {suite} printed: {cause}"))?;
    Ok(Measured {
        command: format!("cargo xtask bench {suite}"),
        day: said("date", &["--utc", "+%Y-%m-%d"])?,
        commit: said("git", &["rev-parse", "--short=10", "HEAD"])?,
        machine: machine()?,
        versions: versions(),
        figures,
    })
}

/// What a program says, in one line.
fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let told = Command::new(program).args(arguments).current_dir(root()).output();
    let told = told.map_err(|cause| format!("run {program}: {cause}"))?;
    let text = String::from_utf8_lossy(&told.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn machine() -> Result<String, String> {
    let value = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).map(str::to_owned);
        line.and_then(|line| line.split_once(':').map(|(_, value)| value.trim().to_owned()))
            .unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (processor, memory) = (value("/proc/cpuinfo", "model name"), value("/proc/meminfo", "MemTotal"));
    let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    let gib = kib as f64 / f64::from(1 << 20);
    Ok(format!("{processor}, {cores} cores, {gib:.0} GiB, Linux {}", said("uname", &["-r"])?))
}

/// The compiler, and the peers that are there.
fn versions() -> Vec<String> {
    let programs = [
        ("rustc", "--version"),
        ("mosquitto", "-h"),
        ("postgres", "--version"),
        ("psql", "--version"),
        ("chromium", "--version"),
        ("node", "--version"),
    ];
    let told = programs.into_iter().filter_map(|(program, ask)| {
        let line = said(program, &[ask]).ok().filter(|line| !line.is_empty())?;
        Some(if program == "node" { format!("Node {line}") } else { line })
    });
    told.collect()
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|cause| format!("write {}: {cause}", path.display()))
}

/// Writes the page of everything that is kept.
fn page(kept: &Path) -> Result<(), String> {
    let mut text = String::from(
        "# Benchmarks\n\nEvery figure that was promised, as it was measured, beside the peer or the limit in the same run. Written by\n\
         `cargo xtask benchmarks`, which measures; `cargo xtask bench SUITE` prints one suite. A ratio holds where a figure drifts with the\n\
         disk and the machine. A goal that is missed is shown as such.\n",
    );
    for (suite, title) in SUITES {
        let path: PathBuf = kept.join(format!("{suite}.json"));
        let Ok(bytes) = fs::read(&path) else { continue };
        let measured: Measured =
            serde_json::from_slice(&bytes).map_err(|cause| format!("{}: {cause}", path.display()))?;
        put(&kept.join(format!("{suite}.svg")), &plot(title, &measured.figures))?;
        let Measured { command, day, commit, machine, versions, figures } = &measured;
        let goals = figures.iter().filter(|row| row.met.is_some()).count();
        let met = figures.iter().filter(|row| row.met == Some(true)).count();
        let _ = write!(
            text,
            "\n## {title}\n\n`{command}` on {day} at `{commit}`; {machine}; {}. {met} of {goals} goals met.\n\n\
             ![{title}: us beside the peers](benchmarks/{suite}.svg)\n\n{}",
            versions.join("; "),
            table(figures)
        );
    }
    put(&root().join(PAGE), &text)
}

/// A number as people read it.
fn short(number: f64) -> String {
    let magnitude = number.abs();
    match magnitude {
        _ if magnitude >= 1_000.0 => format!("{number:.0}"),
        _ if magnitude >= 100.0 => format!("{number:.0}"),
        _ if magnitude >= 10.0 => format!("{number:.1}"),
        _ if magnitude >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

fn table(figures: &[Row]) -> String {
    let mut text = String::from(
        "| figure | ours | unit | against | theirs | ratio | goal | met |\n|---|---|---|---|---|---|---|---|\n",
    );
    let plain = |cell: &str| cell.replace('|', "/");
    for row in figures {
        let or_none = |number: Option<f64>| number.map(short).unwrap_or_default();
        let met = match row.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {met} |",
            plain(&row.figure),
            short(row.ours),
            row.unit,
            plain(&row.against),
            or_none(row.theirs),
            row.ratio.map(|ratio| format!("{}x", short(ratio))).unwrap_or_default(),
            row.goal,
        );
    }
    text
}

/// Width of a plot, and of the names at its left, in pixels.
const WIDTH: f64 = 960.0;
const NAMES: f64 = 470.0;
/// Height of a row.
const ROW: f64 = 26.0;

/// The ratios of a suite, on a scale of powers of ten: what is less of ours than of theirs goes to the left of the line, and more to the
/// right. Colour tells goals that are met from those that are missed, and so does a word.
fn plot(title: &str, figures: &[Row]) -> String {
    let rows: Vec<(&Row, f64)> =
        figures.iter().filter_map(|row| Some((row, row.ratio?.max(1e-6).log10()))).collect();
    let most = rows.iter().map(|(_, power)| power.abs()).fold(1.0, f64::max).ceil();
    let (height, middle) = ((rows.len() as f64 + 2.5) * ROW, NAMES + (WIDTH - NAMES - 70.0) / 2.0);
    let scale = (WIDTH - NAMES - 70.0) / 2.0 / most;
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{}: ours by theirs</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escaped(title)
    );
    let bottom = height - ROW;
    let powers = (-(most as i32)..=most as i32).step_by(if most > 4.0 { 2 } else { 1 });
    for power in powers {
        let x = middle + f64::from(power) * scale;
        let name = match power {
            0 => "equal".to_owned(),
            _ => format!("{}x", 10f64.powi(power)),
        };
        let stroke = if power == 0 { "#333" } else { "#ddd" };
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" y1=\"8\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"{stroke}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{name}</text>",
            bottom + 16.0
        );
    }
    for (place, (row, power)) in rows.iter().enumerate() {
        let y = 10.0 + place as f64 * ROW;
        let (from, to) = (middle.min(middle + power * scale), middle.max(middle + power * scale));
        let (fill, word) = match row.met {
            Some(true) => ("#2a7d4f", ""),
            Some(false) => ("#b3261e", " missed"),
            None => ("#7a869a", ""),
        };
        let name = escaped(&format!("{} / {}", row.figure, row.against));
        let name: String =
            if name.chars().count() > 76 { name.chars().take(75).chain(['…']).collect() } else { name };
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#222\">{name}</text>\
             <rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#222\">{}x{word}</text>",
            NAMES - 8.0,
            y + 13.0,
            (to - from).max(1.0),
            ROW - 9.0,
            to + 4.0,
            y + 13.0,
            short(10f64.powf(*power)),
        );
    }
    text.push_str("</svg>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(figure: &str, ratio: Option<f64>, met: Option<bool>) -> Row {
        Row {
            figure: figure.into(),
            ours: 1.5,
            unit: "ms".into(),
            against: "a peer".into(),
            theirs: ratio.map(|ratio| 1.5 / ratio),
            ratio,
            goal: "at most 1x".into(),
            met,
        }
    }

    #[test]
    fn a_missed_goal_is_shown_as_missed_and_a_name_breaks_no_table_and_no_picture() {
        let rows = [row("a | b <c>", Some(0.5), Some(false)), row("alone", None, Some(true))];
        let table = table(&rows);
        assert!(
            table.contains("| a / b <c> | 1.50 | ms | a peer | 3.00 | 0.500x | at most 1x | **no** |"),
            "{table}"
        );
        let plot = plot("Us & them", &rows);
        assert!(plot.contains("0.500x missed") && plot.contains("a | b &lt;c&gt;"), "{plot}");
        assert!(
            plot.contains("Us &amp; them") && !plot.contains("alone"),
            "only what has a ratio is in it: {plot}"
        );
    }
}
