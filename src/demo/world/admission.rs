//! What happens to an object on its way in: defaults as the API server sets them, addresses for
//! services, and Istio's basic rules for its own kinds.

use serde_json::{Value, json};

use super::catalog::Resource;
use super::fields::{items, set, set_default, text};
use super::refusal::Refusal;
use super::state::{Item, Part, State, key_of};
use super::{inject, validate};
use crate::mesh::{Key, Kind};

/// Stores a new object after defaults and checks.
pub fn create(state: &mut State, resource: &Resource, mut value: Value) -> Result<Item, Refusal> {
    let key = key_of(&value);
    set(&mut value, &["apiVersion"], json!(resource.api_version(resource.stored_version())));
    set(&mut value, &["kind"], json!(resource.info().name));
    if key.name.is_empty() && text(&value, "/metadata/generateName").is_empty() {
        let cause = super::refusal::Cause {
            reason: "FieldValueRequired",
            field: "metadata.name".to_owned(),
            message: "Required value: name or generateName is required".to_owned(),
        };
        return Err(Refusal::invalid(resource, "", &[cause]));
    }
    if resource.info().namespaced {
        check_namespace(state, resource, &key)?;
    }
    if state.get(resource.kind, &key).is_some() {
        return Err(Refusal::already_exists(resource, &key.name));
    }
    fill_in(state, resource.kind, &mut value);
    validate::check(resource, &value)?;
    state.create(resource, value)
}

/// Stores a changed object after defaults and checks.
pub fn update(
    state: &mut State,
    resource: &Resource,
    key: &Key,
    mut value: Value,
    part: Part,
) -> Result<Item, Refusal> {
    if part == Part::Main {
        keep_addresses(state, resource.kind, key, &mut value);
        fill_in(state, resource.kind, &mut value);
        validate::check(resource, &value)?;
    }
    state.update(resource, key, value, part)
}

/// New objects need a namespace that is there and is not going away.
fn check_namespace(state: &State, resource: &Resource, key: &Key) -> Result<(), Refusal> {
    let namespaces = super::catalog::of(Kind::Namespace).unwrap_or(resource);
    let Some(namespace) = state.get(Kind::Namespace, &Key::new("", &key.namespace)) else {
        return Err(Refusal::not_found(namespaces, &key.namespace));
    };
    if namespace.value.pointer("/metadata/deletionTimestamp").is_some() {
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            key.namespace
        );
        return Err(Refusal::forbidden(resource, &key.name, &why));
    }
    Ok(())
}

/// Sets the defaults of a kind.
fn fill_in(state: &mut State, kind: Kind, value: &mut Value) {
    match kind {
        Kind::Namespace => namespace(value),
        Kind::Service => service(state, value),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => {
            controller(kind, value);
        }
        Kind::Pod => {
            inject::sidecar(state, value);
            if let Some(spec) = value.get_mut("spec") {
                pod_spec(spec);
            }
        }
        _ => {}
    }
}

fn namespace(value: &mut Value) {
    let name = text(value, "/metadata/name").to_owned();
    set(value, &["metadata", "labels", "kubernetes.io/metadata.name"], json!(name));
    set_default(value, &["spec", "finalizers"], || json!(["kubernetes"]));
    set_default(value, &["status", "phase"], || json!("Active"));
}

/// A service keeps its addresses and node ports when a write leaves them out.
fn keep_addresses(state: &State, kind: Kind, key: &Key, value: &mut Value) {
    let Some(old) = state.get(kind, key).filter(|_| kind == Kind::Service) else { return };
    for field in ["clusterIP", "clusterIPs"] {
        if let Some(kept) = old.value.pointer(&format!("/spec/{field}")) {
            set_default(value, &["spec", field], || kept.clone());
        }
    }
    let kept = items(&old.value, "/spec/ports");
    let ports = value.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        let same = kept.iter().find(|old| old.get("port") == port.get("port"));
        if let Some(node_port) = same.and_then(|old| old.get("nodePort")) {
            set_default(port, &["nodePort"], || node_port.clone());
        }
    }
}

fn service(state: &mut State, value: &mut Value) {
    set_default(value, &["spec", "type"], || json!("ClusterIP"));
    let kind = text(value, "/spec/type").to_owned();
    let node_ports = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    let ports = value.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        set_default(port, &["protocol"], || json!("TCP"));
        let number = port.get("port").cloned().unwrap_or_default();
        set_default(port, &["targetPort"], || number);
        if node_ports {
            set_default(port, &["nodePort"], || json!(state.names.node_port()));
        }
    }
    set_default(value, &["spec", "sessionAffinity"], || json!("None"));
    if kind != "ExternalName" {
        set_default(value, &["spec", "clusterIP"], || json!(state.names.cluster_ip()));
        let address = text(value, "/spec/clusterIP").to_owned();
        set_default(value, &["spec", "clusterIPs"], || json!([address]));
        set_default(value, &["spec", "ipFamilies"], || json!(["IPv4"]));
        set_default(value, &["spec", "ipFamilyPolicy"], || json!("SingleStack"));
        set_default(value, &["spec", "internalTrafficPolicy"], || json!("Cluster"));
    }
    if node_ports {
        set_default(value, &["spec", "externalTrafficPolicy"], || json!("Cluster"));
    }
    set_default(value, &["status", "loadBalancer"], || json!({}));
}

fn controller(kind: Kind, value: &mut Value) {
    if kind != Kind::DaemonSet {
        set_default(value, &["spec", "replicas"], || json!(1));
    }
    if kind == Kind::Deployment {
        set_default(value, &["spec", "strategy", "type"], || json!("RollingUpdate"));
        if text(value, "/spec/strategy/type") == "RollingUpdate" {
            for field in ["maxUnavailable", "maxSurge"] {
                set_default(value, &["spec", "strategy", "rollingUpdate", field], || json!("25%"));
            }
        }
        set_default(value, &["spec", "revisionHistoryLimit"], || json!(10));
        set_default(value, &["spec", "progressDeadlineSeconds"], || json!(600));
    }
    if let Some(spec) = value.pointer_mut("/spec/template/spec") {
        pod_spec(spec);
    }
}

/// The defaults of a pod's spec, for templates and pods alike.
pub fn pod_spec(spec: &mut Value) {
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        containers.into_iter().flatten().for_each(container);
    }
    let account = text(spec, "/serviceAccountName").to_owned();
    if !account.is_empty() {
        set(spec, &["serviceAccount"], json!(account));
    }
    set_default(spec, &["restartPolicy"], || json!("Always"));
    set_default(spec, &["terminationGracePeriodSeconds"], || json!(30));
    set_default(spec, &["dnsPolicy"], || json!("ClusterFirst"));
    set_default(spec, &["securityContext"], || json!({}));
    set_default(spec, &["schedulerName"], || json!("default-scheduler"));
}

fn container(container: &mut Value) {
    let ports = container.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        set_default(port, &["protocol"], || json!("TCP"));
    }
    set_default(container, &["resources"], || json!({}));
    set_default(container, &["terminationMessagePath"], || json!("/dev/termination-log"));
    set_default(container, &["terminationMessagePolicy"], || json!("File"));
    let latest = text(container, "/image").ends_with(":latest");
    let policy = if latest { "Always" } else { "IfNotPresent" };
    set_default(container, &["imagePullPolicy"], || json!(policy));
}
