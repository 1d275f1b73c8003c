//! What a replay asks of a station, over the station's socket (spec/api.md).

use std::time::Duration;

use detente_station::Home;
use http_body_util::BodyExt as _;
use serde_json::Value as Json;

use crate::events::Events;
use crate::socket::{Socket, Trouble};

/// How long a station may take for an answer; verifying a record is the longest.
const PATIENCE: Duration = Duration::from_secs(60);

/// A station that can be called.
#[derive(Debug, Clone)]
pub(crate) struct Calls {
    socket: Socket,
}

/// Why a call has no answer.
#[derive(Debug, Clone)]
pub(crate) enum Failed {
    /// The station refused: an error body of spec/api.md.
    Refused(Json),
    /// There is no station, or it went away.
    Gone(String),
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text =
            |body: &Json, field: &str| body.get(field).and_then(Json::as_str).unwrap_or("?").to_owned();
        match self {
            Self::Gone(why) => f.write_str(why),
            Self::Refused(body) => {
                let (error, expected, found) =
                    (text(body, "error"), text(body, "expected"), text(body, "found"));
                write!(f, "{error}: expected {expected}, found {found}")
            }
        }
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Answered(failure) => Self::Refused(failure.json()),
            Trouble::NoStation(failure) | Trouble::Lost(failure) => Self::Gone(failure.to_string()),
        }
    }
}

fn broken(found: impl std::fmt::Display) -> Failed {
    Failed::Gone(format!("the stream of events broke: {found}"))
}

impl Calls {
    /// Calls to the station of a folder.
    pub(crate) fn to(home: &Home) -> Self {
        Self { socket: Socket::new(home, PATIENCE) }
    }

    /// `GET`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn ask(&self, path: &str) -> Result<Json, Failed> {
        Ok(self.socket.get(path).await?.value().clone())
    }

    /// `POST`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn tell(&self, path: &str, body: &Json) -> Result<Json, Failed> {
        Ok(self.socket.post(path, body).await?.value().clone())
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// As [`Calls::ask`].
    pub(crate) async fn take_out(&self, path: &str) -> Result<Json, Failed> {
        Ok(self.socket.delete(path).await?.value().clone())
    }

    /// Follows the events of a line until the stream ends; each is given with its name.
    ///
    /// # Errors
    /// How it broke.
    pub(crate) async fn follow(&self, line: &str, mut each: impl FnMut(&str, &Json)) -> Result<(), Failed> {
        let mut stream = self.socket.follow(&format!("/v1/lines/{line}/events?after=0")).await?;
        let mut events = Events::default();
        while let Some(frame) = stream.frame().await {
            let Ok(bytes) = frame.map_err(broken)?.into_data() else { continue };
            for event in events.take(&bytes).map_err(|_| broken("an event without end"))? {
                each(&event.name, &serde_json::from_str(&event.data).unwrap_or_default());
            }
        }
        Ok(())
    }
}
