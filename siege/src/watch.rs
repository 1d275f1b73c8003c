//! What stations take of the machine while they are held: the memory that is theirs, and their processors' time, by quarters.

use std::fs;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::garrison::Garrison;

/// How often somebody looks on.
const LOOK: Duration = Duration::from_secs(5);
/// Ticks of a process's clock to a second, as Linux tells them to programs.
const TICKS: f64 = 100.0;

/// A quarter of a hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quarter {
    /// What all stations hold of memory at its end, MiB.
    pub(crate) memory_mib: f64,
    /// What the largest of them holds, MiB.
    pub(crate) most_mib: f64,
    /// What all took of processors in it, s.
    pub(crate) processor_s: f64,
}

/// Watches stations for a time.
///
/// # Errors
/// If one of them ends.
pub(crate) fn over(garrison: &Garrison, time: Duration) -> Outcome<Vec<Quarter>> {
    let mut quarters = Vec::new();
    let mut before = processors(garrison)?;
    for number in 1..=4u32 {
        let (began, lasts) = (Instant::now(), time / 4);
        while began.elapsed() < lasts {
            std::thread::sleep(LOOK.min(lasts.saturating_sub(began.elapsed())));
            eprint!("\rquarter {number}, {} of {} s  ", began.elapsed().as_secs(), lasts.as_secs());
        }
        let now = processors(garrison)?;
        let memory: Vec<f64> = garrison.processes().map(memory).collect::<Outcome<_>>()?;
        quarters.push(Quarter {
            memory_mib: memory.iter().sum(),
            most_mib: memory.iter().copied().fold(0.0, f64::max),
            processor_s: now - before,
        });
        before = now;
    }
    eprintln!();
    Ok(quarters)
}

/// What all stations have taken of processors so far, s.
fn processors(garrison: &Garrison) -> Outcome<f64> {
    garrison.processes().map(processor).sum()
}

/// Source: proc(5), `stat`: the fields after the name in brackets, user and system time the 12th and 13th of them.
fn processor(id: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? / TICKS)
}

/// Source: proc(5), `status`: what is in memory and of no file.
fn memory(id: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon in /proc")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
