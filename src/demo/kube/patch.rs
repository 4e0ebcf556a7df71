//! Patches: JSON Patch (RFC 6902), JSON merge patch (RFC 7386) and Kubernetes' strategic merge
//! patch, whose lists of objects merge by a key.

use serde_json::{Map, Value, json};

use crate::demo::world::catalog::Resource;
use crate::demo::world::refusal::Refusal;

/// A patch, read.
#[derive(Debug, Clone)]
pub(super) enum Patch {
    Json(json_patch::Patch),
    Merge(Value),
    Strategic(Value),
}

impl Patch {
    /// Reads a patch of a media type; custom resources know no strategic merge.
    pub(super) fn read(media: &str, body: &[u8], resource: &Resource) -> Result<Self, Refusal> {
        let bad = |error: &dyn std::fmt::Display| {
            Refusal::bad_request(format!("error decoding patch: {error}"))
        };
        match media {
            "application/json-patch+json" => {
                serde_json::from_slice(body).map(Self::Json).map_err(|error| bad(&error))
            }
            "application/merge-patch+json" => {
                serde_json::from_slice(body).map(Self::Merge).map_err(|error| bad(&error))
            }
            "application/strategic-merge-patch+json" if resource.native => {
                serde_json::from_slice(body).map(Self::Strategic).map_err(|error| bad(&error))
            }
            _ => Err(unsupported(media)),
        }
    }

    /// Changes a value; the reason when that cannot be done.
    pub(super) fn apply(&self, value: &mut Value) -> Result<(), String> {
        match self {
            Self::Json(patch) => {
                json_patch::patch(value, patch).map_err(|error| error.to_string())?;
            }
            Self::Merge(patch) => json_patch::merge(value, patch),
            Self::Strategic(patch) => strategic(value, patch),
        }
        Ok(())
    }
}

/// A media type that cannot be read here.
pub(super) fn unsupported(media: &str) -> Refusal {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: \
         application/json, application/yaml, application/json-patch+json, \
         application/merge-patch+json, application/apply-patch+yaml (got \"{media}\")"
    );
    Refusal { code: 415, reason: "UnsupportedMediaType", message, details: json!({}) }
}

/// A patch that does not fit the object.
pub(super) fn unprocessable(resource: &Resource, name: &str, why: &str) -> Refusal {
    let mut refusal = Refusal::invalid(resource, name, &[]);
    refusal.message =
        format!("the server rejected our request due to an error in our request: {why}");
    refusal
}

/// The field by which the objects of a list are told apart, by the list's name (the
/// `patchMergeKey` of Kubernetes' API types); `None` for lists that are replaced as a whole.
pub(super) fn merge_key(list: &str, items: &[Value]) -> Option<&'static str> {
    let has = |field: &str| items.iter().any(|item| item.get(field).is_some());
    Some(match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets" => "name",
        "ports" if has("containerPort") => "containerPort",
        "ports" => "port",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "conditions" | "addresses" => "type",
        "ownerReferences" => "uid",
        "podIPs" | "hostIPs" | "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        _ => return None,
    })
}

/// Merges a strategic patch into a value.
fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if patch.get("$patch").is_some_and(|directive| directive == "replace") {
        *target = Value::Object(without_directives(patch));
        return;
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (field, value) in patch {
        if let Some(list) = field.strip_prefix("$deleteFromPrimitiveList/") {
            drop_from(map, list, value);
        } else if field == "$retainKeys" {
            let kept = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            let kept: Vec<&str> = kept.collect();
            map.retain(|name, _| kept.contains(&name.as_str()));
        } else if field.starts_with('$') {
            // `$setElementOrder/…` only asks for an order; `$patch: merge` is the default.
        } else {
            merge_field(map, field, value);
        }
    }
}

