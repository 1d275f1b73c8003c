//! What another party wrote, on a page: escaped, isolated from the direction of what is around it, its hidden characters shown.

use std::fmt;

use detente_dossier::harmless;
use unicode_bidi::{Direction, get_base_direction};

/// A text of somebody else's; its display is HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    lines: Vec<String>,
    language: String,
}

impl Peer {
    /// A text as its author broke it, in a language (BCP 47) or in one that is not known.
    pub(crate) fn text(text: &str, language: Option<&str>) -> Self {
        let is_tag =
            |tag: &&str| tag.len() <= 35 && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let language = language.filter(is_tag).unwrap_or_default().to_owned();
        Self { lines: harmless::block(text), language }
    }

    /// Its first line, cut.
    pub(crate) fn gist(text: &str, most: usize, language: Option<&str>) -> Self {
        let (line, _) = harmless::first_line(text, most);
        Self { lines: vec![line], ..Self::text("", language) }
    }

    /// In which direction it is read, as HTML has it; each of its lines has its own besides.
    pub(crate) fn dir(&self) -> &'static str {
        if is_leftward(&self.lines.join("\n")) { "rtl" } else { "ltr" }
    }
}

/// Whether a text is read from right to left: as its first line goes that goes anywhere.
pub(crate) fn is_leftward(text: &str) -> bool {
    let mut lines = text.lines().map(get_base_direction);
    lines.find(|way| *way != Direction::Mixed) == Some(Direction::Rtl)
}

/// A hidden character as [`harmless`] shows it, at the beginning of a text: `⟨U+202E⟩`.
fn hidden(text: &str) -> Option<&str> {
    let (code, _) = text.strip_prefix("⟨U+")?.split_once('⟩')?;
    let is_code = (4..=6).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_code.then(|| text.get(.."⟨U+⟩".len() + code.len())).flatten()
}

fn escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(shown) = hidden(rest) {
            write!(f, "<span class=\"hidden-character\">{shown}</span>")?;
            rest = rest.get(shown.len()..).unwrap_or_default();
            continue;
        }
        match c {
            '&' => f.write_str("&amp;")?,
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '"' => f.write_str("&quot;")?,
            '\'' => f.write_str("&#39;")?,
            c => write!(f, "{c}")?,
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Ok(())
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lang = match self.language.is_empty() {
            true => String::new(),
            false => format!(" lang=\"{}\"", self.language),
        };
        for (number, line) in self.lines.iter().enumerate() {
            if number > 0 {
                f.write_str("<br>")?;
            }
            write!(f, "<bdi{lang}>")?;
            escaped(line, f)?;
            f.write_str("</bdi>")?;
        }
        Ok(())
    }
}

// It escapes by itself.
impl askama::filters::HtmlSafe for Peer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hostile_peer_writes_does_nothing() {
        let text = "<img src=x onerror=alert(1)>\n\u{202E}evil\u{202C} \"quoted\"";
        let shown = Peer::text(text, Some("en\" onload=\"x")).to_string();
        assert_eq!(
            shown,
            "<bdi>&lt;img src=x onerror=alert(1)&gt;</bdi><br><bdi><span class=\"hidden-character\">⟨U+202E⟩</span>evil\
             <span class=\"hidden-character\">⟨U+202C⟩</span> &quot;quoted&quot;</bdi>"
        );
        assert!(Peer::text("سلام", Some("ar")).to_string().starts_with("<bdi lang=\"ar\">"));
    }

    #[test]
    fn a_text_stands_at_the_side_from_which_it_is_read() {
        let way = |text| Peer::text(text, None).dir();
        assert_eq!(way("35.24, 40.19\nالموقع: 37S"), "rtl");
        assert_eq!(way("Position:\nسلام"), "ltr");
        assert_eq!(way("12:00\n\n…"), "ltr", "what goes nowhere is as the page's digits are");
        assert_eq!(way(""), "ltr");
    }

    #[test]
    fn unpaired_brackets_of_a_peer_leave_the_page_whole() {
        // A peer may write such a bracket itself.
        assert_eq!(
            Peer::text("a ⟨ b ⟩ ⟨U+<b>⟩ ⟨U+", None).to_string(),
            "<bdi>a ⟨ b ⟩ ⟨U+&lt;b&gt;⟩ ⟨U+</bdi>"
        );
    }
}
