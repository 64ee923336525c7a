//! Following an execution live, as a browser's `EventSource` does.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::timeout;

use crate::client::{Client, Reply};

/// How long to wait for the next event or the end: long, since only a failing test waits that long.
const LIMIT: Duration = Duration::from_secs(60);

/// An open stream of server-sent events.
pub struct Live {
    response: reqwest::Response,
    received: String,
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// Its number.
    pub id: i64,
    /// What happened.
    pub event: String,
    /// The entry.
    pub data: Value,
}

impl Client {
    /// Follows an execution, from the beginning or from behind an event.
    pub async fn live(&self, execution: &str, last: Option<i64>) -> Live {
        self.try_live(execution, last).await.unwrap_or_else(|reply| panic!("{reply:?}"))
    }

    /// As [`live`](Self::live); the answer if it is a refusal.
    pub async fn try_live(&self, execution: &str, last: Option<i64>) -> Result<Live, Reply> {
        let mut request = self.request(Method::GET, &format!("/v1/executions/{execution}/events"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("an answer of the server");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if status != 200 {
            let body = response.json().await.unwrap_or_default();
            return Err(Reply { status, headers, body });
        }
        assert_eq!(headers["content-type"], "text/event-stream");
        Ok(Live { response, received: String::new() })
    }
}

impl Live {
    /// The next event; none when the stream has ended or was cut off.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            while let Some((block, rest)) = self.received.split_once("\n\n") {
                let event = read(block);
                self.received = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk =
                timeout(LIMIT, self.response.chunk()).await.expect("an event, a comment or the end in a minute");
            let chunk = chunk.ok().flatten()?;
            self.received.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// The events up to and with the first of this kind.
    pub async fn until(&mut self, kind: &str) -> Vec<LiveEvent> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &LiveEvent| event.event != kind) {
            events.push(self.next().await.unwrap_or_else(|| panic!("the stream ended before {kind}: {events:#?}")));
        }
        events
    }
}

/// A block; none if it is a comment or no event.
fn read(block: &str) -> Option<LiveEvent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(LiveEvent {
        id: field("id")?.parse().expect("a number"),
        event: field("event")?.to_owned(),
        data: serde_json::from_str(field("data")?).expect("JSON"),
    })
}
