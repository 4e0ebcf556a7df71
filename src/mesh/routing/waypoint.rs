//! A request that a waypoint decides: the rules of its service, appended in order.
//!
//! Istio, `pilot/pkg/networking/core/listener_waypoint.go`.

use super::answer::{Answer, Outcome};
use super::condition::{Client, View};
use super::destination::{Place, settle};
use super::http;
use super::mesh::{invalid_target, names};
use super::name;
use super::protocol::PortProtocol;
use super::reason::Reason;
use super::registry::Entry;
use super::request::{Request, SourceKind};
use super::rule::{MESH, RuleSet};
use super::scope::Scope;
use super::selection::{Candidate, Log, candidates, first};
use super::{Proxy, Router};

/// The service a request is for: by the address dialled, else by the name.
pub fn service<'a>(
    router: &'a Router,
    scope: &Scope<'a>,
    request: &Request,
    own: &str,
) -> Option<&'a Entry> {
    let host = name::without_port(&request.host);
    let address = request.address.or_else(|| host.parse().ok());
    if let Some(address) = address {
        let known = router.registry.of_address(address).filter(|entry| scope.exported(entry));
        return scope.best(known);
    }
    names(&host, own).iter().find_map(|full| scope.cluster(full))
}

/// Answers for a waypoint.
pub fn answer(router: &Router, request: &Request, proxy: &Proxy, scope: &Scope<'_>) -> Answer {
    let own = &proxy.source.namespace;
    let Some(entry) = service(router, scope, request, own) else {
        return Answer::new(request, Outcome::NotFound, None);
    };
    let Some(port) = entry.port(request.port) else {
        return Answer::new(request, Outcome::NotFound, None);
    };
    let mut log = Log::default();
    let sets = sets(router, scope, entry, own, &mut log);
    let place = Place {
        router,
        proxy,
        scope,
        port: request.port,
        address: request.address,
        only_port: true,
        from_route: false,
    };
    let is_http = port.protocol == PortProtocol::Http
        || (port.protocol == PortProtocol::Auto && request.protocol.is_http());
    if !is_http {
        for set in sets {
            log.add_set(set, Reason::ProtocolNotHttp, "the port is not HTTP");
        }
        let mut answer = straight(request, &place, entry);
        answer.status = None;
        answer.not_matched = log.into_entries();
        return answer;
    }
    if let Some(answer) = invalid_target(request) {
        return answer;
    }
    let mut answer = by_rules(&place, request, entry, &sets, &mut log);
    answer.not_matched = log.into_entries();
    let taken = answer.rule.clone();
    answer.not_matched.retain(|rule| taken.as_ref() != Some(&rule.rule));
    answer
}

/// The routes of all sets, appended; the service itself where there is no set.
fn by_rules(
    place: &Place<'_>,
    request: &Request,
    entry: &Entry,
    sets: &[&RuleSet],
    log: &mut Log,
) -> Answer {
    let mesh = &place.router.objects.mesh_config;
    if sets.is_empty() {
        let mut answer = straight(request, place, entry);
        answer.actions.retries = Some(http::default_retries(mesh));
        return answer;
    }
    let client = Client {
        kind: SourceKind::Waypoint,
        namespace: &place.proxy.source.namespace,
        labels: &place.proxy.labels,
        gateway: MESH,
        port: u32::from(request.port),
    };
    let mut routes: Vec<Candidate<'_>> = Vec::new();
    for set in sets {
        routes.extend(candidates(set, &client, log));
    }
    let view = View::new(request, place.router.normalization());
    match first(&routes, &view, log) {
        Some(won) => {
            let place = Place { from_route: won.set.from_route, ..place.clone() };
            http::act(&place, request, &view, &won)
        }
        None => Answer::new(request, Outcome::NotFound, Some(404)),
    }
}

fn straight(request: &Request, place: &Place<'_>, entry: &Entry) -> Answer {
    let mut answer = Answer::new(request, Outcome::Routed, None);
    settle(&mut answer, vec![place.whole(entry, request.port)]);
    answer
}

/// Rules for the mesh whose host overlaps the service, of the service's namespace or the
/// waypoint's.
pub fn sets<'a>(
    router: &'a Router,
    scope: &Scope<'a>,
    entry: &Entry,
    own: &str,
    log: &mut Log,
) -> Vec<&'a RuleSet> {
    let overlaps = |set: &&RuleSet| set.hosts.iter().any(|host| name::overlap(host, &entry.host));
    let mut out = Vec::new();
    for set in scope.ordered(router.mesh_rules().filter(overlaps)) {
        let home = &set.reference.namespace;
        if *home == entry.namespace || **home == *own {
            out.push(set);
        } else {
            let text = format!("a waypoint uses rules of {} and {own} only", entry.namespace);
            log.add_set(set, Reason::RouteNamespaceNotAllowed, &text);
        }
    }
    for set in router.all_rules().iter().filter(overlaps) {
        if !set.gateways.iter().any(|gateway| **gateway == *MESH) {
            let text = format!("is bound to {} and not to the mesh", set.gateways.join(", "));
            log.add_set(set, Reason::VsNotBoundToGateway, &text);
        } else if !scope.sees(set) {
            log.add_set(set, Reason::VsNotExported, "is not visible to the waypoint's namespace");
        }
    }
    out
}
