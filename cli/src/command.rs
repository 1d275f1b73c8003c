//! The verbs of `detente`, and who carries out each.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use detente_console::Words;
use detente_station::Home;

use crate::failure::Failure;
use crate::output::Output;
use crate::{
    airspace, attachment, circuits, courier, demo, disclosure, dossier, drill, entry, finding, inbox, keys,
    memorandum, moment, motion, notice, observer, officer, position, record, regard, relay, release, report,
    run, send, setup, standing, status, token, watch, witness, words,
};

/// A recorded line between parties who do not trust each other.
#[derive(Debug, Parser)]
#[command(name = "detente", version, max_term_width = 110)]
pub(crate) struct Cli {
    /// The station's folder; $XDG_STATE_HOME/detente or ~/.local/state/detente, if not given
    #[arg(
        long,
        global = true,
        env = "DETENTE_HOME",
        hide_env_values = true,
        value_name = "FOLDER",
        help_heading = "Station"
    )]
    home: Option<OsString>,
    /// Print the station's own JSON
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// Language of what is printed: en, fr, es, ru, ar, zh or uk; that of $DETENTE_LANGUAGE or of the locale, if not given
    #[arg(
        long,
        global = true,
        value_name = "TAG",
        value_parser = words::tag_parser(),
        hide_possible_values = true,
        ignore_case = true,
        help_heading = "Output"
    )]
    pub(crate) words: Option<Words>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a party's keys for a line, and its card
    Init(setup::Init),
    /// Draft, show, check, sign or adopt a memorandum, or write down the one in force
    #[command(subcommand)]
    Memorandum(memorandum::Asked),
    /// Run the station
    Run,
    /// Be a neutral witness: cosign the checkpoints of logs, and see no entry of them
    #[command(subcommand)]
    Witness(witness::Witness),
    /// Be an observer: take what parties disclose, and sign findings; no station needed
    #[command(subcommand)]
    Observer(observer::Asked),
    /// Be a relay: bring stations together that cannot reach each other, and learn nothing of what they say
    #[command(subcommand)]
    Relay(relay::Relay),
    /// Replay a scenario on real stations, before your eyes
    Demo(demo::Options),
    #[command(flatten)]
    Line(LineVerb),
    /// Say what a dossier shows, who is bound by it, and what it does not prove: no station needed
    Verify(dossier::Verify),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// What works a line through its station.
