//! A line's stream of events, as a program reads it.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;

use super::{PATIENCE, Station};

/// A stream of events that is being read.
pub(crate) struct Stream(Lines<BufReader<UnixStream>>);

/// An event: its number, its name, what it carries.
pub(crate) type Event = (Option<u64>, String, Value);

impl Stream {
    /// Follows the line `test`. HTTP/1.0, so that the body comes as it is.
    pub(crate) async fn open(station: &Station, query: &str, header: &str) -> Self {
        let mut stream = UnixStream::connect(station.home.socket()).await.unwrap();
        let request = format!("GET /v1/lines/test/events{query} HTTP/1.0\r\nhost: station\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        while !lines.next_line().await.unwrap().unwrap().is_empty() {}
        Self(lines)
    }

    pub(crate) async fn next(&mut self) -> Event {
        let read = async {
            let (mut id, mut name, mut data) = (None, String::new(), Value::Null);
            loop {
                let line = self.0.next_line().await.unwrap().unwrap_or_else(|| panic!("the stream ended"));
                match line.split_once(':') {
                    None if !name.is_empty() => return (id, name, data),
                    None => {}
                    Some(("id", value)) => id = Some(value.trim().parse().unwrap()),
                    Some(("event", value)) => name = value.trim().to_owned(),
                    Some(("data", value)) => data = serde_json::from_str(value.trim()).unwrap(),
                    Some(_) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("no event in time"))
    }

    /// The next event of a name.
    pub(crate) async fn next_named(&mut self, wanted: &str) -> Value {
        loop {
            let (_, name, data) = self.next().await;
            if name == wanted {
                return data;
            }
        }
    }

    /// The numbers of the next events.
    pub(crate) async fn numbers(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.extend(self.next().await.0);
        }
        numbers
    }
}
