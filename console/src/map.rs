//! The map of a line: notices of every party and own plans over the window of a time slider, and who is in whose way.
//!
//! Made of what the API answers, once; a script of the page shows and hides what is in force at the moment that an officer looks at. The text
//! beside it says the same as the picture.

mod plane;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{is, list, text};
use crate::entry::author;
use crate::notice::NoticeForm;
use crate::page::Frame;
use crate::peer::Peer;
use crate::{board::Board, time};
use plane::{Point, point, ring, turn};

/// How many characters of a name a row shows.
const GIST: usize = 140;
/// The least that is looked at to begin with, m, and the room around what is there.
const LEAST_VIEW_M: f64 = 40_000.0;
const MARGIN: f64 = 0.12;
/// The least that the slider spans, and how many steps it has about.
const LEAST_WINDOW_MS: u64 = 3_600_000;
const STEPS: u64 = 1_440;
const MINUTE_MS: u64 = 60_000;

/// The page of the map; its part that changes is [`Map`].
#[derive(Debug, Template)]
#[template(path = "map.html")]
pub struct MapPage {
    /// Around it.
    pub frame: Frame,
    /// The line's name.
    pub name: String,
    /// What rings, as the board has it.
    pub board: Board,
    /// The map as it is now.
    pub map: Map,
    /// The boundary that the parties agreed on, where the station has one.
    pub boundary: Option<Agreed>,
    /// Where the officer may give notice: the form for one.
    pub notice: Option<NoticeForm>,
}

/// A boundary that the parties agreed on, by which two officers compare what they look at.
#[derive(Debug, Clone)]
pub struct Agreed {
    name: Peer,
    sha256: String,
}

impl Agreed {
    /// By its name, and its file's SHA-256 in hex.
    pub fn of(name: &str, sha256: &str) -> Self {
        // In fours, as it is read out.
        let fours: Vec<String> =
            sha256.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
        Self { name: Peer::gist(name, GIST, None), sha256: fours.join(" ") }
    }
}

/// What the API answers of the airspace of a line (spec/api.md, "Airspace").
#[derive(Debug, Clone)]
pub struct Answers {
    /// `GET …/notices`.
    pub notices: Value,
    /// `GET …/plans`.
    pub plans: Value,
    /// `GET …/conflicts`.
    pub conflicts: Value,
    /// `GET …/memorandum`.
    pub memorandum: Value,
    /// The reader's party.
    pub party: String,
    /// The station's time.
    pub now_ms: u64,
}

#[derive(Debug, Deserialize)]
struct Said {
    notice_kind: String,
    #[serde(default)]
    text: Option<String>,
    from_ms: u64,
    until_ms: Option<u64>,
    volumes: Vec<SaidVolume>,
    #[serde(default)]
    fields: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct SaidVolume {
    rings: Vec<Vec<plane::Place>>,
    lower: Option<Limit>,
    upper: Option<Limit>,
    from_ms: u64,
    until_ms: Option<u64>,
}

#[derive(Debug, Clone, Deserialize, PartialEq)]
struct Limit {
    m: f64,
    datum: String,
}

#[derive(Debug, Deserialize)]
struct Clash {
    one: String,
    other: String,
    verdict: String,
    overlap: Overlap,
    from_ms: u64,
    until_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Overlap {
    bounds: [f64; 4],
}

/// Whose something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Other,
    Plan,
}

impl Whose {
    fn class(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Other => "other",
            Self::Plan => "plan",
        }
    }
}

/// A volume as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    d: String,
    /// Whether it is one position, which is drawn as a mark.
    is_mark: bool,
    at: Point,
    from_ms: u64,
    until_ms: Option<u64>,
}

/// A notice, or an own plan.
#[derive(Debug, Clone)]
struct Item {
    /// By which picture and text name it.
    number: usize,
    subject: String,
    /// The entry that says what rules; none of a plan.
    opens: Option<String>,
    party: String,
    whose: Whose,
    nature: &'static str,
    kind: Peer,
    name: Peer,
    altitude: String,
    is_short: bool,
    from_ms: u64,
    until_ms: Option<u64>,
    drawn: Vec<Drawn>,
}

