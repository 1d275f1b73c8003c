//! `token add | list | end`: which programs elsewhere make calls of the API, with what scope, until when.

use clap::{Args, Subcommand, ValueEnum};
use detente_station::Home;
use serde_json::{Value, json};

use crate::answer::Field;
use crate::enrolment::in_path;
use crate::failure::Failure;
use crate::harmless;
use crate::line::Patience;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::time::{self, When};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Make a token: prints its secret, which is shown this once
    Add(Add),
    /// List the tokens, with what each may do and when it was last used
    List(List),
    /// End a token: from the next call on it is good for nothing
    End(End),
}

/// What a program may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// Read the line; every token may
    Read,
    /// Keep own plans
    Plan,
    /// Give notices and report conflicts
    Notify,
    /// Send messages, acknowledge
    Write,
    /// Bind the party: acts, positions, disclosures; and work its circuits and keys
    Act,
}

/// What `token add` takes.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// As people call the program: lowercase letters, digits, -, . and _; no two tokens of a station have one name, ever
    name: String,
    /// What it may do, with commas between
    #[arg(long, value_enum, value_delimiter = ',', default_value = "read")]
    scope: Vec<Scope>,
    /// A line that it may see; may be given several times; all lines, if not given
    #[arg(long = "line", value_name = "LINE")]
    lines: Vec<String>,
    /// The office that what it writes is released by
    #[arg(long)]
    office: Option<String>,
    /// Until when it is good, such as +30d or 2027-06-01T00:00Z; 90 days, if not given, and 366 at most
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    #[command(flatten)]
    patience: Patience,
}

/// What `token list` takes.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    patience: Patience,
}

/// What `token end` takes.
#[derive(Debug, Args)]
pub(crate) struct End {
    /// The token's name
    name: String,
    #[command(flatten)]
    patience: Patience,
}

/// Makes, lists or ends.
///
/// # Errors
/// What the station refuses.
pub(crate) async fn token(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Asked::Add(asked) => add(asked, home, out).await,
        Asked::List(asked) => list(asked, home, out).await,
        Asked::End(asked) => {
            let path = format!("/v1/tokens/{}", in_path(&asked.name));
            let answer = asked.patience.socket(home).delete(&path).await?;
            if out.is_json() {
                return out.data(answer.raw());
            }
            out.data(&format!("{} is a token of this station no more\n", harmless::line(&asked.name)))
        }
    }
}

async fn add(asked: &Add, home: &Home, out: &Output) -> Result<(), Failure> {
    let names = asked.scope.iter().filter_map(ValueEnum::to_possible_value);
    let scope: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
    let mut body = json!({"name": asked.name, "scope": scope, "lines": asked.lines, "office": asked.office});
    let until = asked.until.map(|until| match until {
        When::At(ms) => ("until_ms", ms),
        When::After(ms) => ("for_ms", ms),
    });
    if let (Some((field, ms)), Some(fields)) = (until, body.as_object_mut()) {
        fields.insert(field.into(), Value::from(ms));
    }
    let answer = asked.patience.socket(home).post("/v1/tokens", &body).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    out.data(&answer.at("secret").or_unknown())?;
    let token = answer.at("token");
    let until = token.at("until_ms").number().map(time::stamp).unwrap_or_default();
    let name = token.at("name").or_unknown();
    out.remark(&format!(
        "next: keep it where {name} alone reads it; it is not shown again, and good until {until}"
    ));
    match answer.at("console").text() {
        Some(origin) => {
            out.remark(&format!("calls go to {origin}/v1/… with the header `Authorization: Bearer TOKEN`"));
        }
        None => out
            .remark("no program can use it yet: put [console] into station.toml and start the station again"),
    }
    Ok(())
}

async fn list(asked: &List, home: &Home, out: &Output) -> Result<(), Failure> {
    let socket = asked.patience.socket(home);
    let answer = socket.get("/v1/tokens").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for one in answer.at("tokens").list() {
        page.line(&line(out, one));
    }
    if answer.at("tokens").list().next().is_none() {
        out.remark("no token yet: detente token add NAME --scope read,notify");
    }
    out.data(page.text())
}

fn line(out: &Output, one: Field<'_>) -> String {
    let moment = |field: &str| one.at(field).number();
    let until = moment("until_ms").map(time::stamp).unwrap_or_default();
    let state = match moment("ended_ms") {
        Some(ms) => out.paint(Tone::Quiet, &format!("◇ ended {}", time::stamp(ms))),
        None if one.at("good").holds() => out.paint(Tone::Good, &format!("● until {until}")),
        None => out.paint(Tone::Warn, &format!("○ over {until}")),
    };
    let scope = one.at("scope").joined().unwrap_or_default();
    let lines = one.at("lines").joined().unwrap_or_else(|| "all lines".into());
    let office = one.at("office").text().map(|office| format!(", {office}")).unwrap_or_default();
    let used = match moment("used_ms") {
        Some(ms) => format!("used {}", time::stamp(ms)),
        None => "never used".into(),
    };
    format!("{state}  {}  {scope}{office}, {lines}, {used}", one.at("name").or_unknown())
}
