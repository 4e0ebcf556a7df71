//! Istio's Gateways: servers, the VirtualServices bound to them, and their URLs.

use std::sync::Arc;

use super::address::{Base, Front, ReachableBy, fronts};
use super::{GatewayRoute, GatewayView, PathMatch, url};
use crate::mesh::Scope;
use crate::mesh::config::gateway::Server;
use crate::mesh::config::virtual_service::{HttpMatch, HttpRoute, StringMatch};
use crate::mesh::config::{Gateway, VirtualService};
use crate::mesh::host;
use crate::mesh::object::Resource;
use crate::mesh::objects::Objects;

pub(super) fn views(objects: &Objects, scope: &Scope) -> Vec<GatewayView> {
    let asked = objects.gateways.values().filter(|g| scope.contains(&g.meta.namespace));
    asked.map(|gateway| view(gateway, objects)).collect()
}

fn view(gateway: &Resource<Gateway>, objects: &Objects) -> GatewayView {
    let fronts = fronts(objects, &gateway.spec.selector);
    let mut view = GatewayView {
        namespace: Arc::clone(&gateway.meta.namespace),
        name: Arc::clone(&gateway.meta.name),
        kind: "Gateway",
        group: "networking.istio.io",
        service: fronts.first().map(|front| front.service.key().to_string()),
        ingress_host: None,
        gateway_url: None,
        secure_gateway_url: None,
        reachable_by: ReachableBy::None,
        note: String::new(),
        routes: Vec::new(),
    };
    if fronts.is_empty() {
        let labels: Vec<String> =
            gateway.spec.selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
        view.note = format!(
            "no Service leads to a pod with {}: install a gateway with these labels",
            labels.join(",")
        );
    }
    for server in &gateway.spec.servers {
        let base = open(server, &fronts, objects, &mut view);
        view.routes.extend(routes(gateway, server, base.as_ref(), objects));
    }
    view
}

/// Scheme of a server as a browser would use it; `None` for servers without URLs.
fn scheme(server: &Server) -> Option<&'static str> {
    let mode = server.tls.as_ref().map_or("", |tls| tls.mode.as_str());
    match server.port.protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => Some("http"),
        "HTTPS" | "TLS" if matches!(mode, "AUTO_PASSTHROUGH" | "ISTIO_MUTUAL") => None,
        "HTTPS" => Some("https"),
        "TLS" if mode == "PASSTHROUGH" => Some("https"),
        _ => None,
    }
}

/// Finds the entrance of a server and notes the address in the view.
fn open(
    server: &Server,
    fronts: &[Front<'_>],
    objects: &Objects,
    view: &mut GatewayView,
) -> Option<Base> {
    let scheme = scheme(server)?;
    let entered = fronts.iter().find_map(|f| Some((f, f.entrance(server.port.number)?)));
    let Some((front, entrance)) = entered else {
        if !fronts.is_empty() && view.note.is_empty() {
            view.note = format!("no port of its Service leads to port {}", server.port.number);
        }
        return None;
    };
    let (reachable, address, note) = front.address(entrance, objects);
    if view.ingress_host.is_none() {
        view.service = Some(front.service.key().to_string());
        view.reachable_by = reachable;
        view.note = note;
    }
    let (host, port) = address?;
    let joined =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let slot = if scheme == "http" { &mut view.gateway_url } else { &mut view.secure_gateway_url };
    slot.get_or_insert(joined);
    view.ingress_host.get_or_insert_with(|| host.clone());
    Some(Base { scheme, host, port })
}

/// Hosts that a server takes from VirtualServices of a namespace: `ns/host`, `./host`,
/// `*/host` or a bare host.
fn server_hosts<'a>(server: &'a Server, gateway_namespace: &str, namespace: &str) -> Vec<&'a str> {
    let taken = server.hosts.iter().filter_map(|entry| match entry.split_once('/') {
        None => Some(entry.as_str()),
        Some(("*", host)) => Some(host),
        Some((".", host)) => (gateway_namespace == namespace).then_some(host),
        Some((wanted, host)) => (wanted == namespace).then_some(host),
    });
    taken.collect()
}

