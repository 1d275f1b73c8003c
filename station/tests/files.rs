//! Files of other programs on real stations: understood whole or not taken at all, compared with what is in force, and
//! written back as they were.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod parties;

use parties::stream::Stream;
use parties::{Party, Station, agree_on};
use serde_json::{Value, json};

const SITES: &str = "\
id,kind,name,function,latitude,longitude,radius_m,contact\n\
H-1,site,Al Noor hospital,hospital,36.2021,37.1343,150,+963 21 000\n\
H-2,site,Water works,water works,36.2500,37.2000,,+963 21 001\n";

/// Sends a file; gives the answer.
async fn import(station: &Station, query: &str, file: &str) -> Value {
    let request = format!(
        "POST /v1/lines/test/import?{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{file}",
        file.len()
    );
    let (status, answer) = station.exchange(request.as_bytes()).await.expect("an answer");
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_are_held_to_what_the_memorandum_asks_of_sites() {
    let [usa, rus] = parties::pair().await;
    let tried = import(&usa, "name=sites.csv&kind=activity&dry_run=true&emergency=true", SITES).await;
    assert_eq!(tried["ok"], false, "an activity has an end: {tried}");
    assert!(
        tried["wrong"][0]["reason"].as_str().is_some_and(|reason| reason.contains("until when")),
        "{tried}"
    );
    let tried = import(&usa, "name=sites.csv", SITES).await;
    let reasons = tried["wrong"].to_string();
    assert!(reasons.contains("review: expected a review within 180d"), "{tried}");
    assert_eq!(usa.get("/v1/lines/test/notices?all=true").await["notices"], json!([]));
    let reviewed = SITES
        .replace("contact\n", "contact,review\n")
        .replace("000\n", "000,REVIEW\n")
        .replace("001\n", "001,REVIEW\n");
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 90);
    let reviewed = reviewed.replace("REVIEW", &soon.strftime("%Y-%m-%d").to_string());
    let sent = import(&usa, "name=sites.csv", &reviewed).await;
    assert_eq!((&sent["ok"], &sent["written"]), (&json!(true), &json!(2)), "{sent}");
    rus.entry_with("usa/R/2").await;
    // 400 m from a single position: within the 500 m that the memorandum asks for around a site.
    let near = json!({"position": [36.2536, 37.2], "from_ms": 4_000_000_000_000_u64, "until_ms": 4_000_000_000_000_u64});
    let touched = rus.post("/v1/lines/test/check", near).await;
    assert_eq!(
        (&touched["verdict"], &touched["touches"][0]["subject"]),
        (&json!("within-separation"), &json!("usa/R/2"))
    );
    let again = import(&usa, "name=sites.csv", &reviewed).await;
    assert_eq!((&again["same"], &again["written"]), (&json!(2), &json!(0)), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_by_half() {
    let [usa, _rus] = parties::pair().await;
    let swapped = "id,kind,name,latitude,longitude,from,until\n\
                   A,activity,One,36.2,37.1,2036-01-01T00:00Z,2036-01-02T00:00Z\n\
                   B,activity,Two,136.2,37.1,2036-01-01T00:00Z,2036-01-02T00:00Z\n\
                   C,activity,Three,36.2,east,2036-01-01T00:00Z,2036-01-02T00:00Z\n";
    let answer = import(&usa, "name=a.csv", swapped).await;
    assert_eq!((&answer["ok"], &answer["wrong_count"]), (&json!(false), &json!(2)), "{answer}");
    let places: Vec<&str> = answer["wrong"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|wrong| wrong["place"].as_str())
        .collect();
    assert!(places[0].contains("row 3") && places[1].contains("row 4"), "{places:?}");
    assert_eq!(usa.get("/v1/lines/test/notices?all=true").await["notices"], json!([]));
    let good: String = swapped.lines().take(2).map(|line| format!("{line}\n")).collect();
    let answer = import(&usa, "name=a.csv&dry_run=true", &good).await;
    assert_eq!(
        (&answer["ok"], &answer["new"], &answer["written"]),
        (&json!(true), &json!(1), &json!(null)),
        "{answer}"
    );
    let echo = answer["rows"][0]["echo"].to_string();
    assert!(echo.contains("37S") && echo.contains("010000ZJAN36"), "MGRS and DTG: {echo}");
    assert_eq!(usa.get("/v1/lines/test/notices?all=true").await["notices"], json!([]));
    let answer = import(&usa, "name=a.csv", &good).await;
    assert_eq!((&answer["written"], &answer["last"]), (&json!(1), &json!("usa/R/1")), "{answer}");
    // The same list again says nothing new; a changed one amends; a shorter one tells what it lacks.
    let answer = import(&usa, "name=a.csv", &good).await;
    assert_eq!((&answer["same"], &answer["written"]), (&json!(1), &json!(0)), "{answer}");
    let moved = good.replace("36.2,37.1", "36.3,37.1");
    let answer = import(&usa, "name=a.csv", &moved).await;
    assert_eq!((&answer["changed"], &answer["rows"][0]["entry"]), (&json!(1), &json!("usa/R/1")), "{answer}");
    let other = good.replace("A,activity", "Z,activity");
    let answer = import(&usa, "name=a.csv&withdraw_missing=true", &other).await;
    assert_eq!((&answer["missing_count"], &answer["written"]), (&json!(1), &json!(2)), "{answer}");
    let all = usa.get("/v1/lines/test/notices?all=true").await;
    assert_eq!(all["notices"][0]["withdrawn_by"], "usa/R/4", "{all}");
    // What goes out comes in again as what is in force.
    let exported = usa.get("/v1/lines/test/export?format=geojson&all=true").await;
    assert_eq!((&exported["notices"], &exported["lost"]), (&json!(1), &json!([])), "{exported}");
    let file = decoded(&exported["bytes"]);
    let answer = import(&usa, "name=a.geojson&dry_run=true", &file).await;
    assert_eq!((&answer["ok"], &answer["same"]), (&json!(true), &json!(1)), "{answer}");
}

/// Base64, by the reader of another crate than the station's writer.
fn decoded(text: &Value) -> String {
    let text = text.as_str().expect("bytes in base64");
    let digit = |c: char| match c {
        'A'..='Z' => u32::from(c) - 65,
        'a'..='z' => u32::from(c) - 71,
        '0'..='9' => u32::from(c) + 4,
        '+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.chars().filter(|c| *c != '=').map(digit).collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let all = four.iter().fold(0, |all, digit| all << 6 | digit) << (6 * (4 - four.len()));
        [all >> 16, all >> 8, all].into_iter().take(four.len() - 1).map(|byte| byte as u8)
    });
    String::from_utf8(bytes.collect()).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_is_a_leg_between_every_two_of_its_waypoints() {
    let [usa, rus] = parties::pair().await;
    let convoy = "id,kind,organisation,name,contact,latitude,longitude,from,until\n\
                  C-1,movement,UN,Convoy,+963 1,36.20,37.10,2036-01-01T06:00Z,2036-01-01T06:30Z\n\
                  C-1,movement,,,,36.30,37.20,2036-01-01T07:00Z,2036-01-01T07:30Z\n\
                  C-1,movement,,,,36.30,37.20,2036-01-01T07:45Z,2036-01-01T07:50Z\n\
                  C-1,movement,,,,36.40,37.10,2036-01-01T08:00Z,2036-01-01T08:30Z\n";
    let sent = import(&usa, "name=convoy.csv", convoy).await;
    assert_eq!((&sent["ok"], &sent["written"]), (&json!(true), &json!(1)), "{sent}");
    assert!(sent["notes"].to_string().contains("50 m wide"), "{sent}");
    let entry = rus.entry_with("usa/R/1").await;
    let notice = &entry["body"]["notice"];
    assert_eq!(notice["waypoints"].as_array().map(Vec::len), Some(4), "{notice}");
    // Half way along the first leg, in its time and after it.
    let at = |hour: u64| {
        let ms = 2_082_758_400_000 + hour * 3_600_000;
        json!({"position": [36.25, 37.15], "from_ms": ms, "until_ms": ms})
    };
    assert_eq!(rus.post("/v1/lines/test/check", at(7)).await["verdict"], "conflict");
    assert_eq!(rus.post("/v1/lines/test/check", at(12)).await["verdict"], "clear");
    // The stop is a circle in force from when it can be reached until when it can be left.
    let stop = &notice["volumes"][1];
    assert_eq!(stop["shape"]["circle"], json!({"centre": [36.3, 37.2], "radius_m": 50.0}), "{stop}");
    let minutes =
        ["from_ms", "until_ms"].map(|name| (stop[name].as_u64().unwrap_or(0) - 2_082_758_400_000) / 60_000);
    assert_eq!(minutes, [420, 470], "{stop}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_as_wide_as_the_file_says_or_else_its_kind() {
    let mut parties = [Party::new("usa"), Party::new("rus")];
    agree_on("test", &mut parties, |paper| {
        let convoys = paper.notice.iter_mut().filter(|kind| kind.name == "movement");
        convoys.for_each(|kind| kind.half_width = Some(150_000));
    });
    let usa = parties[0].up().await;
    let convoy = |column: &str, value: &str| {
        format!(
            "id,kind,organisation,name,contact,latitude,longitude,time{column}\n\
             C-1,movement,UN,Convoy,+963 1,36.20,37.10,2036-01-01T06:00Z{value}\n\
             C-1,movement,,,,36.30,37.20,2036-01-01T07:00Z{value}\n"
        )
    };
    let width =
        |answer: &Value| answer["rows"][0]["notice"]["volumes"][0]["shape"]["leg"]["half_width_m"].clone();
    let by_kind = import(&usa, "name=a.csv&dry_run=true", &convoy("", "")).await;
    assert_eq!(width(&by_kind), json!(150.0), "{by_kind}");
    assert!(by_kind["notes"].to_string().contains("150 m wide to either side"), "{by_kind}");
    let by_file = import(&usa, "name=a.csv&dry_run=true", &convoy(",half width", ",20")).await;
    assert_eq!((width(&by_file), &by_file["notes"]), (json!(20.0), &json!([])), "{by_file}");
    let passed =
        |position: [f64; 2], at_ms: u64| json!({"position": position, "from_ms": at_ms, "until_ms": at_ms});
    let written = usa.post(
        "/v1/lines/test/entries",
        json!({"kind": "notice", "notice": {
            "notice_kind": "movement", "text": "Convoy", "fields": {"organisation": "UN", "contact": "+963 1"},
            "waypoints": [passed([36.2, 37.1], 2_082_787_200_000), passed([36.3, 37.2], 2_082_790_800_000)],
        }}),
    );
    let name = written.await["entry"].as_str().expect("an entry").to_owned();
    let entry = usa.entry_with(&name).await;
    let leg = &entry["body"]["notice"]["volumes"][0]["shape"]["leg"];
    assert_eq!(leg["half_width_m"], json!(150.0), "{entry}");
    let one = json!({"kind": "notice", "notice": {
        "notice_kind": "movement", "text": "Convoy", "fields": {"organisation": "UN", "contact": "+963 1"},
        "waypoints": [passed([36.2, 37.1], 2_082_787_200_000)],
    }});
    let (status, refusal) = usa.refused("POST", "/v1/lines/test/entries", &one.to_string()).await;
    assert_eq!(status, 400, "a way needs two waypoints: {refusal}");
}

/// A list of thousands is under way when a FLASH is written: it does not wait for the list.
#[tokio::test(flavor = "multi_thread")]
async fn flash_passes_a_list_that_is_being_written() {
    const ROWS: usize = 4_000;
    let [usa, rus] = parties::pair().await;
    let rows = (0..ROWS).map(|row| {
        let lat = 36.0 + row as f64 / 10_000.0;
        format!("A-{row},activity,Patrol,{lat},37.1,500,2036-01-01T00:00Z,2036-01-02T00:00Z\n")
    });
    let list: String = std::iter::once("id,kind,name,latitude,longitude,radius_m,from,until\n".to_owned())
        .chain(rows)
        .collect();
    let mut events = Stream::open(&usa, "", "").await;
    let listing = import(&usa, "name=list.csv", &list);
    let flash = async {
        events.next_named("entry").await;
        let flash = usa.write(json!({"kind": "message", "precedence": "Z", "text": "Stop."})).await;
        rus.entry_with(&flash).await;
        let books = usa.get("/v1/lines/test/books").await;
        let of_list = |book: &&Value| book["book"] == "usa/R";
        books["books"].as_array().and_then(|books| books.iter().find(of_list)?["size"].as_u64())
    };
    let (listed, written) = tokio::join!(listing, flash);
    assert_eq!(listed["written"], json!(ROWS), "{listed}");
    let written = written.expect("a book of the list");
    assert!(written < ROWS as u64, "the FLASH came after all {written} rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_64_mib_and_a_byte_is_refused_as_everything_else_is() {
    let [usa, _rus] = parties::pair().await;
    let (status, refusal) =
        usa.refused("POST", "/v1/lines/test/import?name=a.csv", &" ".repeat((64 << 20) + 1)).await;
    assert_eq!((status, &refusal["error"]), (413, &json!("TooLarge")), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_a_file_are_checked_at_once_and_stay() {
    let [usa, rus] = parties::pair().await;
    let file = "id,kind,name,latitude,longitude,radius_m,from,until\n\
                A,activity,Firing,36.2,37.1,5000,2036-01-01T00:00Z,2036-01-02T00:00Z\n";
    import(&rus, "name=a.csv", file).await;
    usa.entry_with("rus/R/1").await;
    let answer = import(&usa, "name=plans.csv&as=plans", file).await;
    assert_eq!((&answer["plans"], &answer["conflict_count"]), (&json!(1), &json!(1)), "{answer}");
    assert_eq!(rus.get("/v1/lines/test/conflicts").await["conflicts"], json!([]));
    let (status, refusal) = usa.refused("GET", "/v1/lines/test/export?format=doc", "").await;
    assert_eq!((status, &refusal["what"]), (400, &json!("format")), "{refusal}");
}
