//! Whether a pod should have a sidecar: the decision of Istio's injection webhook.
//!
//! Source: the namespace and object selectors of Istio's MutatingWebhookConfiguration (chart
//! istio-control/istio-discovery) and istiod's own conditions.

use serde::Serialize;

use crate::mesh::object::{Labels, Meta};

/// What a namespace's labels ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamespaceInjection {
    /// No label: only pods that ask for themselves.
    #[default]
    Unset,
    Enabled,
    /// Injection switched off, for pods that ask for it too.
    Disabled,
    /// By the control plane of this revision or tag.
    Revision(String),
    /// `istio.io/dataplane-mode: ambient`.
    Ambient,
}

impl NamespaceInjection {
    /// In a word or two; empty where nothing is asked for.
    pub fn word(&self) -> String {
        match self {
            Self::Unset => String::new(),
            Self::Enabled => "enabled".to_owned(),
            Self::Disabled => "disabled".to_owned(),
            Self::Revision(revision) => format!("rev {revision}"),
            Self::Ambient => "ambient".to_owned(),
        }
    }
}

/// Reads a namespace's labels; `istio-injection` goes before a revision, and both before
/// ambient mode, which leaves pods with sidecars alone.
pub fn of_namespace(labels: &Labels) -> NamespaceInjection {
    match (labels.get("istio-injection").map(String::as_str), labels.get("istio.io/rev")) {
        (Some("enabled"), _) => NamespaceInjection::Enabled,
        (Some("disabled"), _) => NamespaceInjection::Disabled,
        (_, Some(revision)) => NamespaceInjection::Revision(revision.clone()),
        _ if labels.get("istio.io/dataplane-mode").is_some_and(|m| m == "ambient") => {
            NamespaceInjection::Ambient
        }
        _ => NamespaceInjection::Unset,
    }
}

/// Namespaces into which istiod never injects.
const NEVER: &[&str] = &["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Whether a new pod with this metadata would get a sidecar.
pub fn wants_sidecar(namespace: &NamespaceInjection, pod: &Meta, host_network: bool) -> bool {
    if host_network || NEVER.contains(&&*pod.namespace) {
        return false;
    }
    let label = pod.label("sidecar.istio.io/inject");
    // The old annotation is still heard where no label speaks.
    let asked = label.or_else(|| pod.annotation("sidecar.istio.io/inject"));
    if asked == Some("false") {
        return false;
    }
    match namespace {
        NamespaceInjection::Enabled | NamespaceInjection::Revision(_) => true,
        NamespaceInjection::Disabled => false,
        NamespaceInjection::Unset | NamespaceInjection::Ambient => {
            label == Some("true") || pod.label("istio.io/rev").is_some()
        }
    }
}
