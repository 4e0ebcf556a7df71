//! The Gateway API's Gateways: listeners, the HTTPRoutes attached to them, and their URLs.

use std::sync::Arc;

use super::address::{Base, Front, ReachableBy};
use super::{GatewayRoute, GatewayView, PathMatch, url};
use crate::mesh::Scope;
use crate::mesh::config::gateway_api::{HttpRouteMatch, HttpRouteRule, Listener, ParentRef};
use crate::mesh::config::{HttpRoute, K8sGateway};
use crate::mesh::host;
use crate::mesh::object::Resource;
use crate::mesh::objects::Objects;

/// Classes whose gateways are not entrances from outside.
const INTERNAL: &[&str] = &["istio-waypoint", "istio-east-west", "istio-remote"];

pub(super) fn views(objects: &Objects, scope: &Scope) -> Vec<GatewayView> {
    let asked = objects.k8s_gateways.values().filter(|g| scope.contains(&g.meta.namespace));
    asked
        .filter(|g| !INTERNAL.contains(&g.spec.gateway_class_name.as_str()))
        .map(|gateway| view(gateway, objects))
        .collect()
}

fn view(gateway: &Resource<K8sGateway>, objects: &Objects) -> GatewayView {
    let front = front(gateway, objects);
    let mut view = GatewayView {
        namespace: Arc::clone(&gateway.meta.namespace),
        name: Arc::clone(&gateway.meta.name),
        kind: "Gateway",
        group: "gateway.networking.k8s.io",
        service: front.as_ref().map(|front| front.service.key().to_string()),
        ingress_host: None,
        gateway_url: None,
        secure_gateway_url: None,
        reachable_by: ReachableBy::None,
        note: String::new(),
        routes: Vec::new(),
    };
    for listener in &gateway.spec.listeners {
        let base = open(gateway, listener, front.as_ref(), objects, &mut view);
        view.routes.extend(routes(gateway, listener, base.as_ref(), objects));
    }
    view
}

/// The Service in front of a gateway: the one Istio makes for it (label), or by the names it
/// gives (`<gateway>-<class>`).
fn front<'a>(gateway: &Resource<K8sGateway>, objects: &'a Objects) -> Option<Front<'a>> {
    let meta = &gateway.meta;
    let made = format!("{}-{}", meta.name, gateway.spec.gateway_class_name);
    let name = meta.annotation("gateway.istio.io/name-override").unwrap_or(&made);
    let local = || objects.services.values().filter(|s| s.meta.namespace == meta.namespace);
    let labelled = local()
        .find(|s| s.meta.label("gateway.networking.k8s.io/gateway-name") == Some(&*meta.name));
    labelled.or_else(|| local().find(|s| &*s.meta.name == name)).map(|s| Front::of(s))
}

fn open(
    gateway: &Resource<K8sGateway>,
    listener: &Listener,
    front: Option<&Front<'_>>,
    objects: &Objects,
    view: &mut GatewayView,
) -> Option<Base> {
    let scheme = match listener.protocol.as_str() {
        "HTTP" => "http",
        "HTTPS" => "https",
        "TLS" if listener.tls.as_ref().is_some_and(|tls| tls.mode == "Passthrough") => "https",
        _ => return None,
    };
    // A name inside the cluster is no address for anybody outside.
    let outside = gateway.status.addresses.iter().find(|a| !a.value.contains(".svc."));
    let (reachable, address, note) = match (outside, front) {
        (Some(address), _) => (
            ReachableBy::LoadBalancer,
            Some((address.value.clone(), listener.port)),
            "address in the gateway's status".to_owned(),
        ),
        (None, Some(front)) => front.entrance(u32::from(listener.port)).map_or_else(
            || (ReachableBy::None, None, format!("its Service has no port {}", listener.port)),
            |entrance| front.address(entrance, objects),
        ),
        (None, None) => (ReachableBy::None, None, not_programmed(gateway)),
    };
    if view.ingress_host.is_none() {
        view.reachable_by = reachable;
        view.note = note;
    }
    let (host, port) = address?;
    let slot = if scheme == "http" { &mut view.gateway_url } else { &mut view.secure_gateway_url };
    slot.get_or_insert_with(|| format!("{host}:{port}"));
    view.ingress_host.get_or_insert_with(|| host.clone());
    Some(Base { scheme, host, port })
}

