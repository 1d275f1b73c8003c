//! Files that are small and become large.
//!
//! **Who:** somebody whose file an officer, or a program with a token, imports. **Has:** the file alone. **Tries:** archives that inflate to
//! gigabytes (KMZ, XLSX), XML entities of entities, structures within structures, numbers without end. **Must hold:** each is refused
//! with what is wrong, in seconds, and memory stays bounded.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::USUAL;
use crate::scene::LINE;
use crate::{Attack, Bounds, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// What a bomb holds inflated: twice what an archive may.
const INFLATED: usize = 512 << 20;
/// How long one may keep the station busy.
const MOST: Duration = Duration::from_secs(12);

/// The attack; memory is that of an archive of the size that is read.
pub(super) const ATTACK: Attack = Attack {
    name: "imports-that-burst",
    tries: "somebody has a file imported that is small and becomes gigabytes, or never ends",
    bounds: Bounds { memory_mib: 640, ..USUAL },
    make: |scene| Box::pin(import(scene)) as Made<'_>,
};

fn bomb(names: &[&str]) -> Outcome<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let zeros = vec![b' '; 1 << 20];
    for name in names {
        archive.start_file(*name, options)?;
        for _ in 0..(INFLATED >> 20) / names.len() {
            archive.write_all(&zeros)?;
        }
    }
    Ok(archive.finish()?.into_inner())
}

fn laughs() -> String {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE kml [<!ENTITY a \"haha\">".to_owned();
    for (one, other) in ('a'..='i').zip('b'..='j') {
        text += &format!("<!ENTITY {other} \"{}\">", format!("&{one};").repeat(10));
    }
    text + "]><kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document><Placemark><name>&j;</name></Placemark></Document></kml>"
}

async fn import(scene: &Scene) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let bearer =
        format!("authorization: Bearer {}\r\ncontent-type: application/octet-stream\r\n", scene.token);
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("bomb.kmz", bomb(&["doc.kml"])?),
        (
            "bomb.xlsx",
            bomb(&[
                "[Content_Types].xml",
                "xl/workbook.xml",
                "xl/sharedStrings.xml",
                "xl/worksheets/sheet1.xml",
            ])?,
        ),
        ("laughs.kml", laughs().into_bytes()),
        ("deep.kml", format!("<kml>{}", "<Folder>".repeat(100_000)).into_bytes()),
        (
            "deep.geojson",
            format!("{{\"type\":\"FeatureCollection\",\"features\":{}", "[".repeat(1 << 20)).into_bytes(),
        ),
        (
            "number.geojson",
            format!("{{\"type\":\"Point\",\"coordinates\":[{},0]}}", "9".repeat(1 << 20)).into_bytes(),
        ),
        ("wide.csv", format!("{}\n{}\n", "a,".repeat(100_000), "1,".repeat(100_000)).into_bytes()),
        ("quote.csv", format!("id,text\n1,\"{}", "x".repeat(4 << 20)).into_bytes()),
    ];
    let mut took = serde_json::Map::new();
    for (name, bytes) in &files {
        let head = String::from_utf8(browser.request(
            &format!("POST /v1/lines/{LINE}/import?name={name}"),
            &format!("{bearer}content-length: {}\r\n", bytes.len()),
            "",
        ))?;
        let since = Instant::now();
        let said = browser.say(elsewhere(), &[head.as_bytes(), bytes].concat()).await?;
        let ms = since.elapsed();
        let is_refused =
            matches!(said.status, 400..=499) || (said.status == 200 && said.body.contains("\"ok\":false"));
        if !is_refused {
            let body: String = said.body.chars().take(200).collect();
            return objection(&format!("a refusal of {name}"), format!("{} {body}", said.status));
        }
        if ms > MOST {
            return objection(
                &format!("an answer to {name} within {} s", MOST.as_secs()),
                format!("{} ms", ms.as_millis()),
            );
        }
        took.insert(format!("{name}, {} bytes", bytes.len()), json!(ms.as_millis()));
    }
    Ok(figures([("took_ms", took.into())]))
}
