//! A real SMTP server, `aiosmtpd`, that this project did not write. `tests/peers/smtp_peer.py` only tells it what to refuse
//! and where to put what it takes.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::python::{python, workspace};

/// A message that was taken.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    /// The envelope's sender.
    pub mail_from: String,
    /// The envelope's recipients.
    pub rcpt_tos: Vec<String>,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The HTML part, decoded.
    pub html: String,
    /// The plain part, decoded.
    pub text: String,
}

impl Mail {
    /// A header, decoded; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// The server. A recipient `bounce@…` is refused for good (550), `busy@…` for now the first two times (451), `busy-once@…` the
/// first time.
pub struct SmtpPeer {
    port: u16,
    taken: Arc<Mutex<Vec<Mail>>>,
    _process: Child,
}

impl SmtpPeer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Starts on this port; 0 for a free one.
    pub async fn start_on(port: u16) -> Self {
        let mut process = Command::new(python())
            .arg(workspace().join("tests/peers/smtp_peer.py"))
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("starting the SMTP peer");
        let mut lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
        let first = lines.next_line().await.expect("the SMTP peer's stdout").expect("the SMTP peer's port");
        let taken = Arc::<Mutex<Vec<Mail>>>::default();
        let kept = taken.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().expect("mail").push(serde_json::from_str(&line).expect("a message as JSON"));
            }
        });
        Self { port: first.trim().parse().expect("a port"), taken, _process: process }
    }

    /// The URL for `STEPWELL_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// What was taken so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.taken.lock().expect("mail").clone()
    }

    /// Waits until this many messages were taken.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        crate::eventually(&format!("{count} messages at the SMTP peer"), || async {
            let mails = self.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}
