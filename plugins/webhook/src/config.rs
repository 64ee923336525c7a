//! The configuration, and what can be wrong with it.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_plugin::http::{self, Url};
use stepwell_plugin::{Problem, template};

use crate::headers;

/// How long a hop may take if the configuration does not say.
const DEFAULT_TIMEOUT_MS: u32 = 10_000;

/// The longest a hop may take.
const MAX_TIMEOUT_MS: u32 = 30_000;

/// What to send, and where to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The URL, `http` or `https`; a template.
    #[schemars(length(min = 1, max = 8192))]
    pub(crate) url: String,
    /// The method; `GET` carries no body.
    #[serde(default)]
    pub(crate) method: Method,
    /// Further headers; the values are templates. They are sent to the host of the URL only, not where it redirects to.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The body: any JSON, whose texts are templates. Without it the contact, the workflow, the execution and the event are
    /// sent. A text under a content type other than JSON is sent as it is.
    pub(crate) body: Option<Value>,
    /// How long a request may take, in milliseconds; 10000 if not given.
    #[schemars(range(min = 1, max = 30_000))]
    pub(crate) timeout_ms: Option<u32>,
    /// Whether an answer other than 2xx fails the step.
    #[serde(default)]
    pub(crate) fail_on_error: bool,
    /// Whether every answer of 500 and above is tried again, as 429 and 503 are in any case.
    #[serde(default)]
    pub(crate) retry_on5xx: bool,
}

/// A method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    #[default]
    Post,
    Put,
    Patch,
    Delete,
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::Get,
            Method::Post => Self::Post,
            Method::Put => Self::Put,
            Method::Patch => Self::Patch,
            Method::Delete => Self::Delete,
        }
    }
}

impl Config {
    /// How long one hop may take.
    pub(crate) fn timeout(&self) -> Result<Duration, Problem> {
        match self.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS) {
            millis @ 1..=MAX_TIMEOUT_MS => Ok(Duration::from_millis(millis.into())),
            _ => Err(Problem::new("/timeoutMs", "must be from 1 to 30000")),
        }
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        let body = self.body.iter().flat_map(|body| template::problems(body, "/body"));
        let headers = headers::problems(&self.headers);
        self.url_problems().into_iter().chain(headers).chain(body).chain(self.timeout().err()).collect()
    }

    fn url_problems(&self) -> Vec<Problem> {
        if template::is_template(&self.url) {
            return template::problems(&Value::from(self.url.as_str()), "/url");
        }
        let wrong = Url::parse(&self.url).err();
        wrong.map(|error| Problem::new("/url", error.to_string())).into_iter().collect()
    }
}
