//! Talks to a server over its public HTTP API.

use anyhow::{Context as _, Result, bail};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A server and a key to it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// A client of the server at `base`.
    pub(crate) fn new(base: &str, key: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.trim_end_matches('/').to_owned(), key: key.to_owned() }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.send(Method::GET, path, |request| request).await
    }

    /// Everything of a list, whatever the envelope calls it.
    pub(crate) async fn get_all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let answer: Value = self.get(path).await?;
        let list = match answer {
            Value::Object(mut members) => members.remove("data").unwrap_or_default(),
            other => other,
        };
        serde_json::from_value(list).with_context(|| format!("reading the list at {path}"))
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.send(Method::POST, path, |request| request.json(body)).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.send(Method::PUT, path, |request| request.json(body)).await
    }

    pub(crate) async fn patch<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.send(Method::PATCH, path, |request| request.json(body)).await
    }

    /// Sends a file as it is.
    pub(crate) async fn upload<T: DeserializeOwned>(&self, path: &str, kind: &str, file: Vec<u8>) -> Result<T> {
        self.send(Method::POST, path, |request| request.header("content-type", kind).body(file)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        self.answer(Method::DELETE, path, |request| request).await.map(drop)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T> {
        let what = format!("{method} {path}");
        let answer = self.answer(method, path, with).await?;
        answer.json().await.with_context(|| format!("reading the answer to {what}"))
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response> {
        let what = format!("{method} {path}");
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        let answer = with(request).send().await.with_context(|| format!("asking {} for {what}", self.base))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        bail!("{what} was answered with {status}: {}", reason(&answer.text().await.unwrap_or_default()))
    }
}

/// What an answer says is wrong: the message, the fields and the suggestion of the error envelope, else the text itself.
fn reason(body: &str) -> String {
    let Ok(envelope) = serde_json::from_str::<Value>(body) else { return body.trim().to_owned() };
    let error = envelope.get("error").unwrap_or(&envelope);
    let Some(message) = error.get("message").and_then(Value::as_str) else { return body.trim().to_owned() };
    let fields = error.get("errors").and_then(Value::as_array).into_iter().flatten().map(|problem| {
        let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{}: {}", text("field"), text("message"))
    });
    let suggestion = error.get("suggestion").and_then(Value::as_str).map(str::to_owned);
    std::iter::once(message.to_owned()).chain(fields).chain(suggestion).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_an_error_is_taken_out_of_its_envelope() {
        let body = r#"{"success":false,"error":{"code":"X","message":"Bad","errors":[{"field":"a.b","message":"missing"}],
            "suggestion":"add it"}}"#;
        assert_eq!(reason(body), "Bad; a.b: missing; add it");
        assert_eq!(reason(" plain text "), "plain text");
        assert_eq!(reason("{}"), "{}");
    }
}
