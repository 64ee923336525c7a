//! What a run logs: bounded, and cut where it is too much. Shared by `wasi:logging`, standard output and standard error.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stepwell_core::LogLine;

/// The longest line that is kept, in bytes.
const MAX_LINE: usize = 8 * 1024;

/// What each line costs beside its text, so that empty lines are bounded too.
const LINE_COST: usize = 16;

/// The log of one run.
#[derive(Clone, Debug)]
pub(crate) struct RunLog(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    kept: Vec<LogLine>,
    room: usize,
    dropped: u64,
    /// The last line written to standard error that says something: the message of a panic.
    last_error: Option<String>,
    /// What the host refused last, and how to allow it.
    refusal: Option<String>,
}

/// The two streams of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

impl RunLog {
    pub(crate) fn new(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Lines { kept: Vec::new(), room, dropped: 0, last_error: None, refusal: None })))
    }

    /// Keeps a line if there is room.
    pub(crate) fn write(&self, level: &'static str, message: &str) {
        self.lines().write(level, message);
    }

    /// Keeps what the host refused, and why.
    pub(crate) fn refuse(&self, reason: &str) {
        let mut lines = self.lines();
        lines.write("warn", reason);
        lines.refusal = Some(cut(reason, MAX_LINE).to_owned());
    }

    /// What the host refused last.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.lines().refusal.clone()
    }

    /// Keeps a line that the guest wrote to a stream.
    pub(crate) fn write_stream(&self, stream: Stream, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let mut lines = self.lines();
        match stream {
            Stream::Output => lines.write("info", text),
            Stream::Error => {
                lines.write("error", text);
                if !text.starts_with("note: ") {
                    lines.last_error = Some(cut(text, 512).to_owned());
                }
            }
        }
    }

    /// The last line on standard error.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.lines().last_error.clone()
    }

    /// All lines, with a last one that says how many were dropped.
    pub(crate) fn take(&self) -> Vec<LogLine> {
        let mut lines = self.lines();
        let mut kept = std::mem::take(&mut lines.kept);
        if lines.dropped > 0 {
            let message = format!("the log was cut: {} more lines are not shown", lines.dropped);
            kept.push(LogLine { level: "warn", message });
        }
        kept
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn write(&mut self, level: &'static str, message: &str) {
        let text = cut(message, MAX_LINE);
        let cost = text.len() + LINE_COST;
        if self.dropped > 0 || cost > self.room {
            self.dropped += 1;
            return;
        }
        self.room -= cost;
        self.kept.push(LogLine { level, message: text.to_owned() });
    }
}

/// The first `limit` bytes, at a character's border.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted_and_not_kept() {
        let log = RunLog::new(2 * LINE_COST + 8);
        for text in ["one", "two", "three", "four"] {
            log.write("info", text);
        }
        let messages: Vec<_> = log.take().into_iter().map(|line| line.message).collect();
        assert_eq!(messages, ["one", "two", "the log was cut: 2 more lines are not shown"]);
    }

    #[test]
    fn the_message_of_a_panic_is_the_last_line_that_is_no_note() {
        let log = RunLog::new(1000);
        for line in
            ["thread 'main' panicked at src/lib.rs:3:5:", "no such plan", "note: run with `RUST_BACKTRACE=1`", ""]
        {
            log.write_stream(Stream::Error, line.as_bytes());
        }
        assert_eq!(log.last_error().as_deref(), Some("no such plan"));
    }

    #[test]
    fn a_line_is_cut_at_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
