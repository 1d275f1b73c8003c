//! Mirroring: taking books that others carry here, judging their entries, giving and noting receipts
//! (spec/line.md §5 and §6).

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{
    Blame, Book, Checkpoint, Class, Cut, Entry, EntryRef, Fault, Hash, LineSecret, Party, Receipt, Signature,
    SignedCheckpoint, verify_step,
};

use crate::acts::Under;
use crate::books::{MAX_UNJUDGED, Unjudged};
use crate::contract::{CircuitId, Effect, Evidence, Fork, Outgoing, Shown, StoredEntry};
use crate::frame::{self, Frame, Hello, VERSION};
use crate::kind::Content;
use crate::line::{Line, Reached};

/// Most checkpoints that are sent for comparison when a circuit opens.
const MAX_HEADS: usize = 48;
/// Most generations of a book that are taken.
const MAX_GENERATIONS: usize = 256;
/// Most marks that are remembered.
const MAX_MARKED: usize = 4_096;

/// The names of spec/line.md §8 that go on a circuit.
mod code {
    pub(super) const MALFORMED: u16 = 1;
    pub(super) const WRONG_LINE: u16 = 2;
    pub(super) const STALE_MEMORANDUM: u16 = 3;
    pub(super) const WRONG_VERSION: u16 = 4;
    pub(super) const WRONG_PARTY: u16 = 5;
    pub(super) const NO_HELLO: u16 = 6;
    pub(super) const BAD_SECRET: u16 = 7;
}

