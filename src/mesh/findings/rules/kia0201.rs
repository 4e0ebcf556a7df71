//! KIA0201: one subset, defined twice.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::index::hosts;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::DestinationRule;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    code: "KIA0201",
    title: "SubsetDefinedTwice",
    level: Level::Warning,
    kinds: &[Kind::DestinationRule],
    why: "Two DestinationRules of a namespace define the same subset of the same host. Istio \
          merges the rules and keeps the subset of the older one.",
    remedy: "Define the subset once.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: one, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: two, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v2}}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: one, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: two, namespace: shop}
spec: {host: reviews, subsets: [{name: v2, labels: {version: v2}}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    type Rules<'a> = Vec<(&'a Resource<DestinationRule>, usize)>;
    let mut defined: BTreeMap<(&str, Cow<'_, str>, &str), Rules<'_>> = BTreeMap::new();
    for rule in index.destination_rules().filter(|rule| rule.spec.workload_selector.is_none()) {
        let own = &*rule.meta.namespace;
        let host = hosts::full(own, &rule.spec.host);
        for (i, subset) in rule.spec.subsets.iter().enumerate() {
            let place = (own, host.clone(), subset.name.as_str());
            defined.entry(place).or_default().push((rule, i));
        }
    }
    for ((_, host, subset), rules) in defined.iter().filter(|(_, rules)| rules.len() > 1) {
        let names: Vec<&str> = rules.iter().map(|(rule, _)| &*rule.meta.name).collect();
        for (rule, i) in rules {
            sink.at(
                *rule,
                format!("spec.subsets[{i}]"),
                format!("Subset {subset} of {host} is defined more than once: {}.", list(&names)),
            );
        }
    }
}
