//! Server-side apply: each manager owns the fields it applied last, fields it no longer applies
//! go, and fields of another manager are not taken without force.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::patch::merge_key;
use super::route::Address;
use crate::demo::world::admission;
use crate::demo::world::catalog::Resource;
use crate::demo::world::fields::{items, set, text, value_at};
use crate::demo::world::refusal::Refusal;
use crate::demo::world::state::{Item, Part, State};
use crate::mesh::Key;

/// What a request to apply wants beside the configuration.
pub(super) struct Intent<'a> {
    pub(super) manager: &'a str,
    pub(super) force: bool,
    pub(super) part: Part,
}

/// The way to a field: names of fields, and for items of keyed lists `k:{"key":value}`.
type Path = Vec<String>;
type Fields = BTreeSet<Path>;

/// Applies a configuration; the object, and whether it was made.
pub(super) fn apply(
    state: &mut State,
    address: &Address,
    key: &Key,
    config: &Value,
    intent: &Intent<'_>,
) -> Result<(Item, bool), Refusal> {
    let resource = address.resource;
    let native = resource.native;
    let fields = owned(config, native);
    let Some(old) = state.get(resource.kind, key).cloned() else {
        if intent.part == Part::Status {
            return Err(Refusal::not_found(resource, &key.name));
        }
        let mut value = config.clone();
        let stamp = state.stamp();
        set(
            &mut value,
            &["metadata", "managedFields"],
            json!([entry(address, intent, &fields, &stamp)]),
        );
        return admission::create(state, resource, value).map(|item| (item, true));
    };
    let mut value = super::answer::present(resource, &address.version, &old.value);
    let mut entries = items(&old.value, "/metadata/managedFields").to_vec();
    settle_conflicts(resource, &key.name, (&value, config), &fields, (&mut entries, intent))?;
    let others: Fields = entries.iter().filter(|e| !is_ours(e, intent)).flat_map(read).collect();
    for gone in entries.iter().filter(|e| is_ours(e, intent)).flat_map(read) {
        if !fields.contains(&gone) && !others.contains(&gone) {
            remove(&mut value, &gone);
        }
    }
    merge(&mut value, config, "", native);
    let stamp = entries.iter().find(|e| is_ours(e, intent) && read(e) == fields);
    let stamp = stamp.map_or_else(|| state.stamp(), |entry| text(entry, "/time").to_owned());
    entries.retain(|e| !is_ours(e, intent));
    entries.push(entry(address, intent, &fields, &stamp));
    set(&mut value, &["metadata", "managedFields"], json!(entries));
    let item = admission::update(state, resource, key, value, intent.part)?;
    Ok((item, false))
}

/// Refuses to change other managers' fields, or with force takes them.
fn settle_conflicts(
    resource: &Resource,
    name: &str,
    (value, config): (&Value, &Value),
    fields: &Fields,
    (entries, intent): (&mut Vec<Value>, &Intent<'_>),
) -> Result<(), Refusal> {
    let mut conflicts = Vec::new();
    for entry in entries.iter_mut().filter(|entry| !is_ours(entry, intent)) {
        let theirs = read(entry);
        let wanted =
            |path: &&Path| fields.contains(*path) && find(value, path) != find(config, path);
        let lost: Fields = theirs.iter().filter(wanted).cloned().collect();
        let manager = text(entry, "/manager").to_owned();
        conflicts.extend(lost.iter().map(|path| (manager.clone(), dotted(path))));
        if intent.force {
            let kept: Fields = theirs.difference(&lost).cloned().collect();
            set(entry, &["fieldsV1"], write(&kept));
        }
    }
    if conflicts.is_empty() || intent.force {
        return Ok(());
    }
    let told: Vec<String> = conflicts
        .iter()
        .map(|(manager, path)| format!("conflict with \"{manager}\": {path}"))
        .collect();
    let message = format!(
        "Apply failed with {} conflict{}: {}",
        told.len(),
        if told.len() == 1 { "" } else { "s" },
        told.join(", ")
    );
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(manager, path)| {
            json!({"reason": "FieldManagerConflict", "field": path,
                                      "message": format!("conflict with \"{manager}\"")})
        })
        .collect();
    let details = json!({"name": name, "kind": resource.info().plural, "causes": causes});
    Err(Refusal { code: 409, reason: "Conflict", message, details })
}

fn is_ours(entry: &Value, intent: &Intent<'_>) -> bool {
    let part = if intent.part == Part::Status { "status" } else { "" };
    text(entry, "/manager") == intent.manager
        && text(entry, "/operation") == "Apply"
        && text(entry, "/subresource") == part
}

fn entry(address: &Address, intent: &Intent<'_>, fields: &Fields, time: &str) -> Value {
    let mut entry = json!({
        "manager": intent.manager, "operation": "Apply",
        "apiVersion": address.resource.api_version(&address.version), "time": time,
        "fieldsType": "FieldsV1", "fieldsV1": write(fields),
    });
    if intent.part == Part::Status {
        set(&mut entry, &["subresource"], json!("status"));
    }
    entry
}

