//! What goes when its owner has gone, and namespaces that are being deleted.

use serde_json::{Value, json};

use super::super::deletion;
use super::super::fields::{items, set, text};
use super::super::state::{Item, Part, State};
use super::pods;
use crate::demo::world::catalog::RESOURCES;
use crate::mesh::{Key, Kind};

const OWNED: [Kind; 3] = [Kind::ReplicaSet, Kind::Pod, Kind::EndpointSlice];
const OWNERS: [Kind; 5] =
    [Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::Service];

/// The objects that an owner controls.
pub(in crate::demo::world) fn dependents(state: &State, owner: &str) -> Vec<Item> {
    OWNED.iter().flat_map(|kind| state.owned_by(owner, *kind)).cloned().collect()
}

/// Deletes what an owner leaves behind. An owner that waits for its dependents (foreground
/// deletion) goes after the last of them.
pub(super) fn collect(state: &mut State, namespace: &str, owner: &str) {
    let holder = OWNERS
        .iter()
        .flat_map(|kind| state.list(*kind, Some(namespace)))
        .find(|item| text(&item.value, "/metadata/uid") == owner)
        .cloned();
    let waits = holder.as_ref().is_some_and(|item| {
        items(&item.value, "/metadata/finalizers").iter().any(|f| f == deletion::FOREGROUND)
    });
    if holder.is_some() && !waits {
        return;
    }
    let left = dependents(state, owner);
    for item in left.iter().filter(|item| !pods::is_leaving(&item.value)) {
        let propagation = if waits {
            deletion::Propagation::Foreground
        } else {
            deletion::Propagation::Background
        };
        let options = deletion::Options { propagation, ..deletion::Options::default() };
        // What has gone meanwhile need not be deleted.
        let _ = deletion::delete(state, item.kind, &item.key, &options);
    }
    if let Some(item) = holder.filter(|_| dependents(state, owner).is_empty()) {
        state.edit(item.kind, &item.key, Part::Main, |value| {
            let finalizers = items(value, "/metadata/finalizers");
            let kept: Vec<Value> =
                finalizers.iter().filter(|f| *f != deletion::FOREGROUND).cloned().collect();
            set(value, &["metadata", "finalizers"], json!(kept));
        });
    }
}

/// Empties a namespace that is being deleted, and removes it when it is empty.
pub(super) fn namespace(state: &mut State, key: &Key) {
    let Some(namespace) = state.get(Kind::Namespace, key) else { return };
    if !pods::is_leaving(&namespace.value) {
        return;
    }
    let inside: Vec<Item> = RESOURCES
        .iter()
        .filter(|resource| resource.info().namespaced)
        .flat_map(|resource| state.list(resource.kind, Some(&key.name)))
        .cloned()
        .collect();
    for item in inside.iter().filter(|item| !pods::is_leaving(&item.value)) {
        let _ = deletion::delete(state, item.kind, &item.key, &deletion::Options::default());
    }
    let empty = RESOURCES
        .iter()
        .filter(|resource| resource.info().namespaced)
        .all(|resource| state.list(resource.kind, Some(&key.name)).next().is_none());
    if empty {
        state.remove(Kind::Namespace, key);
    }
}
