//! Pages of other places.
//!
//! **Who:** a page of another place in the browser of an officer who is signed in, or a name that suddenly means the console's address (DNS
//! rebinding). **Tries:** commands with the officer's cookie, reads answers and the stream of events, puts the console into a frame, asks
//! for leave beforehand (CORS). **Must hold:** whatever is not for the console's own name, or commands from another origin, is refused
//! before anybody looks at who asks; no answer ever lets another origin read it; every answer forbids frames and guesses at types. What
//! the session's own word does is shown by cli/tests/console/gate.mjs, in a browser.

use serde_json::json;

use super::USUAL;
use crate::scene::LINE;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "other-origins",
    tries: "a page of another place commands and reads by an officer's browser: CSRF, DNS rebinding, frames, CORS",
    bounds: USUAL,
    make: |scene| Box::pin(ask(scene)) as Made<'_>,
};

async fn ask(scene: &Scene) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let authority = browser.authority();
    let mut refused = 0;
    let hosts = [
        "evil.example".to_owned(),
        format!("evil.example:{}", scene.console.port()),
        format!("{authority}.evil.example"),
        format!("127.0.0.1:{}", scene.console.port()),
        "localhost".to_owned(),
        format!("{authority}@evil.example"),
        String::new(),
    ];
    for host in &hosts {
        let headers = format!("host: {host}\r\nauthorization: Bearer {}\r\n", scene.token);
        for call in ["GET /v1/station", "GET /sign-in", "GET /assets/console.css"] {
            let said = browser.ask(elsewhere(), call, &headers, "").await?;
            if !matches!(said.status, 400 | 403) {
                return objection(&format!("no answer for the host `{host}`"), said.status);
            }
            refused += 1;
        }
    }
    // A target that names another place than the host, as a proxy is asked.
    let absolute =
        "GET https://evil.example/v1/station HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    let said = browser.say(elsewhere(), absolute.as_bytes()).await?;
    if said.status != 403 {
        return objection("no answer for another place", said.status);
    }
    let origins = ["https://evil.example", "null", "http://localhost", "https://localhost", "file://", ""];
    for origin in origins {
        let of = if origin.is_empty() { String::new() } else { format!("origin: {origin}\r\n") };
        let headers = format!("{of}content-type: application/json\r\ncookie: __Host-detente=guess\r\n");
        for call in [
            format!("POST /v1/lines/{LINE}/entries"),
            "POST /sign-in/begin".into(),
            "POST /enrol/begin".into(),
            "POST /sign-out".into(),
            "DELETE /v1/tokens/adversary".into(),
        ] {
            let said = browser.ask(elsewhere(), &call, &headers, "{\"officer\":\"Anna\"}").await?;
            if said.status != 403 || said.error() != "OtherOrigin" {
                return objection(
                    &format!("`{call}` from `{origin}` refused"),
                    format!("{} {}", said.status, said.body),
                );
            }
            refused += 1;
        }
        // What may be asked beforehand is nothing; what is answered all the same nobody else may read.
        let before = format!(
            "{of}access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n"
        );
        let events = format!("GET /v1/lines/{LINE}/events");
        for (call, headers) in [
            (format!("OPTIONS /v1/lines/{LINE}/entries"), &before),
            (events, &of),
            ("GET /sign-in".into(), &of),
        ] {
            let said = browser.ask(elsewhere(), &call, headers, "").await?;
            let lets = said.head.lines().find(|line| line.starts_with("access-control-"));
            if let Some(lets) = lets {
                return objection("no leave for other origins", lets);
            }
            if call.contains("/v1/") && said.status < 400 {
                return objection(&format!("`{call}` refused"), said.status);
            }
        }
    }
    let mut pages = 0;
    for call in
        ["GET /sign-in", "GET /enrol", "GET /", "GET /assets/console.css", "GET /nothing", "GET /v1/station"]
    {
        let said = browser.ask(elsewhere(), call, "", "").await?;
        let policy =
            said.head.lines().find(|line| line.starts_with("content-security-policy:")).unwrap_or_default();
        let forbids = [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "script-src 'self'",
        ];
        let lacks = forbids.iter().find(|what| !policy.contains(**what));
        if let Some(lacks) = lacks {
            return objection(&format!("{lacks} with `{call}`"), format!("`{policy}`"));
        }
        if !said.has("x-content-type-options") || policy.contains("unsafe") {
            return objection(&format!("no guesses and nothing unsafe with `{call}`"), said.head);
        }
        pages += 1;
    }
    Ok(figures([("refused", json!(refused)), ("answers_with_a_policy", json!(pages))]))
}
