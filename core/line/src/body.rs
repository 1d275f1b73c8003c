//! Bodies of entries as bytes (spec/line.md §4).
//!
//! A body is read with its kind and only in its one canonical form: what is decoded and encoded again gives
//! the same bytes, or it is refused.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use detente_record::{Book, EntryRef, Fault, Hash, MAX_SIZE, Party};
use minicbor::{Decode, Encode};

use crate::kind::{
    Amendment, Choice, Content, Duty, MAX_CORNERS, MAX_TEXT, Message, Notice, Outcome, Position, number,
};

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
    position: Option<Position>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct CeaseBody {
    #[n(1)]
    position: Position,
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
struct OpensBody {
    #[n(1)]
    before: u16,
    #[n(2)]
    size: u64,
    #[cbor(n(3), with = "minicbor::bytes")]
    root: Hash,
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
    what: u16,
    #[n(2)]
    text: String,
    #[n(3)]
    closes_ms: u64,
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
struct EmptyBody {}

fn bytes(body: impl Encode<()>) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a `Vec` cannot fail, and no body holds a type whose encoding can.
    let _ = minicbor::encode(body, &mut out);
    out
}

/// Reads a body, and holds it to be the one canonical encoding of what was read.
fn exactly<'b, T: Decode<'b, ()> + Encode<()>>(body: &'b [u8]) -> Result<T, Fault> {
    let read: T = minicbor::decode(body)
        .map_err(|error| Fault::malformed("body", "the body of its kind", alloc::format!("{error}")))?;
    if bytes(&read) == body {
        Ok(read)
    } else {
        Err(Fault::incompatible("body", "only keys that its kind defines", "other keys or another form"))
    }
}

fn within(text: String) -> Result<String, Fault> {
    if (1..=MAX_TEXT).contains(&text.len()) {
        Ok(text)
    } else {
        Err(Fault::malformed("text", "1 to 12,000 bytes", alloc::format!("{}", text.len())))
    }
}

fn maybe_within(text: Option<String>) -> Result<Option<String>, Fault> {
    text.map(within).transpose()
}

/// A flag is `true` or absent.
fn flag(flag: Option<bool>) -> Result<bool, Fault> {
    match flag {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(Fault::malformed("flag", "true, or absent", "false")),
    }
}

fn valid(position: Position) -> Result<Position, Fault> {
    if position.is_valid() {
        Ok(position)
    } else {
        Err(Fault::malformed("position", "±90° and ±180° in 1e-7 degrees", alloc::format!("{position:?}")))
    }
}

impl Notice {
    fn check(self) -> Result<Self, Fault> {
        within(self.text.clone())?;
        if self.kind.is_empty() || self.kind.len() > 32 {
            return Err(Fault::malformed(
                "notice kind",
                "1 to 32 bytes",
                alloc::format!("{}", self.kind.len()),
            ));
        }
        maybe_within(self.forces.clone())?;
        flag(self.emergency)?;
        if !(3..=MAX_CORNERS).contains(&self.area.len()) {
            return Err(Fault::malformed("area", "3 to 256 corners", alloc::format!("{}", self.area.len())));
        }
        for corner in &self.area {
            valid(*corner)?;
        }
        if self.until_ms < self.from_ms {
            return Err(Fault::malformed("notice", "until at or after from", "until before from"));
        }
        if let (Some(low), Some(high)) = (self.lowest_mm, self.highest_mm)
            && high < low
        {
            return Err(Fault::malformed("notice", "highest at or above lowest", "highest below lowest"));
        }
        Ok(self)
    }
}

impl Content {
    /// The body as canonical CBOR.
    pub fn encode(&self) -> Vec<u8> {
        match self.clone() {
            Self::Message(message) => bytes(message),
            Self::Amendment(Amendment::Text(text)) => bytes(TextBody { text }),
            Self::Amendment(Amendment::Notice(notice)) | Self::Notice(notice) => bytes(notice),
            Self::Withdrawal { reason: text } | Self::Acknowledgement { text } => {
                bytes(MaybeTextBody { text })
            }
            Self::ReadBack { text, position } => bytes(ReadBackBody { text, position }),
            Self::PassedOn { to: text } => bytes(TextBody { text }),
            Self::Cease { position, text } => bytes(CeaseBody { position, text }),
            Self::Displayed | Self::Unknown { .. } => bytes(EmptyBody {}),
            Self::Escalated { rank, after_ms } => bytes(EscalatedBody { rank, after_ms }),
            Self::Test { slot, text } => bytes(TestBody { slot, text }),
            Self::TestAnswer { digest } => bytes(DigestBody { digest }),
            Self::Missed { slot, party } => bytes(MissedBody { slot, party: party.number() }),
            Self::Duty(Duty::Off) => bytes(DutyBody { state: 0, to: None }),
            Self::Duty(Duty::On) => bytes(DutyBody { state: 1, to: None }),
            Self::Duty(Duty::Handover { to }) => bytes(DutyBody { state: 2, to: Some(to) }),
            Self::Opens { before, size, root } => bytes(OpensBody { before, size, root }),
            Self::Suspends { scope, effective_ms, reason } => {
                bytes(SuspendsBody { scope, effective_ms, reason })
            }
            Self::Resumes { effective_ms, decision } => {
                bytes(ResumesBody { effective_ms, decision: decision.map(WireRef::from) })
            }
            Self::Motion { text, closes_ms } => bytes(MotionBody { what: 1, text, closes_ms }),
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
                Self::Message(Message { text: within(message.text)?, ..message })
            }
            AMENDMENT => Self::Amendment(match exactly::<TextBody>(body) {
                Ok(TextBody { text }) => Amendment::Text(within(text)?),
                Err(_) => Amendment::Notice(exactly::<Notice>(body)?.check()?),
            }),
            WITHDRAWAL => Self::Withdrawal { reason: maybe_within(exactly::<MaybeTextBody>(body)?.text)? },
            ACKNOWLEDGEMENT => {
                Self::Acknowledgement { text: maybe_within(exactly::<MaybeTextBody>(body)?.text)? }
            }
            READ_BACK => {
                let ReadBackBody { text, position } = exactly(body)?;
                Self::ReadBack { text: within(text)?, position: position.map(valid).transpose()? }
            }
            PASSED_ON => Self::PassedOn { to: within(exactly::<TextBody>(body)?.text)? },
            CEASE => {
                let CeaseBody { position, text } = exactly(body)?;
                Self::Cease { position: valid(position)?, text: maybe_within(text)? }
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
            NOTICE => Self::Notice(exactly::<Notice>(body)?.check()?),
            OPENS => {
                let OpensBody { before, size, root } = exactly(body)?;
                if before > Book::LAST_GENERATION || size > MAX_SIZE {
                    let found = alloc::format!("generation {before}, size {size}");
                    return Err(Fault::malformed(
                        "opening",
                        "a generation to 4095 and a size below 2^40",
                        found,
                    ));
                }
                Self::Opens { before, size, root }
            }
            SUSPENDS => {
                let SuspendsBody { scope, effective_ms, reason } = exactly(body)?;
                Self::Suspends { scope, effective_ms, reason: within(reason)? }
            }
            RESUMES => {
                let ResumesBody { effective_ms, decision } = exactly(body)?;
                Self::Resumes { effective_ms, decision: decision.map(WireRef::entry).transpose()? }
            }
            MOTION => match exactly(body)? {
                MotionBody { what: 1, text, closes_ms } => Self::Motion { text: within(text)?, closes_ms },
                MotionBody { what, .. } => {
                    return Err(Fault::incompatible("motion", "1, to reopen", alloc::format!("{what}")));
                }
            },
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
            kind => Self::Unknown { kind },
        })
    }
}
