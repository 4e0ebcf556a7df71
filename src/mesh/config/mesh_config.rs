//! Istio's mesh configuration: the key `mesh` of the ConfigMap `istio` in the root namespace.

use serde::Deserialize;
use serde_json::Value;

/// The fields that Vigla reads; the defaults are Istio's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MeshConfig {
    pub root_namespace: String,
    pub trust_domain: String,
    pub outbound_traffic_policy: Option<super::sidecar::OutboundTrafficPolicy>,
    pub default_service_export_to: Vec<String>,
    pub default_virtual_service_export_to: Vec<String>,
    pub default_destination_rule_export_to: Vec<String>,
    pub path_normalization: Option<PathNormalization>,
    pub default_http_retry_policy: Option<super::virtual_service::Retries>,
    pub ingress_service: String,
    pub ingress_selector: String,
    pub extension_providers: Vec<Value>,
    pub service_settings: Vec<Value>,
    pub service_scope_configs: Vec<Value>,
    /// Everything, for rules that read other fields.
    #[serde(skip)]
    pub raw: Value,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PathNormalization {
    /// `DEFAULT`, `NONE`, `BASE`, `MERGE_SLASHES` or `DECODE_AND_MERGE_SLASHES`.
    pub normalization: String,
}

impl Default for MeshConfig {
    fn default() -> Self {
        Self {
            root_namespace: "istio-system".into(),
            trust_domain: "cluster.local".into(),
            outbound_traffic_policy: None,
            default_service_export_to: Vec::new(),
            default_virtual_service_export_to: Vec::new(),
            default_destination_rule_export_to: Vec::new(),
            path_normalization: None,
            default_http_retry_policy: None,
            ingress_service: String::new(),
            ingress_selector: String::new(),
            extension_providers: Vec::new(),
            service_settings: Vec::new(),
            service_scope_configs: Vec::new(),
            raw: Value::Null,
        }
    }
}

impl MeshConfig {
    /// Reads decoded mesh configuration.
    ///
    /// # Errors
    /// When a field has a type that Istio would not accept either.
    pub fn from_value(raw: Value) -> Result<Self, serde_json::Error> {
        let read = Self::deserialize(&raw)?;
        Ok(Self { raw, ..read })
    }
}
