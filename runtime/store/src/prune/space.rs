//! Disk space that deleting has freed, given back to the file system. On SQLite: PostgreSQL does it by itself.

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreError;
use crate::sql;

/// How many free pages may stay in a file, for what is written next: a file that would grow again at once is not made smaller.
#[derive(Clone, Copy, Debug)]
pub struct Spare {
    /// So many in any case.
    pub pages: u32,
    /// One in so many of all pages, where that is more; at least 1.
    pub one_in: u32,
}

/// Gives up to `pages` free pages back, but for the spare ones. `true` if there is more to give back.
pub async fn give_back(conn: &mut Conn, spare: Spare, pages: u32) -> Result<bool, StoreError> {
    if conn.is_shared() {
        return Ok(false);
    }
    let (free, all) = (number(conn, "pragma freelist_count").await?, number(conn, "pragma page_count").await?);
    let keep = i64::from(spare.pages).max(all / i64::from(spare.one_in.max(1)));
    let surplus = (free - keep).clamp(0, i64::from(u32::MAX));
    let now = u32::try_from(surplus).unwrap_or(u32::MAX).min(pages);
    if now > 0 {
        dialect::give_back(conn, now).await?;
    }
    Ok(surplus > i64::from(now))
}

async fn number(conn: &mut Conn, pragma: &'static str) -> Result<i64, StoreError> {
    Ok(sql::query(pragma).value(conn.db()).await?.unwrap_or(0))
}
