//! IST0177: one port, two protocols, in ServiceEntries.

use super::super::Level;
use super::super::go_text::{joined, quoted};
use super::super::index::Index;
use super::super::index::export_scopes;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::ServiceEntry;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    code: "IST0177",
    title: "ConflictingServiceEntryProtocol",
    level: Level::Warning,
    kinds: &[Kind::ServiceEntry],
    why: "Two ServiceEntries describe one port of one host with different protocols. Which of \
          them acts depends on their age.",
    remedy: "Use one protocol, or narrow exportTo.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0177/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: one, namespace: shop}
spec: {hosts: [bank.example.com], resolution: DNS, ports: [{number: 443, name: x, protocol: TLS}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: two, namespace: shop}
spec: {hosts: [bank.example.com], resolution: DNS, ports: [{number: 443, name: x, protocol: HTTP}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: one, namespace: shop}
spec: {hosts: [bank.example.com], resolution: DNS, ports: [{number: 443, name: x, protocol: TLS}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: two, namespace: shop}
spec: {hosts: [bank.example.com], resolution: DNS, ports: [{number: 443, name: x, protocol: TLS}]}
",
    },
};

/// An entry and the protocol it gives a port.
type Use<'a> = (&'a Resource<ServiceEntry>, String);

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let mut groups: BTreeMap<(String, &str, u32), Vec<Use<'_>>> = BTreeMap::new();
    for entry in index.each(index.objects.service_entries()) {
        for scope in export_scopes(&entry.spec.export_to, &entry.meta.namespace) {
            for host in &entry.spec.hosts {
                for port in &entry.spec.ports {
                    let place = (scope.clone(), host.as_str(), port.number);
                    let protocol = port.protocol.to_uppercase();
                    groups.entry(place).or_default().push((entry, protocol));
                }
            }
        }
    }
    let mut told = BTreeSet::new();
    for ((scope, host, port), members) in &groups {
        let everyone = groups.get(&("*".into(), *host, *port)).filter(|_| scope != "*");
        let members: Vec<&Use<'_>> = members.iter().chain(everyone.into_iter().flatten()).collect();
        let protocols: BTreeSet<&str> = members.iter().map(|(_, p)| p.as_str()).collect();
        if protocols.len() < 2 {
            continue;
        }
        let names: BTreeSet<String> = members.iter().map(|(e, _)| e.key().to_string()).collect();
        let message = format!(
            "Multiple ServiceEntries ({}) define the same host {} and port {port} with conflicting \
             protocols ({}).",
            joined(names, ", "),
            quoted(host),
            joined(protocols, ", ")
        );
        for (entry, _) in members {
            if told.insert(entry.key()) {
                sink.at(*entry, "spec.ports", message.clone());
            }
        }
    }
}
