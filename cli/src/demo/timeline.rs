//! The timeline: what a replay looks like on a terminal.
//!
//! Pure: it takes what is to be shown and gives lines of text. A date-time group stands in the margin. Two parties
//! have a column each beside it, and between the columns is what travels; more of them share one ([`one_column`]),
//! and how they vote is a roll that fills in. Every state is a shape and a word, so the
//! timeline reads the same without colour; colour only repeats it.

mod one_column;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::harmless;
use crate::output::Tone;

/// Narrowest terminal that is drawn for, in columns.
pub(crate) const MIN_WIDTH: usize = 80;
/// Widest drawing; lines longer than this are hard to read.
pub(crate) const MAX_WIDTH: usize = 132;
/// The margin: a date-time group and a space.
const MARGIN: usize = 13;
/// What travels between two columns.
const GUTTER: usize = 5;
/// Narrowest column.
const MIN_COLUMN: usize = 12;
/// Most parties that have a column each.
const COLUMNS: usize = 2;

/// A piece of text that wraps as a paragraph of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    tone: Tone,
    text: String,
}

/// A paragraph.
pub(crate) fn said(tone: Tone, text: impl Into<String>) -> Said {
    Said { tone, text: text.into() }
}

/// What happens in the space between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    /// Nothing.
    None,
    /// An entry goes from one column to all others, and was receipted.
    Receipted(usize),
    /// It is underway: sent, and not receipted yet.
    Underway(usize),
    /// It was refused before it was sent.
    Refused(usize),
}

/// Gives text its tone, or leaves it as it is.
pub(crate) type Paint = Box<dyn Fn(Tone, &str) -> String + Send>;

/// The drawing of one replay.
pub(crate) struct Timeline {
    width: usize,
    paint: Paint,
    parties: Vec<String>,
}

impl Timeline {
    /// A timeline of a width in columns, held between [`MIN_WIDTH`] and [`MAX_WIDTH`].
    pub(crate) fn new(width: usize, paint: Paint, parties: Vec<String>) -> Self {
        Self { width: width.clamp(MIN_WIDTH, MAX_WIDTH), paint, parties }
    }

    fn column(&self) -> usize {
        let count = self.parties.len().max(1);
        let gutters = GUTTER * (count - 1);
        (self.width.saturating_sub(MARGIN + gutters) / count).max(MIN_COLUMN)
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        if text.trim().is_empty() { text.to_owned() } else { (self.paint)(tone, text) }
    }

    /// Whether all parties share one column.
    pub(crate) fn is_one_column(&self) -> bool {
        self.parties.len() > COLUMNS
    }

    /// The names of the parties over their columns.
    pub(crate) fn head(&self) -> String {
        if self.is_one_column() {
            let names: Vec<String> = self.parties.iter().map(|name| name.to_uppercase()).collect();
            let names = self.across("UTC", Tone::Strong, &names.join(" "));
            return format!("{names}{}", self.paint(Tone::Quiet, &format!("{}\n", "─".repeat(self.width))));
        }
        let cells: Vec<Vec<Said>> =
            self.parties.iter().map(|name| vec![said(Tone::Strong, name.to_uppercase())]).collect();
        let rule = format!("{}\n", "─".repeat(self.width));
        format!("{}{}", self.row("UTC", &cells, Travel::None), self.paint(Tone::Quiet, &rule))
    }

    /// A row: something in the margin, something in each column, something between them.
    pub(crate) fn row(&self, margin: &str, cells: &[Vec<Said>], travel: Travel) -> String {
        if self.is_one_column() {
            let lines = one_column::row(self.width, &self.parties, margin, cells, travel);
            return lines
                .iter()
                .map(|line| one_column::painted(line, |t, text| self.paint(t, text)))
                .collect();
        }
        let column = self.column();
        let wrapped: Vec<Vec<(Tone, String)>> = cells
            .iter()
            .map(|cell| {
                cell.iter()
                    .flat_map(|part| wrap(&part.text, column).into_iter().map(|line| (part.tone, line)))
                    .collect()
            })
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let mut out = String::new();
        for line in 0..height {
            let mut drawn = if line == 0 { self.margin(margin) } else { " ".repeat(MARGIN) };
            for (place, cell) in wrapped.iter().enumerate() {
                if place > 0 {
                    let (tone, arrow) = if line == 0 { arrow(travel, place) } else { (Tone::Plain, "     ") };
                    drawn.push_str(&self.paint(tone, arrow));
                }
                let (tone, text) =
                    cell.get(line).map_or((Tone::Plain, ""), |(tone, text)| (*tone, text.as_str()));
                drawn.push_str(&self.paint(tone, &padded(text, column)));
            }
            out.push_str(trim_end(&drawn));
            out.push('\n');
        }
        out
    }

