//! What is really stored, past the server: asked of the database itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use stepwell_test_database::Database as Schema;
use stepwell_tests::{Server, python};
use tokio::process::Command;

/// Where to look.
pub(crate) enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// A schema of PostgreSQL.
    Schema(Arc<Schema>),
}

/// Prints the rows of a query on a file as JSON, every value as a text.
const ASK: &str = "import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(sys.argv[2])
print(json.dumps([[str(value) for value in row] for row in rows]))";

impl Database {
    /// What a server uses.
    pub(crate) fn of(server: &Server) -> Self {
        server.schema().map_or_else(|| Self::File(server.data().join("stepwell.db")), Self::Schema)
    }

    /// The rows of a query, every value as a text.
    pub(crate) async fn ask(&self, query: &str) -> Vec<Vec<String>> {
        match self {
            Self::File(path) => {
                let mut python = Command::new(python());
                let printed = run(python.arg("-c").arg(ASK).arg(path).arg(query)).await;
                serde_json::from_str(&printed).expect("rows")
            }
            Self::Schema(schema) => {
                let printed = schema.sql(query).expect("an answer");
                printed.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
            }
        }
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&self, query: &str) -> usize {
        self.ask(query).await[0][0].parse().expect("a number")
    }

    /// Checks that no page or index of a file is damaged and no row refers to one that is missing.
    pub(crate) async fn is_sound(&self) {
        match self {
            Self::File(_) => {
                assert_eq!(self.ask("pragma integrity_check").await, [["ok"]]);
                assert_eq!(self.ask("pragma foreign_key_check").await, Vec::<Vec<String>>::new());
            }
            Self::Schema(_) => {}
        }
    }
}

async fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().await.expect("starting it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
