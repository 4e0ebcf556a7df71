//! Backends of Gateway API routes: names, weights, and whether a reference may be followed.

use crate::mesh::config::gateway_api::BackendRef;
use crate::mesh::object::in_namespace;
use crate::mesh::routing::name;
use crate::mesh::routing::reason::Reason;
use crate::mesh::routing::rule::Target;
use crate::mesh::{Kind, Objects};

use super::GROUP;
use super::convert::header_changes;

/// The targets of a rule; those of weight 0 are left out.
pub fn targets(
    objects: &Objects,
    refs: &[BackendRef],
    namespace: &str,
    route: Kind,
    mesh: bool,
) -> Vec<Target> {
    refs.iter()
        .map(|backend| target(objects, backend, namespace, route, mesh))
        .filter(|target| target.weight > 0)
        .collect()
}

/// One target. A grant is asked for between namespaces, except below a mesh parent.
pub fn target(
    objects: &Objects,
    backend: &BackendRef,
    namespace: &str,
    route: Kind,
    mesh: bool,
) -> Target {
    let group = backend.group.as_deref().unwrap_or("");
    let kind = backend.kind.as_deref().unwrap_or("Service");
    let home = backend.namespace.as_deref().unwrap_or(namespace);
    let (host, unknown) = match (group, kind) {
        ("", "Service") => (name::service(&backend.name, home), false),
        ("networking.istio.io", "Hostname") => (backend.name.to_lowercase(), false),
        _ => (backend.name.clone(), true),
    };
    let refused = if unknown {
        Some((Reason::ReferenceRefused, format!("a backend of kind {kind} is not known")))
    } else if !mesh && home != namespace && !granted(objects, backend, namespace, home, route) {
        let text = format!("no ReferenceGrant in {home} lets a {route} of {namespace} refer to it");
        Some((Reason::ReferenceRefused, text))
    } else {
        None
    };
    Target {
        host: host.into(),
        subset: None,
        port: backend.port,
        weight: backend.weight.unwrap_or(1),
        headers: header_changes(&backend.filters),
        refused,
        authority: None,
    }
}

fn granted(objects: &Objects, backend: &BackendRef, from: &str, to: &str, route: Kind) -> bool {
    let kind = backend.kind.as_deref().unwrap_or("Service");
    let group = backend.group.as_deref().unwrap_or("");
    in_namespace(&objects.reference_grants, to).map(|grant| &grant.spec).any(|grant| {
        let from_fits = grant.from.iter().any(|entry| {
            entry.group == GROUP && entry.kind == route.info().name && entry.namespace == from
        });
        let to_fits = grant.to.iter().any(|entry| {
            let named = entry.name.as_deref().filter(|name| !name.is_empty());
            entry.group == group
                && entry.kind == kind
                && named.is_none_or(|name| name == backend.name)
        });
        from_fits && to_fits
    })
}
