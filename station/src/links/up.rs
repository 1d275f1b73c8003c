//! A circuit that is up: whatever ends it, the line and whoever asks for circuits hear of it.

use std::sync::atomic::{AtomicU64, Ordering};

use detente_line::{CircuitId, Event};

use crate::circuits::LiveCircuit;
use crate::keeper::Keeper;

/// Circuits are numbered over the whole life of a station.
static NEXT_CIRCUIT: AtomicU64 = AtomicU64::new(1);

/// A circuit that is known of until this is let go: also where its task is ended because it is no longer configured.
pub(super) struct Up {
    keeper: Keeper,
    /// Its number.
    pub(super) id: CircuitId,
}

impl Up {
    /// From now on it is known of.
    pub(super) fn begin(keeper: &Keeper, live: LiveCircuit) -> Self {
        let id = NEXT_CIRCUIT.fetch_add(1, Ordering::Relaxed);
        keeper.circuits.up(id, live);
        Self { keeper: keeper.clone(), id }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.keeper.circuits.down(self.id);
        let (keeper, circuit) = (self.keeper.clone(), self.id);
        // Without a runtime the station is gone, and nobody is left to be told.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { keeper.event(Event::CircuitDown { circuit }).await });
        }
    }
}
