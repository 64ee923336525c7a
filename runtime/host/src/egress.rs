//! Which addresses a plugin's requests may reach.
//!
//! Checked on addresses written into a URL and again on each address that DNS gives: an allowed name can resolve to loopback. The
//! connection is made to the checked address, so a second answer of DNS changes nothing.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use ipnet::IpNet;
use tower_service::Service;

/// An address that plugins may not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    address: IpAddr,
    class: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = if self.address.is_ipv4() { 32 } else { 128 };
        write!(
            f,
            "the address {0} is {1}, which plugins may not reach. To allow it, start the server with \
             STEPWELL_ALLOW_NETWORK={0}/{length} (or a wider network)",
            self.address, self.class
        )
    }
}

impl Error for Refused {}

/// A name that has no address, or no resolver that answers.
#[derive(Debug)]
pub(crate) struct DnsFailed(io::Error);

impl fmt::Display for DnsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for DnsFailed {}

/// Public addresses, and the networks that the operator allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressPolicy {
    allowed: Vec<IpNet>,
}

impl AddressPolicy {
    pub(crate) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether an address may be connected to.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Refused> {
        if self.allowed.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        let class = match address {
            IpAddr::V4(v4) => class_of_v4(v4),
            IpAddr::V6(v6) => match embedded(v6) {
                Some(inner) => return self.check(IpAddr::V4(inner)).map_err(|refused| Refused { address, ..refused }),
                None => class_of_v6(v6),
            },
        };
        class.map_or(Ok(()), |class| Err(Refused { address, class }))
    }

    /// Whether a host that is an address, and no name, may be connected to.
    pub(crate) fn check_literal(&self, host: &str) -> Result<(), Refused> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse().map_or(Ok(()), |address| self.check(address))
    }
}

/// Why an IPv4 address is not public (IANA's special-purpose registry).
fn class_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("unspecified"),
        (127, ..) => Some("loopback"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
        (100, 64..=127, _) => Some("shared by a carrier (CGNAT)"),
        (169, 254, _) => Some("link-local"),
        (192, 0, 0) => Some("reserved for protocols"),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("for documentation"),
        (192, 88, 99) => Some("a 6to4 relay"),
        (198, 18..=19, _) => Some("for benchmarks"),
        (224..=239, ..) => Some("multicast"),
        (240..=255, ..) => Some("reserved or broadcast"),
        _ => None,
    }
}

/// Why an IPv6 address without an IPv4 address in it is not public: only 2000::/3 is, and not all of that.
fn class_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, ..] = address.segments();
    match (a, b) {
        _ if address.is_unspecified() => Some("unspecified"),
        _ if address.is_loopback() => Some("loopback"),
        (0xfe80..=0xfebf, _) => Some("link-local"),
        (0xfec0..=0xfeff, _) => Some("site-local"),
        (0xfc00..=0xfdff, _) => Some("unique local (private)"),
        (0xff00..=0xffff, _) => Some("multicast"),
        (0x2001, 0) => Some("a Teredo address"),
        (0x2001, 0x0001..=0x01ff) => Some("reserved for protocols"),
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => Some("for documentation"),
        (0x2000..=0x3fff, _) => None,
        _ => Some("not public"),
    }
}

/// The IPv4 address that an IPv6 address leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let join = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (a, b, c, d, e, f) {
        // IPv4-mapped, IPv4-translated, IPv4-compatible (but not :: and ::1), and NAT64.
        (0, 0, 0, 0, 0, 0xffff) | (0, 0, 0, 0, 0xffff, 0) | (0x64, 0xff9b, 0, 0, 0, 0) => join(g, h),
        (0, 0, 0, 0, 0, 0) if g != 0 || h > 1 => join(g, h),
        // 6to4.
        (0x2002, high, low, ..) => join(high, low),
        // ISATAP.
        (.., 0 | 0x0200, 0x5efe) => join(g, h),
        _ => None,
    }
}

/// Turns names into addresses.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// Every address of a host.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A resolver for the HTTP client that keeps only addresses that may be reached.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    inner: Arc<dyn Resolve>,
    policy: Arc<AddressPolicy>,
}

