//! What most people have: PostGIS, its best index for this, one connection, prepared questions.
//!
//! A cluster of its own in a folder that goes with it, owned by `postgres` because the server refuses to run as root, on a
//! socket in that folder and no other. Places are planar, in 1e-7 degrees, so that it decides what we decide; time and
//! altitude are whole seconds and metres, ends included. Debian's packages are installed when they are missing.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Statement};

use super::traffic::{Plan, Traffic};
use crate::{Outcome, say};

/// Where Debian puts its servers, a folder a version.
const SERVERS: &str = "/usr/lib/postgresql";
/// Where Debian puts what extends them, a folder a version.
const EXTENSIONS: &str = "/usr/share/postgresql";
const PACKAGES: [&str; 2] = ["postgresql", "postgresql-postgis"];
/// How the server is set: nothing has to survive, everything fits in memory, one question is one process.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "fsync=off",
    "shared_buffers=2GB",
    "maintenance_work_mem=1GB",
    "work_mem=256MB",
    "max_wal_size=8GB",
    "jit=off",
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
        let cluster = Cluster::start()?;
        let mut client =
            postgres::Config::new().host_path(&cluster.folder).user("postgres").connect(NoTls)?;
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

/// A server that ends, and whose folder goes, when it is let go.
struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
}

impl Cluster {
    fn start() -> Outcome<Self> {
        let programs = programs()?;
        let folder = std::env::temp_dir().join(format!("detente-bench-postgis-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let cluster = Self { folder, programs };
        let uid = rustix::process::getuid();
        if uid.is_root() {
            call(Command::new("chown").arg("postgres").arg(&cluster.folder))?;
        }
        let data = cluster.folder.join("data");
        call(cluster.program("initdb").arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "-N"]))?;
        let options: Vec<String> = SETTINGS.iter().map(|setting| format!("-c {setting}")).collect();
        let options = format!("-k {} {}", cluster.folder.display(), options.join(" "));
        let log = cluster.folder.join("log");
        call(
            cluster
                .program("pg_ctl")
                .args(["-w", "-o", &options, "-D"])
                .arg(&data)
                .arg("-l")
                .arg(&log)
                .arg("start"),
        )?;
        Ok(cluster)
    }

    /// One of the server's programs, run by whoever may.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Either may fail only because it never began.
        let data = self.folder.join("data");
        let _ = call(self.program("pg_ctl").args(["-m", "immediate", "-D"]).arg(data).arg("stop"));
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of a server's programs that PostGIS is installed for.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir(SERVERS).ok()?.filter_map(Result::ok).map(|entry| entry.file_name());
    let mut fit: Vec<_> = versions
        .filter(|version| {
            let extension = Path::new(EXTENSIONS).join(version).join("extension/postgis.control");
            extension.exists() && Path::new(SERVERS).join(version).join("bin/initdb").exists()
        })
        .collect();
    fit.sort();
    fit.pop().map(|version| Path::new(SERVERS).join(version).join("bin"))
}

fn programs() -> Outcome<PathBuf> {
    if let Some(programs) = installed() {
        return Ok(programs);
    }
    say(&format!("PostGIS is missing: installing {} from Debian", PACKAGES.join(" and ")));
    call(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args([
        "-qq",
        "-y",
        "--no-install-recommends",
        "install",
    ]);
    call(install.args(PACKAGES))?;
    installed().ok_or_else(|| format!("the packages {PACKAGES:?} brought no PostGIS").into())
}

fn call(command: &mut Command) -> Outcome<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    // A server that is started keeps what it was given: it must not keep this program's output open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.map_err(|cause| format!("{shown}: {cause}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown} {:?} failed: {status}", command.get_args()).into())
    }
}
