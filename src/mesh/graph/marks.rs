//! What is known of a node beside its traffic: flags and pods, from the inventory.

use std::sync::Arc;

use super::identity::{Naming, is_egress_cluster};
use super::ledger::NodeDraft;
use super::{GraphInput, NodeFlag, NodeType};
use crate::mesh::inventory::{Workload, WorkloadRef};
use crate::mesh::object::Key;
use crate::mesh::status::Ready;

/// Gateways as Istio's own charts name them, for when the cluster cannot be asked.
const GATEWAYS: [&str; 2] = ["istio-ingressgateway", "istio-egressgateway"];

/// The workloads behind a node, and what follows from them.
pub(super) struct Marks<'a> {
    pub flags: Vec<NodeFlag>,
    pub pods: Option<Ready>,
    pub workloads: Vec<&'a Workload>,
}

impl<'a> Marks<'a> {
    pub(super) fn of(draft: &NodeDraft, input: &GraphInput<'a>, naming: &Naming) -> Self {
        let workloads = workloads(draft, input);
        let pods = match draft.identity.kind {
            NodeType::Service => service_pods(draft, input),
            _ => workloads.iter().map(|workload| workload.pods).reduce(|all, one| Ready {
                ready: all.ready + one.ready,
                total: all.total + one.total,
            }),
        };
        let mut flags = place(draft, input);
        flags.extend(nature(draft, &workloads, naming));
        let outside = flags.contains(&NodeFlag::Outside);
        let exempt = flags.contains(&NodeFlag::Gateway) || flags.contains(&NodeFlag::Waypoint);
        if !workloads.is_empty() {
            let dead = workloads.iter().all(|workload| workload.existing == 0);
            let meshed = workloads.iter().any(|workload| workload.meshed > 0);
            flags.extend(dead.then_some(NodeFlag::Dead));
            let control_plane = workloads.iter().any(|workload| &*workload.app == "istiod");
            let stray = !dead && !meshed && !outside && !exempt && !control_plane;
            flags.extend(stray.then_some(NodeFlag::OutOfMesh));
        }
        Self { flags, pods, workloads }
    }
}

/// Where the node is, seen from what was asked and what may be seen.
fn place(draft: &NodeDraft, input: &GraphInput<'_>) -> Vec<NodeFlag> {
    let identity = &draft.identity;
    let mut flags = Vec::new();
    let nowhere = identity.kind == NodeType::Unknown
        || identity.namespace.is_none()
        || is_egress_cluster(identity.service.as_deref());
    let namespace = identity.namespace.as_deref().filter(|_| !nowhere);
    if namespace.is_some_and(|namespace| !input.scope.contains(namespace)) {
        flags.push(NodeFlag::Outside);
    }
    // Without a cluster nobody knows what may be seen.
    let seen = &input.inventory.namespaces;
    let hidden = namespace.is_some_and(|name| !seen.is_empty() && !seen.contains_key(name));
    if nowhere || hidden {
        flags.push(NodeFlag::Inaccessible);
    }
    flags
}

/// What kind of thing it is.
fn nature(draft: &NodeDraft, workloads: &[&Workload], naming: &Naming) -> Vec<NodeFlag> {
    let identity = &draft.identity;
    let named = |name: Option<&Arc<str>>| name.is_some_and(|name| GATEWAYS.contains(&&**name));
    let gateway = workloads.iter().any(|workload| workload.gateway)
        || (workloads.is_empty()
            && identity.kind != NodeType::Service
            && draft.workloads.iter().any(|name| named(Some(name))));
    let waypoint = draft.waypoint || workloads.iter().any(|workload| workload.waypoint);
    let entry = naming.is_entry(identity);
    [
        (gateway, NodeFlag::Gateway),
        (waypoint, NodeFlag::Waypoint),
        (entry, NodeFlag::ServiceEntry),
        (draft.injected, NodeFlag::Injected),
    ]
    .into_iter()
    .filter_map(|(is, flag)| is.then_some(flag))
    .collect()
}

/// The workloads that a node stands for, as far as the cluster knows them.
fn workloads<'a>(draft: &NodeDraft, input: &GraphInput<'a>) -> Vec<&'a Workload> {
    let identity = &draft.identity;
    let Some(namespace) = identity.namespace.as_deref() else { return Vec::new() };
    match identity.kind {
        NodeType::Unknown | NodeType::Service => Vec::new(),
        NodeType::Workload => {
            let name = identity.workload.as_deref().unwrap_or_default();
            input.inventory.workload(namespace, name).into_iter().collect()
        }
        NodeType::App => {
            let named = draft.workloads.iter();
            let mut found = named
                .filter_map(|name| input.inventory.workload(namespace, name))
                .collect::<Vec<_>>();
            // Versions without traffic count for an app as a whole.
            if identity.version.is_none() || found.is_empty() {
                let app = identity.app.as_deref().unwrap_or_default();
                let wanted = |workload: &&Workload| {
                    identity.version.is_none() || workload.version == identity.version
                };
                found = in_namespace(input, namespace)
                    .filter(|workload| &*workload.app == app)
                    .filter(wanted)
                    .collect();
            }
            found
        }
    }
}

fn in_namespace<'a>(input: &GraphInput<'a>, namespace: &str) -> impl Iterator<Item = &'a Workload> {
    let from = WorkloadRef::new("", namespace, "");
    let name = Arc::clone(&from.namespace);
    let after = input.inventory.workloads.range(from..).map(|(_, workload)| workload);
    after.take_while(move |workload| workload.id.namespace == name)
}

fn service_pods(draft: &NodeDraft, input: &GraphInput<'_>) -> Option<Ready> {
    let namespace = draft.identity.namespace.as_deref()?;
    let name = draft.identity.service.as_deref()?;
    let service = input.inventory.services.get(&Key::new(namespace, name))?;
    (!service.workloads.is_empty()).then_some(service.pods)
}
