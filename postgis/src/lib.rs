//! A PostgreSQL with PostGIS of one's own: what the bench is measured beside, and what tests are held to.
//!
//! [`Cluster`] is a server with all its data in a new folder, on a socket in that folder and no other; both go when it is
//! let go. It never touches a server that is there already, listens on no port, and nothing in it survives. [`installed`]
//! looks where Debian puts PostgreSQL; [`install`] asks apt for what is missing. A test that finds nothing fails with
//! [`Fault::Missing`], which says what to do: no verdict is ever left out in silence.
#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian puts its servers, a folder a version.
const SERVERS: &str = "/usr/lib/postgresql";
/// Where Debian puts what extends them, a folder a version.
const EXTENSIONS: &str = "/usr/share/postgresql";
/// Debian's packages, whatever version its release has (on Debian 12: postgresql-15 and postgresql-15-postgis-3).
pub const PACKAGES: [&str; 2] = ["postgresql", "postgresql-postgis"];
/// Who owns the server where this program runs as root: a server refuses to. Debian's packages make the account.
const OWNER: &str = "postgres";
/// How every server is set: no port, and nothing has to survive.
const SETTINGS: [&str; 3] = ["listen_addresses=", "fsync=off", "jit=off"];
/// The user that may do everything, without a password.
pub const USER: &str = "postgres";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Neither PostgreSQL nor PostGIS is where Debian puts them, or one of them is not.
    #[error(
        "no PostgreSQL with PostGIS under {SERVERS}; `cargo xtask ci --only postgis` installs it from Debian, as \
         does `apt-get install {}`",
        PACKAGES.join(" ")
    )]
    Missing,
    /// A program that cannot be run.
    #[error("{program} cannot be run: {cause}")]
    Unrunnable {
        /// Which program.
        program: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A program that did not do what it was asked.
    #[error("`{asked}` failed ({status}): {said}")]
    Failed {
        /// The program and its arguments.
        asked: String,
        /// How it ended.
        status: ExitStatus,
        /// The last that it, or the server's log, said of it.
        said: String,
    },
    /// A folder that cannot be made.
    #[error("{}: {cause}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// The folder of the newest server's programs that PostGIS is installed for.
pub fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir(SERVERS).ok()?.filter_map(Result::ok).map(|entry| entry.file_name());
    let number = |version: &OsStr| version.to_str().and_then(|version| version.parse::<u32>().ok());
    let newest = versions
        .filter(|version| {
            let extension = Path::new(EXTENSIONS).join(version).join("extension/postgis.control");
            extension.exists() && Path::new(SERVERS).join(version).join("bin/initdb").exists()
        })
        .max_by_key(|version| number(version))?;
    Some(Path::new(SERVERS).join(newest).join("bin"))
}

/// Installs Debian's packages, which takes root. The server that Debian sets up with them is left alone.
///
/// # Errors
/// What apt refuses; [`Fault::Missing`] if its packages bring no PostGIS.
pub fn install() -> Result<(), Fault> {
    call(Command::new("apt-get").args(["-qq", "update"]), None)?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["-qq", "-y", "--no-install-recommends", "install"]).args(PACKAGES);
    call(&mut install, None)?;
    installed().map(|_| ()).ok_or(Fault::Missing)
}

/// A server that ends, and whose folder goes, when it is let go.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
}

impl Cluster {
    /// Starts a server, set as `settings` (`name=value`) say, and waits until it answers.
    ///
    /// # Errors
    /// [`Fault::Missing`] if PostgreSQL or PostGIS is; else what a program of theirs refuses.
    pub fn start(settings: &[&str]) -> Result<Self, Fault> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let programs = installed().ok_or(Fault::Missing)?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("detente-postgis-{}-{number}", id()));
        fs::create_dir_all(&folder).map_err(|cause| Fault::Folder { folder: folder.clone(), cause })?;
        let cluster = Self { folder, programs };
        if rustix::process::getuid().is_root() {
            call(Command::new("chown").arg(OWNER).arg(&cluster.folder), None)?;
        }
        let (data, log) = (cluster.folder.join("data"), cluster.folder.join("log"));
        let mut making = cluster.program("initdb");
        making.args(["-U", USER, "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D"]).arg(&data);
        call(&mut making, None)?;
        let settings = SETTINGS.iter().chain(settings).map(|setting| format!(" -c {setting}"));
        let options = format!("-k {}{}", cluster.folder.display(), settings.collect::<String>());
        let mut starting = cluster.program("pg_ctl");
        starting.args(["-w", "-o", &options, "-D"]).arg(&data).arg("-l").arg(&log).arg("start");
        call(&mut starting, Some(&log))?;
        Ok(cluster)
    }

    /// The folder that holds its socket: where clients connect, as [`USER`].
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// One of the server's programs, run by whoever may.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", OWNER, "--"]).arg(path);
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
        let mut ending = self.program("pg_ctl");
        ending.args(["-m", "immediate", "-D"]).arg(self.folder.join("data")).arg("stop");
        let _ = call(&mut ending, None);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a program to its end. A server that it starts keeps what it was given to write to, and would keep this
/// program's output open: where there is a log, what was said is read from there.
fn call(command: &mut Command, log: Option<&Path>) -> Result<(), Fault> {
    let shown = |word: &OsStr| word.to_string_lossy().into_owned();
    let program = shown(command.get_program());
    command.stdin(Stdio::null());
    let ended = match log {
        None => command.output().map(|output| (output.status, output.stderr)),
        Some(log) => {
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.map(|status| (status, fs::read(log).unwrap_or_default()))
        }
    };
    match ended {
        Err(cause) => Err(Fault::Unrunnable { program, cause }),
        Ok((status, _)) if status.success() => Ok(()),
        Ok((status, said)) => {
            let asked = std::iter::once(program).chain(command.get_args().map(shown));
            let said =
                String::from_utf8_lossy(&said).trim().lines().next_back().unwrap_or_default().to_owned();
            Err(Fault::Failed { asked: asked.collect::<Vec<_>>().join(" "), status, said })
        }
    }
}
