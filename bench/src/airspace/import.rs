//! One import over a line: 20,000 sites and 5,000 movements, until the other station has all of them receipted, in its
//! register and checked against its own 10,000 plans (spec/api.md, "Files").
//!
//! Both stations are processes of their own, and nothing is written or checked by any way but their sockets. The
//! clock runs from the request until the last entry is receipted at its writer and rules at the reader, whose register
//! takes entries in the order of the book. That it holds and has judged the last one is asked of it, not taken for granted.

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::traffic::{Plan, Traffic};
use crate::api::{Connection, LINE};
use crate::figure::{Figure, Goal};
use crate::pair::Pair;
use crate::{Outcome, Run, say};

/// What is sent and what is there already.
struct Size {
    sites: usize,
    movements: usize,
    plans: usize,
}

const FULL: Size = Size { sites: 20_000, movements: 5_000, plans: 10_000 };
const QUICK: Size = Size { sites: 2_000, movements: 500, plans: 1_000 };
/// Legs of a movement.
const LEGS: usize = 3;
const DAY: u64 = 86_400;
/// The week of the plans begins so many days from now: beyond the lead time of movements.
const AHEAD: u64 = 3 * DAY;
/// Pause between two looks at a station.
const LOOK: Duration = Duration::from_millis(5);
/// Longest wait for the end.
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures one import.
pub(crate) async fn measure(run: &Run, quick: bool) -> Outcome<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    let traffic = Traffic::new(size.plans + size.movements);
    let begins = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + AHEAD;
    let (plans, moving) = traffic.volumes.split_at(size.plans);
    let sites = traffic.sites.get(..size.sites).ok_or("the generator has fewer sites")?;

    let pair = Pair::set_up(run, "import")?;
    let [usa, rus] = pair.start().await?;
    let (mut sender, mut receiver) = (usa.connect().await?, rus.connect().await?);
    say(&format!("{} own plans at the receiver", size.plans));
    let path = format!("{LINE}/import?as=plans&name=plans.csv");
    let began = Instant::now();
    taken(&mut receiver, &path, &plans_file(plans, begins)?, "plans", size.plans).await?;
    let planned = began.elapsed().as_secs_f64();

    say(&format!("{} sites and {} movements in one import", size.sites, size.movements));
    let file = notices_file(sites, moving, begins)?;
    let path = format!("{LINE}/import?name=notices.csv");
    let tried = Instant::now();
    taken(&mut sender, &format!("{path}&dry_run=true"), &file, "new", size.sites + size.movements).await?;
    let read = tried.elapsed().as_secs_f64();
    let began = Instant::now();
    let answer = taken(&mut sender, &path, &file, "written", size.sites + size.movements).await?;
    let written = began.elapsed().as_secs_f64();
    let last = answer.get("last").and_then(Value::as_str).ok_or("an import without a last entry")?;
    receipted(&mut sender, began).await?;
    let receipts = began.elapsed().as_secs_f64();
    judged(&mut receiver, last, began).await?;
    let all = began.elapsed().as_secs_f64();
    let conflicts = receiver.read(&format!("{LINE}/conflicts")).await?;
    let found = conflicts.get("conflicts").and_then(Value::as_array).map_or(0, Vec::len);
    if found == 0 {
        return Err("not one plan in the way of any notice: nothing was checked".into());
    }
    usa.stop()?;
    rus.stop()?;

    let alone = |what: &str, seconds, goal| Figure::alone(what, seconds, "s", goal);
    let limit = if quick { Goal::None } else { Goal::AtMost(10.0) };
    let what = format!("{} sites, {} movements: receipted, indexed, checked", size.sites, size.movements);
    Ok(vec![
        Figure::alone(what, all, "s", limit),
        alone("of which until the import answers", written, Goal::None),
        alone("of which until all is receipted", receipts, Goal::None),
        alone("the same file, read and compared only", read, Goal::None),
        alone("own plans, imported before", planned, Goal::None),
    ])
}

/// Sends a file, and holds the answer to how much of it must be taken.
async fn taken(
    station: &mut Connection,
    path: &str,
    file: &str,
    counted: &str,
    expected: usize,
) -> Outcome<Value> {
    let answer: Value = serde_json::from_slice(station.ask("POST", path, file).await?)?;
    if answer.get(counted).and_then(Value::as_u64) == Some(expected as u64) {
        return Ok(answer);
    }
    let told =
        |key: &str| answer.get(key).map(|value| value.to_string().chars().take(600).collect::<String>());
    Err(format!(
        "{counted}: expected {expected}, found {:?}; wrong {:?}, refused {:?}",
        told(counted),
        told("wrong"),
        told("refused")
    )
    .into())
}

/// Waits until the other party has receipted everything in its writer's book.
async fn receipted(sender: &mut Connection, began: Instant) -> Outcome<()> {
    loop {
        let seen = sender.read(&format!("{LINE}/books")).await?;
        let books = seen.get("books").and_then(Value::as_array).ok_or("no books")?;
        let open = books.iter().any(|book| {
            let name = book.get("book").and_then(Value::as_str).unwrap_or_default();
            let size = book.get("size").and_then(Value::as_u64).unwrap_or(0);
            let receipted = book.pointer("/receipts/rus/size").and_then(Value::as_u64).unwrap_or(0);
            name.starts_with("usa/") && receipted < size
        });
        if !open {
            return Ok(());
        }
        wait(began, "receipts").await?;
    }
}

