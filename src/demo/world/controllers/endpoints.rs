//! Services: their EndpointSlices, and the address of a load balancer.

use serde_json::{Value, json};

use super::super::catalog;
use super::super::fields::{items, set, text};
use super::super::state::{Item, Part, State};
use super::pods;
use crate::mesh::{Key, Kind};

/// Endpoints in a slice, as the EndpointSlice controller fills them by default.
const IN_A_SLICE: usize = 100;
const SERVICE: [&str; 3] = ["metadata", "labels", "kubernetes.io/service-name"];

/// Whether a service selects a pod: by every pair of its selector, of which there must be one.
pub(super) fn selects(service: &Value, pod: &Value) -> bool {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    let labels = pod.pointer("/metadata/labels");
    selector.is_some_and(|selector| {
        !selector.is_empty()
            && selector.iter().all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value))
    })
}

/// Brings the slices of one service into line with the pods it selects.
pub(super) fn reconcile(state: &mut State, key: &Key) {
    let Some(service) = state.get(Kind::Service, key).cloned() else { return };
    if pods::is_leaving(&service.value) {
        return;
    }
    balance(state, &service);
    let selector = service.value.pointer("/spec/selector").and_then(Value::as_object);
    if selector.is_none_or(serde_json::Map::is_empty) {
        return;
    }
    let selected: Vec<Item> = state
        .list(Kind::Pod, Some(&key.namespace))
        .filter(|pod| selects(&service.value, &pod.value))
        .filter(|pod| !text(&pod.value, "/status/podIP").is_empty())
        .cloned()
        .collect();
    let ports: Vec<Value> = items(&service.value, "/spec/ports")
        .iter()
        .filter_map(|port| slice_port(port, selected.first()))
        .collect();
    let endpoints: Vec<Value> = selected.iter().map(endpoint).collect();
    let mut chunks: Vec<&[Value]> = endpoints.chunks(IN_A_SLICE).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let uid = text(&service.value, "/metadata/uid").to_owned();
    let old: Vec<Key> =
        state.owned_by(&uid, Kind::EndpointSlice).map(|slice| slice.key.clone()).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        write(state, &service, old.get(index), chunk, &ports);
    }
    for extra in old.iter().skip(chunks.len()) {
        state.remove(Kind::EndpointSlice, extra);
    }
}

/// Gives a service of type LoadBalancer its address, and takes it from others.
fn balance(state: &mut State, service: &Item) {
    let wanted = text(&service.value, "/spec/type") == "LoadBalancer";
    let has = !items(&service.value, "/status/loadBalancer/ingress").is_empty();
    if wanted == has {
        return;
    }
    let status = if wanted {
        json!({"ingress": [{"ip": state.names.load_balancer_ip(), "ipMode": "VIP"}]})
    } else {
        json!({})
    };
    state.edit(Kind::Service, &service.key, Part::Status, |value| {
        set(value, &["status", "loadBalancer"], status);
    });
}

fn write(
    state: &mut State,
    service: &Item,
    old: Option<&Key>,
    endpoints: &[Value],
    ports: &[Value],
) {
    if let Some(key) = old {
        state.edit(Kind::EndpointSlice, key, Part::Main, |slice| {
            set(slice, &["endpoints"], json!(endpoints));
            set(slice, &["ports"], json!(ports));
        });
        return;
    }
    let Some(resource) = catalog::of(Kind::EndpointSlice) else { return };
    let mut labels =
        service.value.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    set(
        &mut labels,
        &["endpointslice.kubernetes.io/managed-by"],
        json!("endpointslice-controller.k8s.io"),
    );
    let prefix = format!("{}-", service.key.name);
    let mut slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"generateName": prefix, "namespace": &*service.key.namespace,
                     "labels": labels, "ownerReferences": pods::owner_reference(service)},
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    set(&mut slice, &SERVICE, json!(&*service.key.name));
    // A generated name that is taken is tried again with the next change.
    let _ = state.create(resource, slice);
}

fn endpoint(pod: &Item) -> Value {
    let ready = pods::is_ready(&pod.value);
    let leaving = pods::is_leaving(&pod.value);
    json!({
        "addresses": [text(&pod.value, "/status/podIP")],
        "conditions": {"ready": ready && !leaving, "serving": ready, "terminating": leaving},
        "targetRef": {"kind": "Pod", "namespace": &*pod.key.namespace, "name": &*pod.key.name,
                      "uid": text(&pod.value, "/metadata/uid")},
        "nodeName": text(&pod.value, "/spec/nodeName"),
    })
}

/// A service port as a slice has it: the number on the pod.
fn slice_port(port: &Value, pod: Option<&Item>) -> Option<Value> {
    let number = match port.get("targetPort") {
        Some(Value::String(name)) => container_port(&pod?.value, name)?,
        Some(Value::Number(number)) => number.as_u64()?,
        _ => port.get("port")?.as_u64()?,
    };
    let mut made =
        json!({"name": text(port, "/name"), "protocol": text(port, "/protocol"), "port": number});
    if let Some(app_protocol) = port.get("appProtocol") {
        set(&mut made, &["appProtocol"], app_protocol.clone());
    }
    Some(made)
}

fn container_port(pod: &Value, name: &str) -> Option<u64> {
    items(pod, "/spec/containers")
        .iter()
        .flat_map(|container| items(container, "/ports"))
        .find(|port| text(port, "/name") == name)
        .and_then(|port| port.get("containerPort")?.as_u64())
}