/// Why a gateway without address and without Service has none.
fn not_programmed(gateway: &Resource<K8sGateway>) -> String {
    let said =
        gateway.status.conditions.iter().find(|c| c.kind == "Programmed" && c.status != "True");
    said.map_or_else(
        || "no address and no Service: is its class installed?".to_owned(),
        |condition| format!("not programmed: {} {}", condition.reason, condition.message),
    )
}

/// Whether a route names this gateway, and this listener of it if it names one.
fn attaches(
    route: &Resource<HttpRoute>,
    parent: &ParentRef,
    gateway: &Resource<K8sGateway>,
    listener: &Listener,
) -> bool {
    parent.kind.as_deref().unwrap_or("Gateway") == "Gateway"
        && parent.name == *gateway.meta.name
        && parent.namespace.as_deref().unwrap_or(&route.meta.namespace) == &*gateway.meta.namespace
        && parent.section_name.as_ref().is_none_or(|section| *section == listener.name)
        && parent.port.is_none_or(|port| port == listener.port)
}

fn routes(
    gateway: &Resource<K8sGateway>,
    listener: &Listener,
    base: Option<&Base>,
    objects: &Objects,
) -> Vec<GatewayRoute> {
    let mut routes = Vec::new();
    for route in objects.http_routes.values() {
        if !route.spec.parent_refs.iter().any(|p| attaches(route, p, gateway, listener)) {
            continue;
        }
        let taken = [listener.hostname.as_deref().unwrap_or("*")];
        let mut hosts: Vec<&str> = route.spec.hostnames.iter().map(String::as_str).collect();
        if hosts.is_empty() {
            hosts.push("*");
        }
        for host in host::intersection(&taken, &hosts) {
            for rule in &route.spec.rules {
                routes.extend(rule_routes(route, rule, host, base));
            }
        }
    }
    routes
}

fn rule_routes(
    route: &Resource<HttpRoute>,
    rule: &HttpRouteRule,
    host: &str,
    base: Option<&Base>,
) -> Vec<GatewayRoute> {
    let everything = [HttpRouteMatch::default()];
    let matches = if rule.matches.is_empty() { &everything[..] } else { rule.matches.as_slice() };
    let build = |condition: &HttpRouteMatch| {
        let written = condition.path.as_ref();
        let path = written.and_then(|p| p.value.clone()).unwrap_or_else(|| "/".to_owned());
        let path_match = match written.map(|p| p.kind.as_str()) {
            Some("Exact") => PathMatch::Exact,
            Some("RegularExpression") => PathMatch::Regex,
            _ => PathMatch::Prefix,
        };
        GatewayRoute {
            url: url(base, host, &path, path_match),
            host: host.to_owned(),
            path,
            path_match,
            destination: destination(rule),
            conditional: !condition.headers.is_empty()
                || !condition.query_params.is_empty()
                || condition.method.is_some(),
            rule: route.key().to_string(),
        }
    };
    matches.iter().map(build).collect()
}

fn destination(rule: &HttpRouteRule) -> String {
    if rule.filters.iter().any(|filter| filter.kind == "RequestRedirect") {
        return "redirect".to_owned();
    }
    let total: u32 = rule.backend_refs.iter().map(|backend| backend.weight.unwrap_or(1)).sum();
    let words = rule.backend_refs.iter().map(|backend| {
        let port = backend.port.map(|port| format!(":{port}")).unwrap_or_default();
        let weight = backend.weight.unwrap_or(1);
        let share = if rule.backend_refs.len() > 1 && total > 0 {
            format!(" {:.0}%", f64::from(weight) * 100.0 / f64::from(total))
        } else {
            String::new()
        };
        format!("{}{port}{share}", backend.name)
    });
    words.collect::<Vec<_>>().join(", ")
}
