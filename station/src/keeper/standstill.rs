//! Not a byte is left on the disk for what the line's rules have this station write, not even in its reserve.
//!
//! What the core has on its book must be stored before anything that comes after it, so that the line stands still: its
//! circuits are closed, which tells its peers the truth, commands are refused with the reason, and whoever looks is
//! answered. Once there is room it goes on where it stood.

use detente_line::Event;
use tokio::time::{MissedTickBehavior, interval};

use super::task::{Task, has_room};
use super::waiting::LOOK;
use super::{Ask, Refusal};
use crate::feed::Told;
use crate::store::{Batch, StoreError};

impl Task {
    /// Comes back once a batch that was refused for want of room is handed to the store.
    pub(super) async fn stand_still(&mut self, batch: Batch, refused: StoreError) -> Result<(), StoreError> {
        tracing::error!(error = %refused, "the line stands still until the disk has room");
        for (circuit, (peer, _)) in std::mem::take(&mut self.circuits) {
            self.tell(Told::Down { circuit, peer });
            self.later.push_back(Ask::Event(Event::CircuitDown { circuit }));
        }
        self.waiting.tell_entries(batch.entries.len());
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let handed = loop {
            tokio::select! {
                _ = look.tick() => match self.store.submit_async(batch.clone()).await {
                    Err(StoreError::Full { .. }) => {}
                    handed => break handed,
                },
                ask = self.asked.recv() => match ask {
                    None => break Err(refused),
                    Some(stop @ Ask::Stop(_)) => {
                        self.later.push_back(stop);
                        break Err(refused);
                    }
                    // What is not on the disk yet is shown as well: it waits for nothing but room.
                    Some(Ask::Look(look)) => look(&self.line)(),
                    Some(Ask::Write { written, .. }) => {
                        let refusal = has_room(&self.store, true).map_or_else(Refusal::Store, |()| Refusal::Stopping);
                        let _ = written.send(Err(refusal));
                    }
                    Some(Ask::Carry { told, .. }) => {
                        let refusal = has_room(&self.store, true).map_or_else(Refusal::Store, |()| Refusal::Stopping);
                        let _ = told.send(Err(refusal));
                    }
                    // Its way out is dropped with it, which closes it; of what was closed nothing is heard any more.
                    Some(Ask::Up { .. } | Ask::Event(Event::Received { .. } | Event::Sent { .. })) => {}
                    // Few: all of it was under way.
                    Some(ask @ Ask::Event(_)) => self.later.push_back(ask),
                },
            }
        };
        self.waiting.tell_entries(0);
        if handed.is_ok() {
            tracing::info!("the disk has room again: the line goes on");
        }
        handed
    }
}
