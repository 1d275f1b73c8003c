//! From what the stations answered to what the timeline shows. Pure.

use serde_json::{Map, Value as Json};

use super::timeline::{Said, said};
use crate::output::Tone;
use crate::scenario::time::dtg;
use crate::scenario::{Check, Draft, Place};
use crate::time::length;

/// A field of an answer as text.
pub(crate) fn text<'j>(json: &'j Json, field: &str) -> Option<&'j str> {
    json.get(field).and_then(Json::as_str)
}

/// So many stations are told one by one.
pub(crate) const FEW: usize = 5;

/// Which stations of so many.
pub(crate) fn stations(names: &[&str], all: usize) -> String {
    if names.len() == all && all > FEW { format!("all {all} stations") } else { names.join(", ") }
}

/// The lead time of a notice, ms, to the second: an entry is stamped some milliseconds after it was asked for.
pub(crate) fn lead_ms(from_ms: u64, time_ms: u64) -> u64 {
    from_ms.saturating_sub(time_ms).saturating_add(500) / 1_000 * 1_000
}

/// What the author's column says of an entry: its name, its words, and what matters of its kind.
pub(crate) fn entry(name: &str, draft: &Draft, about: &[String], at_ms: u64) -> Vec<Said> {
    let class = name.split('/').nth(1).and_then(|book| book.chars().next());
    let class =
        class.filter(|class| "ZOPR".contains(*class)).map(|class| format!("{class} ")).unwrap_or_default();
    let mut head = format!("{class}{} {name}", title(draft).to_uppercase());
    if draft.kind == "vote" && !about.is_empty() {
        head += &format!(" on {}", about.join(", "));
    }
    let mut cell = vec![said(Tone::Strong, head)];
    cell.extend(draft.text.as_ref().map(|text| said(Tone::Plain, format!("«{text}»"))));
    if draft.kind != "vote" && !about.is_empty() {
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
        cell.push(said(Tone::Quiet, format!("{} to {}", dtg(from_ms), dtg(until_ms))));
        // A plan is given to nobody ahead of its time.
        if draft.kind != "plan" {
            let lead = length(lead_ms(from_ms, at_ms));
            cell.push(said(Tone::Warn, format!("lead time {lead}")));
        }
    }
    let volume = fields.get("volumes").and_then(|all| all.get(0)).and_then(Json::as_object).unwrap_or(notice);
    cell.extend(shape(volume).map(|shape| said(Tone::Quiet, shape)));
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
            let (tone, mark) = if km < 0.1 { (Tone::Good, "✔") } else { (Tone::Bad, "▲") };
            cell.push(said(
                Tone::Quiet,
                format!("meant {:.4} {:.4}, never said", meant.latitude, meant.longitude),
            ));
            cell.push(said(tone, format!("{mark} {km:.1} km between them")));
        }
    }
    cell
}

/// What a volume is, and how high.
fn shape(volume: &Map<String, Json>) -> Option<String> {
    let metres = |name: &str| volume.get(name).and_then(Json::as_f64);
    let radius_m = volume.get("circle").and_then(|circle| circle.get("radius_m")?.as_f64());
    let count = |name: &str| volume.get(name).and_then(Json::as_array).map(Vec::len);
    let shape = match (radius_m, count("area"), count("waypoints")) {
        (Some(radius_m), ..) => format!("a circle of {} km", radius_m / 1_000.0),
        (None, Some(corners), _) => format!("an area of {corners} corners"),
        (None, None, Some(waypoints)) => format!("a way along {waypoints} waypoints"),
        (None, None, None) => return None,
    };
    let datum = volume.get("datum").and_then(Json::as_str).unwrap_or("AMSL");
    Some(format!("{shape}, {}", heights(metres("lowest_m"), metres("highest_m"), datum)))
}

/// A band of altitudes; without a limit it has none on that side.
fn heights(lowest_m: Option<f64>, highest_m: Option<f64>, datum: &str) -> String {
    match (lowest_m, highest_m) {
        (None, None) => "all heights".to_owned(),
        (None, Some(highest)) => format!("up to {highest} m {datum}"),
        (Some(lowest), None) => format!("{lowest} m {datum} and above"),
        (Some(lowest), Some(highest)) => format!("{lowest} to {highest} m {datum}"),
    }
}

/// Where, how high and when two volumes overlap (spec/airspace.md §7).
pub(crate) fn overlap(overlap: &Json) -> String {
    let number = |name: &str| overlap.get(name).and_then(Json::as_f64);
    let bound = |place: usize| overlap.get("bounds").and_then(|all| all.get(place)?.as_f64()).unwrap_or(0.0);
    let time = |name: &str| overlap.get(name).and_then(Json::as_u64).map_or("no end".to_owned(), dtg);
    let is_widened = overlap.get("widened").and_then(Json::as_bool) == Some(true);
    format!(
        "{:.4} {:.4} to {:.4} {:.4}, {}{}, {} to {}",
        bound(0),
        bound(1),
        bound(2),
        bound(3),
        heights(number("lower_m"), number("upper_m"), text(overlap, "datum").unwrap_or_default()),
        if is_widened { " (widened: two datums)" } else { "" },
        time("from_ms"),
        time("until_ms"),
    )
}

