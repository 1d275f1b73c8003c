//! Mirroring: taking books that others carry here (spec/line.md §6).

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{
    Book, Checkpoint, Class, Entry, EntryRef, Fault, Hash, Party, Signature, SignedCheckpoint, verify_step,
};

use crate::books::{MAX_UNJUDGED, Unjudged};
use crate::contract::{CircuitId, Shown, StoredEntry};
use crate::frame;
use crate::kind::Content;
use crate::line::{Line, Reached};
use crate::membership;
use crate::memorandum::Quota;
use crate::seals;

impl Line {
    /// Takes more of a book, if it verifies.
    pub(crate) fn take_step(
        &mut self,
        circuit: CircuitId,
        carrier: Party,
        book: Book,
        first: u64,
        entries: &[&[u8]],
        signature: &Signature,
    ) -> Result<(), Fault> {
        self.look_for_renewal(book, first, entries);
        let Some(key) = self.book_key(book).cloned() else {
            return Err(match self.naming(book.party) {
                Some(_) => Fault::incompatible("step", "the renewal that brought its keys", "none yet"),
                None => {
                    Fault::misbehaved("book", "a party of the memorandum", book.party.number().to_string())
                }
            });
        };
        let taken_up_to = self.taken_up_to(book);
        let spoiled = self.is_spoiled(book);
        let own = book.party == self.me.party;
        let (id, current) = (self.id, self.current(book.class));
        let unheard;
        let state = match self.books.get(&book) {
            Some(state) => state,
            None => {
                unheard = self.unheard(book);
                &unheard
            }
        };
        let held = state.size();
        let end = first.saturating_add(entries.len() as u64).saturating_sub(1);
        // Of its own books a station takes what it has lost; of others' whatever has not ended.
        let forked = !own && (state.ended || spoiled);
        let lost = state.ended || book != current || book.rank() < self.own.rank;
        let taken = if own { lost } else { !forked };
        let gap = first == 0 || first > held + 1;
        if !(taken || forked && book.class == Class::Z && !gap) {
            self.tell_of_fork(circuit, book);
            return Ok(());
        }
        // What an old key goes on writing is nobody's.
        if end > held && held >= taken_up_to {
            return Ok(());
        }
        if gap {
            self.say_have(circuit, book, held);
            return Ok(());
        }
        if end <= held {
            self.holds(carrier, book, end);
            self.receipt_again(circuit, book);
            return Ok(());
        }
        let fresh =
            usize::try_from(held + 1 - first).ok().and_then(|skip| entries.get(skip..)).unwrap_or_default();
        if state.unjudged.len() + fresh.len() > MAX_UNJUDGED {
            return Err(Fault::misbehaved(
                "cut",
                "acts that exist",
                "too many entries that wait for acts to come",
            ));
        }
        let Some(secret) = &state.secret else {
            return Err(Fault::incompatible("step", "a line secret for its book", "none yet"));
        };
        let checkpoint = verify_step(&state.frontier, secret, fresh, book, end, signature, &id, &key);
        let (frontier, leaves) = match checkpoint {
            Ok(verified) => verified,
            Err(fault) => {
                // Where the fork is known, another comparison tells nothing, and asks for the same again.
                let head = state.signed.as_ref().filter(|_| !forked).map(frame::head);
                if let Some(head) = head {
                    self.queue(circuit, head);
                }
                return Err(fault);
            }
        };
        if forked {
            self.show_forked(book, fresh);
            self.tell_of_fork(circuit, book);
            return Ok(());
        }
        let read: Vec<Result<Entry, Fault>> = fresh.iter().map(|bytes| Entry::decode(bytes)).collect();
        self.within_quota(book, fresh, &read)?;
        let root = frontier.root();
        let taken = fresh.iter().zip(read).zip(leaves);
        for (((bytes, read), leaf), number) in taken.zip(held + 1..) {
            self.hold_to_ahead(circuit, EntryRef { book, number }, bytes);
            self.take_entry(EntryRef { book, number }, bytes, read, None, leaf)?;
        }
        let signed =
            SignedCheckpoint { checkpoint: Checkpoint { book, size: end, root }, signature: *signature };
        self.append.checkpoints.push(signed.clone());
        self.reached.push(Reached { book, size: end, root, bytes: 0, ends: true, signed: Some(signed) });
        let state = self.book(book);
        state.reach(end, root);
        if own {
            state.ended = true;
            if book.generation > current.generation && book.rank() == self.own.rank {
                // Another life of this station went on there: what is said from now on comes after that.
                self.generations.insert(book.class, book.generation);
                self.end_own(book.class, book.generation);
            }
        }
        self.close_cuts();
        self.holds(carrier, book, end);
        Ok(())
    }

