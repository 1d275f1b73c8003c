//! From files of other programs to notices of a line, and back (spec/exchange.md).
//!
//! A file is understood whole before anything of it is written: every row becomes a notice that is held to its kind, and
//! is compared with this party's own notice of the same serial. One row that is wrong, and nothing of the file is taken.

use std::collections::{BTreeMap, BTreeSet};

use detente_exchange::fault::{Place, Unit};
use detente_exchange::item::{Item, Kind, Part, Shape as Meant, Waypoint as Passed};
use detente_exchange::reading::{self, Options};
use detente_exchange::{echo, time::Zone};
use detente_line::airspace::altitude::Band;
use detente_line::airspace::area::Area;
use detente_line::airspace::bounds::Bounds;
use detente_line::airspace::cover::Shape;
use detente_line::airspace::span::Span;
use detente_line::notice::making::Place as Where;
use detente_line::notice::rule::HALF_WIDTH_MM;
use detente_line::notice::{Field, Value, Waypoint};
use detente_line::{Amendment, Content, Memorandum, Nature, Notice, NoticeKind, Said};
use detente_record::{EntryRef, MAX_ENTRY};
use rayon::prelude::*;

/// Bytes of an entry that are not its body, at most.
const FRAME: usize = 1_024;
/// Most rows that are shown.
pub const MAX_ROWS: usize = 1_000;
/// Most faults that are told.
pub const MAX_FAULTS: usize = 1_000;

/// Most lines of either side of a row that changes.
const MAX_DIFFERS: usize = 40;

/// What is known before a file is read.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The line's rules.
    pub memorandum: &'a Memorandum,
    /// The kind of every row; `None`: the only kind of the memorandum that is about what the row says it is.
    pub kind: Option<&'a str>,
    /// The zone of times that name none.
    pub zone: Option<&'a Zone>,
    /// Rows that are later than their lead time are emergencies.
    pub emergency: bool,
    /// ms since 1970.
    pub now_ms: u64,
    /// What becomes of rows that are short of what is asked of notices.
    pub short: Shortness,
}

/// What becomes of a row that is short of what its kind asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortness {
    /// It is wrong, and no notice.
    Refused,
    /// It is wrong, and its notice is there to be looked at.
    Named,
    /// Nothing: own plans are held to nothing.
    Passed,
}

/// Own notices in force, by serial: the entry that gave each, and what rules.
pub type Standing = BTreeMap<String, (EntryRef, Notice)>;

/// What a row does to what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There is no notice of its serial.
    New,
    /// It says something else than this notice.
    Changed(EntryRef),
    /// It says what this notice says.
    Same(EntryRef),
}

/// A row, feature or placemark that was understood.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it stands in the file.
    pub place: String,
    /// Its serial.
    pub serial: String,
    /// What it does.
    pub change: Change,
    /// The notice that it becomes.
    pub notice: Notice,
    /// What is to be written for it; `None` where nothing is.
    pub said: Option<Said>,
    /// What was understood, line by line; nothing for rows beyond [`MAX_ROWS`].
    pub echo: Vec<String>,
    /// Of one that changes: the lines that only what is in force has, and those that only the row has.
    pub differs: Option<(Vec<String>, Vec<String>)>,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where in the file.
    pub place: String,
    /// What.
    pub reason: String,
}

/// A file that was read; nothing of it is to be taken while something is wrong with it.
#[derive(Debug, Default)]
pub struct Understood {
    /// What the file was: `geojson`, `kml`, `kmz`, `csv`, `xlsx`, `json`.
    pub format: String,
    /// Rows that were understood, in the file's order.
    pub rows: Vec<Row>,
    /// What is wrong, at most [`MAX_FAULTS`].
    pub wrong: Vec<Wrong>,
    /// How much is wrong.
    pub wrong_count: usize,
    /// What was read otherwise than somebody may think.
    pub notes: Vec<Wrong>,
    /// Own notices in force, of the file's kinds, that the file does not name.
    pub missing: Vec<(String, EntryRef)>,
}

impl Understood {
    fn refuse(&mut self, place: &Place, reason: String) {
        self.wrong_count += 1;
        if self.wrong.len() < MAX_FAULTS {
            self.wrong.push(Wrong { place: place.to_string(), reason });
        }
    }
}

