//! Every attack, and how one is made.

mod amplification;
mod circuits_without_number;
mod frames_too_long;
mod guessed_secrets;
mod handshake_flood;
mod heads_without_end;
mod imports_that_burst;
mod imports_that_call;
mod older_protocols;
mod other_origins;
mod oversized_requests;
mod paths_that_lead_out;
mod receivers_that_mislead;
mod relay_crowd;
mod silent_callers;
mod silent_visitors;
mod text_that_acts;

use std::time::Duration;

use crate::{Attack, Bounds, Figures, Outcome, Scene, Seen, judge};

/// What most attacks may cost a station: a FLASH goes through at once, and what strangers hold is bounded.
const USUAL: Bounds =
    Bounds { flash: Duration::from_secs(3), memory_mib: 64, descriptors: 160, log_lines: 100 };

/// All of them, in the order in which they are made.
pub const ALL: [Attack; 21] = [
    amplification::ATTACK,
    silent_callers::TCP,
    handshake_flood::TCP,
    handshake_flood::QUIC,
    older_protocols::ATTACK,
    circuits_without_number::ATTACK,
    frames_too_long::LONG,
    frames_too_long::SLOW,
    silent_visitors::SILENT,
    silent_visitors::SLOW,
    silent_visitors::DEAF,
    heads_without_end::ATTACK,
    oversized_requests::ATTACK,
    other_origins::ATTACK,
    paths_that_lead_out::ATTACK,
    guessed_secrets::ATTACK,
    imports_that_burst::ATTACK,
    imports_that_call::ATTACK,
    receivers_that_mislead::ATTACK,
    text_that_acts::ATTACK,
    relay_crowd::ATTACK,
];

/// How often it is looked how the station is.
const LOOK: Duration = Duration::from_millis(100);

/// Makes an attack, with honest traffic beside it, and judges it; gives what was measured.
///
/// # Errors
/// What does not hold.
pub async fn make(attack: &Attack, scene: &Scene) -> Outcome<Figures> {
    let before = scene.victim().vitals()?;
    let said = log_lines(scene);
    let mut seen = Seen { before, most: before, ..Seen::default() };
    let mut made = (attack.make)(scene);
    let outcome = {
        let honest = async {
            loop {
                seen.flashes.push(scene.flash().await?);
                seen.look(scene.victim().vitals()?);
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            made = &mut made => made,
            failed = honest => failed,
        }
    };
    let mut figures = outcome?;
    // One at least, and what the attack has left behind.
    seen.flashes.push(scene.flash().await?);
    seen.look(scene.victim().vitals()?);
    seen.log_lines = log_lines(scene).saturating_sub(said);
    judge::judge(&seen, &attack.bounds)?;
    figures.extend(seen.figures());
    Ok(figures)
}

/// Lines of the station's log, but those that tell that an entry came.
fn log_lines(scene: &Scene) -> usize {
    scene.victim().said().lines().filter(|line| !line.contains(" came ")).count()
}
