//! Disk space that deleting has freed, given back to the file system. On SQLite: PostgreSQL does it by itself.

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreError;
use crate::sql;

/// Of so many pages of a file one may be free: what is written next takes it.
const SPARE: i64 = 8;

/// Gives up to `pages` free pages back, but keeps `keep` of them, or one in eight where that is more: a file that would grow
/// again at once is not made smaller. `true` if there is more to give back.
pub async fn give_back(conn: &mut Conn, keep: u32, pages: u32) -> Result<bool, StoreError> {
    if conn.is_shared() {
        return Ok(false);
    }
    let (free, all) = (number(conn, "pragma freelist_count").await?, number(conn, "pragma page_count").await?);
    let spare = (free - i64::from(keep).max(all / SPARE)).clamp(0, i64::from(u32::MAX));
    let now = u32::try_from(spare).unwrap_or(u32::MAX).min(pages);
    if now > 0 {
        dialect::give_back(conn, now).await?;
    }
    Ok(spare > i64::from(now))
}

async fn number(conn: &mut Conn, pragma: &'static str) -> Result<i64, StoreError> {
    Ok(sql::query(pragma).value(conn.db()).await?.unwrap_or(0))
}