/// Reads a file and holds it to a line's rules; `name` is what the file is called.
pub fn understand(bytes: &[u8], name: &str, terms: &Terms<'_>, standing: &Standing) -> Understood {
    let within = terms.memorandum.terms().extent.map(|extent| Bounds {
        south: extent.south,
        west: extent.west,
        north: extent.north,
        east: extent.east,
    });
    let mut understood = Understood::default();
    let read = match reading::read(bytes, name, &Options { zone: terms.zone.cloned(), within }) {
        Ok(read) => read,
        Err(faults) => {
            let told = faults.told().iter().take(MAX_FAULTS);
            understood.wrong = told
                .map(|fault| Wrong { place: fault.place.to_string(), reason: fault.reason.to_string() })
                .collect();
            understood.wrong_count = faults.count();
            return understood;
        }
    };
    understood.format = read.format.extension().into();
    let notes = read.notes.iter();
    understood.notes =
        notes.map(|note| Wrong { place: note.place.to_string(), reason: note.text.clone() }).collect();
    let mut named = BTreeSet::new();
    let mut kinds: Vec<String> = Vec::new();
    for (item, judged) in read.items.iter().zip(judged(&read.items, terms, standing)) {
        match judged {
            Ok(Judged { serial, change, notice, said, short }) => {
                for reason in short {
                    understood.refuse(&item.place, reason);
                }
                if item.parts.is_empty() && item.half_width_mm.is_none() {
                    let kind = terms.memorandum.notice_kind(&notice.kind);
                    let metres = f64::from(kind.map_or(HALF_WIDTH_MM, NoticeKind::half_width_mm)) / 1e3;
                    let reason = format!("its way is taken to be {metres} m wide to either side");
                    understood.notes.push(Wrong { place: item.place.to_string(), reason });
                    understood.notes.truncate(MAX_FAULTS);
                }
                if !serial.is_empty() {
                    named.insert(serial.clone());
                }
                if !kinds.contains(&notice.kind) {
                    kinds.push(notice.kind.clone());
                }
                let shown = understood.rows.len() < MAX_ROWS;
                let echo = if shown { echo::item(item, terms.zone) } else { Vec::new() };
                let held = standing.get(&serial).filter(|_| shown && matches!(change, Change::Changed(_)));
                let differs = held.map(|(_, held)| differs(held, &notice, terms));
                understood.rows.push(Row {
                    place: item.place.to_string(),
                    serial,
                    change,
                    notice,
                    said,
                    echo,
                    differs,
                });
            }
            Err(reasons) => {
                for reason in reasons {
                    understood.refuse(&item.place, reason);
                }
            }
        }
    }
    let missing = standing
        .iter()
        .filter(|(serial, (_, notice))| !named.contains(*serial) && kinds.contains(&notice.kind));
    understood.missing = missing.map(|(serial, (origin, _))| (serial.clone(), *origin)).collect();
    understood
}

/// What only one of two notices says, and what only the other, line by line.
fn differs(held: &Notice, notice: &Notice, terms: &Terms<'_>) -> (Vec<String>, Vec<String>) {
    let lines = |notice: &Notice| {
        let nature = terms.memorandum.notice_kind(&notice.kind).map_or(Nature::Activity, NoticeKind::nature);
        echo::item(&item_of(notice, nature, "", 1), terms.zone)
    };
    let (before, after) = (lines(held), lines(notice));
    let only = |one: &[String], other: &[String]| {
        let lacking = one.iter().filter(|line| !other.contains(line));
        lacking.take(MAX_DIFFERS).cloned().collect()
    };
    (only(&before, &after), only(&after, &before))
}

/// What becomes of an item.
struct Judged {
    serial: String,
    change: Change,
    notice: Notice,
    said: Option<Said>,
    /// What it is short of, where that is named beside it.
    short: Vec<String>,
}

/// What becomes of each item, in their order, by all cores: covers and bytes are most of the work, and no item waits for
/// another.
fn judged(items: &[Item], terms: &Terms<'_>, standing: &Standing) -> Vec<Result<Judged, Vec<String>>> {
    let judged = items.par_iter().map(|item| {
        let serial = serial_of(item).unwrap_or_default();
        let before = standing.get(&serial).filter(|_| !serial.is_empty());
        let (notice, short) = notice_of(item, terms, before.map(|(_, notice)| notice))?;
        let change = match before {
            None => Change::New,
            Some((origin, held)) if *held == notice => Change::Same(*origin),
            Some((origin, _)) => Change::Changed(*origin),
        };
        let content = match change {
            Change::New => Some(Content::Notice(notice.clone())),
            Change::Changed(_) => Some(Content::Amendment(Amendment::Notice(notice.clone()))),
            Change::Same(_) => None,
        };
        let said = content.map(|content| said(&content, terms.short)).transpose()?.flatten();
        Ok(Judged { serial, change, notice, said, short })
    });
    judged.collect()
}

