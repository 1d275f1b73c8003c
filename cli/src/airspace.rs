//! `check`, `conflicts`, and the lists of notices and plans: who could touch whom (spec/airspace.md §7).

use clap::Args;
use detente_console::named;
use detente_station::Home;
use serde_json::json;

use crate::answer::{Answer, Field};
use crate::entry::quoted;
use crate::failure::Failure;
use crate::files;
use crate::line::LineArgs;
use crate::notice::Length;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::place::Place;
use crate::time::{self, When, Within};
use crate::words;

/// What `check` takes.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    file: files::File,
    /// Kind of notice of every row, as the memorandum names it
    #[arg(long, value_name = "NAME", requires = "file")]
    kind: Option<String>,
    /// Rows that are later than their lead time would be emergencies
    #[arg(long, requires = "file")]
    emergency: bool,
    /// Where: a position in decimal degrees, DMS, UTM or MGRS
    #[arg(
        long,
        value_name = "POSITION",
        allow_hyphen_values = true,
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    at: Option<Place>,
    /// Everything within this distance of it: 500m, 2km
    #[arg(long, value_name = "LENGTH", requires = "at")]
    radius: Option<Length>,
    /// When: a moment, or from one to another with a `/` between them
    #[arg(long, value_name = "TIME[/TIME]", requires = "at", conflicts_with_all = ["from", "until"])]
    when: Option<Within>,
    /// From when; now, if not given
    #[arg(long, value_name = "TIME", requires = "at")]
    from: Option<When>,
    /// Until when; the moment of --from, if not given
    #[arg(long, value_name = "TIME", requires = "at")]
    until: Option<When>,
    #[command(flatten)]
    line: LineArgs,
}

/// What `conflicts` takes.
#[derive(Debug, Args)]
pub(crate) struct Conflicts {
    #[command(flatten)]
    line: LineArgs,
}

/// What `notice list` takes.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// What is in force at this time, past or future; now, if not given
    #[arg(long, value_name = "TIME")]
    at: Option<When>,
    /// Those of one party
    #[arg(long, value_name = "PARTY")]
    party: Option<String>,
    /// Every notice, whatever became of it
    #[arg(long, conflicts_with = "at")]
    all: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// What `plan list` takes.
#[derive(Debug, Args)]
pub(crate) struct Plans {
    #[command(flatten)]
    line: LineArgs,
}

/// What `plan drop` takes.
#[derive(Debug, Args)]
pub(crate) struct DropPlan {
    /// Its number
    #[arg(value_name = "NUMBER", value_parser = plan_number)]
    number: u64,
    #[command(flatten)]
    line: LineArgs,
}

/// The number of a plan, as `5` or `plan/5`.
pub(crate) fn plan_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("plan/").unwrap_or(text);
    digits.parse().map_err(|_| "expected the number of a plan, such as 5 or plan/5".to_owned())
}

/// A verdict by its shape and its words.
fn verdict(out: &Output, verdict: &str) -> String {
    match verdict {
        "conflict" | "within-separation" => {
            let word = named::verdict(out.words(), verdict).to_uppercase();
            let (tone, shape) = if verdict == "conflict" { (Tone::Bad, "▲") } else { (Tone::Warn, "△") };
            out.paint(tone, &format!("{shape} {word}"))
        }
        _ => out.signed(Tone::Good, "●", "verdict-clear", &[]),
    }
}

fn span(out: &Output, from: Field<'_>, until: Field<'_>) -> String {
    let from = from.number().map_or_else(|| "?".into(), time::stamp);
    match until.number() {
        Some(until) => out.say("span", &[("from", &from), ("until", &time::stamp(until))]),
        None => out.say("span-withdrawn", &[("from", &from)]),
    }
}

/// A label of a row that belongs to what is above it.
fn inner(out: &Output, label: &str) -> String {
    format!("    {}", out.t(label))
}

