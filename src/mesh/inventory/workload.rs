//! Workloads and services: pods gathered under their controllers and selectors.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::pod::{canonical, controllers};
use super::{PodInfo, ServiceInfo, Workload, WorkloadRef};
use crate::mesh::by_labels::ByLabels;
use crate::mesh::core::{Controller, Service, ServicePort, covers};
use crate::mesh::object::{Key, Labels, Resource};
use crate::mesh::objects::Objects;
use crate::mesh::status::Ready;

/// Every controller, those without pods too, and every owner known only from its pods.
pub(super) fn collect(
    objects: &Objects,
    pods: &BTreeMap<Key, PodInfo>,
) -> BTreeMap<WorkloadRef, Workload> {
    let mut all = BTreeMap::new();
    for (kind, controller) in controllers(objects) {
        let id = WorkloadRef::new(kind, &controller.meta.namespace, &controller.meta.name);
        let labels = controller.spec.template.metadata.labels.clone();
        let (app, version) = canonical(&labels, &id.name);
        let mut workload = Workload { labels, ..empty(id.clone(), app, version) };
        workload.wanted = Some(wanted(kind, controller));
        workload.pods.total = wanted(kind, controller);
        workload.rolling_out = rolling_out(kind, controller);
        workload.created = controller.meta.created;
        all.insert(id, workload);
    }
    for pod in pods.values().filter(|pod| !pod.finished) {
        let known = all.contains_key(&pod.workload);
        let workload = all.entry(pod.workload.clone()).or_insert_with(|| {
            let mut found = empty(pod.workload.clone(), pod.app.clone(), pod.version.clone());
            if let Some(object) = objects.pods.get(&pod.key) {
                found.labels.clone_from(&object.meta.labels);
            }
            found
        });
        workload.existing += 1;
        workload.pods.ready += u32::from(pod.ready);
        // Owners without a wanted count, and surges above it, count what is there.
        if !known || workload.existing > workload.pods.total {
            workload.pods.total = workload.existing;
        }
        workload.meshed += u32::from(pod.sidecar.is_meshed());
        workload.missing_sidecars += u32::from(pod.sidecar == super::Sidecar::Missing);
        workload.restarts += pod.restarts;
        workload.gateway |= pod.gateway && !pod.waypoint;
        workload.waypoint |= pod.waypoint;
        workload.created = workload.created.or(pod.created);
        workload.pod_keys.push(pod.key.clone());
    }
    all
}

fn empty(
    id: WorkloadRef,
    app: std::sync::Arc<str>,
    version: Option<std::sync::Arc<str>>,
) -> Workload {
    Workload {
        id,
        app,
        version,
        labels: Labels::new(),
        pods: Ready::default(),
        wanted: None,
        existing: 0,
        meshed: 0,
        missing_sidecars: 0,
        restarts: 0,
        gateway: false,
        waypoint: false,
        rolling_out: false,
        created: None,
        pod_keys: Vec::new(),
    }
}

fn wanted(kind: &str, controller: &Controller) -> u32 {
    match kind {
        "DaemonSet" => controller.status.desired_number_scheduled,
        _ => controller.spec.replicas.unwrap_or(1),
    }
}

/// By the rules of `kubectl rollout status`: the controller has seen the newest spec, and as
/// many pods as wanted are of it, with none of the old ones left.
fn rolling_out(kind: &str, controller: &Resource<Controller>) -> bool {
    let status = &controller.status;
    if status.observed_generation < controller.meta.generation {
        return true;
    }
    let wanted = wanted(kind, controller);
    match kind {
        "Deployment" => {
            status.updated_replicas < wanted
                || status.replicas > status.updated_replicas
                || status.available_replicas < status.updated_replicas
        }
        "StatefulSet" => status.ready_replicas < wanted,
        _ => status.number_ready < wanted,
    }
}

/// What a selector can take in each namespace: pods, and the controllers that make them.
pub(super) struct Candidates<'a> {
    by_namespace: HashMap<&'a str, Local<'a>>,
}

/// What a selector can take in one namespace.
#[derive(Default)]
struct Local<'a> {
    all: Vec<Candidate<'a>>,
    by_labels: ByLabels<'a>,
}

impl<'a> Local<'a> {
    fn push(&mut self, candidate: Candidate<'a>) {
        self.by_labels.add(self.all.len(), candidate.labels);
        self.all.push(candidate);
    }

    /// What a selector takes; nothing, where it is empty.
    fn selected<'s>(&'s self, selector: &'s Labels) -> impl Iterator<Item = &'s Candidate<'a>> {
        let some = self.by_labels.rarest(selector).unwrap_or_default();
        let candidates = some.iter().filter_map(|number| self.all.get(*number));
        candidates.filter(|candidate| covers(selector, candidate.labels))
    }
}

struct Candidate<'a> {
    labels: &'a Labels,
    workload: WorkloadRef,
    /// Whether the pod is ready; `None` for a controller, which counts no pod.
    ready: Option<bool>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(objects: &'a Objects, pods: &BTreeMap<Key, PodInfo>) -> Self {
        let mut by_namespace: HashMap<&str, Local<'_>> = HashMap::default();
        for (key, object) in objects.pods.iter() {
            let Some(pod) = pods.get(key).filter(|pod| !pod.finished) else { continue };
            by_namespace.entry(&key.namespace).or_default().push(Candidate {
                labels: &object.meta.labels,
                workload: pod.workload.clone(),
                ready: Some(pod.ready),
            });
        }
        // A workload scaled to nothing still stands behind its services.
        for (kind, controller) in controllers(objects) {
            let meta = &controller.meta;
            by_namespace.entry(&meta.namespace).or_default().push(Candidate {
                labels: &controller.spec.template.metadata.labels,
                workload: WorkloadRef::new(kind, &meta.namespace, &meta.name),
                ready: None,
            });
        }
        Self { by_namespace }
    }

    pub(super) fn service(&self, service: &Resource<Service>) -> ServiceInfo {
        let selector = &service.spec.selector;
        let mut pods = Ready::default();
        let mut workloads: Vec<WorkloadRef> = Vec::new();
        let local = self.by_namespace.get(&*service.meta.namespace);
        for candidate in local.into_iter().flat_map(|local| local.selected(selector)) {
            pods.total += u32::from(candidate.ready.is_some());
            pods.ready += u32::from(candidate.ready == Some(true));
            workloads.push(candidate.workload.clone());
        }
        workloads.sort();
        workloads.dedup();
        ServiceInfo {
            key: service.key(),
            kind: service_kind(service),
            cluster_ip: service.spec.cluster_ip.as_str().into(),
            ports: service.spec.ports.iter().map(print_port).collect(),
            workloads,
            pods,
            created: service.meta.created,
        }
    }
}

fn service_kind(service: &Service) -> &'static str {
    match service.spec.kind.as_str() {
        "NodePort" => "NodePort",
        "LoadBalancer" => "LoadBalancer",
        "ExternalName" => "ExternalName",
        _ if service.spec.cluster_ip == "None" => "Headless",
        _ => "ClusterIP",
    }
}

fn print_port(port: &ServicePort) -> String {
    let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
    match port.node_port {
        0 => format!("{}/{protocol}", port.port),
        node => format!("{}:{node}/{protocol}", port.port),
    }
}
