//! IST0130: a rule that an earlier one hides.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::Severity;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0130",
    title: "VirtualServiceUnreachableRule",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "No request can reach the rule, because rules before it take everything that it \
          matches.",
    remedy: "Move the rule up, or remove it.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0130/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}, {route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{match: [{uri: {exact: /a}}], route: [{destination: {host: reviews}}]}, {route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for issue in one.issues().iter().filter(|issue| issue.severity == Severity::Unreachable) {
        sink.at(one.about, issue.path.clone(), issue.text.clone());
    }
}
