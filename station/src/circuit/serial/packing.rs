//! Packing with the dictionary that is shipped with the protocol (spec/serial.md §5.2).
//!
//! Promises that nothing is unpacked beyond the length that was declared, and that each string is packed by itself.

use std::sync::LazyLock;

use detente_record::Hash;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Dictionary 1.
const BYTES: &[u8] = include_bytes!("../../../../spec/serial-1.zdict");
/// SHA-256 of dictionary 1, by which a memorandum names it.
pub const DICTIONARY: Hash = [
    0x3a, 0xd4, 0xb1, 0xd2, 0xcf, 0x16, 0xcc, 0x1b, 0x3a, 0xab, 0xb4, 0xd6, 0x9d, 0x4f, 0x2c, 0x4d, 0xe1,
    0xc6, 0xd1, 0x9d, 0xfc, 0x2b, 0x5a, 0x20, 0x26, 0xf9, 0x8a, 0xfa, 0xaf, 0xbf, 0xb4, 0xc6,
];
/// How hard the library tries. Bodies are short, and lines slow.
const LEVEL: i32 = 19;

/// What a frame of Zstandard begins with (RFC 8878 §3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Its header: a single segment, whose length is said in four bytes.
const SINGLE_SEGMENT: u8 = 0xa0;
/// The first bits of a block: the last one, and a compressed one.
const LAST_COMPRESSED: u32 = 5;

static PACKS: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(BYTES, LEVEL));
static UNPACKS: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(BYTES));

/// The content of the one block that says these bytes; `None` where they cannot be said so.
pub(super) fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packer = Compressor::with_prepared_dictionary(&PACKS).ok()?;
    packer.include_checksum(false).ok()?;
    packer.include_dictid(false).ok()?;
    packer.include_contentsize(true).ok()?;
    let frame = packer.compress(bytes).ok()?;
    let (&descriptor, behind) = frame.strip_prefix(&MAGIC)?.split_first()?;
    // A single segment without a dictionary's name or checksum; its length in one, two, four or eight bytes.
    if descriptor & 0x3f != 0x20 {
        return None;
    }
    let (head, content) = behind.get(1_usize << (descriptor >> 6)..)?.split_first_chunk::<3>()?;
    let [a, b, c] = *head;
    let head = u32::from_le_bytes([a, b, c, 0]);
    let is_whole = usize::try_from(head >> 3).ok()? == content.len();
    (head & 7 == LAST_COMPRESSED && is_whole).then(|| content.to_vec())
}

/// The bytes that a content says, if it says exactly so many.
pub(super) fn unpack(content: &[u8], length: usize) -> Option<Vec<u8>> {
    let size = u32::try_from(content.len()).ok().filter(|size| *size < 1 << 21)?;
    let mut frame = Vec::with_capacity(content.len() + 12);
    frame.extend(MAGIC);
    frame.push(SINGLE_SEGMENT);
    frame.extend(u32::try_from(length).ok()?.to_le_bytes());
    frame.extend((size << 3 | LAST_COMPRESSED).to_le_bytes().iter().take(3));
    frame.extend(content);
    let mut unpacker = Decompressor::with_prepared_dictionary(&UNPACKS).ok()?;
    unpacker.decompress(&frame, length).ok().filter(|bytes| bytes.len() == length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_the_one_that_memoranda_name() {
        assert_eq!(detente_record::hex(&detente_record::sha256(BYTES)), detente_record::hex(&DICTIONARY));
    }

    #[test]
    fn what_is_packed_comes_back_and_is_shorter_in_any_language() {
        for text in [
            "Our aircraft will leave the area by 1430Z. Please confirm that your air defence knows of it.",
            "Наши самолёты покинут район до 14:30. Просим подтвердить, что ваша ПВО об этом знает.",
            "Наші літаки залишать район до 14:30. Просимо підтвердити, що ваша ППО про це знає.",
            "ستغادر طائراتنا المنطقة قبل الساعة 14:30. يرجى تأكيد أن دفاعكم الجوي على علم بذلك.",
            "Nos aéronefs quitteront la zone avant 14 h 30. Veuillez confirmer que votre défense aérienne le sait.",
            "Nuestras aeronaves dejarán la zona antes de las 14:30. Confirmen que su defensa aérea lo sabe.",
            "我方飞机将于14:30之前离开该区域。请确认贵方防空部队已知此事。",
        ] {
            let packed = pack(text.as_bytes()).unwrap();
            assert!(packed.len() < text.len(), "{} of {}: {text}", packed.len(), text.len());
            assert_eq!(unpack(&packed, text.len()).unwrap(), text.as_bytes());
            for wrong in [0, text.len() - 1, text.len() + 1, usize::MAX] {
                assert_eq!(unpack(&packed, wrong), None, "{wrong}");
            }
            for at in 0..packed.len() {
                let _ = unpack(&packed[..at], text.len());
                let mut changed = packed.clone();
                changed[at] ^= 0x40;
                assert!(unpack(&changed, text.len()).is_none_or(|bytes| bytes.len() == text.len()));
            }
        }
    }

    #[test]
    fn a_text_of_any_length_is_packed_or_left() {
        for length in [0, 1, 7, 255, 256, 12_000, 16_384] {
            let bytes: Vec<u8> = (0..length).map(|at: usize| b"stop and wait "[at % 14]).collect();
            if let Some(packed) = pack(&bytes) {
                assert_eq!(unpack(&packed, length).unwrap(), bytes);
            }
        }
        let random: Vec<u8> = (0..400_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
        assert!(pack(&random).is_none_or(|packed| unpack(&packed, random.len()).unwrap() == random));
    }
}
