//! Text that acts where it is shown.
//!
//! **Who:** a party of bad faith. **Has:** its station. **Tries:** messages and notices whose text drives a terminal, turns the direction of
//! a line, is a page's script, or begins a formula. **Must hold:** whatever the command line prints of them, as pages for people, holds no
//! character that drives a terminal or is not seen; files that are exported hold no script and no formula; the station's log has nothing
//! of it. That the console shows it as text alone is shown by cli/tests/console/flash.mjs and record.mjs, and console/src/peer.rs.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::USUAL;
use crate::asking::ask;
use crate::scene::LINE;
use crate::{Attack, Figures, Made, Outcome, Scene, figures, objection};

/// Texts that act.
const TEXTS: [&str; 5] = [
    "\u{1b}[2J\u{1b}[1;1H\u{1b}]0;owned\u{7}hold \u{9b}31mfire\u{7f}",
    "hold \u{202e}erif\u{202c} \u{2066}now\u{2069}\u{200b}\u{feff}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "line\r\n2026-01-01T00:00:00Z  WARN forged\u{85}\u{2028}next",
];
/// Longest wait for a message to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The attack.
pub(super) const ATTACK: Attack = Attack {
    name: "text-that-acts",
    tries: "a party of bad faith writes text that drives terminals, turns lines, is script or a formula",
    bounds: USUAL,
    make: |scene| Box::pin(write(scene)) as Made<'_>,
};

/// Whether a character drives a terminal, turns a line or is not seen.
fn acts(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(
            c,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'
                ..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}' | '\u{2067}' | '\u{feff}'
        )
}

async fn write(scene: &Scene) -> Outcome<Figures> {
    let mut names = Vec::new();
    for text in TEXTS {
        let draft = json!({"kind": "message", "precedence": "O", "text": text});
        let answer = ask(&scene.honest(), "POST", &format!("/v1/lines/{LINE}/entries"), &draft).await;
        // Whatever the honest station itself refuses to write comes from one that does not ask.
        if let Ok(answer) = answer {
            names.push(answer["entry"].as_str().unwrap_or_default().to_owned());
        }
    }
    let last = names.last().ok_or("no text was written")?;
    let since = Instant::now();
    while ask(&scene.home.socket(), "GET", &format!("/v1/lines/{LINE}/entries/{last}"), &Value::Null)
        .await
        .is_err()
    {
        if since.elapsed() > PATIENCE {
            return objection("the messages at the other station", "none");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["inbox"],
        vec!["record", "show", "--book", "rus/O"],
        vec!["status"],
        vec!["circuits"],
        vec!["standing"],
        vec!["notice", "list"],
    ];
    commands.extend(names.iter().map(|name| vec!["show", name.as_str()]));
    let (mut printed, mut shown) = (0, 0);
    for arguments in &commands {
        let left = Command::new(&scene.program)
            .arg("--home")
            .arg(scene.home.path())
            .args(arguments)
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .output()?;
        if !left.status.success() {
            let why = String::from_utf8_lossy(&left.stderr).into_owned();
            return objection(&format!("an answer to {arguments:?}"), why);
        }
        let text = [left.stdout, left.stderr].concat();
        let text = String::from_utf8(text).map_err(|_| format!("{arguments:?} prints what is no text"))?;
        if let Some(c) = text.chars().find(|c| acts(*c)) {
            return objection(
                &format!("nothing that acts from {arguments:?}"),
                format!("U+{:04X}", u32::from(c)),
            );
        }
        printed += text.len();
        shown +=
            usize::from(text.contains("⟨U+001B⟩") || text.contains("⟨U+202E⟩") || text.contains("<script>"));
    }
    if shown == 0 {
        return objection("the texts in what is printed", "none");
    }
    let said = scene.victim().said();
    let acting = said.chars().find(|c| acts(*c));
    if acting.is_some() || said.contains("alert(1)") || said.contains("forged") {
        return objection("nothing of it in the log", "some");
    }
    Ok(figures([
        ("texts", json!(names.len())),
        ("commands", json!(commands.len())),
        ("bytes_printed", json!(printed)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_printed_as_it_is_would_be_objected_to() {
        assert!(TEXTS.iter().filter(|text| text.chars().any(acts)).count() >= 3);
        assert!(!"⟨U+001B⟩[2J hold ⟨U+202E⟩erif\n\u{2068}سلام\u{2069}".chars().any(acts));
    }
}
