//! What a watch officer sees: the station's answers in, pages out.
//!
//! **Promises.** Every sentence of a page comes from `words/`, one file a language, and each has every one. What another party wrote
//! does nothing but stand there: it is escaped, kept from turning the direction of what is around it, and its hidden
//! characters are shown. State is told in words, shapes and colour, never by colour alone.
//!
//! **Absent.** Sockets, clocks, files, sessions, keys: the station asks its own API (spec/api.md) and hands the answers here. Nothing is
//! decided here and nothing is kept.

mod answer;
pub mod assets;
mod board;
mod carried;
mod compose;
mod described;
mod entry;
mod gate;
mod handover;
mod import;
mod map;
pub mod named;
mod notice;
mod page;
mod peer;
mod record;
mod release;
mod template;
mod time;
mod words;

pub use board::{Board, Line};
pub use carried::{Carried, Hand, Said, called, carried, shape};
pub use compose::{ComposeForm, Composed};
pub use described::Described;
pub use entry::OpenEntry;
pub use gate::{Enrolling, SigningIn};
pub use handover::Handover;
pub use import::Imported;
pub use map::{Agreed, Answers, Map, MapPage, boundary_path, sketched};
pub use notice::{NoticeField, NoticeForm};
pub use page::{Frame, Trouble};
pub use record::{Log, Motions, PrintedEntry, PrintedLog, Sought, Thread, Verified};
pub use release::Release;
pub use template::{TEMPLATES, Template, TemplateField, TemplateForm};
pub use words::{LANGUAGES, Words};
