//! Workbooks (XLSX): every sheet that has a header is a table (spec/exchange.md §7).
//!
//! Read with our own eyes, because a workbook from outside may say that it has 2^60 strings: nothing is set aside for what
//! is only announced. Formulas are never calculated; their last values are taken, and said to be.

use std::collections::BTreeMap;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use crate::archive::{self, Archive};
use crate::cell::Cell;
use crate::fault::{Column, Faults, Place, Reason, Unit, clipped};
use crate::item::Item;
use crate::markup::{Markup, Tag, Token};
use crate::reading::{Desk, MOST_ROWS, MOST_VALUES, utf8};
use crate::table::{self, Merge, Row, Sheet};

const FORMAT: &str = "XLSX";
/// Most sheets of a workbook.
const MOST_SHEETS: usize = 1_000;
/// Most bytes of text in all cells together: a long text can stand in many cells and in the file once.
const MOST_TEXT: usize = 128 << 20;
/// Rows and columns of a sheet, by its standard.
const GRID: (usize, usize) = (1_048_576, 16_384);

/// Numbers of built-in formats that show a day.
const DATES: [std::ops::RangeInclusive<u32>; 4] = [14..=17, 22..=22, 27..=36, 50..=58];

/// Reads a workbook.
pub(crate) fn read(bytes: &[u8], desk: &mut Desk<'_>) {
    let whole = Place::whole();
    let read = book(bytes, desk);
    desk.keep(&whole, read);
}

fn book(bytes: &[u8], desk: &mut Desk<'_>) -> Result<(), Reason> {
    let mut archive = archive::measured(bytes, FORMAT)?;
    let root = relations(&mut archive, "")?;
    let workbook = root.values().find(|(kind, _)| kind.ends_with("/officeDocument"));
    let workbook =
        workbook.map(|(_, target)| target.clone()).ok_or(Reason::Missing { what: "the workbook" })?;
    let known = relations(&mut archive, &workbook)?;
    let named = |kind: &str| {
        known.values().find(|(known, _)| known.ends_with(kind)).map(|(_, target)| target.clone())
    };
    let strings = match named("/sharedStrings") {
        Some(path) => strings(&text(&mut archive, &path)?)?,
        None => Vec::new(),
    };
    let styles = match named("/styles") {
        Some(path) => dated_styles(&text(&mut archive, &path)?)?,
        None => Vec::new(),
    };
    let (of_1904, sheets) = sheets(&text(&mut archive, &workbook)?)?;
    let book = Book { strings, styles, of_1904 };
    let (mut headers, mut budget) = (0, Budget::default());
    for (name, id) in sheets {
        let Some((kind, path)) = known.get(&id) else { continue };
        if !kind.ends_with("/worksheet") {
            continue;
        }
        let document = text(&mut archive, path)?;
        let sheet = book.sheet(name.clone(), &document, &mut budget, desk)?;
        let empty = sheet.rows.is_empty();
        if table::read(sheet, desk) {
            headers += 1;
        } else if !empty {
            let place = Place { sheet: Some(name), ..Place::whole() };
            desk.note(&place, format!("is not read: it lacks {}", table::HEADER));
        }
    }
    if headers == 0 { Err(Reason::Missing { what: table::HEADER }) } else { Ok(()) }
}

/// The text of an entry.
fn text(archive: &mut Archive<'_>, path: &str) -> Result<String, Reason> {
    let bytes = archive::exact(archive, path, FORMAT)?;
    utf8(&bytes)?;
    // Judged above, and not copied: it may be most of the archive.
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    if text.starts_with('\u{FEFF}') {
        text.drain(..'\u{FEFF}'.len_utf8());
    }
    Ok(text)
}

/// Relations of a part of the package by their number: kind, and path of the target.
fn relations(archive: &mut Archive<'_>, of: &str) -> Result<BTreeMap<String, (String, String)>, Reason> {
    let (folder, name) = of.rsplit_once('/').unwrap_or(("", of));
    let slash = if folder.is_empty() { "" } else { "/" };
    let text = text(archive, &format!("{folder}{slash}_rels/{name}.rels"))?;
    let mut markup = Markup::new(&text, FORMAT);
    let mut known = BTreeMap::new();
    while let Some(token) = markup.next()? {
        let Token::Start(tag) = token else { continue };
        let (id, kind, target) = (tag.attribute("Id"), tag.attribute("Type"), tag.attribute("Target"));
        let (Some(id), Some(kind), Some(target)) = (id, kind, target) else { continue };
        let path = match target.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None => format!("{folder}{slash}{target}"),
        };
        known.insert(id.to_owned(), (kind.to_owned(), path));
    }
    Ok(known)
}

