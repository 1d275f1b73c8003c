//! Working groups: a memorandum drafted from the decision of a parent line, and held to it (spec/line.md §2.1).
//!
//! Only a station that carries the parent line can tell whether a decision founded a working group. Where there is none,
//! nothing is concluded, and whoever asked is told why.

use std::path::Path;
use std::time::Duration;

use detente_line::Memorandum;
use detente_station::Home;
use detente_station::paper::{Paper, decision_text};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::output::Output;
use crate::socket::{Socket, Trouble};

/// How long a station may take to say what a decision founds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The parent line and the decision of it that founds a working group.
#[derive(Debug)]
pub(crate) struct Parent {
    /// Its identity, as a memorandum's file has it.
    line: String,
    /// The decision, as a memorandum's file has it.
    decision: String,
    decision_hash: String,
    /// The name that it gives the working group.
    pub(crate) name: String,
    /// The parent's members.
    members: Vec<String>,
}

fn socket(home: &Home) -> Socket {
    Socket::new(home, PATIENCE)
}

/// Asks the station what a decision of a line on it founds.
///
/// # Errors
/// Why there is no answer, or that it founds nothing.
pub(crate) async fn parent(home: &Home, line: &str, decision: &str) -> Result<Parent, Failure> {
    let answer = socket(home).get(&format!("/v1/lines/{line}/founds/{decision}")).await?;
    read(&answer).ok_or_else(|| {
        let hint = "is the command of the same version as the station? `detente --version`";
        Failure::failed("Station", "the station's answer", "what the decision founds", "something else", hint)
    })
}

fn read(answer: &Answer) -> Option<Parent> {
    let text = |at: &str| answer.at(at).text();
    Some(Parent {
        line: answer.at("parent").at("line").text()?,
        decision: text("decision_in_file")?,
        decision_hash: text("decision_hash")?,
        name: text("working_group")?,
        members: answer.at("members").list().filter_map(|member| member.text()).collect(),
    })
}

impl Parent {
    /// Writes it into a draft.
    pub(crate) fn name_in(&self, paper: &mut Paper) {
        paper.line.parent = Some(self.line.clone());
        paper.line.decision = Some(self.decision.clone());
        paper.line.decision_hash = Some(self.decision_hash.clone());
    }

    /// Who is a member of the parent and not in a draft, and the other way round, in words.
    pub(crate) fn others(&self, paper: &Paper) -> Vec<String> {
        let named: Vec<&str> = paper.party.iter().map(|card| card.name.as_str()).collect();
        let without = self.members.iter().filter(|member| !named.contains(&member.as_str()));
        let without = without.map(|member| format!("{member}, a member of the parent line, is not in it"));
        let more = named.iter().filter(|name| !self.members.iter().any(|member| member == **name));
        without.chain(more.map(|name| format!("{name} is no member of the parent line"))).collect()
    }

    /// Refuses a draft without cards: keys are of one line, and the parent's are not used again.
    pub(crate) fn wants_cards(&self) -> Failure {
        let parties = self.members.iter().map(|member| format!("{member}.party.toml"));
        let expected =
            format!("the parties' cards for it, such as {}", parties.collect::<Vec<_>>().join(" "));
        let hint = format!("each party makes its own: `detente init --party NAME --line {}`", self.name);
        Failure::misuse("CARD", expected, "none", hint)
    }
}

/// What came of holding a memorandum to its founding decision.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// It is no working group.
    NoGroup,
    /// The parent's record bears it out.
    Holds {
        /// The parent's name here.
        parent: String,
    },
    /// Nobody here can tell, and why.
    NotChecked(String),
}

impl Held {
    /// It in words; nothing for a line that is no working group.
    pub(crate) fn says(&self) -> Option<String> {
        match self {
            Self::NoGroup => None,
            Self::Holds { parent } => {
                Some(format!("its decision was carried on {parent}, and founds this line"))
            }
            Self::NotChecked(why) => Some(format!("its founding decision was not checked: {why}")),
        }
    }

    /// It for programs.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::NoGroup => Value::Null,
            Self::Holds { parent } => json!({"holds": true, "parent": parent, "why": null}),
            Self::NotChecked(why) => json!({"holds": null, "parent": null, "why": why}),
        }
    }
}

/// Holds a memorandum to the decision that founded it, where the parent line is on a station that runs here.
///
/// # Errors
/// When the parent's record does not bear it out.
pub(crate) async fn hold(home: &Home, memorandum: &Memorandum) -> Result<Held, Failure> {
    let terms = memorandum.terms();
    let Some(parent) = &terms.parent else { return Ok(Held::NoGroup) };
    let Some(founding) = &terms.founding else {
        return Ok(Held::NotChecked("it names no decision".into()));
    };
    let decision = founding.decision().map(decision_text).unwrap_or_default();
    let (parent, sha256) = (detente_record::hex(parent), detente_record::hex(&founding.sha256));
    let name = &terms.name;
    let query = format!("name={name}&parent={parent}&decision={decision}&decision_hash={sha256}");
    let answer = match socket(home).get(&format!("/v1/working-group?{query}")).await {
        Ok(answer) => answer,
        Err(Trouble::NoStation(_)) => return Ok(Held::NotChecked("no station runs here".into())),
        Err(trouble) => return Err(trouble.into()),
    };
    let (holds, why) = (answer.at("holds"), answer.at("why").text().unwrap_or_default());
    if holds.holds() {
        return Ok(Held::Holds { parent: answer.at("parent").or_unknown() });
    }
    if !holds.fails() {
        return Ok(Held::NotChecked(why));
    }
    let hint = "draft it again with `detente memorandum draft --working-group-of LINE --by DECISION`";
    let expected = "one that its parent's record bears out";
    Err(Failure::failed("NotFounded", "founding decision", expected, why, hint))
}

/// Tells whoever set a memorandum up what came of it, on standard error.
pub(crate) fn remark(out: &Output, held: &Held) {
    if let Some(says) = held.says() {
        out.remark(&says);
    }
}

/// The memorandum of a file.
///
/// # Errors
/// As [`Paper::memorandum`].
pub(crate) fn memorandum_of(file: &Path) -> Result<Memorandum, Failure> {
    Ok(Paper::read(file)?.memorandum(file)?)
}
