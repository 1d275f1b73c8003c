//! What goes next on a circuit that is free.

use alloc::vec::Vec;

use detente_record::{Book, Class, Party, SignedCheckpoint};

use super::{CARRY_AFTER_MS, MAX_RECEIPTS, NARROW_RECEIPTS, Open, is_urgent, signed_for};
use crate::contract::{CircuitId, Lane, Outgoing};
use crate::frame;
use crate::line::Line;

impl Line {
    pub(super) fn next_for(&mut self, circuit: CircuitId) -> Option<Outgoing> {
        let now_ms = self.pace.now_ms;
        let state = self.circuits.get_mut(&circuit)?;
        let mut words = if state.is_free(Lane::Word) { state.words() } else { Vec::new() };
        words.extend(self.receipts_for(circuit, false));
        if !words.is_empty() {
            return self.say(circuit, words);
        }
        let Some((book, from, end)) = self.next_step(circuit) else {
            let heard = self.receipts_for(circuit, true);
            if !heard.is_empty() {
                return self.say(circuit, heard);
            }
            let state = self.circuits.get_mut(&circuit).filter(|state| state.has_room_for_parts(now_ms))?;
            let state = Some(state).filter(|state| state.is_free(Lane::Part))?;
            if self.partings.contains_key(&state.peer) {
                // What it asked for while it was a member is not its any more.
                state.given.clear();
            }
            if let Some(party) = state.keys.pop_first() {
                let key = self.courier_keys.get(&party)?;
                state.theirs.insert(party, (key.rank, key.number));
                state.busy.insert(Lane::Part, now_ms);
                return Some(Outgoing::Key(frame::courier_key(key)));
            }
            let (blob, chunk) = state.given.pop()?;
            state.busy.insert(Lane::Part, now_ms);
            return Some(Outgoing::Part { blob, chunk });
        };
        let ahead = self.goes_ahead(circuit, book, from, end.checkpoint.size);
        let state = self.circuits.get_mut(&circuit)?;
        state.busy.insert(book.class.into(), now_ms);
        state.step_ms = now_ms;
        if !state.rate.is_narrow() {
            state.waits_since_ms.get_or_insert(now_ms);
        }
        state.steps += 1;
        state.stirs(now_ms);
        Some(Outgoing::Step { book, from, end, ahead })
    }

    fn say(&mut self, circuit: CircuitId, words: Vec<Vec<u8>>) -> Option<Outgoing> {
        self.circuits.get_mut(&circuit)?.busy.insert(Lane::Word, self.pace.now_ms);
        Some(Outgoing::Frames(words))
    }

    /// The receipts that go next. On a narrow circuit those that others have given for books of others go one by one, and only while
    /// no step is there to go: the peer is likely to hear of them from their signers, and nobody waits for them.
    fn receipts_for(&mut self, circuit: CircuitId, between_others: bool) -> Vec<Vec<u8>> {
        let (now_ms, me) = (self.pace.now_ms, self.me.party);
        let best = self.circuits.get(&circuit).is_some_and(|state| self.is_best(circuit, state.peer));
        let Some(state) = self.circuits.get_mut(&circuit) else { return Vec::new() };
        let narrow = state.rate.is_narrow();
        let free = state.ready && state.is_free(Lane::Word) && state.queue.is_empty();
        if !free || between_others && (!narrow || state.carries_step()) {
            return Vec::new();
        }
        let peer = state.peer;
        let may_go = |book: Book, signer: Party| {
            // Another circuit brings the rest sooner than a narrow one.
            let here = best || !narrow || is_urgent(book.class);
            let of_others = narrow && signer != me && book.party != peer;
            here && of_others == between_others && (signer != me || !self.unsaid.contains_key(&book))
        };
        let most = match (narrow, between_others) {
            (false, _) => MAX_RECEIPTS,
            (true, false) => NARROW_RECEIPTS,
            (true, true) => 1,
        };
        let receipts = state.due.take(most, now_ms, may_go);
        if !receipts.is_empty() {
            state.stirs(now_ms);
        }
        receipts.iter().map(frame::receipt).collect()
    }

    /// The book that goes next, in the order Z, A, O, P, R: from where, and how far it could go.
    fn next_step(&mut self, circuit: CircuitId) -> Option<(Book, u64, SignedCheckpoint)> {
        let peer = self.circuits.get(&circuit)?.peer;
        let best = self.is_best(circuit, peer);
        let ended = self.brought_up_to();
        let waits = self.waits_ahead(circuit).map(|(book, from, _)| (book, from));
        let state =
            self.circuits.get_mut(&circuit).filter(|state| state.ready && state.opened && !state.starved)?;
        let now_ms = self.pace.now_ms;
        let me = self.me.party;
        let parting = self.partings.get(&peer);
        let peer = self.peers.get_mut(&peer)?;
        let mut next: Option<(Class, Book, u64)> = None;
        state.crowded = false;
        let mut open = match core::mem::replace(&mut state.open, Open::All) {
            Open::All => self.books.keys().copied().collect(),
            Open::Books(books) => books,
        };
        open.retain(|book| {
            let Some(held) = self.books.get(book) else { return false };
            let class = book.class;
            let urgent = is_urgent(class);
            let known = peer.known.get(book).copied().unwrap_or(0);
            let sent = state.sent.get(book).copied().unwrap_or(0);
            state.window.holds(*book, known, sent, now_ms);
            let from = sent.max(known);
            let signed = signed_for(parting, *book, held);
            let over = ended.get(book).is_some_and(|most| from >= *most);
            if signed <= from || over {
                if known >= signed || over {
                    peer.lacking.remove(book);
                }
                return false;
            }
            let here = best || urgent || class == Class::O;
            let is_behind = next.is_some_and(|(first, ..)| first <= class);
            if !here || is_behind || waits == Some((*book, from)) {
                return true;
            }
            let since = *peer.lacking.entry(*book).or_insert(now_ms);
            let goes = book.party == me || urgent || now_ms >= since.saturating_add(CARRY_AFTER_MS);
            if goes && state.is_free(class.into()) && (urgent || state.window.is_open(*book)) {
                next = Some((class, *book, from));
            }
            state.crowded |= goes;
            true
        });
        state.open = Open::Books(open);
        let (_, book, from) = next?;
        let end = match parting {
            Some(parting) => parting.end(book)?.clone(),
            None => self.books.get(&book)?.signed.clone()?,
        };
        Some((book, from, end))
    }
}
