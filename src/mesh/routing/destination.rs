//! From a target of a rule to a cluster, a subset and the pods behind it.

use std::net::IpAddr;
use std::sync::Arc;

use super::answer::{Answer, Destination, DestinationState, Outcome, Pods};
use super::reason::Reason;
use super::registry::Entry;
use super::request::SourceKind;
use super::rule::Target;
use super::scope::Scope;
use super::{Proxy, Router};
use crate::mesh::object::Labels;

/// What a destination is resolved against.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    pub router: &'a Router,
    pub proxy: &'a Proxy,
    pub scope: &'a Scope<'a>,
    /// The port of the call, or of the gateway's server.
    pub port: u16,
    /// The address dialled, where it is known.
    pub address: Option<IpAddr>,
    /// A target without a port means the service's only port; else the port of the call.
    pub only_port: bool,
    /// A missing cluster is answered with 500 instead of 503.
    pub from_route: bool,
}

impl Place<'_> {
    /// The targets with their shares, in percent; those of weight 0 are left out.
    pub fn destinations(&self, targets: &[Target]) -> Vec<Destination> {
        let sum: u64 = targets.iter().map(|target| u64::from(target.weight)).sum();
        let weighed = targets.iter().filter(|target| target.weight > 0);
        weighed
            .map(|target| {
                let share = 100.0 * f64::from(target.weight) / sum as f64;
                self.destination(target, share)
            })
            .collect()
    }

    fn destination(&self, target: &Target, percent: f64) -> Destination {
        let entry = self.scope.cluster(&target.host);
        let port = target.port.unwrap_or_else(|| self.default_port(entry));
        let mut out = Destination {
            host: Arc::clone(&target.host),
            port: Some(port),
            subset: target.subset.clone(),
            percent,
            headers: target.headers.clone(),
            ..Destination::default()
        };
        if let Some((reason, detail)) = &target.refused {
            return self.missing(out, *reason, detail.clone());
        }
        let Some(entry) = entry else {
            let text = match self.router.registry.of_host(&target.host).next() {
                Some(hidden) => {
                    format!("{} of namespace {} is not visible", hidden.host, hidden.namespace)
                }
                None => format!("no service has the name {}", target.host),
            };
            return self.missing(out, Reason::ServiceUnknown, text);
        };
        out.namespace = Some(Arc::clone(&entry.namespace));
        if entry.port(port).is_none() {
            let text = format!("{} has no port {port}", entry.host);
            return self.missing(out, Reason::PortUnknown, text);
        }
        let labels = match self.subset_labels(entry, target.subset.as_deref()) {
            Ok(labels) => labels,
            Err((reason, text)) => return self.missing(out, reason, text),
        };
        if self.goes_to_address(entry) {
            self.original(&mut out, entry, port);
            return out;
        }
        self.fill(&mut out, entry, port, &labels);
        out
    }

    /// One target of which only pods that speak the mesh's TLS count.
    pub fn destinations_with_mesh_tls(&self, target: &Target) -> Vec<Destination> {
        let mut out = self.destination(target, 100.0);
        if let Some(entry) = self.scope.cluster(&target.host)
            && let Ok(mut labels) = self.subset_labels(entry, target.subset.as_deref())
        {
            labels.insert("security.istio.io/tlsMode".to_owned(), "istio".to_owned());
            self.fill(&mut out, entry, target.port.unwrap_or(self.port), &labels);
        }
        vec![out]
    }

    /// The default route to a service: everything, no subset.
    pub fn whole(&self, entry: &Entry, port: u16) -> Destination {
        let mut out = Destination {
            host: Arc::clone(&entry.host),
            port: Some(port),
            percent: 100.0,
            namespace: Some(Arc::clone(&entry.namespace)),
            ..Destination::default()
        };
        if self.goes_to_address(entry) {
            self.original(&mut out, entry, port);
        } else {
            self.fill(&mut out, entry, port, &Labels::new());
        }
        out
    }

    pub fn default_port(&self, entry: Option<&Entry>) -> u16 {
        match entry.map(|entry| entry.ports.as_slice()) {
            Some([only]) if self.only_port => only.number,
            _ => self.port,
        }
    }

    fn missing(&self, mut out: Destination, reason: Reason, detail: String) -> Destination {
        out.state = DestinationState::NoCluster;
        out.status = Some(if self.from_route { 500 } else { 503 });
        out.response_flag = Some("NC");
        out.reason = Some(reason);
        out.detail = Some(detail);
        out
    }

    /// Labels of a subset as the DestinationRule that the proxy uses defines them.
    pub fn subset_labels(
        &self,
        entry: &Entry,
        subset: Option<&str>,
    ) -> Result<Labels, (Reason, String)> {
        let Some(subset) = subset else { return Ok(Labels::new()) };
        let found = self.router.destination_rules.lookup(
            &self.proxy.source.namespace,
            &self.proxy.labels,
            &entry.host,
            &entry.namespace,
        );
        if let Some(found) = found.rule.and_then(|rule| rule.subset(subset)) {
            return Ok(found.labels.clone());
        }
        let used = found.rule.map(|rule| rule.reference().to_string());
        let used = used.unwrap_or_else(|| "no DestinationRule".to_owned());
        let defines = |list: &[&super::destination_rule::Merged]| {
            list.iter().find(|rule| rule.subset(subset).is_some()).map(|rule| rule.reference())
        };
        if let Some(hidden) = defines(&found.hidden_by_younger) {
            let text = format!("{used} is used; {hidden}, which defines {subset}, is hidden by it");
            return Err((Reason::DrHiddenByYounger, text));
        }
        if let Some(hidden) = defines(&found.hidden_by_namespace) {
            let text = format!(
                "{used} is used because its namespace comes first; {hidden}, which defines {subset}, is not"
            );
            return Err((Reason::DrHiddenByNamespace, text));
        }
        Err((Reason::SubsetUndefined, format!("{used} is used and defines no subset {subset}")))
    }

    /// At a sidecar headless services, and anywhere ServiceEntries that resolve nothing, are
    /// reached at the address dialled.
    fn goes_to_address(&self, entry: &Entry) -> bool {
        let sidecar = self.proxy.source.kind == SourceKind::Sidecar;
        entry.is_original_destination() && (sidecar || !entry.is_kubernetes())
    }

    fn original(&self, out: &mut Destination, entry: &Entry, port: u16) {
        out.original_destination = true;
        if out.subset.is_some() {
            out.reason = Some(Reason::SubsetIgnored);
            out.detail = Some("the address dialled is used, whatever the subset".to_owned());
        }
        let Some(address) = self.address.map(|address| address.to_string()) else {
            let all = self.endpoints(entry, port, &Labels::new());
            out.pods = all.pods;
            return;
        };
        match self.router.endpoints.pod_of_address(&address) {
            Some(pod) => {
                let names = vec![Arc::clone(&pod.meta.name)];
                out.pods = Pods { ready: 1, total: 1, names, not_ready: Vec::new() };
            }
            None => out.addresses.push(address),
        }
    }

    fn endpoints(&self, entry: &Entry, port: u16, labels: &Labels) -> super::endpoint::Endpoints {
        self.router.endpoints.of(&self.router.objects, entry, port, labels, &self.proxy.node)
    }

    fn fill(&self, out: &mut Destination, entry: &Entry, port: u16, labels: &Labels) {
        let found = self.endpoints(entry, port, labels);
        if !found.any_ready() {
            out.state = DestinationState::NoHealthyUpstream;
            out.status = Some(503);
            out.response_flag = Some("UH");
            let (reason, text) = if found.pods.total == 0 {
                (Reason::NoPods, format!("no pod of {} is selected", entry.host))
            } else {
                (Reason::NoReadyPods, format!("none of {} pods is ready", found.pods.total))
            };
            out.reason = Some(reason);
            out.detail = Some(text);
        }
        out.pods = found.pods;
        out.addresses = found.addresses;
    }
}

/// Outcome and status that a list of destinations comes to.
pub fn settle(answer: &mut Answer, destinations: Vec<Destination>) {
    let states = || destinations.iter().map(|destination| destination.state);
    answer.outcome = if states().any(|state| state == DestinationState::Ok) {
        Outcome::Routed
    } else if states().all(|state| state == DestinationState::NoCluster) {
        Outcome::NoCluster
    } else {
        Outcome::NoHealthyUpstream
    };
    if answer.outcome != Outcome::Routed {
        let failing = destinations.iter().find(|d| d.status.is_some());
        answer.status = failing.and_then(|d| d.status).or(Some(503));
    }
    answer.destinations = destinations;
}
