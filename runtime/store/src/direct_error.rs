//! What rusqlite reports, as the rest of the store knows it: an error of sqlx.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use rusqlite::types::Value;
use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};

/// An error of SQLite itself.
#[derive(Debug)]
struct DirectError {
    message: String,
    /// SQLite's extended result code.
    code: i32,
}

impl fmt::Display for DirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl StdError for DirectError {}

impl DatabaseError for DirectError {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        use rusqlite::ffi;
        match self.code {
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_ROWID => {
                ErrorKind::UniqueViolation
            }
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

pub(crate) fn wrapped(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(cause, message) => {
            let message = message.unwrap_or_else(|| cause.to_string());
            Error::Database(Box::new(DirectError { message, code: cause.extended_code }))
        }
        other => Error::Decode(Box::new(other)),
    }
}

/// A value of a kind that was not asked for.
pub(crate) fn unexpected(place: usize, value: &Value) -> Error {
    let message = format!("a value of type {} is not what is read here", value.data_type());
    Error::ColumnDecode { index: place.to_string(), source: message.into() }
}