    /// A party has shown that it holds a book up to a size. Of an author only its own word is taken: it may have lost
    /// what others hold.
    pub(crate) fn holds(&mut self, party: Party, book: Book, size: u64) {
        if let Some(peer) = self.peers.get_mut(&party) {
            let known = peer.known.entry(book).or_default();
            *known = size.max(*known);
            self.opens_to(party, book);
        }
    }

    /// The most that any memorandum which was ever in force lets a party append to a book in a day: which one an entry is
    /// held to shows only once the acts in its cut are held, and it is judged.
    fn widest_quota(&self, book: Book) -> Quota {
        let amended = self.acts.amendments().map(|memorandum| memorandum.quota(book));
        amended.fold(self.founding.quota(book), |widest, quota| Quota {
            entries: widest.entries.max(quota.entries),
            bytes: widest.bytes.max(quota.bytes),
        })
    }

    fn within_quota(&self, book: Book, fresh: &[&[u8]], read: &[Result<Entry, Fault>]) -> Result<(), Fault> {
        let quota = self.widest_quota(book);
        let mut day = self.books.get(&book).map(|state| state.day).unwrap_or_default();
        for (bytes, entry) in fresh.iter().zip(read) {
            let time_ms = entry.as_ref().map_or(0, |entry| entry.time_ms);
            day.spend(time_ms, bytes.len() as u64);
            if !day.is_within(quota) {
                let expected = alloc::format!("{} entries and {} bytes a day", quota.entries, quota.bytes);
                return Err(Fault::misbehaved("quota", expected, "more"));
            }
        }
        Ok(())
    }

    /// Takes an entry, as its bytes were read, into its book, and queues it to be judged and stored. `said` is what its body
    /// reads as, where that is known.
    pub(crate) fn take_entry(
        &mut self,
        name: EntryRef,
        bytes: &[u8],
        read: Result<Entry, Fault>,
        said: Option<Content>,
        leaf: Hash,
    ) -> Result<(), Fault> {
        let book = name.book;
        let (kind, time_ms, regards) = match &read {
            Ok(entry) => (entry.kind, entry.time_ms, entry.regards.clone()),
            Err(_) => (0, 0, Vec::new()),
        };
        self.reconsider_reach(name, read.as_ref().ok());
        let own = book.party == self.me.party;
        if own && let Ok(entry) = &read {
            // What was written with earlier keys may be a thief's: its end says what counts.
            if book.rank() == self.own.rank {
                let (serial, time) = self.last;
                self.last = (entry.serial.max(serial), entry.time_ms.max(time));
            }
            let generation = self.generations.entry(book.class).or_insert(0);
            *generation = book.generation.max(*generation);
        }
        let state = self.book(book);
        let rests_on_more = read.as_ref().is_ok_and(|entry| entry.cut.keys().any(|of| of.class == Class::A));
        state.push(leaf, rests_on_more);
        state.day.spend(time_ms, bytes.len() as u64);
        let read = read.and_then(|entry| {
            state.follow(&entry)?;
            let content = said.map_or_else(|| Content::decode(entry.kind, &entry.body), Ok)?;
            if let Content::Unknown { kind } = content {
                return Err(Fault::incompatible("kind", "one that spec/line.md defines", kind.to_string()));
            }
            content.check_place(book, &entry)?;
            content.check_known(name, &state.past.stated)?;
            seals::check_stated(name, &content, &state.past.stated)?;
            Ok((entry, content))
        });
        let (acts, day) = (Arc::clone(state.acts()), state.day);
        let parts = read.as_ref().is_ok_and(|(_, content)| membership::may_part(content));
        let states = parts || matches!(&read, Ok((_, Content::Opens { renewal: Some(_), .. })));
        let stated = states.then(|| state.past.stated.clone());
        let number = name.number;
        state.unjudged.push_back(Unjudged { number, acts, read, arrived_ms: None, day, stated });
        self.store(StoredEntry { name, bytes: Arc::from(bytes), leaf, kind, time_ms, regards });
        if own {
            if self.started {
                self.ahead.wrote(name, kind, self.pace.now_ms, bytes);
            }
            self.grown(name, bytes.len() as u64, parts);
        }
        self.settle(book);
        let state = self.book(book);
        if book.class == Class::Z
            && let Some(last) = state.unjudged.back()
            && let Ok((entry, content)) = &last.read
        {
            let shown = Shown::Entry {
                name,
                serial: entry.serial,
                marked: None,
                unjudged: true,
                content: Some(content.clone()),
                regards: entry.regards.clone(),
                regarded_judged: false,
                time_ms,
            };
            self.on_durable.push(shown);
        }
        Ok(())
    }
}
