//! `detente demo`: a scenario replayed on real stations, before one's eyes.
//!
//! Starts a station for every party of a scenario, each a process with its own keys, store and clock; replays
//! the scenario's steps over QUIC; shows on one timeline what each party claims beside what the record proves;
//! and says whether everything that the scenario expects came true. It knows the stations only by their API
//! (spec/api.md). It leaves nothing behind unless it is told to keep it.

mod check;
mod drawing;
mod ledger;
mod play;
mod relay;
mod schedule;
mod screen;
mod socket;
mod stage;
mod timeline;

use std::path::PathBuf;
use std::process::ExitCode;

use self::play::Play;
use self::screen::{Pace, Screen};
use self::stage::{Stage, StageError};
use crate::scenario::Scenario;

/// The options of `detente demo`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// april-2017, deir-ez-zor-2016, or a folder with a scenario.toml (docs/scenarios.md)
    #[arg(long, default_value = "april-2017", value_name = "NAME|FOLDER")]
    scenario: String,
    /// How long a step stays: slow, normal, fast, instant, or seconds
    #[arg(long, default_value = "normal", value_parser = Pace::parse)]
    pace: Pace,
    /// End after the last step, with code 1 if an expectation did not hold
    #[arg(long)]
    once: bool,
    /// Keep the stations' folders in a new folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Columns to draw for, from 80 on; as many as the terminal has, if not given
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,
    /// Only read the scenario, and say what is wrong with it
    #[arg(long)]
    check: bool,
}

/// Replays a scenario.
///
/// Gives 0 when every expectation held, 1 when one did not or the replay could not go on, 2 when there is no
/// such scenario or it is faulty.
pub(crate) fn run(options: &Options) -> ExitCode {
    let scenario = match Scenario::find(&options.scenario) {
        Ok(scenario) => scenario,
        Err(unreadable) => {
            eprintln!("error: {}", unreadable.to_string().trim_end());
            return ExitCode::from(2);
        }
    };
    if options.check {
        println!("{}: {} steps, no fault found", scenario.title, scenario.steps.len());
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("error: the system gives no threads: {cause}");
            return ExitCode::from(1);
        }
    };
    let played = runtime.block_on(async {
        tokio::select! {
            played = replay(&scenario, options) => played,
            _ = tokio::signal::ctrl_c() => Err(StageError::stopped()),
        }
    });
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}

/// Whether every expectation held.
async fn replay(scenario: &Scenario, options: &Options) -> Result<bool, StageError> {
    let names: Vec<String> = scenario.parties.iter().map(|plan| plan.name.clone()).collect();
    let screen = Screen::stdout(options.width, names, options.pace.step(scenario.steps.len()));
    let stage = Stage::set(scenario, options.keep.as_deref()).await?;
    let mut play = Play::new(scenario, stage, screen);
    play.perform().await?;
    if !options.once {
        linger(&mut play).await;
    }
    play.stage.strike().await?;
    if play.stage.is_kept() {
        let kept = format!("Kept: {}\n", play.stage.folder().display());
        play.screen.show(&kept);
    }
    Ok(play.score.failures.is_empty())
}

/// Leaves the stations running until somebody ends it, and says how to look at them.
async fn linger(play: &mut Play<'_>) {
    let mut text = String::from("\nThe stations go on. In another terminal:\n");
    for actor in play.stage.running() {
        text += &format!("  detente --home {} status\n", actor.home().display());
    }
    text += "Ctrl-C ends them.\n";
    let text = play.screen.timeline.heading("Look for yourself") + &text;
    play.screen.show(&text);
    // The signal itself may be lost only together with the terminal; then there is nobody to linger for.
    let _ = tokio::signal::ctrl_c().await;
}
