//! What others wrote, made harmless to print.
//!
//! A peer's text can hold whatever it likes: escape sequences that drive a terminal, controls that turn the
//! direction of a line so that it reads as something else, characters that nobody sees. Here they become visible
//! and do nothing: `⟨U+202E⟩`. Letters of every script pass as they are, with the joiners that they need.

use std::fmt::Write as _;

/// Whether a character drives a terminal, turns a line's direction, or is not seen.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Direction: marks, embeddings, overrides, isolates.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
            // Not seen: soft hyphen, fillers, zero width, invisible operators, deprecated formats, annotations, tags.
            | '\u{00AD}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// A text on one line: a new line in it shows as `⏎`, a tab as a space.
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push('⏎'),
            '\t' => shown.push(' '),
            c if is_harmful(c) => {
                // Writing to a string does not fail.
                let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// A line that is harmless already, so that nothing beside it changes how it reads: one with letters that are written from right to
/// left stands in isolates (Unicode Standard Annex 9), first strong.
pub fn isolated(line: String) -> String {
    let is_leftward = |c: char| {
        matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
    };
    if line.chars().any(is_leftward) { format!("{ISOLATE}{line}{END}") } else { line }
}

/// Begins what [`isolated`] isolates; nothing harmless has one otherwise.
pub const ISOLATE: char = '\u{2068}';
/// Ends it.
pub const END: char = '\u{2069}';

/// A line without isolates, for what needs none.
pub fn bare(line: &str) -> String {
    line.chars().filter(|c| !matches!(*c, ISOLATE | END)).collect()
}

/// A text line by line, as its author broke it.
pub fn block(text: &str) -> Vec<String> {
    text.lines().map(line).collect()
}

/// The first line of a text, cut to a number of characters, and whether that is all of it.
pub fn first_line(text: &str, most: usize) -> (String, bool) {
    let trimmed = text.trim_end();
    let shown = line(trimmed.lines().next().unwrap_or_default());
    let mut cut: String = shown.chars().take(most).collect();
    let whole = trimmed.lines().nth(1).is_none() && cut.len() == shown.len();
    if !whole {
        cut.push('…');
    }
    (cut, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_shown_and_does_nothing() {
        assert_eq!(line("\u{1b}[2Jgone\u{7}"), "⟨U+001B⟩[2Jgone⟨U+0007⟩");
        assert_eq!(line("\u{9b}31m\u{7f}\r"), "⟨U+009B⟩31m⟨U+007F⟩⟨U+000D⟩");
        assert_eq!(line("one\ntwo\tthree"), "one⏎two three");
    }

    #[test]
    fn what_turns_a_line_is_seen() {
        assert_eq!(line("hold \u{202e}erif"), "hold ⟨U+202E⟩erif");
        assert_eq!(line("\u{2067}x\u{2069}\u{61c}"), "⟨U+2067⟩x⟨U+2069⟩⟨U+061C⟩");
        assert_eq!(line("a\u{e0041}\u{200b}"), "a⟨U+E0041⟩⟨U+200B⟩");
    }

    #[test]
    fn scripts_pass_with_their_joiners() {
        for text in [
            "Прекратите огонь",
            "أوقفوا إطلاق النار",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "停火",
            "é",
            "👩\u{200d}🚒",
        ] {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn a_first_line_says_whether_it_is_all() {
        assert_eq!(first_line("one\n", 10), ("one".into(), true));
        assert_eq!(first_line("one\ntwo", 10), ("one…".into(), false));
        assert_eq!(first_line("twelve chars", 6), ("twelve…".into(), false));
        assert_eq!(first_line("", 6), (String::new(), true));
    }

    #[test]
    fn what_reads_leftward_is_isolated_and_nothing_else() {
        assert_eq!(isolated("خريطة.png".into()), "\u{2068}خريطة.png\u{2069}");
        assert_eq!(isolated(line("א\u{202e}")), "\u{2068}א⟨U+202E⟩\u{2069}");
        for text in ["map.png", "карта", "地図", ""] {
            assert_eq!(isolated(text.into()), text);
        }
    }

    #[test]
    fn a_block_cannot_leave_its_margin() {
        assert_eq!(block("a\r\nb\u{2028}c\n\u{b}d"), ["a", "b⟨U+2028⟩c", "⟨U+000B⟩d"]);
    }
}
