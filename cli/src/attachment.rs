//! `send --attach`, `attachments` and `attachment get`: files that go with entries (spec/blobs.md).
//!
//! Files pass as they are read and written: none is ever whole in memory. A name that came over the line is never taken for a
//! path, a file that is there is not written over unasked, and what was taken out is held to its hash before it is said to be
//! done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use clap::{Args, Subcommand};
use detente_line::{MAX_ATTACHMENTS, is_bare_name};
use detente_record::{CHUNK, MAX_BLOB, hex};
use detente_station::Home;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::answer::Field;
use crate::draft::entry_name;
use crate::failure::Failure;
use crate::harmless;
use crate::line::{LineArgs, OnLine};
use crate::output::{Output, Tone};
use crate::page::Page;
use crate::progress::Progress;
use crate::time;

/// The files that go with what is written.
#[derive(Debug, Clone, Args)]
pub(crate) struct Attaching {
    /// A file that goes with it, of at most 4 GiB; may be given up to 16 times
    #[arg(long = "attach", value_name = "FILE", help_heading = "Writing")]
    files: Vec<PathBuf>,
}

/// What `attachments` takes.
#[derive(Debug, Args)]
pub(crate) struct Attachments {
    /// The entry that they go with, such as rus/Z/2; all of the line, if not given
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: Option<String>,
    #[command(flatten)]
    line: LineArgs,
}

/// What is done with an attachment.
#[derive(Debug, Subcommand)]
pub(crate) enum Asked {
    /// Write it to a file, and hold it to its hash
    Get(Get),
}

/// What `attachment get` takes.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The entry that it goes with, such as rus/Z/2
    #[arg(value_name = "REF", value_parser = entry_name)]
    entry: String,
    /// Its name there
    name: String,
    /// Where to; a file of its name right here, if not given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over what is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    line: LineArgs,
}

/// A file on its way to the station.
pub(crate) struct Reading {
    file: File,
    left: u64,
    progress: Progress,
}

impl Reading {
    /// Opens a file to be handed over as it is.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(crate) fn of(path: &Path, out: &Output) -> Result<Self, Failure> {
        let shown = harmless::line(&path.display().to_string());
        let wrong =
            |found: String| Failure::misuse(&shown, "a file that can be read", found, "check the path");
        let file = File::open(path).map_err(|cause| wrong(cause.to_string()))?;
        let found = file.metadata().map_err(|cause| wrong(cause.to_string()))?;
        match found.is_file() {
            true => Ok(Self::begin(file, found.len(), &shown, out)),
            false => Err(wrong("something else".into())),
        }
    }

    fn begin(file: File, bytes: u64, shown: &str, out: &Output) -> Self {
        Self { file, left: bytes, progress: Progress::of(shown, Some(bytes), out) }
    }

    /// How many bytes are left of it.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }
}

