//! Renewals: a party's next keys, under its recovery key (spec/keys.md).
//!
//! A [`Renewal`] that exists is canonical and its keys are sound; whether it is its party's is [`Renewal::verify`]'s to say, and
//! what it may follow is [`Ranks`]'s, which holds the keys of one party by rank.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::{Decoder, Encoder, encode};

use crate::cbor::canonical;
use crate::fault::Fault;
use crate::hash::{Hash, base64, hex, sha256, sha256_of};
use crate::key::{PublicKey, SecretKey, Signature, possession_message};
use crate::name::{Book, LineId, Party};

/// The last rank that keys can have.
pub const LAST_RANK: u8 = 31;
/// Most bytes of a renewal.
pub const MAX_RENEWAL: usize = 1_024;

/// What each of a rank's keys is for, in the order in which they stand.
const ROLES: [&str; 3] = ["book", "receipt", "station"];

/// Why keys are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was time.
    Rotation,
    /// The old keys are, or may be, in other hands.
    Compromise,
}

/// The public keys of one rank, and the commitment of its line secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankKeys {
    /// Signs checkpoints.
    pub book: PublicKey,
    /// Signs receipts.
    pub receipt: PublicKey,
    /// Identifies the station.
    pub station: PublicKey,
    /// Of the line secret.
    pub commitment: Hash,
}

impl RankKeys {
    fn in_order(&self) -> [&PublicKey; 3] {
        [&self.book, &self.receipt, &self.station]
    }
}

/// The keys that sign for one rank.
#[derive(Debug)]
pub struct RankSecrets<'a> {
    /// Of checkpoints.
    pub book: &'a SecretKey,
    /// Of receipts.
    pub receipt: &'a SecretKey,
    /// Of the station.
    pub station: &'a SecretKey,
    /// Commitment of the line secret.
    pub commitment: Hash,
}

/// What a renewal says of itself, beside its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The line.
    pub line: LineId,
    /// Whose keys.
    pub party: Party,
    /// The rank that it brings, 1 to [`LAST_RANK`].
    pub rank: u8,
    /// What it follows: the hash of the renewal before, or [`first_hash`].
    pub follows: Hash,
    /// Why.
    pub why: Why,
    /// When, by the signer's clock, ms since 1970.
    pub time_ms: u64,
}

/// A party's next keys, signed by its recovery key or not: see [`Renewal::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// For what line, party and rank, after what and why.
    pub occasion: Occasion,
    /// The keys.
    pub keys: RankKeys,
    possession: [Signature; 3],
    statement: Vec<u8>,
    signature: Signature,
}

/// What a renewal of rank 1 follows: the keys of its party in the memorandum.
pub fn first_hash(party: Party, keys: &RankKeys, recovery: &PublicKey) -> Hash {
    let [book, receipt, station] = keys.in_order().map(|key| key.bytes().as_slice());
    let number = [party.number()];
    sha256_of(&[
        b"detente keys v1\n",
        &number,
        book,
        receipt,
        station,
        &keys.commitment,
        recovery.bytes().as_slice(),
    ])
}

/// The name of the recovery key's signature, in a signed note.
pub fn renewal_name(hash: &Hash, party: Party) -> String {
    let digest = sha256_of(&[b"detente renewal v1\n", hash, &[party.number()]]);
    let (half, _) = digest.split_at(16);
    format!("detente/{}", hex(half))
}

fn malformed(expected: &'static str, found: impl Into<String>) -> Fault {
    Fault::malformed("renewal", expected, found.into())
}

fn bad(expected: &'static str, found: impl Into<String>) -> Fault {
    Fault::misbehaved("renewal", expected, found.into())
}

impl Renewal {
    /// Signs the next keys of a party, whose short name is `name`, with its recovery key.
    pub fn sign(occasion: Occasion, name: &str, next: &RankSecrets<'_>, recovery: &SecretKey) -> Self {
        let signers = [next.book, next.receipt, next.station];
        let [book, receipt, station] = signers.map(SecretKey::public);
        let keys = RankKeys { book, receipt, station, commitment: next.commitment };
        let mut possession = [[0; 64]; 3];
        for ((proof, role), key) in possession.iter_mut().zip(ROLES).zip(signers) {
            *proof = key.sign(&possession_message(role, name, &key.public()));
        }
        let statement = statement(&occasion, &keys, &possession);
        let signature = recovery.sign(note_text(&sha256(&statement)).as_bytes());
        Self { occasion, keys, possession, statement, signature }
    }

