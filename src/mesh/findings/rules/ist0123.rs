//! IST0123: a namespace that asks for injection twice.

use super::super::Level;
use super::super::go_text::list;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0123",
    title: "NamespaceMultipleInjectionLabels",
    level: Level::Warning,
    kinds: &[Kind::Namespace],
    why: "The namespace asks for more than one kind of injection, or for two control planes. \
          Which of them wins depends on the versions of Istio that are installed.",
    remedy: "Keep one of the labels.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0123/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled, istio.io/rev: canary}}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: canary}}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let meta = one.about.meta;
    if &*meta.name == "istio-system" {
        return;
    }
    let injection = meta.label("istio-injection");
    let mut labels = Vec::new();
    if let Some(value) = injection {
        labels.push(format!("istio-injection={value}"));
    }
    if injection.is_none_or(|value| value == "enabled") {
        for key in ["istio.io/rev", "istio.io/dataplane-mode"] {
            labels.extend(meta.label(key).map(|value| format!("{key}={value}")));
        }
    }
    if labels.len() > 1 {
        sink.at(
            one.about,
            "metadata.labels",
            format!(
                "The namespace has more than one type of injection labels {}, which may lead to \
                 undefined behavior. Make sure only one injection label exists.",
                list(labels)
            ),
        );
    }
}
