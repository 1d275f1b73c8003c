//! What an entry says, in the bytes that say it (spec/line.md §4).
//!
//! A [`Said`] is made of any content, anywhere and by as many as there are cores; writing it then costs its writer no more
//! than its place in a book. What it holds was read back from its bytes: whoever writes it takes into every fold what others
//! will read. Content that could not be read back is refused.

use alloc::string::ToString;
use alloc::vec::Vec;

use detente_record::Fault;

use crate::contract::Draft;
use crate::kind::Content;

/// Content and its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// As `body` reads; nothing else makes it.
    content: Content,
    body: Vec<u8>,
}

impl Said {
    /// Puts content into bytes, and reads them.
    ///
    /// # Errors
    /// What its readers would refuse it for; `Misuse` for a kind that is not known here.
    pub fn new(content: &Content) -> Result<Self, Fault> {
        let body = content.encode();
        let content = Content::decode(content.kind(), &body)?;
        if let Content::Unknown { kind } = content {
            return Err(Fault::misuse("kind", "one that spec/line.md defines", kind.to_string()));
        }
        Ok(Self { content, body })
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The body of its entry: canonical CBOR.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn into_parts(self) -> (Content, Vec<u8>) {
        (self.content, self.body)
    }
}

impl Draft {
    /// The same draft with its content in bytes.
    ///
    /// # Errors
    /// Those of [`Said::new`].
    pub fn said(self) -> Result<Draft<Said>, Fault> {
        let Self { class, office, second, language, regards, content } = self;
        Ok(Draft { class, office, second, language, regards, content: Said::new(&content)? })
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::vec;

    use detente_airspace::altitude::Band;
    use detente_airspace::area::Area;
    use detente_airspace::position::Position;
    use detente_airspace::span::Span;
    use detente_airspace::volume::Volume;

    use super::*;
    use crate::notice::Notice;

    fn notice(text: &str) -> Content {
        let corner = |lat, lon| Position::new(lat, lon).unwrap();
        let area = Area::new(&[corner(0, 0), corner(0, 1_000), corner(1_000, 0)], &[]).unwrap();
        let volume =
            Volume { area, band: Band::ALL, span: Span::new(1, 2).unwrap(), shape: None, separation: None };
        Content::Notice(Notice {
            kind: "site".into(),
            text: text.into(),
            volumes: vec![volume],
            fields: BTreeMap::new(),
            emergency: false,
            waypoints: Vec::new(),
        })
    }

    #[test]
    fn it_holds_what_its_bytes_read_as() {
        let said = Said::new(&notice("Clinic")).unwrap();
        assert_eq!(Content::decode(said.content().kind(), said.body()).as_ref(), Ok(said.content()));
        assert_eq!(*said.content(), notice("Clinic"));
    }

    #[test]
    fn what_nobody_could_read_is_refused() {
        assert_eq!(Said::new(&notice("")).unwrap_err().detail().what, "text");
        assert_eq!(Said::new(&Content::Unknown { kind: 40 }).unwrap_err().detail().what, "kind");
    }
}
