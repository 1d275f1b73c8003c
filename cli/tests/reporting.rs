//! `report --coarse` on two real stations: that there is a conflict is said, and no more of the plan than the cells that it touches.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use parties::{Party, two_connected};
use serde_json::{Value, json};

const THEIRS: &str = "id,kind,name,latitude,longitude,radius_m,from,until,forces,contact\n\
    F-1,activity,Firing,36.30,37.20,20000,2036-01-01T06:00Z,2036-01-01T12:00Z,all,+963 11 000\n";

fn body(party: &Party, entry: &str) -> Value {
    let shown: Value =
        serde_json::from_str(&party.done(&["show", entry.trim(), "--json"])).expect("an entry as JSON");
    shown["body"].clone()
}

#[test]
fn a_coarse_report_cannot_be_told_from_that_of_any_other_plan_in_its_cell() {
    let ([usa, rus], _stations) = two_connected();
    rus.gives(THEIRS);
    let nothing = ["report", "rus/R/1", "--coarse", "10km,1h"];
    usa.run(&nothing).refused(
        2,
        "expected one own plan in the way of rus/R/1, found none",
        "detente conflicts",
    );
    // Two plans kilometres and minutes apart, in one cell.
    usa.plans("36.28,37.21", "300m", "2036-01-01T08:05Z", "2036-01-01T08:20Z");
    usa.plans("36.33,37.26", "300m", "2036-01-01T08:40Z", "2036-01-01T08:59Z");
    usa.run(&nothing).refused(2, "found plan/1, plan/2", "--plan");
    let report =
        |plan: &str| usa.run(&["report", "rus/R/1", "--coarse", "10km,1h", "--plan", plan, "--wait=120"]);
    let [one, two] = ["1", "plan/2"].map(report);
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{one:?} {two:?}");
    let entry = |left: &parties::Left| left.out.lines().next().unwrap_or_default().to_owned();
    let [first, second] = [&one, &two].map(|left| body(&rus, &entry(left)));
    assert_eq!(first, second);
    let volume = &first["volumes"][0];
    let corners = json!([[[36.25, 37.1875], [36.25, 37.34375], [36.40625, 37.34375], [36.40625, 37.1875]]]);
    assert_eq!(volume["rings"], corners, "{first}");
    let hours = ["from_ms", "until_ms"].map(|name| volume[name].as_u64().unwrap() % 86_400_000 / 3_600_000);
    assert_eq!((hours, &volume["lower"], &volume["upper"]), ([8, 9], &json!(null), &json!(null)), "{first}");
    // What the others read is said before it is sent; nothing of the plan is in it.
    for says in ["says: corner 36.25, 37.1875", "says: at any height", "says: from  010800ZJAN36"] {
        assert!(one.err.contains(says), "{says}: {}", one.err);
    }
    assert!(!first.to_string().contains("Our own"), "{first}");
}
