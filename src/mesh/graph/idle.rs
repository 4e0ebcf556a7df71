//! Nodes without traffic: what is there and neither calls nor is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::{Identity, Naming};
use super::ledger::Ledger;
use super::{GraphInput, GraphType, NodeType};
use crate::mesh::telemetry::End;

/// Adds the workloads and services of the asked namespaces that have no node yet.
pub(super) fn add(input: &GraphInput<'_>, ledger: &mut Ledger) {
    let naming = Naming::new(input.options.graph_type, input.objects, input.inventory);
    let cluster = usual_cluster(ledger);
    let asked = |namespace: &Arc<str>| input.scope.contains(namespace);
    let service_graph = input.options.graph_type == GraphType::Service;
    if service_graph || input.options.service_nodes {
        for key in input.inventory.services.keys().filter(|key| asked(&key.namespace)) {
            let namespace = Some(Arc::clone(&key.namespace));
            let service =
                Identity::service(Some(Arc::clone(&cluster)), namespace, Some(key.name.clone()));
            ledger.node(service, None);
        }
    }
    if service_graph {
        return;
    }
    for workload in input.inventory.workloads.values().filter(|w| asked(&w.id.namespace)) {
        let end = End {
            cluster: Some(Arc::clone(&cluster)),
            namespace: Some(workload.id.namespace.clone()),
            workload: Some(workload.id.name.clone()),
            app: Some(workload.app.clone()),
            version: workload.version.clone(),
        };
        if let Some(identity) = naming.end(&end) {
            ledger.node(identity, Some(&end));
        }
    }
}

/// Objects do not say which cluster they are of; telemetry does. Where there is none, Istio's
/// default name stands.
fn usual_cluster(ledger: &Ledger) -> Arc<str> {
    let mut seen = BTreeMap::<&Arc<str>, usize>::new();
    for node in ledger.nodes.iter().filter(|node| node.identity.kind != NodeType::Unknown) {
        if let Some(cluster) = &node.identity.cluster {
            *seen.entry(cluster).or_default() += 1;
        }
    }
    let most = seen.into_iter().max_by_key(|(_, nodes)| *nodes);
    most.map_or_else(|| "Kubernetes".into(), |(cluster, _)| Arc::clone(cluster))
}
