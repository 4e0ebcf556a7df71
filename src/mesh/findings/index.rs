//! The mesh as rules look things up in it: built once an analysis, shared by all of them.
//!
//! What a rule reads is noted on the way, so that [`super::Analyzer`] knows which changes leave
//! its findings as they are.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashMap;
use jiff::Timestamp;

use super::{Evidence, FindingInput, KindState, Source, workloads};
use crate::mesh::config::{DestinationRule, Gateway, MeshConfig, VirtualService};
use crate::mesh::core::{Namespace, Pod, Service, covers};
use crate::mesh::host;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Labels, Resource, Table};
use crate::mesh::objects::{KindSet, Watched};

pub mod hosts;
mod pods;

pub use hosts::{HostTable, Known};
pub use pods::Pods;

/// Namespace and name of a DestinationRule's service to the subsets defined for it.
pub type Subsets<'a> = HashMap<(&'a str, &'a str), HashMap<&'a str, &'a Labels>>;

/// Namespaces by name.
pub type Namespaces<'a> = BTreeMap<&'a str, &'a Resource<Namespace>>;

/// Services by namespace and one pair of their selector, for look-up by labels.
type Selecting<'a> = HashMap<(&'a str, &'a str, &'a str), Vec<&'a Resource<Service>>>;

/// What an answer depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reads {
    pub(super) tables: KindSet,
    pub(super) evidence: bool,
    pub(super) time: bool,
}

impl Reads {
    /// Whether the two have anything in common.
    pub(super) fn meet(self, other: Self) -> bool {
        self.tables.meets(other.tables)
            || (self.evidence && other.evidence)
            || (self.time && other.time)
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self {
            tables: self.tables.union(other.tables),
            evidence: self.evidence || other.evidence,
            time: self.time || other.time,
        }
    }
}

/// Something made at first use, with the tables it was made of.
struct Shared<T>(OnceCell<(KindSet, T)>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Shared<T> {
    /// Whoever uses it has read what it was made of.
    fn get(&self, objects: &Watched<'_>, make: impl FnOnce() -> T) -> &T {
        let (read, made) = self.0.get_or_init(|| {
            let before = objects.take_read();
            let made = make();
            let read = objects.take_read();
            objects.note(before);
            (read, made)
        });
        objects.note(*read);
        made
    }
}

/// Everything a rule over the whole mesh may ask for.
pub struct Index<'a> {
    input: &'a FindingInput<'a>,
    pub objects: Watched<'a>,
    pub mesh: &'a MeshConfig,
    evidence_read: Cell<bool>,
    time_read: Cell<bool>,
    namespaces: Shared<Namespaces<'a>>,
    pods: Shared<Pods<'a>>,
    services: Shared<Selecting<'a>>,
    hosts: Shared<HostTable<'a>>,
    subsets: Shared<Subsets<'a>>,
}

impl<'a> Index<'a> {
    pub fn new(input: &'a FindingInput<'a>) -> Self {
        Self {
            input,
            objects: Watched::new(input.objects),
            mesh: &input.objects.mesh_config,
            evidence_read: Cell::default(),
            time_read: Cell::default(),
            namespaces: Shared::default(),
            pods: Shared::default(),
            services: Shared::default(),
            hosts: Shared::default(),
            subsets: Shared::default(),
        }
    }

    /// What was read since this was last asked.
    pub(super) fn take_reads(&self) -> Reads {
        Reads {
            tables: self.objects.take_read(),
            evidence: self.evidence_read.take(),
            time: self.time_read.take(),
        }
    }

