//! Step type `webhook`: sends an HTTP request about the contact and the event, signed.

mod answer;
mod body;
mod config;
mod headers;
mod hops;
mod retry;

use stepwell_plugin::http::{Request, Url};
use stepwell_plugin::template::{Escape, Scope};
use stepwell_plugin::{Context, Description, Failure, Outcome, Problem, Step};

pub use crate::config::Config;

/// The step type.
pub struct Webhook;

impl Step for Webhook {
    type Config = Config;
    const TYPE: &'static str = "webhook";

    fn describe() -> Description {
        Description::new(
            "Webhook",
            "Sends a signed HTTP request with the contact and the event, or a body of your own.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .icon("webhook")
        .output::<answer::Output>()
        .retry(retry::POLICY)
    }

    fn validate(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn run(config: Config, context: &Context) -> Result<Outcome, Failure> {
        let scope = Scope::new(context);
        let url = scope.render(&config.url, Escape::None)?;
        let request = request(&config, &url, &scope, context)?;
        let response = hops::send(request)?;
        if !response.is_success() {
            retry::check(&config, &response, context)?;
        }
        Ok(Outcome::completed(answer::Output::new(url, config.method, &response)))
    }
}

/// The request, and which of its headers are for its own host only.
fn request(config: &Config, url: &str, scope: &Scope, context: &Context) -> Result<hops::Outgoing, Failure> {
    let url = Url::parse(url)?;
    let own = headers::rendered(&config.headers, scope)?;
    let body = body::bytes(config, headers::content_type(&own), scope, context)?;
    let signature = headers::signature(&body, context)?;
    let mut request = Request::new(config.method.into(), url).body(body);
    request.timeout = config.timeout()?;
    request.body_limit = answer::MAX_RESPONSE;
    Ok(hops::Outgoing { request, common: headers::common(&own, signature), own })
}

stepwell_plugin::export!(Webhook);

#[cfg(test)]
mod tests;
