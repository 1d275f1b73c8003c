//! Dossiers of a large record: how long a station takes to make one, how large it is, how long a stranger takes to verify it.
//!
//! A thousand entries from all over the record, of which no two share a checkpoint of their own: as neighbours share later
//! ones, and, with `exact`, as each stands under its own. Verifying is measured in this process, beside SHA-256 over the same
//! bytes, and as a stranger has it: the program, from its start to its end.

use std::process::{Command, Stdio};
use std::time::Instant;

use detente_record::sha256;
use serde_json::json;

use crate::api::{Connection, LINE};
use crate::figure::{Figure, Goal};
use crate::large::Large;
use crate::{Outcome, Run};

/// Entries of a dossier.
const ENTRIES: u64 = 1_000;
/// How often each thing is done; the median counts.
const ROUNDS: usize = 9;
const KIB: f64 = 1_024.0;

/// The median of what is measured in seconds, in ms.
fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured.get(measured.len() / 2).copied().unwrap_or_default() * 1_000.0
}

fn timed(mut what: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut measured = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        what()?;
        measured.push(began.elapsed().as_secs_f64());
    }
    Ok(median(measured))
}

/// Has a dossier made; gives its bytes, and the median of the time that it takes.
async fn make(station: &mut Connection, names: &[String], exact: bool) -> Outcome<(Vec<u8>, f64)> {
    let body = json!({"entries": names, "exact": exact}).to_string();
    let (mut bytes, mut measured) = (Vec::new(), Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        let began = Instant::now();
        bytes = station.ask("POST", &format!("{LINE}/dossier"), &body).await?.to_vec();
        measured.push(began.elapsed().as_secs_f64());
    }
    Ok((bytes, median(measured)))
}

fn verify(bytes: &[u8], entries: u64) -> Outcome<f64> {
    timed(|| {
        let report = detente_dossier::verify(bytes)?;
        match report.holds() && report.entries.len() as u64 == entries {
            true => Ok(()),
            false => Err("a dossier that its station made does not hold".into()),
        }
    })
}

/// Measures dossiers of a record that is written for it.
pub(crate) async fn measure(run: &Run) -> Outcome<Vec<Figure>> {
    let large = Large::write(run)?;
    let (station, _) = large.start().await?;
    let mut asked = station.connect().await?;
    let each = large.entries() / 2;
    let step = (each / (ENTRIES / 2)).max(1);
    let names: Vec<String> = ["usa", "rus"]
        .into_iter()
        .flat_map(|party| (0..ENTRIES / 2).map(move |place| format!("{party}/R/{}", 1 + place * step)))
        .collect();
    let (shared, made) = make(&mut asked, &names, false).await?;
    let (exact, made_exact) = make(&mut asked, &names, true).await?;
    let one = names.first().cloned().into_iter().collect::<Vec<_>>();
    let (single, made_one) = make(&mut asked, &one, false).await?;
    drop(asked);
    station.stop()?;
    let hashed = timed(|| {
        std::hint::black_box(sha256(&shared));
        Ok(())
    })?;
    let path = run.folder("dossier")?.join("shared.zip");
    std::fs::write(&path, &shared)?;
    let program = |arguments: &[&std::ffi::OsStr]| {
        timed(|| {
            let mut program = Command::new(&run.station);
            let ended = program.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            if ended.success() { Ok(()) } else { Err("the program refuses the dossier".into()) }
        })
    };
    let start = program(&["--version".as_ref()])?;
    let whole = program(&["verify".as_ref(), "--json".as_ref(), path.as_os_str()])?;
    let of = |what: &str| format!("a dossier of {ENTRIES} entries: {what}");
    let from = format!("a record of {} entries", large.entries());
    let goal = Goal::AtMost;
    let figures = vec![
        Figure::alone(of(&format!("made from {from}")), made, "ms", goal(1_000.0)),
        Figure::alone(of("the same, exact"), made_exact, "ms", goal(1_000.0)),
        Figure::alone(of("its size"), shared.len() as f64 / KIB, "KiB", Goal::None),
        Figure::beside(
            of("verified"),
            verify(&shared, ENTRIES)?,
            "ms",
            ("SHA-256 of the file", Some(hashed)),
            goal(50.0),
        ),
        Figure::alone(of("verified, exact"), verify(&exact, ENTRIES)?, "ms", Goal::None),
        Figure::beside(
            of("`detente verify --json`"),
            whole,
            "ms",
            ("`detente --version`", Some(start)),
            goal(50.0 + start),
        ),
        Figure::alone("a dossier of one entry: made", made_one, "ms", Goal::None),
        Figure::alone("a dossier of one entry: its size", single.len() as f64 / KIB, "KiB", goal(20.0)),
    ];
    Ok(figures)
}
