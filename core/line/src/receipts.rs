//! Giving receipts for what is durable here, and noting those of others (spec/record.md §7, spec/line.md §6).

use alloc::string::ToString;
use alloc::vec::Vec;

use detente_record::{Book, Fault, Hash, Party, Receipt, SignedCheckpoint};

use crate::contract::{CircuitId, Evidence, Shown};
use crate::frame;
use crate::line::{Line, Reached};

impl Line {
    /// Gives a receipt for what has become durable of a mirror, to everybody.
    pub(crate) fn give_receipt(&mut self, book: Book, reached: Vec<Reached>) {
        let (id, me, seconds) = (self.id, self.me.party, self.pace.now_ms / 1000);
        let state = self.book(book);
        for one in reached {
            state.durable = one.size;
            if let Some(signed) = one.signed {
                state.keep_checkpoint(signed);
            }
        }
        self.grew(book);
        let state = self.book(book);
        let Some(last_signed) = state.signed.clone() else { return };
        let most = self.receipted_up_to(book);
        let state = self.book(book);
        let within = |signed: &SignedCheckpoint| signed.checkpoint.size <= most;
        let signed = Some(last_signed).filter(within);
        let Some(signed) = signed.or_else(|| state.recent_checkpoints().rev().find(within)) else {
            return self.early_receipts(book);
        };
        let last = state.receipts.get(&me);
        if book.party == me || last.is_some_and(|last| last.size >= signed.checkpoint.size) {
            return self.early_receipts(book);
        }
        let seconds = last.map_or(0, |last| last.seconds).max(seconds);
        let checkpoint = &signed.checkpoint;
        let receipt =
            Receipt::sign(book, me, checkpoint.size, &checkpoint.root, seconds, &id, &self.me.receipt_key);
        self.append.receipts.push(receipt.clone());
        if self.pace.is_ahead() {
            // Forgotten by a crash it would be given anew by the clock, at an earlier time than this one.
            self.say_once_durable(book);
        }
        self.spread(&receipt, |_| true);
        self.note_receipt(receipt);
        self.early_receipts(book);
    }

    /// Gives a receipt again that was given under an earlier key and counts no more: for the same size, and of the same time, since
    /// that is when it came.
    pub(crate) fn receipt_anew(&mut self, book: Book) {
        let (id, me, most) = (self.id, self.me.party, self.receipted_up_to(book));
        if self.is_superseded() {
            return;
        }
        let Some(state) = self.books.get(&book) else { return };
        let Some(last) = state.receipts.get(&me).filter(|last| last.size <= most) else { return };
        let Some(root) = state.root_at(last.size) else { return };
        let receipt = Receipt::sign(book, me, last.size, &root, last.seconds, &id, &self.me.receipt_key);
        self.append.receipts.push(receipt.clone());
        self.spread(&receipt, |_| true);
        self.book(book).receipts.insert(me, receipt);
    }

    /// Puts a receipt in line on the circuits of those who may know of it.
    fn spread(&mut self, receipt: &Receipt, goes: impl Fn(Party) -> bool) {
        let now_ms = self.pace.now_ms;
        for circuit in self.circuits.values_mut().filter(|circuit| circuit.ready && goes(circuit.peer)) {
            let parting = self.partings.get(&circuit.peer);
            if receipt.book.party == circuit.peer
                || parting.is_none_or(|parting| parting.covers(receipt.book, receipt.size))
            {
                circuit.tells(receipt.clone(), now_ms);
            }
        }
    }

    /// Says how much of an own book that was lost has come back: nobody gives receipts for its own, and whoever brings it would not know
    /// that more can come.
    pub(crate) fn say_what_came_back(&mut self, book: Book, goes: impl Fn(CircuitId) -> bool) {
        let Some(state) = self.books.get(&book).filter(|_| book.party == self.me.party) else { return };
        if book == self.current(book.class) && book.rank() >= self.own.rank && !state.ended {
            return;
        }
        let size = state.durable.min(state.signed_size());
        let to = self.circuits.iter().filter(|(circuit, state)| state.ready && goes(**circuit));
        for circuit in to.map(|(circuit, _)| *circuit).collect::<Vec<_>>() {
            self.say_size(circuit, book, size);
        }
    }

