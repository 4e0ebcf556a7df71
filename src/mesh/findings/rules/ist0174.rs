//! IST0174: a rule for a host that nobody has.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0174",
    title: "UnknownDestinationRuleHost",
    level: Level::Warning,
    kinds: &[Kind::DestinationRule],
    why: "No service and no ServiceEntry has the host, so the rule acts on nothing.",
    remedy: "Correct the host; a name without a dot is looked up in the rule's own namespace.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0174/",
    differs: "A wildcard such as *.shop.svc.cluster.local matches the services it covers; istioctl \
              compares it with wildcard ServiceEntries only.",
    needs: &[Kind::Service],
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
metadata: {name: reviews, namespace: shop}
spec: {host: review, subsets: [{name: v1, labels: {version: v1}}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for rule in index.destination_rules() {
        let host = &rule.spec.host;
        let own = &rule.meta.namespace;
        let known = index.hosts().find(own, host, &rule.spec.export_to).is_some();
        if !known && !index.hosts().wildcard_covers(own, host) {
            sink.at(
                rule,
                "spec.host",
                format!(
                    "The host {host} defined in the DestinationRule does not match any services \
                     in the mesh."
                ),
            );
        }
    }
}
