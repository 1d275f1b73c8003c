//! Files of other programs, in and out: `notice send FILE`, `plan add FILE`, `notice export` (spec/exchange.md).
//!
//! A file is shown as it was understood before anything is taken of it (`--dry-run`), and is taken whole or not at all.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use detente_exchange::reading::MOST_BYTES;
use detente_station::Home;

use crate::airspace;
use crate::answer::{Answer, Field};
use crate::failure::Failure;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::time::When;

/// How much longer a file may take than another question.
const MORE: Duration = Duration::from_secs(600);
/// Rows of a file that are shown with everything that was understood.
const SHOWN: usize = 20;

/// A file that is read.
#[derive(Debug, Args)]
pub(crate) struct File {
    /// GeoJSON, KML, KMZ, CSV, XLSX or F3548 volumes; without one, what is typed in the options
    #[arg(value_name = "FILE", id = "file")]
    path: Option<PathBuf>,
    /// Zone of times in the file that name none: Asia/Damascus, UTC, +03:00
    #[arg(long, value_name = "ZONE", requires = "file")]
    zone: Option<String>,
}

/// A file that is taken.
#[derive(Debug, Args)]
pub(crate) struct Taken {
    #[command(flatten)]
    pub(crate) file: File,
    /// Show what was understood and what it would change, and take nothing
    #[arg(long, requires = "file")]
    dry_run: bool,
}

/// What is said of a whole file.
pub(crate) struct Terms<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) emergency: bool,
}

/// Names and values behind the `?`.
pub(crate) type Query = Vec<(&'static str, String)>;

impl File {
    /// Whether there is one.
    pub(crate) fn is_named(&self) -> bool {
        self.path.is_some()
    }
}

impl Terms<'_> {
    /// As the station is asked.
    pub(crate) fn query(&self, file: &File) -> Query {
        let path = file.path.as_deref().unwrap_or(Path::new(""));
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut query = vec![("name", name)];
        query.extend(self.kind.map(|kind| ("kind", kind.to_owned())));
        query.extend(file.zone.as_ref().map(|zone| ("zone", zone.clone())));
        query.extend(self.emergency.then(|| ("emergency", "true".to_owned())));
        query
    }
}

/// A value as a URL holds it (RFC 3986, "unreserved").
pub(crate) fn escaped(value: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(one).collect()
}

/// The bytes of a file, if they are not too many.
fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |cause: std::io::Error| {
        let hint = "check the path and who may read it";
        Failure::misuse(path.display().to_string(), "a file that can be read", cause.to_string(), hint)
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MOST_BYTES {
        let expected = format!("at most {} MiB", MOST_BYTES >> 20);
        let hint = "split it: a list that is sent in parts is one list, row by row";
        return Err(Failure::misuse(path.display().to_string(), expected, "more", hint));
    }
    Ok(bytes)
}

/// Hands a file to the station.
async fn hand(on: &OnLine, file: &File, query: Query) -> Result<Answer, Failure> {
    let path = file.path.as_deref().unwrap_or(Path::new(""));
    let bytes = bytes(path)?;
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    Ok(on.hand(&format!("/import?{}", query.join("&")), bytes, MORE).await?)
}

/// Says that rows of a file are wrong.
fn wrong_rows(file: &File, answer: &Answer, hint: &str) -> Failure {
    let path = file.path.as_deref().unwrap_or(Path::new(""));
    let count = answer.at("wrong_count").number().unwrap_or(0);
    let found = format!("{count} that {} not", if count == 1 { "is" } else { "are" });
    Failure::misuse(path.display().to_string(), "rows that can be understood", found, hint)
}

/// Hands a file to the station and shows what became of it.
///
/// # Errors
/// When something in it is wrong: then nothing of it was taken.
pub(crate) async fn import(
    on: &OnLine,
    taken: &Taken,
    mut query: Query,
    out: &Output,
) -> Result<(), Failure> {
    query.extend(taken.dry_run.then(|| ("dry_run", "true".to_owned())));
    let answer = hand(on, &taken.file, query).await?;
    if out.is_json() {
        out.data(answer.raw())?;
    } else {
        show(&answer, taken.dry_run, out)?;
    }
    if answer.at("ok").holds() && answer.at("refused").is_nothing() {
        return Ok(());
    }
    let refused = answer.at("refused");
    if !refused.is_nothing() {
        let [what, expected, found] = ["what", "expected", "found"].map(|name| refused.at(name).or_unknown());
        let hint = "what was written stays; send the file again once the line takes more, and only what is missing is written";
        return Err(Failure::failed("NotPermitted", &what, expected, found, hint));
    }
    let hint = "nothing was taken: correct the file and send it again; docs/files.md shows how rows look";
    Err(wrong_rows(&taken.file, &answer, hint))
}