    /// A step comes that was taken before: its receipt may be lost.
    pub(crate) fn receipt_again(&mut self, circuit: CircuitId, book: Book) {
        self.say_what_came_back(book, |of| of == circuit);
        let (me, now_ms) = (self.me.party, self.pace.now_ms);
        let given = self.books.get(&book).and_then(|state| state.receipts.get(&me));
        if let (Some(receipt), Some(state)) = (given, self.circuits.get_mut(&circuit)) {
            state.tells_again(receipt.clone(), now_ms);
        }
    }

    /// Holds a receipt that came in to its signer, and keeps it.
    pub(crate) fn take_receipt(&mut self, carrier: Party, receipt: Receipt) -> Result<(), Fault> {
        self.take_receipt_at(carrier, receipt, None)
    }

    /// The same of one that may be for a size of long ago, whose root the shell has found in the record.
    pub(crate) fn take_receipt_at(
        &mut self,
        carrier: Party,
        receipt: Receipt,
        stored: Option<Hash>,
    ) -> Result<(), Fault> {
        let (book, signer) = (receipt.book, receipt.party);
        if signer == self.me.party || self.naming(signer).is_none() {
            return Ok(());
        }
        let Some(state) = self.books.get(&book) else { return Ok(()) };
        if state.receipts.get(&signer).is_some_and(|last| last.size >= receipt.size) {
            return Ok(());
        }
        let Some(root) = state.root_at(receipt.size).or(stored) else {
            if receipt.size > state.signed_size() {
                self.early_receipts.insert((book, signer), receipt);
            } else if signer == carrier {
                // Of long ago, by its own word, as in a hello: it catches up, and is to be sent more.
                self.holds(signer, book, receipt.size);
            }
            return Ok(());
        };
        let rank = self.holds_receipt(&receipt, &root)?;
        let Some(state) = self.books.get(&book) else { return Ok(()) };
        let later = state.receipts.get(&signer).filter(|last| last.seconds > receipt.seconds);
        // What somebody else said with an earlier key holds nobody's clock.
        if later.is_some_and(|last| self.rank_of_receipt(last) == Some(rank)) {
            let fault =
                Fault::misbehaved("receipt", "seconds that do not decrease", receipt.seconds.to_string());
            // Once for each book, or whoever goes on with it would fill the disk with proofs.
            if self.gone_back.insert((book, signer)) {
                self.convict(Evidence {
                    party: signer,
                    fault: fault.clone(),
                    proof: frame::receipt(&receipt),
                });
            }
            return Err(fault);
        }
        self.append.receipts.push(receipt.clone());
        self.spread(&receipt, |peer| peer != signer && peer != carrier);
        self.show(Shown::Receipted { receipt: receipt.clone() });
        self.note_receipt(receipt);
        Ok(())
    }

    /// Receipts that came before what they receipt.
    pub(crate) fn early_receipts(&mut self, book: Book) {
        let signers: Vec<Party> =
            self.early_receipts.keys().filter(|(of, _)| *of == book).map(|(_, by)| *by).collect();
        for signer in signers {
            if let Some(receipt) = self.early_receipts.remove(&(book, signer)) {
                let _ = self.take_receipt(signer, receipt);
            }
        }
    }

    pub(crate) fn note_receipt(&mut self, receipt: Receipt) {
        let (book, signer, size, seconds) = (receipt.book, receipt.party, receipt.size, receipt.seconds);
        let me = self.me.party;
        let receipts = &mut self.book(book).receipts;
        let before = receipts.get(&signer).map_or(0, |last| last.size);
        if before >= size {
            return;
        }
        receipts.insert(signer, receipt);
        if signer == me {
            let arrived_ms = seconds.saturating_mul(1000);
            self.facts.arrived(book, before, size, arrived_ms);
            let waiting = self.book(book).unjudged.iter_mut();
            for unjudged in waiting.filter(|unjudged| (before + 1..=size).contains(&unjudged.number)) {
                unjudged.arrived_ms = Some(arrived_ms);
            }
        } else {
            self.holds(signer, book, size);
        }
    }
}
