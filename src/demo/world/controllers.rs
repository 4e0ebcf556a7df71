//! The controllers of the world: they bring what is into line with what is wanted, as
//! kube-controller-manager, the scheduler and the kubelets do on a cluster.
//!
//! Each is a function over the [`State`]; [`Controllers`] finds out which of them a change
//! concerns, and remembers what is to be done later.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::catalog::RESOURCES;
use super::fields::{items, text};
use super::state::{Change, Item, State};
use crate::mesh::{Key, Kind};

mod deployment;
mod endpoints;
mod events;
mod garbage;
mod kubelet;
mod pods;
mod replicas;

pub(super) use garbage::dependents;

/// One object to look after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Namespace(Key),
    Orphans { namespace: String, owner: String },
    Deployment(Key),
    Replicas(Kind, Key),
    Pod(Key),
    Service(Key),
}

/// Whether things take their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Pods are ready as soon as they are made, and ordinary events are not written: for the
    /// past that a world begins with.
    Instant,
    /// Pods start and stop in about a second.
    Real,
}

/// What is to be done, now and later.
#[derive(Debug)]
pub(super) struct Controllers {
    pace: Pace,
    seen: u64,
    queue: BTreeSet<Task>,
    later: BTreeSet<(Timestamp, Key)>,
    kubelet: kubelet::Kubelet,
}

impl Controllers {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            seen: 0,
            queue: BTreeSet::new(),
            later: BTreeSet::new(),
            kubelet: kubelet::Kubelet::new(pace),
        }
    }

    /// For a world in which everything is in line: only pods that play a fault have more to do.
    pub(super) fn settled(state: &State) -> Self {
        let faulty = state.list(Kind::Pod, None).filter(|pod| kubelet::plays_a_fault(&pod.value));
        let queue = faulty.map(|pod| Task::Pod(pod.key.clone())).collect();
        Self { seen: state.revision(), queue, ..Self::new(Pace::Real) }
    }

    /// Does what there is to do; the time at which there will be more, if any.
    pub(super) fn run(&mut self, state: &mut State) -> Option<Timestamp> {
        loop {
            self.gather(state);
            while let Some((at, key)) = self.later.first().cloned() {
                if at > state.now {
                    break;
                }
                self.later.remove(&(at, key.clone()));
                self.queue.insert(Task::Pod(key));
            }
            let Some(task) = self.queue.pop_first() else { break };
            self.perform(state, task);
        }
        self.later.first().map(|(at, _)| *at)
    }

    /// Turns the changes since the last call into tasks.
    fn gather(&mut self, state: &State) {
        if state.revision() == self.seen {
            return;
        }
        if let Ok(changes) = state.changes(self.seen) {
            changes.for_each(|change| enqueue(&mut self.queue, state, change));
        } else {
            // The history does not reach back that far: look at everything.
            for item in RESOURCES.iter().flat_map(|r| state.list(r.kind, None)) {
                concern(&mut self.queue, state, item);
            }
        }
        self.seen = state.revision();
    }

    fn perform(&mut self, state: &mut State, task: Task) {
        let pace = self.pace;
        match task {
            Task::Namespace(key) => garbage::namespace(state, &key),
            Task::Orphans { namespace, owner } => garbage::collect(state, &namespace, &owner),
            Task::Deployment(key) => deployment::reconcile(state, &key, pace),
            Task::Replicas(kind, key) => replicas::reconcile(state, kind, &key, pace),
            Task::Service(key) => endpoints::reconcile(state, &key),
            Task::Pod(key) => {
                if let Some(at) = self.kubelet.sync(state, &key) {
                    self.later.insert((at, key));
                }
            }
        }
    }
}

fn enqueue(queue: &mut BTreeSet<Task>, state: &State, change: &Change) {
    let item = &change.new;
    concern(queue, state, item);
    if change.deleted || !text(&item.value, "/metadata/deletionTimestamp").is_empty() {
        let owner = text(&item.value, "/metadata/uid").to_owned();
        let namespace = item.key.namespace.to_string();
        if matches!(
            item.kind,
            Kind::Deployment
                | Kind::ReplicaSet
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::Service
        ) {
            queue.insert(Task::Orphans { namespace: namespace.clone(), owner });
        }
        if change.deleted && !namespace.is_empty() {
            queue.insert(Task::Namespace(Key::new("", &namespace)));
        }
    }
}

/// Queues what an object's change concerns.
fn concern(queue: &mut BTreeSet<Task>, state: &State, item: &Item) {
    let key = item.key.clone();
    match item.kind {
        Kind::Namespace => {
            queue.insert(Task::Namespace(key));
        }
        Kind::Deployment => {
            queue.insert(Task::Deployment(key));
        }
        Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => {
            queue.insert(Task::Replicas(item.kind, key));
            owner_of(queue, item);
        }
        Kind::Service => {
            queue.insert(Task::Service(key));
        }
        Kind::Pod => {
            owner_of(queue, item);
            for service in state.list(Kind::Service, Some(&key.namespace)) {
                if endpoints::selects(&service.value, &item.value) {
                    queue.insert(Task::Service(service.key.clone()));
                }
            }
            queue.insert(Task::Pod(key));
        }
        _ => {}
    }
}

/// Queues the controller that owns an object.
fn owner_of(queue: &mut BTreeSet<Task>, item: &Item) {
    let Some(owner) = items(&item.value, "/metadata/ownerReferences").first() else { return };
    let key = Key::new(&item.key.namespace, text(owner, "/name"));
    match text(owner, "/kind") {
        "Deployment" => queue.insert(Task::Deployment(key)),
        "ReplicaSet" => queue.insert(Task::Replicas(Kind::ReplicaSet, key)),
        "StatefulSet" => queue.insert(Task::Replicas(Kind::StatefulSet, key)),
        "DaemonSet" => queue.insert(Task::Replicas(Kind::DaemonSet, key)),
        _ => false,
    };
}

/// A whole number at a JSON pointer.
fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}
