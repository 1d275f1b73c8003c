//! What is due by the clock alone: pings, hellos said again, what goes again, and circuits that are given up.

use alloc::vec::Vec;

use detente_record::{Book, Party};

use super::{CARRY_AFTER_MS, Circuit, PARTS_AFTER_MS};
use crate::contract::{CircuitId, Effect, Lane, Outgoing, Shown};
use crate::frame;
use crate::line::Line;

impl Line {
    /// What should have been receipted by now goes again, from where the peer is known to be. Nobody receipts a book
    /// that has forked.
    pub(super) fn send_again_if_due(&mut self, circuit: CircuitId) {
        let now_ms = self.pace.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        let overdue = state.window.overdue(state.smoothed_ms.unwrap_or(0), now_ms);
        if !overdue.is_empty() {
            state.again += 1;
            state.lapses();
        }
        for book in overdue.into_iter().filter(|book| !self.forks.contains_key(book)) {
            state.sent.remove(&book);
            state.open.add(book);
        }
    }

    /// A circuit on which nothing has come in for too long since a step: the next best one carries on.
    pub(super) fn note_if_late(&mut self, circuit: CircuitId) {
        let now_ms = self.pace.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        if state.late_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            state.lapses();
        }
    }

    /// Says which circuits have become late, and which are in time again.
    pub(super) fn tell_lateness(&mut self) {
        let changed = self.circuits.iter_mut().filter(|(_, state)| state.late != state.told_late);
        let changed = changed.map(|(circuit, state)| {
            state.told_late = state.late;
            Shown::CircuitLate { circuit: *circuit, late: state.late }
        });
        for shown in changed.collect::<Vec<_>>() {
            self.show(shown);
        }
    }

    /// Asks whether a quiet circuit is there; says when it is silent, and gives up one that stays so, for its shell
    /// to make anew.
    pub(super) fn ping_if_due(&mut self, circuit: CircuitId) {
        let now_ms = self.pace.now_ms;
        let [a, b, c, d, ..] = self.entropy;
        let Some(state) = self.circuits.get_mut(&circuit).filter(|state| now_ms >= state.due_ms()) else {
            return;
        };
        let stuck = state.stuck_since_ms().is_some();
        if stuck || (state.ping.is_some() && state.silent) {
            let was_silent = state.silent;
            self.circuits.remove(&circuit);
            self.do_next(Effect::Send { circuit, what: Outgoing::Close(None) });
            if !was_silent {
                self.show(Shown::CircuitSilent { circuit, silent: true });
            }
        } else if state.ping.is_some() {
            (state.silent, state.silent_ms) = (true, now_ms);
            self.show(Shown::CircuitSilent { circuit, silent: true });
        } else {
            let nonce = u64::from(u32::from_be_bytes([a, b, c, d])) << 16 | (circuit & 0xffff);
            state.ping = Some((nonce, now_ms));
            state.ask(frame::ping(nonce));
        }
    }

    pub(super) fn hello_if_due(&mut self, circuit: CircuitId) {
        let now_ms = self.pace.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit).filter(|state| state.ready) else { return };
        if state.hello_ms.take_if(|at_ms| *at_ms <= now_ms).is_some() {
            (state.said_ms, state.greets) = (now_ms, true);
            let peer = state.peer;
            // Who holds nothing of a party's books may never have got its secret, and takes no step without it.
            let known = self.peers.get(&peer).map(|peer| &peer.known);
            let holds = |party, rank| {
                let of = |book: &Book| (book.party, book.rank()) == (party, rank);
                known.is_some_and(|known| known.iter().any(|(book, size)| *size > 0 && of(book)))
            };
            let secrets = self.secrets_for(peer, |party, rank| !holds(party, rank));
            let renewed = self.ranks.keys().filter(|party| !holds(**party, self.rank(**party)));
            let renewals: Vec<Vec<u8>> = renewed.filter_map(|party| self.renewals_of(*party)).collect();
            let hello = self.hello(peer);
            for frame in [hello].into_iter().chain(renewals).chain(secrets) {
                self.queue(circuit, frame);
            }
        }
    }

    /// When dispatch next has something to do by the clock alone, ms.
    pub(crate) fn next_dispatch_ms(&self) -> Option<u64> {
        let pings = self.circuits.values().map(Circuit::due_ms);
        let me = self.me.party;
        let connected =
            |party: &Party| self.circuits.values().any(|state| state.ready && state.peer == *party);
        let carried = self
            .peers
            .iter()
            .filter(|(party, _)| connected(party))
            .flat_map(|(_, peer)| &peer.lacking)
            .filter(|(book, since)| {
                book.party != me && since.saturating_add(CARRY_AFTER_MS) > self.pace.now_ms
            })
            .map(|(_, since)| since.saturating_add(CARRY_AFTER_MS));
        let hellos = self.circuits.values().filter(|state| state.ready).filter_map(|state| state.hello_ms);
        let parts = self.circuits.values().filter(|state| state.is_free(Lane::Part) && state.has_parts());
        let parts = parts.map(|state| state.step_ms.saturating_add(PARTS_AFTER_MS));
        let parts = parts.filter(|at_ms| *at_ms > self.pace.now_ms);
        let overdue = self
            .circuits
            .values()
            .filter_map(|state| state.window.overdue_ms(state.smoothed_ms.unwrap_or(0)));
        let late = self.circuits.values().filter_map(Circuit::late_ms);
        let waiting = self.circuits.keys().filter_map(|circuit| self.waits_ahead(*circuit));
        let waiting = waiting.map(|(.., until_ms)| until_ms);
        pings.chain(waiting).chain(carried).chain(hellos).chain(overdue).chain(parts).chain(late).min()
    }
}
