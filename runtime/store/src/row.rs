//! Reading columns: text and numbers in, core types out.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Serialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_json::Value;
use stepwell_core::{Timestamp, canonical_name};

use crate::error::StoreError;
use crate::sql::{Column, DbRow, QueryBuilder};

/// What query functions ask of a row.
pub(crate) trait Read {
    /// A column as the driver gives it.
    fn raw<'r, T: Column<'r>>(&'r self, column: &'static str) -> Result<T, StoreError>;

    /// An id, or anything else that is parsed.
    fn parsed<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.raw::<&str>(column)?.parse().map_err(|cause| corrupt(column, cause))
    }

    /// As `parsed`, `None` for null.
    fn maybe_parsed<T>(&self, column: &'static str) -> Result<Option<T>, StoreError>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        let text = self.raw::<Option<&str>>(column)?;
        text.map(|text| text.parse().map_err(|cause| corrupt(column, cause))).transpose()
    }

    /// JSON text.
    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        serde_json::from_str(self.raw::<&str>(column)?).map_err(|cause| corrupt(column, cause))
    }

    /// JSON text, `None` for null.
    fn maybe_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let text = self.raw::<Option<&str>>(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|cause| corrupt(column, cause))).transpose()
    }

    /// An enum of words, as serde names them.
    fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: StrDeserializer<'_, serde::de::value::Error> = self.raw::<&str>(column)?.into_deserializer();
        T::deserialize(text).map_err(|cause| corrupt(column, cause))
    }

    /// A time.
    fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp(self.raw(column)?))
    }

    /// A time, `None` for null.
    fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.raw::<Option<i64>>(column)?.map(Timestamp))
    }

    /// 0 or 1.
    fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.raw::<i64>(column)? != 0)
    }

    /// A number that is never negative.
    fn number<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        T::try_from(self.raw(column)?).map_err(|cause| corrupt(column, cause))
    }
}

impl Read for DbRow {
    fn raw<'r, T: Column<'r>>(&'r self, column: &'static str) -> Result<T, StoreError> {
        self.named(column).map_err(|cause| corrupt(column, cause))
    }
}

fn corrupt(column: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Corrupt { column, cause: cause.into() }
}

/// JSON text of a value.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// JSON text of a value that may be missing.
pub(crate) fn maybe_json(value: Option<&impl Serialize>) -> Result<Option<String>, StoreError> {
    value.map(to_json).transpose()
}

/// The word that serde gives to a case of an enum without fields.
pub(crate) fn word(case: &impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(case)? {
        Value::String(word) => Ok(word),
        other => Ok(other.to_string()),
    }
}

/// The text of an id that may be missing.
pub(crate) fn maybe_text(id: Option<impl ToString>) -> Option<String> {
    id.map(|id| id.to_string())
}

/// Rows to core types, the first that cannot be read being the error.
pub(crate) fn all<T>(rows: Vec<DbRow>, read: impl Fn(&DbRow) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

/// Adds `<before>(a, b, c)` to a query; with no values a list that nothing is in.
pub(crate) fn push_in(query: &mut QueryBuilder, before: &str, values: impl Iterator<Item = String>) {
    query.push(before).push("(");
    let mut empty = true;
    for value in values {
        query.push(if empty { "" } else { ", " }).push_bind(value);
        empty = false;
    }
    query.push(if empty { "null)" } else { ")" });
}

/// The names under which events of these names are matched, each once.
pub(crate) fn canonical(names: &[&str]) -> impl Iterator<Item = String> {
    names.iter().map(|name| canonical_name(name).to_owned()).collect::<BTreeSet<_>>().into_iter()
}
