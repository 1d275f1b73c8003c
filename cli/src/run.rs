//! `detente run`: a station at work, its log on standard error.

use std::io::IsTerminal as _;

use detente_station::clock::Clock;
use detente_station::{Home, SetupError};
use tracing_subscriber::EnvFilter;

/// Runs the station of a folder until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting or going on.
pub(crate) fn run(home: Home, json_log: bool) -> Result<(), SetupError> {
    let filter = EnvFilter::try_from_env("DETENTE_LOG").unwrap_or_else(|_| EnvFilter::new("info,quinn=warn"));
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
    let wrong = |text: String| SetupError::File {
        path: home.path().to_owned(),
        text,
        hint: "unset the variable; only demonstrations set it".into(),
    };
    let clock = Clock::from_environment().map_err(wrong)?;
    if clock.is_scenario() {
        tracing::warn!("this station's clock is a scenario's: its times are not real");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| wrong(format!("the system gives no threads: {cause}")))?;
    runtime.block_on(detente_station::run(home, clock))
}
