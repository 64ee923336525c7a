//! A mail server that takes everything and shows it: `mailin` speaks SMTP, this moves the lines.

use std::io;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result};
use mail_parser::MessageParser;
use mailin::{Action, Handler, Response, Session, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The largest email that is taken, and the longest line.
const MAX_EMAIL: usize = 16 * 1024 * 1024;

/// An email that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceivedMail {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) unsubscribe: Option<String>,
    pub(crate) text: String,
}

/// Starts on a free port of this machine. Emails come out of the channel; it ends with the process.
pub(crate) async fn start() -> Result<(SocketAddr, mpsc::UnboundedReceiver<ReceivedMail>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("starting the mail sink")?;
    let address = listener.local_addr().context("asking for the mail sink's port")?;
    let (to, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                if let Err(error) = talk(stream, peer.ip(), to).await {
                    tracing::debug!(%error, "a client of the mail sink went away");
                }
            });
        }
    });
    Ok((address, received))
}

async fn talk(stream: TcpStream, peer: IpAddr, to: mpsc::UnboundedSender<ReceivedMail>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut session = SessionBuilder::new("stepwell-demo").build(peer, Mailbox { email: Vec::new(), to });
    write.write_all(&session.greeting().buffer()?).await?;
    let mut line = Vec::new();
    while read.read_until(b'\n', &mut line).await? > 0 {
        let ends = answer(&mut session, &line, &mut write).await?;
        if ends {
            break;
        }
        line.clear();
    }
    Ok(())
}

async fn answer(
    session: &mut Session<Mailbox>,
    line: &[u8],
    write: &mut (impl tokio::io::AsyncWrite + Unpin),
) -> io::Result<bool> {
    let response = session.process(line);
    match response.action {
        Action::NoReply => return Ok(false),
        Action::Reply | Action::Close | Action::UpgradeTls => write.write_all(&response.buffer()?).await?,
    }
    Ok(matches!(response.action, Action::Close))
}

/// Takes the emails of one connection.
struct Mailbox {
    email: Vec<u8>,
    to: mpsc::UnboundedSender<ReceivedMail>,
}

impl Handler for Mailbox {
    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.email.len() + bytes.len() > MAX_EMAIL {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.email.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        match read(&std::mem::take(&mut self.email)) {
            Some(mail) => {
                // Nobody waits for it any more when the demo ends.
                let _ = self.to.send(mail);
                response::OK
            }
            None => response::TRANSACTION_FAILED,
        }
    }
}

fn read(bytes: &[u8]) -> Option<ReceivedMail> {
    let mail = MessageParser::default().parse(bytes)?;
    let address = |list: Option<&mail_parser::Address<'_>>| {
        let first = list.and_then(|list| list.first());
        first.and_then(|first| first.address()).unwrap_or_default().to_owned()
    };
    Some(ReceivedMail {
        from: address(mail.from()),
        to: address(mail.to()),
        subject: mail.subject().unwrap_or_default().to_owned(),
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        unsubscribe: mail.header_raw("List-Unsubscribe").map(|value| value.trim().trim_matches(['<', '>']).to_owned()),
        text: mail.body_text(0).unwrap_or_default().trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_email_that_is_handed_over_comes_out_readable() {
        let (address, mut received) = start().await.expect("sink");
        let mut stream = BufReader::new(TcpStream::connect(address).await.expect("connection"));
        let lines = [
            "EHLO [127.0.0.1]",
            "MAIL FROM:<a@example.org> BODY=8BITMIME",
            "RCPT TO:<b@example.org>",
            "DATA",
            "From: A <a@example.org>\r\nTo: b@example.org\r\nSubject: =?utf-8?b?w5xiZXI=?=\r\nMessage-ID: <1@example.org>\r\n\
             List-Unsubscribe: <https://example.org/u>\r\n\r\nHello.\r\n..\r\n.",
            "QUIT",
        ];
        let mut greeting = String::new();
        stream.read_line(&mut greeting).await.expect("greeting");
        for line in lines {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("written");
            let mut answer = String::new();
            while answer.lines().last().is_none_or(|line| line.as_bytes().get(3) != Some(&b' ')) {
                stream.read_line(&mut answer).await.expect("answer");
            }
            assert!(answer.starts_with(['2', '3']), "{line}: {answer}");
        }
        let wanted = ReceivedMail {
            from: "a@example.org".into(),
            to: "b@example.org".into(),
            subject: "Über".into(),
            message_id: "1@example.org".into(),
            unsubscribe: Some("https://example.org/u".into()),
            text: "Hello.\r\n.".into(),
        };
        assert_eq!(received.recv().await, Some(wanted));
    }
}
