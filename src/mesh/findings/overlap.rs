//! Objects of one kind that claim the same pods, or a whole namespace, together.

use std::collections::BTreeMap;

use super::index::Index;
use crate::mesh::core::Pod;
use crate::mesh::object::{Labels, Resource};

/// One pod that several objects select.
pub struct Claim<'a, T> {
    pub pod: &'a Resource<Pod>,
    /// By name; at least two.
    pub objects: Vec<&'a Resource<T>>,
}

/// Pods that at least two of the objects select within their namespace; an object without
/// labels selects none here.
pub fn claims<'a, T>(
    index: &Index<'a>,
    objects: impl Iterator<Item = (&'a Resource<T>, &'a Labels)>,
) -> Vec<Claim<'a, T>> {
    let mut by_pod: BTreeMap<_, Claim<'a, T>> = BTreeMap::new();
    for (object, labels) in objects.filter(|(_, labels)| !labels.is_empty()) {
        for pod in index.pods().selected_in(&object.meta.namespace, labels) {
            let claim =
                by_pod.entry(pod.key()).or_insert_with(|| Claim { pod, objects: Vec::new() });
            claim.objects.push(object);
        }
    }
    by_pod.into_values().filter(|claim| claim.objects.len() > 1).collect()
}

/// Objects by namespace, where a namespace has at least two.
pub fn crowds<'a, T>(
    objects: impl Iterator<Item = &'a Resource<T>>,
) -> BTreeMap<&'a str, Vec<&'a Resource<T>>> {
    let mut by_namespace: BTreeMap<&str, Vec<&Resource<T>>> = BTreeMap::new();
    for object in objects {
        by_namespace.entry(&object.meta.namespace).or_default().push(object);
    }
    by_namespace.retain(|_, objects| objects.len() > 1);
    by_namespace
}

/// The objects' names, as lists in messages have them.
pub fn names<'a, T>(objects: &[&'a Resource<T>]) -> Vec<&'a str> {
    objects.iter().map(|object| &*object.meta.name).collect()
}
