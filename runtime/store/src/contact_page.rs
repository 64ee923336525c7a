//! Lists of people: pages by cursor, counts, look-ups.

use std::fmt;
use std::str::FromStr;

use stepwell_core::{Contact, ContactId, WorkspaceId, normalise_email};

use crate::conn::Conn;
use crate::contact::read;
use crate::dialect::contains;
use crate::error::StoreError;
use crate::page::Direction;
use crate::row;
use crate::sql::QueryBuilder;

/// Which contacts, in which order.
#[derive(Clone, Debug, Default)]
pub struct ContactQuery {
    /// Only those whose address contains this, in any case.
    pub search: Option<String>,
    /// Only those with this subscription.
    pub subscribed: Option<bool>,
    /// By what they are sorted.
    pub sort: ContactSort,
    /// In which direction.
    pub direction: Direction,
    /// After which contact the page begins.
    pub after: Option<ContactCursor>,
}

/// By what contacts are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactSort {
    /// The address.
    Email,
    /// The time of creation.
    #[default]
    CreatedAt,
}

/// A place between two contacts. It stays valid when contacts come and go. As text it is opaque: hex of the sort key and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCursor {
    key: String,
    id: ContactId,
}

impl fmt::Display for ContactCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(format!("{} {}", self.id, self.key)))
    }
}

/// A text that is no cursor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct BadCursor;

impl FromStr for ContactCursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = hex::decode(text).map_err(|_| BadCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| BadCursor)?;
        let (id, key) = text.split_once(' ').ok_or(BadCursor)?;
        Ok(Self { key: key.to_owned(), id: id.parse().map_err(|_| BadCursor)? })
    }
}

/// Up to `limit` contacts and the cursor of the next page, if there is one.
pub async fn page(
    conn: &mut Conn,
    workspace: WorkspaceId,
    query: &ContactQuery,
    limit: i64,
) -> Result<(Vec<Contact>, Option<ContactCursor>), StoreError> {
    let mut select = QueryBuilder::new("select * from contact where workspace_id = ");
    select.push_bind(workspace.to_string());
    push_filter(&mut select, query);
    push_order(&mut select, query);
    select.push(" limit ").push_bind(limit.saturating_add(1));
    let mut contacts = row::all(select.build().fetch_all(conn.db()).await?, read)?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = contacts.len() > limit;
    contacts.truncate(limit);
    let next = contacts.last().filter(|_| more).map(|last| cursor(last, query.sort));
    Ok((contacts, next))
}

fn cursor(contact: &Contact, sort: ContactSort) -> ContactCursor {
    let key = match sort {
        ContactSort::Email => contact.email.clone(),
        ContactSort::CreatedAt => contact.created_at.0.to_string(),
    };
    ContactCursor { key, id: contact.id }
}

fn push_filter(select: &mut QueryBuilder, query: &ContactQuery) {
    if let Some(search) = query.search.as_ref().filter(|search| !search.is_empty()) {
        select.push(" and email like ").push_bind(contains(&search.to_lowercase())).push(r" escape '\'");
    }
    if let Some(subscribed) = query.subscribed {
        select.push(" and subscribed = ").push_bind(i64::from(subscribed));
    }
}

fn push_order(select: &mut QueryBuilder, query: &ContactQuery) {
    let (column, beyond) = match (query.sort, query.direction) {
        (ContactSort::Email, Direction::Asc) => ("email", ">"),
        (ContactSort::Email, Direction::Desc) => ("email", "<"),
        (ContactSort::CreatedAt, Direction::Asc) => ("created_at", ">"),
        (ContactSort::CreatedAt, Direction::Desc) => ("created_at", "<"),
    };
    if let Some(after) = &query.after {
        select.push(format_args!(" and ({column}, id) {beyond} ("));
        match query.sort {
            ContactSort::Email => select.push_bind(after.key.clone()),
            // A cursor of the other order has no number here; it begins at one end.
            ContactSort::CreatedAt => select.push_bind(after.key.parse().unwrap_or(0_i64)),
        };
        select.push(", ").push_bind(after.id.to_string()).push(")");
    }
    let direction = query.direction.sql();
    select.push(format_args!(" order by {column} {direction}, id {direction}"));
}

/// Up to `limit` contacts in the order of their ids after `after`, all or those with this subscription: for going through
/// everybody in bounded steps.
pub async fn after(
    conn: &mut Conn,
    workspace: WorkspaceId,
    after: Option<ContactId>,
    subscribed: Option<bool>,
    limit: i64,
) -> Result<Vec<Contact>, StoreError> {
    let mut select = QueryBuilder::new("select * from contact where workspace_id = ");
    select.push_bind(workspace.to_string());
    select.push(" and id > ").push_bind(after.map_or_else(String::new, |id| id.to_string()));
    if let Some(subscribed) = subscribed {
        select.push(" and subscribed = ").push_bind(i64::from(subscribed));
    }
    select.push(" order by id limit ").push_bind(limit);
    row::all(select.build().fetch_all(conn.db()).await?, read)
}

/// How many contacts match the filter of a query.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, query: &ContactQuery) -> Result<u64, StoreError> {
    let mut select = QueryBuilder::new("select count(*) from contact where workspace_id = ");
    select.push_bind(workspace.to_string());
    push_filter(&mut select, query);
    let count: i64 = select.build().fetch_one(conn.db()).await?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// The contacts that have these addresses, however they are written.
pub async fn lookup(conn: &mut Conn, workspace: WorkspaceId, emails: &[String]) -> Result<Vec<Contact>, StoreError> {
    let mut found = Vec::new();
    for part in emails.chunks(500) {
        let mut select = QueryBuilder::new("select * from contact where workspace_id = ");
        select.push_bind(workspace.to_string());
        row::push_in(&mut select, " and email in ", part.iter().map(|email| normalise_email(email)));
        select.push(" order by email");
        found.extend(row::all(select.build().fetch_all(conn.db()).await?, read)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_what_it_writes_and_nothing_else() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("id");
        let cursor = ContactCursor { key: "ada lovelace@example.org".into(), id };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("zz".parse::<ContactCursor>(), Err(BadCursor));
        assert_eq!("".parse::<ContactCursor>(), Err(BadCursor));
    }
}
