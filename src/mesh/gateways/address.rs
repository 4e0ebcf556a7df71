//! From a gateway's pods to the address that a client outside can dial.

use std::sync::Arc;

use serde::Serialize;

use crate::mesh::core::{Container, IntOrName, Service, ServicePort, covers};
use crate::mesh::object::{Labels, Resource};
use crate::mesh::objects::Objects;

/// By which kind of entrance a gateway is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachableBy {
    LoadBalancer,
    NodePort,
    /// Only from inside; `kubectl port-forward` opens it.
    PortForward,
    /// Nothing serves it.
    None,
}

/// What a URL starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) scheme: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
}

/// A Service in front of gateway pods, with the containers behind it, whose ports may be named.
pub(super) struct Front<'a> {
    pub(super) service: &'a Resource<Service>,
    containers: Vec<&'a Container>,
    /// Nodes that run a pod of it.
    nodes: Vec<&'a str>,
}

/// The Services in front of pods with these labels, in any namespace, each once and sorted.
///
/// Pods that do not exist yet count by their controller's template, so that manifests on disk
/// and gateways scaled to nothing have an answer too.
pub(super) fn fronts<'a>(objects: &'a Objects, selector: &Labels) -> Vec<Front<'a>> {
    let live = objects.pods.values().map(|pod| {
        let spec = &pod.spec;
        (&pod.meta.namespace, &pod.meta.labels, &spec.containers, spec.node_name.as_str())
    });
    let controllers = objects.deployments.values().chain(objects.daemon_sets.values());
    let planned = controllers.map(|controller| {
        let template = &controller.spec.template;
        let containers = &template.spec.containers;
        (&controller.meta.namespace, &template.metadata.labels, containers, "")
    });
    let pods: Vec<_> =
        live.chain(planned).filter(|(_, labels, ..)| covers(selector, labels)).collect();
    let mut fronts = Vec::new();
    for service in objects.services.values() {
        let wanted = &service.spec.selector;
        let mut front = Front { service, containers: Vec::new(), nodes: Vec::new() };
        for (namespace, labels, containers, node) in &pods {
            if *namespace != &service.meta.namespace || wanted.is_empty() || !covers(wanted, labels)
            {
                continue;
            }
            if front.containers.is_empty() {
                front.containers = containers.iter().collect();
            }
            if !node.is_empty() {
                front.nodes.push(node);
            }
        }
        if !front.containers.is_empty() {
            fronts.push(front);
        }
    }
    // A Service that is reachable from outside goes before one that is not.
    fronts.sort_by_key(|front| match front.service.spec.kind.as_str() {
        "LoadBalancer" => 0,
        "NodePort" => 1,
        _ => 2,
    });
    fronts
}

impl<'a> Front<'a> {
    pub(super) fn of(service: &'a Resource<Service>) -> Self {
        Self { service, containers: Vec::new(), nodes: Vec::new() }
    }

    /// The pod's port that a service port leads to.
    fn target(&self, port: &ServicePort) -> u16 {
        match &port.target_port {
            Some(IntOrName::Int(number)) if *number > 0 => {
                u16::try_from(*number).unwrap_or(port.port)
            }
            Some(IntOrName::Name(name)) => self
                .containers
                .iter()
                .flat_map(|container| &container.ports)
                .find(|candidate| candidate.name == *name)
                .map_or(port.port, |found| found.container_port),
            _ => port.port,
        }
    }

    /// The service port by which a gateway server is entered. A server's number is looked up
    /// among the service's ports first and stands for its target; otherwise it is the pod's own
    /// port, and any service port that leads there is an entrance.
    pub(super) fn entrance(&self, server_port: u32) -> Option<&'a ServicePort> {
        let ports = &self.service.spec.ports;
        let number = u16::try_from(server_port).ok()?;
        let direct = ports.iter().find(|port| port.port == number);
        direct.or_else(|| ports.iter().find(|port| self.target(port) == number))
    }

    /// Host and port under which an entrance is dialled from outside, and why.
    pub(super) fn address(
        &self,
        entrance: &ServicePort,
        objects: &Objects,
    ) -> (ReachableBy, Option<(String, u16)>, String) {
        let spec = &self.service.spec;
        let named = format!("Service {}", self.service.key());
        let ingress = &self.service.status.load_balancer.ingress;
        let balancer = ingress.iter().find_map(|entry| {
            [&entry.ip, &entry.hostname].into_iter().find(|address| !address.is_empty())
        });
        if spec.kind == "LoadBalancer"
            && let Some(host) = balancer
        {
            let note = format!("load balancer address of {named}");
            return (ReachableBy::LoadBalancer, Some((host.clone(), entrance.port)), note);
        }
        if let Some(host) = spec.external_ips.first() {
            let note = format!("external IP of {named}");
            return (ReachableBy::LoadBalancer, Some((host.clone(), entrance.port)), note);
        }
        let pending = spec.kind == "LoadBalancer";
        let prefix = if pending { "the load balancer has no address yet; " } else { "" };
        if entrance.node_port != 0
            && let Some(host) = self.node_address(objects)
        {
            let note = format!("{prefix}node port of {named}");
            return (ReachableBy::NodePort, Some((host, entrance.node_port)), note);
        }
        let key = self.service.key();
        let note = format!(
            "{prefix}reachable only inside the cluster: kubectl port-forward -n {} svc/{} 8080:{}",
            key.namespace, key.name, entrance.port
        );
        (ReachableBy::PortForward, None, note)
    }

    /// An address of a node: external before internal. With `externalTrafficPolicy: Local` only
    /// nodes that run one of the pods answer.
    fn node_address(&self, objects: &Objects) -> Option<String> {
        let local = self.service.spec.external_traffic_policy == "Local";
        let answering = |name: &Arc<str>| !local || self.nodes.contains(&&**name);
        let nodes: Vec<_> = objects.nodes.values().filter(|n| answering(&n.meta.name)).collect();
        ["ExternalIP", "InternalIP"].iter().find_map(|kind| {
            let mut addresses = nodes.iter().flat_map(|node| &node.status.addresses);
            addresses.find(|address| address.kind == *kind).map(|found| found.address.clone())
        })
    }
}