    /// Reads a renewal.
    ///
    /// # Errors
    /// `Malformed` for other bytes than those of a renewal, `WeakKey` for a key that is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_RENEWAL {
            return Err(malformed("at most 1,024 bytes", bytes.len().to_string()));
        }
        canonical(bytes)?;
        let other =
            |error: minicbor::decode::Error| malformed("the form of spec/keys.md §3", error.to_string());
        let mut reader = Decoder::new(bytes);
        if reader.array().map_err(other)? != Some(2) {
            return Err(malformed("a statement and a signature", "another array"));
        }
        let said = reader.bytes().map_err(other)?;
        let signature = fixed(reader.bytes().map_err(other)?)?;
        canonical(said)?;
        let mut reader = Decoder::new(said);
        if reader.map().map_err(other)? != Some(11) {
            return Err(malformed("the eleven keys of a statement", "others"));
        }
        let mut reader = Reader(reader);
        let line = LineId(reader.bytes(1)?);
        reader.key(2)?;
        let party = Party::new(reader.0.u8().map_err(other)?)?;
        reader.key(3)?;
        let rank = reader.0.u8().map_err(other)?;
        if !(1..=LAST_RANK).contains(&rank) {
            return Err(malformed("a rank of 1 to 31", rank.to_string()));
        }
        let follows = reader.bytes(4)?;
        let [book, receipt, station] =
            [reader.bytes(5)?, reader.bytes(6)?, reader.bytes(7)?].map(PublicKey::new);
        let keys =
            RankKeys { book: book?, receipt: receipt?, station: station?, commitment: reader.bytes(8)? };
        reader.key(9)?;
        if reader.0.array().map_err(other)? != Some(3) {
            return Err(malformed("three proofs of possession", "another number"));
        }
        let mut possession = [[0; 64]; 3];
        for proof in &mut possession {
            *proof = fixed(reader.0.bytes().map_err(other)?)?;
        }
        reader.key(10)?;
        let why = match reader.0.u8().map_err(other)? {
            1 => Why::Rotation,
            2 => Why::Compromise,
            number => return Err(malformed("why: 1 or 2", number.to_string())),
        };
        reader.key(11)?;
        let time_ms = reader.0.u64().map_err(other)?;
        let occasion = Occasion { line, party, rank, follows, why, time_ms };
        Ok(Self { occasion, keys, possession, statement: said.to_vec(), signature })
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.statement.len() + 72);
        // Writing to a `Vec` cannot fail.
        let _ = Encoder::new(&mut out)
            .array(2)
            .and_then(|e| e.bytes(&self.statement))
            .and_then(|e| e.bytes(&self.signature));
        out
    }

    /// SHA-256 of its statement.
    pub fn hash(&self) -> Hash {
        sha256(&self.statement)
    }

    /// What is signed, as the text of a note.
    pub fn note_text(&self) -> String {
        note_text(&self.hash())
    }

    /// By the recovery key.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Holds it to a recovery key, and each of its keys to having been in its party's hands; `name` is the party's short name.
    ///
    /// # Errors
    /// `Misbehaved` for a signature that does not hold.
    pub fn verify(&self, name: &str, recovery: &PublicKey) -> Result<(), Fault> {
        if !recovery.verify(self.note_text().as_bytes(), &self.signature) {
            return Err(bad("a signature by the recovery key", "none"));
        }
        for ((role, key), proof) in ROLES.into_iter().zip(self.keys.in_order()).zip(&self.possession) {
            if !key.verify(&possession_message(role, name, key), proof) {
                return Err(bad("possession of every new key", format!("none of the {role} key")));
            }
        }
        Ok(())
    }

    /// Whether another one of the same party cannot be the word of the same owner: once both are verified they convict whoever
    /// has the recovery key.
    pub fn contradicts(&self, other: &Self) -> bool {
        let (one, two) = (&self.occasion, &other.occasion);
        (one.line, one.party) == (two.line, two.party)
            && (one.rank == two.rank && self.hash() != other.hash()
                || one.rank == two.rank + 1 && one.follows != other.hash()
                || two.rank == one.rank + 1 && two.follows != self.hash())
    }
}

