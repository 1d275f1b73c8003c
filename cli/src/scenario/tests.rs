use super::*;

/// A scenario with everything that has to be there, and more at its end.
fn with(more: &str) -> Result<Scenario, Faults> {
    on_terms(r#"notice = [{ name = "air-activity", lead = "1h" }]"#, more)
}

/// The same on other terms than the usual ones.
fn on_terms(terms: &str, more: &str) -> Result<Scenario, Faults> {
    let head = r#"
[scenario]
title = "t"
summary = "s"
fiction = "f"
line = "x"
start = 2017-04-06T22:00:00Z

[[party]]
name = "usa"
full-name = "United States"

[[party]]
name = "rus"
full-name = "Russian Federation"

[memorandum]
"#;
    Scenario::parse("x.toml", &format!("{head}{terms}\n{more}"))
}

fn faults(more: &str) -> Vec<String> {
    told(with(more))
}

fn told(read: Result<Scenario, Faults>) -> Vec<String> {
    let faults = read.expect_err("a faulty scenario");
    faults
        .faults
        .iter()
        .map(|fault| format!("{}: {} ({})", fault.line, fault.what, fault.hint.as_deref().unwrap_or("-")))
        .collect()
}

#[test]
fn every_shipped_scenario_reads() {
    for (name, source) in SHIPPED {
        let scenario = Scenario::parse(name, source).unwrap_or_else(|faults| panic!("{faults}"));
        assert!(scenario.fiction.contains("FICTION"), "{name} labels what is invented");
        let expectations: usize = scenario.steps.iter().map(|step| step.expectations.len()).sum();
        assert!(expectations >= 12, "{name} expects something: {expectations}");
        assert!(scenario.steps.is_sorted_by_key(|step| step.at_ms));
    }
}

#[test]
fn april_2017_keeps_the_times_that_are_public() {
    let scenario = Scenario::find("april-2017").unwrap();
    let at = |text: &str| {
        let found = scenario.steps.iter().find(|step| {
            matches!(&step.deed, Deed::Event { text: said } | Deed::Claim { text: said, .. } if said.contains(text))
        });
        found.map(|step| time::dtg(step.at_ms))
    };
    assert_eq!(at("Shayrat").as_deref(), Some("070040ZAPR17"));
    assert_eq!(at("vital communication link").map(|dtg| dtg[..2].to_owned()).as_deref(), Some("21"));
    let notice = scenario.steps.iter().find(|step| step.id.as_deref() == Some("warning")).unwrap();
    let Deed::Say { draft, .. } = &notice.deed else { panic!("the warning is said on the line") };
    assert_eq!(time::dtg(notice.at_ms), "062240ZAPR17");
    assert_eq!(
        draft
            .fields
            .get("notice")
            .and_then(|notice| notice.get("from_ms")?.as_u64())
            .map(|from_ms| from_ms - notice.at_ms),
        Some(2 * 3_600_000)
    );
    let suspension = scenario.steps.iter().find(|step| step.id.as_deref() == Some("suspension")).unwrap();
    let Deed::Say { draft, .. } = &suspension.deed else { panic!("a suspension is said on the line") };
    assert_eq!(
        draft.fields.get("effective_ms").and_then(|ms| ms.as_u64()).map(time::dtg).as_deref(),
        Some("072100ZAPR17")
    );
}

#[test]
fn all_faults_are_told_at_once_with_lines_and_hints() {
    let said = faults(
        r#"
[[step]]
at = 2017-04-06T22:40:00Z
by = "use"
do = "mesage"

[[step]]
at = 2017-04-06T22:30:00Z
by = "rus"
do = "message"
txt = "hello"

[[step]]
after = "1m"
by = "rus"
do = "acknowledge"
of = "warning"
"#,
    );
    assert_eq!(
        said,
        [
            "22: `by`: expected a party of this scenario, found \"use\" (did you mean `usa`?)",
            "23: `do`: expected one of the names known here, found \"mesage\" (did you mean `message`?)",
            "25: a step lacks `text` (-)",
            "26: `at`: expected a time not before the step above, 062240ZAPR17, found 2017-04-06T22:30:00Z (-)",
            "29: a step has no key `txt` (did you mean `text`?)",
            "35: `of`: expected the `id` of an earlier step, found \"warning\" (-)",
        ]
        .map(str::to_owned)
        .to_vec(),
        "{said:#?}"
    );
}

#[test]
fn a_reference_is_to_an_earlier_step_only() {
    let said = faults(
        r#"
[[step]]
id = "warning"
after = "1m"
by = "usa"
do = "message"
text = "x"

[[step]]
after = "1m"
by = "rus"
do = "acknowledge"
of = "waning"

[[step]]
id = "self"
after = "1m"
by = "rus"
do = "message"
text = "x"
answers = "self"
"#,
    );
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].contains("did you mean `warning`?"), "{said:#?}");
    assert!(
        said[1].starts_with("39: `answers`: expected the `id` of an earlier step, found \"self\""),
        "{said:#?}"
    );
}

