//! The fake of `stepwell:plugin/connections`. Its signatures are real.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::state::with;
use crate::bindings::stepwell::plugin::connections::ConnectionError;

pub(crate) fn placeholder(name: &str) -> Result<String, ConnectionError> {
    secret(name).map(|_| format!("placeholder-of-{name}"))
}

pub(crate) fn sign(name: &str, content: &[u8]) -> Result<Vec<u8>, ConnectionError> {
    let secret = secret(name)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| ConnectionError::Unavailable)?;
    mac.update(content);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn secret(name: &str) -> Result<Vec<u8>, ConnectionError> {
    with(|state| {
        if state.denies("connections") {
            return Err(ConnectionError::Denied);
        }
        state.connections.get(name).cloned().ok_or(ConnectionError::NotFound)
    })
}
