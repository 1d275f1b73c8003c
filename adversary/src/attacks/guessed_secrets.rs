//! Secrets that are guessed, fixed beforehand, or said twice.
//!
//! **Who:** somebody who reaches the console. **Tries:** cookies of its own choice, before and with what it asks (session fixation); tokens; links
//! of enrolment; answers of authenticators to ceremonies that never were. **Must hold:** nothing is let in; no cookie that came is ever given back; answers to wrong secrets do not tell how wrong they are; and an address has few guesses, while
//! good tokens from it are taken.

use serde_json::json;

use super::USUAL;
use crate::{Attack, Figures, Made, Outcome, Scene, elsewhere, figures, objection};

/// Most guesses before an address has to wait, with what it regains while it is busy.
const MOST: usize = 60;

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "guessed-secrets",
    tries: "somebody guesses cookies, tokens, links and answers of authenticators, and brings cookies of its own choice",
    bounds: USUAL,
    make: |scene| Box::pin(guess(scene)) as Made<'_>,
};

async fn guess(scene: &Scene) -> Outcome<Figures> {
    let browser = scene.browser()?;
    let json_of = format!("origin: {}\r\ncontent-type: application/json\r\n", browser.origin());
    let fixed = "A".repeat(43);
    for call in ["GET /", "GET /sign-in", "GET /enrol", "GET /language?to=fr&back=/"] {
        let said = browser
            .ask(
                elsewhere(),
                call,
                &format!("cookie: __Host-detente={fixed}; x=__Host-detente={fixed}\r\n"),
                "",
            )
            .await?;
        if said.head.contains(&fixed.to_ascii_lowercase()) || said.head.contains("set-cookie: __host-detente")
        {
            return objection(
                &format!("no session out of a cookie of somebody's choice with `{call}`"),
                said.head,
            );
        }
    }
    // An injection into a cookie or a header by what is asked for.
    let said = browser
        .ask(
            elsewhere(),
            "GET /language?to=fr%0d%0aset-cookie:%20__Host-detente=x&back=%2f%0d%0ax:%20y",
            "",
            "",
        )
        .await?;
    if said.has("x") || said.head.contains("set-cookie: __host-detente") {
        return objection("no header out of what is asked for", said.head);
    }
    let ceremony = "00000000-0000-4000-8000-000000000000";
    let never = json!({"ceremony": ceremony, "credential": {"id": "AAAA", "rawId": "AAAA", "type": "public-key",
        "extensions": {}, "response": {"authenticatorData": "AAAA", "clientDataJSON": "AAAA", "signature": "AAAA", "userHandle": null}}});
    let said = browser.ask(elsewhere(), "POST /sign-in/end", &json_of, &never.to_string()).await?;
    if said.status != 401 {
        return objection("no sign-in without a ceremony", format!("{} {}", said.status, said.body));
    }
    // Until it has to wait.
    let mut guesses = 0;
    let mut first = None;
    loop {
        let guess = json!({"invitation": format!("{guesses:043}")}).to_string();
        let said = browser.ask(elsewhere(), "POST /enrol/begin", &json_of, &guess).await?;
        match said.status {
            401 if *first.get_or_insert_with(|| said.body.clone()) == said.body => guesses += 1,
            429 => break,
            found => {
                return objection("one and the same refusal of each guess", format!("{found} {}", said.body));
            }
        }
        if guesses > MOST {
            return objection("a pause after a few guesses", format!("{guesses} guesses"));
        }
    }
    let mut tokens = 0;
    loop {
        let guess = format!("authorization: Bearer detente_{tokens:043}\r\n");
        let said = browser.ask(elsewhere(), "GET /v1/station", &guess, "").await?;
        match said.status {
            401 => tokens += 1,
            429 => break,
            found => return objection("a refusal of a guessed token", found),
        }
        if tokens > MOST {
            return objection("a pause after a few tokens", format!("{tokens} tokens"));
        }
    }
    let bearer = format!("authorization: Bearer {}\r\n", scene.token);
    let said = browser.ask(elsewhere(), "GET /v1/station", &bearer, "").await?;
    if said.status != 200 {
        return objection("a good token taken from the same address", said.status);
    }
    Ok(figures([("links_guessed", json!(guesses)), ("tokens_guessed", json!(tokens))]))
}
