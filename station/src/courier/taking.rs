//! A courier file that has come: held to its end, its sender and its addressee, and only then fed to the line (spec/courier.md §5).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::sync::PoisonError;

use detente_line::frame::Frame;
use detente_line::{BlobState, Carried, CourierKey, Event, Unladen, Waybill};
use detente_record::{Blob, Book, Party, Renewal, Signature, SignedCheckpoint};
use tokio::sync::{mpsc, oneshot};

use super::error::CourierError;
use super::sealed::{Header, Opening};
use super::{Courier, MAX_FILE, MAX_KEY_FILE, read_key};
use crate::blobs::Writing;
use crate::keeper::{Keeper, Refusal};

/// About how many bytes of frames are fed at a time: a FLASH that comes meanwhile waits for as much.
const BATCH_BYTES: usize = 1 << 18;
/// How many such batches are under way.
const AHEAD: usize = 2;
/// How often a file is fed again, where some of it could only be taken after the rest.
const MAX_ROUNDS: usize = 4;

/// What came of a file.
#[derive(Debug)]
pub enum Imported {
    /// It was books.
    Books(Box<Books>),
    /// It was a party's courier key.
    Key(CourierKey),
}

/// What came of a file of books.
#[derive(Debug)]
pub struct Books {
    /// Whose station made it.
    pub from: Party,
    /// When, by its clock, ms.
    pub time_ms: u64,
    /// Which of the files made together it is.
    pub part: u64,
    /// How long each book that has grown was before, and is now.
    pub grown: BTreeMap<Book, (u64, u64)>,
    /// Up to where the sender has receipted this party's books, before and now.
    pub receipted: BTreeMap<Book, (u64, u64)>,
    /// How many attachments came whole.
    pub attachments: u64,
    /// What was not taken.
    pub unladen: Unladen,
}

impl Books {
    /// How many entries came.
    pub fn entries(&self) -> u64 {
        self.grown.values().map(|(before, after)| after - before).sum()
    }
}

/// How much of each book is held, and how much of the own ones a party has receipted.
type Sizes = (BTreeMap<Book, u64>, BTreeMap<Book, u64>);

impl Courier {
    /// A place for a file that comes.
    ///
    /// # Errors
    /// `Io`.
    pub fn incoming(&self) -> Result<File, CourierError> {
        self.nameless()
    }

    /// Takes a file that has come, whole or not at all.
    ///
    /// # Errors
    /// Those of spec/courier.md §5, of the disk and of the store. Where the store has no room, what was taken before stays.
    pub async fn import(&self, keeper: &Keeper, mut file: File) -> Result<Imported, CourierError> {
        if let Some(key) = key_in(&mut file)? {
            return self.take_key(keeper, key?).await.map(Imported::Key);
        }
        let (courier, for_check) = (self.clone(), keeper.clone());
        let checking =
            tokio::task::spawn_blocking(move || courier.check(&mut file).map(|checked| (checked, file)));
        let (checked, file) = checking.await.map_err(|_| CourierError::Stopping)??;
        self.hold_to_sender(&for_check, &checked).await?;
        let said = checked.said;
        let before = sizes(keeper, said.from).await?;
        let mut held = before.clone();
        let mut unladen = Unladen::default();
        let mut file = file;
        for _ in 0..MAX_ROUNDS {
            (unladen, file) = self.feed(keeper, file, &said).await?;
            let now = sizes(keeper, said.from).await?;
            let stands = now == held;
            held = now;
            if stands || unladen.beyond == 0 && unladen.refused == 0 {
                break;
            }
        }
        let attachments = self.take_parts(keeper, file).await?;
        let changes = |before: BTreeMap<Book, u64>, now: BTreeMap<Book, u64>| {
            let was = |book: &Book| before.get(book).copied().unwrap_or(0);
            let all = now.into_iter().map(|(book, size)| (book, (was(&book), size)));
            all.filter(|(_, (was, is))| was < is).collect::<BTreeMap<_, _>>()
        };
        let (grown, receipted) = (changes(before.0, held.0), changes(before.1, held.1));
        let Waybill { from, time_ms, part, .. } = said;
        Ok(Imported::Books(Box::new(Books { from, time_ms, part, grown, receipted, attachments, unladen })))
    }

    async fn take_key(&self, keeper: &Keeper, key: CourierKey) -> Result<CourierKey, CourierError> {
        let name = keeper.memorandum().name_of(key.party);
        let keyring = keeper.keyring();
        let station =
            keyring.station_keys().find(|(party, rank, _)| (*party, *rank) == (key.party, key.rank));
        let Some((.., station)) = station else {
            return Err(CourierError::WrongParty(format!(
                "a key of {name} under a station key that is not known here"
            )));
        };
        if keyring.last(key.party).is_some_and(|(rank, _)| rank != key.rank) {
            return Err(CourierError::OldKey(name));
        }
        key.verify(&self.of.line, station).map_err(|_| CourierError::NotSigned(name))?;
        if !keeper.event(Event::CourierKey(Box::new(key.clone()))).await {
            return Err(CourierError::Stopping);
        }
        Ok(key)
    }

