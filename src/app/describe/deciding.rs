//! Which objects decide where requests to a service go.

use crate::mesh::config::gateway_api::{BackendRef, ParentRef};
use crate::mesh::config::virtual_service::{Destination, VirtualService};
use crate::mesh::host::{service_named, service_of};
use crate::mesh::object::Key;
use crate::mesh::{ObjectRef, Objects};

/// The objects that speak of a service, those that decide first: VirtualServices and routes that
/// own its host, then those that send to it from another host, then DestinationRules.
pub(super) fn deciding(objects: &Objects, service: &Key) -> Vec<ObjectRef> {
    let mine = (&*service.namespace, &*service.name);
    let speaks = |host: &str, namespace: &str| service_named(namespace, host) == mine;
    let owns = |vs: &VirtualService, namespace: &str| {
        vs.spec.hosts.iter().any(|host| speaks(host, namespace))
    };
    let of_mesh = objects.virtual_services.values();
    let (own, others): (Vec<_>, Vec<_>) =
        of_mesh.partition(|vs| owns(&vs.body, &vs.meta.namespace));
    let sends = |vs: &VirtualService, namespace: &str| {
        destinations(vs).any(|to| speaks(&to.host, namespace))
    };
    let routes = objects.http_routes.values().filter(|route| {
        let namespace = &route.meta.namespace;
        let mut backends = route.spec.rules.iter().flat_map(|rule| &rule.backend_refs);
        route.spec.parent_refs.iter().any(|parent| is_parent(parent, namespace, service))
            || backends.any(|backend| is_backend(backend, namespace, service))
    });
    let rules = objects.destination_rules.values();
    let own = own.into_iter().map(|vs| vs.reference());
    own.chain(routes.map(|route| route.reference()))
        .chain(
            others
                .into_iter()
                .filter(|vs| sends(&vs.body, &vs.meta.namespace))
                .map(|vs| vs.reference()),
        )
        .chain(
            rules
                .filter(|rule| speaks(&rule.spec.host, &rule.meta.namespace))
                .map(|rule| rule.reference()),
        )
        .collect()
}

/// The service that a host of telemetry means.
pub(super) fn service_at(host: &str) -> Option<Key> {
    service_of(host).map(|(name, namespace)| Key::new(namespace, name))
}

fn destinations(vs: &VirtualService) -> impl Iterator<Item = &Destination> {
    let http = vs.spec.http.iter().flat_map(|route| &route.route).map(|to| &to.destination);
    let tcp = vs.spec.tcp.iter().flat_map(|route| &route.route);
    let tls = vs.spec.tls.iter().flat_map(|route| &route.route);
    http.chain(tcp.chain(tls).map(|to| &to.destination))
}

fn is_parent(parent: &ParentRef, namespace: &str, service: &Key) -> bool {
    parent.kind.as_deref() == Some("Service")
        && parent.name == *service.name
        && parent.namespace.as_deref().unwrap_or(namespace) == &*service.namespace
}

fn is_backend(backend: &BackendRef, namespace: &str, service: &Key) -> bool {
    backend.kind.as_deref().is_none_or(|kind| kind == "Service")
        && backend.name == *service.name
        && backend.namespace.as_deref().unwrap_or(namespace) == &*service.namespace
}

/// The routes of a VirtualService in words: where each sends to, and with which weights.
pub(super) fn weights(vs: &VirtualService) -> Vec<String> {
    let routes = vs.spec.http.iter().filter(|route| !route.route.is_empty());
    routes
        .map(|route| {
            let total: i32 = route.route.iter().map(|to| to.weight).sum();
            let each = route.route.iter().map(|to| {
                let subset = &to.destination.subset;
                let name = if subset.is_empty() { &to.destination.host } else { subset };
                if total > 0 {
                    format!("{name} {}%", to.weight * 100 / total)
                } else {
                    name.clone()
                }
            });
            let each = each.collect::<Vec<_>>().join(" · ");
            if route.matches.is_empty() { each } else { format!("if it matches: {each}") }
        })
        .collect()
}
