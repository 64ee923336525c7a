//! Sending, with up to five redirects. Each hop is a request of its own, which the host checks anew.

use stepwell_plugin::Failure;
use stepwell_plugin::http::{self, Request, Response};

use crate::headers::Headers;

/// The most redirects.
const MAX_REDIRECTS: usize = 5;

/// A request without its headers, and its headers.
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    /// What every hop gets.
    pub(crate) common: Headers,
    /// What only the host of the URL gets: they may hold credentials.
    pub(crate) own: Headers,
}

/// Sends the request and follows redirects: the method and the body stay, and so do the configured headers as long as the
/// scheme, the host and the port stay.
pub(crate) fn send(outgoing: Outgoing) -> Result<Response, Failure> {
    let Outgoing { mut request, common, mut own } = outgoing;
    for _ in 0..=MAX_REDIRECTS {
        request.headers = headers(&common, &own);
        let response = http::send(&request).map_err(|error| failure(error, &request))?;
        if !is_redirect(response.status) {
            return Ok(response);
        }
        let location = response.header("location").ok_or_else(|| lost(&response))?;
        let next = request.url.join(location)?;
        if !next.same_origin(&request.url) {
            own.clear();
        }
        request.url = next;
    }
    Err(Failure::fatal("too-many-redirects", format!("the URL redirects more than {MAX_REDIRECTS} times")))
}

fn headers(common: &Headers, own: &Headers) -> Headers {
    let own = own.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    common.iter().chain(own).cloned().collect()
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn lost(response: &Response) -> Failure {
    let message = format!("the answer {} redirects without saying where to", response.status);
    Failure::fatal("redirect-without-location", message)
}

/// Names the host, since a redirect may have led to another one.
fn failure(error: http::Error, request: &Request) -> Failure {
    let failure = Failure::from(error);
    Failure { message: format!("{} ({})", failure.message, request.url.authority()), ..failure }
}
