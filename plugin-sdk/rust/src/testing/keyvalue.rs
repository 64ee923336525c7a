//! The fake of `wasi:keyvalue/store`.

use super::state::{Effect, with};
use crate::bindings::wasi::keyvalue::store::{Error, KeyResponse};

pub(crate) struct Bucket(String);

pub(crate) fn open(name: &str) -> Result<Bucket, Error> {
    if with(|state| state.denies("keyvalue")) { Err(Error::AccessDenied) } else { Ok(Bucket(name.to_owned())) }
}

impl Bucket {
    pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(with(|state| state.values.get(&self.place(key)).cloned()))
    }

    pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        with(|state| {
            state.values.insert(self.place(key), value.to_vec());
            state.effects.push(self.effect(key, Some(value.to_vec())));
        });
        Ok(())
    }

    pub(crate) fn delete(&self, key: &str) -> Result<(), Error> {
        with(|state| {
            state.values.remove(&self.place(key));
            state.effects.push(self.effect(key, None));
        });
        Ok(())
    }

    pub(crate) fn exists(&self, key: &str) -> Result<bool, Error> {
        Ok(self.get(key)?.is_some())
    }

    pub(crate) fn list_keys(&self, _: Option<u64>) -> Result<KeyResponse, Error> {
        let keys = with(|state| {
            state.values.keys().filter(|(bucket, _)| *bucket == self.0).map(|(_, key)| key.clone()).collect()
        });
        Ok(KeyResponse { keys, cursor: None })
    }

    fn place(&self, key: &str) -> (String, String) {
        (self.0.clone(), key.to_owned())
    }

    fn effect(&self, key: &str, value: Option<Vec<u8>>) -> Effect {
        Effect::SetValue(self.0.clone(), key.to_owned(), value)
    }
}
