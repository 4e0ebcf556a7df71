//! What a user writes as the source of a request: a workload, a pod or a gateway by name.

use std::sync::Arc;

use super::request::{Source, SourceKind};
use super::{Proxy, Router};
use crate::mesh::core::{Controller, Pod, PodSpec};
use crate::mesh::object::{Labels, Meta, Resource, Table, in_namespace};
use crate::mesh::{Key, Trouble};

impl Router {
    /// Resolves a workload's name, `pod/NAME` or `gateway/NAME`, each perhaps as
    /// `NAMESPACE/NAME`. What the pod is (sidecar, gateway, waypoint, none) is read from it.
    ///
    /// # Errors
    /// When nothing of that name is there.
    pub fn source(&self, text: &str, default_namespace: &str) -> Result<Source, Trouble> {
        let parts: Vec<&str> = text.trim().split('/').collect();
        let found = match parts.as_slice() {
            ["pod", name] => self.pod_source(default_namespace, name),
            ["pod", namespace, name] | [namespace, "pod", name] => self.pod_source(namespace, name),
            ["gateway", name] => self.gateway_source(default_namespace, name),
            ["gateway", namespace, name] | [namespace, "gateway", name] => {
                self.gateway_source(namespace, name)
            }
            [name] if !name.is_empty() => self.named(default_namespace, name),
            [namespace, name] => self.named(namespace, name),
            _ => None,
        };
        found.ok_or_else(|| {
            Trouble::new(
                format!("find the source \"{text}\""),
                format!("no workload, pod or gateway of that name (namespace {default_namespace} unless written)"),
                self.nearby(default_namespace),
            )
        })
    }

    /// Workload names to choose from, for the hint.
    fn nearby(&self, namespace: &str) -> String {
        const SHOWN: usize = 8;
        let mut names: Vec<&str> = self
            .objects
            .deployments
            .keys()
            .filter(|key| *key.namespace == *namespace)
            .map(|key| &*key.name)
            .collect();
        if names.is_empty() {
            return "write it as NAMESPACE/NAME, pod/NAME or gateway/NAME".to_owned();
        }
        names.truncate(SHOWN);
        format!("workloads there: {}", names.join(", "))
    }

    fn named(&self, namespace: &str, name: &str) -> Option<Source> {
        self.workload_source(namespace, name)
            .or_else(|| self.pod_source(namespace, name))
            .or_else(|| self.gateway_source(namespace, name))
    }

    fn pod_source(&self, namespace: &str, name: &str) -> Option<Source> {
        self.objects.pods.get(&Key::new(namespace, name)).map(|pod| of_pod(pod))
    }

    /// A pod of the workload, a ready one if there is one; without pods the workload's template
    /// stands in.
    fn workload_source(&self, namespace: &str, name: &str) -> Option<Source> {
        let own = in_namespace(&self.objects.pods, namespace)
            .filter(|pod| self.owner(pod).is_some_and(|owner| *owner == *name));
        if let Some(pod) =
            own.min_by_key(|pod| (pod.status.ready() != Some(true), Arc::clone(&pod.meta.name)))
        {
            return Some(of_pod(pod));
        }
        let workload = self.workload(&Key::new(namespace, name))?;
        let template = &workload.spec.template;
        // From files: whether a sidecar would be injected shows in labels at best.
        let labels = &template.metadata.labels;
        let kind = kind_of(&template.metadata, &template.spec, self.injects(namespace, labels));
        Some(Source { kind, namespace: namespace.into(), name: name.into() })
    }

    /// The name of the workload a pod belongs to.
    pub(super) fn owner(&self, pod: &Resource<Pod>) -> Option<Arc<str>> {
        let owner = pod.meta.controller()?;
        if owner.kind == "ReplicaSet" {
            let key =
                Key { namespace: Arc::clone(&pod.meta.namespace), name: Arc::clone(&owner.name) };
            let above = self.objects.replica_sets.get(&key).and_then(|set| set.meta.controller());
            if let Some(above) = above {
                return Some(Arc::clone(&above.name));
            }
            // Without its ReplicaSet the name is all there is: `NAME-HASH`.
            return owner.name.rsplit_once('-').map(|(name, _)| name.into());
        }
        Some(Arc::clone(&owner.name))
    }

    fn workload(&self, key: &Key) -> Option<&Arc<Resource<Controller>>> {
        let tables: [&Table<Controller>; 3] =
            [&self.objects.deployments, &self.objects.stateful_sets, &self.objects.daemon_sets];
        tables.iter().find_map(|table| table.get(key))
    }

