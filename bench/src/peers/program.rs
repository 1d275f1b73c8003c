//! Getting a peer's program from Debian without installing it, and running it.
//!
//! What is in the path is used as it is. Otherwise the packages are fetched with apt, which checks their
//! signatures, and unpacked into a folder beside the builds: no service is started, nothing outside that folder
//! changes. A release other than the machine's own gets lists of its own for that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Outcome, say};

/// Where Debian keeps the keys of its releases.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Where apt says which mirror it uses.
const SOURCES: [&str; 2] = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
/// The mirror to use where apt does not say.
const MIRROR: &str = "http://deb.debian.org/debian";

/// A peer's program as Debian packs it.
pub(super) struct Package {
    /// The program's name.
    pub(super) program: &'static str,
    /// The packages that it needs beyond what a Debian has.
    pub(super) packages: &'static [&'static str],
    /// The release that has a version new enough; `None` for the machine's own.
    pub(super) release: Option<&'static str>,
}

/// A program and its libraries, ready to run.
pub(super) struct Program {
    path: PathBuf,
    libraries: Option<PathBuf>,
}

/// A server that is killed when it is let go.
pub(super) struct Server(Child);

impl Package {
    /// Finds the program, or fetches it into a folder under `kept`.
    pub(super) fn get(&self, kept: &Path) -> Outcome<Program> {
        let folder = kept.join(self.program);
        if let Some(program) = self.unpacked(&folder) {
            return Ok(program);
        }
        if self.release.is_none()
            && let Some(path) = in_path(self.program)
        {
            return Ok(Program { path, libraries: None });
        }
        let from = self.release.unwrap_or("this machine's release");
        say(&format!("fetching {} of {from} from Debian, into {}", self.program, folder.display()));
        fs::create_dir_all(&folder)?;
        let mut apt = vec!["-qq".to_owned()];
        if let Some(release) = self.release {
            apt.extend(lists(&folder, release)?);
            call(Command::new("apt-get").args(&apt).arg("update").current_dir(&folder))?;
        }
        for package in self.packages {
            call(Command::new("apt-get").args(&apt).args(["download", package]).current_dir(&folder))?;
        }
        for file in fs::read_dir(&folder)? {
            let file = file?.path();
            if file.extension().is_some_and(|kind| kind == "deb") {
                call(Command::new("dpkg").arg("-x").arg(&file).arg(&folder))?;
            }
        }
        let missing = || format!("the packages {:?} hold no {}", self.packages, self.program);
        Ok(self.unpacked(&folder).ok_or_else(missing)?)
    }

    fn unpacked(&self, folder: &Path) -> Option<Program> {
        let path = folder.join("usr/sbin").join(self.program);
        let libraries = fs::read_dir(folder.join("usr/lib")).ok().and_then(|mut found| {
            let folder = found.find_map(|entry| entry.ok().filter(|entry| entry.path().is_dir()))?;
            Some(folder.path())
        });
        path.exists().then_some(Program { path, libraries })
    }
}

impl Program {
    /// Starts it as a server, its output in a file of a folder.
    pub(super) fn serve(&self, arguments: &[&str], folder: &Path) -> Outcome<Server> {
        let log = fs::File::create(folder.join("log"))?;
        let mut command = Command::new(&self.path);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let output = log.try_clone()?;
        let child = command.args(arguments).stdin(Stdio::null()).stdout(output).stderr(log).spawn()?;
        Ok(Server(child))
    }

    /// What it says of its version.
    pub(super) fn version(&self, argument: &str) -> String {
        let mut command = Command::new(&self.path);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let said = command.arg(argument).output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let usual = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")];
    std::env::split_paths(&path).chain(usual).map(|folder| folder.join(program)).find(|path| path.exists())
}

/// Options by which apt knows one other release and nothing else, and keeps what it learns in a folder.
fn lists(folder: &Path, release: &str) -> Outcome<Vec<String>> {
    for needed in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(needed))?;
    }
    let source = folder.join("release.list");
    fs::write(&source, format!("deb [signed-by={KEYRING}] {} {release} main\n", mirror()))?;
    let at = |name: &str| folder.join(name).display().to_string();
    let settings = [
        ("Dir::Etc::SourceList", at("release.list")),
        ("Dir::Etc::SourceParts", "/nonexistent".into()),
        ("Dir::State::Lists", at("lists")),
        ("Dir::Cache", at("cache")),
    ];
    Ok(settings.into_iter().flat_map(|(name, value)| ["-o".into(), format!("{name}={value}")]).collect())
}

/// The mirror that apt is configured with.
fn mirror() -> String {
    let texts = SOURCES.iter().filter_map(|path| fs::read_to_string(path).ok());
    let found = texts.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    found
        .map(|word| word.trim_end_matches('/').to_owned())
        .find(|word| word.starts_with("http") && word.ends_with("/debian"))
        .unwrap_or_else(|| MIRROR.into())
}

fn call(command: &mut Command) -> Outcome<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|cause| format!("{shown}: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{shown} failed: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
