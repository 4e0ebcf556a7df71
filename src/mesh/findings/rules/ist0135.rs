//! IST0135: an annotation that Istio is giving up.

use super::super::Level;
use super::super::annotations::{self, Verdict};
use super::super::go_text::quoted;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0135",
    title: "DeprecatedAnnotation",
    level: Level::Info,
    kinds: &[Kind::Namespace, Kind::Service, Kind::Pod, Kind::Deployment],
    why: "The annotation still works and may stop working with an upgrade of Istio.",
    remedy: "Use what took its place.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0135/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: r#"
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/inject: "true"}}
"#,
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews, namespace: shop, annotations: {sidecar.istio.io/proxyImage: a/b}}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for (name, verdict) in annotations::judge(&one.about) {
        if !matches!(verdict, Verdict::Deprecated) {
            continue;
        }
        let inject = "sidecar.istio.io/inject";
        let instead = if name != inject {
            ""
        } else if one.about.meta.label(inject).is_some() {
            continue;
        } else {
            " in favor of the \"sidecar.istio.io/inject\" label"
        };
        sink.at(
            one.about,
            annotations::path(name),
            format!(
                "Annotation {} has been deprecated{instead} and may not work in future Istio \
                 versions.",
                quoted(name)
            ),
        );
    }
}
