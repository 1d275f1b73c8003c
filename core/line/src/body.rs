//! Bodies of entries as bytes (spec/line.md §4).
//!
//! A body is read with its kind and only in its one canonical form: what is decoded and encoded again gives
//! the same bytes, or it is refused.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use detente_airspace::position::Position;
use detente_record::receipt::MAX_SECONDS;
use detente_record::seal::{SEAL_KEY, SEAL_SIGNATURE};
use detente_record::{
    Book, Checkpoint, EntryRef, Fault, Hash, MAX_SIZE, Party, Renewal, Seal, SignedCheckpoint,
};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::attachment::{self, Attachment};
use crate::disclosure::Disclosure;
use crate::finding::Finding;
use crate::kind::{
    Amendment, Choice, Content, Duty, MAX_MOVED, MAX_TEXT, Matter, Message, Outcome, Rendering, Stance,
    number,
};
use crate::memorandum::{Memorandum, is_language, is_line_name};
use crate::notice::Notice;
use crate::report::ConflictReport;
use crate::seals::Sealed;

/// An entry's name in a body: `[book, number]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct WireRef {
    #[n(0)]
    book: u32,
    #[n(1)]
    number: u64,
}

impl From<EntryRef> for WireRef {
    fn from(entry: EntryRef) -> Self {
        Self { book: entry.book.code(), number: entry.number }
    }
}

impl WireRef {
    fn entry(self) -> Result<EntryRef, Fault> {
        if !(1..=MAX_SIZE).contains(&self.number) {
            return Err(Fault::malformed("entry number", "1 to 2^40 - 1", self.number.to_string()));
        }
        Ok(EntryRef { book: Book::from_code(self.book)?, number: self.number })
    }
}

/// A position in a body: `[latitude, longitude]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Place {
    #[n(0)]
    lat: i32,
    #[n(1)]
    lon: i32,
}

impl From<Position> for Place {
    fn from(position: Position) -> Self {
        Self { lat: position.lat, lon: position.lon }
    }
}

