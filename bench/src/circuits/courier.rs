//! Thirty days without a circuit: what was written meanwhile goes by one courier file, and the receipts come back by another.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::api::draft;
use crate::figure::{Figure, Goal};
use crate::pair::Pair;
use crate::throughput::{Until, spread};
use crate::{Outcome, Run};

/// Entries of the full run.
const ENTRIES: usize = 100_000;
/// Connections by which they are written.
const CONNECTIONS: usize = 256;
const MIB: f64 = 1_048_576.0;

/// One courier round trip: exported, imported, receipts exported, receipts imported. One station at a time is up, so that no circuit is.
pub(crate) async fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let entries = if quick { 2_000 } else { ENTRIES };
    let pair = Pair::set_up(run, "courier")?;
    let folder = run.folder("stick")?;
    let [usa_home, rus_home] = pair.homes();
    let file = |name: &str| folder.join(name);
    let usa = |arguments: &[&str]| command(run, usa_home, arguments);
    let rus = |arguments: &[&str]| command(run, rus_home, arguments);
    // Each has the other's courier key from before.
    let keys = [file("usa.key"), file("rus.key")].map(shown);
    let [usa_key, rus_key] = &keys;
    let station = pair.start_usa().await?;
    usa(&["courier", "key", "--out", usa_key])?;
    station.stop()?;
    let station = pair.start_rus().await?;
    rus(&["courier", "key", "--out", rus_key])?;
    rus(&["courier", "import", usa_key])?;
    station.stop()?;
    let station = pair.start_usa().await?;
    usa(&["courier", "import", rus_key])?;
    spread(&mut station.connections(CONNECTIONS).await?, entries, &draft('R'), Until::Durable).await?;
    let (there, back) = (shown(file("there.courier")), shown(file("back.courier")));
    let (exported, _) = usa(&["courier", "export", "rus", "--out", &there])?;
    station.stop()?;
    let bytes = std::fs::metadata(&there)?.len() as f64;
    let station = pair.start_rus().await?;
    let (imported, came) = rus(&["courier", "import", &there])?;
    let (answered, _) = rus(&["courier", "export", "usa", "--out", &back])?;
    station.stop()?;
    if came.get("entries").and_then(Value::as_u64) < Some(entries as u64) {
        return Err(format!("not everything came by courier: {came}").into());
    }
    let station = pair.start_usa().await?;
    let (receipted, told) = usa(&["courier", "import", &back])?;
    station.stop()?;
    let up_to = told.pointer("/files/0/receipted/0/after").and_then(Value::as_u64);
    if up_to < Some(entries as u64) {
        return Err(format!("not everything was receipted by courier: {told}").into());
    }
    let all = exported + imported + answered + receipted;
    let name = |what: &str| format!("30 days without a circuit, {entries} entries by courier: {what}");
    Ok(vec![
        Figure::alone(name("one round trip, receipts and all"), all, "s", Goal::AtMost(30.0)),
        Figure::alone(name("exported"), exported, "s", Goal::None),
        Figure::alone(name("imported, durable and receipted"), imported, "s", Goal::None),
        Figure::alone(name("receipts brought back"), answered + receipted, "s", Goal::None),
        Figure::alone(name("the file"), bytes / MIB, "MiB", Goal::None),
    ])
}

fn shown(path: PathBuf) -> String {
    path.display().to_string()
}

/// Runs a command of a station's; gives the seconds that it took, and what it said.
fn command(run: &Run, home: &Path, arguments: &[&str]) -> Outcome<(f64, Value)> {
    let began = Instant::now();
    let output = Command::new(&run.station)
        .arg("--home")
        .arg(home)
        .arg("--json")
        .args(arguments)
        .stdin(Stdio::null())
        .output()?;
    let took = began.elapsed().as_secs_f64();
    if !output.status.success() {
        return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok((took, serde_json::from_slice(&output.stdout)?))
}