#[derive(Debug, Subcommand)]
enum LineVerb {
    /// Send a message
    Send(send::Send),
    /// Stop: you are hitting us. Always FLASH, and it says where
    Cease(send::Cease),
    /// Show what is owed, most urgent first, and what is awaited
    Inbox(inbox::Inbox),
    /// Show an entry with everything that is known of it
    Show(entry::Show),
    /// Acknowledge another party's entry, which is never a permission
    Ack(regard::Ack),
    /// Answer an entry
    Reply(regard::Reply),
    /// Amend an own message: the new text, complete
    Amend(regard::Amend),
    /// Withdraw an own entry
    Withdraw(regard::Withdraw),
    /// Read back what was understood of another party's entry
    ReadBack(regard::ReadBack),
    /// Attest that an entry was passed on to those who act on it
    PassedOn(regard::PassedOn),
    /// Give notice of what will happen where and when, list what is in force, write it to a file
    #[command(subcommand)]
    Notice(notice::Notice),
    /// Keep own plans, which never leave this station, and see whose way they are in
    #[command(subcommand)]
    Plan(notice::Plan),
    /// Show what something at a place would touch
    Check(airspace::Check),
    /// List who is in whose way
    Conflicts(airspace::Conflicts),
    /// Report that something is in the way of another party's notice, without saying what it is
    Report(report::Report),
    /// Show how the line stands, or stood at a time, or as a party knew then
    Standing(moment::Standing),
    /// Show the circuits: what each is, whether it is up, what it carried, why one is not there
    Circuits(circuits::Circuits),
    /// Cut circuits on purpose, one after the other, and see what takes over
    Drill(drill::Drill),
    /// Bring books by hand: files for a stick or an e-mail, sealed to the party that they are for
    #[command(subcommand)]
    Courier(courier::Asked),
    /// Suspend the line for this party's part: safety of life, acts and tests still pass
    Suspend(standing::Suspend),
    /// Move the reopening of a suspended line, or vote on it
    #[command(subcommand)]
    Reopen(standing::Reopen),
    /// End this party's suspension
    Resume(standing::Resume),
    /// Renew this party's keys, take those of others, show whose are in use
    #[command(subcommand)]
    Keys(keys::Asked),
    /// Leave the line for good: this party says nothing more on it
    Leave(standing::Leave),
    /// Move what the parties are to say together, vote on it, or list what was moved
    #[command(subcommand)]
    Motion(motion::Asked),
    /// State what this party holds of something that was said
    #[command(subcommand)]
    Position(position::Asked),
    /// Show all parties' positions on an entry, side by side
    Positions(position::Positions),
    /// Disclose entries to an observer: said on the line, then written into a file for it
    Disclose(disclosure::Disclose),
    /// List what was disclosed to observers, and by whom
    Disclosures(disclosure::Disclosures),
    /// Lodge an observer's finding on the line
    #[command(subcommand)]
    Finding(finding::Asked),
    /// Show what observers found, and what is missing in between
    Findings(finding::Findings),
    /// List files that go with entries, and who holds them
    Attachments(attachment::Attachments),
    /// Take out a file that goes with an entry
    #[command(subcommand)]
    Attachment(attachment::Asked),
    /// Show how the line stands
    Status(status::Status),
    /// Follow what happens on the line, an event a line
    Watch(watch::Watch),
    /// Say whether an officer is present
    #[command(subcommand)]
    Officer(officer::Officer),
    /// Give programs elsewhere tokens for the API, within a scope, until a time
    #[command(subcommand)]
    Token(token::Asked),
    /// List what waits for a second officer, and release it
    #[command(subcommand)]
    Release(release::Asked),
    /// Verify or list the record
    #[command(subcommand)]
    Record(record::Record),
    /// Take part of the record to somebody who was not there
    #[command(subcommand)]
    Dossier(dossier::Dossier),
    /// Look whether the station is well
    Doctor(record::Doctor),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Why it was not done.
    pub(crate) fn run(self, out: &Output) -> Result<ExitCode, Failure> {
        let home = || home(self.home);
        match self.verb {
            // A stranger has no station, and no place for one.
            Verb::Verify(asked) => dossier::verify(&asked, out)?,
            Verb::Init(asked) => said(out, setup::init(&home()?, &asked)?)?,
            Verb::Memorandum(memorandum::Asked::Paper(asked)) => {
                let home = home()?;
                said(out, run::on_runtime(memorandum::paper(&asked, &home, out))??)?
            }
            Verb::Memorandum(memorandum::Asked::InForce(line)) => {
                run::on_runtime(memorandum::in_force(&line, &home()?, out))??;
            }
            Verb::Run => run::run(home()?, self.json)?,
            Verb::Witness(asked) => witness::witness(asked, &home()?, out)?,
            Verb::Observer(asked) => observer::observer(asked, &home()?, out)?,
            Verb::Relay(asked) => run::on_runtime(relay::relay(&asked, out))??,
            Verb::Demo(asked) => return demo::run(&asked, out),
            Verb::Line(verb) => run::on_runtime(verb.run(&home()?, out))??,
            Verb::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "detente", &mut script);
                out.data(&String::from_utf8_lossy(&script))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl LineVerb {
    async fn run(&self, home: &Home, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Send(asked) => send::send(asked, home, out).await,
            Self::Cease(asked) => send::cease(asked, home, out).await,
            Self::Inbox(asked) => inbox::inbox(asked, home, out).await,
            Self::Show(asked) => entry::show(asked, home, out).await,
            Self::Ack(asked) => regard::ack(asked, home, out).await,
            Self::Reply(asked) => regard::reply(asked, home, out).await,
            Self::Amend(asked) => regard::amend(asked, home, out).await,
            Self::Withdraw(asked) => regard::withdraw(asked, home, out).await,
            Self::ReadBack(asked) => regard::read_back(asked, home, out).await,
            Self::PassedOn(asked) => regard::passed_on(asked, home, out).await,
            Self::Notice(asked) => notice::notice(asked, home, out).await,
            Self::Plan(asked) => notice::plan(asked, home, out).await,
            Self::Check(asked) => airspace::check(asked, home, out).await,
            Self::Conflicts(asked) => airspace::conflicts(asked, home, out).await,
            Self::Report(asked) => report::report(asked, home, out).await,
            Self::Suspend(asked) => standing::suspend(asked, home, out).await,
            Self::Reopen(asked) => standing::reopen(asked, home, out).await,
            Self::Resume(asked) => standing::resume(asked, home, out).await,
            Self::Keys(asked) => keys::keys(asked, home, out).await,
            Self::Leave(asked) => standing::leave(asked, home, out).await,
            Self::Motion(asked) => motion::motion(asked, home, out).await,
            Self::Position(asked) => position::position(asked, home, out).await,
            Self::Standing(asked) => moment::standing(asked, home, out).await,
            Self::Circuits(asked) => circuits::circuits(asked, home, out).await,
            Self::Drill(asked) => drill::drill(asked, home, out).await,
            Self::Courier(asked) => courier::courier(asked, home, out).await,
            Self::Positions(asked) => position::positions(asked, home, out).await,
            Self::Disclose(asked) => disclosure::disclose(asked, home, out).await,
            Self::Disclosures(asked) => disclosure::disclosures(asked, home, out).await,
            Self::Finding(asked) => finding::finding(asked, home, out).await,
            Self::Findings(asked) => finding::findings(asked, home, out).await,
            Self::Attachments(asked) => attachment::attachments(asked, home, out).await,
            Self::Attachment(asked) => attachment::attachment(asked, home, out).await,
            Self::Status(asked) => status::status(asked, home, out).await,
            Self::Watch(asked) => watch::watch(asked, home, out).await,
            Self::Officer(asked) => officer::officer(asked, home, out).await,
            Self::Token(asked) => token::token(asked, home, out).await,
            Self::Release(asked) => release::release(asked, home, out).await,
            Self::Record(asked) => record::record(asked, home, out).await,
            Self::Dossier(asked) => dossier::dossier(asked, home, out).await,
            Self::Doctor(asked) => record::doctor(asked, home, out).await,
        }
    }
}

/// The station's folder: the one named, or where it usually is.
///
/// An empty name counts as none: variables are often emptied to unset them.
fn home(named: Option<OsString>) -> Result<Home, Failure> {
    let path = |name: OsString| (!name.is_empty()).then(|| PathBuf::from(name));
    let variable = |name| std::env::var_os(name).and_then(path);
    // The XDG specification has relative paths ignored.
    let state = || variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let usual =
        || state().or_else(|| Some(variable("HOME")?.join(".local/state"))).map(|path| path.join("detente"));
    named.and_then(path).or_else(usual).map(Home::at).ok_or_else(|| {
        Failure::misuse(
            "station's folder",
            "--home, DETENTE_HOME, XDG_STATE_HOME or HOME",
            "none of them",
            "name it with --home",
        )
    })
}

/// Says what a command of the setting-up has to say.
fn said(out: &Output, said: setup::Said) -> Result<(), Failure> {
    out.data(&if out.is_json() { said.json.to_string() } else { said.text })?;
    if let Some(next) = said.next {
        out.remark(&format!("next: {next}"));
    }
    Ok(())
}
