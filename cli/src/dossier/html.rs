//! What a dossier shows, as one page for a browser or a printer: no script, nothing from elsewhere, and everything that
//! others wrote is escaped after it was made harmless.

use std::fmt::Write as _;

use detente_dossier::agreed::{self, NOT_ALL};
use detente_dossier::compare::DOES_NOT_PROVE;
use detente_dossier::words::shown;
use detente_dossier::{
    Attached, Established, Memoranda, Shows, amending, fact, later_keys, paper, signers, words,
};
use detente_record::{EntryRef, hex};

use super::contradiction::{self, Contradictions};
use super::page::{first_words, fork_says, had_by, trust_says, unread_says};
use super::verify::{Found, hint};
use crate::harmless;

const STYLE: &str = "\
:root{color-scheme:light}*{box-sizing:border-box}
body{font:15px/1.5 system-ui,'Noto Sans','Noto Sans Arabic',sans-serif;max-width:56rem;margin:2rem auto;padding:0 1.2rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem;margin:0 0 .4rem}h2{font-size:1.15rem;margin:0 0 .5rem}h3{font-size:1rem;margin:1rem 0 .3rem}
p{margin:.4rem 0}code{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.92em;overflow-wrap:anywhere}
.verdict{font-weight:600;padding:.5rem .9rem;border-inline-start:6px solid #1b6e3c;background:#eef6f0}
.verdict.bad{border-color:#a00000;background:#fbeeee}.warn{border-inline-start:6px solid #9a6a00;background:#fdf6e7;padding:.4rem .9rem}
.wrong{border:2px solid #a00000;padding:.5rem .9rem;margin:.7rem 0}
table{border-collapse:collapse;width:100%;margin:.4rem 0}
th{font-weight:600;text-align:start;vertical-align:top;padding:.18rem 1.2rem .18rem 0}
td{vertical-align:top;padding:.18rem 0;overflow-wrap:anywhere}
table.rows th{width:9.5rem;color:#555;font-weight:400}
table.list th,table.list td{border-bottom:1px solid #d5d5d5;padding:.3rem .7rem .3rem 0}table.list th{color:#555}
table.list td.name{white-space:nowrap}
blockquote{margin:0;padding-inline-start:.8rem;border-inline-start:3px solid #999;white-space:pre-wrap;unicode-bidi:plaintext;overflow-wrap:anywhere}
bdi{unicode-bidi:isolate}
ul{list-style:none;margin:.5rem 0;padding:0}li{margin:.4rem 0;padding-inline-start:1.5rem;text-indent:-1.5rem}
li::before{content:'●';color:#1b6e3c;display:inline-block;width:1.5rem;text-indent:0}li.nothing::before{content:'○';color:#777}
li.bad::before{content:'✗';color:#a00000}li>*{text-indent:0}
small{display:block;color:#555;font-size:.86em}small.none{display:inline}
section{border-top:1px solid #999;padding-top:.9rem;margin-top:1.4rem}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:1rem}.two>div{border:1px solid #ccc;padding:.6rem .8rem}.two h3{margin-top:0}
a{color:inherit}footer{margin-top:2rem;border-top:1px solid #999;padding-top:.6rem;color:#555;font-size:.86em}
@media print{body{font-size:10pt;margin:0;max-width:none;padding:0}h2,h3{break-after:avoid}
tr,li,blockquote,.wrong,.two>div{break-inside:avoid}thead{display:table-header-group}a{text-decoration:none}
.verdict,.warn{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@page{size:A4;margin:16mm 15mm 18mm;@bottom-right{content:counter(page) ' / ' counter(pages);font-size:9pt}}";

/// A text that is harmless already, escaped.
fn escaped(said: &str) -> String {
    let mut escaped = String::with_capacity(said.len());
    for c in said.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            harmless::ISOLATE => escaped.push_str("<bdi>"),
            harmless::END => escaped.push_str("</bdi>"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text made harmless and escaped.
fn text(said: &str) -> String {
    escaped(&shown(said))
}

/// The page.
pub(super) fn page(found: &[Found], contradictions: &Contradictions) -> String {
    let name = found.first().map(|found| found.report.memoranda.line_name().to_owned()).unwrap_or_default();
    let title = match found.len() {
        1 => format!("Dossier of the line {name}"),
        count => format!("{count} dossiers of the line {name}, side by side"),
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
    self::contradictions(&mut html, found, contradictions);
    for found in found {
        dossier(&mut html, found);
    }
    html.push_str("</body></html>\n");
    html
}

/// What shows only when several dossiers are laid side by side.
fn contradictions(html: &mut String, found: &[Found], contradictions: &Contradictions) {
    let Some(first) = found.first() else { return };
    let memoranda = &first.report.memoranda;
    for conviction in &contradictions.convictions {
        let told = contradiction::told(found, conviction);
        let _ = writeln!(
            html,
            "<div class=\"wrong\"><h2>{} contradicts itself under its own signature</h2><p>{}</p><p>{}</p>",
            text(&memoranda.name_of(conviction.book.party)),
            text(&told.says),
            text(&told.why),
        );
        html.push_str("<div class=\"two\">");
        for side in &told.sides {
            let _ = write!(html, "<div><h3>{}</h3><small>{}</small>", text(&side.file), text(&side.signed));
            for (language, line) in &side.words {
                quote(html, language.as_deref(), std::slice::from_ref(line));
            }
            html.push_str("</div>");
        }
        let _ = writeln!(
            html,
            "</div><small>Binds {}: both signatures are its own. Does not prove {DOES_NOT_PROVE}.</small></div>",
            text(&memoranda.name_of(conviction.book.party))
        );
    }
    for rival in &contradictions.rivals {
        let _ = writeln!(
            html,
            "<div class=\"wrong\"><h2>Two amendments in one place</h2><p>{}</p><small>Binds {}. Does not prove {}.</small></div>",
            text(&rival.says(memoranda)),
            text(&memoranda.name_of(rival.one.book.party)),
            detente_dossier::compare::RIVALS_DO_NOT_PROVE,
        );
    }
    if found.len() > 1 && contradictions.is_empty() {
        html.push_str(
            "<p class=\"warn\">Nothing in these dossiers shows that they cannot all be true. That proves nothing.</p>\n",
        );
    }
}

fn dossier(html: &mut String, found: &Found) {
    let report = &found.report;
    let memoranda = &report.memoranda;
    let (class, verdict) = match found.wrong_count() {
        0 => ("", "Everything in this file holds.".to_owned()),
        1 => (" bad", "One thing in this file does not hold: rely on nothing in it.".to_owned()),
        count => (" bad", format!("{count} things in this file do not hold: rely on nothing in it.")),
    };
    let _ = writeln!(html, "<p class=\"verdict{class}\">{verdict}</p>");
    for wrong in found.wrongs() {
        let _ = writeln!(
            html,
            "<p class=\"wrong\">Does not hold: {}<small>{}</small></p>",
            text(&wrong.to_string()),
            text(hint(wrong))
        );
    }
    for said in unread_says(found) {
        let _ = writeln!(html, "<p class=\"warn\">{}</p>", text(&said));
    }
    html.push_str("<table class=\"rows\">\n");
    row(html, "file", &text(&found.file));
    row(html, "its SHA-256", &format!("<code>{}</code>", hex(&found.sha256)));
    row(html, "line", &format!("<code>{}</code>", paper::line_fingerprint(memoranda)));
    for party in memoranda.parties() {
        let fingerprint = paper::party_fingerprint(memoranda, party);
        let admitted = if memoranda.is_admitted(party) { ", admitted by an amendment" } else { "" };
        let said = format!("<code>{fingerprint}</code> {}{admitted}", text(memoranda.full_name(party)));
        row(html, &format!("keys of {}", memoranda.name_of(party)), &said);
    }
    row(html, "trust", &text(&trust_says(found)));
    for place in 0..memoranda.amended().len() {
        row(html, if place == 0 { "amended" } else { "" }, &text(&amending::says(memoranda, place)));
    }
    if !memoranda.amended().is_empty() {
        row(html, "", &format!("<small>Not checked: {}.</small>", text(amending::NOT_CHECKED)));
    }
    for renewal in later_keys::all(memoranda) {
        row(html, "renewed", &text(&later_keys::renewal_says(memoranda, renewal)));
    }
    for says in memoranda.parties().filter_map(|party| later_keys::contradiction_says(memoranda, party)) {
        row(html, "contradicted", &text(&says));
    }
    html.push_str("</table>\n<p><small>● says who is bound by a signature of its own. ○ binds nobody and proves nothing. Each time is by the clock that is named with it; no clock is vouched for by another. What parties wrote stands behind a rule, in their own words.</small></p>\n");
    contents(html, found);
    for fork in &report.forks {
        let book = fork.head.checkpoint.book;
        let name = book.text(&memoranda.name_of(book.party));
        let _ = writeln!(
            html,
            "<section><h2>{}</h2><p class=\"wrong\">{}<small>Does not prove {DOES_NOT_PROVE}.</small></p></section>",
            text(&name),
            text(&fork_says(memoranda, fork))
        );
    }
    positions(html, found);
    motions(html, found);
    for entry in &report.entries {
        self::entry(html, found, entry);
    }
    let _ = writeln!(
        html,
        "<footer>{} entries in {} parts. This page is a reading of the file named above, and is signed by nobody: what counts is the file.</footer>",
        report.entries.len(),
        report.parts
    );
}

/// A list of the entries, where there are several.
fn contents(html: &mut String, found: &Found) {
    let (report, memoranda) = (&found.report, &found.report.memoranda);
    if report.entries.len() < 2 {
        return;
    }
    html.push_str("<section><h2>What is in it</h2><table class=\"list\"><thead><tr><th>entry</th><th>written, by its author&#39;s clock</th><th>what</th><th>had by</th></tr></thead><tbody>\n");
    for entry in &report.entries {
        let when = entry.read.as_ref().map(|read| words::time(read.time_ms)).unwrap_or_default();
        let _ = writeln!(
            html,
            "<tr><td class=\"name\"><a href=\"#{}\">{}</a></td><td>{when}</td><td>{}</td><td>{}</td></tr>",
            anchor(memoranda, entry.name),
            text(&words::name(memoranda, entry.name)),
            escaped(&first_words(memoranda, entry)),
            text(&had_by(memoranda, entry)),
        );
    }
    html.push_str("</tbody></table></section>\n");
}

fn anchor(memoranda: &Memoranda, name: EntryRef) -> String {
    words::name(memoranda, name).replace('/', "-")
}

/// What the parties hold of one thing, side by side.
fn positions(html: &mut String, found: &Found) {
    let (report, memoranda) = (&found.report, &found.report.memoranda);
    for laid in agreed::positions(memoranda, &report.entries) {
        let _ = writeln!(
            html,
            "<section><h2>Positions on {}</h2><div class=\"two\">",
            text(&words::name(memoranda, laid.about))
        );
        for (party, held) in &laid.positions {
            let _ = write!(html, "<div><h3>{}</h3>", text(&memoranda.name_of(*party)));
            match held {
                Some(held) => {
                    let _ = write!(html, "<p>{}</p>", agreed::stance(held.stance));
                    if let Some(said) = &held.text {
                        let lines: Vec<String> =
                            harmless::block(said).into_iter().map(harmless::isolated).collect();
                        quote(html, held.language.as_deref(), &lines);
                    }
                    let before: Vec<String> =
                        held.before.iter().map(|by| words::name(memoranda, *by)).collect();
                    let earlier = if before.is_empty() {
                        String::new()
                    } else {
                        format!("; before: {}", before.join(", "))
                    };
                    let _ = write!(
                        html,
                        "<small>{}, {} by its own clock{}</small>",
                        text(&words::name(memoranda, held.by)),
                        words::time(held.time_ms),
                        text(&earlier)
                    );
                }
                None => html.push_str("<p>○ no position of its is here</p>"),
            }
            html.push_str("</div>");
        }
        let _ = writeln!(html, "</div><small>Does not prove {NOT_ALL}.</small></section>");
    }
}

/// Motions, with their votes and what became of them.
fn motions(html: &mut String, found: &Found) {
    let (report, memoranda) = (&found.report, &found.report.memoranda);
    for moved in agreed::motions(memoranda, &report.entries) {
        let name = words::name(memoranda, moved.motion);
        let _ = writeln!(html, "<section><h2>Motion {}</h2>", text(&name));
        if let Some((to, said)) = &moved.what {
            let _ = write!(html, "<p>{} moved {to}:</p>", text(&memoranda.name_of(moved.motion.book.party)));
            let lines: Vec<String> = harmless::block(said).into_iter().map(harmless::isolated).collect();
            quote(html, None, &lines);
        }
        html.push_str(
            "<table class=\"list\"><thead><tr><th>party</th><th>vote</th><th>entry</th></tr></thead><tbody>",
        );
        for (party, cast) in &moved.votes {
            let (vote, by) = match cast {
                Some((by, choice)) if *by == moved.motion => {
                    (agreed::vote(*choice), format!("{}, the motion itself", words::name(memoranda, *by)))
                }
                Some((by, choice)) => (agreed::vote(*choice), words::name(memoranda, *by)),
                None => ("○ no vote of its is here", String::new()),
            };
            let _ = write!(
                html,
                "<tr><td class=\"name\">{}</td><td>{vote}</td><td>{}</td></tr>",
                text(&memoranda.name_of(*party)),
                text(&by)
            );
        }
        let _ = writeln!(
            html,
            "</tbody></table><p>{}.</p><small>Does not prove {NOT_ALL}.</small></section>",
            text(&moved.outcome(memoranda))
        );
    }
}

/// A row of a table; what it says is HTML already.
fn row(html: &mut String, label: &str, said: &str) {
    let _ = writeln!(html, "<tr><th scope=\"row\">{}</th><td>{said}</td></tr>", text(label));
}

/// An author's own words, in the direction and language that they have; the lines are harmless. Here a block is what isolates
/// them, so that it takes the direction of its own first letter.
fn quote(html: &mut String, language: Option<&str>, lines: &[String]) {
    let language = language.filter(|tag| detente_line::is_language(tag));
    let language = language.map(|tag| format!(" lang=\"{tag}\"")).unwrap_or_default();
    let lines: Vec<String> = lines.iter().map(|line| escaped(&harmless::bare(line))).collect();
    let _ = write!(html, "<blockquote dir=\"auto\"{language}>{}</blockquote>", lines.join("\n"));
}

fn entry(html: &mut String, found: &Found, entry: &Established) {
    let memoranda = &found.report.memoranda;
    let _ = writeln!(
        html,
        "<section id=\"{}\"><h2>{}</h2><table class=\"rows\">",
        anchor(memoranda, entry.name),
        text(&words::name(memoranda, entry.name))
    );
    let language = entry.read.as_ref().ok().and_then(|read| read.language.as_deref());
    for said in entry.rows(memoranda) {
        let mut shown = String::new();
        match said.quoted {
            true => quote(&mut shown, language, &said.lines),
            false => {
                let lines: Vec<String> = said.lines.iter().map(|line| escaped(line)).collect();
                shown = lines.join("<br>");
            }
        }
        row(html, &said.label, &shown);
    }
    if let Some(fault) = entry.read.as_ref().err().or(entry.content.as_ref().err()) {
        row(html, "marked", &text(&fault.to_string()));
    }
    for bound in &entry.bounds {
        row(html, "written", &text(&fact::bound_says(bound, memoranda)));
    }
    html.push_str("</table><ul>\n");
    for fact in &entry.facts {
        let binds = fact.bound().map(|signer| signers::name(memoranda, signer));
        let nothing = matches!(fact.shows, Shows::Nothing { .. });
        item(html, nothing, &fact.says(memoranda, entry.name), binds, fact.does_not_prove());
    }
    html.push_str("</ul>\n");
    for attached in found.report.attachments.iter().filter(|attached| attached.entry == entry.name) {
        attachment(html, memoranda, attached);
    }
    html.push_str("</section>\n");
}

fn item(html: &mut String, nothing: bool, says: &str, binds: Option<String>, does_not_prove: &str) {
    let class = if nothing { " class=\"nothing\"" } else { "" };
    let _ = writeln!(
        html,
        "<li{class}>{}<small>Binds {}. Does not prove {}.</small></li>",
        text(says),
        text(&binds.unwrap_or_else(|| "nobody".into())),
        text(does_not_prove)
    );
}

fn attachment(html: &mut String, memoranda: &Memoranda, attached: &Attached) {
    let _ = writeln!(
        html,
        "<h3>Attachment {}</h3><p>{}.</p><ul>",
        text(&attached.attachment.name),
        text(&attached.bytes_say(memoranda))
    );
    for fact in attached.facts(memoranda) {
        let binds = fact.binds.then(|| memoranda.name_of(fact.of));
        item(html, !fact.binds, &fact.says, binds, fact.does_not_prove);
    }
    html.push_str("</ul>\n");
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
        assert_eq!(text("\u{2068}<b>خريطة"), "<bdi>⟨U+2068⟩&lt;b&gt;خريطة</bdi>");
    }
}
