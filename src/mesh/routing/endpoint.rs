//! The endpoints behind a service and a subset, ready and not.
//!
//! Istio, `pilot/pkg/serviceregistry/kube/controller`: the condition of the EndpointSlice counts,
//! not that of the containers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::answer::Pods;
use super::registry::{Backing, Entry};
use crate::mesh::config::ServiceEntry;
use crate::mesh::core::{Endpoint, EndpointSlice, Pod, Service, covers};
use crate::mesh::object::{Labels, Resource, in_namespace};
use crate::mesh::{Key, Objects};

/// What a cluster's endpoints come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Endpoints {
    pub pods: Pods,
    /// Those that are no pods, as `address:port`.
    pub addresses: Vec<String>,
    /// Nothing is known of endpoints: neither slices, nor pods, nor workloads were read.
    pub unknown: bool,
}

impl Endpoints {
    pub fn any_ready(&self) -> bool {
        self.unknown || self.pods.ready > 0 || !self.addresses.is_empty()
    }
}

/// Pods and slices, found by what refers to them.
#[derive(Debug, Clone, Default)]
pub struct EndpointIndex {
    slices: HashMap<Key, Vec<Arc<Resource<EndpointSlice>>>>,
    pods_by_address: HashMap<String, Arc<Resource<Pod>>>,
}

impl EndpointIndex {
    pub fn new(objects: &Objects) -> Self {
        let mut slices: HashMap<Key, Vec<_>> = HashMap::new();
        for slice in objects.endpoint_slices.values() {
            if let Some(service) = slice.meta.label("kubernetes.io/service-name") {
                let key = Key::new(&slice.meta.namespace, service);
                slices.entry(key).or_default().push(Arc::clone(slice));
            }
        }
        let mut pods_by_address = HashMap::new();
        for pod in objects.pods.values().filter(|pod| !pod.spec.host_network) {
            if !pod.status.pod_ip.is_empty() {
                pods_by_address.insert(pod.status.pod_ip.clone(), Arc::clone(pod));
            }
        }
        Self { slices, pods_by_address }
    }

    pub fn pod_of_address(&self, address: &str) -> Option<&Arc<Resource<Pod>>> {
        self.pods_by_address.get(address)
    }

    /// Endpoints of a port whose labels cover those of a subset; `node` is the client's.
    pub fn of(
        &self,
        objects: &Objects,
        entry: &Entry,
        port: u16,
        subset: &Labels,
        node: &str,
    ) -> Endpoints {
        match &entry.backing {
            Backing::Service(service) => {
                if objects.endpoint_slices.is_empty() {
                    without_slices(objects, service, subset)
                } else {
                    self.of_service(objects, service, port, subset, node)
                }
            }
            Backing::Entries(entries) => {
                let object = entries
                    .iter()
                    .find(|e| e.spec.ports.iter().any(|p| p.number == u32::from(port)));
                object.or_else(|| entries.first()).map_or_else(Endpoints::default, |object| {
                    of_service_entry(objects, object, &entry.host, port, subset)
                })
            }
        }
    }

    fn of_service(
        &self,
        objects: &Objects,
        service: &Resource<Service>,
        port: u16,
        subset: &Labels,
        node: &str,
    ) -> Endpoints {
        let port_name =
            service.spec.ports.iter().find(|p| p.port == port).map_or("", |p| p.name.as_str());
        let local = service.spec.internal_traffic_policy == "Local";
        let mut found = Found::default();
        let slices = self.slices.get(&service.key());
        for slice in slices.into_iter().flatten().filter(|s| s.address_type != "FQDN") {
            let target = slice.ports.iter().find(|p| p.name == port_name);
            let Some(target) = target.filter(|target| target.port != 0) else { continue };
            for endpoint in &slice.endpoints {
                if local && !node.is_empty() && endpoint.node_name != node {
                    continue;
                }
                let Some(state) = state(service, endpoint) else { continue };
                for address in &endpoint.addresses {
                    let pod = self.pod(objects, slice, endpoint, address);
                    found.add(address, target.port, pod.map(|p| &**p), state, subset);
                }
            }
        }
        found.finish()
    }

    fn pod<'a>(
        &'a self,
        objects: &'a Objects,
        slice: &Resource<EndpointSlice>,
        endpoint: &Endpoint,
        address: &str,
    ) -> Option<&'a Arc<Resource<Pod>>> {
        let target = endpoint.target_ref.as_ref().filter(|target| target.kind == "Pod");
        target
            .and_then(|target| {
                let home = if target.namespace.is_empty() {
                    &*slice.meta.namespace
                } else {
                    &target.namespace
                };
                objects.pods.get(&Key::new(home, &target.name))
            })
            .or_else(|| self.pods_by_address.get(address))
    }
}

/// Ready, or known to be not ready; `None` for endpoints on their way out.
fn state(service: &Resource<Service>, endpoint: &Endpoint) -> Option<bool> {
    let conditions = &endpoint.conditions;
    if service.spec.publish_not_ready_addresses || conditions.ready.unwrap_or(true) {
        return Some(true);
    }
    (!conditions.terminating.unwrap_or(true)).then_some(false)
}

