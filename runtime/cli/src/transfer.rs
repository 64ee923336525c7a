//! `stepwell export` and `stepwell import`: the database of the settings as a file, to go from SQLite to PostgreSQL or back.
//!
//! Nothing may run on the database meanwhile: what a server stores after an export began would be missing from the file.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use stepwell_core::Clock as _;
use stepwell_engine::SystemClock;
use stepwell_store::transfer::{Progress, Transfer};
use tempfile::NamedTempFile;

use crate::config::Config;
use crate::lock::DataLock;
use crate::print::say;

/// The database of the settings becomes a file that `stepwell import` reads. No server may run on it.
#[derive(clap::Args)]
pub(crate) struct Export {
    /// The file to make. It holds secrets, so nobody else may read it
    file: PathBuf,
}

/// The database of the settings must be empty: nothing may have been stored in it, and no server may run on it.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// A file that `stepwell export` made
    file: PathBuf,
}

/// `stepwell export`.
pub(crate) async fn export(options: Export, config: &Config) -> Result<()> {
    let file = &options.file;
    if file.exists() {
        bail!("{} exists already; name another file", file.display());
    }
    let _lock = lock(config, config.data.exists())?;
    let source = Transfer::source(&config.database_url).await?;
    say!("exporting the {}", described(config));
    let mut part = part(file)?;
    let done = source.export(BufWriter::new(part.as_file_mut()), SystemClock.now(), tell).await;
    source.close().await;
    let done = done.context("exporting the database")?;
    keep(part, file)?;
    let kib = fs::metadata(file).map_or(0, |about| about.len().div_ceil(1024));
    say!("wrote {}: {} rows of {} tables, {kib} KiB", file.display(), done.rows, done.tables);
    say!("it holds API keys' hashes, stored credentials and everybody's data: only you may read it (mode 0600)");
    Ok(())
}

/// `stepwell import`.
pub(crate) async fn import(options: Import, config: &Config) -> Result<()> {
    let file = &options.file;
    let from = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let _lock = lock(config, true)?;
    let target = Transfer::target(&config.database_url).await?;
    say!("importing {} into the {}", file.display(), described(config));
    let done = target.import(BufReader::new(from), tell).await;
    target.close().await;
    let done = done.context("importing the database (nothing of the file was stored)")?;
    say!("stored {} rows of {} tables; all were read back and are as they were exported", done.rows, done.tables);
    if done.marked > 0 {
        say!("{} texts had the character U+0000, which PostgreSQL lacks: U+FFFD stands there now", done.marked);
    }
    say!("start the server with the same settings: what waited goes on");
    Ok(())
}

/// Keeps servers away from a file, as a server keeps others away. Who uses PostgreSQL is seen there.
fn lock(config: &Config, wanted: bool) -> Result<Option<DataLock>> {
    if wanted && is_file(config) { DataLock::take(&config.data).map(Some) } else { Ok(None) }
}

fn is_file(config: &Config) -> bool {
    config.database_url.starts_with("sqlite:")
}

/// Never with the URL of PostgreSQL: a password may be in it.
fn described(config: &Config) -> String {
    if is_file(config) {
        format!("SQLite database {}", config.database_url)
    } else {
        "PostgreSQL database of the settings".to_owned()
    }
}

/// A file beside the one that is to be made, readable for this user only. What is not kept is removed.
fn part(file: &Path) -> Result<NamedTempFile> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::Builder::new().prefix(".stepwell-export-").tempfile_in(folder);
    made.with_context(|| format!("creating a file in {}", folder.display()))
}

/// Gives the file its name, once it is whole and on the disk.
fn keep(mut part: NamedTempFile, file: &Path) -> Result<()> {
    part.flush().and_then(|()| part.as_file().sync_all()).with_context(|| format!("writing {}", file.display()))?;
    let kept = part.persist_noclobber(file).with_context(|| format!("writing {}", file.display()))?;
    kept.sync_all().with_context(|| format!("writing {}", file.display()))
}

fn tell(progress: Progress<'_>) {
    match progress {
        Progress::Rows(table, rows) => say!("  {table:<24}{rows:>12} …"),
        Progress::Table(table, rows) if rows > 0 => say!("  {table:<24}{rows:>12}"),
        Progress::Table(..) | Progress::Verified(..) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap;
    use crate::settings::{Given, Source};
    use stepwell_store::Store;

    fn config(folder: &Path) -> Config {
        let mut given = Given::default();
        given.insert_for_test("data", &folder.display().to_string(), Source::Flag("--data".into()));
        Config::read(&given).expect("settings")
    }

    fn options(file: &Path) -> (Export, Import) {
        (Export { file: file.to_owned() }, Import { file: file.to_owned() })
    }

    #[tokio::test]
    async fn a_database_is_moved_to_another_folder() {
        let folder = tempfile::tempdir().expect("folder");
        let [from, to] = ["from", "to"].map(|name| config(&folder.path().join(name)));
        let store = crate::assemble::open_store(&from).await.expect("store");
        let home = bootstrap::workspace(&store).await.expect("workspace");
        store.close().await;
        let file = folder.path().join("moved");
        export(options(&file).0, &from).await.expect("exported");
        let existing = export(options(&file).0, &from).await.expect_err("there already").to_string();
        assert!(existing.ends_with("exists already; name another file"), "{existing}");
        import(options(&file).1, &to).await.expect("imported");
        let store = Store::open(&to.database_url).await.expect("store");
        assert_eq!(bootstrap::workspace(&store).await.expect("workspace"), home);
        let again = format!("{:#}", import(options(&file).1, &to).await.expect_err("not empty"));
        assert!(again.contains("nothing of the file was stored") && again.contains("is not empty"), "{again}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_may_read_the_file_and_nothing_is_left_of_a_failure() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("folder");
        let config = config(&folder.path().join("data"));
        let file = folder.path().join("moved");
        let missing = format!("{:#}", export(options(&file).0, &config).await.expect_err("no database"));
        assert!(missing.starts_with("there is no database sqlite:"), "{missing}");
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 0);
        crate::assemble::open_store(&config).await.expect("store").close().await;
        export(options(&file).0, &config).await.expect("exported");
        assert_eq!(fs::metadata(&file).expect("file").permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_running_server_is_left_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let config = config(folder.path());
        let _server = DataLock::take(folder.path()).expect("free");
        let (out, into) = options(&folder.path().join("moved"));
        let refused = export(out, &config).await.expect_err("refused").to_string();
        assert!(refused.contains("is running on the data folder"), "{refused}");
        fs::write(&into.file, "").expect("file");
        assert!(import(into, &config).await.is_err());
    }
}
