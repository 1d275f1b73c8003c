//! The roll: how each party stands to a motion, and by what a motion was decided (spec/line.md §5, Motions). Pure.
//!
//! It decides nothing: outcomes come from the stations. It says in words why the rule of the memorandum gives
//! the outcome that they computed.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::drawing::text;
use crate::output::Tone;
use crate::scenario::Scenario;

/// What a party says of a motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// For it.
    For,
    /// Against it.
    Against,
    /// Neither.
    Abstains,
    /// Nothing yet.
    Silent,
}

impl Voice {
    /// As spec/api.md writes a vote.
    fn of(choice: &str) -> Self {
        match choice {
            "for" => Self::For,
            "against" => Self::Against,
            "abstain" => Self::Abstains,
            _ => Self::Silent,
        }
    }

    fn mark(self) -> (Tone, char) {
        match self {
            Self::For => (Tone::Good, '✔'),
            Self::Against => (Tone::Bad, '✘'),
            Self::Abstains => (Tone::Warn, '–'),
            Self::Silent => (Tone::Quiet, '·'),
        }
    }
}

/// Everybody's voice on one motion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roll {
    /// In the order of the scenario's parties: name, whether its vote against defeats, what it says.
    voices: Vec<(String, bool, Voice)>,
    /// Votes for that it takes.
    needed: u64,
}

impl Roll {
    /// The roll of a scenario's parties, by what each has voted.
    pub(crate) fn new(scenario: &Scenario, votes: &BTreeMap<String, String>) -> Self {
        let rule = &scenario.terms.rule;
        let voices = scenario.parties.iter().map(|plan| {
            let voice = votes.get(&plan.name).map_or(Voice::Silent, |choice| Voice::of(choice));
            (plan.name.clone(), rule.veto.contains(&plan.name), voice)
        });
        Self { voices: voices.collect(), needed: rule.votes }
    }

    /// A mark and a name for each party, in capitals where its vote against defeats.
    pub(crate) fn marks(&self) -> Vec<(Tone, String)> {
        let marks = self.voices.iter().map(|(name, vetoes, voice)| {
            let (tone, mark) = voice.mark();
            let name = if *vetoes { name.to_uppercase() } else { name.clone() };
            (tone, format!("{mark}{name}"))
        });
        marks.collect()
    }

    /// How many are for, against, abstain, and have said nothing.
    fn counts(&self) -> [u64; 4] {
        [Voice::For, Voice::Against, Voice::Abstains, Voice::Silent]
            .map(|wanted| self.voices.iter().filter(|(.., voice)| *voice == wanted).count() as u64)
    }

    /// The same in words, with the votes that it takes.
    pub(crate) fn tally(&self) -> String {
        let [for_it, against, abstain, silent] = self.counts();
        format!(
            "{for_it} for ({} needed), {against} against, {abstain} abstain, {silent} silent",
            self.needed
        )
    }

    /// Those whose vote against defeats and who say so.
    fn holders(&self, wanted: Voice) -> String {
        let named = self.voices.iter().filter(|(_, vetoes, voice)| *vetoes && *voice == wanted);
        named.map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// By what an outcome came about.
    pub(crate) fn why(&self, outcome: &str) -> String {
        let ([for_it, .., silent], needed) = (self.counts(), self.needed);
        let (against, absent) = (self.holders(Voice::Against), self.holders(Voice::Silent));
        match outcome {
            "carried" if self.voices.iter().any(|(_, vetoes, _)| *vetoes) => format!(
                "{for_it} are for it and it takes {needed}; all whose vote against defeats have voted, and none is against"
            ),
            "carried" => format!("{for_it} are for it, and it takes {needed}"),
            "defeated" if !against.is_empty() => {
                format!("{against} is against, and its vote against defeats, however many are for")
            }
            "defeated" => format!("{for_it} are for it and {silent} silent: not the {needed} that it takes"),
            "lapsed" if for_it >= needed && !absent.is_empty() => format!(
                "its time is over: {for_it} were for it and it takes {needed}, but {absent} said nothing, and without a word of \
                 every party whose vote against defeats nothing carries"
            ),
            "lapsed" => format!("its time is over, and {for_it} were for it of the {needed} that it takes"),
            "overtaken" => "another memorandum has come into force since it was moved".to_owned(),
            _ => "it is not decided".to_owned(),
        }
    }
}

/// What a station computes of a motion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The decision's entry and its outcome.
    pub(crate) decision: Option<(String, String)>,
    /// What each party has voted.
    pub(crate) votes: BTreeMap<String, String>,
}