fn note_text(hash: &Hash) -> String {
    format!("detente renewal\n{}\n", base64(hash))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::malformed("renewal", format!("{N} bytes"), bytes.len().to_string()))
}

/// A map's keys and values, in their order.
struct Reader<'a>(Decoder<'a>);

impl Reader<'_> {
    fn key(&mut self, number: u8) -> Result<(), Fault> {
        match self.0.u8() {
            Ok(found) if found == number => Ok(()),
            _ => Err(malformed("the eleven keys of a statement", "others")),
        }
    }

    fn bytes(&mut self, number: u8) -> Result<[u8; 32], Fault> {
        self.key(number)?;
        let bytes = self.0.bytes().map_err(|error| malformed("32 bytes", error.to_string()))?;
        fixed(bytes)
    }
}

fn statement(occasion: &Occasion, keys: &RankKeys, possession: &[Signature; 3]) -> Vec<u8> {
    let mut out = Vec::with_capacity(440);
    // Writing to a `Vec` cannot fail.
    let _ = write(&mut Encoder::new(&mut out), occasion, keys, possession);
    out
}

fn write(
    e: &mut Encoder<&mut Vec<u8>>,
    occasion: &Occasion,
    keys: &RankKeys,
    possession: &[Signature; 3],
) -> Result<(), encode::Error<Infallible>> {
    let Occasion { line, party, rank, follows, why, time_ms } = occasion;
    e.map(11)?.u8(1)?.bytes(&line.0)?.u8(2)?.u8(party.number())?.u8(3)?.u8(*rank)?.u8(4)?.bytes(follows)?;
    for (number, key) in (5..).zip(keys.in_order()) {
        e.u8(number)?.bytes(key.bytes())?;
    }
    e.u8(8)?.bytes(&keys.commitment)?.u8(9)?.array(3)?;
    for proof in possession {
        e.bytes(proof)?;
    }
    e.u8(10)?.u8(if *why == Why::Rotation { 1 } else { 2 })?.u8(11)?.u64(*time_ms)?;
    Ok(())
}

/// A party as its memorandum names it: where its ranks begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The line.
    pub line: LineId,
    /// Which party.
    pub party: Party,
    /// Its short name.
    pub name: String,
    /// Its keys of rank 0.
    pub keys: RankKeys,
    /// Its recovery key, if it has one.
    pub recovery: Option<PublicKey>,
}

/// The renewals of one party that are held, in order, each following the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranks {
    renewals: Vec<Renewal>,
    contradicting: Option<Renewal>,
}

/// What became of a renewal that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is the party's next one.
    Next,
    /// It is held already, or ranks before it are missing.
    Nothing,
    /// It contradicts the one held that is named here: from this rank on, none counts.
    Contradicts(u8),
}

impl Ranks {
    /// A party's own, whose last keys the caller has: it takes nobody's word for them.
    ///
    /// # Errors
    /// `Misuse` where one does not follow the one before.
    pub fn own(renewals: Vec<Renewal>) -> Result<Self, Fault> {
        for (renewal, rank) in renewals.iter().zip(1..) {
            if renewal.occasion.rank != rank {
                let found = renewal.occasion.rank.to_string();
                return Err(Fault::misuse("renewals", format!("rank {rank} next"), found));
            }
        }
        match renewals.windows(2).any(|pair| matches!(pair, [one, next] if one.contradicts(next))) {
            false => Ok(Self { renewals, contradicting: None }),
            true => Err(Fault::misuse("renewals", "each following the one before", "another order")),
        }
    }

    /// The renewals held, from rank 1 on.
    pub fn renewals(&self) -> &[Renewal] {
        &self.renewals
    }

    /// The one that contradicts one of them.
    pub fn contradicting(&self) -> Option<&Renewal> {
        self.contradicting.as_ref()
    }

    /// The last rank that there are keys of.
    pub fn last(&self) -> u8 {
        self.renewals.last().map_or(0, |renewal| renewal.occasion.rank)
    }

    /// From which rank on none counts.
    pub fn spoiled_from(&self) -> Option<u8> {
        let other = self.contradicting.as_ref()?;
        let held = self.renewals.iter().find(|renewal| renewal.contradicts(other))?;
        Some(held.occasion.rank)
    }

