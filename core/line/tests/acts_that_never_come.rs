//! An entry rests on acts that nobody ever brings: invented, or lost with their author's disk. What came before it in the same
//! step does not wait with it; others state that, before and after a restart, and the line goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_record::{Class, Cut, Entry, EntryRef};
use line_in_memory::{LineInMemory, book, message};

fn cut(line: &LineInMemory, name: EntryRef) -> Cut {
    let bytes = &line.station(0).store.entries[&name.book][name.number as usize - 1];
    Entry::decode(bytes).unwrap().cut
}

#[test]
fn acts_that_never_come() {
    let mut line = LineInMemory::between(&["usa", "rus", "liar"]);
    let of = book(2, Class::P);
    let invented = Cut::from([(book(1, Class::A), 5)]);
    let step = line.signed(of, &[line.said(1, Cut::new()), line.said(2, invented)]);
    line.forge(0, 2, step);
    line.run_for(1_000);
    assert_eq!(line.held(0, of), 2, "both are kept");
    let answer = line.write(0, message(Class::P, "heard")).unwrap();
    assert_eq!(cut(&line, answer), Cut::from([(of, 1)]), "and the first is stated");
    line.kill(0);
    line.start(0);
    let again = line.write(0, message(Class::O, "heard again")).unwrap();
    assert_eq!(cut(&line, again).get(&of), Some(&1));
}
