//! Stepwell's database: the only crate with SQL. Rows in, core types out.
//!
//! [`Store::reader`] gives a connection to read with; [`Store::write`] sends a job to the group committer. Every query is a
//! free function of a noun's module over `&mut Conn`, and names the workspace it is for.
#![deny(missing_docs)]

mod commit;
mod conn;
pub mod connection;
pub mod counter;
mod dialect;
mod error;
mod graphs;
pub mod key;
mod row;
mod store;
pub mod template;

pub use conn::Conn;
pub use error::StoreError;
pub use futures_util::future::BoxFuture;
pub use store::Store;
