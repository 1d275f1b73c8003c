//! Dossiers: part of a record in one file, for somebody who was not there (spec/dossier.md).
//!
//! Promises: a file that [`verify`](verify::verify) finds nothing wrong with is, to its last byte, what any station would
//! write of the same evidence, but for what the report lists as unread; whatever it says follows from signatures under
//! keys of its memorandum, and of each fact it names who is bound and what the fact does not prove. No input makes it
//! panic, and none takes more memory than a few times its own size, which is bounded.
//!
//! Refuses: to trust the memorandum that a file brings (its reader compares fingerprints), to conclude anything from what a
//! file leaves out, and any I/O: bytes come in, bytes go out. It knows neither stations nor stores.
//!
//! [`archive`] is the file, [`part`] what stands in it and where, [`making`] writes it, [`verify()`] reads it under the keys of
//! [`signers`] and [`memoranda`], which [`amending`] holds to the votes, [`report`] is what it shows and [`fact`] says it, [`compare()`] holds dossiers to each other; [`words`] and
//! [`paper`] are what people read of entries and of the memorandum.
#![forbid(unsafe_code)]

pub mod agreed;
pub mod amending;
pub mod archive;
pub mod compare;
pub mod custody;
pub mod fact;
pub mod harmless;
pub mod later_keys;
pub mod loading;
pub mod making;
pub mod memoranda;
pub mod paper;
pub mod part;
pub mod report;
pub mod signers;
pub mod verify;
pub mod words;

pub use compare::{Conviction, compare};
pub use custody::{Attached, Bytes};
pub use fact::{Fact, Shows};
pub use loading::{Loaded, Loading};
pub use making::{Dossier, Placed, Proven};
pub use memoranda::{Amended, Memoranda};
pub use report::{Established, Report, Under, Unread, Wrong};
pub use verify::{verify, verify_loaded};
