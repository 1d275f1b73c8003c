//! Server-sent events: from bytes as they come to events (spec/api.md, "Events"; WHATWG HTML, "Server-sent
//! events").
//!
//! Takes bytes cut anywhere. Refuses a line or an event that grows past [`MAX_EVENT`]. An event whose last blank
//! line has not come has not happened.

/// Largest event, in bytes.
pub(crate) const MAX_EVENT: usize = 1 << 20;

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its number, for an event that has one.
    pub(crate) id: Option<u64>,
    /// Its name.
    pub(crate) name: String,
    /// What it carries.
    pub(crate) data: String,
}

/// A stream of events that is being read.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    after_return: bool,
    begun: bool,
    open: Event,
}

/// An event that is too large to be one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Events {
    /// Takes more bytes; gives the events that they complete.
    ///
    /// # Errors
    /// [`TooLarge`]; nothing more can be read from this stream then.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut whole = Vec::new();
        for byte in bytes {
            match byte {
                // A line ends at CR, LF or both.
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => whole.extend(self.end_line()?),
                other if self.line.len() < MAX_EVENT => self.line.push(*other),
                _ => return Err(TooLarge),
            }
            self.after_return = *byte == b'\r';
        }
        Ok(whole)
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLarge> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        // A byte order mark may stand before the first line.
        let text = if self.begun { &*text } else { text.strip_prefix('\u{feff}').unwrap_or(&text) };
        self.begun = true;
        if text.is_empty() {
            let event = std::mem::take(&mut self.open);
            return Ok((!event.data.is_empty()).then_some(event));
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.open.name = value.to_owned(),
            "id" => self.open.id = value.parse().ok(),
            "data" => {
                if self.open.data.len() + value.len() >= MAX_EVENT {
                    return Err(TooLarge);
                }
                if !self.open.data.is_empty() {
                    self.open.data.push('\n');
                }
                self.open.data.push_str(value);
            }
            // Comments keep the stream alive; other fields are not ours.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: hello\nid: 7\nevent: entry\ndata: {\"a\":\ndata: 1}\n\n:\n\nid:8\r\nevent:gap\r\ndata:{}\r\n\r\nretry: 5\nevent: empty\n\ndata: x\r\rdata: never ended\n";

    fn expected() -> Vec<Event> {
        let event = |id, name: &str, data: &str| Event { id, name: name.into(), data: data.into() };
        vec![event(Some(7), "entry", "{\"a\":\n1}"), event(Some(8), "gap", "{}"), event(None, "", "x")]
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        for cut in 0..STREAM.len() {
            let (first, second) = STREAM.as_bytes().split_at(cut);
            let mut events = Events::default();
            let mut read = events.take(first).unwrap();
            read.extend(events.take(second).unwrap());
            assert_eq!(read, expected(), "cut at {cut}");
        }
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let mut events = Events::default();
        let more = vec![b'x'; MAX_EVENT];
        assert!(events.take(&more).is_ok());
        assert_eq!(events.take(b"x"), Err(TooLarge));
        let mut events = Events::default();
        let half = format!("data: {}\n", "x".repeat(MAX_EVENT / 2));
        assert!(events.take(half.as_bytes()).is_ok());
        assert_eq!(events.take(half.as_bytes()), Err(TooLarge));
    }
}
