//! Tables: rows below a header, found below whatever titles stand above it (spec/exchange.md §7).
//!
//! A row is a part or a waypoint; rows of one identifier are one item. Every bad row is told, with its column.

use std::collections::BTreeMap;

use detente_airspace::position::Position;

use crate::angle;
use crate::attribute::{Attribute, Header};
use crate::cell::Cell;
use crate::fault::{Column, Place, Reason, Unit, clipped};
use crate::item::{Item, Shape};
use crate::outline;
use crate::position;
use crate::reading::Desk;
use crate::said::Said;
use crate::writing;

/// Rows among which the header is looked for.
const HEAD: usize = 50;

/// What a sheet without one lacks.
pub(crate) const HEADER: &str =
    "a row with the names of the columns, among them latitude and longitude, or position";

/// A row and what is in it; cells with nothing in them are not.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its number in the file, the first being 1.
    pub(crate) number: usize,
    /// Cells by column, the first being 0, ascending.
    pub(crate) cells: Vec<(usize, Cell)>,
}

/// Cells that were merged, from row and column to row and column; rows count from 1, columns from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) from: (usize, usize),
    pub(crate) to: (usize, usize),
}

/// A table of a file.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) name: Option<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) merged: Vec<Merge>,
}

/// The letters of a column, the first being `A`.
pub(crate) fn letter(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column.saturating_add(1);
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// Known columns of a header: what each is about, and what it is called.
type Columns = BTreeMap<usize, (Header, String)>;

fn columns(cells: &[(usize, Cell)]) -> Columns {
    let named = cells.iter().filter_map(|(column, cell)| {
        let name = cell.shown();
        Some((*column, (Header::of(&name)?, clipped(&name))))
    });
    named.collect()
}

/// Reads a table into items; whether there was a header.
pub(crate) fn read(mut sheet: Sheet, desk: &mut Desk<'_>) -> bool {
    fill_heads(&mut sheet);
    let place =
        |row: usize| Place { sheet: sheet.name.clone(), number: Some((Unit::Row, row)), column: None };
    let mut found = None;
    for (index, row) in sheet.rows.iter().enumerate().take(HEAD) {
        let columns = columns(&row.cells);
        if columns.values().any(|(header, _)| header.attribute.is_place()) {
            found = Some((index, row.number, columns));
            break;
        }
    }
    let Some((index, header_row, columns)) = found else { return false };
    let at = |row: usize, column: usize, name: &str| Place {
        column: Some(Column { name: name.to_owned(), letter: Some(letter(column)) }),
        ..place(row)
    };
    let mut seen: Vec<Attribute> = Vec::new();
    for (column, (header, name)) in &columns {
        if seen.contains(&header.attribute) {
            let what = header.attribute.name();
            desk.fault(&at(header_row, *column, name), Reason::Twice { what });
        }
        seen.push(header.attribute);
    }
    if let Some(row) = sheet.rows.get(index) {
        for (column, cell) in row.cells.iter().filter(|(column, _)| !columns.contains_key(column)) {
            let name = clipped(&cell.shown());
            desk.note(&at(header_row, *column, &name), "is not read: its name says nothing here");
        }
    }
    merges(&sheet, header_row, &columns, desk);
    let mut items: Vec<(Item, usize)> = Vec::new();
    let mut known: BTreeMap<(bool, String), usize> = BTreeMap::new();
    for row in sheet.rows.iter().skip(index + 1) {
        let before = desk.faults.count();
        let place = place(row.number);
        let mut said = Said::default();
        let cells =
            || row.cells.iter().filter_map(|(column, cell)| Some((column, columns.get(column)?, cell)));
        if cells().next().is_none() {
            continue;
        }
        for (column, (header, name), cell) in cells() {
            desk.keep(&at(row.number, *column, name), said.prepare(header, cell));
        }
        for (column, (header, name), cell) in cells() {
            desk.keep(&at(row.number, *column, name), said.take(header, cell, desk.options));
        }
        desk.pass_notes(&place, &mut said);
        // By number of the item where there is one, else by identifier, else alone.
        let key = said.group.clone().map(|key| (true, key)).or_else(|| said.id.clone().map(|id| (false, id)));
        let fresh = items.len();
        let index = match key {
            Some(key) => *known.entry(key).or_insert(fresh),
            None => fresh,
        };
        if index == fresh {
            items.push((Item::at(place.clone()), before));
        }
        let Some((item, _)) = items.get_mut(index) else { continue };
        desk.keep(&place, said.describe(item));
        // Where a value of the row was refused, nothing more is to be learnt from its lack.
        if desk.faults.count() > before {
            continue;
        }
        let own = said.geometry(desk.options);
        match desk.keep(&place, own) {
            Some(Some(geometry)) => {
                let parts = item.parts.len();
                let placed = said.place(geometry, None, item);
                desk.keep(&place, placed.and_then(|()| said.spend_width(parts, item)));
            }
            Some(None) => desk.fault(&place, Reason::Missing { what: "a position or an area" }),
            None => {}
        }
    }
    let faults = desk.faults.count();
    for (item, before) in items {
        // Faults of its rows were told row by row.
        desk.put(item, if faults > before { usize::MAX } else { before });
    }
    true
}

/// Writes the value of cells that are merged downward in the head into each of them, so that the lowest row of a
/// header of several rows has its names.
fn fill_heads(sheet: &mut Sheet) {
    for merge in sheet.merged.iter().filter(|merge| merge.to.0 <= HEAD && merge.from.0 < merge.to.0) {
        let column = merge.from.1;
        let cell_in =
            |row: &Row| row.cells.iter().find(|(known, _)| *known == column).map(|(_, cell)| cell.clone());
        let value = sheet.rows.iter().find(|row| row.number == merge.from.0).and_then(cell_in);
        let Some(value) = value.filter(|value| Header::of(&value.shown()).is_some()) else { continue };
        let covered = |row: &&mut Row| row.number > merge.from.0 && row.number <= merge.to.0;
        for row in sheet.rows.iter_mut().filter(covered) {
            if let Err(at) = row.cells.binary_search_by_key(&column, |(column, _)| *column) {
                row.cells.insert(at, (column, value.clone()));
            }
        }
    }
}

/// Refuses cells that are merged where it matters: below the header, in columns that are read.
fn merges(sheet: &Sheet, header_row: usize, columns: &Columns, desk: &mut Desk<'_>) {
    for Merge { from, to } in &sheet.merged {
        let mut covered = columns.range(from.1..=to.1.max(from.1));
        let (first, second) = (covered.next(), covered.next());
        let rows = to.0 > from.0 && first.is_some();
        if to.0 <= header_row || !(rows || second.is_some()) {
            continue;
        }
        let Some((column, (_, name))) = first else { continue };
        let cells = format!("{}{}:{}{}", letter(from.1), from.0, letter(to.1), to.0);
        let place = Place {
            sheet: sheet.name.clone(),
            number: Some((Unit::Row, from.0.max(header_row + 1))),
            column: Some(Column { name: name.clone(), letter: Some(letter(*column)) }),
        };
        desk.fault(&place, Reason::Merged { cells });
    }
}

/// Items as rows below a header, all values as texts: a row for each part and waypoint. A column whose values are
/// numbers and nothing else is marked.
pub(crate) fn written(items: &[Item]) -> Vec<Vec<(String, bool)>> {
    let mut rows: Vec<BTreeMap<usize, String>> = Vec::new();
    let mut used: Vec<Attribute> = Vec::new();
    let mut put = |row: &mut BTreeMap<usize, String>, (attribute, text): (Attribute, String)| {
        let column = used.iter().position(|known| *known == attribute).unwrap_or_else(|| {
            used.push(attribute);
            used.len() - 1
        });
        row.insert(column, text);
    };
    for (number, item) in (1..).zip(items) {
        let parts = item.parts.iter().map(|part| {
            let mut said = place_of(&part.shape);
            said.extend(writing::attributes(part));
            said
        });
        let waypoints = item.waypoints.iter().map(|waypoint| {
            let mut said = pair(waypoint.position);
            let (from, until) = writing::window(waypoint);
            said.push((Attribute::Shape, "waypoint".to_owned()));
            said.extend([(Attribute::From, from), (Attribute::Until, until)]);
            said.extend(writing::way(item));
            said
        });
        for (index, said) in parts.chain(waypoints).enumerate() {
            let mut row = BTreeMap::new();
            put(&mut row, (Attribute::Item, number.to_string()));
            if let Some(id) = &item.id {
                put(&mut row, (Attribute::Id, id.clone()));
            }
            // What is said of the whole stands in its first row.
            for one in said.into_iter().chain(writing::whole(item).into_iter().filter(|_| index == 0)) {
                put(&mut row, one);
            }
            rows.push(row);
        }
    }
    if items.is_empty() {
        // A table of nothing is read by its header as any other.
        used.extend([Attribute::Item, Attribute::Latitude, Attribute::Longitude]);
    }
    let order: Vec<usize> = {
        let mut order: Vec<usize> = (0..used.len()).collect();
        order.sort_by_key(|index| used.get(*index).copied());
        order
    };
    let number = |index: &usize| {
        use Attribute::{GroundHighest, GroundLowest, HalfWidth, Item, Latitude, Longitude, Radius};
        let of_numbers = [Item, Latitude, Longitude, Radius, HalfWidth, GroundLowest, GroundHighest];
        used.get(*index).is_some_and(|attribute| of_numbers.contains(attribute))
    };
    let name = |index: &usize| used.get(*index).map_or("", |attribute| attribute.name()).to_owned();
    let header = order.iter().map(|index| (name(index), false)).collect();
    let cells = rows.into_iter().map(|mut row| {
        order.iter().map(|index| (row.remove(index).unwrap_or_default(), number(index))).collect()
    });
    std::iter::once(header).chain(cells).collect()
}

/// Latitude and longitude in columns of their own, as most programs look for them.
fn pair(position: Position) -> Vec<(Attribute, String)> {
    let (lat, lon) = (angle::decimal(position.lat), angle::decimal(position.lon));
    vec![(Attribute::Latitude, lat), (Attribute::Longitude, lon)]
}

fn place_of(shape: &Shape) -> Vec<(Attribute, String)> {
    match shape {
        Shape::Area(area) => vec![(Attribute::Area, outline::written(area))],
        Shape::Circle { centre, .. } => pair(*centre),
        Shape::Leg { from, to, .. } => {
            let mut said = pair(*from);
            said.push((Attribute::To, position::decimal(*to)));
            said
        }
        Shape::Point(position) => pair(*position),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (column, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
        {
            assert_eq!(letter(column), letters);
        }
    }
}
