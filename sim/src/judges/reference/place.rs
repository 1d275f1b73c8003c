//! Which books a kind may be in, and what it may regard.

use detente_line::{Content, Matter};
use detente_record::{Book, Class, EntryRef};

/// Spec/line.md §4: the books that a kind may be in, and what it may regard, as far as names show it.
pub(super) fn allows(content: &Content, book: Book, regards: &[EntryRef]) -> bool {
    use Class::{A, O, P, R, Z};
    let life = matches!(content, Content::Message(message) if message.safety_of_life == Some(true));
    let kind = content.kind();
    let books: &[Class] = match kind {
        1 if life => &[Z],
        1..=6 | 9 | 14..=16 => &[Z, O, P, R],
        17 => &[O, P, R],
        18 => &[P, R],
        7 => &[Z],
        8 => &[Z, O],
        10..=13 => &[P],
        64 => &[Z, A, O, P, R],
        65..=70 => &[A],
        80 | 81 => &[R],
        0..64 => &[Z, O, P, R],
        _ => &[A],
    };
    let one = |wanted: &dyn Fn(&EntryRef) -> bool| matches!(regards, [subject] if wanted(subject));
    let own = |subject: &EntryRef| subject.book.party == book.party;
    let regarded = match kind {
        2 | 3 => one(&|subject| own(subject) && subject.book.class != A),
        4..=6 => one(&|subject| {
            let class = if subject.book.class == A { O } else { subject.book.class };
            !own(subject) && class == book.class
        }),
        8 | 9 => one(&|subject| !own(subject) && subject.book.class == book.class),
        10 | 12 | 13 | 18 | 64 | 65 | 70 | 80 | 81 => regards.is_empty(),
        11 => one(&|subject| !own(subject) && subject.book.class == P),
        66 => one(&|subject| own(subject) && subject.book.class == A),
        67 if !matches!(content, Content::Motion { matter: Matter::Reopen, .. }) => true,
        67..=69 => one(&|subject| subject.book.class == A),
        15 => one(&|subject| !own(subject)),
        16 => !regards.is_empty(),
        _ => true,
    };
    let seals_own =
        !matches!(content, Content::Seals(sealed) if sealed.signed.checkpoint.book.party != book.party);
    books.contains(&book.class) && regarded && seals_own
}
