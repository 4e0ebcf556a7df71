//! Gateway API routes as [`RuleSet`]s: attachment, pooling of routes for one host, precedence.
//!
//! Istio, `pilot/pkg/config/kube/gateway`: one internal VirtualService per listener and host
//! name on a gateway, per route namespace, parent port and service in the mesh.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::answer::RuleRef;
use super::name;
use super::rule::{
    ConnectionMatch, ConnectionRule, Export, HttpMatch, HttpRule, MESH, PathCondition, RuleSet,
};
use crate::mesh::config::gateway_api::{K8sGateway, Listener, ParentRef, RouteParentStatus};
use crate::mesh::config::gateway_api::{TlsRoute, TlsRouteSpec};
use crate::mesh::core::LabelSelector;
use crate::mesh::object::{Meta, Resource};
use crate::mesh::{Key, Kind, Objects};

pub mod backend;
pub mod convert;

/// The API group of routes and gateways.
pub const GROUP: &str = "gateway.networking.k8s.io";

/// The internal gateway that stands for one listener.
pub fn listener_gateway(gateway: &Key, listener: &str) -> Arc<str> {
    format!("{}/{}~{listener}", gateway.namespace, gateway.name).into()
}

/// A route that is refused by a parent, to be told of.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub reference: RuleRef,
    pub hosts: Vec<Arc<str>>,
    pub why: String,
}

/// Every rule set that Gateway API routes come to, and what was refused.
pub fn rule_sets(objects: &Objects) -> (Vec<RuleSet>, Vec<Refusal>) {
    let mut pool = Pool::default();
    for route in objects.http_routes.values() {
        let attached = Route {
            meta: &route.meta,
            kind: Kind::HttpRoute,
            parents: &route.spec.parent_refs,
            hostnames: &route.spec.hostnames,
            status: &route.status.parents,
        };
        pool.attach(objects, &attached, &|mesh| convert::http_rules(objects, route, mesh));
    }
    for route in objects.grpc_routes.values() {
        let attached = Route {
            meta: &route.meta,
            kind: Kind::GrpcRoute,
            parents: &route.spec.parent_refs,
            hostnames: &route.spec.hostnames,
            status: &route.status.parents,
        };
        pool.attach(objects, &attached, &|mesh| convert::grpc_rules(objects, route, mesh));
    }
    let mut sets: Vec<RuleSet> = pool.sets.into_values().map(Pooled::finish).collect();
    let mut refused = pool.refused;
    for (table, kind) in
        [(&objects.tls_routes, Kind::TlsRoute), (&objects.tcp_routes, Kind::TcpRoute)]
    {
        for route in table.values() {
            connection_sets(objects, route, kind, &mut sets, &mut refused);
        }
    }
    (sets, refused)
}

/// What the two kinds of HTTP routes have in common.
struct Route<'a> {
    meta: &'a Meta,
    kind: Kind,
    parents: &'a [ParentRef],
    hostnames: &'a [String],
    status: &'a [RouteParentStatus],
}

impl Route<'_> {
    fn reference(&self) -> RuleRef {
        reference(self.meta, self.kind)
    }
}

fn reference(meta: &Meta, kind: Kind) -> RuleRef {
    RuleRef {
        kind,
        namespace: Arc::clone(&meta.namespace),
        name: Arc::clone(&meta.name),
        index: None,
        rule_name: None,
        protocol: None,
        delegate: None,
    }
}

/// Rules pooled for one host name, before they are sorted.
struct Pooled {
    gateway: Arc<str>,
    host: Arc<str>,
    parent_namespace: Option<Arc<str>>,
    parent_port: Option<u16>,
    /// The rules with the age, namespace and name of their route.
    rules: Vec<(Option<Timestamp>, HttpRule)>,
}

/// Gateway and host name, and for the mesh also the route's namespace and the parent's port.
type PoolKey = (Arc<str>, Arc<str>, Option<Arc<str>>, Option<u16>);

#[derive(Default)]
struct Pool {
    sets: BTreeMap<PoolKey, Pooled>,
    refused: Vec<Refusal>,
}