fn merge_field(map: &mut Map<String, Value>, field: &str, value: &Value) {
    match value {
        Value::Null => {
            map.shift_remove(field);
        }
        Value::Object(inner) if inner.get("$patch").is_some_and(|d| d == "delete") => {
            map.shift_remove(field);
        }
        Value::Array(items) => {
            let old = map.entry(field).or_insert_with(|| json!([]));
            merge_list(old, field, items);
        }
        Value::Object(_) => strategic(map.entry(field).or_insert(Value::Null), value),
        _ => {
            map.insert(field.to_owned(), value.clone());
        }
    }
}

/// Merges the items of a list by its key, or replaces the list where it has none.
fn merge_list(old: &mut Value, field: &str, items: &[Value]) {
    if field == "finalizers" {
        let mut merged = old.as_array().cloned().unwrap_or_default();
        merged.extend(items.iter().filter(|item| !old_has(old, item)).cloned());
        *old = Value::Array(merged);
        return;
    }
    let replace = items.iter().any(|item| item.get("$patch").is_some_and(|d| d == "replace"));
    let (Some(key), Value::Array(list), false) = (merge_key(field, items), &mut *old, replace)
    else {
        let kept = items.iter().filter(|item| item.get("$patch").is_none());
        *old = Value::Array(kept.cloned().collect());
        return;
    };
    for item in items {
        let place =
            list.iter().position(|has| has.get(key).is_some() && has.get(key) == item.get(key));
        let delete = item.get("$patch").is_some_and(|directive| directive == "delete");
        match place {
            Some(at) if delete => drop(list.remove(at)),
            Some(at) => list.get_mut(at).into_iter().for_each(|has| strategic(has, item)),
            None if delete => {}
            None => {
                let mut new = Value::Null;
                strategic(&mut new, item);
                list.push(new);
            }
        }
    }
}

fn old_has(old: &Value, item: &Value) -> bool {
    old.as_array().is_some_and(|old| old.contains(item))
}

fn drop_from(map: &mut Map<String, Value>, list: &str, gone: &Value) {
    let gone = gone.as_array().map_or(&[][..], Vec::as_slice);
    if let Some(Value::Array(list)) = map.get_mut(list) {
        list.retain(|item| !gone.contains(item));
    }
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .iter()
        .filter(|(field, _)| !field.starts_with('$'))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::containers_merge_by_name(
        json!({"containers": [{"name": "a", "image": "1", "tty": true}, {"name": "b", "image": "1"}]}),
        json!({"containers": [{"name": "a", "image": "2"}]}),
        json!({"containers": [{"name": "a", "image": "2", "tty": true}, {"name": "b", "image": "1"}]})
    )]
    #[case::items_are_deleted_by_directive(
        json!({"containers": [{"name": "a"}, {"name": "b"}]}),
        json!({"containers": [{"name": "a", "$patch": "delete"}], "$setElementOrder/containers": [{"name": "b"}]}),
        json!({"containers": [{"name": "b"}]})
    )]
    #[case::service_ports_merge_by_port(
        json!({"ports": [{"port": 80, "name": "http"}]}),
        json!({"ports": [{"port": 80, "targetPort": 8080}, {"port": 443}]}),
        json!({"ports": [{"port": 80, "name": "http", "targetPort": 8080}, {"port": 443}]})
    )]
    #[case::null_removes(json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2}))]
    #[case::other_lists_are_replaced(json!({"args": ["a"]}), json!({"args": ["b"]}), json!({"args": ["b"]}))]
    #[case::maps_replace_by_directive(
        json!({"labels": {"a": "1"}}), json!({"labels": {"$patch": "replace", "b": "2"}}),
        json!({"labels": {"b": "2"}})
    )]
    #[case::finalizers_add_and_drop(
        json!({"finalizers": ["a", "b"]}),
        json!({"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}),
        json!({"finalizers": ["b", "c"]})
    )]
    fn strategic_merge(#[case] mut target: Value, #[case] patch: Value, #[case] merged: Value) {
        strategic(&mut target, &patch);
        assert_eq!(target, merged);
    }
}
