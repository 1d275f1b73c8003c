//! Writing: from a draft to an entry in one of this party's own books, or a refusal that says why.
//!
//! What this party writes is held to the same judgement as what it receives; nothing is written that others
//! would void.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_record::{
    Book, Class, Cut, Entry, EntryRef, Fault, Hash, STEP_BYTES, STEP_ENTRIES, SignedCheckpoint, leaf_hash,
    vector_hash,
};

use crate::acts::Under;
use crate::contract::{Draft, Shown, StoredEntry};
use crate::kind::{Content, Duty, answer_class};
use crate::line::{Line, Reached};
use crate::memorandum::is_language;
use crate::said::Said;

/// Serials of entries after the opening of a generation are above that many times its number, whatever was used by
/// another life of this station since the copy that it was restored from.
const SERIALS_OF_A_GENERATION: u64 = 1 << 32;

impl Line {
    /// Writes an entry, or refuses to.
    ///
    /// # Errors
    /// `Misuse` for a draft that makes no sense here; `Misbehaved` if others would void the entry.
    pub(crate) fn write(&mut self, draft: Draft) -> Result<EntryRef, Fault> {
        self.write_said(draft.said()?)
    }

    /// As [`Line::write`].
    ///
    /// # Errors
    /// As [`Line::write`].
    pub(crate) fn write_said(&mut self, draft: Draft<Said>) -> Result<EntryRef, Fault> {
        if !self.started {
            return Err(Fault::misuse("line", "one that has started", "one still restoring its record"));
        }
        self.may_write()?;
        self.has_all(draft.content.content())?;
        let class = self.class_of(draft.class, &draft.regards, draft.content.content())?;
        let office = self.office_of(&draft)?;
        if let Some(language) = draft.language.as_ref().filter(|language| !is_language(language)) {
            return Err(Fault::misuse("language", "a BCP 47 tag such as en or ar-SY", language.clone()));
        }
        for subject in &draft.regards {
            let held = self.books.get(&subject.book).map_or(0, |state| state.size());
            if subject.number == 0 || (subject.number > held && !self.ahead.has(subject)) {
                let found = subject.text(&self.memorandum.name_of(subject.book.party));
                return Err(Fault::misuse("regards", "an entry held here", found));
            }
        }
        let book = self.writable(class)?;
        let offices = (office, draft.second);
        self.append_entry(book, offices, draft.language, draft.regards, draft.content)
    }

    fn class_of(
        &self,
        asked: Option<Class>,
        regards: &[EntryRef],
        content: &Content,
    ) -> Result<Class, Fault> {
        let subject = regards.first().map(|subject| subject.book.class);
        let fixed = match content {
            Content::Cease { .. } => Some(Class::Z),
            Content::Test { .. } | Content::TestAnswer { .. } | Content::Missed { .. } | Content::Duty(_) => {
                Some(Class::P)
            }
            Content::Suspends { .. }
            | Content::Resumes { .. }
            | Content::Motion { .. }
            | Content::Vote { .. }
            | Content::Decide { .. }
            | Content::Leaves { .. } => Some(Class::A),
            Content::Seals(_) => Some(Class::R),
            Content::Acknowledgement { .. }
            | Content::ReadBack { .. }
            | Content::PassedOn { .. }
            | Content::Displayed
            | Content::Escalated { .. } => subject.map(answer_class),
            _ => None,
        };
        match (fixed, asked) {
            (Some(fixed), Some(asked)) if fixed != asked => Err(Fault::misuse(
                "precedence",
                alloc::format!("{}, the only one that this kind of entry has here", fixed.letter()),
                asked.letter().to_string(),
            )),
            (Some(class), _) | (None, Some(class)) => Ok(class),
            (None, None) => match (subject.map_or(Class::R, answer_class), content) {
                (Class::Z, Content::Finding(_)) => Ok(Class::O),
                (class, _) => Ok(class),
            },
        }
    }

    /// Whether two officers release what a draft becomes, by the memorandum in force now.
    pub fn takes_two(&self, draft: &Draft) -> bool {
        let class = self.class_of(draft.class, &draft.regards, &draft.content);
        class.is_ok_and(|class| self.memorandum.takes_two(class, draft.content.kind()))
    }

    fn office_of(&self, draft: &Draft<Said>) -> Result<u16, Fault> {
        let member = self.memorandum.member(self.me.party);
        let offices = member.map(|member| member.offices.as_slice()).unwrap_or_default();
        let known = |number: u16| offices.iter().any(|office| office.number == number);
        if let Content::Duty(Duty::Handover { to }) = draft.content.content()
            && !known(*to)
        {
            return Err(Fault::misuse("office that takes over", "an office of this party", to.to_string()));
        }
        if let Some(second) = draft.second.filter(|second| !known(*second)) {
            return Err(Fault::misuse("second office", "an office of this party", second.to_string()));
        }
        match draft.office {
            Some(office) if known(office) => Ok(office),
            Some(office) => Err(Fault::misuse("office", "an office of this party", office.to_string())),
            None => Ok(member.map_or(0, |member| member.watch_office())),
        }
    }

