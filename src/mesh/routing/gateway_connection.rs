//! Connections at a gateway: TLS by SNI, whether it ends there or not, and TCP by port.

use std::sync::Arc;

use super::answer::{Answer, Outcome};
use super::condition::connection_failures;
use super::destination::settle;
use super::gateway::{Edge, intersection};
use super::name;
use super::reason::Reason;
use super::request::RequestProtocol;
use super::rule::{ConnectionRule, RuleSet, Target};
use super::server::{Server, ServerKind};
use crate::mesh::Kind;

/// A filter chain of a gateway's listener.
enum Lead<'a> {
    Table(&'a Server),
    Rule(&'a ConnectionRule, u16),
    Cluster(Box<Target>),
}

impl<'a> Edge<'a> {
    /// Chooses among the chains of the servers on one port.
    pub fn connection(&mut self, servers: &[&'a Server]) -> Answer {
        let is_tls = matches!(self.request.protocol, RequestProtocol::Tls | RequestProtocol::Https);
        if is_tls {
            let sni = self.request.sni.as_deref().unwrap_or(&self.request.host);
            let sni = name::without_port(sni);
            let mut chains: Vec<(String, Lead<'a>)> = Vec::new();
            for server in servers.iter().copied().filter(|server| server.kind.is_tls()) {
                self.tls_chains(server, &sni, &mut chains);
            }
            let mut fitting: Vec<(String, Lead<'a>)> =
                chains.into_iter().filter(|(wanted, _)| name::covers(wanted, &sni)).collect();
            // Stable: a name that comes twice stays with the first.
            fitting.sort_by(|(a, _), (b, _)| name::by_specificity(a, b));
            let same_name = match fitting.as_slice() {
                [(a, Lead::Table(_)), (b, Lead::Table(_)), ..] => a == b,
                _ => false,
            };
            if same_name {
                let mut answer = Answer::new(self.request, Outcome::NotFound, None);
                answer.caveats.push(
                    "Two servers have the same host for namespaces of their own; Envoy refuses the listener."
                        .to_owned(),
                );
                return answer;
            }
            if let Some((_, lead)) = fitting.into_iter().next() {
                return self.follow(lead);
            }
        }
        let plain = servers.iter().copied().find(|server| server.kind == ServerKind::Tcp);
        match plain.and_then(|server| self.tcp_rule(server).map(|rule| (rule, server.number))) {
            Some((rule, port)) => self.follow(Lead::Rule(rule, port)),
            None => Answer::new(self.request, Outcome::NotFound, None),
        }
    }

    fn tls_chains(&mut self, server: &'a Server, sni: &str, chains: &mut Vec<(String, Lead<'a>)>) {
        match server.kind {
            ServerKind::Https => {
                let hosts = server.hosts.iter().map(|(_, host)| host.to_string());
                chains.extend(hosts.map(|host| (host, Lead::Table(server))));
            }
            ServerKind::TerminatedTls => {
                if let Some(rule) = self.tcp_rule(server) {
                    let hosts = server.hosts.iter().map(|(_, host)| host.to_string());
                    chains.extend(hosts.map(|host| (host, Lead::Rule(rule, server.number))));
                }
            }
            ServerKind::Passthrough => self.passthrough_chains(server, chains),
            ServerKind::AutoPassthrough => {
                if let Some(target) = self.named_cluster(server, sni) {
                    chains.push((sni.to_owned(), Lead::Cluster(Box::new(target))));
                }
            }
            ServerKind::Http | ServerKind::Tcp => {}
        }
    }

    fn passthrough_chains(&mut self, server: &'a Server, chains: &mut Vec<(String, Lead<'a>)>) {
        let client = self.client(server);
        for set in self.bound(server) {
            for rule in &set.tls {
                for matched in &rule.matches {
                    let failures = connection_failures(matched, &client);
                    if !failures.is_empty() {
                        failures.into_iter().for_each(|f| self.log.add(&rule.reference, f));
                        continue;
                    }
                    // With one name already used the match as a whole is passed over.
                    let used = |sni: &String| chains.iter().any(|(known, _)| known == sni);
                    if matched.sni_hosts.iter().any(used) {
                        let text = "an earlier rule has one of its names".to_owned();
                        self.log.add(&rule.reference, (Reason::LostHostToEarlierRule, text));
                        continue;
                    }
                    let text = format!("wants SNI {}", matched.sni_hosts.join(", "));
                    self.log.add(&rule.reference, (Reason::SniMismatch, text));
                    let hosts = matched.sni_hosts.iter().cloned();
                    chains.extend(hosts.map(|sni| (sni, Lead::Rule(rule, server.number))));
                }
            }
        }
    }

    fn bound(&self, server: &'a Server) -> Vec<&'a RuleSet> {
        let mut sets = self.rules(server);
        sets.retain(|set| !intersection(server, set).is_empty());
        sets
    }

    /// The first rule of `tcp` that applies; of a TLSRoute the first of `tls`.
    fn tcp_rule(&mut self, server: &'a Server) -> Option<&'a ConnectionRule> {
        let client = self.client(server);
        let mut found = None;
        for set in self.bound(server) {
            let rules = if set.from_route {
                set.tcp.iter().chain(&set.tls)
            } else {
                set.tcp.iter().chain(&[])
            };
            for rule in rules {
                if found.is_some() {
                    let text = "an earlier rule took the port".to_owned();
                    self.log.add(&rule.reference, (Reason::EarlierRuleWon, text));
                    continue;
                }
                let failures: Vec<_> =
                    rule.matches.iter().map(|m| connection_failures(m, &client)).collect();
                if failures.is_empty() || failures.iter().any(Vec::is_empty) {
                    found = Some(rule);
                } else {
                    failures.into_iter().flatten().for_each(|f| self.log.add(&rule.reference, f));
                }
            }
        }
        found
    }

    /// `outbound_.PORT_.SUBSET_.HOST` inside the server's hosts; only endpoints that speak the
    /// mesh's TLS are behind it.
    fn named_cluster(&self, server: &Server, sni: &str) -> Option<Target> {
        let mut parts = sni.splitn(4, "_.");
        if parts.next()? != "outbound" {
            return None;
        }
        let port: u16 = parts.next()?.parse().ok()?;
        let subset = parts.next()?;
        let host = parts.next()?;
        let entry = self.scope.cluster(host)?;
        entry.port(port)?;
        let inside = server.hosts_for(&entry.namespace).any(|outer| name::covers(outer, host));
        let subset: Option<Arc<str>> = (!subset.is_empty()).then(|| subset.into());
        self.place(port, false).subset_labels(entry, subset.as_deref()).ok()?;
        let target =
            Target { host: host.into(), subset, port: Some(port), weight: 1, ..Target::default() };
        inside.then_some(target)
    }

    fn follow(&mut self, lead: Lead<'a>) -> Answer {
        match lead {
            Lead::Table(server) => self.table(&[server]),
            Lead::Rule(rule, port) => {
                let from_route = rule.reference.kind != Kind::VirtualService;
                let mut answer = Answer::new(self.request, Outcome::Routed, None);
                answer.rule = Some(rule.reference.clone());
                settle(&mut answer, self.place(port, from_route).destinations(&rule.targets));
                answer.status = None;
                answer
            }
            Lead::Cluster(target) => {
                let mut answer = Answer::new(self.request, Outcome::Routed, None);
                let place = self.place(target.port.unwrap_or_default(), false);
                let destinations = place.destinations_with_mesh_tls(&target);
                settle(&mut answer, destinations);
                answer.status = None;
                answer
            }
        }
    }
}
