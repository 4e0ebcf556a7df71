//! Every rule that can send a source to a service, with the shares it gives: what configured
//! weights, and the test of observed ones, are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Router;
use super::answer::{Destination, RuleRef};
use super::condition::connection_failures;
use super::destination::Place;
use super::gateway::Edge;
use super::mesh::Mesh;
use super::name;
use super::protocol::PortProtocol;
use super::registry::Entry;
use super::request::{Request, Source, SourceKind};
use super::rule::Target;
use super::scope::Scope;
use super::selection::{Candidate, Log, candidates};
use super::server::{ServerKind, Servers};
use crate::mesh::Key;
use crate::mesh::object::Labels;

/// The conditions of a route that takes whatever comes.
pub const ANY_REQUEST: &str = "any request";

/// One route with its shares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleShares {
    pub rule: RuleRef,
    /// What a request must be like, in words; `any request` for no condition.
    pub conditions: String,
    pub shares: Vec<Share>,
}

/// What one destination gets of a route's requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    #[serde(flatten)]
    pub destination: Destination,
    /// Labels of the subset; empty for all pods.
    pub labels: Labels,
    /// Workloads of the pods, ready or not, sorted.
    pub workloads: Vec<Arc<str>>,
}

/// Sources for which the same rules apply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceRules {
    pub sources: Vec<Source>,
    /// None: the service's own default applies, which sets no weights.
    pub rules: Vec<RuleShares>,
}

impl Router {
    /// Every route that can send requests of a source to a service: those that own its host for
    /// that source, and those of other hosts that name it as a destination.
    pub fn split_rules(&self, service: &Key, source: &Source) -> Vec<RuleShares> {
        let Some(entry) = self.registry.of_key(service) else { return Vec::new() };
        let proxy = self.proxy(source);
        let scope = Scope::new(self, &proxy);
        let mut out = Vec::new();
        for port in &entry.ports {
            let request = Request {
                from: source.clone(),
                host: entry.host.to_string(),
                port: port.number,
                method: "GET".to_owned(),
                path: "/".to_owned(),
                ..Request::default()
            };
            match source.kind {
                SourceKind::Sidecar => {
                    let mut mesh = Mesh::new(self, &request, &proxy, &scope);
                    if port.protocol.is_http_or_auto() {
                        self.of_sidecar(&mut mesh, entry, &mut out);
                    } else if port.protocol == PortProtocol::Tcp {
                        self.of_connections(&mesh, entry, &mut out);
                    }
                }
                SourceKind::Waypoint => {
                    let mesh = Mesh::new(self, &request, &proxy, &scope);
                    let client =
                        super::condition::Client { kind: SourceKind::Waypoint, ..mesh.client() };
                    let mut log = Log::default();
                    for set in
                        super::waypoint::sets(self, &scope, entry, &source.namespace, &mut log)
                    {
                        let place = Place { only_port: true, ..mesh.place(true, set.from_route) };
                        self.push(&place, &candidates(set, &client, &mut log), None, &mut out);
                    }
                }
                SourceKind::Gateway | SourceKind::None => {}
            }
        }
        if source.kind == SourceKind::Gateway {
            let request = Request { from: source.clone(), ..Request::default() };
            let servers = Servers::new(self, &proxy);
            let log = Log::default();
            let edge = Edge {
                router: self,
                request: &request,
                proxy: &proxy,
                scope: &scope,
                servers: &servers,
                log,
            };
            self.of_gateway(&edge, entry, &mut out);
        }
        out
    }

    /// The same for every source, those with the same rules together.
    pub fn all_split_rules(&self, service: &Key) -> Vec<SourceRules> {
        // Pods that rules cannot tell apart are asked about once.
        let mut alike: BTreeMap<(SourceKind, Arc<str>, Labels), Vec<Source>> = BTreeMap::new();
        for source in self.sources().filter(|source| source.kind != SourceKind::None) {
            let mut labels = self.proxy(&source).labels;
            labels.remove("pod-template-hash");
            labels.remove("controller-revision-hash");
            labels.retain(|key, _| !key.starts_with("statefulset.kubernetes.io/"));
            let key = (source.kind, Arc::clone(&source.namespace), labels);
            alike.entry(key).or_default().push(source);
        }
        let mut out: Vec<SourceRules> = Vec::new();
        for sources in alike.into_values() {
            let Some(first) = sources.first() else { continue };
            let rules = self.split_rules(service, first);
            match out.iter_mut().find(|known| known.rules == rules) {
                Some(known) => known.sources.extend(sources),
                None => out.push(SourceRules { sources, rules }),
            }
        }
        out
    }

