//! One row as one line of JSON, and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::TransferError;
use super::schema::{Kind, Table};
use crate::sql::{Argument, DbRow};

/// A value of a line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Number(i64),
    Text(String),
}

/// Writes a row to `line`, with the line's end.
pub(super) fn encode(table: &Table, row: &DbRow, line: &mut Vec<u8>) -> Result<(), TransferError> {
    line.clear();
    for (place, (_, kind)) in table.columns.iter().enumerate() {
        line.push(if place == 0 { b'[' } else { b',' });
        match kind {
            Kind::Text => json(line, &row.try_get::<Option<&str>>(place)?)?,
            Kind::Number => json(line, &row.try_get::<Option<i64>>(place)?)?,
            Kind::Bytes => json(line, &row.try_get::<Option<&[u8]>>(place)?.map(|bytes| BASE64.encode(bytes)))?,
        }
    }
    line.extend_from_slice(b"]\n");
    Ok(())
}

fn json(line: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<(), TransferError> {
    Ok(serde_json::to_writer(line, value).map_err(std::io::Error::from)?)
}

/// Reads the values of a line; what is wrong with it otherwise.
pub(super) fn decode(table: &Table, line: &[u8]) -> Result<Vec<Argument>, String> {
    let cells: Vec<Option<Cell>> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if cells.len() != table.columns.len() {
        return Err(format!("{} values for the {} columns of {}", cells.len(), table.columns.len(), table.name));
    }
    let columns = table.columns.iter().zip(cells);
    columns.map(|((name, kind), cell)| argument(*kind, cell).map_err(|problem| format!("{name}: {problem}"))).collect()
}

fn argument(kind: Kind, cell: Option<Cell>) -> Result<Argument, String> {
    Ok(match (kind, cell) {
        (Kind::Text, None) => Argument::Text(None),
        (Kind::Number, None) => Argument::Number(None),
        (Kind::Bytes, None) => Argument::Bytes(None),
        (Kind::Text, Some(Cell::Text(text))) => Argument::Text(Some(text)),
        (Kind::Number, Some(Cell::Number(number))) => Argument::Number(Some(number)),
        (Kind::Bytes, Some(Cell::Text(text))) => {
            Argument::Bytes(Some(BASE64.decode(text).map_err(|error| error.to_string())?))
        }
        (Kind::Text | Kind::Bytes, Some(Cell::Number(_))) => return Err("a number in place of a text".into()),
        (Kind::Number, Some(Cell::Text(_))) => return Err("a text in place of a number".into()),
    })
}

/// Marks what PostgreSQL cannot hold, and gives the line of the row as it will be read back, and how many texts were marked;
/// none if it stays as it is.
pub(super) fn mark(values: &mut [Argument]) -> Result<Option<(Vec<u8>, u64)>, TransferError> {
    let mut marked = 0;
    for value in values.iter_mut() {
        if let Argument::Text(Some(text)) = value
            && text.contains('\0')
        {
            *text = text.replace('\0', "\u{fffd}");
            marked += 1;
        }
    }
    if marked == 0 {
        return Ok(None);
    }
    let mut line = Vec::new();
    for (place, value) in values.iter().enumerate() {
        line.push(if place == 0 { b'[' } else { b',' });
        match value {
            Argument::Text(text) => json(&mut line, text)?,
            Argument::Number(number) => json(&mut line, number)?,
            Argument::Bytes(bytes) => json(&mut line, &bytes.as_ref().map(|bytes| BASE64.encode(bytes)))?,
        }
    }
    line.extend_from_slice(b"]\n");
    Ok(Some((line, marked)))
}

/// How many bytes a row takes in memory, about.
pub(super) fn size(values: &[Argument]) -> usize {
    let each = values.iter().map(|value| match value {
        Argument::Text(text) => text.as_ref().map_or(0, String::len),
        Argument::Bytes(bytes) => bytes.as_ref().map_or(0, Vec::len),
        Argument::Number(_) => 8,
    });
    each.sum()
}
