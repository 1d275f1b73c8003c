//! The page on which a watch is handed over: what is open, who hands over, who takes over.

use askama::Template;
use serde_json::Value;

use crate::answer::{is, list, number, text};
use crate::entry::kind_word;
use crate::page::Frame;
use crate::peer::Peer;
use crate::time;

/// A part of the list: its title, and what is open.
#[derive(Debug)]
struct Part {
    title: String,
    items: Vec<Peer>,
}

/// A handover of the watch, or the beginning of one.
#[derive(Debug, Template)]
#[template(path = "handover.html")]
pub struct Handover {
    frame: Frame,
    line: String,
    /// Who hands over, when, and the digest of the list, where it is begun.
    begun: Option<(String, u64, String)>,
    parts: Vec<Part>,
    /// More is open than the list holds.
    more: bool,
    writes: bool,
}

impl Handover {
    /// Of what `GET …/handover` says.
    pub fn of(frame: Frame, line: &str, answer: &Value, writes: bool) -> Self {
        let empty = Value::Null;
        let handover = answer.get("handover").filter(|handover| !handover.is_null());
        let open = handover.and_then(|handover| handover.get("list")).unwrap_or(&empty);
        let part = |title: &str, field: &str, item: &dyn Fn(&Value) -> Option<String>| {
            let items = list(open, field).iter().filter_map(item);
            Part { title: frame.t(title), items: items.map(|item| Peer::gist(&item, 300, None)).collect() }
        };
        let entry =
            |of: &Value| Some(format!("{} — {}", text(of, "entry"), kind_word(&frame, text(of, "kind"))));
        let mut parts = vec![
            part("unacknowledged", "owed", &|of| {
                let late = is(of, "overdue");
                Some(format!("{}{}", entry(of)?, if late { " !" } else { "" }))
            }),
            part("awaited", "awaited", &entry),
            part("standing", "parties", &|of| {
                let suspension = of.get("suspension").filter(|suspension| !suspension.is_null())?;
                Some(format!(
                    "{}: {} — {}",
                    text(of, "name"),
                    text(suspension, "entry"),
                    text(suspension, "reason")
                ))
            }),
            part("record-motions", "motions", &|of| {
                Some(format!("{} — {}", text(of, "motion"), time::stamp(number(of, "closes_ms"))))
            }),
            part("conflicts", "conflicts", &|of| {
                Some(format!("{} × {}", text(of, "one"), text(of, "other")))
            }),
        ];
        let test = Peer::gist(&time::stamp(number(open, "next_test_ms")), 40, None);
        parts.push(Part { title: frame.t("test-due"), items: vec![test] });
        let begun = handover.map(|handover| {
            (
                text(handover, "outgoing").to_owned(),
                number(handover, "begun_ms"),
                text(handover, "sha256").to_owned(),
            )
        });
        Self { line: line.to_owned(), begun, parts, more: is(open, "more"), writes, frame }
    }

    fn stamp(&self, ms: &u64) -> String {
        time::stamp(*ms)
    }

    fn is_mine(&self, outgoing: &str) -> bool {
        self.frame.officer_name() == outgoing
    }
}
