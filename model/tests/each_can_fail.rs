//! A property that cannot fail says nothing: false disks, lost receipts, a gagged officer and laxer rules are found out, and by which
//! property; and what the small scope of the mirrors promises holds.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use detente_model::{Deceit, Report, Scope, Subject, check};

/// The first small scope of a subject, changed.
fn found(subject: Subject, change: impl Fn(&mut Scope)) -> Report {
    let mut scope = Scope::small(subject).into_iter().next().unwrap();
    change(&mut scope);
    check(&scope, 2).unwrap()
}

/// The properties that do not hold.
fn broken(report: &Report) -> Vec<&'static str> {
    let broken = report.findings.iter().filter(|finding| !finding.holds && !finding.comes_about);
    broken.map(|finding| finding.property).collect()
}

#[test]
fn whatever_happens_on_a_bad_circuit_nothing_is_lost() {
    let scope = Scope::small(Subject::Mirrors).into_iter().last().unwrap();
    let report = check(&scope, 2).unwrap();
    assert!(report.holds(), "{:?}", broken(&report));
    assert!(report.unique > 50_000, "{} states", report.unique);
}

#[test]
fn a_disk_that_confirms_what_it_has_not_written_is_found_out() {
    let report = found(Subject::Mirrors, |scope| scope.deceits = vec![(0, Deceit::HastyDisk)]);
    let broken = broken(&report);
    assert!(broken.contains(&"what was accepted is durable, whatever crashes"), "{broken:?}");
    assert!(
        broken.contains(&"a checkpoint is signed only for a size whose entries are durable at the author"),
        "{broken:?}"
    );
    let path = report.findings.iter().find(|finding| !finding.holds).map(|finding| finding.path.len());
    assert!(path.is_some_and(|length| length > 0), "how it came about is told");
}

#[test]
fn a_receiver_whose_disk_is_hasty_gives_receipts_that_are_not_so() {
    let report = found(Subject::Mirrors, |scope| scope.deceits = vec![(1, Deceit::HastyDisk)]);
    let broken = broken(&report);
    assert!(
        broken
            .contains(&"a receipt is given only when every entry up to that size is durable at the receiver"),
        "{broken:?}"
    );
}

#[test]
fn receipts_that_never_come_are_missed() {
    let report = found(Subject::Mirrors, |scope| {
        scope.deceits = vec![(1, Deceit::LostReceipts)];
        scope.faults = detente_model::Faults::default();
    });
    let settles = "once nothing more is lost, everybody holds every book, with receipts from everybody";
    assert!(broken(&report).contains(&settles), "{:?}", broken(&report));
}

#[test]
fn an_officer_who_may_not_suspend_is_found_out() {
    let report = found(Subject::Standing, |scope| scope.deceits = vec![(0, Deceit::Gagged)]);
    assert!(broken(&report).contains(&"a suspension needs nobody's consent"), "{:?}", broken(&report));
}

#[test]
fn a_line_with_laxer_rules_than_it_is_held_to_carries_what_it_must_not() {
    let report = found(Subject::Motions, |scope| scope.rules.threshold = 1);
    let carried =
        "a decision that carries is in force only if the votes under its cut reach the rule's number";
    assert!(broken(&report).contains(&carried), "{:?}", broken(&report));
}
