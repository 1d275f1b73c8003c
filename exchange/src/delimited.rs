//! Tables as text (CSV): UTF-8, with or without a byte order mark, parted by commas, semicolons or tabs
//! (spec/exchange.md §7).

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator, WriterBuilder};

use crate::attribute::Header;
use crate::cell::Cell;
use crate::fault::{Faults, Place, Reason, Unit};
use crate::item::Item;
use crate::reading::{Desk, MOST_ROWS, MOST_VALUES, utf8};
use crate::table::{self, Row, Sheet};

/// What may part the cells of a row.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
/// Rows that are looked at to find out what does.
const SNIFFED: usize = 20;

/// Signs with which a spreadsheet begins a formula, or that lead it to one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A text as it is written into a table: one that a spreadsheet would calculate gets a `'` in front.
pub(crate) fn guarded(text: &str) -> String {
    let number = text.parse::<f64>().is_ok_and(f64::is_finite);
    match text.trim_start_matches('\'').starts_with(FORMULA) && !number {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// A text as it was before [`guarded`].
pub(crate) fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => text,
    }
}

/// The delimiter by which one of the first rows names most columns that are known; else by which they have most cells,
/// the same in each.
fn delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let mut reader = reader(text, delimiter);
        let mut record = ByteRecord::new();
        let (mut widths, mut named) = (Vec::new(), 0);
        while widths.len() < SNIFFED && reader.read_byte_record(&mut record).is_ok_and(|more| more) {
            let known = |cell: &[u8]| std::str::from_utf8(cell).is_ok_and(|name| Header::of(name).is_some());
            named = named.max(record.iter().filter(|cell| known(cell)).count());
            widths.push(record.len());
        }
        let widest = widths.iter().copied().max().unwrap_or(0);
        (named, widths.iter().filter(|width| **width == widest && widest > 1).count() * widest)
    };
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

/// Reads a table of text.
pub(crate) fn read(bytes: &[u8], desk: &mut Desk<'_>) {
    let whole = Place::whole();
    let Some(text) = desk.keep(&whole, utf8(bytes)) else { return };
    // A spreadsheet may say in its first line what parts its cells.
    let (text, said) = match text.lines().next().and_then(|line| line.trim().strip_prefix("sep=")) {
        Some(said) if said.len() == 1 => {
            (text.split_once('\n').map_or("", |(_, rest)| rest), said.bytes().next())
        }
        _ => (text, None),
    };
    let skipped = usize::from(said.is_some());
    let delimiter = said.filter(|said| DELIMITERS.contains(said)).unwrap_or_else(|| delimiter(text));
    let mut reader = reader(text, delimiter);
    let (mut rows, mut cells) = (Vec::new(), 0);
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(cause) => return desk.fault(&whole, Reason::syntax("CSV", cause)),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let number = usize::try_from(line).unwrap_or(usize::MAX).saturating_add(skipped);
        let filled = record.iter().enumerate().filter_map(|(column, bytes)| {
            // All of the file was UTF-8, so each of its cells is.
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            Some((column, Cell::text_of(unguarded(text))?))
        });
        let row = Row { number, cells: filled.collect() };
        cells += row.cells.len();
        if !row.cells.is_empty() {
            rows.push(row);
        }
        if rows.len() > MOST_ROWS || cells > MOST_VALUES {
            let (what, most, found) = match rows.len() > MOST_ROWS {
                true => ("rows", MOST_ROWS, rows.len()),
                false => ("cells", MOST_VALUES, cells),
            };
            return desk.fault(&Place::at(Unit::Row, number), Reason::Many { what, most, found });
        }
    }
    if !table::read(Sheet { name: None, rows, merged: Vec::new() }, desk) {
        desk.fault(&whole, Reason::Missing { what: table::HEADER });
    }
}

/// Writes items as a table with commas, in UTF-8 with a byte order mark, without which some spreadsheets guess.
///
/// # Errors
/// What the writer of tables says.
pub(crate) fn write(items: &[Item]) -> Result<Vec<u8>, Faults> {
    let syntax = |cause: String| Faults::from(Reason::syntax("CSV", cause).at(&Place::whole()));
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).from_writer("\u{FEFF}".as_bytes().to_vec());
    for row in table::written(items) {
        let cells = row.iter().map(|(text, _)| guarded(text));
        writer.write_record(cells).map_err(|cause| syntax(cause.to_string()))?;
    }
    writer.into_inner().map_err(|cause| syntax(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_calculated_is_guarded_and_reads_back() {
        for text in [
            "=1+1", "+1 2", "-x", "@a", "\tx", "\rx", "＝1", "'=x", "''=x", "'x", "x", "", "'", "-35.1",
            "+5", "=", "''", "-inf",
        ] {
            assert_eq!(unguarded(&guarded(text)), text, "{text:?}");
        }
        assert_eq!(guarded("=cmd()"), "'=cmd()");
        assert_eq!(guarded("-35.1"), "-35.1");
        assert_eq!(guarded("-35.1; 2"), "'-35.1; 2");
    }

    #[test]
    fn delimiters_are_found() {
        assert_eq!(delimiter("id,lat,lon\n1,2,3\n"), b',');
        assert_eq!(delimiter("id;lat;lon\n1;2,5;3,5\n"), b';');
        assert_eq!(delimiter("id\tlat\tlon\n1\t2,5\t3\n"), b'\t');
        assert_eq!(delimiter("Sites, all of them\nid;lat;lon\n1;2,5;3,5\n2;2,5;3,5\n"), b';');
        assert_eq!(delimiter("id,area\n1,\"0,0; 1,1; 0,1; 1,0\"\n"), b',');
        assert_eq!(delimiter("mgrs\n37SCA1234512345"), b',');
    }
}
