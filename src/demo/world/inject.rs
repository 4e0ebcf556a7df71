//! Sidecar injection: what Istio's webhook adds to a pod when it is created.
//!
//! Whether a pod is injected follows Istio's rule (Istio documentation, "Installing the
//! Sidecar", "Controlling the injection policy"): the pod's label `sidecar.istio.io/inject`
//! decides, else the namespace's `istio-injection` or `istio.io/rev` label.

use serde_json::{Value, json};

use super::fields::{array_at, set, set_default, text, value_at};
use super::state::State;
use crate::mesh::{Key, Kind};

/// The proxy's image.
const PROXY: &str = "docker.io/istio/proxyv2:1.26.4";

/// Adds `istio-init` and `istio-proxy` to a pod that is to have them.
pub(super) fn sidecar(state: &State, pod: &mut Value) {
    if !wanted(state, pod) || value_at(pod, &STATUS).is_some() {
        return;
    }
    let app = label(pod, "app");
    let owner = text(pod, "/metadata/ownerReferences/0/name").to_owned();
    let workload = owner.rsplit_once('-').map_or(owner.as_str(), |(name, _)| name).to_owned();
    let name = [app, workload, text(pod, "/metadata/name").to_owned()]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let version = label(pod, "version");
    let revision = if version.is_empty() { "latest".to_owned() } else { version };
    let labels = [
        ("security.istio.io/tlsMode", "istio"),
        ("service.istio.io/canonical-name", &name),
        ("service.istio.io/canonical-revision", &revision),
    ];
    for (key, value) in labels {
        set_default(pod, &["metadata", "labels", key], || json!(value));
    }
    let first = text(pod, "/spec/containers/0/name").to_owned();
    let annotations =
        ["kubectl.kubernetes.io/default-container", "kubectl.kubernetes.io/default-logs-container"];
    for key in annotations {
        set_default(pod, &["metadata", "annotations", key], || json!(first));
    }
    let status = json!({"initContainers": ["istio-init"], "containers": ["istio-proxy"],
        "volumes": ["workload-socket", "istio-envoy", "istio-data", "istio-podinfo", "istio-token",
                    "istiod-ca-cert"],
        "imagePullSecrets": null, "revision": "default"});
    set(pod, &STATUS, json!(status.to_string()));
    if let Some(containers) = array_at(pod, &["spec", "initContainers"]) {
        containers.push(init());
    }
    if let Some(containers) = array_at(pod, &["spec", "containers"]) {
        containers.push(proxy());
    }
}

const STATUS: [&str; 3] = ["metadata", "annotations", "sidecar.istio.io/status"];

fn label(pod: &Value, key: &str) -> String {
    value_at(pod, &["metadata", "labels", key]).and_then(Value::as_str).unwrap_or_default().into()
}

fn wanted(state: &State, pod: &Value) -> bool {
    let path = ["metadata", "labels", "sidecar.istio.io/inject"];
    match value_at(pod, &path).and_then(Value::as_str) {
        Some("true") => return true,
        Some("false") => return false,
        _ => {}
    }
    let namespace = Key::new("", text(pod, "/metadata/namespace"));
    let Some(namespace) = state.get(Kind::Namespace, &namespace) else { return false };
    let label = |key| value_at(&namespace.value, &["metadata", "labels", key]);
    match label("istio-injection").and_then(Value::as_str) {
        Some(value) => value == "enabled",
        None => label("istio.io/rev").is_some(),
    }
}

fn init() -> Value {
    json!({
        "name": "istio-init", "image": PROXY,
        "args": ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT",
                 "-i", "*", "-x", "", "-b", "*", "-d", "15090,15021,15020"],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]},
                            "privileged": false},
    })
}

fn proxy() -> Value {
    json!({
        "name": "istio-proxy", "image": PROXY,
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
        "ports": [{"name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"},
                           "periodSeconds": 15, "timeoutSeconds": 3, "successThreshold": 1,
                           "failureThreshold": 4},
    })
}
