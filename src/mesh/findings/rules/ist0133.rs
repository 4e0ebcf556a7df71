//! IST0133: a value that Istio doubts.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::Severity;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0133",
    title: "SchemaWarning",
    level: Level::Warning,
    kinds: &[Kind::VirtualService, Kind::DestinationRule, Kind::Gateway, Kind::ServiceEntry, Kind::Sidecar, Kind::WorkloadEntry, Kind::WorkloadGroup, Kind::EnvoyFilter, Kind::ProxyConfig, Kind::PeerAuthentication, Kind::AuthorizationPolicy, Kind::RequestAuthentication, Kind::Telemetry, Kind::WasmPlugin, Kind::TrafficExtension],
    why: "A field has a value that Istio accepts with a doubt: it is deprecated, without \
          effect, or dangerous.",
    remedy: "Read what the message says of the field.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0133/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{mirror: {host: reviews}, mirrorPercent: 10, route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{mirror: {host: reviews}, mirrorPercentage: {value: 10}, route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for issue in one.issues().iter().filter(|issue| issue.severity == Severity::Warning) {
        sink.at(
            one.about,
            issue.path.clone(),
            format!("Schema validation warning: {}", issue.text),
        );
    }
}
