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
use crate::time::When;

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
    let as_of = moment.at("as_of_ms").number().map(|ms| out.stamp(ms)).unwrap_or_default();
    let knower = moment.at("known_to").text().map(|party| out.say("as-known-to", &[("party", &party)]));
    page.row(&out.t("label-as-of"), &knower.map_or(as_of.clone(), |known| out.listed(&[&as_of, &known])));
    if let Some(parties) = moment.at("provisional").joined() {
        page.row("", &out.signed(Tone::Warn, "!", "moment-provisional", &[("parties", &parties)]));
    }
    if let Some(books) = moment.at("lacking").joined() {
        page.row("", &out.signed(Tone::Warn, "!", "moment-lacking", &[("books", &books)]));
    }
    let cut: Vec<String> =
        answer.at("cut").pairs().map(|(book, size)| format!("{book} {}", size.or_unknown())).collect();
    page.row(&out.t("label-cut"), &if cut.is_empty() { out.t("nothing-open") } else { out.names(&cut) });
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
        true => out.signed(Tone::Good, "●", "standing-open", &[]),
        false => out.signed(Tone::Bad, "✗", "standing-suspended", &[]),
    };
    page.row(&out.t("label-line"), &open);
    rows(&mut page, out, answer.whole());
    page.name(&out.t("label-memorandum"), answer.at("memorandum").at("fingerprint").text());
    page.name(&out.t("label-members"), answer.at("members").joined());
    page.heading(&out.t("heading-parties"));
    for party in answer.at("parties").list() {
        let suspension = party.at("suspension");
        let by = suspension.at("entry").or_unknown();
        let state = match (party.at("parted").text(), party.at("willing").holds()) {
            (Some(act), _) => out.signed(Tone::Quiet, "–", "standing-parted", &[("by", &act)]),
            (None, true) => out.signed(Tone::Good, "●", "standing-in-effect", &[]),
            (None, false) => out.signed(Tone::Bad, "✗", "standing-suspended-by", &[("by", &by)]),
        };
        page.row(&format!("  {}", out.apart(&party.at("name").or_unknown())), &state);
        if !party.at("willing").holds() {
            page.quote("", &suspension.at("reason").block().unwrap_or_default());
        }
    }
    let mut motions = answer.at("motions").list().peekable();
    if motions.peek().is_some() {
        page.heading(&out.t("heading-motions"));
    }
    for moved in motions {
        motion::row(&mut page, out, moved, on.now_ms);
    }
    out.data(page.text())
}
