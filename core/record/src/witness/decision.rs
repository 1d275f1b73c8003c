//! How a witness decides (c2sp.org/tlog-witness, add-checkpoint): what it knows of a log, and what it is shown.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Head, Submission};
use crate::fault::Fault;
use crate::hash::Hash;
use crate::key::Signature;
use crate::note::{ED25519, signature_line};
use crate::proof::{tied_root, verify_consistency};
use crate::tree::empty_root;
use crate::vkey::VerifierKey;

/// What a witness last cosigned of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The checkpoint's note as it came, with its author's signature.
    pub note: String,
}

/// How two signed heads of one log show that they cannot both be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conviction {
    /// One size, two roots: whoever holds the log's key signed both.
    OneSize,
    /// The proof that came with the larger one ties it to another root at the size of the smaller.
    AcrossSizes,
}

/// Why a submission is not even compared with what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// The note is no checkpoint: 400.
    Malformed(Fault),
    /// Not a log of the list: 404.
    Unknown,
    /// Not signed by that log: 403.
    Unsigned,
}

/// A submission whose checkpoint its log has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vetted {
    /// Which log.
    pub origin: String,
    /// The size that the witness is believed to know.
    pub old: u64,
    /// From that size to the checkpoint's.
    pub proof: Vec<Hash>,
    /// How many leaves the checkpoint covers.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The checkpoint's text, which is cosigned.
    pub text: String,
    /// The checkpoint's note, with the signature that was found to hold and no other.
    pub note: String,
}

/// What a witness does with a submission that is vetted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It remembers the checkpoint, durably, and then cosigns it.
    Cosign,
    /// It is the one that it remembers: it cosigns it again.
    Again,
    /// The old size is above the checkpoint's: 400.
    Backwards,
    /// The old size is not the one that it knows, which it tells: 409. The checkpoint may convict all the same.
    Stale {
        /// What it knows.
        size: u64,
        /// What it shows beside the one that is known.
        convicts: Option<Conviction>,
    },
    /// The old size is the checkpoint's, and the root is another than the one that is known: 409.
    Forked,
    /// The proof does not lead from what is known to the checkpoint: 422. Unless it convicts, this shows nothing: the
    /// proof is anybody's, only the checkpoint is the log's.
    Unproved {
        /// What it shows.
        convicts: Option<Conviction>,
    },
}

impl Vetted {
    /// Holds a submission to the keys of its log, which `keys` gives by the origin.
    ///
    /// # Errors
    /// Why it is not looked at further.
    pub fn of<'k>(
        submission: Submission<'_>,
        keys: impl FnOnce(&str) -> &'k [VerifierKey],
    ) -> Result<Self, Unfit> {
        let text = submission.note.text;
        let Head { origin, size, root } = Head::parse(text).map_err(Unfit::Malformed)?;
        let keys = keys(origin);
        if keys.is_empty() {
            return Err(Unfit::Unknown);
        }
        let signed = |key: &VerifierKey| {
            let bytes = submission.note.signature_by(&key.name, ED25519, &key.key)?;
            let holds = key.key.verify(text.as_bytes(), &Signature::try_from(bytes).ok()?);
            holds.then(|| signature_line(&key.name, ED25519, &key.key, bytes))
        };
        let of_logs = keys.iter().filter(|key| key.signature_type == ED25519);
        let line = of_logs.filter_map(signed).next().ok_or(Unfit::Unsigned)?;
        let note = format!("{text}\n{line}");
        let Submission { old, proof, .. } = submission;
        Ok(Self { origin: origin.into(), old, proof, size, root, text: text.into(), note })
    }

    /// Decides, beside what is known of the log; `None`: it was never cosigned.
    pub fn decide(&self, known: Option<&Known>) -> Decision {
        let (size, root) = known.map_or_else(|| (0, empty_root()), |known| (known.size, known.root));
        let one_size = (self.size == size && self.root != root).then_some(Conviction::OneSize);
        if self.old > self.size {
            return Decision::Backwards;
        }
        if self.old != size {
            // What was never cosigned was never said by the log either.
            return Decision::Stale { size, convicts: one_size.filter(|_| known.is_some()) };
        }
        if one_size.is_some() {
            return Decision::Forked;
        }
        if verify_consistency(size, &root, self.size, &self.root, &self.proof).is_err() {
            let tied = tied_root(size, self.size, &self.root, &self.proof).filter(|tied| *tied != root);
            return Decision::Unproved { convicts: tied.map(|_| Conviction::AcrossSizes) };
        }
        if known.is_some() && self.size == size { Decision::Again } else { Decision::Cosign }
    }
}

#[cfg(test)]
mod tests {
    use super::super::submission;
    use super::*;
    use crate::hash::base64;
    use crate::key::SecretKey;
    use crate::note::COSIGNATURE;
    use crate::proof::{self, Node};
    use crate::tree::{Frontier, node_hash};

    const ORIGIN: &str = "example.com/log";

    fn key() -> SecretKey {
        SecretKey::from_seed([4; 32])
    }

    fn keys() -> Vec<VerifierKey> {
        let vkey = |seed: u8| VerifierKey {
            name: ORIGIN.into(),
            signature_type: ED25519,
            key: SecretKey::from_seed([seed; 32]).public(),
        };
        Vec::from([vkey(3), vkey(4)])
    }

    /// A log whose leaves are numbered from a first one: those of another are another history.
    struct Log(u8);

    impl Log {
        fn node(&self, node: Node) -> Hash {
            match node.level {
                0 => [self.0.wrapping_add(node.index as u8); 32],
                level => {
                    let half = |index| self.node(Node { level: level - 1, index });
                    node_hash(&half(2 * node.index), &half(2 * node.index + 1))
                }
            }
        }

