//! Archives (zip) of other people's making: measured by inflating them once before anything is built of them.
//!
//! Promises that no archive is handed on that holds more than [`MOST_INFLATED`] bytes, whatever its headers say, more than
//! [`MOST_ENTRIES`] entries, an entry that grows more than [`MOST_GROWTH`]-fold, or XML with a document type.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write as _};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::fault::Reason;
use crate::reading::MOST_INFLATED;

/// Most entries of an archive.
pub(crate) const MOST_ENTRIES: usize = 10_000;
/// How many times larger an entry of over [`FREE`] bytes may be than it is in the archive.
pub(crate) const MOST_GROWTH: u64 = 200;
/// Bytes up to which nobody asks how much an entry grew.
const FREE: u64 = 4 << 20;
/// Bytes that are inflated at once.
const CHUNK: usize = 64 << 10;

const DOCTYPE: &[u8] = b"<!DOCTYPE";

/// An archive in memory.
pub(crate) type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// Opens an archive after all of it was inflated once, and thrown away.
///
/// # Errors
/// [`Reason::Syntax`], [`Reason::Many`], [`Reason::Large`], [`Reason::Doctype`].
pub(crate) fn measured<'b>(bytes: &'b [u8], format: &'static str) -> Result<Archive<'b>, Reason> {
    let syntax = |cause: String| Reason::syntax(format, cause);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|cause| syntax(cause.to_string()))?;
    if archive.len() > MOST_ENTRIES {
        return Err(Reason::Many { what: "entries", most: MOST_ENTRIES, found: archive.len() });
    }
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|cause| syntax(cause.to_string()))?;
        let packed = entry.compressed_size();
        let name = entry.name().map_err(|cause| syntax(cause.to_string()))?.to_ascii_lowercase();
        let is_xml = [".xml", ".rels", ".kml"].iter().any(|end| name.ends_with(end));
        // No entry can be packed in fewer bytes than the archive has.
        let most_of_entry = packed.min(bytes.len() as u64).saturating_mul(MOST_GROWTH).max(FREE);
        let mut chunk = vec![0; CHUNK];
        let mut kept = Vec::new();
        let mut inflated = 0_u64;
        loop {
            let count = entry.read(&mut chunk).map_err(|cause| syntax(cause.to_string()))?;
            if count == 0 {
                break;
            }
            (inflated, total) = (inflated + count as u64, total + count as u64);
            if total > MOST_INFLATED {
                return Err(Reason::Large { most: MOST_INFLATED, found: total });
            }
            if inflated > most_of_entry {
                return Err(Reason::Large { most: most_of_entry, found: inflated });
            }
            if is_xml {
                let read = chunk.get(..count).unwrap_or_default();
                kept.extend_from_slice(read);
                if kept.windows(DOCTYPE.len()).any(|window| window.eq_ignore_ascii_case(DOCTYPE)) {
                    return Err(Reason::Doctype);
                }
                // What could begin at the end of this chunk is looked at again with the next.
                kept.drain(..kept.len().saturating_sub(DOCTYPE.len() - 1));
            }
        }
    }
    Ok(archive)
}

/// The first entry whose name ends so; what an archive has at its root comes first.
///
/// # Errors
/// [`Reason::Missing`], [`Reason::Syntax`].
pub(crate) fn entry(archive: &mut Archive<'_>, end: &str, format: &'static str) -> Result<Vec<u8>, Reason> {
    let named = archive.file_names().filter_map(Result::ok).map(Cow::into_owned);
    let mut names: Vec<String> = named.filter(|name| name.to_ascii_lowercase().ends_with(end)).collect();
    names.sort_by_key(|name| (name.matches('/').count(), name != "doc.kml"));
    let name = names.first().ok_or(Reason::Missing { what: "the document of the archive" })?;
    let name = name.clone();
    exact(archive, &name, format)
}

/// The entry of a path.
///
/// # Errors
/// [`Reason::Syntax`] if there is none, or it is not readable.
pub(crate) fn exact(archive: &mut Archive<'_>, path: &str, format: &'static str) -> Result<Vec<u8>, Reason> {
    let entry = archive.by_name(path).map_err(|cause| Reason::syntax(format, format!("{path}: {cause}")))?;
    let mut bytes = Vec::new();
    entry.take(MOST_INFLATED).read_to_end(&mut bytes).map_err(|cause| Reason::syntax(format, cause))?;
    Ok(bytes)
}

/// An archive of one entry.
///
/// # Errors
/// [`Reason::Syntax`], with what the archiver says.
pub(crate) fn of_one(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Reason> {
    let syntax = |cause: String| Reason::syntax("a zip archive", cause);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a time of its own, so that the same items are the same bytes.
    writer.start_file(name, SimpleFileOptions::DEFAULT).map_err(|cause| syntax(cause.to_string()))?;
    writer.write_all(bytes).map_err(|cause| syntax(cause.to_string()))?;
    writer.finish().map(Cursor::into_inner).map_err(|cause| syntax(cause.to_string()))
}
