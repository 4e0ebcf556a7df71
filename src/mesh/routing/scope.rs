//! What a proxy sees: exported services and rules, narrowed by a Sidecar resource.
//!
//! Istio, `pilot/pkg/model/sidecar.go`.

use std::sync::Arc;

use super::name;
use super::registry::Entry;
use super::request::SourceKind;
use super::rule::{Export, RuleSet};
use super::{Proxy, Router};
use crate::mesh::Objects;
use crate::mesh::config::Sidecar;
use crate::mesh::config::sidecar::EgressListener;
use crate::mesh::core::covers;
use crate::mesh::object::{Labels, Resource, in_namespace};

/// An entry of `egress.hosts`, or `*/*` where no Sidecar applies.
#[derive(Debug, Clone)]
struct Import<'a> {
    /// `*` for every namespace.
    namespace: &'a str,
    host: Arc<str>,
    excludes: bool,
}

impl Import<'_> {
    fn is_for(&self, namespace: &str) -> bool {
        self.namespace == "*" || self.namespace == namespace
    }
}

/// One egress listener of a Sidecar.
#[derive(Debug, Clone)]
pub struct Listener<'a> {
    /// `None` is for every port that no other listener names.
    port: Option<u16>,
    imports: Vec<Import<'a>>,
}

impl Listener<'_> {
    pub fn imports_service(&self, entry: &Entry) -> bool {
        let covered = |import: &&Import<'_>| {
            import.is_for(&entry.namespace) && name::covers(&import.host, &entry.host)
        };
        self.imports.iter().any(|i| !i.excludes && covered(&i))
            && !self.imports.iter().any(|i| i.excludes && covered(&i))
    }

    /// A VirtualService comes in when any of its hosts overlaps an import; a route is measured
    /// strictly.
    pub fn imports_rules(&self, set: &RuleSet) -> bool {
        let namespace = &set.reference.namespace;
        let home = if set.from_route { set.parent_namespace.as_ref() } else { None };
        let home = home.unwrap_or(namespace);
        let fits = |import: &&Import<'_>, host: &str| {
            if set.from_route {
                name::covers(&import.host, host)
            } else {
                name::overlap(&import.host, host)
            }
        };
        let has = |excludes: bool, host: &str| {
            let mut same = self.imports.iter().filter(|import| import.excludes == excludes);
            same.any(|import| {
                (import.is_for(namespace) || import.is_for(home)) && fits(&import, host)
            })
        };
        set.hosts.iter().any(|host| has(false, host))
            && !set.hosts.iter().all(|host| {
                self.imports.iter().any(|import| {
                    import.excludes && import.is_for(namespace) && name::covers(&import.host, host)
                })
            })
    }
}

/// The eyes of one proxy.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    router: &'a Router,
    kind: SourceKind,
    namespace: &'a str,
    /// Names the Sidecar for the answer.
    pub sidecar: Option<&'a Arc<Resource<Sidecar>>>,
    listeners: Vec<Listener<'a>>,
}

impl<'a> Scope<'a> {
    pub fn new(router: &'a Router, proxy: &'a Proxy) -> Self {
        let applies = proxy.source.kind == SourceKind::Sidecar;
        let namespace: &'a str = &proxy.source.namespace;
        let sidecar = applies.then(|| choose(&router.objects, namespace, &proxy.labels)).flatten();
        let listeners = match sidecar {
            Some(sidecar) if !sidecar.spec.egress.is_empty() => {
                sidecar.spec.egress.iter().map(|l| listener(l, namespace)).collect()
            }
            _ => vec![everything()],
        };
        Self { router, kind: proxy.source.kind, namespace, sidecar, listeners }
    }

