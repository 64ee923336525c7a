//! One server to a data folder: an advisory lock that the system releases when the process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Holds the data folder until it is dropped.
pub(crate) struct DataLock {
    /// The lock lives as long as the open file.
    _file: File,
}

impl DataLock {
    /// Takes the folder, which is created if it is not there; fails if a running server has it.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("creating the data folder {}", folder.display()))?;
        let mut file = open(folder)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another stepwell{} is running on the data folder {}; stop it, or name another folder with --data",
                holder(&mut file),
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path(folder).display()));
            }
        }
        // Only for the message above; a lock without it is as good.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }

    /// Whether a running server has the folder.
    pub(crate) fn is_taken(folder: &Path) -> bool {
        path(folder).exists() && open(folder).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("stepwell.lock")
}

fn open(folder: &Path) -> Result<File> {
    let path = path(folder);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(&path).with_context(|| format!("opening {}", path.display()))
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.read_to_string(&mut text).is_ok() && text.trim().parse::<u32>().is_ok();
    if read { format!(" (process {})", text.trim()) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_at_a_time_and_free_again_afterwards() {
        let folder = tempfile::tempdir().expect("folder");
        let data = folder.path().join("data");
        assert!(!DataLock::is_taken(&data));
        let lock = DataLock::take(&data).expect("free");
        assert!(DataLock::is_taken(&data));
        let error = DataLock::take(&data).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(&format!("(process {})", std::process::id())) && error.contains("--data"), "{error}");
        drop(lock);
        assert!(!DataLock::is_taken(&data) && DataLock::take(&data).is_ok());
    }
}
