//! `watch`: what happens on the line, as it happens.
//!
//! Goes on where it was when the stream breaks, also over a restart of the station, whose events then count from 1
//! again. Ends when nobody reads it any more, or when the station refuses. It tells nobody that anything was
//! displayed: `show` and `inbox` do.

use std::time::Duration;

use clap::Args;
use detente_station::Home;
use http_body_util::BodyExt as _;

use crate::answer::{Answer, Field};
use crate::entry::{author, gist, marks};
use crate::events::{Event, Events};
use crate::failure::Failure;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::precedence::{class_of, sign};
use crate::socket::Trouble;
use crate::time;

/// Longest silence on a stream; a station says something at least every 15 s.
const SILENCE: Duration = Duration::from_secs(60);
/// First wait before looking for the station again.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Longest wait before looking for the station again.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Characters of an entry's first line.
const GIST: usize = 72;

/// What `watch` takes.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Begin after this event, as `#7` numbers it; 0 for all that are kept; now, if not given
    #[arg(long, value_name = "NUMBER", value_parser = event_number)]
    after: Option<u64>,
    #[command(flatten)]
    line: LineArgs,
}

fn event_number(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('#').unwrap_or(text);
    number.parse().map_err(|_| format!("expected the number of an event such as 7, found {text}"))
}

/// How a stream ended.
enum End {
    /// Nobody reads us, or the station refuses.
    Over(Failure),
    /// It broke; it may be taken up again.
    Broken(Failure),
}

/// Follows the line.
///
/// # Errors
/// When there is no station at the start, when it refuses, and when standard output fails.
pub(crate) async fn watch(asked: &Watch, home: &Home, out: &Output) -> Result<(), Failure> {
    let mut on = asked.line.open(home).await?;
    let mut after = asked.after;
    out.remark(&format!("line {}, as {}; Ctrl-C ends", on.name, on.party));
    loop {
        match follow(&on, &mut after, out).await {
            End::Over(failure) => return Err(failure),
            End::Broken(failure) => out.message(&format!("the stream broke: {failure}")),
        }
        let again = find_again(&asked.line, home).await?;
        if again.started_ms != on.started_ms {
            after = Some(0);
            out.message("the station has started again; its events count from 1");
        }
        on = again;
    }
}

/// Waits for the station to come back, for as long as it takes.
async fn find_again(line: &LineArgs, home: &Home) -> Result<OnLine, Failure> {
    let mut wait = FIRST_WAIT;
    loop {
        tokio::time::sleep(wait).await;
        match line.find(home).await {
            Err(Trouble::Answered(failure)) => return Err(failure),
            Err(Trouble::NoStation(_) | Trouble::Lost(_)) => wait = (wait * 2).min(LONGEST_WAIT),
            Ok(on) => return Ok(on),
        }
    }
}

