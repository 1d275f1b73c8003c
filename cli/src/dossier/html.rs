//! What a dossier shows, as one page for a browser or a printer: no script, nothing from elsewhere, and everything that
//! others wrote is escaped after it was made harmless.

use std::fmt::Write as _;

use detente_dossier::compare::DOES_NOT_PROVE;
use detente_dossier::{Conviction, Established, Shows, fact, paper, signers, words};
use detente_line::Memorandum;
use detente_record::{hex, sha256};

use super::page::{fork_says, trust_says, unread_says};
use super::verify::{Found, hint};
use crate::harmless;

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;border-top:1px solid #888;padding-top:.8rem;margin-top:1.6rem}
table{border-collapse:collapse}th{font-weight:600;text-align:start;padding:.1rem 1.2rem .1rem 0;vertical-align:top;white-space:nowrap}
td{padding:.1rem 0;vertical-align:top;overflow-wrap:anywhere}
blockquote{margin:0;padding-inline-start:.7rem;border-inline-start:3px solid #999;white-space:pre-wrap;unicode-bidi:isolate}
code{font-family:ui-monospace,monospace}ul{padding-inline-start:1.2rem}li{margin:.35rem 0}
small{display:block;color:#444}.wrong{border:2px solid #a00;padding:.4rem .8rem;margin:.6rem 0}.nothing{list-style:circle}
section{break-inside:avoid}@media print{body{font-size:10.5pt;margin:0;max-width:none}h2{break-after:avoid}}
@page{margin:18mm}";

/// A text made harmless and escaped.
fn text(said: &str) -> String {
    let mut escaped = String::with_capacity(said.len());
    for c in harmless::line(said).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The page.
pub(super) fn page(found: &[Found], convictions: &[Conviction]) -> String {
    let name = found.first().map(|found| found.report.memorandum.terms().name.clone()).unwrap_or_default();
    let title = match found.len() {
        1 => format!("Dossier of the line {name}"),
        count => format!("{count} dossiers of the line {name}"),
    };
    let mut html = String::new();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\n<style>{STYLE}</style></head>\n<body><h1>{title}</h1>",
        title = text(&title),
    );
    for conviction in convictions {
        let Some(first) = found.first() else { continue };
        let memorandum = &first.report.memorandum;
        let author = memorandum.name_of(conviction.book.party);
        let _ = writeln!(
            html,
            "<p class=\"wrong\">{}<small>Binds {}: both signatures are its own. Does not prove {DOES_NOT_PROVE}.</small></p>",
            text(&conviction.says(memorandum)),
            text(&author)
        );
    }
    for found in found {
        dossier(&mut html, found);
    }
    html.push_str("</body></html>\n");
    html
}

fn dossier(html: &mut String, found: &Found) {
    let memorandum = &found.report.memorandum;
    let verdict = match found.wrong_count() {
        0 => "everything in the file holds".to_owned(),
        count => format!("{count} things in the file do not hold"),
    };
    html.push_str("<table>\n");
    row(html, "file", &text(&found.file));
    row(html, "SHA-256", &format!("<code>{}</code>", hex(&sha256(&found.bytes))));
    row(html, "verdict", &format!("<strong>{verdict}</strong>"));
    row(html, "line", &format!("<code>{}</code>", paper::line_fingerprint(memorandum)));
    for party in memorandum.parties() {
        let full = memorandum.member(party).map(|member| text(&member.full_name)).unwrap_or_default();
        let said = format!("<code>{}</code> {full}", paper::party_fingerprint(memorandum, party));
        row(html, &format!("keys of {}", memorandum.name_of(party)), &said);
    }
    row(html, "trust", &text(&trust_says(found)));
    html.push_str("</table>\n");
    for wrong in found.wrongs() {
        let _ = writeln!(
            html,
            "<p class=\"wrong\">Does not hold: {}<small>{}</small></p>",
            text(&wrong.to_string()),
            text(hint(wrong))
        );
    }
    for said in unread_says(found) {
        let _ = writeln!(html, "<p>{}</p>", text(&said));
    }
    for fork in &found.report.forks {
        let book = fork.head.checkpoint.book;
        let name = book.text(&memorandum.name_of(book.party));
        let _ = writeln!(
            html,
            "<section><h2>{}</h2><p class=\"wrong\">{}<small>Does not prove {DOES_NOT_PROVE}.</small></p></section>",
            text(&name),
            text(&fork_says(memorandum, fork))
        );
    }
    for entry in &found.report.entries {
        self::entry(html, memorandum, entry);
    }
}

/// A row of a table; what it says is HTML already.
fn row(html: &mut String, label: &str, said: &str) {
    let _ = writeln!(html, "<tr><th>{}</th><td>{said}</td></tr>", text(label));
}

fn entry(html: &mut String, memorandum: &Memorandum, entry: &Established) {
    let _ = writeln!(html, "<section><h2>{}</h2><table>", text(&words::name(memorandum, entry.name)));
    for said in entry.rows(memorandum) {
        let lines: Vec<String> = said.lines.iter().map(|line| text(line)).collect();
        let shown = match said.quoted {
            true => format!("<blockquote dir=\"auto\">{}</blockquote>", lines.join("\n")),
            false => lines.join("<br>"),
        };
        row(html, &said.label, &shown);
    }
    if let Some(fault) = entry.read.as_ref().err().or(entry.content.as_ref().err()) {
        row(html, "marked", &text(&fault.to_string()));
    }
    for bound in &entry.bounds {
        row(html, "written", &text(&fact::bound_says(bound, memorandum)));
    }
    html.push_str("</table><ul>\n");
    for fact in &entry.facts {
        let class = if matches!(fact.shows, Shows::Nothing { .. }) { " class=\"nothing\"" } else { "" };
        let binds = fact.bound().map_or_else(|| "nobody".into(), |signer| signers::name(memorandum, signer));
        let _ = writeln!(
            html,
            "<li{class}>{}<small>Binds {}. Does not prove {}.</small></li>",
            text(&fact.says(memorandum, entry.name)),
            text(&binds),
            text(fact.does_not_prove())
        );
    }
    html.push_str("</ul></section>\n");
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn what_others_wrote_is_neither_markup_nor_a_direction() {
        assert_eq!(
            text("<script>'x'&\"y\"</script>"),
            "&lt;script&gt;&#39;x&#39;&amp;&quot;y&quot;&lt;/script&gt;"
        );
        assert_eq!(text("hold \u{202e}erif"), "hold ⟨U+202E⟩erif");
    }
}
