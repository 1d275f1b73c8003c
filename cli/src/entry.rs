//! An entry as people read it, and `show`.
//!
//! To show a FLASH or IMMEDIATE of another party to a person is a fact that the line keeps: this command tells the
//! station, once, when somebody looks on a terminal. It does not say so when nobody can have looked, and it never
//! acknowledges.

use std::time::Duration;

use clap::Args;
use detente_console::{Said, carried};
use detente_record::Class;
use detente_station::Home;
use serde_json::{Value, json};

use crate::answer::{Answer, Field};
use crate::draft::entry_name;
use crate::failure::{Failure, known};
use crate::harmless;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::page::{Page, fact};
use crate::precedence::{class_of, sign};
use crate::words::{OnTerminal, padded, place};

/// Kinds that somebody should see.
const FOR_EYES: [&str; 8] =
    ["message", "amendment", "withdrawal", "cease", "notice", "read-back", "position", "finding"];

/// What `show` takes.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The entry, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// Tell the others that it was displayed, though no terminal is here
    #[arg(long)]
    displayed: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// Shows an entry with everything that is known of it.
///
/// # Errors
/// When there is no such entry here, and when `--displayed` is asked for and refused.
pub(crate) async fn show(asked: &Show, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let entry = on.get(&format!("/entries/{}", asked.entry)).await?;
    if out.is_json() {
        out.data(entry.raw())?;
    } else {
        let parties = on.parties().await?;
        out.data(&page(out, &entry, &parties, on.now_ms))?;
    }
    if asked.displayed {
        return tell_displayed(&on, &asked.entry).await;
    }
    if out.is_seen() {
        remark_displayed(&on, out, entry.whole()).await;
    }
    Ok(())
}

/// Whether the others are to be told that somebody here saw an entry.
pub(crate) fn is_to_be_told(entry: Field<'_>, me: &str) -> bool {
    let class = entry.at("book").text().and_then(|book| class_of(&book));
    matches!(class, Some(Class::Z | Class::O))
        && !entry.at("ahead").holds()
        && !entry.at("party").is(me)
        && FOR_EYES.iter().any(|kind| entry.at("kind").is(kind))
        && entry.at("displayed").at(me).is_nothing()
}

/// Tells that somebody saw an entry, if that is to be told. What goes wrong is told to whoever looked and spoils
/// nothing: the entry has been seen.
pub(crate) async fn remark_displayed(on: &OnLine, out: &Output, entry: Field<'_>) {
    let name = entry.at("entry").or_unknown();
    if !is_to_be_told(entry, &on.party) {
        return;
    }
    let said = match tell_displayed(on, &name).await {
        Ok(()) => out.say("displayed-told", &[("entry", &name)]),
        Err(failure) => {
            out.say("displayed-not-told", &[("entry", &name), ("failure", &failure.told(out.words()))])
        }
    };
    out.remark(&out.begun(&said));
}

async fn tell_displayed(on: &OnLine, name: &str) -> Result<(), Failure> {
    let draft = json!({"kind": "displayed", "regards": [name]});
    on.post("/entries", &draft, Duration::ZERO).await?;
    Ok(())
}

/// Who wrote an entry: the party and its office.
pub(crate) fn author(out: &Output, entry: Field<'_>) -> String {
    let by = [Some(entry.at("party").or_unknown()), entry.at("office").text()];
    out.names(&by.into_iter().flatten().collect::<Vec<_>>())
}

/// What kind of entry it is, and whose.
pub(crate) fn kind_from(out: &Output, entry: Field<'_>) -> String {
    let kind = out.kind(&entry.at("kind").or_unknown());
    out.say("kind-from", &[("kind", &kind), ("author", &author(out, entry))])
}

/// A text in quotation marks, in its own direction.
pub(crate) fn quoted(out: &Output, text: &str) -> String {
    out.apart(&format!("“{text}”"))
}

