//! As much of OpenAPI v3 as kubectl wants before it applies: which kinds there are, and that
//! their patches know `fieldValidation`, so that kubectl leaves validation to the server.

use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::demo::world::catalog::{self, RESOURCES, Resource};

/// The document at a path, if it is one of OpenAPI v3's.
pub(super) fn document(path: &str) -> Option<Response> {
    let steps: Vec<&str> = path.split('/').collect();
    match steps.as_slice() {
        ["openapi", "v3"] => Some(super::ok(&index())),
        ["openapi", "v3", "api", version] => spec("", version),
        ["openapi", "v3", "apis", group, version] => spec(group, version),
        _ => None,
    }
}

fn index() -> Value {
    let mut paths = Map::new();
    let mut add = |path: String| {
        let url = format!("/openapi/v3/{path}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    };
    add("api/v1".to_owned());
    for (group, versions) in catalog::groups() {
        versions.iter().for_each(|version| add(format!("apis/{group}/{version}")));
    }
    json!({"paths": paths})
}

fn spec(group: &str, version: &str) -> Option<Response> {
    let served = RESOURCES.iter().filter(|r| r.info().group == group && r.serves(version));
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for resource in served {
        let kind = json!({"group": group, "version": version, "kind": resource.info().name});
        paths.insert(path(resource, version), operations(&kind));
        let schema = json!({"type": "object", "x-kubernetes-group-version-kind": [kind],
                            "x-kubernetes-preserve-unknown-fields": true});
        schemas.insert(format!("{group}.{version}.{}", resource.info().name), schema);
    }
    if paths.is_empty() {
        return None;
    }
    Some(super::ok(&json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.2"},
        "paths": paths, "components": {"schemas": schemas},
    })))
}

fn path(resource: &Resource, version: &str) -> String {
    let info = resource.info();
    let root = if info.group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{}/{version}", info.group)
    };
    let scope = if info.namespaced { "/namespaces/{namespace}" } else { "" };
    format!("{root}{scope}/{}/{{name}}", info.plural)
}

fn operations(kind: &Value) -> Value {
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    json!({"patch": {
        "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": kind,
        "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
        "responses": {"200": {"description": "OK"}},
    }})
}
