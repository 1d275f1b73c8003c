//! From what the stations answered to what the timeline shows. Pure.

use serde_json::Value as Json;

use super::timeline::{Said, said};
use crate::output::Tone;
use crate::scenario::Draft;
use crate::scenario::time::dtg;
use crate::time::length;

/// A field of an answer as text.
pub(crate) fn text<'j>(json: &'j Json, field: &str) -> Option<&'j str> {
    json.get(field).and_then(Json::as_str)
}

/// The lead time of a notice, ms, to the second: an entry is stamped some milliseconds after it was asked for.
pub(crate) fn lead_ms(from_ms: u64, time_ms: u64) -> u64 {
    from_ms.saturating_sub(time_ms).saturating_add(500) / 1_000 * 1_000
}

/// What the author's column says of an entry: its name, its words, and what matters of its kind.
pub(crate) fn entry(name: &str, draft: &Draft, about: &[String], at_ms: u64) -> Vec<Said> {
    let class = name.split('/').nth(1).and_then(|book| book.chars().next());
    let class = class.filter(|class| *class != 'A').map(|class| format!("{class} ")).unwrap_or_default();
    let mut cell = vec![said(Tone::Strong, format!("{class}{} {name}", title(draft).to_uppercase()))];
    cell.extend(draft.text.as_ref().map(|text| said(Tone::Plain, format!("«{text}»"))));
    if !about.is_empty() {
        cell.push(said(Tone::Quiet, format!("on {}", about.join(", "))));
    }
    let fields = &draft.fields;
    let notice = fields.get("notice").and_then(Json::as_object).unwrap_or(fields);
    let number = |name: &str| notice.get(name).and_then(Json::as_u64);
    let is = |name: &str| notice.get(name).and_then(Json::as_bool) == Some(true);
    if is("safety_of_life") {
        cell.push(said(Tone::Warn, "safety of life"));
    }
    if is("emergency") {
        cell.push(said(Tone::Warn, "emergency"));
    }
    if let (Some(from_ms), Some(until_ms)) = (number("from_ms"), number("until_ms")) {
        let lead = length(lead_ms(from_ms, at_ms));
        cell.push(said(Tone::Quiet, format!("{} to {}", dtg(from_ms), dtg(until_ms))));
        cell.push(said(Tone::Warn, format!("lead time {lead}")));
    }
    if let Some(corners) = notice.get("area").and_then(Json::as_array) {
        cell.push(said(Tone::Quiet, format!("an area of {} corners", corners.len())));
    }
    if let Some(effective_ms) = number("effective_ms") {
        cell.push(said(Tone::Quiet, format!("effective {}", dtg(effective_ms))));
    }
    if let Some(closes_ms) = number("closes_ms") {
        cell.push(said(Tone::Quiet, format!("closes {}", dtg(closes_ms))));
    }
    if let Some(scope) = notice.get("scope").and_then(Json::as_array) {
        let kinds: Vec<&str> = scope.iter().filter_map(Json::as_str).collect();
        let scope = if kinds.is_empty() { "all traffic".to_owned() } else { kinds.join(", ") };
        cell.push(said(Tone::Quiet, format!("scope: {scope}")));
    }
    if let Some(place) = draft.said {
        cell.push(said(Tone::Quiet, format!("says {:.4} {:.4}", place.latitude, place.longitude)));
        if let Some(meant) = draft.meant {
            let km = place.km_to(meant);
            let tone = if km < 0.1 { Tone::Good } else { Tone::Bad };
            cell.push(said(Tone::Quiet, format!("meant {:.4} {:.4}", meant.latitude, meant.longitude)));
            cell.push(said(tone, format!("{km:.1} km between them")));
        }
    }
    cell
}

/// What people call an entry.
fn title(draft: &Draft) -> String {
    let field = |name: &str| draft.fields.get(name).and_then(Json::as_str);
    match draft.kind {
        "duty" => format!("officer {}", field("state").unwrap_or_default()),
        "vote" => format!("vote {}", field("choice").unwrap_or_default()),
        "motion" => "motion to reopen".to_owned(),
        "passed-on" => "passed on to".to_owned(),
        kind => kind.to_owned(),
    }
}

/// What the author's column says when its station refused.
pub(crate) fn refusal(draft: &Draft, body: &Json) -> Vec<Said> {
    let class = draft.precedence.map(|class| format!("{class} ")).unwrap_or_default();
    let mut cell = vec![said(Tone::Strong, format!("{class}{}", title(draft).to_uppercase()))];
    cell.extend(draft.text.as_ref().map(|text| said(Tone::Plain, format!("«{text}»"))));
    cell.push(said(Tone::Bad, format!("✘ refused: {}", text(body, "error").unwrap_or("without a name"))));
    cell.extend(text(body, "found").map(|found| said(Tone::Quiet, found)));
    cell
}

