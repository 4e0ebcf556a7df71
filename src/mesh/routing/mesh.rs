//! A request that a sidecar decides: its listener, its virtual host, its rule.
//!
//! Istio, `pilot/pkg/networking/core/{listener,httproute}.go` and `route/route.go`.

use std::net::IpAddr;
use std::sync::Arc;

use super::answer::{Answer, Outcome, RetryPolicy};
use super::condition::{Client, View};
use super::destination::{Place, settle};
use super::http;
use super::name;
use super::path::Normalization;
use super::protocol::PortProtocol;
use super::reason::Reason;
use super::registry::Entry;
use super::request::{Request, RequestProtocol, SourceKind};
use super::rule::{MESH, RuleSet};
use super::scope::Scope;
use super::selection::{Candidate, Log, candidates, first};
use super::{Proxy, Router};

/// The port whose table keeps rules for hosts that no service has.
const LEGACY_PORT: u16 = 80;

/// One question to a sidecar.
pub struct Mesh<'a> {
    pub router: &'a Router,
    pub request: &'a Request,
    pub proxy: &'a Proxy,
    pub scope: &'a Scope<'a>,
    pub address: Option<IpAddr>,
    pub rules: Vec<&'a RuleSet>,
    pub log: Log,
    /// Hosts that the request turned out to be for.
    pub hosts: Vec<Arc<str>>,
}