/// Two that are in each other's way.
#[derive(Debug, Clone)]
struct Meeting {
    one: String,
    other: String,
    names: (String, String),
    is_conflict: bool,
    from_ms: u64,
    until_ms: Option<u64>,
    west: f64,
    north: f64,
    width: f64,
    height: f64,
}

/// A kind of notice, as the memorandum has it.
#[derive(Debug, Clone, Deserialize)]
struct Kind {
    name: String,
    nature: String,
}

/// The map of a line at a moment.
#[derive(Debug, Clone, Template)]
#[template(path = "map-part.html")]
pub struct Map {
    frame: Frame,
    items: Vec<Item>,
    meetings: Vec<Meeting>,
    more: bool,
    now_ms: u64,
    from_ms: u64,
    until_ms: u64,
    step_ms: u64,
    origin: Point,
    view: [f64; 4],
}

/// Metres as people read them.
fn limit(limit: &Limit) -> String {
    format!("{:.0} m {}", limit.m, limit.datum)
}

/// What is looked for while the volumes are taken in: nothing is drawn before it is known where the map's own zero is.
struct Laid {
    item: Item,
    rings: Vec<(SaidVolume, Vec<Vec<Point>>)>,
}

impl Laid {
    fn of(
        whose: Whose,
        about: &Value,
        notice: Value,
        near: &mut Option<f64>,
    ) -> Result<Self, serde_json::Error> {
        let said: Said = serde_json::from_value(notice)?;
        let kind = |nature: &str| match nature {
            "movement" => "movement",
            "site" => "site",
            _ => "activity",
        };
        let subject = match about.get("plan").and_then(Value::as_u64) {
            Some(number) => format!("plan/{number}"),
            None => text(about, "entry").to_owned(),
        };
        let first =
            |name: &str| said.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = first("name").or(said.text.as_deref()).unwrap_or_default();
        let band = |volume: &SaidVolume| (volume.lower.clone(), volume.upper.clone());
        let altitude = match said.volumes.first().map(band) {
            Some((None, None)) | None => String::new(),
            Some((lower, upper)) => {
                let said = |one: Option<Limit>| one.as_ref().map_or_else(|| "…".into(), limit);
                format!("{} – {}", said(lower), said(upper))
            }
        };
        let item = Item {
            number: 0,
            opens: (whose != Whose::Plan).then(|| text(about, "rules").to_owned()),
            party: author(about),
            whose,
            nature: kind(text(about, "nature")),
            kind: Peer::gist(&said.notice_kind, GIST, None),
            name: Peer::gist(name, GIST, None),
            altitude,
            is_short: !list(about, "short").is_empty(),
            from_ms: said.from_ms,
            until_ms: said.until_ms,
            drawn: Vec::new(),
            subject,
        };
        let lay = |volume: SaidVolume| {
            let first = volume.rings.first().and_then(|ring| ring.first()).map_or(0.0, |[_, lon]| *lon);
            let near = *near.get_or_insert(first);
            let rings = volume.rings.iter().map(|corners| ring(corners, near)).collect();
            (volume, rings)
        };
        Ok(Self { item, rings: said.volumes.into_iter().map(lay).collect() })
    }

    fn drawn(self, number: usize, origin: Point) -> Item {
        let draw = |(volume, rings): (SaidVolume, Vec<Vec<Point>>)| {
            let all = plane::Frame::of(rings.iter().flatten());
            let at = all.map_or(origin, |frame| frame.middle());
            Drawn {
                d: path(&rings, origin),
                is_mark: rings.first().is_some_and(|ring| ring.len() == 1),
                at: Point { x: at.x - origin.x, y: at.y - origin.y },
                from_ms: volume.from_ms,
                until_ms: volume.until_ms,
            }
        };
        let drawn = self.rings.into_iter().map(draw).collect();
        Item { number, drawn, ..self.item }
    }
}

/// Lines as a path of whole metres of the plane, each from its first position, degrees; for what stays while the map is made anew.
pub fn boundary_path(lines: &[Vec<[f64; 2]>]) -> String {
    let mut d = String::new();
    for line in lines {
        begun(&mut d, &plane::line(line), Point { x: 0.0, y: 0.0 });
    }
    d
}

