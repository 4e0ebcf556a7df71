//! Health of a graph's nodes and edges.

use std::time::Duration;

use super::ledger::EdgeKey;
use super::{Edge, GraphInput, Node, NodeFlag, NodeType};
use crate::mesh::health::{self, Direction, Judged, Outcomes, Subject};
use crate::mesh::inventory::Workload;
use crate::mesh::object::{Key, Labels};

/// What an object's owner says about its thresholds.
const ANNOTATION: &str = "health.kiali.io/rate";

/// Judges every edge by what its source tolerates going out and its target coming in; every node
/// by all of its requests and the pods behind it.
pub(super) fn judge(
    nodes: &mut [Node],
    edges: &mut [(EdgeKey, Edge)],
    behind: &[Vec<&Workload>],
    input: &GraphInput<'_>,
) {
    let window = input.telemetry.window;
    let mut sums = vec![(Outcomes::default(), Outcomes::default()); nodes.len()];
    for (key, edge) in edges.iter_mut() {
        let outcomes = outcomes(edge);
        for response in &edge.responses {
            if let Some(source) = sums.get_mut(key.0) {
                source.1.add(edge.protocol, &response.code, response.rate);
            }
            if let Some(target) = sums.get_mut(key.1) {
                target.0.add(edge.protocol, &response.code, response.rate);
            }
        }
        let side = |at: usize, direction| {
            let node = nodes.get(at).filter(|node| !node.has(NodeFlag::Inaccessible));
            node.map_or_else(Judged::default, |node| one(node, direction, &outcomes, input, window))
        };
        let judged = side(key.1, Direction::Inbound).or_worse(side(key.0, Direction::Outbound));
        (edge.health, edge.health_reason) = (judged.health, judged.reason);
    }
    for ((node, (incoming, outgoing)), workloads) in nodes.iter_mut().zip(&sums).zip(behind) {
        if node.has(NodeFlag::Inaccessible) {
            continue;
        }
        let judged = health::pods(workloads, input.inventory)
            .or_worse(one(node, Direction::Inbound, incoming, input, window))
            .or_worse(one(node, Direction::Outbound, outgoing, input, window));
        (node.health, node.health_reason) = (judged.health, judged.reason);
    }
}

fn outcomes(edge: &Edge) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for response in &edge.responses {
        outcomes.add(edge.protocol, &response.code, response.rate);
    }
    outcomes
}

fn one(
    node: &Node,
    direction: Direction,
    outcomes: &Outcomes,
    input: &GraphInput<'_>,
    window: Duration,
) -> Judged {
    let namespace = node.namespace.as_deref().unwrap_or_default();
    let (kind, name) = match node.node_type {
        NodeType::App => ("app", &node.app),
        NodeType::Workload => ("workload", &node.workload),
        NodeType::Service => ("service", &node.service),
        NodeType::Unknown => return Judged::default(),
    };
    let name = name.as_deref().unwrap_or_default();
    let annotations = annotations(node, namespace, input);
    let annotation = annotations.and_then(|all| all.get(ANNOTATION)).map(String::as_str);
    let subject = Subject { namespace, kind, name, annotation };
    health::requests(input.health, &subject, direction, outcomes, window)
}

fn annotations<'a>(node: &Node, namespace: &str, input: &GraphInput<'a>) -> Option<&'a Labels> {
    let service = node.node_type == NodeType::Service;
    let name = if service { &node.service } else { &node.workload };
    let key = Key::new(namespace, name.as_deref()?);
    let objects = input.objects;
    if service {
        return objects.services.get(&key).map(|object| &object.meta.annotations);
    }
    let deployment = objects.deployments.get(&key).map(|object| &object.meta.annotations);
    deployment
        .or_else(|| objects.stateful_sets.get(&key).map(|object| &object.meta.annotations))
        .or_else(|| objects.daemon_sets.get(&key).map(|object| &object.meta.annotations))
}
