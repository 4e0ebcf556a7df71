//! IST0126: a network of a cluster that nobody knows.

use super::super::Level;
use super::super::Subject;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;
use crate::mesh::object::Key;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "IST0126",
    title: "UnknownMeshNetworksServiceRegistry",
    level: Level::Error,
    kinds: &[Kind::ConfigMap],
    why: "The mesh networks name a cluster that no remote secret stands for, so its endpoints \
          are assigned to no network.",
    remedy: "Correct fromRegistry, or create the remote secret of that cluster.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0126/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: ""
  meshNetworks: "networks: {near: {endpoints: [{fromRegistry: far}]}}"
"#,
        good: r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: ""
  meshNetworks: "networks: {near: {endpoints: [{fromRegistry: Kubernetes}]}}"
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let Some(networks) = mesh_networks(index) else { return };
    if !index.is_read(Kind::Secret) {
        sink.withhold("Secrets are not read, so remote clusters are not known");
        return;
    }
    let known = registries(index);
    for (network, body) in fields::entries(&networks, "networks") {
        for endpoint in fields::items(body, "endpoints") {
            let registry = fields::text(endpoint, "fromRegistry");
            if !registry.is_empty() && !known.contains(registry) {
                sink.on(
                    subject(index),
                    format!("Unknown service registry {registry} in network {network}"),
                );
            }
        }
    }
}

/// The ConfigMap's key is an object of its own in istioctl's words.
fn subject(index: &Index<'_>) -> Subject {
    Subject {
        kind: "MeshNetworks",
        group: "",
        namespace: index.mesh.root_namespace.as_str().into(),
        name: "meshnetworks".into(),
    }
}

/// `meshNetworks` of the ConfigMap `istio`.
fn mesh_networks(index: &Index<'_>) -> Option<Value> {
    let key = Key::new(&index.mesh.root_namespace, "istio");
    let text = index.objects.config_maps().get(&key)?.data.get("meshNetworks")?;
    serde_saphyr::from_str(text).ok()
}

/// Registries that istiod has by itself, and one for each remote secret's key.
fn registries(index: &Index<'_>) -> BTreeSet<String> {
    let mut known: BTreeSet<String> = ["Mock", "Kubernetes", "External"].map(String::from).into();
    for secret in index.each(index.objects.secrets()) {
        if secret.meta.label("istio/multiCluster") == Some("true") {
            let value = secret.raw.value();
            known.extend(fields::entries(&value, "data").map(|(key, _)| key.to_owned()));
            known.extend(fields::entries(&value, "stringData").map(|(key, _)| key.to_owned()));
        }
    }
    known
}
