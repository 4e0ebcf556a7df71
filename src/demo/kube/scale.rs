//! The subresource `scale` of Deployments, ReplicaSets and StatefulSets.

use axum::http::Method;
use axum::response::Response;
use serde_json::{Value, json};

use super::patch::Patch;
use super::route::Address;
use super::{Call, patch};
use crate::demo::world::fields::{set, text};
use crate::demo::world::refusal::{Cause, Refusal};
use crate::demo::world::state::{Item, Part};
use crate::demo::world::{admission, catalog::Resource};

/// GET, PUT or PATCH of an object's scale.
pub(super) fn answer(call: &Call<'_>, address: &Address, name: &str) -> Result<Response, Refusal> {
    let key = address.key(name);
    let resource = address.resource;
    let missing = || Refusal::not_found(resource, name);
    let found = call.api.world.store().read(|state| state.get(resource.kind, &key).cloned());
    let item = found.ok_or_else(missing)?;
    if call.method == Method::GET {
        return Ok(super::ok(&scale(&item)));
    }
    let mut wanted = scale(&item);
    if call.method == Method::PUT {
        wanted = serde_json::from_slice(&call.body)
            .map_err(|error| Refusal::bad_request(format!("scale: {error}")))?;
    } else {
        let media = call.header("content-type").split(';').next().unwrap_or_default().trim();
        let patch = Patch::read(media, &call.body, resource)?;
        patch.apply(&mut wanted).map_err(|why| patch::unprocessable(resource, name, &why))?;
    }
    let replicas = replicas(resource, name, &wanted)?;
    let version = text(&wanted, "/metadata/resourceVersion");
    if !version.is_empty() && version != item.revision.to_string() {
        return Err(Refusal::conflict(resource, name));
    }
    if call.params.text("dryRun") == "All" {
        return Ok(super::ok(&wanted));
    }
    let item = call.api.world.store().write(|state| {
        let mut value = state.get(resource.kind, &key).ok_or_else(missing)?.value.clone();
        set(&mut value, &["spec", "replicas"], json!(replicas));
        admission::update(state, resource, &key, value, Part::Main)
    })?;
    Ok(super::ok(&scale(&item)))
}

fn replicas(resource: &Resource, name: &str, scale: &Value) -> Result<i64, Refusal> {
    let value = scale.pointer("/spec/replicas").cloned().unwrap_or_else(|| json!(0));
    match value.as_i64() {
        Some(replicas) if (0..=1000).contains(&replicas) => Ok(replicas),
        Some(replicas) if replicas > 1000 => Err(Refusal::forbidden(
            resource,
            name,
            "the demo runs at most 1000 replicas of a workload",
        )),
        _ => {
            let why = "must be greater than or equal to 0";
            Err(Refusal::invalid(resource, name, &[Cause::invalid("spec.replicas", &value, why)]))
        }
    }
}

/// The scale of an object.
fn scale(item: &Item) -> Value {
    let value = &item.value;
    let at = |pointer: &str| value.pointer(pointer).cloned();
    let labels = at("/spec/selector/matchLabels").unwrap_or_default();
    let pairs = labels.as_object().into_iter().flatten();
    let selector: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": &*item.key.name, "namespace": &*item.key.namespace,
            "uid": text(value, "/metadata/uid"),
            "resourceVersion": text(value, "/metadata/resourceVersion"),
            "creationTimestamp": text(value, "/metadata/creationTimestamp")},
        "spec": {"replicas": at("/spec/replicas").unwrap_or_else(|| json!(0))},
        "status": {"replicas": at("/status/replicas").unwrap_or_else(|| json!(0)),
                   "selector": selector.join(",")},
    })
}