        fn root(&self, size: u64) -> Hash {
            let mut frontier = Frontier::default();
            (0..size).for_each(|index| frontier.push(self.node(Node { level: 0, index })));
            frontier.root()
        }

        fn note(&self, size: u64) -> String {
            let text = format!("{ORIGIN}\n{size}\n{}\n", base64(&self.root(size)));
            let line = signature_line(ORIGIN, ED25519, &key().public(), &key().sign(text.as_bytes()));
            format!("{text}\n{line}")
        }

        fn known(&self, size: u64) -> Known {
            Known { size, root: self.root(size), note: self.note(size) }
        }

        fn proof(&self, from: u64, to: u64) -> Vec<Hash> {
            proof::consistency::<Fault>(from, to, |node| Ok(self.node(node))).unwrap()
        }
    }

    fn vet(submission: &str, keys: &[VerifierKey]) -> Result<Vetted, Unfit> {
        Vetted::of(Submission::parse(submission.as_bytes()).unwrap(), |origin| {
            assert_eq!(origin, ORIGIN);
            keys
        })
    }

    fn decide_on(old: u64, proof: &[Hash], note: &str, known: Option<&Known>) -> Decision {
        let text = submission(old, proof, note);
        let vetted = vet(&text, &keys()).unwrap();
        assert_eq!((vetted.note.as_str(), vetted.origin.as_str()), (note, ORIGIN));
        vetted.decide(known)
    }

    #[test]
    fn what_grew_from_what_is_known_is_cosigned() {
        let log = Log(0);
        for size in 1..20 {
            assert_eq!(decide_on(0, &[], &log.note(size), None), Decision::Cosign);
            for known in 1..size {
                let proof = log.proof(known, size);
                let found = decide_on(known, &proof, &log.note(size), Some(&log.known(known)));
                assert_eq!(found, Decision::Cosign, "{known} to {size}");
            }
            assert_eq!(decide_on(size, &[], &log.note(size), Some(&log.known(size))), Decision::Again);
        }
        assert_eq!(decide_on(0, &[], &log.note(0), None), Decision::Cosign);
        assert_eq!(decide_on(0, &[], &log.note(0), Some(&log.known(0))), Decision::Again);
    }

    #[test]
    fn what_is_stale_is_told_the_size() {
        let (log, known) = (Log(0), Log(0).known(5));
        let stale = |size| Decision::Stale { size, convicts: None };
        for (old, size) in [(0, 5), (0, 9), (4, 9), (6, 9), (0, 3), (3, 3)] {
            assert_eq!(decide_on(old, &[], &log.note(size), Some(&known)), stale(5), "{old} to {size}");
        }
        assert_eq!(decide_on(3, &[], &log.note(9), None), stale(0));
        assert_eq!(decide_on(10, &[], &log.note(9), Some(&known)), Decision::Backwards);
    }

    #[test]
    fn another_history_convicts_where_it_can_be_shown() {
        let (log, other) = (Log(0), Log(100));
        let known = log.known(5);
        assert_eq!(decide_on(5, &[], &other.note(5), Some(&known)), Decision::Forked);
        let convicts = Some(Conviction::OneSize);
        assert_eq!(decide_on(0, &[], &other.note(5), Some(&known)), Decision::Stale { size: 5, convicts });
        let found = decide_on(5, &other.proof(5, 9), &other.note(9), Some(&known));
        assert_eq!(found, Decision::Unproved { convicts: Some(Conviction::AcrossSizes) });
        // At a power of two the proof begins with what is to be shown: the two notes are kept, and convict nobody yet.
        let found = decide_on(4, &other.proof(4, 9), &other.note(9), Some(&log.known(4)));
        assert_eq!(found, Decision::Unproved { convicts: None });
    }

    #[test]
    fn an_honest_log_is_not_convicted_by_a_stranger_with_a_bad_proof() {
        let (log, known) = (Log(0), Log(0).known(5));
        let right = log.proof(5, 9);
        let mut bad = Vec::from([Vec::new(), [&right[..], &[[1; 32]]].concat(), right[1..].to_vec()]);
        for place in 0..right.len() {
            let mut touched = right.clone();
            touched[place][0] ^= 1;
            bad.push(touched);
        }
        for proof in bad {
            let found = decide_on(5, &proof, &log.note(9), Some(&known));
            assert_eq!(found, Decision::Unproved { convicts: None });
        }
        assert_eq!(
            decide_on(0, &[[0; 32]], &log.note(9), None),
            Decision::Unproved { convicts: None },
            "from nothing there is nothing to prove"
        );
    }

    #[test]
    fn only_the_logs_own_keys_count() {
        let log = Log(0);
        let text = submission(0, &[], &log.note(5));
        assert_eq!(vet(&text, &[]), Err(Unfit::Unknown));
        assert_eq!(vet(&text, &keys()[..1]), Err(Unfit::Unsigned));
        let cosigner = VerifierKey { signature_type: COSIGNATURE, ..keys()[1].clone() };
        assert_eq!(vet(&text, &[cosigner]), Err(Unfit::Unsigned));
        assert_eq!(vet(&text.replace("\n5\n", "\n6\n"), &keys()), Err(Unfit::Unsigned));
        let more = vet(&(text.clone() + "— other.example AAAAAAE=\n"), &keys()).unwrap();
        assert_eq!(more.note, log.note(5), "what others signed is not kept");
        let nothing = "old 0\n\nno checkpoint\n\n— example.com/log AAAAAAE=\n";
        assert!(matches!(vet(nothing, &keys()), Err(Unfit::Malformed(_))));
    }
}
