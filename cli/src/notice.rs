//! `notice` and `plan`: what will happen where and when, said on the line or kept to oneself (spec/line.md §4.1).
//!
//! Typed here one at a time, or taken from a file ([`crate::files`]). A plan is written like a notice, and stays on this
//! station.

use clap::{Args, Subcommand};
use detente_line::notice::{Field, Form};
use detente_station::{Home, length};
use serde_json::{Map, Value, json};

use crate::airspace;
use crate::draft::{Desk, Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::place::{self, Place};
use crate::precedence::Precedence;
use crate::time::When;
use crate::words::padded;

/// `notice`
#[derive(Debug, Subcommand)]
pub(crate) enum Notice {
    /// Give notice: of what a file lists, or of one thing that is typed
    Send(Box<Send>),
    /// List what is in force, now or at another time
    List(airspace::List),
    /// Write what is in force to a file of another program
    Export(files::Export),
}

/// `plan`
#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Keep plans: those that a file lists, or one that is typed. They never leave this station
    Add(Box<Add>),
    /// List the plans
    List(airspace::Plans),
    /// Take a plan out
    Drop(airspace::DropPlan),
}

/// The corners of an area, in order.
#[derive(Debug, Clone)]
struct Area(Vec<Place>);

impl std::str::FromStr for Area {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        place::area(text).map(Self)
    }
}

/// A length, mm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length(u64);

impl std::str::FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        length::parse(text).map(Self)
    }
}

impl Length {
    /// In metres.
    pub(crate) fn metres(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

/// A field of a notice, `name=value`.
#[derive(Debug, Clone)]
struct Said(String, Worth);

/// What a field says.
#[derive(Debug, Clone)]
enum Worth {
    /// As it is, for the station to read.
    Plain(Value),
    /// A time, which may count from now.
    Time(When),
}

impl std::str::FromStr for Said {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, said) =
            text.split_once('=').ok_or("expected NAME=VALUE, such as contact=\"+963 11 000\"")?;
        let number = || said.parse::<u64>().map_or_else(|_| json!(said), |number| json!(number));
        let worth = match (Field::named(name).map(Field::form), said) {
            (Some(Form::Time), _) => Worth::Time(said.parse()?),
            (Some(Form::Flag), "true" | "yes") => Worth::Plain(json!(true)),
            (Some(Form::Flag), "false" | "no") => Worth::Plain(json!(false)),
            (Some(Form::Number | Form::Length), _) => Worth::Plain(number()),
            _ => Worth::Plain(json!(said)),
        };
        Ok(Self(name.to_owned(), worth))
    }
}

impl Said {
    /// It, as a draft carries it.
    fn json(&self, now_ms: u64) -> Value {
        match &self.1 {
            Worth::Plain(value) => value.clone(),
            Worth::Time(when) => json!(when.ms(now_ms)),
        }
    }
}

/// What is planned, as it is typed.
#[derive(Debug, Args)]
struct Typed {
    /// Kind of notice, as the memorandum names it
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    kind: Option<String>,
    /// What will happen
    #[arg(long, value_parser = held_text, required_unless_present = "file", conflicts_with = "file")]
    text: Option<String>,
    /// When it begins: 2017-04-06T22:40Z, 062240ZAPR17 or +2h
    #[arg(long, value_name = "TIME", required_unless_present = "file", conflicts_with = "file")]
    from: Option<When>,
    /// When it ends; without an end, if not given
    #[arg(long, value_name = "TIME", conflicts_with = "file")]
    until: Option<When>,
    /// Corners of the area, in order, as "lat,lon lat,lon lat,lon"; with ; between them if they hold spaces
    #[arg(long, allow_hyphen_values = true, required_unless_present_any = ["file", "circle"], conflicts_with_all = ["file", "circle"])]
    area: Option<Area>,
    /// Middle of a circle, with --radius
    #[arg(
        long,
        value_name = "POSITION",
        allow_hyphen_values = true,
        requires = "radius",
        conflicts_with = "file"
    )]
    circle: Option<Place>,
    /// Its radius: 500m, 20km, 10nmi
    #[arg(long, value_name = "LENGTH", requires = "circle")]
    radius: Option<Length>,
    /// Lowest altitude, m
    #[arg(long, value_name = "METRES", allow_negative_numbers = true, conflicts_with = "file")]
    lowest_m: Option<f64>,
    /// Highest altitude, m
    #[arg(long, value_name = "METRES", allow_negative_numbers = true, conflicts_with = "file")]
    highest_m: Option<f64>,
    /// What altitudes are counted from: AMSL, if not given, WGS84 or AGL
    #[arg(long, value_name = "DATUM", conflicts_with = "file")]
    datum: Option<String>,
    /// The forces that it binds
    #[arg(long, value_parser = held_text, conflicts_with = "file")]
    forces: Option<String>,
    /// Another field (spec/line.md §4.1), such as contact="+963 11 000"; may be given several times
    #[arg(long = "field", value_name = "NAME=VALUE", conflicts_with = "file")]
    fields: Vec<Said>,
    /// It cannot keep the usual lead time
    #[arg(long)]
    emergency: bool,
}