/// Whether a VirtualService names this gateway.
fn binds(service: &Resource<VirtualService>, gateway: &Resource<Gateway>) -> bool {
    service.spec.gateways.iter().any(|written| {
        let (namespace, name) = match written.split_once('/') {
            Some((".", name)) => (&*service.meta.namespace, name),
            Some((namespace, name)) => (namespace, name),
            None => (&*service.meta.namespace, written.as_str()),
        };
        namespace == &*gateway.meta.namespace && name == &*gateway.meta.name
    })
}

fn routes(
    gateway: &Resource<Gateway>,
    server: &Server,
    base: Option<&Base>,
    objects: &Objects,
) -> Vec<GatewayRoute> {
    let mut bound: Vec<_> =
        objects.virtual_services.values().filter(|service| binds(service, gateway)).collect();
    bound
        .sort_by_key(|s| (s.meta.created, Arc::clone(&s.meta.name), Arc::clone(&s.meta.namespace)));
    let mut routes = Vec::new();
    for service in bound {
        let taken = server_hosts(server, &gateway.meta.namespace, &service.meta.namespace);
        let hosts: Vec<&str> = service.spec.hosts.iter().map(String::as_str).collect();
        for host in host::intersection(&taken, &hosts) {
            for route in &service.spec.http {
                routes.extend(http_routes(service, route, host, base));
            }
        }
    }
    routes
}

fn http_routes(
    service: &Resource<VirtualService>,
    route: &HttpRoute,
    host: &str,
    base: Option<&Base>,
) -> Vec<GatewayRoute> {
    let everything = [HttpMatch::default()];
    let matches = if route.matches.is_empty() { &everything[..] } else { route.matches.as_slice() };
    let build = |condition: &HttpMatch| {
        let (path, path_match) = path(condition.uri.as_ref());
        GatewayRoute {
            url: url(base, host, &path, path_match),
            host: host.to_owned(),
            path,
            path_match,
            destination: destination(service, route),
            conditional: is_conditional(condition),
            rule: service.key().to_string(),
        }
    };
    matches.iter().map(build).collect()
}

fn path(uri: Option<&StringMatch>) -> (String, PathMatch) {
    match uri {
        Some(StringMatch { exact: Some(path), .. }) => (path.clone(), PathMatch::Exact),
        Some(StringMatch { regex: Some(pattern), .. }) => (pattern.clone(), PathMatch::Regex),
        Some(StringMatch { prefix: Some(path), .. }) if !path.is_empty() => {
            (path.clone(), PathMatch::Prefix)
        }
        _ => ("/".to_owned(), PathMatch::Prefix),
    }
}

fn is_conditional(condition: &HttpMatch) -> bool {
    !condition.headers.is_empty()
        || !condition.without_headers.is_empty()
        || !condition.query_params.is_empty()
        || condition.method.is_some()
        || condition.authority.is_some()
        || condition.scheme.is_some()
}

/// Where a rule leads, in words of the contract: `reviews:9080 v1 90%, reviews:9080 v2 10%`.
fn destination(service: &Resource<VirtualService>, route: &HttpRoute) -> String {
    if route.redirect.is_some() {
        return "redirect".to_owned();
    }
    if let Some(direct) = &route.direct_response {
        return format!("direct response {}", direct.status);
    }
    if let Some(delegate) = &route.delegate {
        let namespace = match delegate.namespace.as_str() {
            "" => &service.meta.namespace,
            named => named,
        };
        return format!("delegate {namespace}/{}", delegate.name);
    }
    let total: i64 = route.route.iter().map(|to| i64::from(to.weight.max(0))).sum();
    let words = route.route.iter().map(|to| {
        let mut word = to.destination.host.clone();
        if let Some(port) = &to.destination.port {
            word = format!("{word}:{}", port.number);
        }
        if !to.destination.subset.is_empty() {
            word = format!("{word} {}", to.destination.subset);
        }
        if route.route.len() > 1 && total > 0 {
            let percent = f64::from(to.weight.max(0)) * 100.0 / total as f64;
            word = format!("{word} {percent:.0}%");
        }
        word
    });
    words.collect::<Vec<_>>().join(", ")
}
