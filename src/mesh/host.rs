//! Host names as Istio compares them: short names, wildcards, overlap and cover.
//!
//! Source: Istio's `pkg/config/host` and its name resolution. Hosts are compared in lower case;
//! only a leading `*` is a wildcard.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

/// Suffix of every service's full name.
pub const DOMAIN: &str = "cluster.local";

/// The full name of a host as a resource in `namespace` writes it: a name without a dot that is
/// neither `*` nor an address is a service of that namespace; anything else stays as it is.
pub fn full_name<'a>(host: &'a str, namespace: &str) -> Cow<'a, str> {
    if host.is_empty() || host == "*" || host.contains('.') || host.parse::<IpAddr>().is_ok() {
        return Cow::Borrowed(host);
    }
    Cow::Owned(service_host(host, namespace))
}

/// `name.namespace.svc.cluster.local`.
pub fn service_host(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.svc.{DOMAIN}")
}

/// Name and namespace of a full service host; `None` for other hosts.
pub fn service_of(host: &str) -> Option<(&str, &str)> {
    let rest = host.strip_suffix(DOMAIN)?.strip_suffix(".svc.")?;
    let (name, namespace) = rest.rsplit_once('.')?;
    (!name.is_empty() && !namespace.contains('*')).then_some((name, namespace))
}

/// Namespace and name of the service that a host names, as a resource in `namespace` writes it.
pub fn service_named<'a>(namespace: &'a str, host: &'a str) -> (&'a str, &'a str) {
    service_of(host).map_or((namespace, host), |(name, namespace)| (namespace, name))
}

pub fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether the two overlap: some name is covered by both. Symmetric.
pub fn overlap(a: &str, b: &str) -> bool {
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (Some(x), Some(y)) => ends_with(x, y) || ends_with(y, x),
        (Some(suffix), None) => ends_with(b, suffix) && b.len() > suffix.len(),
        (None, Some(suffix)) => ends_with(a, suffix) && a.len() > suffix.len(),
        (None, None) => a.eq_ignore_ascii_case(b),
    }
}

/// Whether every name that `inner` covers is covered by `outer`.
pub fn covers(outer: &str, inner: &str) -> bool {
    match (outer.strip_prefix('*'), inner.strip_prefix('*')) {
        (Some(x), Some(y)) => ends_with(y, x),
        (Some(suffix), None) => ends_with(inner, suffix) && inner.len() > suffix.len(),
        (None, Some(_)) => false,
        (None, None) => outer.eq_ignore_ascii_case(inner),
    }
}

fn ends_with(text: &str, suffix: &str) -> bool {
    text.len()
        .checked_sub(suffix.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// The names that both lists cover: of every overlapping pair the more specific, in order of
/// the first list, each once.
pub fn intersection<'a>(left: &[&'a str], right: &[&'a str]) -> Vec<&'a str> {
    let mut both: Vec<&str> = Vec::new();
    for a in left {
        for b in right {
            if !overlap(a, b) {
                continue;
            }
            let narrow = if covers(a, b) { b } else { a };
            if !both.contains(narrow) {
                both.push(narrow);
            }
        }
    }
    both
}

/// More specific first: exact before wildcard, then longer, then by the alphabet.
pub fn by_specificity(a: &str, b: &str) -> Ordering {
    is_wildcard(a).cmp(&is_wildcard(b)).then_with(|| b.len().cmp(&a.len())).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("reviews", "reviews.shop.svc.cluster.local")]
    #[case("reviews.shop", "reviews.shop")]
    #[case("*", "*")]
    #[case("10.0.0.1", "10.0.0.1")]
    #[case("::1", "::1")]
    fn only_names_without_dots_are_completed(#[case] written: &str, #[case] full: &str) {
        assert_eq!(full_name(written, "shop"), full);
    }

    #[rstest]
    #[case("*.foo.com", "a.foo.com", true, true)]
    #[case("*.foo.com", "a.b.foo.com", true, true)]
    #[case("*.foo.com", "foo.com", false, false)]
    #[case("*", "anything", true, true)]
    #[case("*.com", "*.foo.com", true, true)]
    #[case("*.foo.com", "*.com", true, false)]
    #[case("A.b", "a.B", true, true)]
    #[case("a.b", "*.b", true, false)]
    fn wildcards(#[case] a: &str, #[case] b: &str, #[case] both: bool, #[case] cover: bool) {
        assert_eq!((overlap(a, b), overlap(b, a)), (both, both));
        assert_eq!(covers(a, b), cover);
    }

    #[test]
    fn intersection_keeps_the_more_specific() {
        let hosts = intersection(&["*.shop.com", "bank.com"], &["*", "a.shop.com"]);
        assert_eq!(hosts, ["*.shop.com", "a.shop.com", "bank.com"]);
    }

    #[test]
    fn service_hosts_open_again() {
        assert_eq!(service_of("a.b.svc.cluster.local"), Some(("a", "b")));
        assert_eq!(service_of("www.example.com"), None);
    }

    #[test]
    fn specific_hosts_come_first() {
        let mut hosts = ["*", "*.b.c", "a.b.c", "*.c"];
        hosts.sort_by(|a, b| by_specificity(a, b));
        assert_eq!(hosts, ["a.b.c", "*.b.c", "*.c", "*"]);
    }
}
