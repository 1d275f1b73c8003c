//! What officers ask for in a check: a small set, each once.

use detente_line::{Choice, Content, Draft, Line, Matter, Memorandum, Message};
use detente_record::Class;

use detente_line::airspace::position::Position;

/// How long a motion is open, ms.
pub(crate) const OPEN_MS: u64 = 60_000;

/// Something that an officer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wish {
    /// To say something, in a class.
    Say(Class),
    /// To suspend, for every kind.
    Suspend,
    /// To resume, by the consent that is held if there is one.
    Resume,
    /// To say "stop: you are hitting us".
    Cease,
    /// To move that a suspension be ended.
    MoveToReopen,
    /// To move a resolution.
    MoveToResolve,
    /// To move a memorandum by which another party is the depositary.
    MoveToAmend {
        /// Who.
        depositary: u8,
    },
    /// To vote on the first open motion.
    Vote {
        /// For, or else against.
        is_for: bool,
    },
}

impl Wish {
    /// As the core takes it; `None` while there is nothing that it could be about.
    pub(crate) fn draft(self, line: &Line, now_ms: u64) -> Option<Draft> {
        let mut regards = Vec::new();
        let closes_ms = now_ms + OPEN_MS;
        let (class, content) = match self {
            Self::Say(class) => {
                (class, Content::Message(Message { text: "good morning".into(), ..Message::default() }))
            }
            Self::Suspend => {
                let reason = "the strike".into();
                (Class::A, Content::Suspends { scope: Vec::new(), effective_ms: 0, reason })
            }
            Self::Resume => {
                let suspension = line.last_suspension(line.party())?.act;
                regards.push(suspension);
                (Class::A, Content::Resumes { effective_ms: 0, decision: line.consent(suspension) })
            }
            Self::Cease => (Class::Z, Content::Cease { position: Position { lat: 1, lon: 1 }, text: None }),
            Self::MoveToReopen => {
                let mut parties = line.memorandum().parties();
                regards.push(parties.find_map(|party| line.last_suspension(party))?.act);
                (Class::A, Content::Motion { matter: Matter::Reopen, text: "to reopen".into(), closes_ms })
            }
            Self::MoveToResolve => (
                Class::A,
                Content::Motion { matter: Matter::Resolve, text: "that it was so".into(), closes_ms },
            ),
            Self::MoveToAmend { depositary } => {
                let mut terms = line.memorandum().terms().clone();
                terms.predecessor = Some(line.memorandum().hash());
                terms.depositary = depositary;
                let matter = Matter::Amend(Memorandum::check(terms).ok()?.into());
                (Class::A, Content::Motion { matter, text: "another depositary".into(), closes_ms })
            }
            Self::Vote { is_for } => {
                regards.push(line.open_motions().first()?.act);
                let choice = if is_for { Choice::For } else { Choice::Against };
                (Class::A, Content::Vote { choice, text: None })
            }
        };
        Some(Draft { regards, ..Draft::of(Some(class), content) })
    }
}
