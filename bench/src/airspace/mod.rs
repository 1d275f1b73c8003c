//! The conflict check beside `rstar` + `geo` and beside PostGIS, on one thread, in one run: `detente-bench airspace`.
//!
//! Volumes and questions are those of a fixed generator ([`traffic`]), so that figures of different days and hands are
//! about the same work; the hits in all are counted and compared before anything is timed. Contenders take turns of several passes
//! in a row, so that none is measured with nothing but its neighbour's memory at hand; of every contender the best pass counts, since
//! what else runs on the machine only ever adds.

mod contender;
pub(crate) mod import;
mod ours;
mod postgis;
pub(crate) mod rebuild;
mod theirs;
mod traffic;

use std::time::Instant;

use crate::Outcome;
use crate::figure::{Figure, Goal};
use contender::Turn;
use ours::Ours;
use postgis::PostGis;
use theirs::Theirs;
use traffic::Traffic;

/// How much is measured.
struct Effort {
    /// Volumes, and the hits that its questions must have in all.
    sizes: &'static [(usize, u64)],
    /// How often the contenders take turns.
    turns: usize,
}

const FULL: Effort = Effort { sizes: &[(100_000, 2_724), (1_000_000, 26_837)], turns: 3 };
const QUICK: Effort = Effort { sizes: &[(100_000, 2_724)], turns: 1 };

/// Measures everything.
pub(crate) fn measure(quick: bool) -> Outcome<Vec<Figure>> {
    let effort = if quick { QUICK } else { FULL };
    let mut figures = Vec::new();
    for (volumes, hits) in effort.sizes.iter().copied() {
        figures.extend(measure_size(volumes, hits, effort.turns)?);
    }
    Ok(figures)
}

fn short(volumes: usize) -> String {
    match volumes {
        millions if millions % 1_000_000 == 0 => format!("{}M", millions / 1_000_000),
        volumes => format!("{}k", volumes / 1_000),
    }
}

fn measure_size(volumes: usize, hits: u64, turns: usize) -> Outcome<Vec<Figure>> {
    crate::say(&format!("{} volumes", short(volumes)));
    let traffic = Traffic::new(volumes);
    let before = resident()?;
    let began = Instant::now();
    let mut ours = Ours::build(&traffic)?;
    let rebuilt = began.elapsed().as_secs_f64();
    let grown = resident()?.saturating_sub(before);
    let theirs = Theirs::build(&traffic);

    let questions = Ours::questions(&traffic)?;
    let (mut our_best, mut their_best) = (Turn::NONE, Turn::NONE);
    crate::say("PostGIS: loading");
    let mut tables = PostGis::build(&traffic)?;
    let mut table_best = Turn::NONE;
    for _ in 0..turns {
        our_best = our_best.better(contender::turn(&questions, |asked| ours.hits(asked)));
        their_best = their_best.better(contender::turn(&traffic.questions, |asked| theirs.hits(asked)));
        // A question that fails has no hits, which the count below does not forgive.
        let turn = contender::turn(&traffic.questions, |asked| tables.hits(asked).unwrap_or(0));
        table_best = table_best.better(turn);
    }
    drop(tables);
    let counts = [("ours", our_best.hits), ("rstar + geo", their_best.hits), ("PostGIS", table_best.hits)];
    for (whose, found) in counts {
        if found != hits {
            return Err(
                format!("{whose}: {found} hits instead of {hits}: no figure would mean anything").into()
            );
        }
    }
    drop(theirs);

    let corners = traffic.corners() * size_of::<detente_airspace::position::Position>();
    let beyond = grown.saturating_sub(corners) as f64 / volumes as f64;
    let per_second = ours.insert_while_asking(&traffic)?;
    ours.add_crowd(&traffic)?;
    let mut crowded = Turn::NONE;
    for _ in 0..turns {
        crowded = crowded.better(contender::turn(&questions, |asked| ours.hits(asked)));
    }

    let of = |what: &str| format!("{what}, {} volumes", short(volumes));
    let large = volumes >= 1_000_000;
    let peer = "rstar + geo";
    let tables = if large { Goal::RatioAtLeast(100.0) } else { Goal::None };
    let rate = if large { Goal::None } else { Goal::RatioAtLeast(3.0) };
    let half = if large { Goal::RatioAtMost(0.2) } else { Goal::RatioAtMost(1.0 / 3.0) };
    let slowest = if large { Goal::AtMost(20.0) } else { Goal::None };
    Ok(vec![
        Figure::beside(of("checks"), our_best.rate, "/s", (peer, Some(their_best.rate)), rate),
        Figure::beside(of("checks"), our_best.rate, "/s", ("PostGIS", Some(table_best.rate)), tables),
        Figure::beside(of("check p50"), our_best.p50, "µs", ("PostGIS", Some(table_best.p50)), Goal::None),
        Figure::beside(of("check p50"), our_best.p50, "µs", (peer, Some(their_best.p50)), half),
        Figure::beside(of("check p99"), our_best.p99, "µs", (peer, Some(their_best.p99)), Goal::None),
        Figure::alone(of("check p99, alone"), our_best.p99, "µs", slowest),
        Figure::alone(of("hits in 2,000 checks"), our_best.hits as f64, "", Goal::None),
        Figure::alone(of("inserts while checking"), per_second, "/s", Goal::AtLeast(300_000.0)),
        Figure::alone(of("memory beyond corners"), beyond, "B/volume", Goal::AtMost(200.0)),
        Figure::alone(of("rebuilt in"), rebuilt, "s", if large { Goal::AtMost(5.0) } else { Goal::None }),
        Figure::beside(
            of("check p50, with 1 % wide and 50,000 sites"),
            crowded.p50,
            "µs",
            ("without", Some(our_best.p50)),
            Goal::RatioAtMost(2.0),
        ),
        Figure::beside(
            of("hits, with 1 % wide and 50,000 sites"),
            crowded.hits as f64,
            "",
            ("without", Some(our_best.hits as f64)),
            Goal::None,
        ),
    ])
}

/// The memory of this process, in bytes.
fn resident() -> Outcome<usize> {
    let status = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = status.split(' ').nth(1).ok_or("/proc/self/statm has one field only")?.parse()?;
    Ok(pages * rustix::param::page_size())
}
