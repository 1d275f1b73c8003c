//! `check FILE` against two real stations: what the rows of a file would touch, without anything being sent or kept.

mod parties;

use parties::{two, two_connected};
use serde_json::{Value, json};

/// 1 January 2036, 00:00 UTC.
const DAY_MS: u64 = 2_082_758_400_000;

const THEIRS: &str = "id,kind,name,function,organisation,contact,verification,latitude,longitude,radius_m,from,until,forces,review\n\
    H-1,site,Hospital,hospital,Health relief,+963 21 000,verified,36.20,37.10,500,2035-12-01T00:00Z,,,2036-05-01\n\
    F-1,activity,Firing,,,+963 11 000,,36.30,37.20,5000,2036-01-01T06:00Z,2036-01-01T12:00Z,all,\n";

/// In the way of the firing and of nothing, and what an own plan is in the way of.
const OURS: &str = "id,kind,name,latitude,longitude,radius_m,from,until,lower,upper,forces,contact\n\
    A-1,activity,Drill,36.34,37.20,2000,2036-01-01T11:00Z,2036-01-01T18:00Z,0 m AMSL,3000 m AMSL,1st,+1\n\
    A-2,activity,Drill,35.00,38.00,1000,2036-01-01T11:00Z,2036-01-01T18:00Z,0 m AMSL,3000 m AMSL,1st,+1\n\
    A-3,activity,Drill,36.20,37.10,1000,2036-01-01T11:00Z,2036-01-01T18:00Z,0 m AMSL,3000 m AMSL,1st,+1\n";

#[test]
fn a_file_says_what_each_row_would_touch_and_nothing_is_sent_or_kept() {
    let ([usa, rus], _stations) = two_connected();
    rus.gives(THEIRS);
    usa.plans("35.0,38.0", "3km", "2036-01-01T08:00Z", "2036-01-01T12:00Z");
    let books = usa.done(&["record", "show", "--json"]);
    let ours = usa.folder.file("ours.csv", OURS);
    let text = usa.done(&["check", &ours]);
    for says in [
        "row 2: A-1 “Drill”  ▲ CONFLICT",
        "activity of rus",
        "call      +963 11 000",
        "011100ZJAN36 11:00:00Z to 011200ZJAN36 12:00:00Z, 1 h 00 min",
        "activity of usa, an own plan",
        "site of rus",
        "whose     Health relief",
        "3 in conflict, 0 within separation, 0 clear",
    ] {
        assert!(text.contains(says), "{says} is not in {text}");
    }
    let answer: Value = serde_json::from_str(&usa.done(&["check", &ours, "--json"])).unwrap();
    let touching = answer["touching"].as_array().unwrap();
    let subjects: Vec<(&Value, &Value, &Value)> = touching
        .iter()
        .map(|row| (&row["serial"], &row["touches"][0]["subject"], &row["touches"][0]["in_way"]))
        .collect();
    let yes = json!(true);
    let no = json!(false);
    assert_eq!(
        subjects,
        [
            (&json!("A-1"), &json!("rus/R/2"), &yes),
            (&json!("A-2"), &json!("plan/1"), &no),
            (&json!("A-3"), &json!("rus/R/1"), &yes),
        ],
        "{answer}"
    );
    let overlap = &touching[0]["touches"][0]["overlap"];
    let hours = [&overlap["from_ms"], &overlap["until_ms"]].map(|ms| ms.as_u64().unwrap() - DAY_MS);
    assert_eq!(hours, [11 * 3_600_000, 12 * 3_600_000]);
    assert_eq!((&overlap["lower_m"], &overlap["upper_m"]), (&json!(0.0), &json!(3000.0)));
    // Nothing was written, here or there, and no plan was kept.
    assert_eq!(usa.done(&["record", "show", "--json"]), books);
    assert_eq!(usa.done(&["plan", "list"]).matches("plan/").count(), 1);
    // What is in force unchanged is not in its own way.
    let mine = rus.done(&["check", &rus.folder.file("again.csv", THEIRS)]);
    assert!(mine.contains("0 in conflict, 0 within separation, 2 clear"), "{mine}");
}

#[test]
fn wrong_rows_are_named_and_the_others_are_checked() {
    let [usa, _] = two();
    let _station = usa.start();
    let late = "id,kind,name,latitude,longitude,radius_m,from,until,forces,contact\n\
        B-1,activity,Drill,35.0,38.0,1000,2017-01-01T11:00Z,2036-01-01T18:00Z,1st,+1\n";
    usa.plans("35.0,38.0", "3km", "2036-01-01T08:00Z", "2036-01-01T12:00Z");
    let left = usa.run(&["check", &usa.folder.file("late.csv", late)]);
    assert_eq!(left.code, Some(2), "{left:?}");
    assert!(left.err.contains("✗ row 2: lead time: expected"), "{}", left.err);
    assert!(
        left.err.contains("nothing was sent or kept, and what could be understood was checked"),
        "{}",
        left.err
    );
    assert!(left.out.contains("activity of usa, an own plan"), "{}", left.out);
    // What cannot be read at all is told as `--dry-run` tells it.
    let bad = usa.folder.file("bad.csv", late.replace("35.0,38.0", "95.0,38.0"));
    let (checked, dry) = (usa.run(&["check", &bad]), usa.run(&["notice", "send", "--dry-run", &bad]));
    let told = |left: &parties::Left| left.err.lines().find(|line| line.starts_with('✗')).map(str::to_owned);
    assert_eq!(told(&checked), told(&dry), "{checked:?} {dry:?}");
    assert_eq!(checked.out, "", "nothing is counted where nothing is understood");
    assert!(told(&checked).is_some_and(|line| line.contains("latitude")), "{checked:?}");
    assert_eq!(usa.run(&["check", &bad, "--at", "35,38"]).code, Some(2));
}
