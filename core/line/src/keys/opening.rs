//! How a station begins with new keys: what it opens at once, and what it waits for where its record was lost (spec/keys.md §6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use detente_record::renewal::Why;
use detente_record::{Book, Checkpoint, Class, Cut, Fault, Hash, Renewal, SignedCheckpoint};

use super::PATIENCE_MS;
use crate::contract::Shown;
use crate::frame::Hello;
use crate::line::Line;

impl Line {
    /// The first generation of the rank that this station writes in.
    pub(crate) fn first_generation(&self) -> u16 {
        u16::from(self.own.rank) * Book::GENERATIONS_OF_A_RANK
    }

    /// Whether this station has later keys than it has opened a class's books with.
    pub(crate) fn is_to_open(&self, class: Class) -> bool {
        self.current(class).rank() < self.own.rank
    }

    /// At the start: opens what is to be opened with new keys; where the record was lost, or is not the one that ran last, the own books come
    /// back first.
    pub(crate) fn begin_with_keys(&mut self, distrusted: Option<u16>) {
        self.own.brought = None;
        let least = distrusted.unwrap_or(0).max(self.first_generation());
        let opens = Class::ALL.into_iter().any(|class| self.is_to_open(class));
        if self.is_superseded() {
        } else if opens && (self.own.lost || distrusted.is_some()) {
            // Whatever this record lacks would be disowned.
            (self.own.awaits_books, self.own.least) = (true, least);
            if distrusted.is_some() {
                // What is written before they are back may rest on what is here.
                self.state_earlier();
                self.renew_opened(least);
            }
        } else if distrusted.is_some() {
            self.state_earlier();
            self.renew(least);
        } else if opens {
            self.open_rank(least);
        }
    }

    /// Begins where the record may be older than what was said. One from before this party was admitted lets it write nothing: it begins
    /// as soon as it is a member again, before anything is written.
    pub(crate) fn begin_distrusted(&mut self) {
        if self.memorandum.member(self.me.party).is_some()
            && let Some(least) = self.renews.take()
        {
            self.begin_with_keys(Some(least));
        }
    }

    /// What an officer had written in already, before the other books came back, goes on in another generation as well: the record
    /// may be older than that.
    fn renew_opened(&mut self, least: u16) {
        for class in Class::ALL.into_iter().filter(|class| !self.is_to_open(*class)).collect::<Vec<_>>() {
            if let Err(fault) = self.open_next(class, least) {
                self.show(Shown::NotRenewed { fault });
            }
        }
    }

    /// What this station wrote with earlier keys its cuts may state, as far as what that rests on is here.
    fn state_earlier(&mut self) {
        for class in Class::ALL.into_iter().filter(|class| self.is_to_open(*class)).collect::<Vec<_>>() {
            let book = self.current(class);
            if let Some(state) = self.books.get_mut(&book) {
                state.reach_all();
            }
        }
        self.close_cuts();
    }

    fn open_rank(&mut self, least: u16) {
        self.state_earlier();
        for class in Class::ALL.into_iter().filter(|class| self.is_to_open(*class)).collect::<Vec<_>>() {
            if let Err(fault) = self.open_next(class, least) {
                self.show(Shown::NotRenewed { fault });
            }
        }
        self.on_durable.push(Shown::Renewed);
    }

    /// Whether this station began with nothing but new keys, and its own books are still to come back.
    pub fn awaits_books(&self) -> bool {
        self.own.awaits_books
    }

    /// A peer has said what it holds. What it shows of the own books under this party's signature is to come back.
    pub(crate) fn peer_greeted(&mut self, hello: &Hello) {
        if !self.own.awaits_books {
            return;
        }
        self.own.greeted = true;
        let own = hello.heads.iter().filter(|(book, _)| book.party == self.me.party);
        let shown = own.filter_map(|(book, (root, signature))| {
            let size = *hello.sizes.get(book)?;
            let checkpoint = Checkpoint { book: *book, size, root: *root };
            let head = SignedCheckpoint { checkpoint, signature: *signature };
            head.verify(&self.id, self.book_key(*book)?).ok().map(|()| (*book, size))
        });
        let shown: Cut = shown.collect();
        self.own.shown.insert(hello.party, shown);
    }

