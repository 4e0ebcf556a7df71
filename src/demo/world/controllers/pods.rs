//! Making pods from templates, and telling which pods belong to whom.

use serde_json::{Value, json};

use super::super::fields::{items, set, text};
use super::super::state::{Item, State};
use super::super::{admission, catalog};
use crate::mesh::{Key, Kind};

/// The pods that an owner controls, sorted; pods on their way out come only if asked for.
pub(super) fn owned(state: &State, uid: &str, leaving_too: bool) -> Vec<Item> {
    let pods = state.owned_by(uid, Kind::Pod);
    pods.filter(|pod| leaving_too || !is_leaving(&pod.value)).cloned().collect()
}

/// Whether an object is being deleted.
pub(super) fn is_leaving(value: &Value) -> bool {
    value.pointer("/metadata/deletionTimestamp").is_some()
}

/// Whether a pod's condition `Ready` holds.
pub(super) fn is_ready(pod: &Value) -> bool {
    items(pod, "/status/conditions")
        .iter()
        .any(|c| text(c, "/type") == "Ready" && text(c, "/status") == "True")
}

/// The reference that an owned object carries.
pub(super) fn owner_reference(owner: &Item) -> Value {
    json!([{
        "apiVersion": text(&owner.value, "/apiVersion"), "kind": text(&owner.value, "/kind"),
        "name": &*owner.key.name, "uid": text(&owner.value, "/metadata/uid"),
        "controller": true, "blockOwnerDeletion": true,
    }])
}

/// Makes a pod from the template of its owner; with a fixed name, or a generated one.
pub(super) fn create(state: &mut State, owner: &Item, name: Option<String>) -> Option<Item> {
    let template = owner.value.pointer("/spec/template")?;
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}});
    if let Some(name) = name {
        set(&mut pod, &["metadata", "name"], json!(name));
    } else {
        let prefix = format!("{}-", owner.key.name);
        set(&mut pod, &["metadata", "generateName"], json!(prefix));
    }
    set(&mut pod, &["metadata", "namespace"], json!(&*owner.key.namespace));
    for field in ["labels", "annotations"] {
        if let Some(value) = template.pointer(&format!("/metadata/{field}")) {
            set(&mut pod, &["metadata", field], value.clone());
        }
    }
    set(&mut pod, &["metadata", "ownerReferences"], owner_reference(owner));
    set(&mut pod, &["spec"], template.get("spec").cloned().unwrap_or_default());
    set(&mut pod, &["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
    admission::create(state, catalog::of(Kind::Pod)?, pod).ok()
}

/// Names of the nodes, sorted.
pub(super) fn nodes(state: &State) -> Vec<Key> {
    state.list(Kind::Node, None).map(|node| node.key.clone()).collect()
}