fn serial_of(item: &Item) -> Option<String> {
    match item.fields.get(&Field::Serial) {
        Some(Value::Text(serial)) => Some(serial.clone()),
        _ => item.id.clone(),
    }
}

/// The notice that an item becomes, and what it is short of where that is to be named beside it.
fn notice_of(
    item: &Item,
    terms: &Terms<'_>,
    before: Option<&Notice>,
) -> Result<(Notice, Vec<String>), Vec<String>> {
    let one = |reason: String| vec![reason];
    let kind = kind_of(item, terms).map_err(one)?;
    let mut fields = item.fields.clone();
    if let Some(serial) = serial_of(item) {
        fields.insert(Field::Serial, Value::Text(serial));
    }
    let texts = [Field::Name, Field::Purpose, Field::Function, Field::Serial];
    let text = match item.text.trim() {
        "" => texts.iter().find_map(|field| match fields.get(field) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }),
        text => Some(text.to_owned()),
    };
    let text = text.ok_or_else(|| one("expected a text or a name, found none".into()))?;
    let waypoints = item.waypoints.iter().map(|passed| {
        let window = Span::new(passed.from_ms, passed.until_ms).map_err(|fault| fault.to_string())?;
        Ok(Waypoint { position: passed.position, window })
    });
    let waypoints: Vec<Waypoint> = waypoints.collect::<Result<_, String>>().map_err(one)?;
    let between = legs_between(item, item.half_width_mm.unwrap_or(kind.half_width_mm()));
    let parts = if item.parts.is_empty() { &between } else { &item.parts };
    if parts.is_empty() {
        return Err(one("expected a place, or two waypoints and more, found neither".into()));
    }
    let legs = parts.len() + 1 == waypoints.len();
    let mut volumes = Vec::with_capacity(parts.len());
    for (number, part) in parts.iter().enumerate() {
        let leg = waypoints.get(number).zip(waypoints.get(number + 1)).filter(|_| legs);
        let leg = leg.and_then(|(from, to)| Span::new(from.window.from_ms(), to.window.until_ms()).ok());
        // What says no time holds from now on; a list that is sent again keeps what it said first.
        let said_before = before.and_then(|before| before.volumes.get(number)).map(|volume| volume.span);
        let open = || {
            let kept = said_before.filter(|span| span.end_ms().is_none());
            kept.or_else(|| Span::since(terms.now_ms).ok()).filter(|_| kind.nature() == Nature::Site)
        };
        let span = part.span.or(leg).or_else(open);
        let span =
            span.ok_or_else(|| one(format!("expected from when until when, for {}", kind.nature().name())))?;
        let volume = kind.volume(place_of(part).map_err(one)?, part.band, span);
        volumes.push(volume.map_err(|fault| one(format!("{}: {fault}", fault.name())))?);
    }
    let mut notice = Notice { kind: kind.name.clone(), text, volumes, fields, emergency: false, waypoints };
    let mut named = Vec::new();
    if terms.short != Shortness::Passed {
        let extent = terms.memorandum.terms().extent.as_ref();
        let short = |notice: &Notice| kind.short(notice, terms.now_ms, extent);
        let mut found = short(&notice);
        if terms.emergency && found.iter().any(|short| short.what == "lead time") {
            notice.emergency = true;
            found = short(&notice);
        }
        // A notice that is in force unchanged was in time when it was given.
        if before.is_some_and(|before| {
            *before == notice || *before == Notice { emergency: true, ..notice.clone() }
        }) {
            return Ok((before.cloned().unwrap_or(notice), named));
        }
        let said = |short: &detente_line::Short| {
            format!("{}: expected {}, found {}", short.what, short.expected, short.found)
        };
        named.extend(found.iter().map(said));
        if !named.is_empty() && terms.short == Shortness::Refused {
            return Err(named);
        }
    }
    Ok((notice, named))
}