/// Waits until the reader's register shows the last notice, asked for where only that one is.
async fn judged(receiver: &mut Connection, last: &str, began: Instant) -> Outcome<()> {
    let asked = format!(
        r#"{{"position":[{LONE_LAT},{LONE_LON}],"radius_m":100,"from_ms":0,"until_ms":4000000000000}}"#
    );
    loop {
        let answer: Value =
            serde_json::from_slice(receiver.ask("POST", &format!("{LINE}/check"), &asked).await?)?;
        let touches = answer.get("touches").and_then(Value::as_array).ok_or("a check without touches")?;
        if touches.iter().any(|touch| touch.get("subject").and_then(Value::as_str) == Some(last)) {
            return Ok(());
        }
        wait(began, "the last notice in the register").await?;
    }
}

async fn wait(began: Instant, what: &str) -> Outcome<()> {
    if began.elapsed() > PATIENCE {
        return Err(format!("{what}: not there after {PATIENCE:?}").into());
    }
    tokio::time::sleep(LOOK).await;
    Ok(())
}

/// Where the last movement begins, far from everything else.
const LONE_LAT: f64 = 20.0;
/// As [`LONE_LAT`].
const LONE_LON: f64 = 20.0;

fn degrees(e7: i32) -> f64 {
    f64::from(e7) / 1e7
}

/// A moment as spreadsheets for people have it.
fn moment(seconds: u64) -> Outcome<String> {
    let moment = jiff::Timestamp::from_second(i64::try_from(seconds)?)?;
    Ok(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn span(plan: &Plan, begins: u64) -> Outcome<(String, String)> {
    let until = plan.until.ok_or("a plan without an end")?;
    Ok((moment(begins + u64::from(plan.from))?, moment(begins + u64::from(until))?))
}

fn plans_file(plans: &[Plan], begins: u64) -> Outcome<String> {
    let mut file = String::from("id,kind,area,lower,upper,datum,from,until\n");
    for (number, plan) in plans.iter().enumerate() {
        let corner = |&(lat, lon): &(i32, i32)| format!("{} {}", degrees(lat), degrees(lon));
        let area = plan.corners.iter().map(corner).collect::<Vec<_>>().join("; ");
        let (from, until) = span(plan, begins)?;
        writeln!(file, "P{number},activity,\"{area}\",{},{},WGS84,{from},{until}", plan.lower, plan.upper)?;
    }
    Ok(file)
}

fn notices_file(sites: &[Plan], moving: &[Plan], begins: u64) -> Outcome<String> {
    let mut file = String::from(
        "item,id,kind,shape,name,function,organisation,contact,review,position,to,radius_m,half_width_m,\
         lower,upper,datum,from,until\n",
    );
    let (today, review) = (moment(begins - AHEAD)?, moment(begins + 90 * DAY)?);
    for (number, site) in sites.iter().enumerate() {
        let &(lat, lon) = site.corners.first().ok_or("a site without corners")?;
        writeln!(
            file,
            "S{number},S{number},site,circle,Clinic {number},health,Relief,+1 202 555 0100,{review},\
             \"{},{}\",,100,,0,300,AGL,{today},",
            degrees(lat),
            degrees(lon)
        )?;
    }
    for (number, plan) in moving.iter().enumerate() {
        let mut stops: Vec<(f64, f64)> =
            plan.corners.iter().take(LEGS + 1).map(|&(lat, lon)| (degrees(lat), degrees(lon))).collect();
        if number + 1 == moving.len() {
            stops = (0..=LEGS).map(|stop| (LONE_LAT + stop as f64 / 10.0, LONE_LON)).collect();
        }
        movement(&mut file, number, plan, &stops, begins)?;
    }
    Ok(file)
}

/// The rows of a movement: its waypoints, evenly over its time, then the legs between them, whose times follow from those.
fn movement(file: &mut String, number: usize, plan: &Plan, stops: &[(f64, f64)], begins: u64) -> Outcome<()> {
    let length = u64::from(plan.until.ok_or("a movement without an end")?.saturating_sub(plan.from));
    let first = begins + u64::from(plan.from);
    for (stop, (lat, lon)) in stops.iter().enumerate() {
        let from = first + length * stop as u64 / stops.len() as u64;
        let until = first + length * (stop as u64 + 1) / stops.len() as u64;
        // What is of the whole item stands in its first row.
        let head = if stop == 0 {
            format!("M{number},movement,waypoint,Convoy {number},,Relief,+1 202 555 0100,")
        } else {
            ",movement,waypoint,,,,,".to_owned()
        };
        let (from, until) = (moment(from)?, moment(until)?);
        writeln!(file, "M{number},{head},\"{lat},{lon}\",,,,,,,{from},{until}")?;
    }
    for ends in stops.windows(2) {
        let [(lat, lon), (to_lat, to_lon)] = ends else { continue };
        writeln!(
            file,
            "M{number},,movement,leg,,,,,,\"{lat},{lon}\",\"{to_lat},{to_lon}\",,200,0,300,AGL,,"
        )?;
    }
    Ok(())
}
