//! `detente demo`: a scenario replayed on real stations, before one's eyes.
//!
//! Starts a station for every party of a scenario, each a process with its own keys, store and clock; replays
//! the scenario's steps over QUIC; shows on one timeline what each party claims beside what the record proves;
//! and says whether everything that the scenario expects came true. It knows the stations only by their API
//! (spec/api.md). It leaves nothing behind unless it is told to keep it.

mod burst;
mod calls;
mod check;
mod conflict;
mod consent;
mod drawing;
mod foresight;
mod judging;
mod ledger;
mod motions;
mod play;
mod relay;
mod roll;
mod schedule;
mod screen;
mod stage;
mod timeline;

use std::path::PathBuf;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use self::play::Play;
use self::screen::{Pace, Screen};
use self::stage::{Stage, StageError};
use crate::failure::Failure;
use crate::harmless;
use crate::output::Output;
use crate::scenario::{Scenario, Unreadable};

/// The options of `detente demo`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// april-2017, deir-ez-zor-2016, security-council-2017, or a folder with a scenario.toml (docs/scenarios.md)
    #[arg(long, default_value = "april-2017", value_name = "NAME|FOLDER")]
    scenario: String,
    /// How long a step stays: slow, normal, fast, instant, or seconds
    #[arg(long, default_value = "normal", value_parser = Pace::parse)]
    pace: Pace,
    /// End after the last step, with code 1 if an expectation did not hold
    #[arg(long)]
    once: bool,
    /// Wait for Enter before the first step, so that the consoles can be opened
    #[arg(long)]
    wait: bool,
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

/// Replays a scenario: 0 when every expectation held, 1 when one did not, 2 when the scenario is faulty.
///
/// # Errors
/// What kept the replay from going on.
pub(crate) fn run(options: &Options, out: &Output) -> Result<ExitCode, Failure> {
    let scenario = match Scenario::find(&options.scenario) {
        Ok(scenario) => scenario,
        Err(Unreadable::Faulty(faults)) => {
            let faults: Vec<String> = faults.to_string().lines().map(harmless::line).collect();
            out.message(&faults.join("\n"));
            return Ok(ExitCode::from(2));
        }
        Err(Unreadable::Missing { found, hint }) => {
            return Err(Failure::misuse("scenario", "a shipped one, a folder or a file", found, hint));
        }
    };
    if options.check {
        out.data(&format!("{}: {} steps, no fault found", scenario.title, scenario.steps.len()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| StageError::new("the system", "threads", cause))?;
    let held = runtime.block_on(replay(&scenario, options, out))?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether every expectation held.
async fn replay(scenario: &Scenario, options: &Options, out: &Output) -> Result<bool, StageError> {
    let names: Vec<String> = scenario.parties.iter().map(|plan| plan.name.clone()).collect();
    let screen = Screen::stdout(out, options.width, names, options.pace.step(scenario.steps.len()));
    let stage = Stage::set(scenario, options.keep.as_deref()).await?;
    let mut play = Play::new(scenario, stage, screen, options.wait);
    let ended = ended()?;
    let performed = tokio::select! {
        performed = play.perform() => performed,
        () = ended => Err(StageError::new("the replay", "its end", "a signal to stop")),
    };
    if performed.is_ok() && !options.once {
        linger(&mut play).await?;
    }
    // Whatever happened, no station outlives its replay.
    play.stage.strike().await?;
    performed?;
    if play.stage.is_kept() {
        let kept = format!("Kept: {}\n", play.stage.folder().display());
        play.screen.show(&kept);
    }
    Ok(play.score.failures.is_empty())
}

/// Comes back when somebody asks this process to end.
fn ended() -> Result<impl Future<Output = ()>, StageError> {
    let listen = |kind| signal(kind).map_err(|cause| StageError::new("the system", "signals", cause));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Leaves the stations running until somebody ends it, and says how to look at them.
async fn linger(play: &mut Play<'_>) -> Result<(), StageError> {
    let ended = ended()?;
    let mut text = play.screen.timeline.heading("Look for yourself");
    text += "The stations go on. In another terminal:\n";
    for actor in play.stage.running() {
        text += &format!("  detente --home {} status\n", actor.home().display());
    }
    text += "Ctrl-C ends them.\n";
    play.screen.show(&format!("\n{text}"));
    ended.await;
    Ok(())
}
