//! `detente-model`: looks at everything that can happen on a small line, and says what holds.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use detente_model::{Report, Scope, Subject, check};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Protocol {
    Mirrors,
    Standing,
    Motions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Width {
    Small,
    Wide,
}

/// Looks at everything that can happen on a small line.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which protocol; all of them where it is left out.
    protocol: Option<Protocol>,
    /// How much of the world.
    #[arg(long, value_enum, default_value = "small")]
    scope: Width,
    /// For machines: one report a line.
    #[arg(long)]
    json: bool,
    /// How many threads.
    #[arg(long, default_value = "2")]
    threads: usize,
}

fn show(report: &Report) {
    let Report { subject, scope, states, unique, stations, depth, seconds, findings } = report;
    println!("{subject}: {scope}");
    println!("  {unique} states ({states} ways to them), {stations} stations, depth {depth}, {seconds:.1} s");
    for finding in findings {
        let verdict = match (finding.holds, finding.comes_about) {
            (true, false) => "holds",
            (true, true) => "comes about",
            (false, false) => "BROKEN",
            (false, true) => "NEVER COMES ABOUT",
        };
        println!("  {verdict}: {}", finding.property);
        if !finding.holds {
            finding.path.iter().for_each(|action| println!("      {action:?}"));
            finding.end.iter().for_each(|end| println!("      then: {end}"));
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let subjects = match arguments.protocol {
        Some(Protocol::Mirrors) => vec![Subject::Mirrors],
        Some(Protocol::Standing) => vec![Subject::Standing],
        Some(Protocol::Motions) => vec![Subject::Motions],
        None => Subject::ALL.to_vec(),
    };
    let mut holds = true;
    for scope in subjects.into_iter().flat_map(|subject| match arguments.scope {
        Width::Small => Scope::small(subject),
        Width::Wide => Scope::small(subject),
    }) {
        match check(&scope, arguments.threads) {
            Ok(report) if arguments.json => {
                holds &= report.holds();
                println!("{}", report.to_json());
            }
            Ok(report) => {
                holds &= report.holds();
                show(&report);
            }
            Err(why) => {
                eprintln!("{}: {why}", scope.name);
                holds = false;
            }
        }
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
