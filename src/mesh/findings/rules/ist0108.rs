//! IST0108: an annotation of Istio that there is not.

use super::super::Level;
use super::super::annotations::{self, Verdict};
use super::super::rule::{Check, Example, Rule, Single, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0108",
    title: "UnknownAnnotation",
    level: Level::Warning,
    kinds: &[Kind::Namespace, Kind::Service, Kind::Pod, Kind::Deployment],
    why: "Istio does not know this annotation; it has no effect. Most often a letter is wrong.",
    remedy: "Correct the name, or remove it.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0108/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/proxyImages: a/b}}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/proxyImage: a/b}}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for (name, verdict) in annotations::judge(&one.about) {
        if let Verdict::Unknown = verdict {
            sink.at(one.about, annotations::path(name), format!("Unknown annotation: {name}"));
        }
    }
}
