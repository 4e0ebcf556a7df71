//! Host names: short names, wildcards, and which of two is the more specific.
//!
//! Istio, `pkg/config/host`: a wildcard is a leading `*` only; two relations are used, overlap
//! (symmetric) and "covered by".

use std::cmp::Ordering;
use std::sync::Arc;

/// The cluster's DNS domain.
pub const DOMAIN: &str = "cluster.local";

/// A name without a dot that is neither `*` nor an address gets the namespace of the resource
/// it stands in; all are compared in lower case.
pub fn resolve(host: &str, namespace: &str) -> Arc<str> {
    if host.is_empty() || host.contains('.') || host.contains(':') || host == "*" {
        return host.to_lowercase().into();
    }
    format!("{}.{namespace}.svc.{DOMAIN}", host.to_lowercase()).into()
}

/// The full name of a Kubernetes service.
pub fn service(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.svc.{DOMAIN}")
}

pub fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether every name that `inner` stands for is also one of `outer`.
pub fn covers(outer: &str, inner: &str) -> bool {
    match (outer.strip_prefix('*'), inner.strip_prefix('*')) {
        (None, None) => outer == inner,
        (None, Some(_)) => false,
        (Some(tail), None) => inner.len() > tail.len() && inner.ends_with(tail) || tail.is_empty(),
        (Some(tail), Some(inner_tail)) => inner_tail.ends_with(tail),
    }
}

/// Whether the two have names in common.
pub fn overlap(a: &str, b: &str) -> bool {
    covers(a, b) || covers(b, a)
}

/// The more specific of two that overlap.
pub fn narrower<'a>(a: &'a str, b: &'a str) -> Option<&'a str> {
    if covers(b, a) {
        Some(a)
    } else if covers(a, b) {
        Some(b)
    } else {
        None
    }
}

/// Exact before wildcard, longer before shorter, then by the alphabet.
pub fn by_specificity(a: &str, b: &str) -> Ordering {
    is_wildcard(a).cmp(&is_wildcard(b)).then(b.len().cmp(&a.len())).then(a.cmp(b))
}

/// The host of an authority in lower case, without its port.
pub fn without_port(authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|b| b.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    };
    host.trim_start_matches('[').trim_end_matches(']').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("reviews", "shop", "reviews.shop.svc.cluster.local")]
    #[case("Reviews", "shop", "reviews.shop.svc.cluster.local")]
    #[case("reviews.shop", "shop", "reviews.shop")]
    #[case("*", "shop", "*")]
    #[case("10.0.0.1", "shop", "10.0.0.1")]
    fn short_names(#[case] host: &str, #[case] namespace: &str, #[case] full: &str) {
        assert_eq!(&*resolve(host, namespace), full);
    }

    #[rstest]
    #[case("*.foo.com", "a.foo.com", true)]
    #[case("*.foo.com", "a.b.foo.com", true)]
    #[case("*.foo.com", "foo.com", false)]
    #[case("*.foo.com", "*.a.foo.com", true)]
    #[case("*", "*.foo.com", true)]
    #[case("a.foo.com", "*.foo.com", false)]
    fn wildcards(#[case] outer: &str, #[case] inner: &str, #[case] expected: bool) {
        assert_eq!(covers(outer, inner), expected);
        assert_eq!(overlap(outer, inner), expected || covers(inner, outer));
    }

    #[rstest]
    #[case("A.com:80", "a.com")]
    #[case("[::1]:80", "::1")]
    #[case("::1", "::1")]
    #[case("10.0.0.1:9080", "10.0.0.1")]
    fn ports_go(#[case] authority: &str, #[case] host: &str) {
        assert_eq!(without_port(authority), host);
    }
}