/// What `POST …/sketch` understood, with what it looks like: `paths`, one for each volume, and `spots`, one for each place, as paths in metres from
/// the map's zero `x` and `y`, as near to a longitude as whole turns bring them.
pub fn sketched(mut answer: Value, zero: [f64; 2], near: f64) -> Value {
    let [x, y] = zero;
    let drawn = |rings: Vec<Vec<plane::Place>>| {
        let rings: Vec<Vec<Point>> = rings.iter().map(|corners| ring(corners, near)).collect();
        path(&rings, Point { x, y })
    };
    let of = |list: &str, read: &dyn Fn(&Value) -> Option<Vec<Vec<plane::Place>>>| -> Value {
        let all = answer.get(list).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(read).map(drawn).collect()
    };
    let rings = |volume: &Value| serde_json::from_value(volume.get("rings")?.clone()).ok();
    let spot = |place: &Value| Some(vec![vec![serde_json::from_value(place.get("position")?.clone()).ok()?]]);
    let (paths, spots) = (of("drawn", &rings), of("places", &spot));
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("paths".into(), paths);
        fields.insert("spots".into(), spots);
    }
    answer
}

/// Begins a path at the first of some points and leads it to the last.
fn begun(d: &mut String, points: &[Point], origin: Point) {
    let mut lead = 'M';
    for at in points {
        let _ = write!(d, "{lead}{:.0} {:.0}", at.x - origin.x, at.y - origin.y);
        lead = 'L';
    }
}

/// Rings as a path of whole metres from the map's own zero.
fn path(rings: &[Vec<Point>], origin: Point) -> String {
    let mut d = String::new();
    for ring in rings {
        begun(&mut d, ring, origin);
        d.push_str(if ring.len() == 1 { "h0" } else { "z" });
    }
    d
}

impl Map {
    /// Of a line, by what the API says of its airspace.
    ///
    /// # Errors
    /// Where an answer is not as spec/api.md has it.
    pub fn of(frame: Frame, answers: &Answers) -> Result<Self, serde_json::Error> {
        let kinds: Vec<Kind> = match answers.memorandum.get("notice_kinds") {
            Some(kinds) => serde_json::from_value(kinds.clone())?,
            None => Vec::new(),
        };
        let mut near = None;
        let mut laid = Vec::new();
        for notice in list(&answers.notices, "notices") {
            let whose = if author(notice) == answers.party { Whose::Own } else { Whose::Other };
            let said = notice.get("notice").filter(|said| !said.is_null());
            if let Some(said) = said {
                laid.push(Laid::of(whose, notice, said.clone(), &mut near)?);
            }
        }
        for plan in list(&answers.plans, "plans") {
            let Some(said) = plan.get("notice") else { continue };
            let mut one = Laid::of(Whose::Plan, plan, said.clone(), &mut near)?;
            answers.party.clone_into(&mut one.item.party);
            let kind = kinds.iter().find(|kind| kind.name == text(said, "notice_kind"));
            one.item.nature = match kind.map(|kind| kind.nature.as_str()) {
                Some("movement") => "movement",
                Some("site") => "site",
                _ => "activity",
            };
            laid.push(one);
        }
        laid.sort_by(|one, other| {
            (one.item.from_ms, &one.item.subject).cmp(&(other.item.from_ms, &other.item.subject))
        });
        let all = plane::Frame::of(
            laid.iter().flat_map(|one| one.rings.iter().flat_map(|(_, rings)| rings.iter().flatten())),
        );
        let world = plane::Frame {
            west: -turn() / 2.0,
            north: point([75.0, 0.0]).y,
            east: turn() / 2.0,
            south: point([-60.0, 0.0]).y,
        };
        let all = all.unwrap_or(world);
        let origin = Point { x: all.middle().x.round(), y: all.middle().y.round() };
        let side = |length: f64| (length * (1.0 + 2.0 * MARGIN)).max(LEAST_VIEW_M).round();
        let (width, height) = (side(all.east - all.west), side(all.south - all.north));
        let items: Vec<Item> =
            laid.into_iter().enumerate().map(|(index, one)| one.drawn(index + 1, origin)).collect();
        let (from_ms, until_ms, step_ms) = window(&items, answers.now_ms);
        let clashes: Vec<Clash> = match answers.conflicts.get("conflicts") {
            Some(conflicts) => serde_json::from_value(conflicts.clone())?,
            None => Vec::new(),
        };
        let meetings = clashes
            .into_iter()
            .map(|clash| Meeting::of(clash, &items, near.unwrap_or(0.0), origin))
            .collect();
        let more =
            [&answers.notices, &answers.plans, &answers.conflicts].iter().any(|answer| is(answer, "more"));
        let view = [-width / 2.0, -height / 2.0, width, height];
        Ok(Self {
            frame,
            items,
            meetings,
            more,
            now_ms: answers.now_ms,
            from_ms,
            until_ms,
            step_ms,
            origin,
            view,
        })
    }

