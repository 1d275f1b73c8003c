//! The conversation on a line, as pure code.
//!
//! **The contract.** A [`Line`] takes one [`Input`] at a time, each carrying its own time and entropy; then its
//! [`Effect`]s are drained, in order, until there are none: `Append`, `Send`, `Compare`, `Resume`, `Keep`, `Show`, `Wake`. It never calls
//! out: there is no clock, file, socket, thread, async or randomness here. The station and the simulator each
//! perform effects in one `match`. A line restored from its record equals the live one.
//!
//! Specification: `spec/line.md`. One message through it: [`Line::handle`] with a command writes an entry
//! (`author`), the store makes it durable, the checkpoint is signed, `dispatch` sends a step, the peer's
//! `mirror` verifies, stores and receipts it, and the receipt comes back the same way.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod acts;
mod agreed;
mod ahead;
mod attachment;
mod author;
mod blobs;
mod body;
mod books;
mod contract;
mod courier;
mod custody;
mod disclosure;
mod dispatch;
mod facts;
mod finding;
mod findings;
mod forks;
pub mod frame;
mod greeting;
mod judgement;
mod keys;
pub mod kind;
mod line;
mod membership;
mod memorandum;
mod mirror;
mod moment;
pub mod notice;
pub mod notices;
mod pace;
mod positions;
mod rate;
mod receipts;
mod report;
mod said;
mod seals;
mod snapshot;
mod view;
mod watch;
mod window;

pub use detente_airspace as airspace;

pub use acts::{Acts, Decision, Motion, Suspended, Under};
pub use agreed::{AGREED, Agreed};
pub use attachment::{Attachment, MAX_ATTACHMENTS, is_bare_name, is_media_type};
pub use blobs::{BLOB_BYTES_A_DAY, Fetching};
pub use contract::{
    Append, BlobState, CircuitId, Command, Draft, Effect, Event, Evidence, Fork, Input, Lane, MAX_OF_APPEND,
    Outgoing, Shown, StoredEntry, Void,
};
pub use courier::{Bring, COURIER_KEY, Carried, CourierKey, Load, Unladen, Waybill};
pub use custody::Custody;
pub use detente_airspace::position::Position;
pub use disclosure::{Disclosed, Disclosure, Disclosures, MAX_DISCLOSED, MAX_SPANS, Span};
pub use dispatch::{CARRY_AFTER_MS, CircuitState, PING_AFTER_MS};
pub use facts::{Awaited, Facts, Owed};
pub use finding::{Finding, Found, MAX_FINDING, MAX_ON, On, finding_key_name};
pub use findings::{Chain, Contradiction, Findings, Lodged};
pub use keys::{Keyring, Renewed};
pub use kind::{Amendment, Choice, Content, Duty, MAX_MOVED, Matter, Message, Outcome, Rendering, Stance};
pub use line::{Identity, Line};
pub use memorandum::{
    CircuitKind, Escalation, Founding, MAX_MEMORANDUM, MAX_OBSERVERS, MAX_WITNESSES, Member, Memorandum,
    Observer, Office, Quota, Rule, SEALING_MS, Suspension, Terms, Tests, WITNESSING_MS, Witness, is_language,
    is_line_name,
};
pub use moment::{Moment, Seen};
pub use notice::Notice;
pub use notice::rule::{Extent, Minima, Nature, NoticeKind, Short};
pub use positions::{Held, Positions};
pub use report::ConflictReport;
pub use said::Said;
pub use seals::{LastSeal, Sealed};
pub use view::{Forgotten, HeldBook, Verdict};