impl Place {
    pub(crate) fn position(self) -> Result<Position, Fault> {
        let (lat, lon) = (self.lat, self.lon);
        Position::new(lat, lon).map_err(|_| {
            Fault::malformed("position", "±90° and ±180° in 1e-7 degrees", alloc::format!("{lat}, {lon}"))
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct TextBody {
    #[n(1)]
    text: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MaybeTextBody {
    #[n(1)]
    text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ReadBackBody {
    #[n(1)]
    text: String,
    #[n(2)]
    position: Option<Place>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct CeaseBody {
    #[n(1)]
    position: Place,
    #[n(2)]
    text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct EscalatedBody {
    #[n(1)]
    rank: u16,
    #[n(2)]
    after_ms: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct TestBody {
    #[n(1)]
    slot: u64,
    #[n(2)]
    text: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DigestBody {
    #[cbor(n(1), with = "minicbor::bytes")]
    digest: Hash,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MissedBody {
    #[n(1)]
    slot: u64,
    #[n(2)]
    party: u8,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DutyBody {
    #[n(1)]
    state: u8,
    #[n(2)]
    to: Option<u16>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct PositionBody {
    #[n(1)]
    stance: Stance,
    #[n(2)]
    text: Option<String>,
    #[n(3)]
    attachments: Option<Vec<Attachment>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct OpensBody {
    #[n(1)]
    before: u16,
    #[n(2)]
    size: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    root: Hash,
    #[cbor(n(4), with = "minicbor::bytes")]
    renewal: Option<Vec<u8>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct SuspendsBody {
    #[n(1)]
    scope: Vec<u16>,
    #[n(2)]
    effective_ms: u64,
    #[n(3)]
    reason: String,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ResumesBody {
    #[n(1)]
    effective_ms: u64,
    #[n(2)]
    decision: Option<WireRef>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MotionBody {
    #[n(1)]
    matter: u16,
    #[n(2)]
    text: String,
    #[n(3)]
    closes_ms: u64,
    #[cbor(n(4), with = "minicbor::bytes")]
    memorandum: Option<Vec<u8>>,
    #[n(5)]
    name: Option<String>,
}

/// The numbers of what a motion is to do.
const REOPEN: u16 = 1;
const RESOLVE: u16 = 2;
const AMEND: u16 = 3;
const FOUND: u16 = 4;

impl MotionBody {
    fn new(matter: &Matter, text: String, closes_ms: u64) -> Self {
        let (matter, memorandum, name) = match matter {
            Matter::Reopen => (REOPEN, None, None),
            Matter::Resolve => (RESOLVE, None, None),
            Matter::Amend(memorandum) => (AMEND, Some(memorandum.encode()), None),
            Matter::Found(name) => (FOUND, None, Some(name.clone())),
        };
        Self { matter, text, closes_ms, memorandum, name }
    }

    fn matter(number: u16, memorandum: Option<&[u8]>, name: Option<String>) -> Result<Matter, Fault> {
        if let (REOPEN | RESOLVE | AMEND, Some(_)) = (number, &name) {
            return Err(Fault::malformed("motion", "a name only where it is to found", "one"));
        }
        match (number, memorandum) {
            (REOPEN, None) => Ok(Matter::Reopen),
            (RESOLVE, None) => Ok(Matter::Resolve),
            (AMEND, Some(bytes)) if bytes.len() <= MAX_MOVED => {
                let memorandum = Memorandum::decode(bytes).map_err(|fault| {
                    Fault::malformed("memorandum moved", "one that keeps every rule", fault.to_string())
                })?;
                Ok(Matter::Amend(Arc::new(memorandum)))
            }
            (AMEND, Some(bytes)) => {
                Err(Fault::malformed("memorandum moved", "at most 14,000 bytes", bytes.len().to_string()))
            }
            (AMEND, None) => Err(Fault::malformed("motion", "a memorandum where it is to amend", "none")),
            (REOPEN | RESOLVE | FOUND, Some(_)) => {
                Err(Fault::malformed("motion", "a memorandum only where it is to amend", "one"))
            }
            (FOUND, None) => match name {
                Some(name) if is_line_name(&name) => Ok(Matter::Found(name)),
                name => {
                    let expected = "the name of a line, [a-z][a-z0-9-]{0,31}, where it is to found";
                    Err(Fault::malformed("motion", expected, if name.is_some() { "another" } else { "none" }))
                }
            },
            (other, _) => {
                let expected = "to reopen, to resolve, to amend or to found: 1 to 4";
                Err(Fault::incompatible("motion", expected, other.to_string()))
            }
        }
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct VoteBody {
    #[n(1)]
    choice: Choice,
    #[n(2)]
    text: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DecideBody {
    #[n(1)]
    outcome: Outcome,
    #[n(2)]
    votes: Vec<WireRef>,
    #[n(3)]
    before: Option<WireRef>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct FindingBody {
    #[cbor(n(1), with = "minicbor::bytes")]
    note: Vec<u8>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct HoldsBody {
    #[n(1)]
    hashes: Vec<ByteArray<32>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct SealsBody {
    #[n(1)]
    book: u32,
    #[n(2)]
    size: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    root: Hash,
    #[n(4)]
    signature: ByteArray<64>,
    #[n(5)]
    seconds: u64,
    #[n(6)]
    seal: ByteArray<SEAL_SIGNATURE>,
    #[n(7)]
    key: Option<ByteArray<SEAL_KEY>>,
}

impl From<Sealed> for SealsBody {
    fn from(Sealed { signed, seal, key }: Sealed) -> Self {
        let Checkpoint { book, size, root } = signed.checkpoint;
        Self {
            book: book.code(),
            size,
            root,
            signature: signed.signature.into(),
            seconds: seal.seconds,
            seal: (*seal.signature).into(),
            key: key.map(|key| (*key).into()),
        }
    }
}

impl SealsBody {
    fn sealed(self) -> Result<Sealed, Fault> {
        let Self { size, root, seconds, .. } = self;
        if !(1..=MAX_SIZE).contains(&size) {
            return Err(Fault::malformed("size sealed", "1 to 2^40 - 1", size.to_string()));
        }
        if seconds > MAX_SECONDS {
            return Err(Fault::malformed("seal", "seconds to 2^63 - 1", seconds.to_string()));
        }
        let checkpoint = Checkpoint { book: Book::from_code(self.book)?, size, root };
        Ok(Sealed {
            signed: SignedCheckpoint { checkpoint, signature: self.signature.into() },
            seal: Seal { seconds, signature: Box::new(self.seal.into()) },
            key: self.key.map(|key| Arc::new(key.into())),
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct EmptyBody {}

pub(crate) fn bytes(body: impl Encode<()>) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a `Vec` cannot fail, and no body holds a type whose encoding can.
    let _ = minicbor::encode(body, &mut out);
    out
}

/// Reads a body, and holds it to be the one canonical encoding of what was read.
pub(crate) fn exactly<'b, T: Decode<'b, ()> + Encode<()>>(body: &'b [u8]) -> Result<T, Fault> {
    let read: T = minicbor::decode(body)
        .map_err(|error| Fault::malformed("body", "the body of its kind", alloc::format!("{error}")))?;
    if bytes(&read) == body {
        Ok(read)
    } else {
        Err(Fault::incompatible("body", "only keys that its kind defines", "other keys or another form"))
    }
}

pub(crate) fn within(text: String) -> Result<String, Fault> {
    if (1..=MAX_TEXT).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Fault::malformed("text", "1 to 12,000 bytes", alloc::format!("{}", text.len())))
    }
}

pub(crate) fn maybe_within(text: Option<String>) -> Result<Option<String>, Fault> {
    text.map(within).transpose()
}

fn rendered(Rendering { language, text }: Rendering) -> Result<Rendering, Fault> {
    if !is_language(&language) {
        return Err(Fault::malformed("language", "a BCP 47 tag such as en or ar-SY", language));
    }
    Ok(Rendering { language, text: within(text)? })
}

/// A flag is `true` or absent.
pub(crate) fn flag(flag: Option<bool>) -> Result<bool, Fault> {
    match flag {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(Fault::malformed("flag", "true, or absent", "false")),
    }
}

/// Whether a body has a key, as far as it can be read.
fn has_key(body: &[u8], key: u64) -> bool {
    let mut reader = minicbor::Decoder::new(body);
    let Ok(Some(keys)) = reader.map() else { return false };
    (0..keys).map_while(|_| reader.u64().ok().zip(reader.skip().ok())).any(|(found, ())| found == key)
}

impl Content {
    /// The body as canonical CBOR.
    pub fn encode(&self) -> Vec<u8> {
        match self.clone() {
            Self::Message(message) => bytes(message),
            Self::Amendment(Amendment::Text(text)) => bytes(TextBody { text }),
            Self::Amendment(Amendment::Notice(notice)) | Self::Notice(notice) => notice.encode(),
            Self::Conflict(report) => report.encode(),
            Self::Withdrawal { reason: text }
            | Self::Leaves { reason: text }
            | Self::Acknowledgement { text } => bytes(MaybeTextBody { text }),
            Self::ReadBack { text, position } => {
                bytes(ReadBackBody { text, position: position.map(Place::from) })
            }
            Self::PassedOn { to: text } => bytes(TextBody { text }),
            Self::Cease { position, text } => bytes(CeaseBody { position: position.into(), text }),
            Self::Displayed | Self::Unknown { .. } => bytes(EmptyBody {}),
            Self::Escalated { rank, after_ms } => bytes(EscalatedBody { rank, after_ms }),
            Self::Test { slot, text } => bytes(TestBody { slot, text }),
            Self::TestAnswer { digest } => bytes(DigestBody { digest }),
            Self::Missed { slot, party } => bytes(MissedBody { slot, party: party.number() }),
            Self::Duty(Duty::Off) => bytes(DutyBody { state: 0, to: None }),
            Self::Duty(Duty::On) => bytes(DutyBody { state: 1, to: None }),
            Self::Duty(Duty::Handover { to }) => bytes(DutyBody { state: 2, to: Some(to) }),
            Self::Opens { before, size, root, renewal } => {
                let renewal = renewal.map(|renewal| renewal.encode());
                bytes(OpensBody { before, size, root, renewal })
            }
            Self::Suspends { scope, effective_ms, reason } => {
                bytes(SuspendsBody { scope, effective_ms, reason })
            }
            Self::Resumes { effective_ms, decision } => {
                bytes(ResumesBody { effective_ms, decision: decision.map(WireRef::from) })
            }
            Self::Position { stance, text, attachments } => bytes(PositionBody { stance, text, attachments }),
            Self::Finding(finding) => bytes(FindingBody { note: finding.note().into_bytes() }),
            Self::Discloses(disclosure) => disclosure.encode(),
            Self::Holds { hashes } => {
                bytes(HoldsBody { hashes: hashes.into_iter().map(ByteArray::from).collect() })
            }
            Self::Seals(sealed) => bytes(SealsBody::from(*sealed)),
            Self::Motion { matter, text, closes_ms } => bytes(MotionBody::new(&matter, text, closes_ms)),
            Self::Vote { choice, text } => bytes(VoteBody { choice, text }),
            Self::Decide { outcome, votes, before } => bytes(DecideBody {
                outcome,
                votes: votes.into_iter().map(WireRef::from).collect(),
                before: before.map(WireRef::from),
            }),
        }
    }

    /// Reads the body of an entry of `kind`.
    ///
    /// # Errors
    /// `Malformed` if it is not a body of its kind or breaks a limit, `Incompatible` if it has keys that the
    /// kind does not define. A kind that is not known reads as [`Content::Unknown`].
    pub fn decode(kind: u16, body: &[u8]) -> Result<Self, Fault> {
        use number::*;
        Ok(match kind {
            MESSAGE => {
                let message: Message = exactly(body)?;
                flag(message.safety_of_life)?;
                flag(message.answers)?;
                flag(message.translates)?;
                let (text, attachments) = (within(message.text)?, attachment::checked(message.attachments)?);
                let also = message.also.map(rendered).transpose()?;
                Self::Message(Message { text, attachments, also, ..message })
            }
            // A text has one key; a notice always has volumes.
            AMENDMENT if has_key(body, 3) => Self::Amendment(Amendment::Notice(Notice::decode(body)?)),
            AMENDMENT => Self::Amendment(Amendment::Text(within(exactly::<TextBody>(body)?.text)?)),
            WITHDRAWAL => Self::Withdrawal { reason: maybe_within(exactly::<MaybeTextBody>(body)?.text)? },
            LEAVES => Self::Leaves { reason: maybe_within(exactly::<MaybeTextBody>(body)?.text)? },
            ACKNOWLEDGEMENT => {
                Self::Acknowledgement { text: maybe_within(exactly::<MaybeTextBody>(body)?.text)? }
            }
            READ_BACK => {
                let ReadBackBody { text, position } = exactly(body)?;
                Self::ReadBack { text: within(text)?, position: position.map(Place::position).transpose()? }
            }
            PASSED_ON => Self::PassedOn { to: within(exactly::<TextBody>(body)?.text)? },
            CEASE => {
                let CeaseBody { position, text } = exactly(body)?;
                Self::Cease { position: position.position()?, text: maybe_within(text)? }
            }
            DISPLAYED => exactly::<EmptyBody>(body).map(|_| Self::Displayed)?,
            ESCALATED => {
                let EscalatedBody { rank, after_ms } = exactly(body)?;
                Self::Escalated { rank, after_ms }
            }
            TEST => {
                let TestBody { slot, text } = exactly(body)?;
                Self::Test { slot, text: within(text)? }
            }
            TEST_ANSWER => Self::TestAnswer { digest: exactly::<DigestBody>(body)?.digest },
            MISSED => {
                let MissedBody { slot, party } = exactly(body)?;
                Self::Missed { slot, party: Party::new(party)? }
            }
            DUTY => Self::Duty(match exactly(body)? {
                DutyBody { state: 0, to: None } => Duty::Off,
                DutyBody { state: 1, to: None } => Duty::On,
                DutyBody { state: 2, to: Some(to) } => Duty::Handover { to },
                DutyBody { state, .. } => {
                    return Err(Fault::malformed(
                        "duty",
                        "0, 1, or 2 with an office",
                        alloc::format!("{state}"),
                    ));
                }
            }),
            NOTICE => Self::Notice(Notice::decode(body)?),
            CONFLICT => Self::Conflict(ConflictReport::decode(body)?),
            POSITION => match exactly(body)? {
                PositionBody { stance: Stance::Corrects, text: None, .. } => {
                    return Err(Fault::malformed("position", "a text that says what is right", "none"));
                }
                PositionBody { stance, text, attachments } => Self::Position {
                    stance,
                    text: maybe_within(text)?,
                    attachments: attachment::checked(attachments)?,
                },
            },
            FINDING => {
                let FindingBody { note } = exactly(body)?;
                Self::Finding(Box::new(Finding::parse(&note)?))
            }
            DISCLOSES => Self::Discloses(Disclosure::decode(body)?),
            OPENS => {
                let OpensBody { before, size, root, renewal } = exactly(body)?;
                if before > Book::LAST_GENERATION || size > MAX_SIZE {
                    let found = alloc::format!("generation {before}, size {size}");
                    return Err(Fault::malformed(
                        "opening",
                        "a generation to 4095 and a size below 2^40",
                        found,
                    ));
                }
                let renewal = renewal.map(|bytes| Renewal::decode(&bytes).map(Box::new)).transpose()?;
                Self::Opens { before, size, root, renewal }
            }
            SUSPENDS => {
                let SuspendsBody { scope, effective_ms, reason } = exactly(body)?;
                Self::Suspends { scope, effective_ms, reason: within(reason)? }
            }
            RESUMES => {
                let ResumesBody { effective_ms, decision } = exactly(body)?;
                Self::Resumes { effective_ms, decision: decision.map(WireRef::entry).transpose()? }
            }
            MOTION => {
                let MotionBody { matter, text, closes_ms, memorandum, name } = exactly(body)?;
                let matter = MotionBody::matter(matter, memorandum.as_deref(), name)?;
                Self::Motion { matter, text: within(text)?, closes_ms }
            }
            VOTE => {
                let VoteBody { choice, text } = exactly(body)?;
                Self::Vote { choice, text: maybe_within(text)? }
            }
            DECIDE => {
                let DecideBody { outcome, votes, before } = exactly(body)?;
                Self::Decide {
                    outcome,
                    votes: votes.into_iter().map(WireRef::entry).collect::<Result<_, _>>()?,
                    before: before.map(WireRef::entry).transpose()?,
                }
            }
            HOLDS => {
                let hashes = exactly::<HoldsBody>(body)?.hashes.into_iter().map(Hash::from).collect();
                Self::Holds { hashes: attachment::checked_holds(hashes)? }
            }
            SEALS => Self::Seals(Box::new(exactly::<SealsBody>(body)?.sealed()?)),
            kind => Self::Unknown { kind },
        })
    }
}
