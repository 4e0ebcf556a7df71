//! IST0106: a value that Istio refuses.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::Severity;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0106",
    title: "SchemaValidationError",
    level: Level::Error,
    kinds: &[Kind::VirtualService, Kind::DestinationRule, Kind::Gateway, Kind::ServiceEntry, Kind::Sidecar, Kind::WorkloadEntry, Kind::WorkloadGroup, Kind::EnvoyFilter, Kind::ProxyConfig, Kind::PeerAuthentication, Kind::AuthorizationPolicy, Kind::RequestAuthentication, Kind::Telemetry, Kind::WasmPlugin, Kind::TrafficExtension],
    why: "A field has a value that Istio refuses. Where Istio's validating webhook is \
          installed the object cannot be created; otherwise it is passed over.",
    remedy: "Correct the field that the message names.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0106/",
    differs: "Patches of EnvoyFilters are not decoded as the Envoy types they name.",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 99999, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for issue in one.issues().iter().filter(|issue| issue.severity == Severity::Error) {
        sink.at(one.about, issue.path.clone(), format!("Schema validation error: {}", issue.text));
    }
}