impl Pool {
    fn attach(
        &mut self,
        objects: &Objects,
        route: &Route<'_>,
        rules: &dyn Fn(bool) -> Vec<HttpRule>,
    ) {
        for parent in route.parents {
            if is_gateway(parent) {
                self.attach_to_gateway(objects, route, parent, rules);
            } else {
                self.attach_to_mesh(objects, route, parent, rules);
            }
        }
    }

    fn attach_to_gateway(
        &mut self,
        objects: &Objects,
        route: &Route<'_>,
        parent: &ParentRef,
        rules: &dyn Fn(bool) -> Vec<HttpRule>,
    ) {
        let listeners = match accepting(objects, route.meta, route.kind, parent, route.status) {
            Ok(listeners) => listeners,
            Err(why) => return self.refuse(route, route.hostnames, &why),
        };
        let (mut attached, hosts) = (false, hostnames(route.hostnames));
        for (gateway, listener) in listeners {
            if !hosts.iter().any(|host| hostname_fits(listener.hostname.as_deref(), host)) {
                continue;
            }
            attached = true;
            for host in &hosts {
                let internal = listener_gateway(&gateway, &listener.name);
                let key = (internal, Arc::clone(host), None, None);
                self.add(key, None, route.meta.created, rules(false));
            }
        }
        if !attached {
            self.refuse(
                route,
                route.hostnames,
                "none of the listener's host names fits the route's",
            );
        }
    }

    fn attach_to_mesh(
        &mut self,
        objects: &Objects,
        route: &Route<'_>,
        parent: &ParentRef,
        rules: &dyn Fn(bool) -> Vec<HttpRule>,
    ) {
        let own = &route.meta.namespace;
        let namespace: Arc<str> =
            parent.namespace.as_deref().map_or_else(|| Arc::clone(own), Into::into);
        let hosts: Vec<Arc<str>> = if parent.kind.as_deref() == Some("ServiceEntry") {
            let key = Key { namespace: Arc::clone(&namespace), name: parent.name.as_str().into() };
            let entry = objects.service_entries.get(&key);
            entry
                .map(|e| e.spec.hosts.iter().map(|h| h.to_lowercase().into()).collect())
                .unwrap_or_default()
        } else {
            let key = Key::new(&namespace, &parent.name);
            let known = objects.services.contains_key(&key);
            known.then(|| name::service(&parent.name, &namespace).into()).into_iter().collect()
        };
        if hosts.is_empty() {
            let text = format!("its parent {namespace}/{} does not exist", parent.name);
            self.refuse(route, route.hostnames, &text);
        }
        for host in hosts {
            let key = (MESH.into(), host, Some(Arc::clone(own)), parent.port);
            self.add(key, Some(Arc::clone(&namespace)), route.meta.created, rules(true));
        }
    }

    fn add(
        &mut self,
        key: PoolKey,
        parent_namespace: Option<Arc<str>>,
        created: Option<Timestamp>,
        rules: Vec<HttpRule>,
    ) {
        let (gateway, host, _, parent_port) = key.clone();
        let pooled = self.sets.entry(key).or_insert_with(|| Pooled {
            gateway,
            host,
            parent_namespace,
            parent_port,
            rules: Vec::new(),
        });
        pooled.rules.extend(rules.into_iter().map(|rule| (created, rule)));
    }

    fn refuse(&mut self, route: &Route<'_>, hosts: &[String], why: &str) {
        let hosts = hostnames(hosts);
        self.refused.push(Refusal { reference: route.reference(), hosts, why: why.to_owned() });
    }
}

/// Lower case; none means every host.
fn hostnames(names: &[String]) -> Vec<Arc<str>> {
    if names.is_empty() {
        return vec!["*".into()];
    }
    names.iter().map(|host| host.to_lowercase().into()).collect()
}