/// What two have in common, row by row.
fn overlap(page: &mut Page<'_>, out: &Output, overlap: Field<'_>) {
    let sides: Vec<f64> = overlap.at("bounds").list().filter_map(|side| side.text()?.parse().ok()).collect();
    if let [south, west, north, east] = sides.as_slice() {
        let wide = size(out, [*south, *west, *north, *east]);
        let (from, to) = (format!("{south:.5}, {west:.5}"), format!("{north:.5}, {east:.5}"));
        let said = out.say("carried-span", &[("first", &from), ("last", &to)]);
        page.row(&inner(out, "label-where"), &wide.map_or(said.clone(), |wide| out.listed(&[&said, &wide])));
    }
    let limit = |name: &str, none: &str| {
        overlap.at(name).text().map_or_else(|| out.t(none), |metres| out.say("metres", &[("n", &metres)]))
    };
    let (lower, upper) = (limit("lower_m", "height-ground"), limit("upper_m", "height-any"));
    if !(overlap.at("lower_m").is_nothing() && overlap.at("upper_m").is_nothing()) {
        let datum = overlap.at("datum").or_unknown();
        let said = out.say("height-band", &[("lower", &lower), ("upper", &upper), ("datum", &datum)]);
        let widened = overlap.at("widened").holds().then(|| out.t("height-widened"));
        let said = widened.map_or(said.clone(), |widened| out.listed(&[&said, &widened]));
        page.row(&inner(out, "label-height"), &said);
    }
    let (from, until) = (overlap.at("from_ms"), overlap.at("until_ms"));
    let lasting = until.number().zip(from.number()).filter(|(until, from)| until > from);
    let span = span(out, from, until);
    let said = lasting
        .map_or(span.clone(), |(until, from)| out.listed(&[&span, &out.length(until.saturating_sub(from))]));
    page.row(&inner(out, "label-when"), &said);
}

/// How large a box of degrees is, north to south and west to east, for people.
fn size(out: &Output, [south, west, north, east]: [f64; 4]) -> Option<String> {
    const METRES: f64 = 111_195.0;
    let nearest_equator = if south <= 0.0 && north >= 0.0 { 0.0 } else { south.abs().min(north.abs()) };
    let high = (north - south) * METRES;
    let wide = (east - west) * METRES * nearest_equator.to_radians().cos();
    let side = |metres: f64| {
        if metres < 1_000.0 { format!("{metres:.0} m") } else { format!("{:.1} km", metres / 1_000.0) }
    };
    if high < 1.0 && wide < 1.0 {
        return None;
    }
    Some(out.say("size-by", &[("high", &side(high)), ("wide", &side(wide))]))
}

/// Shows what something would touch; it is no failure to touch something.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn check(asked: &Check, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let Some(at) = asked.at else {
        let terms = files::Terms { kind: asked.kind.as_deref(), emergency: asked.emergency };
        return files::check(&on, &asked.file, &terms, out).await;
    };
    let (from, until) = asked.when.map_or((asked.from, asked.until), |when| (Some(when.from), when.until));
    let from_ms = from.map_or(on.now_ms, |when| when.ms(on.now_ms));
    let until_ms = until.map_or(from_ms, |when| when.ms(on.now_ms));
    out.remark(&out.begun(&out.say("check-at", &[("place", &at.to_string())])));
    let body = json!({
        "position": at.json(), "radius_m": asked.radius.map(Length::metres), "from_ms": from_ms, "until_ms": until_ms,
    });
    let answer = on.post("/check", &body, std::time::Duration::ZERO).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    page.line(&verdict(out, &answer.at("verdict").or_unknown()));
    for touch in answer.at("touches").list() {
        touched(&mut page, out, touch);
    }
    out.data(page.text())?;
    looked_at(&answer, out);
    Ok(())
}

fn looked_at(answer: &Answer, out: &Output) {
    let (volumes, micros) = (answer.at("volumes").or_unknown(), answer.at("took_us").or_unknown());
    out.remark(&out.begun(&out.say("check-of", &[("volumes", &volumes), ("micros", &micros)])));
}

/// What would be touched, by how much, and whom to talk to.
fn touched(page: &mut Page<'_>, out: &Output, touch: Field<'_>) {
    let subject = touch.at("subject").or_unknown();
    let notice = touch.at("notice");
    page.heading(&format!("{}  {}", out.apart(&subject), verdict(out, &touch.at("verdict").or_unknown())));
    let kind = notice.at("notice_kind").text().unwrap_or_else(|| out.t("word-plan"));
    let what = out.say("check-what", &[("kind", &kind), ("party", &touch.at("party").or_unknown())]);
    let plan = subject.starts_with("plan/").then(|| out.t("check-own-plan"));
    let what = plan.map_or(what.clone(), |plan| out.listed(&[&what, &plan]));
    page.row(&inner(out, "label-what"), &what);
    page.quote("", &notice.at("text").block().unwrap_or_default());
    overlap(page, out, touch.at("overlap"));
    all_pairs(page, out, touch);
    let fields = notice.at("fields");
    for (name, label) in [
        ("organisation", "label-whose"),
        ("contact", "label-call"),
        ("convoy-contact", "label-convoy"),
        ("abort-contact", "label-to-stop"),
    ] {
        page.name(&inner(out, label), fields.at(name).text());
    }
}