#[derive(Default)]
struct Found {
    ready: BTreeSet<Arc<str>>,
    not_ready: BTreeSet<Arc<str>>,
    addresses: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Found {
    fn add(
        &mut self,
        address: &str,
        port: u16,
        pod: Option<&Resource<Pod>>,
        ready: bool,
        subset: &Labels,
    ) {
        let empty = Labels::new();
        let labels = pod.map_or(&empty, |pod| &pod.meta.labels);
        if labels.contains_key("istio.io/draining") || !selects(subset, labels) {
            return;
        }
        if !self.seen.insert(address.to_owned()) {
            return;
        }
        match pod {
            Some(pod) if ready => _ = self.ready.insert(Arc::clone(&pod.meta.name)),
            Some(pod) => _ = self.not_ready.insert(Arc::clone(&pod.meta.name)),
            None if ready => _ = self.addresses.insert(join(address, port)),
            None => {}
        }
    }

    fn finish(self) -> Endpoints {
        let (ready, not_ready) = (self.ready.len(), self.not_ready.len());
        Endpoints {
            pods: Pods {
                ready: count(ready),
                total: count(ready + not_ready),
                names: self.ready.into_iter().collect(),
                not_ready: self.not_ready.into_iter().collect(),
            },
            addresses: self.addresses.into_iter().collect(),
            unknown: false,
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn join(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// Labels that Istio adds to every endpoint from its node and cluster; only the node's object
/// knows them, so a subset that asks for one is not narrowed by it.
const SYNTHESIZED: [&str; 6] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
    "topology.istio.io/cluster",
    "topology.istio.io/network",
    "kubernetes.io/hostname",
];

fn selects(subset: &Labels, labels: &Labels) -> bool {
    subset.iter().all(|(key, value)| {
        labels.get(key).map_or_else(|| SYNTHESIZED.contains(&key.as_str()), |found| found == value)
    })
}

/// From files there are no EndpointSlices: pods, or else the workloads that would make them,
/// stand in.
fn without_slices(objects: &Objects, service: &Resource<Service>, subset: &Labels) -> Endpoints {
    let selector = &service.spec.selector;
    if selector.is_empty() {
        return Endpoints { unknown: objects.pods.is_empty(), ..Endpoints::default() };
    }
    let mut found = Found::default();
    if !objects.pods.is_empty() {
        for pod in in_namespace(&objects.pods, &service.meta.namespace) {
            if covers(selector, &pod.meta.labels) {
                let ready = pod.status.ready() == Some(true);
                found.add(&pod.meta.name, 0, Some(pod), ready, subset);
            }
        }
        return found.finish();
    }
    let workloads = [&objects.deployments, &objects.stateful_sets, &objects.daemon_sets];
    if workloads.iter().all(|table| table.is_empty()) {
        return Endpoints { unknown: true, ..Endpoints::default() };
    }
    let namespace = &service.meta.namespace;
    for workload in workloads.iter().flat_map(|table| in_namespace(table, namespace)) {
        let labels = &workload.spec.template.metadata.labels;
        let runs = workload.spec.replicas != Some(0);
        if runs && covers(selector, labels) && selects(subset, labels) {
            found.ready.insert(Arc::clone(&workload.meta.name));
        }
    }
    found.finish()
}

fn of_service_entry(
    objects: &Objects,
    object: &Resource<ServiceEntry>,
    host: &str,
    port: u16,
    subset: &Labels,
) -> Endpoints {
    let spec = &object.spec;
    let declared = spec.ports.iter().find(|p| p.number == u32::from(port));
    let target = declared.map_or_else(
        || u32::from(port),
        |p| if p.target_port == 0 { p.number } else { p.target_port },
    );
    let named = declared.map_or("", |p| p.name.as_str());
    let port_of = |ports: &std::collections::BTreeMap<String, u32>| {
        u16::try_from(ports.get(named).copied().unwrap_or(target)).unwrap_or(port)
    };
    let mut found = Found::default();
    for endpoint in &spec.endpoints {
        if selects(subset, &endpoint.labels) {
            found.addresses.insert(join(&endpoint.address, port_of(&endpoint.ports)));
        }
    }
    if let Some(selector) = &spec.workload_selector {
        let here = |namespace: &str| *namespace == *object.meta.namespace;
        for entry in objects.workload_entries.values().filter(|e| here(&e.meta.namespace)) {
            let labels = &entry.spec.labels;
            if covers(&selector.labels, labels) && selects(subset, labels) {
                found.addresses.insert(join(&entry.spec.address, port_of(&entry.spec.ports)));
            }
        }
        for pod in objects.pods.values().filter(|pod| here(&pod.meta.namespace)) {
            if covers(&selector.labels, &pod.meta.labels) {
                let ready =
                    pod.status.conditions.iter().all(|c| c.kind != "Ready" || c.status == "True");
                if ready {
                    found.add(&pod.status.pod_ip, 0, Some(pod), true, subset);
                }
            }
        }
    } else if spec.endpoints.is_empty() && spec.resolution.starts_with("DNS") {
        found.addresses.insert(join(host, u16::try_from(target).unwrap_or(port)));
    }
    found.finish()
}
