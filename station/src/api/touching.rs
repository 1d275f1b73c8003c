//! What the rows of a file would touch, nothing of it taken (spec/api.md, "Files", `as=check`).
//!
//! The airspace is asked some rows at a time, so that alarms and other questions have their turn between them. However
//! large the file and whatever it touches, the answer has at most [`MAX_SHOWN`] touches, the gravest rows first, and the
//! rest is counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Instant;

use detente_line::airspace::verdict::Verdict;
use detente_line::airspace::volume::Volume;
use detente_line::notices::{Conflict, Subject};
use detente_line::{Nature, Notice, NoticeKind};
use detente_record::EntryRef;
use serde_json::{Value, json};

use super::airspace::{given, overlap_json, subject_text};
use super::entry::verdict_text;
use super::notice::fields_json;
use super::{Refused, name_text};
use crate::airspace::{PlansError, Room};
use crate::import::{Change, Row};
use crate::keeper::Keeper;

/// Rows that are looked at before others have their turn.
const TURN: usize = 64;
/// Most touches of a row that are shown.
const MAX_OF_ROW: usize = 16;
/// Most touches that are shown.
const MAX_SHOWN: usize = 1_000;

/// What is asked of a row.
struct Asked {
    row: usize,
    nature: Nature,
    /// The own notice that the row would amend: it is in nobody's way but its own.
    own: Option<EntryRef>,
    volumes: Vec<Volume>,
}

/// One thing that a row touches.
struct Met {
    subject: Subject,
    nature: Nature,
    /// The entry whose content rules; a plan has none.
    rules: Option<EntryRef>,
    conflict: Conflict,
}

/// What a row touches.
struct Touched {
    row: usize,
    nature: Nature,
    /// The gravest first, at most [`MAX_OF_ROW`].
    met: Vec<Met>,
    /// How many there are.
    count: usize,
}

impl Touched {
    fn verdict(&self) -> Verdict {
        self.met.first().map_or(Verdict::Clear, |met| met.conflict.verdict)
    }
}

fn look(room: &Room, asked: Vec<Asked>) -> Vec<Touched> {
    let notices = room.notices();
    let touched = asked.into_iter().map(|Asked { row, nature, own, volumes }| {
        let others = notices.met(&volumes, None).into_iter();
        let others = others.filter(|(subject, _)| own.is_none_or(|own| *subject != Subject::Notice(own)));
        let mut met: Vec<Met> = others
            .filter_map(|(subject, conflict)| {
                let (_, nature) = notices.whose(subject)?;
                let rules = match subject {
                    Subject::Notice(origin) => notices.notice(origin).map(|standing| standing.rules),
                    Subject::Plan(_) => None,
                };
                Some(Met { subject, nature, rules, conflict })
            })
            .collect();
        met.sort_by_key(|met| Reverse(met.conflict.verdict));
        let count = met.len();
        met.truncate(MAX_OF_ROW);
        Touched { row, nature, met, count }
    });
    touched.collect()
}

