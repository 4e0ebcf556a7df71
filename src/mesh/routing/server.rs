//! The servers that a gateway pod runs: which Gateway resources bind it, on which ports, and
//! which servers lose a port to others.
//!
//! Istio, `pilot/pkg/model/gateway.go` `mergeGateways`.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::gateway_api::listener_gateway;
use super::{Proxy, Router};
use crate::mesh::Key;
use crate::mesh::config::{Gateway, K8sGateway, gateway as api};
use crate::mesh::core::{IntOrName, Pod, Service, covers};
use crate::mesh::object::{Resource, in_namespace};

/// What a server does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    Http,
    /// HTTP in TLS that ends here.
    Https,
    /// TLS that ends here, and what is in it is not looked at.
    TerminatedTls,
    /// TLS by the SNI of rules.
    Passthrough,
    /// TLS by an SNI that names a cluster.
    AutoPassthrough,
    Tcp,
}

impl ServerKind {
    pub fn is_tls(self) -> bool {
        matches!(
            self,
            Self::Https | Self::TerminatedTls | Self::Passthrough | Self::AutoPassthrough
        )
    }
}

/// A server of an Istio Gateway, or a listener of a Gateway API one.
#[derive(Debug, Clone)]
pub struct Server {
    /// The name rules refer to: `namespace/name`, for a listener the internal one.
    pub gateway: Arc<str>,
    /// For people: `Gateway namespace/name`.
    pub shown: String,
    /// As declared.
    pub number: u16,
    /// The port in the pod.
    pub port: u16,
    pub kind: ServerKind,
    /// With the namespace whose rules each is for; `None` for any.
    pub hosts: Vec<(Option<Arc<str>>, Arc<str>)>,
    pub https_redirect: bool,
    bind: String,
}

impl Server {
    /// The hosts that rules of a namespace may use.
    pub fn hosts_for<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Arc<str>> {
        self.hosts
            .iter()
            .filter(move |(only, _)| only.as_ref().is_none_or(|only| **only == *namespace))
            .map(|(_, host)| host)
    }
}

/// The servers of a gateway pod in the order of their Gateways' age, and those that were dropped.
#[derive(Debug, Clone, Default)]
pub struct Servers {
    pub kept: Vec<Server>,
    pub dropped: Vec<Server>,
}

impl Servers {
    pub fn new(router: &Router, proxy: &Proxy) -> Self {
        let services = services_of(router, proxy);
        let mut all: Vec<(Option<Timestamp>, Vec<Server>)> = Vec::new();
        let managed = proxy.labels.get("gateway.networking.k8s.io/gateway-name");
        for gateway in router.objects.gateways.values() {
            // A managed gateway is not merged with Gateways of other namespaces.
            let foreign = managed.is_some() && gateway.meta.namespace != proxy.source.namespace;
            if covers(&gateway.spec.selector, &proxy.labels) && !foreign {
                let servers = gateway.spec.servers.iter();
                let servers = servers.flat_map(|s| of_istio(gateway, s, &services)).collect();
                all.push((gateway.meta.created, servers));
            }
        }
        for gateway in router.objects.k8s_gateways.values() {
            if is_bound(gateway, proxy, &services) {
                all.push((gateway.meta.created, of_kubernetes(gateway, &services)));
            }
        }
        all.sort_by_key(|(created, _)| *created);
        let mut out = Self::default();
        for server in all.into_iter().flat_map(|(_, servers)| servers) {
            if out.admits(&server) {
                out.kept.push(server);
            } else {
                out.dropped.push(server);
            }
        }
        out
    }

    /// TLS and TCP after plain text lose, HTTP after TCP too; plain text after TLS stays; a TLS
    /// server with a host already taken loses as a whole.
    fn admits(&self, new: &Server) -> bool {
        let mut here = self.kept.iter().filter(|s| s.port == new.port && s.bind == new.bind);
        if new.kind.is_tls() {
            let taken: BTreeSet<_> = new.hosts.iter().collect();
            return here
                .all(|s| s.kind.is_tls() && !s.hosts.iter().any(|host| taken.contains(host)));
        }
        here.all(|s| s.kind.is_tls() || s.kind == new.kind)
    }

