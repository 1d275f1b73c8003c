//! The ledger of a long campaign: how far it has come, with which programs, and what it came upon. It is written after every few seeds,
//! whole or not at all, so that a campaign of days goes on where it was left, whatever ended it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::campaign::Report;
use crate::scenario::{NARROW, STORAGE, STRANGERS};

/// Where a long campaign's seeds begin: none that CI plays are among them.
const FIRST: u64 = 1 << 40;

/// A seed that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// Which.
    pub(crate) seed: u64,
    /// Which judge objected.
    pub(crate) judge: String,
    /// To what.
    pub(crate) what: String,
    /// Of which program.
    pub(crate) program: String,
}

/// Seeds that one program played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Span {
    /// The program, as whoever started it called it: a commit.
    pub(crate) program: String,
    /// The first place.
    pub(crate) from: u64,
    /// The place behind the last.
    pub(crate) to: u64,
    /// How long it took, s.
    pub(crate) seconds: f64,
}

/// How far a campaign has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// How many seeds were played, which is the place of the next.
    pub(crate) played: u64,
    /// Entries that honest parties wrote.
    pub(crate) entries: u64,
    /// Deaths of stations.
    pub(crate) deaths: u64,
    /// Things that happened.
    pub(crate) happenings: u64,
    /// Breaches that honest parties keep evidence of.
    pub(crate) breaches: u64,
    /// Parties that were admitted.
    pub(crate) admitted: u64,
    /// Seeds that failed, with the program of that time; one that is mended stays.
    pub(crate) failed: Vec<Failed>,
    /// Which program played what.
    pub(crate) spans: Vec<Span>,
    /// What was come upon, and how often.
    pub(crate) marks: BTreeMap<String, u64>,
}

/// The seed at a place of the long campaign.
pub(crate) fn seed_at(place: u64) -> u64 {
    mixed(FIRST, place)
}

/// The seed at a place: of eight in a row each is of another kind, with strangers or not, narrow circuits or not, faults of storage or
/// not.
pub(crate) fn mixed(first: u64, place: u64) -> u64 {
    let bit = |of: u64, kind: u64| if place & of != 0 { kind } else { 0 };
    (first + place / 8) | bit(1, STORAGE) | bit(2, STRANGERS) | bit(4, NARROW)
}

impl Ledger {
    /// Reads a ledger, or begins one where there is none.
    ///
    /// # Errors
    /// Says what is wrong with the file, and what to do.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|cause| {
                let path = path.display();
                format!("{path} is no ledger of a campaign: {cause}; move it away to begin anew")
            }),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(format!("read {}: {cause}", path.display())),
        }
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let fault = |cause: std::io::Error| format!("write {}: {cause}", path.display());
        let beside = path.with_extension("new");
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|cause| cause.to_string())?;
        bytes.push(b'\n');
        let mut file = fs::File::create(&beside).map_err(fault)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(fault)?;
        fs::rename(&beside, path).map_err(fault)
    }

    /// Takes in what a program has played from where it was.
    pub(crate) fn take(&mut self, report: &Report, program: &str, seconds: f64) {
        let from = self.played;
        self.played += report.seeds;
        let tally = &report.tally;
        self.entries += tally.entries;
        self.deaths += tally.deaths;
        self.happenings += tally.happenings;
        self.breaches += tally.breaches;
        self.admitted += tally.admitted;
        for (what, count) in tally.marks.iter() {
            *self.marks.entry(what.to_owned()).or_default() += count;
        }
        self.failed.extend(report.failures.iter().map(|(seed, failure)| Failed {
            seed: *seed,
            judge: failure.objection.judge.to_owned(),
            what: failure.objection.what.clone(),
            program: program.to_owned(),
        }));
        match self.spans.last_mut().filter(|last| last.program == program) {
            Some(last) => (last.to, last.seconds) = (self.played, last.seconds + seconds),
            None => self.spans.push(Span { program: program.to_owned(), from, to: self.played, seconds }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_places_are_of_eight_kinds_and_no_seed_comes_twice() {
        let kinds = |place| seed_at(place) & (STORAGE | STRANGERS | NARROW);
        let first: std::collections::BTreeSet<u64> = (0..8).map(kinds).collect();
        assert_eq!(first.len(), 8);
        let seeds: std::collections::BTreeSet<u64> = (0..1_000).map(seed_at).collect();
        assert_eq!(seeds.len(), 1_000);
    }

    #[test]
    fn a_campaign_goes_on_where_it_was_left() {
        let folder = std::env::temp_dir().join(format!("detente-ledger-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("campaign.json");
        let mut ledger = Ledger::read(&path).unwrap();
        assert_eq!(ledger.played, 0);
        let report = Report { seeds: 16, ..Report::default() };
        ledger.take(&report, "one", 2.0);
        ledger.write(&path).unwrap();
        let mut again = Ledger::read(&path).unwrap();
        again.take(&report, "one", 1.0);
        again.take(&report, "other", 1.0);
        let spans: Vec<_> = again.spans.iter().map(|of| (of.program.as_str(), of.from, of.to)).collect();
        assert_eq!(spans, [("one", 0, 32), ("other", 32, 48)]);
        fs::write(&path, b"{").unwrap();
        assert!(Ledger::read(&path).unwrap_err().contains("move it away"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
