//! The hosts a mesh knows, each with the scope it is exported to, and how they are looked up.

use std::borrow::Cow;

use foldhash::HashMap;

use super::Index;
use crate::mesh::host;
use crate::mesh::object::Labels;

/// What is known of a host.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// Port numbers in the order written.
    pub ports: Vec<u32>,
    /// Labels of a ServiceEntry's workloads; `None` for a Service and for an entry without.
    pub workloads: Option<&'a Labels>,
    /// A Service's selector.
    pub selector: Option<&'a Labels>,
    /// Whether a ServiceEntry says it, whose endpoints need not be pods.
    pub is_entry: bool,
    /// Whether that entry selects workloads or lists endpoints of its own.
    pub has_endpoints: bool,
}

/// Hosts by scope (`*` or a namespace) and full name.
#[derive(Debug, Default)]
pub struct HostTable<'a> {
    known: HashMap<Cow<'a, str>, HashMap<Cow<'a, str>, Known<'a>>>,
    /// Scope and host of wildcard entries, longest first.
    wildcards: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> HostTable<'a> {
    pub fn new(index: &Index<'a>) -> Self {
        let mut table = Self::default();
        table.add_entries(index);
        table.add_services(index);
        let mut wildcards: Vec<_> = table
            .known
            .iter()
            .flat_map(|(scope, hosts)| hosts.keys().map(move |name| (scope.clone(), name.clone())))
            .filter(|(_, name)| host::is_wildcard(name))
            .collect();
        wildcards.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.cmp(b)));
        table.wildcards = wildcards;
        table
    }

    fn put(&mut self, scope: &'a str, name: Cow<'a, str>, known: Known<'a>) {
        self.known.entry(scope.into()).or_default().insert(name, known);
    }

    fn add_entries(&mut self, index: &Index<'a>) {
        for entry in index.each(index.objects.service_entries()) {
            let own = &*entry.meta.namespace;
            let known = Known {
                ports: entry.spec.ports.iter().map(|port| port.number).collect(),
                workloads: entry.spec.workload_selector.as_ref().map(|selector| &selector.labels),
                selector: None,
                is_entry: true,
                has_endpoints: !entry.spec.endpoints.is_empty(),
            };
            let public =
                entry.spec.export_to.is_empty() || entry.spec.export_to.iter().any(|e| e == "*");
            for name in &entry.spec.hosts {
                let name = full(own, name);
                if public {
                    self.put("*", name, known.clone());
                    continue;
                }
                for scope in &entry.spec.export_to {
                    let scope = if scope == "." { own } else { scope };
                    self.put(scope, name.clone(), known.clone());
                }
            }
        }
    }

    fn add_services(&mut self, index: &Index<'a>) {
        for service in index.each(index.objects.services()) {
            let own = &*service.meta.namespace;
            let name: Cow<'_, str> = host::service_host(&service.meta.name, own).into();
            let known = Known {
                ports: service.spec.ports.iter().map(|port| u32::from(port.port)).collect(),
                selector: Some(&service.spec.selector),
                ..Known::default()
            };
            let export =
                service.meta.annotation("networking.istio.io/exportTo").unwrap_or_default();
            let mut scopes = export.split(',').map(str::trim).filter(|s| !s.is_empty()).peekable();
            if scopes.peek().is_none() {
                self.put("*", name, known);
                continue;
            }
            for scope in scopes {
                let scope = if scope == "." { own } else { scope };
                self.put(scope, name.clone(), known.clone());
            }
        }
    }

    /// Looks a host up as an object of `namespace` with this `exportTo` sees it.
    pub fn find(&self, namespace: &str, host: &str, export_to: &[String]) -> Option<&Known<'a>> {
        let name = full(namespace, host);
        let get = |scope: &str| self.known.get(scope).and_then(|hosts| hosts.get(&*name));
        let exact = get("*").or_else(|| {
            if export_to.is_empty() {
                return get(namespace);
            }
            export_to.iter().find_map(|scope| get(if scope == "." { namespace } else { scope }))
        });
        exact.or_else(|| {
            let rest = host.strip_prefix('*').unwrap_or(host);
            self.wildcards
                .iter()
                .filter(|(scope, _)| scope == "*" || scope == namespace)
                .find(|(_, wild)| rest.ends_with(wild.strip_prefix('*').unwrap_or(wild)))
                .and_then(|(scope, wild)| self.known.get(scope)?.get(wild))
        })
    }

    /// Whether a wildcard host covers a host that is known and may be seen from `namespace`.
    pub fn wildcard_covers(&self, namespace: &str, wildcard: &str) -> bool {
        host::is_wildcard(wildcard)
            && ["*", namespace]
                .iter()
                .filter_map(|scope| self.known.get(*scope))
                .flat_map(HashMap::keys)
                .any(|name| host::covers(wildcard, name))
    }
}

/// The full name of a host; a name with a dot or a star is full already.
pub fn full<'b>(namespace: &str, name: &'b str) -> Cow<'b, str> {
    if name.starts_with('*') || name.contains('.') {
        return Cow::Borrowed(name);
    }
    Cow::Owned(host::service_host(name, namespace))
}

/// Namespace and name of a gateway as a VirtualService of `namespace` writes it.
pub fn gateway_named<'b>(namespace: &'b str, name: &'b str) -> (&'b str, &'b str) {
    name.split_once('/').unwrap_or((namespace, name))
}
