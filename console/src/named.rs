//! What the names of the protocol are called in a language: kinds, precedences, fields, and what fields may say.
//!
//! A name that is not known is said as it is: a later version may have made it.

use crate::words::Words;

/// The word of a kind of entry.
pub fn kind(words: &Words, kind: &str) -> String {
    match kind {
        "message" => words.t("kind-message"),
        "amendment" => words.t("kind-amendment"),
        "withdrawal" => words.t("kind-withdrawal"),
        "acknowledgement" => words.t("kind-acknowledgement"),
        "read-back" => words.t("kind-read-back"),
        "passed-on" => words.t("kind-passed-on"),
        "cease" => words.t("kind-cease"),
        "notice" => words.t("kind-notice"),
        "conflict" => words.t("kind-conflict"),
        "position" => words.t("kind-position"),
        "suspends" => words.t("kind-suspends"),
        "resumes" => words.t("kind-resumes"),
        "motion" => words.t("kind-motion"),
        "vote" => words.t("kind-vote"),
        "decide" => words.t("kind-decision"),
        "displayed" => words.t("kind-displayed"),
        "escalated" => words.t("kind-escalated"),
        "test" => words.t("kind-test"),
        "test-answer" => words.t("kind-test-answer"),
        "missed" => words.t("kind-missed"),
        "duty" => words.t("kind-duty"),
        "finding" => words.t("kind-finding"),
        "discloses" => words.t("kind-discloses"),
        "opens" => words.t("kind-opens"),
        "leaves" => words.t("kind-leaves"),
        "holds" => words.t("kind-holds"),
        "seals" => words.t("kind-seals"),
        other => other.to_owned(),
    }
}

/// The word of a precedence, or of the book of acts, by its letter.
pub fn precedence(words: &Words, class: char) -> String {
    match class {
        'Z' => words.t("precedence-z"),
        'O' => words.t("precedence-o"),
        'P' => words.t("precedence-p"),
        'R' => words.t("precedence-r"),
        _ => words.t("precedence-a"),
    }
}

/// What a party holds of something that was said.
pub fn stance(words: &Words, stance: &str) -> String {
    match stance {
        "affirms" => words.t("stance-affirms"),
        "disputes" => words.t("stance-disputes"),
        "corrects" => words.t("stance-corrects"),
        _ => words.t("stance-withdraws"),
    }
}

/// How a party votes.
pub fn vote(words: &Words, choice: &str) -> String {
    match choice {
        "for" => words.t("vote-for"),
        "against" => words.t("vote-against"),
        _ => words.t("vote-abstain"),
    }
}

/// What became of a motion.
pub fn outcome(words: &Words, outcome: &str) -> String {
    match outcome {
        "carried" => words.t("outcome-carried"),
        "defeated" => words.t("outcome-defeated"),
        "lapsed" => words.t("outcome-lapsed"),
        _ => words.t("outcome-overtaken"),
    }
}

/// What is moved.
pub fn matter(words: &Words, matter: &str) -> String {
    match matter {
        "reopen" => words.t("matter-reopen"),
        "amend" => words.t("matter-amend"),
        "found" => words.t("matter-found"),
        _ => words.t("matter-resolve"),
    }
}

/// How near two come to each other.
pub fn verdict(words: &Words, verdict: &str) -> String {
    match verdict {
        "conflict" => words.t("map-conflict"),
        "within-separation" => words.t("map-within"),
        "clear" => words.t("verdict-clear"),
        other => other.to_owned(),
    }
}

/// Whether a party's watch is held.
pub fn duty(words: &Words, state: &str) -> String {
    match state {
        "on" => words.t("officer-present"),
        "off" => words.t("watch-is-not-held"),
        "handover" => words.t("handover"),
        other => other.to_owned(),
    }
}

/// A word that a field of a notice may say.
pub fn choice(words: &Words, choice: &str) -> String {
    match choice {
        "facility" => words.t("choice-facility"),
        "critical-infrastructure" => words.t("choice-critical-infrastructure"),
        "unverified" => words.t("choice-unverified"),
        "self-reported" => words.t("choice-self-reported"),
        "verified" => words.t("choice-verified"),
        "yes" => words.t("yes"),
        "no" => words.t("no"),
        other => other.to_owned(),
    }
}

/// A field of a notice.
pub fn field(words: &Words, field: &str) -> String {
    let name = match field {
        "serial" => "field-serial",
        "forces" => "field-forces",
        "activity-class" => "field-activity-class",
        "response" => "field-response",
        "reply-by" => "field-reply-by",
        "organisation" => "field-organisation",
        "name" => "field-name",
        "name-other-script" => "field-name-other-script",
        "function" => "field-function",
        "facility-class" => "field-facility-class",
        "accuracy" => "field-accuracy",
        "verification" => "field-verification",
        "verified-by" => "field-verified-by",
        "verified-how" => "field-verified-how",
        "verified-at" => "field-verified-at",
        "markings" => "field-markings",
        "contact" => "field-contact",
        "review" => "field-review",
        "purpose" => "field-purpose",
        "vehicles" => "field-vehicles",
        "headcount" => "field-headcount",
        "escorted" => "field-escorted",
        "convoy-contact" => "field-convoy-contact",
        "abort-contact" => "field-abort-contact",
        other => return other.to_owned(),
    };
    words.t(name)
}
