//! `wasi:keyvalue/store`: a step type's own values, by workspace. A run sees its own writes.
//!
//! Any identifier opens a bucket. The bucket's name in the store begins with the step type, so buckets of different step types
//! never meet.

use wasmtime::component::Resource;

use crate::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::grant::Import;
use crate::state::{Run, RunState};

/// The longest identifier of a bucket and the longest key, in bytes.
const MAX_IDENTIFIER: usize = 100;
const MAX_KEY: usize = 512;

/// The largest value, in bytes.
const MAX_VALUE: usize = 1024 * 1024;

/// How many keys a page has.
const PAGE: usize = 100;

/// The most pages that can be gone on from in one run.
const MAX_CURSORS: usize = 10_000;

/// An open bucket.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket {
    /// `<step type>/<identifier>`.
    name: String,
    /// The last key of each page that was handed out; a cursor is an index into it.
    pages: Vec<String>,
}

/// What a guest gets: a value or an error it can handle.
type Answer<T> = Result<T, Error>;

impl Host for RunState {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Answer<Resource<Bucket>>> {
        self.run.allow(Import::KeyValue)?;
        if identifier.len() > MAX_IDENTIFIER || identifier.chars().any(char::is_control) {
            return Ok(Err(Error::NoSuchStore));
        }
        let name = format!("{}/{identifier}", self.run.facts.step_type);
        Ok(Ok(self.table.push(Bucket { name, pages: Vec::new() })?))
    }
}

impl HostBucket for RunState {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Answer<Option<Vec<u8>>>> {
        let bucket = self.table.get(&bucket)?;
        Ok(self.run.value(&bucket.name, &key).await)
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> wasmtime::Result<Answer<()>> {
        let bucket = self.table.get(&bucket)?;
        if value.len() > MAX_VALUE {
            return Ok(Err(Error::Other(format!("a value may have {MAX_VALUE} bytes at most"))));
        }
        Ok(check_key(&key)
            .and_then(|()| self.run.effects.write_value(&bucket.name, key, Some(value)).map_err(Error::Other)))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Answer<()>> {
        let bucket = self.table.get(&bucket)?;
        Ok(check_key(&key).and_then(|()| self.run.effects.write_value(&bucket.name, key, None).map_err(Error::Other)))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Answer<bool>> {
        let bucket = self.table.get(&bucket)?;
        Ok(self.run.value(&bucket.name, &key).await.map(|value| value.is_some()))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Answer<KeyResponse>> {
        let open = self.table.get(&bucket)?;
        let after = match cursor.map(|cursor| usize::try_from(cursor).ok().and_then(|index| open.pages.get(index))) {
            None => None,
            Some(Some(key)) => Some(key.clone()),
            Some(None) => return Ok(Err(Error::Other("this cursor was not handed out by this bucket".into()))),
        };
        let (keys, last) = match self.run.page(&open.name, after.as_deref()).await {
            Ok(page) => page,
            Err(error) => return Ok(Err(error)),
        };
        let open = self.table.get_mut(&bucket)?;
        let cursor = last.filter(|_| open.pages.len() < MAX_CURSORS).map(|key| {
            open.pages.push(key);
            open.pages.len() as u64 - 1
        });
        Ok(Ok(KeyResponse { keys, cursor }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl Run {
    async fn value(&self, bucket: &str, key: &str) -> Answer<Option<Vec<u8>>> {
        check_key(key)?;
        if let Some(written) = self.effects.value(bucket, key) {
            return Ok(written.map(<[u8]>::to_vec));
        }
        self.services.data.value(self.facts.workspace, bucket, key).await.map_err(|error| {
            self.unavailable(&error);
            Error::Other("the store does not answer; trying the step again may help".into())
        })
    }

    /// The keys after one, as this run left them, and the last key looked at; none when there are no more.
    async fn page(&self, bucket: &str, after: Option<&str>) -> Answer<(Vec<String>, Option<String>)> {
        let stored = self.services.data.keys(self.facts.workspace, bucket, after, PAGE).await.map_err(|error| {
            self.unavailable(&error);
            Error::Other("the store does not answer; trying the step again may help".into())
        })?;
        let last = if stored.len() < PAGE { None } else { stored.last().cloned() };
        let mut keys = stored;
        for (key, present) in self.effects.written_keys(bucket, after, last.as_deref()) {
            match (keys.binary_search_by(|known| known.as_str().cmp(key)), present) {
                (Ok(index), false) => {
                    keys.remove(index);
                }
                (Err(index), true) => keys.insert(index, key.to_owned()),
                (Ok(_), true) | (Err(_), false) => {}
            }
        }
        Ok((keys, last))
    }
}

fn check_key(key: &str) -> Answer<()> {
    if key.is_empty() || key.len() > MAX_KEY || key.chars().any(char::is_control) {
        return Err(Error::Other(format!("a key has from 1 to {MAX_KEY} bytes and no control characters")));
    }
    Ok(())
}
