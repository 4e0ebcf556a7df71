//! Rows made fit for the graph: which are usable, whose they are, what they count.
//!
//! The rules are those of Kiali's telemetry vendor for Istio, which ten years of odd telemetry
//! have shaped; a row is dropped only where its ends cannot be told. Unlike there, a row with a
//! known workload and a missing service label is kept: the traffic is real.

use std::sync::Arc;

use super::{GraphOptions, Protocol, RateKind};
use crate::mesh::Scope;
use crate::mesh::telemetry::{Called, End, Flow, RateRow, Reporter};

/// A usable row, its ends as the graph sees them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub reporter: Reporter,
    pub source: End,
    pub destination: End,
    pub service: Called,
    pub protocol: Protocol,
}

/// The egress gateway where it stands in a service's place.
const EGRESS: &str = "istio-egressgateway.istio-system.svc.cluster.local";

impl Call {
    /// The row's ends, or `None` where it is unusable or outside the scope.
    pub(super) fn of(flow: &Flow, protocol: Protocol, scope: &Scope) -> Option<Self> {
        let mut call = Self {
            reporter: flow.reporter,
            source: flow.source.clone(),
            destination: flow.destination.clone(),
            service: flow.service.clone(),
            protocol,
        };
        if call.is_bad_source() {
            return None;
        }
        call.mend();
        if call.is_bad_destination() || !call.is_in(scope) {
            return None;
        }
        for end in [&mut call.source, &mut call.destination] {
            end.cluster.take_if(|cluster| !is_known(cluster));
        }
        Some(call)
    }

    /// A namespace without a workload, or a workload in no known cluster: half a peer's metadata.
    fn is_bad_source(&self) -> bool {
        let source = &self.source;
        source.namespace.is_some()
            && (source.workload.is_none() && source.app.is_none()
                || is_unknown(source.cluster.as_deref()))
    }

    /// Fills in what the proxy could not know.
    fn mend(&mut self) {
        let Called { host, name, namespace } = &self.service;
        if host == name && host.as_deref() == Some(EGRESS) {
            let gateway: Arc<str> = "istio-egressgateway".into();
            let system: Arc<str> = "istio-system".into();
            self.destination = End {
                cluster: self.source.cluster.clone(),
                namespace: Some(Arc::clone(&system)),
                workload: Some(Arc::clone(&gateway)),
                app: Some(Arc::clone(&gateway)),
                version: Some("latest".into()),
            };
            self.service.name = Some(gateway);
            self.service.namespace = Some(system);
        } else if !known(self.destination.cluster.as_deref())
            && known(self.source.cluster.as_deref())
            && namespace.is_some()
        {
            // A service of the source's own registry (istio/istio issue 29373).
            self.destination.cluster.clone_from(&self.source.cluster);
        }
    }

    /// A bare address that no service has, or a service in no known cluster.
    fn is_bad_destination(&self) -> bool {
        let Called { host, name, namespace } = &self.service;
        let bare = self.destination.workload.is_none()
            && host == name
            && host.as_deref().is_some_and(is_address);
        bare || (namespace.is_some() && is_unknown(self.destination.cluster.as_deref()))
    }

    /// Whether either end is asked about. Where no workload was reached, the service tells the
    /// namespace, and where there is none, the host that was asked for.
    fn is_in(&self, scope: &Scope) -> bool {
        let asked = |namespace: Option<&str>| namespace.is_some_and(|name| scope.contains(name));
        if matches!(scope, Scope::All)
            || asked(self.source.namespace.as_deref())
            || asked(self.destination.namespace.as_deref())
        {
            return true;
        }
        let host = self.service.host.as_deref().unwrap_or_default();
        self.destination.namespace.is_none()
            && (asked(self.service.namespace.as_deref())
                || host.split('.').nth(1).is_some_and(|namespace| scope.contains(namespace)))
    }

    /// Whether no workload is known to have taken it.
    pub(super) fn is_unserved(&self) -> bool {
        self.destination.workload.is_none() && self.destination.app.is_none()
    }
}

fn is_known(text: &str) -> bool {
    !matches!(text, "" | "unknown")
}

fn known(text: Option<&str>) -> bool {
    text.is_some_and(is_known)
}

fn is_unknown(text: Option<&str>) -> bool {
    text == Some("unknown")
}

/// An IPv4 address, with or without a port.
fn is_address(host: &str) -> bool {
    let (address, port) = host.split_once(':').unwrap_or((host, "0"));
    address.parse::<std::net::Ipv4Addr>().is_ok() && port.bytes().all(|b| b.is_ascii_digit())
}

/// The protocol of a row of requests, if the options ask for it. `istio_requests_total` counts
/// requests, whatever a proxy calls their protocol: what is not gRPC is HTTP.
pub(super) fn protocol_of_requests(protocol: &str, options: &GraphOptions) -> Option<Protocol> {
    let grpc = protocol.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("grpc"));
    let (protocol, kind) =
        if grpc { (Protocol::Grpc, options.grpc) } else { (Protocol::Http, options.http) };
    (kind == RateKind::Requests).then_some(protocol)
}

/// The code of a response as it is shown: the gRPC status where there is one and HTTP did not
/// fail first; `-` for no response; empty where the metric does not say.
pub(super) fn code(protocol: Protocol, row: &RateRow) -> Arc<str> {
    let failed = row.code.starts_with(['4', '5']);
    match (&*row.code, &*row.grpc_status) {
        ("0", _) => Arc::from("-"),
        (_, "") => Arc::clone(&row.code),
        _ if protocol == Protocol::Grpc && !failed => Arc::clone(&row.grpc_status),
        _ => Arc::clone(&row.code),
    }
}