    /// The keys of a rank above 0.
    pub fn renewed(&self, rank: u8) -> Option<&RankKeys> {
        let place = usize::from(rank).checked_sub(1)?;
        self.renewals.get(place).map(|renewal| &renewal.keys)
    }

    /// The keys of a rank; those of rank 0 are the root's.
    pub fn keys<'a>(&'a self, root: &'a Root, rank: u8) -> Option<&'a RankKeys> {
        if rank == 0 { Some(&root.keys) } else { self.renewed(rank) }
    }

    /// What the next renewal follows.
    ///
    /// # Errors
    /// `Misuse` without a recovery key, or where no rank is left.
    pub fn next(&self, root: &Root) -> Result<(u8, Hash), Fault> {
        let Some(recovery) = &root.recovery else {
            return Err(Fault::misuse("recovery key", "one in the memorandum", "none"));
        };
        let rank = self.last() + 1;
        if rank > LAST_RANK || self.contradicting.is_some() {
            let found = if rank > LAST_RANK { "none left" } else { "renewals that contradict each other" };
            return Err(Fault::misuse("rank", "one that is free", found));
        }
        let follows = match self.renewals.last() {
            Some(last) => last.hash(),
            None => first_hash(root.party, &root.keys, recovery),
        };
        Ok((rank, follows))
    }

    /// Takes a renewal, if it is this party's next one; keeps one that contradicts another.
    ///
    /// # Errors
    /// `Misbehaved` for one that is not this party's on this line, does not verify, does not follow the memorandum's keys or has keys that
    /// the party had before.
    pub fn take(&mut self, root: &Root, renewal: Renewal) -> Result<Taken, Fault> {
        let Occasion { line, party, rank, follows, .. } = renewal.occasion;
        if (line, party) != (root.line, root.party) {
            return Err(bad("one of this line and party", "another's"));
        }
        let held = self.renewals.iter().any(|known| known.hash() == renewal.hash());
        if held || self.contradicting.is_some() || rank > self.last() + 1 {
            return Ok(Taken::Nothing);
        }
        let Some(recovery) = &root.recovery else {
            return Err(bad("a party with a recovery key", root.name.clone()));
        };
        renewal.verify(&root.name, recovery)?;
        if rank == 1 && follows != first_hash(party, &root.keys, recovery) {
            return Err(bad("one that follows the memorandum's keys", "another"));
        }
        if let Some(against) = self.renewals.iter().find(|known| known.contradicts(&renewal)) {
            let from = against.occasion.rank;
            self.contradicting = Some(renewal);
            return Ok(Taken::Contradicts(from));
        }
        let before = core::iter::once(&root.keys).chain(self.renewals.iter().map(|known| &known.keys));
        let had =
            |key: &PublicKey| key == recovery || before.clone().any(|keys| keys.in_order().contains(&key));
        let [book, receipt, station] = renewal.keys.in_order();
        let twice = book == receipt || receipt == station || station == book;
        let committed = before.clone().any(|keys| keys.commitment == renewal.keys.commitment);
        if twice || committed || renewal.keys.in_order().into_iter().any(had) {
            return Err(bad("keys and a commitment that the party never had", "one that it has or had"));
        }
        self.renewals.push(renewal);
        Ok(Taken::Next)
    }
}

impl Book {
    /// How many generations of a book a rank has.
    pub const GENERATIONS_OF_A_RANK: u16 = 128;

