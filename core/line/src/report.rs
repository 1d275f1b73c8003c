//! Conflict reports: that something which a party does not say is in the way of what another gave notice of
//! (spec/line.md §4.2).
//!
//! Where and when, as coarsely as the sender chooses: the report's volumes are its own, not those of a plan.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use detente_airspace::verdict::Verdict;
use detente_airspace::volume::Volume;
use detente_airspace::wire;
use detente_record::Fault;
use minicbor::{Decode, Encode};

use crate::body::{bytes, exactly, maybe_within};
use crate::notice::{Volumes, fault};

/// What a party says of a conflict that it sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictReport {
    /// How near: never [`Verdict::Clear`].
    pub verdict: Verdict,
    /// Where, how high and when, as coarsely as the sender chose: 1 to 64 volumes.
    pub volumes: Vec<Volume>,
    /// What the officer adds.
    pub text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ReportBody {
    #[n(1)]
    verdict: u8,
    #[n(2)]
    volumes: Volumes,
    #[n(3)]
    text: Option<String>,
}

impl ConflictReport {
    /// The body as canonical CBOR.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let verdict = if self.verdict == Verdict::Conflict { 1 } else { 2 };
        let volumes = Volumes::of(&self.volumes);
        bytes(ReportBody { verdict, volumes, text: self.text.clone() })
    }

    /// Reads the body of a conflict report.
    pub(crate) fn decode(body: &[u8]) -> Result<Self, Fault> {
        let read: ReportBody = exactly(body)?;
        let verdict = match read.verdict {
            1 => Verdict::Conflict,
            2 => Verdict::WithinSeparation,
            other => {
                let expected = "1 conflict, 2 within separation";
                return Err(Fault::malformed("verdict", expected, other.to_string()));
            }
        };
        let volumes = wire::decode(&read.volumes.0).map_err(|refused| fault(&refused))?;
        Ok(Self { verdict, volumes, text: maybe_within(read.text)? })
    }
}
