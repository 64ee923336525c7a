//! Placeholders for secrets: what the guest puts into a request, and where the host puts the secret in its place.
//!
//! Replaced in header values, the query and the body, and only in requests to a host that the connection allows. A placeholder
//! is good for one run.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri};
use stepwell_core::Connection;
use url::form_urlencoded;

use crate::capability::connections::hmac_sha256;
use crate::grant::host_matches;

/// The most placeholders of one run.
const MAX_PLACEHOLDERS: usize = 50;

/// The secrets one run may use, by placeholder.
#[derive(Clone, Default)]
pub(crate) struct Placeholders(Vec<(String, Connection)>);

/// Why a request with a placeholder is refused, in words.
pub(crate) type Misplaced = String;

impl Placeholders {
    /// A placeholder for the connection's secret; none when the run has too many. `nonce` is the run's own.
    pub(crate) fn add(&mut self, key: &[u8], nonce: &[u8], connection: Connection) -> Option<String> {
        if let Some((token, _)) = self.0.iter().find(|(_, known)| known.name == connection.name) {
            return Some(token.clone());
        }
        if self.0.len() >= MAX_PLACEHOLDERS {
            return None;
        }
        let tag = hmac_sha256(key, &[b"placeholder\0", nonce, connection.name.as_bytes()]);
        let token = format!("stepwell-placeholder-{}", hex::encode(&tag[..20]));
        self.0.push((token.clone(), connection));
        Some(token)
    }

    /// Puts the secrets in.
    pub(crate) fn fill(&self, uri: &mut Uri, headers: &mut HeaderMap, body: &mut Bytes) -> Result<(), Misplaced> {
        let host = uri.host().unwrap_or_default().to_owned();
        for (token, connection) in &self.0 {
            let allowed = connection.hosts.iter().any(|pattern| host_matches(pattern, &host));
            let filling = Filling { token, connection, allowed, host: &host };
            filling.fill_uri(uri)?;
            filling.fill_headers(headers)?;
            filling.fill_body(body)?;
        }
        Ok(())
    }
}

struct Filling<'a> {
    token: &'a str,
    connection: &'a Connection,
    allowed: bool,
    host: &'a str,
}

impl Filling<'_> {
    fn fill_uri(&self, uri: &mut Uri) -> Result<(), Misplaced> {
        if uri.path().contains(self.token) || uri.authority().is_some_and(|text| text.as_str().contains(self.token)) {
            let name = &self.connection.name;
            return Err(format!(
                "the secret of the connection `{name}` may stand in a header, the query or the body only"
            ));
        }
        let Some(query) = uri.query().filter(|query| query.contains(self.token)) else { return Ok(()) };
        self.check()?;
        let secret: String = form_urlencoded::byte_serialize(&self.connection.secret).collect();
        let path_and_query = format!("{}?{}", uri.path(), query.replace(self.token, &secret));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query.try_into().map_err(|_| self.unfit("the query"))?);
        *uri = Uri::from_parts(parts).map_err(|_| self.unfit("the query"))?;
        Ok(())
    }

    fn fill_headers(&self, headers: &mut HeaderMap) -> Result<(), Misplaced> {
        for value in headers.values_mut() {
            if let Some(filled) = self.replace(value.as_bytes()) {
                self.check()?;
                *value = HeaderValue::from_bytes(&filled).map_err(|_| self.unfit("a header"))?;
                value.set_sensitive(true);
            }
        }
        Ok(())
    }

    fn fill_body(&self, body: &mut Bytes) -> Result<(), Misplaced> {
        if let Some(filled) = self.replace(body) {
            self.check()?;
            *body = filled.into();
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Misplaced> {
        if self.allowed {
            return Ok(());
        }
        let (name, host) = (&self.connection.name, self.host);
        Err(format!(
            "the connection `{name}` does not allow the host {host}; add the host to the connection to allow it"
        ))
    }

    fn unfit(&self, place: &str) -> Misplaced {
        format!("the secret of the connection `{}` has characters that {place} cannot hold", self.connection.name)
    }

    /// The text with the secret for each placeholder; none if there is no placeholder in it.
    fn replace(&self, text: &[u8]) -> Option<Vec<u8>> {
        let token = self.token.as_bytes();
        let mut filled = Vec::new();
        let mut rest = text;
        while let Some(at) = find(rest, token) {
            filled.extend_from_slice(&rest[..at]);
            filled.extend_from_slice(&self.connection.secret);
            rest = &rest[at + token.len()..];
        }
        (rest.len() < text.len()).then(|| {
            filled.extend_from_slice(rest);
            filled
        })
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(name: &str, secret: &str, hosts: &[&str]) -> Connection {
        Connection {
            name: name.into(),
            secret: secret.into(),
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        }
    }

    fn crm() -> (Placeholders, String) {
        let mut placeholders = Placeholders::default();
        let token = placeholders.add(b"key", b"run", connection("crm", "s3 cret&", &["*.crm.example"])).expect("room");
        (placeholders, token)
    }

    #[test]
    fn a_secret_is_put_into_headers_query_and_body_for_an_allowed_host() {
        let (placeholders, token) = crm();
        let mut uri: Uri = format!("https://api.crm.example/v1?key={token}&x=1").parse().expect("a URI");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().expect("a value"));
        let mut body = Bytes::from(format!("a={token};b={token}."));
        placeholders.fill(&mut uri, &mut headers, &mut body).expect("allowed");
        assert_eq!(uri.to_string(), "https://api.crm.example/v1?key=s3+cret%26&x=1");
        assert_eq!(headers["authorization"], "Bearer s3 cret&");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(body, "a=s3 cret&;b=s3 cret&.");
    }

    #[test]
    fn a_secret_does_not_go_to_another_host_or_into_the_path() {
        let (placeholders, token) = crm();
        for uri in [format!("https://evil.example/?key={token}"), format!("https://api.crm.example/{token}")] {
            let mut uri: Uri = uri.parse().expect("a URI");
            assert!(placeholders.fill(&mut uri, &mut HeaderMap::new(), &mut Bytes::new()).is_err(), "{uri}");
        }
        let mut uri: Uri = "https://evil.example/".parse().expect("a URI");
        let mut body = Bytes::from(token);
        assert!(placeholders.fill(&mut uri, &mut HeaderMap::new(), &mut body).is_err());
    }

    #[test]
    fn a_request_without_a_placeholder_goes_anywhere() {
        let (placeholders, _) = crm();
        let mut uri: Uri = "https://example.org/?a=b".parse().expect("a URI");
        let mut body = Bytes::from_static(b"plain");
        placeholders.fill(&mut uri, &mut HeaderMap::new(), &mut body).expect("nothing to replace");
        assert_eq!((uri.to_string().as_str(), &body[..]), ("https://example.org/?a=b", &b"plain"[..]));
    }

    #[test]
    fn a_placeholder_of_one_run_says_nothing_in_another() {
        let (_, token) = crm();
        let mut other = Placeholders::default();
        let own = other.add(b"key", b"another run", connection("crm", "s3cret", &["*"])).expect("room");
        assert_ne!(own, token);
        let mut body = Bytes::from(token.clone());
        let mut uri: Uri = "https://api.crm.example/".parse().expect("a URI");
        other.fill(&mut uri, &mut HeaderMap::new(), &mut body).expect("nothing to replace");
        assert_eq!(body, token);
    }
}
