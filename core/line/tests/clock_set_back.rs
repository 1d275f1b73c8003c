//! A station's clock is set back by two hours: nothing that waits is put off by that.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod line_in_memory;

use detente_line::Shown;
use detente_record::Class;
use line_in_memory::{LineInMemory, message};

const SECOND_MS: u64 = 1_000;
const TWO_HOURS_MS: i64 = 2 * 3_600_000;

#[test]
fn the_officer_on_duty_is_called_all_the_same() {
    let mut line = LineInMemory::between(&["rus", "usa"]);
    let flash = line.write(0, message(Class::Z, "Stop.")).unwrap();
    line.run_for(SECOND_MS);
    line.station_mut(1).ahead_ms = -TWO_HOURS_MS;
    line.run_for(80 * SECOND_MS);
    let shown = &line.station(1).shown;
    let back = shown.iter().find_map(|one| match one {
        Shown::ClockSetBack { by_ms } => Some(*by_ms),
        _ => None,
    });
    let by_ms = back.unwrap();
    assert!(by_ms.abs_diff(TWO_HOURS_MS.unsigned_abs()) < 60 * SECOND_MS, "set back by {by_ms} ms");
    let called =
        shown.iter().any(|one| matches!(one, Shown::Overdue { entry, rank: 1, .. } if *entry == flash));
    assert!(called, "after a minute and a tenth: {shown:?}");
    let clock_ms = line.now_ms.saturating_add_signed(-TWO_HOURS_MS);
    let ahead_ms = line.line(1).time_ms(clock_ms) - clock_ms;
    assert!(
        ahead_ms.abs_diff(TWO_HOURS_MS.unsigned_abs()) < 60 * SECOND_MS,
        "{ahead_ms} ms ahead of the clock"
    );
}

#[test]
fn a_circuit_that_falls_silent_is_noticed_all_the_same() {
    let mut line = LineInMemory::between(&["rus", "usa"]);
    line.station_mut(0).ahead_ms = -TWO_HOURS_MS;
    line.run_for(SECOND_MS);
    line.station_mut(1).loses = |_| true;
    line.write(0, message(Class::R, "Are you there?")).unwrap();
    line.run_for(60 * SECOND_MS);
    let silent = |one: &Shown| matches!(one, Shown::CircuitSilent { silent: true, .. });
    assert!(line.station(0).shown.iter().any(silent), "{:?}", line.station(0).shown);
}