impl Pooled {
    fn finish(mut self) -> RuleSet {
        self.rules.sort_by(|(a_age, a), (b_age, b)| {
            precedence(a).cmp(&precedence(b)).then_with(|| {
                let name = |r: &HttpRule| (r.reference.namespace.clone(), r.reference.name.clone());
                a_age.cmp(b_age).then_with(|| name(a).cmp(&name(b)))
            })
        });
        let created = self.rules.iter().filter_map(|(created, _)| *created).min();
        let rules: Vec<HttpRule> = self.rules.into_iter().map(|(_, rule)| rule).collect();
        // The oldest route names the set; a pool is never empty of routes, but may be of rules.
        let reference = rules.iter().map(|rule| &rule.reference).min().cloned();
        let reference = reference.unwrap_or_else(|| RuleRef {
            kind: Kind::HttpRoute,
            namespace: Arc::from(""),
            name: Arc::clone(&self.host),
            index: None,
            rule_name: None,
            protocol: None,
            delegate: None,
        });
        RuleSet {
            reference: RuleRef { index: None, rule_name: None, ..reference },
            from_route: true,
            created,
            hosts: vec![self.host],
            gateways: vec![self.gateway],
            export: Export::Public,
            http: rules,
            tls: Vec::new(),
            tcp: Vec::new(),
            parent_namespace: self.parent_namespace,
            parent_port: self.parent_port,
        }
    }
}

/// Smaller goes first: exact before prefix before regex, then the longer path, a method, more
/// headers, more query parameters.
fn precedence(rule: &HttpRule) -> (u8, usize, bool, usize, usize) {
    let matched = rule.matches.first().cloned().unwrap_or_else(HttpMatch::default);
    let (rank, length) = match &matched.path {
        Some(PathCondition::Exact(path)) => (0, path.len()),
        Some(PathCondition::Prefix(path) | PathCondition::Segments(path)) => (1, path.len().max(1)),
        Some(PathCondition::Regex(pattern)) => (2, pattern.text.len()),
        None => (3, 0),
    };
    let most = usize::MAX;
    let (headers, query) = (matched.headers.len(), matched.query.len());
    (rank, most - length, matched.method.is_none(), most - headers, most - query)
}

fn is_gateway(parent: &ParentRef) -> bool {
    parent.kind.as_deref().unwrap_or("Gateway") == "Gateway"
        && parent.group.as_deref().unwrap_or(GROUP) == GROUP
}

/// The listeners of a parent that take routes of this kind and namespace.
fn accepting<'a>(
    objects: &'a Objects,
    meta: &Meta,
    kind: Kind,
    parent: &ParentRef,
    status: &[RouteParentStatus],
) -> Result<Vec<(Key, &'a Listener)>, String> {
    if let Some(refused) = refused_by_status(parent, &meta.namespace, status) {
        return Err(refused);
    }
    let namespace = parent.namespace.as_deref().unwrap_or(&meta.namespace);
    let key = Key::new(namespace, &parent.name);
    let gateway =
        objects.k8s_gateways.get(&key).ok_or_else(|| format!("Gateway {key} does not exist"))?;
    let named = |listener: &&Listener| {
        parent.section_name.as_ref().is_none_or(|section| *section == listener.name)
            && parent.port.is_none_or(|port| port == listener.port)
    };
    let chosen: Vec<&Listener> = gateway.spec.listeners.iter().filter(named).collect();
    if chosen.is_empty() {
        return Err(format!("Gateway {key} has no listener of that section and port"));
    }
    let allowed: Vec<(Key, &Listener)> = chosen
        .into_iter()
        .filter(|listener| allows(objects, gateway, listener, &meta.namespace, kind))
        .map(|listener| (key.clone(), listener))
        .collect();
    if allowed.is_empty() {
        return Err(format!(
            "no listener of Gateway {key} allows a {kind} of namespace {}",
            meta.namespace
        ));
    }
    Ok(allowed)
}

/// What the controller wrote into the route's status outweighs what is computed here.
fn refused_by_status(
    parent: &ParentRef,
    own: &str,
    status: &[RouteParentStatus],
) -> Option<String> {
    let same = |other: &ParentRef| {
        other.name == parent.name
            && other.section_name == parent.section_name
            && other.port == parent.port
            && other.namespace.as_deref().unwrap_or(own)
                == parent.namespace.as_deref().unwrap_or(own)
    };
    let entries = status.iter().filter(|entry| same(&entry.parent_ref));
    let conditions = entries.flat_map(|entry| &entry.conditions);
    let refused = conditions.into_iter().find(|c| c.kind == "Accepted" && c.status == "False")?;
    Some(format!("its status says {}: {}", refused.reason, refused.message))
}