impl GuardedResolver {
    pub(crate) fn new(inner: Arc<dyn Resolve>, policy: Arc<AddressPolicy>) -> Self {
        Self { inner, policy }
    }

    async fn allowed(self, host: Name) -> io::Result<vec::IntoIter<SocketAddr>> {
        let addresses = self.inner.resolve(host.as_str()).await.map_err(|error| io::Error::other(DnsFailed(error)))?;
        let (allowed, refused) = partition(&self.policy, addresses);
        match refused {
            Some(refused) if allowed.is_empty() => Err(io::Error::new(io::ErrorKind::PermissionDenied, refused)),
            _ => Ok(allowed.into_iter()),
        }
    }
}

fn partition(policy: &AddressPolicy, addresses: Vec<IpAddr>) -> (Vec<SocketAddr>, Option<Refused>) {
    let mut allowed = Vec::with_capacity(addresses.len());
    let mut refused = None;
    for address in addresses {
        match policy.check(address) {
            Ok(()) => allowed.push(SocketAddr::new(address, 0)),
            Err(reason) => refused = Some(reason),
        }
    }
    (allowed, refused)
}

impl Service<Name> for GuardedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, host: Name) -> Self::Future {
        Box::pin(self.clone().allowed(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        AddressPolicy::default().check(address.parse().expect("an address")).is_err()
    }

    #[test]
    fn public_addresses_may_be_reached() {
        for address in
            ["93.184.216.34", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "198.20.0.1"]
        {
            assert!(!refused(address), "{address}");
        }
        for address in ["2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1"] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn no_special_ipv4_address_may_be_reached() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "192.0.0.8",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(refused(address), "{address}");
        }
    }

    #[test]
    fn no_special_ipv6_address_may_be_reached() {
        for address in [
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "5f00::1",
            "4000::1",
            "64:ff9b:1::1",
        ] {
            assert!(refused(address), "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_checked() {
        for address in [
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:0:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:10.0.0.1",
        ] {
            assert!(refused(address), "{address}");
        }
        for address in ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn what_the_operator_allows_may_be_reached_in_any_form() {
        let policy = AddressPolicy::new(vec!["127.0.0.0/8".parse().expect("a network")]);
        assert!(policy.check("127.0.0.1".parse().expect("an address")).is_ok());
        assert!(policy.check("::ffff:127.0.0.1".parse().expect("an address")).is_ok());
        assert!(policy.check("10.0.0.1".parse().expect("an address")).is_err());
        assert!(policy.check("::1".parse().expect("an address")).is_err());
    }

    #[test]
    fn a_refusal_says_how_to_allow_it() {
        let refusal = AddressPolicy::default().check_literal("[::ffff:10.0.0.7]").expect_err("private").to_string();
        assert!(
            refusal.contains("private") && refusal.contains("STEPWELL_ALLOW_NETWORK=::ffff:10.0.0.7/128"),
            "{refusal}"
        );
        let refusal = AddressPolicy::default().check_literal("10.0.0.7").expect_err("private").to_string();
        assert!(refusal.contains("STEPWELL_ALLOW_NETWORK=10.0.0.7/32"), "{refusal}");
        assert!(AddressPolicy::default().check_literal("example.org").is_ok());
    }

    struct Fixed(Vec<IpAddr>);

    #[async_trait]
    impl Resolve for Fixed {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.clone())
        }
    }

    fn resolver(addresses: &[&str]) -> GuardedResolver {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        GuardedResolver::new(Arc::new(Fixed(addresses)), Arc::new(AddressPolicy::default()))
    }

    #[tokio::test]
    async fn refused_answers_of_dns_are_dropped() {
        let answers = resolver(&["127.0.0.1", "1.1.1.1", "::ffff:10.0.0.1"]);
        let kept: Vec<_> =
            answers.allowed("example.org".parse().expect("a name")).await.expect("one is left").collect();
        assert_eq!(kept, ["1.1.1.1:0".parse().expect("an address")]);
    }

    #[tokio::test]
    async fn a_name_with_refused_answers_only_is_refused() {
        let error =
            resolver(&["169.254.169.254"]).allowed("example.org".parse().expect("a name")).await.expect_err("refused");
        assert!(error.get_ref().is_some_and(|cause| cause.is::<Refused>()));
    }
}
