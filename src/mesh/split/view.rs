//! From a snapshot to the splits of its services.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::observe::{Observed, ServiceCounts, WorkloadCounts};
use super::verdict::{self, Limits, Question};
use super::{RuleName, SplitVersion, SplitView, Unrouted};
use crate::mesh::graph::{self, Graph, GraphInput, GraphOptions, GraphType};
use crate::mesh::health::HealthConfig;
use crate::mesh::inventory::{Inventory, Workload, WorkloadRef};
use crate::mesh::object::{Key, ObjectRef};
use crate::mesh::routing::shares::ANY_REQUEST;
use crate::mesh::routing::{Router, RuleShares, Source, SourceKind};
use crate::mesh::{Kind, MeshSnapshot, Ready, host};

/// A change reaches every proxy within this time.
const CONVERGENCE_SECONDS: i64 = 5;

/// What the latency and error columns need: one node a workload.
pub fn graph_options() -> GraphOptions {
    GraphOptions { graph_type: GraphType::Workload, ..GraphOptions::default() }
}

/// What every split of a snapshot is made from.
struct Input<'a> {
    snapshot: &'a MeshSnapshot,
    inventory: &'a Inventory,
    router: Router,
    observed: Observed,
    graph: Graph,
    limits: Limits,
}

impl<'a> Input<'a> {
    fn new(snapshot: &'a MeshSnapshot, inventory: &'a Inventory, limits: Limits) -> Self {
        let nothing = Arc::default();
        let telemetry = snapshot.telemetry.as_ref().unwrap_or(&nothing);
        let options = graph_options();
        let graph = graph::build(&GraphInput {
            objects: &snapshot.objects,
            inventory,
            telemetry,
            scope: &snapshot.scope,
            options: &options,
            health: &HealthConfig::default(),
        });
        Self {
            snapshot,
            inventory,
            router: Router::new(&snapshot.objects),
            observed: Observed::of(telemetry.counts.rows()),
            graph,
            limits,
        }
    }
}

/// The split of one service.
pub fn view(
    snapshot: &MeshSnapshot,
    inventory: &Inventory,
    service: &Key,
    limits: Limits,
) -> SplitView {
    Input::new(snapshot, inventory, limits).view(service)
}

/// The splits of every service in the scope that has several versions or a rule that shares.
pub fn views(snapshot: &MeshSnapshot, inventory: &Inventory, limits: Limits) -> Vec<SplitView> {
    let input = Input::new(snapshot, inventory, limits);
    let asked = inventory.services.keys().filter(|key| snapshot.scope.contains(&key.namespace));
    asked
        .map(|key| input.view(key))
        .filter(|view| view.versions.len() > 1 || view.source_rule.is_some())
        .collect()
}

/// One version on its way to a [`SplitVersion`].
#[derive(Default)]
struct Version {
    subset: Option<Arc<str>>,
    workloads: Vec<Key>,
    pods: Ready,
    counts: WorkloadCounts,
}

