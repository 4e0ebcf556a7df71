//! Events: what happened to an object, counted when it happens again, and forgotten after an
//! hour as on a cluster.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::catalog;
use super::super::fields::{set, text};
use super::super::names::hash;
use super::super::state::{Item, Part, State};
use super::number;
use crate::mesh::{Key, Kind};

/// How long an event is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How many events are kept at most.
const MOST: usize = 1000;

/// Writes an event about an object, or counts it once more.
pub(super) fn record(state: &mut State, about: &Item, kind: &str, reason: &str, message: &str) {
    let Some(resource) = catalog::of(Kind::Event) else { return };
    let uid = text(&about.value, "/metadata/uid");
    let hash = hash(&format!("{uid} {reason} {message}"));
    let namespace = match &*about.key.namespace {
        "" => "default",
        namespace => namespace,
    };
    let key = Key::new(namespace, &format!("{}.{hash}", about.key.name));
    let now = state.stamp();
    if let Some(old) = state.get(Kind::Event, &key) {
        let count = number(&old.value, "/count").unwrap_or(1) + 1;
        state.edit(Kind::Event, &key, Part::Main, |event| {
            set(event, &["count"], json!(count));
            set(event, &["lastTimestamp"], json!(now));
        });
        return;
    }
    let component = match about.kind {
        Kind::Deployment => "deployment-controller",
        Kind::ReplicaSet => "replicaset-controller",
        Kind::StatefulSet => "statefulset-controller",
        Kind::DaemonSet => "daemonset-controller",
        Kind::Service => "service-controller",
        _ if matches!(reason, "Scheduled" | "FailedScheduling") => "default-scheduler",
        _ => "kubelet",
    };
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": &*key.name, "namespace": namespace},
        "involvedObject": {
            "kind": text(&about.value, "/kind"), "namespace": &*about.key.namespace,
            "name": &*about.key.name, "uid": uid, "apiVersion": text(&about.value, "/apiVersion"),
            "resourceVersion": text(&about.value, "/metadata/resourceVersion")},
        "reason": reason, "message": message, "source": {"component": component},
        "firstTimestamp": now, "lastTimestamp": now, "count": 1, "type": kind,
        "eventTime": null, "reportingComponent": component, "reportingInstance": "",
    });
    forget(state);
    // A name that is taken was found above.
    let _ = state.create(resource, event);
}

/// Drops events that are too old, and the oldest when there are too many.
fn forget(state: &mut State) {
    let oldest = state.now - KEPT;
    let mut events: Vec<(Option<Timestamp>, Key)> = state
        .list(Kind::Event, None)
        .map(|event| (text(&event.value, "/lastTimestamp").parse().ok(), event.key.clone()))
        .collect();
    events.sort();
    let excess = (events.len() + 1).saturating_sub(MOST);
    for (index, (at, key)) in events.iter().enumerate() {
        if index < excess || at.is_none_or(|at| at < oldest) {
            state.remove(Kind::Event, key);
        }
    }
}
