//! IST0171: the control plane refuses the object.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    code: "IST0171",
    title: "NegativeConditionStatus",
    level: Level::Warning,
    kinds: &[
        Kind::Service,
        Kind::ServiceEntry,
        Kind::WorkloadEntry,
        Kind::AuthorizationPolicy,
        Kind::K8sGateway,
        Kind::HttpRoute,
        Kind::GrpcRoute,
    ],
    why: "The control plane has looked at the object and says in its status that it is not in \
          effect.",
    remedy: "Read the condition's message.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0171/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
status: {conditions: [{type: Accepted, status: "False", reason: NoMatch, message: no class}]}
"#,
        good: r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
status: {conditions: [{type: Accepted, status: "True", reason: NoMatch, message: no class}]}
"#,
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    // Most objects have no status worth parsing.
    if !one.raw.json.contains("\"conditions\"") {
        return;
    }
    let types = match one.about.kind {
        Kind::AuthorizationPolicy => &["ZtunnelAccepted", "WaypointAccepted"][..],
        Kind::K8sGateway | Kind::HttpRoute | Kind::GrpcRoute => {
            &["Accepted", "Programmed", "ResolvedRefs"]
        }
        _ => &["istio.io/WaypointBound"],
    };
    let status = fields::of(one.value(), "status");
    tell(one, status, "status", types, sink);
    for (i, parent) in fields::items(status, "parents").enumerate() {
        tell(one, parent, &format!("status.parents[{i}]"), types, sink);
    }
}

fn tell(one: &Single<'_>, holder: &Value, path: &str, types: &[&str], sink: &mut Sink<'_>) {
    for (i, condition) in fields::items(holder, "conditions").enumerate() {
        let [kind, status, reason, message] =
            ["type", "status", "reason", "message"].map(|field| fields::text(condition, field));
        let refused = types.contains(&kind) && status == "False";
        let partly = one.about.kind == Kind::AuthorizationPolicy
            && kind == "WaypointAccepted"
            && reason == "PartiallyInvalid";
        if refused || partly {
            sink.at(
                one.about,
                format!("{path}.conditions[{i}]"),
                format!(
                    "A condition with a negative status is present: type={kind}, \
                     reason={reason}, message={message}."
                ),
            );
        }
    }
}
