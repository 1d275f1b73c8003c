//! `witness`: be a neutral witness for logs, those of lines and any others of c2sp.org/tlog-witness.
//!
//! A witness is a program of its own, in a folder of its own. It sees checkpoints and never an entry.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use detente_line::Keyring;
use detente_record::VerifierKey;
use detente_station::clock::Clock;
use detente_station::paper::Paper;
use detente_station::witness::folder::{Folder, line_keys, read_keys};
use detente_station::witness::memory::Look;
use detente_station::witness::serve;
use detente_station::witness::server::Shown;
use detente_station::{Home, SetupError};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::line::LineArgs;
use crate::output::Output;
use crate::page::Page;
use crate::run;
use crate::time;

/// What can be done with a witness.
#[derive(Debug, Subcommand)]
pub(crate) enum Witness {
    /// Make a witness: its key, and an empty memory. Prints its vkey, for memoranda
    Init {
        /// The name of its key: a URL without a scheme, such as witness.example.org/w1
        name: String,
        /// Its folder; FOLDER/witness of the station's folder, if not given
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Print the keys under which a line's books are witnessed, for its witnesses' operators
    Keys {
        /// The memorandum; if not given, the running station says which, those that were renewed with them
        memorandum: Option<PathBuf>,
        #[command(flatten)]
        line: LineArgs,
    },
    /// Let a witness know logs
    Add {
        /// Vkeys of logs, one a line, such as `detente witness keys` prints; or a memorandum
        file: PathBuf,
        /// Its folder; FOLDER/witness of the station's folder, if not given
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Run a witness, in plain HTTP: on the open net a web server with TLS stands before it
    Serve {
        /// The address and TCP port that it listens at
        #[arg(long, default_value = "127.0.0.1:8400")]
        listen: SocketAddr,
        /// Its folder; FOLDER/witness of the station's folder, if not given
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// Show what a witness has cosigned, and what it holds against logs
    Show {
        /// Its folder; FOLDER/witness of the station's folder, if not given
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// Does what was asked.
///
/// # Errors
/// Why it was not done.
pub(crate) fn witness(asked: Witness, home: &Home, out: &Output) -> Result<(), Failure> {
    let at = |folder: Option<PathBuf>| Folder::at(folder.unwrap_or_else(|| home.path().join("witness")));
    match asked {
        Witness::Init { name, folder } => init(&at(folder), &name, out),
        Witness::Keys { memorandum: Some(file), .. } => {
            said(of_memorandum(&file)?.iter().map(VerifierKey::text).collect(), out)
        }
        Witness::Keys { memorandum: None, line } => run::on_runtime(keys(&line, home, out))?,
        Witness::Add { file, folder } => add(&at(folder), &file, out),
        Witness::Serve { listen, folder } => {
            let folder = at(folder);
            run::start_log(out.is_json())?;
            let clock = run::clock()?;
            Ok(run::on_threads(folder.path(), serve_at(folder.clone(), listen, clock, *out))?)
        }
        Witness::Show { folder } => show(&at(folder), out),
    }
}

fn init(folder: &Folder, name: &str, out: &Output) -> Result<(), Failure> {
    let vkey = folder.make(name)?.text();
    out.data(&if out.is_json() { json!({"name": name, "vkey": vkey}).to_string() } else { vkey })?;
    out.remark("next: `detente witness add FILE` with the vkeys of logs, then `detente witness serve`");
    Ok(())
}

/// The keys of a line, from its memorandum.
fn of_memorandum(path: &Path) -> Result<Vec<VerifierKey>, SetupError> {
    let memorandum = Paper::read(path)?.memorandum(path)?;
    Ok(line_keys(&memorandum.line(), &Keyring::of(&memorandum, &[])))
}

/// The keys of a line, from a station on it.
async fn keys(line: &LineArgs, home: &Home, out: &Output) -> Result<(), Failure> {
    let answer = line.open(home).await?.get("/witness-keys").await?;
    let keys = answer.value().get("keys").and_then(Value::as_array).into_iter().flatten();
    said(keys.filter_map(Value::as_str).map(str::to_owned).collect(), out)
}

fn said(keys: Vec<String>, out: &Output) -> Result<(), Failure> {
    out.data(&if out.is_json() { json!({"keys": keys}).to_string() } else { keys.join("\n") })
}

fn add(folder: &Folder, file: &Path, out: &Output) -> Result<(), Failure> {
    let is_memorandum = file.extension().is_some_and(|extension| extension == "toml");
    let keys = if is_memorandum { of_memorandum(file)? } else { read_keys(file)? };
    let count = folder.add(&keys)?;
    let known = keys.len() - count;
    out.data(&if out.is_json() {
        json!({"added": count, "known": known}).to_string()
    } else {
        format!("{count} logs added, {known} were known")
    })?;
    out.remark("a witness that runs reads the list again at SIGHUP");
    Ok(())
}

async fn serve_at(folder: Folder, listen: SocketAddr, clock: Clock, out: Output) -> Result<(), SetupError> {
    let say = move |address: SocketAddr| {
        // Whoever started it with port 0 reads here which it is; where nobody reads, the log has it too.
        let _ = out.data(&if out.is_json() {
            json!({"address": address.to_string()}).to_string()
        } else {
            format!("listening at {address}")
        });
    };
    serve(folder, listen, clock, say).await
}

fn show(folder: &Folder, out: &Output) -> Result<(), Failure> {
    let (_, vkey) = folder.read_key()?;
    let logs = folder.read_logs()?;
    let look = Look::open(&folder.memory())?;
    let (cosigned, findings) = (look.cosigned()?, look.findings()?);
    if out.is_json() {
        let cosigned = cosigned
            .iter()
            .map(|log| json!({"origin": log.origin, "size": log.size, "seconds": log.seconds}));
        let findings = findings.iter().map(|finding| {
            json!({
                "origin": finding.origin,
                "found": finding.found,
                "seconds": finding.seconds,
                "known": finding.known,
                "shown": finding.shown,
                "proof": finding.proof,
            })
        });
        let shown = json!({
            "vkey": vkey.text(),
            "logs": logs.len(),
            "cosigned": cosigned.collect::<Vec<_>>(),
            "findings": findings.collect::<Vec<_>>(),
        });
        return out.data(&shown.to_string());
    }
    let mut page = Page::new(out);
    page.row("vkey", &vkey.text());
    page.row("logs", &format!("{} known, {} cosigned", logs.len(), cosigned.len()));
    page.heading("COSIGNED");
    for log in &cosigned {
        let since = time::stamp(log.seconds.saturating_mul(1_000));
        page.line(&format!("  {}  size {:>8}  {since}", log.origin, log.size));
    }
    page.heading("AGAINST LOGS");
    if findings.is_empty() {
        page.line("  nothing");
    }
    for finding in &findings {
        page.line(&format!("  {}  {}", time::stamp(finding.seconds.saturating_mul(1_000)), finding.origin));
        for line in Shown(finding).to_string().lines().skip(1) {
            page.line(&format!("  {line}"));
        }
    }
    out.data(page.text())
}
