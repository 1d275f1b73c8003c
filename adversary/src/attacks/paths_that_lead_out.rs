//! Paths that lead out of where they should.
//!
//! **Who:** somebody who reaches the console, without an account and with a token. **Tries:** names of files, lines, books, blobs and formats with
//! `..`, encoded or not, absolute, with nulls and backslashes; names of imports that are paths. **Must hold:** no answer has a secret of the
//! station in it, no status is 5xx, and no file is written outside of the station's folder.

use std::fs;

use serde_json::json;

use super::USUAL;
use crate::scene::LINE;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "paths-that-lead-out",
    tries: "somebody asks for files of the station by names with `..`, encoded and not",
    bounds: USUAL,
    make: |scene| Box::pin(ask(scene)) as Made<'_>,
};

/// Ways out, of which `@` stands for where they lead.
const WAYS: [&str; 9] = [
    "../@",
    "..%2f@",
    "%2e%2e/@",
    "%2e%2e%2f@",
    "..%5c@",
    "....//@",
    "%252e%252e%252f@",
    "..%00/@",
    "%c0%ae%c0%ae/@",
];
/// What is worth something to an attacker.
const AIMS: [&str; 5] =
    ["console.key", "officers.db", "station.toml", "lines/attacked/keys.toml", "../../../../../etc/passwd"];

async fn ask(scene: &Scene) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let secrets = scene.secrets()?;
    let bearer = format!("authorization: Bearer {}\r\n", scene.token);
    let mut asked = 0;
    let places = [
        "/assets/@".to_owned(),
        "/v1/lines/@".to_owned(),
        format!("/v1/lines/{LINE}/blobs/@"),
        format!("/v1/lines/{LINE}/entries/@"),
        format!("/v1/lines/{LINE}/export?format=@"),
        format!("/lines/{LINE}/entries/@/print"),
        "/@".to_owned(),
    ];
    for place in &places {
        for way in WAYS {
            for aim in AIMS {
                let path = place.replace('@', &way.replace('@', aim));
                // As a program with a token, and as nobody.
                let headers = if path.starts_with("/v1/") { bearer.as_str() } else { "" };
                let said = browser.ask(elsewhere(), &format!("GET {path}"), headers, "").await?;
                let told = secrets.iter().find(|secret| {
                    said.body.contains(secret.as_str()) || said.head.contains(secret.as_str())
                });
                if told.is_some() || said.body.contains("root:x:0") {
                    return objection(&format!("no secret behind {path}"), "one");
                }
                if said.status >= 500 || (said.status == 200 && path.starts_with("/assets")) {
                    return objection(&format!("a refusal of {path}"), said.status);
                }
                asked += 1;
            }
        }
    }
    // Names that are written down, of files that are brought.
    let before = listed(scene)?;
    for name in ["../../escaped.csv", "/tmp/escaped.csv", "..%2fescaped.csv", "a%00.csv"] {
        let call = format!("POST /v1/lines/{LINE}/import?name={}", name.replace('/', "%2f"));
        let said = browser.ask(elsewhere(), &call, &bearer, "id,kind\n1,x\n").await?;
        if said.status >= 500 {
            return objection(&format!("an answer to a file called {name}"), said.status);
        }
        asked += 1;
    }
    let after = listed(scene)?;
    let stray = after.iter().find(|name| !before.contains(name) && name.contains("escaped"));
    if let Some(stray) = stray {
        return objection("no file outside of the station's folder", stray);
    }
    Ok(figures([("requests", json!(asked))]))
}

/// The names around and in the station's folder.
fn listed(scene: &Scene) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for folder in [scene.folder.as_path(), scene.home.path(), std::path::Path::new("/tmp")] {
        for entry in fs::read_dir(folder)? {
            names.push(entry?.path().display().to_string());
        }
    }
    Ok(names)
}
