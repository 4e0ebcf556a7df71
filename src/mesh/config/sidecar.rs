//! Istio's Sidecar.

use serde::Deserialize;

use super::policy::WorkloadSelector;
use super::service_entry::Port;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Sidecar {
    pub spec: Spec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    pub workload_selector: Option<WorkloadSelector>,
    pub egress: Vec<EgressListener>,
    pub ingress: Vec<serde_json::Value>,
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EgressListener {
    pub port: Option<Port>,
    pub bind: String,
    pub capture_mode: String,
    /// `namespace/dnsName`.
    pub hosts: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutboundTrafficPolicy {
    /// `REGISTRY_ONLY`, `ALLOW_ANY` or `ALLOW_ANY_DYNAMIC_DNS`.
    pub mode: String,
    pub egress_proxy: Option<super::virtual_service::Destination>,
}