    /// Something that concerns everybody, over the whole width.
    pub(crate) fn across(&self, margin: &str, tone: Tone, text: &str) -> String {
        let mut out = String::new();
        for (place, line) in wrap(text, self.width - MARGIN).into_iter().enumerate() {
            let margin = if place == 0 { self.margin(margin) } else { " ".repeat(MARGIN) };
            out.push_str(trim_end(&format!("{margin}{}", self.paint(tone, &line))));
            out.push('\n');
        }
        out
    }

    /// How parties stand to a motion, and that in words: under the entry that it goes with.
    pub(crate) fn roll(&self, marks: &[(Tone, String)], tally: &str) -> String {
        let indent = if self.is_one_column() { one_column::indent(&self.parties) } else { MARGIN };
        let room = self.width.saturating_sub(indent);
        let mut lines = one_column::marks(marks, room);
        lines.extend(wrap(tally, room).into_iter().map(|line| vec![(Tone::Quiet, line)]));
        let indented = lines.into_iter().map(|line| {
            " ".repeat(indent) + &one_column::painted(&line, |tone, text| self.paint(tone, text))
        });
        indented.collect()
    }

    /// A heading: a rule with words in it.
    pub(crate) fn heading(&self, text: &str) -> String {
        let text = text.chars().take(self.width - 8).collect::<String>();
        let rest = self.width.saturating_sub(text.width() + 4);
        self.paint(Tone::Strong, &format!("── {text} {}", "─".repeat(rest))) + "\n"
    }

    /// A paragraph from the left edge.
    pub(crate) fn paragraph(&self, tone: Tone, text: &str) -> String {
        wrap(text, self.width).iter().map(|line| self.paint(tone, line) + "\n").collect()
    }

    fn margin(&self, text: &str) -> String {
        self.paint(Tone::Quiet, &padded(text, MARGIN))
    }
}

/// What stands in the gutter left of a column.
fn arrow(travel: Travel, place: usize) -> (Tone, &'static str) {
    match travel {
        Travel::None => (Tone::Quiet, "  │  "),
        Travel::Receipted(from) if from < place => (Tone::Good, " ──▶ "),
        Travel::Receipted(_) => (Tone::Good, " ◀── "),
        Travel::Underway(from) if from < place => (Tone::Warn, " ╌╌▷ "),
        Travel::Underway(_) => (Tone::Warn, " ◁╌╌ "),
        Travel::Refused(from) if from < place => (Tone::Bad, " ─╳  "),
        Travel::Refused(_) => (Tone::Bad, "  ╳─ "),
    }
}

/// Text filled up to a width.
fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Without the spaces at the end, where they are not coloured.
fn trim_end(text: &str) -> &str {
    text.trim_end_matches(' ')
}

