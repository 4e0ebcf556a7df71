//! VGL0003: a rule that no request gets to.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::virtual_service::{HttpMatch, HttpRoute};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "VGL0003",
    title: "RuleBeyondReach",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "A rule before this one matches every path by its prefix, on any method, header and \
          port, so no request gets as far as this one.",
    remedy: "Move the rule in front of the one that the message names.",
    docs: "https://istio.io/latest/docs/concepts/traffic-management/#routing-rule-precedence",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {exact: /admin}}], route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{match: [{uri: {exact: /admin}}], route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for service in index.virtual_services() {
        let rules = &service.spec.http;
        let Some(first) = rules.iter().position(|rule| rule.matches.iter().any(takes_all)) else {
            continue;
        };
        for (i, rule) in rules.iter().enumerate().skip(first + 1) {
            // Prefixes and rules without matches are told of by IST0130 and IST0131.
            let untold = |one: &HttpMatch| one.uri.as_ref().is_none_or(|uri| uri.prefix.is_none());
            if !rule.matches.is_empty() && rule.matches.iter().all(untold) {
                sink.at(
                    service,
                    format!("spec.http[{i}]"),
                    format!(
                        "No request reaches rule {}: rule {} before it matches every path.",
                        label(rule, i),
                        rules.get(first).map_or_else(String::new, |rule| label(rule, first))
                    ),
                );
            }
        }
    }
}

/// Whether a match leaves no request to the rules after it.
fn takes_all(one: &HttpMatch) -> bool {
    let all_paths =
        one.uri.as_ref().is_some_and(|uri| matches!(uri.prefix.as_deref(), Some("/" | "")));
    let rest = || HttpMatch {
        uri: None,
        name: String::new(),
        stat_prefix: String::new(),
        ignore_uri_case: false,
        ..one.clone()
    };
    all_paths && rest() == HttpMatch::default()
}

fn label(rule: &HttpRoute, number: usize) -> String {
    if rule.name.is_empty() { format!("#{number}") } else { format!("{:?}", rule.name) }
}