    /// Opens a file to its end; takes nothing of it.
    fn check(&self, file: &mut File) -> Result<Checked, CourierError> {
        let mut opening = self.open_file(file)?;
        let first = opening.frame()?.ok_or(CourierError::Altered("it is empty"))?;
        let said =
            Waybill::decode(&first).map_err(|_| CourierError::Altered("it does not say what it is"))?;
        let mut renewals = Vec::new();
        while let Some(bytes) = opening.frame()? {
            // The sender's own, by which its key may have to be known.
            if bytes.starts_with(&[0x82, 13])
                && let Ok(Frame::Renewals(of)) = Frame::decode(&bytes)
                && of.iter().all(|renewal| renewal.occasion.party == said.from)
            {
                renewals = of;
            }
        }
        let (message, signature) = opening.end()?;
        if said.line != self.of.line {
            return Err(CourierError::WrongLine);
        }
        Ok(Checked { said, renewals, message, signature })
    }

    fn open_file<'a>(&self, file: &'a mut File) -> Result<Opening<BufReader<&'a mut File>>, CourierError> {
        let failed = |cause| CourierError::io("read", &cause);
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        if length > MAX_FILE {
            return Err(CourierError::TooLarge);
        }
        file.rewind().map_err(failed)?;
        let mut input = BufReader::with_capacity(1 << 20, file);
        let header = Header::read(&mut input)?;
        let left = length.saturating_sub(input.stream_position().map_err(failed)?);
        let seed = {
            let keys = self.of.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.named(header.key_id()).map(|key| key.seed.clone()).ok_or(CourierError::NotForUs)?
        };
        Opening::begin(&header, input, left, &seed, &self.of.line, self.of.me)
    }

    /// Holds a file to its sender's station key.
    async fn hold_to_sender(&self, keeper: &Keeper, checked: &Checked) -> Result<(), CourierError> {
        let Checked { said, renewals, message, signature } = checked;
        let (from, name) = (said.from, keeper.memorandum().name_of(said.from));
        if said.to != self.of.me || from == self.of.me {
            let to = keeper.memorandum().name_of(said.to);
            return Err(CourierError::WrongParty(format!("from {name} to {to}")));
        }
        if keeper.keyring().last(from).is_some_and(|(rank, _)| rank < said.rank) {
            // Renewals are believed for their own signatures, whoever brings them.
            let offered = renewals.clone();
            let would =
                keeper.look(move |line| line.would_take(&offered)).await.ok_or(CourierError::Stopping)?;
            if would.is_ok() {
                let mut keyrings = keeper.keyrings();
                if !keeper.event(Event::Renewals(renewals.clone())).await {
                    return Err(CourierError::Stopping);
                }
                // Shown once it is durable.
                let knows =
                    keyrings.wait_for(|ring| ring.last(from).is_some_and(|(rank, _)| rank >= said.rank));
                let _ = tokio::time::timeout(std::time::Duration::from_secs(30), knows).await;
            }
        }
        let keyring = keeper.keyring();
        match keyring.last(from) {
            None => Err(CourierError::WrongParty(format!("from {name}, which is no party of the line"))),
            Some((rank, _)) if rank > said.rank => Err(CourierError::OldKey(name)),
            Some((rank, keys)) if rank == said.rank && keys.station.verify(message, signature) => Ok(()),
            Some(_) => Err(CourierError::NotSigned(name)),
        }
    }

    /// Takes the attachments of a file that the record names by now and that are not here; says how many came whole.
    async fn take_parts(&self, keeper: &Keeper, mut file: File) -> Result<u64, CourierError> {
        let wanted = keeper.look(|line| line.custody().blobs().collect::<BTreeSet<Blob>>());
        let mut wanted = wanted.await.ok_or(CourierError::Stopping)?;
        let (courier, folder) = (self.clone(), keeper.blobs.folder.clone());
        let taking = tokio::task::spawn_blocking(move || -> Result<Vec<Blob>, CourierError> {
            wanted.retain(|blob| !folder.holds(blob));
            let (mut opening, mut whole) = (courier.open_file(&mut file)?, Vec::new());
            let mut under_way: Option<(Blob, u64, Writing)> = None;
            while let Some(bytes) = opening.frame()? {
                // Nothing but parts begins so.
                if !bytes.starts_with(&[0x87, 11]) {
                    continue;
                }
                let Ok(Frame::Part { blob, chunk, proof, bytes }) = Frame::decode(&bytes) else { continue };
                if !wanted.contains(&blob) || blob.verify_chunk(chunk, bytes, &proof).is_err() {
                    continue;
                }
                let (next, mut writing) = match under_way.take() {
                    Some((of, next, writing)) if of == blob => (next, writing),
                    _ => (0, Writing::incoming(&folder)?),
                };
                if chunk != next {
                    continue;
                }
                writing.write(bytes)?;
                if next + 1 < blob.chunks() {
                    under_way = Some((blob, next + 1, writing));
                } else if writing.finish(Some(&blob))?.is_some() {
                    wanted.remove(&blob);
                    whole.push(blob);
                }
            }
            Ok(whole)
        });
        let whole = taking.await.map_err(|_| CourierError::Stopping)??;
        for blob in &whole {
            if !keeper.event(Event::Blob { blob: *blob, state: BlobState::Whole }).await {
                return Err(CourierError::Stopping);
            }
        }
        Ok(whole.len() as u64)
    }

    /// Feeds the frames of a file that was checked to the line; gives the file back, and what was not taken.
    async fn feed(
        &self,
        keeper: &Keeper,
        mut file: File,
        said: &Waybill,
    ) -> Result<(Unladen, File), CourierError> {
        let (batches, mut ready) = mpsc::channel::<(Vec<Vec<u8>>, Vec<SignedCheckpoint>)>(AHEAD);
        let (courier, store) = (self.clone(), keeper.store.clone());
        let reading = tokio::task::spawn_blocking(move || -> Result<File, CourierError> {
            let mut opening = courier.open_file(&mut file)?;
            opening.frame()?;
            let (mut frames, mut bytes, mut checkpoints) = (Vec::new(), 0, Vec::new());
            loop {
                let next = opening.frame()?;
                let last = next.is_none();
                if let Some(frame) = next {
                    if frame.starts_with(&[0x87, 11]) {
                        // Parts wait until what names them is here.
                        continue;
                    }
                    if let Ok(Frame::Receipt(receipt)) = Frame::decode(&frame)
                        && let Some(found) = store.checkpoint_at(receipt.book.code(), receipt.size)?
                    {
                        checkpoints.push(crate::keeper::signed(receipt.book, &found));
                    }
                    bytes += frame.len();
                    frames.push(frame);
                }
                if (last || bytes >= BATCH_BYTES) && !frames.is_empty() {
                    let batch = (std::mem::take(&mut frames), std::mem::take(&mut checkpoints));
                    bytes = 0;
                    if batches.blocking_send(batch).is_err() {
                        break;
                    }
                }
                if last {
                    break;
                }
            }
            drop(opening);
            Ok(file)
        });
        let mut all = Unladen::default();
        let mut under_way = std::collections::VecDeque::new();
        while let Some((frames, checkpoints)) = ready.recv().await {
            let Waybill { from, rank, time_ms, .. } = *said;
            let carried = Carried { id: 0, from, rank, time_ms, frames, checkpoints };
            under_way.push_back(keeper.carry(carried).await.map_err(refused)?);
            while under_way.len() >= AHEAD
                && let Some(told) = under_way.pop_front()
            {
                add(&mut all, told).await?;
            }
        }
        for told in under_way {
            add(&mut all, told).await?;
        }
        let file = reading.await.map_err(|_| CourierError::Stopping)??;
        Ok((all, file))
    }
}

