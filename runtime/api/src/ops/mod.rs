//! Routes for those who run the server.

pub(crate) mod docs;
pub(crate) mod health;