async fn follow(on: &OnLine, after: &mut Option<u64>, out: &Output) -> End {
    let path = after.map_or_else(|| "/events".to_owned(), |after| format!("/events?after={after}"));
    let mut stream = match on.follow(&path).await {
        Ok(stream) => stream,
        Err(Trouble::Answered(failure)) => return End::Over(failure),
        Err(Trouble::NoStation(failure) | Trouble::Lost(failure)) => return End::Broken(failure),
    };
    let broken = |found: &str| {
        let hint = "the station's log says more";
        End::Broken(Failure::failed("Station", "the stream", "one that goes on", found, hint))
    };
    let mut events = Events::default();
    loop {
        let frame = match tokio::time::timeout(SILENCE, stream.frame()).await {
            Err(_) => return broken("a minute of silence"),
            Ok(None) => return broken("its end"),
            Ok(Some(Err(cause))) => return broken(&cause.to_string()),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(bytes) = frame.into_data() else { continue };
        let Ok(taken) = events.take(&bytes) else { return broken("an event without end") };
        for event in taken {
            if let Err(failure) = tell(out, &event) {
                return End::Over(failure);
            }
            *after = event.id.or(*after);
        }
    }
}

/// Says one event on one line.
fn tell(out: &Output, event: &Event) -> Result<(), Failure> {
    let Ok(data) = Answer::read(event.data.as_bytes()) else {
        out.message("an event that is not JSON was left out");
        return Ok(());
    };
    let id = event.id.map_or_else(|| "null".to_owned(), |id| id.to_string());
    if out.is_json() {
        // The station's own bytes; a new line within JSON is blank space.
        let data = data.raw().replace(['\n', '\r'], " ");
        let name = serde_json::Value::from(event.name.as_str());
        return out.data(&format!("{{\"id\":{id},\"event\":{name},\"data\":{data}}}"));
    }
    let fields = data.whole();
    let at = fields.at("at_ms").number().or(fields.at("time_ms").number());
    let at = at.map_or_else(|| " ".repeat(22), time::stamp);
    let number = event.id.map(|id| format!("#{id}")).unwrap_or_default();
    let name = crate::harmless::line(&event.name);
    match said(out, &event.name, fields) {
        Some(said) => out.data(format!("{at}  {number:<6} {name:<10} {said}").trim_end()),
        None => Ok(()),
    }
}

/// What an event says; `None` for those that only programs follow.
fn said(out: &Output, name: &str, event: Field<'_>) -> Option<String> {
    let text = |field: &str| event.at(field).or_unknown();
    Some(match name {
        "entry" | "ahead" => entry(out, event),
        "otherwise" => {
            let said = event.at("said").at("body").at("text").first_line(GIST);
            let said = said.map(|(text, _)| format!(" “{text}”")).unwrap_or_default();
            let said = format!(
                "✗ {} is signed otherwise than {} said ahead of its signature:{said}; the signed one counts: `detente show {}`",
                text("entry"),
                text("party"),
                text("entry")
            );
            out.paint(Tone::Bad, &said)
        }
        "receipted" => {
            format!("{} holds {} to {}{}", text("party"), text("book"), text("size"), way(out, event))
        }
        "overdue" => {
            let open = event.at("open_ms").number().map_or_else(|| "?".into(), time::length);
            let said =
                format!("! {} open for {open}: offices of rank {} are called", text("entry"), text("rank"));
            out.paint(Tone::Bad, &said)
        }
        "standing" if event.at("in_effect").holds() => {
            out.paint(Tone::Good, &format!("● {} is willing", text("party")))
        }
        "standing" => out.paint(Tone::Bad, &format!("○ {} is not willing: suspended", text("party"))),
        "circuit" => {
            let (shape, tone) = match event.at("state").text().as_deref() {
                Some("ready" | "answers") => ("●", Tone::Good),
                _ => ("○", Tone::Warn),
            };
            let peer = event.at("peer").text().map(|peer| format!(" to {peer}")).unwrap_or_default();
            let said = format!("{shape} circuit {}{peer}: {}", text("circuit"), text("state"));
            out.paint(tone, &said)
        }
        "missed" => {
            out.paint(Tone::Warn, &format!("! {} owed the test of slot {}", text("party"), text("slot")))
        }
        "amended" => {
            let said =
                format!("● the memorandum is amended by {}: `detente memorandum in-force`", text("decision"));
            out.paint(Tone::Warn, &said)
        }
        "conflict" => {
            let until = event.at("until_ms").number().map_or_else(|| "it is withdrawn".into(), time::stamp);
            let word = if event.at("verdict").is("conflict") { "CONFLICT" } else { "WITHIN SEPARATION" };
            let said = format!(
                "▲ {word}: {} and {}, until {until}: `detente conflicts`",
                text("one"),
                text("other")
            );
            out.paint(Tone::Bad, &said)
        }
        "due" => {
            let date = |field: &str| event.at(field).number().map_or_else(|| "?".into(), time::stamp);
            let what = match event.at("due").text().as_deref() {
                Some("ends") => format!("ends {}", date("until_ms")),
                Some("review") => format!("is to be reviewed {}", date("review_ms")),
                _ => format!("was to be reviewed {}", date("review_ms")),
            };
            let said = event.at("notice").at("text").first_line(GIST);
            let said = said.map(|(text, _)| format!(" “{text}”")).unwrap_or_default();
            out.paint(Tone::Warn, &format!("! {}{said} {what}", text("entry")))
        }
        "witnessed" => {
            format!("{} witnessed {} to {}", text("witness"), text("book"), text("size"))
        }
        "witness-trouble" => {
            let book = event.at("book").text().map(|book| format!(" {book}")).unwrap_or_default();
            let said =
                format!("! {} does not cosign{book}: {}: {}", text("witness"), text("error"), text("found"));
            out.paint(Tone::Warn, &said)
        }
        "breach" | "not-taken" => {
            let by = event.at("party").text().map(|party| format!("by {party}: ")).unwrap_or_default();
            let [error, what] = ["error", "what"].map(text);
            let said =
                format!("✗ {by}{error}: {what}: expected {}, found {}", text("expected"), text("found"));
            out.paint(Tone::Bad, &said)
        }
        "clock" if event.at("back_ms").number().is_some() => {
            let said = format!(
                "! the clock was set back by {} ms: the line goes on in its own time until the clock has caught up",
                text("back_ms")
            );
            out.paint(Tone::Warn, &said)
        }
        "clock" => out.paint(Tone::Warn, &format!("! the clock jumped by {} ms", text("by_ms"))),
        "gap" => out.paint(Tone::Warn, "! events are missing here: `detente record show` has all entries"),
        // Where the stream stands, and what only programs follow.
        "begins" | "command" => return None,
        _ => {
            let fields = event.pairs().filter_map(|(name, value)| Some(format!("{name} {}", value.text()?)));
            fields.collect::<Vec<_>>().join(", ")
        }
    })
}

fn entry(out: &Output, entry: Field<'_>) -> String {
    let name = entry.at("entry").or_unknown();
    let kind = entry.at("kind").or_unknown();
    let marks = marks(out, entry).into_iter().map(|mark| format!("  {mark}")).collect::<String>();
    format!(
        "{}  {name}  {kind} from {}  {}{marks}{}",
        sign(out, class_of(&name)),
        author(entry),
        gist(entry, GIST).0,
        way(out, entry)
    )
}

/// Which way something came, where it came from outside.
fn way(out: &Output, event: Field<'_>) -> String {
    let way = event.at("way");
    match (way.at("peer").text(), way.at("name").text()) {
        (Some(peer), Some(name)) => out.paint(Tone::Quiet, &format!("  by {name} of {peer}")),
        _ => String::new(),
    }
}
