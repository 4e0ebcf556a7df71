//! Workloads, services and pods as operators know them: what kubectl prints, joined with what
//! Istio adds.
//!
//! An [`Inventory`] is derived from [`Objects`] as a whole; it costs a few milliseconds for
//! thousands of pods and is shared by every screen and report.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::kind::Kind;
use super::object::{Key, Labels};
use super::objects::{KindSet, Objects};
use super::status::Ready;

pub mod injection;
mod pod;
mod workload;

/// Everything that runs, sorted by namespace and name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    pub pods: BTreeMap<Key, PodInfo>,
    pub workloads: BTreeMap<WorkloadRef, Workload>,
    pub services: BTreeMap<Key, ServiceInfo>,
    pub namespaces: BTreeMap<Arc<str>, NamespaceInfo>,
}

/// What owns a pod: namespace, name, and the kind of the outermost controller.
///
/// Ordered by namespace and name first, as lists are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct WorkloadRef {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    /// `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, … or `Pod` for a pod of its own.
    pub kind: Arc<str>,
}

impl WorkloadRef {
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into(), kind: kind.into() }
    }
}

impl fmt::Display for WorkloadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What stands beside the application in a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Sidecar {
    /// A proxy container, ready.
    Ready,
    /// A proxy container or native sidecar that is not ready.
    NotReady,
    /// Injection is asked for, and the pod has no proxy (it is older than the label, say).
    Missing,
    /// A restartable init container (native sidecar), ready.
    Native,
    /// Captured by ztunnel.
    Ambient,
    /// Not in the mesh, and not meant to be.
    #[default]
    None,
}

impl Sidecar {
    /// Whether the pod's traffic goes through the mesh (or would, once ready).
    pub fn is_meshed(self) -> bool {
        matches!(self, Self::Ready | Self::NotReady | Self::Native | Self::Ambient)
    }

    /// The word of the JSON contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::Missing => "missing",
            Self::Native => "native",
            Self::Ambient => "ambient",
            Self::None => "none",
        }
    }
}

/// One pod.
#[derive(Debug, Clone, PartialEq)]
pub struct PodInfo {
    pub key: Key,
    /// READY n/m as kubectl counts it: restartable init containers are in both numbers.
    pub ready_containers: u32,
    pub total_containers: u32,
    /// kubectl's STATUS column.
    pub status: String,
    /// The message behind the status, where the API gives one; empty otherwise.
    pub reason: String,
    /// The condition `Ready`: what services go by.
    pub ready: bool,
    /// The phase is `Succeeded` or `Failed`: it runs no more and counts for nothing.
    pub finished: bool,
    pub restarts: u32,
    pub created: Option<Timestamp>,
    pub node: Arc<str>,
    pub ip: Arc<str>,
    pub workload: WorkloadRef,
    /// Istio's canonical service.
    pub app: Arc<str>,
    /// Istio's canonical revision; `None` where no label names one.
    pub version: Option<Arc<str>>,
    pub sidecar: Sidecar,
    /// A proxy without an application: an ingress or egress gateway.
    pub gateway: bool,
    /// A Gateway API waypoint.
    pub waypoint: bool,
    /// Version of the proxy by its image tag, e.g. `1.30.2`.
    pub proxy_version: Option<Arc<str>>,
    /// Version of istiod by its image tag, for pods of the control plane.
    pub control_plane_version: Option<Arc<str>>,
}

/// One workload with its pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    pub id: WorkloadRef,
    pub app: Arc<str>,
    pub version: Option<Arc<str>>,
    /// Labels of its pods (of the template, where there is one).
    pub labels: Labels,
    /// Pods that are ready, of those that are wanted (of those that exist, where the
    /// controller does not say how many it wants). Finished pods do not count.
    pub pods: Ready,
    /// Pods that the controller wants; `None` where it does not say.
    pub wanted: Option<u32>,
    /// Pods that exist and have not finished.
    pub existing: u32,
    /// Pods with a sidecar or captured by ztunnel.
    pub meshed: u32,
    /// Pods that should have a sidecar and have none.
    pub missing_sidecars: u32,
    pub restarts: u32,
    pub gateway: bool,
    pub waypoint: bool,
    /// A roll-out is under way: the controller has not yet replaced or readied every pod.
    pub rolling_out: bool,
    pub created: Option<Timestamp>,
    /// Keys of its pods, sorted.
    pub pod_keys: Vec<Key>,
}

