//! As much of a URL as a request needs. The full standard would bring tables larger than all of the SDK; what is not
//! understood here is refused, so that the host and a plugin never read one text as two places.

use std::fmt;

use super::Error;

/// The longest URL.
const MAX_LENGTH: usize = 8 * 1024;

/// An absolute `http` or `https` URL without user name and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    secure: bool,
    authority: String,
    path_and_query: String,
}

impl Url {
    /// Parses an absolute URL. Characters that do not belong into a path or query are percent-encoded.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = checked(text)?;
        let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid("it must begin with http:// or https://"))?;
        Self::assemble(secure(scheme)?, rest)
    }

    /// Resolves a reference, for example a `Location` header, against this URL.
    pub fn join(&self, reference: &str) -> Result<Self, Error> {
        let reference = checked(reference)?;
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::assemble(self.secure, rest);
        }
        if has_scheme(reference) {
            return Self::parse(reference);
        }
        let reference = without_fragment(reference);
        let path = match reference.chars().next() {
            None => self.path_and_query.clone(),
            Some('/') => reference.to_owned(),
            Some('?') => format!("{}{reference}", self.path()),
            Some(_) => format!("{}{reference}", folder(self.path())),
        };
        Ok(Self { path_and_query: encoded(&without_dots(&path)), ..self.clone() })
    }

    /// Whether it is `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host and, if it is given and not the usual one, the port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path and, if there is one, the query after a question mark.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// Whether scheme, host and port are the same: credentials for one may be sent to the other.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.authority == other.authority
    }

    fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or("/")
    }

    fn assemble(secure: bool, rest: &str) -> Result<Self, Error> {
        let rest = without_fragment(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { secure, authority: host(authority, secure)?, path_and_query: encoded(&format!("{slash}{path}")) })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path_and_query)
    }
}

fn invalid(what: &str) -> Error {
    Error::Invalid(format!("the URL is malformed: {what}"))
}

fn checked(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return Err(invalid("it is longer than 8 KiB"));
    }
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(invalid("it has a control character or a backslash"));
    }
    Ok(text)
}

fn secure(scheme: &str) -> Result<bool, Error> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(true),
        "http" => Ok(false),
        _ => Err(invalid("only http and https are possible")),
    }
}

fn has_scheme(reference: &str) -> bool {
    let before = reference.split(['/', '?', '#']).next().unwrap_or_default();
    before.contains(':')
}

fn without_fragment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default()
}

/// Checks and normalises `host[:port]`: lower case, without the scheme's usual port.
fn host(authority: &str, secure: bool) -> Result<String, Error> {
    if authority.contains('@') {
        return Err(invalid("a user name or password does not belong into it; use a header or a connection"));
    }
    let (name, port) = split_port(authority);
    if !is_host(name) {
        return Err(invalid("the host name is missing or has characters other than letters, digits, dots and dashes"));
    }
    let name = name.to_ascii_lowercase();
    match port {
        None | Some("") => Ok(name),
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => with_port(name, port, secure),
        Some(_) => Err(invalid("the port is no number")),
    }
}

fn with_port(name: String, port: &str, secure: bool) -> Result<String, Error> {
    let usual = if secure { 443 } else { 80 };
    match port.parse::<u16>() {
        Ok(0) | Err(_) => Err(invalid("the port is not from 1 to 65535")),
        Ok(port) if port == usual => Ok(name),
        Ok(port) => Ok(format!("{name}:{port}")),
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    }
}

fn is_host(name: &str) -> bool {
    if let Some(inner) = name.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    !name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

/// Percent-encodes what does not belong into a path or query, and leaves what is encoded already.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("/", |slash| &path[..=slash])
}

/// Takes `.` and `..` out of a path (RFC 3986, 5.2.4) and leaves the query alone.
fn without_dots(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.find('?') {
        Some(mark) => path_and_query.split_at(mark),
        None => (path_and_query, ""),
    };
    let mut kept = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let slash = if !kept.is_empty() && path.ends_with("/..") || path.ends_with("/.") { "/" } else { "" };
    format!("/{}{slash}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Url::parse(text).expect("a URL").to_string()
    }

    #[test]
    fn a_url_is_normalised() {
        assert_eq!(url(" HTTPS://Example.org:443 "), "https://example.org/");
        assert_eq!(url("http://example.org:8080/a b/ü?q={x}#part"), "http://example.org:8080/a%20b/%C3%BC?q=%7Bx%7D");
        assert_eq!(url("http://[::1]:80?x"), "http://[::1]/?x");
        assert_eq!(url("http://a/%41?x=http://b"), "http://a/%41?x=http://b");
    }

    #[test]
    fn a_text_that_two_parsers_could_read_differently_is_refused() {
        let texts = [
            "",
            "example.org",
            "ftp://a/",
            "http://",
            "http:///a",
            "http://u:p@a/",
            "http://a\\@b/",
            "http://a\n/",
            "http://a:x/",
            "http://a:0/",
            "http://a:99999/",
            "http://ü/",
            "http://[::1/",
            "http://a%2eb/",
            "http://a b/",
            "javascript://a",
        ];
        for text in texts {
            assert!(matches!(Url::parse(text), Err(Error::Invalid(_))), "{text}");
        }
        assert!(Url::parse(&format!("http://a/{}", "x".repeat(MAX_LENGTH))).is_err());
    }

    #[test]
    fn a_location_is_resolved_against_the_url_it_came_from() {
        let base = Url::parse("https://a.org/one/two?q=1").expect("a URL");
        let cases = [
            ("http://b.org/x", "http://b.org/x"),
            ("//b.org/x", "https://b.org/x"),
            ("/x?y#z", "https://a.org/x?y"),
            ("three", "https://a.org/one/three"),
            ("../../../x", "https://a.org/x"),
            ("./", "https://a.org/one/"),
            (".", "https://a.org/one/"),
            ("..", "https://a.org/"),
            ("?z=/../", "https://a.org/one/two?z=/../"),
            ("#top", "https://a.org/one/two?q=1"),
        ];
        for (reference, resolved) in cases {
            assert_eq!(base.join(reference).expect("a URL").to_string(), resolved, "{reference}");
        }
        assert!(base.join("mailto:a@b").is_err());
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        let base = Url::parse("https://a.org/").expect("a URL");
        let same = |text: &str| base.same_origin(&Url::parse(text).expect("a URL"));
        assert!(same("https://A.org:443/other"));
        assert!(!same("http://a.org/") && !same("https://a.org:8443/") && !same("https://b.a.org/"));
    }
}
