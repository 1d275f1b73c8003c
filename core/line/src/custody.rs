//! Custody: which entries name a blob, and which parties say on the record that they hold it (spec/blobs.md §4).
//!
//! A fold under a cut like the others: what the cut does not cover does not count, so equal cuts give every side the same
//! answer, in whatever order entries came. Whoever names a blob says thereby that it holds it; a `holds` says so of hashes.
//! A word is a word: that the bytes are there, only they can show.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use detente_record::{Blob, Cut, EntryRef, Hash, Party};

use crate::attachment::Attachment;
use crate::kind::Content;
use crate::snapshot::keep;

/// What the record says of blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custody {
    /// The entries that name each blob.
    named: BTreeMap<Blob, BTreeSet<EntryRef>>,
    /// The entries that say that their author holds what has a hash.
    held: BTreeMap<Hash, BTreeSet<EntryRef>>,
}

keep!(Blob { hash, size, root });
keep!(Custody { named, held });

fn covers(cut: &Cut, entry: EntryRef) -> bool {
    cut.get(&entry.book).is_some_and(|size| *size >= entry.number)
}

impl Custody {
    /// Takes a sound entry in.
    pub fn admit(&mut self, name: EntryRef, content: &Content) {
        for attachment in content.attachments() {
            self.named.entry(attachment.blob()).or_default().insert(name);
        }
        if let Content::Holds { hashes } = content {
            for hash in hashes {
                self.held.entry(*hash).or_default().insert(name);
            }
        }
    }

    /// Every blob that some entry names, ascending.
    pub fn blobs(&self) -> impl Iterator<Item = Blob> + '_ {
        self.named.keys().copied()
    }

    /// Whether some entry names a blob.
    pub fn names(&self, blob: &Blob) -> bool {
        self.named.contains_key(blob)
    }

    /// The entries under a cut that name a blob, ascending.
    pub fn named_by(&self, blob: &Blob, cut: &Cut) -> Vec<EntryRef> {
        let entries = self.named.get(blob).into_iter().flatten();
        entries.copied().filter(|entry| covers(cut, *entry)).collect()
    }

    /// For each party that says under a cut that it holds a blob, the first entry of its that does; an entry that names
    /// the blob does.
    pub fn holders(&self, blob: &Blob, cut: &Cut) -> BTreeMap<Party, EntryRef> {
        let held = self.held.get(&blob.hash).into_iter().flatten();
        let named = self.named.get(blob).into_iter().flatten();
        let mut holders: BTreeMap<Party, EntryRef> = BTreeMap::new();
        // Those that name it last: that word is the earlier one.
        for entry in held.rev().chain(named.rev()).filter(|entry| covers(cut, **entry)) {
            holders.insert(entry.book.party, *entry);
        }
        holders
    }

    /// Whether a party says anywhere that it holds a blob.
    pub fn is_held_by(&self, blob: &Blob, party: Party) -> bool {
        let held = self.held.get(&blob.hash).into_iter().flatten();
        held.chain(self.named.get(blob).into_iter().flatten()).any(|entry| entry.book.party == party)
    }

    /// Who named a blob first, by the order of parties and books.
    pub(crate) fn adder(&self, blob: &Blob) -> Option<Party> {
        self.named.get(blob)?.first().map(|entry| entry.book.party)
    }
}

impl Content {
    /// What goes with it, in its author's order.
    pub fn attachments(&self) -> &[Attachment] {
        match self {
            Self::Message(message) => message.attachments.as_deref().unwrap_or_default(),
            Self::Position { attachments, .. } => attachments.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
    use alloc::vec;

    use detente_record::{Book, Class};

    use super::*;
    use crate::kind::Message;

    #[test]
    fn equal_cuts_say_the_same_whatever_came_first() {
        let book = |party, class| Book { generation: 0, party: Party::new(party).unwrap(), class };
        let (usa, rus, un) = (book(0, Class::P), book(1, Class::R), book(2, Class::R));
        let attachment = Attachment {
            hash: [7; 32],
            size: 9,
            name: "map.png".into(),
            media_type: "image/png".into(),
            root: [8; 32],
        };
        let blob = attachment.blob();
        let naming = Content::Message(Message {
            text: "Map.".into(),
            attachments: Some(vec![attachment]),
            ..Message::default()
        });
        let holds = Content::Holds { hashes: vec![[7; 32]] };
        let at = |book, number| EntryRef { book, number };
        let said = [(at(usa, 3), &naming), (at(rus, 5), &holds), (at(un, 1), &holds), (at(un, 2), &holds)];
        let (mut forth, mut back) = (Custody::default(), Custody::default());
        for (name, content) in said {
            forth.admit(name, content);
        }
        for (name, content) in said.into_iter().rev() {
            back.admit(name, content);
        }
        assert_eq!(forth, back);
        let cut = |sizes: &[(Book, u64)]| sizes.iter().copied().collect::<Cut>();
        let early = cut(&[(usa, 3), (rus, 4), (un, 2)]);
        assert_eq!(forth.named_by(&blob, &early), [at(usa, 3)]);
        let holders = [(usa.party, at(usa, 3)), (un.party, at(un, 1))];
        assert_eq!(forth.holders(&blob, &early), holders.into_iter().collect());
        assert_eq!(forth.holders(&blob, &cut(&[(usa, 2)])), BTreeMap::new());
        let other = Blob { root: [9; 32], ..blob };
        assert!(!forth.names(&other) && forth.names(&blob));
    }
}