/// A file that opens to its end.
struct Checked {
    said: Waybill,
    renewals: Vec<Renewal>,
    message: Vec<u8>,
    signature: Signature,
}

async fn add(
    all: &mut Unladen,
    told: oneshot::Receiver<Result<Unladen, Refusal>>,
) -> Result<(), CourierError> {
    let Unladen { refused: count, fault, beyond } =
        told.await.map_err(|_| CourierError::Stopping)?.map_err(refused)?;
    all.refused += count;
    all.beyond += beyond;
    if all.fault.is_none() {
        all.fault = fault;
    }
    Ok(())
}

fn refused(refusal: Refusal) -> CourierError {
    match refusal {
        Refusal::Fault(fault) => CourierError::Fault(fault),
        Refusal::Store(error) => CourierError::Store(error),
        Refusal::Stopping => CourierError::Stopping,
    }
}

async fn sizes(keeper: &Keeper, of: Party) -> Result<Sizes, CourierError> {
    let looked = keeper.look(move |line| {
        let held: BTreeMap<Book, u64> = line.held().into_iter().map(|held| (held.book, held.size)).collect();
        let me = line.party();
        let own = held.keys().copied().filter(|book| book.party == me);
        let receipted = own.filter_map(|book| {
            let receipt = line.receipts(book).find(|receipt| receipt.party == of)?;
            Some((book, receipt.size))
        });
        let receipted = receipted.collect();
        (held, receipted)
    });
    looked.await.ok_or(CourierError::Stopping)
}

/// The courier key that a file holds, if it is one.
fn key_in(file: &mut File) -> Result<Option<Result<CourierKey, CourierError>>, CourierError> {
    let failed = |cause| CourierError::io("read", &cause);
    file.rewind().map_err(failed)?;
    let mut begin = Vec::new();
    std::io::Read::by_ref(file).take(MAX_KEY_FILE).read_to_end(&mut begin).map_err(failed)?;
    Ok(read_key(&begin))
}