    pub fn namespaces(&self) -> &Namespaces<'a> {
        self.namespaces.get(&self.objects, || {
            let all = self.each(self.objects.namespaces());
            all.map(|namespace| (&*namespace.meta.name, namespace)).collect()
        })
    }

    pub fn pods(&self) -> &Pods<'a> {
        self.pods.get(&self.objects, || {
            Pods::new(self.each(self.objects.pods()).collect(), self.objects.nodes())
        })
    }

    /// What traffic says.
    pub fn evidence(&self) -> &'a Evidence {
        self.evidence_read.set(true);
        self.input.evidence
    }

    /// The objects of a table, but for those in namespaces that are passed over.
    pub fn each<T>(
        &self,
        table: &'a Arc<Table<T>>,
    ) -> impl Iterator<Item = &'a Resource<T>> + use<'a, T> {
        let input = self.input;
        table.values().map(|object| &**object).filter(|o| !input.ignores(o.kind, &o.meta))
    }

    pub fn from_files(&self) -> bool {
        self.input.source == Source::Files
    }

    /// Whether the contents of Secrets may be looked at.
    pub fn secrets_may_be_read(&self) -> bool {
        self.input.read_secrets
    }

    /// Whether a kind's table can be relied on to be complete.
    pub fn is_read(&self, kind: Kind) -> bool {
        !matches!(
            self.input.kinds.get(&kind),
            Some(KindState::Forbidden(_) | KindState::Pending | KindState::Failed(_))
        )
    }

    /// The time to judge certificates by.
    pub fn now(&self) -> Option<Timestamp> {
        self.time_read.set(true);
        self.input.now
    }

    pub fn namespace(&self, name: &str) -> Option<&'a Resource<Namespace>> {
        self.namespaces().get(name).copied()
    }

    /// Pods with a sidecar or one to come, and pods in ambient mode.
    pub fn is_meshed(&self, pod: &Resource<Pod>) -> bool {
        workloads::pod_in_mesh(pod, self.namespace(&pod.meta.namespace))
            || workloads::pod_is_ambient(pod)
    }

    /// Services of a namespace with a selector that these labels satisfy, by name.
    pub fn services_selecting(
        &self,
        namespace: &str,
        labels: &Labels,
    ) -> Vec<&'a Resource<Service>> {
        let services = self.services.get(&self.objects, || {
            let mut selecting = Selecting::default();
            for service in self.each(self.objects.services()) {
                if let Some((key, value)) = service.spec.selector.iter().next() {
                    let place = (&*service.meta.namespace, key.as_str(), value.as_str());
                    selecting.entry(place).or_default().push(service);
                }
            }
            selecting
        });
        let mut found: Vec<&Resource<Service>> = labels
            .iter()
            .filter_map(|(key, value)| services.get(&(namespace, key.as_str(), value.as_str())))
            .flatten()
            .copied()
            .filter(|service| covers(&service.spec.selector, labels))
            .collect();
        found.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        found
    }

    /// Whether the objects are files that hold no pods, so that a selector may well match what
    /// runs elsewhere.
    pub fn has_no_pods(&self) -> bool {
        self.from_files() && self.pods().all().is_empty()
    }

    /// Whether there is nothing among the files that a selector could match.
    pub fn has_no_workloads(&self) -> bool {
        self.has_no_pods() && self.objects.deployments().is_empty()
    }

    /// Whether a pod has these labels, of one namespace or of any. Among files the pod templates
    /// of Deployments stand for the pods they would make.
    pub fn selects_something(&self, namespace: Option<&str>, labels: &Labels) -> bool {
        let pods = match namespace {
            Some(namespace) => self.pods().selected_in(namespace, labels).next(),
            None => self.pods().selected(labels).next(),
        };
        pods.is_some() || self.template_has(namespace, labels)
    }

    /// Whether a Deployment of the files would make pods with these labels.
    pub fn template_has(&self, namespace: Option<&str>, labels: &Labels) -> bool {
        self.from_files()
            && self.each(self.objects.deployments()).any(|deployment| {
                namespace.is_none_or(|namespace| *deployment.meta.namespace == *namespace)
                    && covers(labels, &deployment.spec.template.metadata.labels)
            })
    }

    /// The same among pods and templates that are in the mesh.
    pub fn meshes_something(&self, namespace: Option<&str>, labels: &Labels) -> bool {
        let mut pods = match namespace {
            Some(namespace) => self.pods().selected_in(namespace, labels),
            None => self.pods().selected(labels),
        };
        pods.any(|pod| self.is_meshed(pod))
            || (self.from_files()
                && self.each(self.objects.deployments()).any(|deployment| {
                    let own = &deployment.meta.namespace;
                    let template = &deployment.spec.template;
                    namespace.is_none_or(|namespace| **own == *namespace)
                        && covers(labels, &template.metadata.labels)
                        && workloads::template_in_mesh(template, self.namespace(own))
                }))
    }

    /// Hosts that are known, by scope.
    pub fn hosts(&self) -> &HostTable<'a> {
        self.hosts.get(&self.objects, || HostTable::new(self))
    }

    /// Labels of subsets by the service they are defined for, from the first DestinationRule
    /// that defines one.
    pub fn subsets(&self) -> &Subsets<'a> {
        self.subsets.get(&self.objects, || {
            let mut subsets = Subsets::default();
            for rule in self.each(self.objects.destination_rules()) {
                let service = host::service_named(&rule.meta.namespace, &rule.spec.host);
                let known = subsets.entry(service).or_default();
                for subset in &rule.spec.subsets {
                    known.entry(subset.name.as_str()).or_insert(&subset.labels);
                }
            }
            subsets
        })
    }

    pub fn gateway(&self, namespace: &str, name: &str) -> Option<&'a Resource<Gateway>> {
        let key = crate::mesh::Key::new(namespace, name);
        self.objects.gateways().get(&key).map(|gateway| &**gateway)
    }

    pub fn virtual_services(&self) -> impl Iterator<Item = &'a Resource<VirtualService>> + use<'a> {
        self.each(self.objects.virtual_services())
    }

    pub fn destination_rules(
        &self,
    ) -> impl Iterator<Item = &'a Resource<DestinationRule>> + use<'a> {
        self.each(self.objects.destination_rules())
    }
}

/// What an `exportTo` list says: everyone, or these namespaces; `.` is the object's own.
pub fn export_scopes(export_to: &[String], own: &str) -> Vec<String> {
    if export_to.is_empty() || export_to.iter().any(|scope| scope == "*") {
        return vec!["*".into()];
    }
    let mut scopes: Vec<String> = export_to
        .iter()
        .map(|scope| if scope == "." { own.to_owned() } else { scope.clone() })
        .collect();
    scopes.sort();
    scopes.dedup();
    scopes
}