/// Whether days are counted from 1904, and the sheets: names, and numbers of their relations.
fn sheets(text: &str) -> Result<(bool, Vec<(String, String)>), Reason> {
    let mut markup = Markup::new(text, FORMAT);
    let (mut of_1904, mut sheets) = (false, Vec::new());
    while let Some(token) = markup.next()? {
        let Token::Start(tag) = token else { continue };
        match tag.name.as_str() {
            "workbookPr" => of_1904 = matches!(tag.attribute("date1904"), Some("1" | "true")),
            "sheet" => {
                let name = tag.attribute("name").unwrap_or_default().to_owned();
                sheets.extend(tag.attribute("r:id").map(|id| (name, id.to_owned())));
            }
            _ => {}
        }
        if sheets.len() > MOST_SHEETS {
            return Err(Reason::Many { what: "sheets", most: MOST_SHEETS, found: sheets.len() });
        }
    }
    Ok((of_1904, sheets))
}

/// The strings that cells share.
fn strings(text: &str) -> Result<Vec<String>, Reason> {
    let mut markup = Markup::new(text, FORMAT);
    let mut strings = Vec::new();
    while let Some(token) = markup.next()? {
        if matches!(&token, Token::Start(tag) if tag.name == "si") {
            if strings.len() == MOST_VALUES {
                return Err(Reason::Many { what: "strings", most: MOST_VALUES, found: MOST_VALUES + 1 });
            }
            strings.push(rich(&mut markup)?);
        }
    }
    Ok(strings)
}

/// The text of an element whose text may be in pieces, each of its own look; how to say it aloud is left out.
fn rich(markup: &mut Markup<'_>) -> Result<String, Reason> {
    let (mut text, mut depth) = (String::new(), 0_usize);
    while let Some(token) = markup.next()? {
        match token {
            Token::Start(tag) if tag.name == "t" => text.push_str(&markup.text()?),
            Token::Start(tag) if tag.name == "rPh" => markup.skip()?,
            Token::Start(_) => depth += 1,
            Token::End if depth == 0 => break,
            Token::End => depth -= 1,
            Token::Text(_) => {}
        }
    }
    Ok(unescaped(&text))
}

