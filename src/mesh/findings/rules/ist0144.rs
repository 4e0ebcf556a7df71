//! IST0144: an application that runs as the sidecar's user.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use super::super::workloads::is_control_plane;
use crate::mesh::kind::Kind;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    code: "IST0144",
    title: "InvalidApplicationUID",
    level: Level::Warning,
    kinds: &[Kind::Pod, Kind::Deployment],
    why: "User 1337 is the sidecar's own: what that user sends is not redirected into the \
          mesh, so the application is outside it.",
    remedy: "Run the application as another user.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0144/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {securityContext: {runAsUser: 1337}, containers: [{name: reviews, image: reviews}]}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {securityContext: {runAsUser: 1000}, containers: [{name: reviews, image: reviews}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    // Nearly no object has the number at all, so most are not parsed.
    if is_control_plane(&one.about.meta.labels) || !one.raw.json.contains("1337") {
        return;
    }
    let (spec, path) = if one.about.kind == Kind::Deployment {
        let template = fields::of(fields::of(one.value(), "spec"), "template");
        (fields::of(template, "spec"), "spec.template.spec")
    } else {
        (fields::of(one.value(), "spec"), "spec")
    };
    let own = is_reserved(spec).then(|| format!("{path}.securityContext.runAsUser"));
    let container = fields::items(spec, "containers")
        .position(|container| {
            !matches!(fields::text(container, "name"), "istio-proxy" | "istio-operator")
                && is_reserved(container)
        })
        .map(|i| format!("{path}.containers[{i}].securityContext.runAsUser"));
    if let Some(path) = own.or(container) {
        sink.at(one.about, path, "User ID (UID) 1337 is reserved for the sidecar proxy.");
    }
}

fn is_reserved(context: &Value) -> bool {
    fields::of(fields::of(context, "securityContext"), "runAsUser").as_i64() == Some(1337)
}
