//! Which DestinationRule a client uses for a service.
//!
//! Istio, `pilot/pkg/model/{push_context,destination_rule,sidecar}.go`: the first namespace that
//! has any match decides, in the order client, service, root; rules for one host are merged
//! inside a namespace only.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::name;
use crate::mesh::config::DestinationRule;
use crate::mesh::config::destination_rule::{Subset, TrafficPolicy};
use crate::mesh::object::{Labels, ObjectRef, Resource};
use crate::mesh::{Kind, Objects};

/// Rules for one host of one namespace that count as one.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The first of them: the one the entry is called by.
    pub first: Arc<Resource<DestinationRule>>,
    pub subsets: Vec<Subset>,
    pub policy: Option<TrafficPolicy>,
    selector: Option<Labels>,
    /// As written, sorted; for rules with a selector the own namespace alone.
    export: Vec<String>,
}

impl Merged {
    pub fn subset(&self, name: &str) -> Option<&Subset> {
        self.subsets.iter().find(|subset| subset.name == name)
    }

    pub fn reference(&self) -> ObjectRef {
        ObjectRef { kind: Kind::DestinationRule, key: self.first.key() }
    }

    /// Whether a subset, or the rule as a whole, balances at random: only then can shares of
    /// pods be predicted.
    pub fn balances_at_random(&self, subset: Option<&str>) -> bool {
        let own = subset.and_then(|name| self.subset(name)?.traffic_policy.as_ref());
        let balancer = own.and_then(|policy| policy.load_balancer.as_ref());
        let balancer = balancer.or_else(|| self.policy.as_ref()?.load_balancer.as_ref());
        balancer.and_then(|b| b.get("simple")?.as_str()) == Some("RANDOM")
    }
}

/// Entries by host, in the order in which they were made.
#[derive(Debug, Clone, Default)]
struct Hosts {
    exact: HashMap<Arc<str>, Vec<Merged>>,
    wildcard: BTreeMap<Arc<str>, Vec<Merged>>,
}

impl Hosts {
    fn entries(&mut self, host: &Arc<str>) -> &mut Vec<Merged> {
        if name::is_wildcard(host) {
            self.wildcard.entry(Arc::clone(host)).or_default()
        } else {
            self.exact.entry(Arc::clone(host)).or_default()
        }
    }

    /// Those of the exact host, else of the longest wildcard.
    fn most_specific(&self, host: &str) -> Option<&Vec<Merged>> {
        self.exact.get(host).or_else(|| {
            let covering = self.wildcard.iter().filter(|(pattern, _)| name::covers(pattern, host));
            covering.max_by_key(|(pattern, _)| pattern.len()).map(|(_, entries)| entries)
        })
    }
}

/// All DestinationRules, by namespace.
#[derive(Debug, Clone, Default)]
pub struct DestinationRules {
    local: HashMap<Arc<str>, Hosts>,
    exported: HashMap<Arc<str>, Hosts>,
    root_private: Hosts,
    root: Arc<str>,
}

/// What a lookup found, and what it passed over.
#[derive(Debug, Clone, Default)]
pub struct Lookup<'a> {
    pub rule: Option<&'a Merged>,
    /// Visible entries of the same namespace that the chosen one hides.
    pub hidden_by_younger: Vec<&'a Merged>,
    /// Entries of the namespaces that come later.
    pub hidden_by_namespace: Vec<&'a Merged>,
}

impl DestinationRules {
    pub fn new(objects: &Objects) -> Self {
        let mut rules: Vec<&Arc<Resource<DestinationRule>>> =
            objects.destination_rules.values().collect();
        // With a selector first, then the oldest.
        rules.sort_by_key(|rule| (rule.spec.workload_selector.is_none(), rule.meta.created));
        let default = &objects.mesh_config.default_destination_rule_export_to;
        let mut out =
            Self { root: objects.mesh_config.root_namespace.as_str().into(), ..Self::default() };
        for rule in rules {
            out.insert(rule, default);
        }
        out
    }

