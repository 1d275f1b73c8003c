//! `detente-adversary`: makes attacks on a real station, and says what held.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use detente_adversary::attacks::{ALL, make};
use detente_adversary::{Attack, Outcome, Scene};
use serde_json::json;

/// Attacks on a real station, on loopback alone.
#[derive(Debug, Parser)]
#[command(name = "detente-adversary")]
struct Options {
    /// Which attacks; all, if none is named
    names: Vec<String>,
    /// Say which there are, and make none
    #[arg(long)]
    list: bool,
    /// What was measured, as one line of JSON for each attack
    #[arg(long)]
    json: bool,
    /// The program that is attacked; otherwise the `detente` beside this program
    #[arg(long)]
    station: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        for attack in &ALL {
            println!("{:<24} {}", attack.name, attack.tries);
        }
        return ExitCode::SUCCESS;
    }
    match attack(&options).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("error: {failed} attacks did what they must not");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn attack(options: &Options) -> Outcome<usize> {
    if let Some(other) = options.names.iter().find(|name| ALL.iter().all(|attack| attack.name != **name)) {
        return Err(format!("expected an attack of `--list`, found {other}").into());
    }
    let wanted =
        |attack: &&Attack| options.names.is_empty() || options.names.iter().any(|name| name == attack.name);
    let here = std::env::current_exe()?;
    let beside = here.parent().unwrap_or(&here);
    let program = options.station.clone().unwrap_or_else(|| beside.join("detente"));
    let folder = std::env::temp_dir().join(format!("detente-adversary-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let failed = on(&program, &folder, options.json, ALL.iter().filter(wanted)).await;
    std::fs::remove_dir_all(&folder)?;
    failed
}

async fn on(
    program: &std::path::Path,
    folder: &std::path::Path,
    as_json: bool,
    attacks: impl Iterator<Item = &Attack>,
) -> Outcome<usize> {
    let mut scene = Scene::set(program, &folder.join("0")).await?;
    let mut failed = 0;
    for (place, attack) in attacks.enumerate() {
        let begun = std::time::Instant::now();
        let outcome = make(attack, &scene).await;
        let seconds = (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let held = outcome.is_ok();
        let (figures, why) = match outcome {
            Ok(figures) => (figures, None),
            Err(why) => (serde_json::Map::new(), Some(why.to_string())),
        };
        if as_json {
            println!(
                "{}",
                json!({"attack": attack.name, "held": held, "seconds": seconds, "figures": figures, "why": why})
            );
        } else if let Some(why) = why {
            println!("✗ {:<24} {seconds:>5} s  {why}", attack.name);
        } else {
            let figures: Vec<String> =
                figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
            println!("✓ {:<24} {seconds:>5} s  {}", attack.name, figures.join(", "));
        }
        if !held {
            failed += 1;
            // The next one is made on a station that nothing was done to.
            scene = Scene::set(program, &folder.join((place + 1).to_string())).await?;
        }
    }
    Ok(failed)
}
