//! A FLASH while thousands of ROUTINE entries wait for the same circuit.
//!
//! The mirror is stopped, the ROUTINE entries are written, the mirror is started again; as soon as the circuit is
//! ready, FLASH follows FLASH until the last ROUTINE entry is receipted.

use std::time::Instant;

use serde_json::Value;

use crate::api::{Connection, LINE, draft};
use crate::figure::{Figure, Goal};
use crate::latency::one_by_one;
use crate::pair::Pair;
use crate::samples::Samples;
use crate::throughput::{Until, spread};
use crate::{Outcome, Run};

/// Connections by which the queue is filled.
const CONNECTIONS: usize = 256;

/// How many entries of `usa/R` are receipted.
async fn receipted(connection: &mut Connection) -> Outcome<u64> {
    let books = connection.read(&format!("{LINE}/books")).await?;
    let books = books.get("books").and_then(Value::as_array).ok_or("no list of books")?;
    let routine = books.iter().find(|book| book.get("book") == Some(&"usa/R".into()));
    let size = routine.and_then(|book| book.pointer("/receipts/rus/size"));
    Ok(size.and_then(Value::as_u64).unwrap_or(0))
}

/// Measures idle, then behind a queue.
pub(crate) async fn measure(run: &Run) -> Outcome<Vec<Figure>> {
    let pair = Pair::set_up(run, "flash")?;
    let [usa, mut rus] = pair.start().await?;
    let mut connection = usa.connect().await?;
    let (flash, routine) = (draft('Z'), draft('R'));
    let (mut idle, mut behind, mut first) = (Samples::empty(), Samples::empty(), Samples::empty());
    one_by_one(&mut connection, 'Z', run.effort.single / 5).await?;
    let mut connections = usa.connections(CONNECTIONS).await?;
    let mut written = 0;
    for _ in 0..run.effort.rounds {
        idle.extend(one_by_one(&mut connection, 'Z', run.effort.single / 2).await?);
        rus.stop()?;
        spread(&mut connections, run.effort.queued, &routine, Until::Durable).await?;
        written += run.effort.queued as u64;
        rus = pair.start_rus().await?;
        usa.ready(&mut connection).await?;
        let mut alone = true;
        while receipted(&mut connection).await? < written {
            let began = Instant::now();
            connection.receipted(&flash).await?;
            if std::mem::take(&mut alone) {
                first.since(began);
            }
            behind.since(began);
        }
    }
    let against = |hundredth| (format!("idle, p{hundredth}"), Some(idle.percentile_ms(hundredth)));
    let queued = run.effort.queued;
    let name = |what: &str| format!("a FLASH behind {queued} ROUTINE, {what}");
    Ok(vec![
        Figure::beside(
            name("the first, p50"),
            first.percentile_ms(50),
            "ms",
            against(50),
            Goal::RatioAtMost(3.0),
        ),
        Figure::beside(name("all, p50"), behind.percentile_ms(50), "ms", against(50), Goal::RatioAtMost(3.0)),
        Figure::beside(name("all, p99"), behind.percentile_ms(99), "ms", against(99), Goal::None),
    ])
}
