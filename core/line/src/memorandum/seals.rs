//! What a memorandum says of seals (spec/line.md §2, spec/record.md §12).

use alloc::collections::BTreeSet;
use alloc::string::ToString as _;

use detente_record::{Fault, Hash};

use super::{Member, refuse};

/// How often books are sealed where the memorandum does not say, ms.
pub const SEALING_MS: u64 = 86_400_000;
/// The least and the longest time between seals that a memorandum may say, ms.
const RANGE_MS: core::ops::RangeInclusive<u64> = 60_000..=2_678_400_000;

/// Holds commitments of seal keys to being each party's own, and the time between seals to its range.
///
/// # Errors
/// `Malformed`, naming the rule.
pub(super) fn check(parties: &[Member], sealing_ms: Option<u64>) -> Result<(), Fault> {
    let commitments = || parties.iter().filter_map(|member| member.seal);
    if commitments().collect::<BTreeSet<Hash>>().len() != commitments().count() {
        return Err(refuse("seal keys", "one of its own for each party that has one", "one twice"));
    }
    match sealing_ms {
        Some(_) if commitments().next().is_none() => {
            Err(refuse("sealing", "a party with a seal key, or no time between seals", "a time alone"))
        }
        Some(every_ms) if !RANGE_MS.contains(&every_ms) => {
            Err(refuse("sealing", "60,000 to 2,678,400,000 ms", every_ms.to_string()))
        }
        _ => Ok(()),
    }
}
