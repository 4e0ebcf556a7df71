//! Connections that a sidecar does not look into: TCP by address, TLS by SNI.
//!
//! Istio, `pilot/pkg/networking/core/tls.go`; Envoy's choice among filter chains: the most
//! specific destination range, then the most specific SNI.

use std::sync::Arc;

use super::answer::{Answer, Outcome};
use super::condition::{Client, connection_failures};
use super::destination::settle;
use super::mesh::Mesh;
use super::name;
use super::protocol::PortProtocol;
use super::reason::Reason;
use super::registry::{Entry, Network};
use super::request::RequestProtocol;
use super::rule::{ConnectionRule, RuleSet};
use super::selection::Log;

/// A filter chain: what it wants, and where it leads.
#[derive(Debug, Clone)]
struct Chain<'a> {
    /// `None` takes every address.
    network: Option<Network>,
    /// `None` takes every connection, TLS or not.
    sni: Option<String>,
    target: Lead<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Lead<'a> {
    Rule { rule: &'a ConnectionRule, by_subnet: bool },
    Service(&'a Entry),
}

impl<'a> Mesh<'a> {
    /// The chains of one service's listener, or of the listener for every address.
    pub fn connection(&mut self, entry: Option<&'a Entry>) -> Answer {
        let mut chains = Vec::new();
        match entry {
            Some(entry) => {
                self.hosts.push(Arc::clone(&entry.host));
                self.chains_of(entry, None, false, &mut chains);
            }
            None => self.shared_chains(&mut chains),
        }
        let address = self.address;
        let reaches = |chain: &&Chain<'_>| {
            chain.network.is_none_or(|network| address.is_some_and(|a| network.contains(a)))
        };
        let bits = |chain: &Chain<'_>| chain.network.map(|network| network.bits());
        let closest = chains.iter().filter(reaches).map(bits).max().flatten();
        let here = chains.iter().filter(reaches).filter(|chain| bits(chain) == closest);
        let sni = self.sni();
        let mut fitting: Vec<&Chain<'a>> =
            here.filter(|chain| sni_fits(chain, sni.as_deref())).collect();
        // Stable: of chains that ask for the same the first stays.
        fitting.sort_by_key(|chain| specificity(chain));
        match fitting.first().map(|chain| chain.target) {
            None => self.unknown(None),
            Some(Lead::Rule { rule, by_subnet }) => self.by_rule(rule, by_subnet),
            Some(Lead::Service(entry)) => self.to_service(entry),
        }
    }

    fn sni(&self) -> Option<String> {
        let is_tls = matches!(self.request.protocol, RequestProtocol::Tls | RequestProtocol::Https);
        let sni = self.request.sni.as_deref().unwrap_or(&self.request.host);
        is_tls.then(|| name::without_port(sni))
    }

    /// Services without an address of their own share the listener for every address.
    fn shared_chains(&mut self, chains: &mut Vec<Chain<'a>>) {
        let port = self.request.port;
        let Some(listener) = self.scope.listener(port) else { return };
        let mut entries: Vec<&'a Entry> = self
            .router
            .registry
            .of_port(port)
            .filter(|entry| {
                entry.addresses.is_empty()
                    && !entry.is_headless()
                    && self.scope.exported(entry)
                    && listener.imports_service(entry)
            })
            .collect();
        entries.sort_by_key(|entry| entry.created);
        for entry in entries {
            self.hosts.push(Arc::clone(&entry.host));
            if entry.networks.is_empty() {
                self.chains_of(entry, None, true, chains);
            }
            for network in &entry.networks {
                self.chains_of(entry, Some(*network), true, chains);
            }
        }
    }

    fn chains_of(
        &mut self,
        entry: &'a Entry,
        network: Option<Network>,
        shared: bool,
        chains: &mut Vec<Chain<'a>>,
    ) {
        let Some(port) = entry.port(self.request.port) else { return };
        let sets: Vec<&'a RuleSet> = (self.rules.iter().copied())
            .filter(|set| set.hosts.iter().any(|host| name::covers(host, &entry.host)))
            .collect();
        let client = self.client();
        if port.protocol == PortProtocol::Tls {
            tls_chains(&sets, &client, network, chains, &mut self.log);
            let by_rule = chains.iter().any(|chain| {
                matches!(chain.target, Lead::Rule { rule, .. }
                    if sets.iter().any(|set| set.tls.iter().any(|own| std::ptr::eq(own, rule))))
            });
            if !by_rule {
                let sni = shared.then(|| entry.host.to_string());
                chains.push(Chain { network, sni, target: Lead::Service(entry) });
            }
        } else if !tcp_chains(&sets, &client, network, chains, &mut self.log) {
            chains.push(Chain { network, sni: None, target: Lead::Service(entry) });
        }
    }

    fn by_rule(&self, rule: &ConnectionRule, by_subnet: bool) -> Answer {
        let mut answer = Answer::new(self.request, Outcome::Routed, None);
        let from_route = rule.reference.kind != crate::mesh::Kind::VirtualService;
        settle(&mut answer, self.place(true, from_route).destinations(&rule.targets));
        answer.status = None;
        if by_subnet {
            // Such a chain carries no name of its rule in Istio's configuration either.
            answer.caveats.push(format!("{} was taken by its destinationSubnets.", rule.reference));
        } else {
            answer.rule = Some(rule.reference.clone());
        }
        answer
    }

    fn to_service(&self, entry: &Entry) -> Answer {
        let mut answer = Answer::new(self.request, Outcome::Routed, None);
        let place = self.place(true, false);
        settle(&mut answer, vec![place.whole(entry, self.request.port)]);
        answer.status = None;
        answer
    }
}

