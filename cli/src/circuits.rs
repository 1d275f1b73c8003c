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
        page.line("no circuit is up or configured: name one under [[circuit]] in station.toml");
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
            page.line(&format!(
                "no circuit to {peer}: books come and go by any party that reaches it, or by `detente courier export {peer}`"
            ));
        }
    }
    out.data(page.text())
}

fn circuit(out: &Output, page: &mut Page<'_>, one: Field<'_>, now_ms: u64) {
    let state = match one.at("state").or_unknown().as_str() {
        "up" if one.at("best").holds() => out.paint(Tone::Good, "● up, carries P and R"),
        "up" => out.paint(Tone::Good, "● up"),
        "late" => out.paint(Tone::Warn, "◐ up, but late: another carries P and R"),
        "silent" => out.paint(Tone::Bad, "○ silent"),
        "opening" => out.paint(Tone::Warn, "○ opening"),
        _ => out.paint(Tone::Bad, "○ down"),
    };
    page.heading(&format!("{} TO {}  {state}", one.at("name").or_unknown(), one.at("peer").or_unknown()));
    let address = one.at("address").text().filter(|text| !text.is_empty());
    let whose = match (one.at("dialled").holds(), &address) {
        (true, _) => "dialled here",
        (false, Some(_)) => "dialled by the other station",
        (false, None) => "to be dialled by the other station",
    };
    let kind = one.at("kind").or_unknown();
    page.row(
        "  way",
        &[Some(kind), address, Some(whose.to_owned())]
            .map(Option::unwrap_or_default)
            .join(", ")
            .replace(", ,", ","),
    );
    if let Some(purpose) = one.at("purpose").text() {
        page.row("  for", &purpose);
    }
    if let Some(ms) = one.at("cost_ms").number().filter(|ms| *ms > 0) {
        let cost = detente_station::duration::text(ms);
        page.row("  cost", &format!("P and R go elsewhere unless that takes {cost} longer"));
    }
    if let Some(ms) = one.at("heard_ms").number() {
        let trip =
            one.at("round_trip_ms").text().map(|ms| format!(", round trip {ms} ms")).unwrap_or_default();
        let since = one
            .at("since_ms")
            .number()
            .map(|ms| format!(", up since {}", time::stamp(ms)))
            .unwrap_or_default();
        page.row("  heard", &format!("{}{trip}{since}", time::from_now(ms, now_ms)));
    }
    for (label, way) in [("  sent", "sent"), ("  received", "received")] {
        if let (Some(frames), Some(bytes)) =
            (one.at(way).at("frames").number(), one.at(way).at("bytes").number())
        {
            page.row(label, &format!("{frames} frames, {bytes} bytes"));
        }
    }
    if let Some(path) = path(one) {
        page.row("  path", &path);
    }
    if let (Some(steps), Some(again)) = (one.at("steps").number(), one.at("again").number()) {
        page.row("  books", &format!("{steps} steps, sent again {again} times"));
    }
    let failure = one.at("failure");
    if let Some(why) = failure.at("why").text() {
        let when = failure.at("at_ms").number().map(|ms| time::from_now(ms, now_ms)).unwrap_or_default();
        page.row("  tried", &out.paint(Tone::Bad, &format!("{when}: {why}")));
    }
}

/// What the way is taken to carry, and what it loses.
fn path(one: Field<'_>) -> Option<String> {
    let rate = one.at("rate_bits_s").number().map(|bits| match bits {
        0..10_000 => format!("{bits} bit/s"),
        10_000..10_000_000 => format!("{} kbit/s", bits / 1_000),
        _ => format!("{} Mbit/s", bits / 1_000_000),
    });
    let packets = one.at("packets");
    let lost = packets.at("lost").number().zip(packets.at("sent").number());
    let lost = lost.map(|(lost, sent)| format!("{lost} of {sent} packets lost"));
    let parts: Vec<String> = rate.into_iter().chain(lost).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