impl Body for Reading {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut bytes = vec![0; self.left.min(CHUNK) as usize];
        // Nothing else goes on in this command meanwhile.
        let read = self.file.read_exact(&mut bytes);
        self.left -= bytes.len() as u64;
        self.progress.add(bytes.len());
        Poll::Ready(Some(read.map(|()| Frame::data(Bytes::from(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The media type of a file, by the end of its name.
fn media_type(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "json" | "geojson" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "tif" | "tiff" => "image/tiff",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "mkv" => "video/matroska",
        "zip" => "application/zip",
        "kml" => "application/vnd.google-earth.kml+xml",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

impl Attaching {
    /// Brings every file to the station, in order; gives what a draft says of them, nothing where there are none.
    ///
    /// # Errors
    /// When a file cannot be read, is too large or has a name that no attachment may have, and as any call.
    pub(crate) async fn bring(&self, on: &OnLine, out: &Output) -> Result<Option<Vec<Value>>, Failure> {
        if self.files.len() > MAX_ATTACHMENTS {
            let found = self.files.len().to_string();
            return Err(Failure::misuse(
                "--attach",
                "at most 16 files",
                found,
                "send the rest with another message",
            ));
        }
        let files: Vec<(String, Reading)> =
            self.files.iter().map(|path| open(path, out)).collect::<Result<_, _>>()?;
        let mut brought = Vec::new();
        for (name, reading) in files {
            let size = reading.left;
            // A disk that writes no more than one megabyte a second is broken.
            let more = Duration::from_secs(60 + (size >> 20));
            let answer = on.bring("/blobs", reading, more).await?;
            out.remark(&format!("{name}: {} handed over", length(size)));
            let text = |field: &str| answer.at(field).text();
            let said = json!({
                "hash": text("hash"), "size": answer.at("size").number(), "root": text("root"),
                "name": name, "media_type": media_type(&name),
            });
            brought.push(said);
        }
        Ok((!brought.is_empty()).then_some(brought))
    }
}

fn open(path: &Path, out: &Output) -> Result<(String, Reading), Failure> {
    let shown = path.display().to_string();
    let wrong = |expected: &str, found: String, hint: &str| Failure::misuse(&shown, expected, found, hint);
    let unread = |cause: io::Error| wrong("a file that can be read", cause.to_string(), "check the path");
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| is_bare_name(name));
    let Some(name) = name else {
        let hint = "copy it to a name of 1 to 200 bytes without a dot, dash or blank at its start, slashes or colons";
        return Err(wrong("a name that an attachment may have", harmless::line(&shown), hint));
    };
    let file = File::open(path).map_err(unread)?;
    let found = file.metadata().map_err(unread)?;
    if !found.is_file() {
        return Err(wrong("a file", "something else".into(), "a folder is sent as an archive"));
    }
    if found.len() > MAX_BLOB {
        let found = length(found.len());
        return Err(wrong("a file of at most 4 GiB", found, "send it in parts"));
    }
    Ok((name.to_owned(), Reading::begin(file, found.len(), name, out)))
}

/// A number of bytes for people.
pub(crate) fn length(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = units.into_iter().find(|(shift, _)| bytes >> shift > 0);
    fits.map_or_else(
        || format!("{bytes} bytes"),
        |(shift, unit)| {
            let tenths = (u128::from(bytes) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        },
    )
}

/// Lists attachments and who holds them.
///
/// # Errors
/// When there is no such entry here.
pub(crate) async fn attachments(asked: &Attachments, home: &Home, out: &Output) -> Result<(), Failure> {
    let on = asked.line.open(home).await?;
    let of = asked.entry.as_ref().map(|entry| format!("?entry={entry}")).unwrap_or_default();
    let answer = on.get(&format!("/attachments{of}")).await?;
    if out.is_json() {
        return out.data(answer.raw());
    }
    let mut page = Page::new(out);
    let mut any = false;
    for one in answer.at("attachments").list() {
        any = true;
        page.heading(&one.at("name").or_unknown());
        custody(&mut page, out, one, on.now_ms);
    }
    if !any {
        page.line("no attachments");
    }
    if answer.at("has_room").fails() {
        page.heading("The disk has no room for attachments: entries go on, files wait");
    }
    if answer.at("more").holds() {
        page.heading("There are more than 1,000: the first of them are shown");
    }
    out.data(page.text())
}

fn custody(page: &mut Page<'_>, out: &Output, one: Field<'_>, now_ms: u64) {
    let size = one.at("size").number().unwrap_or(0);
    let state = match one.at("state").text().as_deref() {
        Some("here") => out.paint(Tone::Good, "● here"),
        Some("receiving") => {
            let received = one.at("received_bytes").number().unwrap_or(0);
            out.paint(Tone::Warn, &format!("! on its way: {} of {}", length(received), length(size)))
        }
        Some("false") => out.paint(Tone::Bad, "✗ FALSE: its bytes do not fit the hash that its author gave"),
        _ => out.paint(Tone::Warn, "! not received"),
    };
    let time = |ms: Option<u64>| ms.map(|ms| time::stamp_from_now(ms, now_ms)).unwrap_or_default();
    page.row("state", &state);
    page.row("entry", &one.at("entry").or_unknown());
    page.row("size", &format!("{}, {}", length(size), one.at("media_type").or_unknown()));
    page.row("sha-256", &one.at("hash").or_unknown());
    page.row(
        "added",
        &format!("by {} {}", one.at("added_by").or_unknown(), time(one.at("added_ms").number())),
    );
    for (party, held) in one.at("held_by").pairs() {
        let since = time(held.at("since_ms").number());
        page.row("held", &format!("by {party} since {since}, {}", held.at("entry").or_unknown()));
    }
    page.any("not received", one.at("not_received_by").joined().map(|names| format!("by {names}")));
}

/// Writes an attachment to a file.
///
/// # Errors
/// When there is none of that name, it is not here, its file is there already, or its bytes do not fit.
pub(crate) async fn attachment(asked: &Asked, home: &Home, out: &Output) -> Result<(), Failure> {
    let Asked::Get(asked) = asked;
    let on = asked.line.open(home).await?;
    let answer = on.get(&format!("/attachments?entry={}", asked.entry)).await?;
    let named = |one: &Field<'_>| one.at("name").is(&asked.name);
    let Some(one) = answer.at("attachments").list().find(named) else {
        let names: Vec<String> =
            answer.at("attachments").list().map(|one| one.at("name").or_unknown()).collect();
        let (expected, hint) = ("the name of one of its attachments", "`detente attachments REF` lists them");
        let found =
            if names.is_empty() { "none there".into() } else { format!("{}, not it", names.join(", ")) };
        return Err(Failure::failed("UnknownAttachment", harmless::line(&asked.name), expected, found, hint));
    };
    let target = match &asked.output {
        Some(path) => path.clone(),
        // A station of somebody's making may say anything: a name that is none leads nowhere.
        None if is_bare_name(&asked.name) => PathBuf::from(&asked.name),
        None => {
            let hint = "say where to with -o";
            return Err(Failure::misuse("name", "a bare file name", harmless::line(&asked.name), hint));
        }
    };
    let hash = one.at("hash").or_unknown();
    let mut taking = Taking::begin(&target, asked.force)?;
    let mut body = on.follow(&format!("/blobs/{hash}")).await?;
    let mut progress = Progress::of(&harmless::line(&asked.name), one.at("size").number(), out);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| {
            let hint = "ask again; `detente doctor` looks whether the station is well";
            Failure::failed("Station", "the attachment", "all of it", cause.to_string(), hint)
        })?;
        if let Some(bytes) = frame.data_ref() {
            taking.write(bytes)?;
            progress.add(bytes.len());
        }
    }
    drop(progress);
    let size = taking.finish(Some(&hash))?;
    if out.is_json() {
        let said = json!({"file": target.display().to_string(), "hash": hash, "size": size});
        return out.data(&said.to_string());
    }
    out.data(&harmless::line(&target.display().to_string()))?;
    out.remark(&format!("{}, and it fits its hash", length(size)));
    Ok(())
}

/// A file that is being written; it is gone again unless it comes to its end.
pub(crate) struct Taking {
    target: PathBuf,
    /// Where it is written: beside its target where that is to be written over.
    path: PathBuf,
    file: File,
    hasher: Sha256,
    size: u64,
    done: bool,
}

impl Taking {
    /// Begins one; over what is there only where that is asked for.
    ///
    /// # Errors
    /// When it is there, or cannot be made.
    pub(crate) fn begin(target: &Path, force: bool) -> Result<Self, Failure> {
        let mut path = target.to_owned().into_os_string();
        if force {
            path.push(format!(".{}.part", std::process::id()));
        }
        let path = PathBuf::from(path);
        // Never over anything, and never through a link.
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|cause| {
            let shown = harmless::line(&path.display().to_string());
            if cause.kind() == io::ErrorKind::AlreadyExists {
                let hint = "name another with -o, or write over it with --force";
                Failure::failed("Exists", shown, "a file that is not there yet", "one that is", hint)
            } else {
                Failure::misuse(&shown, "a file that can be written", cause.to_string(), "check the path")
            }
        })?;
        Ok(Self { target: target.to_owned(), path, file, hasher: Sha256::new(), size: 0, done: false })
    }

    /// Writes on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|cause| self.unwritten(&cause))
    }

    fn unwritten(&self, cause: &io::Error) -> Failure {
        let shown = harmless::line(&self.path.display().to_string());
        let hint = "make room on that disk, or name a file elsewhere with -o";
        Failure::failed("Unwritten", shown, "a file that can be written", cause.to_string(), hint)
    }

    /// Ends it, held to a hash where one is known; says how long it is.
    ///
    /// # Errors
    /// When it does not fit, or the disk refuses.
    pub(crate) fn finish(mut self, hash: Option<&str>) -> Result<u64, Failure> {
        let found = hex(&self.hasher.finalize_reset());
        if let Some(hash) = hash.filter(|hash| *hash != found) {
            let hint = "the station's disk gives other bytes than it took: look at it before anything else";
            return Err(Failure::failed("WrongHash", "the attachment", hash, found, hint));
        }
        self.file.sync_all().map_err(|cause| self.unwritten(&cause))?;
        if self.path != self.target {
            fs::rename(&self.path, &self.target).map_err(|cause| self.unwritten(&cause))?;
        }
        self.done = true;
        Ok(self.size)
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        if !self.done {
            // It was made by this command.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (1 << 32, "4.0 GiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(length(bytes), text);
        }
    }

    #[test]
    fn a_file_is_written_once_and_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("detente-taking-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let target = folder.join("map.png");
        let hash = hex(&Sha256::digest(b"map"));
        let mut taking = Taking::begin(&target, false).unwrap();
        taking.write(b"not the map").unwrap();
        assert!(taking.finish(Some(&hash)).is_err_and(|error| error.to_string().contains(&hash)));
        assert!(!target.exists(), "what does not fit does not stay");
        let mut taking = Taking::begin(&target, false).unwrap();
        taking.write(b"map").unwrap();
        assert_eq!(taking.finish(Some(&hash)).unwrap(), 3);
        assert!(Taking::begin(&target, false).is_err_and(|error| error.hint().contains("--force")));
        assert_eq!(fs::read(&target).unwrap(), b"map", "what is there stays");
        let elsewhere = folder.join("elsewhere");
        fs::write(&elsewhere, "mine").unwrap();
        fs::remove_file(&target).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &target).unwrap();
        assert!(Taking::begin(&target, false).is_err(), "a link is never followed");
        let mut taking = Taking::begin(&target, true).unwrap();
        taking.write(b"map").unwrap();
        taking.finish(Some(&hash)).unwrap();
        assert_eq!(
            (fs::read(&elsewhere).unwrap(), fs::read(&target).unwrap()),
            (b"mine".into(), b"map".into())
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
