//! IST0002: a field or a kind that Istio has given up.

use serde_json::Value;

use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::{Level, schema::fields};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0002",
    title: "Deprecated",
    level: Level::Warning,
    kinds: &[Kind::VirtualService, Kind::Sidecar, Kind::CustomResourceDefinition, Kind::Telemetry],
    why: "The configuration uses something that Istio has deprecated or removed. It may have no \
          effect now, or stop having one at the next upgrade.",
    remedy: "Use what the message names in its place.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0002/",
    differs: "CustomResourceDefinitions of rbac.istio.io are also found in files, where istioctl \
              reads the spec one level too deep and says nothing.",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings, namespace: shop}
spec:
  hosts: [ratings]
  http:
  - fault: {delay: {percent: 10, fixedDelay: 5s}}
    route: [{destination: {host: ratings}}]
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings, namespace: shop}
spec:
  hosts: [ratings]
  http:
  - fault: {delay: {percentage: {value: 10}, fixedDelay: 5s}}
    route: [{destination: {host: ratings}}]
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let spec = fields::of(one.value(), "spec");
    match one.about.kind {
        Kind::VirtualService => {
            for (i, rule) in fields::items(spec, "http").enumerate() {
                let delay = fields::of(fields::of(rule, "fault"), "delay");
                if fields::number(delay, "percent") > 0.0 {
                    sink.at(
                        one.about,
                        format!("spec.http[{i}].fault.delay.percent"),
                        "Deprecated: HTTPRoute.fault.delay.percent is deprecated; use \
                         HTTPRoute.fault.delay.percentage",
                    );
                }
            }
        }
        Kind::Sidecar
            if !fields::of(fields::of(spec, "outboundTrafficPolicy"), "egressProxy").is_null() =>
        {
            sink.at(
                one.about,
                "spec.outboundTrafficPolicy.egressProxy",
                "Deprecated: OutboundTrafficPolicy.EgressProxy ignored",
            );
        }
        Kind::CustomResourceDefinition => custom_resource(one, spec, sink),
        Kind::Telemetry => telemetry(one, spec, sink),
        _ => {}
    }
}

fn custom_resource(one: &Single<'_>, spec: &Value, sink: &mut Sink<'_>) {
    const REMOVED: &[&str] =
        &["ClusterRbacConfig", "RbacConfig", "ServiceRole", "ServiceRoleBinding"];
    let kind = fields::text(fields::of(spec, "names"), "kind");
    if fields::text(spec, "group") == "rbac.istio.io" && REMOVED.contains(&kind) {
        sink.report(
            one.about,
            format!("Deprecated: Custom resource type rbac.istio.io {kind} is removed"),
        );
    }
}

fn telemetry(one: &Single<'_>, spec: &Value, sink: &mut Sink<'_>) {
    for (i, tracing) in fields::items(spec, "tracing").enumerate() {
        for (j, provider) in fields::items(tracing, "providers").enumerate() {
            let name = fields::text(provider, "name");
            let is_lightstep = one.mesh.extension_providers.iter().any(|known| {
                fields::text(known, "name") == name && !fields::of(known, "lightstep").is_null()
            });
            if is_lightstep {
                sink.at(
                    one.about,
                    format!("spec.tracing[{i}].providers[{j}].name"),
                    format!(
                        "Deprecated: The Lightstep provider {name} is deprecated, please migrate \
                         to OpenTelemetry provider."
                    ),
                );
            }
        }
    }
}
