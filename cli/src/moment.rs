//! Questions about the past: `--as-of`, `--known-to`, and how the line stood then (spec/line.md §5, Moments).

use clap::Args;
use detente_record::ParsedRef;
use detente_station::Home;

use crate::answer::Field;
use crate::failure::Failure;
use crate::harmless;
use crate::line::LineArgs;
use crate::motion;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::time::{self, When};

/// Which moment is asked about.
#[derive(Debug, Args)]
pub(crate) struct Moment {
    /// As it was then: 2017-04-07T21:00Z or 072100ZAPR17; now, with everything held, if not given
    #[arg(long, value_name = "TIME")]
    as_of: Option<When>,
    /// Only what this party knew
    #[arg(long, value_name = "PARTY", value_parser = party_name)]
    known_to: Option<String>,
}

/// Reads the short name of a party, or of an observer.
///
/// # Errors
/// Says what would have been taken.
pub(crate) fn party_name(text: &str) -> Result<String, String> {
    let found = || format!("expected a short name such as usa, found {}", harmless::line(text));
    ParsedRef::parse(&format!("{text}/A/1")).ok().filter(|parsed| parsed.party == text).ok_or_else(found)?;
    Ok(text.to_owned())
}

impl Moment {
    /// It as variables of a call, each behind an `&`.
    pub(crate) fn query(&self, now_ms: u64) -> String {
        let as_of = self.as_of.map(|when| format!("&as_of_ms={}", when.ms(now_ms)));
        let known_to = self.known_to.as_ref().map(|party| format!("&known_to={party}"));
        [as_of, known_to].into_iter().flatten().collect()
    }
}

/// What `standing` takes.
#[derive(Debug, Args)]
pub(crate) struct Standing {
    #[command(flatten)]
    moment: Moment,
    #[command(flatten)]
    line: LineArgs,
}

/// Which moment an answer is about, what is missing of it, and the cut that it rests on.
pub(crate) fn rows(page: &mut Page<'_>, out: &Output, answer: Field<'_>) {
    let moment = answer.at("moment");
    if moment.is_nothing() {
        return;
    }
    let as_of = moment.at("as_of_ms").number().map(time::stamp).unwrap_or_default();
    let knower = moment.at("known_to").text();
    page.row("as of", &knower.map_or(as_of.clone(), |party| format!("{as_of}, as known to {party}")));
    if let Some(parties) = moment.at("provisional").joined() {
        page.row("", &out.paint(Tone::Warn, &format!("! provisional: nothing later is held of {parties}")));
    }
    if let Some(books) = moment.at("lacking").joined() {
        page.row("", &out.paint(Tone::Warn, &format!("! not held whole: {books}")));
    }
    let cut: Vec<String> =
        answer.at("cut").pairs().map(|(book, size)| format!("{book} {}", size.or_unknown())).collect();
    page.row("cut", &if cut.is_empty() { "nothing".into() } else { cut.join(", ") });
}

/// Shows how the line stands, or stood.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn standing(asked: &Standing, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer =
        on.get(&format!("/standing?{}", asked.moment.query(on.now_ms).trim_start_matches('&'))).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    let open = match answer.at("open").holds() {
        true => out.paint(Tone::Good, "● OPEN"),
        false => out.paint(Tone::Bad, "✗ SUSPENDED"),
    };
    page.row("line", &open);
    rows(&mut page, out, answer.whole());
    page.any("memorandum", answer.at("memorandum").at("fingerprint").text());
    page.any("members", answer.at("members").joined());
    page.heading("PARTIES");
    for party in answer.at("parties").list() {
        let suspension = party.at("suspension");
        let by = suspension.at("entry").or_unknown();
        let state = match (party.at("parted").text(), party.at("willing").holds()) {
            (Some(act), _) => out.paint(Tone::Quiet, &format!("– no member any more, by {act}")),
            (None, true) => out.paint(Tone::Good, "● in effect"),
            (None, false) => out.paint(Tone::Bad, &format!("✗ suspended by {by}")),
        };
        page.row(&format!("  {}", party.at("name").or_unknown()), &state);
        if !party.at("willing").holds() {
            page.quote("", &suspension.at("reason").block().unwrap_or_default());
        }
    }
    let mut motions = answer.at("motions").list().peekable();
    if motions.peek().is_some() {
        page.heading("MOTIONS");
    }
    for moved in motions {
        motion::row(&mut page, out, moved, on.now_ms);
    }
    out.data(page.text())
}