impl Input<'_> {
    fn view(&self, service: &Key) -> SplitView {
        let nothing = ServiceCounts::default();
        let counted = self.observed.services.get(service).unwrap_or(&nothing);
        let rules = self.rules(service, counted);
        let by_workload = counted.by_workload(|_| true);
        let versions = self.versions(service, &rules, &by_workload);
        let total: u64 = versions.iter().map(|version| version.counts.requests).sum();
        let shares = shares(&rules, &versions);
        let window = self.snapshot.telemetry.as_ref().map(|t| t.window.as_secs_f64());
        let rate = window.filter(|w| *w > 0.0).map(|window| total as f64 / window);
        let names: Vec<String> = versions.iter().map(|version| self.name(version)).collect();
        let judged: Vec<verdict::Observed<'_>> = names
            .iter()
            .zip(&versions)
            .map(|(name, version)| verdict::Observed { name, requests: version.counts.requests })
            .collect();
        let gate = self.gate(service, &rules, counted);
        let judgement = verdict::judge(&Question {
            versions: &judged,
            rules: &shares,
            unrouted: counted.unrouted(),
            rate,
            gate: gate.as_deref(),
            limits: self.limits,
        });
        let weights = configured(&rules, &versions);
        let has_counts = self.snapshot.telemetry.is_some();
        let rows = versions.iter().enumerate().map(|(at, version)| {
            let weight = weights.as_ref().and_then(|shares| shares.get(at));
            let configured = weight.map(|share| share * 100.0);
            self.row(version, configured, has_counts.then_some((total, window)))
        });
        SplitView {
            service: service.clone(),
            source_rule: rules.first().map(|RuleShares { rule, .. }| RuleName {
                kind: rule.kind,
                key: Key::new(&rule.namespace, &rule.name),
            }),
            versions: rows.collect(),
            unrouted: Unrouted {
                requests: has_counts.then(|| counted.unrouted()),
                rate: window.map(|window| counted.unrouted() as f64 / window),
            },
            verdict: judgement.verdict,
            explanation: judgement.explanation,
            evidence: judgement.evidence,
        }
    }

    /// The rules that apply to the sources that were seen; where none was, those of any source
    /// with a sidecar, so that weights show before the first request.
    fn rules(&self, service: &Key, counted: &ServiceCounts) -> Vec<RuleShares> {
        let mut sources: Vec<Source> =
            counted.sources.keys().filter_map(|key| self.source(key)).collect();
        if sources.is_empty() {
            let meshed = self.inventory.workloads.values().filter(|w| w.meshed > 0 && !w.gateway);
            let near = |w: &&Workload| w.id.namespace == service.namespace;
            let any = meshed.clone().find(near).or_else(|| meshed.clone().next());
            sources.extend(any.and_then(|workload| self.source(&key_of(&workload.id))));
        }
        let mut rules: Vec<RuleShares> = Vec::new();
        for source in &sources {
            for rule in self.router.split_rules(service, source) {
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        rules
    }

    fn source(&self, workload: &Key) -> Option<Source> {
        let found = self.inventory.workload(&workload.namespace, &workload.name)?;
        let pod = self.inventory.pods.get(found.pod_keys.first()?)?;
        let kind = match () {
            () if pod.waypoint => SourceKind::Waypoint,
            () if pod.gateway => SourceKind::Gateway,
            () if pod.sidecar.is_meshed() => SourceKind::Sidecar,
            () => SourceKind::None,
        };
        Some(Source {
            kind,
            namespace: Arc::clone(&pod.key.namespace),
            name: Arc::clone(&pod.key.name),
        })
    }

    /// One row a subset that a rule names, one a workload for the rest.
    fn versions(
        &self,
        service: &Key,
        rules: &[RuleShares],
        counted: &BTreeMap<Key, WorkloadCounts>,
    ) -> Vec<Version> {
        let mut behind: Vec<Key> = self
            .inventory
            .services
            .get(service)
            .map_or_else(Vec::new, |s| s.workloads.iter().map(key_of).collect());
        behind.extend(
            counted.keys().filter(|key| !behind.contains(key)).cloned().collect::<Vec<_>>(),
        );
        let mut versions: Vec<Version> = Vec::new();
        for workload in behind {
            let found = self.inventory.workload(&workload.namespace, &workload.name);
            let subset = self.subset_of(&workload, rules);
            let counts = counted.get(&workload).copied().unwrap_or_default();
            // A workload that is gone and served nothing is no version.
            if found.is_none() && counts.requests == 0 {
                continue;
            }
            let same = |version: &Version| subset.is_some() && version.subset == subset;
            if !versions.iter().any(same) {
                versions.push(Version { subset: subset.clone(), ..Version::default() });
            }
            let Some(version) = versions.iter_mut().rev().find(|v| v.subset == subset) else {
                continue;
            };
            version.workloads.push(workload);
            version.counts.requests += counts.requests;
            version.counts.errors += counts.errors;
            let pods = found.map(|workload| workload.pods).unwrap_or_default();
            version.pods.ready += pods.ready;
            version.pods.total += pods.total;
        }
        // A subset that selects nothing still has a weight.
        for destination in
            rules.iter().flat_map(|rule| &rule.shares).map(|share| &share.destination)
        {
            let known = |version: &Version| version.subset == destination.subset;
            if destination.subset.is_some() && !versions.iter().any(known) {
                let subset = destination.subset.clone();
                versions.push(Version { subset, ..Version::default() });
            }
        }
        versions
    }

    /// The subset among the rules' destinations that takes a workload's pods.
    fn subset_of(&self, workload: &Key, rules: &[RuleShares]) -> Option<Arc<str>> {
        let found = self.inventory.workload(&workload.namespace, &workload.name)?;
        let destinations =
            rules.iter().flat_map(|rule| &rule.shares).map(|share| &share.destination);
        let takes = |names: &[Arc<str>]| found.pod_keys.iter().any(|key| names.contains(&key.name));
        let mut named = destinations.filter(|destination| destination.subset.is_some());
        let by_pods = named.clone().find(|d| takes(&d.pods.names) || takes(&d.pods.not_ready));
        // Without pods the version's name is all there is to go by.
        let by_name = || named.find(|d| d.subset == found.version);
        by_pods.or_else(by_name).and_then(|destination| destination.subset.clone())
    }

    fn name(&self, version: &Version) -> String {
        if let Some(subset) = &version.subset {
            return subset.to_string();
        }
        let Some(workload) = version.workloads.first() else { return "unknown".to_owned() };
        let found = self.inventory.workload(&workload.namespace, &workload.name);
        found.and_then(|w| w.version.as_ref()).unwrap_or(&workload.name).to_string()
    }

    fn row(
        &self,
        version: &Version,
        configured_percent: Option<f64>,
        counted: Option<(u64, Option<f64>)>,
    ) -> SplitVersion {
        let first = version.workloads.first();
        let workload = first.and_then(|key| self.inventory.workload(&key.namespace, &key.name));
        let node = first.and_then(|key| {
            self.graph.nodes.iter().find(|node| {
                node.workload.as_ref() == Some(&key.name)
                    && node.namespace.as_ref() == Some(&key.namespace)
            })
        });
        let requests = version.counts.requests;
        let share = |part: u64, of: u64| (of > 0).then(|| part as f64 * 100.0 / of as f64);
        SplitVersion {
            subset: version.subset.clone(),
            version: workload.and_then(|w| w.version.clone()).or_else(|| version.subset.clone()),
            workloads: version.workloads.iter().map(|key| Arc::clone(&key.name)).collect(),
            configured_percent,
            observed_percent: counted.and_then(|(total, _)| share(requests, total)),
            requests: counted.map(|_| requests),
            rate: counted.and_then(|(_, window)| window).map(|window| requests as f64 / window),
            error_percent: share(version.counts.errors, requests),
            latency_ms: node.and_then(|node| node.latency_ms),
            pods: version.pods,
        }
    }

    /// Why the window cannot be judged yet: it holds time from before a change.
    fn gate(&self, service: &Key, rules: &[RuleShares], counted: &ServiceCounts) -> Option<String> {
        if rules.is_empty() {
            return None;
        }
        let telemetry = self.snapshot.telemetry.as_ref()?;
        let scrapes =
            counted.sources.values().map(|counts| counts.scrapes).max().unwrap_or_default();
        let window = i64::try_from(telemetry.window.as_secs()).unwrap_or(i64::MAX / 4);
        let interval = window / i64::from(scrapes.max(1));
        let settle = CONVERGENCE_SECONDS + 2 * interval;
        let (object, changed) = self.last_change(service, rules)?;
        let ago = telemetry.evaluated_at.as_second() - changed.as_second();
        (ago < window + settle).then(|| {
            format!(
                "{object} changed {} ago, and the window of {window} s still holds requests from before",
                crate::mesh::words::seconds(ago.max(0))
            )
        })
    }

    /// What sets the shares and changed last: the rules, the rules that define their subsets, or
    /// the service itself.
    fn last_change(&self, service: &Key, rules: &[RuleShares]) -> Option<(ObjectRef, Timestamp)> {
        let objects = &self.snapshot.objects;
        let named = rules.iter().map(|RuleShares { rule, .. }| ObjectRef {
            kind: rule.kind,
            key: Key::new(&rule.namespace, &rule.name),
        });
        let host = host::service_host(&service.name, &service.namespace);
        let subsets = objects.destination_rules.values().filter(|rule| {
            let full = host::full_name(&rule.spec.host, &rule.meta.namespace);
            host::covers(&full, &host)
        });
        let itself = ObjectRef { kind: Kind::Service, key: service.clone() };
        let all = named.chain(subsets.map(|rule| rule.reference())).chain([itself]);
        let when = |object: ObjectRef| {
            let meta = objects.meta(&object)?;
            Some((object, meta.changed.or(meta.created)?))
        };
        all.filter_map(when).max_by_key(|(_, changed)| *changed)
    }
}

fn key_of(workload: &WorkloadRef) -> Key {
    Key { namespace: Arc::clone(&workload.namespace), name: Arc::clone(&workload.name) }
}

/// The share of each version by each rule that sets weights, as fractions; each mix once.
fn shares(rules: &[RuleShares], versions: &[Version]) -> Vec<Vec<f64>> {
    let mut found: Vec<Vec<f64>> = Vec::new();
    for shares in rules.iter().filter_map(|rule| shares_of(rule, versions)) {
        if !found.contains(&shares) {
            found.push(shares);
        }
    }
    found
}

/// The share of each version by one rule; `None` where it sets no weights.
fn shares_of(rule: &RuleShares, versions: &[Version]) -> Option<Vec<f64>> {
    // A rule to the service as a whole sets no weights.
    if matches!(rule.shares.as_slice(), [only] if only.destination.subset.is_none()) {
        return None;
    }
    let of = |version: &Version| -> f64 {
        let here = rule.shares.iter().filter(|share| match &share.destination.subset {
            Some(subset) => version.subset.as_ref() == Some(subset),
            // A route of the Gateway API names a service for each version.
            None => version.workloads.iter().any(|key| share.workloads.contains(&key.name)),
        });
        // An empty sum is minus zero.
        here.map(|share| share.destination.percent / 100.0).fold(0.0, |sum, share| sum + share)
    };
    Some(versions.iter().map(of).collect())
}

/// The weights to show: those of the only rule, or of the one that takes any request, beside
/// which others take some.
fn configured(rules: &[RuleShares], versions: &[Version]) -> Option<Vec<f64>> {
    let mut all = shares(rules, versions);
    if all.len() == 1 {
        return all.pop();
    }
    let any = rules.iter().find(|rule| rule.conditions == ANY_REQUEST)?;
    shares_of(any, versions)
}

#[cfg(test)]
mod tests;
