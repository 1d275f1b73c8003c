//! What is asked of receipts. They lie by book and party, so each question is a seek for each party that receipted the book, however
//! long its record is.

use rusqlite::{Connection, Row, params};

use super::reading::{MAX_LIST, bound, one, unsigned};
use super::sqlite::fault;
use super::{Receipt, StoreError};

type Found<T> = Result<T, StoreError>;

/// The parties that have receipted a book: the first, and from each the next.
macro_rules! of_each_party {
    ($query:literal) => {
        concat!(
            "WITH RECURSIVE signer(party) AS (
                SELECT min(party) FROM receipt WHERE book = ?1
                UNION ALL
                SELECT (SELECT min(party) FROM receipt WHERE book = ?1 AND party > signer.party)
                FROM signer WHERE signer.party IS NOT NULL) ",
            $query
        )
    };
}

const FOR_SIZE: &str = of_each_party!(
    "SELECT given.book, given.party, given.size, given.seconds, given.signature
     FROM signer CROSS JOIN receipt AS given
     WHERE given.book = ?1 AND given.party = signer.party AND given.size = ?2
     ORDER BY given.party, given.seconds"
);
const NEXT_SIZE: &str = of_each_party!(
    "SELECT min((SELECT min(size) FROM receipt WHERE book = ?1 AND party = signer.party AND size > ?2))
     FROM signer WHERE signer.party <> ?3"
);
const LARGEST_SIZE: &str = of_each_party!(
    "SELECT max((SELECT max(size) FROM receipt WHERE book = ?1 AND party = signer.party)) FROM signer"
);
const LARGEST_SIZE_OF: &str = "SELECT max(size) FROM receipt WHERE book = ?1 AND party = ?2";
const FIRST_COVERING: &str = "
    SELECT book, party, size, seconds, signature FROM receipt
    WHERE book = ?1 AND party = ?2 AND size >= ?3 ORDER BY size, seconds LIMIT 1";
const AFTER: &str = "
    SELECT book, party, size, seconds, signature FROM receipt
    WHERE book = ?1 AND party = ?2 AND size > ?3 AND size <= coalesce(
        (SELECT size FROM receipt WHERE book = ?1 AND party = ?2 AND size > ?3 ORDER BY size LIMIT 1 OFFSET ?4), ?5)
    ORDER BY size, seconds";

/// The receipts of all parties for exactly this size, by party and time.
pub(super) fn for_size(connection: &Connection, book: u32, size: u64) -> Found<Vec<Receipt>> {
    const WHAT: &str = "read the receipts for a size";
    let mut prepared = connection.prepare_cached(FOR_SIZE).map_err(fault(WHAT))?;
    let rows = prepared.query_map(params![book, size.cast_signed()], receipt).map_err(fault(WHAT))?;
    rows.collect::<Result<_, _>>().map_err(fault(WHAT))
}

/// The smallest size above `after_size` that a party other than `besides` has receipted.
pub(super) fn next_size(
    connection: &Connection,
    book: u32,
    after_size: u64,
    besides: u8,
) -> Found<Option<u64>> {
    some_size(connection, NEXT_SIZE, &[&book, &after_size.cast_signed(), &besides])
}

/// The largest size that any party has receipted.
pub(super) fn largest_size(connection: &Connection, book: u32) -> Found<Option<u64>> {
    some_size(connection, LARGEST_SIZE, &[&book])
}

/// The largest size that a party has receipted.
pub(super) fn largest_size_of(connection: &Connection, book: u32, party: u8) -> Found<Option<u64>> {
    some_size(connection, LARGEST_SIZE_OF, &[&book, &party])
}

/// A party's receipts over sizes above `after_size`, by size: about [`MAX_LIST`] of them, but never only a part of those for one size.
pub(super) fn after(connection: &Connection, book: u32, party: u8, after_size: u64) -> Found<Vec<Receipt>> {
    const WHAT: &str = "read receipts";
    let mut prepared = connection.prepare_cached(AFTER).map_err(fault(WHAT))?;
    let bounds = params![book, party, after_size.cast_signed(), bound(MAX_LIST - 1), i64::MAX];
    let rows = prepared.query_map(bounds, receipt).map_err(fault(WHAT))?;
    rows.collect::<Result<_, _>>().map_err(fault(WHAT))
}

