//! What Linux tells about a process and about sockets: CPU time, memory, states.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// Clock ticks in a second of `/proc/<pid>/stat`: 100 on every Linux that shows them.
const TICKS: f64 = 100.0;

/// The state of a socket that waits for stray packets, in `/proc/net/tcp`.
const TIME_WAIT: &str = "06";

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

/// Memory of a process in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Everything resident, mapped files included.
    pub(crate) resident: f64,
    /// Of these what belongs to no file.
    pub(crate) anonymous: f64,
}

impl Process {
    fn file(self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.0).into()
    }

    /// CPU seconds used so far, in user and in kernel mode.
    pub(crate) fn cpu(self) -> Result<(f64, f64)> {
        let path = self.file("stat");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        cpu_of(&text).with_context(|| format!("reading CPU times from {}", path.display()))
    }

    pub(crate) fn memory(self) -> Result<Memory> {
        let path = self.file("status");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let of = |name| kibibytes(&text, name).map(|kib| kib / 1024.0);
        of("VmRSS:")
            .zip(of("RssAnon:"))
            .map(|(resident, anonymous)| Memory { resident, anonymous })
            .context("no memory")
    }

    /// CPU seconds of the threads by name, digits at the end left out. A thread that ends meanwhile is not there.
    pub(crate) fn threads(self) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for task in fs::read_dir(self.file("task")).into_iter().flatten().flatten() {
            let Ok(text) = fs::read_to_string(task.path().join("stat")) else { continue };
            if let (Some(name), Some((user, system))) = (thread_name(&text), cpu_of(&text)) {
                *sums.entry(name).or_default() += user + system;
            }
        }
        sums
    }
}

/// CPU seconds of several processes, in user and in kernel mode.
pub(crate) fn cpu(processes: &[Process]) -> Result<(f64, f64)> {
    processes.iter().try_fold((0.0, 0.0), |sum, process| process.cpu().map(|one| (sum.0 + one.0, sum.1 + one.1)))
}

/// Memory of several processes. What they share counts for each.
pub(crate) fn memory(processes: &[Process]) -> Result<Memory> {
    processes.iter().try_fold(Memory::default(), |sum, process| {
        let Memory { resident, anonymous } = process.memory()?;
        Ok(Memory { resident: sum.resident + resident, anonymous: sum.anonymous + anonymous })
    })
}

/// CPU seconds of the threads of several processes, by name.
pub(crate) fn threads(processes: &[Process]) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for (name, seconds) in processes.iter().flat_map(|process| process.threads()) {
        *sums.entry(name).or_default() += seconds;
    }
    sums
}

/// What lies between the brackets, without the number at the end.
fn thread_name(stat: &str) -> Option<String> {
    let (name, _) = stat.split_once('(')?.1.rsplit_once(')')?;
    Some(name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned())
}

/// The 14th and 15th field. The second, the name, may have spaces and brackets in it.
fn cpu_of(stat: &str) -> Option<(f64, f64)> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut seconds = || fields.next()?.parse::<f64>().ok().map(|ticks| ticks / TICKS);
    Some((seconds()?, seconds()?))
}

fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Sockets in TIME_WAIT with this port on either side.
pub(crate) fn time_wait(port: u16) -> usize {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    tables.iter().map(|table| waiting(table, port)).sum()
}

fn waiting(table: &str, port: u16) -> usize {
    let end = format!(":{port:04X}");
    let lines = table.lines().skip(1).filter(|line| {
        let fields: Vec<_> = line.split_whitespace().take(4).collect();
        matches!(fields[..], [_, local, remote, state] if state == TIME_WAIT && (local.ends_with(&end) || remote.ends_with(&end)))
    });
    lines.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_a_name_with_brackets() {
        let stat = "7 (a) b (2) S 1 7 7 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 4 0 1 2 3";
        assert_eq!(cpu_of(stat), Some((2.5, 0.5)));
        assert_eq!(thread_name("7 (sqlx-sqlite-worker-12) S").as_deref(), Some("sqlx-sqlite-worker"));
    }

    #[test]
    fn memory_is_read_by_name() {
        assert_eq!(kibibytes("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2048.0));
    }

    #[test]
    fn only_waiting_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st\n\
            0: 0100007F:1F90 0100007F:C350 06 0\n 1: 0100007F:C350 0100007F:1F90 06 0\n\
            2: 0100007F:1F90 0100007F:C351 01 0\n 3: 0100007F:1F91 0100007F:C350 06 0\n";
        assert_eq!(waiting(table, 0x1F90), 2);
    }
}