    pub fn on(&self, port: u16) -> impl Iterator<Item = &Server> {
        self.kept.iter().filter(move |server| server.port == port)
    }
}

/// A service in front of a gateway pod: what ports of it mean in the pod.
struct Front {
    host: Arc<str>,
    /// Number, and what it means in the pod.
    ports: Vec<(u16, u16)>,
    /// Its numbers are not translated.
    literal: bool,
}

/// Services of the pod's namespace that have it as an endpoint: by their selector, or as a
/// ServiceEntry by address.
fn services_of(router: &Router, proxy: &Proxy) -> Vec<Front> {
    let key = Key {
        namespace: Arc::clone(&proxy.source.namespace),
        name: Arc::clone(&proxy.source.name),
    };
    let pod = router.objects.pods.get(&key).map(|pod| &**pod);
    let services = selecting(router, proxy);
    let mut out: Vec<Front> = services.iter().map(|service| front(service, pod)).collect();
    let address = pod.map_or("", |pod| pod.status.pod_ip.as_str());
    let entries = in_namespace(&router.objects.service_entries, &key.namespace);
    for entry in entries.filter(|_| !address.is_empty()) {
        if !entry.spec.endpoints.iter().any(|endpoint| endpoint.address == address) {
            continue;
        }
        let number = |n: u32| u16::try_from(n).unwrap_or(0);
        let ports: Vec<(u16, u16)> = entry
            .spec
            .ports
            .iter()
            .map(|p| {
                (
                    number(p.number),
                    number(if p.target_port == 0 { p.number } else { p.target_port }),
                )
            })
            .collect();
        let literal = entry.meta.label(NO_TRANSLATION) == Some("true");
        out.extend(entry.spec.hosts.iter().map(|host| Front {
            host: host.to_lowercase().into(),
            ports: ports.clone(),
            literal,
        }));
    }
    out
}

const NO_TRANSLATION: &str = "experimental.istio.io/disable-gateway-port-translation";

fn front(service: &Resource<Service>, pod: Option<&Resource<Pod>>) -> Front {
    let target = |port: &crate::mesh::core::ServicePort| match &port.target_port {
        Some(IntOrName::Int(target)) if *target != 0 => u16::try_from(*target).unwrap_or(port.port),
        Some(IntOrName::Name(name)) => {
            let containers = pod.into_iter().flat_map(|pod| &pod.spec.containers);
            let mut ports = containers.flat_map(|container| &container.ports);
            ports.find(|p| p.name == *name).map_or(port.port, |p| p.container_port)
        }
        _ => port.port,
    };
    Front {
        host: super::name::service(&service.meta.name, &service.meta.namespace).into(),
        ports: service.spec.ports.iter().map(|port| (port.port, target(port))).collect(),
        literal: service.meta.label(NO_TRANSLATION) == Some("true"),
    }
}

fn selecting<'a>(router: &'a Router, proxy: &Proxy) -> Vec<&'a Resource<Service>> {
    let namespace = &proxy.source.namespace;
    in_namespace(&router.objects.services, namespace)
        .map(|service| &**service)
        .filter(|service| {
            !service.spec.selector.is_empty() && covers(&service.spec.selector, &proxy.labels)
        })
        .collect()
}

/// A number that is a port of a service means its target port; any other means itself.
fn translate(number: u16, services: &[Front]) -> u16 {
    let translated = services.iter().filter(|service| !service.literal);
    let mut ports = translated.flat_map(|service| &service.ports);
    ports.find(|(port, _)| *port == number).map_or(number, |(_, target)| *target)
}

