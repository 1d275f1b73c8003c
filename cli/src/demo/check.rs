//! Expectations, held against what the stations answer.
//!
//! Each one is asked of every station that runs, unless it names one: that both sides agree is the point. A
//! check asks once; whoever waits for it asks again whenever a station says that something changed.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::calls::Failed;
use super::drawing::{FEW, lead_ms, stations, text};
use super::ledger::{Ledger, Outcome, split};
use super::schedule::TestsHeard;
use super::stage::{Actor, Stage};
use crate::scenario::{Scenario, Standing, That};
use crate::time::length;

/// Why an expectation does not hold, or not yet.
#[derive(Debug, Clone)]
pub(crate) struct Unmet {
    /// What was expected.
    pub(crate) expected: String,
    /// What was found.
    pub(crate) found: String,
}

pub(super) fn unmet(expected: impl Into<String>, found: impl Into<String>) -> Unmet {
    Unmet { expected: expected.into(), found: found.into() }
}

/// Size and root of each book, by its name.
pub(crate) type Heads = BTreeMap<String, (u64, String)>;

/// In a few words what holds, or why it does not.
pub(crate) type Verdict = Result<String, Unmet>;

/// A replay as far as it has been played, to be asked.
pub(crate) struct Checker<'p> {
    /// The scenario.
    pub(crate) scenario: &'p Scenario,
    /// Its stations.
    pub(crate) stage: &'p Stage,
    /// What became of its steps.
    pub(crate) ledger: &'p Ledger,
    /// The scheduled tests.
    pub(crate) tests: &'p TestsHeard,
}

