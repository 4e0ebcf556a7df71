//! The definitions of the custom resources that the world serves.

use serde_json::{Value, json};

use crate::demo::world::catalog::{RESOURCES, Resource};

/// A CustomResourceDefinition for each custom resource, established.
pub(in crate::demo::world) fn objects() -> Vec<Value> {
    RESOURCES.iter().filter(|resource| !resource.native).map(definition).collect()
}

fn definition(resource: &Resource) -> Value {
    let info = resource.info();
    let versions: Vec<Value> = resource
        .versions
        .iter()
        .map(|version| {
            json!({
                "name": version, "served": true, "storage": *version == resource.stored_version(),
                "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                "subresources": if resource.status { json!({"status": {}}) } else { json!({}) },
            })
        })
        .collect();
    let names = json!({
        "plural": info.plural, "singular": resource.singular, "kind": info.name,
        "listKind": format!("{}List", info.name), "shortNames": resource.short_names,
        "categories": resource.categories,
    });
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "reason": reason, "message": message});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.full_name()},
        "spec": {"group": info.group, "names": names, "versions": versions,
                 "scope": if info.namespaced { "Namespaced" } else { "Cluster" },
                 "conversion": {"strategy": "None"}},
        "status": {"acceptedNames": names, "storedVersions": [resource.stored_version()],
                   "conditions": [
                       condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                       condition("Established", "InitialNamesAccepted",
                                 "the initial names have been accepted")]},
    })
}
