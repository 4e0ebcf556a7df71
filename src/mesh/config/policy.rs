//! Selectors, and the policies whose presence the other parts read.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::mesh::object::Labels;

/// `labels` in networking kinds, `matchLabels` in security kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WorkloadSelector {
    #[serde(alias = "matchLabels")]
    pub labels: Labels,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PeerAuthentication {
    pub spec: PeerAuthenticationSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PeerAuthenticationSpec {
    pub selector: Option<WorkloadSelector>,
    pub mtls: Option<MutualTls>,
    pub port_level_mtls: BTreeMap<String, MutualTls>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MutualTls {
    /// `UNSET`, `DISABLE`, `PERMISSIVE` or `STRICT`.
    pub mode: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AuthorizationPolicy {
    pub spec: AuthorizationPolicySpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthorizationPolicySpec {
    pub selector: Option<WorkloadSelector>,
    /// `ALLOW` (also when empty), `DENY`, `AUDIT` or `CUSTOM`.
    pub action: String,
    pub rules: Option<Vec<Value>>,
    pub target_ref: Option<Value>,
    pub target_refs: Vec<Value>,
}

/// What RequestAuthentication, Telemetry, WasmPlugin and TrafficExtension have in common: the
/// workloads they are for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Policy {
    pub spec: PolicySpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicySpec {
    pub selector: Option<WorkloadSelector>,
    /// The older, singular form.
    pub target_ref: Option<Value>,
    pub target_refs: Vec<Value>,
}