    fn of_sidecar<'a>(&'a self, mesh: &mut Mesh<'a>, entry: &'a Entry, out: &mut Vec<RuleShares>) {
        let owned = mesh.owner(entry).map(|(_, routes)| routes).unwrap_or_default();
        let owner = owned.first().map(|route| std::ptr::from_ref(route.set));
        let place = mesh.place(false, owned.first().is_some_and(|route| route.set.from_route));
        self.push(&place, &owned, None, out);
        let client = mesh.client();
        for set in mesh.rules.clone() {
            let own_host = set.hosts.iter().any(|host| name::covers(host, &entry.host));
            if owner == Some(std::ptr::from_ref(set)) || own_host {
                continue;
            }
            let routes = candidates(set, &client, &mut mesh.log);
            self.push(&mesh.place(false, set.from_route), &routes, Some(entry), out);
        }
    }

    fn of_gateway(&self, edge: &Edge<'_>, entry: &Entry, out: &mut Vec<RuleShares>) {
        let mut log = Log::default();
        let http = |kind: ServerKind| matches!(kind, ServerKind::Http | ServerKind::Https);
        for server in edge.servers.kept.iter().filter(|server| http(server.kind)) {
            for set in edge.rules(server) {
                if super::gateway::intersection(server, set).is_empty() {
                    continue;
                }
                let routes = candidates(set, &edge.client(server), &mut log);
                self.push(&edge.place(server.number, set.from_route), &routes, Some(entry), out);
            }
        }
    }

    fn of_connections(&self, mesh: &Mesh<'_>, entry: &Entry, out: &mut Vec<RuleShares>) {
        let client = mesh.client();
        let place = mesh.place(true, false);
        let own =
            mesh.rules.iter().filter(|set| set.hosts.iter().any(|h| name::covers(h, &entry.host)));
        for rule in own.flat_map(|set| &set.tcp) {
            let passes = rule.matches.is_empty()
                || rule.matches.iter().any(|m| connection_failures(m, &client).is_empty());
            if passes {
                self.add(&place, &rule.reference, "any connection", &rule.targets, out);
            }
        }
    }

    /// Adds routes; only those that name the service, if one is given.
    fn push(
        &self,
        place: &Place<'_>,
        routes: &[Candidate<'_>],
        only: Option<&Entry>,
        out: &mut Vec<RuleShares>,
    ) {
        for route in routes {
            let targets = &route.rule.action.targets;
            let named = only.is_none_or(|entry| targets.iter().any(|t| t.host == entry.host));
            if named && !targets.is_empty() {
                let words =
                    route.matched.map_or_else(|| ANY_REQUEST.to_owned(), ToString::to_string);
                self.add(place, &route.rule.reference, &words, targets, out);
            }
        }
    }

    fn add(
        &self,
        place: &Place<'_>,
        rule: &RuleRef,
        conditions: &str,
        targets: &[Target],
        out: &mut Vec<RuleShares>,
    ) {
        let shares = place.destinations(targets).into_iter().map(|destination| {
            let entry = place.scope.cluster(&destination.host);
            let subset = destination.subset.as_deref();
            let labels = entry.and_then(|entry| place.subset_labels(entry, subset).ok());
            Share {
                workloads: self.workloads(&destination),
                labels: labels.unwrap_or_default(),
                destination,
            }
        });
        let new = RuleShares {
            rule: rule.clone(),
            conditions: conditions.to_owned(),
            shares: shares.collect(),
        };
        if !out.contains(&new) {
            out.push(new);
        }
    }

    fn workloads(&self, destination: &Destination) -> Vec<Arc<str>> {
        let Some(namespace) = &destination.namespace else { return Vec::new() };
        let pods = &destination.pods;
        let mut names: Vec<Arc<str>> = pods
            .names
            .iter()
            .chain(&pods.not_ready)
            .map(|pod| {
                let key = Key { namespace: Arc::clone(namespace), name: Arc::clone(pod) };
                // From files workloads stand for their pods.
                let found = self.objects.pods.get(&key).and_then(|pod| self.owner(pod));
                found.unwrap_or_else(|| Arc::clone(pod))
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
