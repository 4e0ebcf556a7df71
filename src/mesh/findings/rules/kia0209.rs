//! KIA0209: a subset that is everything.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "KIA0209",
    title: "SubsetWithoutLabels",
    level: Level::Warning,
    kinds: &[Kind::DestinationRule],
    why: "A subset without labels is every pod of the service, so a split between it and \
          another does not tell versions apart.",
    remedy: "Give the subset the labels of its version.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: one, namespace: shop}
spec: {host: reviews, subsets: [{name: v1}, {name: v2, labels: {version: v2}}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: one, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for rule in index.destination_rules() {
        for (i, subset) in rule.spec.subsets.iter().enumerate() {
            if subset.labels.is_empty() {
                let text = format!("Subset {} has no labels: it is every pod.", subset.name);
                sink.at(rule, format!("spec.subsets[{i}]"), text);
            }
        }
    }
}
