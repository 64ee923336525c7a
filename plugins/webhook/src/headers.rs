//! Headers: those of the configuration, and those of a signed webhook (Standard Webhooks specification).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stepwell_plugin::connections::{self, WEBHOOK_SIGNING};
use stepwell_plugin::template::{self, Escape, Scope};
use stepwell_plugin::{Context, Failure, Problem};

/// Headers in order.
pub(crate) type Headers = Vec<(String, String)>;

/// What the connection or the signature decides.
const RESERVED: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "proxy-authorization",
];

/// What is wrong with configured headers.
pub(crate) fn problems(headers: &BTreeMap<String, String>) -> Vec<Problem> {
    headers.iter().flat_map(|(name, value)| problems_of(name, value)).collect()
}

fn problems_of(name: &str, value: &str) -> Vec<Problem> {
    let at = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
    if !is_name(name) {
        return vec![Problem::new(at, "is no header name")];
    }
    if is_reserved(name) {
        return vec![Problem::new(at, "is set by the server; leave it out")];
    }
    template::problems(&value.into(), &at)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&name.as_str()) || name.starts_with("webhook-")
}

/// The configured headers with their values rendered. What no header can hold becomes a space, and what is no name or belongs
/// to the server is left out.
pub(crate) fn rendered(headers: &BTreeMap<String, String>, scope: &Scope) -> Result<Headers, Failure> {
    let usable = headers.iter().filter(|(name, _)| is_name(name) && !is_reserved(name));
    usable.map(|(name, value)| Ok((name.clone(), clean(&scope.render(value, Escape::None)?)))).collect()
}

fn clean(value: &str) -> String {
    value.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The content type among configured headers, else JSON.
pub(crate) fn content_type(own: &Headers) -> &str {
    let given = own.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    given.map_or("application/json", |(_, value)| value)
}

/// The headers that say what the delivery is and who sent it: its id, the time, and the signature of both with the body. The
/// id is the same on every try.
pub(crate) fn signature(body: &[u8], context: &Context) -> Result<Headers, Failure> {
    let (id, time) = (context.idempotency_key.as_str(), context.now.seconds().to_string());
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    let signature = STANDARD.encode(connections::sign(WEBHOOK_SIGNING, &signed)?);
    Ok(vec![
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), time),
        ("webhook-signature".to_owned(), format!("v1,{signature}")),
    ])
}

/// What every hop gets, also at another host.
pub(crate) fn common(own: &Headers, signature: Headers) -> Headers {
    let content_type = ("Content-Type".to_owned(), content_type(own).to_owned());
    [vec![content_type], signature].concat()
}
