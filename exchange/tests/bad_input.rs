//! What must not come in, by any door: each is refused, with its name and in bounded room.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot make its input has failed")]

use std::io::{Cursor, Write};

use detente_exchange::fault::{Blame, Faults, MOST_FAULTS};
use detente_exchange::format::Format;
use detente_exchange::reading::{MOST_BYTES, Options, read};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn refused(bytes: &[u8], name: &str) -> Faults {
    match read(bytes, name, &Options::default()) {
        Ok(reading) => panic!("{name} was taken: {:?}", reading.items),
        Err(faults) => faults,
    }
}

/// The names of all refusals.
fn names(bytes: impl AsRef<[u8]>, name: &str) -> Vec<&'static str> {
    refused(bytes.as_ref(), name).told().iter().map(|fault| fault.reason.name()).collect()
}

fn feature(geometry: &str, properties: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#)
}

fn polygon(corners: &str) -> String {
    feature(&format!(r#"{{"type":"Polygon","coordinates":[[{corners}]]}}"#), "{}")
}

fn placemark(inner: &str) -> String {
    format!("<kml><Placemark>{inner}</Placemark></kml>")
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::DEFAULT).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook of one sheet, with these rows.
fn workbook(strings: &str, rows: &str) -> Vec<u8> {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relation =
        |id, kind, target| format!(r#"<Relationship Id="{id}" Type="{office}/{kind}" Target="{target}"/>"#);
    let root =
        format!("<Relationships>{}</Relationships>", relation("r1", "officeDocument", "xl/workbook.xml"));
    let own = format!(
        "<Relationships>{}{}</Relationships>",
        relation("r1", "worksheet", "worksheets/sheet1.xml"),
        relation("r2", "sharedStrings", "sharedStrings.xml")
    );
    archive(&[
        ("_rels/.rels", root.as_bytes()),
        (
            "xl/workbook.xml",
            br#"<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#,
        ),
        ("xl/_rels/workbook.xml.rels", own.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet><sheetData>{rows}</sheetData></worksheet>").as_bytes(),
        ),
    ])
}

#[test]
fn too_large_a_file_is_not_looked_into() {
    let faults = refused(&vec![b' '; MOST_BYTES + 1], "a.csv");
    assert_eq!(faults.told()[0].reason.name(), "Large");
    assert_eq!(faults.told()[0].reason.blame(), Blame::Malformed);
}

#[test]
fn rings_that_are_none_are_told_with_their_corner() {
    assert_eq!(names(polygon("[0,0],[1,0],[1,1],[0,1]"), "a"), ["Unclosed"]);
    let crossing = refused(polygon("[0,0],[1,1],[1,0],[0,1],[0,0]").as_bytes(), "a");
    assert_eq!(crossing.to_string(), "feature 1: ring 0 crosses or touches itself: edges 0 and 2");
    assert_eq!(names(polygon("[0,0],[1,1],[0,0]"), "a"), ["Corners"]);
    assert_eq!(names(polygon("[0,0],[180,0],[0,1],[0,0]"), "a"), ["WhichWay"]);
    let open = placemark("<LinearRing><coordinates>0,0 1,0 1,1</coordinates></LinearRing>");
    assert_eq!(names(open, "a.kml"), ["Unclosed"]);
    assert_eq!(names("id,area\n1,\"0,0; 1,1; 0,1; 1,0\"\n", "a.csv"), ["Crossing"]);
    assert_eq!(names("id,wkt\n1,\"POLYGON((0 0,1 0,1 1))\"\n", "a.csv"), ["Unclosed"]);
}

#[test]
fn positions_that_do_not_exist() {
    let point =
        |coordinates: &str| feature(&format!(r#"{{"type":"Point","coordinates":{coordinates}}}"#), "{}");
    for coordinates in
        ["[181,0]", "[0,90.00000006]", "[1e300,0]", "[\"1\",2]", "[1]", "[]", "null", "[1,2,3,4,5]", "{}"]
    {
        assert_eq!(names(point(coordinates), "a"), ["Position"], "{coordinates}");
    }
    assert!(refused(point("[36.2,137]").as_bytes(), "a").to_string().contains("longitude first"));
    assert_eq!(names(point("[NaN,0]"), "a"), ["Syntax"]);
    for text in ["NaN,0", "0,NaN", "inf,0", "1", "1,2,3,4", "1,2,x", "1,2,1e9", "1;2", "181,0"] {
        let kml = placemark(&format!("<Point><coordinates>{text}</coordinates></Point>"));
        assert_eq!(names(kml, "a.kml"), ["Position"], "{text}");
    }
    assert_eq!(names("lat,lon\nNaN,1\n1,inf\n", "a.csv"), ["Position", "Position"]);
}

#[test]
fn units_and_datums_are_named_or_refused() {
    let with = |properties: &str| feature(r#"{"type":"Point","coordinates":[1,2]}"#, properties);
    for (properties, name) in [
        (r#"{"upper":120}"#, "Length"),
        (r#"{"upper":"120 m"}"#, "Length"),
        (r#"{"upper":"FL100"}"#, "Length"),
        (r#"{"radius":"5 miles"}"#, "Length"),
        (r#"{"radius":"-5 m"}"#, "Length"),
        (r#"{"radius":"0.5 m"}"#, "Distance"),
        (r#"{"radius":"600 km"}"#, "Distance"),
        (r#"{"radius":"9999 km"}"#, "Length"),
        (r#"{"lower":"200 m AMSL","upper":"100 m AMSL"}"#, "Band"),
        (r#"{"from":"2017-04-06T22:40Z","until":"2017-04-05T22:40Z"}"#, "Span"),
        (r#"{"until":"2017-04-05T22:40Z"}"#, "Missing"),
        (r#"{"from":1491518400000}"#, "Time"),
        (r#"{"kind":"party"}"#, "Meaning"),
        (r#"{"datum":"NAD27"}"#, "Meaning"),
        (r#"{"verification":"sure"}"#, "Meaning"),
        (r#"{"headcount":-1}"#, "Meaning"),
        (r#"{"headcount":1.5}"#, "Meaning"),
        (r#"{"radius":5,"buffer":6}"#, "Twice"),
        (r#"{"name":["a"]}"#, "Meaning"),
        (r#"{"kind":"movement"}"#, "Missing"),
    ] {
        assert_eq!(names(with(properties), "a"), [name], "{properties}");
    }
    assert!(read(with(r#"{"upper_ft_amsl":1200}"#).as_bytes(), "a", &Options::default()).is_ok());
    let other = r#"{"type":"FeatureCollection","crs":{"properties":{"name":"EPSG:3857"}},"features":[]}"#;
    assert_eq!(names(other, "a"), ["Meaning"]);
}

#[test]
fn what_belongs_to_one_thing_says_one_thing() {
    assert_eq!(names("id,lat,lon,name\n1,1,1,a\n1,1,2,b\n", "a.csv"), ["Contradiction"]);
    assert_eq!(names("lat,lon,latitude\n1,1,1\n", "a.csv"), ["Twice"]);
    assert_eq!(names("lat,lon,mgrs\n36.2021,37.1343,37S CA 42269 07977\n", "a.csv"), ["Contradiction"]);
    let point =
        r#"{"type":"Feature","id":"x","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}"#;
    let twice = format!(r#"{{"type":"FeatureCollection","features":[{point},{point}]}}"#);
    assert_eq!(names(twice, "a"), ["Again"]);
}

#[test]
fn nothing_that_is_placed_nowhere() {
    assert_eq!(names("id,lat,lon\n1,,\n", "a.csv"), ["Missing"]);
    assert_eq!(names("id,name\n1,a\n", "a.csv"), ["Missing"]);
    assert_eq!(names(feature("null", "{}"), "a"), ["Missing"]);
    assert_eq!(names(placemark("<name>x</name>"), "a.kml"), ["Missing"]);
    let line = r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#;
    assert_eq!(names(feature(line, "{}"), "a"), ["Missing"]);
    assert_eq!(names(feature(line, r#"{"times":["2017-04-06T22:40Z"]}"#), "a"), ["Meaning"]);
}

#[test]
fn bombs_of_structure() {
    assert_eq!(names("[".repeat(100_000), "a.json"), ["Deep"]);
    assert_eq!(names(format!("[{}]", "0,".repeat(4_000_001)), "a.json"), ["Many"]);
    assert_eq!(names(format!("<kml>{}", "<a>".repeat(100_000)), "a.kml"), ["Deep"]);
    let laughs = r#"<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><kml>&b;</kml>"#;
    assert_eq!(names(laughs, "a.kml"), ["Doctype"]);
    assert_eq!(names("<kml><Placemark><name>&b;</name></Placemark></kml>", "a.kml"), ["Syntax"]);
    let track = format!(
        "<kml><Placemark><LineString><coordinates>{}</coordinates></LineString></Placemark></kml>",
        "1,1 ".repeat(4_000_001)
    );
    assert_eq!(names(track, "a.kml"), ["Many"]);
    let line = format!(r#"{{"type":"LineString","coordinates":[{}[1,1]]}}"#, "[0,0],".repeat(10_000));
    assert_eq!(names(feature(&line, r#"{"width":"1 km"}"#), "a"), ["Many"]);
    let many = format!("lat,lon\n{}", "1,1\n".repeat(200_001));
    assert_eq!(names(many, "a.csv"), ["Many"]);
}

#[test]
fn bombs_in_archives() {
    let zeroes = vec![b' '; 64 << 20];
    assert_eq!(names(archive(&[("doc.kml", &zeroes)]), "a.kmz"), ["Large"]);
    let bomb = archive(&[("_rels/.rels", b"<a/>"), ("xl/workbook.xml", &zeroes)]);
    assert_eq!(names(bomb, "a.xlsx"), ["Large"]);
    let laughs = br#"<!DOCTYPE kml [<!ENTITY a "ha">]><kml>&a;</kml>"#;
    assert_eq!(names(archive(&[("doc.kml", laughs)]), "a.kmz"), ["Doctype"]);
    let split = [vec![b' '; (64 << 10) - 4], laughs.to_vec()].concat();
    assert_eq!(names(archive(&[("doc.kml", &split)]), "a.kmz"), ["Doctype"]);
    let names_of: Vec<String> = (0..10_001).map(|number| format!("{number}.txt")).collect();
    let crowd: Vec<(&str, &[u8])> = names_of.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(names(archive(&crowd), "a.kmz"), ["Many"]);
    assert_eq!(names(archive(&[("readme.txt", b"x")]), "a.kmz"), ["Missing"]);
}

#[test]
fn workbooks_that_announce_more_than_they_hold() {
    let header = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>lat</t></is></c><c r="B1" t="inlineStr"><is><t>lon</t></is></c></row>"#;
    let good = format!(r#"{header}<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>"#);
    let strings =
        r#"<sst uniqueCount="18446744073709551615" count="18446744073709551615"><si><t>a</t></si></sst>"#;
    assert!(read(&workbook(strings, &good), "a.xlsx", &Options::default()).is_ok());
    for (row, name) in [
        (r#"<row r="2"><c r="A99999999999"><v>1</v></c></row>"#, "Syntax"),
        (r#"<row r="99999999999999999999"/>"#, "Syntax"),
        (r#"<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>"#, "Syntax"),
        (r#"<row r="1"/>"#, "Syntax"),
        (r#"<row r="2"><c r="A2" t="s"><v>7</v></c></row>"#, "Meaning"),
        (r#"<row r="2"><c r="A2" t="e"><v>#REF!</v></c></row>"#, "Meaning"),
        (r#"<row r="2"><c r="A2"><v>1e999</v></c></row>"#, "Meaning"),
        (r#"<row r="2"><c r="A2"><f>1+1</f></c></row>"#, "Meaning"),
    ] {
        let found = names(workbook("<sst/>", &format!("{header}{row}")), "a.xlsx");
        assert_eq!(found.first(), Some(&name), "{row}");
    }
    let long = format!("<sst><si><t>{}</t></si></sst>", "a".repeat(1 << 20));
    let cells: String =
        (2..400).map(|row| format!(r#"<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>"#)).collect();
    let found = names(workbook(&long, &format!("{header}{cells}")), "a.xlsx");
    assert_eq!(found, ["Large"]);
}

#[test]
fn texts_in_other_encodings() {
    let faults = refused(
        "id,lat,lon,name\n1,1,1,h\u{f4}pital\n".chars().map(|c| c as u8).collect::<Vec<_>>().as_slice(),
        "a.csv",
    );
    assert_eq!(faults.to_string(), "the file: expected UTF-8, found byte 0xf4 at 23: save the file as UTF-8");
    assert_eq!(names(b"\xFF\xFE<\0k\0", "a.kml"), ["Format"]);
}

#[test]
fn faults_are_bounded_and_counted() {
    let rows = format!("lat,lon\n{}", "x,y\n".repeat(3_000));
    let faults = refused(rows.as_bytes(), "a.csv");
    assert_eq!((faults.told().len(), faults.count()), (MOST_FAULTS, 6_000));
    assert!(faults.to_string().ends_with("and 5000 more"));
    let long = format!("lat,lon\n{},1\n", "9".repeat(100_000));
    assert!(refused(long.as_bytes(), "a.csv").to_string().len() < 300);
}

#[test]
fn formulas_in_tables_that_we_write_stay_texts() {
    let csv = b"id,lat,lon,name\n1,1,1,=HYPERLINK(\"http://x\")\n";
    let items = read(csv, "a.csv", &Options::default()).unwrap().items;
    let written = detente_exchange::writing::write(&items, Format::Csv).unwrap().bytes;
    let text = String::from_utf8(written).unwrap();
    assert!(text.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{text}");
}

#[test]
fn one_distance_said_in_two_ways_is_said_alike() {
    let site =
        |columns: &str, values: &str| format!("id,latitude,longitude,{columns}\nS,36.2,37.1,{values}\n");
    assert_eq!(names(site("radius,diameter", "100,300"), "a.csv"), ["Contradiction"]);
    let agreed = read(site("radius,diameter", "150,300").as_bytes(), "a.csv", &Options::default()).unwrap();
    assert_eq!(agreed.items.len(), 1);
    let leg =
        |values: &str| format!("id,position,to,half width,width\nL,\"36.2,37.1\",\"36.3,37.1\",{values}\n");
    assert_eq!(names(leg("100,100"), "a.csv"), ["Contradiction"]);
    assert!(read(leg("100,200").as_bytes(), "a.csv", &Options::default()).is_ok());
}

#[test]
fn a_width_of_nothing_is_not_passed_over() {
    let site = "id,kind,latitude,longitude,radius,width\nH,site,36.2,37.1,500,400\n";
    assert_eq!(names(site, "a.csv"), ["Meaning"]);
    let area = r#"{"type":"Feature","properties":{"id":"H","kind":"site","width":400},"geometry":{"type":"Polygon",
        "coordinates":[[[37.1,36.2],[37.2,36.2],[37.2,36.3],[37.1,36.2]]]}}"#;
    assert_eq!(names(area, "a.geojson"), ["Meaning"]);
    let track = r#"<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Placemark id="C">
        <ExtendedData><Data name="kind"><value>movement</value></Data><Data name="width"><value>400</value></Data></ExtendedData>
        <gx:Track><when>2036-01-01T06:00:00Z</when><when>2036-01-01T07:00:00Z</when>
        <gx:coord>37.1 36.2 0</gx:coord><gx:coord>37.1 36.3 0</gx:coord></gx:Track></Placemark></kml>"#;
    let reading = read(track.as_bytes(), "a.kml", &Options::default()).unwrap();
    assert_eq!((reading.items[0].waypoints.len(), reading.items[0].half_width_mm), (2, Some(200_000)));
}

#[test]
fn a_way_has_one_width() {
    let convoy = |widths: [&str; 2]| {
        let [first, second] = widths;
        format!(
            "id,kind,latitude,longitude,time,width\n\
             C,movement,36.2,37.1,2036-01-01T06:00Z,{first}\nC,movement,36.3,37.1,2036-01-01T07:00Z,{second}\n"
        )
    };
    assert_eq!(names(convoy(["400", "500"]), "a.csv"), ["Contradiction"]);
    assert_eq!(names(convoy(["1", ""]), "a.csv"), ["Distance"]);
    for widths in [["400", "400"], ["400", ""], ["", "400"]] {
        let reading = read(convoy(widths).as_bytes(), "a.csv", &Options::default()).unwrap();
        assert_eq!(reading.items[0].half_width_mm, Some(200_000), "{widths:?}");
    }
}

#[test]
fn what_a_place_is_for_is_not_what_a_row_is() {
    let file = "id,type,latitude,longitude\nS,movement,36.2,37.1\nT,hospital,36.3,37.1\n";
    let reading = read(file.as_bytes(), "a.csv", &Options::default()).unwrap();
    let told: Vec<&str> = reading.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("movement: taken for what the place is for"), "{told:?}");
    assert_eq!(reading.items[0].kind, None);
}
