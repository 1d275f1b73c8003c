//! Books by courier: what goes into a file for a party, what is taken of one that came, and the keys that files are sealed to
//! (spec/courier.md). Sealing and files are the shell's.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use detente_record::{
    Book, Class, Cut, Fault, Hash, LineId, Party, PublicKey, Signature, SignedCheckpoint, canonical,
};
use minicbor::{Decoder, Encoder};

use crate::contract::{CircuitId, Shown};
use crate::dispatch::signed_for;
use crate::frame::{self, Frame, Hello, VERSION};
use crate::line::Line;

/// Bytes of a courier key.
pub const COURIER_KEY: usize = 1_216;
/// The circuit that a file is: none.
const NONE: CircuitId = 0;
/// Most heads of a file.
const MAX_HEADS: usize = 48;

/// A key that files for a party are sealed to, with its station's word for it (spec/courier.md §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourierKey {
    /// Whose.
    pub party: Party,
    /// The rank of the station key that signs it.
    pub rank: u8,
    /// When it was made, ms: the later one counts.
    pub number: u64,
    /// The key.
    pub key: Box<[u8; COURIER_KEY]>,
    /// The station's, over all of that and the line.
    pub signature: Signature,
}

impl CourierKey {
    /// What the station key signs.
    pub fn message(line: &LineId, party: Party, rank: u8, number: u64, key: &[u8; COURIER_KEY]) -> Vec<u8> {
        let number = number.to_be_bytes();
        let parts: [&[u8]; 5] = [b"detente courier key v1\n", &line.0, &[party.number(), rank], &number, key];
        parts.concat()
    }

    /// Holds it to a station key.
    ///
    /// # Errors
    /// `Misbehaved` for another signature.
    pub fn verify(&self, line: &LineId, station: &PublicKey) -> Result<(), Fault> {
        let message = Self::message(line, self.party, self.rank, self.number, &self.key);
        match station.verify(&message, &self.signature) {
            true => Ok(()),
            false => {
                Err(Fault::misbehaved("courier key", "one that its station signed", "another signature"))
            }
        }
    }

    fn order(&self) -> (u8, u64) {
        (self.rank, self.number)
    }
}

/// What a file says of itself, before its frames (spec/courier.md §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waybill {
    /// The line.
    pub line: LineId,
    /// Whose station made it.
    pub from: Party,
    /// The rank of the station key that signs it.
    pub rank: u8,
    /// Whom it is for.
    pub to: Party,
    /// When it was made, by its maker's clock, ms.
    pub time_ms: u64,
    /// Which of the files made together it is, from 1.
    pub part: u64,
}

impl Waybill {
    /// Its canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to memory cannot fail.
        let _ = self.write(&mut Encoder::new(&mut out));
        out
    }

    fn write(
        &self,
        e: &mut Encoder<&mut Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        e.array(7)?.u8(1)?.bytes(&self.line.0)?.u8(self.from.number())?.u8(self.rank)?;
        e.u8(self.to.number())?.u64(self.time_ms)?.u64(self.part)?;
        Ok(())
    }

    /// Reads it.
    ///
    /// # Errors
    /// `Malformed` for anything else, `Incompatible` for another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        canonical(bytes)?;
        let malformed = |error: minicbor::decode::Error| {
            Fault::malformed("waybill", "one of spec/courier.md §4", error.to_string())
        };
        let mut decoder = Decoder::new(bytes);
        if decoder.array().map_err(malformed)? != Some(7) {
            return Err(Fault::malformed("waybill", "7 elements", "others"));
        }
        let version = decoder.u8().map_err(malformed)?;
        if version != 1 {
            return Err(Fault::incompatible("waybill", "version 1", version.to_string()));
        }
        let line = decoder.bytes().map_err(malformed)?;
        let line =
            LineId(line.try_into().map_err(|_| Fault::malformed("waybill", "a line's id", "other bytes"))?);
        Ok(Self {
            line,
            from: Party::new(decoder.u8().map_err(malformed)?)?,
            rank: decoder.u8().map_err(malformed)?,
            to: Party::new(decoder.u8().map_err(malformed)?)?,
            time_ms: decoder.u64().map_err(malformed)?,
            part: decoder.u64().map_err(malformed)?,
        })
    }
}

/// What a file for a party is to hold, in this order.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// Frames before the steps; the first is the hello.
    pub before: Vec<Vec<u8>>,
    /// Books to bring, FLASH first.
    pub books: Vec<Bring>,
    /// Frames behind the steps: receipts.
    pub after: Vec<Vec<u8>>,
}

/// How much of a book a file is to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bring {
    /// Which book.
    pub book: Book,
    /// The size that its reader has.
    pub from: u64,
    /// The last signed size.
    pub end: SignedCheckpoint,
}

/// Frames of a file that came, opened and held to its sender (spec/courier.md §5).
#[derive(Debug, Clone)]
pub struct Carried {
    /// Comes back in [`Shown::Carried`].
    pub id: u64,
    /// Whose station made it.
    pub from: Party,
    /// The rank of the station key that signed it.
    pub rank: u8,
    /// When, by its clock, ms.
    pub time_ms: u64,
    /// Frames, in order.
    pub frames: Vec<Vec<u8>>,
    /// Stored checkpoints of the sizes that receipts among them are for.
    pub checkpoints: Vec<SignedCheckpoint>,
}

