//! Running other programs: announced on stderr, and named in the error when they fail.

use std::fmt::Display;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Prints the headed line that opens a part of the work.
pub(crate) fn heading(text: impl Display) {
    eprintln!("── {text}");
}

/// Does one part of the work under a heading, and says how long it took.
pub(crate) fn part<T>(text: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    heading(text);
    let start = Instant::now();
    let result = work();
    let word = if result.is_ok() { "done" } else { "failed" };
    heading(format_args!("{text}: {word} in {:.1} s", start.elapsed().as_secs_f64()));
    result
}

/// Runs a program with this terminal as its own; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("starting `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs a program and answers with what it printed, without the white space at the end.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("starting `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}", output.status);
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("reading `{line}`"))?;
    Ok(text.trim_end().to_owned())
}

/// Runs a program silently and tells whether it is there and ended well.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Runs a program for at most `limit`, then ends it, and tells whether it ended well by itself.
pub(crate) fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    let Ok(mut child) = command.stdin(Stdio::null()).spawn() else {
        return false;
    };
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => thread::sleep(Duration::from_millis(50)),
            Err(_) => break,
        }
    }
    // Both fail only when the program has ended in the meantime.
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// The command as one would type it, without its environment.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let error = run(Command::new("false").arg("now")).expect_err("`false` fails");
        assert_eq!(error.to_string(), "`false now` ended with exit status: 1");
    }

    #[test]
    fn output_is_read_without_the_line_end() {
        let text = read(Command::new("echo").arg("two words")).expect("`echo` works");
        assert_eq!(text, "two words");
    }

    #[test]
    fn a_program_that_is_not_there_does_not_succeed() {
        assert!(!succeeds(&mut Command::new("no-program-has-this-name")));
    }

    #[test]
    fn a_program_that_outlives_its_limit_is_ended() {
        let start = Instant::now();
        assert!(!succeeds_within(Command::new("sleep").arg("60"), Duration::from_millis(100)));
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
