//! The plugin's own key-value store. Transactional: writes are stored with the step's outcome. A bucket belongs to the
//! workspace and the step type; buckets of different step types never meet.

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::wasi::keyvalue::store as host;
pub use crate::bindings::wasi::keyvalue::store::Error as KeyValueError;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::keyvalue as host;

/// A collection of keys with their values.
pub struct Bucket(host::Bucket);

/// Opens a bucket. It need not be created first.
pub fn open(name: &str) -> Result<Bucket, KeyValueError> {
    host::open(name).map(Bucket)
}

impl Bucket {
    /// The value of a key; `None` when there is none.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        self.0.get(key)
    }

    /// Sets the value of a key.
    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), KeyValueError> {
        self.0.set(key, value)
    }

    /// Deletes a key; one that does not exist stays so.
    pub fn delete(&self, key: &str) -> Result<(), KeyValueError> {
        self.0.delete(key)
    }

    /// Whether a key exists.
    pub fn exists(&self, key: &str) -> Result<bool, KeyValueError> {
        self.0.exists(key)
    }

    /// The keys, `most` at most.
    pub fn keys(&self, most: usize) -> Result<Vec<String>, KeyValueError> {
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.0.list_keys(cursor)?;
            keys.extend(page.keys);
            cursor = page.cursor;
            if cursor.is_none() || keys.len() >= most {
                keys.truncate(most);
                return Ok(keys);
            }
        }
    }
}

impl From<KeyValueError> for Failure {
    fn from(error: KeyValueError) -> Self {
        match error {
            KeyValueError::NoSuchStore => Self::fatal("no-bucket", "the key-value bucket does not exist"),
            KeyValueError::AccessDenied => Self::denied("wasi:keyvalue/store"),
            KeyValueError::Other(what) => {
                Self::passing("unavailable", format!("the key-value store could not answer: {what}"))
            }
        }
    }
}