/// Shows what each row of a file would touch.
///
/// # Errors
/// When nobody reads it.
pub(crate) fn touching(answer: &Answer, out: &Output) -> Result<(), Failure> {
    let mut page = Page::new(out);
    for row in answer.at("touching").list() {
        let [place, serial] = ["place", "serial"].map(|name| row.at(name).or_unknown());
        let text = row.at("text").first_line(60).map(|(text, _)| quoted(out, &text)).unwrap_or_default();
        let verdict = verdict(out, &row.at("verdict").or_unknown());
        page.heading(&format!("{place}: {serial} {text}  {verdict}"));
        for touch in row.at("touches").list() {
            touched(&mut page, out, touch);
        }
        let (count, shown) = (row.at("count").number().unwrap_or(0), row.at("touches").list().count());
        if count > shown as u64 {
            page.line(&format!("    … and {} more", count - shown as u64));
        }
    }
    let [clear, near, conflict] =
        ["clear", "within_separation", "conflict"].map(|name| answer.at(name).number().unwrap_or(0));
    // Of a file that nobody understands there is nothing to count.
    if conflict + near + clear > 0 {
        page.heading(&format!("{conflict} in conflict, {near} within separation, {clear} clear"));
        out.data(page.text().trim_start())?;
        looked_at(answer, out);
    }
    if answer.at("more").holds() {
        out.remark("and more than is shown: the gravest are, up to 16 a row and 1,000 in all");
    }
    out.remark("nothing was sent or kept");
    Ok(())
}

/// Says at once what is in the way.
///
/// # Errors
/// When nobody reads it.
pub(crate) fn alarm(out: &Output, conflicts: Field<'_>) -> Result<(), Failure> {
    if conflicts.list().next().is_none() {
        out.remark(&out.begun(&out.t("conflicts-none-in-its-way")));
        return Ok(());
    }
    let mut page = Page::new(out);
    for conflict in conflicts.list() {
        one(&mut page, out, conflict);
    }
    out.message(page.text().trim_end());
    Ok(())
}

fn one(page: &mut Page<'_>, out: &Output, conflict: Field<'_>) {
    let verdict = verdict(out, &conflict.at("verdict").or_unknown());
    let (one, other) = (conflict.at("one").or_unknown(), conflict.at("other").or_unknown());
    page.line(&format!("{verdict}  {}", out.say("conflict-pair", &[("one", &one), ("other", &other)])));
    overlap(page, out, conflict.at("overlap"));
    all_pairs(page, out, conflict);
}

/// Says how many volumes are in each other's way, where it is more than the two that were shown.
fn all_pairs(page: &mut Page<'_>, out: &Output, conflict: Field<'_>) {
    if conflict.at("pairs").number().is_some_and(|pairs| pairs > 1) {
        let span = span(out, conflict.at("from_ms"), conflict.at("until_ms"));
        let pairs = conflict.at("pairs").or_unknown();
        page.row("", &out.listed(&[&out.say("conflict-pairs", &[("count", &pairs)]), &span]));
    }
}

/// Lists who is in whose way.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn conflicts(asked: &Conflicts, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/conflicts").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for conflict in answer.at("conflicts").list() {
        one(&mut page, out, conflict);
    }
    out.data(page.text())?;
    let count = answer.at("conflicts").list().count();
    let said = match (count, answer.at("more").holds()) {
        (0, _) => "conflicts-none",
        (_, true) => "conflicts-more",
        _ => "conflicts-what-to-do",
    };
    out.remark(&out.begun(&out.t(said)));
    Ok(())
}

/// Lists notices.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn list(asked: &List, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let mut query = Vec::new();
    query.extend(asked.at.map(|at| format!("at_ms={}", at.ms(on.now_ms))));
    query.extend(asked.party.as_ref().map(|party| format!("party={}", crate::files::escaped(party))));
    query.extend(asked.all.then(|| "all=true".to_owned()));
    let answer = on.get(&format!("/notices?{}", query.join("&"))).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for notice in answer.at("notices").list() {
        row(&mut page, out, notice, on.now_ms);
    }
    out.data(page.text())?;
    let count = answer.at("notices").list().count();
    let when = if asked.all {
        out.t("notices-any-time")
    } else {
        answer.at("at_ms").number().map(time::stamp).unwrap_or_default()
    };
    let said = out.say("notices-count", &[("count", &count.to_string()), ("when", &when)]);
    let more = answer.at("more").holds().then(|| out.t("and-more"));
    let said = more.map_or(said.clone(), |more| out.listed(&[&said, &more]));
    out.remark(&out.begun(&said));
    Ok(())
}

