//! Rules that were never asked: not bound here, not visible, not imported, for other hosts.

use super::Router;
use super::answer::RuleRef;
use super::mesh::{Mesh, names};
use super::name;
use super::reason::Reason;
use super::rule::{MESH, RuleSet};
use super::selection::Log;

impl Mesh<'_> {
    /// Says of every rule that was not looked at why it was not.
    pub fn bystanders(&mut self, host: &str) {
        let mut hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        hosts.extend(names(host, &self.proxy.source.namespace));
        let listener = self.scope.listener(self.request.port);
        for set in self.router.all_rules() {
            if told(set, &self.log) {
                continue;
            }
            let concerned = set.hosts.iter().any(|own| hosts.iter().any(|h| name::covers(own, h)));
            if !concerned {
                elsewhere(set, &mut self.log);
            } else if !set.gateways.iter().any(|gateway| **gateway == *MESH) {
                let text = format!("is bound to {} and not to the mesh", set.gateways.join(", "));
                self.log.add_set(set, Reason::VsNotBoundToGateway, &text);
            } else if !set.export.reaches(&set.reference.namespace, &self.proxy.source.namespace) {
                let text = format!("is not exported to namespace {}", self.proxy.source.namespace);
                self.log.add_set(set, Reason::VsNotExported, &text);
            } else if !self.scope.sees(set) {
                let text = "counts in its own namespace and its service's only";
                self.log.add_set(set, Reason::RouteNamespaceNotAllowed, text);
            } else if !listener.is_some_and(|listener| listener.imports_rules(set)) {
                let text =
                    self.scope.sidecar.map(|s| format!("Sidecar {} does not import it", s.key()));
                self.log.add_set(set, Reason::VsNotImportedBySidecar, &text.unwrap_or_default());
            } else {
                unasked(set, &mut self.log);
            }
        }
        refusals(self.router, &mut self.log, &hosts);
    }
}

/// A set for other hosts.
pub fn elsewhere(set: &RuleSet, log: &mut Log) {
    let mut before: Option<&RuleRef> = None;
    for rule in references(set) {
        if !before.is_some_and(|before| same_object(before, rule)) {
            let object = RuleRef { index: None, rule_name: None, delegate: None, ..rule.clone() };
            log.add(&object, (Reason::HostMismatch, format!("speaks of {}", set.hosts.join(", "))));
        }
        before = Some(rule);
    }
}

/// Whose rules a set has: one object, or the routes that were pooled for its host.
fn references(set: &RuleSet) -> impl Iterator<Item = &RuleRef> {
    std::iter::once(&set.reference).chain(set.http.iter().map(|rule| &rule.reference))
}

/// Whether something is said of every object of a set already.
pub fn told(set: &RuleSet, log: &Log) -> bool {
    references(set).all(|rule| log.speaks_of(rule))
}

/// Visible, for this host, and still not asked: its rules are for another protocol.
fn unasked(set: &RuleSet, log: &mut Log) {
    for rule in &set.http {
        let text = "http rules are not used on a port that is not HTTP".to_owned();
        log.add(&rule.reference, (Reason::ProtocolNotHttp, text));
    }
    for rule in set.tls.iter().chain(&set.tcp) {
        let text = "the connection is of another protocol".to_owned();
        log.add(&rule.reference, (Reason::NoListener, text));
    }
}

/// Routes that their parent refused.
pub fn refusals(router: &Router, log: &mut Log, hosts: &[String]) {
    for refusal in router.refusals() {
        if refusal.hosts.iter().any(|own| hosts.iter().any(|host| name::covers(own, host))) {
            log.add(&refusal.reference, (Reason::ParentNotAccepted, refusal.why.clone()));
        }
    }
}

fn same_object(one: &RuleRef, other: &RuleRef) -> bool {
    one.kind == other.kind && one.namespace == other.namespace && one.name == other.name
}
