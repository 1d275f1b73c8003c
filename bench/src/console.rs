//! The console: how fast a FLASH stands on a page, and what a page weighs. A real Chromium, driven by `console/pace.mjs`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::figure::{Figure, Goal};
use crate::pair::{Pair, free_tcp_port};
use crate::{Outcome, Run, say};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    first_load: FirstLoad,
    /// ms, ascending.
    alone: Vec<f64>,
    beside: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct FirstLoad {
    bytes: f64,
    ms: f64,
}

fn at(ascending: &[f64], hundredths: usize) -> f64 {
    let place = (ascending.len() * hundredths).div_ceil(100).saturating_sub(1);
    ascending.get(place).copied().unwrap_or(f64::NAN)
}

/// Measures it on two stations, at one of which an officer watches; `modules` is where what drives the browser is.
pub(crate) async fn measure(run: &Run, modules: &Path, quick: bool) -> Outcome<Vec<Figure>> {
    let pair = Pair::set_up(run, "console")?;
    let [usa, rus] = pair.homes();
    let mut config = OpenOptions::new().append(true).open(rus.join("station.toml"))?;
    write!(config, "\n[console]\nlisten = \"127.0.0.1:{}\"\n", free_tcp_port()?)?;
    let stations = pair.start().await?;
    let [_, at_rus] = &stations;
    let officer = json!({"name": "Anna", "role": "watch-officer"}).to_string();
    let mut asking = at_rus.connect().await?;
    let added: Value = serde_json::from_slice(asking.ask("POST", "/v1/officers", &officer).await?)?;
    let told = json!({
        "usa": {"socket": usa.join("station.sock"), "certificate": rus.join("console.crt")},
        "rus": {"socket": rus.join("station.sock"), "certificate": rus.join("console.crt"), "link": added.get("link")},
    });
    say("a FLASH on an officer's page, alone and with 49 more consoles open");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/pace.mjs");
    let driven = Command::new("node")
        .arg(script)
        .env("STATIONS", told.to_string())
        .env("BROWSER_MODULES", modules)
        .env("CHROMIUM", "/usr/bin/chromium")
        .env("COUNT", if quick { "10" } else { "200" })
        .output()?;
    if !driven.status.success() {
        return Err(String::from_utf8_lossy(&driven.stderr).into_owned().into());
    }
    let Measured { first_load, alone, beside } = serde_json::from_slice(&driven.stdout)?;
    let flash = "FLASH asked for at one station, painted on the other's page";
    Ok(vec![
        Figure::alone(format!("{flash}: p50"), at(&alone, 50), "ms", Goal::None),
        Figure::alone(format!("{flash}: p95"), at(&alone, 95), "ms", Goal::AtMost(250.0)),
        Figure::beside(
            format!("{flash}: p95 of one of 50 consoles"),
            at(&beside, 95),
            "ms",
            ("one console alone", Some(at(&alone, 95))),
            Goal::AtMost(250.0),
        ),
        Figure::alone(
            "first load of a line's page, in all",
            first_load.bytes / 1_024.0,
            "KiB",
            Goal::AtMost(293.0),
        ),
        Figure::alone("first load, until the board stands", first_load.ms / 1_000.0, "s", Goal::AtMost(1.0)),
    ])
}
