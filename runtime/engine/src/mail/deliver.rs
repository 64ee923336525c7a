//! Hands an email to the mail server, and says what its answer means for the message.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message as Mail, Tokio1Executor};
use stepwell_core::Timestamp;
use url::Url;

/// All attempts together. The pauses between them make about three hours.
pub(super) const MAX_ATTEMPTS: u32 = 8;

/// The oldest a message is still sent at: three days.
const MAX_AGE_MS: i64 = 3 * 24 * 60 * 60 * 1000;

const FIRST_PAUSE_MS: i64 = 10_000;
const LONGEST_PAUSE_MS: i64 = 60 * 60 * 1000;
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest one attempt may take.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// Said of messages that wait because there is nowhere to send them.
pub(super) const NO_SERVER: &str = "no mail server is configured; set STEPWELL_SMTP_URL";

/// The SMTP URL cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("expected smtp://[user:password@]host[:port][?tls=none|opportunistic|required] or smtps://…: {0}")]
pub struct BadSmtpUrl(String);

/// Where the mail server is and how to talk to it: `smtp://` (plain or, where the server offers it or `tls` requires it,
/// STARTTLS) or `smtps://` (TLS from the beginning). `tls` is `opportunistic` where nothing is said.
#[derive(Clone)]
pub struct SmtpUrl(Url);

impl FromStr for SmtpUrl {
    type Err = BadSmtpUrl;
    fn from_str(text: &str) -> Result<Self, BadSmtpUrl> {
        let url = normalised(text)?;
        match AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str()) {
            Ok(_) => Ok(Self(url)),
            Err(error) => Err(BadSmtpUrl(error.to_string())),
        }
    }
}

/// Without the password.
impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

/// The mail server, if there is one. Cheap to clone; connections are pooled and kept open.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server took it.
    Sent,
    /// Trying again may help.
    Later(String),
    /// The mail server refused it for good.
    Bounced {
        /// Its answer.
        answer: String,
        /// Whether the answer says that the recipient's address is no good.
        bad_address: bool,
    },
    /// The email cannot be handed over at all.
    Impossible(String),
}

impl Mailer {
    /// A mailer that connects when there is something to send, at most `connections` times at once. `hello` is the name that it
    /// gives itself, unless the URL has one as its path. Only inside a Tokio runtime.
    pub fn new(server: &SmtpUrl, hello: &str, connections: u32) -> Result<Self, BadSmtpUrl> {
        let pool = PoolConfig::new().max_size(connections).idle_timeout(Duration::from_secs(60));
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(server.0.as_str());
        let mut builder = builder.map_err(|error| BadSmtpUrl(error.to_string()))?;
        if matches!(server.0.path(), "" | "/") {
            builder = builder.hello_name(client_id(hello));
        }
        Ok(Self { transport: Some(builder.timeout(Some(COMMAND_TIMEOUT)).pool_config(pool).build()) })
    }

    /// A mailer that sends nothing: messages wait until one is configured.
    pub fn none() -> Self {
        Self { transport: None }
    }

    /// Whether there is a mail server.
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// Tries once to hand over an email.
    pub async fn send(&self, mail: Mail) -> Delivery {
        let Some(transport) = &self.transport else { return Delivery::Later(NO_SERVER.to_owned()) };
        match tokio::time::timeout(ATTEMPT_TIMEOUT, transport.send(mail)).await {
            Ok(Ok(_)) => Delivery::Sent,
            Ok(Err(error)) if error.is_permanent() => refused(error.status().map_or(0, u16::from), &reason(&error)),
            Ok(Err(error)) if error.is_client() => Delivery::Impossible(reason(&error)),
            Ok(Err(error)) => Delivery::Later(reason(&error)),
            Err(_) => Delivery::Later("the mail server did not answer in time".to_owned()),
        }
    }

    /// Closes the connections.
    pub async fn shutdown(&self) {
        if let Some(transport) = &self.transport {
            transport.shutdown().await;
        }
    }
}

/// A host as SMTP writes it: addresses stand in brackets.
fn client_id(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

/// The URL as the SMTP client reads it. It would send passwords in the clear where nothing is said of TLS.
fn normalised(smtp_url: &str) -> Result<Url, BadSmtpUrl> {
    let mut url = Url::parse(smtp_url.trim()).map_err(|error| BadSmtpUrl(error.to_string()))?;
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    let plain_port = |url: &mut Url| {
        if url.port().is_none() {
            // A URL with a host takes a port.
            let _ = url.set_port(Some(25));
        }
    };
    match (url.scheme(), tls.as_deref()) {
        ("smtp", None) => {
            plain_port(&mut url);
            url.query_pairs_mut().append_pair("tls", "opportunistic");
        }
        ("smtp", Some("none")) => {
            plain_port(&mut url);
            url.set_query(None);
        }
        ("smtp", Some("opportunistic" | "required")) | ("smtps", None) => {}
        ("smtp", Some(other)) => return Err(BadSmtpUrl(format!("tls={other} is not known"))),
        ("smtps", Some(_)) => return Err(BadSmtpUrl("smtps:// is always TLS; leave tls= out".to_owned())),
        (scheme, _) => return Err(BadSmtpUrl(format!("{scheme}:// is not SMTP"))),
    }
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err(BadSmtpUrl("the host is missing".to_owned())),
    }
}

/// The error and its causes in one line, bounded.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let text = error.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
}