/// What the record proves of a party: its standing, and what of it others hold last.
///
/// `status` and `books` are answers of another party's station: what is shown of a party is in its
/// counterpart's hands. `own` is its own station's status, for what it owes.
pub(crate) fn proved(party: &str, status: &Json, books: &Json, own: &Json) -> Vec<Said> {
    let parties = status.get("parties").and_then(Json::as_array);
    let Some(found) = parties.and_then(|all| all.iter().find(|one| text(one, "name") == Some(party))) else {
        return vec![said(Tone::Bad, "nothing")];
    };
    let mut cell = vec![standing(found)];
    if let Some(seconds) = last_receipt(party, books) {
        cell.push(said(Tone::Plain, format!("last receipt {}", dtg(seconds.saturating_mul(1_000)))));
    }
    let circuits = found.get("circuits_up").and_then(Json::as_u64).unwrap_or(0);
    let circuit = if circuits > 0 { "circuit up" } else { "circuit down" };
    let officer = format!("officer {}", text(found, "officer").unwrap_or("unknown"));
    cell.push(said(Tone::Quiet, format!("{circuit}, {officer}")));
    cell.extend(owes(own));
    cell
}

/// What waits for a party's answer, by precedence.
fn owes(own: &Json) -> Option<Said> {
    let owed = own.get("owed").and_then(Json::as_object)?;
    let counts: Vec<String> = ["Z", "O", "P", "R"]
        .iter()
        .filter_map(|class| {
            Some(format!("{} {class}", owed.get(*class)?.as_u64().filter(|count| *count > 0)?))
        })
        .collect();
    let overdue = own.get("overdue").and_then(Json::as_u64).unwrap_or(0);
    let late = if overdue > 0 { format!(", {overdue} overdue") } else { String::new() };
    (!counts.is_empty()).then(|| said(Tone::Warn, format!("owes an answer: {}{late}", counts.join(", "))))
}

fn standing(party: &Json) -> Said {
    let suspension = party.get("suspension").filter(|suspension| !suspension.is_null());
    let Some(suspension) = suspension else { return said(Tone::Good, "● in effect") };
    let by = text(suspension, "entry").unwrap_or("?");
    let from = suspension.get("effective_ms").and_then(Json::as_u64).map(dtg).unwrap_or_default();
    if suspension.get("effective").and_then(Json::as_bool) == Some(true) {
        said(Tone::Bad, format!("○ suspended since {from}, {by}"))
    } else {
        said(Tone::Warn, format!("◐ in effect until {from}, {by}"))
    }
}

/// The newest receipt that a party gave for another's book, in seconds.
fn last_receipt(party: &str, books: &Json) -> Option<u64> {
    let books = books.get("books").and_then(Json::as_array)?;
    let given = books.iter().filter_map(|book| book.get("receipts")?.get(party)?.get("seconds")?.as_u64());
    given.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(cell: &[Said]) -> String {
        format!("{cell:?}")
    }

    #[test]
    fn a_suspension_that_is_stated_is_not_one_that_is_effective() {
        let suspension = |effective| {
            json!({"parties": [{"name": "rus", "circuits_up": 1, "officer": "on",
                "suspension": {"entry": "rus/A/1", "effective_ms": 1_491_598_800_000_u64, "effective": effective}}]})
        };
        let books = json!({"books": [{"receipts": {"rus": {"size": 3, "seconds": 1_491_598_700_u64}}},
            {"receipts": {"usa": {"size": 1, "seconds": 1_491_999_999_u64}}}]});
        let own = json!({"owed": {"Z": 1, "O": 0, "P": 0, "R": 2}, "overdue": 1});
        let stated = words(&proved("rus", &suspension(false), &books, &own));
        assert!(stated.contains("owes an answer: 1 Z, 2 R, 1 overdue"), "{stated}");
        assert!(stated.contains("in effect until 072100ZAPR17, rus/A/1"), "{stated}");
        assert!(stated.contains("last receipt 072058ZAPR17"), "{stated}");
        let effective = words(&proved("rus", &suspension(true), &books, &json!({"owed": {"Z": 0}})));
        assert!(!effective.contains("owes"), "{effective}");
        assert!(effective.contains("suspended since 072100ZAPR17"), "{effective}");
        assert!(words(&proved("fra", &suspension(true), &books, &own)).contains("nothing"));
    }

    #[test]
    fn a_lead_time_is_to_the_second() {
        assert_eq!(lead_ms(7_200_000, 15), 7_200_000);
        assert_eq!(lead_ms(7_200_000, 700), 7_199_000);
        assert_eq!(lead_ms(5, 10), 0);
    }
}
