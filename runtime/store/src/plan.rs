//! How SQLite looks rows up. It knows nothing of how many rows a workspace has, and takes any index that begins with a column
//! that is compared: one of the workspace as gladly as one of the execution, and then reads all that the workspace has.

/// Put before what `workspace_id` is compared with, where rows are looked up by what belongs to one execution: no index begins with
/// this, so that of the execution is taken.
pub(crate) const CHECKED_WORKSPACE: &str = "workspace_id || '' = ";

#[cfg(test)]
pub(crate) mod testing {
    use rusqlite::Connection;

    use crate::sql::QueryBuilder;

    /// Checks that a query looks up a table by an index that begins with the execution.
    #[track_caller]
    pub(crate) fn assert_by_execution(query: &QueryBuilder, table: &str) {
        let steps = of(query);
        let lookup = steps.iter().find(|step| step.starts_with(&format!("SEARCH {table} ")));
        assert!(lookup.is_some_and(|step| step.contains("(execution_id=?")), "{steps:#?}");
    }

    fn of(query: &QueryBuilder) -> Vec<String> {
        let database = Connection::open_in_memory().expect("a database");
        for migration in sqlx::migrate!("./migrations").iter() {
            database.execute_batch(migration.sql.as_str()).expect("a migration");
        }
        let mut plan = database.prepare(&format!("explain query plan {}", query.text())).expect("a statement");
        let nothing = vec![None::<String>; plan.parameter_count()];
        let steps = plan.query_map(rusqlite::params_from_iter(nothing), |row| row.get("detail")).expect("a plan");
        steps.collect::<Result<_, _>>().expect("the steps of a plan")
    }
}
