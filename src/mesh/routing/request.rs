//! A question: this client sends this request.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a client speaks to its proxy.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Hash, PartialOrd, Ord,
)]
#[serde(rename_all = "lowercase")]
pub enum RequestProtocol {
    /// HTTP/1.1 in plain text.
    #[default]
    Http,
    /// HTTP/2 in plain text.
    Http2,
    /// gRPC over HTTP/2 in plain text; a POST.
    Grpc,
    /// HTTP inside TLS that the deciding proxy terminates.
    Https,
    /// TLS that the deciding proxy does not terminate: only the SNI is seen.
    Tls,
    /// Bytes of any other protocol.
    Tcp,
}

impl RequestProtocol {
    /// Whether the deciding proxy sees requests rather than a connection.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::Grpc | Self::Https)
    }

    /// Whether the first bytes on the wire are HTTP in plain text.
    pub fn is_plain_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::Grpc)
    }
}

/// What decides for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Hash, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The pod's own sidecar.
    Sidecar,
    /// A gateway pod: the request comes in there.
    Gateway,
    /// A waypoint pod: the request comes in there.
    Waypoint,
    /// No proxy of the mesh, or only a layer 4 one (ambient without a waypoint).
    #[default]
    None,
}

/// Where a request comes from: a pod, and what its proxy is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Hash, PartialOrd, Ord)]
pub struct Source {
    pub kind: SourceKind,
    pub namespace: Arc<str>,
    /// The pod's name; for a source without pods the name of its workload.
    pub name: Arc<str>,
}

/// One request, or one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Request {
    pub from: Source,
    pub protocol: RequestProtocol,
    /// HTTP: the authority as sent, a port in it included. TLS: the SNI. TCP: the name dialled.
    pub host: String,
    /// The port dialled; at a gateway the port of its Service.
    pub port: u16,
    /// At a gateway: the port in the pod, where it is known to differ from `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_port: Option<u16>,
    /// The address dialled. Without it the address of the service that `host` names is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// For HTTPS the SNI, where it differs from `host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    pub method: String,
    /// With the query.
    pub path: String,
    /// In the order sent; a name may come twice.
    pub headers: Vec<(String, String)>,
}
