//! Disks that are full, read-only, locked or damaged, under whole stations. Each is a typed error with what to do;
//! what was accepted before is there afterwards, and what was not accepted was refused.
//!
//! Mounts small filesystems, which needs root: where it may not, these tests fail and say so.

#![expect(clippy::panic, reason = "a test that cannot be set up fails")]

mod parties;

use std::fs;
use std::path::Path;

use detente_station::SetupError;
use detente_station::clock::Clock;
use detente_station::store::StoreError;
use parties::disk::{MIB, SmallDisk};
use parties::{Party, two};
use serde_json::{Value, json};

const HOUR_MS: u64 = 3_600_000;
/// The start of a slot of the test schedule, in 2026.
const SLOT_MS: u64 = 495_240 * HOUR_MS;

fn message(precedence: &str, text: &str) -> Value {
    json!({"kind": "message", "precedence": precedence, "text": text})
}

async fn assert_no_room(station: &parties::Station, draft: Value) {
    let (status, refusal) = station.refused("POST", "/v1/lines/test/entries", &draft.to_string()).await;
    assert_eq!((status, &refusal["error"]), (503, &json!("Store")), "{refusal}");
    assert!(refusal["found"].as_str().is_some_and(|found| found.contains("no space")), "{refusal}");
    assert!(refusal["hint"].as_str().is_some_and(|hint| hint.contains("free space")), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_nearly_full_disk_flash_passes_and_the_rest_waits() {
    let disk = SmallDisk::mount(200);
    let [usa, rus] = disk.parties();
    // Exercises' clocks: both stand at the start of a slot of the test schedule, and can be moved to the next.
    let [usa, rus] = [usa, rus].map(|party| party.start_at(Clock::scenario(SLOT_MS)));
    for station in [&usa, &rus] {
        station.circuits_ready("test", 1).await;
    }
    usa.write(message("R", "While there is room.")).await;
    disk.fill_but("ballast", 40 * MIB);
    assert_no_room(&usa, message("R", "No room.")).await;
    let waiting = rus.post("/v1/lines/test/entries", message("R", "For later.")).await;
    assert_eq!(waiting["entry"], "rus/R/1");
    assert_eq!(usa.write(message("Z", "FLASH goes on.")).await, "usa/Z/1");
    assert_eq!(rus.write(message("Z", "FLASH comes in.")).await, "rus/Z/1");
    usa.entry_with("rus/Z/1").await;
    assert_eq!(usa.refused("GET", "/v1/lines/test/entries/rus/R/1", "").await.0, 404);
    // What the schedule has a station write, it writes: it must neither stop nor fall silent over it.
    for hours in 1..=3 {
        for station in [&usa, &rus] {
            station.post("/v1/clock", json!({"now_ms": SLOT_MS + hours * HOUR_MS})).await;
        }
        usa.write(message("Z", "Still here.")).await;
    }
    usa.entry_of_kind("test").await;
    for name in ["test: disk", "test: room"] {
        let check = usa.check(name).await;
        assert_eq!(check["ok"], false, "{check}");
    }
    disk.make_room("ballast");
    usa.entry_with("rus/R/1").await;
    assert_eq!(usa.write(message("R", "Room again.")).await, "usa/R/2");
    assert_eq!(usa.books().await, rus.books().await);
}

/// Comes back once rus has receipted the first entry of a book of usa's.
async fn receipted(usa: &parties::Station, book: &str) {
    let receipted = |answer: &Value| {
        let of = |found: &Value| found["book"] == book && found["receipts"]["rus"]["size"] == 1;
        answer["books"].as_array().is_some_and(|books| books.iter().any(of))
    };
    usa.wait("/v1/lines/test/books", receipted).await;
}

/// How many receipts for usa/R are in the store, as a verification of the record counts them.
async fn receipts_stored(station: &parties::Station) -> u64 {
    let verified = station.post("/v1/lines/test/verify", json!({})).await;
    assert_eq!(verified["ok"], true, "{verified}");
    let mut books = verified["books"].as_array().into_iter().flatten();
    let ours = books.find(|book| book["book"] == "usa/R");
    ours.and_then(|book| book["receipts_checked"].as_u64()).unwrap_or_else(|| panic!("{verified}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_comes_while_the_disk_is_full_is_stored_once_there_is_room() {
    let disk = SmallDisk::mount(200);
    let [usa, rus] = disk.parties();
    let party = usa;
    let usa = party.start_at(Clock::scenario(SLOT_MS));
    usa.circuits_ready("test", 0).await;
    usa.post("/v1/lines/test/entries", message("R", "While there is room.")).await;
    disk.fill_but("ballast", 40 * MIB);
    assert_no_room(&usa, message("R", "No room.")).await;
    let rus = rus.start_at(Clock::scenario(SLOT_MS));
    receipted(&usa, "usa/R").await;
    usa.wait("/v1/lines/test", |status| status["waits_for_room"]["signatures"] == 1).await;
    assert_eq!(receipts_stored(&usa).await, 0, "there is no room for it");
    disk.make_room("ballast");
    // It goes to the store by itself: nothing else happens on the line. What comes after it is durable after it.
    usa.wait("/v1/lines/test", |status| status["waits_for_room"]["signatures"] == 0).await;
    usa.write(message("Z", "Room again.")).await;
    assert_eq!(receipts_stored(&usa).await, 1);
    usa.lost("test").await;
    let again = party.up().await;
    assert!(receipts_stored(&again).await >= 1);
    // Its clock is another one now: it seals at once, and rus comes to hold that as well.
    let alike = async { while again.books().await != rus.books().await {} };
    assert!(tokio::time::timeout(parties::PATIENCE, alike).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_disk_without_a_byte_left_commands_are_refused_and_nothing_is_lost() {
    let disk = SmallDisk::mount(200);
    let [party, rus] = disk.parties();
    let (usa, rus) = (party.up().await, rus.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "While there is room.")).await;
    disk.fill_but("ballast", 0);
    assert_eq!(usa.write(message("Z", "From the reserve.")).await, "usa/Z/1");
    // The reserve has been given back to the disk; now somebody takes that as well.
    disk.fill_but("more", 0);
    for class in ["Z", "R"] {
        assert_no_room(&usa, message(class, "Not a byte.")).await;
    }
    rus.post("/v1/lines/test/entries", message("Z", "It waits for room.")).await;
    disk.make_room("more");
    disk.make_room("ballast");
    usa.entry_with("rus/Z/1").await;
    assert_eq!(usa.write(message("Z", "Room again.")).await, "usa/Z/2");
    assert_eq!(usa.books().await, rus.books().await);
    usa.lost("test").await;
    let again = party.up().await;
    assert_eq!(again.post("/v1/lines/test/verify", json!({})).await["ok"], true);
    assert_eq!(again.books().await, rus.books().await);
}

/// Takes every byte of usa's disk while rus is away; then rus comes and receipts what was written before.
async fn receipted_without_a_byte_left(disk: &SmallDisk, party: &Party, usa: parties::Station, rus: &Party) {
    usa.circuits_ready("test", 0).await;
    usa.post("/v1/lines/test/entries", message("R", "While there is room.")).await;
    disk.fill_but("ballast", 0);
    usa.post("/v1/lines/test/entries", message("Z", "From the reserve.")).await;
    disk.fill_but("more", 0);
    assert_no_room(&usa, message("Z", "Not a byte.")).await;
    let rus = rus.up().await;
    for book in ["usa/R", "usa/Z"] {
        receipted(&usa, book).await;
    }
    assert_no_room(&usa, message("Z", "Still not a byte.")).await;
    disk.make_room("more");
    disk.make_room("ballast");
    assert_eq!(usa.write(message("Z", "Room again.")).await, "usa/Z/2");
    rus.post("/v1/lines/test/entries", message("Z", "It is read.")).await;
    usa.entry_with("rus/Z/1").await;
    usa.lost("test").await;
    let again = party.up().await;
    assert_eq!(receipts_stored(&again).await, 1);
    assert_eq!(again.entry_with("rus/Z/1").await["body"]["text"], "It is read.");
    assert_eq!(again.books().await, rus.books().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_come_to_a_disk_without_a_byte_left_wait_and_the_line_goes_on() {
    let disk = SmallDisk::mount(200);
    let [party, other] = disk.parties();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    rus.lost("test").await;
    receipted_without_a_byte_left(&disk, &party, usa, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_a_byte_left_keeps_the_secret_of_a_first_meeting_waiting() {
    let disk = SmallDisk::mount(200);
    let [party, other] = disk.parties();
    let usa = party.up().await;
    receipted_without_a_byte_left(&disk, &party, usa, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_byte_left_for_the_schedule_the_line_stands_still_and_then_goes_on() {
    let disk = SmallDisk::mount(200);
    let [party, rus] = disk.parties();
    let [usa, rus] = [party, rus].map(|party| party.start_at(Clock::scenario(SLOT_MS)));
    usa.circuits_ready("test", 1).await;
    disk.fill_but("ballast", 0);
    assert_eq!(usa.write(message("Z", "From the reserve.")).await, "usa/Z/1");
    disk.fill_but("more", 0);
    for hours in 1..=2 {
        usa.post("/v1/clock", json!({"now_ms": SLOT_MS + hours * HOUR_MS})).await;
    }
    // It says so to whoever looks, and to its peers by being away; commands are refused with the reason.
    usa.wait("/v1/lines/test", |status| status["waits_for_room"]["entries"].as_u64() > Some(0)).await;
    rus.wait("/v1/lines/test", |status| {
        status["circuits"].as_array().is_some_and(|all| all.iter().all(|c| c["ready"] != true))
    })
    .await;
    assert_no_room(&usa, message("Z", "Not a byte.")).await;
    disk.make_room("more");
    disk.make_room("ballast");
    usa.wait("/v1/lines/test", |status| status["waits_for_room"]["entries"] == 0).await;
    usa.entry_of_kind("test").await;
    assert_eq!(usa.write(message("Z", "Room again.")).await, "usa/Z/2");
    assert_eq!(usa.post("/v1/lines/test/verify", json!({})).await["ok"], true);
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_starts_on_a_full_disk_for_flash() {
    let disk = SmallDisk::mount(200);
    let [party, other] = disk.parties();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "While there is room.")).await;
    usa.lost("test").await;
    rus.lost("test").await;
    disk.fill_but("ballast", 0);
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    assert_no_room(&usa, message("R", "No room.")).await;
    assert_eq!(usa.write(message("Z", "From the reserve.")).await, "usa/Z/1");
    rus.entry_with("usa/Z/1").await;
    rus.entry_with("usa/R/1").await;
}

fn store_error(error: SetupError) -> StoreError {
    match error {
        SetupError::Store(error) => error,
        other => panic!("a failure of the store is expected, found {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_disk_is_named_and_read_again_once_it_is_writable() {
    let disk = SmallDisk::mount(200);
    let [party, other] = disk.parties();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "Before.")).await;
    usa.lost("test").await;
    rus.lost("test").await;
    disk.remount("ro");
    let error = party.fail().await;
    assert!(error.hint().contains("mount the filesystem writable"), "{error}: {}", error.hint());
    let error = store_error(error);
    let within = |path: &Path| path.starts_with(disk.path());
    assert!(matches!(&error, StoreError::ReadOnly { path } if within(path)), "{error}");
    disk.remount("rw");
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    assert_eq!(usa.write(message("R", "After.")).await, "usa/R/2");
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_station_of_a_folder_is_refused_and_the_first_one_works_on() {
    let [party, rus] = two();
    let (usa, _rus) = (party.up().await, rus.up().await);
    usa.circuits_ready("test", 1).await;
    let error = party.fail().await;
    assert!(error.hint().contains("stop the other station"), "{}", error.hint());
    let error = store_error(error);
    let own = std::process::id();
    assert!(matches!(error, StoreError::Locked { pid: Some(pid), .. } if pid == own), "{error}");
    assert_eq!(usa.write(message("Z", "Undisturbed.")).await, "usa/Z/1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_holds_is_named() {
    let [party, other] = two();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "Before.")).await;
    usa.lost("test").await;
    rus.lost("test").await;
    let foreign = rusqlite::Connection::open(party.home.store("test").join("line.db")).unwrap();
    foreign.pragma_update(None, "locking_mode", "exclusive").unwrap();
    foreign.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = party.fail().await;
    assert!(error.hint().contains("close whatever else has the database open"), "{}", error.hint());
    let error = store_error(error);
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    drop(foreign);
    let (usa, _rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    assert_eq!(usa.write(message("R", "After.")).await, "usa/R/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_named_and_left_as_it_is() {
    let [party, other] = two();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "Before.")).await;
    usa.lost("test").await;
    rus.lost("test").await;
    // The log goes into the database first, as at an idle moment: a page that is in the log is read from there.
    let database = party.home.store("test").join("line.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    drop(connection);
    let good = fs::read(&database).unwrap();
    for damage in [&b"not a database"[..], b"SQLite format 3\0garbage garbage garbage garbage"] {
        let mut bad = good.clone();
        bad[..damage.len()].copy_from_slice(damage);
        fs::write(&database, &bad).unwrap();
        let error = party.fail().await;
        assert!(error.hint().contains("the other parties' mirrors"), "{error}: {}", error.hint());
        let error = store_error(error);
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert_eq!(fs::read(&database).unwrap(), bad, "left as it is");
    }
    fs::write(&database, &good).unwrap();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    assert_eq!(usa.write(message("R", "After.")).await, "usa/R/2");
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_rotted_is_found_and_never_shown_as_if_it_were_sound() {
    let [party, other] = two();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "Two aircraft leave our area.")).await;
    usa.lost("test").await;
    // The log goes into the database first, as at an idle moment.
    let database = party.home.store("test").join("line.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    drop(connection);
    let mut bytes = fs::read(&database).unwrap();
    let at =
        bytes.windows(12).position(|window| window == b"Two aircraft").expect("the text in the database");
    bytes[at] = b'N';
    fs::write(&database, &bytes).unwrap();
    let error = party.fail().await;
    assert!(error.hint().contains("the other parties' mirrors"), "{error}: {}", error.hint());
    let error = store_error(error);
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(rus.post("/v1/lines/test/verify", json!({})).await["ok"], true, "the mirror holds");
    // What the hint says to do: put the damaged store away; the others' mirrors bring everything back.
    fs::rename(party.home.store("test"), party.home.line("test").join("store-damaged")).unwrap();
    rus.lost("test").await;
    let (usa, rus) = (party.up().await, other.up().await);
    assert_eq!(usa.entry_with("usa/R/1").await["body"]["text"], "Two aircraft leave our area.");
    let next = usa.write(message("Z", "All is here again.")).await;
    assert!(
        next.starts_with("usa/Z.") && next.ends_with("/2"),
        "{next}: in its next generation, after `opens`"
    );
    assert_eq!(usa.books().await, rus.books().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_disk_had_confirmed_and_lost_are_missed_at_the_start() {
    let [party, other] = two();
    let (usa, rus) = (party.up().await, other.up().await);
    usa.circuits_ready("test", 1).await;
    usa.write(message("R", "One.")).await;
    usa.write(message("R", "Two.")).await;
    usa.lost("test").await;
    rus.lost("test").await;
    let database = party.home.store("test").join("line.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    // The last entry of a book, of which the checkpoint stays.
    let last = "DELETE FROM entry WHERE id = (SELECT max(size) + (book << 40) FROM checkpoint WHERE book = (SELECT max(book) FROM checkpoint))";
    assert_eq!(connection.execute(last, ()).unwrap(), 1);
    drop(connection);
    let error = party.fail().await;
    assert!(error.hint().contains("the other parties' mirrors"), "{error}: {}", error.hint());
    let StoreError::Damaged { what, expected, found } = store_error(error) else { panic!("another error") };
    assert!(what.starts_with("book ") && expected.contains("that were there"), "{what}: {expected}, {found}");
}
