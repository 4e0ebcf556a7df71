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
use crate::mesh::object::Resource;

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
        matches!(self, Self::Https | Self::TerminatedTls | Self::Passthrough | Self::AutoPassthrough)
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
        let key = Key { namespace: Arc::clone(&proxy.source.namespace), name: Arc::clone(&proxy.source.name) };
        let pod = router.objects.pods.get(&key).map(|pod| &**pod);
        let mut all: Vec<(Option<Timestamp>, Vec<Server>)> = Vec::new();
        let managed = proxy.labels.get("gateway.networking.k8s.io/gateway-name");
        for gateway in router.objects.gateways.values() {
            // A managed gateway is not merged with Gateways of other namespaces.
            let foreign = managed.is_some() && gateway.meta.namespace != proxy.source.namespace;
            if covers(&gateway.spec.selector, &proxy.labels) && !foreign {
                let servers = gateway.spec.servers.iter();
                let servers = servers.map(|s| of_istio(gateway, s, &services, pod)).collect();
                all.push((gateway.meta.created, servers));
            }
        }
        for gateway in router.objects.k8s_gateways.values() {
            if is_bound(gateway, proxy, &services) {
                all.push((gateway.meta.created, of_kubernetes(gateway, &services, pod)));
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
            return here.all(|s| s.kind.is_tls() && !s.hosts.iter().any(|host| taken.contains(host)));
        }
        here.all(|s| s.kind.is_tls() || s.kind == new.kind)
    }

    pub fn on(&self, port: u16) -> impl Iterator<Item = &Server> {
        self.kept.iter().filter(move |server| server.port == port)
    }
}

/// Services of the pod's namespace that select it.
fn services_of<'a>(router: &'a Router, proxy: &Proxy) -> Vec<&'a Resource<Service>> {
    let namespace = &proxy.source.namespace;
    router
        .objects
        .services
        .range(Key::new(namespace, "")..)
        .take_while(|(key, _)| key.namespace == *namespace)
        .map(|(_, service)| &**service)
        .filter(|service| {
            !service.spec.selector.is_empty() && covers(&service.spec.selector, &proxy.labels)
        })
        .collect()
}

/// A number that is a port of a Service means its target port; any other means itself.
fn translate(number: u16, services: &[&Resource<Service>], pod: Option<&Resource<Pod>>) -> u16 {
    let with_port = services
        .iter()
        .filter(|s| s.meta.label("experimental.istio.io/disable-gateway-port-translation") != Some("true"))
        .find_map(|service| service.spec.ports.iter().find(|p| p.port == number));
    match with_port.and_then(|port| port.target_port.as_ref()) {
        Some(IntOrName::Int(target)) if *target != 0 => u16::try_from(*target).unwrap_or(number),
        Some(IntOrName::Name(name)) => {
            let containers = pod.into_iter().flat_map(|pod| &pod.spec.containers);
            let ports = containers.flat_map(|container| &container.ports);
            ports.into_iter().find(|p| p.name == *name).map_or(number, |p| p.container_port)
        }
        _ => number,
    }
}

/// The port in the pod that a request to the gateway's Service reaches.
pub fn listener_port(router: &Router, proxy: &Proxy, port: u16) -> u16 {
    let services = services_of(router, proxy);
    let key = Key { namespace: Arc::clone(&proxy.source.namespace), name: Arc::clone(&proxy.source.name) };
    translate(port, &services, router.objects.pods.get(&key).map(|pod| &**pod))
}

fn of_istio(
    gateway: &Resource<Gateway>,
    server: &api::Server,
    services: &[&Resource<Service>],
    pod: Option<&Resource<Pod>>,
) -> Server {
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
    Server {
        gateway: format!("{namespace}/{}", gateway.meta.name).into(),
        shown: format!("Gateway {}", gateway.key()),
        number,
        port: translate(number, services, pod),
        kind,
        hosts: hosts.collect(),
        https_redirect: tls.is_some_and(|tls| tls.https_redirect),
        bind: server.bind.clone(),
    }
}

/// By the label that deployments made for it carry, or by an address that names a Service.
fn is_bound(gateway: &Resource<K8sGateway>, proxy: &Proxy, services: &[&Resource<Service>]) -> bool {
    if gateway.meta.namespace != proxy.source.namespace {
        return false;
    }
    let label = proxy.labels.get("gateway.networking.k8s.io/gateway-name");
    label.is_some_and(|name| **name == *gateway.meta.name)
        || gateway.spec.addresses.iter().any(|address| {
            services.iter().any(|service| {
                address.value == *service.meta.name
                    || address.value
                        == super::name::service(&service.meta.name, &service.meta.namespace)
            })
        })
}

fn of_kubernetes(
    gateway: &Resource<K8sGateway>,
    services: &[&Resource<Service>],
    pod: Option<&Resource<Pod>>,
) -> Vec<Server> {
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
            port: translate(listener.port, services, pod),
            kind,
            hosts: vec![(None, host.to_lowercase().into())],
            https_redirect: false,
            bind: String::new(),
        }
    });
    listeners.collect()
}