/// Shows what the rows of a file would touch; it is no failure to touch something.
///
/// # Errors
/// When something in it is wrong; what was understood is checked all the same.
pub(crate) async fn check(on: &OnLine, file: &File, terms: &Terms<'_>, out: &Output) -> Result<(), Failure> {
    let mut query = terms.query(file);
    query.push(("as", "check".to_owned()));
    let answer = hand(on, file, query).await?;
    if out.is_json() {
        out.data(answer.raw())?;
    } else {
        remarks(&answer, out);
        airspace::touching(&answer, out)?;
    }
    if answer.at("ok").holds() {
        return Ok(());
    }
    let hint =
        "what is wrong is named above; nothing was sent or kept, and what could be understood was checked";
    Err(wrong_rows(file, &answer, hint))
}

/// Notes, and what is wrong.
fn remarks(answer: &Answer, out: &Output) {
    for note in answer.at("notes").list() {
        out.remark(&format!("note: {}", said(note)));
    }
    for wrong in answer.at("wrong").list() {
        out.message(&out.paint(Tone::Bad, &format!("✗ {}", said(wrong))));
    }
    let told = answer.at("wrong").list().count() as u64;
    let all = answer.at("wrong_count").number().unwrap_or(0);
    if all > told {
        out.message(&format!("✗ … and {} more", all - told));
    }
}

fn show(answer: &Answer, dry_run: bool, out: &Output) -> Result<(), Failure> {
    remarks(answer, out);
    let number = |name: &str| answer.at(name).number().unwrap_or(0);
    if !answer.at("ok").holds() {
        return Ok(());
    }
    if dry_run {
        for row in answer.at("rows").list().filter(|row| !row.at("change").is("same")).take(SHOWN) {
            self::row(row, out)?;
        }
    }
    let missing = number("missing_count");
    let mut summary =
        format!("{} new, {} changed, {} as they are", number("new"), number("changed"), number("same"));
    if missing > 0 {
        summary += &format!(", {missing} in force that the file does not name");
        let names: Vec<String> = answer
            .at("missing")
            .list()
            .take(SHOWN)
            .map(|one| format!("{} ({})", one.at("serial").or_unknown(), one.at("entry").or_unknown()))
            .collect();
        out.remark(&format!("not named: {}", names.join(", ")));
    }
    out.data(&summary)?;
    if dry_run {
        out.remark("nothing was taken: this was a dry run");
    } else if let Some(plans) = answer.at("plans").number() {
        out.remark(&format!("kept on this station: {plans}; nothing of it is said on the line"));
        airspace::alarm(out, answer.at("conflicts"))?;
    } else {
        let last = answer.at("last").text().map(|last| format!(", the last one {last}")).unwrap_or_default();
        out.remark(&format!(
            "{} of {} entries written, durable here{last}",
            number("written"),
            number("wanted")
        ));
    }
    Ok(())
}

fn said(one: Field<'_>) -> String {
    format!("{}: {}", one.at("place").or_unknown(), one.at("reason").or_unknown())
}

/// A row as it was understood.
fn row(row: Field<'_>, out: &Output) -> Result<(), Failure> {
    let change = match row.at("entry").text() {
        Some(entry) => out.paint(Tone::Warn, &format!("~ changes {entry}")),
        None => out.paint(Tone::Good, "+ new"),
    };
    let mut text = format!("{change}  {}\n", row.at("serial").or_unknown());
    for line in row.at("echo").list().filter_map(Field::block).flatten() {
        text += &format!("  {line}\n");
    }
    out.data(&text)
}

/// What `notice export` takes.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Where to: the name's end says the format (.geojson, .kml, .kmz, .csv, .xlsx, .json for F3548)
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// What is in force at this time; now, if not given
    #[arg(long, value_name = "TIME")]
    at: Option<When>,
    /// Those of one party
    #[arg(long, value_name = "PARTY")]
    party: Option<String>,
    /// Everything that is not withdrawn, past and future
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// Writes a file.
///
/// # Errors
/// When the format cannot say it, or the file is there or cannot be written.
pub(crate) async fn export(asked: &Export, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let format = asked.path.extension().map(|end| end.to_string_lossy().into_owned()).unwrap_or_default();
    let mut query = vec![format!("format={}", escaped(&format))];
    query.extend(asked.at.map(|at| format!("at_ms={}", at.ms(on.now_ms))));
    query.extend(asked.party.as_ref().map(|party| format!("party={}", escaped(party))));
    query.extend(asked.all.then(|| "all=true".to_owned()));
    let answer = on.get(&format!("/export?{}", query.join("&"))).await?;
    let bytes = answer.value().get("bytes").and_then(serde_json::Value::as_str).unwrap_or_default();
    let hint = "is the command of the same version as the station? `detente --version`";
    let bytes = STANDARD.decode(bytes).map_err(|cause| {
        Failure::failed("Station", "the station's answer", "base64", cause.to_string(), hint)
    })?;
    let failed = |cause: std::io::Error| {
        let hint = "nothing is overwritten: choose another name, or remove that file";
        Failure::misuse(
            asked.path.display().to_string(),
            "a new file that can be written",
            cause.to_string(),
            hint,
        )
    };
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&asked.path).map_err(failed)?;
    std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
    for lost in answer.at("lost").list() {
        out.message(&format!("left out: {}", said(lost)));
    }
    let count = answer.at("notices").number().unwrap_or(0);
    out.remark(&format!("{count} notices in {}, {} bytes", asked.path.display(), bytes.len()));
    Ok(())
}
