//! A line is founded: keys, secrets and the memorandum of a run.

use detente_line::{Escalation, Identity, Member, Memorandum, Office, Quota, Rule, Suspension, Terms, Tests};
use detente_record::renewal::{Occasion, RankSecrets, Why};
use detente_record::{
    Fault, LineId, LineSecret, Party, Ranks, Renewal, Root, SealSecret, SecretKey, possession_message, sha256,
};

use crate::observer::{BOARD, observer};
use crate::rng::Rng;
use crate::scenario::Scenario;

/// The names of the parties, by number.
const NAMES: [&str; 7] = ["aria", "bor", "cyr", "dov", "eno", "hal", "ivo"];
/// Those who may be admitted, with numbers that leave some out.
const GUESTS: [(u8, &str); 2] = [(9, "fen"), (200, "gil")];

/// A party's own keys and secret, for as many lives of its station as there are.
#[derive(Clone)]
pub(crate) struct Keys {
    /// Whose.
    pub(crate) party: Party,
    /// Signs checkpoints.
    pub(crate) book: SecretKey,
    /// Signs receipts.
    pub(crate) receipt: SecretKey,
    /// Identifies its station.
    pub(crate) station: SecretKey,
    /// Blinds its leaves.
    pub(crate) secret: LineSecret,
    /// The seed of what seals its books, where it does.
    pub(crate) seal: Option<[u8; 32]>,
    /// Renews the others.
    pub(crate) recovery: SecretKey,
    /// From which its later keys follow.
    seed: [u8; 32],
}

impl Keys {
    /// Those of a station that no scenario founded: what judges ask for is there, and nothing that renews them.
    pub(crate) fn of(identity: &Identity) -> Self {
        let none = SecretKey::from_seed([0; 32]);
        Self {
            party: identity.party,
            book: identity.book_key.clone(),
            receipt: identity.receipt_key.clone(),
            station: none.clone(),
            secret: identity.secret.clone(),
            seal: None,
            recovery: none,
            seed: [0; 32],
        }
    }

    /// Its keys of a rank.
    pub(crate) fn of_rank(&self, rank: u8) -> Self {
        if rank == 0 {
            return self.clone();
        }
        let draw = |role: u8| sha256(&[self.seed.as_slice(), &[rank, role]].concat());
        let key = |role| SecretKey::from_seed(draw(role));
        Self {
            book: key(0),
            receipt: key(1),
            station: key(2),
            secret: LineSecret::from_bytes(draw(3)),
            ..self.clone()
        }
    }

    /// What renews its keys on a line, ascending, up to a rank; one of them may be because somebody else has those before.
    ///
    /// # Errors
    /// `Misuse` where the memorandum does not name it.
    pub(crate) fn renewals(
        &self,
        line: LineId,
        memorandum: &Memorandum,
        up_to: u8,
        compromise: Option<u8>,
    ) -> Result<Vec<Renewal>, Fault> {
        let none = || Fault::misuse("party", "one of the memorandum", self.party.number().to_string());
        let root = Root { line, ..memorandum.root(self.party).ok_or_else(none)? };
        let mut ranks = Ranks::default();
        for rank in 1..=up_to {
            let (_, follows) = ranks.next(&root)?;
            let why = if compromise == Some(rank) { Why::Compromise } else { Why::Rotation };
            let party = root.party;
            let keys = self.of_rank(rank);
            let next = RankSecrets {
                book: &keys.book,
                receipt: &keys.receipt,
                station: &keys.station,
                commitment: keys.secret.commitment(),
            };
            let occasion = Occasion { line, party, rank, follows, why, time_ms: 0 };
            ranks.take(&root, Renewal::sign(occasion, &root.name, &next, &self.recovery))?;
        }
        Ok(ranks.renewals().to_vec())
    }

    /// As the core takes them.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            party: self.party,
            book_key: self.book.clone(),
            receipt_key: self.receipt.clone(),
            secret: self.secret.clone(),
            seal_key: self.seal.map(SealSecret::from_seed),
        }
    }
}

/// What two officers release where the memorandum has them do so: messages, amendments, suspensions, motions and votes.
const TWO_OFFICERS: [u16; 5] = [1, 2, 65, 67, 68];

