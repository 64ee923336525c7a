//! What can go wrong when a database is moved. Apart from [`StoreError`], since no request ever meets it.

use crate::error::StoreError;

/// Why a database was not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is nothing to export.
    #[error("there is no database {0}")]
    NoDatabase(String),
    /// Somebody works on the database.
    #[error("{0} nodes run on the database; stop them first (one that was killed counts for half a minute more)")]
    Running(i64),
    /// An import would mix two databases.
    #[error(
        "the database is not empty: the table {0} has rows; an import needs a database in which nothing was stored yet"
    )]
    NotEmpty(String),
    /// The file was made by another version of the format.
    #[error("the file has format {found}; this version of stepwell reads format {expected}")]
    OtherFormat {
        /// The file's.
        found: u32,
        /// This version's.
        expected: u32,
    },
    /// The file was made by another version of stepwell.
    #[error(
        "the file has schema {found}, this version of stepwell has {expected}: export again with the version that imports \
         (an export brings the schema up to date)"
    )]
    OtherSchema {
        /// The file's.
        found: i64,
        /// This version's.
        expected: i64,
    },
    /// A line is not what it should be.
    #[error("line {line} of the file: {problem}")]
    BadLine {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The file has no end.
    #[error("the file ends before its trailer: the export was interrupted, or the file was cut")]
    Cut,
    /// Rows of the file were changed or lost since the export.
    #[error("the rows of the table {0} in the file are not those that were exported")]
    Damaged(String),
    /// The database gives back other rows than it was given.
    #[error("the table {0} was read back and is not what was to be stored")]
    NotVerified(String),
    /// The schema has something that this format has no word for.
    #[error("the table {table} has {problem}")]
    Schema {
        /// Which one.
        table: String,
        /// What is the matter with it.
        problem: String,
    },
    /// The file could not be read or written.
    #[error("reading or writing the file")]
    File(#[from] std::io::Error),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
