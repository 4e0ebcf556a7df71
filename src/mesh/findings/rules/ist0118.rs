//! IST0118: a port whose name says no protocol.

use super::super::Level;
use super::super::ports::{of_service_port, target_text};
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::workloads::is_control_plane;
use crate::mesh::core::Service;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0118",
    title: "PortNameIsNotUnderNamingConvention",
    level: Level::Info,
    kinds: &[Kind::Service],
    why: "The name of the port does not begin with a protocol, so Istio has to guess from the \
          bytes. Guessing costs a wait on protocols where the server speaks first, and rules \
          for HTTP may not act.",
    remedy: "Name the port PROTOCOL or PROTOCOL-SUFFIX (http, http2, grpc, tcp, tls, …), or set \
             appProtocol.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0118/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: web, port: 80}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http-web, port: 80}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let Some(service) = read(one) else { return };
    if service.spec.kind == "ExternalName" {
        return;
    }
    for (i, port) in service.spec.ports.iter().enumerate() {
        if of_service_port(port).is_none() {
            sink.at(
                one.about,
                format!("spec.ports[{i}].name"),
                format!(
                    "Port name {} (port: {}, targetPort: {}) doesn't follow the naming \
                     convention of Istio port.",
                    port.name,
                    port.port,
                    target_text(port)
                ),
            );
        }
    }
}

/// The Service, unless it is the control plane's or a gateway's that Istio made.
pub(super) fn read(one: &Single<'_>) -> Option<Service> {
    const MANAGED: &[&str] = &[
        "istio.io-gateway-controller",
        "istio.io-mesh-controller",
        "istio.io-eastwest-controller",
    ];
    let managed = one.about.meta.label("gateway.istio.io/managed");
    let passed = is_control_plane(&one.about.meta.labels)
        || managed.is_some_and(|managed| MANAGED.contains(&managed));
    if passed { None } else { serde_json::from_str(&one.raw.json).ok() }
}