fn member(number: u8, name: &str, seals: bool, rng: &mut Rng) -> Result<(Keys, Member), Fault> {
    let keys = Keys {
        party: Party::new(number)?,
        book: SecretKey::from_seed(rng.bytes()),
        receipt: SecretKey::from_seed(rng.bytes()),
        secret: LineSecret::from_bytes(rng.bytes()),
        seal: seals.then(|| rng.bytes()),
        station: SecretKey::from_seed(rng.bytes()),
        recovery: SecretKey::from_seed([number | 0x80; 32]),
        seed: [number | 0xc0; 32],
    };
    let (station, recovery) = (&keys.station, &keys.recovery);
    let roles =
        [("book", &keys.book), ("receipt", &keys.receipt), ("station", station), ("recovery", recovery)];
    let possession =
        roles.map(|(role, key)| key.sign(&possession_message(role, name, &key.public())).to_vec().into());
    let offices = ["watch", "duty", "head"].into_iter().zip(0..);
    let member = Member {
        number,
        name: name.into(),
        full_name: format!("Republic of {name}"),
        book_key: *keys.book.public().bytes(),
        receipt_key: *keys.receipt.public().bytes(),
        station_key: *station.public().bytes(),
        recovery_key: Some(*recovery.public().bytes()),
        commitment: keys.secret.commitment(),
        possession: possession.into(),
        languages: vec!["en".into()],
        offices: offices.map(|(name, rank)| Office { number: rank, name: name.into(), rank }).collect(),
        seal: keys.seal.map(|seed| SealSecret::from_seed(seed).public().commitment()),
    };
    Ok((keys, member))
}

/// What a run begins with.
pub(crate) struct Founded {
    /// The keys of the founders, by place, then those of the guests.
    pub(crate) keys: Vec<Keys>,
    /// The memorandum that the founders signed.
    pub(crate) memorandum: Memorandum,
    /// One that names everybody, guests too, and is never in force: whose number, name and keys are whose.
    pub(crate) roll: Memorandum,
}

/// Founds a line.
///
/// # Errors
/// Those of [`Memorandum::check`], if a scenario asks for what no memorandum allows.
pub(crate) fn found(scenario: &Scenario, rng: &mut Rng) -> Result<Founded, Fault> {
    let mut keys = Vec::new();
    let mut parties = Vec::new();
    for (number, name) in NAMES.into_iter().enumerate().take(scenario.parties) {
        let (own, member) = member(number as u8, name, scenario.seals, rng)?;
        keys.push(own);
        parties.push(member);
    }
    let step = |class, after_ms, rank| Escalation { class, after_ms, rank };
    let entries = if scenario.quota == 0 { 100_000 } else { scenario.quota };
    let bytes = if scenario.quota == 0 { 1 << 30 } else { 16_384 + scenario.quota * 400 };
    let terms = Terms {
        version: 1,
        name: "virtual".into(),
        predecessor: None,
        parent: None,
        refounds: None,
        depositary: rng.below(scenario.parties as u64) as u8,
        parties,
        handling_ms: vec![60_000, 120_000, 300_000, 900_000],
        escalations: vec![
            step(0, 30_000, 1),
            step(0, 60_000, 2),
            step(2, 90_000, 1),
            step(3, 200_000, 1),
            step(4, 400_000, 2),
        ],
        tests: Tests {
            interval_ms: rng.within(60_000, 240_000),
            grace_ms: rng.within(20_000, 50_000),
            checkpoint_ms: scenario.narrow.and_then(|narrow| narrow.ahead_ms),
        },
        suspension: Suspension {
            consent: scenario.consent,
            passes: if rng.chance(300) { vec![1] } else { Vec::new() },
        },
        quotas: (0..5).map(|_| Quota { entries, bytes }).collect(),
        rule: Rule {
            threshold: scenario.threshold,
            veto: scenario.veto.clone(),
            window_ms: rng.within(60_000, 300_000),
        },
        notices: Vec::new(),
        circuits: None,
        text: None,
        extent: None,
        witnesses: None,
        witnessing_ms: None,
        observers: Some(vec![observer(BOARD)]),
        founding: None,
        sealing_ms: scenario.seals.then(|| rng.within(60_000, 180_000)),
        dictionary: None,
        two_officers: scenario.two_officers.then(|| TWO_OFFICERS.to_vec()),
    };
    let memorandum = Memorandum::check(terms.clone())?;
    let mut everybody = terms;
    for (number, name) in GUESTS.into_iter().take(scenario.guests) {
        let (own, member) = member(number, name, scenario.seals, rng)?;
        keys.push(own);
        everybody.parties.push(member);
    }
    Ok(Founded { keys, memorandum, roll: Memorandum::check(everybody)? })
}