    /// The rank of the keys that it is signed with (spec/keys.md §2).
    pub fn rank(self) -> u8 {
        // A generation is at most 4095; one put together by hand stays within the type.
        u8::try_from(self.generation / Self::GENERATIONS_OF_A_RANK).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: LineId = LineId([7; 32]);

    fn key(of: u8) -> SecretKey {
        SecretKey::from_seed([of; 32])
    }

    fn root() -> Root {
        let keys = RankKeys {
            book: key(1).public(),
            receipt: key(2).public(),
            station: key(3).public(),
            commitment: [4; 32],
        };
        Root {
            line: LINE,
            party: Party::new(5).unwrap(),
            name: "usa".into(),
            keys,
            recovery: Some(key(9).public()),
        }
    }

    fn next(ranks: &Ranks, first: u8) -> Renewal {
        let (rank, follows) = ranks.next(&root()).unwrap();
        signed(rank, follows, first, &key(9))
    }

    fn signed(rank: u8, follows: Hash, first: u8, by: &SecretKey) -> Renewal {
        let occasion = Occasion {
            line: LINE,
            party: Party::new(5).unwrap(),
            rank,
            follows,
            why: Why::Rotation,
            time_ms: 1,
        };
        let [book, receipt, station] = [first, first + 1, first + 2].map(key);
        let secrets =
            RankSecrets { book: &book, receipt: &receipt, station: &station, commitment: [first; 32] };
        Renewal::sign(occasion, "usa", &secrets, by)
    }

    #[test]
    fn ranks_follow_one_another() {
        let mut ranks = Ranks::default();
        let one = next(&ranks, 20);
        assert_eq!(Renewal::decode(&one.encode()), Ok(one.clone()));
        assert_eq!(ranks.take(&root(), one.clone()), Ok(Taken::Next));
        assert_eq!(ranks.take(&root(), one.clone()), Ok(Taken::Nothing));
        let two = next(&ranks, 30);
        assert_eq!(Ranks::default().take(&root(), two.clone()), Ok(Taken::Nothing), "a rank left out");
        assert_eq!(ranks.take(&root(), two.clone()), Ok(Taken::Next));
        assert_eq!((ranks.last(), ranks.renewed(2)), (2, Some(&two.keys)));
        assert_eq!(ranks.keys(&root(), 0), Some(&root().keys));
    }

    #[test]
    fn what_is_not_its_owners_word_is_refused() {
        let (_, follows) = Ranks::default().next(&root()).unwrap();
        let take = |renewal| Ranks::default().take(&root(), renewal);
        assert!(take(signed(1, follows, 20, &key(8))).is_err(), "another key");
        assert!(take(signed(1, [0; 32], 20, &key(9))).is_err(), "what it follows");
        assert!(take(signed(1, follows, 1, &key(9))).is_err(), "keys of the memorandum");
        assert!(take(signed(1, follows, 8, &key(9))).is_err(), "the recovery key");
        let elsewhere = Root { line: LineId([8; 32]), ..root() };
        assert!(Ranks::default().take(&elsewhere, signed(1, follows, 20, &key(9))).is_err());
        let another = Root { party: Party::new(6).unwrap(), ..root() };
        assert!(Ranks::default().take(&another, signed(1, follows, 20, &key(9))).is_err());
        let without = Root { recovery: None, ..root() };
        assert!(Ranks::default().take(&without, signed(1, follows, 20, &key(9))).is_err());
    }

    #[test]
    fn two_of_one_rank_leave_none() {
        let mut ranks = Ranks::default();
        let (one, other) = (next(&ranks, 20), next(&ranks, 30));
        assert!(one.contradicts(&other) && !one.contradicts(&one));
        ranks.take(&root(), one.clone()).unwrap();
        assert_eq!(ranks.take(&root(), other.clone()), Ok(Taken::Contradicts(1)));
        assert_eq!((ranks.spoiled_from(), ranks.contradicting()), (Some(1), Some(&other)));
        assert!(ranks.next(&root()).is_err());
        assert_eq!(ranks.take(&root(), signed(2, one.hash(), 40, &key(9))), Ok(Taken::Nothing));
    }

    #[test]
    fn one_that_follows_another_than_the_one_held_convicts_as_well() {
        let mut ranks = Ranks::default();
        let (one, other) = (next(&ranks, 20), next(&ranks, 30));
        ranks.take(&root(), one).unwrap();
        let after_the_other = signed(2, other.hash(), 40, &key(9));
        assert_eq!(ranks.take(&root(), after_the_other), Ok(Taken::Contradicts(1)));
        assert_eq!(ranks.spoiled_from(), Some(1));
    }

    #[test]
    fn a_book_has_the_rank_of_its_generation() {
        let book = |generation| Book { generation, party: root().party, class: crate::name::Class::Z };
        let ranks = [0, 127, 128, 255, 256, 4095].map(|generation| book(generation).rank());
        assert_eq!(ranks, [0, 0, 1, 1, 2, 31]);
    }
}
