//! Services as proxies know them: Kubernetes services and ServiceEntries under one roof.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::name;
use super::protocol::PortProtocol;
use super::rule::Export;
use crate::mesh::config::ServiceEntry;
use crate::mesh::core::Service;
use crate::mesh::object::Resource;
use crate::mesh::{Key, Objects};

/// A service under one host name.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Full name in lower case; of a ServiceEntry perhaps a wildcard.
    pub host: Arc<str>,
    pub namespace: Arc<str>,
    pub created: Option<Timestamp>,
    pub export: Export,
    pub ports: Vec<EntryPort>,
    pub addresses: Vec<IpAddr>,
    pub networks: Vec<Network>,
    /// Other hosts that stand for this one: ExternalName services.
    pub aliases: Vec<Arc<str>>,
    pub backing: Backing,
}

/// What stands behind a host name.
#[derive(Debug, Clone)]
pub enum Backing {
    Service(Arc<Resource<Service>>),
    /// One, or several of a namespace that were merged.
    Entries(Vec<Arc<Resource<ServiceEntry>>>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPort {
    pub number: u16,
    pub name: Arc<str>,
    pub protocol: PortProtocol,
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: u128,
    /// Leading bits that count, of 128.
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8` or a single address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (base, whole) = match address.parse().ok()? {
            IpAddr::V4(ip) => (ip.to_ipv6_mapped().to_bits(), 32),
            IpAddr::V6(ip) => (ip.to_bits(), 128),
        };
        let length = length.unwrap_or(whole);
        let bits = (length <= whole).then_some(128 - whole + length)?;
        Some(Self { base: base & Self::mask(bits), bits })
    }

    fn mask(bits: u32) -> u128 {
        if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let value = match address {
            IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
            IpAddr::V6(ip) => ip.to_bits(),
        };
        value & Self::mask(self.bits) == self.base
    }

    /// Longer is more specific.
    pub fn bits(&self) -> u32 {
        self.bits
    }
}

impl Entry {
    pub fn port(&self, number: u16) -> Option<&EntryPort> {
        self.ports.iter().find(|p| p.number == number && p.protocol != PortProtocol::Udp)
    }

    pub fn is_kubernetes(&self) -> bool {
        matches!(self.backing, Backing::Service(_))
    }

    /// A sidecar sends to the address dialled: headless services, ServiceEntries that resolve
    /// nothing.
    pub fn is_original_destination(&self) -> bool {
        match &self.backing {
            Backing::Service(service) => service.spec.cluster_ip == "None",
            Backing::Entries(entries) => {
                entries.iter().all(|e| matches!(e.spec.resolution.as_str(), "" | "NONE"))
            }
        }
    }

    pub fn is_headless(&self) -> bool {
        self.is_kubernetes() && self.is_original_destination()
    }
}

/// Every service, found by host name or by address.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    pub entries: Vec<Entry>,
    by_host: HashMap<Arc<str>, Vec<usize>>,
    by_address: HashMap<IpAddr, Vec<usize>>,
    /// Host names that ExternalName services give to others.
    by_alias: HashMap<Arc<str>, Vec<usize>>,
    by_port: HashMap<u16, Vec<usize>>,
    with_networks: Vec<usize>,
}

impl Registry {
    pub fn new(objects: &Objects) -> Self {
        let mut registry = Self::default();
        let default = &objects.mesh_config.default_service_export_to;
        let mut aliases: HashMap<Arc<str>, Arc<str>> = HashMap::new();
        for service in objects.services.values() {
            let host: Arc<str> = name::service(&service.meta.name, &service.meta.namespace).into();
            if service.spec.kind == "ExternalName" {
                aliases.insert(host, service.spec.external_name.to_lowercase().into());
            } else {
                registry.push(of_service(service, host, default));
            }
        }
        let mut entries: Vec<_> = objects.service_entries.values().collect();
        entries.sort_by_key(|entry| entry.meta.created);
        for entry in entries {
            for host in &entry.spec.hosts {
                registry.push_service_entry(entry, &host.to_lowercase(), default);
            }
        }
        let mut names: Vec<_> = aliases.keys().collect();
        names.sort();
        for alias in names {
            registry.push_alias(alias, &aliases);
        }
        for (index, entry) in registry.entries.iter().enumerate() {
            for port in &entry.ports {
                registry.by_port.entry(port.number).or_default().push(index);
            }
        }
        registry
    }

    fn push(&mut self, entry: Entry) {
        let index = self.entries.len();
        self.by_host.entry(Arc::clone(&entry.host)).or_default().push(index);
        for address in &entry.addresses {
            self.by_address.entry(*address).or_default().push(index);
        }
        if !entry.networks.is_empty() {
            self.with_networks.push(index);
        }
        self.entries.push(entry);
    }

    /// Entries for one host in one namespace are merged when they resolve alike.
    fn push_service_entry(
        &mut self,
        object: &Arc<Resource<ServiceEntry>>,
        host: &str,
        default: &[String],
    ) {
        let indices = self.by_host.get(host).cloned().unwrap_or_default();
        for index in indices {
            let Some(entry) = self.entries.get_mut(index) else { continue };
            let Backing::Entries(others) = &mut entry.backing else { continue };
            let alike = others.iter().all(|other| {
                other.meta.namespace == object.meta.namespace
                    && other.spec.resolution == object.spec.resolution
                    && other.spec.workload_selector == object.spec.workload_selector
            });
            if alike {
                others.push(Arc::clone(object));
                for port in entry_ports(object) {
                    if entry.ports.iter().all(|known| known.number != port.number) {
                        entry.ports.push(port);
                    }
                }
                return;
            }
        }
        self.push(of_service_entry(object, host, default));
    }

    /// Follows names of ExternalName services to a service of the registry, a few steps at most.
    fn push_alias(&mut self, alias: &Arc<str>, aliases: &HashMap<Arc<str>, Arc<str>>) {
        const STEPS: usize = 10;
        let mut target = alias;
        for _ in 0..STEPS {
            let Some(next) = aliases.get(target) else { break };
            target = next;
            if let Some(indices) = self.by_host.get(target).cloned() {
                for index in &indices {
                    if let Some(entry) = self.entries.get_mut(*index) {
                        entry.aliases.push(Arc::clone(alias));
                    }
                }
                self.by_alias.insert(Arc::clone(alias), indices);
                return;
            }
        }
    }

    fn get<'a>(&'a self, indices: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Entry> {
        indices.into_iter().flatten().filter_map(|index| self.entries.get(*index))
    }

    /// Services of exactly this host name, wildcards included as written.
    pub fn of_host<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a Entry> {
        self.get(self.by_host.get(host))
    }

    pub fn of_alias<'a>(&'a self, alias: &str) -> impl Iterator<Item = &'a Entry> {
        self.get(self.by_alias.get(alias))
    }

    pub fn of_address(&self, address: IpAddr) -> impl Iterator<Item = &Entry> {
        self.get(self.by_address.get(&address))
    }

    pub fn of_port(&self, port: u16) -> impl Iterator<Item = &Entry> {
        self.get(self.by_port.get(&port))
    }

    /// Services that claim a range of addresses, with the range.
    pub fn of_network(&self, address: IpAddr) -> impl Iterator<Item = (&Entry, Network)> {
        self.get(Some(&self.with_networks)).filter_map(move |entry| {
            let within = entry.networks.iter().filter(|n| n.contains(address));
            within.max_by_key(|n| n.bits()).map(|network| (entry, *network))
        })
    }

    pub fn of_key(&self, key: &Key) -> Option<&Entry> {
        self.of_host(&name::service(&key.name, &key.namespace)).find(|entry| entry.is_kubernetes())
    }
}

fn of_service(service: &Arc<Resource<Service>>, host: Arc<str>, default: &[String]) -> Entry {
    let written: Vec<&str> = service
        .meta
        .annotation("networking.istio.io/exportTo")
        .map(|text| text.split(',').collect())
        .unwrap_or_default();
    let spec = &service.spec;
    let addresses = std::iter::once(&spec.cluster_ip).chain(&spec.cluster_ips);
    let mut addresses: Vec<IpAddr> = addresses.filter_map(|text| text.parse().ok()).collect();
    addresses.dedup();
    let ports = spec.ports.iter().map(|port| EntryPort {
        number: port.port,
        name: port.name.as_str().into(),
        protocol: PortProtocol::of_service_port(
            &port.protocol,
            port.app_protocol.as_deref(),
            &port.name,
            port.port,
        ),
    });
    Entry {
        host,
        namespace: Arc::clone(&service.meta.namespace),
        created: service.meta.created,
        export: Export::of(&written, default, &service.meta.namespace),
        ports: ports.collect(),
        addresses,
        networks: Vec::new(),
        aliases: Vec::new(),
        backing: Backing::Service(Arc::clone(service)),
    }
}

fn of_service_entry(object: &Arc<Resource<ServiceEntry>>, host: &str, default: &[String]) -> Entry {
    let spec = &object.spec;
    let (single, ranges): (Vec<&String>, Vec<&String>) =
        spec.addresses.iter().partition(|text| !text.contains('/'));
    Entry {
        host: host.into(),
        namespace: Arc::clone(&object.meta.namespace),
        created: object.meta.created,
        export: Export::of(&spec.export_to, default, &object.meta.namespace),
        ports: entry_ports(object).collect(),
        addresses: single.iter().filter_map(|text| text.parse().ok()).collect(),
        networks: ranges.iter().filter_map(|text| Network::parse(text)).collect(),
        aliases: Vec::new(),
        backing: Backing::Entries(vec![Arc::clone(object)]),
    }
}

fn entry_ports(object: &Resource<ServiceEntry>) -> impl Iterator<Item = EntryPort> {
    object.spec.ports.iter().filter_map(|port| {
        Some(EntryPort {
            number: u16::try_from(port.number).ok().filter(|number| *number != 0)?,
            name: port.name.as_str().into(),
            protocol: PortProtocol::parse(&port.protocol).unwrap_or(PortProtocol::Auto),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("10.0.0.0/8", "10.1.2.3", true)]
    #[case("10.0.0.0/8", "11.1.2.3", false)]
    #[case("10.0.0.1", "10.0.0.1", true)]
    #[case("0.0.0.0/0", "1.2.3.4", true)]
    #[case("1234:1f1::/32", "1234:1f1:1::1", true)]
    #[case("1234:1f1::/32", "1234:1f2::1", false)]
    fn ranges(#[case] range: &str, #[case] address: &str, #[case] inside: bool) {
        let network = Network::parse(range).unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), inside);
    }

    #[test]
    fn nonsense_is_no_range() {
        for text in ["", "x", "1.2.3.4/33", "1.2.3.4/x", "::/129"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
