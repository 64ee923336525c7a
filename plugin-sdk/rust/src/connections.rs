//! Stored credentials by name. A plugin never sees a secret: it gets a placeholder that the host replaces in allowed requests,
//! or a signature that the host computes.

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::plugin::connections as host;
pub use crate::bindings::stepwell::plugin::connections::ConnectionError;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::connections as host;

/// The connection that always exists: the workspace's key for signing webhooks.
pub const WEBHOOK_SIGNING: &str = "webhook-signing";

/// A text to put in a header, the query or the body of a request. The host replaces it by the secret if the request goes to a
/// host that the connection allows, and refuses the request otherwise.
pub fn placeholder(name: &str) -> Result<String, ConnectionError> {
    host::placeholder(name)
}

/// HMAC-SHA256 of `content` under the connection's secret.
pub fn sign(name: &str, content: &[u8]) -> Result<Vec<u8>, ConnectionError> {
    host::sign(name, content)
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::NotFound => Self::fatal(
                "no-connection",
                "the connection does not exist in this workspace; create it or name another one",
            ),
            ConnectionError::Denied => Self::denied("stepwell:plugin/connections"),
            ConnectionError::Unavailable => Self::unavailable("connections"),
        }
    }
}