    /// A pod that a Gateway of either API selects.
    fn gateway_source(&self, namespace: &str, name: &str) -> Option<Source> {
        let key = Key::new(namespace, name);
        let selects = |labels: &Labels, home: &str| {
            if let Some(gateway) = self.objects.gateways.get(&key) {
                return !gateway.spec.selector.is_empty()
                    && crate::mesh::core::covers(&gateway.spec.selector, labels);
            }
            self.objects.k8s_gateways.contains_key(&key)
                && home == namespace
                && labels.get("gateway.networking.k8s.io/gateway-name").is_some_and(|n| n == name)
        };
        let pods = self.objects.pods.values();
        let selected = pods.filter(|pod| selects(&pod.meta.labels, &pod.meta.namespace));
        if let Some(pod) = selected.min_by_key(|pod| pod.status.ready() != Some(true)) {
            return Some(Source { kind: SourceKind::Gateway, ..of_pod(pod) });
        }
        let workloads = self.objects.deployments.values().chain(self.objects.daemon_sets.values());
        let workload = workloads.into_iter().find(|workload| {
            selects(&workload.spec.template.metadata.labels, &workload.meta.namespace)
        });
        let known = self.objects.gateways.contains_key(&key)
            || self.objects.k8s_gateways.contains_key(&key);
        let (namespace, name) = match workload {
            Some(workload) => {
                (Arc::clone(&workload.meta.namespace), Arc::clone(&workload.meta.name))
            }
            // From files alone the gateway's own name stands for its pods.
            None if known && self.objects.pods.is_empty() => {
                (key.namespace.clone(), key.name.clone())
            }
            None => return self.workload_source(namespace, name),
        };
        Some(Source { kind: SourceKind::Gateway, namespace, name })
    }

    /// Whether pods made in a namespace get a sidecar; asked only of files, where pods are not
    /// made yet. Without a namespace object the answer is yes: rules are tested for a mesh.
    fn injects(&self, namespace: &str, labels: &Labels) -> bool {
        if let Some(own) = labels.get("sidecar.istio.io/inject") {
            return own == "true";
        }
        let Some(found) = self.objects.namespaces.get(&Key::new("", namespace)) else {
            return true;
        };
        found.meta.label("istio-injection") == Some("enabled")
            || found.meta.labels.contains_key("istio.io/rev")
    }

    /// The proxy of a source: labels and node of its pod, or its workload's template.
    pub(super) fn proxy(&self, source: &Source) -> Proxy {
        let key = Key { namespace: Arc::clone(&source.namespace), name: Arc::clone(&source.name) };
        if let Some(pod) = self.objects.pods.get(&key) {
            let labels = pod.meta.labels.clone();
            return Proxy { source: source.clone(), labels, node: pod.spec.node_name.clone() };
        }
        let template = self.workload(&key).map(|workload| &workload.spec.template);
        let selector =
            || self.objects.gateways.get(&key).map(|gateway| gateway.spec.selector.clone());
        let mut labels = template
            .map(|template| template.metadata.labels.clone())
            .or_else(selector)
            .unwrap_or_default();
        if self.objects.k8s_gateways.contains_key(&key) {
            let label = "gateway.networking.k8s.io/gateway-name".to_owned();
            labels.entry(label).or_insert_with(|| source.name.to_string());
        }
        Proxy { source: source.clone(), labels, node: String::new() }
    }

    /// Every pod that may send requests, for questions about all sources.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        self.objects.pods.values().map(|pod| of_pod(pod))
    }
}

fn of_pod(pod: &Resource<Pod>) -> Source {
    let kind = kind_of(&pod.meta, &pod.spec, false);
    Source { kind, namespace: Arc::clone(&pod.meta.namespace), name: Arc::clone(&pod.meta.name) }
}

/// Gateways and waypoints carry the controller that manages them as a label, or run a proxy and
/// no application; any other pod with a proxy has a sidecar.
fn kind_of(meta: &Meta, spec: &PodSpec, injected: bool) -> SourceKind {
    match meta.label("gateway.istio.io/managed") {
        Some("istio.io-mesh-controller") => return SourceKind::Waypoint,
        Some(_) => return SourceKind::Gateway,
        None => {}
    }
    let is_proxy = |name: &str| name == "istio-proxy";
    let beside = spec.init_containers.iter().any(|container| is_proxy(&container.name));
    let among = spec.containers.iter().any(|container| is_proxy(&container.name));
    let alone = spec.containers.iter().all(|container| is_proxy(&container.name));
    let templated = meta.annotation("inject.istio.io/templates") == Some("gateway");
    if (among && alone)
        || templated
        || meta.labels.get("istio").is_some_and(|v| v.ends_with("gateway"))
    {
        SourceKind::Gateway
    } else if among || beside || injected {
        SourceKind::Sidecar
    } else {
        SourceKind::None
    }
}
