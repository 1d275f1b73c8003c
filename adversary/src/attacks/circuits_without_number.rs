//! A party that dials without end.
//!
//! **Who:** a party of bad faith. **Has:** its own keys. **Tries:** opens five hundred good circuits, greets on none of them, and keeps them.
//! **Must hold:** the station carries a few and lets the oldest go, so that neither its memory nor the way of a FLASH grows with them.

use serde_json::json;

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures};

/// How many it dials.
const CIRCUITS: usize = 500;

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "circuits-without-number",
    tries: "a party of bad faith opens five hundred circuits and keeps them",
    bounds: USUAL,
    make: |scene| Box::pin(dial(scene)) as Made<'_>,
};

async fn dial(scene: &Scene) -> Outcome<Figures> {
    let from = scene.endpoint(elsewhere(), Some(2))?;
    let mut circuits = Vec::new();
    for _ in 0..CIRCUITS {
        // Over TCP: a connection each.
        circuits.push(scene.dial(&from, true).await?);
    }
    let held = scene.victim().vitals()?.descriptors;
    scene.flash().await?;
    Ok(figures([("circuits", json!(circuits.len())), ("descriptors_with_them", json!(held))]))
}
