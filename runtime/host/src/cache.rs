//! Compiled components on disk, by digest and engine settings.
//!
//! Loading crafted code is running it. So a file is loaded only if its tag, made with the server's key over the file and what it
//! stands for, is right; anything else counts as missing, and the component is compiled again.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use stepwell_core::Digest;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::capability::connections::{hmac_is, hmac_sha256};
use crate::error::HostError;

/// What the tag begins with, so that the key is not used for the same text elsewhere.
const LABEL: &[u8] = b"stepwell compiled component\0";

/// The folder of compiled components.
#[derive(Clone)]
pub(crate) struct CodeCache {
    folder: PathBuf,
    key: [u8; 32],
    engine: Engine,
    settings: [u8; 32],
}

impl CodeCache {
    /// Opens the folder, and makes it if it is missing.
    pub(crate) fn open(folder: &Path, key: [u8; 32], engine: &Engine) -> Result<Self, HostError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| HostError::CacheFolder { path: folder.to_owned(), cause })?;
        let mut hasher = WideHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let settings = hasher.0.finalize().into();
        Ok(Self { folder: folder.to_owned(), key, engine: engine.clone(), settings })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The compiled component, if it is there and ours.
    pub(crate) fn load(&self, digest: Digest) -> Option<Component> {
        let path = self.path(digest);
        let mut code = File::open(&path).ok()?;
        let tag = match fs::read(tag_path(&path)) {
            Ok(tag) => tag,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a compiled component has no tag; compiling again");
                return None;
            }
        };
        if !hmac_is(&self.key, &[LABEL, &digest.0, &self.settings], &mut code, &tag).unwrap_or(false) {
            tracing::warn!(path = %path.display(), "a compiled component is damaged or foreign; compiling again");
            return None;
        }
        self.map(&path)
            .inspect_err(
                |error| tracing::warn!(path = %path.display(), error = format!("{error:#}"), "compiling again"),
            )
            .ok()
    }

    /// Maps a file into memory as code.
    fn map(&self, path: &Path) -> wasmtime::Result<Component> {
        // SAFETY: the file's tag was checked just before: it was written by `store` under the server's key, from what
        // wasmtime's compiler gave. It lies in a folder that only the server's user may write to, under a name that `store`
        // gives to complete files only, and a file is never written to once it has that name.
        #[allow(unsafe_code, reason = "loading compiled code cannot be made safe by types")]
        unsafe {
            Component::deserialize_file(&self.engine, path)
        }
    }

    /// Keeps what the compiler gave, and drops what older settings gave for the same component.
    pub(crate) fn store(&self, digest: Digest, code: &[u8]) -> Result<(), HostError> {
        let path = self.path(digest);
        let tag = hmac_sha256(&self.key, &[LABEL, &digest.0, &self.settings, code]);
        // The tag first: a crash in between leaves a tag that does not fit, and the component is compiled again.
        replace(&tag_path(&path), &tag)
            .and_then(|()| replace(&path, code))
            .map_err(|cause| HostError::Compiling { path: path.clone(), cause })?;
        self.forget_others(digest, &path);
        Ok(())
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}-{}.cwasm", hex::encode(&self.settings[..8])))
    }

    fn forget_others(&self, digest: Digest, kept: &Path) {
        let prefix = format!("{digest}-");
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let ours = entry.file_name().to_string_lossy().starts_with(&prefix);
            if ours && path != kept && path != tag_path(kept) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn tag_path(path: &Path) -> PathBuf {
    path.with_extension("tag")
}

/// Writes a file as a whole: whoever sees the name sees all of it, also after a crash.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
}

/// Hashes the engine's settings into more than the 64 bits of other hashers.
struct WideHasher(Sha256);

impl Hasher for WideHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |number, &byte| (number << 8) | u64::from(byte))
    }
}
