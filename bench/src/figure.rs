//! A figure: what was measured, beside what, and whether it is what was aimed at.

use serde::Serialize;

/// What is aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// Nothing; the figure is there to read the others by.
    None,
    /// At most so many times theirs.
    RatioAtMost(f64),
    /// At least so many times theirs.
    RatioAtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// At least so much.
    AtLeast(f64),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// What.
    figure: String,
    /// As measured of us.
    ours: f64,
    /// The unit of `ours` and `theirs`.
    unit: &'static str,
    /// What it is held against.
    against: String,
    /// As measured of that, in the same run.
    theirs: Option<f64>,
    /// Ours by theirs.
    ratio: Option<f64>,
    /// What is aimed at, in words.
    goal: String,
    /// Whether that is so; nothing where there is no goal, or nothing to compare with.
    met: Option<bool>,
}

impl Figure {
    /// A figure that stands for itself.
    pub(crate) fn alone(figure: impl Into<String>, ours: f64, unit: &'static str, goal: Goal) -> Self {
        Self::new(figure.into(), ours, unit, String::new(), None, goal)
    }

    /// A figure beside another; `theirs` is absent where that could not be measured here.
    pub(crate) fn beside(
        figure: impl Into<String>,
        ours: f64,
        unit: &'static str,
        (against, theirs): (impl Into<String>, Option<f64>),
        goal: Goal,
    ) -> Self {
        Self::new(figure.into(), ours, unit, against.into(), theirs, goal)
    }

    fn new(
        figure: String,
        ours: f64,
        unit: &'static str,
        against: String,
        theirs: Option<f64>,
        goal: Goal,
    ) -> Self {
        let ratio = theirs.filter(|theirs| *theirs > 0.0).map(|theirs| ours / theirs);
        let met = match goal {
            Goal::None => None,
            Goal::RatioAtMost(limit) => ratio.map(|ratio| ratio <= limit),
            Goal::RatioAtLeast(limit) => ratio.map(|ratio| ratio >= limit),
            Goal::AtMost(limit) => Some(ours <= limit),
            Goal::AtLeast(limit) => Some(ours >= limit),
        };
        let goal = match goal {
            Goal::None => String::new(),
            Goal::RatioAtMost(limit) => format!("at most {}x", short(limit)),
            Goal::RatioAtLeast(limit) => format!("at least {}x", short(limit)),
            Goal::AtMost(limit) => format!("at most {} {unit}", short(limit)),
            Goal::AtLeast(limit) => format!("at least {} {unit}", short(limit)),
        };
        Self { figure, ours, unit, against, theirs, ratio, goal, met }
    }

    fn row(&self) -> [String; 8] {
        let maybe = |value: Option<f64>| value.map(number).unwrap_or_default();
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        [
            self.figure.clone(),
            number(self.ours),
            self.unit.into(),
            self.against.clone(),
            maybe(self.theirs),
            maybe(self.ratio),
            self.goal.clone(),
            met.into(),
        ]
    }
}

/// Three significant digits, or all before the point.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        small if small >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A limit: as it was said, or to three digits.
fn short(limit: f64) -> String {
    let said = limit.to_string();
    if said.len() < 8 { said } else { number(limit) }
}

/// A list of objects, for machines.
pub(crate) fn json(figures: &[Figure]) -> String {
    // Strings and numbers only: there is nothing that JSON cannot say.
    serde_json::to_string_pretty(figures).unwrap_or_default()
}

/// A table, for people: numbers to the right, words to the left.
pub(crate) fn table(figures: &[Figure]) -> String {
    let head = ["figure", "ours", "unit", "against", "theirs", "ratio", "goal", "met"].map(String::from);
    let rows: Vec<[String; 8]> = std::iter::once(head).chain(figures.iter().map(Figure::row)).collect();
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let right = [false, true, false, false, true, true, false, false];
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).zip(right).map(|((cell, width), right)| {
            if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_or_missed_by_the_figures_alone() {
        let met = |theirs, goal| Figure::beside("", 3.0, "ms", ("", theirs), goal).met;
        assert_eq!(met(Some(1.5), Goal::RatioAtMost(2.0)), Some(true));
        assert_eq!(met(Some(1.4), Goal::RatioAtMost(2.0)), Some(false));
        assert_eq!(met(Some(1.5), Goal::RatioAtLeast(2.1)), Some(false));
        assert_eq!(met(None, Goal::RatioAtMost(2.0)), None, "nothing to compare with is no success");
        assert_eq!(met(Some(0.0), Goal::RatioAtLeast(2.0)), None);
        assert_eq!(met(None, Goal::AtMost(3.0)), Some(true));
        assert_eq!(met(None, Goal::AtLeast(3.1)), Some(false));
        assert_eq!(met(Some(1.0), Goal::None), None);
    }

    #[test]
    fn the_table_lines_up_and_json_has_every_key() {
        let figures = [
            Figure::alone("a", 1234.5, "MiB", Goal::AtMost(150.0)),
            Figure::beside("long name", 0.25, "ms", ("floor", Some(0.2)), Goal::RatioAtMost(2.0)),
        ];
        assert_eq!(
            table(&figures),
            "figure      ours  unit  against  theirs  ratio  goal             met\n\
             a           1234  MiB                           at most 150 MiB  NO\n\
             long name  0.250  ms    floor     0.200   1.25  at most 2x       yes\n"
        );
        let parsed: serde_json::Value = serde_json::from_str(&json(&figures)).unwrap();
        for key in ["figure", "ours", "unit", "against", "theirs", "ratio", "goal", "met"] {
            assert!(parsed[0].get(key).is_some() && parsed[1].get(key).is_some(), "{key}");
        }
    }
}
