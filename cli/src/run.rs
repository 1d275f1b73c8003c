//! `detente run`: a station at work, its log on standard error.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use detente_station::clock::Clock;
use detente_station::{Home, SetupError};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Runs the station of a folder until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting or going on.
pub(crate) fn run(home: Home, json_log: bool) -> Result<(), SetupError> {
    start_log(json_log)?;
    let clock = clock()?;
    let path = home.path().to_owned();
    on_threads(&path, detente_station::run(home, clock))
}

fn wrong(text: String, hint: &'static str) -> SetupError {
    SetupError::File { path: PathBuf::from("the environment"), text, hint: hint.into() }
}

/// Writes the log to standard error, as DETENTE_LOG asks for it.
///
/// # Errors
/// For a filter that is none.
pub(crate) fn start_log(json_log: bool) -> Result<(), SetupError> {
    let filter = match std::env::var("DETENTE_LOG") {
        Ok(text) if !text.is_empty() => EnvFilter::try_new(&text).map_err(|cause| {
            let text =
                format!("DETENTE_LOG: expected a filter such as info or debug, found {text:?}: {cause}");
            wrong(text, "unset the variable, or correct it")
        })?,
        _ => EnvFilter::new("info,quinn=warn"),
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    if json_log {
        log.json().init();
    } else {
        log.init();
    }
    Ok(())
}

/// The clock that the environment asks for.
///
/// # Errors
/// For a scenario's clock that is none.
pub(crate) fn clock() -> Result<Clock, SetupError> {
    let clock = Clock::from_environment()
        .map_err(|text| wrong(text, "unset the variable; only demonstrations and exercises set it"))?;
    if clock.is_scenario() {
        tracing::warn!("this clock is a scenario's: its times are not real");
    }
    Ok(clock)
}

/// Carries work out on as many threads as there are processors; `path` is whose it is.
///
/// # Errors
/// Those of the work, and a system without threads.
pub(crate) fn on_threads(
    path: &Path,
    work: impl Future<Output = Result<(), SetupError>>,
) -> Result<(), SetupError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| SetupError::io("start threads for", path, &cause))?;
    runtime.block_on(work)
}

/// Carries out what waits for a station.
///
/// # Errors
/// If the system gives no timer.
pub(crate) fn on_runtime<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| {
        Failure::failed(
            "Station",
            "the system",
            "a timer and a poll",
            cause.to_string(),
            "too many files are open: close other programs, or raise `ulimit -n`",
        )
    })?;
    Ok(runtime.block_on(work))
}
