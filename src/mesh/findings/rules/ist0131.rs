//! IST0131: a match that an earlier one covers.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::Severity;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0131",
    title: "VirtualServiceIneffectiveMatch",
    level: Level::Info,
    kinds: &[Kind::VirtualService],
    why: "The match is covered by one before it, so it never decides anything.",
    remedy: "Remove the match, or move it up.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0131/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a/b}}], route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /a/b}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for issue in one.issues().iter().filter(|issue| issue.severity == Severity::Ineffective) {
        sink.at(one.about, issue.path.clone(), issue.text.clone());
    }
}
