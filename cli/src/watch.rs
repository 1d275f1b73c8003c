//! `watch`: what happens on the line, as it happens.
//!
//! Goes on where it was when the stream breaks, also over a restart of the station, whose events then count from 1
//! again. Ends when nobody reads it any more, or when the station refuses. It tells nobody that anything was
//! displayed: `show` and `inbox` do.

use std::time::Duration;

use clap::Args;
use detente_console::named;
use detente_station::Home;
use http_body_util::BodyExt as _;

use crate::answer::{Answer, Field};
use crate::entry::{gist, kind_from, marks, quoted};
use crate::events::{Event, Events};
use crate::failure::Failure;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::precedence::{class_of, sign};
use crate::socket::Trouble;
use crate::time;
use crate::words::padded;

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
    out.remark(&out.begun(&out.say("watch-begins", &[("line", &on.name), ("party", &on.party)])));
    loop {
        match follow(&on, &mut after, out).await {
            End::Over(failure) => return Err(failure),
            End::Broken(failure) => {
                let why = failure.told(out.words());
                out.message(&out.begun(&out.say("watch-broke", &[("failure", &why)])));
            }
        }
        let again = find_again(&asked.line, home).await?;
        if again.started_ms != on.started_ms {
            after = Some(0);
            out.message(&out.begun(&out.t("watch-started-again")));
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
        out.message(&out.begun(&out.t("watch-not-json")));
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
    let at = at.map_or_else(|| " ".repeat(22), |ms| out.stamp(ms));
    let number = event.id.map(|id| out.apart(&format!("#{id}"))).unwrap_or_default();
    let name = out.apart(&crate::harmless::line(&event.name));
    let (number, name) = (padded(&number, 6), padded(&name, 10));
    match said(out, &event.name, fields) {
        Some(said) => out.data(&out.begun(format!("{at}  {number} {name} {said}").trim_end())),
        None => Ok(()),
    }
}

/// What an event says; `None` for those that only programs follow.
fn said(out: &Output, name: &str, event: Field<'_>) -> Option<String> {
    let text = |field: &str| event.at(field).or_unknown();
    let when = |field: &str| event.at(field).number().map_or_else(|| "?".into(), time::stamp);
    // A sentence about fields of the event, by their names.
    let say = |name: &str, fields: &[&str]| {
        let things: Vec<(&str, String)> = fields.iter().map(|field| (*field, text(field))).collect();
        let things: Vec<(&str, &str)> = things.iter().map(|(name, said)| (*name, said.as_str())).collect();
        out.say(name, &things)
    };
    let bad = |said: String| out.paint(Tone::Bad, &said);
    let warn = |said: String| out.paint(Tone::Warn, &said);
    let cited = |said: Option<(String, bool)>| {
        said.map(|(text, _)| format!(" {}", quoted(out, &text))).unwrap_or_default()
    };
    Some(match name {
        "entry" | "ahead" => entry(out, event),
        "otherwise" => {
            let said = cited(event.at("said").at("body").at("text").first_line(GIST));
            let first = say("event-otherwise", &["entry", "party"]);
            bad(format!("✗ {first}{said}; {}", say("event-otherwise-counts", &["entry"])))
        }
        "receipted" => {
            format!("{}{}", say("event-receipted", &["party", "book", "size"]), way(out, event))
        }
        "overdue" => {
            let open = event.at("open_ms").number().map_or_else(|| "?".into(), |ms| out.length(ms));
            let (entry, rank) = (text("entry"), text("rank"));
            let things = [("entry", entry.as_str()), ("length", &open), ("rank", &rank)];
            out.signed(Tone::Bad, "!", "event-overdue", &things)
        }
        "standing" if event.at("in_effect").holds() => {
            out.signed(Tone::Good, "●", "event-willing", &[("party", &text("party"))])
        }
        "standing" => out.signed(Tone::Bad, "○", "event-not-willing", &[("party", &text("party"))]),
        "circuit" => {
            let state = text("state");
            let (shape, tone) = match state.as_str() {
                "ready" | "answers" => ("●", Tone::Good),
                _ => ("○", Tone::Warn),
            };
            let state = match state.as_str() {
                "ready" => out.t("status-circuit-ready"),
                "silent" => out.t("circuit-silent"),
                "answers" => out.t("event-circuit-answers"),
                "down" => out.t("circuits-down"),
                _ => out.apart(&state),
            };
            let said = match event.at("peer").text() {
                Some(_) => say("event-circuit-to", &["circuit", "peer"]),
                None => say("event-circuit", &["circuit"]),
            };
            out.paint(tone, &format!("{shape} {said}: {state}"))
        }
        "missed" => warn(format!("! {}", say("event-missed", &["party", "slot"]))),
        "amended" => warn(format!("● {}", say("event-amended", &["decision"]))),
        "conflict" => {
            let until = event.at("until_ms").number();
            let until = until.map_or_else(|| out.t("until-withdrawn"), |ms| out.stamp(ms));
            let verdict = named::verdict(out.words(), &text("verdict")).to_uppercase();
            let (one, other) = (text("one"), text("other"));
            let things = [("one", one.as_str()), ("other", &other), ("until", &until)];
            bad(format!("▲ {verdict}: {}", out.say("event-conflict", &things)))
        }
        "due" => {
            let (name, date) = match event.at("due").text().as_deref() {
                Some("ends") => ("event-ends", when("until_ms")),
                Some("review") => ("event-review", when("review_ms")),
                _ => ("event-review-overdue", when("review_ms")),
            };
            let said = cited(event.at("notice").at("text").first_line(GIST));
            let what = out.say(name, &[("when", &date)]);
            warn(format!("! {}{said} {what}", out.apart(&text("entry"))))
        }
        "witnessed" => say("event-witnessed", &["witness", "book", "size"]),
        "witness-trouble" => {
            let first = match event.at("book").text() {
                Some(_) => say("event-no-cosignature-of", &["witness", "book"]),
                None => say("event-no-cosignature", &["witness"]),
            };
            warn(format!("! {first}: {}", out.apart(&format!("{}: {}", text("error"), text("found")))))
        }
        "breach" | "not-taken" => {
            let by = event.at("party").text().map(|_| format!("{}: ", say("by-whom", &["party"])));
            let error = out.apart(&text("error"));
            let found = say("failure-found", &["what", "expected", "found"]);
            bad(format!("✗ {}{error}: {found}", by.unwrap_or_default()))
        }
        "clock" if event.at("back_ms").number().is_some() => {
            warn(format!("! {}", say("event-clock-back", &["back_ms"])))
        }
        "clock" => warn(format!("! {}", say("event-clock-jumped", &["by_ms"]))),
        "gap" => out.signed(Tone::Warn, "!", "event-gap", &[]),
        // Where the stream stands, and what only programs follow.
        "begins" | "command" => return None,
        _ => {
            let fields = event.pairs().filter_map(|(name, value)| Some(format!("{name} {}", value.text()?)));
            out.apart(&fields.collect::<Vec<_>>().join(", "))
        }
    })
}

fn entry(out: &Output, entry: Field<'_>) -> String {
    let name = entry.at("entry").or_unknown();
    let marks = marks(out, entry).into_iter().map(|mark| format!("  {mark}")).collect::<String>();
    format!(
        "{}  {}  {}  {}{marks}{}",
        sign(out, class_of(&name)),
        out.apart(&name),
        kind_from(out, entry),
        gist(out, entry, GIST).0,
        way(out, entry)
    )
}

/// Which way something came, where it came from outside.
fn way(out: &Output, event: Field<'_>) -> String {
    let way = event.at("way");
    match (way.at("peer").text(), way.at("name").text()) {
        (Some(peer), Some(name)) => {
            let said = out.say("event-way", &[("name", &name), ("peer", &peer)]);
            out.paint(Tone::Quiet, &format!("  {said}"))
        }
        _ => String::new(),
    }
}
