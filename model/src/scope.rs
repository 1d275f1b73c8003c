//! How much of the world a check looks at: parties, rules, wishes, and how often something goes wrong.

use detente_record::Class;

use crate::founding::Rules;
use crate::station::Deceit;
use crate::wish::Wish;

/// Which protocol is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// How books travel: steps, heads, `have`, receipts.
    Mirrors,
    /// Suspension, resumption, what passes.
    Standing,
    /// Motions, votes, decisions, the memorandum in force.
    Motions,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mirrors, Self::Standing, Self::Motions];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mirrors => "mirrors",
            Self::Standing => "standing",
            Self::Motions => "motions",
        }
    }
}

/// How often at most something goes wrong, or the clock goes on in the midst.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Stations that die.
    pub crashes: u8,
    /// What is lost.
    pub losses: u8,
    /// What arrives twice.
    pub repeats: u8,
    /// What is overtaken.
    pub overtakings: u8,
    /// How often time goes on.
    pub ticks: u8,
}

/// What a check looks at.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Which protocol.
    pub subject: Subject,
    /// What it is called.
    pub name: &'static str,
    /// The line's rules.
    pub rules: Rules,
    /// The rules that it is held to: the same, but in checks that have to fail.
    pub held_to: Rules,
    /// What officers ask for, by party, each once and in any order.
    pub wishes: Vec<(u8, Wish)>,
    /// What goes wrong.
    pub faults: Faults,
    /// Whose stations may die.
    pub mortal: Vec<u8>,
    /// Whether every frame travels by itself; else all that the core hands over at once arrives, or is lost, together.
    pub apart: bool,
    /// Whether time may go on while something is on its way.
    pub restless: bool,
    /// Who is false, and how; nobody, but in checks that have to fail.
    pub deceits: Vec<(u8, Deceit)>,
}

const REOPENING: [(u8, Wish); 4] =
    [(0, Wish::Suspend), (1, Wish::MoveToReopen), (0, Wish::Vote { is_for: true }), (0, Wish::Resume)];

fn rules(parties: u8, threshold: u8) -> Rules {
    Rules { parties, threshold, veto: Vec::new(), consent: true, passes: Vec::new() }
}

impl Scope {
    fn of(subject: Subject, name: &'static str, rules: Rules, wishes: &[(u8, Wish)], faults: Faults) -> Self {
        Self {
            subject,
            name,
            held_to: rules.clone(),
            mortal: (0..rules.parties).collect(),
            rules,
            wishes: wishes.to_vec(),
            faults,
            apart: false,
            restless: false,
            deceits: Vec::new(),
        }
    }

    /// What is checked every time.
    pub fn small(subject: Subject) -> Vec<Self> {
        let none = Faults::default();
        match subject {
            Subject::Mirrors => {
                let say = [(0, Wish::Say(Class::R))];
                let crash = Faults { crashes: 1, ticks: 1, ..none.clone() };
                let loss = Faults { losses: 1, repeats: 1, overtakings: 1, ticks: 1, ..none };
                vec![
                    Self::of(subject, "two parties, one message, one crash", rules(2, 2), &say, crash),
                    Self {
                        apart: true,
                        ..Self::of(
                            subject,
                            "two parties, one message, a bad circuit",
                            rules(2, 2),
                            &say,
                            loss,
                        )
                    },
                ]
            }
            Subject::Standing => {
                let cross = [(0, Wish::Suspend), (1, Wish::Say(Class::R)), (1, Wish::Cease)];
                let crash = Faults { crashes: 1, ..none.clone() };
                vec![
                    Self::of(
                        subject,
                        "two parties, a suspension and what crosses it",
                        rules(2, 2),
                        &cross,
                        none.clone(),
                    ),
                    Self {
                        mortal: vec![1],
                        ..Self::of(
                            subject,
                            "two parties, a suspension and a crash",
                            rules(2, 2),
                            &cross[..1],
                            crash,
                        )
                    },
                    Self::of(subject, "two parties, reopening by consent", rules(2, 2), &REOPENING, none),
                ]
            }
            Subject::Motions => {
                let votes = [
                    (1, Wish::MoveToAmend { depositary: 1 }),
                    (0, Wish::Vote { is_for: true }),
                    (0, Wish::Vote { is_for: false }),
                ];
                vec![Self::of(subject, "two parties, another depositary", rules(2, 2), &votes, none)]
            }
        }
    }
}
