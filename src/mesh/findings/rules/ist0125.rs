//! IST0125: an annotation with a value that makes no sense.

use super::super::Level;
use super::super::annotations::{self, Verdict};
use super::super::rule::{Check, Example, Rule, Single, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0125",
    title: "InvalidAnnotation",
    level: Level::Warning,
    kinds: &[Kind::Namespace, Kind::Service, Kind::Pod, Kind::Deployment],
    why: "Istio cannot read the value of the annotation, and injection may fail.",
    remedy: "Correct the value.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0125/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/interceptionMode: TROXY}}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/interceptionMode: TPROXY}}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for (name, verdict) in annotations::judge(&one.about) {
        if let Verdict::Invalid(reason) = verdict {
            sink.at(
                one.about,
                annotations::path(name),
                format!("Invalid annotation {name}: {reason}"),
            );
        }
    }
}
