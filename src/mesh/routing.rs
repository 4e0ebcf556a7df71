//! Which rule takes a request, where it goes, and why the others did not match.
//!
//! Istiod compiles configuration for one proxy and Envoy evaluates it; this engine does both, in
//! that order, for one question at a time: which proxy decides, what it sees, which listener and
//! virtual host the request reaches, the first rule that matches, and the pods behind it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Objects;
use super::object::Labels;

pub mod action;
pub mod answer;
pub mod bystander;
pub mod caveat;
pub mod condition;
pub mod connection;
pub mod delegate;
pub mod destination;
pub mod destination_rule;
pub mod duration;
pub mod endpoint;
pub mod explain;
pub mod gateway;
pub mod gateway_api;
pub mod gateway_connection;
pub mod http;
pub mod location;
pub mod mesh;
pub mod name;
pub mod path;
pub mod plain;
pub mod protocol;
pub mod reason;
pub mod registry;
pub mod request;
pub mod rule;
pub mod scope;
pub mod selection;
pub mod server;
pub mod shares;
pub mod source;
pub mod virtual_service;
pub mod waypoint;

pub use answer::{
    Actions, Answer, Decider, DelegateRef, Destination, DestinationState, FaultAbort, FaultDelay,
    FaultPolicy, HeaderChanges, HeaderSet, MirrorTarget, NotMatched, Outcome, Pods, Redirect,
    RegexReplacement, RetryPolicy, Rewritten, RuleRef,
};
pub use reason::Reason;
pub use request::{Request, RequestProtocol, Source, SourceKind};
pub use shares::{RuleShares, Share, SourceRules};

use destination_rule::DestinationRules;
use endpoint::EndpointIndex;
use gateway_api::Refusal;
use registry::Registry;
use rule::{Export, MESH, RuleSet};

/// The index that questions are put to: built once from a snapshot's objects, then only read.
#[derive(Debug, Clone)]
pub struct Router {
    objects: Objects,
    registry: Registry,
    endpoints: EndpointIndex,
    destination_rules: DestinationRules,
    /// Oldest first, then by name and namespace.
    rules: Vec<RuleSet>,
    mesh: Vec<usize>,
    by_gateway: HashMap<Arc<str>, Vec<usize>>,
    refused: Vec<Refusal>,
}

/// The proxy of a source, as configuration is made for it.
#[derive(Debug, Clone, Default)]
pub struct Proxy {
    pub source: Source,
    pub labels: Labels,
    /// Name of its node; empty if not known.
    pub node: String,
}

impl Router {
    pub fn new(objects: &Objects) -> Self {
        let default = &objects.mesh_config.default_virtual_service_export_to;
        let exports: delegate::Exports = (objects.virtual_services.values())
            .filter(|vs| vs.spec.hosts.is_empty())
            .map(|vs| (vs.key(), Export::of(&vs.spec.export_to, default, &vs.meta.namespace)))
            .collect();
        let (mut rules, refused) = gateway_api::rule_sets(objects);
        for object in objects.virtual_services.values().filter(|vs| !vs.spec.hosts.is_empty()) {
            let mut set = virtual_service::rule_set(object, default);
            delegate::resolve(&mut set, &object.spec, &objects.virtual_services, &exports);
            rules.push(set);
        }
        rules.sort_by(|a, b| {
            let name = |set: &RuleSet| {
                (Arc::clone(&set.reference.name), Arc::clone(&set.reference.namespace))
            };
            a.created.cmp(&b.created).then_with(|| name(a).cmp(&name(b)))
        });
        let mut mesh = Vec::new();
        let mut by_gateway: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        for (index, set) in rules.iter().enumerate() {
            for gateway in &set.gateways {
                if **gateway == *MESH {
                    mesh.push(index);
                } else {
                    by_gateway.entry(Arc::clone(gateway)).or_default().push(index);
                }
            }
        }
        Self {
            objects: objects.clone(),
            registry: Registry::new(objects),
            endpoints: EndpointIndex::new(objects),
            destination_rules: DestinationRules::new(objects),
            rules,
            mesh,
            by_gateway,
            refused,
        }
    }

    /// Decides one request.
    pub fn answer(&self, request: &Request) -> Answer {
        let proxy = self.proxy(&request.from);
        let scope = scope::Scope::new(self, &proxy);
        let mut answer = match request.from.kind {
            SourceKind::Sidecar => mesh::Mesh::new(self, request, &proxy, &scope).answer(),
            SourceKind::Gateway => {
                let servers = server::Servers::new(self, &proxy);
                let log = selection::Log::default();
                gateway::Edge {
                    router: self,
                    request,
                    proxy: &proxy,
                    scope: &scope,
                    servers: &servers,
                    log,
                }
                .answer()
            }
            SourceKind::Waypoint => waypoint::answer(self, request, &proxy, &scope),
            SourceKind::None => plain::answer(self, request, &proxy, &scope),
        };
        answer.caveats.extend(self.caveats(&proxy));
        answer
    }

    /// Sets bound to the mesh, oldest first.
    fn mesh_rules(&self) -> impl Iterator<Item = &RuleSet> {
        self.mesh.iter().filter_map(|index| self.rules.get(*index))
    }

    /// Sets bound to a gateway, oldest first.
    fn gateway_rules(&self, gateway: &str) -> impl Iterator<Item = &RuleSet> {
        let indices = self.by_gateway.get(gateway);
        indices.into_iter().flatten().filter_map(|index| self.rules.get(*index))
    }

    fn all_rules(&self) -> &[RuleSet] {
        &self.rules
    }

    fn refusals(&self) -> &[Refusal] {
        &self.refused
    }
}
