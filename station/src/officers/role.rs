//! What an officer may do, by role.

use std::fmt;

/// A role at a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Holds the watch: messages, acknowledgements, notices.
    WatchOfficer,
    /// Speaks for the party: everything that a watch officer does, and its acts.
    Supervisor,
    /// Plans, and gives notice of plans.
    Planner,
    /// Reads.
    Observer,
    /// Admits officers, and says nothing on a line.
    Administrator,
}

/// Something that a caller may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read a line.
    Read,
    /// Keep own plans, and hold files to what is in force.
    Plan,
    /// Give notice of what will happen where and when.
    Notify,
    /// Say something on a line.
    Write,
    /// Say something that binds the party: acts, positions, disclosures; and work its circuits and keys.
    Act,
    /// Admit officers, and read what they did.
    Administer,
}

impl Role {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::WatchOfficer, Self::Supervisor, Self::Planner, Self::Observer, Self::Administrator];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::WatchOfficer => "watch-officer",
            Self::Supervisor => "supervisor",
            Self::Planner => "planner",
            Self::Observer => "observer",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether it has a right.
    pub fn has(self, right: Right) -> bool {
        match self {
            Self::WatchOfficer => !matches!(right, Right::Act | Right::Administer),
            Self::Supervisor => right != Right::Administer,
            Self::Planner => matches!(right, Right::Read | Right::Plan | Right::Notify),
            Self::Observer => right == Right::Read,
            Self::Administrator => matches!(right, Right::Read | Right::Administer),
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read the line",
            Self::Plan => "keep plans",
            Self::Notify => "give notice",
            Self::Write => "write on the line",
            Self::Act => "bind the party",
            Self::Administer => "admit officers",
        })
    }
}

/// What it takes to write an entry of a kind.
pub fn right_to_write(kind: &str) -> Right {
    match kind {
        "notice" | "conflict" => Right::Notify,
        "message" | "amendment" | "withdrawal" | "acknowledgement" | "read-back" | "passed-on" | "cease"
        | "displayed" | "duty" => Right::Write,
        // Also what is not known: it is refused as such to whoever may.
        _ => Right::Act,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_who_administers_speaks_and_nobody_who_speaks_administers() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
            assert!(!(role.has(Right::Write) && role.has(Right::Administer)), "{role:?}");
            assert!(role.has(Right::Read), "{role:?}");
        }
        assert!(!Role::WatchOfficer.has(right_to_write("suspends")));
        assert!(Role::Supervisor.has(right_to_write("suspends")));
        assert!(Role::WatchOfficer.has(right_to_write("cease")));
        assert!(Role::Planner.has(right_to_write("notice")) && !Role::Planner.has(right_to_write("message")));
    }
}
