//! Which tables there are and what is in them, asked of the database: a migration that adds a table needs nothing here.

use serde::{Deserialize, Serialize};

use super::TransferError;
use crate::dialect::DbConnection;
use crate::sql::{self, DbRow};

/// Tables that are no data: sqlx's own, and the nodes that are running.
const LEFT_OUT: [&str; 2] = ["_sqlx_migrations", "node"];

/// Each column: its table, name and type, and its place in the primary key from 1, or 0.
const COLUMNS_SQLITE: &str = "select t.name as tab, c.name as col, lower(c.type) as kind, c.pk as place
    from sqlite_schema t, pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like 'sqlite~_%' escape '~' order by t.name, c.cid";
const COLUMNS_POSTGRES: &str = "select t.relname::text as tab, c.attname::text as col,
        format_type(c.atttypid, null) as kind, coalesce(array_position(k.conkey, c.attnum), 0)::bigint as place
    from pg_class t join pg_attribute c on c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped
        left join pg_constraint k on k.conrelid = t.oid and k.contype = 'p'
    where t.relnamespace = (select oid from pg_namespace where nspname = current_schema())
        and t.relkind in ('r', 'p') and not t.relispartition
    order by t.relname::text collate \"C\", c.attnum";

/// Each reference: the table that has it, and the one it leads to.
const REFERENCES_SQLITE: &str = "select t.name as tab, f.\"table\" as target
    from sqlite_schema t, pragma_foreign_key_list(t.name) f where t.type = 'table'";
const REFERENCES_POSTGRES: &str = "select t.relname::text as tab, f.relname::text as target
    from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class f on f.oid = k.confrelid
    where k.contype = 'f' and t.relnamespace = (select oid from pg_namespace where nspname = current_schema())";

/// What a column holds. Any of them may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Text,
    Number,
    Bytes,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    /// Names and kinds, in the table's order.
    pub(super) columns: Vec<(String, Kind)>,
    /// The columns of the primary key with their places in it.
    key: Vec<(i64, String)>,
}

/// The last migration that has run.
pub(super) async fn version(db: &mut DbConnection) -> Result<i64, TransferError> {
    let version = sql::query("select coalesce(max(version), 0) as version from _sqlx_migrations").fetch_one(db).await?;
    Ok(version.named("version")?)
}

/// The tables, each behind those it refers to, otherwise by name.
pub(super) async fn tables(db: &mut DbConnection) -> Result<Vec<Table>, TransferError> {
    let shared = db.is_shared();
    let columns = sql::query(if shared { COLUMNS_POSTGRES } else { COLUMNS_SQLITE }).persistent(false);
    let references = sql::query(if shared { REFERENCES_POSTGRES } else { REFERENCES_SQLITE }).persistent(false);
    let mut tables: Vec<Table> = Vec::new();
    for row in columns.fetch_all(db).await? {
        add_column(&mut tables, &row)?;
    }
    let mut pairs = Vec::new();
    for row in references.fetch_all(db).await? {
        pairs.push((row.named::<String>("tab")?, row.named::<String>("target")?));
    }
    in_order(tables, &pairs)
}

fn add_column(tables: &mut Vec<Table>, row: &DbRow) -> Result<(), TransferError> {
    let (name, column): (String, String) = (row.named("tab")?, row.named("col")?);
    if LEFT_OUT.contains(&name.as_str()) {
        return Ok(());
    }
    let kind = match row.named::<&str>("kind")? {
        "text" => Kind::Text,
        "bigint" => Kind::Number,
        "blob" | "bytea" => Kind::Bytes,
        other => {
            return Err(TransferError::Schema { table: name, problem: format!("a column {column} of type {other}") });
        }
    };
    if tables.last().is_none_or(|last| last.name != name) {
        tables.push(Table { name, columns: Vec::new(), key: Vec::new() });
    }
    let place = row.named::<i64>("place")?;
    if let Some(table) = tables.last_mut() {
        if place > 0 {
            table.key.push((place, column.clone()));
        }
        table.columns.push((column, kind));
    }
    Ok(())
}

fn in_order(mut left: Vec<Table>, references: &[(String, String)]) -> Result<Vec<Table>, TransferError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |table: &Table| {
            let mut targets = references.iter().filter(|(from, to)| *from == table.name && *to != table.name);
            targets.any(|(_, to)| left.iter().any(|other| other.name == *to))
        };
        let Some(next) = left.iter().position(|table| !waits(table)) else {
            let problem = "a reference that leads back to it".to_owned();
            return Err(TransferError::Schema { table: left.swap_remove(0).name, problem });
        };
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

impl Table {
    /// Selects all rows in an order that both databases agree on: by the primary key, else by everything that is no bytes.
    pub(super) fn select(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, _)| self.selected(name)).collect();
        let mut key = self.key.clone();
        key.sort();
        let mut order: Vec<_> = key.into_iter().map(|(_, name)| name).collect();
        if order.is_empty() {
            let others = self.columns.iter().filter(|(_, kind)| *kind != Kind::Bytes);
            order = others.map(|(name, _)| name.clone()).collect();
        }
        let order: Vec<_> = order.iter().map(|name| format!("\"{name}\" nulls first")).collect();
        format!("select {} from \"{}\" order by {}", columns.join(", "), self.name, order.join(", "))
    }

    /// A lease belongs to a node, and the nodes are not moved: what runs is held by SQLite's one node, which takes it up when it
    /// starts, and which the nodes of PostgreSQL take over from, as it is none of them.
    fn selected(&self, column: &str) -> String {
        if self.name == "step_execution" && column == "lease_owner" {
            return format!("case when lease_owner is null then null else '{}' end", crate::sqlite::NODE);
        }
        format!("\"{column}\"")
    }

    /// `insert into … (…) `, to be followed by values.
    pub(super) fn insert(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("insert into \"{}\" ({}) ", self.name, columns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        Table { name: name.into(), columns: vec![("id".into(), Kind::Text)], key: vec![(1, "id".into())] }
    }

    fn names(tables: &[Table]) -> Vec<&str> {
        tables.iter().map(|table| table.name.as_str()).collect()
    }

    #[test]
    fn a_table_comes_behind_those_it_refers_to() {
        let references = [("a".to_owned(), "c".to_owned()), ("c".to_owned(), "c".to_owned())];
        let ordered = in_order(["a", "b", "c"].map(table).into(), &references).expect("an order");
        assert_eq!(names(&ordered), ["b", "c", "a"]);
    }

    #[test]
    fn tables_that_refer_to_each_other_have_no_order() {
        let references = [("a".to_owned(), "b".to_owned()), ("b".to_owned(), "a".to_owned())];
        let error = in_order(["a", "b"].map(table).into(), &references).expect_err("a circle");
        assert_eq!(error.to_string(), "the table a has a reference that leads back to it");
    }

    #[test]
    fn rows_without_a_primary_key_have_an_order_too() {
        let mut table = table("plugin");
        table.key.clear();
        table.columns.push(("component".into(), Kind::Bytes));
        assert_eq!(table.select(), r#"select "id", "component" from "plugin" order by "id" nulls first"#);
    }
}