/// What each row would touch: `touching`, gravest first, how many rows have which verdict, and what it took.
pub(super) async fn check(keeper: &Keeper, rows: Vec<Row>) -> Result<Value, Refused> {
    let started = Instant::now();
    let mut counts = [0_usize; 3];
    let mut touching: Vec<Touched> = Vec::new();
    let (mut volumes, mut more) = (0, false);
    for (turn, some) in rows.chunks(TURN).enumerate() {
        let asked = (turn * TURN..).zip(some).map(|(row, read)| Asked {
            row,
            nature: nature_of(keeper, &read.notice),
            own: match read.change {
                Change::New => None,
                Change::Changed(origin) | Change::Same(origin) => Some(origin),
            },
            volumes: read.notice.volumes.clone(),
        });
        let asked: Vec<Asked> = asked.collect();
        let looked = keeper.airspace.look(move |room: &mut Room| (look(room, asked), room.notices().len()));
        let (touched, held) = looked.await.ok_or_else(Refused::stopping)?;
        volumes = held;
        for one in touched {
            let count = match one.verdict() {
                Verdict::Clear => &mut counts[0],
                Verdict::WithinSeparation => &mut counts[1],
                Verdict::Conflict => &mut counts[2],
            };
            *count += 1;
            if one.count > 0 {
                touching.push(one);
            }
        }
        // What is kept while the rest is looked at stays small: the gravest rows, those first that stand first.
        if touching.len() > 2 * MAX_SHOWN {
            touching.sort_by_key(|touched| (Reverse(touched.verdict()), touched.row));
            touching.truncate(MAX_SHOWN);
            more = true;
        }
    }
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    touching.sort_by_key(|touched| (Reverse(touched.verdict()), touched.row));
    let mut room = MAX_SHOWN;
    touching.retain_mut(|touched| {
        let fits = room > 0;
        touched.met.truncate(room);
        room -= touched.met.len();
        more |= !fits || touched.met.len() < touched.count;
        fits
    });
    let [clear, near, conflict] = counts;
    let verdict = match (near, conflict) {
        (0, 0) => "clear",
        (_, 0) => verdict_text(Verdict::WithinSeparation),
        _ => verdict_text(Verdict::Conflict),
    };
    let plans = plans(keeper, &touching).await?;
    let keeper = keeper.clone();
    // Reading what is touched takes the disk's time.
    let shown = tokio::task::spawn_blocking(move || {
        let shown = touching.iter().filter_map(|touched| Some((touched, rows.get(touched.row)?)));
        shown.map(|(touched, row)| row_json(&keeper, row, touched, &plans)).collect::<Result<Vec<_>, _>>()
    });
    let shown = shown.await.map_err(|_| Refused::stopping())??;
    Ok(json!({
        "verdict": verdict, "clear": clear, "within_separation": near, "conflict": conflict,
        "touching": shown, "more": more, "volumes": volumes, "took_us": took_us,
    }))
}

fn nature_of(keeper: &Keeper, notice: &Notice) -> Nature {
    keeper.memorandum().notice_kind(&notice.kind).map_or(Nature::Activity, NoticeKind::nature)
}

/// The own plans among what is shown.
async fn plans(keeper: &Keeper, touching: &[Touched]) -> Result<BTreeMap<u64, Notice>, Refused> {
    let met = touching.iter().flat_map(|touched| &touched.met);
    let mut numbers: Vec<u64> = met
        .filter_map(|met| match met.subject {
            Subject::Plan(number) => Some(number),
            Subject::Notice(_) => None,
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let read = keeper.airspace.look(move |room: &mut Room| {
        let plan = |number| Ok(room.plan(number)?.map(|plan| (number, plan)));
        numbers.into_iter().filter_map(|number| plan(number).transpose()).collect::<Result<_, PlansError>>()
    });
    Ok(read.await.ok_or_else(Refused::stopping)??)
}

fn row_json(
    keeper: &Keeper,
    row: &Row,
    touched: &Touched,
    plans: &BTreeMap<u64, Notice>,
) -> Result<Value, Refused> {
    let touches = touched.met.iter().map(|met| met_json(keeper, touched.nature, met, plans));
    Ok(json!({
        "place": row.place, "serial": row.serial, "notice_kind": row.notice.kind, "text": row.notice.text,
        "verdict": verdict_text(touched.verdict()), "count": touched.count,
        "touches": touches.collect::<Result<Vec<_>, _>>()?,
    }))
}

fn met_json(
    keeper: &Keeper,
    asked: Nature,
    met: &Met,
    plans: &BTreeMap<u64, Notice>,
) -> Result<Value, Refused> {
    let memorandum = &keeper.memorandum();
    let (party, plan) = match met.subject {
        Subject::Plan(number) => (keeper.party, plans.get(&number).cloned()),
        Subject::Notice(origin) => (origin.book.party, None),
    };
    let given = met.rules.map(|rules| given(keeper, rules)).transpose()?.flatten();
    let said = given.map(|(notice, _)| notice).or(plan).map(
        |notice| json!({"notice_kind": notice.kind, "text": notice.text, "fields": fields_json(&notice)}),
    );
    let Conflict { verdict, overlap, pairs, span } = &met.conflict;
    Ok(json!({
        "subject": subject_text(memorandum, met.subject),
        "rules": met.rules.map(|rules| name_text(memorandum, rules)),
        "party": memorandum.name_of(party),
        "nature": met.nature.name(),
        "in_way": party != keeper.party && met.nature.minds(asked),
        "notice": said,
        "verdict": verdict_text(*verdict),
        "overlap": overlap_json(overlap),
        "pairs": pairs,
        "from_ms": span.from_ms(),
        "until_ms": span.end_ms(),
    }))
}