/// What `notice send` takes.
#[derive(Debug, Args)]
pub(crate) struct Send {
    #[command(flatten)]
    file: files::Taken,
    #[command(flatten)]
    typed: Typed,
    /// The own notice that this one replaces as a whole
    #[arg(long, value_name = "REF", value_parser = entry_name, conflicts_with = "file")]
    amends: Option<String>,
    /// An entry that it is about; may be given several times
    #[arg(long = "regarding", value_name = "REF", value_parser = entry_name, conflicts_with_all = ["amends", "file"])]
    regards: Vec<String>,
    /// Withdraw own notices, of the kinds in the file, that it does not name
    #[arg(long, requires = "file")]
    withdraw_missing: bool,
    /// How soon it is to be handled; routine, or that of what it regards, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    #[command(flatten)]
    writing: Writing,
}

/// What `plan add` takes.
#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    file: files::Taken,
    #[command(flatten)]
    typed: Typed,
    #[command(flatten)]
    line: crate::line::LineArgs,
}

/// Does what is asked about notices.
///
/// # Errors
/// When it is refused.
pub(crate) async fn notice(asked: &Notice, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Notice::Send(asked) => send(asked, home, out).await,
        Notice::List(asked) => airspace::list(asked, home, out).await,
        Notice::Export(asked) => files::export(asked, home, out).await,
    }
}

/// Does what is asked about plans.
///
/// # Errors
/// When it is refused.
pub(crate) async fn plan(asked: &Plan, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Plan::Add(asked) => add(asked, home, out).await,
        Plan::List(asked) => airspace::plans(asked, home, out).await,
        Plan::Drop(asked) => airspace::drop_plan(asked, home, out).await,
    }
}

impl Typed {
    /// The notice, its places and times told back to whoever typed them.
    fn notice(&self, now_ms: u64, out: &Output) -> Result<Map<String, Value>, Failure> {
        let time = |what: &str, when: Option<When>| {
            let ms = when?.ms(now_ms);
            // In columns, as the two are read one below the other.
            let label = padded(&out.t(what), 5);
            out.remark(&out.begun(&format!("{label} {}", out.stamp_from_now(ms, now_ms))));
            Some(ms)
        };
        for corner in self.area.iter().flat_map(|area| &area.0) {
            let said = out.say("told-corner", &[("place", &corner.to_string())]);
            out.remark(&out.begun(&said));
        }
        if let Some((centre, radius)) = self.circle.zip(self.radius) {
            let (metres, place) = (radius.metres().to_string(), centre.to_string());
            let said = out.say("within-metres", &[("metres", &metres), ("place", &place)]);
            out.remark(&out.begun(&said));
        }
        let (from_ms, until_ms) = (time("label-from", self.from), time("label-until", self.until));
        if until_ms.zip(from_ms).is_some_and(|(until_ms, from_ms)| until_ms < from_ms) {
            let hint = "both count from now where they begin with +";
            return Err(Failure::misuse("--until", "a time after --from", "an earlier one", hint));
        }
        let area: Option<Vec<Value>> =
            self.area.as_ref().map(|area| area.0.iter().map(|corner| corner.json()).collect());
        let circle = self.circle.zip(self.radius);
        let circle =
            circle.map(|(centre, radius)| json!({"centre": centre.json(), "radius_m": radius.metres()}));
        let fields: Map<String, Value> =
            self.fields.iter().map(|said| (said.0.clone(), said.json(now_ms))).collect();
        let notice = Draft::empty()
            .with_any("notice_kind", self.kind.as_deref())
            .with_any("text", self.text.as_deref())
            .with_any("from_ms", from_ms)
            .with_any("until_ms", until_ms)
            .with_any("area", area)
            .with_any("circle", circle)
            .with_any("lowest_m", self.lowest_m)
            .with_any("highest_m", self.highest_m)
            .with_any("datum", self.datum.as_deref())
            .with_any("forces", self.forces.as_deref())
            .with_any("fields", (!fields.is_empty()).then_some(fields))
            .with_flag("emergency", self.emergency);
        Ok(notice.fields())
    }

    /// What a file is taken with.
    fn terms(&self) -> files::Terms<'_> {
        files::Terms { kind: self.kind.as_deref(), emergency: self.emergency }
    }
}

/// Gives notice.
async fn send(asked: &Send, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk: Desk = asked.writing.open(home).await?;
    if asked.file.file.is_named() {
        let mut terms = asked.typed.terms().query(&asked.file.file);
        terms.extend(asked.precedence.map(|precedence| ("precedence", precedence.prosign().to_owned())));
        terms.extend(asked.withdraw_missing.then(|| ("withdraw_missing", "true".to_owned())));
        return files::import(desk.on(), &asked.file, terms, out).await;
    }
    let notice = asked.typed.notice(desk.on().now_ms, out)?;
    let draft = match &asked.amends {
        Some(entry) => Draft::of("amendment").regarding(std::slice::from_ref(entry)),
        None => Draft::of("notice").regarding(&asked.regards),
    };
    let draft = draft.with("notice", notice);
    desk.write(out, draft.with_any("precedence", asked.precedence.map(Precedence::prosign))).await
}

/// Keeps plans.
async fn add(asked: &Add, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    if asked.file.file.is_named() {
        let mut terms = asked.typed.terms().query(&asked.file.file);
        terms.push(("as", "plans".to_owned()));
        return files::import(&on, &asked.file, terms, out).await;
    }
    let plan = asked.typed.notice(on.now_ms, out)?;
    let answer = on.post("/plans", &json!({"plans": [plan]}), std::time::Duration::ZERO).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    for number in answer.at("plans").list() {
        out.data(&format!("plan/{}", number.or_unknown()))?;
    }
    out.remark(&out.begun(&out.t("plan-kept")));
    airspace::alarm(out, answer.at("conflicts"))
}
