//! IST0176: CRDs of the Gateway API that are too old.

use super::super::Level;
use super::super::go_text::quoted;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0176",
    title: "GatewayAPICRDVersionBelowMinimum",
    level: Level::Warning,
    kinds: &[Kind::CustomResourceDefinition],
    why: "The installed CustomResourceDefinition is older than Istio reads, so objects of this \
          kind are passed over.",
    remedy: "Install newer CRDs of the Gateway API.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0176/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: grpcroutes.gateway.networking.k8s.io, annotations: {gateway.networking.k8s.io/bundle-version: v1.0.0}}
",
        good: "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: grpcroutes.gateway.networking.k8s.io, annotations: {gateway.networking.k8s.io/bundle-version: v1.3.0}}
",
    },
};

/// The oldest bundle of each CRD that Istio reads.
const MINIMUM: &[(&str, [u64; 3])] = &[
    ("grpcroutes", [1, 1, 0]),
    ("backendtlspolicies", [1, 4, 0]),
    ("tlsroutes", [1, 5, 0]),
    ("tcproutes", [1, 6, 0]),
];

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let meta = one.about.meta;
    let Some(plural) = meta.name.strip_suffix(".gateway.networking.k8s.io") else { return };
    let Some((_, minimum)) = MINIMUM.iter().find(|(known, _)| *known == plural) else { return };
    let annotation = "gateway.networking.k8s.io/bundle-version";
    let Some((numbers, suffix)) = meta.annotation(annotation).and_then(version) else { return };
    if numbers < *minimum {
        let [major, minor, patch] = numbers;
        let found = format!("{major}.{minor}.{patch}{suffix}");
        let [major, minor, patch] = minimum;
        sink.at(
            one.about,
            format!("metadata.annotations[\"{annotation}\"]"),
            format!(
                "Gateway API CRD {} is at version {} but Istio requires at least {}; resources of \
                 this kind will not be processed. Upgrade the Gateway API CRDs to satisfy the \
                 minimum version.",
                quoted(&meta.name),
                quoted(&found),
                quoted(&format!("{major}.{minor}.{patch}"))
            ),
        );
    }
}

/// The three numbers of a version, absent ones 0, and what follows them.
fn version(text: &str) -> Option<([u64; 3], &str)> {
    let text = text.trim_start_matches('v');
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, suffix) = text.split_at(end);
    let mut parts = numbers.split('.');
    let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
    let version = [next()?, next()?, next()?];
    parts.next().is_none().then_some((version, suffix))
}