/// The first receipt of a party that covers an entry: of the smallest size, and of these the earliest.
pub(super) fn first_covering(
    connection: &Connection,
    book: u32,
    party: u8,
    number: u64,
) -> Found<Option<Receipt>> {
    one(connection, FIRST_COVERING, "read a receipt").row(params![book, party, number.cast_signed()], receipt)
}

fn some_size(connection: &Connection, query: &str, with: &[&dyn rusqlite::ToSql]) -> Found<Option<u64>> {
    let size = |row: &Row<'_>| row.get::<_, Option<i64>>(0);
    let found = one(connection, query, "read the size of a receipt").row(with, size)?;
    Ok(found.flatten().map(i64::cast_unsigned))
}

fn receipt(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        book: row.get(0)?,
        party: row.get(1)?,
        size: unsigned(row, 2)?,
        seconds: unsigned(row, 3)?,
        signature: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::store::sqlite::TABLES;

    const BOOK: u32 = 4;

    /// A book of `sizes` sizes, each receipted by parties 1 to 3, with another book on either side.
    fn receipted(sizes: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        {
            let mut row = connection.prepare("INSERT INTO receipt VALUES (?1, ?2, ?3, ?4, ?5)").unwrap();
            for (book, sizes) in [(BOOK - 1, 3), (BOOK, sizes), (BOOK + 1, 3)] {
                for party in 1..=3 {
                    for size in 1..=sizes {
                        row.execute(params![book, party, size, 100 + size, [0_u8; 64]]).unwrap();
                    }
                }
            }
        }
        connection
    }

    fn signers(found: &[Receipt]) -> Vec<(u32, u8, u64)> {
        found.iter().map(|receipt| (receipt.book, receipt.party, receipt.size)).collect()
    }

    #[test]
    fn sizes_are_found_among_all_parties() {
        let connection = receipted(9);
        connection.execute("DELETE FROM receipt WHERE party = 1 AND size > 2", []).unwrap();
        connection.execute("DELETE FROM receipt WHERE party = 2 AND size < 7", []).unwrap();
        assert_eq!(signers(&for_size(&connection, BOOK, 8).unwrap()), [(BOOK, 2, 8), (BOOK, 3, 8)]);
        assert_eq!(for_size(&connection, BOOK, 10).unwrap(), []);
        assert_eq!(next_size(&connection, BOOK, 3, 3).unwrap(), Some(7));
        assert_eq!(next_size(&connection, BOOK, 3, 2).unwrap(), Some(4));
        assert_eq!(next_size(&connection, BOOK, 9, 9).unwrap(), None);
        assert_eq!(largest_size(&connection, BOOK).unwrap(), Some(9));
        assert_eq!(largest_size_of(&connection, BOOK, 1).unwrap(), Some(2));
        assert_eq!(largest_size(&connection, BOOK + 2).unwrap(), None);
        assert_eq!(next_size(&connection, BOOK + 2, 0, 9).unwrap(), None);
    }

    /// What SQLite does for a query, in steps of its machine.
    fn steps(connection: &Connection, query: &str, with: &[&dyn rusqlite::ToSql]) -> i32 {
        let mut prepared = connection.prepare(query).unwrap();
        let mut rows = prepared.query(with).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        prepared.get_status(StatementStatus::VmStep)
    }

    #[test]
    fn no_question_takes_more_of_a_longer_record() {
        let (short, long) = (receipted(50), receipted(5_000));
        for query in [FOR_SIZE, NEXT_SIZE, LARGEST_SIZE, LARGEST_SIZE_OF, FIRST_COVERING] {
            let with: &[&dyn rusqlite::ToSql] = &[&BOOK, &20_i64, &9_u8];
            let parameters = long.prepare(query).unwrap().parameter_count();
            let with = &with[..parameters];
            assert_eq!(steps(&long, query, with), steps(&short, query, with), "{query}");
        }
    }
}