fn sni_fits(chain: &Chain<'_>, sni: Option<&str>) -> bool {
    match (&chain.sni, sni) {
        (None, _) => true,
        (Some(wanted), Some(sni)) => name::covers(wanted, sni),
        (Some(_), None) => false,
    }
}

/// Exact, then the longest wildcard, then none.
fn specificity(chain: &Chain<'_>) -> (u8, usize) {
    match &chain.sni {
        Some(host) if !name::is_wildcard(host) => (0, 0),
        Some(host) => (1, usize::MAX - host.len()),
        None => (2, 0),
    }
}

fn networks(subnets: &[String], own: Option<Network>) -> Vec<Option<Network>> {
    if subnets.is_empty() {
        return vec![own];
    }
    subnets.iter().filter_map(|text| Network::parse(text)).map(Some).collect()
}

fn tls_chains<'a>(
    sets: &[&'a RuleSet],
    client: &Client<'_>,
    network: Option<Network>,
    chains: &mut Vec<Chain<'a>>,
    log: &mut Log,
) {
    for rule in sets.iter().flat_map(|set| &set.tls) {
        for matched in &rule.matches {
            let failures = connection_failures(matched, client);
            if !failures.is_empty() {
                failures.into_iter().for_each(|failure| log.add(&rule.reference, failure));
                continue;
            }
            let by_subnet = !matched.destination_subnets.is_empty();
            for network in networks(&matched.destination_subnets, network) {
                for sni in &matched.sni_hosts {
                    let target = Lead::Rule { rule, by_subnet };
                    chains.push(Chain { network, sni: Some(sni.clone()), target });
                }
            }
            let wanted = matched.sni_hosts.join(", ");
            log.add(&rule.reference, (Reason::SniMismatch, format!("wants SNI {wanted}")));
        }
    }
}

/// Whether a rule took every connection, so that the service itself gets none.
fn tcp_chains<'a>(
    sets: &[&'a RuleSet],
    client: &Client<'_>,
    network: Option<Network>,
    chains: &mut Vec<Chain<'a>>,
    log: &mut Log,
) -> bool {
    let mut done: Option<&ConnectionRule> = None;
    for rule in sets.iter().flat_map(|set| &set.tcp) {
        if let Some(earlier) = done {
            let text = format!("{} takes every connection before it", earlier.reference);
            log.add(&rule.reference, (Reason::EarlierRuleWon, text));
            continue;
        }
        let mut passing = Vec::new();
        for matched in &rule.matches {
            let failures = connection_failures(matched, client);
            if failures.is_empty() {
                passing.push(matched);
            } else {
                failures.into_iter().for_each(|failure| log.add(&rule.reference, failure));
            }
        }
        let open = passing.iter().any(|matched| matched.destination_subnets.is_empty());
        if rule.matches.is_empty() || open {
            chains.push(Chain {
                network,
                sni: None,
                target: Lead::Rule { rule, by_subnet: false },
            });
            done = Some(rule);
            continue;
        }
        for subnets in passing.iter().map(|matched| &matched.destination_subnets) {
            for network in networks(subnets, None) {
                chains.push(Chain {
                    network,
                    sni: None,
                    target: Lead::Rule { rule, by_subnet: true },
                });
            }
        }
    }
    done.is_some()
}