    /// The listener for a port: the first that names it, else the last that names none.
    pub fn listener(&self, port: u16) -> Option<&Listener<'a>> {
        let named = self.listeners.iter().find(|listener| listener.port == Some(port));
        named.or_else(|| self.listeners.iter().rev().find(|listener| listener.port.is_none()))
    }

    pub fn exported(&self, entry: &Entry) -> bool {
        entry.export.reaches(&entry.namespace, self.namespace)
    }

    /// The service that a listener on this port knows by a host name.
    pub fn service(&self, host: &str, port: u16) -> Option<&'a Entry> {
        let listener = self.listener(port)?;
        let known = self.router.registry.of_host(host);
        self.best(known.filter(|entry| self.exported(entry) && listener.imports_service(entry)))
    }

    /// Of services with one host name: the client's own namespace (at a sidecar), then
    /// Kubernetes before ServiceEntry, then the oldest.
    pub fn best(&self, entries: impl Iterator<Item = &'a Entry>) -> Option<&'a Entry> {
        let own_first = self.kind == SourceKind::Sidecar;
        entries.min_by_key(|entry| {
            let foreign = own_first && *entry.namespace != *self.namespace;
            (foreign, !entry.is_kubernetes(), entry.created, Arc::clone(&entry.namespace))
        })
    }

    /// The service whose cluster the proxy has: imported by any listener, or named as a
    /// destination of a rule that is.
    pub fn cluster(&self, host: &str) -> Option<&'a Entry> {
        let known = || self.router.registry.of_host(host).filter(|entry| self.exported(entry));
        let imported =
            known().filter(|entry| self.listeners.iter().any(|l| l.imports_service(entry)));
        self.best(imported).or_else(|| {
            let named = self
                .listeners
                .iter()
                .any(|listener| self.rules(listener).iter().any(|set| set.names_destination(host)));
            named.then(|| self.best(known())).flatten()
        })
    }

    /// Mesh rules in the order in which they claim hosts: private, exported to the namespace,
    /// public; in each those of Gateway API routes of the client's namespace first, then by age.
    pub fn rules(&self, listener: &Listener<'a>) -> Vec<&'a RuleSet> {
        self.ordered(self.router.mesh_rules().filter(|set| listener.imports_rules(set)))
    }

    /// The sets that this proxy sees, in that order; they come sorted by age.
    pub fn ordered(&self, sets: impl Iterator<Item = &'a RuleSet>) -> Vec<&'a RuleSet> {
        let mut sets: Vec<&RuleSet> = sets.filter(|set| self.sees(set)).collect();
        sets.sort_by_key(|set| self.bucket(set));
        sets
    }

    fn bucket(&self, set: &RuleSet) -> (u8, bool) {
        let bucket = match set.export {
            Export::Private => 0,
            Export::Namespaces(_) => 1,
            Export::Public | Export::Nobody => 2,
        };
        (bucket, !(set.from_route && *set.reference.namespace == *self.namespace))
    }

    /// Exported here; a mesh route only in its own namespace or in its service's.
    pub fn sees(&self, set: &RuleSet) -> bool {
        let own = &set.reference.namespace;
        let route_applies = set
            .parent_namespace
            .as_ref()
            .is_none_or(|home| home == own || **own == *self.namespace);
        set.export.reaches(own, self.namespace) && route_applies
    }
}

impl RuleSet {
    fn names_destination(&self, host: &str) -> bool {
        let http = self.http.iter().flat_map(|rule| {
            let mirrors = rule.action.mirrors.iter().map(|mirror| &mirror.target);
            rule.action.targets.iter().chain(mirrors)
        });
        let connections = self.tls.iter().chain(&self.tcp).flat_map(|rule| &rule.targets);
        http.chain(connections).any(|target| *target.host == *host)
    }
}

fn everything<'a>() -> Listener<'a> {
    let import = Import { namespace: "*", host: "*".into(), excludes: false };
    Listener { port: None, imports: vec![import] }
}

fn listener<'a>(from: &'a EgressListener, own: &'a str) -> Listener<'a> {
    let port = from.port.as_ref().and_then(|port| u16::try_from(port.number).ok());
    let imports = from.hosts.iter().filter_map(|text| {
        let (namespace, host) = text.split_once('/')?;
        let (namespace, excludes) = match namespace.strip_prefix('~') {
            Some("") => return None,
            Some(rest) => (rest, true),
            None => (namespace, false),
        };
        let namespace = if namespace == "." { own } else { namespace };
        Some(Import { namespace, host: host.to_lowercase().into(), excludes })
    });
    Listener { port: port.filter(|port| *port != 0), imports: imports.collect() }
}

/// The oldest Sidecar with a selector that fits, else the oldest without one, else the root
/// namespace's without one.
fn choose<'a>(
    objects: &'a Objects,
    namespace: &str,
    labels: &Labels,
) -> Option<&'a Arc<Resource<Sidecar>>> {
    let of = |namespace: &str| {
        let mut found: Vec<_> = in_namespace(&objects.sidecars, namespace).collect();
        found.sort_by_key(|sidecar| sidecar.meta.created);
        found
    };
    let own = of(namespace);
    let selected = own.iter().find(|sidecar| {
        sidecar.spec.workload_selector.as_ref().is_some_and(|s| covers(&s.labels, labels))
    });
    let plain = |list: &[&'a Arc<Resource<Sidecar>>]| {
        list.iter().find(|sidecar| sidecar.spec.workload_selector.is_none()).copied()
    };
    selected
        .copied()
        .or_else(|| plain(&own))
        .or_else(|| plain(&of(&objects.mesh_config.root_namespace)))
}