/// What a 5xx answer means. Refusing our credentials says nothing about the message: that is a setting to be mended.
fn refused(code: u16, answer: &str) -> Delivery {
    match code {
        530 | 534 | 535 | 538 => Delivery::Later(answer.to_owned()),
        _ => Delivery::Bounced { answer: answer.to_owned(), bad_address: blames_address(code, answer) },
    }
}

/// Whether a refusal is about the recipient's address, by its enhanced status code (RFC 3463), else by its reply code.
fn blames_address(code: u16, answer: &str) -> bool {
    match answer.split_whitespace().find_map(enhanced) {
        Some((1, detail)) => matches!(detail, 1 | 2 | 3 | 6 | 10),
        Some((2, detail)) => detail == 1,
        Some(_) => false,
        None => matches!(code, 550 | 551 | 553),
    }
}

/// Subject and detail of an enhanced status code of class 5: `5.1.1` gives 1 and 1.
fn enhanced(word: &str) -> Option<(u16, u16)> {
    let (subject, detail) = word.strip_prefix("5.")?.split_once('.')?;
    Some((subject.parse().ok()?, detail.parse().ok()?))
}

/// When to try again after a failed attempt; `None` when it is given up. `spread`, from 0 to 1, is the jitter.
pub(super) fn next_attempt(attempts: u32, created: Timestamp, now: Timestamp, spread: f64) -> Option<Timestamp> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let exponent = attempts.saturating_sub(1).min(16);
    let full = FIRST_PAUSE_MS.saturating_mul(1 << (2 * exponent)).min(LONGEST_PAUSE_MS);
    let pause = full / 2 + (full as f64 / 2.0 * spread.clamp(0.0, 1.0)) as i64;
    let at = now.plus_millis(pause);
    (at.millis_since(created) <= MAX_AGE_MS).then_some(at)
}

/// Whether a message has waited too long to be sent at all.
pub(super) fn is_too_old(created: Timestamp, now: Timestamp) -> bool {
    now.millis_since(created) > MAX_AGE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_smtp_url_is_encrypted_where_the_server_offers_it_unless_told_otherwise() {
        let normal = |url| normalised(url).map(|url| url.to_string()).map_err(|error| error.to_string());
        assert_eq!(normal("smtp://mail.example").as_deref(), Ok("smtp://mail.example:25?tls=opportunistic"));
        assert_eq!(normal("smtp://127.0.0.1:2525?tls=none").as_deref(), Ok("smtp://127.0.0.1:2525"));
        assert_eq!(
            normal("smtp://u:p@mail.example?tls=required").as_deref(),
            Ok("smtp://u:p@mail.example?tls=required")
        );
        assert_eq!(normal("smtps://mail.example").as_deref(), Ok("smtps://mail.example"));
    }

    #[test]
    fn a_url_that_is_not_smtp_is_refused_with_what_is_expected() {
        for url in ["http://mail.example", "smtp://", "mail.example:25", "smtp://a?tls=maybe", "smtps://a?tls=none", ""]
        {
            let error = url.parse::<SmtpUrl>().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("expected smtp://"), "{url}: {error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let url: SmtpUrl = "smtp://user:secret@mail.example:587?tls=required".parse().expect("url");
        assert_eq!(format!("{url:?}"), "smtp://mail.example");
    }

    #[test]
    fn a_refusal_blames_the_address_only_when_it_says_so() {
        let bad = |code, answer| match refused(code, answer) {
            Delivery::Bounced { bad_address, .. } => Some(bad_address),
            _ => None,
        };
        assert_eq!(bad(550, "permanent error (550): 5.1.1 no such user"), Some(true));
        assert_eq!(bad(550, "permanent error (550): no such user"), Some(true));
        assert_eq!(bad(550, "permanent error (550): 5.7.1 looks like spam"), Some(false));
        assert_eq!(bad(554, "permanent error (554): rejected"), Some(false));
        assert_eq!(bad(552, "permanent error (552): 5.2.2 mailbox full"), Some(false));
        assert_eq!(bad(535, "permanent error (535): 5.7.8 bad credentials"), None);
    }

    #[test]
    fn pauses_grow_to_an_hour_and_end_after_the_last_attempt() {
        let now = Timestamp(0);
        let pauses: Vec<_> = (1..=8).map(|n| next_attempt(n, now, now, 1.0).map(|at| at.0 / 1_000)).collect();
        let wanted = [Some(10), Some(40), Some(160), Some(640), Some(2_560), Some(3_600), Some(3_600), None];
        assert_eq!(pauses, wanted);
        assert_eq!(next_attempt(1, now, now, 0.0), Some(Timestamp(5_000)));
    }

    #[test]
    fn a_message_older_than_three_days_is_given_up() {
        let now = Timestamp(MAX_AGE_MS);
        assert_eq!(next_attempt(1, Timestamp(0), now, 1.0), None);
        assert!(is_too_old(Timestamp(0), now.plus_millis(1)) && !is_too_old(Timestamp(0), now));
    }

    #[tokio::test]
    async fn nobody_listening_is_a_reason_to_try_later() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
        let port = listener.local_addr().expect("address").port();
        drop(listener);
        let url = format!("smtp://127.0.0.1:{port}").parse().expect("url");
        let mailer = Mailer::new(&url, "localhost", 1).expect("mailer");
        let mail = Mail::builder()
            .from("a@example.org".parse().expect("address"))
            .to("b@example.org".parse().expect("address"))
            .body(String::new())
            .expect("mail");
        assert!(matches!(mailer.send(mail).await, Delivery::Later(_)));
    }
}