/// What is to be written, if anything is; what is too large is wrong anyway.
fn said(content: &Content, short: Shortness) -> Result<Option<Said>, Vec<String>> {
    let (said, bytes) = match short {
        Shortness::Refused => {
            let said = Said::new(content).map_err(|fault| vec![fault.to_string()])?;
            let bytes = said.body().len();
            (Some(said), bytes)
        }
        Shortness::Named | Shortness::Passed => (None, content.encode().len()),
    };
    if bytes + FRAME > MAX_ENTRY {
        let most = MAX_ENTRY - FRAME;
        return Err(vec![format!(
            "expected at most {most} bytes in all, found {bytes}: split it, or agree on a coarser tolerance"
        )]);
    }
    Ok(said)
}

/// The legs between the waypoints of a movement, where no parts are said.
fn legs_between(item: &Item, half_width_mm: u32) -> Vec<Part> {
    let pairs = item.waypoints.iter().zip(item.waypoints.iter().skip(1));
    let shape = |from: &Passed, to: &Passed| match from.position == to.position {
        // A stop: all around the place, for as long as it lasts.
        true => Meant::Circle { centre: from.position, radius_mm: half_width_mm },
        false => Meant::Leg { from: from.position, to: to.position, half_width_mm },
    };
    pairs.map(|(from, to)| Part { shape: shape(from, to), band: Band::ALL, span: None }).collect()
}

fn kind_of<'a>(item: &Item, terms: &Terms<'a>) -> Result<&'a NoticeKind, String> {
    let kinds = &terms.memorandum.terms().notices;
    let names = || kinds.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = terms.kind {
        return terms
            .memorandum
            .notice_kind(name)
            .ok_or_else(|| format!("expected a kind of the memorandum ({}), found {name}", names()));
    }
    let nature = item.kind.map(|kind| match kind {
        Kind::Activity => Nature::Activity,
        Kind::Movement => Nature::Movement,
        Kind::Site => Nature::Site,
    });
    let mut fit = kinds.iter().filter(|kind| nature.is_none_or(|nature| kind.nature() == nature));
    match (fit.next(), fit.next()) {
        (Some(kind), None) => Ok(kind),
        (None, _) => Err(format!(
            "expected something that the memorandum has a kind of notice for ({}), found {}",
            names(),
            item.kind.map_or("nothing said", Kind::name)
        )),
        (Some(_), Some(_)) => Err(format!(
            "expected to be told which kind it is, one of {}: name it for the whole file",
            names()
        )),
    }
}

fn place_of(part: &Part) -> Result<Where, String> {
    Ok(match &part.shape {
        Meant::Area(area) => area.clone().into(),
        Meant::Circle { centre, radius_mm } => {
            Shape::Circle { centre: *centre, radius_mm: *radius_mm }.into()
        }
        Meant::Leg { from, to, half_width_mm } => {
            Shape::Leg { from: *from, to: *to, half_width_mm: *half_width_mm }.into()
        }
        Meant::Point(position) => Area::new(&[*position], &[]).map_err(|fault| fault.to_string())?.into(),
    })
}

/// A notice as an item of a file, the `number`th from 1; `name` stands in where it has no serial.
pub fn item_of(notice: &Notice, nature: Nature, name: &str, number: usize) -> Item {
    let mut item = Item::at(Place::at(Unit::Item, number));
    item.id = Some(notice.text_of(Field::Serial).unwrap_or(name).to_owned());
    item.kind = Some(match nature {
        Nature::Activity => Kind::Activity,
        Nature::Movement => Kind::Movement,
        Nature::Site => Kind::Site,
    });
    item.text = notice.text.clone();
    item.fields = notice.fields.clone();
    item.fields.remove(&Field::Serial);
    item.waypoints = notice
        .waypoints
        .iter()
        .map(|passed| Passed {
            position: passed.position,
            from_ms: passed.window.from_ms(),
            until_ms: passed.window.until_ms(),
        })
        .collect();
    item.parts = notice
        .volumes
        .iter()
        .map(|volume| {
            let shape = match &volume.shape {
                Some(Shape::Circle { centre, radius_mm }) => {
                    Meant::Circle { centre: *centre, radius_mm: *radius_mm }
                }
                Some(Shape::Leg { from, to, half_width_mm }) => {
                    Meant::Leg { from: *from, to: *to, half_width_mm: *half_width_mm }
                }
                Some(Shape::Around { .. }) | None => {
                    let mut rings = volume.area.rings().map(Vec::from_iter);
                    match (rings.next().as_deref(), rings.next()) {
                        (Some([position]), None) => Meant::Point(*position),
                        _ => Meant::Area(volume.area.clone()),
                    }
                }
            };
            Part { shape, band: volume.band, span: Some(volume.span) }
        })
        .collect();
    item
}
