//! Our workbooks, read by another program's reader.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

mod dice;

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use detente_exchange::format::Format;
use detente_exchange::writing::write;
use dice::Dice;

#[test]
fn a_workbook_of_ours_is_one_to_others() {
    for seed in 0..20 {
        let items = Dice::new(seed).items(false);
        let bytes = write(&items, Format::Xlsx).unwrap().bytes;
        let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(workbook.sheet_names(), ["items"]);
        let range = workbook.worksheet_range("items").unwrap();
        let rows: usize = items.iter().map(|item| item.parts.len() + item.waypoints.len()).sum();
        assert_eq!(range.height(), rows + 1, "seed {seed}");
        let mut header = range.rows().next().unwrap().iter().map(ToString::to_string);
        let text = header.position(|name| name == "text");
        let first = range.rows().nth(1).unwrap();
        assert_eq!(first[0], Data::Float(1.0), "seed {seed}");
        if let Some(column) = text.filter(|_| !items[0].text.is_empty()) {
            // Line ends come through XML as line feeds there.
            let found = first[column].to_string().replace("\r\n", "\n");
            assert_eq!(found, items[0].text.replace("\r\n", "\n"), "seed {seed}");
        }
    }
}
