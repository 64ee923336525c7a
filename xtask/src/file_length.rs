//! Long source files: past 400 lines look for the second idea in them, past 800 nothing is merged.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

const LONG: usize = 400;
const TOO_LONG: usize = 800;

#[derive(Debug, PartialEq)]
enum Verdict {
    Fine,
    Long,
    TooLong,
}

pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut too_long = 0;
    for path in sources(workspace)? {
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let lines = text.lines().count();
        let path = workspace.shorten(&path).display();
        match judge(lines) {
            Verdict::Fine => {}
            Verdict::Long => {
                eprintln!("warning: {path} has {lines} lines; past {LONG} look for its second idea")
            }
            Verdict::TooLong => {
                eprintln!("error: {path} has {lines} lines; {TOO_LONG} is the most");
                too_long += 1;
            }
        }
    }
    if too_long > 0 {
        bail!("{too_long} source files are too long");
    }
    Ok(())
}

fn judge(lines: usize) -> Verdict {
    if lines > TOO_LONG {
        Verdict::TooLong
    } else if lines > LONG {
        Verdict::Long
    } else {
        Verdict::Fine
    }
}

/// The Rust files that git knows or would take in, so that nothing built is looked at.
fn sources(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(&workspace.root);
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.rs"]);
    let list = process::read(&mut git)?;
    let paths = list.lines().map(|path| workspace.root.join(path));
    Ok(paths.filter(|path| Path::exists(path)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_400_lines_are_fine_and_up_to_800_are_long() {
        assert_eq!(judge(400), Verdict::Fine);
        assert_eq!(judge(401), Verdict::Long);
        assert_eq!(judge(800), Verdict::Long);
        assert_eq!(judge(801), Verdict::TooLong);
    }
}
