//! `notice`: what will happen where and when, or the whole of it anew (spec/line.md §4.1).

use clap::Args;
use detente_station::Home;
use serde_json::Value;

use crate::draft::{Draft, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::output::Output;
use crate::place::{self, Place};
use crate::precedence::Precedence;
use crate::time::When;

/// The corners of an area, in order.
#[derive(Debug, Clone)]
struct Area(Vec<Place>);

impl std::str::FromStr for Area {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        place::area(text).map(Self)
    }
}

/// What `notice` takes.
#[derive(Debug, Args)]
pub(crate) struct Notice {
    /// Kind of notice, as the memorandum names it
    #[arg(long, value_name = "NAME")]
    kind: String,
    /// What will happen
    #[arg(long, value_parser = held_text)]
    text: String,
    /// When it begins: 2017-04-06T22:40Z, 062240ZAPR17 or +2h
    #[arg(long, value_name = "TIME")]
    from: When,
    /// When it ends
    #[arg(long, value_name = "TIME")]
    until: When,
    /// Corners of the area, in order, as "lat,lon lat,lon lat,lon"; with ; between them if they hold spaces
    #[arg(long, allow_hyphen_values = true)]
    area: Area,
    /// Lowest altitude, m
    #[arg(long, value_name = "METRES", allow_negative_numbers = true)]
    lowest_m: Option<f64>,
    /// Highest altitude, m
    #[arg(long, value_name = "METRES", allow_negative_numbers = true)]
    highest_m: Option<f64>,
    /// The forces that it binds
    #[arg(long, value_parser = held_text)]
    forces: Option<String>,
    /// It cannot keep the usual lead time
    #[arg(long)]
    emergency: bool,
    /// The own notice that this one replaces as a whole
    #[arg(long, value_name = "REF", value_parser = entry_name)]
    amends: Option<String>,
    /// An entry that it is about; may be given several times
    #[arg(long = "regarding", value_name = "REF", value_parser = entry_name, conflicts_with = "amends")]
    regards: Vec<String>,
    /// How soon it is to be handled; routine, or that of what it regards, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    #[command(flatten)]
    writing: Writing,
}

/// Gives notice.
///
/// # Errors
/// When it ends before it begins, and as [`Writing::write`].
pub(crate) async fn notice(asked: &Notice, home: &Home, out: &Output) -> Result<(), Failure> {
    let desk = asked.writing.open(home).await?;
    for corner in &asked.area.0 {
        out.remark(&format!("corner {corner}"));
    }
    let from_ms = desk.time(out, "from ", Some(asked.from));
    let until_ms = desk.time(out, "until", Some(asked.until));
    if until_ms < from_ms {
        let hint = "both count from now where they begin with +";
        return Err(Failure::misuse("--until", "a time after --from", "an earlier one", hint));
    }
    let area: Vec<Value> = asked.area.0.iter().map(|corner| corner.json()).collect();
    let notice = Draft::empty()
        .with("notice_kind", asked.kind.as_str())
        .with("text", asked.text.as_str())
        .with_any("from_ms", from_ms)
        .with_any("until_ms", until_ms)
        .with("area", area)
        .with_any("lowest_m", asked.lowest_m)
        .with_any("highest_m", asked.highest_m)
        .with_any("forces", asked.forces.as_deref())
        .with_flag("emergency", asked.emergency);
    let draft = match &asked.amends {
        Some(entry) => Draft::of("amendment").regarding(std::slice::from_ref(entry)),
        None => Draft::of("notice").regarding(&asked.regards),
    };
    let draft = draft.with("notice", notice.fields());
    desk.write(out, draft.with_any("precedence", asked.precedence.map(Precedence::prosign))).await
}
