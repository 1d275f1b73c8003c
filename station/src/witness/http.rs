//! Submissions to a witness, and its answers, over one connection at a time ([`crate::wire`]).

use axum::body::Bytes;
use detente_record::Fault;
use detente_record::witness::SIZE_TYPE;
use hyper::header::CONTENT_TYPE;

use super::Trouble;
use crate::wire::{self, DEADLINE, Unanswered};

/// What a witness answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether it says that it tells a size.
    pub(super) tells_size: bool,
    pub(super) body: Bytes,
    /// The beginning of it, for people.
    pub(super) said: String,
}

/// The way to a witness.
#[derive(Debug)]
pub(super) struct Wire(wire::Wire);

impl Wire {
    pub(super) fn to(url: &str) -> Self {
        Self(wire::Wire::to(&format!("{}/add-checkpoint", url.trim_end_matches('/')), None))
    }

    /// Submits a checkpoint.
    ///
    /// # Errors
    /// `Unreachable`, `Stalled`, or `Answer` for one over a bound.
    pub(super) async fn submit(&mut self, body: String) -> Result<Answer, Trouble> {
        let headers = wire::content_type("text/plain; charset=utf-8");
        let answer = self.0.post(&headers, Bytes::from(body)).await.map_err(|why| match why {
            Unanswered::Unreachable(cause) => Trouble::Unreachable { cause },
            Unanswered::Stalled => Trouble::Stalled { within: DEADLINE },
        })?;
        let tells_size = answer.headers.get(CONTENT_TYPE).is_some_and(|found| found == SIZE_TYPE);
        let said = answer.said();
        let body = answer.body.ok_or_else(|| {
            let expected = "at most 65,536 bytes";
            Trouble::Answer(Fault::malformed("answer of a witness", expected, "more"))
        })?;
        Ok(Answer { status: answer.status, tells_size, body, said })
    }
}
