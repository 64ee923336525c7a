//! The small pages that people see.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use stepwell_engine::{Claim, EngineError, LinkKind};

use crate::error::ApiError;
use crate::state::ApiState;

/// Nothing is loaded from anywhere, and forms go nowhere else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto 0;max-width:26rem;padding:0 1rem;color:#222;\
    background:#fff;text-align:center}button{font:inherit;padding:.5rem 1.25rem;border:1px solid #444;border-radius:.4rem;\
    background:#222;color:#fff;cursor:pointer}button.quiet{background:#fff;color:#222}form{display:inline}\
    @media(prefers-color-scheme:dark){body{background:#181818;color:#eee}button.quiet{background:#181818;color:#eee}}";

/// A page: a heading, a sentence, and forms.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    /// Plain text.
    pub(super) text: &'a str,
    pub(super) forms: Vec<Form>,
}

/// A button that posts to an address of this server.
pub(super) struct Form {
    pub(super) action: String,
    pub(super) label: &'static str,
    pub(super) quiet: bool,
}

impl Page<'_> {
    pub(super) fn answer(&self, status: StatusCode) -> Response {
        let title = escape(self.title);
        let forms: String = self.forms.iter().map(Form::html).collect();
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><h1>{title}</h1><p>{}</p>{forms}</body></html>",
            escape(self.text)
        );
        let headers: [(HeaderName, HeaderValue); 3] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        (status, headers, html).into_response()
    }
}

impl Form {
    fn html(&self) -> String {
        let class = if self.quiet { " class=\"quiet\"" } else { "" };
        format!(
            "<form method=\"post\" action=\"{}\"><button{class}>{}</button></form> ",
            escape(&self.action),
            escape(self.label)
        )
    }
}

/// The page of a link that is not ours, or whose contact is gone.
pub(super) fn invalid() -> Response {
    let text = "It may be incomplete. Please use the link in the message again.";
    Page { title: "This link is not valid", text, forms: vec![] }.answer(StatusCode::NOT_FOUND)
}

/// What a token says; the error is the answer.
pub(super) fn verify(state: &ApiState, kind: LinkKind, token: &str) -> Result<Claim, Box<Response>> {
    state.engine().links().verify(kind, token).ok_or_else(|| Box::new(invalid()))
}

/// The answer to what the engine refused.
pub(super) fn refused(error: EngineError) -> Response {
    match error {
        EngineError::BadLink | EngineError::UnknownContact(_) => invalid(),
        other => ApiError::from(other).into_response(),
    }
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape(r#"<a href="x">'&"#), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    }
}
