//! Whose signatures count in a dossier: the keys of its memoranda, and nobody else's (spec/dossier.md §4).

use detente_record::dossier::{Head, Signer};
use detente_record::note::{COSIGNATURE, ED25519, Note, key_id};
use detente_record::tlog_proof::Keys;
use detente_record::{Book, Fault, Party, PublicKey, VerifierKey, receipt_name};

use crate::memoranda::Memoranda;

/// The keys of the memoranda, as notes are held to them.
#[derive(Debug)]
pub struct Signers<'m> {
    memoranda: &'m Memoranda,
    /// Of every party, ascending.
    receipts: Vec<(Party, PublicKey)>,
    /// In the memoranda's order.
    witnesses: Vec<VerifierKey>,
}

/// The book key of a party.
///
/// # Errors
/// `Malformed` for somebody who is no party.
pub fn book_key(memoranda: &Memoranda, party: Party) -> Result<&PublicKey, Fault> {
    memoranda
        .book_key(party)
        .ok_or_else(|| Fault::malformed("party", "one of the memoranda", party.number().to_string()))
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
        let key = |party: Party| Some((party, memoranda.receipt_key(party)?.clone()));
        let receipts = memoranda.parties().filter_map(key).collect();
        Self { memoranda, receipts, witnesses: witnesses(memoranda) }
    }

    fn keys(&self, book: Book) -> Result<Keys<'_>, Fault> {
        Ok(Keys { author: book_key(self.memoranda, book.party)?, receipts: &self.receipts })
    }

    /// A head as a note: the author's signature, the receipts, the cosignatures.
    ///
    /// # Errors
    /// `Misuse` for a signature of somebody who is not in the memoranda, or over another size.
    pub fn note(&self, head: &Head) -> Result<String, Fault> {
        let keys = self.keys(head.checkpoint.checkpoint.book)?;
        head.note(&self.memoranda.line(), &keys, &self.witnesses)
    }

    /// Holds a note to these keys; gives the head, and the names of the signature lines that none of them accounts for.
    ///
    /// # Errors
    /// `Misbehaved` when a signature of these keys does not hold; `Malformed` for what is no checkpoint, and when the lines
    /// of these keys do not come first, each once, in their order.
    pub fn read(&self, text: &str, book: Book) -> Result<(Head, Vec<String>), Fault> {
        let (line, keys) = (self.memoranda.line(), self.keys(book)?);
        let note = Note::parse(text.as_bytes())?;
        let head = Head::verify(&note, &line, book, &keys, &self.witnesses)?;
        let known = 1 + head.receipts.len() + head.cosignatures.len();
        let is_ours = |name: &str, id: [u8; 4]| {
            (name == book.origin(&line) && id == key_id(name, ED25519, keys.author))
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
            let expected =
                "the author's, receipts by party, cosignatures by witness, each once, then any others";
            return Err(Fault::malformed("signatures of a checkpoint", expected, "another order"));
        }
        Ok((head, rest.iter().map(|other| other.name.to_owned()).collect()))
    }
}
