//! One pod: READY, STATUS and RESTARTS as kubectl prints them, its owner, its sidecar.

use std::sync::Arc;

use super::injection::{self, NamespaceInjection};
use super::{PodInfo, Sidecar, WorkloadRef};
use crate::mesh::core::{Container, ContainerStatus, Pod};
use crate::mesh::kind::Kind;
use crate::mesh::object::{Key, Labels, Meta, Resource};
use crate::mesh::objects::Objects;

/// Name of the proxy's container, fixed by Istio's injection template.
const PROXY: &str = "istio-proxy";

pub(super) fn describe(pod: &Resource<Pod>, objects: &Objects) -> PodInfo {
    let printed = print(pod);
    let workload = owner(&pod.meta, objects);
    let (app, version) = canonical(&pod.meta.labels, &workload.name);
    let condition =
        |kind: &str| pod.status.conditions.iter().any(|c| c.kind == kind && c.status == "True");
    PodInfo {
        key: pod.key(),
        ready_containers: printed.ready,
        total_containers: printed.total,
        status: printed.status,
        reason: printed.message,
        ready: condition("Ready") && pod.meta.deleting.is_none(),
        finished: matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"),
        restarts: printed.restarts,
        created: pod.meta.created,
        node: pod.spec.node_name.as_str().into(),
        ip: pod.status.pod_ip.as_str().into(),
        app,
        version,
        sidecar: sidecar(pod, objects),
        gateway: is_gateway(pod),
        waypoint: pod.meta.label("gateway.istio.io/managed") == Some("istio.io-mesh-controller"),
        proxy_version: proxy(pod).and_then(|container| tag(&container.image)),
        control_plane_version: pod
            .spec
            .containers
            .iter()
            .find(|container| container.name == "discovery")
            .and_then(|container| tag(&container.image)),
        workload,
    }
}

struct Printed {
    ready: u32,
    total: u32,
    status: String,
    message: String,
    restarts: u32,
}

