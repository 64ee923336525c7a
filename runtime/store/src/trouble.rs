//! Whether the database takes writes: what the last commit met, and a write that finds out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Error;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql;

/// Why a database does not do what it is asked. It may pass: space is made, the server is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no space left.
    Full,
    /// It may only be read: a file without the right to write, a file system mounted so, a PostgreSQL that is a standby.
    ReadOnly,
    /// It does not answer, or not in time.
    Unreachable,
    /// The disk does not read or write: it is broken, or a quota or a limit on the size of files is reached.
    Failing,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "the disk of the database is full",
            Self::ReadOnly => "the database may only be read",
            Self::Unreachable => "the database does not answer",
            Self::Failing => "the disk of the database does not read or write",
        })
    }
}

impl Trouble {
    /// What an error of the driver says about the database; none if it is about the statement.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Database(cause) => Self::of_code(&cause.code()?),
            Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::WorkerCrashed => Some(Self::Unreachable),
            _ => None,
        }
    }

    fn of_code(code: &str) -> Option<Self> {
        match code.len() {
            5 => Self::of_state(code),
            _ => Self::of_sqlite(code.parse().ok()?),
        }
    }

    /// A SQLSTATE, as PostgreSQL has it.
    fn of_state(code: &str) -> Option<Self> {
        match code {
            "53100" => Some(Self::Full),
            // 0A000: a transaction that writes cannot be begun on a standby.
            "25006" | "0A000" => Some(Self::ReadOnly),
            "58030" | "XX001" | "XX002" => Some(Self::Failing),
            "57P01" | "57P02" | "57P03" => Some(Self::Unreachable),
            _ if code.starts_with("08") || code.starts_with("53") => Some(Self::Unreachable),
            _ => None,
        }
    }

    /// A result code of SQLite. The lowest byte is the kind.
    fn of_sqlite(code: u32) -> Option<Self> {
        match code & 0xff {
            5 | 6 => Some(Self::Unreachable), // somebody else keeps it locked
            8 => Some(Self::ReadOnly),
            10 | 11 | 14 | 26 => Some(Self::Failing),
            13 => Some(Self::Full),
            _ => None,
        }
    }
}

/// What is known of the database.
pub(crate) struct Condition {
    state: Mutex<State>,
    /// How often a read met trouble.
    pub(crate) reads: AtomicU64,
    /// How often a commit failed. What it was to store may be stored all the same.
    pub(crate) commits: AtomicU64,
    /// Held by whoever tries a write.
    trying: tokio::sync::Mutex<()>,
}

struct State {
    trouble: Option<Trouble>,
    /// When it was last found out.
    known: Option<Instant>,
}

/// How long what was found out holds: asking is for everybody, and costs a write.
const HOLDS: Duration = Duration::from_secs(1);

/// How much is written to find out whether a database still takes writes. It was full: then there must be room for more than
/// one row, or it would soon be full again.
const BYTES: usize = 16;
const BYTES_AFTER_FULL: usize = 1024 * 1024;

impl Condition {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State { trouble: None, known: None }),
            reads: 0.into(),
            commits: 0.into(),
            trying: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was committed. That does not end a lack of space: what was small may have found some.
    pub(crate) fn committed(&self) {
        let mut state = self.state();
        if state.trouble != Some(Trouble::Full) {
            *state = State { trouble: None, known: Some(Instant::now()) };
        }
    }

    /// Something could not be committed.
    pub(crate) fn failed(&self, error: &Error) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        if let Some(trouble) = Trouble::of(error) {
            *self.state() = State { trouble: Some(trouble), known: Some(Instant::now()) };
        }
    }

    /// What is known, unless that is too long ago.
    fn known(&self) -> Option<Result<(), StoreError>> {
        let state = self.state();
        let fresh = state.known.is_some_and(|at| at.elapsed() < HOLDS);
        fresh.then(|| state.trouble.map_or(Ok(()), |trouble| Err(StoreError::Trouble(trouble))))
    }

    /// What is known; if that is too long ago, what `write` finds, which is to write so many bytes.
    pub(crate) async fn find<W>(&self, write: impl Fn(usize) -> W) -> Result<(), StoreError>
    where
        W: Future<Output = Result<(), StoreError>>,
    {
        let _trying = self.trying.lock().await;
        if let Some(known) = self.known() {
            return known;
        }
        let was_full = self.state().trouble == Some(Trouble::Full);
        let mut found = if was_full { write(BYTES_AFTER_FULL).await } else { Ok(()) };
        if found.is_ok() {
            found = write(BYTES).await;
        }
        let known = Some(Instant::now());
        match found.as_ref().map_err(StoreError::trouble) {
            Ok(()) => *self.state() = State { trouble: None, known },
            Err(Some(trouble)) => *self.state() = State { trouble: Some(trouble), known },
            Err(None) => {} // it says nothing about the database
        }
        found
    }
}

/// Writes so many bytes, over those of the last time.
pub(crate) async fn try_write(conn: &mut Conn, bytes: usize) -> Result<(), StoreError> {
    // Nothing that a database could make smaller.
    let value: Vec<u8> = (1..=bytes as u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let query = sql::query(
        "insert into setting (name, value) values ('written', $1) on conflict (name) do update set value = excluded.value",
    );
    query.bind(&value[..]).execute(conn.db()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_either_database_are_told_apart() {
        assert_eq!(Trouble::of_code("13"), Some(Trouble::Full));
        assert_eq!(Trouble::of_code("53100"), Some(Trouble::Full));
        assert_eq!(Trouble::of_code("1032"), Some(Trouble::ReadOnly)); // SQLITE_READONLY_DBMOVED
        assert_eq!(Trouble::of_code("778"), Some(Trouble::Failing)); // SQLITE_IOERR_WRITE
        assert_eq!(Trouble::of_code("57P03"), Some(Trouble::Unreachable));
        assert_eq!(Trouble::of_code("23505"), None);
        assert_eq!(Trouble::of_code("2067"), None); // SQLITE_CONSTRAINT_UNIQUE
    }

    #[test]
    fn a_small_commit_does_not_end_a_lack_of_space_and_ends_other_trouble() {
        let condition = Condition::new();
        for (trouble, after) in [(Trouble::Full, Some(Trouble::Full)), (Trouble::ReadOnly, None)] {
            condition.state().trouble = Some(trouble);
            condition.committed();
            assert_eq!(condition.state().trouble, after);
        }
    }

    #[tokio::test]
    async fn after_a_lack_of_space_it_takes_a_large_write_to_end_it() {
        let condition = Condition::new();
        *condition.state() = State { trouble: Some(Trouble::Full), known: None };
        let room = Mutex::new(10_000);
        let write = |bytes| {
            let fits = bytes <= *room.lock().expect("room");
            async move { if fits { Ok(()) } else { Err(StoreError::Trouble(Trouble::Full)) } }
        };
        assert!(matches!(condition.find(write).await, Err(StoreError::Trouble(Trouble::Full))));
        *room.lock().expect("room") = usize::MAX;
        assert!(condition.find(write).await.is_err(), "what was just found out holds for a while");
        condition.state().known = None;
        assert!(condition.find(write).await.is_ok());
        assert_eq!(condition.state().trouble, None);
    }
}
