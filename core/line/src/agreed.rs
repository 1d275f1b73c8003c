//! What two stations hold of each other's word, in a few bytes: where it is the same on both sides, neither need say its hello
//! on a narrow circuit (spec/serial.md §4).

use alloc::vec::Vec;

use detente_record::{Book, Party, Receipt, sha256};

use crate::contract::{CircuitId, Shown};
use crate::line::Line;

/// Bytes of an agreement.
pub const AGREED: usize = 6;

/// What a station holds of receipts, its own and its peer's; all zero where it has more to say than that.
pub type Agreed = [u8; AGREED];

impl Line {
    /// What this station tells a peer that it holds, where receipts say all of it: every book of the peer's is receipted as far as it
    /// is held, and nothing is in doubt.
    pub fn agreed(&self, peer: Party) -> Agreed {
        self.digest(peer).unwrap_or_default()
    }

    fn digest(&self, peer: Party) -> Option<Agreed> {
        let me = self.me.party;
        let is_plain = self.parting(peer).is_none() && !self.awaits_books() && !self.is_superseded();
        if !is_plain || !self.forks.is_empty() || !self.peers.contains_key(&peer) {
            return None;
        }
        let mut said = b"detente agreed v1\n".to_vec();
        said.extend(self.id.0);
        said.extend(self.memorandum.hash());
        said.extend([me.min(peer).number(), me.max(peer).number()]);
        for party in self.ranks.keys() {
            said.extend([party.number(), self.rank(*party)]);
        }
        for key in [me.min(peer), me.max(peer)].into_iter().filter_map(|party| self.courier_key(party)) {
            said.extend([key.party.number(), key.rank]);
            said.extend(key.number.to_be_bytes());
        }
        let mut any = false;
        for (book, state) in &self.books {
            let given = state.receipts.get(&me).map_or(0, |receipt| receipt.size);
            if book.party == peer && (given < state.size() || self.unsaid.contains_key(book)) {
                return None;
            }
            let of_two = state.receipts.iter().filter(|(signer, _)| [me, peer].contains(signer));
            for (signer, receipt) in of_two {
                said.extend(book.code().to_be_bytes());
                said.push(signer.number());
                said.extend(receipt.size.to_be_bytes());
                said.extend(receipt.seconds.to_be_bytes());
                said.extend(receipt.signature);
                any |= book.party == me && *signer == peer && book.rank() == self.own.rank;
            }
        }
        // A peer that has receipted nothing of what was written with the last keys may lack the secret that came with them.
        let [a, b, c, d, e, f, ..] = sha256(&said);
        any.then_some([a, b, c, d, e, f])
    }

    /// A peer holds what this station holds of receipts: that is its hello.
    pub(crate) fn agrees(&mut self, circuit: CircuitId, peer: Party) {
        let me = self.me.party;
        let holds = |(book, signers): (&Book, Vec<&Receipt>)| {
            let signer = if book.party == peer { me } else { peer };
            let receipt = signers.into_iter().find(|receipt| receipt.party == signer)?;
            Some((*book, receipt.size))
        };
        let held = self.books.iter().map(|(book, state)| (book, state.receipts.values().collect()));
        let held: Vec<(Book, u64)> = held.filter_map(holds).collect();
        if let Some(known) = self.peers.get_mut(&peer).map(|peer| &mut peer.known) {
            for (book, size) in held {
                let known = known.entry(book).or_default();
                *known = size.max(*known);
            }
            self.opens_all_to(peer);
        }
        self.doubt_others(circuit, peer);
        self.ask_others();
        self.show(Shown::CircuitReady { circuit, peer });
    }
}