/// What an entry says, in one line of at most so many characters, and whether that is all of it.
pub(crate) fn gist(out: &Output, entry: Field<'_>, most: usize) -> (String, bool) {
    let body = entry.at("body");
    if entry.at("kind").is("cease") {
        let place = place(out, body.at("position").place());
        let (text, whole) = body.at("text").first_line(most).unwrap_or((String::new(), true));
        let at = out.say("gist-cease", &[("place", &place)]);
        return (format!("{at} {}", out.apart(&text)).trim_end().to_owned(), whole);
    }
    let lead = ["state", "stance", "matter", "choice", "outcome"].into_iter().find_map(|field| {
        let called = out.called(field, &body.at(field).text()?);
        // In English what is moved is a verb.
        let is_verb = field == "matter" && out.words().is_english();
        Some(if is_verb { format!("to {called}") } else { called })
    });
    let number = |field: &str, name: &str| Some(out.say(name, &[("number", &body.at(field).text()?)]));
    let lead = lead.or_else(|| number("slot", "gist-slot")).or_else(|| number("rank", "gist-rank"));
    // A conflict report need say nothing but what it is about.
    let report = |verdict: String| {
        let about = entry.at("regards").list().next().map(|about| out.apart(&about.or_unknown()));
        format!("{} {}", out.called("verdict", &verdict), about.unwrap_or_default())
    };
    let lead = lead.or_else(|| body.at("verdict").text().map(report));
    let observer = body.at("observer").text().map(|observer| match body.at("serial").text() {
        Some(serial) => out.say("gist-finding", &[("serial", &serial), ("observer", &observer)]),
        None => out.say("gist-to", &[("observer", &observer)]),
    });
    let lead = lead.or(observer);
    let parts = [body.at("text"), body.at("notice").at("text"), body.at("reason"), body.at("to")];
    let said = parts.into_iter().find_map(|part| part.first_line(most));
    // A notice is more than its text.
    let plain = !entry.at("kind").is("notice") && body.at("notice").is_nothing();
    let (said, whole) = said.map_or((None, true), |(text, whole)| (Some(quoted(out, &text)), whole));
    let words: Vec<String> = lead.into_iter().chain(said).collect();
    (words.join(" "), whole && plain)
}

/// Marks that change how an entry is read: void, not judged yet, amended, withdrawn.
pub(crate) fn marks(out: &Output, entry: Field<'_>) -> Vec<String> {
    let mut marks = Vec::new();
    let marked = entry.at("marked");
    if !marked.is_nothing() {
        let error = marked.at("error").or_unknown();
        let [what, expected, found] =
            ["what", "expected", "found"].map(|name| known(out.words(), &marked.at(name).or_unknown()));
        let things = [
            ("error", error.as_str()),
            ("what", what.as_str()),
            ("expected", expected.as_str()),
            ("found", found.as_str()),
        ];
        marks.push(out.signed(Tone::Bad, "✗", "mark-void", &things));
    }
    if entry.at("ahead").holds() {
        marks.push(out.signed(Tone::Warn, "!", "mark-ahead", &[]));
    } else if entry.at("unjudged").holds() {
        marks.push(out.signed(Tone::Warn, "?", "mark-unjudged", &[]));
    }
    match entry.at("forgotten").text().as_deref() {
        Some("recovered") => marks.push(out.signed(Tone::Warn, "!", "mark-recovered", &[])),
        Some("after-its-time") => marks.push(out.signed(Tone::Warn, "!", "mark-after-its-time", &[])),
        Some(_) => marks.push(out.signed(Tone::Warn, "!", "mark-disowned", &[])),
        None => {}
    }
    if let Some(by) = entry.at("amended_by").joined() {
        marks.push(out.signed(Tone::Warn, "!", "mark-amended", &[("by", &by)]));
    }
    let translations: Vec<String> =
        entry.at("translations").list().filter_map(|one| one.at("entry").text()).collect();
    if !translations.is_empty() {
        marks.push(out.signed(Tone::Plain, "⇄", "mark-translated", &[("by", &translations.join(", "))]));
    }
    if let Some(by) = entry.at("withdrawn_by").text() {
        marks.push(out.signed(Tone::Warn, "!", "mark-withdrawn", &[("by", &by)]));
    }
    if entry.at("clock_held").holds() {
        marks.push(out.signed(Tone::Warn, "!", "mark-clock-held", &[]));
    }
    marks
}