/// Characters that XML cannot hold stand as `_x000D_`.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        let code = from.get(2..6).filter(|_| from.get(6..7) == Some("_"));
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        plain.push_str(before);
        match (c, from.get(7..)) {
            (Some(c), Some(behind)) => {
                plain.push(c);
                rest = behind;
            }
            _ => {
                plain.push_str("_x");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// For each style of cells, whether it shows numbers as days.
fn dated_styles(text: &str) -> Result<Vec<bool>, Reason> {
    let mut markup = Markup::new(text, FORMAT);
    let (mut custom, mut styles, mut within) = (BTreeMap::new(), Vec::new(), false);
    while let Some(token) = markup.next()? {
        let Token::Start(tag) = token else { continue };
        let number = |name| tag.attribute(name).and_then(|text| text.parse::<u32>().ok());
        match tag.name.as_str() {
            "numFmt" => {
                let dated = tag.attribute("formatCode").is_some_and(shows_days);
                custom.extend(number("numFmtId").map(|id| (id, dated)));
            }
            "cellXfs" => within = true,
            "cellStyles" | "dxfs" => within = false,
            "xf" if within => {
                let id = number("numFmtId").unwrap_or(0);
                let built_in = DATES.iter().any(|range| range.contains(&id));
                styles.push(custom.get(&id).copied().unwrap_or(built_in));
            }
            _ => {}
        }
    }
    Ok(styles)
}

/// Whether a format shows a day or a year, outside of quotes, brackets and escapes.
fn shows_days(code: &str) -> bool {
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    code.chars().any(|c| {
        let plain = !(quoted || bracketed || escaped);
        let was_escaped = std::mem::replace(&mut escaped, c == '\\' && plain);
        match c {
            '"' if !was_escaped && !bracketed => quoted = !quoted,
            '[' if plain => bracketed = true,
            ']' if bracketed => bracketed = false,
            _ => {}
        }
        plain && matches!(c, 'd' | 'D' | 'y' | 'Y')
    })
}

/// How much was read of all sheets.
#[derive(Debug, Default)]
struct Budget {
    rows: usize,
    cells: usize,
    text: usize,
}

/// What all sheets of a workbook share.
struct Book {
    strings: Vec<String>,
    styles: Vec<bool>,
    of_1904: bool,
}

/// What is in a cell as it stands: its value, whether it is calculated, whether the value stands in itself.
#[derive(Default)]
struct Raw {
    value: String,
    formula: bool,
    inline: Option<String>,
}

impl Book {
    fn sheet(
        &self,
        name: String,
        text: &str,
        budget: &mut Budget,
        desk: &mut Desk<'_>,
    ) -> Result<Sheet, Reason> {
        let mut markup = Markup::new(text, FORMAT);
        let mut sheet = Sheet { name: Some(name), rows: Vec::new(), merged: Vec::new() };
        let (mut row, mut column) = (0_usize, 0_usize);
        while let Some(token) = markup.next()? {
            let Token::Start(tag) = token else { continue };
            match tag.name.as_str() {
                "row" => {
                    let stated = tag.attribute("r").map(|text| text.parse().unwrap_or(0));
                    let next = stated.unwrap_or(row + 1);
                    if next <= row || next > GRID.0 {
                        return Err(Reason::syntax(FORMAT, format!("row {next} after row {row}")));
                    }
                    (row, column) = (next, 0);
                }
                "c" => {
                    let stated = tag.attribute("r").map(reference);
                    let (at_row, at) = match stated {
                        Some(Some((at_row, at))) => (at_row, at),
                        Some(None) => return Err(Reason::syntax(FORMAT, "a cell without a place")),
                        None => (row, column),
                    };
                    if at_row != row || at < column || at >= GRID.1 {
                        let cell = format!("cell {}{at_row} out of its order", table::letter(at));
                        return Err(Reason::syntax(FORMAT, cell));
                    }
                    column = at + 1;
                    let raw = raw(&mut markup)?;
                    let place = Place {
                        sheet: sheet.name.clone(),
                        number: Some((Unit::Row, row)),
                        column: Some(Column { name: "cell".into(), letter: Some(table::letter(at)) }),
                    };
                    let value = self.value(&tag, &raw);
                    let value = value.and_then(|cell| match (cell, raw.formula) {
                        (None, true) => Err(Reason::meaning(
                            "the value of the formula (open the workbook where it is calculated, and save it)",
                            "a formula",
                        )),
                        (cell, _) => Ok(cell),
                    });
                    let Some(Some(cell)) = desk.keep(&place, value) else { continue };
                    if raw.formula {
                        desk.note(
                            &place,
                            "is a formula: the value that it had when the file was saved is taken",
                        );
                    }
                    budget.cells += 1;
                    if let Cell::Text(text) = &cell {
                        budget.text += text.len();
                    }
                    if budget.cells > MOST_VALUES || budget.text > MOST_TEXT {
                        return Err(match budget.cells > MOST_VALUES {
                            true => Reason::Many { what: "cells", most: MOST_VALUES, found: budget.cells },
                            false => Reason::Large { most: MOST_TEXT as u64, found: budget.text as u64 },
                        });
                    }
                    match sheet.rows.last_mut().filter(|last| last.number == row) {
                        Some(last) => last.cells.push((at, cell)),
                        None => {
                            budget.rows += 1;
                            sheet.rows.push(Row { number: row, cells: vec![(at, cell)] });
                        }
                    }
                    if budget.rows > MOST_ROWS {
                        return Err(Reason::Many { what: "rows", most: MOST_ROWS, found: budget.rows });
                    }
                }
                "mergeCell" => {
                    let corners = tag.attribute("ref").and_then(|range| range.split_once(':'));
                    let corners = corners.and_then(|(from, to)| Some((reference(from)?, reference(to)?)));
                    let Some((from, to)) = corners.filter(|(from, to)| from.0 <= to.0 && from.1 <= to.1)
                    else {
                        return Err(Reason::syntax(FORMAT, "merged cells without a place"));
                    };
                    sheet.merged.push(Merge { from, to });
                    if sheet.merged.len() > MOST_ROWS {
                        return Err(Reason::Many {
                            what: "merged cells",
                            most: MOST_ROWS,
                            found: MOST_ROWS + 1,
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(sheet)
    }

    /// The value of a cell, if it has one.
    fn value(&self, tag: &Tag, raw: &Raw) -> Result<Option<Cell>, Reason> {
        let value = raw.value.trim();
        let none = |expected| Reason::meaning(expected, value);
        match tag.attribute("t").unwrap_or("n") {
            "s" if value.is_empty() => Ok(None),
            "s" => {
                let text = value.parse::<usize>().ok().and_then(|index| self.strings.get(index));
                Ok(Cell::text_of(text.ok_or_else(|| none("the number of a string of the workbook"))?))
            }
            "inlineStr" => Ok(raw.inline.as_deref().and_then(Cell::text_of)),
            "str" | "d" => Ok(Cell::text_of(&unescaped(&raw.value))),
            "b" => Ok(Some(Cell::Flag(value == "1"))),
            "e" => Err(Reason::meaning("a value (the cell's formula failed)", value)),
            "n" if value.is_empty() => Ok(None),
            "n" => {
                let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
                let number = number.ok_or_else(|| none("a number"))?;
                let style = tag.attribute("s").and_then(|style| style.parse::<usize>().ok());
                let dated = style.and_then(|style| self.styles.get(style)).copied().unwrap_or(false);
                Ok(Some(match dated {
                    true => Cell::Serial { days: number, of_1904: self.of_1904 },
                    false => Cell::Number(number),
                }))
            }
            other => Err(Reason::meaning("a kind of cell of the standard", &clipped(other))),
        }
    }
}

/// What is in the cell that has begun.
fn raw(markup: &mut Markup<'_>) -> Result<Raw, Reason> {
    let mut raw = Raw::default();
    while let Some(token) = markup.next()? {
        match token {
            Token::Start(tag) => match tag.name.as_str() {
                "v" => raw.value = markup.text()?,
                "f" => {
                    raw.formula = true;
                    markup.skip()?;
                }
                "is" => raw.inline = Some(rich(markup)?),
                _ => markup.skip()?,
            },
            Token::Text(_) => {}
            Token::End => break,
        }
    }
    Ok(raw)
}

/// Row from 1 and column from 0 of a reference such as `AB12`.
fn reference(text: &str) -> Option<(usize, usize)> {
    let end = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) =
        text.split_at_checked(end).filter(|(letters, _)| (1..=3).contains(&letters.len()))?;
    let value = |letter: u8| letter.is_ascii_uppercase().then(|| usize::from(letter - b'A') + 1);
    let column = letters.bytes().try_fold(0, |column, letter| Some(column * 26 + value(letter)?))?;
    let plain = digits.len() <= 7 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let row = digits.parse::<usize>().ok().filter(|row| plain && (1..=GRID.0).contains(row))?;
    Some((row, column.checked_sub(1).filter(|column| *column < GRID.1)?))
}

/// Writes items as a workbook of one sheet. All cells are texts and numbers, never formulas.
///
/// # Errors
/// [`Reason::Unsayable`] for two characters; what the writer of workbooks says.
pub(crate) fn write(items: &[Item]) -> Result<Vec<u8>, Faults> {
    let rows = table::written(items);
    let fault = |reason: Reason| Faults::from(reason.at(&Place::whole()));
    // Other control characters have a form in this format: `_x0001_`.
    if rows.iter().flatten().any(|(text, _)| text.contains(['\u{FFFE}', '\u{FFFF}'])) {
        return Err(fault(Reason::Unsayable { format: FORMAT, what: "the characters U+FFFE and U+FFFF" }));
    }
    filled(&rows).map_err(|cause| fault(Reason::syntax(FORMAT, cause)))
}

fn filled(rows: &[Vec<(String, bool)>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // A day that never changes, so that the same items are the same bytes.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let sheet = workbook.add_worksheet();
    sheet.set_name("items")?;
    sheet.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    for (row, cells) in (0..).zip(rows) {
        for (column, (text, is_number)) in (0..).zip(cells).filter(|(_, (text, _))| !text.is_empty()) {
            match text.parse::<f64>().ok().filter(|_| *is_number) {
                Some(number) => sheet.write_number(row, column, number)?,
                None if row == 0 => sheet.write_string_with_format(row, column, text, &bold)?,
                None => sheet.write_string(row, column, text)?,
            };
        }
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        assert_eq!(reference("A1"), Some((1, 0)));
        assert_eq!(reference("XFD1048576"), Some((1_048_576, 16_383)));
        for text in
            ["", "A", "1", "A0", "XFE1", "A1048577", "AAAA1", "a1", "A99999999999999999999", "$A$1", "é1"]
        {
            assert_eq!(reference(text), None, "{text}");
        }
    }

    #[test]
    fn formats_that_show_days() {
        for code in ["yyyy-mm-dd", "dd/mm/yyyy hh:mm", "[$-409]d-mmm-yy;@", "m/d"] {
            assert!(shows_days(code), "{code}");
        }
        for code in ["General", "0.00", "\"day\" 0", "[Red]0", "hh:mm", "0\\d", "#,##0"] {
            assert!(!shows_days(code), "{code}");
        }
    }

    #[test]
    fn characters_that_xml_cannot_hold() {
        assert_eq!(unescaped("a_x000D_b_x005F_x0041_"), "a\rb_x0041_");
        assert_eq!(unescaped("_x00_ _x_ _x000G_ _xé000_"), "_x00_ _x_ _x000G_ _xé000_");
    }
}
