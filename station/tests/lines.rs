//! Three stations on one line, and two lines on one station, over real QUIC and SQLite: everybody holds every book
//! of their line and nothing of another one.

mod parties;

use parties::{Party, agree};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn three_stations_exchange_and_receipt_on_one_line() {
    let mut parties = ["tur", "usa", "rus"].map(Party::new);
    agree("tripartite", &mut parties);
    let stations = parties.each_ref().map(Party::start);
    for station in &stations {
        station.circuits_ready("tripartite", 2).await;
    }
    let mut written = Vec::new();
    for (station, class) in stations.iter().zip(["Z", "O", "R"]) {
        let draft = json!({"kind": "message", "precedence": class, "text": "To both of you."});
        written.push(station.write_on("tripartite", draft, 2).await);
    }
    assert_eq!(written, ["tur/Z/1", "usa/O/1", "rus/R/1"]);
    let acknowledged = json!({"kind": "acknowledgement", "regards": ["tur/Z/1"]});
    let [tur, usa, rus] = &stations;
    for station in [usa, rus] {
        let by = station.write_on("tripartite", acknowledged.clone(), 2).await;
        tur.entry_on("tripartite", &by).await;
    }
    let entry = tur.get("/v1/lines/tripartite/entries/tur/Z/1").await;
    assert_eq!(entry["acknowledged"], json!({"usa": "usa/Z/1", "rus": "rus/Z/1"}));
    for station in &stations {
        for name in &written {
            let entry = station.entry_on("tripartite", name).await;
            assert_eq!(entry["delivered"].as_object().map(|by| by.len()), Some(2), "{entry}");
        }
        assert_eq!(station.books_of("tripartite").await, tur.books_of("tripartite").await);
        let verified = station.post("/v1/lines/tripartite/verify", json!({})).await;
        assert_eq!(verified["ok"], true, "{verified}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_cannot_tell_each_other_the_third_carries() {
    let mut parties = ["tur", "usa", "rus"].map(Party::new);
    agree("tripartite", &mut parties);
    // The third dials the first alone: between it and the second there is no circuit.
    let [tur, _, rus] = &parties;
    rus.configure(&format!(
        "listen = \"127.0.0.1:{}\"\n[[circuit]]\npeer = \"tur\"\naddress = \"127.0.0.1:{}\"\n",
        rus.port, tur.port
    ));
    let stations = parties.each_ref().map(Party::start);
    let [tur, usa, rus] = &stations;
    tur.circuits_ready("tripartite", 2).await;
    let sent = usa.write_on("tripartite", json!({"kind": "message", "text": "By way of tur."}), 2).await;
    rus.entry_on("tripartite", &sent).await;
    let answered = rus.write_on("tripartite", json!({"kind": "acknowledgement", "regards": [sent]}), 2).await;
    usa.entry_on("tripartite", &answered).await;
    let up = usa.check("tripartite: circuit to rus").await;
    assert_eq!((&up["ok"], &up["found"]), (&json!(false), &json!("0 up")), "{up}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lines_share_a_station_and_nothing_else() {
    let mut first = ["usa", "rus"].map(Party::new);
    agree("syria", &mut first);
    let [usa, rus] = first;
    let mut second = [usa, Party::new("tur")];
    agree("border", &mut second);
    let [usa, tur] = second;
    let (usa, rus, tur) = (usa.start(), rus.start(), tur.start());
    for (line, station) in [("syria", &usa), ("border", &usa), ("syria", &rus), ("border", &tur)] {
        station.circuits_ready(line, 1).await;
    }
    let message = |text: &str| json!({"kind": "message", "precedence": "Z", "text": text});
    assert_eq!(usa.write_on("syria", message("Only for rus."), 1).await, "usa/Z/1");
    assert_eq!(usa.write_on("border", message("Only for tur."), 1).await, "usa/Z/1");
    assert_eq!(rus.write_on("syria", message("From rus."), 1).await, "rus/Z/1");
    assert_eq!(tur.write_on("border", message("From tur."), 1).await, "tur/Z/1");
    assert_eq!(rus.entry_on("syria", "usa/Z/1").await["body"]["text"], "Only for rus.");
    assert_eq!(tur.entry_on("border", "usa/Z/1").await["body"]["text"], "Only for tur.");
    assert_eq!(rus.refused("GET", "/v1/lines/border", "").await.1["error"], "UnknownLine");
    assert_eq!(tur.refused("GET", "/v1/lines/border/entries/rus/Z/1", "").await.1["error"], "Misuse");
    assert_eq!(usa.books_of("syria").await, rus.books_of("syria").await);
    assert_eq!(usa.books_of("border").await, tur.books_of("border").await);
}