impl Checker<'_> {
    /// Whether an expectation of the step played last holds now.
    pub(crate) async fn check(&self, that: &That) -> Verdict {
        match that {
            That::Refused { error } => self.refused(error),
            That::Fact { field, by, of } => self.fact(field, by, of.as_deref()).await,
            That::Standing { of, is } => self.standing(of, *is).await,
            That::Open { is } => self.open(*is).await,
            That::LeadTime { at_least_ms, of } => self.lead_time(*at_least_ms, of.as_deref()).await,
            That::Escalated { by, rank, of } => self.escalated(by, *rank, of.as_deref()).await,
            That::Overdue { by, of } => self.overdue(by, of.as_deref()).await,
            That::HandledWithin { by, at_most_ms, of } => {
                self.handled_within(by, *at_most_ms, of.as_deref()).await
            }
            That::Decided { is, of } => self.decided(is, of.as_deref()).await,
            That::Votes { counts, of } => self.votes(*counts, of.as_deref()).await,
            That::Conflict { by, between, is } => self.conflict(by, between, *is).await,
            That::Touches { notice, is } => self.touches(notice.as_deref(), *is).await,
            That::Apart { at_least_km, at_most_km, of } => {
                self.apart(*at_least_km, *at_most_km, of.as_deref())
            }
            That::Circuit { by, up } => self.circuit(by, *up).await,
            That::Tests { answered, missed } => self.tests.held(*answered, *missed).map_err(|found| {
                unmet(format!("{answered} tests answered or more, {missed} missed or fewer"), found)
            }),
            That::NothingLost { of } => self.nothing_lost(of.as_deref()).await,
            That::SameBooks => self.same_books().await,
            That::Verified => self.verified().await,
        }
    }

    pub(super) async fn ask(&self, actor: &Actor, rest: &str) -> Result<Json, Unmet> {
        let path = format!("/v1/lines/{}{rest}", self.scenario.line);
        actor.calls.ask(&path).await.map_err(|why| silent(actor, &why))
    }

    pub(super) fn outcome(&self, of: Option<&str>) -> Result<&Outcome, Unmet> {
        self.ledger.outcome(of).ok_or_else(|| unmet("a step that was played", "none"))
    }

    pub(super) fn actor(&self, name: &str) -> Result<&Actor, Unmet> {
        let actor = self.stage.running().find(|actor| actor.name == name);
        actor.ok_or_else(|| unmet(format!("a station of {name} that runs"), "none"))
    }

    fn refused(&self, error: &str) -> Verdict {
        let expected = format!("refused with {error}");
        match &self.outcome(None)?.refused {
            Some(body) if text(body, "error") == Some(error) => Ok(expected),
            Some(body) => {
                Err(unmet(expected, format!("refused with {}", text(body, "error").unwrap_or("?"))))
            }
            None => Err(unmet(expected, "accepted")),
        }
    }

    async fn fact(&self, field: &str, by: &[String], of: Option<&str>) -> Verdict {
        let outcome = self.outcome(of)?;
        let author = self.scenario.parties.get(outcome.by).map(|plan| plan.name.clone()).unwrap_or_default();
        let by: Vec<String> = if by.is_empty() {
            let others = self.scenario.parties.iter().map(|plan| plan.name.clone());
            others.filter(|name| *name != author).collect()
        } else {
            by.to_vec()
        };
        let names: Vec<&str> = if field == "delivered" {
            outcome.last().into_iter().collect()
        } else {
            outcome.names.iter().map(String::as_str).collect()
        };
        let word = match field {
            "delivered" => "receipted",
            "passed_on" => "passed on",
            other => other,
        };
        let what = match names.as_slice() {
            [] => return Err(unmet(format!("an entry to be {word}"), "none")),
            [name] => (*name).to_owned(),
            names => format!("all {} of them", names.len()),
        };
        let expected = if by.len() > FEW && by.len() + 1 == self.scenario.parties.len() {
            format!("{what} {word} by all {} others", by.len())
        } else {
            format!("{what} {word} by {}", by.join(", "))
        };
        for actor in self.stage.running() {
            for name in &names {
                let entry = self.ask(actor, &format!("/entries/{name}")).await?;
                let holds = |party: &String| entry.get(field).is_some_and(|fact| fact.get(party).is_some());
                if let Some(missing) = by.iter().find(|party| !holds(party)) {
                    let found = format!("at {}, {name} is not {word} by {missing}", actor.name);
                    return Err(unmet(expected, found));
                }
            }
        }
        Ok(expected)
    }

    async fn standing(&self, of: &str, is: Standing) -> Verdict {
        let word = |standing| match standing {
            Standing::InEffect => "in effect",
            Standing::Stated => "in effect, suspension stated",
            Standing::Suspended => "suspended",
        };
        let expected = format!("{of} is {} on every side", word(is));
        for actor in self.stage.running() {
            let status = self.ask(actor, "").await?;
            let parties = status.get("parties").and_then(Json::as_array);
            let party = parties.and_then(|all| all.iter().find(|one| text(one, "name") == Some(of)));
            let suspension = party.and_then(|party| party.get("suspension")).filter(|found| !found.is_null());
            let effective = suspension.and_then(|found| found.get("effective")).and_then(Json::as_bool);
            let found = match effective {
                None => Standing::InEffect,
                Some(false) => Standing::Stated,
                Some(true) => Standing::Suspended,
            };
            if found != is {
                return Err(unmet(expected, format!("at {}: {}", actor.name, word(found))));
            }
        }
        Ok(expected)
    }

    async fn open(&self, is: bool) -> Verdict {
        let expected = format!("the line is {} on every side", if is { "open" } else { "not open" });
        for actor in self.stage.running() {
            let status = self.ask(actor, "").await?;
            if status.get("open").and_then(Json::as_bool) != Some(is) {
                return Err(unmet(expected, format!("the contrary at {}", actor.name)));
            }
        }
        Ok(expected)
    }

    async fn lead_time(&self, at_least_ms: u64, of: Option<&str>) -> Verdict {
        let expected = format!("a lead time of {} or more on every side", length(at_least_ms));
        let name = self.outcome(of)?.last().ok_or_else(|| unmet(expected.clone(), "no notice"))?;
        let mut shown = String::new();
        for actor in self.stage.running() {
            let entry = self.ask(actor, &format!("/entries/{name}")).await?;
            let body = entry.get("body").map(|body| body.get("notice").unwrap_or(body));
            let from_ms = body.and_then(|body| body.get("from_ms")).and_then(Json::as_u64);
            let time_ms = entry.get("time_ms").and_then(Json::as_u64);
            let lead = from_ms.zip(time_ms).map_or(0, |(from_ms, time_ms)| lead_ms(from_ms, time_ms));
            shown = length(lead);
            if lead < at_least_ms {
                return Err(unmet(expected, format!("{shown} at {}", actor.name)));
            }
        }
        Ok(format!("lead time {shown} on every side"))
    }

    async fn escalated(&self, by: &str, rank: u64, of: Option<&str>) -> Verdict {
        let name = self.outcome(of)?.last().unwrap_or_default();
        let expected = format!("{name} escalated to rank {rank} by {by}");
        let class = name.split('/').nth(1).unwrap_or_default();
        for actor in self.stage.running() {
            let entries = self.entries(actor, &format!("{by}/{class}")).await?;
            let is = |entry: &Json| {
                let regards = entry.get("regards").and_then(Json::as_array);
                text(entry, "kind") == Some("escalated")
                    && regards.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(name)))
                    && entry.pointer("/body/rank").and_then(Json::as_u64) == Some(rank)
            };
            if !entries.iter().any(is) {
                return Err(unmet(expected, format!("no such entry at {}", actor.name)));
            }
        }
        Ok(expected)
    }

    async fn overdue(&self, by: &str, of: Option<&str>) -> Verdict {
        let name = self.outcome(of)?.last().unwrap_or_default();
        let expected = format!("{name} overdue at {by}");
        let inbox = self.ask(self.actor(by)?, "/inbox?limit=1000").await?;
        let owed = inbox.get("owed").and_then(Json::as_array);
        let found = owed.and_then(|all| all.iter().find(|entry| text(entry, "entry") == Some(name)));
        match found.map(|entry| entry.get("overdue").and_then(Json::as_bool)) {
            Some(Some(true)) => Ok(expected),
            Some(_) => Err(unmet(expected, "owed and in time")),
            None => Err(unmet(expected, "not owed")),
        }
    }

    async fn handled_within(&self, by: &str, at_most_ms: u64, of: Option<&str>) -> Verdict {
        let name = self.outcome(of)?.last().unwrap_or_default();
        let expected = format!("{name} handled by {by} within {} on every side", length(at_most_ms));
        let mut shown = String::new();
        for actor in self.stage.running() {
            let entry = self.ask(actor, &format!("/entries/{name}")).await?;
            let handled =
                ["acknowledged", "answered"].iter().find_map(|fact| entry.get(fact)?.get(by)?.as_str());
            let Some(handled) = handled else {
                return Err(unmet(expected, format!("open at {}", actor.name)));
            };
            let handling = self.ask(actor, &format!("/entries/{handled}")).await?;
            let time = |entry: &Json| entry.get("time_ms").and_then(Json::as_u64).unwrap_or_default();
            let took_ms = lead_ms(time(&handling), time(&entry));
            shown = length(took_ms);
            if took_ms > at_most_ms {
                return Err(unmet(expected, format!("{shown} at {}", actor.name)));
            }
        }
        Ok(format!("{name} handled by {by} after {shown}"))
    }

    fn apart(&self, at_least_km: f64, at_most_km: f64, of: Option<&str>) -> Verdict {
        let expected = format!("{at_least_km:.1} to {at_most_km:.1} km between said and meant");
        let outcome = self.outcome(of)?;
        match outcome.said.zip(outcome.meant).map(|(said, meant)| said.km_to(meant)) {
            Some(km) if (at_least_km..=at_most_km).contains(&km) => {
                Ok(format!("{km:.1} km between said and meant"))
            }
            Some(km) => Err(unmet(expected, format!("{km:.1} km"))),
            None => Err(unmet(expected, "a step without `position` and `meant`")),
        }
    }

    async fn circuit(&self, by: &str, up: bool) -> Verdict {
        let expected = format!("circuit of {by} {}", if up { "up" } else { "down" });
        let status = self.ask(self.actor(by)?, "").await?;
        let parties = status.get("parties").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let others = parties.iter().filter(|party| party.get("me").and_then(Json::as_bool) != Some(true));
        let wrong = others
            .filter(|party| {
                party.get("circuits_up").and_then(Json::as_u64).is_some_and(|count| (count > 0) != up)
            })
            .filter_map(|party| text(party, "name"));
        let wrong: Vec<&str> = wrong.collect();
        if wrong.is_empty() {
            Ok(expected)
        } else {
            Err(unmet(expected, format!("the contrary to {}", wrong.join(", "))))
        }
    }

    /// All entries of a book as a station holds them.
    async fn entries(&self, actor: &Actor, book: &str) -> Result<Vec<Json>, Unmet> {
        let mut all = Vec::new();
        loop {
            let from = all.len() + 1;
            let page = self.ask(actor, &format!("/entries?book={book}&from={from}&limit=1000")).await;
            let page = match page {
                // A party that has said nothing in a class has no such book yet.
                Err(_) if all.is_empty() => return Ok(all),
                page => page?,
            };
            let Some(entries) = page.get("entries").and_then(Json::as_array).filter(|page| !page.is_empty())
            else {
                return Ok(all);
            };
            all.extend(entries.iter().cloned());
        }
    }

    async fn nothing_lost(&self, of: Option<&str>) -> Verdict {
        let names = &self.outcome(of)?.names;
        let expected = format!("all {} accepted entries on every side, the same", names.len());
        let Some((book, _)) = names.first().and_then(|name| split(name)) else {
            return Err(unmet("an entry that was accepted", "none"));
        };
        let mut leaves: BTreeMap<&str, String> = BTreeMap::new();
        for actor in &self.stage.actors {
            let held = self.entries(self.actor(&actor.name)?, book).await?;
            let held: BTreeMap<&str, &str> =
                held.iter().filter_map(|entry| text(entry, "entry").zip(text(entry, "leaf"))).collect();
            for name in names {
                let Some(leaf) = held.get(name.as_str()) else {
                    return Err(unmet(expected, format!("{} lacks {name}", actor.name)));
                };
                if leaves.entry(name).or_insert_with(|| (*leaf).to_owned()).as_str() != *leaf {
                    return Err(unmet(expected, format!("{} holds another {name}", actor.name)));
                }
            }
        }
        Ok(format!("nothing lost: {expected}"))
    }

    async fn same_books(&self) -> Verdict {
        let expected = "the same books on every side";
        let mut first: Option<(&str, Heads)> = None;
        for actor in self.stage.running() {
            let books = sizes(&self.ask(actor, "/books").await?);
            match &first {
                None => first = Some((&actor.name, books)),
                Some((_, others)) if *others == books => {}
                Some((name, others)) => {
                    let differ = books.iter().find(|(book, held)| others.get(*book) != Some(*held));
                    let book = differ.map(|(book, _)| book.as_str()).unwrap_or("the number of books");
                    return Err(unmet(expected, format!("{name} and {} differ in {book}", actor.name)));
                }
            }
        }
        let books = first.map(|(_, books)| books).unwrap_or_default();
        let entries: u64 = books.values().map(|(size, _)| size).sum();
        Ok(format!("same sizes and roots on every side: {} books, {entries} entries", books.len()))
    }

    async fn verified(&self) -> Verdict {
        let expected = "every tree, checkpoint and receipt sound on every side";
        let mut checked: Vec<(String, Vec<&str>)> = Vec::new();
        for actor in self.stage.running() {
            let path = format!("/v1/lines/{}/verify", self.scenario.line);
            let answer = actor.calls.tell(&path, &json!({})).await.map_err(|why| silent(actor, &why))?;
            let books = answer.get("books").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            if answer.get("ok").and_then(Json::as_bool) != Some(true) {
                let faults = books.iter().filter_map(|book| book.get("faults")?.get(0).map(Json::to_string));
                let faults: Vec<String> = faults.collect();
                return Err(unmet(expected, format!("{}: {}", actor.name, faults.join("; "))));
            }
            let sum =
                |field: &str| -> u64 { books.iter().filter_map(|book| book.get(field)?.as_u64()).sum() };
            let sum = format!(
                "checked {} entries and {} receipts",
                sum("entries_checked"),
                sum("receipts_checked")
            );
            match checked.iter_mut().find(|(other, _)| *other == sum) {
                Some((_, names)) => names.push(&actor.name),
                None => checked.push((sum, vec![&actor.name])),
            }
        }
        let all = self.stage.actors.len();
        let checked = checked.iter().map(|(sum, names)| format!("{} {sum}", stations(names, all)));
        Ok(checked.collect::<Vec<_>>().join("; "))
    }
}

pub(super) fn silent(actor: &Actor, why: &Failed) -> Unmet {
    unmet(format!("an answer of the station of {}", actor.name), why.to_string())
}

/// Size and root of every book that has something in it.
pub(crate) fn sizes(books: &Json) -> Heads {
    let books = books.get("books").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let each = books.iter().filter_map(|book| {
        let size = book.get("size")?.as_u64().filter(|size| *size > 0)?;
        Some((text(book, "book")?.to_owned(), (size, text(book, "root")?.to_owned())))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_with_nothing_in_it_is_no_difference() {
        let one = json!({"books": [{"book": "usa/Z", "size": 2, "root": "aa"}, {"book": "rus/R", "size": 0, "root": ""}]});
        let other = json!({"books": [{"book": "usa/Z", "size": 2, "root": "aa"}]});
        assert_eq!(sizes(&one), sizes(&other));
        assert_eq!(sizes(&one).len(), 1);
    }
}
