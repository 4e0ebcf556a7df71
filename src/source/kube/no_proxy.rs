//! Which proxy leads to a cluster: `proxy-url` of the kubeconfig, else the environment with its
//! NO_PROXY, by the rules of Go's `httpproxy`, which kubectl follows.

use std::net::IpAddr;

use http::Uri;

/// The proxy for a server, if any. `variable` reads the environment; lower case is tried second.
pub(super) fn proxy_for(
    server: &Uri,
    configured: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, http::uri::InvalidUri> {
    if let Some(url) = configured.filter(|url| !url.is_empty()) {
        // What the kubeconfig says holds for every server, NO_PROXY or not.
        return url.parse().map(Some);
    }
    let either = |name: &str| {
        let set = |value: &String| !value.is_empty();
        variable(name).filter(set).or_else(|| variable(&name.to_lowercase()).filter(set))
    };
    let secure = server.scheme_str() == Some("https");
    let Some(proxy) = either(if secure { "HTTPS_PROXY" } else { "HTTP_PROXY" }) else {
        return Ok(None);
    };
    let exceptions = either("NO_PROXY").unwrap_or_default();
    let port = server.port_u16().unwrap_or(if secure { 443 } else { 80 });
    if excepted(server.host().unwrap_or_default(), port, &exceptions) {
        return Ok(None);
    }
    let proxy = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    proxy.parse().map(Some)
}

/// Whether a host is reached without proxy.
fn excepted(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    exceptions
        .split(',')
        .map(|entry| entry.trim().to_lowercase())
        .any(|entry| entry == "*" || (!entry.is_empty() && matches(&entry, &host, port, address)))
}

fn matches(entry: &str, host: &str, port: u16, address: Option<IpAddr>) -> bool {
    if let (Some((network, bits)), Some(address)) = (entry.split_once('/'), address) {
        return in_network(network, bits, address);
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        Some((name, text)) if !name.contains(':') || name.ends_with(']') => {
            (name, text.parse::<u16>().ok())
        }
        _ => (entry, None),
    };
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    let name = name.trim_matches(['[', ']']).trim_start_matches('*');
    match name.strip_prefix('.') {
        // `.example.com` means what is below it only.
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn in_network(network: &str, bits: &str, address: IpAddr) -> bool {
    let Ok(bits) = bits.parse::<u32>() else { return false };
    match (network.parse(), address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://10.0.0.1:6443", "", "HTTPS_PROXY=http://p:3128", Some("http://p:3128/"))]
    #[case("https://10.0.0.1:6443", "", "https_proxy=p:3128", Some("http://p:3128/"))]
    #[case("http://10.0.0.1:8080", "", "HTTPS_PROXY=http://p:3128", None)]
    #[case("http://10.0.0.1:8080", "", "HTTP_PROXY=http://p:3128", Some("http://p:3128/"))]
    #[case("https://127.0.0.1:6443", "", "HTTPS_PROXY=http://p", None)]
    #[case("https://api.shop.example", "", "HTTPS_PROXY=http://p NO_PROXY=shop.example", None)]
    #[case("https://api.shop.example", "", "HTTPS_PROXY=http://p NO_PROXY=.shop.example", None)]
    #[case(
        "https://shop.example",
        "",
        "HTTPS_PROXY=http://p NO_PROXY=.shop.example",
        Some("http://p/")
    )]
    #[case(
        "https://myshop.example",
        "",
        "HTTPS_PROXY=http://p NO_PROXY=shop.example",
        Some("http://p/")
    )]
    #[case("https://10.1.2.3:6443", "", "HTTPS_PROXY=http://p no_proxy=10.0.0.0/8", None)]
    #[case(
        "https://11.1.2.3:6443",
        "",
        "HTTPS_PROXY=http://p no_proxy=10.0.0.0/8",
        Some("http://p/")
    )]
    #[case("https://[fd00::1]:6443", "", "HTTPS_PROXY=http://p NO_PROXY=a,fd00::/8", None)]
    #[case(
        "https://a.example:6443",
        "",
        "HTTPS_PROXY=http://p NO_PROXY=a.example:443",
        Some("http://p/")
    )]
    #[case("https://a.example", "", "HTTPS_PROXY=http://p NO_PROXY=*", None)]
    #[case("https://a.example", "socks5://s:1080", "NO_PROXY=*", Some("socks5://s:1080/"))]
    fn proxies(
        #[case] server: Uri,
        #[case] configured: &str,
        #[case] environment: &str,
        #[case] expected: Option<&str>,
    ) {
        let variable = |name: &str| {
            let mut pairs = environment.split(' ').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
        };
        let proxy = proxy_for(&server, Some(configured), variable).unwrap();
        assert_eq!(proxy.map(|uri| uri.to_string()).as_deref(), expected);
    }
}