    fn view_box(&self) -> String {
        self.view.map(|one| format!("{one:.0}")).join(" ")
    }

    fn group(&self, ms: &u64) -> String {
        time::group(*ms)
    }

    fn until(&self, ms: &Option<u64>) -> String {
        ms.map_or_else(|| self.frame.t("map-open-end"), time::group)
    }

    /// As a script reads it: nothing is before the end of what has none.
    fn end(&self, ms: &Option<u64>) -> String {
        ms.map_or_else(String::new, |ms| ms.to_string())
    }

    fn whose_word(&self, whose: &Whose) -> String {
        match whose {
            Whose::Own => self.frame.t("map-own"),
            Whose::Other => self.frame.t("map-other"),
            Whose::Plan => self.frame.t("map-plan"),
        }
    }

    fn nature_word(&self, nature: &str) -> String {
        match nature {
            "movement" => self.frame.t("map-movement"),
            "site" => self.frame.t("map-site"),
            _ => self.frame.t("map-activity"),
        }
    }

    fn natures(&self) -> [&'static str; 3] {
        ["activity", "movement", "site"]
    }

    fn whoses(&self) -> [Whose; 3] {
        [Whose::Own, Whose::Other, Whose::Plan]
    }

    fn sign(&self, nature: &str) -> &'static str {
        match nature {
            "movement" => "➤",
            "site" => "✚",
            _ => "◆",
        }
    }

    fn shown(&self) -> String {
        self.frame.words.n("map-shown", self.items.len() as u64)
    }
}

/// What the slider spans, all that begins and ends, and now, and its step, all in ms. It begins at a whole step since 1970, so that a moment chosen
/// is a moment of the slider still when the map is made anew a minute later.
fn window(items: &[Item], now_ms: u64) -> (u64, u64, u64) {
    let from_ms = items.iter().map(|item| item.from_ms).fold(now_ms, u64::min);
    let ends = items.iter().map(|item| item.until_ms.unwrap_or(item.from_ms));
    let until_ms = ends.fold(now_ms, u64::max).max(from_ms + LEAST_WINDOW_MS);
    let step_ms = ((until_ms - from_ms) / STEPS).div_ceil(MINUTE_MS).max(1) * MINUTE_MS;
    (from_ms / step_ms * step_ms, (until_ms / step_ms + 1) * step_ms, step_ms)
}

impl Meeting {
    fn of(clash: Clash, items: &[Item], near: f64, origin: Point) -> Self {
        let [south, west, north, east] = clash.overlap.bounds;
        let turns = ((near - f64::midpoint(west, east)) / 360.0).round() * 360.0;
        let (nw, se) = (point([north, west + turns]), point([south, east + turns]));
        let name = |subject: &str| {
            let number = items.iter().find(|item| item.subject == subject).map(|item| item.number);
            number.map_or_else(|| subject.to_owned(), |number| format!("{number} ({subject})"))
        };
        Self {
            names: (name(&clash.one), name(&clash.other)),
            one: clash.one,
            other: clash.other,
            is_conflict: clash.verdict == "conflict",
            from_ms: clash.from_ms,
            until_ms: clash.until_ms,
            west: nw.x - origin.x,
            north: nw.y - origin.y,
            width: se.x - nw.x,
            height: se.y - nw.y,
        }
    }
}

#[cfg(test)]
mod tests;