fn restartable(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// The columns of `kubectl get pods`, by the rules of Kubernetes' own table printer.
fn print(pod: &Resource<Pod>) -> Printed {
    let (spec, status) = (&pod.spec, &pod.status);
    let sidecars = spec.init_containers.iter().filter(|c| restartable(c)).count();
    let mut printed = Printed {
        ready: 0,
        total: (spec.containers.len() + sidecars) as u32,
        status: if status.reason.is_empty() { status.phase.clone() } else { status.reason.clone() },
        message: status.message.clone(),
        restarts: 0,
    };
    if let Some(scheduled) = status.conditions.iter().find(|c| c.kind == "PodScheduled") {
        if scheduled.reason == "SchedulingGated" {
            printed.status = "SchedulingGated".into();
        }
        if scheduled.status == "False" && printed.message.is_empty() {
            printed.message.clone_from(&scheduled.message);
        }
    }
    let (initializing, sidecar_restarts) = print_init(pod, &mut printed);
    let initialized =
        status.conditions.iter().any(|c| c.kind == "Initialized" && c.status == "True");
    if !initializing || initialized {
        printed.restarts = sidecar_restarts;
        print_main(pod, &mut printed);
    }
    if pod.meta.deleting.is_some() {
        if status.reason == "NodeLost" {
            printed.status = "Unknown".into();
        } else if !matches!(status.phase.as_str(), "Succeeded" | "Failed") {
            printed.status = "Terminating".into();
        }
    }
    printed
}

/// Init containers up to the first that is not done; whether one is still at work, and the
/// restarts of native sidecars.
fn print_init(pod: &Resource<Pod>, printed: &mut Printed) -> (bool, u32) {
    let specs = &pod.spec.init_containers;
    let mut sidecar_restarts = 0;
    for (index, container) in pod.status.init_container_statuses.iter().enumerate() {
        printed.restarts += container.restart_count;
        let sidecar = specs.iter().any(|spec| spec.name == container.name && restartable(spec));
        if sidecar {
            sidecar_restarts += container.restart_count;
        }
        match &container.state {
            state if state.terminated.as_ref().is_some_and(|t| t.exit_code == 0) => continue,
            _ if sidecar && container.started == Some(true) => {
                printed.ready += u32::from(container.ready);
                continue;
            }
            state => match (ended(container), &state.waiting) {
                (Some(reason), _) => printed.status = format!("Init:{reason}"),
                (None, Some(w)) if !w.reason.is_empty() && w.reason != "PodInitializing" => {
                    printed.status = format!("Init:{}", w.reason);
                    printed.message.clone_from(&w.message);
                }
                _ => printed.status = format!("Init:{index}/{}", specs.len()),
            },
        }
        return (true, sidecar_restarts);
    }
    (false, sidecar_restarts)
}

/// Why a container ended: its reason, or its signal or exit code.
fn ended(container: &ContainerStatus) -> Option<String> {
    let terminated = container.state.terminated.as_ref()?;
    Some(match terminated {
        t if !t.reason.is_empty() => t.reason.clone(),
        t if t.signal != 0 => format!("Signal:{}", t.signal),
        t => format!("ExitCode:{}", t.exit_code),
    })
}

fn print_main(pod: &Resource<Pod>, printed: &mut Printed) {
    let mut running = false;
    for container in pod.status.container_statuses.iter().rev() {
        printed.restarts += container.restart_count;
        let waiting = container.state.waiting.as_ref().filter(|w| !w.reason.is_empty());
        if let Some(waiting) = waiting {
            printed.status.clone_from(&waiting.reason);
            printed.message.clone_from(&waiting.message);
        } else if let Some(reason) = ended(container) {
            printed.status = reason;
            if let Some(terminated) = &container.state.terminated {
                printed.message.clone_from(&terminated.message);
            }
        } else if container.ready && container.state.running.is_some() {
            running = true;
            printed.ready += 1;
        }
    }
    if printed.status == "Completed" && running {
        printed.status =
            if pod.status.ready() == Some(true) { "Running" } else { "NotReady" }.into();
    }
}

/// The outermost controller, as Istio names a pod's workload: a ReplicaSet counts as its
/// Deployment. Where the ReplicaSet cannot be read, the hash in its name gives the Deployment
/// away, which is how Istio does it too.
fn owner(pod: &Meta, objects: &Objects) -> WorkloadRef {
    let Some(controller) = pod.controller() else {
        return WorkloadRef::new("Pod", &pod.namespace, &pod.name);
    };
    if controller.kind == "ReplicaSet" {
        let key = Key::new(&pod.namespace, &controller.name);
        if let Some(set) = objects.replica_sets.get(&key) {
            let (kind, name) = set
                .meta
                .controller()
                .map_or(("ReplicaSet", &controller.name), |o| (o.kind.as_str(), &o.name));
            return WorkloadRef::new(kind, &pod.namespace, name);
        }
        let hash = pod.label("pod-template-hash").unwrap_or_default();
        if let Some(name) = controller.name.strip_suffix(hash).and_then(|n| n.strip_suffix('-')) {
            return WorkloadRef::new("Deployment", &pod.namespace, name);
        }
    }
    WorkloadRef::new(&controller.kind, &pod.namespace, &controller.name)
}

/// Istio's canonical service and revision of a set of pod labels.
pub(super) fn canonical(labels: &Labels, workload: &Arc<str>) -> (Arc<str>, Option<Arc<str>>) {
    let first = |keys: &[&str]| {
        keys.iter().find_map(|key| labels.get(*key).filter(|value| !value.is_empty()))
    };
    let app = first(&["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"]);
    let version =
        first(&["service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"]);
    (
        app.map_or_else(|| Arc::clone(workload), |app| app.as_str().into()),
        version.map(|version| version.as_str().into()),
    )
}

fn proxy(pod: &Pod) -> Option<&Container> {
    let native = pod.spec.init_containers.iter().filter(|c| restartable(c));
    pod.spec.containers.iter().chain(native).find(|container| container.name == PROXY)
}

fn sidecar(pod: &Resource<Pod>, objects: &Objects) -> Sidecar {
    let status = |list: &[ContainerStatus]| list.iter().any(|c| c.name == PROXY && c.ready);
    let has = |list: &[Container]| list.iter().any(|c| c.name == PROXY);
    if has(&pod.spec.containers) {
        return if status(&pod.status.container_statuses) {
            Sidecar::Ready
        } else {
            Sidecar::NotReady
        };
    }
    if pod.spec.init_containers.iter().any(|c| c.name == PROXY && restartable(c)) {
        return if status(&pod.status.init_container_statuses) {
            Sidecar::Native
        } else {
            Sidecar::NotReady
        };
    }
    if pod.meta.annotation("ambient.istio.io/redirection") == Some("enabled") {
        return Sidecar::Ambient;
    }
    let namespace = objects
        .namespaces
        .get(&Key::new("", &pod.meta.namespace))
        .map_or(NamespaceInjection::Unset, |n| injection::of_namespace(&n.meta.labels));
    if injection::wants_sidecar(&namespace, &pod.meta, pod.spec.host_network) {
        Sidecar::Missing
    } else {
        Sidecar::None
    }
}

/// A pod whose only container is the proxy, or one that Istio manages for a Gateway.
fn is_gateway(pod: &Resource<Pod>) -> bool {
    let alone = matches!(pod.spec.containers.as_slice(), [only] if only.name == PROXY);
    let native_beside = pod.spec.init_containers.iter().any(|c| c.name == PROXY);
    (alone && !native_beside) || pod.meta.label("gateway.networking.k8s.io/gateway-name").is_some()
}

/// The tag of an image reference without its digest and without Istio's variant suffix.
fn tag(image: &str) -> Option<Arc<str>> {
    let without_digest = image.split('@').next()?;
    let (_, tag) =
        without_digest.rsplit_once('/').map_or(without_digest, |(_, last)| last).split_once(':')?;
    let tag = tag.trim_end_matches("-distroless").trim_end_matches("-debug");
    (!tag.is_empty()).then(|| tag.into())
}

/// Labels of the pods that a controller makes, and the controllers of a cluster.
pub(super) fn controllers(
    objects: &Objects,
) -> impl Iterator<Item = (&'static str, &Resource<crate::mesh::core::Controller>)> {
    let of = |kind: Kind| move |c| (kind.info().name, c);
    (objects.deployments.values().map(AsRef::as_ref).map(of(Kind::Deployment)))
        .chain(objects.stateful_sets.values().map(AsRef::as_ref).map(of(Kind::StatefulSet)))
        .chain(objects.daemon_sets.values().map(AsRef::as_ref).map(of(Kind::DaemonSet)))
}