impl Found {
    /// From a station's answer about motions; `None` where it knows of no such motion.
    pub(crate) fn of(motion: &str, answer: &Json) -> Option<Self> {
        let motions = answer.get("motions")?.as_array()?;
        let found = motions.iter().find(|found| text(found, "motion") == Some(motion))?;
        let votes = found.get("votes").and_then(Json::as_object);
        let votes = votes.into_iter().flatten().filter_map(|(party, choice)| Some((party, choice.as_str()?)));
        let decision = found.get("decision").filter(|decision| !decision.is_null());
        let decision = decision.and_then(|decision| text(decision, "entry").zip(text(decision, "outcome")));
        Some(Self {
            decision: decision.map(|(entry, outcome)| (entry.to_owned(), outcome.to_owned())),
            votes: votes.map(|(party, choice)| (party.clone(), choice.to_owned())).collect(),
        })
    }

    /// How many are for, against, and abstain.
    pub(crate) fn counts(&self) -> [u64; 3] {
        ["for", "against", "abstain"]
            .map(|wanted| self.votes.values().filter(|choice| *choice == wanted).count() as u64)
    }

    /// The outcome in a word.
    pub(crate) fn outcome(&self) -> &str {
        self.decision.as_ref().map_or("pending", |(_, outcome)| outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn roll(votes: &[(&str, &str)]) -> Roll {
        let council = Scenario::find("security-council-2017").unwrap();
        let votes = votes.iter().map(|(party, choice)| ((*party).to_owned(), (*choice).to_owned()));
        Roll::new(&council, &votes.collect())
    }

    fn nine_for() -> Vec<(&'static str, &'static str)> {
        ["usa", "fra", "gbr", "egy", "ita", "jpn", "sen", "swe", "ukr"].map(|party| (party, "for")).to_vec()
    }

    #[test]
    fn a_roll_fills_in_and_says_who_can_defeat() {
        let roll = roll(&[("fra", "for"), ("chn", "abstain"), ("bol", "against")]);
        let marks: Vec<String> = roll.marks().into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(
            marks.join(" "),
            "·USA –CHN ✔FRA ·GBR ·RUS ✘bol ·egy ·eth ·ita ·jpn ·kaz ·sen ·swe ·ukr ·ury"
        );
        assert_eq!(roll.tally(), "1 for (9 needed), 1 against, 1 abstain, 12 silent");
    }

    #[test]
    fn the_reason_of_an_outcome_names_who_made_it() {
        let with = |more: &[(&'static str, &'static str)]| roll(&[nine_for(), more.to_vec()].concat());
        let vetoed = with(&[("rus", "against"), ("chn", "abstain")]);
        assert!(vetoed.why("defeated").starts_with("rus is against"), "{}", vetoed.why("defeated"));
        let absent = with(&[("chn", "abstain")]);
        assert!(absent.why("lapsed").contains("but rus said nothing"), "{}", absent.why("lapsed"));
        let carried = with(&[("chn", "abstain"), ("rus", "abstain")]);
        assert!(carried.why("carried").contains("9 are for it"), "{}", carried.why("carried"));
        let few = roll(&[("fra", "for"), ("bol", "against")]);
        assert_eq!(few.why("lapsed"), "its time is over, and 1 were for it of the 9 that it takes");
        assert_eq!(few.why("defeated"), "1 are for it and 13 silent: not the 9 that it takes");
    }

    #[test]
    fn what_a_station_computes_is_read_from_its_answer() {
        let decided = json!({"motion": "fra/A/1", "votes": {"fra": "for", "rus": "against"},
            "decision": {"entry": "usa/A/2", "outcome": "defeated"}});
        let answer = json!({"motions": [{"motion": "fra/A/2", "votes": {}, "decision": null}, decided]});
        let found = Found::of("fra/A/1", &answer).unwrap();
        assert_eq!((found.counts(), found.outcome()), ([1, 1, 0], "defeated"));
        assert_eq!(Found::of("fra/A/2", &answer), Some(Found::default()));
        assert_eq!(Found::of("fra/A/3", &answer), None);
        assert_eq!(Found::default().outcome(), "pending");
    }
}
