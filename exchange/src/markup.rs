//! XML within limits: no document type, so no entity but those of the standard; elements within elements counted.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use crate::fault::Reason;
use crate::reading::MOST_DEPTH;

/// Most attributes of an element that are looked at.
const MOST_ATTRIBUTES: usize = 100;

/// What comes next in a document. Every start has its end, also that of an empty element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Start(Tag),
    Text(String),
    End,
}

/// A tag that begins an element: its name without prefix, its attributes with theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A document that is being read.
pub(crate) struct Markup<'t> {
    reader: Reader<&'t [u8]>,
    format: &'static str,
    depth: usize,
}

impl<'t> Markup<'t> {
    pub(crate) fn new(text: &'t str, format: &'static str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, format, depth: 0 }
    }

    /// The next token; none at the end of a whole document.
    ///
    /// # Errors
    /// [`Reason::Syntax`], [`Reason::Doctype`], [`Reason::Deep`].
    pub(crate) fn next(&mut self) -> Result<Option<Token>, Reason> {
        let format = self.format;
        loop {
            let at = self.reader.buffer_position();
            let syntax = |cause: String| Reason::syntax(format, format!("{cause}, near byte {at}"));
            match self.reader.read_event().map_err(|cause| syntax(cause.to_string()))? {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MOST_DEPTH {
                        return Err(Reason::Deep { most: MOST_DEPTH });
                    }
                    let name = start.local_name().as_ref().to_owned();
                    let mut attributes = Vec::new();
                    for attribute in start.attributes().take(MOST_ATTRIBUTES) {
                        let attribute = attribute.map_err(|cause| syntax(cause.to_string()))?;
                        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                        let value = value.map_err(|cause| syntax(cause.to_string()))?;
                        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
                    }
                    return Ok(Some(Token::Start(Tag { name, attributes })));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Token::End));
                }
                Event::Text(text) => return Ok(Some(Token::Text(text.xml10_content().into_owned()))),
                Event::CData(text) => return Ok(Some(Token::Text(text.xml10_content().into_owned()))),
                Event::GeneralRef(entity) => {
                    let named = resolve_predefined_entity(&entity.xml10_content()).map(str::to_owned);
                    let resolved = match named {
                        Some(text) => Some(text),
                        None => {
                            let c = entity.resolve_char_ref().map_err(|cause| syntax(cause.to_string()))?;
                            c.map(String::from)
                        }
                    };
                    return resolved
                        .map(|text| Some(Token::Text(text)))
                        .ok_or_else(|| syntax("an unknown entity".into()));
                }
                Event::DocType(_) => return Err(Reason::Doctype),
                Event::Eof if self.depth > 0 => return Err(syntax("the document ends too early".into())),
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// The text of the element that has begun, up to its end, without that of elements in it.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn text(&mut self) -> Result<String, Reason> {
        let (mut text, mut depth) = (String::new(), 0_usize);
        while let Some(token) = self.next()? {
            match token {
                Token::Start(_) => depth += 1,
                Token::Text(part) if depth == 0 => text.push_str(&part),
                Token::Text(_) => {}
                Token::End if depth == 0 => break,
                Token::End => depth -= 1,
            }
        }
        Ok(text)
    }

    /// Goes past the end of the element that has begun.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub(crate) fn skip(&mut self) -> Result<(), Reason> {
        self.text().map(drop)
    }
}