    /// The book of a class that is written in.
    pub(crate) fn current(&self, class: Class) -> Book {
        let generation = self.generations.get(&class).copied().unwrap_or(0);
        Book { generation, party: self.me.party, class }
    }

    /// Whether this station writes in a book, so that all of it is its own word.
    pub(crate) fn writes_in(&self, book: Book) -> bool {
        book == self.current(book.class) && book.rank() == self.own.rank
    }

    /// The book of a class that may be appended to: a later generation where the last one has ended.
    fn writable(&mut self, class: Class) -> Result<Book, Fault> {
        let book = self.current(class);
        if self.awaits_books() && self.is_to_open(class) {
            return self.open_at_once(class);
        }
        if self.is_to_open(class) {
            return self.open_next(class, self.first_generation());
        }
        if !self.book(book).ended {
            return Ok(book);
        }
        let least = self.generation_after(book.generation);
        self.open_next(class, least)
    }

    /// Every own book goes on in its next generation.
    pub(crate) fn renew(&mut self, least: u16) {
        for class in Class::ALL {
            if let Err(fault) = self.open_next(class, least) {
                return self.show(Shown::NotRenewed { fault });
            }
        }
        self.on_durable.push(Shown::Renewed);
    }

    /// A number for a generation after the last one known: another life of this station may have opened one that
    /// nobody here knows of, so it is left to chance.
    pub(crate) fn generation_after(&self, last: u16) -> u16 {
        let [random, ..] = self.entropy;
        last.saturating_add(1).saturating_add(u16::from(random % 16))
    }

    /// Ends a class's generation and opens the next one, numbered `least` or higher. The serials that another life
    /// of this station may have used are left out.
    ///
    /// # Errors
    /// `Misuse` when there is no generation left.
    pub(crate) fn open_next(&mut self, class: Class, least: u16) -> Result<Book, Fault> {
        let book = self.current(class);
        // Where everything is lost, what comes back may be older than what was said since.
        let number = book.generation.saturating_add(1).max(least).max(self.own.least);
        let last = self.first_generation().saturating_add(Book::GENERATIONS_OF_A_RANK - 1);
        if number > last {
            let expected = alloc::format!("at most {last}; renew the keys, or found the line anew");
            return Err(Fault::misuse("generation", expected, number.to_string()));
        }
        let brings_rank = self.is_to_open(class);
        let end = brings_rank.then(|| self.end_of_reach(class));
        let within_ms = if brings_rank { self.time_within_reach() } else { 0 };
        let renewal = if brings_rank { self.own_renewal() } else { None };
        let state = self.book(book);
        state.ended = true;
        let (before, size, root) = end.unwrap_or((book.generation, state.size(), state.frontier.root()));
        state.reach_all();
        let next = Book { generation: number, ..book };
        self.generations.insert(class, number);
        self.close_cuts();
        let last_entry = self.last;
        self.last.1 = last_entry.1.max(within_ms);
        self.last.0 = last_entry.0.max(u64::from(number) * SERIALS_OF_A_GENERATION);
        let office = self.memorandum.member(self.me.party).map_or(0, |member| member.watch_office());
        let opens = Content::Opens { before, size, root, renewal };
        let opened = Said::new(&opens)
            .and_then(|said| self.append_entry(next, (office, None), None, Vec::new(), said));
        if let Err(fault) = opened {
            // Nothing may stand in a generation before the entry that opens it: the next write tries again.
            self.generations.insert(class, book.generation);
            self.last = last_entry;
            return Err(fault);
        }
        Ok(next)
    }

    /// The cut that an entry of a book would carry now: what moved, and the acts under it then.
    fn next_cut(&mut self, book: Book) -> (Cut, Arc<Cut>) {
        let stated = self.books.get(&book).map(|state| &state.past.stated);
        let mut moved = Cut::new();
        for (of, state) in self.books.iter().filter(|(of, _)| **of != book) {
            let whole = self.writes_in(*of);
            let size = if whole { state.size() } else { state.closed() };
            if size > stated.and_then(|stated| stated.get(of)).copied().unwrap_or(0) {
                moved.insert(*of, size);
            }
        }
        let mut acts = self.books.get(&book).map(|state| Arc::clone(state.acts())).unwrap_or_default();
        if moved.keys().any(|of| of.class == Class::A) {
            let moved = moved.iter().filter(|(of, _)| of.class == Class::A);
            Arc::make_mut(&mut acts).extend(moved.map(|(of, size)| (*of, *size)));
        }
        (moved, acts)
    }

    /// What an entry written in a book now would know of acts.
    pub(crate) fn next_under(&mut self, book: Book) -> Under {
        let own =
            (book.class == Class::A).then(|| (book, self.books.get(&book).map_or(0, |state| state.size())));
        Under::new(self.next_cut(book).1, own)
    }