/// The fields that a configuration sets. Identity (name, namespace, kind) is nobody's.
fn owned(config: &Value, native: bool) -> Fields {
    let mut fields = Fields::new();
    for (field, value) in config.as_object().into_iter().flatten() {
        match field.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                for (inner, value) in value.as_object().into_iter().flatten() {
                    if !matches!(inner.as_str(), "name" | "namespace" | "managedFields") {
                        collect(
                            value,
                            inner,
                            native,
                            vec![field.clone(), inner.clone()],
                            &mut fields,
                        );
                    }
                }
            }
            _ => collect(value, field, native, vec![field.clone()], &mut fields),
        }
    }
    fields
}

fn collect(value: &Value, name: &str, native: bool, path: Path, fields: &mut Fields) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (field, inner) in map {
                let mut path = path.clone();
                path.push(field.clone());
                collect(inner, field, native, path, fields);
            }
        }
        Value::Array(list) => match merge_key(name, list).filter(|_| native) {
            Some(key) => {
                for item in list {
                    let mut path = path.clone();
                    path.push(item_step(key, item));
                    collect(item, "", native, path, fields);
                }
            }
            None => drop(fields.insert(path)),
        },
        _ => drop(fields.insert(path)),
    }
}

fn item_step(key: &str, item: &Value) -> String {
    format!("k:{}", json!({key: item.get(key).cloned().unwrap_or_default()}))
}

/// A step of a path as the key and value of a list's item.
fn item_key(step: &str) -> Option<(String, Value)> {
    let map: Map<String, Value> = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    map.into_iter().next()
}

/// Merges a configuration into a value: maps by field, keyed lists of built-in kinds by item,
/// everything else as a whole.
fn merge(target: &mut Value, config: &Value, name: &str, native: bool) {
    match (target, config) {
        (Value::Object(target), Value::Object(config)) => {
            for (field, value) in config {
                merge(target.entry(field).or_insert(Value::Null), value, field, native);
            }
        }
        (Value::Array(target), Value::Array(config))
            if native && merge_key(name, config).is_some() =>
        {
            let key = merge_key(name, config).unwrap_or("name");
            for item in config {
                match target.iter_mut().find(|has| has.get(key) == item.get(key)) {
                    Some(has) => merge(has, item, "", native),
                    None => target.push(item.clone()),
                }
            }
        }
        (target, config) => *target = config.clone(),
    }
}

/// Removes what a path leads to, and an item of a list when its last field goes.
fn remove(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    if let Some((key, wanted)) = item_key(step) {
        let Some(list) = value.as_array_mut() else { return };
        if rest == [key.clone()] {
            list.retain(|item| item.get(&key) != Some(&wanted));
        } else if let Some(item) = list.iter_mut().find(|item| item.get(&key) == Some(&wanted)) {
            remove(item, rest);
        }
        return;
    }
    let Some(map) = value.as_object_mut() else { return };
    if rest.is_empty() {
        map.shift_remove(step);
    } else if let Some(inner) = map.get_mut(step) {
        remove(inner, rest);
        if inner.as_object().is_some_and(Map::is_empty) {
            map.shift_remove(step);
        }
    }
}

/// What a path leads to.
fn find<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, step| match item_key(step) {
        Some((key, wanted)) => at.as_array()?.iter().find(|item| item.get(&key) == Some(&wanted)),
        None => at.get(step),
    })
}

/// A path as a conflict names it.
fn dotted(path: &[String]) -> String {
    path.iter().fold(String::new(), |told, step| match item_key(step) {
        Some((key, value)) => format!("{told}[{key}={value}]"),
        None => format!("{told}.{step}"),
    })
}

/// Fields in the form of `managedFields`: a tree whose leaves are empty objects.
fn write(fields: &Fields) -> Value {
    let mut tree = json!({});
    for path in fields {
        let steps: Vec<String> = path
            .iter()
            .map(|step| if step.starts_with("k:{") { step.clone() } else { format!("f:{step}") })
            .collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        if value_at(&tree, &steps).is_none() {
            set(&mut tree, &steps, json!({}));
        }
    }
    tree
}

/// The fields of an entry of `managedFields`.
fn read(entry: &Value) -> Fields {
    fn walk(tree: &Value, path: &Path, fields: &mut Fields) {
        let Some(map) = tree.as_object().filter(|map| !map.is_empty()) else {
            fields.insert(path.clone());
            return;
        };
        for (step, inner) in map {
            let mut path = path.clone();
            path.push(step.strip_prefix("f:").unwrap_or(step).to_owned());
            walk(inner, &path, fields);
        }
    }
    let mut fields = Fields::new();
    if let Some(tree) =
        entry.get("fieldsV1").filter(|tree| tree.as_object().is_some_and(|m| !m.is_empty()))
    {
        walk(tree, &Path::new(), &mut fields);
    }
    fields
}
