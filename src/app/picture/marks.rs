//! Where findings hurt: on the rows and nodes of the objects that they are about.
//!
//! A rule about a host is the concern of the service of that name, and of nobody else: what a
//! VirtualService says wrongly shows on the service that it routes.

use std::cell::LazyCell;
use std::sync::Arc;

use foldhash::HashMap;

use crate::app::list::{RowId, Table};
use crate::mesh::findings::{Finding, Level, Report, Subject};
use crate::mesh::graph::{Graph, Node};
use crate::mesh::host;
use crate::mesh::inventory::Inventory;
use crate::mesh::object::Key;
use crate::mesh::{Kind, ObjectRef, Objects};

/// Findings by what the screens show; numbers are places in the report, the worst first.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    namespaces: HashMap<Arc<str>, Vec<usize>>,
    services: HashMap<Key, Vec<usize>>,
    /// By namespace and name, whatever the kind of the controller.
    workloads: HashMap<Key, Vec<usize>>,
    pods: HashMap<Key, Vec<usize>>,
    objects: HashMap<ObjectRef, Vec<usize>>,
    levels: Vec<Level>,
    sentences: Vec<Arc<str>>,
}

impl Marks {
    pub fn of(report: &Report, objects: &Objects, inventory: &Inventory) -> Self {
        let mut marks = Self {
            levels: report.findings.iter().map(|finding| finding.level).collect(),
            sentences: report.findings.iter().map(sentence).collect(),
            ..Self::default()
        };
        let behind = LazyCell::new(|| services_of_pods(inventory));
        for (at, finding) in report.findings.iter().enumerate() {
            let Some(about) = &finding.object else { continue };
            if !about.home().is_empty() {
                marks.namespaces.entry(about.home().into()).or_default().push(at);
            }
            let Some(object) = about.reference() else { continue };
            for service in services(&object, objects) {
                push(&mut marks.services, service, at);
            }
            match object.kind {
                Kind::Pod => {
                    push(&mut marks.pods, object.key.clone(), at);
                    if let Some(pod) = inventory.pods.get(&object.key) {
                        let workload = &pod.workload;
                        let key = Key {
                            namespace: Arc::clone(&workload.namespace),
                            name: Arc::clone(&workload.name),
                        };
                        push(&mut marks.workloads, key, at);
                    }
                    for service in behind.get(&object.key).into_iter().flatten() {
                        push(&mut marks.services, (*service).clone(), at);
                    }
                }
                Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => {
                    push(&mut marks.workloads, object.key.clone(), at);
                }
                _ => {}
            }
            marks.objects.entry(object).or_default().push(at);
        }
        marks
    }

    /// Findings about what a row stands for, as places in the report, the worst first.
    pub fn row(&self, id: &RowId, graph: &Graph) -> Vec<usize> {
        let found = match id {
            RowId::Namespace(name) => self.namespaces.get(name),
            RowId::Service(key) | RowId::Version(key, _) => self.services.get(key),
            RowId::Pod(key) => self.pods.get(key),
            RowId::Object(object, _) => self.objects.get(object),
            RowId::Node(node, _) => {
                return graph.node(node).map_or_else(Vec::new, |node| self.node(node));
            }
            RowId::Words(_) => None,
        };
        found.cloned().unwrap_or_default()
    }

    /// Findings about a node of the graph: its service's and its workload's, the worst first.
    pub fn node(&self, node: &Node) -> Vec<usize> {
        let Some(namespace) = &node.namespace else { return Vec::new() };
        let key =
            |name: &Arc<str>| Key { namespace: Arc::clone(namespace), name: Arc::clone(name) };
        let service = node.service.as_ref().or(node.app.as_ref()).map(key);
        let workload = node.workload.as_ref().map(key);
        let service = service.and_then(|key| self.services.get(&key));
        let workload = workload.and_then(|key| self.workloads.get(&key));
        let mut all: Vec<usize> = service.into_iter().chain(workload).flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The worst level among findings.
    pub fn worst(&self, findings: &[usize]) -> Option<Level> {
        findings.iter().filter_map(|at| self.levels.get(*at)).min().copied()
    }

    /// The worst of some findings as a sentence, and how many more there are.
    pub fn note(&self, findings: &[usize]) -> Option<Arc<str>> {
        let first = self.sentences.get(*findings.first()?)?;
        Some(match findings.len() - 1 {
            0 => Arc::clone(first),
            more => format!("{first} (+{more} more: 8)").into(),
        })
    }

    /// Marks the rows of a table that findings are about; the finding is their note where they
    /// have none.
    pub(super) fn put(&self, table: &mut Table, graph: &Graph) {
        for row in &mut table.rows {
            let about = self.row(&row.id, graph);
            let Some(level) = self.worst(&about) else { continue };
            row.problem |= level != Level::Info;
            row.note = row.note.take().or_else(|| self.note(&about));
            table.marks.insert(row.id.clone(), level);
        }
    }
}

fn push(map: &mut HashMap<Key, Vec<usize>>, key: Key, at: usize) {
    let list = map.entry(key).or_default();
    if list.last() != Some(&at) {
        list.push(at);
    }
}

/// `IST0101 reviews: Referenced host not found`.
fn sentence(finding: &Finding) -> Arc<str> {
    let name = finding.object.as_ref().map(|object: &Subject| &*object.name).unwrap_or_default();
    format!("{} {name}: {}", finding.code, crate::mesh::harmless::line(&finding.message)).into()
}

/// The services that an object is about, itself or by the hosts it names.
fn services(object: &ObjectRef, objects: &Objects) -> Vec<Key> {
    let hosts: Vec<&str> = match object.kind {
        Kind::Service => return vec![object.key.clone()],
        Kind::VirtualService => objects
            .virtual_services
            .get(&object.key)
            .map(|rule| rule.spec.hosts.iter().map(String::as_str).collect())
            .unwrap_or_default(),
        Kind::DestinationRule => objects
            .destination_rules
            .get(&object.key)
            .map(|rule| vec![rule.spec.host.as_str()])
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    let service = |name: &&str| {
        let full = host::full_name(name, &object.key.namespace);
        host::service_of(&full).map(|(name, namespace)| Key::new(namespace, name))
    };
    hosts.iter().filter_map(service).collect()
}

/// Services by the pods behind them.
fn services_of_pods(inventory: &Inventory) -> HashMap<&Key, Vec<&Key>> {
    let mut behind: HashMap<&Key, Vec<&Key>> = HashMap::default();
    for service in inventory.services.values() {
        let workloads = service.workloads.iter().filter_map(|id| inventory.workloads.get(id));
        for pod in workloads.flat_map(|workload| &workload.pod_keys) {
            behind.entry(pod).or_default().push(&service.key);
        }
    }
    behind
}
