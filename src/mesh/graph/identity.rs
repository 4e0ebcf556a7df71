//! Who a node is: the labels that tell it from all others, by graph type, and the id made of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::call::Call;
use super::{GraphType, NodeId, NodeType};
use crate::mesh::inventory::Inventory;
use crate::mesh::objects::Objects;
use crate::mesh::telemetry::{Called, End};

type Text = Option<Arc<str>>;

/// What tells a node from all others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Identity {
    pub kind: NodeType,
    pub cluster: Text,
    pub namespace: Text,
    pub app: Text,
    pub version: Text,
    pub workload: Text,
    pub service: Text,
}

impl Identity {
    /// The documented id, see [`NodeId`].
    pub(super) fn id(&self) -> NodeId {
        let part = |text: &Text| text.clone().unwrap_or_else(|| Arc::from("unknown"));
        let (cluster, namespace) = (part(&self.cluster), part(&self.namespace));
        let (kind, name) = match self.kind {
            NodeType::Unknown => return format!("unknown:{cluster}").into(),
            NodeType::Service => ("service", part(&self.service)),
            NodeType::Workload => ("workload", part(&self.workload)),
            NodeType::App => ("app", part(&self.app)),
        };
        let mut id = format!("{kind}:{cluster}/{namespace}/{name}");
        if self.kind == NodeType::App {
            for more in [&self.version, &self.workload].into_iter().flatten() {
                id.push('/');
                id.push_str(more);
            }
        }
        id.into()
    }

    fn unknown(cluster: &Text) -> Self {
        Self { kind: NodeType::Unknown, cluster: cluster.clone(), ..Self::default() }
    }

    pub(super) fn workload(end: &End) -> Self {
        Self {
            kind: NodeType::Workload,
            cluster: end.cluster.clone(),
            namespace: end.namespace.clone(),
            workload: end.workload.clone(),
            ..Self::default()
        }
    }

    pub(super) fn service(cluster: Text, namespace: Text, name: Text) -> Self {
        Self { kind: NodeType::Service, cluster, namespace, service: name, ..Self::default() }
    }

    fn app(end: &End, versioned: bool) -> Self {
        let base = Self {
            kind: NodeType::App,
            cluster: end.cluster.clone(),
            namespace: end.namespace.clone(),
            app: end.app.clone(),
            ..Self::default()
        };
        match &end.version {
            _ if !versioned => base,
            Some(version) if is_version(version) => {
                Self { version: Some(Arc::clone(version)), ..base }
            }
            // No label names a version: each workload stands for itself, and where it is called
            // as its app is, there is nothing to tell apart.
            _ => Self {
                version: Some("latest".into()),
                workload: end.workload.clone().filter(|name| Some(name) != end.app.as_ref()),
                ..base
            },
        }
    }
}

/// `latest` is what Istio says where no label names a version.
pub(super) fn is_version(version: &str) -> bool {
    !matches!(version, "" | "latest" | "unknown")
}

/// The service names that stand for traffic that left the mesh's knowledge.
pub(super) const EGRESS_CLUSTERS: [&str; 2] = ["PassthroughCluster", "BlackHoleCluster"];

pub(super) fn is_egress_cluster(name: Option<&str>) -> bool {
    name.is_some_and(|name| EGRESS_CLUSTERS.contains(&name))
}

/// Turns ends of calls into identities.
pub(super) struct Naming {
    graph_type: GraphType,
    /// Namespace and name of waypoints, which are always workloads.
    waypoints: BTreeSet<(Arc<str>, Arc<str>)>,
    /// Host to the ServiceEntries that bring it into the mesh.
    entries: BTreeMap<Arc<str>, Vec<Entry>>,
}

/// A ServiceEntry, and who may see it.
struct Entry {
    namespace: Arc<str>,
    name: Arc<str>,
    /// As written: empty or `*` is everyone, `.` its own namespace.
    export_to: Vec<String>,
}

impl Entry {
    fn is_visible_from(&self, namespace: Option<&str>) -> bool {
        let seen = |to: &String| match to.as_str() {
            "*" => true,
            "." => namespace == Some(&*self.namespace),
            named => namespace == Some(named),
        };
        self.export_to.is_empty() || self.export_to.iter().any(seen)
    }
}

impl Naming {
    pub(super) fn new(graph_type: GraphType, objects: &Objects, inventory: &Inventory) -> Self {
        let waypoints = inventory.workloads.values().filter(|workload| workload.waypoint);
        let mut entries = BTreeMap::new();
        for entry in objects.service_entries.values() {
            for host in entry.spec.hosts.iter().filter(|host| !host.starts_with('*')) {
                let named = Entry {
                    namespace: entry.meta.namespace.clone(),
                    name: entry.meta.name.clone(),
                    export_to: entry.spec.export_to.clone(),
                };
                entries.entry(host.as_str().into()).or_insert_with(Vec::new).push(named);
            }
        }
        Self {
            graph_type,
            waypoints: waypoints.map(|w| (w.id.namespace.clone(), w.id.name.clone())).collect(),
            entries,
        }
    }

    /// The caller.
    pub(super) fn source(&self, end: &End) -> Identity {
        self.end(end).unwrap_or_else(|| Identity::unknown(&end.cluster))
    }

    /// What took the call: a workload as the graph type groups it, else the service.
    pub(super) fn destination(&self, call: &Call) -> Identity {
        self.end(&call.destination).unwrap_or_else(|| self.called(call))
    }

    /// The service that was called; one of several hosts of a ServiceEntry is that entry.
    pub(super) fn called(&self, call: &Call) -> Identity {
        let Called { host, name, namespace } = &call.service;
        let caller = call.source.namespace.as_deref();
        let entry = [host, name].into_iter().flatten().find_map(|host| {
            self.entries.get(host)?.iter().find(|entry| entry.is_visible_from(caller))
        });
        let (namespace, name) = match entry {
            Some(entry) => (Some(entry.namespace.clone()), Some(entry.name.clone())),
            None => {
                (namespace.clone().or_else(|| call.destination.namespace.clone()), name.clone())
            }
        };
        Identity::service(
            call.destination.cluster.clone(),
            namespace,
            name.or_else(|| Some("unknown".into())),
        )
    }

    /// Whether a service stands for a ServiceEntry.
    pub(super) fn is_entry(&self, identity: &Identity) -> bool {
        let named = |entry: &Entry| {
            identity.namespace.as_ref() == Some(&entry.namespace)
                && identity.service.as_ref() == Some(&entry.name)
        };
        identity.kind == NodeType::Service && self.entries.values().flatten().any(named)
    }

    pub(super) fn is_waypoint(&self, end: &End) -> bool {
        let (Some(namespace), Some(name)) = (&end.namespace, &end.workload) else { return false };
        self.waypoints.contains(&(Arc::clone(namespace), Arc::clone(name)))
    }

    /// An end as this graph type groups it; `None` where labels name neither workload nor app.
    pub(super) fn end(&self, end: &End) -> Option<Identity> {
        let has_workload = end.workload.is_some();
        if self.is_waypoint(end) {
            return Some(Identity::workload(end));
        }
        match self.graph_type {
            GraphType::Workload | GraphType::Service if has_workload => {
                Some(Identity::workload(end))
            }
            GraphType::App | GraphType::VersionedApp if end.app.is_none() && has_workload => {
                Some(Identity::workload(end))
            }
            GraphType::App => end.app.is_some().then(|| Identity::app(end, false)),
            // Without a workload's name its app is the next best.
            _ => end.app.is_some().then(|| Identity::app(end, true)),
        }
    }
}