/// The five facts about an entry towards a party, each by itself.
pub(crate) fn facts(out: &Output, entry: Field<'_>, party: &str) -> [String; 5] {
    let told = entry.at("book").text().and_then(|book| class_of(&book));
    let holds = |word: &str, what: &str| fact(out, true, &format!("{} {what}", out.t(word)), "");
    let delivered = match entry.at("delivered").at(party).number() {
        Some(seconds) => holds("fact-delivered", &out.stamp(seconds.saturating_mul(1_000))),
        None => fact(out, false, "", &out.t("not-delivered")),
    };
    let by = |name: &str, word: &str, not: &str| match entry.at(name).at(party).text() {
        Some(entry) => holds(word, &out.apart(&entry)),
        None => fact(out, false, "", &out.t(not)),
    };
    let displayed = match told {
        Some(Class::Z | Class::O) => by("displayed", "fact-displayed", "not-displayed"),
        _ => out.signed(Tone::Quiet, "–", "displayed-in-z-and-o", &[]),
    };
    [
        delivered,
        displayed,
        by("acknowledged", "fact-acknowledged", "not-acknowledged"),
        by("passed_on", "fact-passed-on", "not-passed-on"),
        by("answered", "fact-answered", "not-answered"),
    ]
}

/// A whole entry on a page.
pub(crate) fn page(out: &Output, entry: &Answer, parties: &[String], now_ms: u64) -> String {
    let (mut page, body) = (Page::new(out), entry.value().get("body").unwrap_or(&Value::Null));
    let entry = entry.whole();
    let name = entry.at("entry").or_unknown();
    let kind = out.kind(&entry.at("kind").or_unknown());
    page.line(&format!(
        "{}  {}  {kind}",
        out.paint(Tone::Strong, &out.apart(&name)),
        sign(out, class_of(&name))
    ));
    for mark in marks(out, entry) {
        page.line(&mark);
    }
    page.row(&out.t("from"), &author(out, entry));
    page.any(&out.t("label-time"), entry.at("time_ms").number().map(|ms| out.stamp_from_now(ms, now_ms)));
    page.name(&out.t("label-language"), entry.at("language").text());
    page.name(&out.t("label-regards"), entry.at("regards").joined());
    for row in carried(&OnTerminal { out, now_ms }, body) {
        let label = if row.is_inner { format!("  {}", row.label) } else { row.label };
        match row.said {
            Said::Theirs(text) => page.quote(&label, &harmless::block(&text)),
            Said::Name(name) => page.name(&label, Some(name)),
            Said::Ours(rows) => {
                for (place, row) in rows.iter().enumerate() {
                    page.row(if place == 0 { &label } else { "" }, row);
                }
            }
        }
    }
    let author = entry.at("party").text().unwrap_or_default();
    for party in parties.iter().filter(|party| **party != author) {
        let [first, rest @ ..] = facts(out, entry, party);
        page.row(&out.say("label-by", &[("party", party)]), &first);
        for fact in rest {
            page.row("", &fact);
        }
    }
    page.name(&out.t("label-serial"), entry.at("serial").text());
    let cut: Vec<String> =
        entry.at("cut").pairs().map(|(book, size)| format!("{book} {}", size.or_unknown())).collect();
    page.any(&out.t("label-knew-of"), (!cut.is_empty()).then(|| out.names(&cut)));
    page.name(&out.t("label-bytes"), entry.at("bytes").text());
    page.name(&out.t("label-leaf"), entry.at("leaf").text());
    page.text().to_owned()
}

/// An entry in one line of a list.
pub(crate) fn row(out: &Output, entry: Field<'_>) -> String {
    let name = entry.at("entry").or_unknown();
    let time = entry.at("time_ms").number().map(|ms| out.stamp(ms)).unwrap_or_default();
    let (gist, _) = gist(out, entry, 72);
    let mark = match entry.at("marked").is_nothing() {
        true => String::new(),
        false => format!("{} ", out.signed(Tone::Bad, "✗", "row-void", &[])),
    };
    let kind = padded(&out.kind(&entry.at("kind").or_unknown()), 15);
    let (sign, name) = (sign(out, class_of(&name)), padded(&out.apart(&name), 12));
    format!("{time}  {sign}  {name} {mark}{kind} {gist}")
}
