//! Which line a command is about: the one that is named, or the only one that the station carries.

use std::time::Duration;

use clap::Args;
use detente_station::Home;
use serde_json::Value;

use crate::answer::Answer;
use crate::attachment::Reading;
use crate::failure::Failure;
use crate::socket::{Socket, Trouble};

/// Options of every command on a line.
#[derive(Debug, Clone, Args)]
pub(crate) struct LineArgs {
    /// Name of the line; needed where the station carries several
    #[arg(long, env = "DETENTE_LINE", hide_env_values = true, value_name = "NAME", help_heading = "Station")]
    line: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

/// How long a station may take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Patience {
    /// How long the station may take to answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "Station")]
    timeout: u64,
}

impl Patience {
    /// The API of a folder's station.
    pub(crate) fn socket(&self, home: &Home) -> Socket {
        Socket::new(home, Duration::from_secs(self.timeout))
    }
}

/// A line of a running station.
#[derive(Debug, Clone)]
pub(crate) struct OnLine {
    socket: Socket,
    path: String,
    /// Its name.
    pub(crate) name: String,
    /// Short name of the party that the station is of.
    pub(crate) party: String,
    /// When the station started, ms.
    pub(crate) started_ms: u64,
    /// The station's time when it was asked, ms.
    pub(crate) now_ms: u64,
}

impl LineArgs {
    /// The line that was named, if one was.
    pub(crate) fn named(&self) -> Option<&str> {
        self.line.as_deref().filter(|name| !name.is_empty())
    }

    /// Finds the line.
    ///
    /// # Errors
    /// Where there is no station or no such line, or several lines and none is named.
    pub(crate) async fn open(&self, home: &Home) -> Result<OnLine, Failure> {
        Ok(self.find(home).await?)
    }

    /// The same, with what trouble there was.
    pub(crate) async fn find(&self, home: &Home) -> Result<OnLine, Trouble> {
        let socket = self.patience.socket(home);
        let station = socket.get("/v1/station").await?;
        let (name, party) = self.choose(&station).map_err(Trouble::Answered)?;
        let number = |field: &str| station.at(field).number();
        let (Some(started_ms), Some(now_ms)) = (number("started_ms"), number("now_ms")) else {
            let hint = "is the command of the same version as the station? `detente --version`";
            let expected = "started_ms and now_ms";
            return Err(Trouble::Answered(Failure::failed(
                "Station",
                "the station's answer",
                expected,
                "neither or one",
                hint,
            )));
        };
        Ok(OnLine { path: format!("/v1/lines/{name}"), socket, name, party, started_ms, now_ms })
    }

    /// The name of the line, and of the party that the station is of there.
    fn choose(&self, station: &Answer) -> Result<(String, String), Failure> {
        let text = |line: &Value, field: &str| line.get(field).and_then(Value::as_str).map(str::to_owned);
        let lines =
            station.value().get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<(String, String)> =
            lines.iter().filter_map(|line| Some((text(line, "name")?, text(line, "party")?))).collect();
        let names = lines.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        match (self.line.as_ref().filter(|name| !name.is_empty()), lines.as_slice()) {
            (_, []) => {
                let hint = "`detente memorandum adopt FILE` puts one in force; then start the station again";
                Err(Failure::failed("UnknownLine", "line", "a station that carries one", "none", hint))
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => {
                let expected = format!("the name of one of {names}");
                let hint = "name it with --line or DETENTE_LINE";
                Err(Failure::misuse("line", expected, "none named, and several here", hint))
            }
            (Some(asked), lines) => lines.iter().find(|(name, _)| name == asked).cloned().ok_or_else(|| {
                let hint = "name the line as its memorandum does; `detente memorandum show FILE` says how";
                Failure::failed("UnknownLine", "line", format!("one of {names}"), asked.clone(), hint)
            }),
        }
    }
}

impl OnLine {
    /// Asks about the line; the path goes on from the line's, such as `/inbox`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        Ok(self.socket.get(&format!("{}{path}", self.path)).await?)
    }

    /// Commands on the line, with more time for the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn post(&self, path: &str, body: &Value, more: Duration) -> Result<Answer, Trouble> {
        self.socket.with_more(more).post(&format!("{}{path}", self.path), body).await
    }

    /// Hands a file over, with more time for the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn hand(&self, path: &str, file: Vec<u8>, more: Duration) -> Result<Answer, Trouble> {
        self.socket.with_more(more).hand(&format!("{}{path}", self.path), file).await
    }

    /// Commands, with more time, where the answer is a file.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn fetch(
        &self,
        path: &str,
        body: &Value,
        more: Duration,
    ) -> Result<hyper::body::Bytes, Trouble> {
        self.socket.with_more(more).fetch(&format!("{}{path}", self.path), body).await
    }

    /// Hands over what comes piece by piece, with more time for the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn bring(&self, path: &str, file: Reading, more: Duration) -> Result<Answer, Trouble> {
        self.socket.with_more(more).bring(&format!("{}{path}", self.path), file).await
    }

    /// Takes something out.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        Ok(self.socket.delete(&format!("{}{path}", self.path)).await?)
    }

    /// Opens a stream of the line.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn follow(&self, path: &str) -> Result<hyper::body::Incoming, Trouble> {
        self.socket.follow(&format!("{}{path}", self.path)).await
    }

    /// Commands, with more time, where the answer is long and a header says what it is.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn draw(
        &self,
        path: &str,
        body: &Value,
        header: &str,
        more: Duration,
    ) -> Result<(Answer, hyper::body::Incoming), Trouble> {
        self.socket.with_more(more).draw(&format!("{}{path}", self.path), body, header).await
    }

    /// Short names of the other parties, as the memorandum orders them.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn parties(&self) -> Result<Vec<String>, Failure> {
        let memorandum = self.get("/memorandum").await?;
        let names = memorandum.at("parties").list().filter_map(|party| party.at("name").text());
        Ok(names.collect())
    }
}
