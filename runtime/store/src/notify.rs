//! What nodes tell each other through PostgreSQL, so that one does not find out at its next look only. A word that gets lost does
//! no harm: everything is looked for again now and then.
//!
//! Said rarely: commits that say something wait for each other.

use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::PgListener;
use sqlx::{Pool, Postgres};

use crate::conn::Conn;
use crate::dialect::DbPool;
use crate::error::StoreError;
use crate::sql;
use crate::store::Store;

/// The channel of one schema: others in the same database are not meant. The name of a schema is too long for a part of one.
const CHANNEL: &str = "select 'stepwell_' || md5(current_schema())";

/// How long a listener waits for its connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a node may want to know at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Due work was given back: any node may take it.
    Work,
    /// A plugin was installed, removed, or granted something else.
    Plugins,
    /// A node stopped: what it held may be taken over.
    Left,
    /// Words may have been missed: everything is to be looked for.
    Unknown,
}

impl News {
    fn word(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Plugins => "plugins",
            Self::Left => "left",
            Self::Unknown => "",
        }
    }

    fn of(word: &str) -> Self {
        [Self::Work, Self::Plugins, Self::Left].into_iter().find(|news| news.word() == word).unwrap_or(Self::Unknown)
    }
}

/// Tells all nodes, this one too, once the write has been committed. Nothing on SQLite, where there is one node.
pub async fn tell(conn: &mut Conn, news: News) -> Result<(), StoreError> {
    if conn.is_shared() {
        let query = sql::query("select pg_notify('stepwell_' || md5(current_schema()), $1)");
        query.bind(news.word()).fetch_all(conn.db()).await?;
    }
    Ok(())
}

/// Hears what nodes tell each other. Has a connection of its own.
pub struct Listener(PgListener);

impl Store {
    /// Begins to listen; none on SQLite.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        let DbPool::Postgres(writer) = self.writer() else { return Ok(None) };
        let pool: Pool<Postgres> = PoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(writer.connect_options().as_ref().clone());
        let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&pool).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(&channel).await?;
        Ok(Some(Listener(listener)))
    }
}

impl Listener {
    /// The next piece of news. An error means that the connection is lost: then begin anew, after a pause.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        // None: it was lost, and is there again.
        let heard = self.0.try_recv().await?;
        Ok(heard.map_or(News::Unknown, |heard| News::of(heard.payload())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_known_may_mean_anything() {
        for news in [News::Work, News::Plugins, News::Left] {
            assert_eq!(News::of(news.word()), news);
        }
        assert_eq!(News::of("weather"), News::Unknown);
    }
}
