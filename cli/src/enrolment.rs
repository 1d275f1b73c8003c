//! `officer add | list | link | end | audit`: who may sign in at the console, and what they did there.

use clap::{Args, ValueEnum};
use detente_station::Home;
use detente_station::config::Config;
use serde_json::json;

use crate::answer::{Answer, Field};
use crate::failure::Failure;
use crate::harmless;
use crate::line::Patience;
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::time;

/// What an officer may do at the console.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Holds the watch: messages, acknowledgements, notices
    WatchOfficer,
    /// Speaks for the party: all that, and its acts
    Supervisor,
    /// Plans, and gives notice of plans
    Planner,
    /// Reads
    Observer,
    /// Admits officers, and says nothing on a line
    Administrator,
}

/// What `officer add` takes.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// As people call them; no two officers of a station have one name
    name: String,
    /// What they may do
    #[arg(long, value_enum)]
    role: Role,
    /// A line that they may see; may be given several times; all lines, if not given
    #[arg(long = "line", value_name = "LINE")]
    lines: Vec<String>,
    /// The office that they hold, which what they write is released by
    #[arg(long)]
    office: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

/// What `officer link` and `officer end` take.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The officer's name
    name: String,
    #[command(flatten)]
    patience: Patience,
}

/// What `officer list` takes.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    patience: Patience,
}

/// What `officer audit` takes.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Most of what they did, the newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
    #[command(flatten)]
    patience: Patience,
}

/// A name as a part of a path.
pub(crate) fn in_path(name: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric();
    name.bytes()
        .map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Admits an officer.
///
/// # Errors
/// What the station refuses.
pub(crate) async fn add(asked: &Add, home: &Home, out: &Output) -> Result<(), Failure> {
    let role = asked.role.to_possible_value().map(|value| value.get_name().to_owned());
    let body = json!({"name": asked.name, "role": role, "lines": asked.lines, "office": asked.office});
    show_link(&asked.patience.socket(home).post("/v1/officers", &body).await?, home, out)
}

/// Gives an officer another one-time link: for one more passkey, or in place of one that was lost.
///
/// # Errors
/// What the station refuses.
pub(crate) async fn link(asked: &Named, home: &Home, out: &Output) -> Result<(), Failure> {
    let path = format!("/v1/officers/{}/link", in_path(&asked.name));
    show_link(&asked.patience.socket(home).post(&path, &json!({})).await?, home, out)
}

fn show_link(answer: &Answer, home: &Home, out: &Output) -> Result<(), Failure> {
    if out.is_json() {
        return out.data(answer.raw());
    }
    out.data(&answer.at("link").or_unknown())?;
    let until = answer.at("until_ms").number().map(time::stamp).unwrap_or_default();
    let name = answer.at("officer").at("name").or_unknown();
    out.remark(&format!("next: give it to {name} alone; it works once, until {until}"));
    // Whoever gave the console a certificate has browsers that trust it.
    let console = Config::read(&home.config()).ok().and_then(|config| config.console);
    let is_own = console.is_some_and(|console| console.certificate.is_none());
    if let Some(pin) = detente_station::own_key_pin(home).ok().flatten().filter(|_| is_own) {
        let certificate = home.console_certificate();
        out.remark(&format!(
            "no authority vouches for the console: have the browser trust {}, or start Chromium with --ignore-certificate-errors-spki-list={pin}",
            certificate.display()
        ));
    }
    Ok(())
}

/// Dismisses an officer: sessions, links and passkeys end with it.
///
/// # Errors
/// What the station refuses.
pub(crate) async fn end(asked: &Named, home: &Home, out: &Output) -> Result<(), Failure> {
    let answer =
        asked.patience.socket(home).delete(&format!("/v1/officers/{}", in_path(&asked.name))).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    out.data(&format!("{} is an officer of this station no more\n", harmless::line(&asked.name)))
}

/// Lists the officers.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn list(asked: &List, home: &Home, out: &Output) -> Result<(), Failure> {
    let answer = asked.patience.socket(home).get("/v1/officers").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    match answer.at("console").text() {
        Some(origin) => page.row("console", &origin),
        None => page.row("console", "none is served: put [console] into station.toml"),
    }
    for one in answer.at("officers").list() {
        page.line(&officer(out, one));
    }
    if answer.at("officers").list().next().is_none() {
        out.remark("no officer yet: detente officer add NAME --role ROLE");
    }
    out.data(page.text())
}

fn officer(out: &Output, one: Field<'_>) -> String {
    let lines = one.at("lines").joined().unwrap_or_else(|| "all lines".into());
    let office = one.at("office").text().map(|office| format!(", {office}")).unwrap_or_default();
    let keys = one.at("passkeys").number().unwrap_or(0);
    let state = match one.at("ended_ms").number() {
        Some(ms) => out.paint(Tone::Quiet, &format!("◇ until {}", time::stamp(ms))),
        None if keys == 0 => out.paint(Tone::Warn, "○ no passkey yet"),
        None => out.paint(Tone::Good, &format!("● {keys} passkey{}", if keys == 1 { "" } else { "s" })),
    };
    format!("{state}  {}  {}{office}, {lines}", one.at("name").or_unknown(), one.at("role").or_unknown())
}

/// Shows what officers did at the console, and programs with tokens.
///
/// # Errors
/// When the station gives no answer.
pub(crate) async fn audit(asked: &Audit, home: &Home, out: &Output) -> Result<(), Failure> {
    let answer = asked.patience.socket(home).get(&format!("/v1/audit?limit={}", asked.limit)).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    for one in answer.at("deeds").list() {
        let text = |field: &str| one.at(field).or_unknown();
        let at = one.at("time_ms").number().map(time::stamp).unwrap_or_default();
        page.line(&format!(
            "{at}  {}  {}  {}  {}",
            text("officer"),
            text("what"),
            text("about"),
            text("outcome")
        ));
    }
    if answer.at("deeds").list().next().is_none() {
        out.remark("neither an officer at the console nor a program with a token has done anything");
    }
    out.data(page.text())
}
