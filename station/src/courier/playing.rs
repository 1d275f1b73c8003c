//! Courier files as anybody could write them, for `fuzz/targets`.

use detente_line::Waybill;
use detente_record::{LineId, Party};

use super::error::CourierError;
use super::sealed::{Header, Opening, Sealing, public};

/// The private half of the key that files are sealed to.
const SEED: [u8; 32] = [7; 32];

/// Seals any content to a key, and changes one bit of the file where `spoils` says which; `None` without randomness. The content has no end of its own: the
/// end of the frames and a signature are put behind it.
pub fn sealed(content: &[u8], spoils: Option<u32>) -> Option<Vec<u8>> {
    let to = Party::new(1).ok()?;
    let mut file = Vec::new();
    let mut sealing = Sealing::begin(&mut file, &LineId([3; 32]), to, &*public(&SEED)?).ok()?;
    sealing.put(content).ok()?;
    sealing.finish(|_| [9; 64]).ok()?;
    if let Some(bit) = spoils {
        let at = (bit / 8) as usize % file.len().max(1);
        file.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << (bit % 8));
    }
    Some(file)
}

/// Opens a file to its end, as one that is taken: its frames, of which the first is a waybill.
///
/// # Errors
/// What is wrong with it.
pub fn opened(file: &[u8]) -> Result<Vec<Vec<u8>>, CourierError> {
    let mut input = file;
    let header = Header::read(&mut input)?;
    let left = input.len() as u64;
    let me = Party::new(1).map_err(|_| CourierError::NotCourier)?;
    let mut opening = Opening::begin(&header, input, left, &SEED, &LineId([3; 32]), me)?;
    let mut frames = Vec::new();
    while let Some(frame) = opening.frame()? {
        frames.push(frame);
    }
    opening.end()?;
    let waybill = frames.first().map(|frame| Waybill::decode(frame));
    if !matches!(waybill, Some(Ok(_))) {
        return Err(CourierError::Altered("it has no waybill"));
    }
    Ok(frames)
}

/// Reads a file of a courier key and writes it again; `None` for what is none.
pub fn key_again(file: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = super::read_key(file)?.ok()?;
    let again = super::read_key(super::key_file(&key).as_bytes())?.ok()?;
    let bytes = |key| detente_line::frame::courier_key(key);
    Some((bytes(&key), bytes(&again)))
}
