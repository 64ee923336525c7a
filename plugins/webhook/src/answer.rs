//! What the step leaves behind: the answer, bounded.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use stepwell_plugin::http::Response;

use crate::config::Method;

/// How much of the answer's body is kept, in bytes.
pub(crate) const MAX_RESPONSE: usize = 256 * 1024;

/// How much it may take as JSON text in the output, which has a limit of its own.
const MAX_SHOWN: usize = 768 * 1024;

/// The output.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    /// The URL, rendered.
    url: String,
    /// The method.
    method: Method,
    /// The status of the answer.
    status_code: u16,
    /// Whether the status is 2xx.
    success: bool,
    /// The answer: JSON if it is some, else text; at most 256 KiB.
    response: Value,
}

impl Output {
    pub(crate) fn new(url: String, method: Method, response: &Response) -> Self {
        let (status_code, success) = (response.status, response.is_success());
        Self { url, method, status_code, success, response: shown(response) }
    }
}

/// The body as JSON, else as text. A number or a control character can take several times its size as JSON.
fn shown(response: &Response) -> Value {
    match response.json() {
        Some(json) if json.to_string().len() <= MAX_SHOWN => json,
        _ => Value::String(bounded(response.text())),
    }
}

fn bounded(mut text: String) -> String {
    let mut size = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        size += if c < ' ' || c == '"' || c == '\\' { 6 } else { c.len_utf8() };
        (size > MAX_SHOWN).then_some(at)
    });
    text.truncate(end.unwrap_or(text.len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_of(body: impl Into<Vec<u8>>) -> Value {
        shown(&Response { status: 200, body: body.into(), ..Response::default() })
    }

    #[test]
    fn a_body_is_json_or_text() {
        assert_eq!(shown_of(r#"{"a":1}"#), serde_json::json!({ "a": 1 }));
        assert_eq!(shown_of("<p>"), "<p>");
        assert_eq!(shown_of(b"\xff".to_vec()), "\u{fffd}");
        assert_eq!(shown_of(""), "");
    }

    #[test]
    fn no_body_outgrows_the_output() {
        let bodies = [vec![0; MAX_RESPONSE], vec![0xff; MAX_RESPONSE], vec![b'"'; MAX_RESPONSE]];
        let numbers = format!("[{}1]", "1e15,".repeat(MAX_RESPONSE / 5 - 1));
        for body in bodies.into_iter().chain([numbers.into_bytes(), vec![b'['; MAX_RESPONSE]]) {
            assert!(shown_of(body).to_string().len() <= MAX_SHOWN + 8);
        }
    }
}