fn row(page: &mut Page<'_>, out: &Output, held: Field<'_>, now_ms: u64) {
    let notice = held.at("notice");
    let name = held.at("entry").or_unknown();
    let rules = held.at("rules").text().filter(|rules| *rules != name);
    let amended = rules.map(|rules| out.say("notice-amended", &[("by", &rules)]));
    let text = notice.at("text").first_line(60).map(|(text, _)| quoted(out, &text)).unwrap_or_default();
    let kind = out.apart(&notice.at("notice_kind").or_unknown());
    let said = format!("{}  {kind} {text}", out.apart(&name));
    page.line(&amended.map_or(said.clone(), |amended| out.listed(&[&said, &amended])));
    page.row(&inner(out, "label-when"), &span(out, notice.at("from_ms"), notice.at("until_ms")));
    if let Some(volume) = notice.at("volumes").list().next() {
        page.row(&inner(out, "label-where"), &place_of(out, volume));
        let count = notice.at("volumes").list().count();
        if count > 1 {
            page.row("", &out.say("notice-volumes", &[("count", &count.to_string())]));
        }
    }
    let fields = notice.at("fields");
    page.name(&inner(out, "label-call"), fields.at("contact").text());
    let verification = fields.at("verification").text();
    page.any(&inner(out, "label-verified"), verification.map(|said| out.called("verification", &said)));
    let in_time = |ms: Field<'_>| ms.number().map_or_else(|| out.t("soon"), |ms| out.how_far(ms, now_ms));
    for due in held.at("due").list().filter_map(Field::text) {
        let (tone, said) = match due.as_str() {
            "ends" => (Tone::Warn, out.say("notice-ends", &[("when", &in_time(notice.at("until_ms")))])),
            "review" => {
                let when = in_time(notice.at("fields").at("review"));
                (Tone::Warn, out.say("notice-review", &[("when", &when)]))
            }
            _ => (Tone::Bad, out.t("notice-review-overdue")),
        };
        page.row("", &out.paint(tone, &format!("! {said}")));
    }
    for short in held.at("short").list() {
        let [what, expected, found] = ["what", "expected", "found"].map(|name| short.at(name).or_unknown());
        let things = [("what", what.as_str()), ("expected", &expected), ("found", &found)];
        page.row("", &out.signed(Tone::Warn, "!", "notice-short-in", &things));
    }
    if let Some(by) = held.at("withdrawn_by").text() {
        page.row("", &out.told(Tone::Quiet, "notice-withdrawn", &[("by", &by)]));
    }
}

/// Where a volume is, in a line.
fn place_of(out: &Output, volume: Field<'_>) -> String {
    let place = |field: Field<'_>| words::place(out, field.place());
    let (circle, leg) = (volume.at("shape").at("circle"), volume.at("shape").at("leg"));
    if !circle.is_nothing() {
        let (metres, place) = (circle.at("radius_m").or_unknown(), place(circle.at("centre")));
        return out.say("within-metres", &[("metres", &metres), ("place", &place)]);
    }
    if !leg.is_nothing() {
        let (metres, place) = (leg.at("half_width_m").or_unknown(), place(leg.at("from")));
        return out.say("place-either-side", &[("metres", &metres), ("place", &place)]);
    }
    let corners: Vec<Field<'_>> =
        volume.at("rings").list().next().into_iter().flat_map(Field::list).collect();
    match corners.as_slice() {
        [] => "?".into(),
        [only] => place(*only),
        [first, ..] => {
            let (count, place) = (corners.len().to_string(), place(*first));
            out.say("place-corners", &[("count", &count), ("place", &place)])
        }
    }
}

/// Lists the plans.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn plans(asked: &Plans, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/plans").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for plan in answer.at("plans").list() {
        let notice = plan.at("notice");
        let text = notice.at("text").first_line(60).map(|(text, _)| quoted(out, &text)).unwrap_or_default();
        let name = out.apart(&format!("plan/{}", plan.at("plan").or_unknown()));
        page.line(&format!("{name}  {} {text}", out.apart(&notice.at("notice_kind").or_unknown())));
        page.row(&inner(out, "label-when"), &span(out, notice.at("from_ms"), notice.at("until_ms")));
        if let Some(volume) = notice.at("volumes").list().next() {
            page.row(&inner(out, "label-where"), &place_of(out, volume));
        }
    }
    out.data(page.text())?;
    let count = answer.at("plans").list().count();
    out.remark(&out.begun(&out.n("plans-count", count as u64)));
    Ok(())
}

/// Takes a plan out.
///
/// # Errors
/// When there is none of that number.
pub(crate) async fn drop_plan(asked: &DropPlan, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.delete(&format!("/plans/{}", asked.number)).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let plan = format!("plan/{}", asked.number);
    out.remark(&out.begun(&out.say("plan-gone", &[("plan", &plan)])));
    Ok(())
}