    fn insert(&mut self, rule: &Arc<Resource<DestinationRule>>, default: &[String]) {
        let namespace = &rule.meta.namespace;
        let host = name::resolve(&rule.spec.host, namespace);
        let selector = rule.spec.workload_selector.as_ref().map(|s| s.labels.clone());
        let mut export =
            if selector.is_some() { vec![".".into()] } else { rule.spec.export_to.clone() };
        export.sort();
        export.dedup();
        let new = Merged {
            first: Arc::clone(rule),
            subsets: rule.spec.subsets.clone(),
            policy: rule.spec.traffic_policy.clone(),
            selector,
            export,
        };
        let effective = if new.export.is_empty() { default } else { &new.export };
        let private = effective.len() == 1
            && effective.iter().all(|word| word == "." || **word == **namespace);
        let local = self.local.entry(Arc::clone(namespace)).or_default();
        merge(local.entries(&host), new.clone());
        if !private {
            let exported = self.exported.entry(Arc::clone(namespace)).or_default();
            merge(exported.entries(&host), new);
        } else if **namespace == *self.root {
            merge(self.root_private.entries(&host), new);
        }
    }

    /// The rule a client of a namespace with these labels uses for a host of a service.
    pub fn lookup(&self, client: &str, labels: &Labels, host: &str, service: &str) -> Lookup<'_> {
        let own = if client == &*self.root {
            self.root_private.most_specific(host)
        } else {
            self.local.get(client).and_then(|hosts| hosts.most_specific(host))
        };
        let own: Option<Vec<&Merged>> = own.map(|entries| entries.iter().collect());
        let mut steps = vec![own, self.exported_from(service, host, client)];
        if service != &*self.root {
            steps.push(self.exported_from(&self.root, host, client));
        }
        let mut steps = steps.into_iter().flatten();
        let Some(entries) = steps.next() else { return Lookup::default() };
        let selected = entries.iter().find(|entry| {
            let home = &*entry.first.meta.namespace == client;
            home && entry.selector.as_ref().is_some_and(|s| crate::mesh::core::covers(s, labels))
        });
        let last = entries.iter().rev().find(|entry| entry.selector.is_none());
        let rule = selected.or(last).copied();
        Lookup {
            rule,
            hidden_by_younger: entries
                .into_iter()
                .filter(|entry| rule.is_none_or(|rule| !Arc::ptr_eq(&rule.first, &entry.first)))
                .collect(),
            hidden_by_namespace: steps
                .flatten()
                .filter(|entry| rule.is_none_or(|rule| !Arc::ptr_eq(&rule.first, &entry.first)))
                .collect(),
        }
    }

    /// The most specific entries, if they are exported to the client; less specific ones are
    /// not tried.
    fn exported_from(&self, namespace: &str, host: &str, client: &str) -> Option<Vec<&Merged>> {
        let entries = self.exported.get(namespace)?.most_specific(host)?;
        let reaches = |entry: &&Merged| {
            entry.export.is_empty()
                || entry.export.iter().any(|word| {
                    word == "*" || word == client || (word == "." && namespace == client)
                })
        };
        let visible: Vec<&Merged> = entries.iter().filter(reaches).collect();
        (!visible.is_empty()).then_some(visible)
    }
}

/// Merges a rule into the entries of its host, or appends it: as an entry of its own it stands
/// if the last entry it was compared with could not take it.
fn merge(entries: &mut Vec<Merged>, new: Merged) {
    let mut separate = true;
    for entry in entries.iter_mut() {
        let both_without = entry.selector.is_none() && new.selector.is_none();
        let both_with = entry.selector.is_some() && new.selector.is_some();
        if both_with && entry.selector != new.selector {
            separate = true;
            continue;
        }
        let superset = entry.export.iter().all(|word| new.export.contains(word));
        let wider = superset && !entry.export.is_empty();
        if entry.export != new.export && !(both_without && wider) {
            separate = true;
            continue;
        }
        if both_without || both_with {
            separate = false;
        }
        for subset in &new.subsets {
            if entry.subset(&subset.name).is_none() {
                entry.subsets.push(subset.clone());
            }
        }
        if entry.policy.is_none() {
            entry.policy.clone_from(&new.policy);
        }
    }
    if separate {
        entries.push(new);
    }
}
