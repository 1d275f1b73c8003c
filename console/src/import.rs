//! What a file of another program would do, row by row, and what became of it (spec/api.md, "Files").

use askama::Template;
use serde_json::Value;

use crate::answer::{is, list, text};
use crate::page::Frame;
use crate::peer::Peer;
use crate::time;

/// How many characters of a text a row shows.
const GIST: usize = 200;

/// What a row does to what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    New,
    Changed,
    Same,
}

#[derive(Debug, Clone)]
struct Row {
    change: Change,
    place: Peer,
    serial: Peer,
    entry: String,
    name: Peer,
    kind: Peer,
    time: String,
    before: Vec<Peer>,
    after: Vec<Peer>,
}

#[derive(Debug, Clone)]
struct Remark {
    place: Peer,
    reason: Peer,
}

/// The answer to a file: what it would do, or what it did.
#[derive(Debug, Clone, Template)]
#[template(path = "map-imported.html")]
pub struct Imported {
    frame: Frame,
    is_ok: bool,
    is_dry: bool,
    as_plans: bool,
    rows: Vec<Row>,
    more: bool,
    counts: [u64; 3],
    wrong: Vec<Remark>,
    wrong_count: u64,
    notes: Vec<Remark>,
    missing: u64,
    written: Option<u64>,
    wanted: u64,
    refused: Option<Peer>,
}

fn gist(value: &Value, field: &str) -> Peer {
    Peer::gist(text(value, field), GIST, None)
}

fn number(value: &Value, field: &str) -> u64 {
    value.get(field).and_then(Value::as_u64).unwrap_or_default()
}

fn remarks(answer: &Value, field: &str) -> Vec<Remark> {
    let all = list(answer, field).iter();
    all.map(|one| Remark { place: gist(one, "place"), reason: gist(one, "reason") }).collect()
}

impl Row {
    fn of(row: &Value) -> Self {
        let nothing = Value::Null;
        let notice = row.get("notice").unwrap_or(&nothing);
        let from_ms = notice.get("from_ms").and_then(Value::as_u64);
        let until_ms = notice.get("until_ms").and_then(Value::as_u64);
        let group = |ms: Option<u64>| ms.map_or_else(|| "…".into(), time::group);
        let lines = |field: &str| {
            let all = row.get("differs").map(|differs| list(differs, field)).into_iter().flatten();
            all.filter_map(Value::as_str).map(|line| Peer::gist(line.trim(), GIST, None)).collect()
        };
        Self {
            change: match text(row, "change") {
                "changed" => Change::Changed,
                "same" => Change::Same,
                _ => Change::New,
            },
            place: gist(row, "place"),
            serial: gist(row, "serial"),
            entry: text(row, "entry").to_owned(),
            name: gist(notice, "text"),
            kind: gist(notice, "notice_kind"),
            time: format!("{} – {}", group(from_ms), group(until_ms)),
            before: lines("before"),
            after: lines("after"),
        }
    }
}

impl Imported {
    /// By what the API says of the file.
    pub fn of(frame: Frame, answer: &Value, as_plans: bool) -> Self {
        let refused = answer.get("refused").filter(|refused| !refused.is_null()).map(|refused| {
            let said = format!(
                "{}: {} — {}. {}",
                text(refused, "what"),
                text(refused, "expected"),
                text(refused, "found"),
                text(refused, "hint")
            );
            Peer::gist(&said, 4 * GIST, None)
        });
        let written = match as_plans {
            true => answer.get("plans").and_then(Value::as_u64),
            false => answer.get("written").and_then(Value::as_u64),
        };
        Self {
            frame,
            is_ok: is(answer, "ok"),
            is_dry: is(answer, "dry_run"),
            as_plans,
            rows: list(answer, "rows").iter().map(Row::of).collect(),
            more: is(answer, "more"),
            counts: ["new", "changed", "same"].map(|field| number(answer, field)),
            wrong: remarks(answer, "wrong"),
            wrong_count: number(answer, "wrong_count"),
            notes: remarks(answer, "notes"),
            missing: number(answer, "missing_count"),
            written,
            wanted: number(answer, "wanted"),
            refused,
        }
    }

    fn change_word(&self, change: &Change) -> String {
        match change {
            Change::New => format!("＋ {}", self.frame.t("import-new")),
            Change::Changed => format!("△ {}", self.frame.t("import-changed")),
            Change::Same => format!("＝ {}", self.frame.t("import-same")),
        }
    }

    /// What there is to do still, where there is anything.
    fn is_to_do(&self) -> bool {
        self.is_ok && self.is_dry && self.counts.iter().take(2).sum::<u64>() > 0
    }
}
