//! Protocols of ports, by Istio's rules of naming.

use crate::mesh::core::{IntOrName, ServicePort};

/// A protocol that Istio knows; the classes are Istio's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Tcp,
    Udp,
    Http,
    Http2,
    HttpProxy,
    Grpc,
    GrpcWeb,
    Https,
    Tls,
    Mongo,
    Redis,
    Mysql,
}

impl Protocol {
    /// By its name in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "tcp" => Self::Tcp,
            "udp" => Self::Udp,
            "http" => Self::Http,
            "http2" => Self::Http2,
            "http_proxy" => Self::HttpProxy,
            "grpc" => Self::Grpc,
            "grpc-web" => Self::GrpcWeb,
            "https" => Self::Https,
            "tls" => Self::Tls,
            "mongo" => Self::Mongo,
            "redis" => Self::Redis,
            "mysql" => Self::Mysql,
            _ => return None,
        })
    }

    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::HttpProxy | Self::Grpc | Self::GrpcWeb)
    }

    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    /// Passed through as bytes, encrypted or not.
    pub fn is_tcp_class(self) -> bool {
        self.is_tls() || matches!(self, Self::Tcp | Self::Mongo | Self::Redis | Self::Mysql)
    }
}

/// The protocol of a Service's port, from `appProtocol`, else from its name's first part;
/// `None` where Istio would have to guess.
pub fn of_service_port(port: &ServicePort) -> Option<Protocol> {
    /// Servers that speak first here, which breaks guessing.
    const SERVER_FIRST: &[u16] = &[25, 53, 3306, 27017];
    if port.protocol == "UDP" {
        return Some(Protocol::Udp);
    }
    let name = port.app_protocol.as_deref().unwrap_or(&port.name);
    let known = match (port.app_protocol.as_deref(), name) {
        (Some("kubernetes.io/h2c"), _) => Some(Protocol::Http2),
        (Some("kubernetes.io/ws"), _) => Some(Protocol::Http),
        (Some("kubernetes.io/wss"), _) => Some(Protocol::Https),
        _ if name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("grpc-web")) => {
            Some(Protocol::GrpcWeb)
        }
        _ => Protocol::parse(name.split('-').next().unwrap_or_default()),
    };
    known.or_else(|| SERVER_FIRST.contains(&port.port).then_some(Protocol::Tcp))
}

/// A target port as text; 0 where a manifest leaves it out.
pub fn target_text(port: &ServicePort) -> String {
    match &port.target_port {
        None => "0".into(),
        Some(IntOrName::Int(number)) => number.to_string(),
        Some(IntOrName::Name(name)) => name.clone(),
    }
}
