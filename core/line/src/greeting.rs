//! What comes in on a circuit: who is at the other end, what it holds, and which room its frames are for
//! (spec/line.md §6 and §8).

use alloc::string::ToString;
use alloc::vec::Vec;

use detente_record::{Book, Checkpoint, Class, Fault, Hash, LineSecret, Party, SignedCheckpoint};

use crate::contract::{CircuitId, Effect, Outgoing, Shown};
use crate::frame::{self, Frame, Hello, VERSION};
use crate::line::Line;

/// Most checkpoints that are sent for comparison when a circuit opens.
const MAX_HEADS: usize = 48;

/// The names of spec/line.md §8 that go on a circuit.
mod code {
    pub(super) const MALFORMED: u16 = 1;
    pub(super) const WRONG_LINE: u16 = 2;
    pub(super) const WRONG_VERSION: u16 = 4;
    pub(super) const WRONG_PARTY: u16 = 5;
    pub(super) const NO_HELLO: u16 = 6;
    pub(super) const BAD_SECRET: u16 = 7;
    pub(super) const NO_MEMBER: u16 = 13;
    pub(super) const OLD_KEY: u16 = 14;
}

impl Line {
    /// A frame came in.
    pub(crate) fn received(&mut self, circuit: CircuitId, bytes: &[u8]) {
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        state.heard(self.pace.now_ms);
        let (peer, ready, is_narrow) = (state.peer, state.ready, state.is_narrow());
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(fault) => return self.refuse(circuit, code::MALFORMED, fault),
        };
        match frame {
            Frame::Hello(hello) => self.greeted(circuit, hello),
            Frame::Refusal { code, text } => {
                let found = alloc::format!("refusal {code}: {text}");
                self.show(Shown::NotTaken {
                    circuit,
                    fault: Fault::incompatible("circuit", "a peer that agrees", found),
                });
            }
            // Where lanes overtake it may come before the hello, which is on its way; it goes again.
            _ if !ready && is_narrow => {}
            _ if !ready => {
                let fault = Fault::misbehaved("frame", "a hello first", "another frame");
                self.refuse(circuit, code::NO_HELLO, fault);
            }
            Frame::Step { book, first, entries, signature } => {
                self.stirred(circuit);
                if let Err(fault) = self.take_step(circuit, peer, book, first, &entries, &signature) {
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
            Frame::Ahead { book, first, entries } => {
                if let Err(fault) = self.take_ahead(circuit, peer, book, first, &entries) {
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
            Frame::Receipt(receipt) => {
                self.stirred(circuit);
                let (book, size) = (receipt.book, receipt.size);
                if let Some(state) = self.circuits.get_mut(&circuit).filter(|_| receipt.party == peer) {
                    state.receipted(book, size);
                }
                for state in self.circuits.values_mut().filter(|state| state.peer == peer) {
                    state.due.hears(&receipt, self.pace.now_ms);
                }
                if let Err(fault) = self.take_receipt(peer, receipt) {
                    // It may be good for another book of that name, which its signer holds.
                    let head = self.books.get(&book).and_then(|state| state.checkpoint_at(size));
                    if let Some(head) = head {
                        self.queue(circuit, frame::head(&head));
                    }
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
            Frame::Have(sizes) => {
                for (book, size) in sizes {
                    // Of its own book it says in that way what has come back: the next may be under way already.
                    let known = self.peers.get_mut(&peer).and_then(|peer| peer.known.insert(book, size));
                    let comes_back = book.party == peer && size > known.unwrap_or(0);
                    if let Some(state) = self.circuits.get_mut(&circuit) {
                        let sent = state.sent.entry(book).or_default();
                        *sent = if comes_back { size.max(*sent) } else { size };
                    }
                    self.opens_to(peer, book);
                }
            }
            Frame::Ping(nonce) => self.answer(circuit, nonce),
            Frame::Pong(nonce) => self.answered(circuit, nonce),
            Frame::Secret { party, epoch, secret } => {
                if let Ok(rank) = u8::try_from(epoch)
                    && let Err(fault) = self.take_secret(circuit, party, rank, secret)
                {
                    self.refuse(circuit, code::BAD_SECRET, fault);
                }
            }
            Frame::Renewals(renewals) => self.take_renewals(Some(circuit), renewals),
            Frame::CourierKeys(theirs) => self.knows_courier_keys(circuit, theirs),
            Frame::CourierKey(key) => {
                if let Some(state) = self.circuits.get_mut(&circuit) {
                    state.theirs.insert(key.party, (key.rank, key.number));
                }
                if let Err(fault) = self.take_courier_key(Some(circuit), *key) {
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
            Frame::Head(head) => self.compare(circuit, head),
            Frame::Want { blob, first, count } => self.asked_for_parts(circuit, blob, first, count),
            Frame::Part { blob, chunk, proof, bytes } => {
                if let Err(fault) = self.take_part(circuit, blob, chunk, &proof, bytes) {
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
            Frame::Lack(blob) => self.lacks_blob(circuit, blob),
            Frame::Fork(fork) => {
                if let Err(fault) = self.take_fork(*fork) {
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
        }
    }

    pub(crate) fn stirred(&mut self, circuit: CircuitId) {
        let now_ms = self.pace.now_ms;
        if let Some(state) = self.circuits.get_mut(&circuit) {
            state.stirs(now_ms);
        }
    }

    pub(crate) fn refuse(&mut self, circuit: CircuitId, code: u16, fault: Fault) {
        let frame = frame::refusal(code, &fault.to_string());
        self.show(Shown::NotTaken { circuit, fault });
        self.circuits.remove(&circuit);
        self.do_next(Effect::Send { circuit, what: Outgoing::Close(Some(frame)) });
    }

    /// A circuit is under a station key that its peer has renewed.
    pub(crate) fn refuse_old_key(&mut self, circuit: CircuitId, peer: Party) {
        // Whoever works with the old key hears of it, and writes nothing more if it is honest.
        let frames: Vec<Vec<u8>> = [self.hello(peer)].into_iter().chain(self.renewals_of(peer)).collect();
        self.do_next(Effect::Send { circuit, what: Outgoing::Frames(frames) });
        let fault =
            Fault::misbehaved("station key", "the one that the last renewal brought", "an earlier one");
        self.refuse(circuit, code::OLD_KEY, fault);
    }

    fn greeted(&mut self, circuit: CircuitId, hello: Hello) {
        let Some(peer) = self.circuits.get(&circuit).map(|state| state.peer) else { return };
        let hex = |hash: &Hash| {
            hash.iter().take(4).map(|byte| alloc::format!("{byte:02x}")).collect::<alloc::string::String>()
        };
        let refusal = if hello.version != VERSION {
            Some((
                code::WRONG_VERSION,
                Fault::incompatible("protocol version", VERSION.to_string(), hello.version.to_string()),
            ))
        } else if hello.line != self.id {
            Some((code::WRONG_LINE, Fault::incompatible("line", hex(&self.id.0), hex(&hello.line.0))))
        } else if hello.party != peer {
            let found = hello.party.number().to_string();
            Some((code::WRONG_PARTY, Fault::misbehaved("party", peer.number().to_string(), found)))
        } else if self.is_done_with(peer, &hello) {
            Some((
                code::NO_MEMBER,
                Fault::incompatible("party", "a member of the line", self.memorandum.name_of(peer)),
            ))
        } else {
            None
        };
        if let Some((code, fault)) = refusal {
            return self.refuse(circuit, code, fault);
        }
        for class in Class::ALL {
            if let Err(fault) = self.reminded(class, &hello) {
                self.show(Shown::NotTaken { circuit, fault });
            }
        }
        self.peer_greeted(&hello);
        let now_ms = self.pace.now_ms;
        let lacks = |(book, size): (&Book, &u64)| {
            let state = self.books.get(book);
            let held = state.map_or(0, |state| state.size());
            held < *size && !state.is_some_and(|state| state.ended) && held < self.taken_up_to(*book)
        };
        let (was_ready, again) =
            self.circuits.get(&circuit).map_or((false, false), |state| (state.ready, state.greeted));
        let lacks = again && hello.sizes.iter().any(lacks);
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        (state.ready, state.greeted) = (true, true);
        let answers = !core::mem::replace(&mut state.greets, true);
        if again {
            state.greeted_again(&hello.sizes, lacks, now_ms);
        }
        if answers {
            for frame in self.greeting(peer) {
                self.queue(circuit, frame);
            }
        }
        let parting = self.partings.get(&peer);
        // Whoever holds as much of a book can tell whether it is the same book.
        let heads = self.books.iter().filter_map(|(book, state)| {
            let signed = state.signed.as_ref()?;
            let theirs = hello.sizes.get(book).copied().unwrap_or(0);
            let tells = parting.is_none_or(|parting| parting.covers(*book, signed.checkpoint.size));
            (tells && theirs >= signed.checkpoint.size).then(|| frame::head(signed))
        });
        let heads: Vec<Vec<u8>> = heads.take(if again { 0 } else { MAX_HEADS }).collect();
        for head in heads {
            self.queue(circuit, head);
        }
        let mut due = Vec::new();
        let parting = self.partings.get(&peer);
        for (book, state) in &self.books {
            let held = hello.receipts.get(book);
            for (party, receipt) in &state.receipts {
                let tells =
                    book.party == peer || parting.is_none_or(|parting| parting.covers(*book, receipt.size));
                if tells && held.and_then(|held| held.get(party)).copied().unwrap_or(0) < receipt.size {
                    due.push(receipt.clone());
                }
            }
        }
        if let Some(known) = self.peers.get_mut(&peer) {
            (known.known, known.said_ms, known.greeted) = (hello.sizes, now_ms, true);
            self.opens_all_to(peer);
        }
        if let Some(state) = self.circuits.get_mut(&circuit) {
            for receipt in due {
                state.tells(receipt, now_ms);
            }
        }
        if !was_ready {
            self.doubt_others(circuit, peer);
            self.ask_others();
            self.show(Shown::CircuitReady { circuit, peer });
        }
    }

    /// Somebody says what it holds of this party's own books of a class. If that is more than is held here, and this
    /// party has signed it, the whole machine was rolled back: that generation is never appended to again; what is
    /// missing comes back from the mirrors.
    ///
    /// # Errors
    /// `Misbehaved` for more than is held here without a signature that shows it. It costs nothing: generations are
    /// few, and whoever lies would use them up.
    pub(crate) fn reminded(&mut self, class: Class, hello: &Hello) -> Result<(), Fault> {
        let current = self.current(class);
        let of_class = |(book, _): &(&Book, &u64)| (book.party, book.class) == (current.party, class);
        let Some((&book, &size)) = hello.sizes.iter().rfind(of_class) else { return Ok(()) };
        // With earlier keys somebody else may have gone on; with later ones this station does not write.
        if book.rank() != self.own.rank || self.awaits_books() || self.is_superseded() {
            return Ok(());
        }
        let held = self.books.get(&current).map_or(0, |state| state.size());
        if book < current || book == current && size <= held {
            return Ok(());
        }
        let unproved = |found: &'static str| {
            Fault::misbehaved("size of an own book", "one that this party has signed", found)
        };
        let (root, signature) = *hello.heads.get(&book).ok_or_else(|| unproved("no signature"))?;
        let head = SignedCheckpoint { checkpoint: Checkpoint { book, size, root }, signature };
        head.verify(&self.id, &self.me.book_key.public()).map_err(|_| unproved("no signature of its"))?;
        self.end_own(class, book.generation);
        Ok(())
    }

    /// An own book cannot go on; a generation after the last one known is opened at once.
    pub(crate) fn end_own(&mut self, class: Class, last: u16) {
        let least = self.generation_after(last);
        if let Err(fault) = self.open_next(class, least) {
            self.show(Shown::NotRenewed { fault });
        }
    }

    /// Takes a secret that came on a circuit, or on none.
    ///
    /// # Errors
    /// `Misbehaved` for one that does not fit its commitment.
    pub(crate) fn take_secret(
        &mut self,
        circuit: CircuitId,
        party: Party,
        rank: u8,
        secret: LineSecret,
    ) -> Result<(), Fault> {
        if self.secrets.contains_key(&(party, rank)) {
            return Ok(());
        }
        let commitment = match rank {
            0 => self.memorandum.anyone(party).map(|member| member.commitment),
            rank => self.ranks.get(&party).and_then(|ranks| Some(ranks.renewed(rank)?.commitment)),
        };
        // Whoever sends it may hold an admission or a renewal that has not come here, and must be heard to the end to bring it: it
        // is said again for as long as this side holds none of that party's books.
        let Some(commitment) = commitment else { return Ok(()) };
        if commitment == secret.commitment() {
            let told = frame::secret(party, rank.into(), &secret);
            self.append.secrets.push(((party, rank), secret.clone()));
            self.learn(party, rank, secret);
            // Whoever is connected already needs it to read what this station carries to it.
            let reads = |peer: Party| self.parting(peer).is_none_or(|parting| parting.reads(party));
            let others = self.circuits.iter().filter(|(id, state)| **id != circuit && state.peer != party);
            let others = others.filter(|(_, state)| reads(state.peer));
            let others: Vec<CircuitId> = others.map(|(id, _)| *id).collect();
            for other in others {
                self.queue(other, told.clone());
            }
            Ok(())
        } else {
            Err(Fault::misbehaved("line secret", "one that fits its commitment", "another"))
        }
    }
}
