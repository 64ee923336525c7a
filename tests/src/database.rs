//! Which database the servers of a test have: a file in their data folder, or a schema of their own on PostgreSQL.
//!
//! The tests are built twice. Those of the target `e2e_postgres` use PostgreSQL, as all do where `STEPWELL_TEST_DATABASE` is
//! `postgres`.

use std::sync::Arc;

use stepwell_test_database::{Database, Kind};

/// Whether the tests of this process use PostgreSQL.
pub fn on_postgres() -> bool {
    match std::env::var("STEPWELL_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") => false,
        Ok("") | Err(_) => is_postgres_target(),
        Ok(other) => panic!("STEPWELL_TEST_DATABASE is sqlite or postgres, not {other:?}"),
    }
}

fn is_postgres_target() -> bool {
    let program = std::env::current_exe().expect("this program");
    program.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("e2e_postgres"))
}

/// A schema that several servers may share.
pub(crate) type Shared = Arc<Database>;

/// An empty schema; none on SQLite.
pub(crate) fn empty() -> Option<Shared> {
    on_postgres().then(|| Arc::new(Database::new(Kind::Postgres).expect("a schema")))
}
