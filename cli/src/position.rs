//! `position` and `positions`: what each party holds of something that was said, side by side
//! (spec/line.md §5, Positions).

use clap::{Args, Subcommand};
use detente_console::named;
use detente_station::Home;

use crate::answer::Field;
use crate::attachment::Attaching;
use crate::draft::{Draft, Writing, entry_name, held_text};
use crate::entry;
use crate::failure::Failure;
use crate::line::LineArgs;
use crate::moment::{self, Moment};
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::precedence::Precedence;

/// What this party holds of an entry.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// It is so
    Affirm(Word),
    /// It is not so
    Dispute(Word),
    /// It is otherwise, as the text says
    Correct(Correction),
    /// Take this party's position back; what was held stays on the record
    Withdraw(Word),
}

/// What a position takes.
#[derive(Debug, Args)]
pub(crate) struct Word {
    /// The entry that it is on, anybody's, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// Why
    #[arg(value_parser = held_text)]
    text: Option<String>,
    #[command(flatten)]
    ground: Ground,
}

/// What a correction takes.
#[derive(Debug, Args)]
pub(crate) struct Correction {
    /// The entry that it is on, anybody's, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// What is right
    #[arg(value_parser = held_text)]
    text: String,
    #[command(flatten)]
    ground: Ground,
}

/// What a position stands on, and how it goes.
#[derive(Debug, Args)]
struct Ground {
    /// An entry that bears it out; may be given up to 15 times
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    borne_out_by: Vec<String>,
    /// How soon it is to be handled; that of the entry it is on, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    #[command(flatten)]
    attaching: Attaching,
    #[command(flatten)]
    writing: Writing,
}

/// What `positions` takes.
#[derive(Debug, Args)]
pub(crate) struct Positions {
    /// The entry that they are on, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// What each party held before as well
    #[arg(long)]
    history: bool,
    #[command(flatten)]
    moment: Moment,
    #[command(flatten)]
    line: LineArgs,
}

/// States this party's position.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn position(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    let (stance, entry, text, ground) = match asked {
        Asked::Affirm(word) => ("affirms", &word.entry, word.text.as_deref(), &word.ground),
        Asked::Dispute(word) => ("disputes", &word.entry, word.text.as_deref(), &word.ground),
        Asked::Correct(word) => ("corrects", &word.entry, Some(word.text.as_str()), &word.ground),
        Asked::Withdraw(word) => ("withdraws", &word.entry, word.text.as_deref(), &word.ground),
    };
    let regards: Vec<String> = [entry].into_iter().chain(&ground.borne_out_by).cloned().collect();
    let desk = ground.writing.open(home).await?;
    let attachments = ground.attaching.bring(desk.on(), out).await?;
    let draft = Draft::of("position")
        .with("stance", stance)
        .with_any("attachments", attachments)
        .with_any("text", text)
        .with_any("precedence", ground.precedence.map(Precedence::prosign))
        .regarding(&regards);
    desk.write(out, draft).await
}

/// Shows all parties' positions on an entry.
///
/// # Errors
/// When there is no such entry here.
pub(crate) async fn positions(asked: &Positions, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let positions = on
        .get(&format!("/positions/{}?{}", asked.entry, asked.moment.query(on.now_ms).trim_start_matches('&')))
        .await?;
    if out.is_json() {
        return out.data(positions.raw());
    }
    let mut page = Page::new(out);
    let entry = positions.at("entry");
    page.line(&entry::row(out, entry));
    page.any(&out.t("label-time"), entry.at("time_ms").number().map(|ms| out.stamp_from_now(ms, on.now_ms)));
    moment::rows(&mut page, out, positions.whole());
    for (party, side) in positions.at("positions").pairs() {
        page.heading(&out.apart(&party));
        if side.at("held").is_nothing() {
            let never = side.at("history").list().next().is_none();
            let said = out.t(if never { "position-none" } else { "position-withdrawn" });
            page.line(&format!("  – {said}"));
        } else {
            held(&mut page, out, side.at("held"), on.now_ms);
        }
        let before: Vec<Field<'_>> = side.at("history").list().collect();
        let now = side.at("held").at("entry").text();
        let before: Vec<Field<'_>> =
            before.into_iter().filter(|held| held.at("entry").text() != now).collect();
        if asked.history {
            for past in before {
                page.row(&format!("  {}", out.t("label-before")), "");
                held(&mut page, out, past, on.now_ms);
            }
        } else if !before.is_empty() {
            page.row("", &out.say("position-before", &[("count", &before.len().to_string())]));
        }
    }
    if positions.at("more").holds() {
        page.heading(&out.t("position-more"));
    }
    out.data(page.text())
}

fn held(page: &mut Page<'_>, out: &Output, held: Field<'_>, now_ms: u64) {
    let stance = held.at("stance").text().unwrap_or_default();
    let sign = match stance.as_str() {
        "affirms" => Some((Tone::Good, "●")),
        "disputes" => Some((Tone::Bad, "✗")),
        "corrects" => Some((Tone::Warn, "!")),
        "withdraws" => Some((Tone::Quiet, "–")),
        _ => None,
    };
    let word = named::stance(out.words(), &stance).to_uppercase();
    let stance = sign.map_or_else(|| "?".into(), |(tone, sign)| out.paint(tone, &format!("{sign} {word}")));
    let time = held.at("time_ms").number().map(|ms| out.stamp_from_now(ms, now_ms)).unwrap_or_default();
    page.row("", &format!("{stance}  {}  {time}", out.apart(&held.at("entry").or_unknown())));
    let language = held.at("language").text().map(|tag| format!("[{tag}]")).unwrap_or_default();
    page.quote(&format!("  {language}"), &held.at("text").block().unwrap_or_default());
    let by = held.at("borne_out_by").joined();
    page.any("", by.map(|by| out.say("position-borne-out", &[("by", &by)])));
}
