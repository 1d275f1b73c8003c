//! `circuits`: the paths that a line runs on, and how each does.

use clap::Args;
use detente_station::Home;

use crate::answer::Field;
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::time;

/// What `circuits` takes.
#[derive(Debug, Args)]
pub(crate) struct Circuits {
    #[command(flatten)]
    line: LineArgs,
}

/// Shows the circuits of a line.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn circuits(asked: &Circuits, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/circuits").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let answer = answer.whole();
    let now_ms = answer.at("now_ms").number().unwrap_or(on.now_ms);
    let mut page = Page::new(out);
    if answer.at("circuits").list().next().is_none() {
        page.line(&out.t("circuits-none"));
    }
    for one in answer.at("circuits").list() {
        circuit(out, &mut page, one, now_ms);
    }
    // A party that no circuit leads to still gets the books of all.
    let works = |one: &Field<'_>, peer: &str| {
        one.at("peer").is(peer) && (one.at("state").is("up") || one.at("state").is("late"))
    };
    for peer in on.parties().await?.iter().filter(|peer| **peer != on.party) {
        if answer.at("circuits").list().all(|one| !works(&one, peer)) {
            page.line(&out.say("circuits-none-to", &[("peer", peer)]));
        }
    }
    out.data(page.text())
}

fn circuit(out: &Output, page: &mut Page<'_>, one: Field<'_>, now_ms: u64) {
    let state = match one.at("state").or_unknown().as_str() {
        "up" if one.at("best").holds() => out.signed(Tone::Good, "●", "circuits-up-best", &[]),
        "up" => out.signed(Tone::Good, "●", "circuits-up", &[]),
        "late" => out.signed(Tone::Warn, "◐", "circuits-late", &[]),
        "silent" => out.signed(Tone::Bad, "○", "circuit-silent", &[]),
        "opening" => out.signed(Tone::Warn, "○", "circuit-opening", &[]),
        _ => out.signed(Tone::Bad, "○", "circuits-down", &[]),
    };
    let (name, peer) = (one.at("name").or_unknown(), one.at("peer").or_unknown());
    page.heading(&format!("{}  {state}", out.say("circuits-to", &[("name", &name), ("peer", &peer)])));
    let address = one.at("address").text().filter(|text| !text.is_empty());
    let whose = match (one.at("dialled").holds(), &address) {
        (true, _) => out.t("circuits-dialled-here"),
        (false, Some(_)) => out.t("circuits-dialled-there"),
        (false, None) => out.t("circuits-to-be-dialled"),
    };
    let kind = one.at("kind").or_unknown();
    let parts: Vec<String> =
        [Some(kind), address].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let row = |page: &mut Page<'_>, label: &str, said: &str| page.row(&format!("  {}", out.t(label)), said);
    row(page, "label-way", &out.listed(&[&out.names(&parts), &whose]));
    if let Some(purpose) = one.at("purpose").text() {
        row(page, "label-for", &out.apart(&purpose));
    }
    if let Some(ms) = one.at("cost_ms").number().filter(|ms| *ms > 0) {
        let cost = detente_station::duration::text(ms);
        row(page, "label-cost", &out.say("circuits-cost", &[("cost", &cost)]));
    }
    if let Some(ms) = one.at("heard_ms").number() {
        let trip = one.at("round_trip_ms").text().map(|ms| out.say("round-trip", &[("ms", &ms)]));
        let since = one.at("since_ms").number();
        let since = since.map(|ms| out.say("circuits-since", &[("when", &time::stamp(ms))]));
        let parts: Vec<String> = [Some(out.how_far(ms, now_ms)), trip, since].into_iter().flatten().collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        row(page, "label-heard", &out.listed(&parts));
    }
    for (label, way) in [("fact-sent", "sent"), ("label-received", "received")] {
        if let (Some(frames), Some(bytes)) = (one.at(way).at("frames").text(), one.at(way).at("bytes").text())
        {
            row(page, label, &out.say("circuits-carried", &[("frames", &frames), ("bytes", &bytes)]));
        }
    }
    if let Some(path) = path(out, one) {
        row(page, "label-path", &path);
    }
    if let (Some(steps), Some(again)) = (one.at("steps").text(), one.at("again").text()) {
        row(page, "label-books", &out.say("circuits-steps", &[("steps", &steps), ("again", &again)]));
    }
    let failure = one.at("failure");
    if let Some(why) = failure.at("why").text() {
        let when = failure.at("at_ms").number().map(|ms| out.how_far(ms, now_ms)).unwrap_or_default();
        row(page, "label-tried", &out.paint(Tone::Bad, &format!("{when}: {}", out.apart(&why))));
    }
}

/// What the way is taken to carry, and what it loses.
fn path(out: &Output, one: Field<'_>) -> Option<String> {
    let rate = one.at("rate_bits_s").number().map(|bits| match bits {
        0..10_000 => format!("{bits} bit/s"),
        10_000..10_000_000 => format!("{} kbit/s", bits / 1_000),
        _ => format!("{} Mbit/s", bits / 1_000_000),
    });
    let packets = one.at("packets");
    let lost = packets.at("lost").text().zip(packets.at("sent").text());
    let lost = lost.map(|(lost, sent)| out.say("circuits-lost", &[("lost", &lost), ("sent", &sent)]));
    let rate = rate.map(|rate| out.apart(&rate));
    let parts: Vec<String> = rate.into_iter().chain(lost).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    (!parts.is_empty()).then(|| out.listed(&parts))
}