/// Who holds the virtual host.
enum Holder<'a> {
    Rules(Vec<Candidate<'a>>),
    Service(&'a Entry),
}

/// A virtual host that could take the request: the smallest is Envoy's choice.
type Rank = (bool, usize, usize, bool);

impl<'a> Mesh<'a> {
    pub fn new(
        router: &'a Router,
        request: &'a Request,
        proxy: &'a Proxy,
        scope: &'a Scope<'a>,
    ) -> Self {
        let rules = scope.listener(request.port).map(|l| scope.rules(l)).unwrap_or_default();
        Self {
            router,
            request,
            proxy,
            scope,
            address: request.address,
            rules,
            log: Log::default(),
            hosts: Vec::new(),
        }
    }

    pub fn answer(mut self) -> Answer {
        let host = name::without_port(&self.request.host);
        if self.address.is_none() {
            self.address = host.parse().ok();
        }
        let dialled = self.dialled(&host);
        if self.address.is_none() {
            self.address = dialled.and_then(|entry| entry.addresses.first().copied());
        }
        let mut answer = self.by_listener(&host, dialled);
        let taken = answer.rule.clone();
        self.bystanders(&host);
        answer.not_matched = self.log.into_entries();
        answer.not_matched.retain(|entry| taken.as_ref() != Some(&entry.rule));
        answer
    }

    fn by_listener(&mut self, host: &str, dialled: Option<&'a Entry>) -> Answer {
        let port = self.request.port;
        let declared = dialled.and_then(|entry| entry.port(port).map(|p| (entry, p.protocol)));
        match declared {
            Some((entry, PortProtocol::Auto)) if self.request.protocol.is_plain_http() => {
                self.auto_detected(entry)
            }
            Some((entry, PortProtocol::Auto | PortProtocol::Tcp | PortProtocol::Tls))
                if Self::has_own_listener(entry) =>
            {
                self.connection(Some(entry))
            }
            _ if self.has_http_listener() => {
                if self.request.protocol.is_plain_http() {
                    self.http_table(host)
                } else {
                    self.not_http();
                    self.unknown(None)
                }
            }
            _ => self.connection(None),
        }
    }

    /// A listener of its own: bound to an address, or for the pods of a headless service.
    fn has_own_listener(entry: &Entry) -> bool {
        !entry.addresses.is_empty() || entry.is_headless()
    }

    /// The service whose listener the connection reaches, by the address dialled or, where that
    /// is not known, by the name.
    fn dialled(&self, host: &str) -> Option<&'a Entry> {
        let port = self.request.port;
        if let Some(address) = self.address {
            let listener = self.scope.listener(port)?;
            let visible = |entry: &&Entry| {
                self.scope.exported(entry)
                    && listener.imports_service(entry)
                    && entry.port(port).is_some()
            };
            let by_address = self.router.registry.of_address(address).filter(visible);
            return self.scope.best(by_address).or_else(|| {
                let pod = self.router.endpoints.pod_of_address(&address.to_string())?;
                let headless = self.router.registry.of_port(port).filter(visible).filter(|entry| {
                    entry.is_headless()
                        && entry.namespace == pod.meta.namespace
                        && selects(entry, &pod.meta.labels)
                });
                self.scope.best(headless)
            });
        }
        names(host, &self.proxy.source.namespace)
            .iter()
            .find_map(|full| self.scope.service(full, port).or_else(|| self.alias(full)))
    }

    fn alias(&self, host: &str) -> Option<&'a Entry> {
        let visible = self.router.registry.of_alias(host).filter(|e| self.scope.exported(e));
        self.scope.best(visible)
    }

    fn has_http_listener(&self) -> bool {
        let port = self.request.port;
        let Some(listener) = self.scope.listener(port) else { return false };
        self.router.registry.of_port(port).any(|entry| {
            let protocol = entry.port(port).map(|p| p.protocol);
            let unbound = entry.addresses.is_empty() && !entry.is_headless();
            (protocol == Some(PortProtocol::Http)
                || (protocol == Some(PortProtocol::Auto) && unbound))
                && self.scope.exported(entry)
                && listener.imports_service(entry)
        })
    }

    pub fn client(&self) -> Client<'a> {
        Client {
            kind: SourceKind::Sidecar,
            namespace: &self.proxy.source.namespace,
            labels: &self.proxy.labels,
            gateway: MESH,
            port: u32::from(self.request.port),
        }
    }

    pub fn place(&self, only_port: bool, from_route: bool) -> Place<'a> {
        Place {
            router: self.router,
            proxy: self.proxy,
            scope: self.scope,
            port: self.request.port,
            address: self.address,
            only_port,
            from_route,
        }
    }

    fn not_http(&mut self) {
        if self.request.protocol == RequestProtocol::Tcp || !self.request.protocol.is_plain_http() {
            for set in self.rules.clone() {
                if set.hosts.iter().any(|host| self.names_request(host)) {
                    let text = "the port is declared as HTTP and the bytes are not HTTP";
                    self.log.add_set(set, Reason::RequestNotHttp, text);
                }
            }
        }
    }

    fn names_request(&self, host: &str) -> bool {
        let asked = name::without_port(&self.request.host);
        names(&asked, &self.proxy.source.namespace).iter().any(|full| name::covers(host, full))
    }

    /// Passthrough, or refusal where only known services may be called; `status` is what an
    /// HTTP table answers with.
    pub fn unknown(&self, status: Option<u16>) -> Answer {
        let own = self.scope.sidecar.and_then(|s| s.spec.outbound_traffic_policy.as_ref());
        let mesh = self.router.objects.mesh_config.outbound_traffic_policy.as_ref();
        if own.or(mesh).is_some_and(|policy| policy.mode == "REGISTRY_ONLY") {
            Answer::new(self.request, Outcome::Blackhole, status)
        } else {
            Answer::new(self.request, Outcome::Passthrough, None)
        }
    }

    /// The one virtual host of a port whose protocol is detected: the Host header is not asked.
    fn auto_detected(&mut self, entry: &'a Entry) -> Answer {
        self.hosts.push(Arc::clone(&entry.host));
        if let Some(answer) = invalid_target(self.request) {
            return answer;
        }
        match self.owner(entry) {
            Some((_, routes)) => self.routes(&routes),
            None => self.default_route(entry),
        }
    }

    /// The table of a port declared as HTTP: the Host header chooses the virtual host.
    fn http_table(&mut self, host: &str) -> Answer {
        if let Some(answer) = invalid_target(self.request) {
            return answer;
        }
        let mut claims: Vec<(Rank, Holder<'a>)> = Vec::new();
        for (entry, wildcard) in self.named_services(host) {
            self.hosts.push(Arc::clone(&entry.host));
            let exact = *entry.host == *host;
            let (order, holder) = match self.owner(entry) {
                Some((order, routes)) => (order, Holder::Rules(routes)),
                None => (usize::MAX, Holder::Service(entry)),
            };
            let length = usize::MAX - wildcard.unwrap_or_default();
            claims.push(((wildcard.is_some(), length, order, !exact), holder));
        }
        claims.extend(self.literal_hosts(host));
        // Stable: of equal claims the first one holds the host.
        claims.sort_by_key(|(rank, _)| *rank);
        let mut claims = claims.into_iter();
        let chosen = claims.next();
        if let Some(chosen) = &chosen {
            self.beaten(chosen, claims, host);
        }
        match chosen {
            Some((_, Holder::Rules(routes))) => self.routes(&routes),
            Some((_, Holder::Service(entry))) => self.default_route(entry),
            None => {
                let mut answer = self.unknown(Some(502));
                if answer.outcome == Outcome::Passthrough {
                    answer.actions.retries = Some(RetryPolicy::default());
                }
                answer
            }
        }
    }

    /// Rules that claim a host which another holder has.
    fn beaten(
        &mut self,
        (rank, holder): &(Rank, Holder<'a>),
        others: impl Iterator<Item = (Rank, Holder<'a>)>,
        host: &str,
    ) {
        let held = match holder {
            Holder::Rules(routes) => routes.as_slice(),
            Holder::Service(_) => &[],
        };
        for (other, claim) in others {
            let Holder::Rules(routes) = claim else { continue };
            let equal = (other.0, other.1) == (rank.0, rank.1) && !held.is_empty();
            let (reason, text) = if equal {
                (Reason::LostHostToEarlierRule, lost(held))
            } else {
                let text = format!("something else names {host} more specifically");
                (Reason::ShadowedByMoreSpecificHost, text)
            };
            for route in routes {
                if !held.iter().any(|known| std::ptr::eq(known.rule, route.rule)) {
                    self.log.add(&route.rule.reference, (reason, text.clone()));
                }
            }
        }
    }

    /// A service with HTTP on the port of the call.
    fn registered(&self, host: &str) -> Option<&'a Entry> {
        let entry = self.scope.service(host, self.request.port)?;
        let port = entry.port(self.request.port)?;
        port.protocol.is_http_or_auto().then_some(entry)
    }

    /// Services one of whose names the host is; with the length of the wildcard it fits, if
    /// it fits only that.
    fn named_services(&self, host: &str) -> Vec<(&'a Entry, Option<usize>)> {
        let own = &self.proxy.source.namespace;
        let mut found: Vec<(&'a Entry, Option<usize>)> = Vec::new();
        let mut add = |entry: Option<&'a Entry>, wildcard: Option<usize>| {
            if let Some(entry) = entry
                && found.iter().all(|(known, _)| !std::ptr::eq(*known, entry))
            {
                found.push((entry, wildcard));
            }
        };
        let known = |full: &str| {
            self.registered(full).or_else(|| {
                let target = self.alias(full)?;
                self.registered(&target.host)
            })
        };
        for full in names(host, own) {
            add(known(&full), None);
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            for entry in self.router.registry.of_address(address) {
                add(self.registered(&entry.host), None);
            }
        }
        let mut rest = host;
        while let Some((_, tail)) = rest.split_once('.') {
            for full in names(tail, own) {
                add(known(&full).filter(|entry| entry.is_headless()), Some(tail.len()));
            }
            add(self.registered(&format!("*.{tail}")), Some(tail.len()));
            rest = tail;
        }
        found
    }

    /// The rules that own a service's virtual host: the first set with its exact host that has
    /// any route left; a wildcard only where no set has the exact host.
    pub fn owner(&mut self, entry: &Entry) -> Option<(usize, Vec<Candidate<'a>>)> {
        let client = self.client();
        let exact: Vec<(usize, &'a RuleSet)> = (self.rules.iter().copied().enumerate())
            .filter(|(_, set)| set.hosts.contains(&entry.host))
            .collect();
        let mut winner: Option<(usize, Vec<Candidate<'a>>)> = None;
        for (order, set) in &exact {
            if let Some((_, routes)) = &winner {
                self.log.add_set(set, Reason::LostHostToEarlierRule, &lost(routes));
                continue;
            }
            let routes = candidates(set, &client, &mut self.log);
            if !routes.is_empty() {
                winner = Some((*order, routes));
            }
        }
        let mut covering: Vec<(usize, usize, &'a RuleSet)> = Vec::new();
        for (order, set) in self.rules.iter().copied().enumerate().filter(|(_, s)| !s.from_route) {
            let wildcards =
                set.hosts.iter().filter(|h| name::is_wildcard(h) && name::covers(h, &entry.host));
            if let Some(longest) = wildcards.map(|host| host.len()).max() {
                covering.push((usize::MAX - longest, order, set));
            }
        }
        covering.sort_by_key(|(length, order, _)| (*length, *order));
        let mut covering = covering.into_iter();
        if exact.is_empty()
            && let Some((_, order, set)) = covering.next()
        {
            let routes = candidates(set, &client, &mut self.log);
            winner = (!routes.is_empty()).then_some((order, routes));
        }
        for (_, _, set) in covering {
            let text = format!("another rule names {} more specifically", entry.host);
            self.log.add_set(set, Reason::ShadowedByMoreSpecificHost, &text);
        }
        winner
    }

    /// Virtual hosts of names that no service has: on the legacy port, and where the same rules
    /// also have a service on this port.
    fn literal_hosts(&mut self, host: &str) -> Vec<(Rank, Holder<'a>)> {
        let client = self.client();
        let mut claims = Vec::new();
        for (order, set) in self.rules.clone().into_iter().enumerate() {
            for own in set.hosts.iter().filter(|own| name::covers(own, host)) {
                let wildcard = name::is_wildcard(own);
                let taken = if wildcard && !set.from_route {
                    self.any_service_below(own)
                } else {
                    self.registered(own).is_some()
                };
                let with_service = || {
                    set.hosts.iter().any(|h| {
                        if name::is_wildcard(h) {
                            self.any_service_below(h)
                        } else {
                            self.registered(h).is_some()
                        }
                    })
                };
                if taken || (self.request.port != LEGACY_PORT && !with_service()) {
                    continue;
                }
                let routes = candidates(set, &client, &mut self.log);
                if !routes.is_empty() {
                    self.hosts.push(Arc::clone(own));
                    let length = if wildcard { usize::MAX - (own.len() - 1) } else { usize::MAX };
                    claims.push(((wildcard, length, order, false), Holder::Rules(routes)));
                }
            }
        }
        claims
    }

    fn any_service_below(&self, wildcard: &str) -> bool {
        let port = self.request.port;
        let below = self.router.registry.of_port(port).filter(|e| name::covers(wildcard, &e.host));
        below.into_iter().any(|entry| self.registered(&entry.host).is_some())
    }

    fn routes(&mut self, routes: &[Candidate<'a>]) -> Answer {
        let normalization = self.router.normalization();
        let view = View::new(self.request, normalization);
        match first(routes, &view, &mut self.log) {
            Some(won) => {
                let place = self.place(false, won.set.from_route);
                http::act(&place, self.request, &view, &won)
            }
            None => Answer::new(self.request, Outcome::NotFound, Some(404)),
        }
    }

    fn default_route(&self, entry: &Entry) -> Answer {
        let mut answer = Answer::new(self.request, Outcome::Routed, None);
        answer.actions.retries = Some(http::default_retries(&self.router.objects.mesh_config));
        let place = self.place(false, false);
        settle(&mut answer, vec![place.whole(entry, self.request.port)]);
        answer
    }
}

fn lost(routes: &[Candidate<'_>]) -> String {
    let first = routes.first().map(|route| route.set.reference.to_string()).unwrap_or_default();
    format!("{first} comes first and holds the host alone")
}

/// A request target with a fragment is refused before any route is looked at.
pub fn invalid_target(request: &Request) -> Option<Answer> {
    request.path.contains('#').then(|| Answer::new(request, Outcome::DirectResponse, Some(400)))
}

fn selects(entry: &Entry, labels: &crate::mesh::object::Labels) -> bool {
    match &entry.backing {
        super::registry::Backing::Service(service) => {
            let selector = &service.spec.selector;
            !selector.is_empty() && crate::mesh::core::covers(selector, labels)
        }
        super::registry::Backing::Entries(_) => false,
    }
}

/// The full names that a host may stand for: itself, and the short forms of Kubernetes' names;
/// the bare name in the client's own namespace only.
pub fn names(host: &str, own: &str) -> Vec<String> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    let mut out = vec![bare.to_owned()];
    if bare.parse::<IpAddr>().is_ok() {
        return out;
    }
    match bare.split('.').collect::<Vec<_>>().as_slice() {
        [_] => out.push(name::service(bare, own)),
        [service, namespace] | [service, namespace, "svc"] => {
            out.push(name::service(service, namespace));
        }
        _ => {}
    }
    out
}

impl Router {
    pub(super) fn normalization(&self) -> Normalization {
        let configured = self.objects.mesh_config.path_normalization.as_ref();
        configured.map(|c| Normalization::parse(&c.normalization)).unwrap_or_default()
    }
}
