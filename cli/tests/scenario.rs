//! Scenario files that people write: what is wrong with one is told before anything is started.
#![expect(clippy::expect_used, reason = "a test whose scene cannot be set has failed")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn check(scenario: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_detente"))
        .env("DETENTE_LANGUAGE", "en")
        .args(["demo", "--check", "--scenario", scenario])
        .output()
        .expect("the command runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn file(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("scenario.toml"), text).expect("a scenario");
    folder.display().to_string()
}

/// The TOML blocks of the page that documents the format.
fn documented() -> Vec<String> {
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scenarios.md")).expect("the page");
    let blocks = page.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_documented_example_is_a_scenario() {
    let examples = documented();
    assert!(!examples.is_empty(), "the page has an example");
    for example in examples {
        let output = check(&file("documented", &example));
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

#[test]
fn the_shipped_files_are_the_ones_inside_the_command() {
    for name in ["april-2017", "deir-ez-zor-2016", "security-council-2017"] {
        let folder = format!("{}/../scenarios/{name}", env!("CARGO_MANIFEST_DIR"));
        let (by_name, by_folder) = (check(name), check(&folder));
        assert_eq!(by_name.status.code(), Some(0), "{}", said(&by_name));
        assert_eq!(by_name.stdout, by_folder.stdout);
    }
}

#[test]
fn a_faulty_file_ends_with_2_and_every_fault_has_its_line() {
    let output = check(&file("faulty", "[scenario]\ntitel = \"x\"\n\n[[step]]\ndo = \"sing\"\n"));
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(":2:1: [scenario] has no key `titel`"), "{said}");
    assert!(said.contains("did you mean `title`?"), "{said}");
    assert!(said.contains("expected two [[party]] or more, found 0"), "{said}");
}

#[test]
fn a_name_that_nobody_knows_ends_with_2_and_names_the_shipped_ones() {
    let output = check("april-2018");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("deir-ez-zor-2016") && said.contains("did you mean `april-2017`?"), "{said}");
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let output = check(&file("large", &"# a comment that goes on\n".repeat(50_000)));
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("at most 1048576 bytes"), "{}", said(&output));
}