    /// Opens the books that have come back.
    pub(crate) fn open_what_came_back(&mut self) {
        if !self.own.awaits_books || !self.own.greeted {
            return;
        }
        let lacks = |(book, size): (&Book, &u64)| {
            let reach =
                self.own.reach.get(&book.class).filter(|(generation, _)| *generation == book.generation);
            let wanted = reach.map_or(*size, |(_, reach)| (*reach).min(*size));
            self.books.get(book).map_or(0, |state| state.signed_size()) < wanted
        };
        if self.own.shown.values().flatten().any(lacks) && !self.is_out_of_patience() {
            return;
        }
        self.own.awaits_books = false;
        self.open_rank(self.own.least);
    }

    /// Whether a peer that has shown the own books has brought nothing of them for too long: it cannot be let to keep them for ever.
    fn is_out_of_patience(&mut self) -> bool {
        let own = self.books.iter().filter(|(book, _)| book.party == self.me.party);
        let held: u64 = own.map(|(_, state)| state.signed_size()).sum();
        let is_nobody_there = !self.circuits.values().any(|circuit| circuit.ready);
        if is_nobody_there || held != self.own.came_back.0 || self.own.came_back.1 == 0 {
            self.own.came_back = (held, self.pace.now_ms);
        }
        self.pace.now_ms.saturating_sub(self.own.came_back.1) >= PATIENCE_MS
    }

    /// When the own books go on without what does not come back, ms.
    pub(crate) fn next_patience_ms(&self) -> Option<u64> {
        let waits = self.own.awaits_books && self.own.greeted && self.own.came_back.1 > 0;
        waits.then(|| self.own.came_back.1.saturating_add(PATIENCE_MS))
    }

    /// Opens a class before its books have come back, because an officer writes in it.
    ///
    /// # Errors
    /// `Misuse` for acts: what they rest on is to come back first.
    pub(crate) fn open_at_once(&mut self, class: Class) -> Result<Book, Fault> {
        if class == Class::A {
            let expected = "the acts that this party wrote with its earlier keys";
            return Err(Fault::misuse("books", expected, "none yet: no other party has brought them"));
        }
        self.open_next(class, self.own.least)
    }

    /// Up to which size at most an own book of earlier keys is within their reach, where this party's officers say so.
    pub fn end_said(&self, book: Book) -> Option<u64> {
        let said = self.own.reach.get(&book.class).filter(|(generation, _)| *generation == book.generation);
        said.filter(|_| book.party == self.me.party).map(|(_, size)| *size)
    }

    /// Where an own book ends that goes on under new keys: generation, size and root.
    pub(crate) fn end_of_reach(&self, class: Class) -> (u16, u64, Hash) {
        let me = self.me.party;
        let whole = self.current(class).generation;
        let (generation, most) = self.own.reach.get(&class).copied().unwrap_or((whole, u64::MAX));
        let book = Book { generation, party: me, class };
        let end = self.books.get(&book).and_then(|state| {
            // A thief can sign; a receipt needs others. What has come back to an empty machine, another party held.
            let needs_receipt = !self.own.lost && self.is_compromised(book);
            let most = if needs_receipt { most.min(state.receipted()) } else { most };
            state.recent_checkpoints().rev().find(|signed| signed.checkpoint.size <= most)
        });
        match end {
            Some(SignedCheckpoint { checkpoint, .. }) => (generation, checkpoint.size, checkpoint.root),
            None => (generation, 0, detente_record::empty_root()),
        }
    }

    /// Whether somebody else had the keys of an own book, by any renewal since.
    fn is_compromised(&self, book: Book) -> bool {
        let later = self.renewals(self.me.party).iter().map(|renewal| &renewal.occasion);
        later.filter(|of| of.rank > book.rank()).any(|of| of.why == Why::Compromise)
    }

    /// The time to go on from under new keys, ms: the latest of what is within the reach of the old ones.
    pub(crate) fn time_within_reach(&self) -> u64 {
        let me = self.me.party;
        let of_old = self.books.iter().filter(|(book, _)| book.party == me && book.rank() < self.own.rank);
        let within = of_old.filter(|(book, state)| match self.acts.reach(**book) {
            Some(reach) => state.size() <= reach,
            None => {
                let (generation, size, _) = self.end_of_reach(book.class);
                book.generation < generation || book.generation == generation && state.size() <= size
            }
        });
        within.map(|(_, state)| state.past.time_ms).max().unwrap_or(0)
    }

    /// The renewal that brought this station's keys.
    pub(crate) fn own_renewal(&self) -> Option<Box<Renewal>> {
        let renewals = self.renewals(self.me.party);
        let place = usize::from(self.own.rank).checked_sub(1)?;
        renewals.get(place).cloned().map(Box::new)
    }
}
