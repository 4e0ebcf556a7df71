//! Pods by their labels, so that a selector is answered without looking at every pod.

use foldhash::{HashMap, HashSet};

use crate::mesh::by_labels::ByLabels;
use crate::mesh::core::{Node, Pod, covers};
use crate::mesh::object::{Key, Labels, Resource, Table};

/// All pods, sorted by namespace and name, and where each pair of labels occurs.
#[derive(Default)]
pub struct Pods<'a> {
    all: Vec<&'a Resource<Pod>>,
    by_labels: ByLabels<'a>,
    by_namespace: HashMap<&'a str, Vec<usize>>,
    /// Namespaces that have a pod which is not ready.
    troubled: HashSet<&'a str>,
    /// Labels that a pod has from its node, by node name.
    places: HashMap<&'a str, Labels>,
}

/// Labels that pods take from their nodes.
const PLACES: &[&str] = &[
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
    "kubernetes.io/hostname",
];

impl<'a> Pods<'a> {
    pub fn new(all: Vec<&'a Resource<Pod>>, nodes: &Table<Node>) -> Self {
        let mut pods = Self { all, ..Self::default() };
        for (number, pod) in pods.all.iter().enumerate() {
            pods.by_namespace.entry(&pod.meta.namespace).or_default().push(number);
            if pod.status.ready() == Some(false) {
                pods.troubled.insert(&pod.meta.namespace);
            }
            pods.by_labels.add(number, &pod.meta.labels);
            let node = pod.spec.node_name.as_str();
            pods.places.entry(node).or_insert_with(|| labels_of_node(node, nodes));
        }
        pods
    }

    pub fn all(&self) -> &[&'a Resource<Pod>] {
        &self.all
    }

    /// Whether every pod of a namespace is ready.
    pub fn all_ready(&self, namespace: &str) -> bool {
        !self.troubled.contains(namespace)
    }

    pub fn of_namespace(&self, namespace: &str) -> impl Iterator<Item = &'a Resource<Pod>> {
        let numbers = self.by_namespace.get(namespace).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.all.get(*number).copied())
    }

    /// Pods of any namespace that have these labels; all of them for an empty selector.
    pub fn selected<'s>(
        &'s self,
        selector: &'s Labels,
    ) -> Box<dyn Iterator<Item = &'a Resource<Pod>> + 's> {
        match self.by_labels.rarest(selector) {
            None => Box::new(self.all.iter().copied()),
            Some(numbers) => Box::new(
                numbers
                    .iter()
                    .filter_map(|number| self.all.get(*number).copied())
                    .filter(|pod| covers(selector, &pod.meta.labels)),
            ),
        }
    }

    /// The same within a namespace.
    pub fn selected_in<'s>(
        &'s self,
        namespace: &'s str,
        selector: &'s Labels,
    ) -> Box<dyn Iterator<Item = &'a Resource<Pod>> + 's> {
        if selector.is_empty() {
            return Box::new(self.of_namespace(namespace));
        }
        Box::new(self.selected(selector).filter(move |pod| &*pod.meta.namespace == namespace))
    }

    /// Whether any pod has these labels, counting those it takes from its node.
    pub fn any_placed(&self, selector: &Labels) -> bool {
        if !selector.keys().any(|key| PLACES.contains(&key.as_str())) {
            return self.selected(selector).next().is_some();
        }
        let (placed, own): (Labels, Labels) = selector
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .partition(|(key, _)| PLACES.contains(&key.as_str()));
        self.selected(&own).any(|pod| {
            let place = self.places.get(pod.spec.node_name.as_str());
            placed.iter().all(|(key, value)| {
                place.and_then(|place| place.get(key)).or_else(|| pod.meta.labels.get(key))
                    == Some(value)
            })
        })
    }
}

/// Region, then zone, then subzone, each only below the one before; and the node's name.
fn labels_of_node(name: &str, nodes: &Table<Node>) -> Labels {
    let mut labels = Labels::new();
    if let Some(node) = nodes.get(&Key::new("", name)) {
        for key in PLACES.iter().take(3) {
            match node.meta.label(key) {
                Some(value) if !value.is_empty() => {
                    labels.insert((*key).to_owned(), value.to_owned());
                }
                _ => break,
            }
        }
        labels.insert("kubernetes.io/hostname".into(), name.to_owned());
    }
    labels
}
