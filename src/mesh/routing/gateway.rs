//! A request that a gateway decides: its server, its virtual host, the rules merged there.
//!
//! Istio, `pilot/pkg/networking/core/gateway.go`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::answer::{Answer, Outcome, Redirect};
use super::bystander;
use super::condition::{Client, Failure, View};
use super::destination::Place;
use super::http;
use super::location;
use super::mesh::invalid_target;
use super::name;
use super::reason::Reason;
use super::request::{Request, SourceKind};
use super::rule::{MESH, RuleSet};
use super::scope::Scope;
use super::selection::{Candidate, Log, candidates, first};
use super::server::{Server, ServerKind, Servers, listener_port};
use super::{Proxy, Router};

/// One question to a gateway.
pub struct Edge<'a> {
    pub router: &'a Router,
    pub request: &'a Request,
    pub proxy: &'a Proxy,
    pub scope: &'a Scope<'a>,
    pub servers: &'a Servers,
    pub log: Log,
}

/// A virtual host: its routes with the port each was built for.
#[derive(Default)]
struct VirtualHost<'a> {
    routes: Vec<(Candidate<'a>, u16)>,
    https_redirect: bool,
}

/// The routes of a set at a gateway, and the number of the server they were built for.
type Built<'a> = HashMap<(Arc<str>, usize), (u16, Vec<Candidate<'a>>, Log)>;

impl<'a> Edge<'a> {
    pub fn answer(mut self) -> Answer {
        let mut answer = self.by_listener();
        let taken = answer.rule.clone();
        self.bystanders();
        answer.not_matched = self.log.into_entries();
        answer.not_matched.retain(|entry| taken.as_ref() != Some(&entry.rule));
        answer
    }

    fn by_listener(&mut self) -> Answer {
        let servers = self.servers;
        let port = self
            .request
            .target_port
            .unwrap_or_else(|| listener_port(self.router, self.proxy, self.request.port));
        let here: Vec<&'a Server> = servers.on(port).collect();
        if self.request.protocol.is_plain_http() {
            let plain: Vec<&'a Server> =
                here.iter().copied().filter(|server| server.kind == ServerKind::Http).collect();
            if !plain.is_empty() {
                return self.table(&plain);
            }
        }
        self.connection(&here)
    }

    pub fn client(&self, server: &'a Server) -> Client<'a> {
        Client {
            kind: SourceKind::Gateway,
            namespace: &self.proxy.source.namespace,
            labels: &self.proxy.labels,
            gateway: &server.gateway,
            port: u32::from(server.number),
        }
    }

    pub fn place(&self, port: u16, from_route: bool) -> Place<'a> {
        Place {
            router: self.router,
            proxy: self.proxy,
            scope: self.scope,
            port,
            address: self.request.address,
            only_port: true,
            from_route,
        }
    }

