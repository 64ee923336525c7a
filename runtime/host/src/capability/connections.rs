//! `stepwell:plugin/connections`: uses stored credentials by name. The guest gets a placeholder or a signature, never the
//! secret; [`crate::placeholder`] says where a placeholder is replaced.

use std::io::{self, Read};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stepwell_core::Connection;

use crate::bindings::stepwell::plugin::connections::{ConnectionError, Host};
use crate::grant::Import;
use crate::state::Run;

/// From this size on, content is signed on a thread of its own, in bytes.
const LARGE: usize = 64 * 1024;

/// The longest name of a connection, in bytes.
const MAX_NAME: usize = 200;

impl Host for Run {
    async fn placeholder(&mut self, name: String) -> wasmtime::Result<Result<String, ConnectionError>> {
        self.allow(Import::Connections)?;
        Ok(match self.connection(&name).await {
            Ok(connection) => self.outgoing.placeholder(connection).ok_or(ConnectionError::Unavailable),
            Err(error) => Err(error),
        })
    }

    async fn sign(&mut self, name: String, content: Vec<u8>) -> wasmtime::Result<Result<Vec<u8>, ConnectionError>> {
        self.allow(Import::Connections)?;
        let connection = match self.connection(&name).await {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(error)),
        };
        if content.len() < LARGE {
            return Ok(Ok(hmac_sha256(&connection.secret, &[&content])));
        }
        let signed = tokio::task::spawn_blocking(move || hmac_sha256(&connection.secret, &[&content])).await;
        Ok(signed.map_err(|_| ConnectionError::Unavailable))
    }
}

impl Run {
    async fn connection(&self, name: &str) -> Result<Connection, ConnectionError> {
        if name.len() > MAX_NAME {
            return Err(ConnectionError::NotFound);
        }
        if !self.grants.uses(name) {
            let cure = Import::Connections.cure(self.facts.digest, Some(name));
            self.refuse(&format!("the connection `{name}` is outside the plugin's grant. To grant it: {cure}"));
            return Err(ConnectionError::Denied);
        }
        match self.services.data.connection(self.facts.workspace, name).await {
            Ok(connection) => connection.ok_or(ConnectionError::NotFound),
            Err(error) => {
                self.unavailable(&error);
                Err(ConnectionError::Unavailable)
            }
        }
    }
}

/// HMAC-SHA256 (RFC 2104) of the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    authenticate(key, parts).finalize().into_bytes().to_vec()
}

/// Whether `tag` is the HMAC-SHA256 of the parts and what is read after them, which is never in memory as a whole; takes the same
/// time whichever byte differs.
pub(crate) fn hmac_is(key: &[u8], parts: &[&[u8]], rest: &mut dyn Read, tag: &[u8]) -> io::Result<bool> {
    let mut mac = authenticate(key, parts);
    let mut piece = vec![0; LARGE];
    loop {
        match rest.read(&mut piece) {
            Ok(0) => return Ok(mac.verify_slice(tag).is_ok()),
            Ok(read) => mac.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn authenticate(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Setup;

    #[test]
    fn a_signature_is_that_of_rfc_4231() {
        let tag = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(&tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let is = |rest: &str| hmac_is(b"Jefe", &[b"what do ya want "], &mut rest.as_bytes(), &tag).expect("read");
        assert!(is("for nothing?") && !is("for nothing!") && !is(""));
    }

    #[tokio::test]
    async fn content_of_any_size_is_signed_under_the_connection_s_secret() {
        let mut run = Setup::default().state().run;
        for content in [b"small".to_vec(), vec![b'x'; LARGE + 1]] {
            let expected = hmac_sha256(b"s3cret", &[&content]);
            let signed = run.sign("webhook-signing".into(), content).await.expect("no trap").expect("signed");
            assert_eq!(signed, expected);
        }
    }

    #[tokio::test]
    async fn a_connection_outside_the_grant_is_denied_with_the_cure() {
        let mut run = Setup { connections: vec!["mail".into()], ..Setup::default() }.state().run;
        assert!(matches!(run.placeholder("crm".into()).await.expect("no trap"), Err(ConnectionError::Denied)));
        let cure = "stepwell plugin grant abababababab stepwell:plugin/connections --scope crm";
        assert!(run.log.take().iter().any(|line| line.message.ends_with(cure)));
        assert!(matches!(run.placeholder("mail".into()).await.expect("no trap"), Err(ConnectionError::NotFound)));
    }

    #[tokio::test]
    async fn a_placeholder_is_the_same_within_a_run_and_no_secret() {
        let mut run = Setup::default().state().run;
        let first = run.placeholder("crm".into()).await.expect("no trap").expect("a placeholder");
        let second = run.placeholder("crm".into()).await.expect("no trap").expect("a placeholder");
        assert_eq!(first, second);
        assert!(!first.contains("s3cret"));
        let other = run.placeholder("webhook-signing".into()).await.expect("no trap").expect("a placeholder");
        assert_ne!(first, other);
    }
}
