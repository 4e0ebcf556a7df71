//! What a service port speaks, as declared.
//!
//! Istio, `pkg/config/kube/conversion.go`: `appProtocol`, else the port's name up to the first
//! dash, else detection, except on ports whose protocols let the server speak first.

/// The groups of protocols that are treated alike outbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortProtocol {
    Http,
    /// Detected per connection.
    Auto,
    /// TLS that is not terminated, by SNI.
    Tls,
    Tcp,
    Udp,
}

impl PortProtocol {
    pub fn is_http_or_auto(self) -> bool {
        matches!(self, Self::Http | Self::Auto)
    }

    /// Of a Kubernetes service port.
    pub fn of_service_port(
        transport: &str,
        app_protocol: Option<&str>,
        name: &str,
        port: u16,
    ) -> Self {
        if transport.eq_ignore_ascii_case("UDP") {
            return Self::Udp;
        }
        let declared = match app_protocol {
            Some("kubernetes.io/h2c" | "kubernetes.io/ws") => Some(Self::Http),
            Some("kubernetes.io/wss") => Some(Self::Tls),
            Some(text) => Self::parse(text),
            None => Self::parse(name.split('-').next().unwrap_or(name)),
        };
        // `grpc-web` is a protocol of two words.
        let web = || name.to_ascii_lowercase().starts_with("grpc-web").then_some(Self::Http);
        declared.or_else(|| app_protocol.is_none().then(web).flatten()).unwrap_or(match port {
            25 | 53 | 3306 | 27017 => Self::Tcp,
            _ => Self::Auto,
        })
    }

    /// Of a word such as `http2` or `MONGO`; `None` for words Istio does not know.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "http" | "http2" | "grpc" | "grpc-web" | "http_proxy" => Self::Http,
            "https" | "tls" => Self::Tls,
            "tcp" | "mongo" | "redis" | "mysql" | "hbone" => Self::Tcp,
            "udp" => Self::Udp,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, "http", 80, PortProtocol::Http)]
    #[case(None, "HTTP2-x", 80, PortProtocol::Http)]
    #[case(None, "grpc-web", 80, PortProtocol::Http)]
    #[case(None, "web", 80, PortProtocol::Auto)]
    #[case(None, "httpx", 80, PortProtocol::Auto)]
    #[case(None, "", 3306, PortProtocol::Tcp)]
    #[case(None, "https-a", 443, PortProtocol::Tls)]
    #[case(None, "mongo", 1, PortProtocol::Tcp)]
    #[case(Some("kubernetes.io/h2c"), "tcp", 1, PortProtocol::Http)]
    #[case(Some("tcp"), "http", 1, PortProtocol::Tcp)]
    fn declared(
        #[case] app: Option<&str>,
        #[case] name: &str,
        #[case] port: u16,
        #[case] expected: PortProtocol,
    ) {
        assert_eq!(PortProtocol::of_service_port("TCP", app, name, port), expected);
        assert_eq!(PortProtocol::of_service_port("UDP", app, name, port), PortProtocol::Udp);
    }
}
