//! Istio's EnvoyFilter, as far as the order of its patches goes.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EnvoyFilter {
    pub spec: Spec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    pub config_patches: Vec<ConfigPatch>,
    pub priority: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigPatch {
    /// `HTTP_FILTER`, `CLUSTER`, `VIRTUAL_HOST` …
    pub apply_to: String,
    #[serde(rename = "match")]
    pub selects: Value,
    pub patch: Option<Patch>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Patch {
    /// `ADD`, `REMOVE`, `REPLACE`, `MERGE`, `INSERT_BEFORE`, `INSERT_AFTER`, `INSERT_FIRST`.
    pub operation: String,
    pub value: Option<Value>,
}
