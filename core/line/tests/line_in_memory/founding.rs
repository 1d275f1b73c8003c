//! Keys of parties, and the memorandum that founds their line.

use detente_line::{Escalation, Member, Memorandum, Office, Quota, Rule, Suspension, Terms, Tests};
use detente_record::{LineSecret, Party, SealSecret, SecretKey, possession_message};

use super::party;

/// A party's keys.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) party: Party,
    pub(crate) book: SecretKey,
    pub(crate) receipt: SecretKey,
    pub(crate) station: SecretKey,
    pub(crate) secret: LineSecret,
    /// The seed of its seal key, which the memorandum need not know of.
    pub(crate) seal: [u8; 32],
    /// Renews the others.
    pub(crate) recovery: SecretKey,
}

impl Keys {
    /// The keys of a rank above 0.
    pub(crate) fn of_rank(&self, rank: u8) -> Self {
        let key = |role: u8| SecretKey::from_seed([128 + self.party.number() * 32 + rank * 4 + role; 32]);
        let secret = LineSecret::from_bytes([7 + self.party.number() * 32 + rank; 32]);
        Self { book: key(0), receipt: key(1), station: key(2), secret, ..self.clone() }
    }
}

pub(super) fn member(number: u8, name: &str) -> (Keys, Member) {
    let key = |role: u8| SecretKey::from_seed([number * 8 + role + 1; 32]);
    let secret = LineSecret::from_bytes([200 + number; 32]);
    let (station, recovery) = (key(2), key(3));
    let keys = Keys {
        party: party(number),
        book: key(0),
        receipt: key(1),
        station,
        secret,
        seal: [100 + number; 32],
        recovery,
    };
    let (station, recovery) = (&keys.station, &keys.recovery);
    let roles =
        [("book", &keys.book), ("receipt", &keys.receipt), ("station", station), ("recovery", recovery)];
    let possession =
        roles.map(|(role, key)| key.sign(&possession_message(role, name, &key.public())).to_vec().into());
    let office = |number, name: &str| Office { number, name: name.into(), rank: number };
    let member = Member {
        number,
        name: name.into(),
        full_name: name.to_uppercase(),
        book_key: *keys.book.public().bytes(),
        receipt_key: *keys.receipt.public().bytes(),
        station_key: *station.public().bytes(),
        recovery_key: Some(*recovery.public().bytes()),
        commitment: keys.secret.commitment(),
        possession: possession.into(),
        languages: vec!["en".into()],
        offices: vec![office(0, "watch"), office(1, "duty"), office(2, "senior")],
        seal: None,
    };
    (keys, member)
}

impl Keys {
    /// What a memorandum holds of the seal key.
    pub(crate) fn seal_commitment(&self) -> [u8; 32] {
        SealSecret::from_seed(self.seal).public().commitment()
    }
}

/// The keys of parties numbered from 0, and their memorandum: the first one is the depositary.
pub(super) fn founded(
    names: &[&str],
    entries: u64,
    rule: Rule,
    sealing_ms: Option<u64>,
) -> (Vec<Keys>, Memorandum) {
    let (keys, mut parties): (Vec<_>, Vec<_>) =
        names.iter().zip(0..).map(|(name, number)| member(number, name)).unzip();
    if sealing_ms.is_some() {
        for (member, keys) in parties.iter_mut().zip(&keys) {
            member.seal = Some(keys.seal_commitment());
        }
    }
    let step = |class, after_ms, rank| Escalation { class, after_ms, rank };
    let terms = Terms {
        version: 1,
        name: "incident".into(),
        predecessor: None,
        parent: None,
        refounds: None,
        rule,
        parties,
        depositary: 0,
        handling_ms: vec![60_000, 300_000, 3_600_000, 86_400_000],
        escalations: vec![step(0, 60_000, 1), step(0, 300_000, 2)],
        tests: Tests { interval_ms: 600_000, grace_ms: 30_000, checkpoint_ms: Some(7_200_000) },
        suspension: Suspension { consent: true, passes: Vec::new() },
        quotas: vec![Quota { entries, bytes: 1 << 24 }; 5],
        notices: Vec::new(),
        circuits: None,
        text: None,
        extent: None,
        witnesses: None,
        witnessing_ms: None,
        observers: None,
        founding: None,
        sealing_ms,
        dictionary: None,
        two_officers: None,
    };
    (keys, Memorandum::check(terms).unwrap())
}
