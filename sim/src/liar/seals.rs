//! Lies about seals: another's book, sizes that are not there, roots that are not so, keys that nobody has committed to.

use std::sync::Arc;

use detente_line::{Content, Sealed};
use detente_record::{Book, Checkpoint, Class, Party, Seal, SealSecret};

use super::Liar;

impl Liar {
    /// An entry that seals, as a rule falsely.
    pub(super) fn seals(&mut self, branch: usize, now_ms: u64) {
        let Some(seed) = self.keys.seal else { return };
        let class = if self.rng.chance(200) { Class::A } else { self.class() };
        let mut book = Book { generation: 0, party: self.keys.party, class };
        let of = self.branches.get(branch).and_then(|of| of.frontiers.get(&book));
        let (mut size, mut root) = of.map_or((1, [7; 32]), |of| (of.size(), of.root()));
        let (mut seed, mut book_key) = (seed, self.keys.book.clone());
        let mut told = self.rng.chance(400);
        let mut seconds = now_ms / 1_000;
        match self.rng.below(9) {
            0 => {
                let parties: Vec<Party> = self.memorandum.parties().collect();
                book.party = self.rng.pick(&parties).copied().unwrap_or(book.party);
            }
            1 => size += self.rng.within(1, 5),
            2 | 3 => {
                size = size.saturating_sub(self.rng.below(4)).max(1);
                root = self.rng.bytes();
                self.sealed_another = true;
            }
            4 => seed = self.rng.bytes(),
            5 => (seed, told) = (self.rng.bytes(), true),
            6 => book_key = self.wrong.clone(),
            7 => seconds = self.rng.next() >> 1,
            // One that holds, if its key is told.
            _ => {}
        }
        let secret = SealSecret::from_seed(seed);
        let signed = Checkpoint { book, size, root }.sign(&self.line, &book_key);
        let Ok(mut seal) = Seal::sign(&signed.checkpoint, seconds, &self.line, &secret) else { return };
        if self.rng.chance(100) {
            let place = self.rng.below(2_420) as usize;
            if let Some(byte) = seal.signature.get_mut(place) {
                *byte ^= 1;
            }
        }
        let key = told.then(|| Arc::new(*secret.public().bytes()));
        let content = Content::Seals(Box::new(Sealed { signed, seal, key }));
        self.write(branch, Class::R, Vec::new(), &content, now_ms);
    }
}