/// What a station's column says of conflicts that it found.
pub(crate) fn alarms<'j>(conflicts: impl Iterator<Item = &'j Json>) -> Vec<Said> {
    let each = conflicts.flat_map(|found| {
        let name = |side: &str| text(found, side).unwrap_or("?").to_owned();
        let verdict = text(found, "verdict").unwrap_or("?").replace('-', " ").to_uppercase();
        let head = format!("▲ {verdict}: {} and {}", name("one"), name("other"));
        let place = found.get("overlap").map(|found| said(Tone::Quiet, overlap(found)));
        [Some(said(Tone::Bad, head)), place].into_iter().flatten()
    });
    each.collect()
}

/// What a station's column says of something that it was asked to check.
pub(crate) fn checked(asked: &Check, answer: &Json) -> Vec<Said> {
    let Place { latitude, longitude } = asked.position;
    let around = asked.radius_m.map(|metres| format!(", {} km around", metres / 1_000.0)).unwrap_or_default();
    let mut cell = vec![
        said(Tone::Strong, "CHECK, nothing is written"),
        said(Tone::Quiet, format!("{latitude:.4} {longitude:.4}{around}")),
        said(Tone::Quiet, format!("{} to {}", dtg(asked.from_ms), dtg(asked.until_ms))),
    ];
    let touches = answer.get("touches").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for touch in touches {
        let (subject, party) = (text(touch, "subject").unwrap_or("?"), text(touch, "party").unwrap_or("?"));
        let verdict = text(touch, "verdict").unwrap_or("?").replace('-', " ");
        cell.push(said(Tone::Bad, format!("▲ {verdict} with {subject} of {party}")));
        cell.extend(touch.get("overlap").map(|found| said(Tone::Quiet, overlap(found))));
    }
    if touches.is_empty() {
        cell.push(said(Tone::Good, "✔ clear of everything in force"));
    }
    cell
}

/// What people call an entry.
fn title(draft: &Draft) -> String {
    let field = |name: &str| draft.fields.get(name).and_then(Json::as_str);
    match draft.kind {
        "duty" => format!("officer {}", field("state").unwrap_or_default()),
        "vote" => format!("vote {}", field("choice").unwrap_or_default()),
        "motion" if field("matter") == Some("resolve") => "motion to resolve".to_owned(),
        "motion" => "motion to reopen".to_owned(),
        "passed-on" => "passed on to".to_owned(),
        "conflict" => match field("verdict") {
            Some("within-separation") => "report: within separation".to_owned(),
            _ => "report: conflict".to_owned(),
        },
        "plan" => "own plan".to_owned(),
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
    fn an_overlap_is_said_with_its_datum_and_whether_it_was_widened() {
        let found = json!({"bounds": [34.4, 36.8, 34.5, 36.9], "lower_m": 0.0, "upper_m": 3_000.0, "datum": "WGS84",
            "widened": true, "from_ms": 1_491_525_600_000_u64, "until_ms": null});
        assert_eq!(
            overlap(&found),
            "34.4000 36.8000 to 34.5000 36.9000, 0 to 3000 m WGS84 (widened: two datums), 070040ZAPR17 to no end"
        );
        assert_eq!(heights(None, None, "AMSL"), "all heights");
        assert_eq!(heights(None, Some(500.0), "AGL"), "up to 500 m AGL");
    }

    #[test]
    fn a_check_that_touches_nothing_says_clear() {
        let position = Place { latitude: 33.61, longitude: 38.34 };
        let asked = Check { position, radius_m: Some(500.0), from_ms: 0, until_ms: 60_000 };
        let clear = words(&checked(&asked, &json!({"verdict": "clear", "touches": []})));
        assert!(clear.contains("33.6100 38.3400, 0.5 km around") && clear.contains("✔ clear"), "{clear}");
        let touch = json!({"subject": "usa/O/2", "party": "usa", "verdict": "within-separation"});
        let near = words(&checked(&asked, &json!({"touches": [touch]})));
        assert!(
            near.contains("▲ within separation with usa/O/2 of usa") && !near.contains("clear"),
            "{near}"
        );
    }

    #[test]
    fn a_lead_time_is_to_the_second() {
        assert_eq!(lead_ms(7_200_000, 15), 7_200_000);
        assert_eq!(lead_ms(7_200_000, 700), 7_199_000);
        assert_eq!(lead_ms(5, 10), 0);
    }
}