fn allows(
    objects: &Objects,
    gateway: &Resource<K8sGateway>,
    listener: &Listener,
    namespace: &str,
    kind: Kind,
) -> bool {
    let allowed = &listener.allowed_routes;
    let from = match allowed.namespaces.from.as_str() {
        "All" => true,
        "None" => false,
        "Selector" => {
            let labels = objects.namespaces.get(&Key::new("", namespace)).map(|n| &n.meta.labels);
            let empty = LabelSelector::default();
            let selector = allowed.namespaces.selector.as_ref().unwrap_or(&empty);
            labels.is_some_and(|labels| selector.matches(labels))
        }
        _ => namespace == &*gateway.meta.namespace,
    };
    from && kind_allowed(listener, kind)
}

/// Without a list the protocol decides.
fn kind_allowed(listener: &Listener, kind: Kind) -> bool {
    let kinds = &listener.allowed_routes.kinds;
    if !kinds.is_empty() {
        return kinds.iter().any(|allowed| {
            allowed.group.as_deref().unwrap_or(GROUP) == GROUP && allowed.kind == kind.info().name
        });
    }
    match listener.protocol.as_str() {
        "HTTP" | "HTTPS" => matches!(kind, Kind::HttpRoute | Kind::GrpcRoute),
        "TLS" => matches!(kind, Kind::TlsRoute | Kind::TcpRoute),
        "TCP" => kind == Kind::TcpRoute,
        _ => false,
    }
}

/// By the end of the text, as Istio compares them, not by labels.
fn hostname_fits(listener: Option<&str>, host: &str) -> bool {
    match listener {
        None | Some("" | "*") => true,
        Some(listener) => name::overlap(&listener.to_lowercase(), host),
    }
}

fn connection_sets(
    objects: &Objects,
    route: &Resource<TlsRoute>,
    kind: Kind,
    sets: &mut Vec<RuleSet>,
    refused: &mut Vec<Refusal>,
) {
    let spec: &TlsRouteSpec = &route.spec;
    let hosts = hostnames(&spec.hostnames);
    for parent in spec.parent_refs.iter().filter(|parent| is_gateway(parent)) {
        let object = reference(&route.meta, kind);
        match accepting(objects, &route.meta, kind, parent, &route.status.parents) {
            Err(why) => refused.push(Refusal { reference: object, hosts: hosts.clone(), why }),
            Ok(listeners) => {
                let fits = |listener: &&Listener| {
                    hosts.iter().any(|host| hostname_fits(listener.hostname.as_deref(), host))
                };
                let gateways = listeners.iter().filter(|(_, listener)| fits(listener));
                let gateways = gateways.map(|(key, l)| listener_gateway(key, &l.name)).collect();
                sets.push(connection_set(objects, route, object, gateways, &hosts));
            }
        }
    }
}

fn connection_set(
    objects: &Objects,
    route: &Resource<TlsRoute>,
    object: RuleRef,
    gateways: Vec<Arc<str>>,
    hosts: &[Arc<str>],
) -> RuleSet {
    let is_tls = object.kind == Kind::TlsRoute;
    let namespace = &route.meta.namespace;
    let rules: Vec<ConnectionRule> = (route.spec.rules.iter().enumerate())
        .map(|(index, rule)| ConnectionRule {
            reference: RuleRef {
                index: Some(index),
                rule_name: rule.name.as_deref().map(Into::into),
                ..object.clone()
            },
            matches: is_tls
                .then(|| ConnectionMatch {
                    sni_hosts: hosts.iter().map(ToString::to_string).collect(),
                    ..ConnectionMatch::default()
                })
                .into_iter()
                .collect(),
            targets: backend::targets(objects, &rule.backend_refs, namespace, object.kind, false),
        })
        .collect();
    let (tls, tcp) = if is_tls { (rules, Vec::new()) } else { (Vec::new(), rules) };
    RuleSet {
        reference: object,
        from_route: true,
        created: route.meta.created,
        hosts: hosts.to_vec(),
        gateways,
        export: Export::Public,
        http: Vec::new(),
        tls,
        tcp,
        parent_namespace: None,
        parent_port: None,
    }
}
