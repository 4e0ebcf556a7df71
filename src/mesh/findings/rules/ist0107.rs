//! IST0107: an annotation on the wrong kind of object.

use super::super::Level;
use super::super::annotations::{self, Verdict};
use super::super::rule::{Check, Example, Rule, Single, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0107",
    title: "MisplacedAnnotation",
    level: Level::Warning,
    kinds: &[Kind::Namespace, Kind::Service, Kind::Pod, Kind::Deployment],
    why: "Istio reads this annotation on another kind of object; here it has no effect.",
    remedy: "Move it to the kind that the message names; what is for pods belongs in the template \
             of the workload.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0107/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/proxyImage: a/b}}
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
        if let Verdict::Misplaced(kinds) = verdict {
            sink.at(
                one.about,
                annotations::path(name),
                format!("Misplaced annotation: {name} can only be applied to {}", kinds.join(", ")),
            );
        }
    }
}
