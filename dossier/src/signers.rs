//! Whose signatures count in a dossier: the keys of its memoranda, and nobody else's (spec/dossier.md §4).

use detente_record::dossier::{Head, Signer};
use detente_record::note::{COSIGNATURE, ED25519, Note, key_id};
use detente_record::tlog_proof::Keys;
use detente_record::{Book, Fault, Party, PublicKey, Receipt, VerifierKey, receipt_name, seal_name};

use crate::memoranda::Memoranda;

/// The keys of the memoranda, as notes are held to them.
#[derive(Debug)]
pub struct Signers<'m> {
    memoranda: &'m Memoranda,
    /// Of every party, ascending, and of one whose keys were renewed ascending by rank.
    receipts: Vec<(Party, PublicKey)>,
    /// In the memoranda's order.
    witnesses: Vec<VerifierKey>,
}

/// A note that was held to keys.
#[derive(Debug)]
pub struct Read {
    /// What holds.
    pub head: Head,
    /// Whose receipts are under keys that were renewed since.
    pub renewed: Vec<Party>,
    /// The names of the signature lines that none of the keys accounts for.
    pub unread: Vec<String>,
}

/// The key of a book.
///
/// # Errors
/// `Malformed` for a book of nobody's, and of a rank that no renewal here brought.
pub fn book_key(memoranda: &Memoranda, book: Book) -> Result<&PublicKey, Fault> {
    memoranda.book_key(book).ok_or_else(|| {
        if memoranda.member(book.party).is_none() {
            return Fault::malformed("party", "one of the memoranda", book.party.number().to_string());
        }
        let expected = "books of the keys that memoranda name, and of those in renewals.txt";
        Fault::malformed("book", expected, book.text(&memoranda.name_of(book.party)))
    })
}

/// The witnesses of the memoranda, in their order.
pub fn witnesses(memoranda: &Memoranda) -> Vec<VerifierKey> {
    let named = memoranda.witnesses().iter();
    // Keys of a memorandum are sound: it does not exist otherwise.
    let key = |witness: &detente_line::Witness| {
        let key = PublicKey::new(witness.key).ok()?;
        Some(VerifierKey { name: witness.name.clone(), signature_type: COSIGNATURE, key })
    };
    named.filter_map(key).collect()
}

/// What people call a signer: a party by its short name, a witness by the name of its key.
pub fn name(memoranda: &Memoranda, signer: Signer) -> String {
    match signer {
        Signer::Party(party) => memoranda.name_of(party),
        Signer::Witness(place) => {
            let witness = memoranda.witnesses().get(usize::from(place));
            witness.map_or_else(|| format!("witness {place}"), |witness| witness.name.clone())
        }
    }
}

impl<'m> Signers<'m> {
    /// Those of the memoranda.
    pub fn of(memoranda: &'m Memoranda) -> Self {
        let keys = |party: Party| memoranda.receipt_keys(party).map(move |key| (party, key.clone()));
        let receipts = memoranda.parties().flat_map(keys).collect();
        Self { memoranda, receipts, witnesses: witnesses(memoranda) }
    }

    fn keys(&self, book: Book) -> Result<Keys<'_>, Fault> {
        let (author, seal) = (book_key(self.memoranda, book)?, self.memoranda.seal_key(book.party));
        Ok(Keys { author, receipts: &self.receipts, seal })
    }

    /// Whether a receipt that holds is under a key which its party has renewed since.
    fn is_renewed(&self, head: &Head, receipt: &Receipt) -> bool {
        let mut keys = self.receipts.iter().filter(|(party, _)| *party == receipt.party);
        let (first, last) = (keys.next(), keys.next_back());
        let root = &head.checkpoint.checkpoint.root;
        first.is_some()
            && last.is_some_and(|(_, key)| receipt.verify(root, &self.memoranda.line(), key).is_err())
    }

    /// A head as a note: the author's signature, the receipts, the cosignatures, the seal.
    ///
    /// # Errors
    /// `Misuse` for a signature of somebody who is not in the memoranda, or over another size.
    pub fn note(&self, head: &Head) -> Result<String, Fault> {
        let keys = self.keys(head.checkpoint.checkpoint.book)?;
        head.note(&self.memoranda.line(), &keys, &self.witnesses)
    }

    /// Holds a note to these keys.
    ///
    /// # Errors
    /// `Misbehaved` when a signature of these keys does not hold; `Malformed` for what is no checkpoint, and when the lines
    /// of these keys do not come first, each once, in their order.
    pub fn read(&self, text: &str, book: Book) -> Result<Read, Fault> {
        let (line, keys) = (self.memoranda.line(), self.keys(book)?);
        let note = Note::parse(text.as_bytes())?;
        let head = Head::verify(&note, &line, book, &keys, &self.witnesses)?;
        let known = 1 + head.receipts.len() + head.cosignatures.len() + usize::from(head.seal.is_some());
        let is_ours = |name: &str, id: [u8; 4]| {
            (name == book.origin(&line) && id == key_id(name, ED25519, keys.author))
                || keys.seal.is_some_and(|key| name == seal_name(&line, book.party) && id == key.id(name))
                || self.receipts.iter().any(|(party, key)| {
                    name == receipt_name(&line, *party) && id == key_id(name, COSIGNATURE, key)
                })
                || self
                    .witnesses
                    .iter()
                    .any(|witness| name == witness.name && id == key_id(name, COSIGNATURE, &witness.key))
        };
        let rest = note.signatures.get(known..).unwrap_or_default();
        let in_order = text.starts_with(&head.note(&line, &keys, &self.witnesses)?)
            && !rest.iter().any(|other| is_ours(other.name, other.key_id));
        if !in_order {
            let expected = "the author's, receipts by party, cosignatures by witness, the seal, each once, then any others";
            return Err(Fault::malformed("signatures of a checkpoint", expected, "another order"));
        }
        let unread = rest.iter().map(|other| other.name.to_owned()).collect();
        let renewed = head.receipts.iter().filter(|receipt| self.is_renewed(&head, receipt));
        Ok(Read { renewed: renewed.map(|receipt| receipt.party).collect(), head, unread })
    }
}
