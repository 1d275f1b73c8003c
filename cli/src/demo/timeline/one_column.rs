//! A row for many parties: one column of what is said, with whose word it is at its left.
//!
//! Parties of which the same is to be said share a paragraph. What an author's entry met with stands beside the
//! entry where that is short, so that a vote of fifteen parties stays readable.

use unicode_width::UnicodeWidthStr as _;

use super::{GUTTER, MARGIN, Said, Travel, padded, trim_end, wrap};
use crate::output::Tone;

/// A line before it is painted: pieces with their tones.
type Line = Vec<(Tone, String)>;

/// Where the text of a row begins, after margin, name and arrow.
pub(super) fn indent(parties: &[String]) -> usize {
    MARGIN + names(parties) + GUTTER
}

/// Width of the column of names.
fn names(parties: &[String]) -> usize {
    parties.iter().map(|name| name.width()).max().unwrap_or_default()
}

/// Whose word an entry is.
fn author(travel: Travel) -> Option<usize> {
    match travel {
        Travel::None => None,
        Travel::Receipted(place) | Travel::Underway(place) | Travel::Refused(place) => Some(place),
    }
}

fn arrow(travel: Travel) -> (Tone, &'static str) {
    match travel {
        Travel::None => (Tone::Quiet, "     "),
        Travel::Receipted(_) => (Tone::Good, " ──▶ "),
        Travel::Underway(_) => (Tone::Warn, " ╌╌▷ "),
        Travel::Refused(_) => (Tone::Bad, " ─╳  "),
    }
}

/// The lines of a row, each of at most `width` columns.
pub(super) fn row(
    width: usize,
    parties: &[String],
    margin: &str,
    cells: &[Vec<Said>],
    travel: Travel,
) -> Vec<Line> {
    let (indent, names) = (indent(parties), names(parties));
    let room = width.saturating_sub(indent).max(1);
    let author = author(travel);
    let mut lines: Vec<Line> = Vec::new();
    let begin = |name: &str, (tone, arrow): (Tone, &str), is_first: bool| {
        let margin = if is_first { margin } else { "" };
        vec![
            (Tone::Quiet, padded(margin, MARGIN)),
            (Tone::Strong, padded(name, names)),
            (tone, arrow.to_owned()),
        ]
    };
    let own = author.and_then(|place| cells.get(place).zip(parties.get(place)));
    if let Some((cell, name)) = own {
        paragraphs(&mut lines, begin(name, arrow(travel), true), cell, room, indent);
    }
    for (cell, group) in groups(cells, author) {
        let label = label(&group, parties, author);
        let is_first = lines.is_empty();
        match cell.as_slice() {
            // Short: beside what it is about.
            [said] if !is_first && lines.len() == 1 && fits(&lines, &label, said, width) => {
                let text = format!("{label}: {}", said.text);
                let missing = width.saturating_sub(drawn(lines.first()) + text.width());
                if let Some(line) = lines.first_mut() {
                    line.push((Tone::Plain, " ".repeat(missing)));
                    line.push((said.tone, text));
                }
            }
            _ if label.width() <= names => {
                paragraphs(&mut lines, begin(&label, arrow(Travel::None), is_first), &cell, room, indent);
            }
            [said] => {
                let said = Said { tone: said.tone, text: format!("{label}: {}", said.text) };
                paragraphs(&mut lines, begin("", arrow(Travel::None), is_first), &[said], room, indent);
            }
            _ => {
                let label = Said { tone: Tone::Strong, text: label };
                let all: Vec<Said> = [label].into_iter().chain(cell.iter().cloned()).collect();
                paragraphs(&mut lines, begin("", arrow(Travel::None), is_first), &all, room, indent);
            }
        }
    }
    if lines.is_empty() {
        lines.push(begin("", arrow(travel), true));
    }
    lines
}

/// Parties other than the author of whom something is said, those of whom the same is said together.
fn groups(cells: &[Vec<Said>], author: Option<usize>) -> Vec<(Vec<Said>, Vec<usize>)> {
    let mut groups: Vec<(Vec<Said>, Vec<usize>)> = Vec::new();
    for (place, cell) in cells.iter().enumerate() {
        if cell.is_empty() || author == Some(place) {
            continue;
        }
        match groups.iter_mut().find(|(said, _)| said == cell) {
            Some((_, group)) => group.push(place),
            None => groups.push((cell.clone(), vec![place])),
        }
    }
    groups
}

/// What a group is called.
fn label(group: &[usize], parties: &[String], author: Option<usize>) -> String {
    let others = parties.len() - usize::from(author.is_some_and(|author| !group.contains(&author)));
    match group.len() {
        count if count == parties.len() => "all".to_owned(),
        count if count == others && count > 1 => format!("all {count} others"),
        _ => group.iter().filter_map(|place| parties.get(*place)).cloned().collect::<Vec<_>>().join(", "),
    }
}

/// A block of paragraphs behind the beginning of its first line.
fn paragraphs(lines: &mut Vec<Line>, begin: Line, cell: &[Said], room: usize, indent: usize) {
    let mut begin = Some(begin);
    for (tone, text) in
        cell.iter().flat_map(|part| wrap(&part.text, room).into_iter().map(|l| (part.tone, l)))
    {
        let mut line = begin.take().unwrap_or_else(|| vec![(Tone::Plain, " ".repeat(indent))]);
        line.push((tone, text));
        lines.push(line);
    }
    lines.extend(begin);
}

fn drawn(line: Option<&Line>) -> usize {
    line.map_or(0, |line| line.iter().map(|(_, text)| text.width()).sum())
}

fn fits(lines: &[Line], label: &str, said: &Said, width: usize) -> bool {
    drawn(lines.first()) + 4 + label.width() + said.text.width() <= width
}

/// Marks side by side, broken into lines of at most `room` columns.
pub(super) fn marks(marks: &[(Tone, String)], room: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![Line::new()];
    let mut used = 0;
    for (tone, mark) in marks {
        let needs = mark.width() + usize::from(used > 0);
        if used > 0 && used + needs > room {
            lines.push(Line::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push((Tone::Plain, " ".to_owned()));
                used += 1;
            }
            line.push((*tone, mark.clone()));
            used += mark.width();
        }
    }
    lines
}

/// The text of a line, each piece painted.
pub(super) fn painted(line: &Line, paint: impl Fn(Tone, &str) -> String) -> String {
    let drawn: String = line.iter().map(|(tone, text)| paint(*tone, text)).collect();
    trim_end(&drawn).to_owned() + "\n"
}
