//! Istio's Gateway.

use serde::Deserialize;

use crate::mesh::object::Labels;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Gateway {
    pub spec: Spec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Spec {
    pub servers: Vec<Server>,
    /// Labels of the gateway's pods, in any namespace; empty selects every gateway pod.
    pub selector: Labels,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Server {
    pub name: String,
    pub port: Port,
    pub bind: String,
    pub hosts: Vec<String>,
    pub tls: Option<ServerTls>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Port {
    pub number: u32,
    pub protocol: String,
    pub name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServerTls {
    /// `PASSTHROUGH`, `SIMPLE`, `MUTUAL`, `AUTO_PASSTHROUGH`, `ISTIO_MUTUAL`, `OPTIONAL_MUTUAL`.
    pub mode: String,
    pub https_redirect: bool,
    pub credential_name: String,
    pub credential_names: Vec<String>,
    pub server_certificate: String,
    pub private_key: String,
}
