//! IST0157: access logging without anyone to log.

use super::super::Level;
use super::super::go_text::quoted;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0157",
    title: "InvalidTelemetryProvider",
    level: Level::Warning,
    kinds: &[Kind::Telemetry],
    why: "Access logging names no provider, and mesh configuration has no default one, so \
          nothing is logged.",
    remedy: "Name a provider, or set defaultProviders.accessLogging in mesh configuration.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0157/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: logs, namespace: shop}
spec: {accessLogging: [{}]}
",
        good: "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: logs, namespace: shop}
spec: {accessLogging: [{providers: [{name: envoy}]}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let defaults = fields::of(&one.mesh.raw, "defaultProviders");
    if fields::items(defaults, "accessLogging").next().is_some() {
        return;
    }
    let spec = fields::of(one.value(), "spec");
    for (i, logging) in fields::items(spec, "accessLogging").enumerate() {
        let silent = fields::items(logging, "providers").next().is_none();
        if silent && !fields::flag(logging, "disabled") {
            let meta = one.about.meta;
            sink.at(
                one.about,
                format!("spec.accessLogging[{i}]"),
                format!(
                    "The Telemetry {} in namespace {} with empty providers will be ignored.",
                    meta.name,
                    quoted(&meta.namespace)
                ),
            );
        }
    }
}