/// What became of frames of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unladen {
    /// Frames that were not taken.
    pub refused: u64,
    /// Why the first of them was not.
    pub fault: Option<Fault>,
    /// Steps that lie beyond what is held: something before them is missing.
    pub beyond: u64,
}

impl Unladen {
    fn note(&mut self, taken: Result<(), Fault>) {
        if let Err(fault) = taken {
            self.refused += 1;
            self.fault.get_or_insert(fault);
        }
    }
}

impl Line {
    /// The last courier key of a party.
    pub fn courier_key(&self, party: Party) -> Option<&CourierKey> {
        self.courier_keys.get(&party).filter(|key| key.rank == self.rank(party))
    }

    /// Takes a courier key that was stored, after renewals.
    pub fn restore_courier_key(&mut self, key: CourierKey) {
        self.courier_keys.insert(key.party, key);
    }

    /// The station key of a party and rank, if it is known.
    fn station_key(&self, party: Party, rank: u8) -> Option<PublicKey> {
        match rank {
            0 => self.root(party).map(|root| root.keys.station),
            rank => self.ranks.get(&party)?.renewed(rank).map(|keys| keys.station.clone()),
        }
    }

    /// Takes a courier key, and sends it to those who may lack it. One of a party or rank that is not known yet is passed over.
    ///
    /// # Errors
    /// `Misbehaved` for one that its station did not sign.
    pub(crate) fn take_courier_key(
        &mut self,
        circuit: Option<CircuitId>,
        key: CourierKey,
    ) -> Result<(), Fault> {
        let party = key.party;
        let Some(station) = self.station_key(party, key.rank).filter(|_| key.rank == self.rank(party)) else {
            return Ok(());
        };
        if self.courier_key(party).is_some_and(|held| held.number >= key.number) {
            return Ok(());
        }
        key.verify(&self.id, &station)?;
        self.append.courier_keys.push(key.clone());
        let order = key.order();
        self.courier_keys.insert(party, key);
        for (id, state) in &mut self.circuits {
            let knows = state.theirs.get(&party).is_some_and(|theirs| *theirs >= order);
            if Some(*id) != circuit && state.peer != party && !knows {
                state.keys.insert(party);
            }
        }
        Ok(())
    }

    /// The courier keys known here, as a frame; `None` where there are none.
    pub(crate) fn courier_keys(&self) -> Option<Vec<u8>> {
        let known = self.courier_keys.keys().filter_map(|party| self.courier_key(*party));
        let known: BTreeMap<Party, (u8, u64)> = known.map(|key| (key.party, key.order())).collect();
        (!known.is_empty()).then(|| frame::courier_keys(&known))
    }

    /// A peer says which courier keys it knows: what it lacks goes to it when nothing else does.
    pub(crate) fn knows_courier_keys(&mut self, circuit: CircuitId, theirs: BTreeMap<Party, (u8, u64)>) {
        let known = self.courier_keys.keys().filter_map(|party| self.courier_key(*party));
        let newer = known.filter(|key| theirs.get(&key.party).is_none_or(|of| *of < key.order()));
        let newer: Vec<Party> = newer.map(|key| key.party).collect();
        let Some(state) = self.circuits.get_mut(&circuit) else { return };
        let peer = state.peer;
        state.keys.extend(newer.into_iter().filter(|party| *party != peer));
        state.theirs = theirs;
    }

    /// What a file for a party is to hold; `beyond` are sizes that files made just before reach, and with `all` it is taken to hold
    /// nothing. `None` for whoever is no other party of the line.
    pub fn load(&self, to: Party, beyond: &Cut, all: bool) -> Option<Load> {
        let peer = self.peers.get(&to)?;
        let parting = self.parting(to);
        let ended = self.ended_by_renewal();
        let (mut books, mut heads) = (Vec::new(), Vec::new());
        for (book, held) in &self.books {
            let end = match parting {
                Some(parting) => parting.end(*book),
                None => held.signed.as_ref(),
            };
            let Some(end) = end.filter(|end| end.checkpoint.size > 0) else { continue };
            let signed = signed_for(parting, *book, held);
            let said = peer.known.get(book).copied().unwrap_or(0);
            let receipted = held.receipts.get(&to).map_or(0, |receipt| receipt.size);
            let known = match (all, peer.greeted, book.party == to) {
                (true, ..) => 0,
                (false, true, _) => said,
                // Whoever has said nothing has what it wrote.
                (false, false, true) => signed,
                (false, false, false) => said.max(receipted),
            };
            let from = known.max(beyond.get(book).copied().unwrap_or(0));
            let over = ended.get(book).is_some_and(|most| from >= *most);
            if from < signed && !over {
                books.push(Bring { book: *book, from, end: end.clone() });
            } else if heads.len() < MAX_HEADS {
                heads.push(frame::head(end));
            }
        }
        books.sort_by_key(|bring| (bring.book.class, bring.book));
        let mut before = Vec::from([self.hello(to)]);
        before.extend(self.all_renewals());
        before.extend(
            self.courier_keys.keys().filter_map(|party| self.courier_key(*party)).map(frame::courier_key),
        );
        before.extend(self.secrets_for(to, |_, _| true));
        before.extend(self.forks.values().cloned());
        before.extend(heads);
        let tells = |book: &Book, size: u64| {
            book.party == to || parting.is_none_or(|parting| parting.covers(*book, size))
        };
        let receipts = self.books.values().flat_map(|held| held.receipts.values());
        let said = receipts.filter(|receipt| receipt.party != to && tells(&receipt.book, receipt.size));
        let me = self.me.party;
        let durable = said.filter(|receipt| receipt.party != me || !self.unsaid.contains_key(&receipt.book));
        Some(Load { before, books, after: durable.map(frame::receipt).collect() })
    }

