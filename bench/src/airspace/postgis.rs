//! What most people have: PostGIS, its best index for this, one connection, prepared questions.
//!
//! A server of its own (`detente-postgis`), installed from Debian when it is missing. Places are planar, in 1e-7
//! degrees, so that it decides what we decide; time and altitude are whole seconds and metres, ends included.

use std::error::Error;
use std::io::Write as _;

use bytes::BytesMut;
use detente_postgis::{Cluster, PACKAGES, USER};
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Statement};

use super::traffic::{Plan, Traffic};
use crate::{Outcome, say};

/// How the server is set: everything fits in memory, one question is one process.
const SETTINGS: [&str; 7] = [
    "shared_buffers=2GB",
    "maintenance_work_mem=1GB",
    "work_mem=256MB",
    "max_wal_size=8GB",
    "max_parallel_workers_per_gather=0",
    "random_page_cost=1",
    "plan_cache_mode=force_generic_plan",
];
const QUESTION: &str = "SELECT count(*) FROM held WHERE place && $1 AND time && int4range($2, $3, '[]') \
                        AND altitude && int4range($4, $5, '[]') AND ST_Intersects(place, $1)";

/// A server with a database of volumes.
pub(crate) struct PostGis {
    client: Client,
    question: Statement,
    /// Ends the server when all else is done.
    _cluster: Cluster,
}

/// A polygon as the server takes it: EWKB without an identifier of its plane.
#[derive(Debug)]
struct Outline(Vec<u8>);

impl Outline {
    fn of(plan: &Plan) -> Self {
        let closed = plan.corners.iter().chain(plan.corners.first());
        let mut bytes = vec![1];
        // Little-endian: a polygon, one ring, so many points.
        for number in [3, 1, plan.corners.len() as u32 + 1] {
            bytes.extend(number.to_le_bytes());
        }
        for (lat, lon) in closed {
            bytes.extend(f64::from(*lon).to_le_bytes());
            bytes.extend(f64::from(*lat).to_le_bytes());
        }
        Self(bytes)
    }
}

impl ToSql for Outline {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        kind.name() == "geometry"
    }

    to_sql_checked!();
}

fn seconds(plan: &Plan) -> (i32, i32) {
    // The greatest number would overflow where the server counts on by one.
    (plan.from as i32, plan.until.map_or(i32::MAX - 1, |until| until as i32))
}

impl PostGis {
    /// Loads a table, then makes its index, which makes it as good as it gets.
    pub(crate) fn build(traffic: &Traffic) -> Outcome<Self> {
        if detente_postgis::installed().is_none() {
            say(&format!("PostGIS is missing: installing {} from Debian", PACKAGES.join(" and ")));
            detente_postgis::install()?;
        }
        let cluster = Cluster::start(&SETTINGS)?;
        let mut client = postgres::Config::new().host_path(cluster.socket()).user(USER).connect(NoTls)?;
        client.batch_execute(
            "CREATE EXTENSION postgis; CREATE EXTENSION IF NOT EXISTS btree_gist;
             CREATE UNLOGGED TABLE held (place geometry NOT NULL, time int4range NOT NULL, altitude int4range NOT NULL)",
        )?;
        let mut rows = client.copy_in("COPY held FROM STDIN")?;
        for plan in &traffic.volumes {
            let hex: String = Outline::of(plan).0.iter().map(|byte| format!("{byte:02X}")).collect();
            let (from, until) = seconds(plan);
            writeln!(rows, "{hex}\t[{from},{until}]\t[{},{}]", plan.lower, plan.upper)?;
        }
        let copied = rows.finish()?;
        if copied != traffic.volumes.len() as u64 {
            return Err(format!("PostGIS took {copied} of {} volumes", traffic.volumes.len()).into());
        }
        say("PostGIS: making its index");
        client.batch_execute("CREATE INDEX ON held USING gist (place, time, altitude)")?;
        client.batch_execute("VACUUM (ANALYZE) held")?;
        client.batch_execute("SET enable_seqscan = off")?;
        let question = client.prepare(QUESTION)?;
        Ok(Self { client, question, _cluster: cluster })
    }

    /// How many volumes meet one.
    ///
    /// # Errors
    /// What the server refuses.
    pub(crate) fn hits(&mut self, asked: &Plan) -> Outcome<u64> {
        let (from, until) = seconds(asked);
        let given: [&(dyn ToSql + Sync); 5] =
            [&Outline::of(asked), &from, &until, &asked.lower, &asked.upper];
        let found: i64 = self.client.query_one(&self.question, &given)?.get(0);
        Ok(u64::try_from(found)?)
    }
}
