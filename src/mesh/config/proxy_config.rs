//! Istio's ProxyConfig, as far as it chooses the proxy's image.

use serde::Deserialize;

use super::policy::WorkloadSelector;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ProxyConfig {
    pub spec: Spec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Spec {
    pub selector: Option<WorkloadSelector>,
    pub image: Option<ProxyImage>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyImage {
    /// `default`, `debug`, `distroless` …
    pub image_type: String,
}
