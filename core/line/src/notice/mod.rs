//! Notices: what is planned, where, how high and when, and what else is said of it (spec/line.md §4.1).
//!
//! A notice's geometry is read by the rules of spec/airspace.md; what a memorandum asks of a kind of notice is
//! [`rule`]'s, what is said in words is [`field`]'s. A notice that was read has volumes that are sound and fields of their
//! forms; whether it is what the memorandum asks for is another question, and never makes it void.

pub mod field;
pub mod making;
pub mod rule;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use detente_airspace::fault::Blame;
use detente_airspace::position::Position;
use detente_airspace::span::Span;
use detente_airspace::volume::Volume;
use detente_airspace::wire;
use detente_record::Fault;
use minicbor::decode::{Decoder, Error};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

pub use field::{Field, Form, Value};

use crate::body::{Place, bytes, exactly, flag, within};

/// Most waypoints of a movement.
pub const MAX_WAYPOINTS: usize = 65;
/// Most bytes of the name of a kind of notice.
pub const MAX_KIND: usize = 32;

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The notice kind's name in the memorandum.
    pub kind: String,
    /// What is planned, in words.
    pub text: String,
    /// Where, how high and when: 1 to 64 volumes.
    pub volumes: Vec<Volume>,
    /// What else is said of it.
    pub fields: BTreeMap<Field, Value>,
    /// Sent later than its lead time, and says so.
    pub emergency: bool,
    /// Where a movement passes, in order; empty, or at least two.
    pub waypoints: Vec<Waypoint>,
}

/// A place that a movement passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waypoint {
    /// Where.
    pub position: Position,
    /// The earliest and the latest that it is passed.
    pub window: Span,
}

/// A notice as it is written.
#[derive(Encode, Decode)]
#[cbor(map)]
struct NoticeBody {
    #[n(1)]
    kind: String,
    #[n(2)]
    text: String,
    #[n(3)]
    volumes: Volumes,
    #[n(4)]
    fields: Option<BTreeMap<u16, Value>>,
    #[n(5)]
    emergency: Option<bool>,
    #[n(6)]
    waypoints: Option<Vec<WaypointBody>>,
}

#[derive(Encode, Decode)]
struct WaypointBody {
    #[n(0)]
    position: Place,
    #[n(1)]
    from_ms: u64,
    #[n(2)]
    until_ms: u64,
}

/// Volumes as their bytes, which the airspace reads and writes.
pub(crate) struct Volumes(pub(crate) Vec<u8>);

impl Volumes {
    pub(crate) fn of(volumes: &[Volume]) -> Self {
        Self(wire::encode(volumes))
    }
}

impl<C> Encode<C> for Volumes {
    fn encode<W: Write>(&self, out: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        out.writer_mut().write_all(&self.0).map_err(encode::Error::write)
    }
}

impl<'b, C> Decode<'b, C> for Volumes {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let start = from.position();
        from.skip()?;
        Ok(Self(from.input().get(start..from.position()).unwrap_or_default().into()))
    }
}

/// A refusal of the airspace, as one of the line.
pub fn fault(fault: &detente_airspace::fault::Fault) -> Fault {
    let (expected, found) = ("volumes of spec/airspace.md", format!("{}: {fault}", fault.name()));
    match fault.blame() {
        Blame::Malformed => Fault::malformed("volume", expected, found),
        Blame::Incompatible => Fault::incompatible("volume", expected, found),
        Blame::Misuse => Fault::misuse("volume", expected, found),
    }
}

impl Notice {
    /// When what is planned begins, ms.
    pub fn from_ms(&self) -> u64 {
        self.volumes.iter().map(|volume| volume.span.from_ms()).min().unwrap_or(0)
    }

    /// When it ends, ms; `None` if it has no end.
    pub fn until_ms(&self) -> Option<u64> {
        let ends = self.volumes.iter().map(|volume| volume.span.end_ms());
        ends.reduce(|one, two| Some(one?.max(two?))).flatten()
    }

    /// What a field says in words.
    pub fn text_of(&self, field: Field) -> Option<&str> {
        match self.fields.get(&field) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What a field says in numbers.
    pub fn number_of(&self, field: Field) -> Option<u64> {
        match self.fields.get(&field) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The body as canonical CBOR.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let fields = self.fields.iter().map(|(field, value)| (field.number(), value.clone()));
        let waypoints = self.waypoints.iter().map(|passed| WaypointBody {
            position: passed.position.into(),
            from_ms: passed.window.from_ms(),
            until_ms: passed.window.until_ms(),
        });
        bytes(NoticeBody {
            kind: self.kind.clone(),
            text: self.text.clone(),
            volumes: Volumes::of(&self.volumes),
            fields: (!self.fields.is_empty()).then(|| fields.collect()),
            emergency: self.emergency.then_some(true),
            waypoints: (!self.waypoints.is_empty()).then(|| waypoints.collect()),
        })
    }

    /// Reads the body of a notice.
    pub(crate) fn decode(body: &[u8]) -> Result<Self, Fault> {
        let read: NoticeBody = exactly(body)?;
        if read.kind.is_empty() || read.kind.len() > MAX_KIND {
            return Err(Fault::malformed("notice kind", "1 to 32 bytes", read.kind.len().to_string()));
        }
        let volumes = wire::decode(&read.volumes.0).map_err(|refused| fault(&refused))?;
        let fields = match read.fields {
            None => BTreeMap::new(),
            Some(fields) if fields.is_empty() => {
                return Err(Fault::malformed("field", "one, or no list of them", "an empty list"));
            }
            Some(fields) => fields.into_iter().map(Self::field).collect::<Result<_, _>>()?,
        };
        let waypoints = read.waypoints.map(Self::route).transpose()?.unwrap_or_default();
        let emergency = flag(read.emergency)?;
        Ok(Self { kind: read.kind, text: within(read.text)?, volumes, fields, emergency, waypoints })
    }

    fn field((number, value): (u16, Value)) -> Result<(Field, Value), Fault> {
        let field = Field::from_number(number)
            .ok_or_else(|| Fault::incompatible("field", "one that is known here", number.to_string()))?;
        field.check(&value)?;
        Ok((field, value))
    }

    fn route(read: Vec<WaypointBody>) -> Result<Vec<Waypoint>, Fault> {
        if !(2..=MAX_WAYPOINTS).contains(&read.len()) {
            return Err(Fault::malformed("waypoints", "2 to 65, or none", read.len().to_string()));
        }
        let mut route: Vec<Waypoint> = Vec::with_capacity(read.len());
        for passed in read {
            let window = Span::new(passed.from_ms, passed.until_ms).map_err(|refused| fault(&refused))?;
            let before = route.last().map(|before| before.window);
            if before.is_some_and(|before| {
                window.from_ms() < before.from_ms() || window.until_ms() < before.until_ms()
            }) {
                return Err(Fault::malformed(
                    "waypoints",
                    "windows in the order of the route",
                    "one before the last",
                ));
            }
            route.push(Waypoint { position: passed.position.position()?, window });
        }
        Ok(route)
    }
}