/// One service with what stands behind it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceInfo {
    pub key: Key,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName` or `Headless`.
    pub kind: &'static str,
    pub cluster_ip: Arc<str>,
    /// Ports as kubectl prints them, e.g. `9080/TCP` or `80:31380/TCP`.
    pub ports: Vec<String>,
    /// Workloads whose pods the selector takes, sorted.
    pub workloads: Vec<WorkloadRef>,
    /// Ready pods of those the selector takes.
    pub pods: Ready,
    pub created: Option<Timestamp>,
}

/// One namespace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamespaceInfo {
    pub name: Arc<str>,
    /// `Active`, `Terminating`, or empty when only known from its objects.
    pub phase: String,
    /// Ready pods of those that have not finished.
    pub pods: Ready,
    /// Pods in the mesh.
    pub meshed: u32,
    /// `istio-injection=enabled`, a revision label, ambient, or nothing.
    pub injection: injection::NamespaceInjection,
}

impl Inventory {
    /// The kinds it is derived from.
    pub const READS: KindSet = KindSet::of(Kind::Namespace)
        .union(KindSet::of(Kind::Pod))
        .union(KindSet::of(Kind::Service))
        .union(KindSet::of(Kind::Deployment))
        .union(KindSet::of(Kind::ReplicaSet))
        .union(KindSet::of(Kind::StatefulSet))
        .union(KindSet::of(Kind::DaemonSet));

    /// Without a cluster to ask: the services that telemetry names, and their namespaces. Their
    /// type is empty and their pods are not known.
    pub fn of_services<'a>(services: impl IntoIterator<Item = &'a Key>) -> Self {
        let mut inventory = Self::default();
        for key in services {
            inventory.namespaces.entry(Arc::clone(&key.namespace)).or_insert_with(|| {
                NamespaceInfo { name: Arc::clone(&key.namespace), ..NamespaceInfo::default() }
            });
            let service = ServiceInfo { key: key.clone(), ..ServiceInfo::default() };
            inventory.services.insert(key.clone(), service);
        }
        inventory
    }

    pub fn of(objects: &Objects) -> Self {
        let pods: BTreeMap<Key, PodInfo> =
            objects.pods.values().map(|p| (p.key(), pod::describe(p, objects))).collect();
        let workloads = workload::collect(objects, &pods);
        let candidates = workload::Candidates::new(objects, &pods);
        let services = objects.services.values().map(|s| (s.key(), candidates.service(s)));
        Self {
            services: services.collect(),
            namespaces: namespaces(objects, &pods),
            workloads,
            pods,
        }
    }

    /// The workload of this name in a namespace, whatever its kind.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&Workload> {
        let from = WorkloadRef::new("", namespace, name);
        let (id, found) = self.workloads.range(from..).next()?;
        (&*id.namespace == namespace && &*id.name == name).then_some(found)
    }

    /// Workloads of an app (canonical service) in a namespace, sorted by name.
    pub fn workloads_of_app<'a>(
        &'a self,
        namespace: &'a str,
        app: &'a str,
    ) -> impl Iterator<Item = &'a Workload> {
        self.workloads.values().filter(move |w| &*w.id.namespace == namespace && &*w.app == app)
    }
}

fn namespaces(
    objects: &Objects,
    pods: &BTreeMap<Key, PodInfo>,
) -> BTreeMap<Arc<str>, NamespaceInfo> {
    let mut all: BTreeMap<Arc<str>, NamespaceInfo> = BTreeMap::new();
    for namespace in objects.namespaces.values() {
        let name = Arc::clone(&namespace.meta.name);
        let info = NamespaceInfo {
            name: Arc::clone(&name),
            phase: namespace.status.phase.clone(),
            injection: injection::of_namespace(&namespace.meta.labels),
            ..NamespaceInfo::default()
        };
        all.insert(name, info);
    }
    // Without the right to list namespaces, they are known by what is in them.
    for key in objects.services.keys().chain(pods.keys()) {
        all.entry(Arc::clone(&key.namespace)).or_insert_with(|| NamespaceInfo {
            name: Arc::clone(&key.namespace),
            ..NamespaceInfo::default()
        });
    }
    for pod in pods.values().filter(|pod| !pod.finished) {
        if let Some(info) = all.get_mut(&pod.key.namespace) {
            info.pods.total += 1;
            info.pods.ready += u32::from(pod.ready);
            info.meshed += u32::from(pod.sidecar.is_meshed());
        }
    }
    all
}

#[cfg(test)]
mod tests;
