//! Resets: a station that was killed and is back tells the other end of a circuit that the circuit is gone.
//!
//! Promises that whoever goes on sending to a station that has forgotten the circuit hears of it with the next packet
//! (a stateless reset, RFC 9000 §10.3), and need not wait until it has been silent for long enough. For that the tokens and
//! the names of connections must be good over a restart, so both follow from the station's own key. Nobody without it
//! can end a circuit.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use quinn::crypto::{CryptoError, HmacKey};
use quinn::{ConnectionId, ConnectionIdGenerator, EndpointConfig};
use sha2::Sha256;
use std::sync::Arc;
use zeroize::{Zeroize as _, Zeroizing};

use super::LineIdentity;

/// Bytes of a connection's name.
const NAME: usize = 8;

/// Signs the tokens of resets.
struct ResetKey(Hmac<Sha256>);

/// Names connections: any name is taken for one that this station may have given in an earlier life.
struct Names {
    key: Hmac<Sha256>,
    given: u64,
}

/// QUIC for a station of some lines; with none there is nobody to reset.
pub(super) fn endpoint(lines: &[LineIdentity]) -> EndpointConfig {
    let Some(first) = lines.iter().min_by_key(|line| line.line) else { return EndpointConfig::default() };
    let key = keyed(&first.station_seed).chain_update("detente stateless reset v1");
    let key = Zeroizing::new(key.finalize().into_bytes().into());
    let (tokens, names) = (keyed(&key).chain_update("token"), keyed(&key).chain_update("name"));
    let mut config = EndpointConfig::new(Arc::new(ResetKey(tokens)));
    config.cid_generator(move || Box::new(Names { key: names.clone(), given: 0 }));
    config
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    let (start, _) = block.split_at_mut(key.len());
    start.copy_from_slice(key);
    let mac = Hmac::new((&block).into());
    block.zeroize();
    mac
}

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        let signature = self.0.clone().chain_update(data).finalize().into_bytes();
        for (out, byte) in signature_out.iter_mut().zip(signature) {
            *out = byte;
        }
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.0.clone().chain_update(data).verify_slice(signature).map_err(|_| CryptoError)
    }
}

impl ConnectionIdGenerator for Names {
    /// Never one of an earlier life: the time is in it. Nobody can guess it: so is the key.
    fn generate_cid(&mut self) -> ConnectionId {
        self.given += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mac = self.key.clone().chain_update(now.as_nanos().to_be_bytes());
        let name = mac.chain_update(self.given.to_be_bytes()).finalize().into_bytes();
        ConnectionId::new(name.get(..NAME).unwrap_or_default())
    }

    fn cid_len(&self) -> usize {
        NAME
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}
