//! Who is on a checked line, and by which rules.

use detente_line::{Identity, Member, Memorandum, Office, Quota, Rule, Suspension, Terms, Tests};
use detente_record::{Fault, LineSecret, Party, SecretKey, possession_message};

/// When every check begins: 2017-04-06T18:30:00Z.
pub(crate) const START_MS: u64 = 1_491_503_400_000;
/// Longer than any check: no test of the schedule falls due, and nothing else is asked for by the clock but what books need.
const NEVER_MS: u64 = 100 * 365 * 86_400_000;
const NAMES: [&str; 4] = ["aria", "bor", "cyr", "dov"];

/// The rules of a checked line. Party 0 is the depositary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How many parties there are, at most four.
    pub parties: u8,
    /// How many votes carry.
    pub threshold: u8,
    /// Who holds a veto.
    pub veto: Vec<u8>,
    /// Whether reopening needs consent.
    pub consent: bool,
    /// Which further kinds a suspension lets pass.
    pub passes: Vec<u16>,
}

/// A party's own keys and secret.
#[derive(Clone)]
pub(crate) struct Keys {
    party: Party,
    book: SecretKey,
    pub(crate) receipt: SecretKey,
    secret: LineSecret,
}

impl Keys {
    /// As the core takes them.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            party: self.party,
            book_key: self.book.clone(),
            receipt_key: self.receipt.clone(),
            secret: self.secret.clone(),
            seal_key: None,
        }
    }

    /// For the blinds of its leaves.
    pub(crate) fn secret(&self) -> &LineSecret {
        &self.secret
    }
}

fn member(number: u8, name: &str) -> Result<(Keys, Member), Fault> {
    let key = |role: u8| SecretKey::from_seed([number * 8 + role + 1; 32]);
    let station = key(2);
    let keys = Keys {
        party: Party::new(number)?,
        book: key(0),
        receipt: key(1),
        secret: LineSecret::from_bytes([200 + number; 32]),
    };
    let roles = [("book", &keys.book), ("receipt", &keys.receipt), ("station", &station)];
    let possession =
        roles.map(|(role, key)| key.sign(&possession_message(role, name, &key.public())).to_vec().into());
    let member = Member {
        number,
        name: name.into(),
        full_name: name.to_uppercase(),
        book_key: *keys.book.public().bytes(),
        receipt_key: *keys.receipt.public().bytes(),
        station_key: *station.public().bytes(),
        recovery_key: None,
        commitment: keys.secret.commitment(),
        possession: possession.into(),
        languages: vec!["en".into()],
        offices: vec![Office { number: 0, name: "watch".into(), rank: 0 }],
        seal: None,
    };
    Ok((keys, member))
}

/// The keys of a line's parties, and their memorandum.
///
/// # Errors
/// Those of a memorandum that is refused.
pub(crate) fn found(rules: &Rules) -> Result<(Vec<Keys>, Memorandum), Fault> {
    let (mut keys, mut parties) = (Vec::new(), Vec::new());
    for (name, number) in NAMES.iter().zip(0..rules.parties) {
        let (own, member) = member(number, name)?;
        keys.push(own);
        parties.push(member);
    }
    let terms = Terms {
        version: 1,
        name: "checked".into(),
        predecessor: None,
        parent: None,
        refounds: None,
        rule: Rule { threshold: rules.threshold, veto: rules.veto.clone(), window_ms: 3_600_000 },
        parties,
        depositary: 0,
        handling_ms: vec![NEVER_MS; 4],
        escalations: Vec::new(),
        tests: Tests { interval_ms: NEVER_MS, grace_ms: NEVER_MS / 2, checkpoint_ms: None },
        suspension: Suspension { consent: rules.consent, passes: rules.passes.clone() },
        quotas: vec![Quota { entries: 1_000, bytes: 1 << 24 }; 5],
        notices: Vec::new(),
        circuits: None,
        text: None,
        extent: None,
        witnesses: None,
        witnessing_ms: None,
        observers: None,
        founding: None,
        sealing_ms: None,
        dictionary: None,
        two_officers: None,
    };
    Ok((keys, Memorandum::check(terms)?))
}