#[test]
fn a_notice_needs_a_kind_that_the_memorandum_has_and_a_window_in_order() {
    let said = faults(
        r#"
[[step]]
after = "1m"
by = "usa"
do = "notice"
notice = "air-activty"
from = 2017-04-07T00:40:00Z
until = 2017-04-07T00:30:00Z
circle = { centre = [95, 36.9], km = 5 }
text = "x"
"#,
    );
    assert_eq!(said.len(), 3, "{said:#?}");
    assert!(said[0].contains("did you mean `air-activity`?"), "{said:#?}");
    assert!(said[1].contains("expected a time not before 070040ZAPR17"), "{said:#?}");
    assert!(said[2].contains("[latitude, longitude] in degrees"), "{said:#?}");
}

#[test]
fn a_circle_is_said_as_a_circle_with_its_heights_and_their_datum() {
    let scenario = with(
        r#"
[[step]]
id = "n"
after = "1m"
by = "usa"
do = "notice"
notice = "air-activity"
from = 2017-04-07T00:40:00Z
until = 2017-04-07T01:30:00Z
circle = { centre = [34.5, 36.9], km = 55 }
lowest = 0
highest = 6000
datum = "WGS84"
text = "x"

[[step]]
after = "1m"
by = "rus"
do = "check"
position = [34.5, 36.9]
km = 0.5
from = 2017-04-07T00:40:00Z
until = 2017-04-07T01:30:00Z
expect = [{ that = "touches", notice = "n" }, { that = "touches", is = "clear" }]
"#,
    )
    .unwrap();
    let Deed::Say { draft, .. } = &scenario.steps[0].deed else { panic!("a notice is said") };
    let notice = draft.fields.get("notice").unwrap();
    assert_eq!(notice.get("circle").unwrap().to_string(), r#"{"centre":[34.5,36.9],"radius_m":55000.0}"#);
    assert_eq!(notice.get("datum").and_then(|datum| datum.as_str()), Some("WGS84"));
    assert_eq!(notice.get("area"), None);
    let Deed::Check { asked, .. } = &scenario.steps[1].deed else { panic!("a check") };
    assert_eq!(asked.radius_m, Some(500.0));
    let expected: Vec<&That> = scenario.steps[1].expectations.iter().map(|one| &one.that).collect();
    assert_eq!(
        expected,
        [
            &That::Touches { notice: Some("n".into()), is: Verdict::Conflict },
            &That::Touches { notice: None, is: Verdict::Clear }
        ]
    );
}

#[test]
fn what_a_kind_of_notice_asks_for_is_read() {
    let said = told(on_terms(
        r#"notice = [{ name = "x", lead = "1h", nature = "parade", separation = { distance = "far" } }]"#,
        "",
    ));
    assert!(said.iter().any(|fault| fault.contains("activity, movement, site")), "{said:#?}");
    assert!(said.iter().any(|fault| fault.contains("a length, such as")), "{said:#?}");
    let said = told(on_terms(r#"notice = [{ name = "x", lead = "1h", separation = {} }]"#, ""));
    assert!(said.iter().any(|fault| fault.contains("lacks `distance`, `height` or `time`")), "{said:#?}");
}

#[test]
fn a_way_that_is_none_is_refused_with_its_place() {
    let step = |way: &str| {
        faults(&format!(
            "[[step]]\nafter = \"1m\"\nby = \"usa\"\ndo = \"plan\"\nnotice = \"air-activity\"\ntext = \"x\"\nway = {way}\n"
        ))
    };
    let passed = |minute: u8| format!("{{ position = [34.0, 36.0], at = 2017-04-07T00:{minute}:00Z }}");
    let said = step(&format!("[{}]", passed(40)));
    assert!(said[0].contains("2 to 65 waypoints"), "{said:#?}");
    let said = step(&format!("[{}, {}]", passed(50), passed(40)));
    assert!(said[0].contains("in the order of their times"), "{said:#?}");
}

#[test]
fn a_volume_that_is_none_is_refused_with_its_place() {
    let said = faults(
        r#"
[[step]]
id = "p"
after = "1m"
by = "usa"
do = "plan"
notice = "air-activity"
from = 2017-04-07T00:40:00Z
until = 2017-04-07T01:30:00Z
circle = { centre = [34.5, 36.9], km = 501, corners = 24 }
lowest = 500
highest = 400
datum = "MSL"
text = "x"
expect = [{ that = "conflict", between = ["p"] }, { that = "touches", notice = "q" }]
"#,
    );
    assert_eq!(said.len(), 6, "{said:#?}");
    assert!(said[0].contains("0.001 to 500 km"), "{said:#?}");
    assert!(said[1].contains("has no key `corners`"), "{said:#?}");
    assert!(said[2].contains("a height not below 500 m"), "{said:#?}");
    assert!(said[3].contains("known here: AMSL, WGS84, AGL"), "{said:#?}");
    assert!(said[4].contains("two steps, each a notice or a plan"), "{said:#?}");
    assert!(said[5].contains("the `id` of an earlier step"), "{said:#?}");
}

#[test]
fn what_a_burst_expects_and_whom_it_kills_is_read() {
    let scenario = with(
        r#"
[[step]]
id = "b"
after = "1m"
by = "usa"
do = "burst"
count = 10
text = "x"
kill = "rus"
expect = [{ that = "nothing-lost" }, { that = "receipted", by = ["rus"], within = "3s" }]
"#,
    )
    .unwrap();
    let step = &scenario.steps[0];
    assert!(matches!(&step.deed, Deed::Burst { kill: Some((party, 5)), count: 10, .. } if party == "rus"));
    assert_eq!(step.expectations[0].that, That::NothingLost { of: None });
    assert_eq!(step.expectations[1].within_ms, 3_000);
}

#[test]
fn votes_are_on_motions_and_nobody_votes_twice_in_a_roll_call() {
    let said = faults(
        r#"
[[step]]
id = "said"
after = "1m"
by = "usa"
do = "message"
text = "x"

[[step]]
id = "moved"
after = "1m"
by = "usa"
do = "move"
text = "x"
closes = 2017-04-06T23:00:00Z

[[step]]
after = "1m"
by = "rus"
do = "vote"
of = "said"
choice = "yes"

[[step]]
after = "1m"
do = "roll-call"
of = "moved"
for = ["usa", "rus"]
against = ["usa"]
expect = [{ that = "decided", is = "adopted" }]

[[step]]
after = "1m"
do = "roll-call"
of = "moved"

[[step]]
after = "1m"
do = "decision"
"#,
    );
    let expected = [
        "an earlier step that moves something, found \"said\"",
        "expected one of the names known here, found \"yes\"",
        "a party that has not voted in this step, found \"usa\"",
        "expected one of the names known here, found \"adopted\"",
        "a roll call lacks `for`, `against` or `abstain`",
        "a step lacks `of`",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn the_council_of_2017_votes_as_the_public_record_says() {
    let scenario = Scenario::find("security-council-2017").unwrap();
    assert_eq!(scenario.parties.len(), 15);
    let rule = &scenario.terms.rule;
    assert_eq!((rule.votes, rule.veto.join(" ")), (9, "usa chn fra gbr rus".to_owned()));
    let mut votes = std::collections::BTreeMap::from([("fra", "for")]);
    for step in &scenario.steps {
        if let Deed::Say { by, draft } = &step.deed
            && draft.regards == ["draft"]
        {
            let choice = draft.fields.get("choice").and_then(|choice| choice.as_str()).unwrap();
            assert_eq!(votes.insert(by, choice), None, "{by} votes once");
        }
    }
    let who = |wanted: &str| votes.iter().filter(|(_, c)| **c == wanted).map(|(p, _)| *p).collect::<Vec<_>>();
    assert_eq!(who("against"), ["bol", "rus"]);
    assert_eq!(who("abstain"), ["chn", "eth", "kaz"]);
    assert_eq!(who("for").len(), 10);
    let unreal = scenario.steps.iter().find(|step| step.id.as_deref() == Some("absent")).unwrap();
    assert!(unreal.chapter.as_deref().is_some_and(|chapter| chapter.contains("HYPOTHETICAL")));
}

#[test]
fn a_scenario_that_is_not_there_names_those_that_are() {
    let Err(Unreadable::Missing { hint, .. }) = Scenario::find("april-2071") else { panic!("there is none") };
    assert!(hint.contains("did you mean `april-2017`?") && hint.contains("deir-ez-zor-2016"), "{hint}");
}

#[test]
fn a_file_cut_anywhere_is_faulty_or_shorter_and_never_a_panic() {
    let source = SHIPPED[0].1;
    let whole = Scenario::parse("x", source).unwrap().steps.len();
    for end in (0..source.len()).step_by(53) {
        let Some(cut) = source.get(..end) else { continue };
        match Scenario::parse("x", cut) {
            Ok(scenario) => assert!(scenario.steps.len() <= whole),
            Err(faults) => assert!(!faults.faults.is_empty(), "cut at {end}"),
        }
    }
}
