//! `send` and `cease`: something new on the line.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use detente_station::Home;

use crate::attachment::Attaching;
use crate::draft::{Draft, MAX_TEXT, Writing, entry_name, held_text};
use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::precedence::Precedence;
use crate::time::When;
use crate::words::told_back;

/// What `send` takes.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// How soon it is to be handled: flash (Z), immediate (O), priority (P) or routine (R); routine, or that of
    /// the first entry regarded, if not given
    #[arg(long, short, value_enum, ignore_case = true, hide_possible_values = true)]
    precedence: Option<Precedence>,
    /// An entry that it is about, such as rus/Z/2; may be given several times
    #[arg(long = "regarding", value_name = "REF", value_parser = entry_name)]
    regards: Vec<String>,
    /// Lives depend on it: FLASH only, and it passes while the line is suspended
    #[arg(long)]
    safety_of_life: bool,
    /// When an answer is needed by: 2017-04-06T22:40Z, 062240ZAPR17 or +2h
    #[arg(long, value_name = "TIME")]
    reply_by: Option<When>,
    /// A file that holds the text
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// The text, or - for standard input: at most 12,000 bytes
    #[arg(required_unless_present = "file")]
    text: Option<String>,
    #[command(flatten)]
    attaching: Attaching,
    #[command(flatten)]
    writing: Writing,
}

/// What `cease` takes.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct Cease {
    /// Where: 35.1234,40.5678 (latitude first) or "35°20'10\"N 040°05'00\"E"
    #[arg(allow_hyphen_values = true)]
    position: Place,
    /// What is happening there
    #[arg(value_parser = held_text)]
    text: Option<String>,
    /// An entry that it is about; may be given several times
    #[arg(long = "regarding", value_name = "REF", value_parser = entry_name)]
    regards: Vec<String>,
    #[command(flatten)]
    writing: Writing,
}

/// Sends a message.
///
/// # Errors
/// When the text cannot be had or carried, and as [`Writing::write`].
pub(crate) async fn send(asked: &Send, home: &Home, out: &Output) -> Result<(), Failure> {
    let text = asked.text()?;
    if asked.safety_of_life && asked.precedence.is_some_and(|precedence| precedence != Precedence::Flash) {
        let found = asked.precedence.map(Precedence::prosign).unwrap_or_default();
        return Err(Failure::misuse(
            "precedence",
            "Z, with --safety-of-life",
            found,
            "send it as FLASH, or without the flag",
        ));
    }
    // Only FLASH can carry the flag, so the flag alone says FLASH.
    let precedence = asked.precedence.or(asked.safety_of_life.then_some(Precedence::Flash));
    let desk = asked.writing.open(home).await?;
    let attachments = asked.attaching.bring(desk.on(), out).await?;
    let draft = Draft::of("message")
        .with("text", text)
        .with_any("attachments", attachments)
        .with_any("precedence", precedence.map(Precedence::prosign))
        .with_flag("safety_of_life", asked.safety_of_life)
        .with_any("reply_by_ms", desk.time(out, &out.t("label-reply-by"), asked.reply_by))
        .regarding(&asked.regards);
    desk.write(out, draft).await
}

/// Sends a FLASH to stop what is happening at a position.
///
/// # Errors
/// As [`Writing::write`].
pub(crate) async fn cease(asked: &Cease, home: &Home, out: &Output) -> Result<(), Failure> {
    told_back(out, asked.position);
    let draft = Draft::of("cease")
        .with("position", asked.position.json())
        .with_any("text", asked.text.as_deref())
        .regarding(&asked.regards);
    asked.writing.write(home, out, draft).await
}

impl Send {
    fn text(&self) -> Result<String, Failure> {
        let (text, what) = match (&self.file, self.text.as_deref()) {
            (Some(path), _) => (read_file(path)?, path.display().to_string()),
            (None, Some("-")) => (read(io::stdin().lock(), "standard input")?, "standard input".into()),
            (None, Some(text)) => (text.to_owned(), "text".into()),
            (None, None) => (String::new(), "text".into()),
        };
        match text.len() {
            0 => Err(empty(&what)),
            _ if text.trim().is_empty() => Err(empty(&what)),
            length if length > MAX_TEXT => Err(too_long(&what, &length.to_string())),
            _ => Ok(text),
        }
    }
}

fn empty(what: &str) -> Failure {
    Failure::misuse(what, "1 to 12,000 bytes of text", "nothing but blanks", "say what is to be said")
}

fn too_long(what: &str, found: &str) -> Failure {
    let hint = "send it in parts, each --regarding the one before";
    Failure::misuse(what, "1 to 12,000 bytes of text", found, hint)
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|cause| {
        Failure::misuse(&name, "a file with the text", cause.to_string(), "check the path")
    })?;
    read(file, &name)
}

/// Reads a text to its end, or to where it is too long. The new line that ends a file is not of its text.
fn read(source: impl Read, what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // Two more than a text: the new line at its end, and one byte that says that it is too long.
    let most = MAX_TEXT as u64 + 2;
    source.take(most).read_to_end(&mut bytes).map_err(|cause| {
        Failure::failed(
            "Station",
            what,
            "a text that can be read",
            cause.to_string(),
            "check where the text comes from",
        )
    })?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.len() > MAX_TEXT {
        return Err(too_long(what, "more"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let found = format!("another byte at place {}", error.utf8_error().valid_up_to() + 1);
        Failure::misuse(what, "text in UTF-8", found, "convert it to UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_no_further_than_it_may_go() {
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(b'x');
                self.0 += buffer.len() as u64;
                assert!(self.0 < 1 << 20, "it reads on");
                Ok(buffer.len())
            }
        }
        assert!(read(Endless(0), "it").is_err());
    }

    #[test]
    fn a_text_may_be_as_long_as_an_entry_carries() {
        let of = |length: usize, end: &str| read(format!("{}{end}", "x".repeat(length)).as_bytes(), "it");
        assert_eq!(of(MAX_TEXT, "").unwrap().len(), MAX_TEXT);
        assert_eq!(of(MAX_TEXT, "\n").unwrap().len(), MAX_TEXT);
        assert!(
            of(MAX_TEXT + 1, "").is_err() && of(MAX_TEXT + 1, "\n").is_err() && of(MAX_TEXT, "\n\n").is_err()
        );
        assert!(read(&b"a\xff"[..], "it").is_err_and(|error| error.to_string().contains("place 2")));
    }
}
