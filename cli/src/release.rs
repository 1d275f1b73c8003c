//! `release`: what two officers release waits here for the second one (spec/line.md §3).

use clap::{Args, Subcommand};
use detente_station::Home;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::harmless;
use crate::line::LineArgs;
use crate::output::Output;

/// What can be done with drafts that wait.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// List what waits for a second officer
    List(List),
    /// Release a draft that somebody else has drafted
    Give(One),
    /// Take a draft back, so that it is never written
    TakeBack(One),
}

/// What `release list` takes.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    line: LineArgs,
}

/// What `release give` and `release take-back` take.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its number, as `release list` shows it
    #[arg(value_name = "NUMBER")]
    id: u64,
    #[command(flatten)]
    line: LineArgs,
}

/// Lists, releases or takes back.
///
/// # Errors
/// What the station refuses.
pub(crate) async fn release(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    match asked {
        Asked::List(asked) => list(asked, home, out).await,
        Asked::Give(asked) => give(asked, home, out).await,
        Asked::TakeBack(asked) => {
            let on = asked.line.open(home).await?;
            let answer = on.delete(&format!("/releases/{}", asked.id)).await?;
            if out.is_json() {
                return out.data(answer.raw());
            }
            let said = out.say("release-taken-back", &[("number", &asked.id.to_string())]);
            out.data(&out.begun(&said))
        }
    }
}

async fn list(asked: &List, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/releases").await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut count = 0;
    let drafts = answer.value().get("releases").and_then(Value::as_array).into_iter().flatten();
    for (waiting, whole) in answer.at("releases").list().zip(drafts) {
        count += 1;
        let field = |name: &str| waiting.at(name).text().map(|text| harmless::line(&text));
        let by = field("drafter").unwrap_or_else(|| out.t("release-folder-owner"));
        let at = waiting.at("drafted_ms").number().map(|ms| out.stamp(ms)).unwrap_or_default();
        let number = waiting.at("release").number().unwrap_or(0).to_string();
        let (by, number) = (out.say("by-whom", &[("party", &by)]), out.apart(&number));
        let sha256 = out.apart(&format!("SHA-256 {}", field("sha256").unwrap_or_default()));
        out.data(&out.begun(&format!("{number}  {at}  {by}  {sha256}")))?;
        let draft = harmless::line(&whole.get("draft").map(Value::to_string).unwrap_or_default());
        out.data(&out.begun(&format!("    {}", out.apart(&draft))))?;
    }
    if count == 0 {
        out.remark(&out.begun(&out.t("release-nothing")));
    }
    Ok(())
}

async fn give(asked: &One, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let answer = on.get("/releases").await?;
    let waiting = answer.at("releases").list().find(|one| one.at("release").number() == Some(asked.id));
    let sha256 = waiting.and_then(|one| one.at("sha256").text()).unwrap_or_default();
    let answer = on
        .post(&format!("/releases/{}", asked.id), &json!({"sha256": sha256}), std::time::Duration::ZERO)
        .await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    out.data(&answer.at("entry").or_unknown())?;
    out.remark(&out.begun(&out.t("release-durable")));
    Ok(())
}
