//! The console: how fast a FLASH stands on a page, what a page weighs, and how fast the map follows its slider. A real Chromium, driven by `console/pace.mjs`
//! and `console/slider.mjs`.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Connection, LINE};
use crate::figure::{Figure, Goal};
use crate::pair::{Pair, Station, free_tcp_port};
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
    let entries = if quick { 1_000 } else { 10_000 };
    let steps = slide(&stations, &rus.join("console.crt"), modules, entries).await?;
    let slider =
        format!("slider step, {entries} entries and {VOLUMES} volumes, from none of them to all and back");
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
        Figure::alone(format!("{slider}: p50"), at(&steps, 50), "ms", Goal::None),
        Figure::alone(format!("{slider}: p95"), at(&steps, 95), "ms", Goal::AtMost(100.0)),
        Figure::alone("first load, until the board stands", first_load.ms / 1_000.0, "s", Goal::AtMost(1.0)),
    ])
}

#[derive(Debug, Deserialize)]
struct Slid {
    /// ms, ascending.
    steps: Vec<f64>,
}

/// Volumes on the map, in as many notices.
const VOLUMES: u64 = 500;
/// How long before they begin they are given, and how long they last, ms.
const AHEAD_MS: u64 = 3 * 3_600_000;
const LONG_MS: u64 = 4 * 3_600_000;

/// How long steps of the slider take at `rus`, of what `usa` gave.
async fn slide(
    stations: &[Station; 2],
    certificate: &Path,
    modules: &Path,
    entries: u64,
) -> Outcome<Vec<f64>> {
    let [usa, rus] = stations;
    let (mut giving, mut asking) = (usa.connect().await?, rus.connect().await?);
    say(&format!("{entries} entries, {VOLUMES} of them notices, and the slider of the map over them"));
    for number in 0..entries - VOLUMES {
        let body = json!({"kind": "message", "precedence": "R", "text": format!("Entry {number}")});
        giving.ask("POST", &format!("{LINE}/entries"), &body.to_string()).await?;
    }
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let begins_ms = give(&mut giving, now_ms + AHEAD_MS).await?;
    let officer = json!({"name": "Ben", "role": "watch-officer"}).to_string();
    let added: Value = serde_json::from_slice(asking.ask("POST", "/v1/officers", &officer).await?)?;
    let told = json!({"rus": {"certificate": certificate, "link": added.get("link")}});
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/slider.mjs");
    let driven = Command::new("node")
        .arg(script)
        .env("STATIONS", told.to_string())
        .env("BROWSER_MODULES", modules)
        .env("CHROMIUM", "/usr/bin/chromium")
        .env("COUNT", "50")
        .env("VOLUMES", VOLUMES.to_string())
        .env("THEN_MS", (begins_ms + LONG_MS / 2).to_string())
        .output()?;
    if !driven.status.success() {
        return Err(String::from_utf8_lossy(&driven.stderr).into_owned().into());
    }
    let Slid { steps } = serde_json::from_slice(&driven.stdout)?;
    Ok(steps)
}

/// Gives the notices, all of the same time; says when that begins.
async fn give(giving: &mut Connection, begins_ms: u64) -> Outcome<u64> {
    let begins_ms = begins_ms / 60_000 * 60_000;
    let moment = |ms: u64| -> Outcome<String> {
        let moment = jiff::Timestamp::from_millisecond(i64::try_from(ms)?)?;
        Ok(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    let (from, until) = (moment(begins_ms)?, moment(begins_ms + LONG_MS)?);
    let mut file = String::from("id,kind,name,latitude,longitude,radius_m,from,until\n");
    for number in 0..VOLUMES {
        let (lat, lon) = (33.0 + (number % 25) as f64 / 10.0, 38.0 + (number / 25) as f64 / 10.0);
        let radius_m = 4_000 + number % 7 * 900;
        writeln!(file, "N{number},activity,Flight {number},{lat:.4},{lon:.4},{radius_m},{from},{until}")?;
    }
    let answer = giving.ask("POST", &format!("{LINE}/import?name=notices.csv"), &file).await?;
    let answer: Value = serde_json::from_slice(answer)?;
    match answer.get("written").and_then(Value::as_u64) {
        Some(VOLUMES) => Ok(begins_ms),
        _ => Err(format!("{VOLUMES} notices were not taken: {answer:.300}").into()),
    }
}
