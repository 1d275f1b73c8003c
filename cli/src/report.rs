//! `report`: that something is in the way of another party's notice, and no more of it than its author chooses
//! (spec/line.md §4.2).

use clap::Args;
use detente_station::{Home, duration, length};
use serde_json::{Value, json};

use crate::airspace::plan_number;
use crate::draft::{Desk, Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::files;
use crate::notice::Length;
use crate::output::Output;
use crate::place::{self, Place};
use crate::precedence::Precedence;
use crate::time::When;
use crate::words::padded;

/// What `report` takes.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The notice of another party that something is in the way of
    #[arg(value_name = "REF", value_parser = entry_name)]
    subject: String,
    /// What an own plan has in common with it, no finer than this: 10km,1h
    #[arg(long, value_name = "LENGTH,TIME", conflicts_with_all = ["area", "circle", "from", "until", "within_separation"])]
    coarse: Option<Coarse>,
    /// Which plan, if several are in its way
    #[arg(long, value_name = "NUMBER", value_parser = plan_number, requires = "coarse")]
    plan: Option<u64>,
    /// Where, as coarsely as you choose: corners as "lat,lon lat,lon lat,lon"
    #[arg(long, allow_hyphen_values = true, value_parser = place::area, conflicts_with = "circle", required_unless_present_any = ["circle", "coarse"])]
    area: Option<std::vec::Vec<Place>>,
    /// Where, as coarsely as you choose: the middle of a circle, with --radius
    #[arg(long, value_name = "POSITION", allow_hyphen_values = true, requires = "radius")]
    circle: Option<Place>,
    /// Its radius
    #[arg(long, value_name = "LENGTH", requires = "circle")]
    radius: Option<Length>,
    /// From when
    #[arg(long, value_name = "TIME", required_unless_present = "coarse")]
    from: Option<When>,
    /// Until when
    #[arg(long, value_name = "TIME", required_unless_present = "coarse")]
    until: Option<When>,
    /// Near, and not touching
    #[arg(long)]
    within_separation: bool,
    /// What you add
    #[arg(long, value_parser = held_text)]
    text: Option<String>,
    /// How soon it is to be handled; that of the notice, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    #[command(flatten)]
    writing: Writing,
}

/// How coarsely something is said: `10km,1h`.
#[derive(Debug, Clone, Copy)]
struct Coarse {
    place_mm: u64,
    time_ms: u64,
}

impl std::str::FromStr for Coarse {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, time) = text.split_once(',').ok_or("expected a length and a time, such as 10km,1h")?;
        Ok(Self { place_mm: length::parse(place.trim())?, time_ms: duration::parse(time.trim())? })
    }
}

/// Says that something is in the way of a notice, and no more of it than is typed.
///
/// # Errors
/// As [`Desk::write`](crate::draft::Desk::write).
pub(crate) async fn report(asked: &Report, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk = asked.writing.open(home).await?;
    let (volume, verdict) = match asked.coarse {
        Some(coarse) => coarsely(asked, coarse, &desk, out).await?,
        None => typed(asked, &desk, out),
    };
    let draft = Draft::of("conflict")
        .regarding(std::slice::from_ref(&asked.subject))
        .with("verdict", verdict)
        .with("volumes", vec![volume])
        .with_any("text", asked.text.as_deref())
        .with_any("precedence", asked.precedence.map(Precedence::prosign));
    desk.write(out, draft).await
}

/// Tells what will be said to whoever is about to say it.
fn says(out: &Output, what: &str) {
    out.remark(&out.begun(&out.say("report-says", &[("what", what)])));
}

/// The place and the time that are typed, and how near.
fn typed(asked: &Report, desk: &Desk, out: &Output) -> (Value, String) {
    let mut volume = json!({});
    if let Some((centre, radius)) = asked.circle.zip(asked.radius) {
        let (metres, place) = (radius.metres().to_string(), centre.to_string());
        says(out, &out.say("within-metres", &[("metres", &metres), ("place", &place)]));
        volume = json!({"circle": {"centre": centre.json(), "radius_m": radius.metres()}});
    }
    if let Some(corners) = &asked.area {
        for corner in corners {
            says(out, &out.say("told-corner", &[("place", &corner.to_string())]));
        }
        volume = json!({"area": corners.iter().map(|corner| corner.json()).collect::<Vec<_>>()});
    }
    let label = |name: &str| out.say("report-says", &[("what", &padded(&out.t(name), 5))]);
    volume["from_ms"] = json!(desk.time(out, &label("label-from"), asked.from));
    volume["until_ms"] = json!(desk.time(out, &label("label-until"), asked.until));
    let verdict = if asked.within_separation { "within-separation" } else { "conflict" };
    (volume, verdict.to_owned())
}

/// What a plan has in common with a notice, as its station says it: no finer than was chosen.
async fn coarsely(
    asked: &Report,
    Coarse { place_mm, time_ms }: Coarse,
    desk: &Desk,
    out: &Output,
) -> Result<(Value, String), Failure> {
    let plan = asked.plan.map(|plan| format!("&plan={plan}")).unwrap_or_default();
    let (subject, place_m) = (files::escaped(&asked.subject), place_mm as f64 / 1e3);
    let path = format!("/conflicts/coarse?of={subject}&place_m={place_m}&time_ms={time_ms}{plan}");
    let answer = desk.on().get(&path).await?;
    let said = answer.at("volume");
    for corner in said.at("area").list() {
        let degrees: Vec<String> = corner.list().map(|degrees| degrees.or_unknown()).collect();
        says(out, &out.say("told-corner", &[("place", &degrees.join(", "))]));
    }
    let (from_ms, until_ms) = (said.at("from_ms").number(), said.at("until_ms").number());
    says(out, &out.t("told-any-height"));
    let label = |name: &str| padded(&out.t(name), 5);
    says(out, &format!("{} {}", label("label-from"), from_ms.map(|ms| out.stamp(ms)).unwrap_or_default()));
    let until = until_ms.map_or_else(|| out.t("until-withdrawn"), |ms| out.stamp(ms));
    says(out, &format!("{} {until}", label("label-until")));
    let volume = answer.value().get("volume").cloned().unwrap_or_default();
    Ok((volume, answer.at("verdict").or_unknown()))
}
