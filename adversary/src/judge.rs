//! Judges of every attack alike: that honest traffic passes, and that the station's memory and descriptors are bounded.

use std::time::Duration;

use serde_json::json;

use crate::process::Vitals;
use crate::{Figures, figures};

/// What a station may take while it is attacked.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Longest way of a FLASH, from the command to the receipt.
    pub flash: Duration,
    /// Most memory beside what it had before, MiB.
    pub memory_mib: u64,
    /// Most descriptors beside those that it had before.
    pub descriptors: u64,
    /// Most lines of its log, beside those that tell of honest entries.
    pub log_lines: usize,
}

/// What was seen of a station while it was attacked.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// What it took before.
    pub before: Vitals,
    /// The most that it took.
    pub most: Vitals,
    /// How long each FLASH was on its way.
    pub flashes: Vec<Duration>,
    /// How many lines it wrote into its log, beside those that tell of honest entries.
    pub log_lines: usize,
}

impl Seen {
    /// Another look.
    pub fn look(&mut self, vitals: Vitals) {
        self.most.memory_kib = self.most.memory_kib.max(vitals.memory_kib);
        self.most.descriptors = self.most.descriptors.max(vitals.descriptors);
    }

    fn worst(&self) -> Duration {
        self.flashes.iter().copied().max().unwrap_or_default()
    }

    fn memory_mib(&self) -> u64 {
        self.most.memory_kib.saturating_sub(self.before.memory_kib) / 1_024
    }

    fn descriptors(&self) -> u64 {
        self.most.descriptors.saturating_sub(self.before.descriptors)
    }

    /// What was seen, as figures.
    pub fn figures(&self) -> Figures {
        figures([
            ("flashes", json!(self.flashes.len())),
            ("flash_worst_ms", json!(self.worst().as_millis())),
            ("memory_more_mib", json!(self.memory_mib())),
            ("descriptors_more", json!(self.descriptors())),
            ("log_lines", json!(self.log_lines)),
        ])
    }
}

/// Holds what was seen to bounds.
///
/// # Errors
/// The first that is not kept.
pub fn judge(seen: &Seen, bounds: &Bounds) -> Result<(), String> {
    if seen.flashes.is_empty() {
        return Err("expected a FLASH that arrives meanwhile, found none".into());
    }
    let worst = seen.worst();
    if worst > bounds.flash {
        let most = bounds.flash.as_millis();
        return Err(format!("expected each FLASH within {most} ms, found one of {} ms", worst.as_millis()));
    }
    let (memory, descriptors) = (seen.memory_mib(), seen.descriptors());
    if memory > bounds.memory_mib {
        return Err(format!("expected at most {} MiB of memory more, found {memory}", bounds.memory_mib));
    }
    if descriptors > bounds.descriptors {
        return Err(format!("expected at most {} descriptors more, found {descriptors}", bounds.descriptors));
    }
    if seen.log_lines > bounds.log_lines {
        let most = bounds.log_lines;
        return Err(format!("expected at most {most} lines of its log, found {}", seen.log_lines));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds =
        Bounds { flash: Duration::from_secs(1), memory_mib: 8, descriptors: 4, log_lines: 9 };

    fn seen(flash_ms: &[u64], memory_kib: u64, descriptors: u64, log_lines: usize) -> Result<(), String> {
        let before = Vitals { memory_kib: 1_024, descriptors: 10 };
        let flashes = flash_ms.iter().copied().map(Duration::from_millis).collect();
        let mut seen = Seen { before, most: before, flashes, log_lines };
        seen.look(Vitals { memory_kib, descriptors });
        judge(&seen, &BOUNDS)
    }

    #[test]
    fn a_station_that_is_slow_silent_swells_or_talks_is_objected_to() {
        assert_eq!(seen(&[5, 1_000], 9 * 1_024, 14, 9), Ok(()));
        assert!(seen(&[5, 1_001], 0, 0, 0).unwrap_err().contains("1001 ms"));
        assert!(seen(&[], 0, 0, 0).unwrap_err().contains("found none"));
        assert!(seen(&[5], 10 * 1_024, 0, 0).unwrap_err().contains("found 9"));
        assert!(seen(&[5], 0, 15, 0).unwrap_err().contains("descriptors"));
        assert!(seen(&[5], 0, 0, 10).unwrap_err().contains("lines"));
    }
}