    /// Takes frames of a file that came.
    pub(crate) fn carried(&mut self, carried: Carried) {
        let Carried { id, from, rank, time_ms, frames, checkpoints } = carried;
        let mut unladen = Unladen::default();
        if from == self.me.party || !self.peers.contains_key(&from) {
            let fault = Fault::misbehaved("sender", "another party of the line", from.number().to_string());
            unladen.note(Err(fault));
        } else if rank != self.rank(from) {
            let expected = "the one that the last renewal brought";
            unladen.note(Err(Fault::misbehaved("station key", expected, "another one")));
        } else {
            let signed = checkpoints.into_iter().map(|signed| signed.checkpoint);
            let roots: BTreeMap<(Book, u64), Hash> =
                signed.map(|signed| ((signed.book, signed.size), signed.root)).collect();
            for bytes in frames {
                let taken = match Frame::decode(&bytes) {
                    Ok(frame) => self.unload(from, time_ms, frame, &roots, &mut unladen),
                    Err(fault) => Err(fault),
                };
                unladen.note(taken);
            }
        }
        let shown = Shown::Carried { id, unladen };
        match self.append.is_idle() {
            true => self.show(shown),
            false => self.on_durable.push(shown),
        }
    }

    fn unload(
        &mut self,
        from: Party,
        time_ms: u64,
        frame: Frame<'_>,
        roots: &BTreeMap<(Book, u64), Hash>,
        unladen: &mut Unladen,
    ) -> Result<(), Fault> {
        match frame {
            Frame::Hello(hello) => self.greeted_by_courier(from, hello, time_ms),
            Frame::Step { book, first, entries, signature } => {
                let held = self.books.get(&book).map_or(0, |state| state.size());
                if first > held + 1 {
                    unladen.beyond += 1;
                    return Ok(());
                }
                self.take_step(NONE, from, book, first, &entries, &signature)
            }
            Frame::Receipt(receipt) => {
                let root = roots.get(&(receipt.book, receipt.size)).copied();
                self.take_receipt_at(from, receipt, root)
            }
            Frame::Secret { party, epoch, secret } => match u8::try_from(epoch) {
                Ok(rank) => self.take_secret(NONE, party, rank, secret),
                Err(_) => Ok(()),
            },
            Frame::Renewals(renewals) => {
                renewals.into_iter().try_for_each(|renewal| self.take_renewal(renewal))
            }
            Frame::CourierKey(key) => self.take_courier_key(None, *key),
            Frame::Head(head) => {
                self.hold_against(head);
                Ok(())
            }
            Frame::Fork(fork) => self.take_fork(*fork),
            // Attachments are the shell's; the others are answers, and there is nobody to answer.
            Frame::Part { .. }
            | Frame::Want { .. }
            | Frame::Lack(_)
            | Frame::Have(_)
            | Frame::Ahead { .. }
            | Frame::Ping(_)
            | Frame::Pong(_)
            | Frame::CourierKeys(_)
            | Frame::Refusal { .. } => Ok(()),
        }
    }

    /// What a party held when it made a file.
    fn greeted_by_courier(&mut self, from: Party, hello: Hello, time_ms: u64) -> Result<(), Fault> {
        if hello.version != VERSION {
            let found = hello.version.to_string();
            return Err(Fault::incompatible("protocol version", VERSION.to_string(), found));
        }
        if hello.line != self.id || hello.party != from {
            let found = hello.party.number().to_string();
            return Err(Fault::misbehaved("hello", "that of the file's sender, on this line", found));
        }
        for class in Class::ALL {
            self.reminded(class, &hello)?;
        }
        self.peer_greeted(&hello);
        let connected = self.circuits.values().any(|state| state.ready && state.peer == from);
        let Some(peer) = self.peers.get_mut(&from) else { return Ok(()) };
        if !connected && time_ms > peer.said_ms {
            (peer.known, peer.said_ms, peer.greeted) = (hello.sizes, time_ms, true);
            self.opens_all_to(from);
            return Ok(());
        }
        for (book, size) in hello.sizes {
            let known = peer.known.entry(book).or_default();
            *known = size.max(*known);
        }
        self.opens_all_to(from);
        Ok(())
    }
}
