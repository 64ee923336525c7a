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

#[cfg(test)]
mod tests {
    use super::*;
    use stepwell_core::Effect;

    use crate::testing::{Memory, Setup};

    fn stored(keys: impl IntoIterator<Item = String>) -> Setup {
        let values = keys.into_iter().map(|key| (("tried/b".to_owned(), key), b"old".to_vec())).collect();
        let data = Memory { values: std::sync::Mutex::new(values), ..Memory::default() };
        Setup { data, ..Setup::default() }
    }

    async fn open(state: &mut RunState) -> u32 {
        Host::open(state, "b".into()).await.expect("no trap").expect("opened").rep()
    }

    fn bucket(rep: u32) -> Resource<Bucket> {
        Resource::new_borrow(rep)
    }

    #[tokio::test]
    async fn a_run_sees_its_own_writes_before_what_is_stored() {
        let mut state = stored(["k".to_owned()]).state();
        let rep = open(&mut state).await;
        let get =
            async |state: &mut RunState| state.get(bucket(rep), "k".into()).await.expect("no trap").expect("read");
        assert_eq!(get(&mut state).await, Some(b"old".to_vec()));
        state.set(bucket(rep), "k".into(), b"new".to_vec()).await.expect("no trap").expect("written");
        assert_eq!(get(&mut state).await, Some(b"new".to_vec()));
        state.delete(bucket(rep), "k".into()).await.expect("no trap").expect("deleted");
        assert_eq!(get(&mut state).await, None);
        assert!(!state.exists(bucket(rep), "k".into()).await.expect("no trap").expect("read"));
        let expected = Effect::DeleteValue { bucket: "tried/b".into(), key: "k".into() };
        assert_eq!(state.into_run().effects.into_list(), [expected]);
    }

    #[tokio::test]
    async fn all_keys_are_listed_once_over_pages_with_the_run_s_own() {
        let mut state = stored((0..250).map(|n| format!("{n:03}"))).state();
        let rep = open(&mut state).await;
        state.delete(bucket(rep), "000".into()).await.expect("no trap").expect("deleted");
        for key in ["099x", "150", "zzz"] {
            state.set(bucket(rep), key.into(), Vec::new()).await.expect("no trap").expect("written");
        }
        let mut listed = Vec::new();
        let mut cursor = None;
        loop {
            let page = state.list_keys(bucket(rep), cursor).await.expect("no trap").expect("a page");
            listed.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        let mut expected: Vec<_> = (1..250).map(|n| format!("{n:03}")).chain(["099x".into(), "zzz".into()]).collect();
        expected.sort();
        assert_eq!(listed, expected);
        assert!(state.list_keys(bucket(rep), Some(99)).await.expect("no trap").is_err(), "a made-up cursor");
    }

    #[tokio::test]
    async fn keys_and_values_are_bounded() {
        let mut state = stored([]).state();
        let rep = open(&mut state).await;
        for key in [String::new(), "x".repeat(MAX_KEY + 1), "a\0b".into()] {
            assert!(state.set(bucket(rep), key, Vec::new()).await.expect("no trap").is_err());
        }
        assert!(state.set(bucket(rep), "k".into(), vec![0; MAX_VALUE + 1]).await.expect("no trap").is_err());
        assert!(Host::open(&mut state, "x".repeat(MAX_IDENTIFIER + 1)).await.expect("no trap").is_err());
    }
}
