//! Mutating- and ValidatingWebhookConfiguration alike.

use serde::Deserialize;

use crate::mesh::core::LabelSelector;

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WebhookConfiguration {
    pub webhooks: Vec<Webhook>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Webhook {
    pub name: String,
    pub client_config: ClientConfig,
    /// Absent selects everything.
    pub namespace_selector: LabelSelector,
    pub object_selector: LabelSelector,
}

/// Either a URL or a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ClientConfig {
    pub url: Option<String>,
    pub service: Option<ServiceReference>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceReference {
    pub namespace: String,
    pub name: String,
}