impl Line {
    /// A frame came in.
    pub(crate) fn received(&mut self, circuit: CircuitId, bytes: &[u8]) {
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        state.heard(self.now_ms);
        let (peer, ready) = (state.peer, state.ready);
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
            Frame::Receipt(receipt) => {
                self.stirred(circuit);
                let (book, size) = (receipt.book, receipt.size);
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
                    if let Some(state) = self.circuits.get_mut(&circuit) {
                        state.sent.insert(book, size);
                    }
                    if let Some(peer) = self.peers.get_mut(&peer) {
                        peer.known.insert(book, size);
                    }
                }
            }
            Frame::Ping(nonce) => self.queue(circuit, frame::pong(nonce)),
            Frame::Pong(nonce) => self.answered(circuit, nonce),
            Frame::Secret { party, epoch: 0, secret } => self.told_secret(circuit, party, secret),
            Frame::Secret { .. } => {}
            Frame::Head(head) => self.compare(circuit, head),
            Frame::Fork(fork) => {
                if let Err(fault) = self.take_fork(*fork) {
                    self.show(Shown::NotTaken { circuit, fault });
                }
            }
        }
    }

    fn stirred(&mut self, circuit: CircuitId) {
        let now_ms = self.now_ms;
        if let Some(state) = self.circuits.get_mut(&circuit) {
            state.stirs(now_ms);
        }
    }

    fn refuse(&mut self, circuit: CircuitId, code: u16, fault: Fault) {
        let frame = frame::refusal(code, &fault.to_string());
        self.show(Shown::NotTaken { circuit, fault });
        self.circuits.remove(&circuit);
        self.do_next(Effect::Send { circuit, what: Outgoing::Close(Some(frame)) });
    }

    fn greeted(&mut self, circuit: CircuitId, hello: Hello) {
        let Some(peer) = self.circuits.get(&circuit).map(|state| state.peer) else { return };
        let hex = |hash: &Hash| {
            hash.iter().take(4).map(|byte| alloc::format!("{byte:02x}")).collect::<alloc::string::String>()
        };
        let mine = self.memorandum.hash();
        let refusal = if hello.version != VERSION {
            Some((
                code::WRONG_VERSION,
                Fault::incompatible("protocol version", VERSION.to_string(), hello.version.to_string()),
            ))
        } else if hello.line != self.id {
            Some((code::WRONG_LINE, Fault::incompatible("line", hex(&self.id.0), hex(&hello.line.0))))
        } else if hello.memorandum != mine {
            Some((
                code::STALE_MEMORANDUM,
                Fault::incompatible("memorandum", hex(&mine), hex(&hello.memorandum)),
            ))
        } else if hello.party != peer {
            let found = hello.party.number().to_string();
            Some((code::WRONG_PARTY, Fault::misbehaved("party", peer.number().to_string(), found)))
        } else {
            None
        };
        if let Some((code, fault)) = refusal {
            return self.refuse(circuit, code, fault);
        }
        for class in Class::ALL {
            let book = self.current(class);
            let theirs = hello.sizes.get(&book).copied().unwrap_or(0);
            if theirs > self.books.get(&book).map_or(0, |state| state.size()) {
                self.rolled_back(book);
            }
        }
        let now_ms = self.now_ms;
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        let again = core::mem::replace(&mut state.ready, true);
        if again {
            let books = &self.books;
            let lacks = |(book, size): (&Book, &u64)| {
                books.get(book).is_none_or(|state| !state.ended && state.size() < *size)
            };
            state.greeted_again(&hello.sizes, hello.sizes.iter().any(lacks), now_ms);
        }
        // Whoever holds as much of a book can tell whether it is the same book.
        let heads = self.books.iter().filter_map(|(book, state)| {
            let signed = state.signed.as_ref()?;
            let theirs = hello.sizes.get(book).copied().unwrap_or(0);
            (theirs >= signed.checkpoint.size).then(|| frame::head(signed))
        });
        let heads: Vec<Vec<u8>> = heads.take(if again { 0 } else { MAX_HEADS }).collect();
        for head in heads {
            self.queue(circuit, head);
        }
        if let Some(known) = self.peers.get_mut(&peer) {
            known.known = hello.sizes;
        }
        let mut due = Vec::new();
        for (book, state) in &self.books {
            let held = hello.receipts.get(book);
            for (party, receipt) in &state.receipts {
                if held.and_then(|held| held.get(party)).copied().unwrap_or(0) < receipt.size {
                    due.push(receipt.clone());
                }
            }
        }
        if let Some(state) = self.circuits.get_mut(&circuit) {
            for receipt in due {
                state.receipts.insert((receipt.book, receipt.party), receipt);
            }
        }
        if !again {
            self.show(Shown::CircuitReady { circuit, peer });
        }
    }

    /// Somebody says to hold more of the own book that is written in than this station does: the whole machine was
    /// rolled back. That generation is never appended to again; what is missing comes back from the mirrors.
    ///
    /// Of a generation that this run of the station opened nobody can hold more.
    fn rolled_back(&mut self, book: Book) {
        if !self.book(book).opened {
            self.end_own(book.class);
        }
    }

    /// An own book cannot go on; its next generation is opened at once.
    fn end_own(&mut self, class: Class) {
        let least = self.next_generation(class);
        if let Err(fault) = self.open_next(class, least) {
            self.show(Shown::NotRenewed { fault });
        }
    }

    fn told_secret(&mut self, circuit: CircuitId, party: Party, secret: LineSecret) {
        if self.secrets.contains_key(&party) {
            return;
        }
        let commits =
            self.memorandum.member(party).is_some_and(|member| member.commitment == secret.commitment());
        if commits {
            let told = frame::secret(party, 0, &secret);
            self.append.secrets.push((party, secret.clone()));
            self.learn(party, secret);
            // Whoever is connected already needs it to read what this station carries to it.
            let others = self.circuits.iter().filter(|(id, state)| **id != circuit && state.peer != party);
            let others: Vec<CircuitId> = others.map(|(id, _)| *id).collect();
            for other in others {
                self.queue(other, told.clone());
            }
        } else {
            let fault = Fault::misbehaved("line secret", "one that fits its commitment", "another");
            self.refuse(circuit, code::BAD_SECRET, fault);
        }
    }

    /// Takes more of a book, if it verifies.
    fn take_step(
        &mut self,
        circuit: CircuitId,
        carrier: Party,
        book: Book,
        first: u64,
        entries: &[&[u8]],
        signature: &Signature,
    ) -> Result<(), Fault> {
        let Some(key) = self.memorandum.book_key(book.party).cloned() else {
            return Err(Fault::misbehaved(
                "book",
                "a party of the memorandum",
                book.party.number().to_string(),
            ));
        };
        if !self.books.contains_key(&book) && !self.has_room_for(book) {
            let expected = alloc::format!("at most {MAX_GENERATIONS} generations of a book");
            return Err(Fault::misbehaved("generation", expected, "one more"));
        }
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
        let forked = !own && state.ended;
        let taken = if own { state.ended || book != current } else { !forked };
        if !(taken || forked && book.class == Class::Z) {
            self.tell_of_fork(circuit, book);
            return Ok(());
        }
        if first == 0 || first > held + 1 {
            let sizes = [(book, held)].into_iter().collect();
            self.queue(circuit, frame::have(&sizes));
            return Ok(());
        }
        if end <= held {
            self.holds(carrier, book, end);
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
                let head = state.signed.as_ref().map(frame::head);
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
        for ((place, bytes), leaf) in fresh.iter().enumerate().zip(leaves) {
            let name = EntryRef { book, number: held + 1 + place as u64 };
            self.take_entry(name, bytes, leaf)?;
        }
        let signed =
            SignedCheckpoint { checkpoint: Checkpoint { book, size: end, root }, signature: *signature };
        self.append.checkpoints.push(signed.clone());
        self.reached.push(Reached { book, size: end, root, bytes: 0, signed: Some(signed) });
        let state = self.book(book);
        state.reach(end, root);
        if own {
            state.ended = true;
            if book.generation > current.generation {
                // Another life of this station went on there: what is said from now on comes after that.
                self.generations.insert(book.class, book.generation);
                self.end_own(book.class);
            }
        }
        self.close_cuts();
        self.holds(carrier, book, end);
        Ok(())
    }

    fn has_room_for(&self, book: Book) -> bool {
        let same = |other: &&Book| other.party == book.party && other.class == book.class;
        self.books.keys().filter(same).count() < MAX_GENERATIONS
    }

    /// A party has shown that it holds a book up to a size. Of an author only its own word is taken: it may have lost
    /// what others hold.
    fn holds(&mut self, party: Party, book: Book, size: u64) {
        if let Some(peer) = self.peers.get_mut(&party) {
            let known = peer.known.entry(book).or_default();
            *known = size.max(*known);
        }
    }

    fn within_quota(&self, book: Book, fresh: &[&[u8]], read: &[Result<Entry, Fault>]) -> Result<(), Fault> {
        let quota = self.memorandum.quota(book);
        let mut day = self.books.get(&book).map(|state| state.day).unwrap_or_default();
        for (bytes, entry) in fresh.iter().zip(read) {
            let time_ms = entry.as_ref().map_or(0, |entry| entry.time_ms);
            if !day.spend(time_ms, bytes.len() as u64, quota) {
                let expected = alloc::format!("{} entries and {} bytes a day", quota.entries, quota.bytes);
                return Err(Fault::misbehaved("quota", expected, "more"));
            }
        }
        Ok(())
    }

    /// Takes an entry into its book, reads it, and queues it to be judged and stored.
    pub(crate) fn take_entry(&mut self, name: EntryRef, bytes: &[u8], leaf: Hash) -> Result<(), Fault> {
        let book = name.book;
        let offices = self.memorandum.member(book.party).map(|member| &member.offices);
        let read = Entry::decode(bytes).map(|entry| {
            let office =
                offices.is_some_and(|offices| offices.iter().any(|office| office.number == entry.office));
            (entry, office)
        });
        let (kind, time_ms, regards) = match &read {
            Ok((entry, _)) => (entry.kind, entry.time_ms, entry.regards.clone()),
            Err(_) => (0, 0, Vec::new()),
        };
        let own = book.party == self.me.party;
        if own && let Ok((entry, _)) = &read {
            let (serial, time) = self.last;
            self.last = (entry.serial.max(serial), entry.time_ms.max(time));
            let generation = self.generations.entry(book.class).or_insert(0);
            *generation = book.generation.max(*generation);
        }
        let quota = self.memorandum.quota(book);
        let state = self.book(book);
        let rests_on_more =
            read.as_ref().is_ok_and(|(entry, _)| entry.cut.keys().any(|of| of.class == Class::A));
        state.push(leaf, rests_on_more);
        state.day.spend(time_ms, bytes.len() as u64, quota);
        let read = read.and_then(|(entry, office)| {
            state.follow(&entry)?;
            let content = Content::decode(entry.kind, &entry.body)?;
            if let Content::Unknown { kind } = content {
                return Err(Fault::incompatible("kind", "one that spec/line.md defines", kind.to_string()));
            }
            content.check_place(book, &entry)?;
            if office {
                Ok((entry, content))
            } else {
                Err(Fault::misbehaved("office", "one of its party's", entry.office.to_string()))
            }
        });
        let acts = Arc::clone(state.acts());
        state.unjudged.push_back(Unjudged { number: name.number, acts, read, arrived_ms: None });
        self.store(StoredEntry { name, bytes: Arc::from(bytes), leaf, kind, time_ms, regards });
        if own {
            self.grown(name, bytes.len() as u64);
        }
        self.settle(book);
        let state = self.book(book);
        if book.class == Class::Z
            && let Some(last) = state.unjudged.back()
            && let Ok((entry, content)) = &last.read
        {
            let shown = Shown::Entry {
                name,
                marked: None,
                unjudged: true,
                content: Some(content.clone()),
                regards: entry.regards.clone(),
                time_ms,
            };
            self.on_durable.push(shown);
        }
        Ok(())
    }

    /// Judges what can be judged of a book, and whatever then can be of others.
    fn settle(&mut self, book: Book) {
        if self.judge_ready(book) && book.class == Class::A {
            loop {
                let waiting: Vec<Book> = self
                    .books
                    .iter()
                    .filter(|(_, state)| !state.unjudged.is_empty())
                    .map(|(book, _)| *book)
                    .collect();
                let mut more = false;
                for book in waiting {
                    more |= self.judge_ready(book) && book.class == Class::A;
                }
                if !more {
                    break;
                }
            }
            self.close_cuts();
        }
    }

    /// Works out how much of every book this station's cuts may state: the largest signed sizes whose acts they
    /// can state too, so that cuts are closed over acts (spec/record.md §3).
    pub(crate) fn close_cuts(&mut self) {
        let me = self.me.party;
        let mut statable = Cut::clone(&self.acts_held);
        loop {
            let acts = self.books.iter().filter(|(book, _)| book.class == Class::A);
            let next: Cut = acts
                .map(|(book, state)| {
                    let whole = book.party == me && *book == self.current(book.class);
                    let size = if whole { state.size() } else { state.closable(&statable) };
                    (*book, size.min(statable.get(book).copied().unwrap_or(0)))
                })
                .collect();
            if next == statable {
                break;
            }
            statable = next;
        }
        for state in self.books.values_mut() {
            state.close(&statable);
        }
        self.statable = statable;
    }

    /// Judges the entries of a book whose acts are held; says whether there were any.
    fn judge_ready(&mut self, book: Book) -> bool {
        let mut any = false;
        loop {
            let acts_held = Arc::clone(&self.acts_held);
            let held = |unjudged: &Unjudged| {
                unjudged.acts.iter().all(|(of, size)| acts_held.get(of).is_some_and(|held| held >= size))
            };
            let state = self.book(book);
            if !state.unjudged.front().is_some_and(held) {
                return any;
            }
            let Some(unjudged) = state.unjudged.pop_front() else { return any };
            state.judged = unjudged.number;
            any = true;
            let name = EntryRef { book, number: unjudged.number };
            let own = (book.class == Class::A).then(|| (book, unjudged.number.saturating_sub(1)));
            let under = Under::new(unjudged.acts, own);
            let (shown, verdict) = match unjudged.read {
                Ok((entry, content)) => {
                    let verdict = self.permitted(&content, entry.time_ms, &under).and_then(|()| {
                        self.acts.judge(
                            &self.memorandum,
                            name,
                            &entry.regards,
                            &content,
                            entry.time_ms,
                            &under,
                        )
                    });
                    if verdict.is_ok() {
                        self.admit(name, &entry.regards, &content, entry.time_ms);
                        if let Some(arrived_ms) = unjudged.arrived_ms {
                            self.facts.arrived(book, name.number - 1, name.number, arrived_ms);
                        }
                    }
                    let marked = verdict.as_ref().err().cloned();
                    let (time_ms, regards) = (entry.time_ms, entry.regards);
                    (
                        Shown::Entry {
                            name,
                            marked,
                            unjudged: false,
                            content: Some(content),
                            regards,
                            time_ms,
                        },
                        verdict,
                    )
                }
                Err(fault) => {
                    let marked = Some(fault.clone());
                    let shown = Shown::Entry {
                        name,
                        marked,
                        unjudged: false,
                        content: None,
                        regards: Vec::new(),
                        time_ms: 0,
                    };
                    (shown, Err(fault))
                }
            };
            if book.class == Class::A {
                Arc::make_mut(&mut self.acts_held).insert(book, name.number);
            }
            if let Err(fault) = &verdict {
                self.facts.void(name);
                self.marked.insert(name, fault.clone());
                if self.marked.len() > MAX_MARKED {
                    self.marked.pop_first();
                }
            }
            if self.started {
                self.on_durable.push(shown);
                if let Err(fault) = verdict
                    && fault.blame() != Blame::Incompatible
                {
                    self.convict(Evidence { party: book.party, fault, proof: Vec::new() });
                }
            }
        }
    }

    /// Whether an entry may pass as the line stands under its cut at its own time.
    ///
    /// # Errors
    /// `Misbehaved`, naming who suspended what.
    pub(crate) fn permitted(&self, content: &Content, time_ms: u64, under: &Under) -> Result<(), Fault> {
        let added = &self.memorandum.terms().suspension.passes;
        if self.acts.is_quiet() || content.always_passes() || added.contains(&content.kind()) {
            return Ok(());
        }
        let bars = |scope: &[u16]| scope.is_empty() || scope.contains(&content.kind());
        match self.acts.suspensions(under, time_ms).find(|suspended| bars(&suspended.scope)) {
            None => Ok(()),
            Some(suspended) => {
                let name = suspended.act.text(&self.memorandum.name_of(suspended.act.book.party));
                let found = alloc::format!(
                    "suspended by {name}; only acts, acknowledgements, tests and safety of life pass"
                );
                Err(Fault::misbehaved("permission", "a line that is open for this kind of entry", found))
            }
        }
    }

    /// Gives a receipt for what has become durable of a mirror, to everybody.
    pub(crate) fn give_receipt(&mut self, book: Book, reached: Vec<Reached>) {
        let (id, me, seconds) = (self.id, self.me.party, self.now_ms / 1000);
        let state = self.book(book);
        for one in reached {
            state.durable = one.size;
            if let Some(signed) = one.signed {
                state.keep_checkpoint(signed);
            }
        }
        let Some(signed) = state.signed.clone() else { return };
        let last = state.receipts.get(&me);
        if book.party == me || last.is_some_and(|last| last.size >= signed.checkpoint.size) {
            return self.early_receipts(book);
        }
        let seconds = last.map_or(0, |last| last.seconds).max(seconds);
        let checkpoint = &signed.checkpoint;
        let receipt =
            Receipt::sign(book, me, checkpoint.size, &checkpoint.root, seconds, &id, &self.me.receipt_key);
        self.append.receipts.push(receipt.clone());
        for circuit in self.circuits.values_mut().filter(|circuit| circuit.ready) {
            circuit.receipts.insert((book, me), receipt.clone());
        }
        self.note_receipt(receipt);
        self.early_receipts(book);
    }

    /// Holds a receipt that came in to its signer, and keeps it.
    fn take_receipt(&mut self, carrier: Party, receipt: Receipt) -> Result<(), Fault> {
        let (book, signer) = (receipt.book, receipt.party);
        let Some(key) = self.memorandum.receipt_key(signer).cloned().filter(|_| signer != self.me.party)
        else {
            return Ok(());
        };
        let id = self.id;
        let Some(state) = self.books.get(&book) else { return Ok(()) };
        if state.receipts.get(&signer).is_some_and(|last| last.size >= receipt.size) {
            return Ok(());
        }
        let Some(root) = state.root_at(receipt.size) else {
            if receipt.size > state.signed_size() {
                self.early_receipts.insert((book, signer), receipt);
            }
            return Ok(());
        };
        receipt.verify(&root, &id, &key)?;
        if state.receipts.get(&signer).is_some_and(|last| last.seconds > receipt.seconds) {
            let fault =
                Fault::misbehaved("receipt", "seconds that do not decrease", receipt.seconds.to_string());
            self.convict(Evidence { party: signer, fault: fault.clone(), proof: frame::receipt(&receipt) });
            return Err(fault);
        }
        self.append.receipts.push(receipt.clone());
        for circuit in self.circuits.values_mut().filter(|circuit| circuit.ready) {
            if circuit.peer != signer && circuit.peer != carrier && self.peers.len() > 1 {
                circuit.receipts.insert((book, signer), receipt.clone());
            }
        }
        self.show(Shown::Receipted { receipt: receipt.clone() });
        self.note_receipt(receipt);
        Ok(())
    }

    /// Receipts that came before what they receipt.
    fn early_receipts(&mut self, book: Book) {
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

    /// Compares a whole checkpoint with what is held of its book: with the checkpoint of its size, or, if none is kept,
    /// with the root that the store works out for its size.
    fn compare(&mut self, circuit: CircuitId, head: SignedCheckpoint) {
        let Checkpoint { book, size, root } = head.checkpoint.clone();
        let Some(key) = self.memorandum.book_key(book.party) else { return };
        if self.forks.contains_key(&book) {
            return self.tell_of_fork(circuit, book);
        }
        let Some(state) = self.books.get(&book) else { return };
        let held = state.checkpoint_at(size);
        let larger = state.signed.clone().filter(|last| held.is_none() && last.checkpoint.size > size);
        if held.as_ref().is_some_and(|held| held.checkpoint.root == root)
            || (held.is_none() && larger.is_none())
            || head.verify(&self.id, key).is_err()
        {
            return;
        }
        if let Some(with) = larger {
            self.do_next(Effect::Compare { head, with });
        } else if let Some(with) = held {
            self.forked(Fork { root: with.checkpoint.root, head, with, proof: Vec::new() });
        }
    }

    /// The store has worked out how a checkpoint of somebody else's stands to what is held.
    pub(crate) fn compared(&mut self, fork: Fork) {
        if fork.convicts() {
            self.forked(fork);
        }
    }

    /// Somebody says that a book has forked.
    fn take_fork(&mut self, fork: Fork) -> Result<(), Fault> {
        let book = fork.head.checkpoint.book;
        let Some(key) = self.memorandum.book_key(book.party) else { return Ok(()) };
        if self.forks.contains_key(&book) {
            return Ok(());
        }
        fork.head.verify(&self.id, key)?;
        fork.with.verify(&self.id, key)?;
        if !fork.convicts() {
            return Err(Fault::misbehaved(
                "fork",
                "two checkpoints that cannot both be true",
                "two that can",
            ));
        }
        self.forked(fork);
        Ok(())
    }

    /// Two checkpoints of a book, both verified, cannot both be true: the evidence is kept and told to everybody, and
    /// the book ends.
    fn forked(&mut self, fork: Fork) {
        let book = fork.head.checkpoint.book;
        let told = frame::fork(&fork);
        if self.forks.insert(book, told.clone()).is_some() {
            return;
        }
        self.book(book).ended = true;
        let fault = Fault::misbehaved("checkpoint", "one history of a book", "two, both signed");
        self.convict(Evidence { party: book.party, fault, proof: told });
        let ready: Vec<CircuitId> =
            self.circuits.iter().filter(|(_, state)| state.ready).map(|(id, _)| *id).collect();
        for circuit in ready {
            self.tell_of_fork(circuit, book);
        }
        if book == self.current(book.class) {
            self.end_own(book.class);
        }
    }

    /// Tells a peer of a fork, once a circuit.
    fn tell_of_fork(&mut self, circuit: CircuitId, book: Book) {
        let Some(told) = self.forks.get(&book).cloned() else { return };
        if self.circuits.get_mut(&circuit).is_some_and(|state| state.told.insert(book)) {
            self.queue(circuit, told);
        }
    }

    /// Takes evidence that was stored: a book that has forked stays ended. After all entries.
    pub fn restore_evidence(&mut self, proof: &[u8]) {
        if let Ok(Frame::Fork(fork)) = Frame::decode(proof)
            && fork.convicts()
        {
            let book = fork.head.checkpoint.book;
            self.forks.insert(book, proof.to_vec());
            self.book(book).ended = true;
        }
    }

    /// What comes in a book Z that has forked is not taken, and shown all the same, marked: it may be meant.
    fn show_forked(&mut self, book: Book, fresh: &[&[u8]]) {
        let held = self.books.get(&book).map_or(0, |state| state.size());
        for (bytes, number) in fresh.iter().zip(held + 1..) {
            let name = EntryRef { book, number };
            if self.shown_forked.get(&book).is_some_and(|last| *last >= number) {
                continue;
            }
            self.shown_forked.insert(book, number);
            let read = Entry::decode(bytes).and_then(|entry| {
                Ok((Content::decode(entry.kind, &entry.body)?, entry.regards, entry.time_ms))
            });
            let marked = Some(Fault::misbehaved("book", "one that has not forked", "one that has"));
            let (content, regards, time_ms) = match read {
                Ok((content, regards, time_ms)) => (Some(content), regards, time_ms),
                Err(_) => (None, Vec::new(), 0),
            };
            self.show(Shown::Entry { name, marked, unjudged: false, content, regards, time_ms });
        }
    }
}
