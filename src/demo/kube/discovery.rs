//! What the API serves, in both forms of discovery, and the server's version and health.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::answer;
use crate::demo::world::catalog::{self, RESOURCES, Resource};

/// Groups without stored resources: questions about rights.
const REVIEWS: [(&str, &[(&str, &str)]); 2] = [
    ("authentication.k8s.io", &[("selfsubjectreviews", "SelfSubjectReview")]),
    (
        "authorization.k8s.io",
        &[
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
    ),
];
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The document at a path, if it is one of discovery's.
pub(super) fn document(accept: &str, path: &str) -> Option<Response> {
    let aggregated = accept.split(',').any(|wanted| {
        wanted.contains("as=APIGroupDiscoveryList")
            && wanted.split(';').any(|part| part.trim() == "v=v2")
    });
    let steps: Vec<&str> = path.split('/').collect();
    let value = match steps.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => {
            return Some(answer::bytes(
                StatusCode::OK,
                "text/plain; charset=utf-8",
                b"ok".to_vec(),
            ));
        }
        ["version"] => version(),
        ["api"] if aggregated => return Some(discovery_list(&[("", vec!["v1"])])),
        ["apis"] if aggregated => return Some(discovery_list(&groups())),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]}),
        ["apis"] => {
            let groups: Vec<Value> =
                groups().iter().map(|(name, versions)| group(name, versions)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] => {
            let (name, versions) = groups().into_iter().find(|(group, _)| group == name)?;
            let mut group = group(name, &versions);
            if let Some(map) = group.as_object_mut() {
                map.insert("kind".to_owned(), json!("APIGroup"));
                map.insert("apiVersion".to_owned(), json!("v1"));
            }
            group
        }
        ["api", "v1"] => resource_list("", "v1"),
        ["apis", name, version] => {
            groups()
                .iter()
                .find(|(group, versions)| group == name && versions.contains(version))?;
            resource_list(name, version)
        }
        [""] => {
            json!({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]})
        }
        _ => return None,
    };
    Some(super::ok(&value))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.2+vigla-demo", "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// All groups, those of reviews first.
fn groups() -> Vec<(&'static str, Vec<&'static str>)> {
    let reviews = REVIEWS.iter().map(|(group, _)| (*group, vec!["v1"]));
    reviews.chain(catalog::groups()).collect()
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn group(name: &str, versions: &[&str]) -> Value {
    let version =
        |version: &&str| json!({"groupVersion": group_version(name, version), "version": version});
    let all: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "versions": all, "preferredVersion": versions.first().map(version)})
}

fn served<'a>(group: &'a str, version: &'a str) -> impl Iterator<Item = &'static Resource> + 'a {
    RESOURCES.iter().filter(move |r| r.info().group == group && r.serves(version))
}

/// The verbs of a resource, in the order a real server lists them.
fn verbs(resource: &Resource) -> Value {
    if resource.native {
        json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"])
    } else {
        json!(["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"])
    }
}

fn reviews(group: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    REVIEWS.iter().filter(move |(name, _)| *name == group).flat_map(|(_, all)| all.iter())
}

/// A resource list of the old form.
fn resource_list(group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for (name, kind) in reviews(group) {
        let singular = kind.to_lowercase();
        list.push(json!({"name": name, "singularName": singular, "namespaced": false,
                         "kind": kind, "verbs": ["create"]}));
    }
    for resource in served(group, version) {
        let info = resource.info();
        let mut entry = Map::new();
        entry.insert("name".to_owned(), json!(info.plural));
        entry.insert("singularName".to_owned(), json!(resource.singular));
        entry.insert("namespaced".to_owned(), json!(info.namespaced));
        entry.insert("kind".to_owned(), json!(info.name));
        entry.insert("verbs".to_owned(), verbs(resource));
        extras(&mut entry, resource);
        list.push(Value::Object(entry));
        if resource.status {
            list.push(json!({"name": format!("{}/status", info.plural), "singularName": "",
                "namespaced": info.namespaced, "kind": info.name, "verbs": ["get", "patch", "update"]}));
        }
        if resource.scale {
            list.push(json!({"name": format!("{}/scale", info.plural), "singularName": "",
                "namespaced": info.namespaced, "group": "autoscaling", "version": "v1",
                "kind": "Scale", "verbs": ["get", "patch", "update"]}));
        }
    }
    let mut answer = json!({"kind": "APIResourceList"});
    if let Some(map) = answer.as_object_mut() {
        if !group.is_empty() {
            map.insert("apiVersion".to_owned(), json!("v1"));
        }
        map.insert("groupVersion".to_owned(), json!(group_version(group, version)));
        map.insert("resources".to_owned(), json!(list));
    }
    answer
}

/// Short names and categories, where there are any.
fn extras(entry: &mut Map<String, Value>, resource: &Resource) {
    if !resource.short_names.is_empty() {
        entry.insert("shortNames".to_owned(), json!(resource.short_names));
    }
    if !resource.categories.is_empty() {
        entry.insert("categories".to_owned(), json!(resource.categories));
    }
}

/// Aggregated discovery (`apidiscovery.k8s.io/v2`): everything in one answer.
fn discovery_list(groups: &[(&str, Vec<&str>)]) -> Response {
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    json!({"version": version, "freshness": "Current",
                                      "resources": aggregated_resources(group, version)})
                })
                .collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let list = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
                      "metadata": {}, "items": items});
    answer::bytes(StatusCode::OK, AGGREGATED, list.to_string().into_bytes())
}

fn aggregated_resources(group: &str, version: &str) -> Vec<Value> {
    let response_kind = |kind: &str| json!({"group": group, "version": version, "kind": kind});
    let reviews = reviews(group).map(|(name, kind)| {
        json!({"resource": name, "responseKind": response_kind(kind), "scope": "Cluster",
               "singularResource": kind.to_lowercase(), "verbs": ["create"]})
    });
    let resources = served(group, version).map(|resource| {
        let info = resource.info();
        let mut entry = Map::new();
        entry.insert("resource".to_owned(), json!(info.plural));
        entry.insert("responseKind".to_owned(), response_kind(info.name));
        entry.insert(
            "scope".to_owned(),
            json!(if info.namespaced { "Namespaced" } else { "Cluster" }),
        );
        entry.insert("singularResource".to_owned(), json!(resource.singular));
        entry.insert("verbs".to_owned(), verbs(resource));
        extras(&mut entry, resource);
        let mut parts = Vec::new();
        if resource.scale {
            parts.push(json!({"subresource": "scale", "verbs": ["get", "patch", "update"],
                "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}}));
        }
        if resource.status {
            parts.push(json!({"subresource": "status", "verbs": ["get", "patch", "update"],
                "responseKind": response_kind(info.name)}));
        }
        if !parts.is_empty() {
            entry.insert("subresources".to_owned(), json!(parts));
        }
        Value::Object(entry)
    });
    reviews.chain(resources).collect()
}
