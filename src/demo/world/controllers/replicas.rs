//! ReplicaSets, StatefulSets and DaemonSets: as many pods as are wanted, and the status that
//! says so.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::deletion;
use super::super::fields::{set, text};
use super::super::state::{Item, Part, State};
use super::{Pace, events, number, pods};
use crate::mesh::{Key, Kind};

/// Brings the pods of one controller into line.
pub(super) fn reconcile(state: &mut State, kind: Kind, key: &Key, pace: Pace) {
    let Some(owner) = state.get(kind, key).cloned() else { return };
    if pods::is_leaving(&owner.value) {
        return;
    }
    match kind {
        Kind::ReplicaSet => replica_set(state, &owner, pace),
        Kind::StatefulSet => stateful_set(state, &owner, pace),
        _ => daemon_set(state, &owner, pace),
    }
    status(state, &owner);
}

fn uid(owner: &Item) -> &str {
    text(&owner.value, "/metadata/uid")
}

fn replica_set(state: &mut State, owner: &Item, pace: Pace) {
    let wanted = number(&owner.value, "/spec/replicas").unwrap_or(1).max(0) as usize;
    let mut pods = pods::owned(state, uid(owner), false);
    while pods.len() < wanted {
        let Some(pod) = pods::create(state, owner, None) else { return };
        created(state, owner, &pod, pace);
        pods.push(pod);
    }
    // Kubernetes takes the pods that are not ready first, then the youngest.
    pods.sort_by_key(|pod| (!pods::is_ready(&pod.value), pod.revision));
    for pod in pods.iter().rev().take(pods.len() - wanted) {
        delete(state, owner, &pod.key, pace);
    }
}

fn stateful_set(state: &mut State, owner: &Item, pace: Pace) {
    let wanted = number(&owner.value, "/spec/replicas").unwrap_or(1).max(0);
    let names: BTreeSet<String> = (0..wanted).map(|n| format!("{}-{n}", owner.key.name)).collect();
    named(state, owner, &names, pace);
}

fn daemon_set(state: &mut State, owner: &Item, pace: Pace) {
    // One pod a node; its name ends in the node's, so that it is found again.
    let names: BTreeSet<String> = pods::nodes(state)
        .iter()
        .map(|node| format!("{}-{}", owner.key.name, super::super::names::hash(&node.name)))
        .collect();
    named(state, owner, &names, pace);
}

/// Makes the pods with these names and deletes the others.
fn named(state: &mut State, owner: &Item, names: &BTreeSet<String>, pace: Pace) {
    for pod in pods::owned(state, uid(owner), false) {
        if !names.contains(&*pod.key.name) {
            delete(state, owner, &pod.key, pace);
        }
    }
    for name in names {
        if state.get(Kind::Pod, &Key::new(&owner.key.namespace, name)).is_none()
            && let Some(pod) = pods::create(state, owner, Some(name.clone()))
        {
            created(state, owner, &pod, pace);
        }
    }
}

fn created(state: &mut State, owner: &Item, pod: &Item, pace: Pace) {
    if pace == Pace::Real {
        let message = format!("Created pod: {}", pod.key.name);
        events::record(state, owner, "Normal", "SuccessfulCreate", &message);
    }
}

fn delete(state: &mut State, owner: &Item, pod: &Key, pace: Pace) {
    if deletion::delete(state, Kind::Pod, pod, &deletion::Options::default()).is_ok()
        && pace == Pace::Real
    {
        let message = format!("Deleted pod: {}", pod.name);
        events::record(state, owner, "Normal", "SuccessfulDelete", &message);
    }
}

fn status(state: &mut State, owner: &Item) {
    let pods = pods::owned(state, uid(owner), false);
    let ready = pods.iter().filter(|pod| pods::is_ready(&pod.value)).count();
    let generation = number(&owner.value, "/metadata/generation").unwrap_or(1);
    let count = pods.len();
    let status = match owner.kind {
        Kind::DaemonSet => json!({
            "currentNumberScheduled": count, "numberMisscheduled": 0,
            "desiredNumberScheduled": pods::nodes(state).len(), "numberReady": ready,
            "observedGeneration": generation, "updatedNumberScheduled": count,
            "numberAvailable": ready, "numberUnavailable": count - ready,
        }),
        Kind::StatefulSet => json!({
            "observedGeneration": generation, "replicas": count, "readyReplicas": ready,
            "currentReplicas": count, "updatedReplicas": count, "availableReplicas": ready,
            "collisionCount": 0,
        }),
        _ => {
            let mut status = json!({"replicas": count});
            let counts = [
                ("fullyLabeledReplicas", count),
                ("readyReplicas", ready),
                ("availableReplicas", ready),
            ];
            for (field, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                set(&mut status, &[field], json!(count));
            }
            set(&mut status, &["observedGeneration"], json!(generation));
            status
        }
    };
    set_status(state, owner, status);
}

/// Writes a status if it differs.
pub(super) fn set_status(state: &mut State, owner: &Item, status: Value) {
    state.edit(owner.kind, &owner.key, Part::Status, |value| set(value, &["status"], status));
}