/// Breaks text into lines of at most `width` columns, between words where it can; what could drive the terminal
/// is made harmless first.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let clean = harmless::line(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in clean.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if line.width() + c.width().unwrap_or(0) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare() -> Paint {
        Box::new(|_, text| text.to_owned())
    }

    fn plain() -> Timeline {
        Timeline::new(80, bare(), vec!["usa".into(), "rus".into()])
    }

    #[test]
    fn a_row_shows_both_sides_and_what_travels() {
        let left = vec![said(Tone::Strong, "Z NOTICE usa/Z/1"), said(Tone::Plain, "lead time 2 h 00 min")];
        let right = vec![said(Tone::Good, "✔ receipted")];
        let row = plain().row("062240ZAPR17", &[left, right], Travel::Receipted(0));
        assert_eq!(
            row,
            "062240ZAPR17 Z NOTICE usa/Z/1                ──▶ ✔ receipted\n             lead time 2 h 00 min\n"
        );
    }

    #[test]
    fn what_the_right_side_says_points_left_and_a_refusal_goes_nowhere() {
        let cells = [vec![], vec![said(Tone::Plain, "x")]];
        assert!(plain().row("", &cells, Travel::Receipted(1)).contains("◀──"));
        assert!(plain().row("", &cells, Travel::Refused(0)).contains("─╳"));
        assert!(plain().row("", &cells, Travel::Underway(1)).contains("◁╌╌"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long =
            "a long text that goes on ".repeat(20) + &"x".repeat(200) + " Ваше уведомление получено 電報";
        for parties in [2, 3, 5, 15] {
            for width in [20, 80, 101, 132, 400] {
                let names: Vec<String> = (0..parties).map(|n| format!("party{n}")).collect();
                let marks: Vec<(Tone, String)> =
                    names.iter().map(|name| (Tone::Good, format!("✔{name}"))).collect();
                let timeline = Timeline::new(width, bare(), names);
                let cell = vec![said(Tone::Plain, long.clone())];
                let each: Vec<Vec<Said>> =
                    (0..parties).map(|n| vec![said(Tone::Plain, format!("{n} {long}"))]).collect();
                let drawn = timeline.head()
                    + &timeline.row("062240ZAPR17", &vec![cell; parties], Travel::Receipted(1))
                    + &timeline.row("062240ZAPR17", &each, Travel::Underway(0))
                    + &timeline.roll(&marks, &long)
                    + &timeline.across("CLAIMED", Tone::Plain, &long)
                    + &timeline.heading(&long)
                    + &timeline.paragraph(Tone::Quiet, &long);
                for line in drawn.lines() {
                    assert!(line.width() <= width.clamp(MIN_WIDTH, MAX_WIDTH), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn painted_it_says_the_same() {
        let cells = [vec![said(Tone::Good, "✔ receipted")], vec![said(Tone::Bad, "✘ refused")]];
        let parties = vec!["usa".into(), "rus".into()];
        let painter: Paint = Box::new(|tone, text| format!("<{tone:?}>{text}</>"));
        let painted = Timeline::new(80, painter, parties).row("x", &cells, Travel::Underway(0));
        assert!(painted.contains("<Good>✔ receipted"), "{painted}");
        let tones = ["<Good>", "<Bad>", "<Warn>", "<Quiet>", "<Plain>", "</>"];
        let stripped = tones.iter().fold(painted, |text, tone| text.replace(tone, ""));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&stripped), words(&plain().row("x", &cells, Travel::Underway(0))));
    }

    fn council() -> Timeline {
        Timeline::new(80, bare(), ["usa", "chn", "fra", "gbr", "rus"].map(str::to_owned).to_vec())
    }

    #[test]
    fn many_parties_share_a_column_and_what_is_the_same_is_said_once() {
        let mut cells = vec![vec![said(Tone::Good, "✔ receipted, 9 ms")]; 5];
        cells[2] = vec![said(Tone::Strong, "VOTE FOR fra/A/1")];
        let row = council().row("121902ZAPR17", &cells, Travel::Receipted(2));
        assert_eq!(row, "121902ZAPR17 fra ──▶ VOTE FOR fra/A/1            all 4 others: ✔ receipted, 9 ms\n");
        cells[2].push(said(Tone::Plain, "«That it be so.»"));
        cells[4] = vec![said(Tone::Bad, "✘ STATION KILLED")];
        let row = council().row("121902ZAPR17", &cells, Travel::Receipted(2));
        assert_eq!(
            row,
            "121902ZAPR17 fra ──▶ VOTE FOR fra/A/1\n                     «That it be so.»\n                     \
             usa, chn, gbr: ✔ receipted, 9 ms\n             rus     ✘ STATION KILLED\n"
        );
    }

    #[test]
    fn a_row_without_an_author_says_of_whom_it_is() {
        let cell = vec![said(Tone::Quiet, "PROVED"), said(Tone::Good, "● in effect")];
        let row = council().row("x", &vec![cell.clone(); 5], Travel::None);
        assert_eq!(row, "x            all     PROVED\n                     ● in effect\n");
        let mut cells = vec![Vec::new(); 5];
        cells[4] = cell;
        let row = council().row("x", &cells, Travel::None);
        assert!(row.starts_with("x            rus     PROVED\n"), "{row}");
        assert_eq!(council().row("x", &vec![Vec::new(); 5], Travel::None), "x\n");
    }

    #[test]
    fn a_roll_stands_under_what_is_said() {
        let marks = [(Tone::Good, "✔USA".to_owned()), (Tone::Quiet, "·chn".to_owned())];
        let drawn = council().roll(&marks, "1 for");
        assert_eq!(drawn, "                     ✔USA ·chn\n                     1 for\n");
    }

    #[test]
    fn what_could_move_the_cursor_is_not_drawn() {
        assert_eq!(wrap("a\x1b[2Jb \u{202e}c", 60), ["a⟨U+001B⟩[2Jb ⟨U+202E⟩c"]);
    }
}
