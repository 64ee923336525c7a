//! The lines of a file that are no rows, and reading lines without trusting their length.

use std::io::{BufRead, Read as _};

use serde::{Deserialize, Serialize};

use super::TransferError;
use super::dump::Seal;
use super::schema::Kind;

/// The longest line: a row with the largest component there may be, as base64, and much room.
const LONGEST: u64 = 512 * 1024 * 1024;

/// A line that says something about rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Line {
    Head {
        #[serde(rename = "stepwell-export")]
        format: u32,
        schema: i64,
    },
    Table {
        table: String,
        columns: Vec<(String, Kind)>,
    },
    Trailer {
        trailer: Vec<Seal>,
    },
}

/// Reads lines and counts them.
pub(super) struct Lines<R> {
    from: R,
    /// The line that was read last, with its end.
    pub(super) line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, line: Vec::new(), number: 0 }
    }

    /// Reads the next line; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, TransferError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.from).take(LONGEST).read_until(b'\n', &mut self.line);
        match read {
            Ok(0) => Ok(false),
            Ok(_) if self.line.ends_with(b"\n") => Ok(true),
            Ok(read) if read as u64 == LONGEST => Err(self.bad("it is too long")),
            Ok(_) => Err(TransferError::Cut),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(TransferError::Cut),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput && self.number == 1 => {
                Err(self.bad("this is no export of stepwell: it is not compressed with gzip"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The line as one that says something about rows.
    pub(super) fn parsed(&self) -> Result<Line, TransferError> {
        serde_json::from_slice(&self.line).map_err(|_| self.bad("it is neither a row nor anything else that is known"))
    }

    /// An error about the last line.
    pub(super) fn bad(&self, problem: impl Into<String>) -> TransferError {
        TransferError::BadLine { line: self.number, problem: problem.into() }
    }
}
