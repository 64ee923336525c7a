//! Why a request got no answer.

use std::fmt;

use crate::Failure;

/// Why a request got no answer, by what can be done about it. An answer of any status is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The URL or a header is malformed.
    Invalid(String),
    /// The host does not let this plugin send the request: it is outside the grant, or a limit is used up.
    Denied,
    /// The address is private, loopback or otherwise refused.
    AddressRefused,
    /// The name has no address.
    HostNotFound,
    /// It took too long.
    Timeout,
    /// No connection, or it broke.
    Connection(String),
    /// The certificate or the TLS handshake is wrong.
    Tls(String),
    /// What came back is no answer that can be used.
    BadAnswer(String),
}

impl Error {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid-request",
            Self::Denied => "capability-denied",
            Self::AddressRefused => "address-refused",
            Self::HostNotFound => "host-not-found",
            Self::Timeout => "request-timeout",
            Self::Connection(_) => "connection-failed",
            Self::Tls(_) => "tls-failed",
            Self::BadAnswer(_) => "bad-answer",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Invalid(_) | Self::Denied | Self::AddressRefused | Self::Tls(_) => false,
            Self::HostNotFound | Self::Timeout | Self::Connection(_) | Self::BadAnswer(_) => true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) => write!(f, "the request cannot be sent: {what}"),
            Self::Denied => f.write_str("the request is not allowed; grant the host name, or send fewer requests"),
            Self::AddressRefused => {
                f.write_str("the host has a private or otherwise refused address; an operator can allow it")
            }
            Self::HostNotFound => f.write_str("the host name has no address"),
            Self::Timeout => f.write_str("the answer took too long"),
            Self::Connection(what) => write!(f, "the connection failed: {what}"),
            Self::Tls(what) => write!(f, "the TLS handshake failed: {what}"),
            Self::BadAnswer(what) => write!(f, "the answer cannot be read: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { retryable: error.is_retryable(), ..Self::fatal(error.code(), error.to_string()) }
    }
}