/// A Gateway bound to services by name listens where each of them leads, and nowhere else.
fn translate_by_name(number: u16, services: &[Front], names: &str) -> Vec<u16> {
    let named = services.iter().filter(|s| names.split(',').any(|name| name.trim() == &*s.host));
    let ports = named.flat_map(|service| &service.ports).filter(|(port, _)| *port == number);
    let mut out: Vec<u16> = ports.map(|(_, target)| *target).collect();
    out.dedup();
    out
}

/// The port in the pod that a request to the gateway's Service reaches.
pub fn listener_port(router: &Router, proxy: &Proxy, port: u16) -> u16 {
    translate(port, &services_of(router, proxy))
}

fn of_istio(gateway: &Resource<Gateway>, server: &api::Server, services: &[Front]) -> Vec<Server> {
    let namespace = &gateway.meta.namespace;
    let number = u16::try_from(server.port.number).unwrap_or(0);
    let tls = server.tls.as_ref();
    let mode = tls.map(|tls| tls.mode.as_str());
    let kind = match (server.port.protocol.to_ascii_uppercase().as_str(), mode) {
        ("HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB", _) => ServerKind::Http,
        ("HTTPS" | "TLS", Some("PASSTHROUGH")) => ServerKind::Passthrough,
        ("HTTPS" | "TLS", Some("AUTO_PASSTHROUGH")) => ServerKind::AutoPassthrough,
        ("HTTPS", _) => ServerKind::Https,
        ("TLS", _) => ServerKind::TerminatedTls,
        _ => ServerKind::Tcp,
    };
    let hosts = server.hosts.iter().map(|text| match text.split_once('/') {
        Some((".", host)) => (Some(Arc::clone(namespace)), host.to_lowercase().into()),
        Some(("*", host)) => (None, host.to_lowercase().into()),
        Some((only, host)) => (Some(only.into()), host.to_lowercase().into()),
        None => (None, text.to_lowercase().into()),
    });
    let hosts: Vec<_> = hosts.collect();
    let ports = match gateway.meta.annotation("internal.istio.io/gateway-service") {
        Some(names) => translate_by_name(number, services, names),
        None => vec![translate(number, services)],
    };
    let one = |port: u16| Server {
        gateway: format!("{namespace}/{}", gateway.meta.name).into(),
        shown: format!("Gateway {}", gateway.key()),
        number,
        port,
        kind,
        hosts: hosts.clone(),
        https_redirect: tls.is_some_and(|tls| tls.https_redirect),
        bind: server.bind.clone(),
    };
    ports.into_iter().map(one).collect()
}

/// By the label that deployments made for it carry, or by an address that names a Service.
fn is_bound(gateway: &Resource<K8sGateway>, proxy: &Proxy, services: &[Front]) -> bool {
    if gateway.meta.namespace != proxy.source.namespace {
        return false;
    }
    let label = proxy.labels.get("gateway.networking.k8s.io/gateway-name");
    label.is_some_and(|name| **name == *gateway.meta.name)
        || gateway.spec.addresses.iter().any(|address| {
            let full = super::name::resolve(&address.value, &proxy.source.namespace);
            services.iter().any(|service| service.host == full)
        })
}

fn of_kubernetes(gateway: &Resource<K8sGateway>, services: &[Front]) -> Vec<Server> {
    let key = gateway.key();
    let listeners = gateway.spec.listeners.iter().map(|listener| {
        let passthrough = listener.tls.as_ref().is_some_and(|tls| tls.mode == "Passthrough");
        let kind = match listener.protocol.as_str() {
            "HTTP" => ServerKind::Http,
            "HTTPS" => ServerKind::Https,
            "TLS" if passthrough => ServerKind::Passthrough,
            "TLS" => ServerKind::TerminatedTls,
            _ => ServerKind::Tcp,
        };
        let host = listener.hostname.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
        Server {
            gateway: listener_gateway(&key, &listener.name),
            shown: format!("Gateway {key} listener {}", listener.name),
            number: listener.port,
            port: translate(listener.port, services),
            kind,
            hosts: vec![(None, host.to_lowercase().into())],
            https_redirect: false,
            bind: String::new(),
        }
    });
    listeners.collect()
}
