//! The screen: where a replay is shown, at which pace.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::Instant;

use super::timeline::{MIN_WIDTH, Timeline};
use crate::output::{Output, Tone};

/// How long a whole replay is to take, unless somebody says otherwise.
const WHOLE: Duration = Duration::from_secs(75);
/// The shortest and the longest time that a step then stays.
const STEP: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(4));
/// Width where the terminal does not tell its own.
const USUAL_WIDTH: usize = 100;

/// How long a step stays before the next one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// So that the whole takes about 75 s.
    Whole,
    /// So long.
    Step(Duration),
}

impl Pace {
    /// Reads `slow`, `normal`, `fast`, `instant`, or seconds.
    ///
    /// # Errors
    /// Says what would have been taken.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "slow" => Ok(Self::Step(STEP.1)),
            "normal" => Ok(Self::Whole),
            "fast" => Ok(Self::Step(STEP.0)),
            "instant" => Ok(Self::Step(Duration::ZERO)),
            seconds => match seconds.parse() {
                Ok(seconds) if (0.0..=3_600.0).contains(&seconds) => {
                    Ok(Self::Step(Duration::from_secs_f64(seconds)))
                }
                _ => Err(format!(
                    "expected slow, normal, fast, instant, or the seconds that a step stays, found {text:?}"
                )),
            },
        }
    }

    /// How long a step of a scenario of so many steps stays.
    pub(crate) fn step(self, steps: usize) -> Duration {
        match self {
            Self::Step(step) => step,
            Self::Whole => (WHOLE / u32::try_from(steps.max(1)).unwrap_or(u32::MAX)).clamp(STEP.0, STEP.1),
        }
    }
}

/// A terminal, or a file.
pub(crate) struct Screen {
    /// Draws.
    pub(crate) timeline: Timeline,
    out: Box<dyn Write + Send>,
    is_live: bool,
    has_progress: bool,
    step: Duration,
    shown: Instant,
}

impl Screen {
    /// Standard output.
    pub(crate) fn stdout(out: &Output, width: Option<usize>, parties: Vec<String>, step: Duration) -> Self {
        let (out, is_live) = (*out, out.is_seen());
        let told = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = width.or(told.filter(|_| is_live)).unwrap_or(USUAL_WIDTH).max(MIN_WIDTH);
        let paint = Box::new(move |tone: Tone, text: &str| out.paint(tone, text));
        Self {
            timeline: Timeline::new(width, paint, parties),
            out: Box::new(io::stdout()),
            is_live,
            has_progress: false,
            step,
            shown: Instant::now(),
        }
    }

    /// Shows lines of text for good.
    pub(crate) fn show(&mut self, text: &str) {
        self.clear();
        // A reader that went away, such as a pager that was closed, ends nothing: the replay has a result.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    /// Shows what is being waited for, until something else is shown; on a terminal only.
    pub(crate) fn progress(&mut self, text: &str) {
        if self.is_live {
            self.clear();
            let line = self.timeline.paragraph(Tone::Quiet, &format!("… {text}"));
            let line = line.lines().next().unwrap_or_default().to_owned();
            let _ = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
            self.has_progress = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.has_progress) {
            let _ = self.out.write_all(b"\r\x1b[2K");
        }
    }

    /// Waits until the step that was begun last has stayed for its time, and begins the next.
    pub(crate) async fn turn(&mut self) {
        tokio::time::sleep_until(self.shown + self.step).await;
        self.shown = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_word_or_seconds() {
        assert_eq!(Pace::parse("instant"), Ok(Pace::Step(Duration::ZERO)));
        assert_eq!(Pace::parse("1.5"), Ok(Pace::Step(Duration::from_millis(1500))));
        for refused in ["", "quick", "-1", "nan", "inf", "1e9"] {
            assert!(Pace::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_whole_replay_takes_about_as_long_whatever_its_steps() {
        assert_eq!(Pace::Whole.step(50) * 50, WHOLE);
        assert_eq!(Pace::Whole.step(2), STEP.1);
        assert_eq!(Pace::Whole.step(100_000), STEP.0);
    }
}