    /// Rules bound to a server's gateway: private, exported, public; in each those of Gateway
    /// API routes of the gateway's namespace first, then by age.
    pub fn rules(&self, server: &Server) -> Vec<&'a RuleSet> {
        self.scope.ordered(self.router.gateway_rules(&server.gateway))
    }

    /// The table that servers share; the Host header chooses the virtual host.
    pub fn table(&mut self, servers: &[&'a Server]) -> Answer {
        if let Some(answer) = invalid_target(self.request) {
            return answer;
        }
        let host = name::without_port(&self.request.host);
        let mut hosts = self.virtual_hosts(servers, &host);
        let chosen = hosts.keys().min_by(|a, b| name::by_specificity(a, b)).cloned();
        let Some(chosen) = chosen.and_then(|domain| hosts.remove(&domain)) else {
            return Answer::new(self.request, Outcome::NotFound, Some(404));
        };
        self.shadowed(&chosen, &hosts, &host);
        let view = View::new(self.request, self.router.normalization());
        if chosen.https_redirect && view.scheme == "http" {
            for (route, _) in &chosen.routes {
                let text = "the server redirects plain HTTP to https before any rule is asked";
                self.log.add(&route.rule.reference, (Reason::Scheme, text.to_owned()));
            }
            let mut answer = Answer::new(self.request, Outcome::Redirect, Some(301));
            let location = location::to_https(&view);
            answer.redirect = Some(Redirect { status: 301, location, https_redirect: true });
            return answer;
        }
        self.take(chosen, &view)
    }

    /// Rules of the virtual hosts that fit too and are less specific than the chosen one.
    fn shadowed(
        &mut self,
        chosen: &VirtualHost<'a>,
        others: &BTreeMap<Arc<str>, VirtualHost<'a>>,
        host: &str,
    ) {
        let is_chosen = |route: &Candidate<'_>| {
            chosen.routes.iter().any(|(known, _)| std::ptr::eq(known.rule, route.rule))
        };
        let routes = others.values().flat_map(|other| &other.routes).map(|(route, _)| route);
        for route in routes.filter(|route| !is_chosen(route)) {
            let text = format!("another rule names {host} more specifically");
            self.log.add(&route.rule.reference, (Reason::ShadowedByMoreSpecificHost, text));
        }
    }

    fn take(&mut self, chosen: VirtualHost<'a>, view: &View<'_>) -> Answer {
        let (open, closed): (Vec<_>, Vec<_>) =
            chosen.routes.into_iter().partition(|(route, _)| !route.is_catch_all());
        let ordered: Vec<(Candidate<'a>, u16)> = open.into_iter().chain(closed).collect();
        let routes: Vec<Candidate<'a>> = ordered.iter().map(|(route, _)| *route).collect();
        let Some(won) = first(&routes, view, &mut self.log) else {
            return Answer::new(self.request, Outcome::NotFound, Some(404));
        };
        let same = |route: &Candidate<'_>| {
            std::ptr::eq(route.rule, won.rule)
                && route.matched.map(std::ptr::from_ref) == won.matched.map(std::ptr::from_ref)
        };
        let port = ordered.iter().find(|(route, _)| same(route)).map_or(0, |(_, port)| *port);
        http::act(&self.place(port, won.set.from_route), self.request, view, &won)
    }

    /// Virtual hosts whose domain the host fits. Routes are built once for a Gateway and a set,
    /// with the number of the first server that overlaps it.
    fn virtual_hosts(
        &mut self,
        servers: &[&'a Server],
        host: &str,
    ) -> BTreeMap<Arc<str>, VirtualHost<'a>> {
        let mut built: Built<'a> = HashMap::new();
        let mut out: BTreeMap<Arc<str>, VirtualHost<'a>> = BTreeMap::new();
        for server in servers {
            for set in self.rules(server) {
                let domains = intersection(server, set);
                if domains.is_empty() {
                    let text =
                        format!("no host of {} is among {}", server.shown, set.hosts.join(", "));
                    self.log.add_set(set, Reason::ServerHostMismatch, &text);
                    continue;
                }
                let key = (Arc::clone(&server.gateway), std::ptr::from_ref(set) as usize);
                let client = self.client(server);
                let (port, routes, log) = built.entry(key).or_insert_with(|| {
                    let mut log = Log::default();
                    let routes = candidates(set, &client, &mut log);
                    (server.number, routes, log)
                });
                let fits = |domain: &&Arc<str>| name::covers(domain, host);
                if domains.iter().any(|domain| fits(&domain)) {
                    self.log.extend(log);
                }
                if routes.is_empty() {
                    continue;
                }
                let fitting = domains.iter().filter(fits);
                for domain in fitting {
                    let entry = out.entry(Arc::clone(domain)).or_default();
                    entry.routes.extend(routes.iter().map(|route| (*route, *port)));
                    entry.https_redirect |= server.https_redirect;
                }
            }
            for (_, domain) in
                server.hosts.iter().filter(|(_, h)| server.https_redirect && name::covers(h, host))
            {
                out.entry(Arc::clone(domain)).or_default().https_redirect = true;
            }
        }
        out
    }

    fn bystanders(&mut self) {
        let host = name::without_port(self.request.sni.as_deref().unwrap_or(&self.request.host));
        for set in self.router.all_rules() {
            if bystander::told(set, &self.log) {
                continue;
            }
            if set.hosts.iter().any(|own| name::covers(own, &host)) {
                let (reason, text) = self.unbound(set);
                self.log.add_set(set, reason, &text);
            } else {
                bystander::elsewhere(set, &mut self.log);
            }
        }
        bystander::refusals(self.router, &mut self.log, &[host]);
    }

    /// Why a set for this host has no part in this gateway.
    fn unbound(&self, set: &RuleSet) -> Failure {
        let bound = |server: &&Server| set.gateways.contains(&server.gateway);
        if let Some(server) = self.servers.dropped.iter().find(bound) {
            let text = format!("the server of {} lost its port to an earlier one", server.shown);
            return (Reason::ServerConflictDropped, text);
        }
        if let Some(server) = self.servers.kept.iter().find(bound) {
            if !self.scope.sees(set) {
                return (
                    Reason::VsNotExported,
                    "is not exported to the gateway's namespace".into(),
                );
            }
            let text = format!("{} listens on port {}", server.shown, server.number);
            return (Reason::NoListener, text);
        }
        let named: Vec<&str> =
            set.gateways.iter().filter(|gateway| ***gateway != *MESH).map(AsRef::as_ref).collect();
        if named.is_empty() {
            return (Reason::VsNotBoundToGateway, "is bound to the mesh and to no gateway".into());
        }
        let text = format!("the pod is not one of {}", named.join(", "));
        (Reason::GatewayNotSelectedByPod, text)
    }
}

/// The more specific of every pair of hosts that overlap.
pub fn intersection(server: &Server, set: &RuleSet) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    for theirs in server.hosts_for(&set.reference.namespace) {
        for own in &set.hosts {
            if let Some(narrow) = name::narrower(theirs, own)
                && !out.iter().any(|known| **known == *narrow)
            {
                out.push(narrow.into());
            }
        }
    }
    out
}