    /// SHA-256 over what an act knows of every book (spec/record.md §3).
    fn vector(&self, book: Book, cut: &Cut) -> Hash {
        let mut sizes = self.books.get(&book).map(|state| state.past.stated.clone()).unwrap_or_default();
        sizes.extend(cut.iter().map(|(of, size)| (*of, *size)));
        sizes.insert(book, self.books.get(&book).map_or(0, |state| state.size()));
        let rooted: BTreeMap<Book, (u64, Hash)> = sizes
            .into_iter()
            .filter(|(_, size)| *size > 0)
            .filter_map(|(of, size)| {
                let state = self.books.get(&of)?;
                Some((of, (size, state.stated_root(size)?)))
            })
            .collect();
        vector_hash(&rooted)
    }

    fn append_entry(
        &mut self,
        book: Book,
        (office, second): (u16, Option<u16>),
        language: Option<alloc::string::String>,
        regards: Vec<EntryRef>,
        said: Said,
    ) -> Result<EntryRef, Fault> {
        let (content, body) = said.into_parts();
        let (last_serial, last_time) = self.last;
        let time_ms = self.pace.now_ms.max(last_time);
        let (cut, acts) = self.next_cut(book);
        let vector = (book.class == Class::A).then(|| self.vector(book, &cut));
        let size = self.book(book).size();
        let name = EntryRef { book, number: size + 1 };
        let entry = Entry {
            serial: last_serial + 1,
            time_ms,
            clock_held: self.pace.now_ms < last_time,
            office,
            language,
            regards,
            cut,
            vector,
            kind: content.kind(),
            body,
            second,
        };
        content.check_place(book, &entry)?;
        if let Content::Discloses(_) = &content {
            let mut stated = self.book(book).past.stated.clone();
            stated.extend(entry.cut.iter().map(|(of, size)| (*of, *size)));
            content.check_known(name, &stated)?;
        }
        let bytes = entry.encode()?;
        let own = (book.class == Class::A).then_some((book, size));
        let under = Under::new(acts, own);
        let mut day = self.book(book).day;
        day.spend(time_ms, bytes.len() as u64);
        self.holds_to(name, &entry, &content, day, &under)?;
        let Some(secret) = &self.book(book).secret else {
            return Err(Fault::misuse("line secret", "this party's own", "none"));
        };
        let leaf = leaf_hash(&secret.blind(size), &bytes);
        // Its body is what was said, so it reads as that.
        self.take_entry(name, &bytes, Entry::decode(&bytes), Some(content), leaf)?;
        Ok(name)
    }

    /// Notes that one of this party's own books has grown; where a step would become too long, its end is kept.
    pub(crate) fn grown(&mut self, name: EntryRef, bytes: u64, ends: bool) {
        let state = self.book(name.book);
        if name.number <= state.signed_size() {
            return;
        }
        let reached = Reached {
            book: name.book,
            size: name.number,
            root: state.frontier.root(),
            bytes,
            ends,
            signed: None,
        };
        self.reached.push(reached);
    }

    /// Signs checkpoints over what is durable of one of this party's own books.
    pub(crate) fn sign(&mut self, book: Book, reached: &[Reached]) {
        let Some(key) = self.own_book_key(book).cloned() else {
            // Of earlier keys, which are not here: others bring it signed.
            let signed = reached.iter().filter_map(|one| one.signed.clone());
            let state = self.book(book);
            for signed in signed {
                state.durable = signed.checkpoint.size;
                state.keep_checkpoint(signed);
            }
            return self.grew(book);
        };
        let (mut entries, mut bytes) = (0, 0);
        let mut ends: Vec<&Reached> = Vec::new();
        let mut last: Option<&Reached> = None;
        for one in reached {
            if let Some(end) =
                last.filter(|last| last.ends || entries + 1 > STEP_ENTRIES || bytes + one.bytes > STEP_BYTES)
            {
                ends.push(end);
                (entries, bytes) = (0, 0);
            }
            (entries, bytes) = (entries + 1, bytes + one.bytes);
            last = Some(one);
        }
        ends.extend(last);
        let signed_size = self.book(book).signed_size();
        for end in ends.into_iter().filter(|end| end.size > signed_size) {
            let checkpoint = detente_record::Checkpoint { book, size: end.size, root: end.root };
            let signed: SignedCheckpoint = checkpoint.sign(&self.id, &key);
            self.append.checkpoints.push(signed.clone());
            let state = self.book(book);
            state.durable = end.size;
            state.keep_checkpoint(signed);
        }
        self.grew(book);
    }

    /// Hands an entry to the store; nothing is handed while a record is restored.
    pub(crate) fn store(&mut self, entry: StoredEntry) {
        if self.started {
            self.append.entries.push(entry);
        }
    }
}
